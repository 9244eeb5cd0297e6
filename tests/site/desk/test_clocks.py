"""Clocks walked through the pages: the last day is in time, the next is not, holidays count."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.test import Client, override_settings
from django.urls import reverse
from django.utils.translation import gettext, override

from headgate.core.ledger.refused import Refused
from headgate.core.policy.clocks import Rest, Weekday
from headgate.core.policy.dated import at as policy_at
from headgate.core.policy.document import Document
from headgate.readers.policy_files import read_programme
from headgate.site.actions.accept import accept
from headgate.site.actions.assign_reviewers import seat
from headgate.site.actions.declare_conflict import declare_conflict
from headgate.site.actions.find_gate import find_gate
from headgate.site.actions.mark import mark
from headgate.site.actions.objection import answer_objection, object_to
from headgate.site.actions.people import appoint
from headgate.site.actions.save_draft import Draft, save_draft
from headgate.site.actions.sign import sign
from headgate.site.actions.take_due import take_due
from headgate.site.desk import clock as desk_clock
from headgate.site.desk.board import preview
from headgate.site.desk.clocks import clocks_of
from headgate.site.desk.models import Acceptance, AwardList, Dossier, Objection
from headgate.site.desk.office import call_now
from headgate.site.desk.refusals import DeskRefusal
from headgate.site.notices.dates import calendar_of
from headgate.site.notices.gather import gather
from headgate.site.notices.models import Notice
from headgate.site.notices.reading import letter
from headgate.site.portal import clock as portal_clock
from headgate.site.portal import reading
from headgate.site.portal.clock import today
from headgate.site.portal.models import Person
from headgate.site.portal.roles import Role
from headgate.steps.event import Event, What
from tests.site.desk.cast import Cast, browser, facts_of, somebody
from tests.whole.small import small

KOREA = Path(__file__).parents[3] / "programmes" / "korea-2025"
SEOUL, HANOI = ZoneInfo("Asia/Seoul"), ZoneInfo("Asia/Ho_Chi_Minh")
WEEKEND = (Weekday.SATURDAY, Weekday.SUNDAY)
TET = Rest(weekdays=WEEKEND, holidays=tuple(date(2026, 2, day) for day in range(16, 21)))
"""Tết of 2026, from the eve of the lunar year to its fourth day."""


class Walk:
    """A year that stands before a signature, with a clock on the wall that the test sets."""

    def __init__(self, cast: Cast, patch: pytest.MonkeyPatch) -> None:
        self.cast, self.patch = cast, patch

    def be(self, moment: datetime) -> datetime:
        """Let it be that moment, for every page."""

        class Wall(datetime):
            """A clock that stands still."""

            @classmethod
            def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
                """The moment."""
                return moment.astimezone(tz)  # type: ignore[arg-type]

        for module in (desk_clock, portal_clock):
            self.patch.setattr(module, "datetime", Wall)
        return moment

    def sign(self, moment: datetime, *people: str) -> list[str]:
        """Some sign the list of the open call, which is told once two have; who has won."""
        board = preview("open", moment)
        for name in people:
            sign(getattr(self.cast, name), "open", board.digest, moment)
        return list(AwardList.objects.get(call="open").winners)


def clocked(rest: Rest, clocks: Mapping[str, str]) -> Document:
    """The small programme with days of rest and clocks."""
    days = ", ".join(day.isoformat() for day in rest.holidays)
    text = f"""overlay: clocks
because: {{en: Clocks of the tests.}}
from: 2026-01-01
onwards: true
set:
  programme.calendar.rest:
    weekdays: [{", ".join(rest.weekdays)}]
    holidays: [{days}]
"""
    text += "".join(f"  calls.open.{name}: {value}\n" for name, value in clocks.items())
    return Document.read({**small().term.document.texts, "overlays/clocks.yaml": text})


def walk(document: Document, patch: pytest.MonkeyPatch) -> Walk:
    """The open call of a document, closed and judged."""
    cast = Cast(document, facts_of(small().term))
    cast.until(What.DECIDE_CALL, "open")
    cast.judge("open")
    return Walk(cast, patch)


@pytest.fixture
def open_portal(lone_site: str) -> Iterator[None]:
    """A portal whose clock is the wall's."""
    del lone_site
    with ExitStack() as stack:
        stack.enter_context(override_settings(HEADGATE_DEMO=False, ALLOWED_HOSTS=["*"]))
        yield


@pytest.mark.usefixtures("open_portal")
def test_koreas_ten_and_thirty_days_end_after_the_holidays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Told on 6 February the tenth day is Seollal; one may object until midnight of the 19th.

    Objected on that day, the thirtieth is a Saturday and the answer is in time until 23 March.
    """
    korea = policy_at(read_programme(KOREA), date(2026, 3, 3)).policy
    appeals, rest = korea.calls["open-1"].appeals, korea.programme.calendar.rest
    assert appeals is not None
    assert rest is not None
    days = f"{{object_days: {appeals.object_days.count}, answer_days: {appeals.answer_days.count}}}"
    year = walk(clocked(rest, {"appeals": days, "standby": "{accept_days: 7}"}), monkeypatch)
    told = year.be(datetime(2026, 2, 6, 10, tzinfo=SEOUL))
    first, second, *_ = year.sign(told, "owner", "officer")
    dossier, person = Dossier.objects.get(code=first), year.cast.applicant_of(first)
    own, client = reverse("application", args=(dossier.pk,)), browser(person)

    gather(told)
    notice = Notice.objects.get(person=person, kind="told", key__startswith=f"told/{first}/")
    assert ("2026-02-19", "2026-02-13") == (notice.facts["object_by"], notice.facts["accept_by"])
    with override("ko"):
        assert any("2026년 2월 19일" in line for line in letter(notice).lines)
    assert b"DTSTART;VALUE=DATE:20260219" in calendar_of(person, "en")
    home = client.get(reverse("home")).content.decode()
    assert "19\u00a0February\u00a02026" in home
    assert f"{first}: last day to take the award" in home
    assert "13\u00a0February\u00a02026" in home
    accept(person, first, True, told)
    home = client.get(reverse("home")).content.decode()
    assert f"{first}: last day to take the award" not in home

    year.be(datetime(2026, 2, 19, 23, 59, tzinfo=SEOUL))
    assert 302 == client.post(own, {"deed": "object", "text": "Too few"}).status_code
    assert 1 == Objection.objects.filter(dossier=dossier).count()
    late = year.be(datetime(2026, 2, 20, 0, 1, tzinfo=SEOUL))
    with pytest.raises(Refused) as caught:
        object_to(year.cast.applicant_of(second), second, "Too few", late)
    assert DeskRefusal.WINDOW_CLOSED is caught.value.reason
    with pytest.raises(Refused) as caught:
        accept(year.cast.applicant_of(second), second, True, late)
    assert DeskRefusal.WINDOW_CLOSED is caught.value.reason
    assert "last day to object" not in client.get(reverse("home")).content.decode()

    gather(late)
    asked = Notice.objects.get(kind="objection", person=year.cast.officer)
    assert "2026-03-23" == asked.facts["by"]
    office = browser(year.cast.officer)
    assert b"DTSTART;VALUE=DATE:20260323" in calendar_of(year.cast.officer, "en")
    year.be(datetime(2026, 3, 24, 9, tzinfo=SEOUL))
    assert "hg-agenda__item--overdue" in office.get(reverse("home")).content.decode()
    answer_objection(year.cast.owner, first, False, "The offer is spent", late)
    assert "answer the objection" not in office.get(reverse("home")).content.decode()


@pytest.mark.usefixtures("open_portal")
def test_three_working_days_for_a_result_leave_tet_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Signed by one on Thursday before Tết, the result is to be told by Tuesday after it.

    Decree 268/2025/NĐ-CP, article 12: three working days, with reasons and scores.
    """
    appeals = "{object_days: 10, answer_days: 30, notice_days: 3 working days}"
    year = walk(clocked(TET, {"appeals": appeals}), monkeypatch)
    signed = year.be(datetime(2026, 2, 12, 17, tzinfo=HANOI))
    year.sign(signed, "owner")
    officer = year.cast.officer
    client = browser(officer)
    gather(signed)
    notice = Notice.objects.get(kind="sign", person=officer)
    with override("vi"):
        assert any("24/02/2026" in line for line in letter(notice).lines)
    assert b"DTSTART;VALUE=DATE:20260224" in calendar_of(officer, "vi")
    for day, state in ((23, "coming"), (24, "today"), (25, "overdue")):
        year.be(datetime(2026, 2, day, 12, tzinfo=HANOI))
        home = client.get(reverse("home")).content.decode()
        mine = home[home.index("Your own last days") :]
        assert f"hg-agenda__item--{state}" in mine[: mine.index("</li>")]
    year.sign(year.be(datetime(2026, 2, 24, 12, tzinfo=HANOI)), "officer")
    assert "sign and tell" not in client.get(reverse("home")).content.decode()


def told_late(client: Client, where: str, deed: dict[str, str], why: str) -> str:
    """A form that is sent too late: a page that says so in Korean and has what was typed."""
    answer = client.post(where, deed, follow=True, headers={"accept-language": "ko"})
    page = answer.content.decode()
    assert 200 == answer.status_code
    assert 'lang="ko"' in page
    with override("ko"):
        assert gettext(why) in page
    for text in (value for name, value in deed.items() if name not in ("deed", "gate", "code")):
        assert text in page, text
    return page


@pytest.mark.usefixtures("open_portal")
def test_what_comes_too_late_is_told_on_its_page_and_nothing_is_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A draft after closing, a reply, an award and an objection after their days: text and page.

    What is late and still a duty, the answer to an objection, is taken and was overdue before.
    """
    appeals = {"appeals": "{object_days: 10, answer_days: 30}", "standby": "{accept_days: 7}"}
    cast = Cast(clocked(TET, appeals), facts_of(small().term))
    cast.until(What.CLOSE_CALL, "open")
    year = Walk(cast, monkeypatch)
    cast.apply("open")
    handed = Dossier.objects.filter(call="open", state="submitted").select_related("lead")
    lead = handed[0].lead
    drafting = cast.persons[lead.code]
    draft = save_draft(drafting, Draft("open", lead.code, None, "Half", "", (), 1, {}), at_noon(30))
    mine, client = reverse("application", args=(draft.pk,)), browser(drafting)
    title = "한밤중에 새로 쓴 긴 제목"
    typed = {"deed": "save", "version": "1", "title": title, "summary": "밤새 새로 쓴 긴 설명"}
    year.be(cast.closing("open"))
    told_late(client, mine, typed, DeskRefusal.LATE.value)
    take_due(
        cast.officer, str(Event(date(2026, 2, 1), What.CLOSE_CALL, "open")), cast.closing("open")
    )
    told_late(client, mine, typed, DeskRefusal.LATE.value)
    draft.refresh_from_db()
    assert "Half" == draft.title

    cast.judge("open")
    shut = handed[1]
    find_gate(cast.officer, shut.code or "", "audit", False, "No accounts", ["0" * 64], at_noon(2))
    year.be(datetime(2026, 2, 8, 9, tzinfo=SEOUL))
    own = reverse("application", args=(shut.pk,))
    replying = browser(cast.applicant_of(shut.code or ""))
    reply = {"deed": "reply", "gate": "audit", "text": "회계 자료는 여기 있습니다"}
    told_late(replying, own, reply, DeskRefusal.WINDOW_CLOSED.value)
    assert "A finding on the gate Audit" in replying.get(own).content.decode()
    find_gate(cast.officer, shut.code or "", "audit", True, "Found", ["0" * 64], at_noon(9))

    told = year.be(datetime(2026, 2, 9, 10, tzinfo=SEOUL))
    first, second, *_ = year.sign(told, "owner", "officer")
    winner = Dossier.objects.get(code=first)
    own, client = reverse("application", args=(winner.pk,)), browser(cast.applicant_of(first))
    assert "Take the award" in client.get(own).content.decode()
    year.be(datetime(2026, 2, 24, 0, 1, tzinfo=SEOUL))
    told_late(client, own, {"deed": "accept"}, DeskRefusal.WINDOW_CLOSED.value)
    assert not Acceptance.objects.filter(dossier=winner).exists()
    objection = {"deed": "object", "text": "점수가 너무 낮습니다"}
    told_late(client, own, objection, DeskRefusal.WINDOW_CLOSED.value)
    assert not Objection.objects.exists()

    page = client.get(own).content.decode()
    assert "Take the award" not in page
    assert "The days to take it ended on 23\u00a0February\u00a02026." in page
    assert "The days to object ended on 23\u00a0February\u00a02026." in page
    year.be(told)
    other = Dossier.objects.get(code=second)
    where = reverse("application", args=(other.pk,))
    browser(cast.applicant_of(second)).post(where, {"deed": "object", "text": "Too few"})
    year.be(datetime(2026, 3, 24, 9, tzinfo=SEOUL))
    office, board = browser(cast.owner), reverse("board", args=("open",))
    assert "hg-agenda__item--overdue" in office.get(reverse("home")).content.decode()
    assert "To be answered by 11\u00a0March\u00a02026" in office.get(board).content.decode()
    office.post(board, {"deed": "answer", "code": second, "upheld": "no", "text": "Late, but no."})
    assert "Late, but no." == Objection.objects.get(dossier=other).answer


def own_days(person: Person, language: str = "en") -> list[tuple[str, date, str]]:
    """What somebody's home says that they have to do, by when, and where."""
    stood = reading.programme()
    assert stood is not None
    with override(language):
        return [(c.title, c.day, c.address) for c in clocks_of(person, stood, today(stood))]


@pytest.mark.usefixtures("open_portal")
def test_home_says_what_was_not_handed_in_and_what_waits_for_a_sheet(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A draft until its call closes; seats without a sheet until the list is decided; no more."""
    cast = Cast(small().term.document, facts_of(small().term))
    cast.until(What.CLOSE_CALL, "open")
    year = Walk(cast, monkeypatch)
    cast.apply("open")
    first, second = Dossier.objects.filter(call="open", state="submitted").order_by("code")[:2]
    lead = first.lead.code
    drafting, rules = cast.persons[lead], call_now("open").call
    home = browser(drafting).get(reverse("home")).content.decode()
    assert "A call is open: see what you may apply for" in home
    draft = save_draft(drafting, Draft("open", lead, None, "Half", "", (), 1, {}), at_noon(30))
    where = reverse("application", args=(draft.pk,))
    year.be(at_noon(30))
    told = ("The open call: last day to hand in the draft", rules.closes, where)
    assert [told] == own_days(drafting)
    assert where in browser(drafting).get(reverse("home")).content.decode()
    closed = year.be(cast.closing("open"))
    assert [] == own_days(drafting)
    idle = browser(somebody("unseated", Role.APPLICANT)).get(reverse("home")).content.decode()
    assert "A call is open" in idle
    take_due(cast.officer, str(Event(date(2026, 2, 1), What.CLOSE_CALL, "open")), closed)

    person = somebody("reader")
    appoint(cast.officer, person, "reader", "", {}, closed)
    for one in (first, second):
        seat(cast.officer, str(one.code), "reader", closed)
    queue = reverse("reviews")
    waits = "The open call: 2 applications wait for your review", rules.decides, queue
    assert [waits] == own_days(person)
    assert ["The open call: 신청 2건이 평가를 기다립니다"] == [
        title for title, *_ in own_days(person, "ko")
    ]
    declare_conflict(person, str(first.code), "", closed)
    points = {one.id: one.full for one in rules.criteria}
    mark(person, str(first.code), points, dict.fromkeys(points, "because"), closed)
    left = "The open call: 1 application waits for your review", rules.decides, queue
    assert [left] == own_days(person)
    declare_conflict(person, str(second.code), "", closed)
    mark(person, str(second.code), points, dict.fromkeys(points, "because"), closed)
    assert [] == own_days(person)


DEEDS = ("Apply to this call", "Go on with your reviews", "See its award board")


@pytest.mark.usefixtures("open_portal")
def test_a_call_says_what_its_reader_can_do_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """By role and day, and where it leads; who can do nothing there is offered nothing."""
    cast = Cast(small().term.document, facts_of(small().term))
    cast.until(What.CLOSE_CALL, "open")
    year = Walk(cast, monkeypatch)
    cast.apply("open")
    readers = {
        "nobody": Client(),
        "applicant": browser(next(iter(cast.persons.values()))),
        "reviewer": browser(somebody("reader", Role.REVIEWER)),
        "officer": browser(cast.officer),
        "auditor": browser(somebody("auditor", Role.AUDITOR)),
        "guest": browser(somebody("guest")),
    }

    def offered() -> dict[str, tuple[str, ...]]:
        pages = {who: page.get("/calls/open/").content.decode() for who, page in readers.items()}
        assert all("Nothing is decided yet" in page for page in pages.values())
        return {who: tuple(d for d in DEEDS if d in page) for who, page in pages.items()}

    none = dict.fromkeys(readers, ())
    year.be(at_noon(30))
    apply, review, board = ((deed,) for deed in DEEDS)
    assert none | {"nobody": apply, "applicant": apply, "officer": board} == offered()
    closed = year.be(cast.closing("open"))
    take_due(cast.officer, str(Event(date(2026, 2, 1), What.CLOSE_CALL, "open")), closed)
    assert none | {"reviewer": review, "officer": board} == offered()
    for who, name in (("applicant", "applications"), ("reviewer", "reviews")):
        assert 200 == readers[who].get(reverse(name)).status_code
    assert 200 == readers["officer"].get(reverse("board", args=("open",))).status_code


def at_noon(day: int) -> datetime:
    """Noon of a day: of January for the last ones, of February for the others."""
    return datetime(2026, 1 if day > 20 else 2, day, 12, tzinfo=SEOUL)
