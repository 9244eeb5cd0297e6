"""What other caps, weights, envelopes and cut rules would do to award lists and rounds.

Each variant is one rehearsed term; the first is the policy as it stands, beside which others gain
or lose.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from headgate.core.evaluation.foresight import Foreseen
from headgate.core.policy.schema import Policy
from headgate.report.blocks import Block, Cell, Folded, Heading, Note, Paragraph, Section, table
from headgate.report.charts import Part, Row
from headgate.report.drawings import stacks
from headgate.report.section_grounds import cut_table
from headgate.report.speaker import Speaker

FEW = 12
"""Rows of who gains and who loses that stand open; more are folded."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One variant (without a name: the policy as it stands): its lists and the rules of its rounds.

    `blocks` are by call and class of holders, `awards` by call and application, `short` by call
    millionths of its worth by which a list may fall short of the best, `drawn` the rounds from
    which the tables of each planned round are drawn.
    """

    variant: str
    blocks: Mapping[str, Mapping[str, int]]
    awards: Mapping[str, Mapping[str, int]]
    cut_rules: Mapping[str, tuple[Foreseen, ...]]
    short: Mapping[str, int] = field(default_factory=dict)
    drawn: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lists:
    """All variants and what they were made from: names with digests.

    `same` are overlays under which the policy says what it says without them.
    """

    policy: Policy
    variants: tuple[Listed, ...]
    sources: tuple[tuple[str, str], ...]
    same: tuple[str, ...] = ()


def sections(lists: Lists, say: Speaker, *, alone: bool) -> Iterator[Section]:
    """The award lists under each variant, and the cut rules of its rounds; `alone` on a page."""
    same = (say.say("trial.lists_same", name=name) for name in lists.same)
    brief = (
        Paragraph(say.say("trial.lists_intro"), "lead"),
        Note(say.say("trial.assumed_title"), (say.say("trial.lists_assumed"), *same)),
    )
    if alone:
        yield Section("brief", say.say("trial.brief"), brief)
    told = _lists(lists, say)
    yield Section("lists", say.say("trial.lists"), (*(() if alone else brief), *told))
    if any(tables for one in lists.variants for tables in one.cut_rules.values()):
        yield Section("cuts", say.say("trial.cuts"), tuple(_cuts(lists, say)))


def _name(one: Listed, say: Speaker) -> str:
    return one.variant or say.say("trial.stands")


def _lists(lists: Lists, say: Speaker) -> Iterator[Block]:
    for call in dict.fromkeys(call for one in lists.variants for call in one.blocks):
        known = lists.policy.calls.get(call)
        yield Heading(3, call if known is None else say.text(known.name), f"lists-{call}")
        yield from _shares(lists, call, say)
        yield from _short(lists, call, say)
        yield from _moves(lists, call, say)


def _shares(lists: Lists, call: str, say: Speaker) -> Iterator[Block]:
    """The blocks of each class of holders, as a chart and as a table with the share of each."""
    each = [one.blocks.get(call, {}) for one in lists.variants]
    holders = list(dict.fromkeys(holder for blocks in each for holder in blocks))
    if not holders:
        return
    names = [_name(one, say) for one in lists.variants]
    rows = [
        Row(name, tuple(_part(n, blocks.get(h, 0), say) for n, h in enumerate(holders)))
        for name, blocks in zip(names, each, strict=True)
    ]
    legend = [say.holder(holder) for holder in holders]
    yield stacks(f"lists-chart-{call}", say.say("trial.lists_chart"), rows, legend)
    cells: list[tuple[Cell, ...]] = [
        (say.holder(holder), *(_share(blocks, holder, say) for blocks in each))
        for holder in holders
    ]
    heads = [say.say("trial.envelope"), *names]
    yield table(f"lists-table-{call}", say.say("trial.lists_table"), heads, cells)


def _part(style: int, blocks: int, say: Speaker) -> Part:
    return Part(style, blocks, say.locale.whole(blocks))


def _share(blocks: Mapping[str, int], holder: str, say: Speaker) -> str:
    amount, whole = blocks.get(holder, 0), sum(blocks.values())
    return f"{say.locale.whole(amount)} ({say.percent(amount, whole)})"


def _short(lists: Lists, call: str, say: Speaker) -> Iterator[Block]:
    """How much more any other list of the call could be worth, under each variant."""
    told = [
        f"{_name(one, say)} {say.locale.percent(Fraction(one.short[call], 1_000_000), 2)}"
        for one in lists.variants
        if call in one.short
    ]
    if told:
        yield Paragraph(say.say("trial.lists_short", told="; ".join(told)))


def _moves(lists: Lists, call: str, say: Speaker) -> Iterator[Block]:
    """Each application with another award under some variant."""
    each = [one.awards.get(call, {}) for one in lists.variants]
    names = sorted({name for awards in each for name in awards})
    moved = [name for name in names if len({awards.get(name, 0) for awards in each}) > 1]
    if not moved:
        yield Paragraph(say.say("trial.moves_none"))
        return
    rows = [(name, *(_award(each, n, name, say) for n in range(len(each)))) for name in moved]
    heads = [say.say("col.application"), *(_name(one, say) for one in lists.variants)]
    title = say.say("trial.moves_table", n=len(moved))
    told = table(f"moves-{call}", title, heads, rows)
    yield told if len(moved) <= FEW else Folded(title, (told,))


def _award(each: Sequence[Mapping[str, int]], place: int, name: str, say: Speaker) -> str:
    """The blocks of an application, and what it gains or loses beside the first variant."""
    blocks = each[place].get(name, 0)
    more = blocks - each[0].get(name, 0)
    shown = say.locale.whole(blocks)
    return f"{shown} ({'+' if more > 0 else ''}{say.locale.whole(more)})" if more else shown


def _cuts(lists: Lists, say: Speaker) -> Iterator[Block]:
    yield Paragraph(say.say("trial.cuts_intro"))
    for name in dict.fromkeys(name for one in lists.variants for name in one.cut_rules):
        known = lists.policy.rounds.get(name)
        yield Heading(3, name if known is None else say.text(known.name), f"cuts-{name}")
        for tables, variants in _alike(lists, name):
            names = ", ".join(_name(one, say) for one in variants)
            title = say.say("trial.cuts_table", variant=names)
            drawn = tables, variants[0].drawn[name]
            yield cut_table(f"cuts-{name}-{variants[0].variant or 'stands'}", title, drawn, say)


def _alike(lists: Lists, name: str) -> Iterator[tuple[tuple[Foreseen, ...], tuple[Listed, ...]]]:
    """A round's tables, each once, with all variants whose rule has it."""
    each = [one.cut_rules.get(name, ()) for one in lists.variants]
    for tables in dict.fromkeys(tables for tables in each if tables):
        pairs = zip(lists.variants, each, strict=True)
        yield tables, tuple(one for one, own in pairs if own == tables)
