"""What somebody does about a round that the desk must refuse."""

from collections.abc import Callable
from datetime import datetime

from headgate.site.actions.judge_round import seat_experts
from headgate.site.desk.office import SITE
from headgate.site.desk.refusals import DeskRefusal
from tests.site.desk.cast import Cast


def round_unknown(cast: Cast, now: datetime) -> None:
    """The policy has no such round."""
    seat_experts(cast.officer, "nothing", ["REV-A"], now)


def no_teams(cast: Cast, now: datetime) -> None:
    """The call of the round is not decided, so nobody is in it."""
    seat_experts(cast.officer, "stage", ["REV-A"], now)


def experts_seated(cast: Cast, now: datetime) -> None:
    """The experts have their sheets already."""
    expert = next(iter(cast.reviewers))
    for _ in range(2):
        seat_experts(cast.officer, "stage", [expert], now)


def round_closed(cast: Cast, now: datetime) -> None:
    """The round was closed, and its evidence stays as it was received."""
    facts = "INSERT INTO kept (kind, key, seq, data) SELECT kind, 'evidence/stage', seq, data"
    with SITE.writing():
        SITE.rows(f"{facts} FROM kept WHERE kind = 'fact' AND key = 'applications/open'", [])
    seat_experts(cast.officer, "stage", [next(iter(cast.reviewers))], now)


PROVOKED: dict[DeskRefusal, tuple[str, Callable[[Cast, datetime], None]]] = {
    DeskRefusal.ROUND_UNKNOWN: ("closed", round_unknown),
    DeskRefusal.NO_TEAMS: ("open", no_teams),
    DeskRefusal.EXPERTS_SEATED: ("told", experts_seated),
    DeskRefusal.ROUND_CLOSED: ("told", round_closed),
}
"""Each refusal with the site on which it is provoked, and how."""
