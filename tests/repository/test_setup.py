"""`make setup` refuses an interpreter it cannot use, in words that say what to do."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The files that `make setup` reads, in a folder of their own."""
    for name in ("Makefile", "pyproject.toml", "scripts/setup.sh", "tests/system-packages.txt"):
        target = tmp_path / name
        target.parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, target)
    return tmp_path


def setup(copy: Path, python: Path) -> subprocess.CompletedProcess[str]:
    """`make setup` with that interpreter."""
    return subprocess.run(
        ["make", "--no-print-directory", "setup", f"PYTHON={python}"],
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
    )


def test_python_below_3_11_is_refused(copy: Path) -> None:
    """Who has an older Python is told its version, the one needed and how to name another."""
    old = copy / "old-python"
    pretend = "import sys; sys.version_info = (3, 10, 9); exec(sys.argv[1])"
    old.write_text(
        '#!/bin/sh\n[ "$1" != --version ] || { echo Python 3.10.9; exit; }\n'
        f"exec '{sys.executable}' -c '{pretend}' \"$2\"\n"
    )
    old.chmod(0o755)
    result = setup(copy, old)
    assert 0 != result.returncode
    assert f"{old} is Python 3.10.9; Headgate needs Python 3.11 or newer." in result.stderr
    assert "make PYTHON=/path/to/python3.11 setup" in result.stderr
    assert not (copy / ".venv").exists()


def test_missing_python_is_refused(copy: Path) -> None:
    """Who has no Python at all is told so, and nothing is made."""
    result = setup(copy, copy / "no-python")
    assert 0 != result.returncode
    assert "no-python here. Install Python 3.11 or newer" in result.stderr
    assert not (copy / ".venv").exists()


# A machine without root, Debian packages or network: what setup asks for is written to `calls`.
STAND_INS = {
    "id": "echo 1000",
    "dpkg-query": "exit 1",
    "uv": """
        case "$*" in *--help) echo --group; exit;; esac
        echo "uv $1" >>"$CALLS"
        [ "$1" != venv ] || { mkdir -p .venv/bin && ln -s "$PYTHON" .venv/bin/python; }
    """,
}


@pytest.fixture
def calls(copy: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the stand-ins write what setup asked of uv."""
    folder = copy / "stand-ins"
    folder.mkdir()
    for name, body in STAND_INS.items():
        (folder / name).write_text(f"#!/bin/sh\n{body}\n")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setenv("CALLS", str(copy / "calls"))
    return copy / "calls"


def test_setup_does_nothing_when_nothing_changed(copy: Path, calls: Path) -> None:
    """The second `make` costs nothing; a changed pyproject.toml is installed, not built anew."""
    first = setup(copy, Path(sys.executable))
    assert (0, "uv venv\nuv pip\n") == (first.returncode, calls.read_text()), first.stderr
    assert (0, "") == ((second := setup(copy, Path(sys.executable))).returncode, second.stdout)
    with (copy / "pyproject.toml").open("a") as file:
        file.write("\n")
    third = setup(copy, Path(sys.executable))
    assert (0, "uv venv\nuv pip\nuv pip\n") == (third.returncode, calls.read_text())


def test_setup_names_the_suites_that_will_be_skipped(copy: Path, calls: Path) -> None:
    """Without root nothing is installed by apt, and what cannot be tested is named."""
    result = setup(copy, Path(sys.executable))
    assert calls.exists()
    assert [
        f"setup: tests under {suite} will be skipped: they need the Debian package {name}"
        for suite, name in (
            ("tests/browser", "chromium"),
            ("tests/browser", "fonts-noto-cjk"),
            ("tests/site/reports", "hledger"),
            ("tests/site/reports", "ledger"),
            ("tests/servers", "postgresql"),
            ("tests/engines/slurm", "libfaketime"),
            ("tests/engines/slurm", "libnss-wrapper"),
            ("tests/engines/slurm", "mariadb-server"),
            ("tests/engines/slurm", "munge"),
            ("tests/engines/slurm", "slurm-client"),
            ("tests/engines/slurm", "slurmctld"),
            ("tests/engines/slurm", "slurmd"),
            ("tests/engines/slurm", "slurmdbd"),
            ("tests/engines/slurm/test_lab.py", "slurmrestd"),
            ("tests/engines/slurm/test_lab.py", "slurm-wlm-jwt-plugin"),
        )
    ] == [line for line in result.stdout.splitlines() if "skipped" in line]


def test_failed_installation_is_tried_again(copy: Path, calls: Path) -> None:
    """A setup that was cut short is never taken for a finished one."""
    uv = copy / "stand-ins" / "uv"
    uv.write_text(uv.read_text() + '[ "$1" = venv ]\n')
    assert [True, True] == [setup(copy, Path(sys.executable)).returncode > 0 for _ in range(2)]
    assert "uv venv\nuv pip\nuv pip\n" == calls.read_text()
