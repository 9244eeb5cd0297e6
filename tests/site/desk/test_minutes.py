"""The minutes of a panel: what its chair reads of seats, sheets and gates, and when it moves."""

import re

import pytest
from django.db.models import QuerySet
from django.test import Client
from django.urls import reverse

from headgate.site.actions.assign_reviewers import seat
from headgate.site.actions.mark import mark
from headgate.site.actions.people import appoint
from headgate.site.desk.clock import now
from headgate.site.desk.models import Conflict, Dossier, Finding, Review
from headgate.site.desk.office import call_now
from headgate.site.desk.pages import panelling
from headgate.site.portal import lists, sending
from headgate.site.portal.roles import Role
from tests.site.desk.cast import Cast, browser, somebody
from tests.site.desk.test_board_pages import judged, scene, text

__all__ = ("judged", "scene")

_SIGN = re.compile('name="csrfmiddlewaretoken" value="[^"]*"')
_SEATS = re.compile("--numeric.>([0-9]+)/([0-9]+)</td>")
_GATE = re.compile("<li><strong>([^<]+)</strong> [^<:]*: <strong class=.govuk-tag govuk-tag--")


def test_the_panel_and_its_minutes(judged: Cast) -> None:
    """Seats, harshness, sheets with their reasons; an auditor reads them and seats nobody."""
    officer = browser(judged.officer)
    page = text(officer, "panel")
    for review in Review.objects.filter(dossier__call="open").select_related("dossier", "reviewer")[
        :5
    ]:
        assert review.reviewer.code in page
        assert (review.dossier.code or "") in page
    assert "because" in page
    assert "Agreement of the panel" in page
    every = Review.objects.filter(dossier__call="open")
    told = [tuple(map(int, each)) for each in _SEATS.findall(page)]
    counted = every.filter(marked__isnull=False).count(), every.count()
    assert counted == tuple(map(sum, zip(*told, strict=True)))
    codes = Review.objects.filter(dossier__call="open").values_list("dossier__code", flat=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(panelling, "SHOWN", 2)
        first, whole = _sheets_of(officer, ""), _sheets_of(officer, "?all")
        rest = _sheets_of(officer, f"?after={first[-1]}")
    assert (2, sorted({one or "" for one in codes})) == (len(first), whole)
    assert whole[2:4] == rest
    expert = somebody("expert")
    appoint(judged.officer, expert, "REV-NEW", "", {}, now())
    officer.post(reverse("panel", args=("open",)), {"code": codes[0], "reviewer": "REV-NEW"})
    seats = Review.objects.filter(reviewer__code="REV-NEW").count()
    full = Review.objects.filter(dossier__code=codes[0]).count() > 4
    assert (seats, False) == (1, full) or "as many reviewers" in text(officer, "panel")


def test_the_minutes_say_what_moved_since_a_process_read_all_sheets(judged: Cast) -> None:
    """What is kept of them is what a process says that keeps nothing, after a sheet and a seat."""
    officer, seen = browser(judged.officer), list[str]()

    def read() -> None:
        seen.append(_SIGN.sub("", text(officer, "panel")))
        lists._KEPT.clear()
        assert seen[-1] == _SIGN.sub("", text(officer, "panel"))

    given = Review.objects.filter(dossier__call="open", marked__isnull=False)
    read()
    one = given.order_by("pk")[0]
    nothing = dict.fromkeys(one.points, 0)
    why = dict.fromkeys(one.points, "because")
    mark(one.reviewer.person, str(one.dossier.code), nothing, why, now(), one.version)
    read()
    appoint(judged.officer, somebody("expert"), "REV-NEW", "", {}, now())
    free = Dossier.objects.filter(call="open", code__isnull=False).order_by("pk").last()
    assert free is not None
    free.reviews.order_by("pk")[0].delete()
    seat(judged.officer, str(free.code), "REV-NEW", now())
    read()
    assert 3 == len({*seen})


def test_the_minutes_of_many_are_read_some_at_a_time(
    judged: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Gates stand with the sheets of their applications, all on the page that is printed; of many
    applications one is typed, not chosen.
    """
    officer = browser(judged.officer)
    monkeypatch.setattr(panelling, "SHOWN", 2)
    expert = Review.objects.filter(dossier__call="open")[:1].get().reviewer
    tied = sorted({str(one.dossier.code): one.dossier for one in _reviews()}.items())[1:]
    told = {"reviewer": expert, "declared": True, "at": now()}
    Conflict.objects.bulk_create(
        Conflict(dossier=one, why=f"near {code}", **told) for code, one in tied
    )
    found = Finding.objects.filter(dossier__call="open")
    every = sorted(str(one) for one in found.values_list("dossier__code", flat=True))
    shown = _sheets_of(officer, "")
    pages = text(officer, "panel"), text(officer, "panel", all="")
    gates = [sorted(_GATE.findall(page)) for page in pages]
    assert [[code for code in every if code in shown], every] == gates
    assert len(shown) < len({*every})
    near = [re.findall("near ([a-z0-9-]+)", page) for page in pages]
    assert [[code for code, _ in tied if code in shown], [code for code, _ in tied]] == near
    assert [True, False] == [f"applications there are {len(tied)}" in page for page in pages]
    assert all(call_now("open").call.gates[0].name.en in page for page in pages)
    typed = '<input class="govuk-input" id="code" name="code"'
    assert typed not in text(officer, "panel")
    monkeypatch.setattr(panelling, "CHOSEN_MOST", 1)
    assert typed in text(officer, "panel")


def _reviews() -> QuerySet[Review]:
    return Review.objects.filter(dossier__call="open").select_related("dossier")


def test_minutes_that_are_printed_arrive_in_parts_or_as_a_page_that_says_why_not(
    judged: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page is the same however few rows are read at a time, in each language; a sheet that
    cannot be told is a page in words, and no half of the minutes.
    """
    officer, where = browser(judged.officer), reverse("panel", args=("open",)) + "?all"

    def told(language: str) -> tuple[bool, str]:
        officer.cookies["django_language"] = language
        page = officer.get(where)
        whole = b"".join(page) if page.streaming else page.content
        assert (200, "text/html; charset=utf-8") == (page.status_code, page["Content-Type"])
        assert "default-src 'none'" in page["Content-Security-Policy"]
        return page.streaming, _SIGN.sub("", whole.decode()).replace("\n", "")

    before = [told(language) for language in ("en", "vi", "ko")]
    monkeypatch.setattr(panelling, "READ_AT_ONCE", 2)
    monkeypatch.setattr(sending, "AT_ONCE", 100)
    after = [told(language) for language in ("en", "vi", "ko")]
    assert [(False, page) for _, page in before] == before
    assert [(True, page) for _, page in before] == after
    last = Review.objects.filter(dossier__call="open").order_by("-dossier__code")[0]
    Review.objects.filter(pk=last.pk).update(points=[])
    officer.raise_request_exception = False
    broken = officer.get(where)
    assert (500, False) == (broken.status_code, broken.streaming)
    assert "<h1" in broken.content.decode()


def _sheets_of(officer: Client, query: str) -> list[str]:
    """The applications whose sheets a page of the minutes has."""
    page = officer.get(reverse("panel", args=("open",)) + query).content.decode()
    return re.findall(r'<h3 class="govuk-heading-m">([^<]+)</h3>', page)


def test_reviewers_of_the_demo_whom_nobody_plays_give_their_sheets(judged: Cast) -> None:
    """Who plays a call by hand marks their own sheets and no others; a hand-given seat counts."""
    invented = somebody("reviewer-1", Role.REVIEWER)
    appoint(judged.officer, invented, "REV-Z", "", {}, now())
    dossier = Dossier.objects.filter(call="open", reviews__isnull=False)[:1].get()
    mine, *others = dossier.reviews.order_by("pk")
    Review.objects.filter(pk__in=[one.pk for one in others]).delete()
    Review.objects.filter(pk=mine.pk).update(marked=None, points={}, comments={})
    page = browser(judged.officer)
    where = reverse("panel", args=("open",))
    page.post(where, {"code": dossier.code, "reviewer": "REV-Z"})
    given = dossier.reviews.get(reviewer__code="REV-Z")
    full = {one.id: one.full for one in call_now("open").call.criteria}
    assert given.marked is not None
    assert full.keys() == given.points.keys() == given.comments.keys()
    assert all(0 <= points <= full[name] for name, points in given.points.items())
    mine.refresh_from_db()
    assert mine.marked is None, "whom somebody plays gives their own"
