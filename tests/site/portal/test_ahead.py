"""What pages keep is made before anybody looks, and is what a look makes."""

import logging
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from urllib.request import urlopen

import pytest
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from headgate.core.policy.dated import at
from headgate.site.actions.post import post
from headgate.site.desk import invoices
from headgate.site.portal import ahead, lists, reading
from headgate.site.portal.models import Person
from headgate.site.portal.pages import PAGES
from headgate.site.portal.registry import Page
from headgate.site.portal.roles import Role
from headgate.steps.agenda import first_day
from headgate.steps.term import DUE, PAID, chart_of, single
from tests.commands import HEADGATE, environment
from tests.site.chromium import wait_for
from tests.site.portal.asking import LANGUAGES, enter, text_of

KEEPS = [(page, role) for page in PAGES for role in page.ahead]
MARKS = re.compile(r'csrfmiddlewaretoken" value="[^"]*"|\d\d:\d\d')
"""What two looks at one page do not share."""


@pytest.fixture(autouse=True)
def nothing_known() -> None:
    """A process that was just started."""
    _forget()


def _forget() -> None:
    lists._KEPT.clear()
    reading._SEEN.clear()
    invoices._BILLED.clear()


@contextmanager
def _beside(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bool]]:
    """The thread, which looks again at once; whether it was ready when it told that all is made."""
    for name, seconds in (("EVERY", 0.02), ("LEFT", 0)):
        monkeypatch.setattr(ahead, name, seconds)
    stopped, told = Event(), list[bool]()
    thread = Thread(target=ahead.keep_up, args=(stopped, lambda: told.append(_ready())))
    ahead.READY.set(0)
    thread.start()
    try:
        yield told
    finally:
        stopped.set()
        thread.join(60)
        assert not thread.is_alive()


def _ready() -> bool:
    return bool(ahead.READY._value.get() == 1)


def _await(true: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not true():
        assert time.monotonic() < until, "nothing was made"
        time.sleep(0.01)


def _looks(portal: Client) -> Iterator[tuple[Page, str, str]]:
    """Every page that keeps much, as those for whom it does, in each language."""
    for page, role in KEEPS:
        portal.logout()
        if role is not None:
            enter(portal, role)
        for language in LANGUAGES:
            given = {"accept-language": language}
            answer = portal.get(f"/{page.path}", {"q": "open"}, headers=given)
            assert 200 == answer.status_code
            yield page, language, MARKS.sub("", text_of(answer))


def _made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of what is put into rows or words from now on."""
    made: list[str] = []
    rows, words = lists._made, lists._words

    def told(name: str, follows: Hashable, how: Callable[[], list[object]]) -> lists.Kept[object]:
        made.append(name)
        return rows(name, follows, how)

    def put(column: lists.Column[object], *more: object) -> lists.Found:
        made.append(f"{translation.get_language()} {column.name}")
        return words(column, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(lists, "_made", told)
    monkeypatch.setattr(lists, "_words", put)
    return made


def test_a_look_makes_nothing_that_was_made_ahead(
    portal: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither rows nor words, in no language; and each shows what it shows where nothing was."""
    alone = [*_looks(portal)]
    _forget()
    with _beside(monkeypatch):
        _await(_ready)
        made = _made(monkeypatch)
        found = [*_looks(portal)]
    assert ([], alone) == (made, found)
    assert len(KEEPS) * len(LANGUAGES) == len(found)


def test_what_has_moved_is_made_again(portal: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """After an entry of the journal nobody's look makes anything either."""
    del portal
    with _beside(monkeypatch) as told:
        _await(_ready)
        made = _made(monkeypatch)
        _pay()
        _await(lambda: "bills" in made and _ready())
        made.clear()
        time.sleep(0.2)
        assert [] == made, "and it is made once"
    assert [True] == told, "that all is made is told once, when it is"
    stood = reading.programme()
    assert stood is not None
    assert lists._KEPT.get("bills")[0] == stood.moved  # type: ignore[index]


def _pay() -> None:
    """Somebody pays a part of what an award owes: an entry, and no deed."""
    stood = reading.programme()
    assert stood is not None
    policy, held = at(stood.document, first_day(stood.document)).policy, stood.holdings[-1]
    ((latest,),) = reading.DATABASE.rows("SELECT max(latest) FROM entry", [])
    ends = PAID.format(support=held.support), DUE.format(award=held.award)
    unit = policy.programme.money.unit
    post(reading.DATABASE, chart_of(policy), [single("pay:ahead", *ends, 1, unit, latest, "test")])


def test_it_writes_nothing_and_asks_for_no_lock(portal: Client) -> None:
    """Whoever decides something meanwhile waits for nobody."""
    del portal
    with CaptureQueriesContext(connection) as asked:
        ahead._kept_up(object(), Event())
    assert asked.captured_queries
    begins = {one["sql"].split()[0] for one in asked.captured_queries}
    assert begins <= {"SELECT", "PRAGMA"}, begins


def test_a_fault_is_logged_once_and_pages_answer(
    portal: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """And what was wrong is tried again, without anybody: once all is well it is ready."""
    tries: list[int] = []

    def wrong(_role: Role | None) -> None:
        tries.append(1)
        raise OSError("no disk")

    caplog.set_level(logging.INFO, "headgate.ahead")
    logging.getLogger("headgate.ahead").addHandler(caplog.handler)
    with _beside(monkeypatch):
        with monkeypatch.context() as broken:
            broken.setattr(ahead, "_one_of", wrong)
            _pay()
            _await(lambda: len(tries) > 3)
            assert not _ready()
            assert 200 == portal.get("/").status_code
        _await(_ready)
    told = {id(one): one for one in caplog.records if one.name == "headgate.ahead"}
    assert ["what pages keep could not be made before anybody looks"] == [
        one.getMessage() for one in told.values()
    ]


def test_before_a_programme_there_is_nothing_to_make(
    empty_portal: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is looked at, nothing is wrong, and it is told as ready."""
    del empty_portal
    monkeypatch.setattr(ahead, "_one_of", pytest.fail)
    with _beside(monkeypatch) as told:
        _await(_ready)
    assert not told


def test_pages_have_the_process_longer_than_what_is_made_before(
    portal: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often something moves: three times as long, and a second at least."""
    del portal
    clock, waits = iter([0.0, 5.0, 10.0, 10.1]), list[float]()

    class Waits(Event):
        def wait(self, timeout: float | None = None) -> bool:
            waits.append(timeout or 0.0)
            if len(waits) == 2:
                self.set()
            return self.is_set()

    monkeypatch.setattr(ahead, "monotonic", lambda: next(clock))
    monkeypatch.setattr(ahead, "_kept_up", lambda *_: None)
    ahead.keep_up(Waits(), pytest.fail)
    assert [15.0, 1.0] == waits


def test_a_page_is_looked_at_for_those_who_are_there(portal: Client) -> None:
    """Where nobody has a role nothing is made for it; who was sent away does not look."""
    del portal
    for role in (Role.AGENCY_OFFICER, Role.FUND_OFFICER):
        Person.objects.filter(groups__name=role.value).update(is_active=False)
    left = [(page.name, str(person)) for page, person in ahead._looks()]
    assert {"programme", "home", "decisions", "projects"} == {name for name, _ in left}
    assert 1 == [name for name, _ in left].count("home")


def test_it_is_told_as_unready_until_all_is_made(
    portal: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where it was ready before something moved."""
    del portal
    told: list[bool] = []
    monkeypatch.setattr(ahead, "_look", lambda *_: told.append(_ready()))
    ahead.READY.set(1)
    known = ahead._kept_up(object(), Event())
    assert [False] * len(KEEPS) == told
    assert (_ready(), known) == (True, ahead._kept_up(known, Event()))
    assert len(KEEPS) == len(told), "nothing has moved"


def test_it_ends_before_the_next_look(portal: Client) -> None:
    """Who stops the server waits for one look at most."""
    del portal
    stopped, seen = Event(), list[str]()

    def view(_request: HttpRequest) -> HttpResponse:
        seen.append(translation.get_language() or "")
        stopped.set()
        return HttpResponse()

    page = Page("home/", "home", view)
    ahead._look(page, None, stopped)
    ahead._look(page, None, stopped)
    assert ["en"] == seen
    ahead._kept_up(object(), stopped)
    assert not _ready()


def test_a_page_that_keeps_much_is_of_whoever_it_is_made_for() -> None:
    """It stands alone, without a part of an address, and its people may see it."""
    assert KEEPS
    for page, role in KEEPS:
        assert "<" not in page.path
        assert page.is_public or role in page.roles


@pytest.mark.parametrize("awaited", [True, False])
def test_a_process_that_serves_makes_it_and_ends_quietly(
    begun_address: str, tmp_path: Path, awaited: bool
) -> None:
    """Metrics tell that it was made; interrupted at any moment the server says nothing of it."""
    with socket.create_server(("127.0.0.1", 0)) as one:
        url = f"http://127.0.0.1:{one.getsockname()[1]}"
    said = tmp_path / "said"
    command = [*HEADGATE, "serve", "--database", begun_address, "--port", url.rpartition(":")[2]]
    with said.open("w") as file:
        server = subprocess.Popen(
            command, cwd=tmp_path, env=environment(), stdout=file, stderr=file
        )
    try:
        wait_for(f"{url}/readyz", server, said)
        if awaited:
            _await(lambda: _told_ready(url))
    finally:
        server.send_signal(signal.SIGINT)
        assert 0 == server.wait(60), said.read_text()
    assert "Traceback" not in said.read_text()
    assert "headgate.ahead" not in said.read_text()


def _told_ready(url: str) -> bool:
    with urlopen(f"{url}/metrics") as answer:
        return b"headgate_kept_ready 1.0\n" in answer.read()
