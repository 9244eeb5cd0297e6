"""Reports that a holder owes: which are due when, and which of them have not been accepted."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from headgate.core.policy.running_rules import Report
from headgate.core.quantities import add_days, add_months


@dataclass(frozen=True, slots=True)
class Accepted:
    """A report that was accepted, and the day on which it was handed in."""

    report: str
    handed_in: date


@dataclass(frozen=True, slots=True)
class Owed:
    """A report of an award, the last day on which it is in time, and when it came, if it did."""

    report: Report
    day: date
    handed_in: date | None


def owed(
    reports: Iterable[Report], starts: date, ends: date, accepted: Sequence[Accepted]
) -> tuple[Owed, ...]:
    """Every report of an award that runs from `starts` up to `ends`, by day."""
    came = {one.report: one.handed_in for one in accepted}
    listed = (Owed(one, due(one, starts, ends), came.get(one.id)) for one in reports)
    return tuple(sorted(listed, key=lambda one: (one.day, one.report.id)))


def due(report: Report, starts: date, ends: date) -> date:
    """The last day of a report; its own months count from the award's start."""
    if report.after_months is not None:
        return add_months(starts, report.after_months)
    return add_days(ends, report.after_end_days or 0)


def overdue(
    reports: Iterable[Report], starts: date, ends: date, accepted: Sequence[Accepted], on: date
) -> tuple[Owed, ...]:
    """The reports whose last day has passed and that nobody has accepted."""
    listed = owed(reports, starts, ends, accepted)
    return tuple(one for one in listed if one.handed_in is None and one.day < on)
