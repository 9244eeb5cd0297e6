""".ci/run calls the README's test command, fails when it fails and ends with pytest's last word."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# What `make test` prints and returns -> what .ci/run returns and its last line.
RUNS = {
    "passed": ("=== 2 passed in 0.1s ===", 0, 0, "ci: === 2 passed in 0.1s === (exit 0)"),
    "failed": (
        "=== 1 failed, 2 passed in 61.20s (0:01:01) ===",
        1,
        2,
        "ci: === 1 failed, 2 passed in 61.20s (0:01:01) === (exit 2)",
    ),
    "lint failed": ("Found 1 error.", 1, 2, "ci: pytest did not come to its end (exit 2)"),
    "nothing ran": ("", 0, 1, "ci: pytest did not come to its end (exit 0)"),
}


@pytest.mark.parametrize("name", RUNS)
def test_ci_passes_on_what_make_test_said(name: str, tmp_path: Path) -> None:
    """CI cannot be green unless the suite came to its end and everything in it passed."""
    printed, returned, expected, last = RUNS[name]
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci/run", tmp_path / ".ci/run")
    (tmp_path / "Makefile").write_text(f"test:\n\t@echo '{printed}'; exit {returned}\n")
    result = subprocess.run(
        [tmp_path / ".ci/run"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (expected, last) == (result.returncode, result.stdout.splitlines()[-1])


def test_ci_runs_the_command_of_the_readme() -> None:
    """What the README tells a person to type is what CI runs."""
    command = re.search(r"\bmake test\b", (ROOT / ".ci/run").read_text(encoding="utf-8"))
    assert command is not None
    assert command[0] in (ROOT / "README.md").read_text(encoding="utf-8")
