"""What `headgate reconcile` says of figures that differ."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from headgate.cli import app
from headgate.cli.usage import _tell_reconciled
from headgate.core.quantities import DAY_SECONDS, seconds_of
from headgate.engines.slurm.reconcile import Cause, Difference, Reconciled
from headgate.engines.slurm.spool import Code, opened
from tests.engines.slurm.books import CLUSTERS

BEGIN = seconds_of("2026-03-01T09:00:00Z")
MIDNIGHT = seconds_of("2026-03-01T00:00:00Z")


@pytest.mark.parametrize(
    ("begin", "days", "cause", "expected"),
    [
        (BEGIN, 2, Cause.NOT_ROLLED_UP, True),
        (BEGIN, 1, Cause.NOT_ROLLED_UP, False),
        (MIDNIGHT, 2, Cause.NOT_ROLLED_UP, False),
        (BEGIN, 2, Cause.RUNAWAY, False),
    ],
)
def test_a_window_that_cuts_days_is_named_where_nothing_was_rolled_up(
    capsys: pytest.CaptureFixture[str], begin: int, days: int, cause: Cause, expected: bool
) -> None:
    """Who waits for hours to be rolled up reads which windows surely are, and nobody else does."""
    end = begin + days * DAY_SECONDS
    found = Reconciled(1, 8, 0, (Difference("a", begin, end, 8, 0, cause),))
    _tell_reconciled(found, begin, end)
    assert expected == ("begin and end it at midnight" in capsys.readouterr().out)


def of_another_cluster(path: Path) -> None:
    """A spool that has seen a look at another site."""
    with opened(path, "site-b") as spool:
        spool.keep([], BEGIN)


def a_database(path: Path) -> None:
    """A database that is no spool, such as a ledger or what the agent keeps."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE entry (seq INTEGER)")


def nothing(path: Path) -> None:
    """A file that nobody made."""


TAKEN_FOR_SPOOLS: dict[Code, tuple[Callable[[Path], object], ...]] = {
    Code.SPOOL_MISSING: (nothing,),
    Code.SPOOL_BAD: (a_database, lambda path: path.write_text("a list of jobs\n")),
    Code.SPOOL_FOREIGN: (of_another_cluster,),
}


@pytest.mark.parametrize("code", list(Code))
def test_a_file_that_is_no_spool_of_the_cluster_is_named_and_left_as_it_was(
    code: Code, tmp_path: Path
) -> None:
    """Neither command takes another cluster's spool for its own, nor writes into a ledger."""
    clusters, spool = tmp_path / "clusters.yaml", tmp_path / "spool"
    folder, programs = tmp_path, tmp_path / "none"
    text = CLUSTERS.format(folder=folder, programs=programs, programme="korea")
    clusters.write_text(text, encoding="utf-8")
    window = ("--since", "2026-03-01", "--until", "2026-03-02", "--cluster", "lab")
    given = (*window, "--clusters", str(clusters), "--spool", str(spool))
    for made in TAKEN_FOR_SPOOLS[code]:
        made(spool)
        before = spool.read_bytes() if spool.exists() else b""
        for command in ("reconcile",) if code is Code.SPOOL_MISSING else ("usage", "reconcile"):
            said = CliRunner().invoke(app, [command, *given])
            assert (2, True) == (said.exit_code, f"[{code}]" in said.output), said.output
        assert before == (spool.read_bytes() if spool.exists() else b"")
        spool.unlink(missing_ok=True)


def test_a_new_spool_is_its_owners_alone_to_read(tmp_path: Path) -> None:
    """It says who ran what; one that is there keeps the rights that it has."""
    with opened(tmp_path / "new", "site-a") as spool:
        spool.keep([], BEGIN)
        assert {0o600} == {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    (tmp_path / "new").chmod(0o640)
    with opened(tmp_path / "new", "site-a"):
        assert 0o640 == (tmp_path / "new").stat().st_mode & 0o777
