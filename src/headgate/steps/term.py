"""The state that the steps hand on: what was adopted, received, decided, moved and held so far."""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Protocol

from headgate.core import canonical
from headgate.core.decision import Decision
from headgate.core.duties.amendment import Amendment
from headgate.core.duties.payments import Bill
from headgate.core.enforcement.place import Part
from headgate.core.evaluation.decide import RoundOutcome
from headgate.core.ledger.chart import Chart, Pattern
from headgate.core.ledger.entry import Entry, Kind, encode, transfer_entry
from headgate.core.ledger.frontier import Frontier
from headgate.core.ledger.layers import Layers
from headgate.core.ledger.post import Books, post_all, post_linked
from headgate.core.ledger.transfer import Outcome, Phase, Refusal, Transfer
from headgate.core.metering.meter import Known
from headgate.core.policy.dated import Resolved, at
from headgate.core.policy.document import Document
from headgate.core.policy.schema import Policy
from headgate.core.quantities import add_months
from headgate.core.supports.kind import Accounts
from headgate.steps.event import Event

DUE, INCOME, PAID = "due/{award}", "income/{support}", "paid/{support}"
"""Where fees owed by awards come from and go to, and what was paid, in the smallest unit."""


@dataclass(frozen=True, slots=True)
class Holding:
    """One award that runs: who holds how many blocks of what, until when, and on which sites.

    `amended` is what was granted of all that was asked of it, oldest first. `billed` are its bills
    where the policy suspends for one that is overdue, else None.
    """

    award: str
    call: str
    holder: str
    support: str
    support_class: str
    blocks: int
    amount: int
    starts: date
    ends: date
    parts: tuple[Part, ...]
    amended: tuple[Amendment, ...] = ()
    billed: tuple[Bill, ...] | None = field(default=None, metadata=canonical.UNTOLD)

    @property
    def right(self) -> str:
        """The account of what the award may still use."""
        return Accounts(self.support).award(self.award, self.support_class)


@dataclass(frozen=True, slots=True)
class Fact:
    """One set of facts as received: the values, their canonical lines, and SHA-256 of the lines.

    Two of one name and digest are the same.
    """

    name: str
    values: tuple[object, ...] = field(compare=False)
    data: bytes = field(compare=False)
    digest: str


@dataclass(frozen=True, slots=True)
class Closed:
    """A round that was closed in this term or the last: what deciding it again must know.

    `seed` is that of the draws, `before` what awards were to hold before the round moved anything,
    `heard` the facts of hearings since, and `lot` the root from which a lot was drawn. Once the
    term has turned, `began` is the first day of the one in which the round closed, and `held` are
    the awards of its teams as they were at its end, each with the amount that it had left.
    """

    seed: str
    day: date
    teams: tuple[str, ...]
    before: Mapping[str, int]
    outcome: RoundOutcome
    heard: tuple[str, ...] = ()
    lot: str = ""
    began: date | None = None
    held: Mapping[str, Holding] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Owed:
    """Blocks of an award that a round ended by a mistake, and that nothing was free for yet.

    `holding` is the award as it would run by the decision that was made again after the hearing of
    `facts`; its amount is what it had left when its term turned.
    """

    round: str
    facts: str
    holding: Holding
    blocks: int


class Received(Hashable, Protocol):
    """A set of facts as a step reads it: in memory, or read from where it is kept when needed."""

    @property
    def digest(self) -> str:
        """SHA-256 of the lines."""

    @property
    def data(self) -> bytes:
        """The canonical lines."""

    @property
    def values(self) -> tuple[object, ...]:
        """The values of the lines."""


class ReceivedAlready(ValueError):
    """Facts came a second time under one name; the first would be gone from what is published."""


class LedgerRefused(ValueError):
    """A step moved what the ledger refuses; the step's rules and the ledger's disagree.

    `refused` are the first such transfers by id, for whoever says it in another language.
    """

    def __init__(self, text: str, refused: Mapping[str, Refusal] | None = None) -> None:
        super().__init__(text)
        self.refused = refused or {}


@dataclass(frozen=True, slots=True, eq=False)
class Term:
    """Everything decided in a term so far; each step returns a new one.

    A term that is read from where it is kept begins with no `entries`, `decisions` and `taken`:
    they hold what was added since. Its `tree` is that of all that the cycle has entered, in a
    database without the entries that say what was published. `day` is that of the last event, or of
    the adoption before the first, and `done` counts those of the term's calendar. `ended` are the
    terms that turned since it was read, each as it was right before. Of one `on_trial`, which is
    thrown away once its decisions were looked at, nothing is entered: to write and digest each line
    takes a third of the time.
    """

    document: Document
    index: int
    starts: date
    ends: date
    books: Books
    tree: Frontier = field(default_factory=Frontier)
    entries: tuple[Entry, ...] = ()
    decisions: tuple[Decision, ...] = ()
    facts: Layers[str, Received] = field(default_factory=Layers)
    holdings: Mapping[str, Holding] = field(default_factory=dict)
    known: Known = field(default_factory=Layers)
    next_blocks: Mapping[str, int] = field(default_factory=dict)
    closed: Mapping[str, Closed] = field(default_factory=dict)
    owed: tuple[Owed, ...] = ()
    taken: tuple[Event, ...] = ()
    day: date = date.min
    done: int = 0
    ended: tuple["Term", ...] = ()
    on_trial: bool = False

    def resolved(self, day: date) -> Resolved:
        """The policy as the file has it on a day, with the provenance of every value."""
        return at(self.document, day)

    def policy(self, day: date) -> Policy:
        """The policy as the file has it on a day."""
        return self.resolved(day).policy

    def root(self) -> bytes:
        """The journal's root after this state's entries."""
        return self.tree.root()

    def since(self, before: "Term") -> "Term":
        """This term with no more added to it than it has gained since it was `before`."""
        known = self.known.added()
        gained = {job: held for job, held in known.items() if before.known.get(job) is not held}
        return replace(
            self,
            entries=self.entries[len(before.entries) :],
            decisions=self.decisions[len(before.decisions) :],
            taken=self.taken[len(before.taken) :],
            known=Layers((gained,), before.known),
        )

    def enter(self, entries: Iterable[Entry]) -> "Term":
        """This term with lines added to its journal."""
        if self.on_trial:
            return self
        added = tuple(entries)
        tree = self.tree.grown(map(encode, added))
        return replace(self, entries=self.entries + added, tree=tree)

    def receive(self, name: str, about: str, values: Iterable[object], when: str) -> "Term":
        """This term with a set of facts: their lines are kept, their digest is entered.

        Raises ReceivedAlready where facts of that name are there.
        """
        if name in self.facts:
            raise ReceivedAlready(f"{name}: facts of this name were received already")
        received = tuple(values)
        data = canonical.lines(received)
        fact = Fact(name, received, data, canonical.digest(data))
        term = self.enter([Entry(Kind.FACTS_RECEIVED, when, name, (about, fact.digest))])
        return replace(term, facts=term.facts.under({name: fact}))

    def decide(self, decisions: Iterable[Decision]) -> "Term":
        """This term with decisions, each entered by its digest and its facts' digest."""
        made = tuple(decisions)
        return replace(self.enter(self.told(made)), decisions=self.decisions + made)

    def told(self, made: Sequence[Decision]) -> Iterator[Entry]:
        """What the journal says of decisions that rest on what this term has received."""
        inputs = {names: self._inputs(names) for names in {one.facts for one in made}}
        lines = canonical.lines(made).splitlines(keepends=True)
        for one, line in zip(made, lines, strict=True):
            digests = inputs[one.facts], canonical.digest(line)
            fields = (one.step, one.rule, one.policy, *digests)
            yield Entry(Kind.DECISION_MADE, one.at, one.subject, fields)

    def _inputs(self, names: Iterable[str]) -> str:
        """The digest of facts that were read, by name."""
        read = "".join(f"{name}\n{self.facts[name].digest}\n" for name in names)
        return canonical.digest(read.encode())

    def move(self, transfers: Sequence[Transfer], *, linked: bool = False) -> "Term":
        """This term with transfers posted and entered; raises LedgerRefused if any is refused."""
        self.books.prefetch(transfers)
        posted = (post_linked if linked else post_all)(self.books, transfers)
        refused = [
            (transfer.id, outcome)
            for transfer, outcome in zip(transfers, posted.outcomes, strict=True)
            if isinstance(outcome, Refusal)
        ][:5]
        if refused:
            told = "; ".join(f"{name}: {outcome.value}" for name, outcome in refused)
            raise LedgerRefused(told, dict(refused))
        created = zip(transfers, posted.outcomes, strict=True)
        lines = [transfer_entry(t) for t, outcome in created if outcome is Outcome.CREATED]
        return replace(self.enter(lines), books=posted.books)

    def holding(self, changed: Holding) -> "Term":
        """This term with one of its awards as it runs from now on."""
        return replace(self, holdings={**self.holdings, changed.award: changed})

    def available(self, path: str) -> int:
        """What may still be debited from an account with a limit, in its unit."""
        account = self.books.chart.find(path)
        if account is None:
            raise LedgerRefused(f"{path}: the chart has no such account")
        return self.books.available(account)


def single(
    name: str, debit: str, credit: str, amount: int, unit: str, when: str, why: str
) -> Transfer:
    """A transfer that stands alone."""
    return Transfer(name, debit, credit, amount, unit, Phase.SINGLE, None, when, why)


def chart_of(policy: Policy) -> Chart:
    """The accounts that a policy's supports need, and those for fees."""
    patterns: list[Pattern] = []
    for name, support in policy.supports.items():
        patterns += support.patterns(name)
    money = policy.programme.money.unit
    return Chart((*patterns, *(Pattern(path, money) for path in (DUE, INCOME, PAID))))


def term_days(policy: Policy, index: int) -> tuple[date, date]:
    """First day of a term and the day after its last; terms count from 0."""
    calendar = policy.programme.calendar
    first = add_months(calendar.first, calendar.months * index)
    return first, add_months(calendar.first, calendar.months * (index + 1))
