"""A demo that is played: its invented people apply, mark, answer and hold awards beside a player's.

Begun as `headgate serve --demo --people` begins it, and taken on at the pages alone.
"""

import re
from collections.abc import Iterator

import pytest
from django.test import Client, override_settings
from django.urls import reverse

from headgate.core.policy.document import Document
from headgate.site.actions.take_due import MAY
from headgate.site.desk.agreement import unsigned
from headgate.site.desk.clock import coming
from headgate.site.desk.models import AwardList, Dossier, Review, State
from headgate.site.desk.office import SITE, call_now
from headgate.site.desk.outside import answers
from headgate.site.portal.models import Person
from headgate.site.records.database import opened
from headgate.site.records.kept import kept_term
from headgate.site.serving import invite
from headgate.site.verifying import verify_database
from headgate.steps.event import Event, What
from headgate.steps.term import Term
from tests.site.desk.cast import browser
from tests.site.desk.test_agreement import agreed
from tests.site.year.plan import PROGRAMME, outside

INVENTED = 4


@pytest.fixture
def begun(lone_site: str) -> Iterator[str]:
    """The small programme, whose first calls are open and answered by invented people."""
    with override_settings(HEADGATE_DEMO=True, ALLOWED_HOSTS=["*"]):
        start(agreed())
        yield lone_site
        answers(outside(agreed(), PROGRAMME), 0)


def start(document: Document) -> None:
    """What every start of the command does."""
    invite(document, outside(document, PROGRAMME), INVENTED, lambda _said: None)


def persona(name: str) -> Client:
    """The browser of one of the people of the demo."""
    return browser(Person.objects.get(username=name))


def take(event: Event) -> str:
    """Whoever may takes the next event at the calendar; what the page then says."""
    if event.what is What.DECIDE_CALL:
        judge(event.about)
    name = "agency-officer" if event.what in MAY else "operator"
    page = persona(name).post(reverse("calendar"), {"event": str(event)}, follow=True)
    said = "; ".join(re.findall('banner__heading">([^<]+)<', page.content.decode()))
    assert "Done: it stands in the journal." in said, said
    return said


def mark_mine(call: str) -> None:
    """The reviewer of the demo, whom somebody plays, gives the sheets that wait for them."""
    reviewer, criteria = persona("reviewer"), call_now(call).call.criteria
    sheet = {f"points-{one.id}": one.full for one in criteria}
    why = {f"comment-{one.id}": "because" for one in criteria}
    for seat in Review.objects.filter(dossier__call=call, marked__isnull=True).select_related(
        "dossier"
    ):
        where = reverse("review", args=(seat.dossier.code,))
        reviewer.post(where, {"deed": "clear"})
        reviewer.post(where, {**sheet, **why, "version": seat.version})


def judge(call: str) -> None:
    """Gates are found, seats given, the list signed by two, and the office signs agreements."""
    where, office = reverse("board", args=(call,)), persona("agency-officer")
    for gate in call_now(call).call.gates:
        for code in Dossier.objects.filter(call=call, state=State.SUBMITTED).values_list("code"):
            finding = {"code": code[0], "gate": gate.id, "passed": "yes", "remark": "found"}
            office.post(where, {"deed": "gate", "evidence": "ab" * 32, **finding})
    office.post(where, {"deed": "assign"})
    mark_mine(call)
    for name in ("policy-owner", "agency-officer"):
        page = persona(name).get(where).content.decode()
        (digest,) = re.findall('name="digest" value="([^"]+)"', page)
        persona(name).post(where, {"deed": "sign", "digest": digest})
    answers_page = reverse("answers", args=(call,))
    page = office.get(answers_page).content.decode()
    if picked := re.findall('name="agreement" value="([^"]+)" checked', page):
        office.post(answers_page, {"agreement": picked})


def play() -> Term:
    """Every event until awards run and were metered once."""
    while (event := coming()[0]) is not None and event.what is not What.METER:
        said = take(event)
        if event.what is What.OPEN_CALL:
            assert "Invented applicants of the demo have handed in" in said
    assert event is not None
    take(event)
    term = kept_term(SITE)
    assert term is not None
    return term


def test_a_demo_that_is_played_has_more_awards_than_the_players(begun: str) -> None:
    """Every call is answered, also one that opens later; who gave up is followed by who waited."""
    term = play()
    held = {holding.award for holding in term.holdings.values()}
    for listed in AwardList.objects.filter(told__isnull=False):
        took = set(
            Dossier.objects.filter(code__in=listed.winners, acceptance__accepted=True).values_list(
                "code", flat=True
            )
        )
        assert took <= held, listed.call
        assert [] == unsigned(call_now(listed.call), listed)
    assert {"alliance", "open"} <= {one.call for one in term.holdings.values()}
    assert len(held) > 3
    assert () == verify_database(opened(begun)).faults


def test_a_demo_that_was_played_goes_on_after_it_is_started_again(begun: str) -> None:
    """Nothing is handed in or answered twice, and the next event can be taken."""
    before = play()
    kept = Dossier.objects.count()
    start(agreed())
    after = kept_term(SITE)
    assert after is not None
    assert (before.root(), kept) == (after.root(), Dossier.objects.count())
    event = coming()[0]
    assert event is not None
    take(event)
    assert () == verify_database(opened(begun)).faults
