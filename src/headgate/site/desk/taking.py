"""What a page has done that reads a whole call, or every award that runs, is done beside it.

An action reads all awards as they lie and writes them again, and a decision is computed with numpy
and a solver: at 10,000 awards more than a worker may hold. So where a site is served the process
beside the worker does the whole of it, from the writer's turn to the commit, as a command would.
Nothing that was read here is written there, and there is no second way to write.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from django.utils.translation import get_language, override

from headgate.site.actions.take_due import take_due
from headgate.site.agents.world import Sites
from headgate.site.apart import Unanswered, apart_once
from headgate.site.desk.outside import outside
from headgate.site.desk.refusals import DeskRefusal, refuse
from headgate.site.portal.models import Person

T = TypeVar("T")


def taken(action: Callable[..., T], *told: Any) -> T:
    """What an action says once it is done; it refuses what the action refuses.

    Raises `Refused` too where the process beside it ended meanwhile.
    """
    try:
        value: T = apart_once(_spoken, get_language(), action, told)
    except Unanswered:
        refuse(DeskRefusal.UNANSWERED)
    return value


def done(action: Callable[..., object], *told: Any) -> None:
    """The same of which nothing is told but that it is done: a term stays where it was made."""
    taken(_silent, action, told)


def let_happen(person: Person, about: str, moment: datetime) -> None:
    """Take the next event with whoever answers now for clusters, meters and evaluators.

    The invented world of a demo lives in the process that has begun it, and so that takes it.
    """
    world = outside()
    if isinstance(world, Sites):
        done(take_due, person, about, moment, world)
    else:
        take_due(person, about, moment, world)


def _spoken(language: str | None, action: Callable[..., T], told: tuple[Any, ...]) -> T:
    """Names in what is refused are in the language of whoever asked."""
    with override(language):
        return action(*told)


def _silent(action: Callable[..., object], told: tuple[Any, ...]) -> None:
    action(*told)
