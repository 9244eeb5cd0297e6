"""What the books say of one term, award by award: granted, used, taken back, left unused.

Everything is read from the ledger's transfers; use over time comes from the meter's accepted rows,
whose sum is the ledger's to the second.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from headgate.core.ledger.transfer import Phase, Transfer
from headgate.core.metering.idle import Bucket, series
from headgate.core.quantities import DAY_SECONDS, instant
from headgate.steps.term import Term, term_days

WEEK_SECONDS = 7 * DAY_SECONDS


@dataclass(frozen=True, slots=True)
class Past:
    """The term that a page is about: its number and its days, the last one excluded."""

    index: int
    starts: date
    ends: date


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


def past_of(term: Term) -> Past:
    """The term that has ended; a term that was never turned is its own."""
    index = max(term.index - 1, 0)
    return Past(index, *term_days(term.policy(term.starts), index))


def uses_of(term: Term, holders: Mapping[str, str], index: int) -> tuple[AwardUse, ...]:
    """Every award of a term with its use, by support, award and class; `holders` is by award."""
    granted: Counter[tuple[str, str, str]] = Counter()
    used: Counter[tuple[str, str, str]] = Counter()
    over: Counter[tuple[str, str, str]] = Counter()
    back: Counter[tuple[str, str, str]] = Counter()
    for transfer in term.books.history():
        debit, credit = transfer.debit.split("/"), transfer.credit.split("/")
        match debit, credit:
            case [_, "capacity", _], [support, "award", award, kind]:
                if _term_of(transfer) <= index:
                    granted[support, award, kind] += transfer.amount
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


def _term_of(transfer: Transfer) -> int:
    """The number of the term that a grant is for, as its id ends."""
    number = transfer.id.rpartition(":")[2]
    return int(number) if number.isdecimal() else 0


def _moved(transfer: Transfer) -> int:
    """What a transfer adds to the use that is known: reservations count until they are voided."""
    return -transfer.amount if transfer.phase is Phase.VOID else transfer.amount


def weeks_of(
    term: Term, starts: date, holders: Mapping[str, str]
) -> Mapping[str, tuple[Bucket, ...]]:
    """GPU-seconds by week and class of holders, by support."""
    supports = dict(_supports(term))
    records = [held.record for attempts in term.known.values() for held in attempts]
    grouped: dict[str, list[Bucket]] = {}
    for support in sorted({*supports.values()}):
        mine = [record for record in records if supports.get(record.award) == support]
        found = series(mine, lambda r: holders.get(r.award, ""), WEEK_SECONDS, instant(starts))
        grouped[support] = list(found)
    return {support: tuple(buckets) for support, buckets in grouped.items()}


def _supports(term: Term) -> Iterator[tuple[str, str]]:
    for transfer in term.books.history():
        parts = transfer.credit.split("/")
        if len(parts) == 4 and parts[1] == "award":
            yield parts[2], parts[0]
