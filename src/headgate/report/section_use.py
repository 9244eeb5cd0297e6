"""Use over time, what lay idle, what was taken back, and what the meter found in its rows."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta

from markupsafe import Markup

from headgate.report import charts
from headgate.report.blocks import Block, Cell, Folded, Heading, Paragraph, Section, table
from headgate.report.charts import Part, Row
from headgate.report.drawings import bars, dates, drawing, single, stacks, ticks
from headgate.report.section_applicants import Anchors, reference
from headgate.report.speaker import Speaker, shown_units
from headgate.report.summary import Reclaim, Summary, SupportSummary, day_of
from headgate.report.use import AwardUse

TOP = 10


def use(summary: Summary, say: Speaker, anchors: Anchors) -> Section:
    """Every support of the programme, one after the other."""
    calls = {person.id: call.id for call in summary.calls for person in call.applicants}
    blocks: list[Block] = [Paragraph(say.say("use.intro"))]
    for support in summary.supports:
        blocks.append(Heading(3, say.text(support.name)))
        if not support.uses:
            blocks.append(Paragraph(say.say("use.nothing")))
            continue
        blocks += _weeks(summary, support, say)
        blocks += _idle(support, say)
        blocks += _idlest(support, calls, anchors, say)
        blocks += _reclaim(summary, support, calls, anchors, say)
        blocks += _findings(support, say)
    return Section("use", say.say("use.title"), tuple(blocks))


def _weeks(summary: Summary, support: SupportSummary, say: Speaker) -> Iterator[Block]:
    if not support.weeks:
        yield Paragraph(say.say("use.unused"))
        return
    starts, ends = summary.past.starts, summary.past.ends
    days = [starts + timedelta(days=n) for n in range(0, (ends - starts).days, 7)]
    holders = [line.holder for line in support.holders]
    sums = {(bucket.group, day_of(bucket.starts)): bucket.gpu_seconds for bucket in support.weeks}
    shown = [[shown_units(sums.get((h, day), 0), support.measure) for day in days] for h in holders]
    unit = say.unit(support.unit)
    title = say.say("use.chart", unit=unit)
    totals = [sum(amounts) for amounts in zip(*shown, strict=True)]
    up = ticks(max(totals), 4, say.locale.whole)
    told = say.say("use.described", n=len(days), most=max(totals), unit=unit)

    def draw(width: int) -> tuple[int, Markup]:
        return charts.area(shown, dates(days, width, say.locale), up, width)

    yield drawing(f"use-{support.id}", title, told, draw, [say.holder(h) for h in holders])
    yield Folded(say.say("use.open"), (_week_table(support, days, holders, sums, title, say),))


def _week_table(
    support: SupportSummary,
    days: Sequence[date],
    holders: Sequence[str],
    sums: Mapping[tuple[str, date], int],
    title: str,
    say: Speaker,
) -> Block:
    """The chart's figures; totals are those of the exact seconds, not of the rounded hours."""
    measure = support.measure
    rows: list[tuple[Cell, ...]] = []
    for day in days:
        amounts = [sums.get((holder, day), 0) for holder in holders]
        shown = (say.amount(amount, measure) for amount in (*amounts, sum(amounts)))
        rows.append((say.locale.day(day), *shown))
    whole = [sum(sums.get((holder, day), 0) for day in days) for holder in holders]
    foot = (say.say("total"), *(say.amount(n, measure) for n in (*whole, sum(whole))))
    heads = [*say.heads("week"), *map(say.holder, holders), say.say("total")]
    return table(f"weeks-{support.id}", title, heads, rows, foot)


def _idle(support: SupportSummary, say: Speaker) -> Iterator[Block]:
    unit = say.unit(support.unit)
    title = say.say("idle.chart", unit=unit)
    legend = [say.say("series.used"), say.say("series.back"), say.say("series.unused")]
    measure, rows, cells = support.measure, [], []
    for line in support.holders:
        amounts = (line.used_units, line.back_units, line.unused_units)
        shown = [say.amount(amount, measure) for amount in (line.granted_units, *amounts)]
        parts = (
            Part(style, shown_units(amount, measure), text)
            for style, amount, text in zip((0, 1, 5), amounts, shown[1:], strict=True)
        )
        label = say.holder(line.holder)
        rows.append(Row(label, tuple(parts)))
        left = line.granted_units - line.used_units
        cells.append(
            (label, *shown, say.amount(left, measure), say.percent(left, line.granted_units))
        )
    yield stacks(f"idle-{support.id}", title, rows, legend, styles=(0, 1, 5))
    heads = [*say.heads("holder", "series.awarded"), *legend, *say.heads("idle", "idle_share")]
    yield table(f"idle-{support.id}", title, heads, cells, _idle_sums(support, say))
    yield Paragraph(say.say("idle.note"), "quiet")


def _idle_sums(support: SupportSummary, say: Speaker) -> tuple[Cell, ...]:
    names = ("granted_units", "used_units", "back_units", "unused_units")
    sums = [sum(getattr(line, name) for line in support.holders) for name in names]
    left = sums[0] - sums[1]
    shown = (say.amount(amount, support.measure) for amount in (*sums, left))
    return (say.say("total"), *shown, say.percent(left, sums[0]))


def _left(use: AwardUse) -> int:
    return use.granted - use.used


def _idlest(
    support: SupportSummary, calls: Mapping[str, str], anchors: Anchors, say: Speaker
) -> Iterator[Block]:
    worst = sorted(support.uses, key=lambda u: (-_left(u), u.award))[:TOP]
    unit = say.unit(support.unit)
    title = say.say("idlest.title", n=len(worst), unit=unit)
    measure = support.measure
    rows = [
        (u.award, max(shown_units(_left(u), measure), 0), say.amount(_left(u), measure))
        for u in worst
    ]
    yield bars(f"idlest-{support.id}", title, single(rows, 5))
    heads = say.heads("application", "holder", "class", "series.awarded", "series.used", "idle")
    cells = [
        (
            reference(calls.get(u.award, ""), u.award, anchors),
            say.holder(u.holder),
            u.support_class,
            say.amount(u.granted, measure),
            say.amount(u.used, measure),
            say.amount(_left(u), measure),
        )
        for u in worst
    ]
    yield table(f"idlest-{support.id}", title, heads, cells, texts=frozenset({1, 2}))


def _reclaim(
    summary: Summary,
    support: SupportSummary,
    calls: Mapping[str, str],
    anchors: Anchors,
    say: Speaker,
) -> Iterator[Block]:
    yield Heading(4, say.say("reclaim.title"))
    found = support.reclaim
    if found is None:
        yield Paragraph(say.say("reclaim.no_rule"))
        return
    day = day_of(found.day)
    yield Paragraph(say.say("reclaim.text", day=day, n=found.awards, taken=len(found.taken)))
    yield from _steps(summary, support, found, say)
    if found.taken:
        yield _taken(support, found, calls, anchors, say)


def _steps(
    summary: Summary, support: SupportSummary, found: Reclaim, say: Speaker
) -> Iterator[Block]:
    """Every step of the rule in force on the day, with how many it met and what it took."""
    awards = Counter(taken.step for taken in found.taken)
    rule = summary.reclaims[support.id]
    amounts = {s.id: sum(t.amount for t in found.taken if t.step == s.id) for s in rule.steps}
    unit = say.unit(support.unit)
    title = say.say("reclaim.chart", unit=unit, rule=f"reclaim.{support.id}")
    measure = support.measure
    named = [
        (
            say.say(
                "reclaim.step",
                below=say.locale.percent(step.used_below, 0),
                loses=say.locale.percent(step.loses, 0),
            ),
            step.id,
        )
        for step in rule.steps
    ]
    rows = [
        (words, shown_units(amounts[step], measure), say.amount(amounts[step], measure))
        for words, step in named
    ]
    yield bars(f"reclaim-{support.id}", title, single(rows, 1))
    heads = say.heads("step", "words", "awards", "series.back")
    cells = [
        (step, words, say.locale.whole(awards[step]), say.amount(amounts[step], measure))
        for words, step in named
    ]
    yield table(f"reclaim-{support.id}", title, heads, cells, texts=frozenset({1}))


def _taken(
    support: SupportSummary,
    found: Reclaim,
    calls: Mapping[str, str],
    anchors: Anchors,
    say: Speaker,
) -> Block:
    measure = support.measure
    heads = say.heads("application", "holder", "due", "series.used", "pace", "step", "series.back")
    cells = [
        (
            reference(calls.get(one.award, ""), one.award, anchors),
            say.holder(one.holder),
            say.amount(one.idle.gpu_seconds_granted, measure),
            say.amount(one.idle.gpu_seconds_used, measure),
            say.percent(one.idle.gpu_seconds_used, one.idle.gpu_seconds_granted),
            one.step,
            say.amount(one.amount, measure),
        )
        for one in found.taken
    ]
    title = say.say("reclaim.caption", n=len(cells))
    full = table(f"taken-{support.id}", title, heads, cells, texts=frozenset({1, 5}))
    return Folded(say.say("reclaim.open", n=len(cells)), (full,))


def _findings(support: SupportSummary, say: Speaker) -> Iterator[Block]:
    yield Heading(4, say.say("findings.title"))
    count = sum(support.findings.values())
    yield Paragraph(say.say("findings.text", n=support.rows, findings=count))
    if not count:
        return
    listed = sorted(support.findings.items(), key=lambda pair: (-pair[1], pair[0].name))
    words = [(say.code("finding", finding), finding.name, n) for finding, n in listed]
    lines = [(text, n, say.locale.whole(n)) for text, _, n in words]
    yield bars(f"findings-{support.id}", say.say("findings.chart"), single(lines, 5))
    heads = say.heads("finding", "code", "rows")
    cells = [(text, code, say.locale.whole(n)) for text, code, n in words]
    name = f"findings-{support.id}"
    yield table(name, say.say("findings.chart"), heads, cells, texts=frozenset({1}))
