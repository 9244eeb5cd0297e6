"""A week without the portal, lived through by a real Slurm whose clocks travel."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from headgate.agent.look import Looked
from headgate.core.enforcement.clusters.slurm import SlurmCluster
from headgate.core.enforcement.engine import Quota
from headgate.core.quantities import instant_of, seconds_of
from headgate.engines.drive import Enforced
from headgate.engines.slurm.command import runner
from headgate.engines.slurm.names import account_of
from headgate.engines.slurm.reconcile import Cause, Reconciled, Sreport, reconcile
from headgate.engines.slurm.spool import opened as spool_at
from headgate.readers.clusters import read_clusters
from headgate.site.agents.models import Attempt
from headgate.site.desk.office import SITE
from headgate.site.verifying import verify_database
from headgate.steps.enforce import orders_of
from tests.engines.slurm.books import listed, rolled_up
from tests.servers.skipping import slurm_or_skip
from tests.servers.slurm import Lab, Shape
from tests.site.agents.conftest import Centre, Country
from tests.site.agents.test_agents import DAY, HOUR, codes, term
from tests.site.agents.test_real import CLUSTERS
from tests.site.agents.test_world import OCTOBER, spent, take

MONDAY = "2026-09-21T00:00:00Z"
"""When the week begins; the month that it lies in has yet to be metered.

sreport has sums by day of a window of some days, so that the week is one of whole days.
"""


def offset(day: int) -> int:
    """How far the clocks of a lab that stands at a day of the week are from now, in seconds."""
    return seconds_of(MONDAY) + day * DAY - int(time.time())


@pytest.fixture
def lab() -> Iterator[Lab]:
    """A Slurm whose clocks begin with the week: it reports nothing of before it was made."""
    clock = f"{offset(0):+d}"
    with slurm_or_skip(
        Shape(nodes=2, kinds=("h200", "b200"), users=("alice",), clock=clock)
    ) as one:
        yield one


@dataclass(slots=True)
class Week:
    """That Slurm, and the agent beside it."""

    lab: Lab
    centre: Centre
    quota: Quota
    ahead: int

    @property
    def account(self) -> str:
        """Where the award's jobs run."""
        return account_of("small", self.quota.award, self.quota.support_class)

    def travel(self, day: int) -> None:
        """Stop all clocks of the lab, and go on at a later day of the week."""
        self.ahead = offset(day)
        self.lab.travel(f"{self.ahead:+d}")

    def look(self) -> Looked:
        """An agent starts, looks once and ends, by the lab's clock."""
        return self.centre.look(instant_of(int(time.time()) + self.ahead))

    def submit(self, seconds: int, state: str) -> str:
        """A job of two GPUs, once accounting lists it in a state."""
        chips = f"--gres=gpu:{self.quota.support_class}:2"
        words = ("--parsable", "--uid=alice", "-A", self.account, chips, "-t", "5")
        where = ("-p", self.quota.support_class, "-D", "/", "-o", "/dev/null")
        job = self.lab.run("sbatch", *words, *where, f"--wrap=sleep {seconds}").strip()
        listed(self.lab, job, state)
        return job


@pytest.fixture
def week(lab: Lab, country: Country, tmp_path: Path) -> Week:
    """The north of the country is that Slurm."""
    policy = term().policy(term().starts)
    sectors = ", ".join(f"{holder.id}: {holder.id}" for holder in policy.holders)
    file = tmp_path / "clusters.yaml"
    file.write_text(CLUSTERS.format(path=lab.programs, folder=tmp_path, sectors=sectors))
    country.north.section = read_clusters(file)["main"]
    quota = next(order.quota for order in orders_of(term()) if order.cluster == "north")
    country.north.logins = {quota.award: ["alice"]}
    return Week(lab, country.north, quota, int(lab.shape.clock))


def test_a_portal_that_is_away_for_a_week_misses_nothing_of_a_real_slurm(
    week: Week, country: Country
) -> None:
    """Jobs are metered into the spool all along, one of them while it runs. Then all is told, the
    answer is lost, it is told again, and counts once: for the portal, its journal and sreport.
    """
    centre = week.centre
    assert (Enforced.CONVERGED.value, []) == ((first := week.look()).outcome, first.faults)
    centre.cut = True
    jobs = [week.submit(1, "COMPLETED")]
    assert ["portal-down"] == codes(week.look().faults)
    week.travel(4)
    jobs += [week.submit(120, "RUNNING"), week.submit(1, "COMPLETED")]
    assert ["portal-down"] == codes(week.look().faults)
    week.lab.run("scancel", jobs[1])
    listed(week.lab, jobs[1], "CANCELLED")
    week.travel(7)
    looked = week.look()
    assert (["portal-down"], 0) == (codes(looked.faults), Attempt.objects.count())
    assert len(jobs) + 1 == looked.waiting, "a row an attempt, and one report"
    centre.cut, centre.dies = False, True
    with pytest.raises(KeyboardInterrupt):
        week.look()
    centre.dies = False
    assert ([], 0) == ((last := week.look()).faults, last.waiting)
    used = _agrees_with_slurm(week, jobs)
    for each in (country.north, country.south):
        each.look(OCTOBER)
    take()
    assert used == spent("north")
    assert () == verify_database(SITE).faults


def _agrees_with_slurm(week: Week, jobs: list[str]) -> int:
    """What the portal knows is what sacct lists, and sreport counts it to the GPU-second."""
    begin, end = seconds_of(MONDAY), seconds_of(MONDAY) + 7 * DAY
    window = ("-S", instant_of(begin)[:-1], "-E", instant_of(end)[:-1])
    show = ("-X", "-a", "-nP", *window, "-o", "jobidraw,elapsedraw")
    known = dict(line.split("|") for line in week.lab.run("sacct", *show).split())
    rows = {row.job: str(row.until - row.begin) for row in Attempt.objects.all()}
    assert (sorted(jobs), known) == (sorted(rows), rows)
    rolled_up(week.lab, week.account, since=begin, hours=(end - begin) // HOUR)
    compared = partial(_compared, week, begin, end)
    late = Cause.NOT_ROLLED_UP
    week.lab.wait(lambda: late not in {one.cause for one in compared().differences}, "rolled up")
    found = compared()
    used = sum(2 * int(seconds) for seconds in known.values())
    assert ((), used, used) == (found.differences, found.ours, found.reported)
    return used


def _compared(week: Week, begin: int, end: int) -> Reconciled:
    """The agent's books beside Slurm's own."""
    section = week.centre.section
    assert isinstance(section, SlurmCluster)
    run = runner(section.reach, section.environment)
    with spool_at(week.centre.folder / "use", section.site) as kept:
        slurm = Sreport(section.cluster, kept.devices(begin, end), run)
        books = slurm.reported, slurm.rolled, slurm.runaways(), lambda *_: (0, 0)
        return reconcile(kept, begin, end, *books)
