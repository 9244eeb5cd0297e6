"""What became of the blocks that were owed to a team which a round sent home by a mistake."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

RESTORED: Final = "restored"
"""The kind of the decisions that say so."""


class Restored(StrEnum):
    """How a debt was met on a day, or why it ends; as reports translate it."""

    WHOLE = "whole"
    PART = "part"
    WAITS = "waits"
    AWARD_OVER = "award-over"
    REPORT_MISSING = "report-missing"
    LEFT_SINCE = "left-since"


@dataclass(frozen=True, slots=True)
class Returned:
    """Blocks that were given to a team on one day, and those that it is still owed then.

    `until` is the end of the team's own award.
    """

    round: str
    outcome: Restored
    blocks: int
    owed: int
    until: date
