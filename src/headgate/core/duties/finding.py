"""What stands against something that is to be put on record of an award."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from headgate.core.faults import Fault

Code = TypeVar("Code", bound=StrEnum)


@dataclass(frozen=True, slots=True, order=True)
class Finding(Generic[Code]):
    """One thing against a request or a payment: which, what it is, and what mends it."""

    fault: Code
    what: str
    mend: str

    def at(self, facts: str, line: int, kind: str) -> Fault:
        """It as a fault of a line of facts, of a kind that begins its code."""
        code = f"{kind}-{self.fault.value}"
        return Fault(f"facts/{facts}.jsonl", line, 1, code, self.what, self.mend)
