"""The commands that read a lab's books, and what tests compare of their rows."""

import csv
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from typer.testing import CliRunner, Result

from headgate.cli import app
from tests.servers.slurm import Lab

CLUSTERS: Final = """headgate: 1
clusters:
  lab:
    engine: slurm
    site: site-a
    cluster: lab
    lock: {folder}/lock
    environment: {{PATH: "{programs}:/usr/bin:/bin"}}
    programme: {programme}
    sectors: {{academia: sector}}
    chips: {{h200: {{gres: "gpu:h200"}}}}
"""
HOUR: Final = 3_600


class Books:
    """`headgate usage` and `headgate reconcile` for the hour that runs, the next, and some before.

    The clusters file, the spool and the rows are in a folder of the test's own.
    """

    def __init__(self, lab: Lab, folder: Path, programme: str, hours_before: int = 0) -> None:
        text = CLUSTERS.format(folder=folder, programs=lab.programs, programme=programme)
        (folder / "clusters.yaml").write_text(text, encoding="utf-8")
        self.out, self.spool = folder / "usage.csv", ["--spool", str(folder / "spool")]
        hour = this_hour()
        self.window = [
            *("--clusters", str(folder / "clusters.yaml"), "--cluster", "lab"),
            *("--since", told(hour - hours_before * HOUR), "--until", told(hour + 2 * HOUR)),
        ]

    def run(self, name: str, *more: str) -> Result:
        """What a command ended with."""
        return CliRunner().invoke(app, [name, *self.window, *self.spool, *more])

    def rows(self, code: int = 0, says: str = "") -> list[dict[str, str]]:
        """The rows that the ledger would import, after a look that ends by an exit code."""
        result = self.run("usage", "--out", str(self.out))
        assert (code, True) == (result.exit_code, says in result.output), result.output
        with self.out.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))


def this_hour() -> int:
    """When the hour that runs began."""
    return int(time.time()) // HOUR * HOUR


def told(at: int) -> str:
    """An instant as a person types it."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def unseen(row: dict[str, str]) -> dict[str, str]:
    """A row without when it was looked at: a second fetch changes nothing else."""
    return {name: value for name, value in row.items() if name != "seen"}


def listed(lab: Lab, job: str, state: str) -> None:
    """Wait until a listing by time has a job in a state, with its end where it has ended.

    A start that is told late says the state that the job has come to, and no end.
    """
    show = ("-M", "lab", "-a", "-X", "-nP", "-S", "now-1day", "-o", "jobidraw,state,end")

    def is_listed() -> bool:
        rows = (line.split("|") for line in lab.run("sacct", *show).splitlines())
        return any(
            (job, state) == (number, told.partition(" ")[0])
            and (end != "Unknown" or state == "RUNNING")
            for number, told, end in rows
        )

    lab.wait(is_listed, f"job {job} {state}")


@contextmanager
def travelling(lab: Lab) -> Iterator[None]:
    """Leave a lab with its clocks at now, whatever comes of a test that sets them."""
    try:
        yield
    finally:
        lab.travel("+0d")


def rolled_up(lab: Lab, *accounts: str, since: int | None = None, hours: int = 1) -> None:
    """Have slurmdbd roll up the hour that runs now, or some from an instant on, and wait until it
    has, with some accounts.

    It does so on its own too, and one that is at it does not hear that another was asked for.
    """
    first = this_hour() if since is None else since
    start, end = (told(at).rstrip("Z") for at in (first, first + hours * HOUR))
    report = ("-nP", "-t", "seconds", "cluster", "AccountUtilizationByUser", f"start={start}")

    def is_rolled_up() -> bool:
        lab.run("sacctmgr", "-i", "roll", start, end, check=False)
        lines = lab.run("sreport", *report, f"end={end}").splitlines()
        known = {cell for line in lines for cell in line.split("|")}
        return bool(lines) and known.issuperset(accounts)

    lab.wait(is_rolled_up, "rolled up")
