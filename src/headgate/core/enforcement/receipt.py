"""What an agent made of an order list: applied, and read back; and what it says beside it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum

from headgate.core import canonical
from headgate.core.enforcement.engine import Change, Quota
from headgate.core.enforcement.waiting import Waiting


class Trouble(Enum):
    """What an agent names to the operator, beside what others refuse."""

    PORTAL_DOWN = "the portal did not answer: what is to be told waits in the spool"
    CLOCK_OFF = "this clock and the portal's differ: awards begin and end when they agree"
    NOTHING_FOLLOWED = "no signed order list has come yet: nothing is changed"
    LIST_OLD = "no newer list was signed for a month, or none is handed out: ask the programme"
    PLAN_WAITS = "this agent asks: the plan waits for an operator's word on the portal"
    CLUSTER_DOWN = "the cluster did not answer: the orders wait"
    USE_UNREAD = "use was not read: it is read again from where it stopped"


@dataclass(frozen=True, slots=True)
class ReadBack:
    """One try of an agent, as it stands in the journal.

    `orders` is SHA-256 of the list it followed and `size` the journal's entries that the list
    derives from; `outcome` is how it ended, `changes` what was applied, `held` what the cluster
    held afterwards, read back. Logins are the site's and stay there.
    """

    cluster: str
    at: str
    orders: str
    size: int
    outcome: str
    changes: tuple[Change, ...]
    held: tuple[Quota, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """What an agent tells the portal after each look.

    `drift` is what the cluster still holds otherwise, `faults` what went wrong, in words with their
    codes, `waits` the digest of a plan that would take too much away without an operator's word,
    `plan` its lines and `planned` its changes, `looked` the instant up to which use was read
    without a gap, `waiting` how many jobs wait for which reason.
    """

    back: ReadBack
    drift: tuple[Change, ...]
    faults: tuple[str, ...]
    waits: str
    plan: tuple[str, ...]
    looked: str
    waiting: tuple[Waiting, ...] = ()
    planned: tuple[Change, ...] = ()

    def line(self) -> bytes:
        """The canonical line."""
        return canonical.line(self)


def nameless(quota: Quota) -> Quota:
    """A quota without those who may run under it."""
    return replace(quota, logins=())


def nameless_change(change: Change) -> Change:
    """A change without those who may run."""
    held, wanted = (q and nameless(q) for q in (change.held, change.wanted))
    return replace(change, held=held, wanted=wanted)


def nameless_changes(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Changes without those who may run; one that was about nothing else stays, for its count."""
    return tuple(map(nameless_change, changes))
