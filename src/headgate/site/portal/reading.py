"""What pages read of the records: where the programme stands, what was decided, what was used.

Decisions are only ever added, so a process keeps those it has seen and asks for the newer ones: one
query a page, however many there are.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, tzinfo
from threading import Lock
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from pydantic_core import from_json

from headgate.core.policy.dated import at
from headgate.core.policy.schema import Call, Policy
from headgate.report import speaker
from headgate.report.locale import Locale
from headgate.rings import undisturbed
from headgate.site.records.database import Database
from headgate.site.records.kept import Stands, stands
from headgate.steps.agenda import agenda
from headgate.steps.event import Event, What

DATABASE: Final = Database("default")

_NEWER: Final = """
    SELECT seq, data FROM kept WHERE kind = 'decision' AND key > %s ORDER BY key
"""
_LINE: Final = "SELECT data FROM kept WHERE kind = 'decision' AND key = %s"
_RESULT: Final = ',"result":'
"""Where the last part of a canonical line begins, which is what was decided."""

_USED: Final = """
    SELECT f.account, f.unit, l.credits_posted - l.debits_posted FROM leg f
    JOIN leg l ON l.half = (SELECT max(half) FROM leg m WHERE m.account = f.account)
    WHERE f.was_half IS NULL AND (f.account LIKE '%%/use/%%' OR f.account LIKE '%%/drawn/%%')
"""


@dataclass(frozen=True, slots=True)
class Made:
    """One decision as it is kept: its entry's number, and what it says.

    The line itself is read where somebody is shown it: a process keeps every decision, and the
    lines would be half of what it keeps.
    """

    seq: int
    step: str
    rule: str
    subject: str
    at: str
    result: Any

    @property
    def line(self) -> str:
        """Its canonical line; one query."""
        ((line,),) = DATABASE.rows(_LINE, [f"{self.seq:012}"])
        return str(line).rstrip("\n")


@dataclass
class _Seen:
    """The decisions of one database that this process has seen, in order."""

    made: list[Made] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def brought_up(self) -> list[Made]:
        """All decisions, after a look for newer ones."""
        with self.lock:
            last = f"{self.made[-1].seq:012}" if self.made else ""
            alike: dict[str, Any] = {}
            with undisturbed():
                found = DATABASE.each(_NEWER, [last])
                self.made += (_made(seq, line, alike) for seq, line in found)
            return list(self.made)


_SEEN: Final[dict[tuple[str, str, str], _Seen]] = {}


def _made(seq: int, line: str, alike: dict[str, Any]) -> Made:
    """A decision of a line; those that say the same of others, as most bills do, say it once."""
    told = from_json(line)
    words = (told["step"], told["rule"], told["subject"], told["at"])
    said = line.partition(_RESULT)[2] or line
    return Made(seq, *words, alike.setdefault(said, told["result"]))


def decisions() -> list[Made]:
    """Every decision so far, oldest first; one query."""
    return _SEEN.setdefault(DATABASE.where, _Seen()).brought_up()


def followed(made: Sequence[Made]) -> tuple[str, ...]:
    """What is another once there are more decisions: for whoever keeps what follows from them."""
    return (*DATABASE.where, str(len(made)))


def programme() -> Stands | None:
    """Where the programme stands; one query."""
    if (stood := stands(DATABASE)) is not None:
        keep_zone(policy_of(stood))
    return stood


def keep_zone(policy: Policy) -> None:
    """Tell moments in a programme's time from now on: whoever has read a policy says so."""
    _ZONES[DATABASE.where] = zone_of(policy)


_ZONES: Final[dict[tuple[str, str, str], tzinfo]] = {}


def zone() -> tzinfo:
    """In whose time people read a moment: the programme's, once this process has read it; UTC else.

    No query: whoever tells a moment tells its zone with it.
    """
    return _ZONES.get(DATABASE.where, UTC)


def zone_of(policy: Policy) -> ZoneInfo:
    """In whose days a programme's clocks count."""
    return ZoneInfo(policy.programme.timezone)


def policy_of(stood: Stands) -> Policy:
    """The policy as the file has it on the first day of the running term."""
    return at(stood.document, stood.standing.starts).policy


speaker_of: Final = speaker.speaker_of
"""Who says the fixed words and figures of the report in the reader's language."""


def used() -> dict[str, int]:
    """What was used so far, by its unit, with the energy it drew; one query."""
    found: dict[str, int] = {}
    for _account, unit, amount in DATABASE.rows(_USED, []):
        found[unit] = found.get(unit, 0) + int(amount)
    return found


@dataclass(frozen=True, slots=True)
class Due:
    """One thing of the term's calendar, and how it stands on a day."""

    event: Event
    state: str
    days: int


def due(stood: Stands, today: date) -> Iterator[Due]:
    """The term's calendar: what is done, overdue, due today, or still to come."""
    for number, event in enumerate(agenda(stood.document, stood.standing.index)):
        days = (event.day - today).days
        if number < stood.standing.done:
            state = "done"
        elif days < 0:
            state = "overdue"
        else:
            state = "today" if days == 0 else "coming"
        yield Due(event, state, days)


def received(stood: Stands) -> set[str]:
    """The calls of the term that are closed: their last day is over, or a demo went on from it."""
    events = agenda(stood.document, stood.standing.index)[: stood.standing.done]
    return {event.about for event in events if event.what is What.CLOSE_CALL}


@dataclass(frozen=True, slots=True)
class Clock:
    """One day of a call, and whether it has passed."""

    name: str
    day: str
    passed: bool


def clocks(call: Call, locale: Locale, on: date) -> Iterator[Clock]:
    """The days of a call in their order, as they stand on a day."""
    names = ((_("Opens"), call.opens), (_("Closes"), call.closes), (_("Decided"), call.decides))
    for name, day in (*names, (_("Awards begin"), call.starts)):
        yield Clock(name, locale.day(day), day <= on)
