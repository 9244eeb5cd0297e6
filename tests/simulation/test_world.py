"""The simulated world deals an award its jobs once a term, whatever day its quota begins."""

from collections.abc import Iterable
from datetime import date

from headgate.core.enforcement.engine import Order, Quota, QuotaState
from headgate.core.policy.dated import at
from headgate.simulation.world import Simulated
from headgate.steps.agenda import first_day
from headgate.steps.term import term_days
from tests.steps.builders import document

SIGNED, HANDED_OVER = date(2026, 3, 1), date(2026, 3, 20)


def world() -> Simulated:
    """The small programme's world, whose first term is March to August 2026."""
    policy = document()
    return Simulated(at(policy, first_day(policy)).policy, {}, "headgate")


def order(
    starts: date, ends: date, award: str = "award-1", site: str = "north", gpus: int = 8
) -> Order:
    """Eight GPUs of one award at one site, from a day."""
    first, last = (f"{day}T00:00:00Z" for day in (starts, ends))
    quota = Quota(award, "h200", gpus, gpus * 86_400 * 150, first, last, QuotaState.OPEN)
    return Order(site, quota, "a decision")


def dealt(made: Simulated) -> list[str]:
    """The ids of all jobs that the site was given, those to come among them."""
    return [job.id for job in made._engines["north"]._jobs]


def enforced(made: Simulated, days: Iterable[tuple[date, date, date]]) -> list[str]:
    """What was dealt after an order on each day: from when and until when it holds."""
    for day, starts, ends in days:
        made.enforce([order(starts, ends)], day)
    return dealt(made)


def test_an_award_handed_over_late_is_dealt_its_jobs_once() -> None:
    """A rehearsal once counted an award whose days moved within its term as another one."""
    ends = date(2026, 9, 1)
    once = enforced(world(), [(SIGNED, SIGNED, ends)])
    moved = enforced(world(), [(SIGNED, SIGNED, ends), (HANDED_OVER, HANDED_OVER, ends)])
    assert once
    assert once == moved


def test_an_award_that_goes_on_is_dealt_jobs_of_its_next_term() -> None:
    """The same award has a second lot when the term has turned, and no two jobs one id."""
    made = world()
    turns, ends = term_days(made._policy, 1)
    first = enforced(made, [(SIGNED, SIGNED, turns)])
    both = enforced(made, [(turns, turns, ends)])
    assert len(first) < len(both) == len(set(both))


def test_another_award_sends_no_job_to_another_site() -> None:
    """The sites of an award take turns at its own jobs, however many others have."""
    ends, mine = date(2026, 9, 1), []
    for others in ((), ("award-0",), ("award-0", "award-00")):
        made = world()
        both = [order(SIGNED, ends, site=site) for site in ("north", "south")]
        small = [order(SIGNED, ends, award, gpus=2) for award in others]
        made.enforce([*both, *small], SIGNED)
        mine.append([job for job in dealt(made) if job.startswith("award-1-")])
    assert len(mine[0]) > 100
    assert mine[0] == mine[1] == mine[2]
