"""What a round's numbers rest on: its votes and panels, what its rule costs, what would do."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction

from headgate.core.evaluation.cut_errors import Chance, ErrorRow, told_of
from headgate.core.evaluation.estimate import Standing
from headgate.core.evaluation.foresight import Foreseen, rounds_played
from headgate.core.evaluation.power import Power
from headgate.core.evaluation.ranks import PPM
from headgate.core.evaluation.votes import Ballot, Measured
from headgate.core.policy.schema import Remedy
from headgate.report.blocks import Block, Cell, Heading, Paragraph, table
from headgate.report.locale import NO_BREAK
from headgate.report.section_applicants import Anchors, reference
from headgate.report.speaker import Speaker
from headgate.report.summary import RoundSummary


def share(ppm: int | None, say: Speaker) -> str:
    """A share in percent, a dash for none."""
    return say.say("none") if ppm is None else say.locale.percent(Fraction(ppm, PPM))


def chance(evaluation: RoundSummary, own: Standing, say: Speaker) -> str:
    """A team's chance to stay, never told as surer than draws can be."""
    return signed(*evaluation.standings.chance(own, evaluation.section.replicates), say)


def place_chances(evaluation: RoundSummary, own: Standing, say: Speaker) -> list[str]:
    """A team's chance of each place, told like that to stay."""
    found = evaluation.standings.places(own, evaluation.section.replicates)
    return [signed(*one, say) for one in found]


def signed(sign: str, ppm: int, say: Speaker) -> str:
    """A share with the sign that tells it as a bound."""
    return f"{sign}{NO_BREAK}{share(ppm, say)}" if sign else share(ppm, say)


def both(cuts: Chance, wrong: Chance | None, say: Speaker) -> tuple[str, str]:
    """How often somebody leaves and how often wrongly, a dash where nobody ever does."""
    return signed(*cuts, say), say.say("none") if wrong is None else signed(*wrong, say)


def rule_of(row: ErrorRow, say: Speaker) -> str:
    """A rule for the line: always, only from so many errors on, or the round's own."""
    if not row.threshold_milli:
        return say.say("errors.always")
    errors = say.locale.fixed(Fraction(row.threshold_milli, 1000), 2)
    return say.say("errors.own" if row.own else "errors.only", errors=errors)


def grounds(evaluation: RoundSummary, say: Speaker, anchors: Anchors) -> Iterator[Block]:
    """Votes and panels of a round, and what would separate those at the line."""
    names = say.names(evaluation.section.pillars)
    yield from _panels(evaluation, say, names)
    for ballot in evaluation.grounds.ballots:
        yield from _ballot(evaluation, ballot, say, anchors, names)
    yield from _needed(evaluation, say, anchors, names)


def _panels(evaluation: RoundSummary, say: Speaker, names: Mapping[str, str]) -> Iterator[Block]:
    heads = say.heads("pillar", "raters", "agreement", "of_teams", "of_raters", "of_rest")
    rows = []
    for panel in evaluation.grounds.panels:
        alpha, shares = panel.alpha_ppm, panel.shares
        agreement = say.say("none")
        if alpha is not None:
            agreement = say.locale.fixed(Fraction(alpha, PPM), 2)
        parts = [None] * 3 if shares is None else [
            shares.subjects_ppm, shares.raters_ppm, shares.rest_ppm
        ]  # fmt: skip
        shown = [share(part, say) for part in parts]
        rows.append((names[panel.pillar], say.locale.whole(panel.raters), agreement, *shown))
    if rows:
        yield table(f"panels-{evaluation.id}", say.say("panels.title"), heads, rows)
        yield Paragraph(say.say("panels.note"), "quiet")


def _ballot(
    evaluation: RoundSummary,
    ballot: Ballot,
    say: Speaker,
    anchors: Anchors,
    names: Mapping[str, str],
) -> Iterator[Block]:
    """One task's votes: strengths of the teams and what the style of answers added."""
    named = names[ballot.pillar]
    title = named if ballot.task == ballot.pillar else f"{named}: {ballot.task}"
    heads = say.heads("team", "strength", "error")
    rows: list[Sequence[Cell]] = [
        (reference(evaluation.section.call, one.name, anchors), *_measured(one, say))
        for one in sorted(ballot.strengths, key=lambda one: (-one.milli, one.name))
    ]
    key = f"{evaluation.id}-{ballot.pillar}-{ballot.task}"
    yield table(f"votes-{key}", say.say("votes.title", name=title), heads, rows)
    counts = {"votes": ballot.votes, "voters": ballot.voters, "ties": ballot.ties}
    yield Paragraph(say.say("votes.text", **counts, first=ballot.first_preferred))
    if ballot.effects:
        heads = say.heads("style", "adds", "error")
        rows = [(_style(one.name, say), *_measured(one, say)) for one in ballot.effects]
        yield table(f"styles-{key}", say.say("votes.styles", name=title), heads, rows)
    yield Paragraph(say.say("votes.note"), "quiet")


def _style(name: str, say: Speaker) -> str:
    return say.say("votes.side") if name == "side" else name


def _measured(one: Measured, say: Speaker) -> tuple[str, str]:
    values = (one.milli, one.standard_error_milli)
    first, second = (say.locale.fixed(Fraction(value, 1000), 2) for value in values)
    return first, second


def _needed(
    evaluation: RoundSummary, say: Speaker, anchors: Anchors, names: Mapping[str, str]
) -> Iterator[Block]:
    """What would tell the last team that stays from those below it."""
    heads = [say.say("col.team"), *_power_heads(names.values(), say)]
    rows = [
        (reference(evaluation.section.call, one.second, anchors), *_power(one.power, say))
        for one in evaluation.grounds.needed
    ]
    if rows:
        title = say.say("needed.title", team=evaluation.grounds.needed[0].first)
        yield table(f"needed-{evaluation.id}", title, heads, rows, texts=_words(heads) - {1})
        yield Paragraph(say.say("needed.note"), "quiet")


def _power_heads(names: Iterable[str], say: Speaker) -> list[str]:
    return [say.say("col.all_times"), *(say.say("col.enough", name=name) for name in names)]


def _power(power: Power, say: Speaker) -> Iterator[str]:
    times, fixed = power.times_milli, say.locale.fixed
    yield say.say("none") if times is None else fixed(Fraction(times, 1000), 1)
    for one in power.pillars:
        has = say.locale.whole(one.clusters)
        if one.needed is None:
            yield say.say("needed.never", has=has)
        else:
            yield say.say("needed.enough", has=has, needed=say.locale.whole(one.needed))


def foreseen(evaluation: RoundSummary, say: Speaker, *, titled: bool = True) -> Iterator[Block]:
    """What was known of the rule before there was any evidence: drawn from the plan alone."""
    tables = evaluation.foreseen
    if not tables:
        return
    played = rounds_played(evaluation.section.replicates)
    if titled:
        yield Heading(4, say.say("foreseen.title"))
    yield Paragraph(
        say.say("foreseen.text", points=say.locale.points(tables[0].standard_error_milli))
    )
    yield cut_table(f"foreseen-{evaluation.id}", say.say("foreseen.rules"), (tables, played), say)
    gaps = _gaps(tables, say)
    rows = [
        (say.code("remedy", row.remedy), *(_left(one, row.remedy, played, say) for one in tables))
        for row in tables[0].remedies
    ]
    title = say.say("foreseen.remedies")
    heads = [say.say("col.remedy"), *gaps]
    yield table(f"remedies-{evaluation.id}", title, heads, rows, texts=_words(heads))
    names = [say.text(pillar.name) for pillar in evaluation.section.pillars]
    powers = [(gap, *_power(one.power, say)) for gap, one in zip(gaps, tables, strict=True)]
    heads = [say.say("col.differ"), *_power_heads(names, say)]
    title = say.say("foreseen.power")
    yield table(f"power-{evaluation.id}", title, heads, powers, texts=_words(heads) - {1})
    yield Paragraph(say.say("foreseen.note"), "quiet")


def cut_table(name: str, title: str, drawn: tuple[Sequence[Foreseen], int], say: Speaker) -> Block:
    """How often each rule cuts, and the wrong team, for each assumed difference of the teams.

    `drawn` are tables, and the rounds that each was drawn from.
    """
    tables, played = drawn
    rows = [
        (rule_of(row, say), *(_cut(one.errors[at], played, say) for one in tables))
        for at, row in enumerate(tables[0].errors)
    ]
    heads = [say.say("col.cut_rule"), *_gaps(tables, say)]
    return table(name, title, heads, rows, texts=_words(heads))


def _words(heads: Sequence[str]) -> frozenset[int]:
    """Every column but the first: their cells are phrases, which may be broken over lines."""
    return frozenset(range(1, len(heads)))


def _gaps(tables: Iterable[Foreseen], say: Speaker) -> list[str]:
    """The assumed differences, as heads of columns."""
    return [say.say("foreseen.gap", points=say.locale.points(one.gap_milli)) for one in tables]


def _cut(row: ErrorRow, rounds: int, say: Speaker) -> str:
    cuts, wrong = both(*row.told(rounds), say)
    return say.say("foreseen.cut", cuts=cuts, wrong=wrong)


def _left(table_: Foreseen, remedy: Remedy, played: int, say: Speaker) -> str:
    row = next(row for row in table_.remedies if row.remedy is remedy)
    cuts, wrong = both(*told_of(row.leave_ppm, row.wrong_ppm, played), say)
    return say.say("foreseen.cut", cuts=cuts, wrong=wrong)
