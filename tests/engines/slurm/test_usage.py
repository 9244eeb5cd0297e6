"""Use is fetched from a real Slurm once and whole, and agrees with Slurm's own reckoning."""

import time
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

import pytest

from headgate.engines.slurm.names import account_of, mark, organisation_of, standby_of
from headgate.engines.slurm.sacct import Passed
from tests.engines.slurm.books import Books, rolled_up, unseen
from tests.servers.skipping import slurm_or_skip
from tests.servers.slurm import Lab, Shape

AWARDS = ("award-1", "Đề tài '한글'; rm -rf $(x) | --help")
"""One plain name and one that would be syntax if it ever reached a command line."""


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """A Slurm with two awards' accounts, one that is nobody's, and one that borrows."""
    with slurm_or_skip(Shape(nodes=4)) as lab:
        own = [account_of("national", award, "h200") for award in AWARDS]
        accounts = {
            **{
                name: mark({"award": a, "class": "h200"})
                for name, a in zip(own, AWARDS, strict=True)
            },
            standby_of(own[0]): mark({"award": AWARDS[0], "class": "h200"}),
            "foreign": "somebody's own",
        }
        for name, description in accounts.items():
            made(lab, name, description, "national")
        yield lab


def made(lab: Lab, name: str, description: str, programme: str) -> None:
    """An account of a programme, under which root may run."""
    about = (f"description={description}", f"organization={organisation_of(programme)}")
    lab.run("sacctmgr", "-i", "add", "account", name, *about)
    lab.run("sacctmgr", "-i", "add", "user", "root", f"account={name}")


@pytest.fixture
def books(lab: Lab, tmp_path: Path) -> Books:
    """The two commands on that Slurm, with a spool of the test's own."""
    return Books(lab, tmp_path, "national")


def submitted(lab: Lab, account: str, *options: str, seconds: float = 1, chips: int = 2) -> str:
    """A job's id."""
    kind = ("-A", account, "-o", "/dev/null", f"--gres=gpu:h200:{chips}", "-t", "10")
    sleep = ("--wrap", f"sleep {seconds}")
    return lab.run("sbatch", "--parsable", *kind, *options, *sleep).strip()


def states(lab: Lab, job: str) -> list[str]:
    """What accounting says of each attempt, oldest first.

    A start that is told late says what became of the job since, and its end is told after that: so
    what is not said to have ended has not been accounted for, whatever its state.
    """
    text = lab.run("sacct", "-D", "-X", "-nP", "-j", job, "-o", "state,end")
    told = [line.split("|") for line in text.splitlines()]
    open_ = ("PENDING", "RUNNING")
    return [
        state.partition(" ")[0] if end != "Unknown" or state in open_ else f"{state}, end untold"
        for state, end in told
    ]


def until(lab: Lab, job: str, state: str) -> None:
    """Wait until the last attempt of a job is in a state."""
    lab.wait(lambda: states(lab, job)[-1:] == [state], f"job {job} {state}")


def test_each_attempt_is_one_row_and_agrees_with_sreport(
    lab: Lab, books: Books, tmp_path: Path
) -> None:
    """Every way a job can go: what held chips is billed once, and both books say the same.

    What was borrowed is told as such. A hostile job name breaks no row, an award's hostile name
    comes back as it was.
    """
    one, two = (account_of("national", award, "h200") for award in AWARDS)
    hostile = "-x|'\";\n$(id) Đề tài 한글" + "n" * 200
    done = submitted(lab, one, f"--job-name={hostile}")
    array = submitted(lab, two, "--array=0-2")
    waiting = submitted(lab, one, "--hold")
    cancelled = submitted(lab, one, seconds=60)
    requeued = submitted(lab, two, "--requeue", seconds=60)
    lost = submitted(lab, one, "--nodelist=n4", "--no-requeue", seconds=60)
    free = submitted(lab, standby_of(one))
    foreign = submitted(lab, "foreign")
    for job in (cancelled, requeued, lost):
        until(lab, job, "RUNNING")
    time.sleep(1)
    lab.run("scancel", waiting, cancelled)
    lab.run("scontrol", "requeue", requeued)
    lab.lose("n4")
    for job in (done, free, foreign):
        until(lab, job, "COMPLETED")
    until(lab, cancelled, "CANCELLED")
    until(lab, lost, "NODE_FAIL")
    lab.wait(lambda: states(lab, requeued)[:1] == ["REQUEUED"], "requeue accounted")
    lab.run("scontrol", "update", f"jobid={requeued}", "starttime=now")
    until(lab, requeued, "RUNNING")
    time.sleep(1)
    lab.run("scancel", requeued)
    lab.start("slurmd.n4")
    lab.run("scontrol", "update", "nodename=n4", "state=resume", check=False)
    lab.wait(lambda: not lab.run("squeue", "-h").strip(), "all ended")

    rows = books.rows(says=f"1  {Passed.LENT.value}")
    jobs = sorted((row["job"], row["award"]) for row in rows)
    first, second = AWARDS
    tasks = lab.run("sacct", "-X", "-nP", "-j", array, "-o", "jobidraw").split()
    expected = [(done, first), (cancelled, first), (lost, first), *[(requeued, second)] * 2]
    assert sorted([*expected, *((task, second) for task in tasks)]) == jobs
    assert 3 == len(tasks)
    assert {"2"} == {row["gpus"] for row in rows}
    assert len(rows) == len({row["attempt"] for row in rows})
    assert [unseen(row) for row in rows] == [unseen(row) for row in books.rows()]
    kept, books.spool = books.spool, []
    (nowhere := tmp_path / "nowhere").mkdir()
    with chdir(nowhere):
        assert [unseen(row) for row in rows] == [unseen(row) for row in books.rows()]
    assert [] == list(nowhere.iterdir()), "no spool is left where none was named"
    books.spool = kept

    rolled_up(lab, *(account_of("national", award, "h200") for award in AWARDS))
    agreed = []
    for books.spool in (kept, []):
        result = books.run("reconcile")
        agree = "agree to the GPU-second" in result.output
        assert (0, True) == (result.exit_code, agree), result.output
        agreed.append(result.output)
    assert 1 == len({*agreed}), "with a spool and straight from sacct"


def test_a_job_that_gave_nodes_back_is_billed_for_what_it_held(lab: Lab, tmp_path: Path) -> None:
    """Slurm dates what it kept from the job's start: each second is billed by what was held then,
    and where sreport counts the first ones twice, the report says so.
    """
    books, account = Books(lab, tmp_path, "smaller"), account_of("smaller", "award", "h200")
    made(lab, account, mark({"award": "award", "class": "h200"}), "smaller")
    job = submitted(lab, account, "--nodes=2", seconds=60)
    until(lab, job, "RUNNING")
    time.sleep(3)
    lab.run("scontrol", "update", f"jobid={job}", "numnodes=1")
    lab.wait(lambda: states(lab, job) == ["RESIZING", "RUNNING"], "the change accounted")
    time.sleep(1)
    lab.run("scancel", job)
    until(lab, job, "CANCELLED")
    first, second = books.rows()
    assert ("4", "2", first["ended"]) == (first["gpus"], second["gpus"], second["started"])
    rolled_up(lab, account)
    lab.wait(lambda: "[resized]" in books.run("reconcile").output, "the difference told")


def test_a_running_job_is_told_open_and_later_closed(lab: Lab, books: Books) -> None:
    """A row without an end becomes the same row with its end; the attempt stays one."""
    job = submitted(lab, account_of("national", AWARDS[0], "h200"), seconds=30)
    until(lab, job, "RUNNING")
    time.sleep(2)
    (running,) = [row for row in books.rows() if row["job"] == job]
    result = books.run("reconcile")
    assert (6, True) == (
        result.exit_code,
        "[not-rolled-up]" in result.output or "[still" in result.output,
    ), result.output
    lab.run("scancel", job)
    until(lab, job, "CANCELLED")
    (ended,) = [row for row in books.rows() if row["job"] == job]
    assert ("", False) == (running["ended"], ended["ended"] == "")
    same = ("job", "attempt", "award", "started", "gpus")
    assert [running[name] for name in same] == [ended[name] for name in same]


def test_accounting_that_is_down_loses_nothing(lab: Lab, books: Books) -> None:
    """With slurmdbd down the fetch says so and the spool is as it was; later all is there."""
    before = books.rows()
    lab.kill("slurmdbd")
    job = submitted(lab, account_of("national", AWARDS[1], "h200"))
    result = books.run("usage")
    assert (5, True) == (result.exit_code, "the cluster is down" in result.output), result.output
    lab.wait(lambda: not lab.run("squeue", "-h", "-j", job, "-t", "R,PD").strip(), "job ended")
    lab.start("slurmdbd")
    until(lab, job, "COMPLETED")
    after = books.rows()
    seen = {row["attempt"] for row in before}
    assert [job] == [row["job"] for row in after if row["attempt"] not in seen]


def test_a_job_whose_controller_never_told_when_it_could_begin_is_read(
    lab: Lab, books: Books
) -> None:
    """Its start and its end are told by themselves; a restart between can lose the rest for good,
    and sacct then lists it in no window unless it is asked by states.
    """
    job = submitted(lab, account_of("national", AWARDS[0], "h200"), seconds=3)
    until(lab, job, "COMPLETED")
    lab.sql(f"update lab_job_table set time_eligible = 0 where id_job = {job}")
    plain = lab.run("sacct", "-a", "-D", "-X", "-nP", "-S", "now-1hour", "-o", "jobidraw")
    assert job not in plain.split(), "what this test is about"
    assert [job] == [row["job"] for row in books.rows() if row["job"] == job]


def test_half_an_hour_is_refused_by_the_report(books: Books) -> None:
    """sreport counts whole hours, so a window that cuts one is a user's mistake, named."""
    books.rows()
    cut = books.window.index("--until") + 1
    books.window[cut] = books.window[cut].replace(":00:00Z", ":30:00Z")
    result = books.run("reconcile")
    assert (2, True) == (result.exit_code, "whole hours" in result.output)
