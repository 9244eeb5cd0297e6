"""Pages of a call under review in a process that serves, while its list is worked out again."""

import json
import os
import pickle
import re
import signal
from collections.abc import Iterator
from concurrent.futures import wait
from threading import Event
from typing import Any

import pytest
from django.db import connections
from django.test import Client

from headgate.core.faults import Fault, Faulty
from headgate.site import apart as beside
from headgate.site.actions.sign import sign
from headgate.site.apart import meanwhile
from headgate.site.desk import remembered
from headgate.site.desk.board import look, preview
from headgate.site.desk.clock import now
from headgate.site.desk.models import AwardList, Review
from headgate.site.desk.office import SITE, call_now, doing
from headgate.site.desk.pages import panelling
from headgate.site.desk.pages.moving import SHOWN
from headgate.site.desk.refusals import DeskRefusal, refuse
from headgate.site.portal import lists
from tests.site.desk.cast import Cast, browser
from tests.site.desk.test_board_pages import judged, scene
from tests.site.portal.asking import speak

__all__ = ("judged", "scene")

BOARD, LIST, PANEL, SURE = (f"/boards/open/{rest}" for rest in ("", "list/", "panel/", "?sure=1"))
PLACES = (BOARD, LIST, PANEL, SURE)
SOON = 60.0
STALE, NONE, NEW, DRAWS = (
    "Something has moved since, and it is being worked out anew.",
    "The list is being worked out.",
    "This is as of now.",
    "How sure this list is, is being worked out.",
)
DIGEST = re.compile('name="digest" value="([0-9a-f]{64})"')
MARK = re.compile('"Headgate-Shown": "([^"]*)"')


class Beside(beside._Beside):
    """A child that answers when it is let go: it computes here, and its answers cross as bytes."""

    def __init__(self) -> None:
        super().__init__(serves=True)
        self.go, self.wrong, self.asked_for = Event(), list[ValueError](), list[str]()
        self.go.set()

    def asked(self, question: beside.Question) -> beside.Answer:
        """What the child makes of it."""
        function, told = question
        self.asked_for.append(function.__name__)
        assert self.go.wait(SOON)
        if self.wrong:
            return False, self.wrong.pop(0)
        answer: Any = True, function(*pickle.loads(pickle.dumps(told)))
        crossed: beside.Answer = pickle.loads(pickle.dumps(answer))
        return crossed

    def asked_once(self, question: beside.Question) -> beside.Answer:
        """The same of what writes; another process has none beside it."""
        self.serves = False
        try:
            return self.asked(question)
        finally:
            self.serves = True


@pytest.fixture
def child(judged: Cast, monkeypatch: pytest.MonkeyPatch) -> Iterator[Beside]:
    """The same process as one that serves, before anybody has looked; no look waits for anything
    that is held up.
    """
    del judged
    forget()
    made = Beside()
    monkeypatch.setattr(beside, "_BESIDE", made)
    yield made
    made.go.set()
    settle()
    forget()


def forget() -> None:
    """Keep nothing of what this process has seen."""
    for kept in (remembered._KEPT, lists._KEPT, meanwhile._NEWEST):
        kept.clear()


def settle() -> None:
    """Until nothing is being made any more."""
    for run in list(meanwhile._RUNS.values()):
        wait([run.comes], SOON)


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """No look waits at all."""
    for module in (remembered, panelling):
        monkeypatch.setattr(module, "WAIT_SECONDS", 0.0)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every look waits as long as it takes on any machine."""
    for module in (remembered, panelling):
        monkeypatch.setattr(module, "WAIT_SECONDS", SOON)


def sheet(judged: Cast) -> None:
    """Somebody gives one more sheet, by which the list becomes another."""
    with doing(judged.officer, "mark", "open", now()):
        given = Review.objects.filter(dossier__call="open", marked__isnull=False).order_by("id")
        one = next(one for one in given if any(one.points.values()))
        one.points = dict.fromkeys(one.points, 0)
        one.save()


def page(client: Client, place: str, **headers: str) -> str:
    """A page as it is read."""
    answer = client.get(place, headers=headers)
    assert 200 == answer.status_code
    return answer.content.decode()


def status(page: str) -> str:
    """What a page says of how new it is."""
    said = page.partition('id="moved" role="status">')[2].partition('<div id="solved">')[0]
    return " ".join(re.sub("<[^>]*>", " ", said).split())


def seen(client: Client, place: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The page once what it shows is that of now."""
    with monkeypatch.context() as patched:
        for module in (remembered, panelling):
            patched.setattr(module, "WAIT_SECONDS", SOON)
        return page(client, place)


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("place", PLACES)
def test_a_small_list_is_always_that_of_now(judged: Cast, child: Beside, place: str) -> None:
    """What is soon worked out is waited for, and nothing is said of it."""
    officer = browser(judged.officer)
    for _ in range(2):
        told = page(officer, place)
        assert "" == status(told)
        assert place == PANEL or look_now(child) in told
        sheet(judged)


def look_now(child: Beside) -> str:
    """The digest of what would be decided now."""
    del child
    with SITE.reading():
        return look("open", now()).digest


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("place", PLACES)
def test_what_was_worked_out_last_is_shown_until_the_next_is_there(
    judged: Cast, child: Beside, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its moment and a link that needs no script. Whoever looks again by itself is told no
    more until there is more; many looks have it worked out once.
    """
    officer = browser(judged.officer)
    before = seen(officer, place, monkeypatch)
    child.asked_for.clear()
    child.go.clear()
    sheet(judged)
    mark = ""
    for _ in range(3):
        told = page(officer, place)
        assert STALE in status(told)
        assert "This is as of " in status(told)
        assert f'<a class="govuk-link" href="{place}">Look again</a>' in told
        assert DIGEST.findall(before) == DIGEST.findall(told)
        assert "Sign this list" not in told
        (mark,) = MARK.findall(told)
        again = officer.get(place, headers={SHOWN: mark})
        assert (204, b"") == (again.status_code, again.content)
        assert status(told) == status(page(officer, place, **{SHOWN: "the one before"}))
    assert len(meanwhile._RUNS) == (2 if place == SURE else 1)
    child.go.set()
    settle()
    told = page(officer, place, **{SHOWN: mark})
    assert NEW == status(told)
    assert place == PANEL or look_now(child) in told
    assert place == PANEL or look_now(child) not in before
    assert ("Sign this list" in told) == (place in (BOARD, SURE))
    assert "" == status(page(officer, place))
    works = [name for name in child.asked_for if name != "_looked"]
    assert len(works) == (2 if place == SURE else 1)


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("place", [BOARD, LIST, SURE])
def test_the_first_look_of_a_process_does_not_wait(judged: Cast, child: Beside, place: str) -> None:
    """The rest of the page is there before the list is, and then the list comes."""
    officer = browser(judged.officer)
    child.go.clear()
    told = page(officer, place)
    assert NONE in status(told)
    assert ("Find by the lists" in told or 'id="filter-q"' in told) == (place != LIST)
    (mark,) = MARK.findall(told)
    assert 204 == officer.get(place, headers={SHOWN: mark}).status_code
    child.go.set()
    settle()
    assert look_now(child) in page(officer, place, **{SHOWN: mark})


def test_what_sheets_come_to_is_waited_for_the_first_time(
    judged: Cast, child: Beside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it there are no sheets to be shown; a print of all is evidence, and is of now."""
    monkeypatch.setattr(panelling, "WAIT_SECONDS", 0.0)
    officer, slow = browser(judged.officer), panelling._done

    def done(rules: Any) -> Any:
        assert not Event().wait(0.05)
        return slow(rules)

    monkeypatch.setattr(panelling, "_done", done)
    for place in (PANEL, f"{PANEL}?all", f"{PANEL}?all"):
        assert "" == status(page(officer, place))
        sheet(judged)
    assert STALE in status(page(officer, PANEL))
    assert child.asked_for


@pytest.mark.usefixtures("hurried")
def test_how_sure_a_list_is_comes_after_it(
    judged: Cast, child: Beside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list of now is there, its draws are not; later the draws are those of a list before."""
    officer = browser(judged.officer)
    seen(officer, BOARD, monkeypatch)
    child.go.clear()
    told = page(officer, SURE)
    assert DRAWS in status(told)
    assert 2 == told.count(DRAWS)
    assert "Awarded in" not in told
    (mark,) = MARK.findall(told)
    assert 204 == officer.get(SURE, headers={SHOWN: mark}).status_code
    child.go.set()
    settle()
    child.go.clear()
    sheet(judged)
    assert "Awarded in" in page(officer, SURE, **{SHOWN: mark})
    child.go.set()
    seen(officer, BOARD, monkeypatch)
    child.go.clear()
    told = page(officer, SURE)
    assert DRAWS in status(told)
    assert "These are draws of the list as of " in told
    assert "Awarded in" in told


def test_a_list_is_signed_as_it_is_now(
    judged: Cast, child: Beside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was seen before something moved cannot be signed, in words or by hand; then it can."""
    officer = browser(judged.officer)
    (before,) = DIGEST.findall(seen(officer, BOARD, monkeypatch))
    child.go.clear()
    sheet(judged)
    for module in (remembered, panelling):
        monkeypatch.setattr(module, "WAIT_SECONDS", 0.0)
    told = page(officer, BOARD)
    assert [before] == DIGEST.findall(told)
    assert "It can be signed once it is worked out anew." in told
    child.go.set()
    answer = officer.post(BOARD, {"deed": "sign", "digest": before}, follow=True)
    assert "Something changed since: look at the list as it is now" in answer.content.decode()
    assert not AwardList.objects.filter(call="open").exists()
    (after,) = DIGEST.findall(seen(officer, BOARD, monkeypatch))
    assert after != before
    answer = officer.post(BOARD, {"deed": "sign", "digest": after}, follow=True)
    assert "Signed by one." in answer.content.decode()
    assert after == AwardList.objects.get(call="open").digest
    with pytest.raises(ValueError, match="LIST_CHANGED"):
        sign(judged.owner, "open", before, now())


def test_a_file_is_of_now(judged: Cast, child: Beside, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says to which state of the journal it belongs: what it has waits for that."""
    officer = browser(judged.officer)
    seen(officer, LIST, monkeypatch)
    sheet(judged)
    monkeypatch.setattr(remembered, "WAIT_SECONDS", 0.0)
    child.go.clear()
    page(officer, LIST)
    child.go.set()
    rows = json.loads(officer.get(f"{LIST}?format=json").content)["rows"]
    monkeypatch.setattr(beside, "_BESIDE", beside._Beside())
    forget()
    places = preview("open", now()).places
    assert [(p.application, p.score) for p in places] == [
        (row["application"], row["score"]) for row in rows
    ]


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("place", [BOARD, LIST])
@pytest.mark.parametrize("of", ["rule", "fact"])
def test_what_is_refused_of_a_list_is_a_page_in_words(
    judged: Cast, child: Beside, of: str, place: str
) -> None:
    """At once where it is waited for; whoever looks again by itself is answered by no page."""
    officer = browser(judged.officer)
    page(officer, place)
    for headers in ({}, {SHOWN: "that"}):
        sheet(judged)
        child.wrong.append(refused(of))
        answer = officer.get(place, headers=headers)
        assert 409 == answer.status_code
        assert ("NVIDIA" in answer.content.decode()) == (of == "fact")
    sheet(judged)
    assert "" == status(page(officer, place))


def refused(of: str) -> ValueError:
    """What the rules refuse, or a fact that cannot be used."""
    if of == "fact":
        return Faulty([Fault("facts/x", 1, 1, "bad", "NVIDIA is no number", "write one")])
    try:
        refuse(DeskRefusal.NOT_CLOSED, "open")
    except ValueError as why:
        return why


@pytest.mark.usefixtures("hurried")
def test_what_is_refused_after_the_look_is_told_at_the_next(
    judged: Cast, child: Beside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does not go with the thread that heard it."""
    officer = browser(judged.officer)
    seen(officer, BOARD, monkeypatch)
    child.go.clear()
    child.wrong.append(refused("fact"))
    sheet(judged)
    assert STALE in status(page(officer, BOARD))
    child.go.set()
    settle()
    answer = officer.get(BOARD)
    assert 409 == answer.status_code
    assert "NVIDIA is no number" in answer.content.decode()


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize(
    ("language", "as_of", "look_again", "none"),
    [
        ("vi", "Từ đó đã có thay đổi và kết quả đang được tính lại.", "Xem lại", "đang được tính."),
        (
            "ko",
            "그 뒤에 변경이 있어 다시 계산하고 있습니다.",
            "다시 보기",
            "목록을 계산하고 있습니다.",
        ),
    ],
)
def test_it_is_said_in_the_readers_language(
    judged: Cast,
    child: Beside,
    monkeypatch: pytest.MonkeyPatch,
    language: str,
    as_of: str,
    look_again: str,
    none: str,
) -> None:
    """On the board, the list and the panel."""
    officer = browser(judged.officer)
    speak(officer, language)
    child.go.clear()
    assert none in status(page(officer, BOARD))
    child.go.set()
    for place in (BOARD, LIST, PANEL):
        seen(officer, place, monkeypatch)
    child.go.clear()
    sheet(judged)
    for place in (BOARD, LIST, PANEL):
        told = page(officer, place)
        assert as_of in status(told)
        assert look_again in status(told)
        assert STALE not in told


def test_whoever_makes_it_leaves_no_connection(child: Beside) -> None:
    """The thread that has asked the database closes what it opened."""
    del child

    def asks() -> Any:
        SITE.rows("SELECT 1")
        return connections["default"]

    found = meanwhile.last("asks", 1, now(), asks, SOON).made
    assert found is not connections["default"]
    assert found is not None
    assert found.connection is None


@pytest.mark.usefixtures("judged")
def test_a_child_that_is_killed_is_started_again(
    judged: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real one: held up, it has the list before shown; killed, another works the list out."""
    monkeypatch.setenv("HEADGATE_DATABASE", f"sqlite:///{SITE.where[2]}")
    monkeypatch.setenv("HEADGATE_DEMO", "true")
    forget()
    serving = beside._Beside(serves=True)
    monkeypatch.setattr(beside, "_BESIDE", serving)
    officer = browser(judged.officer)
    try:
        before = DIGEST.findall(seen(officer, BOARD, monkeypatch))
        assert serving.child is not None
        first = serving.child.process.pid
        os.kill(first, signal.SIGSTOP)
        sheet(judged)
        monkeypatch.setattr(remembered, "WAIT_SECONDS", 0.0)
        told = page(officer, BOARD)
        assert STALE in status(told)
        assert before == DIGEST.findall(told)
        os.kill(first, signal.SIGKILL)
        settle()
        assert "" == status(page(officer, BOARD))
        assert serving.child.process.pid != first
    finally:
        serving.end_for_good()
        settle()
        forget()


@pytest.mark.parametrize("command", [("false",)])
def test_where_no_child_answers_nobody_is_told_to_wait_for_ever(
    judged: Cast, child: Beside, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    """It is an error of the server, as it is where a look waits."""
    del child
    forget()
    monkeypatch.setattr(beside, "_BESIDE", beside._Beside(serves=True))
    monkeypatch.setattr(beside, "COMMAND", command)
    officer = browser(judged.officer)
    officer.raise_request_exception = False
    monkeypatch.setattr(remembered, "WAIT_SECONDS", 0.0)
    assert NONE in status(page(officer, BOARD))
    settle()
    assert 500 == officer.get(BOARD).status_code
    assert call_now("open").received
