"""The agenda of a term: what is due on which day, read from the policy's own dates."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from functools import lru_cache
from itertools import chain, count

from headgate.core.policy.dated import at, changes, find, take
from headgate.core.policy.document import Document
from headgate.core.policy.schema import Calendar, Policy, Remedy
from headgate.core.quantities import add_months
from headgate.steps.event import Event, What
from headgate.steps.term import term_days


@lru_cache(maxsize=64)
def first_day(document: Document) -> date:
    """The first day of the first term: as the policy of the earliest day that is named has it.

    Raises Faulty where the file says it on no day.
    """
    for day in (date.min, *changes(document.programme)):
        tree = take(document.programme, day)
        found = find(tree.value, "programme.calendar.first") if tree else None
        if found is not None and isinstance(found.data, date):
            return at(document, found.data).policy.programme.calendar.first
    return at(document, date.max).policy.programme.calendar.first


@lru_cache(maxsize=64)
def agenda(document: Document, index: int = 0) -> tuple[Event, ...]:
    """Everything due in a term, in order.

    The calls that are decided are those whose awards begin in the term; one that opens or closes
    while an earlier term runs does so then. Use is metered every month and before anything that
    looks at it; a reclaim comes when its part of the term is over, a round on its day. Orders that
    change with the term's end are given as it turns, and by what is decided that day on the next.
    """
    first = at(document, first_day(document)).policy
    starts, ends = term_days(first, index)
    policy = at(document, starts).policy
    order = list(What)
    looks = list(
        dict.fromkeys([*_reclaims(document, starts, ends), *_rounds(policy, starts, ends)])
    )
    due = [*_calls(policy, starts, ends, first=index == 0), *looks]
    due += _meterings(first.programme.calendar, index, _seen_by_meters(looks))
    given = {policy.calls[e.about].starts for e in due if e.what is What.DECIDE_CALL}
    given |= {e.day for e in looks if e.what is What.RECLAIM and e.day < ends}
    # What clusters hold on a day is received once, and on a later term's first day as it turned.
    ordered = starts + timedelta(days=bool(index))
    given = {max(day, ordered) for day in given} | ({starts} if index == 0 else set())
    due += (Event(day, What.ENFORCE) for day in given)
    due += [Event(ends, What.TURN)]
    return tuple(sorted(due, key=lambda event: (event.day, order.index(event.what), event.about)))


def _seen_by_meters(looks: Iterable[Event]) -> set[date]:
    """The days of what looks at use; a method is frozen without looking at any."""
    return {event.day for event in looks if event.what is not What.FREEZE_ROUND}


def calendar(document: Document, terms: int | None = None) -> Iterator[Event]:
    """All that is due from the first day on, for so many terms; without a number, without end."""
    indices = count() if terms is None else range(terms)
    return chain.from_iterable(agenda(document, index) for index in indices)


def _calls(policy: Policy, starts: date, ends: date, *, first: bool) -> Iterator[Event]:
    """Calls open and close on their days; what lies before the first term belongs to it.

    The awards of a later term are decided in it, on its first day where theirs comes before.
    """
    for call_id, call in policy.calls.items():
        begins = max(call.starts, call.decides)
        for day, what in ((call.opens, What.OPEN_CALL), (call.closes, What.CLOSE_CALL)):
            if day < ends and (first or day >= starts):
                yield Event(day, what, call_id)
        if begins < ends and (first or begins >= starts):
            day = call.decides if first else max(call.decides, starts)
            yield Event(day, What.DECIDE_CALL, call_id)


def _meterings(calendar: Calendar, index: int, looks: set[date]) -> Iterator[Event]:
    starts, *months = (
        add_months(calendar.first, calendar.months * index + month)
        for month in range(calendar.months + 1)
    )
    days = sorted({*months} | looks)
    for since, until in zip([starts, *days], days, strict=False):
        yield Event(until, What.METER, since=since)


def _reclaims(document: Document, starts: date, ends: date) -> Iterator[Event]:
    """Every version of a reclaim rule that is in force on the day that it sets."""
    versions = {starts, *(day for day in changes(document.programme) if starts < day < ends)}
    for version in versions:
        for support, rule in at(document, version).policy.reclaim.items():
            days = (ends - starts).days * rule.elapsed
            day = starts + timedelta(days=-(-days.numerator // days.denominator))
            if at(document, day).policy.reclaim.get(support) == rule:
                yield Event(day, What.RECLAIM, support)


def _rounds(policy: Policy, starts: date, ends: date) -> Iterator[Event]:
    """Rounds on their days; a method is frozen before, and a lot is drawn once a tie is entered."""
    for round_id, evaluation in policy.rounds.items():
        frozen = evaluation.freeze
        if frozen is not None and starts < frozen.on <= ends:
            yield Event(frozen.on, What.FREEZE_ROUND, round_id)
        if starts < evaluation.on <= ends:
            yield Event(evaluation.on, What.CLOSE_ROUND, round_id)
            if evaluation.remedy in (Remedy.LOT, Remedy.NAMED_TIE_BREAKERS):
                yield Event(evaluation.on, What.DRAW_LOT, round_id)
