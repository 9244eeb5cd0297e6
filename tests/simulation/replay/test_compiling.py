"""Where the loop is compiled, where its code is kept, and what is said where it cannot be."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import headgate
from headgate.simulation.replay import compiling

ROOT = Path(headgate.__file__).parents[1]
SHOW = """
import sys
{before}
from headgate.simulation.replay import compiling, fast
from tests.simulation.replay.worlds import gangs, steps
from headgate.simulation.replay.pool import Pool, Rules
work = gangs((0, 100, 4, 0), (0, 100, 8, 0))
result = fast.replay(Pool(work, steps(8, 8), Rules()))
print(result.ended.tolist(), compiling.state().name)
"""


def ran(before: str, show: str = SHOW, **environment: str) -> str:
    """What a new process prints after a replay of two gangs."""
    words = {"PYTHONPATH": f"{ROOT}{os.pathsep}{Path(__file__).parents[3]}", **environment}
    command = [sys.executable, "-c", show.replace("{before}", before)]
    made = subprocess.run(
        command, env={**os.environ, **words}, capture_output=True, text=True, check=False
    )
    assert 0 == made.returncode, made.stderr
    return made.stdout.strip()


def test_without_numba_the_same_text_runs_as_python() -> None:
    """Who has not installed headgate[simulate] gets the same result, later, and is told."""
    assert "[100, 200] INTERPRETED" == ran("sys.modules['numba'] = None")


def test_compiled_code_is_kept_where_the_user_says(tmp_path: Path) -> None:
    """NUMBA_CACHE_DIR is where it goes, one file is all that is kept, and nothing is made twice.

    An inner function is compiled once whatever it is called with, which is a fifth of a first use.
    """
    counted = SHOW + "print({len(each.signatures) for each in INNER})"
    before = (
        "from headgate.simulation.replay import compiling\n"
        "INNER, known = [], compiling.inner\n"
        "compiling.inner = lambda each: INNER.append(known(each)) or INNER[-1]"
    )
    assert "[100, 200] KEPT\n{1}" == ran(before, counted, NUMBA_CACHE_DIR=str(tmp_path))
    assert 1 == len(list(tmp_path.rglob("loop.run*.nbc")))


def test_where_nothing_can_be_written_it_is_compiled_for_the_run() -> None:
    """A read-only installation is no error; that nothing was kept can be said."""
    nowhere = "from numba.core import caching\ncaching.CacheImpl._locator_classes = []\n"
    assert "[100, 200] NOT_KEPT" == ran(nowhere)


def test_a_version_of_numba_that_was_not_tried_costs_only_time(tmp_path: Path) -> None:
    """A part of numba that has changed is not met unseen: its own compiler gives the same."""
    later = (
        "import numba\n"
        "numba.version_info = numba.version_info._replace(short=(9, 0))\n"
        "sys.modules['headgate.simulation.replay.passes'] = None"
    )
    assert ran(later, NUMBA_CACHE_DIR=str(tmp_path)).startswith("[100, 200]")


def test_the_version_of_numba_that_is_here_was_tried() -> None:
    """Whoever brings another runs these tests with it and says so, or first use takes twice."""
    numba = pytest.importorskip("numba")
    assert compiling.TRIED[0] <= numba.version_info.short <= compiling.TRIED[1]


@pytest.mark.parametrize("option", ["_nrt", "no_cpython_wrapper"])
def test_an_option_that_numba_no_longer_knows_costs_only_time(option: str) -> None:
    """What is not documented may go; the result stays."""
    gone = (
        "import numba\nknown = numba.njit\n"
        "def njit(*words, **options):\n"
        f"    if '{option}' in options: raise KeyError('{option}')\n"
        "    return known(*words, **options)\n"
        "numba.njit = njit\n"
    )
    assert ran(gone).startswith("[100, 200]")
