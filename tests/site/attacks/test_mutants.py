"""Bugs are planted, one at a time, in a copy of the program: a small suite catches every one.

A suite that lets a planted bug live would let a real one live.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.commands import environment
from tests.site.attacks.mutants import AT_NIGHT, EVERY_TIME, Mutant
from tests.site.attacks.suite import PARTS
from tests.site.proof import record, times

ROOT: Final = Path(__file__).parents[3]
PLANTED: Final = (*EVERY_TIME, *AT_NIGHT) if times() > 1 else EVERY_TIME


@pytest.fixture(autouse=True)
def connections_end() -> None:
    """No database is opened in this process: the suite runs in others."""


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the program in which one file at a time is spoilt, and mended afterwards."""
    folder = tmp_path_factory.mktemp("mutants") / "src"
    shutil.copytree(
        ROOT / "src/headgate", folder / "headgate", ignore=shutil.ignore_patterns("__pycache__")
    )
    return folder


def said(source: Path, part: str) -> str:
    """What the suite says of a copy of the program, in a process of its own."""
    path = f"{source}{os.pathsep}{ROOT}"
    command = [sys.executable, "-m", "tests.site.attacks.suite", part]
    done = subprocess.run(
        command,
        env=environment(PYTHONPATH=path),
        cwd=source,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout or done.stderr


@pytest.mark.parametrize("part", PARTS)
def test_program_as_it_is_passes_the_suite(source: Path, part: str) -> None:
    """Only then does it say something that a spoilt one does not."""
    assert "clean" == said(source, part)


@pytest.mark.parametrize("mutant", PLANTED, ids=lambda mutant: mutant.name)
def test_planted_bug_is_caught(source: Path, mutant: Mutant) -> None:
    """The bug is really in the program that runs, and the suite stops at it.

    A mended file has its old time again: what was compiled with the bug is not of that time.
    """
    path = source / "headgate" / mutant.file
    honest, written = path.read_text(encoding="utf-8"), path.stat().st_mtime_ns
    assert 1 == honest.count(mutant.old), f"{mutant.file} has changed: plant this bug elsewhere"
    path.write_text(honest.replace(mutant.old, mutant.new), encoding="utf-8")
    try:
        told = said(source, mutant.part)
    finally:
        path.write_text(honest, encoding="utf-8")
        os.utime(path, ns=(written, written))
    assert "caught:" == told[:7], told
    record("Planted bugs caught", {mutant.name: 1})


def test_ten_bugs_or_more_are_planted_at_every_change() -> None:
    """As many as were promised, each once, in posting, encoding, the tree and the guards."""
    planted = (*EVERY_TIME, *AT_NIGHT)
    assert len(EVERY_TIME) >= 10
    assert len({mutant.name for mutant in planted}) == len(planted)
    assert set(PARTS) == {mutant.part for mutant in EVERY_TIME}
