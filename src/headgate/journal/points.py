"""The moments at which a process may be killed, by name: so that a test can kill it at each.

Nothing happens at a point unless HEADGATE_CRASH names it. `HEADGATE_CRASH=SEALED` kills the process
with SIGKILL the first time it comes there, `HEADGATE_CRASH=FILE_WRITTEN:3` the third time.
"""

import os
import signal
from collections import Counter
from enum import Enum, auto
from typing import Final

VARIABLE: Final = "HEADGATE_CRASH"


class Point(Enum):
    """A moment between two steps that must not depend on each other."""

    BEGUN = auto()
    LOCKED = auto()
    JUDGED = auto()
    LEGS_WRITTEN = auto()
    ENTRIES_WRITTEN = auto()
    STATE_WRITTEN = auto()
    COMMITTED = auto()
    DRAFT_WRITTEN = auto()
    FILE_WRITTEN = auto()
    TILES_WRITTEN = auto()
    SEALED = auto()
    PUBLISHED = auto()
    TILES_CLEARED = auto()
    RING_DRAFTED = auto()
    ROTATION_BEGUN = auto()
    SEED_DESTROYED = auto()
    NOTE_SEEN = auto()
    KEYS_TRUSTED = auto()
    NOTE_ACCEPTED = auto()
    LIST_FOLLOWED = auto()
    PLAN_INTENDED = auto()
    PLAN_APPLIED = auto()
    USE_KEPT = auto()
    REPORT_KEPT = auto()
    USE_SENT = auto()
    REPORT_SENT = auto()


_visits: Final[Counter[Point]] = Counter()


def reached(point: Point) -> None:
    """Say that a point is reached; the process ends there if the environment says so."""
    told = os.environ.get(VARIABLE)
    if told is None:
        return
    name, _, times = told.partition(":")
    if name not in Point.__members__ or not (times or "1").isdecimal():
        raise ValueError(f"{VARIABLE}={told} names no crash point")
    _visits[point] += 1
    if point is Point[name] and _visits[point] == int(times or 1):
        os.kill(os.getpid(), signal.SIGKILL)
