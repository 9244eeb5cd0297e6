"""Energy from a real Slurm: a counter of the nodes, its own plugin, and what each job drew."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from headgate.engines.slurm.names import account_of, mark, organisation_of
from tests.engines.slurm.books import Books
from tests.servers.skipping import slurm_or_skip
from tests.servers.slurm import Lab, Shape


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """A Slurm whose only node has a counter of joules, with one award's account.

    The counter is a file of the test's own where the plugin for HPE Cray nodes looks for it; what
    reads it, adds it up and keeps it is Slurm.
    """
    with slurm_or_skip(Shape(nodes=1, metered=True)) as lab:
        about = (
            f"description={mark({'award': 'a', 'class': 'h200'})}",
            f"organization={organisation_of('national')}",
        )
        account = account_of("national", "a", "h200")
        lab.run("sacctmgr", "-i", "add", "account", account, *about)
        lab.run("sacctmgr", "-i", "add", "user", "root", f"account={account}")
        yield lab


def job(lab: Lab, script: str, before: int, after: int) -> str:
    """A job of the award during which the counter goes from one figure to another; its number."""
    lab.draw(before)
    words = ("-A", account_of("national", "a", "h200"), "--gres=gpu:h200:8", "-t", "5", "-D", "/")
    told = lab.run("sbatch", "--parsable", *words, "-o", "/dev/null", f"--wrap={script}").strip()
    show = ("-h", "-t", "all", "-j", told, "-o", "%T")
    lab.wait(lambda: "RUNNING" in lab.run("squeue", *show), "a job that runs")
    time.sleep(2)
    lab.draw(after)
    asked = ("-nP", "-X", "-j", told, "-o", "state,end")
    lab.wait(lambda: "COMPLETED" in lab.run("sacct", *asked), "the job's end")
    return told


def test_what_jobs_drew_is_in_the_rows_with_srun_and_without(lab: Lab, tmp_path: Path) -> None:
    """Slurm adds up what srun started; with `steps`, a job without srun has its batch step's."""
    with_srun = job(lab, "srun sleep 5", 5_000, 9_321)
    without = job(lab, "sleep 5", 10_000, 10_500)
    for steps, expected in ((False, ["4321", ""]), (True, ["4321", "500"])):
        folder = tmp_path / str(steps)
        folder.mkdir()
        books = Books(lab, folder, "national", hours_before=1)
        with (folder / "clusters.yaml").open("a", encoding="utf-8") as written:
            written.write(f"    steps: {str(steps).lower()}\n")
        found = {row["job"]: row["joules"] for row in books.rows()}
        assert dict(zip((with_srun, without), expected, strict=True)) == found
