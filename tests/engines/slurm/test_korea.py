"""Korea's awards on a real Slurm with jobs under them: what the policy promises is seen to happen.

The term is nearly used up for one award: the ledger knows all of its budget but 480 GPU-seconds.
"""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from headgate.core.enforcement.engine import Order, Quota, QuotaState
from headgate.engines.drive import Enforced, enforce
from headgate.engines.slurm.names import account_of, standby_of
from headgate.steps.enforce import envelopes_of, orders_of
from tests.engines.slurm.books import Books, listed, rolled_up
from tests.engines.slurm.site import Site
from tests.whole.korea import korea

LEFT = 480


def ordered() -> tuple[list[Order], Quota, Quota]:
    """All orders of the programme for its H200, and two of its awards, which `alice` may use."""
    term = korea().term
    orders = [
        replace(order, cluster="here", quota=replace(order.quota, logins=("alice",)))
        if order.quota.award
        else replace(order, cluster="here")
        for order in (*orders_of(term), *envelopes_of(term))
        if order.quota.support_class == "h200"
    ]
    first, second, *_ = (order.quota for order in orders if order.quota.award)
    return orders, first, second


def suspended(orders: Iterable[Order], quota: Quota) -> list[Order]:
    """The same with one award suspended."""
    closed = replace(quota, state=QuotaState.SUSPENDED)
    return [replace(o, quota=closed) if o.quota == quota else o for o in orders]


def test_budgets_lending_and_suspension_are_seen_on_koreas_awards(
    site: Site, tmp_path: Path
) -> None:
    """Idle nodes are lent, owners take them back, a spent budget runs nothing, a suspended award's
    job ends; and what ran is metered as Slurm's own report has it, to the GPU-second.
    """
    orders, spent, other = ordered()
    known = {(spent.award, "h200"): spent.gpu_seconds_budget - LEFT}
    engine = site.engine(known)
    assert Enforced.CONVERGED is enforce(engine, orders, engine.owned).outcome
    mine, theirs = (
        account_of(site.section.programme, quota.award, "h200") for quota in (spent, other)
    )
    lent = [site.submit(standby_of(mine)) for _ in range(2)]
    for job in lent:
        site.until(job, "%T", "RUNNING")
    owner = site.submit(theirs)
    site.until(owner, "%T", "RUNNING")
    show = ("-h", "-t", "all", "-j", ",".join(lent), "-o", "%T")
    states = site.lab.run("squeue", *show).split()
    assert 1 == states.count("RUNNING"), "one was taken back, one is still lent"
    last = site.submit(mine, "-t", "1", seconds=9)
    site.until(last, "%T", "COMPLETED")
    refused = site.submit(mine, "-t", "1", seconds=1)
    site.until(refused, "%r", "QOSGrpGRESMinutes")
    engine = site.engine({key: used + _used(site, last) for key, used in known.items()})
    closed = suspended(orders, other)
    assert Enforced.CONVERGED is enforce(engine, closed, engine.owned).outcome
    site.until(owner, "%T", "CANCELLED")
    assert site.refused(theirs), "a suspended award takes no job"
    site.lab.run("scancel", "--user=alice")
    _metered(site, tmp_path, {last: spent.award, owner: other.award})


def _used(site: Site, job: str) -> int:
    """The GPU-seconds that the ledger learns of a job between two applies."""
    listed(site.lab, job, "COMPLETED")
    return 8 * int(site.lab.run("sacct", "-X", "-nP", "-j", job, "-o", "elapsedraw"))


def _told(site: Site) -> set[str]:
    """The jobs of which the accounting knows the end, which it hears a moment after the queue."""
    told = site.lab.run("sacct", "-a", "-X", "-n", "-P", "-S", "2020-01-01", "-o", "JobID,End")
    rows = (line.split("|") for line in told.splitlines())
    return {job for job, end in rows if end != "Unknown"}


def _metered(site: Site, folder: Path, ran: dict[str, str]) -> None:
    """What ran is in the rows, each job once under its award, and sreport says the same."""
    site.lab.wait(lambda: not site.lab.run("squeue", "-h").strip(), "all ended")
    site.lab.wait(lambda: _told(site) >= ran.keys(), "slurmdbd was told of every end")
    books = Books(site.lab, folder, site.section.programme)
    rows = books.rows()
    assert sorted(ran.items()) == sorted((row["job"], row["award"]) for row in rows)
    assert all(row["ended"] for row in rows)
    rolled_up(site.lab)
    result = books.run("reconcile")
    assert (0, True) == (result.exit_code, "agree to the GPU-second" in result.output), (
        result.output
    )
