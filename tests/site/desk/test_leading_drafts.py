"""An alliance changes its lead before anything is awarded, after it ended, and what it owes."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from headgate.bundle.verify import read_bundle_files, verify
from headgate.core.calls.application import Application
from headgate.core.duties.amendment import Change
from headgate.journal import keys
from headgate.site.actions.alliance import enter_alliance, form_alliance, leave_alliance
from headgate.site.actions.amend import answer, ask
from headgate.site.actions.consent import agree_to_lead, consent
from headgate.site.actions.lead import ask_to_lead, take_lead
from headgate.site.actions.people import act_for, stop_acting
from headgate.site.actions.save_draft import save_draft
from headgate.site.actions.submit import submit
from headgate.site.actions.withdraw import withdraw
from headgate.site.desk.invoices import invoices
from headgate.site.desk.models import Alliance, Asking, Dossier, Member, State
from headgate.site.desk.office import SITE
from headgate.site.desk.refusals import DeskRefusal
from headgate.site.notices.gather import gather
from headgate.site.notices.models import Notice
from headgate.site.publication import publish_bundle
from headgate.site.records.kept import ended, stands
from headgate.site.verifying import verify_database
from headgate.steps.agenda import agenda
from headgate.steps.event import What
from tests.site.desk.cast import Cast, at, browser, facts_of
from tests.site.desk.test_amending import refused
from tests.site.desk.test_at_once import at_once
from tests.site.desk.test_leading import (
    LED,
    NEW,
    OLD,
    OTHER,
    THIRD,
    Allied,
    agreed,
    alliance_of,
    allied,
)
from tests.site.portal.asking import text_of
from tests.whole.small import pages, small

SUMMER = at("2026-06-01T04:00:00Z")


class Billed(Allied):
    """The same in its first days, when fees are owed and nothing was looked at."""

    before = (What.CLOSE_CALL, "hours")


@pytest.fixture(scope="module")
def year(site_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Billed:
    """The year so far, made once."""
    return Billed.made(site_template, tmp_path_factory)


@pytest.fixture
def played(year: Billed, tmp_path: Path) -> Iterator[Cast]:
    """The people before a portal whose clock stands where the programme does."""
    with year.shown(tmp_path) as cast:
        yield deepcopy(cast, {id(one): one for one in (cast.document, cast.facts)})


MARCH = at("2026-03-20T03:00:00Z")
DAY = timedelta(days=1)


def test_what_was_billed_stays_with_whom_it_was_billed_to(played: Cast) -> None:
    """Blocks given back are credited to the new lead; the invoice before names the old one, on the
    list, on its page and in its letter.
    """
    ask_to_lead(played.persons[OLD], alliance_of("open-0001").pk, OTHER, "We merge", MARCH)
    asked = Asking.objects.get(change=Change.LEAD)
    agreed(played, asked, NEW, THIRD, OTHER)
    answer(played.officer, asked.pk, True, "Yes", MARCH)
    back = {"change": Change.GIVE_BACK, "blocks": 1}
    made = ask(played.persons[OTHER], "open-0001", back, ("Enough", ""), MARCH + DAY)
    answer(played.officer, made.pk, True, "Yes", MARCH + DAY)
    stood = stands(SITE)
    assert stood is not None
    first, credit = [one for one in invoices(stood) if one.award == "open-0001"]
    client = browser(played.officer)
    for one, code, other in ((first, OLD, OTHER), (credit, OTHER, OLD)):
        page = text_of(client.get(f"/invoices/{one.number}/"))
        assert f"({code})" in page
        assert f"({other})" not in page
    listed = client.get("/invoices/?format=csv").content.decode().splitlines()
    told = {line.split(",")[0]: line for line in listed}
    assert f"Body {OLD}" in told[first.number]
    assert f"Body {OTHER}" in told[credit.number]
    gather(MARCH + DAY)
    assert "lead-changed" in Notice.objects.values_list("kind", flat=True)
    told_to = {
        (one.facts["number"], one.person.username)
        for one in Notice.objects.filter(kind="invoice", facts__code="open-0001")
    }
    assert {(first.number, f"for-{OLD}"), (credit.number, f"for-{OTHER}")} == told_to


def drafted(cast: Cast) -> tuple[Alliance, Dossier]:
    """An alliance that has drafted something and handed nothing in."""
    cast.until(What.CLOSE_CALL, "alliance")
    made: Application = allied(cast.facts)["applications/alliance"][0]
    for one in (made.applicant, *made.members):
        cast.register(one)
    pk = cast.ally(made, cast.persons[OLD], at(made.at))
    dossier = save_draft(cast.persons[OLD], cast.draft(made, pk), at(made.at))
    return Alliance.objects.select_related("lead").get(pk=pk), dossier


DRAFTED = at("2026-01-12T12:54:27Z")
TAKEN = DRAFTED + timedelta(hours=1)


def take(cast: Cast, alliance: Alliance, code: str = NEW, now: datetime = TAKEN) -> None:
    """A member takes the lead that it was asked to take."""
    take_lead(cast.persons[code], alliance.pk, code, now)


def test_without_awards_a_member_leads_as_soon_as_it_agrees(shown: Cast) -> None:
    """Its drafts go with it as other versions; who led must agree to them as any member must."""
    alliance, dossier = drafted(shown)
    for code in (NEW, THIRD):
        consent(shown.persons[code], dossier.pk, code, dossier.version, DRAFTED)
    where = f"/alliances/{alliance.pk}/"
    old, new = browser(shown.persons[OLD]), browser(shown.persons[NEW])
    with refused(DeskRefusal.NOT_YOURS):
        take(shown, alliance)
    old.post(where, {"deed": "ask", "organisation": NEW})
    assert "Another lead is asked for" in text_of(new.get("/applications/"))
    assert f"Lead as Body {NEW}" not in text_of(old.get(where))
    with refused(DeskRefusal.NOT_YOURS):
        take(shown, alliance, THIRD)
    with refused(DeskRefusal.NOT_YOURS):
        take_lead(shown.persons[THIRD], alliance.pk, NEW, TAKEN)
    assert f"Lead as Body {NEW}" in text_of(new.get(where))
    gather(DRAFTED)
    (notice,) = Notice.objects.filter(kind="lead-asked")
    assert f"for-{NEW}" == notice.person.username
    for _ in range(2):
        told = text_of(new.post(where, {"deed": "take", "organisation": NEW}, follow=True))
        assert "You lead the alliance from now on" in told
    after = Dossier.objects.select_related("lead").get(pk=dossier.pk)
    assert (NEW, dossier.version + 1) == (after.lead.code, after.version)
    assert [404, 200] == [one.get(f"/applications/{dossier.pk}/").status_code for one in (old, new)]
    with refused(DeskRefusal.CONSENT_MISSING):
        submit(shown.persons[NEW], dossier.pk, after.version, TAKEN)
    for code in (OLD, THIRD):
        consent(shown.persons[code], dossier.pk, code, after.version, TAKEN)
    submit(shown.persons[NEW], dossier.pk, after.version, TAKEN)
    assert f'"applicant":{{"id":"{NEW}"' in Dossier.objects.get(pk=dossier.pk).line
    assert 1 == Member.objects.filter(alliance=alliance, organisation__code=OLD).count()


def test_a_draft_that_waits_for_a_yes_is_among_the_last_days_of_a_member(shown: Cast) -> None:
    """Until it has agreed to the version there is, anew for each; a lead and a member that left are
    not waited for, and nobody once it was handed in.
    """
    alliance, dossier = drafted(shown)

    def waits_for() -> list[str]:
        told = "Alliances: last day to agree to an application"
        codes = OLD, NEW, THIRD
        return [c for c in codes if told in text_of(browser(shown.persons[c]).get("/home/"))]

    assert [NEW, THIRD] == waits_for()
    consent(shown.persons[NEW], dossier.pk, NEW, dossier.version, DRAFTED)
    assert [THIRD] == waits_for()
    leave_alliance(shown.persons[THIRD], alliance.pk, THIRD, DRAFTED)
    act_for(shown.owner, shown.persons[NEW], THIRD, DRAFTED)
    dossier.refresh_from_db()
    assert [NEW] == waits_for(), "to the version without who left"
    consent(shown.persons[NEW], dossier.pk, NEW, dossier.version, DRAFTED)
    assert [] == waits_for()
    Dossier.objects.filter(pk=dossier.pk).update(version=dossier.version + 1)
    assert [NEW] == waits_for()
    Dossier.objects.filter(pk=dossier.pk).update(state=State.SUBMITTED)
    assert [] == waits_for()


def test_of_several_asked_the_last_leads(shown: Cast) -> None:
    """Asking another takes the first back; who leaves is asked no more."""
    alliance, _ = drafted(shown)
    lead = shown.persons[OLD]
    for code in (NEW, THIRD, THIRD):
        ask_to_lead(lead, alliance.pk, code, "", DRAFTED)
    with refused(DeskRefusal.NOT_YOURS):
        take(shown, alliance)
    leave_alliance(shown.persons[THIRD], alliance.pk, THIRD, DRAFTED)
    with refused(DeskRefusal.NOT_YOURS):
        take(shown, alliance, THIRD)
    enter_alliance(lead, alliance.pk, THIRD, "member", 1, TAKEN)
    with refused(DeskRefusal.NOT_YOURS):
        take(shown, alliance, THIRD)
    page = text_of(browser(lead).get(f"/alliances/{alliance.pk}/"))
    assert "Lead over time" not in page
    assert "Took the lead" not in page


def test_the_office_asks_for_an_alliance_that_nobody_speaks_for(shown: Cast) -> None:
    """Its draft is saved by the member that takes the lead."""
    alliance, dossier = drafted(shown)
    stop_acting(shown.officer, shown.persons[OLD], OLD, DRAFTED)
    office = browser(shown.officer)
    where = f"/alliances/{alliance.pk}/"
    assert "Nobody acts for it now" in text_of(office.get(where))
    office.post(where, {"deed": "ask", "organisation": NEW})
    take(shown, alliance)
    assert NEW == Dossier.objects.get(pk=dossier.pk).lead.code


def test_what_was_handed_in_is_judged_under_the_lead_that_handed_it_in(shown: Cast) -> None:
    """Until it is decided the lead stays: neither asked nor taken; once withdrawn it may change."""
    alliance, dossier = drafted(shown)
    lead = shown.persons[OLD]
    ask_to_lead(lead, alliance.pk, NEW, "", DRAFTED)
    for code in (NEW, THIRD):
        consent(shown.persons[code], dossier.pk, code, dossier.version, DRAFTED)
    submit(lead, dossier.pk, dossier.version, DRAFTED)
    with refused(DeskRefusal.LEAD_UNDER_REVIEW):
        take(shown, alliance)
    with refused(DeskRefusal.LEAD_UNDER_REVIEW):
        ask_to_lead(lead, alliance.pk, THIRD, "", TAKEN)
    page = text_of(browser(lead).get(f"/alliances/{alliance.pk}/"))
    assert "until this is decided the lead stays" in page
    withdraw(lead, dossier.pk, TAKEN)
    take(shown, alliance)
    assert NEW == Dossier.objects.get(pk=dossier.pk).lead.code


def test_two_alliances_of_one_name_are_no_hindrance(shown: Cast) -> None:
    """The new lead had one of that name: forming it once more is still no second one."""
    alliance, _ = drafted(shown)
    own = form_alliance(shown.persons[NEW], NEW, alliance.name, DRAFTED)
    ask_to_lead(shown.persons[OLD], alliance.pk, NEW, "", DRAFTED)
    take(shown, alliance)
    again = form_alliance(shown.persons[NEW], NEW, alliance.name, TAKEN)
    assert again.pk in (own.pk, alliance.pk)
    assert 2 == Alliance.objects.filter(name=alliance.name).count()


def test_the_office_cannot_grant_it_while_something_else_is_judged(played: Cast) -> None:
    """Asked before the alliance handed something else in: until that is decided the lead stays."""
    cast, alliance = played, alliance_of()
    wanted = cast.persons[OLD], alliance.pk, NEW, "We merge", MARCH
    ask_to_lead(*wanted)
    made = Asking.objects.get(change=Change.LEAD)
    agreed(cast, made, NEW, THIRD)
    other = {"call": "hours", "code": "hours-0001", "state": State.SUBMITTED}
    Dossier.objects.create(**other, lead=alliance.lead, alliance=alliance)
    with refused(DeskRefusal.LEAD_UNDER_REVIEW):
        answer(cast.officer, made.pk, True, "Yes", MARCH)
    answer(cast.officer, made.pk, False, "Not now", MARCH)
    with refused(DeskRefusal.LEAD_UNDER_REVIEW):
        ask_to_lead(*wanted)
    assert OLD == alliance_of().lead.code
    assert () == verify_database(SITE).faults


def test_of_an_award_that_ended_the_office_answers_and_the_journal_has_nothing(
    shown: Cast,
) -> None:
    """Its reports and fees are still owed, so it asks as well; no right changes hands."""
    cast = shown
    cast.play()
    stood = stands(SITE)
    assert stood is not None
    over = ended(SITE, stood.holdings)[0]
    dossier = Dossier.objects.select_related("lead").get(code=over.award)
    old = cast.applicant_of(over.award)
    new = next(code for code in cast.persons if code != dossier.lead.code)
    alliance = form_alliance(old, dossier.lead.code, "Ended", SUMMER)
    enter_alliance(old, alliance.pk, new, "member", 1, SUMMER)
    Dossier.objects.filter(pk=dossier.pk).update(alliance=alliance)
    after = SUMMER.replace(month=9)
    ask_to_lead(old, alliance.pk, new, "We merge", after)
    made = Asking.objects.get(change=Change.LEAD)
    agree_to_lead(cast.persons[new], made.pk, new, after)
    before = stood.size
    assert "We merge" in text_of(browser(cast.officer).get(f"/running/{over.award}/"))
    answer(cast.officer, made.pk, True, "Yes", after)
    made.refresh_from_db()
    assert (True, "") == (made.granted, made.event)
    assert new == Dossier.objects.select_related("lead").get(pk=dossier.pk).lead.code
    now_stands = stands(SITE)
    assert now_stands is not None
    assert before == now_stands.size
    assert () == verify_database(SITE).faults


@pytest.mark.usefixtures("site")
def test_it_is_the_same_on_each_database() -> None:
    """Asked, agreed, granted, told, billed: on SQLite, and on PostgreSQL as the service's role.

    Whoever sends it at one moment with somebody else asks once, and answers once.
    """
    cast = Cast(small().term.document, allied(facts_of(small().term)))
    cast.until(What.CLOSE_CALL, "hours")
    alliance = alliance_of("open-0001")
    wanted = cast.persons[OLD], alliance.pk, OTHER, "We merge", MARCH
    assert [None, None] == at_once([partial(ask_to_lead, *wanted)] * 2)
    asked = Asking.objects.get(change=Change.LEAD)
    agreed(cast, asked, NEW, THIRD, OTHER)
    answers: list[Callable[[], object]] = [
        partial(answer, person, asked.pk, True, "Yes", MARCH)
        for person in (cast.officer, cast.owner)
    ]
    assert 1 == at_once(answers).count(DeskRefusal.ANSWERED)
    back = {"change": Change.GIVE_BACK, "blocks": 1}
    made = ask(cast.persons[OTHER], "open-0001", back, ("Enough", ""), MARCH + DAY)
    answer(cast.officer, made.pk, True, "Yes", MARCH + DAY)
    gather(MARCH + DAY)
    told = Notice.objects.filter(kind="invoice", facts__code="open-0001")
    assert [f"for-{OLD}", f"for-{OTHER}"] == sorted(one.person.username for one in told)
    assert 6 == Notice.objects.filter(kind="lead-changed").count()
    assert () == verify_database(SITE).faults


def test_a_stranger_derives_the_change_with_all_that_follows(played: Cast, tmp_path: Path) -> None:
    """The year goes on to the turn of its term: the bundle verifies and says who leads, and with
    another name in its place it does not.
    """
    ask_to_lead(played.persons[OLD], alliance_of().pk, NEW, "We merge", MARCH)
    made = Asking.objects.get(change=Change.LEAD)
    agreed(played, made, NEW, THIRD)
    answer(played.officer, made.pk, True, "Yes", MARCH)
    days = agenda(played.document)
    came = next(n for n, one in enumerate(days) if (one.what, one.about) == Billed.before)
    after = [played.live(event) for event in days[came:]][-1]
    stayed = [after.holdings[code] for code in LED if code in after.holdings]  # Two of three do.
    assert {NEW} == {one.amended[-1].lead for one in stayed}
    keys.create(tmp_path / "ring", "example.org/small")
    publish_bundle(SITE, tmp_path / "ring", tmp_path / "out", {}, pages)
    files = read_bundle_files(tmp_path / "out")
    assert () == verify(files, pages).faults
    name, told = f"facts/amendments/lead-{made.pk}.jsonl", f'"lead":"{NEW}"'.encode()
    assert 2 == files[name].count(told)
    forged = files[name].replace(told, f'"lead":"{THIRD}"'.encode())
    assert verify({**files, name: forged}, pages).faults
