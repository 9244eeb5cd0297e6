"""What was made last, to be shown while it is made again: for what takes longer than a page may.

One thing of a kind is made at a time, however many ask, each beside the pages in a thread that
waits for the child. A look that finds something newer to be made has it made at once, waits a
moment, and shows what was made last where that was too short. So nothing shown is older than the
making before, and whoever looks when nothing moves any more sees what there is now.
"""

from collections.abc import Callable, Hashable
from concurrent.futures import Future, wait
from dataclasses import dataclass, replace
from datetime import datetime
from math import inf
from threading import Lock, Thread
from time import monotonic
from typing import Any, Final, Generic, TypeVar

from django.db import connections

from headgate.core import canonical
from headgate.site.apart import serves
from headgate.site.recent import Recent

T = TypeVar("T")

WAIT_SECONDS: Final = 1.0
"""How long a look waits for what there is now, before it shows what was made last."""
FOREVER: Final = inf
"""For whoever needs what there is now."""
TOLD_SECONDS: Final = 10.0
"""How long it is told why something could not be made, before that is tried again."""
KEPT_MOST: Final = 24
"""What a process keeps of what was made last: a list, its draws and its panel, of eight calls."""


@dataclass(frozen=True, slots=True)
class Last(Generic[T]):
    """What was `made` last, at what moment, and whether that is what there is now.

    Nothing was where `at` is None. `mark` is another one for each that was made.
    """

    made: T | None = None
    at: datetime | None = None
    is_new: bool = False
    mark: str = ""


@dataclass(frozen=True, slots=True)
class _Asked:
    """What something to be made follows from, and when it was asked for."""

    follows: Hashable
    at: datetime

    def having(self, made: Any, *, is_new: bool = True) -> Last[Any]:
        """What came of it."""
        return Last(made, self.at, is_new, canonical.digest(repr(self).encode())[:16])


@dataclass(frozen=True, slots=True)
class _Newest:
    """What was made last of a kind, and why it could not be made again since, if it could not."""

    asked: _Asked | None = None
    made: Any = None
    failed: _Asked | None = None
    why: Exception | None = None
    until: float = 0.0

    def shown(self, *, is_new: bool) -> Last[Any]:
        """What was made last."""
        return Last() if self.asked is None else self.asked.having(self.made, is_new=is_new)

    def tell(self, follows: Hashable = None) -> None:
        """Raise why it could not be made lately: from that, or from whatever it followed then."""
        if self.failed is None or self.why is None or monotonic() > self.until:
            return
        if follows is None or self.failed.follows == follows:
            raise self.why


@dataclass(frozen=True, slots=True)
class _Run:
    """A making that is under way, and what will come of it."""

    asked: _Asked
    began: float
    comes: "Future[Any]"


_LOCK: Final = Lock()
_RUNS: Final[dict[Hashable, _Run]] = {}
"""What is being made now, of each kind one; only ever changed under the lock."""
_NEWEST: Final = Recent[_Newest](KEPT_MOST)


def last(
    kind: Hashable,
    follows: Hashable,
    at: datetime,
    make: Callable[[], T],
    seconds: float = WAIT_SECONDS,
) -> Last[T]:
    """What was made last of a kind; made now where that is soon done, or where no process serves.

    It is what there is now while it `follows` from the same; `at` is the moment of asking, and
    `seconds` how long that may be waited for. Raises what `make` raises, where nothing newer came
    of it: at once, or at the next look where this one did not wait for it.
    """
    asked, began = _Asked(follows, at), monotonic()
    if not serves():
        return asked.having(make())
    while True:
        with _LOCK:
            newest = _NEWEST.get(kind) or _Newest()
            if newest.asked is not None and newest.asked.follows == follows:
                return newest.shown(is_new=True)
            newest.tell(follows)
            run = _RUNS.get(kind) or _begun(kind, asked, make)
        left = None if seconds == inf else max(0.0, began + seconds - monotonic())
        if run.comes not in wait([run.comes], left).done:
            newest.tell()
            return newest.shown(is_new=False)
        if run.asked.follows == follows or run.began >= began:
            return run.asked.having(run.comes.result())


def _begun(kind: Hashable, asked: _Asked, make: Callable[[], Any]) -> _Run:
    """A making that begins now, under the lock."""
    run = _Run(asked, monotonic(), Future())
    Thread(target=_make, args=(kind, run, make), daemon=True).start()
    _RUNS[kind] = run
    return run


def _make(kind: Hashable, run: _Run, make: Callable[[], Any]) -> None:
    """Make it; what came of it is kept before anybody hears of it."""
    try:
        newest, why = _Newest(run.asked, make()), None
    except Exception as error:  # noqa: BLE001 - whoever looks is told, whatever it is.
        before, why = _NEWEST.get(kind) or _Newest(), error
        until = monotonic() + TOLD_SECONDS
        newest = replace(before, failed=run.asked, why=error, until=until)
    connections.close_all()
    with _LOCK:
        _NEWEST.keep(kind, newest)
        del _RUNS[kind]
    if why is None:
        run.comes.set_result(newest.made)
    else:
        run.comes.set_exception(why)
