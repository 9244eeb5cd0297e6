"""An alliance changes its lead: who asks, agrees and answers, and who acts for it from then on."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from headgate.core.calls.application import Application
from headgate.core.duties.amendment import AmendmentFault, Change
from headgate.site.actions.alliance import enter_alliance, leave_alliance
from headgate.site.actions.amend import answer, ask, enter
from headgate.site.actions.consent import agree_to_lead
from headgate.site.actions.lead import ask_to_lead, take_lead
from headgate.site.actions.people import act_for, send_away, stop_acting
from headgate.site.agents.gone import gone
from headgate.site.desk.agreement import agreement_of
from headgate.site.desk.models import Alliance, Asking, AwardList, Dossier, Member
from headgate.site.desk.office import SITE, call_now
from headgate.site.desk.refusals import DeskRefusal
from headgate.site.notices.gather import gather
from headgate.site.notices.models import Notice
from headgate.site.notices.reading import letter
from headgate.site.records.kept import events
from headgate.site.verifying import verify_database
from tests.site.desk.cast import Cast, browser
from tests.site.desk.test_amending import NOON, Year, refused, term
from tests.site.portal.asking import speak, text_of

OLD, NEW, THIRD, OTHER = "FIRM-001", "FIRM-005", "UNIV-006", "FIRM-007"
LED = ("alliance-0001", "alliance-0002")
LATER = NOON + timedelta(hours=1)
OF_LEADS = {
    DeskRefusal.LEAD_NOT_INSIDE,
    DeskRefusal.LEAD_UNDER_REVIEW,
    DeskRefusal.LEAD_HAS_AWARDS,
    DeskRefusal.LEAD_UNAGREED,
}
"""The refusals that only another lead knows; each is provoked here."""


def allied(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """The small programme's facts, in which one firm applies with a firm and a university."""
    open_call = facts["applications/open"]
    others = tuple(
        next(one.applicant for one in open_call if one.applicant.id == code)
        for code in (NEW, THIRD, OTHER)
    )

    def with_members(made: Application) -> Application:
        many = {"open-0001": 3, **dict.fromkeys(LED, 2)}.get(made.id, 0)
        return replace(made, members=others[:many])

    return {
        name: [with_members(one) for one in values] if name.startswith("applications/") else values
        for name, values in facts.items()
    }


class Allied(Year):
    """The year so far, in which an alliance has two awards, and one of another call."""

    def __init__(self, template: Path) -> None:
        super().__init__(template)
        first, second = Dossier.objects.filter(code__in=LED).order_by("code")
        second.alliance = first.alliance
        second.save()

    def told(self, facts: Mapping[str, Any]) -> Mapping[str, Any]:
        """The same with the application of an alliance."""
        return allied(facts)


@pytest.fixture(scope="module")
def year(site_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Allied:
    """The year so far, made once."""
    return Allied.made(site_template, tmp_path_factory)


@pytest.fixture
def played(year: Allied, tmp_path: Path) -> Iterator[Cast]:
    """The people before a portal whose clock stands where the programme does."""
    with year.shown(tmp_path) as cast:
        yield deepcopy(cast, {id(one): one for one in (cast.document, cast.facts)})


def alliance_of(code: str = LED[0]) -> Alliance:
    """The alliance that holds an award."""
    found = Dossier.objects.select_related("alliance__lead").get(code=code).alliance
    assert found is not None
    return found


def asked(cast: Cast, lead: str = NEW, code: str = LED[0], text: str = "We merge") -> Asking:
    """The lead asks for another, of an alliance with awards."""
    ask_to_lead(cast.persons[OLD], alliance_of(code).pk, lead, text, NOON)
    return Asking.objects.get(change=Change.LEAD, granted=None)


def agreed(cast: Cast, asking: Asking, *codes: str) -> None:
    """Members agree."""
    for code in codes:
        agree_to_lead(cast.persons[code], asking.pk, code, NOON)


def changed(cast: Cast, code: str = LED[0], lead: str = NEW) -> Asking:
    """Asked, agreed and granted."""
    made = asked(cast, lead, code)
    agreed(cast, made, *(one.organisation.code for one in alliance_of(code).members.all()))
    answer(cast.officer, made.pk, True, "All agree", LATER)
    made.refresh_from_db()
    return made


def test_another_leads_the_awards_once_all_agree_and_the_office_approves(played: Cast) -> None:
    """Every award of the alliance is led by another, in the journal too, and all is derived again;
    what was handed in and signed has the words that it had.
    """
    lines = list(Dossier.objects.order_by("pk").values_list("code", "line"))
    before = {code: term().holdings[code] for code in LED}
    made = asked(played)
    with refused(DeskRefusal.LEAD_UNAGREED):
        answer(played.officer, made.pk, True, "All agree", NOON)
    agreed(played, made, NEW)
    with refused(DeskRefusal.LEAD_UNAGREED):
        answer(played.officer, made.pk, True, "All agree", NOON)
    agreed(played, made, THIRD, THIRD)
    assert {OLD} == {one.lead.code for one in Dossier.objects.filter(code__in=LED)}
    answer(played.officer, made.pk, True, "All agree", LATER)
    for code in LED:
        after = term().holdings[code]
        assert NEW == after.amended[-1].lead
        assert before[code] == replace(after, amended=before[code].amended)
    assert f'"about":"lead-{made.pk}"' in events(SITE).decode()
    assert lines == list(Dossier.objects.order_by("pk").values_list("code", "line"))
    assert {NEW} == {one.lead.code for one in Dossier.objects.filter(code__in=LED)}
    assert NEW == alliance_of().lead.code
    assert OLD == Dossier.objects.get(code="open-0001").lead.code
    assert () == verify_database(SITE).faults


def test_a_member_whose_yes_is_waited_for_finds_it_among_its_last_days(played: Cast) -> None:
    """On *Today*, until it has agreed or the office has answered; not the lead, who has asked.

    The office is told by name who has not agreed, and what was asked names whom it is about.
    """
    made, told = asked(played), f"{LED[0]}: last day to agree to another lead"

    def waits_for(code: str) -> bool:
        return told in text_of(browser(played.persons[code]).get("/home/"))

    assert [False, True, True, False] == [waits_for(code) for code in (OLD, NEW, THIRD, OTHER)]
    agreed(played, made, NEW)
    assert [False, True] == [waits_for(code) for code in (NEW, THIRD)]
    sent = {"deed": "grant", "asking": made.pk, "text": "All agree"}
    page = text_of(browser(played.officer).post(f"/running/{LED[0]}/", sent, follow=True))
    assert f"agreed to the other lead. (Body {THIRD})" in page
    assert f'<p class="govuk-body">Body {NEW}</p>' in page
    answer(played.officer, made.pk, False, "Not now", LATER)
    assert not waits_for(THIRD)


def test_the_new_lead_acts_and_the_old_one_is_a_member(played: Cast) -> None:
    """Requests come from the new lead's people alone; the old lead's still see the award."""
    assert gone(SITE, LED) == (gone(SITE, LED), changed(played))[0]
    old, new = played.persons[OLD], played.persons[NEW]
    wanted, words = {"change": Change.GIVE_BACK, "blocks": 1}, ("Enough", "")
    with refused(DeskRefusal.NOT_YOURS):
        ask(old, LED[1], wanted, words, LATER)
    made = ask(new, LED[1], wanted, words, LATER)
    answer(played.officer, made.pk, True, "Yes", LATER)
    assert () == gone(SITE, LED)
    for person in (old, new):
        assert 200 == browser(person).get(f"/running/{LED[0]}/").status_code
    assert "Ask for a change" in text_of(browser(new).get(f"/running/{LED[0]}/"))
    assert "Ask for a change" not in text_of(browser(old).get(f"/running/{LED[0]}/"))
    dossier = Dossier.objects.get(code=LED[0])
    assert [404, 200] == [
        browser(one).get(f"/applications/{dossier.pk}/").status_code for one in (old, new)
    ]
    told = "Who has left the alliance and has parts of this award still"
    assert told not in text_of(browser(new).get(f"/running/{LED[0]}/"))
    leave_alliance(old, alliance_of().pk, OLD, LATER + timedelta(hours=1))
    shown = text_of(browser(new).get(f"/running/{LED[0]}/"))
    assert f"{told}: Body {OLD}. Ask below" in shown
    assert f"{told}: Body {OLD}. Its lead asks" in text_of(
        browser(played.officer).get(f"/running/{LED[0]}/")
    )
    assert 404 == browser(old).get(f"/running/{LED[0]}/").status_code


def test_the_statement_says_who_led_when(played: Cast) -> None:
    """Parts stay as they were; who led from when stands on the statement of all awards."""
    before = text_of(browser(played.persons[OLD]).get(f"/running/{LED[0]}/statement/"))
    assert "Lead over time" not in before
    changed(played)
    client = browser(played.persons[NEW])
    shown = text_of(client.get(f"/running/{LED[1]}/statement/"))
    assert "Lead over time" in shown
    assert "1 / 3" in shown
    assert all(code in shown for code in LED)
    table = client.get(f"/running/{LED[1]}/statement/?format=csv").content.decode()
    assert all(code in table for code in (OLD, NEW, THIRD))


def test_a_request_is_one_however_often_it_is_sent(played: Cast) -> None:
    """Sent twice it is one; another waits for its answer, whichever award it hangs on."""
    made = asked(played)
    assert made == asked(played)
    with refused(DeskRefusal.ASKED_ALREADY):
        asked(played, lead=THIRD)
    Asking.objects.filter(pk=made.pk).update(dossier=Dossier.objects.get(code=LED[1]))
    with refused(DeskRefusal.ASKED_ALREADY):
        asked(played, lead=THIRD)
    agreed(played, made, NEW, NEW, THIRD)
    assert 2 == made.consents.count()
    answer(played.officer, made.pk, True, "Yes", LATER)
    with refused(DeskRefusal.ANSWERED):
        answer(played.owner, made.pk, True, "Yes", LATER)
    with refused(DeskRefusal.ANSWERED):
        agree_to_lead(played.persons[THIRD], made.pk, THIRD, LATER)


def test_two_officers_at_once_answer_once(played: Cast) -> None:
    """Whoever comes second is told so; one lead has changed once."""
    made = asked(played)
    agreed(played, made, NEW, THIRD)
    stale = Asking.objects.select_related("dossier__alliance").get(pk=made.pk)
    answer(played.officer, made.pk, True, "Yes", LATER)
    with refused(DeskRefusal.ANSWERED):
        enter(played.owner, stale, True, "Yes", LATER)
    assert 1 == events(SITE).decode().count(f"lead-{made.pk}")
    assert 1 == Member.objects.filter(alliance=alliance_of(), organisation__code=OLD).count()


def test_who_has_no_say_has_none(played: Cast) -> None:
    """Neither strangers nor other roles ask or agree; an officer with a part does not answer."""
    alliance, made = alliance_of(), asked(played)
    stranger = played.persons[OTHER]
    for person in (stranger, played.persons[THIRD]):
        with refused(DeskRefusal.NOT_YOURS):
            ask_to_lead(person, alliance.pk, THIRD, "Me", NOON)
    with refused(DeskRefusal.NOT_YOURS):
        ask_to_lead(played.persons[OLD], 10**6, THIRD, "Me", NOON)
    for code in (NEW, OTHER, OLD):
        with refused(DeskRefusal.NOT_YOURS):
            agree_to_lead(stranger, made.pk, code, NOON)
    with refused(DeskRefusal.NOT_YOURS):  # Who asked need not agree.
        agree_to_lead(played.persons[OLD], made.pk, OLD, NOON)
    for person in (played.officer, played.operator):
        with refused(DeskRefusal.ROLE_MISSING):
            ask_to_lead(person, alliance.pk, NEW, "Office", NOON)
        with refused(DeskRefusal.ROLE_MISSING):
            agree_to_lead(person, made.pk, NEW, NOON)
    agreed(played, made, NEW, THIRD)
    act_for(played.owner, played.officer, THIRD, NOON)
    with refused(DeskRefusal.CONFLICT):
        answer(played.officer, made.pk, True, "Yes", LATER)


def test_the_office_asks_where_nobody_acts_for_the_lead(played: Cast) -> None:
    """One officer asks and another answers; whoever has a part in the alliance does neither."""
    alliance = alliance_of()
    send_away(played.owner, played.persons[OLD], NOON)
    act_for(played.owner, played.officer, THIRD, NOON)
    with refused(DeskRefusal.CONFLICT):
        ask_to_lead(played.officer, alliance.pk, NEW, "It was dissolved", NOON)
    stop_acting(played.owner, played.officer, THIRD, NOON)
    ask_to_lead(played.officer, alliance.pk, NEW, "It was dissolved", NOON)
    made = Asking.objects.get(change=Change.LEAD)
    agreed(played, made, NEW, THIRD)
    with refused(DeskRefusal.CONFLICT):
        answer(played.officer, made.pk, True, "It was dissolved", LATER)
    answer(played.owner, made.pk, True, "It was dissolved", LATER)
    assert NEW == alliance_of().lead.code
    leave_alliance(played.persons[NEW], alliance.pk, OLD, LATER)
    assert () == verify_database(SITE).faults


def test_a_member_that_nobody_acts_for_is_not_waited_for(played: Cast) -> None:
    """It cannot say anything; but nobody leads without its own yes."""
    made = asked(played)
    send_away(played.owner, played.persons[THIRD], NOON)
    with refused(DeskRefusal.LEAD_UNAGREED):
        answer(played.officer, made.pk, True, "Yes", LATER)
    agreed(played, made, NEW)
    send_away(played.owner, played.persons[NEW], NOON)
    answer(played.officer, made.pk, False, "Nobody is left there", LATER)
    again = asked(played, text="Once more")
    with refused(DeskRefusal.LEAD_UNAGREED):
        answer(played.officer, again.pk, True, "Yes", LATER)
    assert OLD == alliance_of().lead.code


def test_the_others_decide_where_one_is_silent_for_ever(played: Cast) -> None:
    """A member for whom nobody acts keeps nobody waiting."""
    made = asked(played)
    agreed(played, made, NEW)
    send_away(played.owner, played.persons[THIRD], NOON)
    answer(played.officer, made.pk, True, "Yes", LATER)
    assert NEW == alliance_of().lead.code


def test_a_request_is_overtaken_by_an_exit(played: Cast) -> None:
    """Who has left leads nothing, and its yes is not needed; the office can say no to what is left
    of the request.
    """
    made = asked(played)
    agreed(played, made, NEW, THIRD)
    leave_alliance(played.persons[NEW], alliance_of().pk, NEW, NOON)
    with refused(DeskRefusal.LEAD_NOT_INSIDE):
        answer(played.officer, made.pk, True, "Yes", LATER)
    answer(played.officer, made.pk, False, "It has left", LATER)
    with refused(DeskRefusal.LEAD_NOT_INSIDE):
        asked(played)
    with refused(DeskRefusal.LEAD_NOT_INSIDE):
        asked(played, lead=OLD)
    assert OLD == alliance_of().lead.code
    assert () == verify_database(SITE).faults


def test_who_could_not_have_led_in_the_call_does_not_by_a_change(played: Cast) -> None:
    """A university would be of another class of holders, a firm above the limit of what one leads;
    who entered since was not judged with it, and an award without members has no other lead.
    """
    for code in (THIRD, NEW):
        with refused(AmendmentFault.LEAD_NOT_ELIGIBLE):
            asked(played, lead=code, code="open-0001")
    with refused(DeskRefusal.WORDS_MISSING):
        asked(played, lead=OTHER, code="open-0001", text=" ")
    enter_alliance(played.persons[OLD], alliance_of().pk, OTHER, "late", 1, NOON)
    with refused(AmendmentFault.LEAD_WRONG):
        asked(played, lead=OTHER)
    wanted, words = {"change": Change.LEAD}, ("Why", "")
    for person, award in ((NEW, "open-0005"), (OLD, LED[0])):
        with refused(DeskRefusal.LEAD_NOT_INSIDE):
            ask(played.persons[person], award, wanted, words, NOON)
    assert 0 == Asking.objects.filter(change=Change.LEAD).count()


def test_all_are_told_once_in_their_language(played: Cast) -> None:
    """Members whose yes is asked; the office; and then everybody, who led before too."""
    made = asked(played)
    agreed(played, made, NEW)
    for _ in range(2):
        gather(NOON)
    (notice,) = Notice.objects.filter(kind="lead-asked")
    assert (f"for-{THIRD}", f"/alliances/{alliance_of().pk}/") == (
        notice.person.username,
        letter(notice).path,
    )
    assert {"owner", "officer"} == {
        one.person.username for one in Notice.objects.filter(kind="asked", facts__change="lead")
    }
    agreed(played, made, THIRD)
    answer(played.officer, made.pk, True, "All agree", LATER)
    for _ in range(2):
        gather(LATER)
    told = Notice.objects.filter(kind="lead-changed")
    everybody = {f"for-{code}" for code in (OLD, NEW, THIRD)} | {"owner", "officer"}
    assert sorted(everybody) == sorted(one.person.username for one in told)
    for language, word in (("en", "leads"), ("vi", "đứng đầu"), ("ko", "주관")):
        with override(language):
            said = letter(told[0])
            assert word in said.subject
            assert f"Body {OLD}" in " ".join(said.lines)


def test_the_page_leads_through_it_in_three_languages(played: Cast) -> None:
    """The lead asks, members agree, the office answers; strangers find no page; all see history."""
    where = f"/alliances/{alliance_of().pk}/"
    pages = {code: browser(played.persons[code]) for code in (OLD, NEW, THIRD, OTHER)}
    assert [200, 200, 200, 404] == [one.get(where).status_code for one in pages.values()]
    assert 404 == pages[OTHER].post(where, {"deed": "ask"}).status_code
    told = {"deed": "ask", "organisation": NEW, "text": "<b>We merge</b>"}
    assert 'name="deed" value="ask"' not in text_of(pages[NEW].get(where))
    pages[OLD].post(where, {**told, "text": ""})
    assert "We merge" not in text_of(pages[NEW].get(where))
    pages[OLD].post(where, told)
    assert "&lt;b&gt;We merge&lt;/b&gt;" in text_of(pages[NEW].get(where))
    assert "Another lead is asked for" in text_of(pages[NEW].get("/applications/"))
    number = Asking.objects.get(change=Change.LEAD).pk
    for code in (NEW, THIRD):
        assert f"Agree for Body {code}" in text_of(pages[code].get(where))
        yes = {"deed": "agree", "asking": number, "organisation": code}
        assert "You have agreed" in text_of(pages[code].post(where, yes, follow=True))
        assert f"Agree for Body {code}" not in text_of(pages[code].get(where))
    assert "Another lead is asked for" not in text_of(pages[NEW].get("/applications/"))
    office = browser(played.officer)
    assert f"/running/{LED[0]}/" in text_of(office.get(where))
    assert where in text_of(office.get(f"/running/{LED[0]}/"))
    assert f"Body {NEW}" in text_of(office.get(f"/running/{LED[0]}/"))
    office.post(f"/running/{LED[0]}/", {"deed": "grant", "asking": number, "text": "All agree"})
    for language, word in (("en", "Took the lead"), ("vi", "đứng đầu"), ("ko", "주관")):
        for client in (pages[OLD], office):
            speak(client, language)
            assert word in text_of(client.get(where))


def test_the_pages_ask_the_database_a_few_things(played: Cast) -> None:
    """While it waits and afterwards, in every part: at most twelve queries."""
    made = asked(played)
    where = f"/alliances/{alliance_of().pk}/"

    def counted() -> None:
        for person in (played.persons[OLD], played.persons[NEW], played.officer):
            client = browser(person)
            client.get(where)
            for page in (where, f"/running/{LED[0]}/", f"/running/{LED[0]}/statement/"):
                with CaptureQueriesContext(connection) as told:
                    assert 200 == client.get(page).status_code
                assert 12 >= len(told), (page, [q["sql"] for q in told.captured_queries])

    counted()
    agreed(played, made, NEW, THIRD)
    answer(played.officer, made.pk, True, "All agree", LATER)
    counted()


def test_a_member_that_leaves_as_another_takes_the_lead_took_nothing(played: Cast) -> None:
    """The tag of who took the lead stands at the place that ended with it, and at no other."""
    changed(played)
    leave_alliance(played.persons[OLD], alliance_of().pk, OLD, LATER)
    alliance_of().members.filter(organisation__code=OLD).update(left=LATER)
    shown = text_of(browser(played.officer).get(f"/alliances/{alliance_of().pk}/"))
    rows = shown[: shown.index("Lead over time")].split("<tr")[1:]
    tagged = ["Took the lead" in row for code in (OLD, NEW, THIRD) for row in rows if code in row]
    assert [False, True, False] == tagged


def test_the_lead_may_come_back(played: Cast) -> None:
    """Each time with its days and its parts as they were."""
    alliance = alliance_of()
    alliance.members.filter(organisation__code=NEW).update(parts=3, role="chips")
    changed(played)
    ask_to_lead(played.persons[NEW], alliance.pk, OLD, "They are back", LATER)
    made = Asking.objects.get(change=Change.LEAD, granted=None)
    agreed(played, made, OLD, THIRD)
    answer(played.officer, made.pk, True, "Yes", LATER + timedelta(hours=1))
    member = alliance.members.get(organisation__code=NEW, left=None)
    assert (3, "chips") == (member.parts, member.role)
    assert OLD == alliance_of().lead.code
    shown = text_of(browser(played.officer).get(f"/alliances/{alliance.pk}/"))
    history = shown[shown.index("Lead over time") :]
    assert [2, 1] == [history.count(f"Body {code}") for code in (OLD, NEW)]
    assert () == verify_database(SITE).faults


def test_a_late_yes_to_lead_what_was_awarded_since_is_none(played: Cast) -> None:
    """Whoever was asked before anything was awarded asks anew: the office answers now."""
    alliance = alliance_of()
    alliance.members.filter(organisation__code=NEW).update(to_lead=NOON)
    with refused(DeskRefusal.LEAD_HAS_AWARDS):
        take_lead(played.persons[NEW], alliance.pk, NEW, NOON)


def test_the_agreement_keeps_the_names_that_were_signed(played: Cast) -> None:
    """What both sides signed says who held the award then."""
    dossier = Dossier.objects.get(code=LED[0])
    rules, listed = call_now(dossier.call), AwardList.objects.get(call=dossier.call)
    before = agreement_of(rules, dossier, listed)
    changed(played)
    after = agreement_of(rules, Dossier.objects.get(code=LED[0]), listed)
    assert before == after
