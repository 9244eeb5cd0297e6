"""The import contracts hold, and a planted import that breaks one is caught and named."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# A line planted in a file of the core or beside it -> what import-linter must print.
PLANTED = {
    "upwards": ("core/ledger/planted.py", "import headgate.core.policy", "core.policy"),
    "outwards": ("core/awards/planted.py", "import headgate.bundle", "headgate.bundle"),
    "clock": ("core/calls/planted.py", "import time", "time"),
    "files": ("core/policy/planted.py", "from pathlib import Path", "pathlib"),
    "randomness": ("core/evaluation/planted.py", "import random", "random"),
    "network": ("core/metering/planted.py", "import urllib.request", "urllib"),
    "django": ("core/metering/planted.py", "from django.db import models", "django"),
    "new core folder": ("core/planted/__init__.py", "", "planted"),
    "new folder": ("planted/__init__.py", "", "planted"),
}


def contracts(root: Path) -> subprocess.CompletedProcess[str]:
    """What import-linter says of the copy at `root`."""
    return subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache", "--no-logo"],
        cwd=root,
        env={**os.environ, "PYTHONPATH": "src"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("name", PLANTED)
def test_planted_violation_is_caught(name: str, tmp_path: Path) -> None:
    """Nobody can break a wall of the house without the test run saying which."""
    path, line, expected = PLANTED[name]
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "src/headgate/bundle.py").touch()
    planted = tmp_path / "src/headgate" / path
    planted.parent.mkdir(exist_ok=True)
    planted.write_text(f"{line}\n", encoding="utf-8")
    result = contracts(tmp_path)
    told = [text for text in result.stdout.splitlines() if "planted" in text and expected in text]
    assert (1, True) == (result.returncode, bool(told)), result.stdout


def test_house_keeps_its_contracts() -> None:
    """Imports run one way in the repository as it stands."""
    result = contracts(ROOT)
    assert 0 == result.returncode, result.stdout
