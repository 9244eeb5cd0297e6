"""What a term knows of its calls without judging anybody: the call, its day, and who applied.

Apart from `steps.calls`, because orders to clusters and fees need no more of a call than this, and
judging brings numerical libraries along that take longer to load than such a command runs.
"""

from collections.abc import Mapping, Sequence
from datetime import date

from headgate.core.calls.application import Application
from headgate.core.calls.screening import by_arrival
from headgate.core.policy.schema import Call
from headgate.steps.term import Received, Term


def call_of(term: Term, call_id: str) -> Call:
    """A call as the policy has it on the day it is decided."""
    decides = term.policy(term.starts).calls[call_id].decides
    return term.policy(decides).calls[call_id]


def decided_on(term: Term, call: Call) -> date:
    """The day on which a call is decided: its own, or the first day of the later term it is for.

    Only when that term has begun is it known what goes on in it and what the last round freed.
    """
    return max(call.decides, term.starts) if term.index else call.decides


def applied(term: Term, call_id: str) -> Mapping[str, Application]:
    """A call's applications by id; of several with one id the first handed in stands."""
    return applied_of(applications(term, call_id))


def applied_of(came: Sequence[Application]) -> Mapping[str, Application]:
    """Applications by id, likewise."""
    return {a.id: a for a in reversed(by_arrival(came))}


def has_applied(term: Term, call_id: str, name: str) -> bool:
    """Whether an application of that id came in for a call; for none that has not closed."""
    came = applications(term, call_id) if f"applications/{call_id}" in term.facts else []
    return any(one.id == name for one in came)


def applications(term: Term, call_id: str) -> list[Application]:
    """The applications to a call as they came in, whatever their ids."""
    return applications_of(term.facts[f"applications/{call_id}"])


def applications_of(received: Received) -> list[Application]:
    """The applications of a fact."""
    return [value for value in received.values if isinstance(value, Application)]
