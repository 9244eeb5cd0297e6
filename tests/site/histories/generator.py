"""Histories of a ledger, written from what its docstrings promise and from nothing else.

An author lives one history of many ways: transfers one by one, linked, in batches, told again, told
again with another body, corrected, with other entries of the journal between them; with texts that
a database may stumble over and amounts at the edge of 64 bits. Where the docstrings say what must
come of an operation, the author says so too (`expected`), as a third opinion beside the two
writings. tests/core/ledger/test_post_histories.py has the other generator; they share nothing.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from random import Random
from typing import Final

from headgate.core.ledger.chart import Chart, Limit, Pattern
from headgate.core.ledger.correct import Correction
from headgate.core.ledger.entry import FIELDS, Entry, Kind
from headgate.core.ledger.post import AMOUNT_MAX, Books
from headgate.core.ledger.text import NAME_LENGTH_MAX
from headgate.core.ledger.transfer import Outcome, Phase, Refusal, Transfer
from headgate.core.quantities import instant_of, seconds_of

OPERATIONS: Final = 60
"""Operations in one history."""

CHART: Final = Chart(
    (
        Pattern("{history}/supply/{site}", "gpu_second"),
        Pattern("{history}/award/{award}", "gpu_second", Limit.DEBITS_MUST_NOT_EXCEED_CREDITS),
        Pattern("{history}/use/{site}", "gpu_second"),
        Pattern("{history}/loan/{lender}", "gpu_second", Limit.CREDITS_MUST_NOT_EXCEED_DEBITS),
        Pattern("{history}/fund/{ministry}", "krw"),
        Pattern("{history}/tokens/{model}", "token"),
        Pattern("{history}/seats/{university}/{holder}", "seat_day.{university}"),
    )
)

ODD: Final = {
    "Vietnamese": "Đại học Bách khoa Hà Nội",
    "Korean": "서울대학교 AI 대학원",
    "quotes": """it's "quoted" `so`""",
    "backslashes": r"back\slash \N \. \t \\",
    "percents": "100 % of %s and %(id)s and %%",
    "emoji": "🚀👩‍🔬🇰🇷",
    "SQL": "'); DROP TABLE leg; --",
    "placeholders": "{path} $1 :name ? @x",
    "combining marks": "e\u0301 is not é",
    "blanks": "  blanks at both ends  ",
    "null": "NULL",
    "a null of COPY": r"\N",
    "separators": "a|b,c;d",
    "wide blanks": "a\u00a0b\u3000c\u200bd\ufeff",
}
"""Texts that are plain to the ledger, and that a database or a driver may read otherwise."""

BAD_NAMES: Final = (
    "",
    "a\tb",
    "line\nbreak",
    "\x00",
    "\ud800",
    "\u2028",
    "\u202eback",
    "x" * 1_001,
)
BAD_INSTANTS: Final = (
    *("", "noon", "2026-02-30T00:00:00Z", "2026-03-09T12:00:00+00:00", "2026-03-09 12:00:00Z"),
    *("2026-03-09T12:00:00z", "0000-01-01T00:00:00Z", "\x00", "２026-03-09T12:00:00Z"),
)
HANGUL: Final = range(0xAC00, 0xD7A4)
RESOLVING: Final = (Phase.POST, Phase.VOID, Phase.EXPIRE)


class Way(Enum):
    """How an operation comes about."""

    ONE = "one transfer"
    LINKED = "a linked group"
    BATCH = "a batch"
    REPEAT = "the same again"
    OTHER_BODY = "the same id with another body"
    SPOILT = "one rule broken"
    LINKED_SPOILT = "a linked group with one rule broken"
    CORRECTION = "corrections"
    OTHER_ENTRY = "an entry of another kind"


WEIGHTS: Final = {
    Way.ONE: 30,
    Way.LINKED: 7,
    Way.BATCH: 4,
    Way.REPEAT: 6,
    Way.OTHER_BODY: 6,
    Way.SPOILT: 22,
    Way.LINKED_SPOILT: 4,
    Way.CORRECTION: 10,
    Way.OTHER_ENTRY: 8,
}

Answer = Outcome | Refusal


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: transfers to post, or corrections to make at an instant, or one entry.

    `expected` is what the docstrings say must come of the transfers, where they leave no doubt.
    """

    way: Way
    transfers: tuple[Transfer, ...] = ()
    linked: bool = False
    expected: tuple[Answer, ...] | None = None
    corrections: tuple[Correction, ...] = ()
    at: str = ""
    entry: Entry | None = None


class Author:
    """One history while it is being lived, from an instant on; told of every outcome."""

    def __init__(self, seed: int, start: int) -> None:
        self.random = Random(f"history {seed}")
        self.name = f"h{seed}"
        self.clock = start
        self.serial = 0
        self.told: list[Transfer] = []
        self.mended: Transfer | None = None
        self.groups: list[tuple[Transfer, ...]] = []
        self.open: dict[str, Transfer] = {}
        self.resolved: dict[Phase, list[Transfer]] = {phase: [] for phase in RESOLVING}
        self.spoken: Counter[str] = Counter()
        self.supply, self.award = self.accounts("supply", 2), self.accounts("award", 3)
        self.use, self.loan = self.accounts("use", 2), self.accounts("loan", 2)
        self.fund, self.tokens = self.accounts("fund", 2), self.accounts("tokens", 3)
        self.university = self.words()
        self.seats = self.accounts(f"seats/{self.university}", 3)

    # Texts.

    def accounts(self, family: str, number: int) -> list[str]:
        """Paths of a family, each other than the others, some as long as a path may be."""
        paths = [f"{self.name}/{family}/{place}{self.words()}" for place in range(number)]
        if self.random.random() < 0.1:
            self.spoken["text: long path"] += 1
            paths[0] = self.padded(paths[0])
        return paths

    def words(self) -> str:
        """Some words, odd ones about half the time."""
        if self.random.random() < 0.5:
            return f"plain-{self.random.randrange(100)}"
        name = self.random.choice(list(ODD))
        self.spoken[f"text: {name}"] += 1
        return ODD[name]

    def new_id(self) -> str:
        """An id that no transfer of any history has, sometimes as long as an id may be."""
        self.serial += 1
        told = f"{self.name}:{self.serial}:{self.words()}"
        if self.random.random() < 0.03:
            self.spoken["text: long id"] += 1
            return self.padded(told)
        return told

    def why(self) -> str:
        """A reason, sometimes a long one whose every sign is three bytes."""
        if self.random.random() < 0.03:
            self.spoken["text: long reason"] += 1
            return self.padded("")
        return self.words()

    def padded(self, text: str) -> str:
        """A text made as long as a name may be, with signs that no index can shorten."""
        room = (NAME_LENGTH_MAX - len(text.encode())) // 3
        return text + "".join(map(chr, self.random.choices(HANGUL, k=room)))

    def at(self) -> str:
        """Now."""
        return instant_of(self.clock)

    # Transfers.

    def single(self, debit: str, credit: str, amount: int, unit: str = "gpu_second") -> Transfer:
        """A movement at once between two accounts, now."""
        parts = (debit, credit, amount, unit, Phase.SINGLE, None)
        return Transfer(self.new_id(), *parts, self.at(), self.why())

    def honest(self) -> Transfer:
        """A movement that no rule can refuse: little, out of a supply without a limit."""
        random = self.random
        return self.single(
            random.choice(self.supply), random.choice(self.award), random.randint(1, 9)
        )

    def opening(self) -> Transfer:
        """A movement at once or a reservation, mostly one that there is enough for."""
        random = self.random
        few, vast = random.randint(1, 60), random.choice((1, 2**62, AMOUNT_MAX // 3, AMOUNT_MAX))
        seat = f"seat_day.{self.university}"
        givers, takers, amount, unit = random.choice(
            (
                (self.supply, self.award, 10 * few, "gpu_second"),
                (self.award, self.use, few, "gpu_second"),
                (self.award, self.use, few, "gpu_second"),
                (self.loan, self.award, few, "gpu_second"),
                (self.award, self.loan, few, "gpu_second"),
                (self.fund[:1], self.fund[1:], few * 10**11, "krw"),
                (self.tokens, self.tokens[::-1], vast, "token"),
                (self.seats, self.seats, few, seat),
            )
        )
        told = self.single(random.choice(givers), random.choice(takers), amount, unit)
        return replace(told, phase=random.choice((Phase.SINGLE, Phase.SINGLE, Phase.PENDING)))

    def resolving(self, reserved: Transfer, phase: Phase, amount: int | None = None) -> Transfer:
        """What resolves a reservation, in the amount that was reserved unless another is told."""
        moved = reserved.amount if amount is None else amount
        parts = (reserved.debit, reserved.credit, moved, reserved.unit, phase, reserved.id)
        return Transfer(self.new_id(), *parts, self.at(), self.why())

    def ordinary(self) -> Transfer:
        """What a ledger sees most: something opened or something resolved."""
        if not self.open or self.random.random() < 0.5:
            return self.opening()
        reserved = self.random.choice(list(self.open.values()))
        phase = self.random.choice(RESOLVING)
        part = self.random.randint(1, reserved.amount) if phase is Phase.POST else None
        return self.resolving(reserved, phase, part)

    # Operations.

    def next(self, books: Books) -> Operation:
        """The next operation on these books."""
        self.clock += self.random.choice((0, 1, 60, 3_599))
        way = self.random.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        match way:
            case Way.SPOILT:
                transfer, refusal = self.spoilt(books)
                return Operation(way, (transfer,), expected=(refusal,))
            case Way.LINKED_SPOILT:
                return self.linked_spoilt(books)
            case Way.CORRECTION:
                corrections = tuple(self.correction() for _ in range(self.random.randint(1, 2)))
                return Operation(way, corrections=corrections, at=self.at())
            case Way.OTHER_ENTRY:
                return Operation(way, entry=self.other_entry())
            case Way.REPEAT | Way.OTHER_BODY if self.told:
                return self.again(way)
            case Way.LINKED:
                return Operation(way, self.some(4), linked=True)
            case Way.BATCH:
                return Operation(way, self.some(24))
            case _:
                return Operation(Way.ONE, (self.ordinary(),))

    def some(self, number_max: int) -> tuple[Transfer, ...]:
        """Several transfers, of which later ones may resolve earlier ones or tell them again."""
        some: list[Transfer] = []
        for _ in range(self.random.randint(2, number_max)):
            reserved = [t for t in some if t.phase is Phase.PENDING]
            chance = self.random.random()
            if reserved and chance < 0.4:
                some.append(self.resolving(self.random.choice(reserved), Phase.POST))
            elif some and chance < 0.45:
                some.append(self.random.choice(some))
            else:
                some.append(self.ordinary())
        return tuple(some)

    def again(self, way: Way) -> Operation:
        """A transfer or a whole linked group told again, or an id with another body."""
        if way is Way.REPEAT and self.groups and self.random.random() < 0.3:
            group = self.random.choice(self.groups)
            return Operation(way, group, linked=True, expected=(Outcome.EXISTS,) * len(group))
        old = self.random.choice(self.told)
        if way is Way.REPEAT:
            return Operation(way, (old,), expected=(Outcome.EXISTS,))
        other = self.random.choice(
            (
                replace(old, amount=old.amount + 1),
                replace(old, why=f"{old.why}!"),
                replace(old, debit=old.credit, credit=old.debit),
                replace(old, unit="won"),
                replace(old, at="noon"),
                replace(old, phase=Phase.EXPIRE if old.phase is Phase.VOID else Phase.VOID),
                replace(old, pending="" if old.pending is None else None),
            )
        )
        return Operation(way, (other,), expected=(Refusal.EXISTS_WITH_DIFFERENT_BODY,))

    def linked_spoilt(self, books: Books) -> Operation:
        """A group of which one must be refused, and so all."""
        transfer, refusal = self.spoilt(books)
        before = tuple(self.honest() for _ in range(self.random.randint(0, 2)))
        after = tuple(self.opening() for _ in range(0 if before else 1))
        if refusal in (Refusal.EXCEEDS_CREDITS, Refusal.TIME_RUNS_BACKWARDS):
            # What stands before it would give the award more, or bring time on.
            before, after = (), (*before, *after)
        linked = Refusal.LINKED_TRANSFER_REFUSED
        expected = (*[linked] * len(before), refusal, *[linked] * len(after))
        return Operation(
            Way.LINKED_SPOILT, (*before, transfer, *after), linked=True, expected=expected
        )

    def correction(self) -> Correction:
        """Something to take back, mostly of what there is and mostly not too much of it."""
        if not self.told or self.random.random() < 0.05:
            return Correction(self.random.choice(("lost", "")), 1, self.why())
        # What was corrected once is corrected again, until there is nothing left to take back.
        wrong = self.mended if self.mended and self.random.random() < 0.6 else None
        wrong = self.mended = wrong or self.random.choice(self.told)
        half, third = max(1, wrong.amount // 2), max(1, wrong.amount // 3)
        amount = self.random.choice((half, third, third, wrong.amount + 1, 0))
        because = "" if self.random.random() < 0.05 else self.why()
        return Correction(wrong.id, amount, because)

    def other_entry(self) -> Entry:
        """A line of the journal that moves nothing; its instant may lie before the latest one."""
        kind = self.random.choice([kind for kind in Kind if kind is not Kind.TRANSFER])
        fields = tuple(self.random.choice(("", self.words())) for _ in FIELDS[kind])
        at = instant_of(self.clock - self.random.choice((0, 86_400)))
        return Entry(kind, at, self.new_id(), fields)

    def learn(self, operation: Operation, answers: Sequence[Answer]) -> None:
        """Remember what came of the transfers that an operation had or led to."""
        pairs = zip(operation.transfers, answers, strict=True)
        created = [transfer for transfer, answer in pairs if answer is Outcome.CREATED]
        for transfer in created:
            self.told.append(transfer)
            if transfer.phase is Phase.PENDING:
                self.open[transfer.id] = transfer
            if transfer.pending is not None:
                self.resolved[transfer.phase].append(self.open.pop(transfer.pending))
        if operation.linked and len(created) == len(operation.transfers):
            self.groups.append(operation.transfers)

    # One rule broken, and no rule before it.

    def spoilt(self, books: Books) -> tuple[Transfer, Refusal]:
        """A transfer that breaks a rule, and the refusal that it must meet."""
        refusals = list(SPOILS)
        while True:
            refusal = self.random.choice(refusals)
            transfer = SPOILS[refusal](self, books)
            if transfer is not None:
                return transfer, refusal

    def one_open(self) -> Transfer | None:
        """A reservation that is open, if there is one."""
        return self.random.choice(list(self.open.values())) if self.open else None


def _spoilt(field: str, values: Sequence[object]) -> Callable[[Author, Books], Transfer]:
    """An honest transfer with one field that cannot be."""

    def spoil(author: Author, _: Books) -> Transfer:
        return replace(author.honest(), **{field: author.random.choice(values)})  # type: ignore[arg-type]

    return spoil


def _same_account(author: Author, _: Books) -> Transfer:
    path = author.random.choice(author.supply)
    return author.single(path, path, 1)


def _unit_mismatch(author: Author, _: Books) -> Transfer:
    told = author.honest()
    others = (
        replace(told, unit="krw"),
        replace(told, unit=""),
        replace(told, debit=author.fund[0]),
        replace(told, credit=author.seats[0]),
    )
    return author.random.choice(others)


def _pending_absent(author: Author, _: Books) -> Transfer:
    phase = author.random.choice((Phase.SINGLE, Phase.PENDING))
    return replace(author.honest(), phase=phase, pending=author.random.choice(("", "lost", "\x00")))


def _pending_named(author: Author, _: Books) -> Transfer:
    return replace(author.honest(), phase=author.random.choice(RESOLVING))


def _pending_not_found(author: Author, _: Books) -> Transfer:
    told = author.honest()
    named = author.random.choice(("lost", "", "\x00", "\ud800", told.id))
    return replace(told, phase=author.random.choice(RESOLVING), pending=named)


def _pending_not_pending(author: Author, _: Books) -> Transfer | None:
    moved = [told for told in author.told if told.phase is not Phase.PENDING]
    if not moved:
        return None
    return author.resolving(author.random.choice(moved), author.random.choice(RESOLVING))


def _pending_other_accounts(author: Author, _: Books) -> Transfer | None:
    reserved = author.one_open()
    if reserved is None:
        return None
    told = author.resolving(reserved, author.random.choice(RESOLVING))
    return replace(told, debit=told.credit, credit=told.debit)


def _already(phase: Phase) -> Callable[[Author, Books], Transfer | None]:
    def spoil(author: Author, _: Books) -> Transfer | None:
        done = author.resolved[phase]
        if not done:
            return None
        return author.resolving(author.random.choice(done), author.random.choice(RESOLVING))

    return spoil


def _exceeds_pending(author: Author, _: Books) -> Transfer | None:
    reserved = author.one_open()
    if reserved is None:
        return None
    return author.resolving(reserved, Phase.POST, reserved.amount + 1)


def _other_amount(author: Author, _: Books) -> Transfer | None:
    reserved = author.one_open()
    if reserved is None:
        return None
    amount = reserved.amount + author.random.choice((1, -1 if reserved.amount > 1 else 1))
    return author.resolving(reserved, author.random.choice((Phase.VOID, Phase.EXPIRE)), amount)


def _overflows(author: Author, books: Books) -> Transfer:
    debit, credit = author.random.sample(author.tokens, 2)
    one = books.balance(CHART.account(debit, "token"))
    other = books.balance(CHART.account(credit, "token"))
    debited = one.debits_posted + one.debits_pending
    credited = other.credits_posted + other.credits_pending
    amount = author.random.choice((AMOUNT_MAX - max(debited, credited) + 1, 2**63, 2**64))
    phase = author.random.choice((Phase.SINGLE, Phase.PENDING))
    return replace(author.single(debit, credit, amount, "token"), phase=phase)


def _exceeds_credits(author: Author, books: Books) -> Transfer:
    path = author.random.choice(author.award)
    amount = books.available(CHART.account(path, "gpu_second")) + 1
    return author.single(path, author.random.choice(author.use), amount)


def _exceeds_debits(author: Author, books: Books) -> Transfer:
    path = author.random.choice(author.loan)
    amount = books.available(CHART.account(path, "gpu_second")) + 1
    return author.single(author.random.choice(author.supply), path, amount)


def _backwards(author: Author, books: Books) -> Transfer | None:
    if not books.at:
        return None
    return replace(author.honest(), at=instant_of(seconds_of(books.at) - 1))


_UNKNOWN: Final = ("", "nowhere", "h0/supply", "a/supply/b/c", "h/supply/\x00", "h/supply/\ud800")

SPOILS: Final[dict[Refusal, Callable[[Author, Books], Transfer | None]]] = {
    Refusal.ID_BAD: _spoilt("id", BAD_NAMES),
    Refusal.AT_BAD: _spoilt("at", BAD_INSTANTS),
    Refusal.WHY_BAD: _spoilt("why", BAD_NAMES),
    Refusal.AMOUNT_NOT_POSITIVE: _spoilt("amount", (0, -1, -(2**63), -(2**64), True)),
    Refusal.SAME_ACCOUNT: _same_account,
    Refusal.DEBIT_ACCOUNT_UNKNOWN: _spoilt("debit", _UNKNOWN),
    Refusal.CREDIT_ACCOUNT_UNKNOWN: _spoilt("credit", _UNKNOWN),
    Refusal.UNIT_MISMATCH: _unit_mismatch,
    Refusal.PENDING_MUST_BE_ABSENT: _pending_absent,
    Refusal.PENDING_MUST_BE_NAMED: _pending_named,
    Refusal.PENDING_NOT_FOUND: _pending_not_found,
    Refusal.PENDING_NOT_PENDING: _pending_not_pending,
    Refusal.PENDING_HAS_DIFFERENT_ACCOUNTS: _pending_other_accounts,
    Refusal.PENDING_ALREADY_POSTED: _already(Phase.POST),
    Refusal.PENDING_ALREADY_VOIDED: _already(Phase.VOID),
    Refusal.PENDING_ALREADY_EXPIRED: _already(Phase.EXPIRE),
    Refusal.EXCEEDS_PENDING_AMOUNT: _exceeds_pending,
    Refusal.PENDING_HAS_DIFFERENT_AMOUNT: _other_amount,
    Refusal.OVERFLOWS_ACCOUNT: _overflows,
    Refusal.EXCEEDS_CREDITS: _exceeds_credits,
    Refusal.EXCEEDS_DEBITS: _exceeds_debits,
    Refusal.TIME_RUNS_BACKWARDS: _backwards,
}
"""How each rule is broken alone; the two that are missing need what is in `Way`."""
