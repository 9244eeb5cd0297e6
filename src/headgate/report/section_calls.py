"""Each call: from what came in to the award list, and what decided between them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

from headgate.core.awards.plan import Cutoff, Shortfall
from headgate.core.calls.harshness import Offset
from headgate.core.policy.schema import Call
from headgate.report import charts
from headgate.report.blocks import Block, Cell, Folded, Heading, Paragraph, Section, link, table
from headgate.report.charts import Part, Row
from headgate.report.drawings import bars, dots, drawing, single, ticks
from headgate.report.reasons import ground
from headgate.report.section_applicants import Anchors, applicants, reference
from headgate.report.speaker import Speaker
from headgate.report.summary import Summary, section_of
from headgate.report.summary_calls import CallSummary, Listed

TOP = 10
BIN_MILLI = 5_000
BINS_MOST = 24
FUNNEL = ("applied", "eligible", "scored", "field", "awarded")


def calls(summary: Summary, say: Speaker, anchors: Anchors) -> Section:
    """Every call of the term, one after the other."""
    blocks: list[Block] = [Paragraph(say.say("calls.intro" if summary.calls else "calls.none"))]
    for call in summary.calls:
        blocks += _call(call, say, anchors)
    return Section("calls", say.say("calls.title"), tuple(blocks))


def _call(call: CallSummary, say: Speaker, anchors: Anchors) -> Iterator[Block]:
    section = call.section
    yield Heading(3, say.text(call.name), f"call-{call.id}")
    yield Paragraph(
        say.say("calls.days", opens=section.opens, closes=section.closes, decides=call.decides)
    )
    if call.assumed:
        told = say.say("calls.assumed", n=len(call.assumed))
        yield Paragraph(link(f"#assumed-{section_of(f'calls.{call.id}')}", told), "quiet")
    yield from _funnel(call, say)
    yield from _refused(call, say)
    yield from _demand(call, say)
    if call.listed is not None:
        yield from _list(call, call.listed, say)
    yield from _panel(call, say)
    yield from _top(call, say, anchors)
    yield applicants(call, say, anchors)


def _funnel(call: CallSummary, say: Speaker) -> Iterator[Block]:
    title = say.say("funnel.title")
    lines = [(say.say(f"funnel.{stage}"), n) for stage, n in zip(FUNNEL, call.funnel, strict=True)]
    rows = single([(label, n, say.locale.whole(n)) for label, n in lines])
    yield bars(f"funnel-{call.id}", title, rows)
    cells = [(label, say.locale.whole(n), say.percent(n, call.funnel[0])) for label, n in lines]
    heads = say.heads("stage", "applications", "of_applied")
    yield table(f"funnel-{call.id}", title, heads, cells)


def _refused(call: CallSummary, say: Speaker) -> Iterator[Block]:
    if not call.refused:
        yield Paragraph(say.say("refused.none"))
        return
    title = say.say("refused.title")
    named = [(ground(call.section, one.finding, say), one.applications) for one in call.refused]
    lines = [(words, n, say.locale.whole(n)) for words, n in named]
    yield bars(f"refused-{call.id}", title, single(lines, 5))
    heads = say.heads("ground", "rule", "applications")
    cells = [
        (words, refused.finding.rule or refused.finding.refusal.value, count)
        for refused, (words, _, count) in zip(call.refused, lines, strict=True)
    ]
    yield table(f"refused-{call.id}", title, heads, cells, texts=frozenset({1}))
    yield Paragraph(say.say("refused.note"), "quiet")


def _demand(call: CallSummary, say: Speaker) -> Iterator[Block]:
    title = say.say("demand.title", blocks=say.blocks_of(call.section.block))
    legend = [say.say("series.asked"), say.say("series.offered"), say.say("series.awarded")]
    whole = say.locale.whole
    numbers = [(line.id, (line.asked, line.offered, line.awarded)) for line in call.classes]
    rows = [
        Row(name, tuple(Part(style, n, whole(n)) for style, n in enumerate(amounts)))
        for name, amounts in numbers
    ]
    yield bars(f"demand-{call.id}", title, rows, legend)
    cells = [
        (name, *map(whole, amounts), _times(amounts[0], amounts[1], say))
        for name, amounts in numbers
    ]
    heads = [say.say("col.class"), *legend, say.say("col.times")]
    yield table(f"demand-{call.id}", title, heads, cells)
    yield Paragraph(say.say("demand.note"), "quiet")


def _times(asked: int, offered: int, say: Speaker) -> str:
    return say.locale.fixed(Fraction(asked, offered), 2) if offered else say.say("none")


def _list(call: CallSummary, listed: Listed, say: Speaker) -> Iterator[Block]:
    yield Heading(4, say.say("list.title"))
    yield Paragraph(_gap(call.section, listed, say))
    yield from _cutoffs(call, listed.cutoffs, say)
    yield from floors_of(call.section, call.id, listed.floors, say)
    declined = sum(person.declined for person in call.applicants)
    promoted = sum(person.promoted for person in call.applicants)
    if declined:
        yield Paragraph(say.say("list.declined", n=declined, promoted=promoted))


def _gap(section: Call, listed: Listed, say: Speaker) -> str:
    """How far the list is from the best there could be, and how that is known."""
    percent = say.locale.percent
    if not listed.gap_proved:
        return say.say("list.best", stated=percent(section.gap, 2), solver=listed.solver)
    return say.say(
        "list.gap",
        stated=percent(section.gap, 2),
        reached=percent(listed.gap_reached, 3),
        proved=percent(listed.gap_proved, 3),
        solver=listed.solver,
    )


def _cutoffs(call: CallSummary, cutoffs: Sequence[Cutoff], say: Speaker) -> Iterator[Block]:
    if not cutoffs:
        yield Paragraph(say.say("cutoffs.none"))
        return
    title = say.say("cutoffs.title")
    named = [(_rule(call.section, cutoff.rule, say), cutoff.score) for cutoff in cutoffs]
    rows = [Row(name, (Part(0, score, say.locale.points(score)),)) for name, score in named]
    marks = ticks(100_000, 5, lambda at: say.locale.whole(at // 1000))
    yield dots(f"cutoffs-{call.id}", title, rows, marks, ())
    heads = say.heads("rule", "lowest")
    cells = [(name, say.locale.points(score)) for name, score in named]
    yield table(f"cutoffs-{call.id}", title, heads, cells)
    if call.section.pass_mark is not None:
        yield Paragraph(say.say("cutoffs.pass_mark", points=call.section.pass_mark), "quiet")


def _rule(section: Call, rule: str, say: Speaker) -> str:
    """An envelope by its holders' name, a class as such, any other limit by its id."""
    if rule in section.holders:
        return say.say("rule.envelope", name=say.holder(rule))
    if rule in section.classes:
        return say.say("rule.class", name=rule)
    return rule


def floors_of(
    section: Call, call_id: str, missed: Iterable[Shortfall], say: Speaker
) -> Iterator[Block]:
    """What a call promises to some applicants, and by how much its list misses it."""
    if not section.floors:
        return
    short = {floor.floor: floor.units for floor in missed}
    heads = say.heads("floor", "promised_share", "short")
    cells = [
        (floor.id, say.locale.percent(floor.share), _short(short.get(floor.id, 0), say))
        for floor in section.floors
    ]
    yield table(f"floors-{call_id}", say.say("floors.title"), heads, cells)


def _short(units: int, say: Speaker) -> str:
    return say.say("floors.short", n=units) if units else say.say("floors.kept")


def _panel(call: CallSummary, say: Speaker) -> Iterator[Block]:
    if call.panel is None or not call.panel.offsets:
        return
    yield Heading(4, say.say("panel.title"))
    offsets = sorted(offset.offset for offset in call.panel.offsets)
    alpha = call.panel.alpha
    yield Paragraph(
        say.say(
            "panel.text",
            n=len(offsets),
            harshest=say.locale.points(offsets[0]),
            mildest=say.locale.points(offsets[-1]),
            alpha=say.say("none") if alpha is None else say.locale.fixed(alpha, 2),
        )
    )
    taken = call.section.panel is not None and call.section.panel.adjust_harshness
    yield Paragraph(say.say("panel.adjusted" if taken else "panel.not_adjusted"))
    if call.sheets_refused:
        yield Paragraph(say.say("panel.sheets", n=call.sheets_refused))
    if not call.panel.connected:
        yield Paragraph(say.say("panel.apart"))
    yield from _harshness(call.id, call.panel.offsets, say)


def _harshness(call_id: str, offsets: Sequence[Offset], say: Speaker) -> Iterator[Block]:
    """How many reviewers lie how far from the panel, in bins of whole points."""
    width = BIN_MILLI
    while (max(o.offset for o in offsets) - min(o.offset for o in offsets)) // width >= BINS_MOST:
        width *= 2
    counts = Counter(offset.offset // width for offset in offsets)
    places = range(min(counts), max(counts) + 1)
    points = {place: say.locale.points(place * width, 0) for place in places}
    title = say.say("panel.chart", points=say.locale.points(width, 0))
    parts = [Part(2 if n < 0 else 0, counts[n], points[n]) for n in places]
    told = say.say("panel.table_below")
    yield drawing(
        f"panel-{call_id}", title, told, lambda w: charts.columns(parts, w, 2 if w < 500 else 1)
    )
    heads = say.heads("offset", "reviewers")
    upper = {place: say.locale.points((place + 1) * width, 0) for place in places}
    cells: list[tuple[Cell, ...]] = [
        (say.say("panel.range", low=points[n], high=upper[n]), say.locale.whole(counts[n]))
        for n in places
    ]
    yield Folded(title, (table(f"panel-{call_id}", title, heads, cells),))


def _top(call: CallSummary, say: Speaker, anchors: Anchors) -> Iterator[Block]:
    yield Heading(4, say.say("top.title"))
    if not call.awarded:
        yield Paragraph(say.say("top.none"))
        return
    heads = say.heads("application", "holder", "score", "class", "blocks", "blocks_asked")
    cells = [
        (
            reference(call.id, person.id, anchors),
            say.holder(person.holder),
            say.locale.points(person.reason.score),
            person.reason.pool,
            say.locale.whole(person.reason.blocks),
            say.locale.whole(person.reason.blocks_asked),
        )
        for person in call.awarded[:TOP]
        if person.reason is not None
    ]
    title = say.say("top.caption", n=len(cells), awarded=call.funnel[4])
    yield table(f"top-{call.id}", title, heads, cells, texts=frozenset({1, 3}))
