"""One look of the worker: what there is to tell is told, and letters go out."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from django.conf import settings

from headgate.site.desk.clock import now
from headgate.site.desk.office import NEWEST_DEED, NEWEST_ENTRY, moved
from headgate.site.notices.gather import gather
from headgate.site.notices.models import Notice
from headgate.site.notices.post import deliver
from headgate.site.portal.models import Person


@dataclass(frozen=True, slots=True)
class Done:
    """What one look came to: notices made, letters sent, letters that were not taken."""

    made: int
    sent: int
    refused: int

    @property
    def worth_telling(self) -> bool:
        """Whether anything happened."""
        return self.made + self.sent + self.refused > 0

    def __str__(self) -> str:
        return f"{self.made} notices made, {self.sent} letters sent, {self.refused} not taken"


_LOOKED: Final[list[tuple[str, ...]]] = []
"""What stood when this process looked last."""


def unread(person: Person) -> int:
    """How many notices are new to a person.

    A demo has no worker beside it: whoever looks finds what one would have told by now.
    """
    if settings.HEADGATE_DEMO:
        look()
    return Notice.objects.filter(person=person, read=None).count()


def look() -> None:
    """Tell what there is to tell, where anything moved since this process looked last."""
    stands = moved(NEWEST_ENTRY, NEWEST_DEED)
    if _LOOKED != [stands]:
        gather(now())
        _LOOKED[:] = [stands]


def work() -> Done:
    """Look once. The clock of what is told is the desk's, and that of letters a real one."""
    made = gather(now())
    return Done(made, *deliver(datetime.now(UTC)))
