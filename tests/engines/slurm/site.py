"""One programme on a real Slurm, with what a test says to both."""

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest

from headgate.core.enforcement.clusters.slurm import SlurmCluster
from headgate.core.enforcement.engine import Order, Quota, QuotaState
from headgate.engines.drive import Receipt, enforce
from headgate.engines.slurm.engine import Slurm
from headgate.engines.slurm.names import account_of
from tests.servers.slurm import Lab

STARTS, ENDS, NEXT = "2026-03-16T00:00:00Z", "2026-09-16T00:00:00Z", "2027-03-16T00:00:00Z"


@dataclass(frozen=True, slots=True)
class Site:
    """One programme on the lab, with what a test says to both."""

    lab: Lab
    section: SlurmCluster

    def engine(self, spent: dict[tuple[str, str], int] | None = None) -> Slurm:
        """The engine as the commands open it."""
        return Slurm(self.section, spent)

    def enforce(self, orders: Sequence[Order], *, mass_removal: bool = False) -> Receipt:
        """Bring the cluster to its orders."""
        engine = self.engine()
        return enforce(engine, orders, engine.owned, mass_removal=mass_removal, tries=3)

    def account(self, award: str) -> str:
        """What an award's account is called."""
        return account_of(self.section.programme, award, "h200")

    def order(self, award: str, **other: object) -> Order:
        """An order of one node for a quarter of an hour, for the user `alice`."""
        quota = Quota(
            award, "h200", 8, 7_200, STARTS, ENDS, QuotaState.OPEN, "national", ("alice",)
        )
        return Order("here", replace(quota, **other), "calls.open")  # type: ignore[arg-type]

    def change(self, *words: str) -> str:
        """A change by hand, as an administrator makes it."""
        return self.lab.run("sacctmgr", "-i", *words, check=False)

    def submit(self, account: str, *options: str, seconds: int = 300) -> str:
        """Submit a job of one node as `alice`; its number. Raises where it is refused."""
        return self.lab.run("sbatch", *_job(account, options, seconds)).strip()

    def refused(self, account: str, *options: str) -> str:
        """Why such a job is refused; raises where it is taken, or refused for no limit of ours."""
        with pytest.raises(subprocess.CalledProcessError) as raised:
            self.submit(account, *options, seconds=1)
        said = str(raised.value.stderr).strip()
        assert "policy" in said or "limit" in said, said
        return said

    def minutes(self, qos: str) -> tuple[int, int]:
        """The limit of a budget as the controller holds it, and what it has counted, in minutes."""
        told = self.lab.run("scontrol", "show", "assoc_mgr", "flags=qos", f"qos={qos}")
        found = re.search(r"GrpTRESMins=\S*gres/gpu:h200=(\d+)\((\d+)\)", told)
        assert found is not None, told
        return int(found[1]), int(found[2])

    def until(self, job: str, field: str, answer: str) -> None:
        """Wait until squeue says so of a job."""
        show = ("-h", "-t", "all", "-j", job, "-o", field)
        self.lab.wait(lambda: answer in self.lab.run("squeue", *show), f"{answer} of job {job}")


def _job(account: str, options: Sequence[str], seconds: int) -> tuple[str, ...]:
    """What sbatch is told of a job of one node."""
    words = ("--parsable", "--uid=alice", "-A", account, "--gres=gpu:h200:8", "-t", "5")
    return (*words, *options, "-D", "/", "-o", "/dev/null", f"--wrap=sleep {seconds}")
