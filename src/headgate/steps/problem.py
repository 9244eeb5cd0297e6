"""Step 3, what is asked: a call's field under its pools, envelopes, caps and promises."""

from collections.abc import Iterable, Mapping
from math import gcd

from headgate.core.awards.problem import (
    SCORE_MOST,
    Candidate,
    Floor,
    Limit,
    LimitKind,
    Option,
    Pool,
    Problem,
)
from headgate.core.calls.application import Application
from headgate.core.calls.field import tie_lot
from headgate.core.policy.award_rules import TieBreak
from headgate.core.policy.schema import Call
from headgate.core.quantities import DAY_SECONDS, floor_share
from headgate.core.supports.kind import Accounts
from headgate.steps.called import call_of
from headgate.steps.calls import Field
from headgate.steps.term import Term


def problem_of(term: Term, field: Field) -> Problem:
    """What the field asks, with each envelope's room as the ledger has it now.

    Weights are the measured amount of one block over the term, divided by their common divisor. In
    a call without criteria there are no points, and nobody is told to have too few.
    """
    call = call_of(term, field.call)
    weights = {c: _block_measure(term, call, c) for c in call.classes}
    unit = gcd(*weights.values())
    pools = tuple(Pool(c, _capacity(call, c), weights[c] // unit) for c in call.classes)
    offered = sum(pool.capacity * pool.weight for pool in pools)
    tags = {a.id: field.tags[a.id] for a in field.applications}
    return Problem(
        pools,
        (*_envelopes(term, call, unit), *_concentrations(call, tags, offered)),
        tuple(_floors(call, offered)),
        tuple(_candidate(call, field, a, tags[a.id]) for a in field.applications),
        call.extra_block_worth,
        call.gap,
        call.partial_awards,
        SCORE_MOST if call.criteria else 0,
        smaller_first=TieBreak.SMALLER_REQUEST in call.ties,
    )


def _block_measure(term: Term, call: Call, support_class: str) -> int:
    support = term.policy(term.starts).supports[call.support]
    seconds = (term.ends - term.starts).days * DAY_SECONDS
    return support.amount(call.block, 1, seconds) * support.rate(support_class)


def _capacity(call: Call, support_class: str) -> int:
    return call.classes[support_class].offered // next(iter(call.block.values()))


def _envelopes(term: Term, call: Call, unit: int) -> Iterable[Limit]:
    divided = call.support in term.policy(term.starts).envelopes
    for holder in call.holders if divided else ():
        left = term.available(Accounts(call.support).envelope(holder))
        yield Limit(holder, LimitKind.ENVELOPE, f"holder:{holder}", left // unit)


def _concentrations(
    call: Call, tags: Mapping[str, frozenset[str]], offered: int
) -> Iterable[Limit]:
    for rule in call.concentration:
        most = floor_share(offered, rule.share)
        prefix = f"group:{rule.id}:"
        groups = {tag for of_one in tags.values() for tag in of_one if tag.startswith(prefix)}
        for tag in sorted(groups):
            yield Limit(tag.removeprefix("group:"), LimitKind.CONCENTRATION, tag, most)


def _floors(call: Call, offered: int) -> Iterable[Floor]:
    """Floors in units of what is offered; less than one unit is promised to nobody."""
    for floor in call.floors:
        tag, least = f"floor:{floor.id}", floor_share(offered, floor.share)
        if floor.holder is None and least:
            yield Floor(floor.id, tag, least=least)
        elif floor.holder is not None:
            yield Floor(floor.id, tag, share=floor.share, share_of=f"holder:{floor.holder}")


def _candidate(
    call: Call, field: Field, application: Application, tags: frozenset[str]
) -> Candidate:
    options = [
        Option(r.support_class, r.blocks_least, min(r.blocks_most, cap))
        for r in application.requests
        if r.support_class in call.classes
        and r.blocks_least <= (cap := call.classes[r.support_class].cap_blocks)
    ]
    score = field.scores[application.id]
    lot = tie_lot(call, application, field.lots[application.id])
    return Candidate(application.id, score, tuple(options), tags, lot)
