"""What is promised of use when Slurm's books lose rows, or its clock jumps: told, never doubled."""

import csv
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from headgate.cli import app
from tests.engines.slurm.site import Site
from tests.engines.slurm.test_usage import CLUSTERS, rolled_up, told, unseen
from tests.servers.slurm import Lab

HOUR = 3_600


class Books:
    """The commands on use for the hours around this one."""

    def __init__(self, site: Site, folder: Path) -> None:
        path = f"{site.lab.programs}:/usr/bin:/bin"
        text = CLUSTERS.format(folder=folder, path=path)
        text = text.replace("programme: national", f"programme: {site.section.programme}")
        (folder / "clusters.yaml").write_text(text, encoding="utf-8")
        hour = int(time.time()) // HOUR * HOUR
        self.out = folder / "use.csv"
        self.window = [
            *("--clusters", str(folder / "clusters.yaml"), "--cluster", "lab"),
            *("--spool", str(folder / "spool")),
            *("--since", told(hour - 4 * HOUR), "--until", told(hour + 2 * HOUR)),
        ]

    def run(self, name: str, *more: str) -> Result:
        """What a command ended with."""
        return CliRunner().invoke(app, [name, *self.window, *more])

    def rows(self, code: int = 0, says: str = "") -> list[dict[str, str]]:
        """The rows that the ledger would import, after a look that ends by an exit code."""
        result = self.run("usage", "--out", str(self.out))
        assert (code, True) == (result.exit_code, says in result.output), result.output
        with self.out.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))


@pytest.fixture
def books(site: Site, tmp_path: Path) -> Books:
    """The books of a programme with two awards."""
    site.enforce([site.order("a"), site.order("b")])
    return Books(site, tmp_path)


def listed(lab: Lab, job: str, state: str) -> None:
    """Wait until a listing by time has a job in a state, which is later than one by its number."""
    show = ("-M", "lab", "-a", "-X", "-nP", "-S", "now-1day", "-o", "jobidraw,state")
    lab.wait(lambda: f"{job}|{state}" in lab.run("sacct", *show).split(), f"job {job} {state}")


def of(rows: list[dict[str, str]], job: str) -> list[dict[str, str]]:
    """The rows of a job, without when they were looked at."""
    return [unseen(row) for row in rows if row["job"] == job]


def test_what_an_award_used_before_it_was_removed_is_still_read(site: Site, books: Books) -> None:
    """The account has gone with its award; its last jobs are found by its mark all the same."""
    job = site.submit(site.account("b"), seconds=1)
    listed(site.lab, job, "COMPLETED")
    site.enforce([site.order("a")], mass_removal=True)
    assert 1 == len(of(books.rows(), job))


def test_what_accounting_purges_is_kept_where_it_was_read_and_named_where_not(
    site: Site, books: Books
) -> None:
    """slurmdbd purges all its jobs: what was fetched stays as it was, and is not corrected to
    nothing; what was purged before any look is named by the reconciliation.
    """
    lab = site.lab
    read = site.submit(site.account("a"), seconds=1)
    listed(lab, read, "COMPLETED")
    before = books.rows()
    missed = site.submit(site.account("b"), seconds=1)
    listed(lab, missed, "COMPLETED")
    rolled_up(lab)
    told_of = f"{site.account('b')}, "
    result = books.run("reconcile")
    assert (6, True, True) == (
        result.exit_code,
        "[not-fetched]" in result.output,
        told_of in result.output,
    ), result.output
    lab.travel("+2d")
    directory = f"Directory={lab.folder}/spool"
    lab.run("sacctmgr", "-i", "archive", "dump", directory, "PurgeJobAfter=1hours")
    assert "" == lab.run("sacct", "-a", "-X", "-nP", "-S", "now-9days", "-A", site.account("a"))
    assert of(before, read) == of(books.rows(), read) != []
    result = books.run("reconcile")
    assert (6, True, False) == (
        result.exit_code,
        f"{told_of}" in result.output and "[purged]" in result.output,
        f"{site.account('a')}, " in result.output,
    ), result.output
    lab.travel("+0d")


def test_a_clock_that_jumps_bills_nothing_below_zero_and_nothing_twice(
    site: Site, books: Books
) -> None:
    """A job that ends before it began is told at its row, and what was seen of it stays; jobs
    after the jump are read once, and those of a clock that is ahead are not overlooked.
    """
    lab, account = site.lab, site.account("a")
    over = site.submit(account, seconds=12)
    listed(lab, over, "RUNNING")
    time.sleep(2)
    (before,) = of(books.rows(), over)
    lab.travel("-2h")
    under = site.submit(site.account("b"), seconds=1)
    window = ("-S", "now-1day", "-E", "now+1day")
    show = ("-X", "-nP", *window, "-j", f"{over},{under}", "-o", "state")
    both = ["COMPLETED"] * 2
    lab.wait(lambda: both == lab.run("sacct", *show).split(), "the end of both jobs", 180)
    listed(lab, under, "COMPLETED")
    rows = books.rows(6, "[sacct-ended-before-started]")
    assert ([before], 1) == (of(rows, over), len(of(rows, under)))
    lab.travel("+2h")
    ahead = site.submit(account, seconds=60)
    listed(lab, ahead, "RUNNING")
    later = books.rows(6, "[sacct-started-later]")
    lab.run("scancel", ahead)
    lab.travel("+0d")
    assert ([], of(rows, under)) == (of(later, ahead), of(later, under))
    keys = [(row["job"], row["attempt"]) for row in later]
    assert len(keys) == len(set(keys))
    assert all(row["started"] <= (row["ended"] or row["seen"]) for row in later)
