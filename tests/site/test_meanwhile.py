"""What takes long is made once at a time beside the looks, and each look is told how new it is."""

from collections.abc import Callable, Iterator
from concurrent.futures import wait
from datetime import UTC, datetime
from threading import Event, Lock
from typing import Any

import pytest

from headgate.site import apart as beside
from headgate.site.apart import meanwhile
from headgate.site.apart.meanwhile import FOREVER, Last, last

AT = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
LATER = datetime(2026, 11, 30, 9, 5, tzinfo=UTC)
SOON = 60.0
"""Seconds in which a making that nothing holds up is there, on any machine."""


@pytest.fixture(autouse=True)
def serves(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A process that serves and has made nothing yet."""
    monkeypatch.setattr(beside, "_BESIDE", beside._Beside(serves=True))
    meanwhile._NEWEST.clear()
    yield
    meanwhile._NEWEST.clear()


class Works:
    """A making that is held up until it is let go, and what it made."""

    def __init__(self) -> None:
        self.go, self.made, self._lock = Event(), list[str](), Lock()

    def __call__(self, what: str) -> Callable[[], str]:
        def make() -> str:
            assert self._lock.acquire(blocking=False), "two were made at a time"
            try:
                assert self.go.wait(SOON)
                self.made.append(what)
                return what
            finally:
                self._lock.release()

        return make

    def hold(self) -> None:
        """Hold up whatever is made from now on."""
        self.go.clear()


@pytest.fixture
def works() -> Iterator[Works]:
    """One that is let go in the end, so that no thread waits for it."""
    found = Works()
    found.go.set()
    yield found
    found.go.set()


def told(found: Last[Any]) -> tuple[Any, datetime | None, bool]:
    """What was made, of when, and whether it is new."""
    return found.made, found.at, found.is_new


def test_who_does_not_serve_makes_it_in_place(
    monkeypatch: pytest.MonkeyPatch, works: Works
) -> None:
    """At every look: a command and a test never see what was there before."""
    monkeypatch.setattr(beside, "_BESIDE", beside._Beside())
    for _ in range(2):
        assert ("a", AT, True) == told(last("kind", 1, AT, works("a")))
    assert ["a", "a"] == works.made


def test_what_is_soon_made_is_seen_at_once(works: Works) -> None:
    """And is not made again while it follows from the same."""
    assert ("a", AT, True) == told(last("kind", 1, AT, works("a"), SOON))
    assert ("a", AT, True) == told(last("kind", 1, LATER, works("b"), 0))
    assert ("c", LATER, True) == told(last("kind", 2, LATER, works("c"), SOON))
    assert ("d", AT, True) == told(last("other", 1, AT, works("d"), SOON))
    assert ["a", "c", "d"] == works.made


def test_while_it_is_made_again_what_was_made_last_is_seen(works: Works) -> None:
    """With its moment; however many look, it is made once, and then all see it."""
    works.hold()
    assert (None, None, False) == told(last("kind", 1, AT, works("a"), 0))
    works.go.set()
    first = last("kind", 1, AT, works("a"), FOREVER)
    works.hold()
    looks = [last("kind", 2, LATER, works("b"), 0) for _ in range(5)]
    assert [("a", AT, False)] * 5 == list(map(told, looks))
    assert {first.mark} == {one.mark for one in looks}
    works.go.set()
    second = last("kind", 2, LATER, works("b"), FOREVER)
    assert ("b", LATER, True) == told(second)
    assert second.mark != first.mark != ""
    assert ["a", "b"] == works.made


def test_what_was_begun_before_it_moved_is_not_taken_for_new(works: Works) -> None:
    """Something moves while it is made: whoever looks then has it made once more, after that."""
    works.hold()
    assert (None, None, False) == told(last("kind", 1, AT, works("a"), 0))
    assert (None, None, False) == told(last("kind", 2, LATER, works("b"), 0))
    works.go.set()
    assert ("b", LATER, True) == told(last("kind", 2, LATER, works("b"), FOREVER))
    assert ["a", "b"] == works.made


def test_what_somebody_else_began_later_is_new_enough(
    monkeypatch: pytest.MonkeyPatch, works: Works
) -> None:
    """Where everything moves all the time, nobody waits for a making that is only their own."""
    works.hold()
    last("kind", 1, AT, works("a"), 0)

    def others_come_first(comes: Any, seconds: float | None) -> Any:
        monkeypatch.setattr(meanwhile, "wait", wait)
        works.go.set()
        done = wait(comes, SOON)
        works.hold()
        assert ("a", AT, False) == told(last("kind", 3, LATER, works("c"), 0))
        works.go.set()
        del seconds
        return done

    monkeypatch.setattr(meanwhile, "wait", others_come_first)
    assert "c" == last("kind", 2, LATER, works("b"), FOREVER).made
    assert ["a", "c"] == works.made


def fails(why: Exception, go: Event | None = None) -> Callable[[], str]:
    """A making that comes to nothing, once it is let go."""

    def make() -> str:
        assert go is None or go.wait(SOON)
        raise why

    return make


@pytest.mark.parametrize("why", [ValueError("refused"), ChildProcessError("ended")])
def test_why_it_could_not_be_made_is_told(why: Exception, works: Works) -> None:
    """To whoever waits for it, and to all who look soon after; then it is tried again."""
    assert "a" == last("kind", 1, AT, works("a"), FOREVER).made
    for seconds in (FOREVER, 0):
        with pytest.raises(type(why), match=str(why)):
            last("kind", 2, LATER, fails(why), seconds)
    assert ("c", LATER, True) == told(last("kind", 3, LATER, works("c"), FOREVER))


def test_who_did_not_wait_is_told_at_the_next_look(
    monkeypatch: pytest.MonkeyPatch, works: Works
) -> None:
    """Nobody is told for ever that it is being made; after some seconds it is tried again."""
    go = Event()
    assert "a" == last("kind", 1, AT, works("a"), FOREVER).made
    assert ("a", AT, False) == told(last("kind", 2, LATER, fails(ValueError("no"), go), 0))
    comes = meanwhile._RUNS["kind"].comes
    go.set()
    wait([comes], SOON)
    for seconds in (0, FOREVER):
        with pytest.raises(ValueError, match="no"):
            last("kind", 2, LATER, works("b"), seconds)
    assert ["a"] == works.made
    monkeypatch.setattr(meanwhile, "monotonic", lambda: 10.0**9)
    works.hold()
    assert ("a", AT, False) == told(last("kind", 2, LATER, works("b"), 0))
    works.go.set()
    assert ("b", LATER, True) == told(last("kind", 2, LATER, works("b"), FOREVER))


def test_a_failure_is_the_newest_answer_until_another_is_there(works: Works) -> None:
    """Also when something has moved since: what was made before it is not shown in its place."""
    assert "a" == last("kind", 1, AT, works("a"), FOREVER).made
    with pytest.raises(ValueError, match="no"):
        last("kind", 2, LATER, fails(ValueError("no")), FOREVER)
    works.hold()
    with pytest.raises(ValueError, match="no"):
        last("kind", 3, LATER, works("c"), 0)
    works.go.set()
    assert ("c", LATER, True) == told(last("kind", 3, LATER, works("c"), FOREVER))
    works.hold()
    assert ("c", LATER, False) == told(last("kind", 4, LATER, works("d"), 0))
