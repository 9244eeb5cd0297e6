"""A suspension ends what has begun, however it stands; what waits keeps its place."""

from collections.abc import Iterator

import pytest

from headgate.core.enforcement.engine import QuotaState
from headgate.engines.drive import Enforced
from tests.engines.slurm.site import Site
from tests.servers.skipping import slurm_or_skip
from tests.servers.slurm import Lab, Shape


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """A Slurm of one node, and one that sleeps and never wakes."""
    with slurm_or_skip(Shape(nodes=1, ghosts=1, users=("alice",))) as running:
        yield running


def test_a_job_that_is_stopped_or_whose_nodes_are_woken_is_ended_too(site: Site) -> None:
    """Both hold devices and would go on by themselves: the award is suspended when they are gone.

    Of an array the task that has begun is ended, and the others wait on.
    """
    site.enforce([site.order("open-1", gpus_most=16)])
    account = site.account("open-1")
    stopped = site.submit(account, "-w", "n1")
    site.until(stopped, "%T", "RUNNING")
    site.lab.run("scontrol", "suspend", stopped)
    site.until(stopped, "%T", "SUSPENDED")
    array = site.submit(account, "-w", "g1", "--array=1-3")
    site.until(f"{array}_1", "%T", "CONFIGURING")
    closed = site.order("open-1", gpus_most=16, state=QuotaState.SUSPENDED)
    assert Enforced.CONVERGED is site.enforce([closed]).outcome
    for job, state in ((stopped, "CANCELLED"), (f"{array}_1", "CANCELLED")):
        site.until(job, "%T", state)
    assert "PENDING" in site.lab.run("squeue", "-h", "-j", f"{array}_2", "-o", "%T")
