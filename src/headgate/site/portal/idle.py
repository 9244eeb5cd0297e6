"""What an award's idleness would cost: the rule's own warning, for pages and notices alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from headgate.core.duties.amendment import days_to_explain
from headgate.core.metering.idle import Grant, Idle, at_pace
from headgate.core.policy.dated import at
from headgate.core.policy.reclaim import Reclaimed, reclaim
from headgate.core.policy.schema import Against, Reclaim
from headgate.core.quantities import instant, seconds_of
from headgate.site.portal import reading
from headgate.site.records.kept import Stands
from headgate.site.reports.burndown import Day
from headgate.steps.event import What
from headgate.steps.term import Holding


@dataclass(frozen=True, slots=True)
class Warned:
    """What an award's pace comes to, and what the rule would take if it looked now, on `looks`."""

    idle: Idle
    taken: Reclaimed
    rule: Reclaim
    looks: date

    @property
    def notice(self) -> date:
        """From when the holder is warned."""
        return self.looks - timedelta(days=self.rule.notice_days)

    @property
    def explain_by(self) -> date | None:
        """The last day to explain; None where the rule hears nobody."""
        heard = self.rule.explanation
        return days_to_explain(self.rule, heard, self.looks)[1] if heard is not None else None


def warning(stood: Stands, held: Holding, moved: Sequence[Day] | None, on: date) -> Warned | None:
    """What the rule on idle rights would do on a day; None where it will not look this term.

    The same functions decide on the day itself.
    """
    due = (one.event for one in reading.due(stood, on) if one.state != "done")
    looks = next((e.day for e in due if (e.what, e.about) == (What.RECLAIM, held.support)), None)
    rule = at(stood.document, looks).policy.reclaim.get(held.support) if looks else None
    if looks is None or rule is None:
        return None
    term = stood.standing.starts, stood.standing.ends
    return Warned(*looked(rule, held, moved or (), term, on), rule, looks)


def looked(
    rule: Reclaim, held: Holding, moved: Sequence[Day], term: tuple[date, date], on: date
) -> tuple[Idle, Reclaimed]:
    """What the rule finds and takes if it looks on a day of a term.

    A meter looks back: what moved on the term's first day was used in the term before. What is
    reserved is use by jobs that still run.
    """
    starts, ends = term
    used = sum(day.used + day.reserved + day.over for day in moved if day.day > starts)
    span = instant(max(held.starts, starts)), instant(min(held.ends, ends))
    grant = Grant(held.award, held.support_class, held.amount, *span)
    found = at_pace(grant, used, seconds_of(instant(on)))
    whole = rule.against is Against.ALLOCATION and held.starts < on
    granted = held.amount if whole else found.gpu_seconds_granted
    left = moved[-1].left if moved else 0
    return found, reclaim(rule.steps, granted=granted, used=used, balance=left)
