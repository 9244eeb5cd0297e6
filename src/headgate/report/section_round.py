"""The round: standings with their uncertainty, gates and bars, and the decisions they led to."""

from collections.abc import Iterator

from headgate.core.calls.application import GateFinding
from headgate.core.evaluation.decide import TeamDecision
from headgate.core.evaluation.ranks import PPM
from headgate.core.policy.schema import Round
from headgate.report import drawings
from headgate.report.blocks import Block, Cell, Heading, Paragraph, Section, link, table
from headgate.report.charts import Part, Row
from headgate.report.drawings import dots, single, stacks, ticks
from headgate.report.section_applicants import Anchors, reference
from headgate.report.section_grounds import (
    both,
    chance,
    foreseen,
    grounds,
    place_chances,
    rule_of,
    share,
)
from headgate.report.section_rights import heard, rights
from headgate.report.speaker import Speaker
from headgate.report.summary import RoundSummary, Summary, section_of

MILLI_FULL = 100_000


def rounds(summary: Summary, say: Speaker, anchors: Anchors) -> Section:
    """Every round that was closed in the term."""
    blocks: list[Block] = [Paragraph(say.say("round.intro" if summary.rounds else "round.none"))]
    for evaluation in summary.rounds:
        blocks += _round(evaluation, say, anchors)
    return Section("round", say.say("round.title"), tuple(blocks))


def _round(evaluation: RoundSummary, say: Speaker, anchors: Anchors) -> Iterator[Block]:
    section = evaluation.section
    yield Heading(3, say.text(section.name))
    yield Paragraph(
        say.say(
            "round.text",
            day=section.on,
            n=len(evaluation.standings.standings),
            places=section.stay.most,
            confidence=say.locale.percent(section.confidence, 0),
        )
    )
    if evaluation.assumed:
        told = say.say("calls.assumed", n=len(evaluation.assumed))
        yield Paragraph(link(f"#assumed-{section_of(f'rounds.{evaluation.id}')}", told), "quiet")
    yield from foreseen(evaluation, say)
    yield from standings(evaluation, say, anchors)
    yield from pillars(evaluation, say, anchors)
    yield from places(evaluation, say, anchors)
    yield from grounds(evaluation, say, anchors)
    yield from errors(evaluation, say)
    yield from gates(evaluation, say, anchors)
    yield from bars(evaluation, say, anchors)
    yield from decisions(evaluation, say, anchors)
    yield from rights(evaluation, say)


def _team(evaluation: RoundSummary, team: str, anchors: Anchors) -> Cell:
    return reference(evaluation.section.call, team, anchors)


def standings(evaluation: RoundSummary, say: Speaker, anchors: Anchors) -> Iterator[Block]:
    """Points with intervals as a chart and a table, and who is tied with the last that stays."""
    title = say.say(
        "standings.title", confidence=say.locale.percent(evaluation.section.confidence, 0)
    )
    points, rows, cells = say.locale.points, [], []
    for one in evaluation.standings.standings:
        spread = say.say("standings.range", low=points(one.low_milli), high=points(one.high_milli))
        part = Part(
            0 if one.qualified else 1, one.total_milli, f"{points(one.total_milli)} ({spread})"
        )
        label = f"{one.place}. {one.team}: {part.text}"
        rows.append(Row(label, (part,), (one.low_milli, one.high_milli)))
        tied = one.tied_with_last_staying and one.team != evaluation.standings.last_staying
        last = one.team == evaluation.standings.last_staying
        cells.append(
            (
                _team(evaluation, one.team, anchors),
                say.locale.whole(one.place),
                points(one.total_milli),
                spread,
                chance(evaluation, one, say),
                say.say(
                    "standings.last" if last else "standings.tied" if tied else "standings.apart"
                )
                if one.qualified
                else say.say("standings.out"),
            )
        )
    legend = [say.say("series.qualified"), say.say("series.not_qualified")]
    marks = ticks(MILLI_FULL, 5, lambda at: say.locale.whole(at // 1000))
    yield dots(f"standings-{evaluation.id}", title, rows, marks, legend)
    heads = say.heads("team", "place", "points", "interval", "stays", "line")
    yield table(f"standings-{evaluation.id}", title, heads, cells, texts=frozenset({5}))
    yield Paragraph(say.say("standings.note"), "quiet")
    yield Paragraph(_tied(evaluation, say))


def _tied(evaluation: RoundSummary, say: Speaker) -> str:
    last = evaluation.standings.last_staying
    if last is None:
        return say.say("standings.nobody")
    tied = [
        s.team
        for s in evaluation.standings.standings
        if s.tied_with_last_staying and s.team != last
    ]
    if not tied:
        return say.say("standings.clear", team=last)
    return say.say("standings.tied_with", team=last, tied=", ".join(tied))


def pillars(evaluation: RoundSummary, say: Speaker, anchors: Anchors) -> Iterator[Block]:
    """Points by pillar, and what decided the lead."""
    names, points = say.names(evaluation.section.pillars), say.locale.points
    title = say.say("pillars.title")
    rows, cells = [], []
    for one in evaluation.standings.standings:
        shown = [(style, milli, points(milli)) for style, (_, milli) in enumerate(one.points_milli)]
        label = f"{one.team}: {' + '.join(text for *_, text in shown)}"
        rows.append(Row(label, tuple(Part(*part) for part in shown)))
        cells.append(
            (
                _team(evaluation, one.team, anchors),
                *(text for *_, text in shown),
                points(one.total_milli),
            )
        )
    yield stacks(f"pillars-{evaluation.id}", title, rows, list(names.values()), MILLI_FULL)
    heads = [*say.heads("team"), *names.values(), say.say("total")]
    yield table(f"pillars-{evaluation.id}", title, heads, cells)
    heads = say.heads("pillar", "weight", "spread_share", "lead_share")
    spreads = {one.pillar: one.spread_ppm for one in evaluation.grounds.influences}
    weights = [
        (
            names.get(item.pillar, item.pillar),
            say.locale.whole(item.weight),
            share(spreads.get(item.pillar), say),
            share(item.lead_share_ppm, say),
        )
        for item in evaluation.standings.effective_weights
    ]
    yield table(f"weights-{evaluation.id}", say.say("weights.title"), heads, weights)


def places(evaluation: RoundSummary, say: Speaker, anchors: Anchors) -> Iterator[Block]:
    """The chance of each place."""
    title = say.say("places.title")
    count = len(evaluation.standings.standings)
    legend = [say.say("places.place", n=n) for n in range(1, count + 1)]
    rows, cells = [], []
    for one in evaluation.standings.standings:
        shown = place_chances(evaluation, one, say)
        parts = zip(range(count), one.rank_ppm, shown, strict=True)
        rows.append(Row(one.team, tuple(Part(*part) for part in parts)))
        cells.append((_team(evaluation, one.team, anchors), *shown))
    yield stacks(f"places-{evaluation.id}", title, rows, legend, PPM)
    yield table(f"places-{evaluation.id}", title, [*say.heads("team"), *legend], cells)


def errors(evaluation: RoundSummary, say: Speaker) -> Iterator[Block]:
    """What other rules for the line would cost, where the line leaves anybody out."""
    if not evaluation.errors:
        return
    title = say.say("errors.title")
    cells = [
        (rule_of(row, say), *both(*row.told(evaluation.section.replicates), say))
        for row in evaluation.errors
    ]
    rows = [
        (label, row.wrong_ppm or 0, wrong)
        for row, (label, _, wrong) in zip(evaluation.errors, cells, strict=True)
    ]
    yield drawings.bars(f"errors-{evaluation.id}", title, single(rows, 1))
    heads = say.heads("cut_rule", "cuts", "wrong")
    yield table(f"errors-{evaluation.id}", title, heads, cells)
    yield Paragraph(say.say("errors.note"), "quiet")


def gates(evaluation: RoundSummary, say: Speaker, anchors: Anchors) -> Iterator[Block]:
    """What was found on each gate."""
    gates = say.names(evaluation.section.gates)
    if not evaluation.gate_findings:
        return
    heads = say.heads("team", "gate", "finding", "evidence")
    cells = [
        (
            _team(evaluation, row.subject, anchors),
            gates.get(row.gate, row.gate),
            found(row, say),
            say.locale.whole(len(row.evidence)),
        )
        for row in evaluation.gate_findings
    ]
    yield table(
        f"gates-{evaluation.id}", say.say("gate.title"), heads, cells, texts=frozenset({1, 2})
    )


def found(row: GateFinding, say: Speaker) -> str:
    """What was found on a gate, in a word or two."""
    if not row.passed:
        return say.say("gate.failed")
    return say.say("gate.remark" if row.remark else "gate.passed")


def bars(evaluation: RoundSummary, say: Speaker, anchors: Anchors) -> Iterator[Block]:
    """How far each team clears each bar."""
    if not evaluation.standings.bars:
        yield Paragraph(say.say("bars.none"))
        return
    points = say.locale.points
    heads = say.heads("bar", "team", "margin", "margin_low", "finding")
    cells = [
        (
            bar.bar,
            _team(evaluation, bar.team, anchors),
            points(bar.margin_milli),
            points(bar.margin_low_milli),
            say.say("bars.met" if bar.met else "bars.missed"),
        )
        for bar in evaluation.standings.bars
    ]
    yield table(
        f"bars-{evaluation.id}", say.say("bars.title"), heads, cells, texts=frozenset({1, 4})
    )


def decisions(
    evaluation: RoundSummary, say: Speaker, anchors: Anchors, *, titled: bool = True
) -> Iterator[Block]:
    """Who goes on and who does not, each with its reason."""
    if titled:
        yield Heading(4, say.say("decided.title"))
    heads = say.heads("team", "decision", "reason")
    cells = [
        (
            _team(evaluation, judged.team, anchors),
            say.code("decision", judged.decision),
            why(evaluation.section, judged, say),
        )
        for judged in evaluation.outcome.decisions
    ]
    title = say.say("decided.caption")
    yield from heard(evaluation, say)
    yield table(f"decided-{evaluation.id}", title, heads, cells, texts=frozenset({1, 2}))
    if evaluation.outcome.places_left:
        yield Paragraph(say.say("decided.open", n=evaluation.outcome.places_left))


def why(section: Round, judged: TeamDecision, say: Speaker) -> str:
    """The reason of a decision, with the gates or bars that it names."""
    gates = say.names(section.gates)
    named = ", ".join(gates.get(name, name) for name in judged.names)
    words = say.code("why", judged.reason)
    return say.say("decided.named", reason=words, names=named) if named else words
