"""Where the loop is compiled, where its code is kept, and what is said where it cannot be."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

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
LATER = """
import numba
numba.version_info = numba.version_info._replace(short=(9, 0))
sys.modules['headgate.simulation.replay.passes'] = None
"""

WATCHED = """
import sys
sys.modules['numba'] = None
import numpy as np
from hypothesis import given, settings
from headgate.simulation.replay import fast
from tests.simulation.replay.worlds import pools


class FromTheFront(np.ndarray):
    def __getitem__(self, place):
        assert min(place if isinstance(place, tuple) else (place,)) >= 0, place
        return super().__getitem__(place)

    def __setitem__(self, place, value):
        assert min(place if isinstance(place, tuple) else (place,)) >= 0, place
        super().__setitem__(place, value)


def watched(table):
    return table.view(FromTheFront) if isinstance(table, np.ndarray) else table


seen = []


@settings(max_examples=150, deadline=None, database=None)
@given(pools())
def every_rule(pool):
    state = fast.State(*map(watched, fast.state_of(pool, wide=True)))
    seen.append(fast.run(state))


every_rule()
print(len(seen) >= 150 and all(seen))
"""
"""A pool whose tables refuse a place that is counted from the end."""


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


def test_no_place_of_a_table_is_counted_from_the_end() -> None:
    """Machine code does not ask whether a place is below zero, so none may be, in any pool."""
    assert "True" == ran("", WATCHED)


@pytest.mark.skipif(
    settings.get_current_profile_name() != "nightly", reason="twice as long: make nightly"
)
def test_numba_by_itself_compiles_the_whole_loop(tmp_path: Path) -> None:
    """What an untried version of numba is left with is the same replay."""
    assert "[100, 200] KEPT" == ran(LATER, NUMBA_CACHE_DIR=str(tmp_path))


def small(numba: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[int, compiling.State]:
    """An inner and an outer function by a compiler of their own, and what became of it.

    The loop goes the same way and takes seconds where this takes hundredths.
    """
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(folder))
    compiler = compiling._Compiler()

    @compiler.inner
    def half(number: int) -> int:
        return number // 2

    @compiler.outer
    def run(number: int) -> int:
        return half(number) + half(number + 2)

    return run(8), compiler.state


@pytest.fixture
def numba() -> Any:
    """Numba, without which there is nothing to look at."""
    return pytest.importorskip("numba")


def test_where_nothing_can_be_written_it_is_compiled_for_the_run(
    numba: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A read-only installation is no error; that nothing was kept can be said."""
    from numba.core import caching

    monkeypatch.setattr(caching.CacheImpl, "_locator_classes", [])
    assert (9, compiling.State.NOT_KEPT) == small(numba, tmp_path, monkeypatch)


def test_a_full_disk_is_no_error(
    numba: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder may be open and its quota spent: what is compiled runs, and is not kept."""
    from numba.core import caching

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(caching.IndexDataCacheFile, "_save_data", full)
    assert (9, compiling.State.NOT_KEPT) == small(numba, tmp_path, monkeypatch)


def test_numba_that_is_switched_off_is_told_as_python(
    numba: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NUMBA_DISABLE_JIT is a person's choice; nobody then waits for what was to be compiled."""
    monkeypatch.setattr(numba.config, "DISABLE_JIT", True)
    assert (9, compiling.State.INTERPRETED) == small(numba, tmp_path, monkeypatch)


@pytest.mark.parametrize("what", ["numba", "Python"])
def test_a_version_that_was_not_tried_costs_only_time(
    what: str, numba: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part of numba that has changed is not met unseen: its own compiler gives the same."""
    if what == "numba":
        later = numba.version_info._replace(short=(9, 0))
        monkeypatch.setattr(numba, "version_info", later)
    else:
        monkeypatch.setattr(compiling, "LAST_PYTHON", (3, 10))
    monkeypatch.setitem(sys.modules, "headgate.simulation.replay.passes", None)
    assert (9, compiling.State.KEPT) == small(numba, tmp_path, monkeypatch)


def test_the_version_of_numba_that_is_here_was_tried(numba: Any) -> None:
    """Whoever brings another runs these tests with it and says so, or first use takes twice."""
    assert compiling.TRIED[0] <= numba.version_info.short <= compiling.TRIED[1]


@pytest.mark.parametrize("option", ["_nrt", "no_cpython_wrapper", "pipeline_class"])
def test_an_option_that_numba_no_longer_knows_costs_only_time(
    option: str, numba: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is not documented may go; the result stays."""
    known: Callable[..., Any] = numba.njit

    def njit(**options: object) -> Any:
        if option in options:
            raise KeyError(option)
        return known(**options)

    monkeypatch.setattr(numba, "njit", njit)
    assert (9, compiling.State.KEPT) == small(numba, tmp_path, monkeypatch)
