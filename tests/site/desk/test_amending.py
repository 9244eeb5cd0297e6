"""A running award at the desk: asked, answered, handed over, reported, and all of it on record."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.translation import deactivate, override

from headgate.core.duties.amendment import AmendmentFault, Change
from headgate.core.ledger.refused import Refused
from headgate.readers.facts import Recorded
from headgate.site.actions.amend import answer, ask, close_silent, confirm, enter, hand_over
from headgate.site.actions.consent import agree_to_enter
from headgate.site.actions.people import act_for
from headgate.site.desk.amending import all_runs, applied_parts
from headgate.site.desk.models import Asking, Consent, Deed, Dossier, Member, Organisation
from headgate.site.desk.office import SITE
from headgate.site.desk.outside import catch_up
from headgate.site.desk.refusals import DeskRefusal
from headgate.site.notices.awards import of_awards
from headgate.site.notices.gather import gather
from headgate.site.notices.models import Notice
from headgate.site.notices.reading import letter
from headgate.site.records.database import opened
from headgate.site.records.kept import events, kept_term, stands
from headgate.site.verifying import verify_database
from headgate.steps.event import What
from headgate.steps.term import Holding, Term
from tests.report.checking import findings
from tests.site.desk.cast import Cast, allied_with, browser, facts_of
from tests.site.portal.asking import speak, text_of
from tests.whole.small import small

NOON = datetime(2026, 6, 1, 12, tzinfo=ZoneInfo("Asia/Seoul"))
LATER = NOON + timedelta(days=20)
OF_AWARDS = {
    DeskRefusal.ASKED_ALREADY,
    DeskRefusal.WORDS_MISSING,
    DeskRefusal.SILENCE_TOO_SHORT,
    DeskRefusal.OVERDUE_FIRST,
    DeskRefusal.ENTRY_UNAGREED,
}
"""The refusals that only awards know; each is provoked here."""


class Year:
    """The small programme up to the day of its look on idle rights, copied for each test."""

    before = (What.RECLAIM, "compute")

    def __init__(self, template: Path) -> None:
        opened(f"sqlite:///{template}")
        honest = small().term
        self.cast = Cast(honest.document, self.told(facts_of(honest)))
        self.cast.until(*self.before)
        self.path = template

    def told(self, facts: Mapping[str, Any]) -> Mapping[str, Any]:
        """What its world tells, where that is something else than what the small one does."""
        return facts

    @classmethod
    def made(cls, template: Path, factory: pytest.TempPathFactory) -> Self:
        """Such a year in a file of its own."""
        folder = factory.mktemp(cls.__name__.lower())
        return cls(Path(shutil.copy(template, folder / "year.db")))

    def copied(self, folder: Path) -> Cast:
        """The cast of a copy that is a test's own."""
        SITE.connection.close()
        opened(f"sqlite:///{shutil.copy(self.path, folder / 'own.db')}")
        return self.cast

    @contextmanager
    def shown(self, folder: Path) -> Iterator[Cast]:
        """The same before a portal whose clock stands where the programme does."""
        with override_settings(HEADGATE_DEMO=True, ALLOWED_HOSTS=["*"]):
            yield self.copied(folder)
        deactivate()
        opened("sqlite:///nothing")


@pytest.fixture(scope="module")
def year(site_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Year:
    """The year so far, made once."""
    return Year.made(site_template, tmp_path_factory)


@pytest.fixture
def played(year: Year, tmp_path: Path) -> Iterator[Cast]:
    """The people before a portal whose clock stands where the programme does."""
    with year.shown(tmp_path) as cast:
        yield cast


def term() -> Term:
    """The term as it is kept."""
    found = kept_term(SITE)
    assert found is not None
    return found


def held(call: str = "open") -> Holding:
    """The first running award of a call."""
    return next(one for one in term().holdings.values() if one.call == call)


def asking(cast: Cast, award: Holding, text: str = "The data came late", **parts: object) -> Asking:
    """Somebody who acts for an award's lead asks for something."""
    return ask(cast.applicant_of(award.award), award.award, parts, (text, ""), NOON)


def refused(reason: object) -> "pytest.RaisesContext[Refused]":  # type: ignore[name-defined]
    """Whatever is done within is refused by this name."""
    return pytest.raises(Refused, match=f"^{getattr(reason, 'name', '')}:")


def test_an_explanation_is_asked_and_accepted_and_the_reclaim_follows_it(played: Cast) -> None:
    """What the officer accepts stays with the award, and all of it is derived again."""
    idle = held("alliance")
    made = asking(played, idle, change=Change.EXPLANATION)
    answer(played.officer, made.pk, True, "Delivery was late", NOON, spares=50)
    assert (True, f"explanation-{made.pk}") == (
        Asking.objects.get(pk=made.pk).granted,
        Asking.objects.get(pk=made.pk).event,
    )
    assert f'"what":"amend","about":"explanation-{made.pk}"' in events(SITE).decode()
    assert 50 == term().holdings[idle.award].amended[-1].spares_percent
    assert () == verify_database(SITE).faults
    assert {"ask explanation", "answer"} <= set(Deed.objects.values_list("action", flat=True))


def test_a_server_that_starts_again_finds_what_was_answered(played: Cast) -> None:
    """The world that is made as it goes on is brought to the same day, answers included."""
    made = asking(played, held("alliance"), change=Change.EXPLANATION)
    answer(played.officer, made.pk, True, "Delivery was late", NOON, spares=50)
    days: list[str] = []
    catch_up(Recorded(played.facts), days.append)
    assert f"amend explanation-{made.pk}" == days[-1]


def test_more_time_and_blocks_are_answered_with_a_reason(played: Cast) -> None:
    """Granted, the award is longer; refused, it is as it was, and the journal has both."""
    award = next(h for h in term().holdings.values() if h.blocks > 1 and h.call != "hours")
    back = asking(played, award, change=Change.GIVE_BACK, blocks=1)
    answer(played.officer, back.pk, True, "Others wait", NOON)
    assert award.blocks - 1 == term().holdings[award.award].blocks
    again = asking(played, award, change=Change.MEMBERS, parts={"A": 1, "B": 2})
    answer(played.owner, again.pk, False, "B is not registered", NOON)
    assert [Change.GIVE_BACK] == [one.change for one in term().holdings[award.award].amended]
    kept = events(SITE).decode()
    assert f"give-back-{back.pk}" in kept
    assert f"members-{again.pk}" in kept
    assert () == verify_database(SITE).faults


def test_time_begins_with_the_holders_word_or_silence(played: Cast) -> None:
    """Handed over, sent back, handed over again, and then the holder lets its seven days pass."""
    award = held("alliance")
    person = played.applicant_of(award.award)
    first = hand_over(played.operator, award.award, "Log in at north", NOON)
    assert first == hand_over(played.operator, award.award, "Log in at north", NOON)
    confirm(person, first.pk, False, "No network", NOON)
    assert award.starts == term().holdings[award.award].starts
    second = hand_over(played.operator, award.award, "The network is there", NOON)
    with refused(DeskRefusal.SILENCE_TOO_SHORT):
        close_silent(played.operator, second.pk, NOON + timedelta(days=6))
    with refused(DeskRefusal.OVERDUE_FIRST):
        close_silent(played.operator, second.pk, LATER)
    confirm(person, second.pk, True, "It works", NOON)
    late = NOON.date() - award.starts
    after = term().holdings[award.award]
    assert (NOON.date(), award.ends + late) == (after.starts, after.ends)
    assert () == verify_database(SITE).faults


def test_who_may_what(played: Cast) -> None:
    """A stranger, another role and an interested officer are refused by name; words are needed."""
    award = held("alliance")
    stranger = next(p for c, p in played.persons.items() if p != played.applicant_of(award.award))
    wanted, words = {"change": Change.LONGER, "months": 1}, ("Why not", "")
    with refused(DeskRefusal.NOT_YOURS):
        ask(stranger, award.award, wanted, words, NOON)
    with refused(DeskRefusal.ROLE_MISSING):
        ask(played.officer, award.award, wanted, words, NOON)
    with refused(DeskRefusal.WORDS_MISSING):
        asking(played, award, " ", **wanted)
    with refused(AmendmentFault.MONTHS_TOO_MANY):
        asking(played, award, change=Change.LONGER, months=99)
    code = award.award
    lead = Dossier.objects.get(code=code).lead.code
    made = asking(played, award, change=Change.MEMBERS, parts={lead: 1})
    assert made == asking(played, award, change=Change.MEMBERS, parts={lead: 1})
    with refused(DeskRefusal.ASKED_ALREADY):
        asking(played, award, change=Change.MEMBERS, parts={lead: 2})
    with refused(DeskRefusal.ROLE_MISSING):
        answer(stranger, made.pk, True, "Yes", NOON)
    with refused(DeskRefusal.WORDS_MISSING):
        answer(played.officer, made.pk, True, "", NOON)
    answer(played.officer, made.pk, True, "Yes", NOON)
    with refused(DeskRefusal.ANSWERED):
        answer(played.owner, made.pk, False, "No", NOON)
    other = asking(played, award, change=Change.REPORT, report="interim")
    lead = other.dossier.lead.code
    act_for(played.owner, played.officer, lead, NOON)
    with refused(DeskRefusal.CONFLICT):
        answer(played.officer, other.pk, True, "Yes", NOON)


def test_two_officers_at_once_answer_once(played: Cast) -> None:
    """Whoever comes second is told that it was answered, and one event stands in the journal."""
    made = asking(played, held("alliance"), change=Change.REPORT, report="interim")
    stale = Asking.objects.select_related("dossier").get(pk=made.pk)
    answer(played.officer, made.pk, True, "Read", NOON)
    with refused(DeskRefusal.ANSWERED):
        enter(played.owner, stale, False, "Not read", NOON)
    assert 1 == events(SITE).decode().count(f"report-{made.pk}")


def _page(client: Client, award: Holding) -> str:
    return text_of(client.get(f"/running/{award.award}/"))


def test_the_page_leads_through_a_request_in_three_languages(played: Cast) -> None:
    """The holder reads the warning and explains; the officer reads it and answers; both see it."""
    award = held("alliance")
    client = browser(played.applicant_of(award.award))
    listed = text_of(client.get("/running/"))
    assert award.award in listed
    told = {"deed": "ask", "change": "report", "report": "interim", "text": "<b>Done</b>"}
    assert 302 == client.post(f"/running/{award.award}/", told).status_code
    office = browser(played.officer)
    shown = _page(office, award)
    assert "&lt;b&gt;Done&lt;/b&gt;" in shown
    number = Asking.objects.get().pk
    office.post(f"/running/{award.award}/", {"deed": "grant", "asking": number, "text": "Read"})
    assert Asking.objects.get().granted
    for language, word in (("en", "Accepted"), ("vi", "Đã chấp nhận"), ("ko", "승인됨")):
        speak(client, language)
        assert word in _page(client, award)


def test_a_request_of_the_early_morning_is_of_that_day(played: Cast) -> None:
    """Asked at three in the morning where the programme is, it waits from that day, not UTC's."""
    award, early = held("alliance"), NOON.replace(hour=3)
    parts = {"change": Change.REPORT, "report": "interim"}
    ask(played.applicant_of(award.award), award.award, parts, ("Done", ""), early)
    stood = stands(SITE)
    assert stood is not None
    rule = term().policy(term().starts).calls[award.call].running
    assert rule is not None
    last = early.date() + timedelta(days=rule.answer_days)
    shown = text_of(browser(played.officer).get(f"/running/{award.award}/"))
    assert "1\u00a0June\u00a02026" in shown
    assert "31\u00a0May" not in shown
    told = [one.facts["by"] for one in of_awards(stood, NOON.date()) if one.kind == "asked"]
    assert [last.isoformat()] == told


def test_a_request_is_answered_however_many_came_before(played: Cast) -> None:
    """The hundred-thousandth request of a site is answered on its page as the first was."""
    award = held("alliance")
    made = asking(played, award, change=Change.REPORT, report="interim")
    Asking.objects.filter(pk=made.pk).update(id=100_000)
    told = {"deed": "grant", "asking": 100_000, "text": "Read"}
    browser(played.officer).post(f"/running/{award.award}/", told)
    assert Asking.objects.get().granted


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_a_list_of_awards_is_taken_home_in_words(played: Cast, kind: str) -> None:
    """A file of the list says how each award stands as a reader says it, without any markup."""
    told = browser(played.officer).get(f"/running/?format={kind}").content.decode()
    assert "Report due soon" in told
    assert "<" not in told


def test_a_list_of_awards_names_classes_as_people_do(played: Cast) -> None:
    """In the table and where one chooses; a file keeps the code by which the ledger knows it."""
    office = browser(played.officer)
    shown = office.get("/running/").content.decode()
    assert '<option value="h200">NVIDIA H200 (h200)</option>' in shown
    assert shown.count("NVIDIA H200 (h200)") > 1
    assert "NVIDIA" not in office.get("/running/?format=csv").content.decode()


def test_a_strangers_award_is_not_there(played: Cast) -> None:
    """Who has no part in an award finds neither its page nor its statement, and cannot answer."""
    award = held("alliance")
    own = played.applicant_of(award.award)
    stranger = browser(next(p for p in played.persons.values() if p != own))
    for where in (f"/running/{award.award}/", f"/running/{award.award}/statement/"):
        assert 404 == stranger.get(where).status_code
        assert 404 == stranger.post(where, {"deed": "usable"}).status_code or "statement" in where
    assert award.award not in text_of(stranger.get("/running/"))


def test_the_statement_adds_up(played: Cast) -> None:
    """Members' parts add up to every figure, in exact units, on page, print and table."""
    award = held("alliance")
    lead = Dossier.objects.get(code=award.award).lead
    new = list(Organisation.objects.exclude(pk=lead.pk).values_list("code", flat=True)[:3])
    shares = dict(zip(new, (2, 1, 4), strict=True))
    made = asking(played, award, change=Change.MEMBERS, parts=shares)
    for code in new:
        agree_to_enter(played.persons[code], made.pk, code, NOON)
    answer(played.officer, made.pk, True, "Yes", NOON)
    client = browser(played.applicant_of(award.award))
    where = f"/running/{award.award}/statement/"
    rows = [
        line.split(",")
        for line in client.get(f"{where}?format=csv").content.decode("utf-8-sig").splitlines()
    ]
    mine = f"compute/award/{award.award}/b200"
    figures = [[int(cell) for cell in row[6:]] for row in rows[1:-1] if row[3] == mine]
    whole, parts = figures[0], figures[1:]
    assert 4 == len(parts)
    assert whole == [sum(column) for column in zip(*parts, strict=True)]
    assert whole[0] == whole[1] + whole[2] + whole[3] + whole[4]
    shown = text_of(client.get(where))
    for word in ("Computing", "Data", "People and money", "4 / 7", "Parts over time", "0 / 7"):
        assert word in shown
    assert "4 / 7" not in text_of(client.get(f"{where}?member=A"))
    assert 404 == client.get(f"{where}?member=X").status_code
    (left, *came) = parts
    assert 0 == left[4]
    assert left[0] == left[1] + left[2] + left[3] > 0
    for granted, used, back, reserved, still in came:
        assert granted == used + back + reserved + still
    assert [2, 1, 4] == [round(7 * one[0] / sum(two[0] for two in came)) for one in came]
    assert [] == findings(client.get(f"{where}?format=pdf").content)


def allied(played: Cast) -> tuple[Holding, Dossier, Member]:
    """An award as an alliance of two would have it: its application and its other member."""
    award = held("alliance")
    dossier = Dossier.objects.select_related("lead").get(code=award.award)
    other = next(
        one.applicant
        for one in played.facts["applications/open"]
        if one.applicant.id != dossier.lead.code
    )
    return award, dossier, allied_with(dossier, other, NOON)


def test_a_member_may_have_other_parts_of_one_support(played: Cast) -> None:
    """Of computing five, of all else one: the statement divides by the support's own parts."""
    award, dossier, member = allied(played)
    Member.objects.filter(pk=member.pk).update(shares={award.support: 5, "elsewhere": 9})
    assert 5 == applied_parts(dossier, award.support)[member.organisation.code]
    assert 9 == applied_parts(dossier, "elsewhere")[member.organisation.code]
    assert 1 == applied_parts(dossier, "datasets")[member.organisation.code]
    lead = dossier.lead.code
    shown = text_of(
        browser(played.applicant_of(award.award)).get(f"/running/{award.award}/statement/")
    )
    whole = sum(applied_parts(dossier, award.support).values())
    assert f"5 / {whole}" in shown
    assert f"1 / {whole}" in shown
    assert lead in shown


def test_who_comes_and_who_leaves_is_history_and_what_they_see(played: Cast) -> None:
    """With the answer a member is in or out: its days stay on record, the page opens or shuts."""
    award, dossier, member = allied(played)
    left, lead = member.organisation.code, dossier.lead.code
    came = Organisation.objects.exclude(code__in=applied_parts(dossier, award.support))[0]
    old, new = played.persons[left], played.persons[came.code]
    where = f"/running/{award.award}/"
    assert [200, 404] == [browser(one).get(where).status_code for one in (old, new)]
    parts = {lead: 1, came.code: 3}
    made = asking(played, award, change=Change.MEMBERS, parts=parts)
    assert [200, 404] == [browser(one).get(where).status_code for one in (old, new)]
    agree_to_enter(new, made.pk, came.code, NOON)
    answer(played.officer, made.pk, True, "Yes", NOON)
    assert [404, 200] == [browser(one).get(where).status_code for one in (old, new)]
    rows = Member.objects.filter(alliance=dossier.alliance)
    assert {NOON} == set(rows.filter(organisation__code=left).values_list("left", flat=True))
    entered = rows.get(organisation=came)
    assert (NOON, None, 3) == (entered.entered, entered.left, entered.parts)
    shown = text_of(browser(new).get(f"{where}statement/"))
    assert "Parts over time" in shown
    assert left in shown
    adds_up(award.award, {left: 0, lead: 1, came.code: 3})
    assert "has parts of this award still" not in text_of(browser(new).get(where)), "it has none"


def test_nobody_is_brought_into_an_award_without_its_own_yes(played: Cast) -> None:
    """The lead asks and the office would approve: who acts for the newcomer must agree first.

    It is told by letter and on its own page, sees with which parts, and may stay out; a yes of
    somebody else, to a request that is not its own or that was answered, is none.
    """
    award, dossier, member = allied(played)
    came = Organisation.objects.exclude(code__in=applied_parts(dossier, award.support))[0]
    new, lead = played.persons[came.code], played.applicant_of(award.award)
    parts = {dossier.lead.code: 1, member.organisation.code: 1, came.code: 1234, "TYPO": 1}
    made = asking(played, award, change=Change.MEMBERS, parts=parts)
    shown = text_of(browser(lead).get(f"/running/{award.award}/"))
    assert f"Has not agreed to enter</strong> {came.name}, TYPO" in shown
    assert f"{came.name}: 1,234, TYPO: 1" in shown
    with refused(DeskRefusal.ENTRY_UNAGREED):
        answer(played.officer, made.pk, True, "Yes", NOON)
    with refused(DeskRefusal.NOT_YOURS):
        agree_to_enter(lead, made.pk, came.code, NOON)
    with refused(DeskRefusal.NOT_YOURS):
        agree_to_enter(played.persons[member.organisation.code], made.pk, came.code, NOON)
    with refused(DeskRefusal.ROLE_MISSING):
        agree_to_enter(played.officer, made.pk, came.code, NOON)
    inside = member.organisation.code
    with refused(DeskRefusal.NOT_YOURS):
        agree_to_enter(played.persons[inside], made.pk, inside, NOON)
    gather(NOON)
    gather(NOON)
    (notice,) = Notice.objects.filter(kind="entry")
    assert (new, reverse("applications")) == (notice.person, letter(notice).path)
    with override("vi"):
        assert "1.234 phần" in " ".join(letter(notice).lines)
    page = browser(new)
    assert "would enter with 1,234 parts" in text_of(page.get("/applications/"))
    assert "would enter" not in text_of(browser(lead).get("/applications/"))
    sent = {"deed": "agree-to-enter", "asking": made.pk, "organisation": came.code}
    for _ in range(2):
        assert "You have agreed to enter." in text_of(
            page.post("/applications/", sent, follow=True)
        )
    assert "would enter" not in text_of(page.get("/applications/"))
    assert 1 == Consent.objects.filter(asking=made).count()
    with refused(DeskRefusal.ENTRY_UNAGREED):
        answer(played.officer, made.pk, True, "The other is not registered", NOON)
    answer(played.officer, made.pk, False, "Ask again without a slip", NOON)
    with refused(DeskRefusal.ANSWERED):
        agree_to_enter(new, made.pk, came.code, NOON)
    del parts["TYPO"]
    again = asking(played, award, change=Change.MEMBERS, parts=parts)
    with refused(DeskRefusal.ENTRY_UNAGREED):  # The yes was to the other request.
        answer(played.officer, again.pk, True, "Yes", NOON)
    agree_to_enter(new, again.pk, came.code, NOON)
    answer(played.officer, again.pk, True, "Yes", NOON)
    assert 200 == browser(new).get(f"/running/{award.award}/").status_code


def adds_up(award: str, parts: dict[str, int]) -> None:
    """What each member was granted and did not use is left to it, but for the rounding of parts.

    Who has no part any more has nothing left and nothing reserved.
    """
    from headgate.site.desk.pages.stating import rows_of

    stood = stands(SITE)
    assert stood is not None
    (one,) = (each for each in all_runs(stood, Dossier.objects.all()) if each.held.award == award)
    for row in rows_of([one]):
        for name, count in parts.items():
            mine = row.part(name)
            rest = mine.granted - mine.used - mine.returned - mine.reserved
            assert abs(rest - mine.left) <= len(row.spans), (row.account, name)
            assert count or (0, 0) == (mine.reserved, mine.left)


def test_a_member_stays_in_an_alliance_that_applies_for_more(played: Cast) -> None:
    """Out of one award and in another application: it is not sent away from that."""
    award, dossier, member = allied(played)
    Dossier.objects.create(call="open", lead=dossier.lead, alliance=dossier.alliance)
    made = asking(played, award, change=Change.MEMBERS, parts={dossier.lead.code: 1})
    answer(played.officer, made.pk, True, "Yes", NOON)
    member.refresh_from_db()
    assert member.left is None


def test_pages_of_awards_ask_the_database_a_few_things(played: Cast) -> None:
    """However many awards run, each of these pages needs no more than twelve queries."""
    award = held("alliance")
    asking(played, award, change=Change.REPORT, report="interim")
    for person in (played.officer, played.applicant_of(award.award)):
        client = browser(person)
        client.get("/running/")
        for where in (
            "/running/",
            f"/running/{award.award}/",
            f"/running/{award.award}/statement/",
        ):
            with CaptureQueriesContext(
                connection,
            ) as told:
                assert 200 == client.get(where).status_code
            assert 12 >= len(told), (where, [q["sql"][:80] for q in told.captured_queries])
