"""One look of the worker: what there is to tell is told, and letters go out."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponseBase

from headgate.site.desk.clock import now
from headgate.site.notices.gather import gather
from headgate.site.notices.post import deliver


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


def work() -> Done:
    """Look once. The clock of what is told is the desk's, and that of letters a real one."""
    made = gather(now())
    return Done(made, *deliver(datetime.now(UTC)))


def told_at_once(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """After each deed of a demo tell what it leads to: a demo has no worker beside it."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if request.method == "POST":
            gather(now())
        return response

    return middleware
