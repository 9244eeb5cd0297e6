"""Promise, award, use: what each class of holders should get, was given, and used."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Final

from headgate.report.blocks import Block, Cell, Heading, Paragraph, Section, table
from headgate.report.charts import Part, Row
from headgate.report.drawings import bars, stacks
from headgate.report.speaker import Speaker, shown_units
from headgate.report.summary import HolderLine, Summary, SupportSummary
from headgate.report.summary_calls import CallSummary

SERIES: Final = "promised", "awarded", "used"


def shares(summary: Summary, say: Speaker) -> Section:
    """Each support's envelopes beside what was awarded and used, then what was published."""
    blocks: list[Block] = []
    if any(support.block is not None for support in summary.supports):
        blocks.append(Paragraph(say.say("shares.intro")))
    for support in summary.supports:
        blocks += _support(summary, support, say)
    for call in summary.calls:
        if call.groups:
            blocks += _published(summary, call, say)
    return Section("shares", say.say("shares.title"), tuple(blocks))


def _support(summary: Summary, support: SupportSummary, say: Speaker) -> Iterator[Block]:
    name = f"shares-{support.id}"
    yield Heading(3, say.text(support.name))
    if support.block is None:
        yield Paragraph(say.say("shares.no_envelopes"))
    if not support.holders:
        yield Paragraph(say.say("shares.nothing"))
        return
    unit = say.unit(support.measure)
    divided = support.block is not None
    key = "shares.chart" if divided else "shares.chart_undivided"
    title = say.say(key, unit=unit, ends=summary.past.ends)
    styles = range(0 if divided else 1, len(SERIES))
    legend = [say.say(f"series.{SERIES[style]}") for style in styles]
    lines = [_row(line, support, say) for line in support.holders]
    yield bars(name, title, lines, legend, styles=styles)
    heads = say.heads("share", "envelope") if divided else []
    heads += [*(f"{word} ({unit})" for word in legend), *say.heads("used_of_awarded")]
    rows = [_line(summary, support, line, say) for line in support.holders]
    shown = [(row[0], *row[-len(heads) :]) for row in (*rows, _sums(support, say))]
    yield table(name, title, [*say.heads("holder"), *heads], shown[:-1], shown[-1])


def _row(line: HolderLine, support: SupportSummary, say: Speaker) -> Row:
    amounts = (line.promised or 0, line.granted, line.used)
    parts = (
        Part(style, shown_units(amount, support.measure), say.amount(amount, support.measure))
        for style, amount in enumerate(amounts)
        if style or line.promised is not None
    )
    return Row(say.holder(line.holder), tuple(parts))


def _line(
    summary: Summary, support: SupportSummary, line: HolderLine, say: Speaker
) -> tuple[Cell, ...]:
    envelopes = summary.policy.envelopes.get(support.id)
    share = envelopes.shares.get(line.holder) if envelopes else None
    none, measure = say.say("none"), support.measure
    return (
        say.holder(line.holder),
        say.percent(share, envelopes.of) if envelopes and share is not None else none,
        none if line.blocks is None else say.block(support.block or {}, line.blocks),
        none if line.promised is None else say.amount(line.promised, measure),
        say.amount(line.granted, measure),
        say.amount(line.used, measure),
        say.percent(line.used, line.granted),
    )


def _sums(support: SupportSummary, say: Speaker) -> tuple[Cell, ...]:
    promised = [line.promised for line in support.holders if line.promised is not None]
    granted = sum(line.granted for line in support.holders)
    used = sum(line.used for line in support.holders)
    none, measure = say.say("none"), support.measure
    return (
        say.say("total"),
        none,
        say.block(support.block, sum(n.blocks or 0 for n in support.holders))
        if support.block
        else none,
        say.amount(sum(promised), measure) if promised else none,
        say.amount(granted, measure),
        say.amount(used, measure),
        say.percent(used, granted),
    )


def _published(summary: Summary, call: CallSummary, say: Speaker) -> Iterator[Block]:
    yield Heading(3, say.say("drift.title", call=say.text(call.name)))
    total = sum(group.blocks for group in call.groups)
    groups = ", ".join(
        say.say("drift.group", group=say.text(group.name), share=say.percent(group.blocks, total))
        for group in call.groups
    )
    yield Paragraph(say.say("drift.text", blocks=_units(call, total, say), groups=groups))
    yield from _by_holder(summary, call, say)
    yield _by_group(call, total, say)
    yield Paragraph(say.say("drift.note"), "quiet")


def _units(call: CallSummary, blocks: int, say: Speaker) -> str:
    """Blocks in what they are made of (528 blocks of 8 GPUs are 4,224 GPUs)."""
    name, size = next(iter(call.section.block.items()))
    if name in ("gpu", "gpu_hour"):
        return say.say(f"drift.{name}", n=blocks * size)
    return say.block(call.section.block, blocks)


def _by_holder(summary: Summary, call: CallSummary, say: Speaker) -> Iterator[Block]:
    envelopes, published = summary.envelopes_of(call), call.published
    awarded = call.blocks_by("holder")
    listed = [(h, envelopes.get(h), published[h], awarded.get(h, 0)) for h in published]
    legend = [say.say("series.envelope"), say.say("series.published"), say.say("series.rehearsed")]
    rows = [
        Row(say.holder(h), tuple(_parts(say, promised, selected, given)))
        for h, promised, selected, given in listed
    ]
    size = say.blocks_of(call.section.block)
    yield bars(f"drift-{call.id}", say.say("drift.chart", blocks=size), rows, legend)
    yield from _split(call, envelopes, published, awarded, say)
    heads = [*say.heads("holder"), *legend, *say.heads("beyond", "beyond_here")]
    lines = [_beyond(say, *line) for line in listed]
    yield table(f"drift-{call.id}", say.say("drift.table", blocks=size), heads, lines)


def _parts(say: Speaker, *numbers: int | None) -> Iterator[Part]:
    for style, number in enumerate(numbers):
        if number is not None:
            yield Part(style, number, say.locale.whole(number))


def _beyond(
    say: Speaker, holder: str, promised: int | None, selected: int, given: int
) -> tuple[Cell, ...]:
    whole, none = say.locale.whole, say.say("none")
    return (
        say.holder(holder),
        none if promised is None else whole(promised),
        whole(selected),
        whole(given),
        none if promised is None else whole(max(selected - promised, 0)),
        none if promised is None else whole(max(given - promised, 0)),
    )


def _split(
    call: CallSummary,
    envelopes: Mapping[str, int],
    published: Mapping[str, int],
    awarded: Mapping[str, int],
    say: Speaker,
) -> Iterator[Block]:
    """The same as parts of a whole: the plan for this call's classes, published, rehearsed."""
    sources = (("plan", envelopes), ("published", published), ("rehearsed", awarded))
    holders = list(published)
    rows = []
    for key, numbers in sources:
        total = sum(numbers.get(h, 0) for h in holders)
        if total:
            parts = (_part(style, numbers.get(h, 0), total, say) for style, h in enumerate(holders))
            shown = tuple(parts)
            label = f"{say.say(f'drift.{key}')}: {' / '.join(part.text for part in shown)}"
            rows.append(Row(label, shown))
    legend = [say.holder(h) for h in holders]
    yield stacks(f"split-{call.id}", say.say("drift.split"), rows, legend, 100_000)


def _part(style: int, number: int, total: int, say: Speaker) -> Part:
    share = Fraction(number, total)
    return Part(style, round(share * 100_000), say.locale.percent(share))


def _by_group(call: CallSummary, total: int, say: Speaker) -> Block:
    awarded = call.blocks_by("group")
    known = sum(awarded.get(group.id, 0) for group in call.groups)
    heads = say.heads("group", "holder", "series.published", "share", "series.rehearsed", "share")
    rows = [
        (
            say.text(group.name),
            say.holder(group.holder),
            _units(call, group.blocks, say),
            say.percent(group.blocks, total),
            _units(call, awarded.get(group.id, 0), say),
            say.percent(awarded.get(group.id, 0), known),
        )
        for group in call.groups
    ]
    foot = (say.say("total"), "", _units(call, total, say), "", _units(call, known, say), "")
    name = f"groups-{call.id}"
    return table(name, say.say("drift.groups"), heads, rows, foot, texts=frozenset({1}))
