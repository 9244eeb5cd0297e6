"""Whoever moves up is told, has the days that winners have, signs, and may decline as they may."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

import pytest
from django.urls import reverse

from headgate.core.ledger.refused import Refused
from headgate.core.policy.document import Document
from headgate.cycle import replay
from headgate.readers.facts import Recorded
from headgate.site.actions.accept import accept
from headgate.site.actions.ask_next import ask_everywhere, ask_next
from headgate.site.actions.find_gate import find_gate
from headgate.site.actions.objection import answer_objection, object_to
from headgate.site.actions.people import send_away
from headgate.site.actions.sign import sign
from headgate.site.actions.take_due import take_due
from headgate.site.desk.agreement import moved_up
from headgate.site.desk.board import preview
from headgate.site.desk.models import AgreementSignature, AwardList, Deed, Dossier
from headgate.site.desk.office import SITE
from headgate.site.desk.refusals import DeskRefusal
from headgate.site.desk.turns import turns_of
from headgate.site.notices.gather import gather
from headgate.site.notices.models import Notice
from headgate.site.notices.reading import letter
from headgate.site.portal.models import Person
from headgate.site.portal.roles import Role
from headgate.site.records.kept import stands
from headgate.site.verifying import verify_database
from headgate.steps.agenda import agenda
from headgate.steps.event import Event, What
from headgate.steps.term import Holding, Term
from tests.site.desk.cast import Cast, browser, facts_of, somebody
from tests.site.desk.test_agreement import both, moment
from tests.site.desk.test_agreement import scene as told_scene
from tests.whole.small import small

DAY = timedelta(days=1)
DECIDE = "decide call open"


def scene() -> Cast:
    """The open call's list was signed by two and told; no winner has answered."""
    return told_scene()


@pytest.fixture
def told(copied: Cast) -> Cast:
    """The same, for one test."""
    return copied


def listed() -> AwardList:
    """The list as it stands."""
    return AwardList.objects.get(call="open")


def take(cast: Cast, *codes: str) -> None:
    """Some take what they were asked to, and both sides sign."""
    for code in codes:
        accept(cast.applicant_of(code), code, True, moment())
        both(cast, code)


def decline(cast: Cast, code: str, when: datetime) -> None:
    """Somebody gives the award up."""
    accept(cast.applicant_of(code), code, False, when)


def asked(when: datetime) -> list[str]:
    """Who moves up at a moment."""
    found = ask_next("open", when)
    return [] if found is None else list(turns_of(found)[-1].who)


def gone(cast: Cast) -> tuple[str, list[str]]:
    """The first winner gives the award up, all others take theirs; who moves up for them."""
    first, *others = listed().winners
    take(cast, *others)
    decline(cast, first, moment())
    return first, asked(moment())


def held(term: Term) -> set[str]:
    """Who holds an award of the call."""
    return {one.award for one in term.holdings.values() if one.call == "open"}


def home(person: Person) -> str:
    """What somebody has to do today."""
    return browser(person).get(reverse("home")).content.decode()


def before_and_at(document: Document) -> Iterator[Event]:
    """The calendar to the decision of the open call."""
    for event in agenda(document):
        yield event
        if (event.what, event.about) == (What.DECIDE_CALL, "open"):
            return


def test_who_moves_up_has_its_own_days_takes_the_award_and_signs(told: Cast) -> None:
    """No award begins on standby by itself: the call waits for the answer and both signatures."""
    first, (up, *more) = gone(told)
    assert up in listed().standby
    with pytest.raises(Refused, match="ANSWERS_OPEN: 1, until"):
        take_due(told.officer, DECIDE, moment())
    accept(told.applicant_of(up), up, True, moment() + 5 * DAY)
    with pytest.raises(Refused, match=f"ANSWERS_OPEN: {up}, until"):
        take_due(told.officer, DECIDE, moment())
    both(told, up)
    assert [] == more
    assert [] == asked(moment()), "asked once"
    term = take_due(told.officer, DECIDE, moment())
    assert {*listed().winners, up} - {first} == held(term)
    assert () == verify_database(SITE).faults


def test_one_who_moved_up_may_decline_too_and_the_next_is_asked(told: Cast) -> None:
    """Turn by turn until somebody takes it; the cycle makes the same journal of the facts."""
    first, (second, *_) = gone(told)
    decline(told, second, moment())
    (third,) = asked(moment())
    take(told, third)
    term = take_due(told.officer, DECIDE, moment())
    assert third in held(term)
    assert not {first, second} & held(term)
    facts = facts_of(term)
    assert [(first,), (second,)] == [facts["declined/open"], facts["declined/open/2"]]
    assert (
        replay(told.document, before_and_at(told.document), Recorded(facts)).root() == term.root()
    )
    assert () == verify_database(SITE).faults


@pytest.mark.usefixtures("site")
def test_turns_that_people_play_end_as_the_cycle_ends_them() -> None:
    """On either database: a winner declines, and so does who moves up; the roots are one."""
    document, facts = small().term.document, dict(facts_of(small().term))
    events = list(before_and_at(document))
    winner = facts["proposal/open"][0].blocks[0][0]
    facts["declined/open"] = (winner,)
    told = [
        d for d in replay(document, events, Recorded(facts)).decisions if d.step == "acceptance"
    ]
    up = next(d.subject for d in told if d.rule == "calls.open" and d.subject != winner)
    facts["declined/open/2"] = (up,)
    honest, cast = replay(document, events, Recorded(facts)), Cast(document, facts)
    term = [cast.live(event) for event in events][-1]
    assert honest.root() == term.root()
    assert not {winner, up} & held(term)
    assert () == verify_database(SITE).faults


def test_who_moved_up_and_lets_the_days_pass_makes_room(told: Cast) -> None:
    """Their days are counted from when they were told, and a signature that lacks counts too."""
    first, *others = listed().winners
    take(told, *others)
    late = moment() + 6 * DAY
    (second,) = asked(late)
    with pytest.raises(Refused, match="ANSWERS_OPEN: 1, until"):
        take_due(told.officer, DECIDE, late + 5 * DAY)
    with pytest.raises(Refused, match="WINDOW_CLOSED"):
        accept(told.applicant_of(second), second, True, late + 6 * DAY)
    accept(told.applicant_of(second), second, True, late + 5 * DAY)
    (third,) = asked(late + 6 * DAY)
    assert not {first, second} & {third}, "taken and not signed is not taken"
    assert (second,) == turns_of(listed())[-1].left


def test_when_nobody_stands_by_any_more_the_call_is_decided(told: Cast) -> None:
    """It does not hang: where nobody comes up what was given up stays in the pool."""
    first, turn = gone(told)
    while turn:
        for code in turn:
            decline(told, code, moment())
        turn = asked(moment())
    assert [] == asked(moment())
    stood_by = set(moved_up(listed()))
    assert len(stood_by) > 1
    term = take_due(told.officer, DECIDE, moment())
    assert {*listed().winners} - {first} == held(term)
    assert () == verify_database(SITE).faults


MOVING_UP: Final = {DeskRefusal.STANDBY_UNASKED}


def test_silence_is_passed_on_until_nobody_stands_by(told: Cast) -> None:
    """Winners and whoever moved up alike: who lets the days pass has declined, and no call is
    decided before the others were asked.
    """
    late, everybody = moment() + 6 * DAY, list[str]()
    while True:
        with pytest.raises(Refused, match=DeskRefusal.STANDBY_UNASKED.name):
            take_due(told.officer, DECIDE, late)
        everybody += turns_of(listed())[-1].who
        if not asked(late):
            break
        late += 6 * DAY
    assert {*listed().winners, *moved_up(listed())} == {*everybody}
    assert set() == held(take_due(told.officer, DECIDE, late))
    assert () == verify_database(SITE).faults


def test_nobody_moves_up_before_all_who_were_asked_have_answered(told: Cast) -> None:
    """Two winners who decline on different days: what falls free is given down the list at once,
    and nobody is passed over because of the day on which somebody else wrote.
    """
    first, second, *others = listed().winners
    decline(told, first, moment())
    assert [] == asked(moment())
    take(told, *others)
    assert [] == asked(moment())
    decline(told, second, moment() + 3 * DAY)
    came = asked(moment() + 3 * DAY)
    assert len(came) > 1
    assert turns_of(listed())[-1].left == tuple(sorted((first, second)))


def test_a_signature_that_waits_is_waited_for(told: Cast) -> None:
    """Whoever took an award may still sign it, and lose it if not: then the next are asked."""
    first, second, *others = listed().winners
    take(told, *others)
    decline(told, first, moment())
    accept(told.applicant_of(second), second, True, moment())
    assert [] == asked(moment())
    asked(moment() + 6 * DAY)
    assert turns_of(listed())[-1].left == tuple(sorted((first, second)))


def test_whoever_is_gone_or_gave_the_place_up_is_passed(told: Cast) -> None:
    """A place on standby may be given up before: others are asked. Nobody who was sent away can
    answer, so that the days pass.
    """
    place = listed().standby[0]
    decline(told, place, moment())
    _first, (up, *_) = gone(told)
    assert place != up
    send_away(told.owner, told.applicant_of(up), moment())
    with pytest.raises(Refused):
        accept(told.applicant_of(up), up, True, moment())
    (following,) = asked(moment() + 6 * DAY)
    assert following not in (place, up)


def test_who_moves_up_is_told_and_nobody_else(told: Cast) -> None:
    """By letter with reason, score and last day, once; on the own page, home and calendar."""
    gather(moment())
    _first, (up, *_) = gone(told)
    waits = next(code for code in listed().standby if code != up)
    assert 0 < gather(moment())
    person = told.applicant_of(up)
    (said,) = [one for one in Notice.objects.filter(kind="told") if one.facts["moved_up"]]
    assert (up, person.pk) == (said.facts["code"], said.person_id)
    words = letter(said)
    assert "an award" in words.subject
    assert any("moved up" in line for line in words.lines)
    assert any(line.startswith("Take the award or give it up by ") for line in words.lines)
    assert any("its agreement and sign it" in line for line in words.lines)
    assert any(line.startswith("Score: ") for line in words.lines)
    assert 0 == gather(moment()), "once"
    assert f"{up}: last day to take the award" in home(person)
    page = of(up, person)
    assert "You were awarded" in page
    assert "moved up" in page
    assert "Take the award" in page
    assert "<strong>NVIDIA H200 (h200): 1 node of 8 GPUs</strong>" in page
    assert "Take the award" not in of(waits, told.applicant_of(waits))
    with pytest.raises(Refused, match="NOT_AWARDED"):
        accept(told.applicant_of(waits), waits, True, moment())


def of(code: str, person: Person) -> str:
    """An application's page."""
    where = reverse("application", args=(Dossier.objects.get(code=code).pk,))
    return browser(person).get(where).content.decode()


def test_the_office_sees_who_moved_up_for_whom_and_how_they_answered(told: Cast) -> None:
    """On the page of answers and the board, and until when on *Today* and at the calendar."""
    first, (up, *_) = gone(told)
    client = browser(told.officer)
    assert "last day for 1 who moved up to take the award" in home(told.officer)
    answers, board = reverse("answers", args=("open",)), reverse("board", args=("open",))
    page = client.get(answers).content.decode()
    row = page[page.index("Who moved up from standby") :].partition("that day included")[0]
    for text in (up, f"Body {Dossier.objects.get(code=up).lead.code}", first, "Not answered yet"):
        assert text in row
    assert "All is there" not in page
    assert "1 on standby has moved up" in client.get(board).content.decode()
    calendar = client.get(reverse("calendar")).content.decode()
    assert "1 on standby has moved up for them." in calendar
    assert "Given up by them, or let pass: 1." in calendar, "taken now, at the demo's clock"
    take(told, up)
    page = client.get(answers).content.decode()
    assert "Taken" in page
    assert "All is there" in page
    assert "moved up to take" not in home(told.officer)


@pytest.mark.parametrize(
    ("language", "said"), [("vi", "Các bên được đôn lên"), ("ko", "예비 순위에서 올라온 신청")]
)
def test_who_moved_up_is_read_in_three_languages(told: Cast, language: str, said: str) -> None:
    """The table, and the agreement of whoever took the award."""
    _first, (up, *_) = gone(told)
    accept(told.applicant_of(up), up, True, moment())
    client = browser(told.officer)
    client.cookies["django_language"] = language
    assert said in client.get(reverse("answers", args=("open",))).content.decode()
    page = browser(told.applicant_of(up)).get(reverse("agreement", args=(up,)))
    assert up in page.content.decode()


def test_who_reads_may_not_answer_for_others(told: Cast) -> None:
    """An auditor sees the answers and presses nothing; an applicant does not see the page."""
    _first, (up, *_) = gone(told)
    answers = reverse("answers", args=("open",))
    auditor = somebody("reads-all", Role.AUDITOR)
    assert up in browser(auditor).get(answers).content.decode()
    assert 403 == browser(told.applicant_of(up)).get(answers).status_code
    decline(told, up, moment())
    browser(auditor).post(reverse("calendar"), {"event": event_of(told)})
    assert [up] == list(moved_up(listed())), "nor ask"
    for person in (auditor, told.officer, told.applicant_of(listed().winners[0])):
        with pytest.raises(Refused):
            accept(person, up, True, moment())


def test_a_list_that_changed_is_signed_anew_before_anybody_is_asked(told: Cast) -> None:
    """Who decides is told so, and not to wait for a question that nobody will ask; the board says
    it too, and lets reviewers be assigned to whom the change let in.
    """
    first, second, *_ = listed().winners
    decline(told, first, moment())
    board = browser(told.officer).get(reverse("board", args=("open",))).content.decode()
    assert ("is another than was told" in board, 'value="assign"' in board) == (False, False)
    find_gate(told.officer, second, "audit", False, "Not there", ["ab" * 32], moment())
    with pytest.raises(Refused, match=DeskRefusal.LIST_CHANGED.name):
        take_due(told.officer, DECIDE, moment() + 30 * DAY)
    board = browser(told.officer).get(reverse("board", args=("open",))).content.decode()
    assert ("is another than was told" in board, 'value="assign"' in board) == (True, True)


def test_who_has_objected_is_told_of_no_second_right_by_another_list(told: Cast) -> None:
    """Its new result comes without the days to object; everybody else's has them."""
    one, other = listed().winners[:2]
    object_to(told.applicant_of(one), one, "More", moment())
    answer_objection(told.officer, one, True, "The other falls out", moment())
    find_gate(told.officer, other, "audit", False, "Not there", ["ab" * 32], moment())
    for person in (told.owner, told.officer):
        sign(person, "open", preview("open", moment()).digest, moment())
    gather(moment())
    new = Notice.objects.filter(kind="told", key__endswith=listed().digest[:16])
    may = {n.facts["code"]: "may object" in " ".join(letter(n).lines) for n in new}
    assert {code: code != one for code in may} == may
    assert {one, other} < may.keys()


def test_another_list_begins_from_its_winners(told: Cast) -> None:
    """What was told of the old list falls with it, and nothing is asked of a list that changed."""
    gone(told)
    code = listed().winners[-1]
    find_gate(told.officer, code, "audit", False, "Not there", ["ab" * 32], moment())
    assert [] == asked(moment() + 30 * DAY)
    for person in (told.owner, told.officer):
        sign(person, "open", preview("open", moment()).digest, moment())
    assert [] == listed().turns


def test_the_worker_and_whoever_takes_the_event_ask_by_the_rule(told: Cast) -> None:
    """Nobody has to think of it; at the calendar those who come up are asked, and not decided."""
    first, *others = listed().winners
    take(told, *others)
    decline(told, first, moment())
    ask_everywhere(moment())
    (up,) = moved_up(listed())
    assert Deed.objects.filter(action="ask next", person=None).exists()
    decline(told, up, moment())
    assert "Wait for the winners" in pressed(told)
    assert 2 == len(moved_up(listed()))


def test_a_demo_goes_on_though_whoever_moved_up_never_answers(told: Cast) -> None:
    """Its clock stands still until the event is taken: that lets their days pass, turn by turn."""
    gone(told)
    done = False
    while not done:
        before = len(moved_up(listed()))
        done = "Done: it stands in the journal." in pressed(told)
        assert done == (len(moved_up(listed())) == before), "each time others are asked"
    assert len(moved_up(listed())) > 1
    assert not {*moved_up(listed())} & {one.award for one in holdings()}


def pressed(cast: Cast) -> str:
    """The officer takes the decision at the calendar: what the page then says."""
    given = {"event": event_of(cast)}
    return browser(cast.officer).post(reverse("calendar"), given, follow=True).content.decode()


def event_of(cast: Cast) -> str:
    """The decision of the open call, as its button names it."""
    event = list(before_and_at(cast.document))[-1]
    return f"{event.day} {event}"


def holdings() -> Sequence[Holding]:
    """The awards that run."""
    stood = stands(SITE)
    assert stood is not None
    return stood.holdings


def test_the_agreement_says_what_was_offered(told: Cast) -> None:
    """Class and blocks of whoever moved up are what the board would decide, and what is signed."""
    _first, (up, *_) = gone(told)
    pool, blocks = moved_up(listed())[up]
    take(told, up)
    term = take_due(told.officer, DECIDE, moment())
    holding = next(one for one in term.holdings.values() if one.award == up)
    assert (pool, blocks) == (holding.support_class, holding.blocks)
    assert 2 == AgreementSignature.objects.filter(dossier__code=up).count()
