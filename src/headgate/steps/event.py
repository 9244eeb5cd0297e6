"""What can happen to a programme: the words in which its days are told, kept and taken again."""

import re
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum, StrEnum
from itertools import count, takewhile
from typing import Final

from headgate.core.faults import Fault, Sentence

EVENTS: Final = "events.jsonl"
"""The file in which events are published; a refused event is a fault of it."""

# It becomes a file's name and a part of it: no dots, no separators, and no two that differ in case.
_NAME: Final = re.compile("[a-z0-9][a-z0-9_-]{0,63}")


class What(StrEnum):
    """What can be due; on one day they come in this order."""

    OPEN_CALL = "open call"
    CLOSE_CALL = "close call"
    DECIDE_CALL = "decide call"
    METER = "meter"
    RECLAIM = "reclaim"
    ENFORCE = "enforce"
    FREEZE_ROUND = "freeze round"
    CLOSE_ROUND = "close round"
    DRAW_LOT = "draw lot"
    TURN = "turn"
    CORRECT = "correct"
    HEAR = "hear"
    AMEND = "amend"
    PAY = "pay"


class EventRefusal(Enum):
    """Why an event is not taken, in order of precedence; the value mends it, naming a `{day}`."""

    NAME_BAD = "Name it in 1 to 64 of a-z, 0-9, - and _; the first is a letter or a digit."
    WINDOW_BAD = "A part of usage looks back from its day; other things done at will look nowhere."
    NAME_TAKEN = "What was received stays as it is: receive the rest under another name."
    DAY_PASSED = "Take events in the order of their days: {day} is the first that would do."
    OVERTAKES = "Take what is due before that day first, or name {day}, the last that would do."


@dataclass(frozen=True, slots=True)
class Event:
    """One thing due on `day`, about a call, a round or a support; a meter looks to `since`.

    What nobody's calendar holds is done at will: a correction, a hearing, an amendment, a payment,
    use that is imported between two looks of the meter, or what sites' agents applied and read
    back, `about` being the name under which it was received.
    """

    day: date
    what: What
    about: str = ""
    since: date = date.min

    @property
    def at_will(self) -> bool:
        """Whether the event is done when somebody asks for it and not because it is due."""
        named = self.what in (What.METER, What.ENFORCE) and self.about != ""
        return self.what in _AT_WILL or named

    def __str__(self) -> str:
        # What comes from outside may hold what a terminal obeys, and any amount of it.
        return " ".join(filter(None, (self.what.value, ascii(self.about[:80])[1:-1])))


def is_event_name(text: str) -> bool:
    """Whether something can be done at will under a name."""
    return _NAME.fullmatch(text) is not None


def usage_name(day: date, part: str = "") -> str:
    """The name of the facts that a meter brings on a day, or of a part that came under a name."""
    return f"usage/{day.isoformat()}/{part}" if part else f"usage/{day.isoformat()}"


def corrections_name(name: str) -> str:
    """The name of the facts of a set of corrections."""
    return f"corrections/{name}"


def receipts_name(name: str) -> str:
    """The name of the facts of what sites' agents applied and read back."""
    return f"receipts/{name}"


def hearing_name(name: str) -> str:
    """The name of the facts of a hearing."""
    return f"hearings/{name}"


def amendments_name(name: str) -> str:
    """The name of the facts of what was asked of running awards and answered."""
    return f"amendments/{name}"


def payments_name(name: str) -> str:
    """The name of the facts of what was paid of fees."""
    return f"payments/{name}"


def declined_name(call: str, turn: int) -> str:
    """The name of the facts of who declined in a turn: 1 is that of the winners."""
    return f"declined/{call}" if turn == 1 else f"declined/{call}/{turn}"


def declined_names(call: str, known: Container[str]) -> Iterator[str]:
    """The names of those of them that are known, turn by turn."""
    return takewhile(known.__contains__, (declined_name(call, turn) for turn in count(1)))


def lot_name(round_id: str) -> str:
    """The name of the facts of a round's lot that the calendar holds."""
    return f"lots/{round_id}"


_AT_WILL: Final[Mapping[What, Callable[[str], str]]] = {
    What.CORRECT: corrections_name,
    What.HEAR: hearing_name,
    What.AMEND: amendments_name,
    What.PAY: payments_name,
}
"""What is only ever done at will, with the name of the facts that it brings."""


def brings(event: Event) -> str:
    """The name of the facts that a meter or something done at will brings; else empty."""
    if event.what in _AT_WILL:
        return _AT_WILL[event.what](event.about)
    if event.what is What.ENFORCE and event.about:
        return receipts_name(event.about)
    return usage_name(event.day, event.about) if event.what is What.METER else ""


def refusal(
    event: Event, latest: date, received: Container[str], due: date = date.max
) -> EventRefusal | None:
    """Why an event cannot be taken after one of day `latest` and after these facts, if it cannot.

    The one rule for what is done at will, whoever does it: what a file holds and what was moved can
    be found by the event's name, nothing received before is covered by it, and what is `due` next
    is not overtaken, or it could never be taken any more.
    """
    if event.at_will and not is_event_name(event.about):
        return EventRefusal.NAME_BAD
    if event.at_will and event.since > (event.day if event.what is What.METER else date.min):
        return EventRefusal.WINDOW_BAD
    if (name := brings(event)) and name in received:
        return EventRefusal.NAME_TAKEN
    if event.day < latest:
        return EventRefusal.DAY_PASSED
    return EventRefusal.OVERTAKES if event.at_will and event.day > max(due, latest) else None


def fault(event: Event, refused: EventRefusal, nearest: date, line: int = 0) -> Fault:
    """A refusal as a fault of the events, at the event's line where they stand in a file.

    It says which day would do, the `nearest` to the event's, where its day is what is refused.
    """
    words = refused.name.lower().replace("_", " ")
    code, why = f"event-{words.replace(' ', '-')}", Sentence(words)
    what = Sentence("{event} on {day}: {why}", event=str(event), day=event.day, why=why)
    mend = Sentence(refused.value, day=nearest)
    return Fault(EVENTS, line, 1 if line else 0, code, what, mend)
