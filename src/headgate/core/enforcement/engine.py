"""The port to the outside: what every engine can be told and asked.

As in infrastructure tools: `observe()` what a cluster holds, `plan(orders, observed)` a pure
difference that a person reads, `apply(plan)` it, and `usage(since)`. Applying twice says "nothing
to do". An engine that is down loses nothing: orders wait and usage is fetched again by overlap.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from headgate.core.metering.usage import Usage


class QuotaState(StrEnum):
    """Whether jobs may start under a quota."""

    OPEN = "open"
    SUSPENDED = "suspended"
    PARTIAL = "partial"
    """Only observed: some of what makes up the quota is missing or was changed by another hand."""


@dataclass(frozen=True, slots=True)
class Quota:
    """What a cluster holds for one award and class: the same words for an order and an observation.

    `gpus_most` is the limit at any moment (None: no such limit), `gpu_seconds_budget` what may be
    used from `starts` until `ends` in all. `holder` is the class of holders whose envelope it comes
    from, `logins` are those who may run under it. Without an award it is the envelope itself: the
    most of a class that its awards run together, and its `shares` of idle time beside the others'.
    """

    award: str
    support_class: str
    gpus_most: int | None
    gpu_seconds_budget: int
    starts: str
    ends: str
    state: QuotaState
    holder: str = ""
    logins: tuple[str, ...] = ()
    shares: int | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """One quota that an engine shall hold, with the decision it rests on."""

    cluster: str
    quota: Quota
    because: str


class Action(StrEnum):
    """What a change does to a quota."""

    ADD = "add"
    CHANGE = "change"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: what is held, what shall be held, and why; None where there is nothing."""

    action: Action
    award: str
    support_class: str
    held: Quota | None
    wanted: Quota | None
    because: str
    holder: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """All the changes one cluster needs, removals last."""

    cluster: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Array:
    """Independent numbered shards of one piece of work, whatever carries them.

    Shard k of n is `headgate WORDS k/n FOLDER`. A shard that is run again does what is not done, so
    that a carrier may lose one, or run it twice. By its `name` an array is known again.
    """

    name: str
    shards: int
    words: tuple[str, ...]
    folder: str


class ShardState(StrEnum):
    """What a carrier knows of a shard that has not ended."""

    WAITING = "waiting"
    RUNNING = "running"


class EngineDown(Exception):
    """The engine did not answer or stopped on the way; nothing acknowledged is lost, try again."""


class Engine(Protocol):
    """A cluster that holds quotas and meters use."""

    @property
    def cluster(self) -> str:
        """The cluster's name, as orders and usage records have it."""

    def observe(self) -> tuple[Quota, ...]:
        """What the cluster holds now; raises EngineDown."""

    def owned(self, quota: Quota) -> bool:
        """Whether Headgate may touch a quota; what another made under its name it may not."""

    def remarks(self, wanted: Iterable[Quota]) -> tuple[str, ...]:
        """What the cluster tells beside its quotas: who set a field otherwise, what it refused.

        In lines for the operator, of the last `apply` and of how it stands now; raises EngineDown.
        """

    def apply(self, plan: Plan) -> None:
        """Make the changes, in order; raises EngineDown. Applying a plan again changes nothing."""

    def usage(self, since: str, until: str) -> Sequence[Usage]:
        """Every attempt that touches the window, also those still running; raises EngineDown."""


class Carrier(Protocol):
    """What runs numbered shards: a cluster's scheduler, or the machine at hand."""

    def submit(self, array: Array) -> None:
        """Have an array run; one of its name that has not ended is not submitted again.

        Raises EngineDown, also for an array that the scheduler refuses.
        """

    def shards(self, array: Array) -> Mapping[int, ShardState]:
        """The shards that have not ended, from 1; raises EngineDown."""
