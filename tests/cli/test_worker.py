"""The site's worker and its tables, from the command line."""

import os
import signal
import subprocess
from itertools import islice
from pathlib import Path

from headgate.cli.shared import passes
from tests.commands import HEADGATE


def run(folder: Path, *words: str, code: int = 0) -> str:
    """A command of its own process, in a folder; it must end with the code."""
    done = subprocess.run(
        [*HEADGATE, *words], cwd=folder, capture_output=True, text=True, check=False
    )
    assert code == done.returncode, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_a_site_without_tables_is_refused_and_migrate_makes_them(tmp_path: Path) -> None:
    """The worker names what is missing; after migrate one look finds nothing to tell, twice."""
    address = f"sqlite:///{tmp_path / 'site.db'}"
    assert "[ledger-missing]" in run(tmp_path, "worker", "--once", "--database", address, code=2)
    assert "as this version needs them" in run(tmp_path, "migrate", "--database", address)
    for _ in range(2):
        said = run(tmp_path, "worker", "--once", "--database", address)
        assert "0 notices made, 0 letters sent, 0 not taken" in said


def test_passes_go_on_until_somebody_stops_them_and_once_is_once() -> None:
    """What looks again and again does not end by itself."""
    assert 4 == len(list(islice(passes(0, once=False), 4)))
    assert 1 == len(list(islice(passes(0, once=True), 4)))


def test_a_worker_stops_when_it_is_told_to(tmp_path: Path) -> None:
    """SIGTERM, as systemd sends it, ends it well; also where a shell started it in its background,
    which has Ctrl+C ignored.
    """
    address = f"sqlite:///{tmp_path / 'site.db'}"
    run(tmp_path, "migrate", "--database", address)
    words = [*HEADGATE, "worker", "--every", "0.1", "--database", address]
    for before in ([], ["env", "--ignore-signal=INT"]):
        assert 0 == _told_to_stop([*before, *words], tmp_path)


def _told_to_stop(words: list[str], folder: Path) -> int:
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    pipe = subprocess.PIPE
    with subprocess.Popen(words, cwd=folder, env=environment, stdout=pipe, text=True) as worker:
        assert worker.stdout is not None
        assert "looking every 0.1 s" in worker.stdout.readline()
        worker.send_signal(signal.SIGTERM)
        try:
            return worker.wait(120)
        finally:
            worker.kill()
