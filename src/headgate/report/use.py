"""What the books say of one term, award by award: granted, carried in, used, taken back, unused.

Everything is read from the ledger's transfers; use over time comes from the meter's accepted rows,
whose sum is the ledger's to the second.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice

from headgate.core.decision import Decision
from headgate.core.ledger.transfer import Phase, Transfer
from headgate.core.metering.idle import Bucket, series
from headgate.core.quantities import DAY_SECONDS, instant
from headgate.steps.reallocate import CARRIED
from headgate.steps.term import Term

WEEK_SECONDS = 7 * DAY_SECONDS


@dataclass(frozen=True, slots=True)
class Past:
    """The term that a page is about: what stood before it, at its end, and before the next ended.

    A round that was held in it may be heard again while the next one runs.
    """

    before: Term | None
    end: Term
    until: Term

    @property
    def index(self) -> int:
        """Its number, counted from 0."""
        return self.end.index

    @property
    def starts(self) -> date:
        """Its first day."""
        return self.end.starts

    @property
    def ends(self) -> date:
        """The day after its last."""
        return self.end.ends

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """What was decided in it, from the turn with which it began."""
        return self.end.decisions[len(self.before.decisions) if self.before else 0 :]

    @property
    def moves(self) -> Iterator[Transfer]:
        """What was moved in it, in order, from the turn with which it began."""
        done = len(self.before.books.transfers) if self.before else 0
        return islice(self.end.books.history(), done, None)

    @property
    def rounds(self) -> tuple[str, ...]:
        """The rounds that were decided in it for the first time."""
        earlier = {*_decided(self.before.decisions if self.before else ())}
        return tuple(name for name in _decided(self.decisions) if name not in earlier)


@dataclass(frozen=True, slots=True)
class AwardUse:
    """One award of one class in the unit of its use: `granted` = used + back + unused - over.

    `over` is what was used beyond the balance and stands in `used` too.
    """

    award: str
    support: str
    support_class: str
    holder: str
    granted: int
    used: int
    over: int
    back: int

    @property
    def unused(self) -> int:
        """What was granted, not taken back, and not used."""
        return self.granted - self.back - (self.used - self.over)


def _decided(decisions: Iterable[Decision]) -> Mapping[str, None]:
    return dict.fromkeys(each.subject for each in decisions if each.step == "standings")


def pasts_of(term: Term) -> tuple[Past, ...]:
    """Every term from the first to the one that runs, each as it was before it turned."""
    before, ends = (None, *term.ended), (*term.ended, term)
    return tuple(map(Past, before, ends, (*ends[1:], term)))


def ended_of(term: Term) -> tuple[Past, ...]:
    """The terms that have ended, of which there is something to tell; one that never turned too."""
    found = pasts_of(term)
    return found[:-1] or found


def uses_of(past: Past, holders: Mapping[str, str]) -> tuple[AwardUse, ...]:
    """Every award of a term with its use, by support, award and class; `holders` is by award."""
    granted: Counter[tuple[str, str, str]] = Counter()
    used: Counter[tuple[str, str, str]] = Counter()
    over: Counter[tuple[str, str, str]] = Counter()
    back: Counter[tuple[str, str, str]] = Counter()
    for transfer in past.moves:
        debit, credit = transfer.debit.split("/"), transfer.credit.split("/")
        match debit, credit:
            case [_, "capacity", _], [support, "award", award, kind]:
                granted[support, award, kind] += transfer.amount
            case [support, "capacity", kind], [_, "arrival", _] if transfer.why == CARRIED:
                granted[support, _carrier(transfer), kind] += transfer.amount
            case [support, "award", award, kind], [_, "use", _, _]:
                used[support, award, kind] += _moved(transfer)
            case [support, "overuse", award, kind], [_, "use", _, _]:
                used[support, award, kind] += _moved(transfer)
                over[support, award, kind] += _moved(transfer)
            case [support, "award", award, kind], [_, "capacity", _]:
                back[support, award, kind] += transfer.amount
    return tuple(
        AwardUse(
            award,
            support,
            kind,
            holders.get(award, ""),
            granted[key],
            used[key],
            over[key],
            back[key],
        )
        for key in sorted(granted.keys() | used.keys())
        for support, award, kind in [key]
    )


def _carrier(transfer: Transfer) -> str:
    """The award that took a balance into a term, as the transfer's name has it."""
    return transfer.id.removeprefix("carry:").rpartition(":")[0]


def _moved(transfer: Transfer) -> int:
    """What a transfer adds to the use that is known: reservations count until they are voided."""
    return -transfer.amount if transfer.phase is Phase.VOID else transfer.amount


def weeks_of(past: Past, holders: Mapping[str, str]) -> Mapping[str, tuple[Bucket, ...]]:
    """GPU-seconds by week and class of holders, by support, from the first day of the term."""
    supports, starts = dict(_supports(past.end)), instant(past.starts)
    known = (held.record for attempts in past.end.known.values() for held in attempts)
    records = [
        replace(record, started=max(record.started, starts))
        for record in known
        if (record.ended or record.seen) > starts
    ]
    grouped: dict[str, list[Bucket]] = {}
    for support in sorted({*supports.values()}):
        mine = [record for record in records if supports.get(record.award) == support]
        found = series(mine, lambda r: holders.get(r.award, ""), WEEK_SECONDS, starts)
        grouped[support] = list(found)
    return {support: tuple(buckets) for support, buckets in grouped.items()}


def _supports(term: Term) -> Iterator[tuple[str, str]]:
    for transfer in term.books.history():
        parts = transfer.credit.split("/")
        if len(parts) == 4 and parts[1] == "award":
            yield parts[2], parts[0]
