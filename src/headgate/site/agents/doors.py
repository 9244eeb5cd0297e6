"""The doors of the agents: what each is handed and brings, for whoever shows the site's credential.

They are no pages: no session, no cookie and no form, so nothing here can be done by a browser that
was led here. What is too large, too much at a time or not what it says is refused by a plain line.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from hmac import compare_digest
from http import HTTPStatus
from io import BytesIO
from typing import Any, Final

from django.db.models import F, Value
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods
from pydantic import TypeAdapter, ValidationError

from headgate.core.ledger.text import is_instant, is_plain
from headgate.core.metering.usage import Usage
from headgate.site.actions.agents import digest_of
from headgate.site.actions.take_in import journal_returned, take_report, take_use, waiting
from headgate.site.agents.models import Agent, SignedList
from headgate.site.agents.reading import REPORT, enrolled
from headgate.site.desk.taking import done

BYTES_MOST: Final = 8 * 1024**2
ROWS_MOST: Final = 5_000
ASKED_A_MINUTE_MOST: Final = 300
GPUS_MOST: Final = 1_000_000
"""Of one attempt; more is no cluster's, and their seconds would not fit the database."""

NUMBER_MOST: Final = 2**53
WORD: Final = "Headgate-Word"

_ROW: Final = TypeAdapter(Usage)

Door = Callable[[HttpRequest, Agent], HttpResponse]


def _no(status: HTTPStatus, why: str) -> HttpResponse:
    return HttpResponse(f"{why}\n", status=status, content_type="text/plain; charset=utf-8")


def door(method: str) -> Callable[[Door], Callable[..., HttpResponse]]:
    """A view that only the agent of the site reaches, no more often and no larger than it may."""

    def made(view: Door) -> Callable[..., HttpResponse]:
        @csrf_exempt
        @require_http_methods([method])
        @wraps(view)
        def guarded(request: HttpRequest, site: str) -> HttpResponse:
            agent = _who(request, site)
            if agent is None:
                refused = _no(HTTPStatus.UNAUTHORIZED, "no agent has this credential")
                refused["WWW-Authenticate"] = "Bearer"
                return refused
            if not _may_ask(agent):
                refused = _no(HTTPStatus.TOO_MANY_REQUESTS, "too much at a time: come again")
                refused["Retry-After"] = "60"
                return refused
            length = request.headers.get("Content-Length") or "0"
            if not length.isdecimal() or int(length) > BYTES_MOST:
                return _no(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"at most {BYTES_MOST:,} bytes")
            response = view(request, agent)
            response["Cache-Control"] = "private, no-store"
            return response

        return guarded

    return made


def _who(request: HttpRequest, site: str) -> Agent | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    agent = enrolled().filter(site=site).first()
    if agent is None or scheme != "Bearer":
        return None
    return agent if compare_digest(agent.token, digest_of(token)) else None


def _may_ask(agent: Agent) -> bool:
    """Count what an agent asks within a minute."""
    now = datetime.now(UTC)
    minute = int(now.timestamp()) // 60
    mine = Agent.objects.filter(pk=agent.pk)
    if not mine.filter(minute=minute).update(asked=F("asked") + Value(1), seen=Now()):
        mine.update(minute=minute, asked=1, seen=Now())
    return mine.filter(asked__lte=ASKED_A_MINUTE_MOST).exists()


@door("GET")
def orders(request: HttpRequest, agent: Agent) -> HttpResponse:
    """The site's list as it was signed, and the plan that an operator has allowed, if any."""
    del request
    listed = SignedList.objects.filter(site=agent.site).first()
    data = listed.data.encode() if listed is not None else b""
    response = HttpResponse(data, content_type="application/octet-stream")
    if agent.word:
        response[WORD] = agent.word
    return response


@door("POST")
def use(request: HttpRequest, agent: Agent) -> HttpResponse:
    """Rows of use, one JSON line each; answers which of them are to come again later."""
    rows: list[Usage] = []
    for number, line in enumerate(BytesIO(_body(request)), start=1):
        row = _read(line, agent)
        if row is None or number > ROWS_MOST:
            what = f"line {number} is no row of use of {agent.site}, or one of too many"
            return _no(HTTPStatus.UNPROCESSABLE_ENTITY, what)
        rows.append(row)
    return JsonResponse(take_use(agent, rows, datetime.now(UTC)), safe=False)


def _read(line: bytes, agent: Agent) -> Usage | None:
    """A row that can be kept; whether it can be true is judged when it enters the ledger."""
    try:
        row = _ROW.validate_json(line)
    except ValidationError:
        return None
    texts = row.job, row.award, row.support_class
    instants = row.started, row.seen, row.ended or row.seen
    sound = (
        row.cluster == agent.site
        and all(map(is_instant, instants))
        and all(map(is_plain, texts))
        and all(len(text) <= most for text, most in zip(texts, (200, 200, 64), strict=True))
        and abs(row.attempt) <= NUMBER_MOST
        and 0 <= row.gpus <= GPUS_MOST
        and 0 <= (row.joules or 0) <= NUMBER_MOST
    )
    return row if sound else None


@door("POST")
def report(request: HttpRequest, agent: Agent) -> HttpResponse:
    """One report; it is on record, or waits to be, when this is answered."""
    try:
        told = REPORT.validate_json(_body(request))
    except ValidationError as error:
        return _no(HTTPStatus.UNPROCESSABLE_ENTITY, error.errors()[0]["msg"])
    instants = told.back.at, told.looked or told.back.at
    if told.back.cluster != agent.site or not all(map(is_instant, instants)):
        what = f"it is no report of {agent.site}"
        return _no(HTTPStatus.UNPROCESSABLE_ENTITY, what)
    take_report(agent, told, now := datetime.now(UTC))
    if waiting().exists():
        done(journal_returned, now)
    return HttpResponse(status=HTTPStatus.NO_CONTENT)


def _body(request: HttpRequest) -> bytes:
    """The whole body; its length was looked at already."""
    return request.read(BYTES_MOST + 1)


DOORS: Final[list[Any]] = [
    path("<str:site>/orders", orders),
    path("<str:site>/use", use),
    path("<str:site>/report", report),
]
