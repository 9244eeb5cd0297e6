"""The end of the page: what goes where in the next term, how to check it, and what is assumed."""

from collections.abc import Iterator

from headgate.core.reallocation.formula import Destination, Movement
from headgate.report.blocks import Block, Code, Heading, Items, Paragraph, Section, table
from headgate.report.charts import Part, Row
from headgate.report.drawings import bars
from headgate.report.section_applicants import Anchors, reference
from headgate.report.section_restored import restored
from headgate.report.speaker import Speaker
from headgate.report.summary import Assumption, RoundSummary, Summary


def reallocation(summary: Summary, say: Speaker, anchors: Anchors) -> Section:
    """Freed blocks, from whom to whom, and what everybody holds in the next term."""
    moving = [evaluation for evaluation in summary.rounds if evaluation.movements]
    key = "moved.intro" if moving else "moved.none"
    blocks: list[Block] = [Paragraph(say.say(key, ends=summary.past.ends))]
    for evaluation in summary.rounds:
        blocks += _moved(evaluation, say, anchors)
    return Section("reallocation", say.say("moved.title"), tuple(blocks))


def _moved(evaluation: RoundSummary, say: Speaker, anchors: Anchors) -> Iterator[Block]:
    yield Heading(3, say.text(evaluation.section.name))
    call, whole = evaluation.section.call, say.locale.whole
    title = say.say("moved.chart")
    legend = [say.say("series.before"), say.say("series.next")]
    pairs = [(t, n, evaluation.blocks_next[t]) for t, n in evaluation.blocks_before.items()]
    rows = [
        Row(team, (Part(5, before, whole(before)), Part(0, after, whole(after))))
        for team, before, after in pairs
    ]
    yield bars(f"moved-{evaluation.id}", title, rows, legend, styles=(5, 0))
    heads = [say.say("col.team"), *legend, say.say("col.change")]
    cells = [
        (reference(call, team, anchors), whole(before), whole(after), _signed(after - before, say))
        for team, before, after in pairs
    ]
    yield table(f"moved-{evaluation.id}", title, heads, cells)
    if evaluation.movements:
        rule = f"rounds.{evaluation.id}.reallocation"
        freed = [team for team, before, after in pairs if before and not after]
        yield Paragraph(say.say("moved.freed", teams=", ".join(freed), rule=rule))
        heads = say.heads("to", "class", "blocks")
        moves = [
            (_receiver(m, say), m.support_class, whole(m.blocks)) for m in evaluation.movements
        ]
        total = (say.say("total"), "", whole(sum(m.blocks for m in evaluation.movements)))
        name, title = f"moves-{evaluation.id}", say.say("moved.table")
        yield table(name, title, heads, moves, total, texts=frozenset({1}))
    yield from restored(evaluation, say)


def _receiver(movement: Movement, say: Speaker) -> str:
    if movement.destination is Destination.SURVIVOR:
        return movement.award
    return say.code("destination", movement.destination)


def _signed(change: int, say: Speaker) -> str:
    return f"+{say.locale.whole(change)}" if change > 0 else say.locale.whole(change)


def check(summary: Summary, say: Speaker) -> Section:
    """What a stranger types to derive everything on this page again."""
    steps = sorted(summary.decisions.items(), key=lambda pair: (-pair[1], pair[0]))
    heads = say.heads("step_of_cycle", "decisions")
    cells = [(say.say(f"step.{name}"), say.locale.whole(count)) for name, count in steps]
    foot = (say.say("total"), say.locale.whole(summary.decision_count))
    blocks: tuple[Block, ...] = (
        Paragraph(say.say("check.text", n=summary.decision_count)),
        Code("headgate verify ."),
        Paragraph(say.say("check.journal", n=summary.journal_entries)),
        Code(summary.journal_root),
        Paragraph(say.say("check.policy")),
        Code(summary.policy_digest),
        Paragraph(say.say("check.limits")),
        table("decisions", say.say("check.table"), heads, cells, foot),
    )
    return Section("check", say.say("check.title"), blocks)


def assumptions(summary: Summary, say: Speaker) -> Section:
    """Every assumed value, by section, with the article that says why it is as it is."""
    key = "assumptions.text" if summary.assumption_count else "assumptions.none"
    blocks: list[Block] = [Paragraph(say.say(key, n=summary.assumption_count))]
    for section, found in summary.assumptions.items():
        blocks += _assumed(section, found, say)
    if summary.notes:
        told = tuple(say.say(f"note.{one.code}", **one.values) for one in summary.notes)
        blocks += [Heading(3, say.say("assumptions.notes")), Items(told)]
    return Section("assumptions", say.say("assumptions.title"), tuple(blocks))


def _assumed(section: str, found: tuple[Assumption, ...], say: Speaker) -> Iterator[Block]:
    heads = say.heads("path", "article")
    cells = [(one.path, one.source or say.say("none")) for one in found]
    yield Heading(3, section, f"assumed-{section}")
    title = say.say("assumptions.caption", n=len(found), section=section)
    yield table(f"paths-{section}", title, heads, cells, texts=frozenset({1}))
