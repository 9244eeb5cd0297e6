"""What is promised of use when Slurm's books lose rows, or its clock jumps: told, never doubled."""

import time
from pathlib import Path

import pytest

from tests.engines.slurm.books import Books, listed, rolled_up, travelling, unseen
from tests.engines.slurm.site import Site


@pytest.fixture
def books(site: Site, tmp_path: Path) -> Books:
    """The books of a programme with two awards."""
    site.enforce([site.order("a"), site.order("b")])
    return Books(site.lab, tmp_path, site.section.programme)


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
    rolled_up(lab, site.account("a"), site.account("b"))
    told_of = f"{site.account('b')}, "
    result = books.run("reconcile")
    assert (6, True, True) == (
        result.exit_code,
        "[not-fetched]" in result.output,
        told_of in result.output,
    ), result.output
    with travelling(lab):
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


def test_a_clock_that_jumps_bills_nothing_below_zero_and_nothing_twice(
    site: Site, books: Books, tmp_path: Path
) -> None:
    """A job that ends before it began is told at its row, and what was seen of it stays; jobs
    after the jump are read once, and those of a clock that is ahead are not overlooked.
    """
    lab, account = site.lab, site.account("a")
    books = Books(lab, tmp_path, site.section.programme, hours_before=4)
    over = site.submit(account, seconds=12)
    listed(lab, over, "RUNNING")
    time.sleep(2)
    (before,) = of(books.rows(), over)
    with travelling(lab):
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
    assert ([], of(rows, under)) == (of(later, ahead), of(later, under))
    keys = [(row["job"], row["attempt"]) for row in later]
    assert len(keys) == len(set(keys))
    assert all(row["started"] <= (row["ended"] or row["seen"]) for row in later)
