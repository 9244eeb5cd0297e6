"""A small chart and transfers that read as sentences, for the tests of the ledger."""

from collections.abc import Sequence
from dataclasses import replace
from enum import Enum
from typing import Any

from headgate.core.ledger.chart import Account, Chart, Limit, Pattern
from headgate.core.ledger.post import Books
from headgate.core.ledger.transfer import Phase, Transfer

NOON = "2026-03-09T12:00:00Z"

CHART = Chart(
    (
        Pattern("supply/{site}", "gpu_second"),
        Pattern("award/{award}", "gpu_second", Limit.DEBITS_MUST_NOT_EXCEED_CREDITS),
        Pattern("use/{site}", "gpu_second"),
        Pattern("loan/{lender}", "gpu_second", Limit.CREDITS_MUST_NOT_EXCEED_DEBITS),
        Pattern("fund/{ministry}", "krw"),
    )
)

_SUPPLY_TO_AWARD = Transfer(
    "grant", "supply/seoul", "award/a", 100, "gpu_second", Phase.SINGLE, None, NOON, "decision-1"
)


def numbered(table: Sequence[tuple[Enum, object]]) -> list[str]:
    """A name for each line of a table of refusals, for pytest to print."""
    return [f"{refusal.name.lower()}-{line}" for line, (refusal, _) in enumerate(table)]


def grant(amount: int = 100, **changed: Any) -> Transfer:
    """The supply of Seoul gives award A an amount."""
    return replace(_SUPPLY_TO_AWARD, amount=amount, **changed)


def use(amount: int = 10, **changed: Any) -> Transfer:
    """Award A pays for use at Seoul, in one phase."""
    moved = replace(_SUPPLY_TO_AWARD, id="use", debit="award/a", credit="use/seoul", why="job-1")
    return replace(moved, amount=amount, **changed)


def reserve(amount: int = 10, **changed: Any) -> Transfer:
    """Award A reserves an amount for a job at Seoul."""
    return use(amount, **{"id": "reserve", "phase": Phase.PENDING, **changed})


def settle(amount: int = 10, **changed: Any) -> Transfer:
    """The job at Seoul has ended: post what it used of the reservation."""
    told = {"id": "settle", "phase": Phase.POST, "pending": "reserve", **changed}
    return use(amount, **told)


def account(path: str, unit: str = "gpu_second") -> Account:
    """An account of the small chart."""
    return CHART.account(path, unit)


def empty() -> Books:
    """Books of the small chart with nothing in them."""
    return Books(CHART)
