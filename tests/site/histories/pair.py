"""The two writings of one ledger side by side: pure books in memory, and a database.

Whatever is told to the pair is told to both; they must answer alike, and after each operation all
that a ledger promises is looked for in the rows that were added.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from headgate.core.faults import Faulty
from headgate.core.ledger.chart import Limit
from headgate.core.ledger.correct import Correction, correct
from headgate.core.ledger.entry import Entry, encode, transfer_entry
from headgate.core.ledger.frontier import Frontier
from headgate.core.ledger.post import Balance, Books, post_all, post_linked
from headgate.core.ledger.transfer import Outcome, Phase, Refusal, Transfer
from headgate.site.actions.post import post
from headgate.site.records.books import BOUNDS, stored
from headgate.site.records.database import Database
from headgate.site.records.journal import append, head
from tests.site.histories.generator import CHART, OPERATIONS, Answer, Author, Operation

ADDED: Final = """
    SELECT e.seq, e.latest, e.line, l.account, l.unit, l.bound,
        l.debits_posted, l.credits_posted, l.debits_pending, l.credits_pending
    FROM entry e LEFT JOIN leg l ON l.seq = e.seq
    WHERE e.seq >= %s ORDER BY e.seq, l.half
"""


# A history asks for the same few accounts again and again.
known_account = lru_cache(CHART.find)


@dataclass(frozen=True, slots=True)
class Kept:
    """What a database says of an account."""

    unit: str
    bound: str
    balance: Balance


class Pair:
    """Pure books and a database that are told the same things, from where the database stands."""

    def __init__(self, database: Database, before: Frontier) -> None:
        at = head(database)
        assert before.size == at.size
        self.database = database
        self.first = at.size
        self.books = Books(CHART, at=at.latest)
        self.lines: list[bytes] = []
        self.pure = self.kept = before
        self.accounts: dict[str, Kept] = {}
        self.counts: Counter[str] = Counter()

    def tell(self, operation: Operation) -> tuple[Operation, tuple[Answer, ...]]:
        """Tell both; gives back the operation with the transfers that it led to, and the answer."""
        if operation.corrections:
            operation = replace(
                operation,
                transfers=self.corrected(operation.corrections, operation.at),
                linked=True,
            )
        answers: tuple[Answer, ...] = ()
        if operation.entry is not None:
            self.enter(operation.entry)
        elif operation.transfers:
            answers = self.post(operation.transfers, linked=operation.linked)
        if operation.expected is not None:
            assert operation.expected == answers
        self.check()
        self.count(operation, answers)
        return operation, answers

    def post(self, transfers: Sequence[Transfer], *, linked: bool) -> tuple[Answer, ...]:
        """Post to both, which must give the same outcomes."""
        posted = (post_linked if linked else post_all)(self.books, transfers)
        assert posted.outcomes == post(self.database, CHART, transfers, linked=linked)
        self.books = posted.books
        told = zip(transfers, posted.outcomes, strict=True)
        created = (transfer_entry(t) for t, outcome in told if outcome is Outcome.CREATED)
        self.written([encode(entry) for entry in created])
        return posted.outcomes

    def corrected(self, corrections: Sequence[Correction], at: str) -> tuple[Transfer, ...]:
        """The transfers that both would correct with; none where both refuse, for one reason."""
        kept = stored(self.database).books(CHART, self.books.at)
        told = [_corrected(books, corrections, at) for books in (self.books, kept)]
        assert told[0] == told[1]
        transfers, codes = told[0]
        self.counts.update(codes)
        return transfers

    def enter(self, entry: Entry) -> None:
        """Append an entry that is no transfer to both journals."""
        with self.database.writing():
            at, ledger = head(self.database), stored(self.database)
            append(self.database, at, ledger, CHART, [entry])
        self.written([encode(entry)])

    def written(self, lines: list[bytes]) -> None:
        """Add to the pure journal."""
        self.lines += lines
        self.pure = self.pure.grown(lines)

    def check(self) -> None:
        """Everything that the database added since the last look; all invariants with it."""
        latest, seen, lines = self.books.at, self.kept.size - 1, list[bytes]()
        for seq, latest_row, line, account, unit, bound, *totals in self.database.rows(
            ADDED, [self.kept.size]
        ):
            if seq != seen:
                assert seen + 1 == seq
                seen, latest = seq, latest_row
                lines.append(line.encode())
            if account is not None:
                self.accounts[account] = Kept(unit, bound, Balance(*totals))
                check_account(account, self.accounts[account])
        self.kept = self.kept.grown(lines)
        assert self.pure.root() == self.kept.root()
        assert self.books.at == latest
        kept = {path: account.balance for path, account in self.accounts.items()}
        assert self.books.balances.added() == kept
        check_sums(self.accounts)

    def close(self) -> None:
        """All that was written is still there as it was; a stranger's sums are the same."""
        sql = "SELECT line FROM entry WHERE seq >= %s ORDER BY seq"
        lines = [line.encode() for (line,) in self.database.rows(sql, [self.first])]
        assert self.lines == lines
        at = head(self.database)
        assert (self.pure.size, self.books.at) == (at.size, at.latest)
        assert readded(lines) == {path: kept.balance for path, kept in self.accounts.items()}
        check_corrections(list(self.books.history()))

    def count(self, operation: Operation, answers: Sequence[Answer]) -> None:
        """Count what was met, by name."""
        self.counts[operation.way.value] += 1
        for transfer, answer in zip(operation.transfers, answers, strict=True):
            self.counts[answer.name] += 1
            if answer is Outcome.CREATED:
                self.counts[f"phase {transfer.phase.value}"] += 1
        if operation.entry is not None:
            self.counts[f"entry {operation.entry.kind.value}"] += 1


def live(author: Author, pair: Pair) -> Counter[str]:
    """Live one history; what was met in it."""
    for _ in range(OPERATIONS):
        author.learn(*pair.tell(author.next(pair.books)))
    pair.close()
    return pair.counts + author.spoken


def _corrected(
    books: Books, corrections: Sequence[Correction], at: str
) -> tuple[tuple[Transfer, ...], tuple[str, ...]]:
    try:
        return tuple(correct(books, corrections, at)), ()
    except Faulty as faulty:
        return (), tuple(fault.code for fault in faulty.faults)


def check_sums(accounts: dict[str, Kept]) -> None:
    """In every unit as much was debited as credited, and as much is reserved on either side."""
    sums: dict[str, list[int]] = {}
    for account in accounts.values():
        balance, total = account.balance, sums.setdefault(account.unit, [0, 0])
        total[0] += balance.debits_posted - balance.credits_posted
        total[1] += balance.debits_pending - balance.credits_pending
    assert [] == [unit for unit, total in sums.items() if total != [0, 0]]


def check_account(path: str, kept: Kept) -> None:
    """An account has the unit and the limit of the chart, keeps to it, and fits 64 bits."""
    account, balance = known_account(path), kept.balance
    assert account is not None
    assert (account.unit, BOUNDS[account.limit]) == (kept.unit, kept.bound)
    debited = balance.debits_posted + balance.debits_pending
    credited = balance.credits_posted + balance.credits_pending
    assert max(debited, credited) < 2**63
    if account.limit is Limit.DEBITS_MUST_NOT_EXCEED_CREDITS:
        assert debited <= balance.credits_posted, path
    if account.limit is Limit.CREDITS_MUST_NOT_EXCEED_DEBITS:
        assert credited <= balance.debits_posted, path


def check_corrections(history: Sequence[Transfer]) -> None:
    """All corrections of a transfer together give back, the other way, at most what it moved."""
    told = {transfer.id: transfer for transfer in history}
    left = {transfer.id: transfer.amount for transfer in history}
    for transfer in history:
        if transfer.id.startswith("correct:"):
            wrong = told[transfer.id.removeprefix("correct:").rpartition(":")[0]]
            assert wrong.id in transfer.why
            assert (wrong.debit, wrong.credit) == (transfer.credit, transfer.debit)
            left[wrong.id] -= transfer.amount
    assert [] == [name for name, amount in left.items() if amount < 0]


def readded(lines: Sequence[bytes]) -> dict[str, Balance]:
    """Every balance, summed from the journal's lines as someone would who has nothing else."""
    sums: dict[str, list[int]] = {}
    reserved: dict[str, int] = {}
    for line in lines:
        _, kind, _, name, *fields = line.decode().split("\t")
        if kind != "transfer":
            continue
        debit, credit, amount, _, phase, pending, _ = fields
        posted = int(amount) if phase in ("single", "post") else 0
        reserves = int(amount) if phase == "pending" else -reserved.get(pending, 0)
        reserved[name] = int(amount)
        for side, path in enumerate((debit, credit)):
            total = sums.setdefault(path, [0, 0, 0, 0])
            total[side] += posted
            total[2 + side] += reserves
    return {path: Balance(*total) for path, total in sums.items()}


EXPECTED: Final = (
    *(outcome.name for outcome in Outcome),
    *(refusal.name for refusal in Refusal),
    *(f"phase {phase.value}" for phase in Phase),
)
"""Classes that no proof about posting may miss."""
