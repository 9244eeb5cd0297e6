"""How a round was conducted: each team's last day, its one model by hash, and whose rows count."""

from collections.abc import Iterator

from headgate.core.evaluation.conduct import Submission, Why
from headgate.report.blocks import Block, Cell, Paragraph, table
from headgate.report.speaker import Speaker
from headgate.report.summary import RoundSummary


def conduct(evaluation: RoundSummary, say: Speaker) -> Iterator[Block]:
    """What the rules on time, models and raters made of the round; nothing where none asked."""
    yield from submitted(evaluation, say)
    yield from _raters(evaluation, say)
    yield from _aside(evaluation, say)


def submitted(evaluation: RoundSummary, say: Speaker, team: str = "") -> Iterator[Block]:
    """Each team's last day and its final model, or one team's alone."""
    told, section = evaluation.conducted, evaluation.section
    models = {one.team: one for one in told.submissions}
    teams = [each for each in sorted({*told.last_days, *models}) if team in ("", each)]
    if not teams:
        return
    if section.equal_development_days and section.submissions is not None:
        yield Paragraph(say.say("conduct.equal", n=section.equal_development_days))
    rows: list[tuple[Cell, ...]] = []
    for each in teams:
        last = told.last_days.get(each)
        day = say.locale.day(last) if last is not None else say.say("none")
        rows.append((each, day, *_model(models.get(each), say)))
    heads = say.heads("team", "last_day", "came", "model", "trials")
    title, texts = say.say("conduct.models"), frozenset({1, 2, 3})
    yield table(f"models-{evaluation.id}", title, heads, rows, texts=texts)


def _model(found: Submission | None, say: Speaker) -> tuple[str, str, str]:
    if found is None:
        return (say.say("none"),) * 3
    return say.locale.day(found.on), found.model[:16], say.locale.whole(found.private_trials)


def _raters(evaluation: RoundSummary, say: Speaker) -> Iterator[Block]:
    """The rule by which raters count, as it was signed."""
    for pillar in evaluation.section.pillars:
        if pillar.raters is not None and pillar.raters.attention is not None:
            share, name = say.locale.percent(pillar.raters.attention, 0), say.text(pillar.name)
            yield Paragraph(say.say("conduct.attention", pillar=name, share=share))
            if pillar.raters.known is not None:
                yield Paragraph(say.say("conduct.known_text", pillar=name))
    yield from _attention(evaluation, say)


def _attention(evaluation: RoundSummary, say: Speaker) -> Iterator[Block]:
    """How each rater passed the checks, and whether its rows count."""
    rules = {
        pillar.id: (say.text(pillar.name), pillar.raters.attention)
        for pillar in evaluation.section.pillars
        if pillar.raters is not None and pillar.raters.attention is not None
    }
    rows: list[tuple[Cell, ...]] = []
    for one in evaluation.conducted.attention:
        name, least = rules[one.pillar]
        finding = say.say("conduct.counts" if one.suffices(least) else "conduct.left_out")
        told = (say.locale.whole(one.checks), say.locale.whole(one.passed))
        rows.append((one.rater, name, *told, finding))
    if rows:
        heads = say.heads("judge", "pillar", "checks", "passed", "finding")
        title, texts = say.say("conduct.checks"), frozenset({1, 4})
        yield table(f"checks-{evaluation.id}", title, heads, rows, texts=texts)


def _aside(evaluation: RoundSummary, say: Speaker) -> Iterator[Block]:
    """Whose rows do not count, by which rule, and how many they are."""
    names = say.names(evaluation.section.pillars)
    aside = evaluation.conducted.set_aside
    rows: list[tuple[Cell, ...]] = [
        (
            one.source,
            names.get(one.pillar, one.pillar),
            say.say(f"conduct.{one.why.value}"),
            one.team or say.say("none"),
            say.locale.whole(one.rows),
        )
        for one in sorted(aside, key=lambda one: list(Why).index(one.why))
    ]
    if rows:
        heads = say.heads("source", "pillar", "reason", "team", "rows")
        title, texts = say.say("conduct.aside"), frozenset({1, 2, 3})
        yield table(f"aside-{evaluation.id}", title, heads, rows, texts=texts)
