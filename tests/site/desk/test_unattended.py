"""Nobody is left without a next step: a holder without a person, an applicant without a call."""

from datetime import date

from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory
from django.urls import reverse
from django.utils.translation import deactivate, override

from headgate.core.policy.schema import Call
from headgate.site.actions.people import act_for, send_away, stop_acting
from headgate.site.desk.clock import Clock
from headgate.site.desk.models import Dossier
from headgate.site.desk.office import calls_now
from headgate.site.notices.gather import gather
from headgate.site.notices.models import Notice
from headgate.site.notices.reading import letter
from headgate.site.portal.models import Person
from headgate.site.portal.pages.office import _own_next
from headgate.site.portal.words import next_call
from tests.site.desk.cast import Cast, browser
from tests.site.desk.test_amending import NOON, held, played, year
from tests.site.portal.asking import text_of

__all__ = ["played", "year"]
SAID = "nobody acts for it any more"


def at_home(cast: Cast) -> str:
    """What the officer reads today."""
    return text_of(browser(cast.officer).get(reverse("home")))


def test_the_office_is_told_that_nobody_acts_for_a_holder(played: Cast) -> None:
    """On home with the holder's page, and by one letter; who comes next ends it."""
    award = held("alliance")
    lead = Dossier.objects.select_related("lead").get(code=award.award).lead
    person = played.persons[lead.code]
    other = next(one for one in played.persons.values() if one != person)
    assert SAID not in at_home(played)
    act_for(played.officer, other, lead.code, NOON)
    stop_acting(played.officer, person, lead.code, NOON)
    assert SAID not in at_home(played)
    stop_acting(played.officer, other, lead.code, NOON)
    assert f"{lead.name}: {SAID}" in at_home(played)
    page = browser(played.officer).get(reverse("organisation", args=(lead.pk,)))
    assert "Nobody acts for it now" in text_of(page)
    assert f'href="{reverse("people")}">people</a>' in text_of(page)
    gather(NOON)
    gather(NOON)
    told = Notice.objects.filter(kind="unattended")
    assert {played.officer.pk, played.owner.pk} == set(told.values_list("person", flat=True))
    with override("ko"):
        assert "대리인이 더 없습니다" in letter(told[0]).subject
    deactivate()
    assert reverse("organisation", args=(lead.pk,)) == letter(told[0]).path
    act_for(played.officer, other, lead.code, NOON)
    page = browser(played.officer).get(reverse("organisation", args=(lead.pk,)))
    assert "Nobody acts for it now" not in text_of(page)
    assert SAID not in at_home(played)


def test_who_is_sent_away_leaves_their_organisations_unattended(played: Cast) -> None:
    """Taking every access away says at once which holders have nobody left."""
    lead = Dossier.objects.select_related("lead").get(code=held("alliance").award).lead
    send_away(played.owner, Person.objects.get(pk=played.persons[lead.code].pk), NOON)
    assert f"{lead.name}: {SAID}" in at_home(played)


def test_who_finds_no_call_open_reads_which_opens_next(played: Cast) -> None:
    """The public and applicants alike; where none is foreseen they read that."""
    applicant = browser(played.applicant_of(held("open").award))
    for name in ("applications", "calls"):
        page = applicant.get(reverse(name))
        assert "No call is open now. The policy foresees no further call." in text_of(page)
    assert next_call(calls(), date(2026, 1, 5)) == (
        "Hours at any pace",
        "1\N{NO-BREAK SPACE}February\N{NO-BREAK SPACE}2026",
    )
    assert next_call(calls(), date(2026, 2, 1)) is None


def calls() -> list[Call]:
    """The calls of the small programme."""
    return [one.call for one in calls_now()]


def test_a_far_duty_hides_no_right_that_ends_sooner() -> None:
    """What must be done within a month comes first; a report of next summer does not."""
    request, today = RequestFactory().get("/"), date(2026, 8, 7)
    request.user = AnonymousUser()
    right = Clock("object", "To object", date(2026, 8, 17), "/", is_right=True)
    far, near = (Clock("report", "A report", day, "/") for day in (date(2027, 6, 14), today))
    assert right == _own_next(request, [right, far], [], today)
    assert near == _own_next(request, [near, right], [], today)
    soon = Clock("report", "A report", date(2026, 9, 6), "/")
    assert soon == _own_next(request, [right, soon], [], today)
