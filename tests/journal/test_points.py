"""Points do nothing unless a test asks, and then they end the process at once."""

import signal

import pytest

from headgate.journal.points import VARIABLE, Point, reached
from tests.journal.builders import run

CODE = """
from headgate.journal.points import reached, Point
for _ in range(5):
    reached(Point.SEALED)
    reached(Point.PUBLISHED)
    print("passed", flush=True)
"""


def test_nothing_happens_without_being_asked() -> None:
    """In service, no point is more than a look at the environment."""
    assert 0 == run(CODE)
    for point in Point:
        reached(point)


@pytest.mark.parametrize("times", [1, 3, 5])
def test_process_is_killed_at_the_point_asked_for(times: int) -> None:
    """SIGKILL, as when the power goes: nothing is flushed, no handler runs."""
    assert -signal.SIGKILL == run(CODE, Point.SEALED, times)
    assert 0 == run(CODE, Point.SEALED, 6)
    assert 0 == run(CODE, Point.COMMITTED)


@pytest.mark.parametrize("told", ["NOWHERE", "sealed", "SEALED:x", "", "SEALED:-1"])
def test_unknown_point_is_told(told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that misspells a point does not pass for want of a crash."""
    monkeypatch.setenv(VARIABLE, told)
    with pytest.raises(ValueError, match="names no crash point"):
        reached(Point.BEGUN)
