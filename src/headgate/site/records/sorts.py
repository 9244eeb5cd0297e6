"""What is kept beside the journal, by sort, and the value of one of its lines."""

from enum import StrEnum
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from headgate.core.faults import Fault, Faulty


class Sort(StrEnum):
    """What is kept, and by which key."""

    POLICY = "policy"
    """The texts of the policy as adopted, by file name."""
    TERM = "term"
    """Where the programme stands: one `Standing`."""
    HOLDINGS = "holdings"
    """Every award that runs, in order, under one key."""
    EVENT = "event"
    """What happened, by its number."""
    FACT = "fact"
    """What was received, by its name."""
    DECISION = "decision"
    """What was decided, by the number of its entry."""
    KNOWN = "known"
    """What the meters know of a job, by cluster, tab and job."""


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def value(sort: Sort, kind: Any, text: str | bytes | None) -> Any:
    """The value of a kept line; raises Faulty for one that a person or an older version wrote."""
    try:
        return _adapter(kind).validate_json(text or "")
    except ValidationError:
        what = f"what is kept as {sort.value} cannot be read"
        mend = "Let headgate verify say what was changed, and restore a backup that verifies."
        raise Faulty([Fault("kept", 0, 0, "kept-unreadable", what, mend)]) from None
