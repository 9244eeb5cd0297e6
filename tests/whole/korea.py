"""Korea's programme of 2025 taken through the cycle once: made on first use."""

from functools import cache

from headgate.demo import Choices, Rehearsed, rehearse


@cache
def korea() -> Rehearsed:
    """One term of the programme, as `headgate demo` runs it."""
    return rehearse("korea-2025", Choices(), lambda _: None)
