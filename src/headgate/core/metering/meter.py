"""Usage records -> transfers, exactly once, however often and in whatever order they come.

Two things can be known of an attempt, and each has its own form in the ledger:

- **It has ended.** One SINGLE transfer under the bare outside fact,
  `use:{cluster}/{job}/{attempt}`, moves the whole of what it used, whether or not the attempt had
  been seen running before, and in how many windows.
- **It still runs.** What it has used since it was last seen is reserved: one PENDING transfer for
  each look, `use:{cluster}/{job}/{attempt}:open:{seen}`, because a reservation cannot grow. When
  the attempt ends, every slice is given back (VOID, `...:void`) and the single one is posted.

So an award cannot spend twice what a long job is using up, and a run that its cluster lost sight of
(a crashed node, a "runaway job") is mended by the row that gives its true end. What an award's
balance does not cover is booked from its overuse account, under the same id with `:over`, and is
reported: nothing used is ever lost. Allocated GPUs bill, not their load.

Where a cluster accounts for the energy of an attempt that has ended, one more SINGLE transfer moves
its joules, `energy:{cluster}/{job}/{attempt}`, between accounts that nothing limits. What a later
look tells otherwise is one transfer more, of the difference, `correct:energy:...:{seen}:{joules}`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from headgate.core.ledger.layers import Layers
from headgate.core.ledger.post import Books
from headgate.core.ledger.transfer import Phase, Transfer
from headgate.core.metering.judge import (
    Finding,
    Scope,
    gpu_seconds,
    has_absurd_energy,
    refusal,
    until,
)
from headgate.core.metering.usage import Usage
from headgate.core.quick import quick
from headgate.core.supports.kind import JOULE


class Taken(Enum):
    """What became of a row; every row becomes exactly one of these."""

    CLOSED = "the attempt has ended and its use is posted"
    MEASURED = "the attempt had ended, and its energy is told now, or told otherwise"
    RESERVED = "the attempt runs and its use since the last look is reserved"
    EXISTING = "the row says nothing new"
    REFUSED = "the row is refused by a finding"


@dataclass(frozen=True, slots=True)
class Held:
    """What the ledger holds of one attempt: the latest news, and the slices still reserved."""

    record: Usage
    reserved: tuple[Transfer, ...] = ()


_HELD: Final = quick(Held)
_TRANSFER: Final = quick(Transfer)

Known = Layers[tuple[str, str], tuple[Held, ...]]
"""All that earlier imports have told: (cluster, job) -> its attempts. Start from an empty one."""


@dataclass(frozen=True, slots=True)
class Found:
    """One finding with the row it was made in; `gpu_seconds` is the overuse, else 0."""

    finding: Finding
    record: Usage
    gpu_seconds: int = 0


@dataclass(frozen=True, slots=True)
class Metered:
    """What an import comes to: transfers in posting order, findings, what is known from now on.

    `counts` has every member of `Taken`, and their sum is the number of rows.
    """

    transfers: tuple[Transfer, ...]
    findings: tuple[Found, ...]
    known: Known
    counts: Mapping[Taken, int]


def meter(scope: Scope, books: Books, known: Known, records: Iterable[Usage], why: str) -> Metered:
    """Judge every record and make the transfers of what is new; `why` names the import.

    The result does not depend on the order of the records. `books` must hold the transfers of every
    import that `known` comes from; the transfers returned are then all created when posted.
    """
    desk = _Desk(scope, books, known, why)
    for record in sorted(records, key=_order):
        desk.counts[desk.take(record)] += 1
    return Metered(tuple(desk.transfers), tuple(desk.findings), known.under(desk.news), desk.counts)


def _order(record: Usage) -> tuple[str | int | bool, ...]:
    """A total order in which an attempt's end stands before the looks that it makes old news."""
    identity = (record.started, record.cluster, record.job, record.attempt)
    news = (record.ended is None, record.seen, until(record))
    joules = -1 if record.joules is None else record.joules
    return (*identity, *news, record.award, record.support_class, record.gpus, joules)


class _Desk:
    """One import while it is being judged."""

    def __init__(self, scope: Scope, books: Books, known: Known, why: str) -> None:
        self.scope = scope
        self.books = books
        self.why = why
        self.known = known
        self.news: dict[tuple[str, str], tuple[Held, ...]] = {}
        self.left: dict[str, int] = {}
        self.charged: dict[tuple[str, str], tuple[str, str]] = {}
        self.used: dict[tuple[str, str], str] = {}
        self.transfers: list[Transfer] = []
        self.findings: list[Found] = []
        self.counts = dict.fromkeys(Taken, 0)

    def take(self, record: Usage) -> Taken:
        """Judge one record and make its transfers."""
        job = record.cluster, record.job
        attempts = self.news.get(job) or self.known.get(job) or ()
        held = _of_attempt(attempts, record) if attempts else None
        if held is not None and _is_told_again(held.record, record):
            return Taken.EXISTING
        finding = refusal(self.scope, record)
        if finding is None and attempts:
            finding = _against(held, attempts, record)
        if finding is not None:
            self.findings.append(Found(finding, record))
            return Taken.REFUSED
        if has_absurd_energy(record):
            self.findings.append(Found(Finding.ENERGY_ABSURD, record))
            record = replace(record, joules=None)
        measured = held is not None and _tells_energy(held.record, record)
        if held is not None and not measured and _says_nothing_new(held.record, record):
            return Taken.EXISTING
        taken = Taken.MEASURED if measured else _taken(record)
        booked = self.book(taken, record, held)
        self.news[job] = (*(item for item in attempts if item is not held), booked)
        return taken

    def book(self, taken: Taken, record: Usage, held: Held | None) -> Held:
        """Make the transfers of a row that says something new; what is known from now on."""
        if taken is Taken.RESERVED:
            return self.reserve(record, held)
        if taken is Taken.CLOSED:
            self.close(record, held)
        told = held.record.joules if held and taken is Taken.MEASURED else None
        self.measure(record, told)
        return _HELD(record)

    def reserve(self, record: Usage, held: Held | None) -> Held:
        """Reserve what a running attempt has used since it was last seen."""
        reserved = held.reserved if held else ()
        more = gpu_seconds(record) - sum(piece.amount for piece in reserved)
        name = f"{_id(record)}:open:{record.seen}"
        return Held(record, (*reserved, *self.charge(name, record, more, Phase.PENDING)))

    def close(self, record: Usage, held: Held | None) -> None:
        """Give every reserved slice back and post the whole attempt."""
        for piece in held.reserved if held else ():
            award, unit = self.award(record)
            self.transfers.append(
                replace(
                    piece,
                    id=f"{piece.id}:void",
                    phase=Phase.VOID,
                    pending=piece.id,
                    at=self.scope.now,
                    why=self.why,
                )
            )
            if piece.debit == award:
                self.left[award] = self.available(award, unit) + piece.amount
        self.charge(_id(record), record, gpu_seconds(record), Phase.SINGLE)

    def measure(self, record: Usage, told: int | None) -> None:
        """Book the energy of an attempt, or by how much it is another than was told before."""
        more = (record.joules or 0) - (told or 0)
        if not more:
            return
        name = _id(record).replace("use:", "energy:", 1)
        if told is not None:
            name = f"correct:{name}:{record.seen}:{record.joules}"
        accounts = self.scope.accounts
        award = accounts.energy(record.award, record.support_class)
        drawn = accounts.drawn(record.cluster, record.support_class)
        debit, credit = (award, drawn) if more > 0 else (drawn, award)
        parts = debit, credit, abs(more), JOULE, Phase.SINGLE, None, self.scope.now, self.why
        self.transfers.append(Transfer(name, *parts))

    def charge(self, name: str, record: Usage, amount: int, phase: Phase) -> list[Transfer]:
        """Take an amount from the award as far as it reaches, and the rest as overuse."""
        award, unit = self.award(record)
        left = self.available(award, unit)
        covered = amount if amount <= left else max(0, left)
        over = amount - covered
        made = [self.transfer(name, award, record, covered, phase)] if covered else []
        if over:
            account = self.scope.accounts.overuse(record.award, record.support_class)
            made.append(self.transfer(f"{name}:over", account, record, over, phase))
            self.findings.append(Found(Finding.OVERUSE, record, over))
        self.transfers += made
        self.left[award] = left - covered
        return made

    def award(self, record: Usage) -> tuple[str, str]:
        """The account that a record is charged to, and its unit."""
        owner = record.award, record.support_class
        if owner not in self.charged:
            path = self.scope.accounts.award(*owner)
            self.charged[owner] = path, self.scope.unit(record.support_class)
        return self.charged[owner]

    def available(self, path: str, unit: str) -> int:
        """What an award can still bear, with what this import has taken from it already."""
        if path not in self.left:
            self.left[path] = self.books.available(self.books.chart.account(path, unit))
        return self.left[path]

    def transfer(self, name: str, debit: str, record: Usage, amount: int, phase: Phase) -> Transfer:
        """One movement from an account of the award to the use of the record's cluster."""
        place = record.cluster, record.support_class
        if place not in self.used:
            self.used[place] = self.scope.accounts.use(*place)
        _, unit = self.award(record)
        when, why = self.scope.now, self.why
        return _TRANSFER(name, debit, self.used[place], amount, unit, phase, None, when, why)


def _id(record: Usage) -> str:
    """The outside fact; a cluster's name has no "/", and the attempt is the part after the last."""
    return f"use:{record.cluster}/{record.job}/{record.attempt}"


def _of_attempt(attempts: Iterable[Held], record: Usage) -> Held | None:
    """What is known of the attempt that a row tells of, among those of its job."""
    return next((item for item in attempts if item.record.attempt == record.attempt), None)


def _against(held: Held | None, attempts: Iterable[Held], record: Usage) -> Finding | None:
    """What earlier rows have against a row that is sound on its own."""
    if held is not None and _contradicts(held.record, record):
        return Finding.CONTRADICTS
    others = [item.record for item in attempts if item is not held]
    if any(other.started < until(record) and record.started < until(other) for other in others):
        return Finding.OVERLAPS_ATTEMPT
    return None


def _contradicts(earlier: Usage, record: Usage) -> bool:
    """Whether two rows of one attempt cannot both be true.

    The award, the class, the GPUs and the start never change. An end, once told, stands; and no row
    may say that an attempt ran when a row that looked later, or ended it, says otherwise.
    """
    if _fact(earlier) != _fact(record):
        return True
    if earlier.ended is None:
        return record.ended is not None and record.seen < earlier.seen
    if record.ended is None:
        return record.seen > earlier.seen
    return record.ended != earlier.ended


def _is_told_again(earlier: Usage, record: Usage) -> bool:
    """Whether a row repeats an end that is known; when it was looked at again does not matter."""
    return record == earlier or (
        record.ended is not None
        and record.ended == earlier.ended
        and _fact(record) == _fact(earlier)
        and not _tells_energy(earlier, record)
    )


def _tells_energy(earlier: Usage, record: Usage) -> bool:
    """Whether a row tells of an attempt whose end is known what it drew, and knows it better.

    The latest look that tells it counts, and of two at one instant the one that tells more.
    """
    if earlier.ended is None or record.ended is None or record.joules is None:
        return False
    known = earlier.joules
    return known is None or (record.seen, record.joules) > (earlier.seen, known)


def _taken(record: Usage) -> Taken:
    return Taken.RESERVED if record.ended is None else Taken.CLOSED


def _fact(record: Usage) -> tuple[str, str, int, str]:
    return record.award, record.support_class, record.gpus, record.started


def _says_nothing_new(earlier: Usage, record: Usage) -> bool:
    """Whether a row that does not contradict an earlier one was covered by it."""
    return earlier.ended is not None or (record.ended is None and record.seen <= earlier.seen)
