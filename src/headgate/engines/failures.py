"""How a rehearsed cluster fails on demand: every way in which a real one lets its caller down."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from headgate.core.enforcement.engine import EngineDown


class FailurePoint(Enum):
    """Where a cluster can fail; the first five raise `EngineDown`, the last three send bad rows."""

    OBSERVE = "it does not answer when it is observed"
    APPLY = "it does not answer when a plan is to be applied"
    APPLY_PART = "it stops after some changes of a plan"
    APPLY_UNACKNOWLEDGED = "it applies a whole plan and stops before it says so"
    USAGE = "it does not answer when usage is asked for"
    USAGE_TWICE = "it sends every row of usage twice"
    USAGE_UNSORTED = "it sends the rows of usage in reverse"
    USAGE_TRUNCATED = "it sends the first half of the rows as if they were all"


@dataclass(frozen=True, slots=True)
class Failure:
    """One failure: at the `call`-th use of its verb (from 1), for APPLY_PART after `changes`."""

    point: FailurePoint
    call: int = 1
    changes: int = 0


class Failures:
    """Counts the calls of each verb and says which failures have come due."""

    def __init__(self, failures: Iterable[Failure]) -> None:
        self._failures = tuple(failures)
        self._calls: dict[str, int] = {}

    def due(self, verb: str) -> dict[FailurePoint, Failure]:
        """Count a call of `observe`, `apply` or `usage` and give what fails in it."""
        call = self._calls[verb] = self._calls.get(verb, 0) + 1
        return {
            failure.point: failure
            for failure in self._failures
            if failure.call == call and failure.point.name.lower().startswith(verb)
        }


def stop(due: dict[FailurePoint, Failure], point: FailurePoint) -> None:
    """Raise `EngineDown` if the failure is due."""
    if point in due:
        raise EngineDown(point.value)
