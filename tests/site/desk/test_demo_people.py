"""A demo that is played: its invented people apply, mark, answer and hold awards beside a player's.

Begun as `headgate serve --demo --people` begins it, and taken on at the pages alone.
"""

import re
from collections.abc import Iterator
from functools import cache

import pytest
from django.test import Client, override_settings
from django.urls import reverse

from headgate.core.duties.amendment import Change
from headgate.core.policy.document import Document
from headgate.site.actions.take_due import MAY
from headgate.site.desk import demo_holders
from headgate.site.desk.agreement import unsigned
from headgate.site.desk.clock import coming, now
from headgate.site.desk.demo_holders import CAME, drawn
from headgate.site.desk.invoices import OPEN, OVERDUE, PAID, every_invoice
from headgate.site.desk.models import Asking, AwardList, Dossier, Review, State
from headgate.site.desk.office import SITE, call_now
from headgate.site.desk.outside import answers
from headgate.site.portal import reading
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
        start(idle())
        yield lone_site
        answers(outside(idle(), PROGRAMME), 0)


@cache
def idle() -> Document:
    """The small programme with agreements, whose rule on idle rights warns more awards."""
    told = agreed().texts.items()
    return Document.read(
        {name: text.replace("used_below: 25 %", "used_below: 90 %") for name, text in told}
    )


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


def play(until: What = What.METER) -> Term:
    """Every event until awards run and were metered once, or until another has happened."""
    what = None
    while what is not until and (event := coming()[0]) is not None:
        said, what = take(event), event.what
        if what is What.OPEN_CALL:
            assert "Invented applicants of the demo have handed in" in said
    term = kept_term(SITE)
    assert term is not None
    return term


def take_next(count: int) -> None:
    """So many events more."""
    for _ in range(count):
        event = coming()[0]
        assert event is not None
        take(event)


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
    start(idle())
    after = kept_term(SITE)
    assert after is not None
    assert (before.root(), kept) == (after.root(), Dossier.objects.count())
    event = coming()[0]
    assert event is not None
    take(event)
    assert () == verify_database(opened(begun)).faults


def hand_over(call: str) -> list[str]:
    """The operator hands over whatever waits for it in a call, together; what was picked."""
    operator, where = persona("operator"), reverse("handing-over", args=(call,))
    picked = re.findall('name="award" value="([^"]+)"', operator.get(where).content.decode())
    given = {"deed": "hand-over", "award": picked, "text": "The nodes are ready"}
    said = operator.post(where, given, follow=True).content.decode()
    assert f"{len(picked)} awards are handed over" in said
    assert "No award of this call waits to be handed over" in said
    return picked


def asked(change: Change) -> list[tuple[str, bool | None]]:
    """The awards for which something of one kind was asked, with its answer."""
    found = Asking.objects.filter(change=change).order_by("pk")
    return [(one.dossier.code or "", one.granted) for one in found.select_related("dossier")]


def fees() -> dict[str, str]:
    """How every invoice stands."""
    stood = reading.programme()
    assert stood is not None
    return {one.number: one.state(now().date()) for one in every_invoice(stood)}


def test_invented_holders_try_explain_report_and_pay(begun: str) -> None:
    """Whoever plays the office has a year of awards to look after, to the turn and after it."""
    play(What.ENFORCE)
    assert {OPEN} == set(fees().values())
    picked = hand_over("alliance")
    tried = [(code, drawn(code, "hand-over")[0] < CAME or None) for code in picked]
    assert {True, None} == {answer for _code, answer in tried}, "one of them is silent"
    assert tried == asked(Change.HAND_OVER)
    play(What.METER)
    assert {PAID} == set(fees().values())
    assert [] == asked(Change.EXPLANATION) + asked(Change.REPORT)
    play(What.RECLAIM)
    explained, reported = asked(Change.EXPLANATION), asked(Change.REPORT)
    assert {None} == {answer for _code, answer in explained + reported}, "the office answers"
    back = Asking.objects.filter(change=Change.REPORT)[0]
    office, where = persona("agency-officer"), reverse("running-award", args=(reported[0][0],))
    office.post(where, {"deed": "refuse", "asking": back.pk, "text": "It lacks results"})
    play(What.TURN)
    assert explained == asked(Change.EXPLANATION), "once each"
    again, before = asked(Change.REPORT), (back.dossier.code, False)
    assert [before, *reported[1:]] == again[: len(reported)]
    assert (back.dossier.code, None) in again, "what was sent back comes again"
    assert len(set(again)) == len(again)
    start(idle())
    take_next(1)
    assert again == asked(Change.REPORT), "and started again nobody hands in twice"
    assert {PAID} == set(fees().values())
    assert () == verify_database(opened(begun)).faults


@pytest.mark.usefixtures("begun")
def test_a_fee_that_an_invented_holder_does_not_pay_is_overdue(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The fund officer has somebody to remind."""
    monkeypatch.setattr(demo_holders, "ACCEPTED", 0)
    play()
    assert {OVERDUE} == set(fees().values())


@pytest.mark.usefixtures("begun")
def test_whom_somebody_plays_answers_for_themselves() -> None:
    """Once a person was let in as a holder, nothing is handed in or paid for them."""
    play(What.ENFORCE)
    Person.objects.filter(username__startswith="for-").update(last_login=now())
    assert 1 < len(hand_over("alliance"))
    play(What.RECLAIM)
    assert {None} == {answer for _code, answer in asked(Change.HAND_OVER)}
    assert [] == asked(Change.REPORT) + asked(Change.EXPLANATION)
    assert PAID not in fees().values()
