"""Setting up: what each door installs, and an interpreter that cannot be used is refused."""

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


def setup(copy: Path, python: Path, door: str = "setup") -> subprocess.CompletedProcess[str]:
    """`make setup`, or another door, with that interpreter and nobody at the keyboard."""
    return subprocess.run(
        ["make", "--no-print-directory", door, f"PYTHON={python}"],
        cwd=copy,
        stdin=subprocess.DEVNULL,
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


ALL = ".[kueue,simulate,site,submitit] --group dev"

# A machine without root, Debian packages or network: what setup asks for is written to `calls`.
INSTALLED = """printf '#!/bin/sh\\n# %s\\necho "headgate $*" >>"$CALLS"\\n' "$PWD/.venv/" \\
            >.venv/bin/headgate && chmod +x .venv/bin/headgate"""
STAND_INS = {
    "id": "echo 1000",
    "dpkg-query": "exit 1",
    "uv": f"""
        case "$*" in *--help) echo --group; exit;; esac
        [ "$1" = pip ] || {{
            echo "uv venv" >>"$CALLS"
            mkdir -p .venv/bin && ln -s "$PYTHON" .venv/bin/python
            exit
        }}
        shift 6
        echo "uv $*" >>"$CALLS"
        {INSTALLED}
    """,
}
PYTHON = f"""#!/bin/sh
case "$1 $2 $3" in
"-m venv "*) mkdir -p .venv/bin && cp "$0" .venv/bin/python; echo venv >>"$CALLS" ;;
"-m pip --version") ;;
"-m pip config") echo "$SETTINGS" ;;
"-m pip install")
    case "$*" in
    *uv) echo "pip uv" >>"$CALLS"; cp "$UV" .venv/bin/uv ;;
    *--upgrade*) echo "pip pip" >>"$CALLS" ;;
    *) shift 6; echo "pip $*" >>"$CALLS"; {INSTALLED} ;;
    esac ;;
*) exec '{sys.executable}' "$@" ;;
esac
"""
"""A Python whose environments and pip are stand-ins too; `UV` is what its pip brings."""


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


@pytest.fixture
def python(copy: Path, calls: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for Python on a machine without uv, which pip can bring."""
    assert not calls.exists()
    (copy / "stand-ins" / "uv").rename(copy / "found-uv")
    monkeypatch.setenv("UV", str(copy / "found-uv"))
    monkeypatch.setenv("SETTINGS", ":env:.timeout='180'")
    path = copy / "stand-ins" / "stand-in-python"
    path.write_text(PYTHON)
    path.chmod(0o755)
    return path


def asked(calls: Path) -> list[str]:
    """What was asked since this was last looked at."""
    lines = calls.read_text().splitlines() if calls.exists() else []
    calls.write_text("")
    return lines


def test_setup_does_nothing_when_nothing_changed(copy: Path, calls: Path) -> None:
    """The second `make` costs nothing; a changed pyproject.toml is installed, not built anew."""
    first = setup(copy, Path(sys.executable))
    assert (0, ["uv venv", f"uv {ALL}"]) == (first.returncode, asked(calls)), first.stderr
    assert (0, "") == ((second := setup(copy, Path(sys.executable))).returncode, second.stdout)
    with (copy / "pyproject.toml").open("a") as file:
        file.write("\n")
    third = setup(copy, Path(sys.executable))
    assert (0, [f"uv {ALL}"]) == (third.returncode, asked(calls))


def test_run_installs_what_the_portal_needs_and_setup_the_rest(copy: Path, calls: Path) -> None:
    """Who only looks waits for no tool of tests; whoever then works on it builds nothing anew."""
    demo = "headgate demo --out build/demo --portal"
    first = setup(copy, Path(sys.executable), "run")
    assert (0, ["uv venv", "uv .[site]", demo]) == (first.returncode, asked(calls)), first.stderr
    assert "skipped" not in first.stdout, "no package of the tests was asked for"
    for door, expected in (
        ("run", [demo]),
        ("setup", [f"uv {ALL}"]),
        ("setup", []),
        ("run", [demo]),
    ):
        result = setup(copy, Path(sys.executable), door)
        assert (door, 0, expected) == (door, result.returncode, asked(calls)), result.stderr
    with (copy / "pyproject.toml").open("a") as file:
        file.write("\n")
    for door, expected in (("run", ["uv .[site]", demo]), ("setup", [f"uv {ALL}"])):
        result = setup(copy, Path(sys.executable), door)
        assert (door, 0, expected) == (door, result.returncode, asked(calls)), result.stderr


def test_pip_brings_the_quicker_installer(copy: Path, calls: Path, python: Path) -> None:
    """Where nobody has uv it comes into .venv alone, and the next set-up has it."""
    result = setup(copy, python, "run")
    demo = "headgate demo --out build/demo --portal"
    assert (0, ["venv", "pip uv", "uv .[site]", demo]) == (result.returncode, asked(calls))
    assert (0, [f"uv {ALL}"]) == (setup(copy, python).returncode, asked(calls))


@pytest.mark.parametrize(
    "setting", ["global.index-url='https://mirror'", ":env:.no-index='1'", "user.proxy='p'"]
)
def test_pip_installs_where_it_is_told_from_where(
    copy: Path, calls: Path, python: Path, monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    """A house whose pip is led to its own index or proxy is never led around it."""
    monkeypatch.setenv("SETTINGS", setting)
    result = setup(copy, python)
    assert (0, ["venv", "pip pip", f"pip {ALL}"]) == (result.returncode, asked(calls))


def test_pip_installs_where_uv_fails(copy: Path, calls: Path, python: Path) -> None:
    """A machine that uv is not made for, or which it cannot reach, is set up all the same."""
    (copy / "found-uv").write_text('#!/bin/sh\necho "no uv" >>"$CALLS"\nexit 1\n')
    result = setup(copy, python, "run")
    assert (0, True) == (result.returncode, "uv could not; pip tries" in result.stdout)
    assert ["venv", "pip uv", "no uv", "pip .[site]"] == asked(calls)[:4]


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
    uv.write_text(uv.read_text() + "exit 1\n")
    assert [True, True] == [setup(copy, Path(sys.executable)).returncode > 0 for _ in range(2)]
    assert ["uv venv", f"uv {ALL}", f"uv {ALL}"] == asked(calls)
