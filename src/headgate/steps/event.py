"""What can happen to a programme: the words in which its days are told, kept and taken again."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class What(StrEnum):
    """What can be due; on one day they come in this order."""

    OPEN_CALL = "open call"
    CLOSE_CALL = "close call"
    DECIDE_CALL = "decide call"
    METER = "meter"
    RECLAIM = "reclaim"
    ENFORCE = "enforce"
    CLOSE_ROUND = "close round"
    TURN = "turn"
    CORRECT = "correct"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing due on `day`, about a call, a round or a support; a meter looks to `since`.

    What nobody's calendar holds is done at will: a correction, or use that is imported between two
    looks of the meter, `about` being the name under which it was received.
    """

    day: date
    what: What
    about: str = ""
    since: date = date.min

    @property
    def at_will(self) -> bool:
        """Whether the event is done when somebody asks for it and not because it is due."""
        return self.what is What.CORRECT or (self.what is What.METER and self.about != "")
