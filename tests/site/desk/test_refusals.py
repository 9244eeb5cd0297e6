"""Every way in which the desk says no: by name, and nothing is left of what was asked."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import pytest

from headgate.core.ledger.refused import Refused
from headgate.core.policy.document import Document
from headgate.site.actions.accept import accept
from headgate.site.actions.alliance import enter_alliance
from headgate.site.actions.assign_reviewers import seat
from headgate.site.actions.declare_conflict import declare_conflict
from headgate.site.actions.find_gate import find_gate, reply_gate
from headgate.site.actions.mark import mark
from headgate.site.actions.objection import answer_objection, object_to
from headgate.site.actions.people import appoint, give_roles
from headgate.site.actions.save_draft import save_draft
from headgate.site.actions.sign import sign
from headgate.site.actions.submit import submit
from headgate.site.actions.take_due import take_due
from headgate.site.actions.withdraw import withdraw
from headgate.site.desk.board import preview
from headgate.site.desk.models import (
    Acting,
    Alliance,
    AwardList,
    Deed,
    Dossier,
    Member,
    Organisation,
    Review,
)
from headgate.site.desk.office import SITE, call_now
from headgate.site.desk.refusals import DeskRefusal
from headgate.site.portal.models import Person
from headgate.site.portal.roles import Role
from headgate.site.records.database import opened
from headgate.steps.event import What
from tests.site.actions.metered import root_of
from tests.site.desk.cast import Cast, at, facts_of, somebody
from tests.whole.small import small

CLOCKS = """overlay: clocks
because: {en: Clocks of the tests.}
from: 2026-01-01
onwards: true
set:
  calls.open.standby: {accept_days: 5}
  calls.open.appeals: {object_days: 10, answer_days: 30}
"""


@cache
def clocked() -> Document:
    """The small programme whose open call has clocks for answers and objections."""
    return Document.read({**small().term.document.texts, "overlays/clocks.yaml": CLOCKS})


@dataclass
class Stage:
    """A site at some time of the year, kept for all tests of it."""

    address: str
    cast: Cast
    now: datetime

    def copied(self, folder: Path) -> "Stage":
        """The same, after the site has become a copy of it for one test."""
        source = Path(self.address.removeprefix("sqlite:///"))
        opened(f"sqlite:///{shutil.copy(source, folder / source.name)}")
        return self


def staged(folder: Path, empty: Path, name: str, play: Callable[[Cast], datetime]) -> Stage:
    """A site played up to a moment."""
    address = f"sqlite:///{shutil.copy(empty, folder / f'{name}.db')}"
    opened(address)
    cast = Cast(clocked(), facts_of(small().term))
    now = play(cast)
    SITE.connection.close()
    return Stage(address, cast, now)


def play_open(cast: Cast) -> datetime:
    """Both calls are open; the first of the open call is in, others are drafts."""
    cast.until(What.CLOSE_CALL, "alliance")
    for call in ("hours", "open"):
        for application in cast.facts[f"applications/{call}"]:
            for one in (application.applicant, *application.members):
                cast.register(one)
    cast.hand_in(cast.facts["applications/open"][0])
    return at(cast.facts["applications/open"][0].at)


def play_closed(cast: Cast) -> datetime:
    """The open call is closed, one reviewer has a seat at its first application."""
    cast.until(What.DECIDE_CALL, "alliance")
    person = somebody("reviewer")
    now = cast.closing("open")
    appoint(cast.officer, person, "REV-A", "", {}, now)
    cast.reviewers["REV-A"] = person
    seat(cast.officer, "open-0001", "REV-A", now)
    return now


def play_told(cast: Cast) -> datetime:
    """The open call's list was signed by two and told; no winner has answered."""
    cast.until(What.DECIDE_CALL, "open")
    cast.judge("open")
    now = cast.closing("open")
    board = preview("open", now)
    for person in (cast.owner, cast.officer):
        sign(person, "open", board.digest, now)
    return now


@pytest.fixture(scope="module")
def stages(site_template: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Stage]:
    """The three sites, played once."""
    folder = tmp_path_factory.mktemp("stages")
    plays = {"open": play_open, "closed": play_closed, "told": play_told}
    return {name: staged(folder, site_template, name, play) for name, play in plays.items()}


@pytest.fixture(autouse=True)
def site_ends() -> Iterator[None]:
    """The site of a test is not the next one's."""
    yield
    opened("sqlite:///nothing")


def draft_of(stage: Stage, number: int, call: str = "open") -> tuple[Cast, Dossier]:
    """A draft of an application that was not handed in."""
    cast = stage.cast
    application = cast.facts[f"applications/{call}"][number]
    for one in (application.applicant, *application.members):
        cast.register(one)
    person = cast.persons[application.applicant.id]
    alliance = cast.ally(application, person, stage.now) if application.members else None
    return cast, save_draft(person, cast.draft(application, alliance), stage.now)


def role_missing(stage: Stage) -> None:
    """An operator writes no applications."""
    application = stage.cast.facts["applications/open"][0]
    save_draft(stage.cast.operator, stage.cast.draft(application), stage.now)


def not_yours(stage: Stage) -> None:
    """A guessed number leads nowhere."""
    _, dossier = draft_of(stage, 1)
    submit(somebody("guesser", Role.APPLICANT), dossier.pk, dossier.version, stage.now)


def call_unknown(stage: Stage) -> None:
    """No call of that name."""
    application = stage.cast.facts["applications/open"][0]
    person = stage.cast.persons[application.applicant.id]
    save_draft(person, replace(stage.cast.draft(application), call="none"), stage.now)


def call_not_open(stage: Stage) -> None:
    """The call for hours opens in February; its draft may be kept before."""
    cast, dossier = draft_of(stage, 0, "hours")
    submit(cast.persons[dossier.lead.code], dossier.pk, dossier.version, stage.now)


def late(stage: Stage) -> None:
    """One second after the last day nothing comes in."""
    cast, dossier = draft_of(stage, 1)
    person = cast.persons[dossier.lead.code]
    submit(person, dossier.pk, dossier.version, cast.closing("open"))


def stale(stage: Stage) -> None:
    """Two tabs: the second one saves over a version that it has not seen."""
    cast, dossier = draft_of(stage, 1)
    person = cast.persons[dossier.lead.code]
    draft = cast.draft(cast.facts["applications/open"][1])
    for title in ("One tab", "Another tab"):
        save_draft(person, replace(draft, title=title), stage.now, dossier.pk, dossier.version)


def handed_in(stage: Stage) -> None:
    """What was handed in is not changed under the reader's eyes."""
    dossier = Dossier.objects.get(code="open-0001")
    draft = stage.cast.draft(stage.cast.facts["applications/open"][0])
    person = stage.cast.persons[dossier.lead.code]
    save_draft(person, draft, stage.now, dossier.pk, dossier.version)


def not_handed_in(stage: Stage) -> None:
    """A draft cannot be withdrawn."""
    cast, dossier = draft_of(stage, 1)
    withdraw(cast.persons[dossier.lead.code], dossier.pk, stage.now)


def form_faulty(stage: Stage) -> None:
    """An answer to a question that the policy does not ask."""
    cast, dossier = draft_of(stage, 1)
    dossier.answers = {"salary": "1"}
    dossier.save()
    submit(cast.persons[dossier.lead.code], dossier.pk, dossier.version, stage.now)


def consent_missing(stage: Stage) -> None:
    """A member has not agreed to the version that is handed in."""
    cast, dossier = draft_of(stage, 1)
    lead = dossier.lead.code
    other = next(code for code in cast.persons if code != lead)
    alliance = cast.ally(cast.facts["applications/open"][1], cast.persons[lead], stage.now)
    enter_alliance(cast.persons[lead], alliance, other, "member", 1, stage.now)
    draft = replace(cast.draft(cast.facts["applications/open"][1]), alliance=alliance)
    saved = save_draft(cast.persons[lead], draft, stage.now, dossier.pk, dossier.version)
    submit(cast.persons[lead], saved.pk, saved.version, stage.now)


def not_eligible(stage: Stage) -> None:
    """A longer term than the call gives; the rule is named."""
    cast, dossier = draft_of(stage, 1)
    draft = replace(cast.draft(cast.facts["applications/open"][1]), months=99)
    person = cast.persons[dossier.lead.code]
    saved = save_draft(person, draft, stage.now, dossier.pk, dossier.version)
    submit(person, saved.pk, saved.version, stage.now)


def member_twice(stage: Stage) -> None:
    """The lead is in its alliance already."""
    cast, dossier = draft_of(stage, 1)
    lead = dossier.lead.code
    alliance = cast.ally(cast.facts["applications/open"][1], cast.persons[lead], stage.now)
    enter_alliance(cast.persons[lead], alliance, lead, "member", 1, stage.now)


def not_closed(stage: Stage) -> None:
    """Nobody is seated while applications come in."""
    seat(stage.cast.officer, "open-0001", "REV-A", stage.now)


def conflict(stage: Stage) -> None:
    """A reviewer who told of a tie to the applicant has no seat there."""
    lead = Dossier.objects.get(code="open-0002").lead.code
    appoint(stage.cast.officer, somebody("tied"), "REV-T", "", {lead: "board"}, stage.now)
    seat(stage.cast.officer, "open-0002", "REV-T", stage.now)


def not_assigned(stage: Stage) -> None:
    """A reviewer who guesses an application's id marks nothing."""
    mark(stage.cast.reviewers["REV-A"], "open-0002", {}, {}, stage.now)


def not_cleared(stage: Stage) -> None:
    """No mark before the reviewer has said that nothing ties them."""
    mark(stage.cast.reviewers["REV-A"], "open-0001", {}, {}, stage.now)


def seat_taken(stage: Stage) -> None:
    """Nobody sits twice at one application."""
    seat(stage.cast.officer, "open-0001", "REV-A", stage.now)


def panel_full(stage: Stage) -> None:
    """The policy says at most four."""
    for number in range(4):
        appoint(stage.cast.officer, somebody(f"p{number}"), f"REV-{number}", "", {}, stage.now)
        seat(stage.cast.officer, "open-0001", f"REV-{number}", stage.now)


def sheet_faulty(stage: Stage) -> None:
    """Eleven points of ten, and a comment of blanks."""
    person = stage.cast.reviewers["REV-A"]
    declare_conflict(person, "open-0001", "", stage.now)
    points = {"effect": 11, "means": 5}
    mark(person, "open-0001", points, {"effect": "x", "means": " "}, stage.now)


def gate_unknown(stage: Stage) -> None:
    """The call has one gate, and this is not it."""
    find_gate(stage.cast.officer, "open-0001", "moat", True, "", (), stage.now)


def evidence_faulty(stage: Stage) -> None:
    """A document's name is no digest."""
    find_gate(stage.cast.officer, "open-0001", "audit", True, "", ("a.pdf",), stage.now)


def nothing_to_reply(stage: Stage) -> None:
    """Nothing was found against the application."""
    lead = Dossier.objects.get(code="open-0001").lead.code
    reply_gate(stage.cast.persons[lead], "open-0001", "audit", "but", stage.now)


def not_told(stage: Stage) -> None:
    """There is no result to accept yet."""
    lead = Dossier.objects.get(code="open-0001").lead.code
    accept(stage.cast.persons[lead], "open-0001", True, stage.now)


def not_signed(stage: Stage) -> None:
    """A call is not decided on a list that nobody signed."""
    stage.cast.judge("alliance")
    now = stage.cast.closing("open") + timedelta(days=30)
    take_due(stage.cast.officer, "decide call alliance", now)


def not_due(stage: Stage) -> None:
    """The decision's day has not come."""
    take_due(stage.cast.officer, "decide call alliance", stage.now - timedelta(days=1))


def already_signed(stage: Stage) -> None:
    """One person is not two."""
    now = stage.now
    sign(stage.cast.owner, "open", preview("open", now).digest, now)


def list_changed(stage: Stage) -> None:
    """A list that was seen before a finding is not the list after it."""
    now, digest = stage.now, preview("open", stage.now).digest
    winner = preview("open", now).winners[0]
    find_gate(stage.cast.officer, winner, "audit", False, "", (), now)
    sign(stage.cast.owner, "open", digest, now)


def sheets_missing(stage: Stage) -> None:
    """The policy's panel gives three sheets at least: with two of them nothing is signed."""
    code = preview("open", stage.now).winners[0]
    for one in Review.objects.filter(dossier__code=code)[2:]:
        one.delete()
    sign(stage.cast.officer, "open", preview("open", stage.now).digest, stage.now)


def reviewed(stage: Stage) -> None:
    """Who reviewed does not decide, whatever roles they also have."""
    person = stage.cast.reviewers[Review.objects.all()[0].reviewer.code]
    give_roles(person, [Role.AGENCY_OFFICER])
    person = Person.objects.get(pk=person.pk)
    sign(person, "open", preview("open", stage.now).digest, stage.now)


def not_awarded(stage: Stage) -> None:
    """Who was refused has nothing to accept."""
    board = preview("open", stage.now)
    loser = Dossier.objects.filter(call="open").exclude(code__in=board.winners)[0]
    accept(stage.cast.persons[loser.lead.code], loser.code or "", True, stage.now)


def answered(stage: Stage) -> None:
    """An answer stays."""
    winner = preview("open", stage.now).winners[0]
    for accepted in (True, False):
        accept(stage.cast.applicant_of(winner), winner, accepted, stage.now)


def window_closed(stage: Stage) -> None:
    """Five days after the notice is a Saturday, so the Monday is the last day; on the Tuesday a
    winner's place is gone.
    """
    winner = preview("open", stage.now).winners[0]
    accept(stage.cast.applicant_of(winner), winner, True, stage.now + timedelta(days=8))


def decide_open(stage: Stage, now: datetime) -> None:
    """Take the decision of the open call."""
    take_due(stage.cast.officer, "decide call open", now)


def answers_open(stage: Stage) -> None:
    """The winners may still think about it."""
    decides = at("2026-02-20T00:00:00Z")
    AwardList.objects.filter(call="open").update(told=decides)
    decide_open(stage, decides)


def objection_open(stage: Stage) -> None:
    """Somebody waits for an answer."""
    winner = preview("open", stage.now).winners[0]
    object_to(stage.cast.applicant_of(winner), winner, "more", stage.now)
    decide_open(stage, at("2026-02-20T00:00:00Z"))


def decided(stage: Stage) -> None:
    """The alliances' call is decided, and its marks stay."""
    review = Review.objects.filter(dossier__call="alliance")[0]
    person, code = stage.cast.reviewers[review.reviewer.code], review.dossier.code or ""
    mark(person, code, {"goal": 1}, {"goal": "x"}, stage.now, review.version)


PROVOKED: dict[DeskRefusal, tuple[str, Callable[[Stage], None]]] = {
    DeskRefusal.ROLE_MISSING: ("open", role_missing),
    DeskRefusal.NOT_YOURS: ("open", not_yours),
    DeskRefusal.CALL_UNKNOWN: ("open", call_unknown),
    DeskRefusal.CALL_NOT_OPEN: ("open", call_not_open),
    DeskRefusal.LATE: ("open", late),
    DeskRefusal.STALE: ("open", stale),
    DeskRefusal.HANDED_IN: ("open", handed_in),
    DeskRefusal.NOT_HANDED_IN: ("open", not_handed_in),
    DeskRefusal.FORM_FAULTY: ("open", form_faulty),
    DeskRefusal.CONSENT_MISSING: ("open", consent_missing),
    DeskRefusal.NOT_ELIGIBLE: ("open", not_eligible),
    DeskRefusal.MEMBER_TWICE: ("open", member_twice),
    DeskRefusal.NOT_CLOSED: ("open", not_closed),
    DeskRefusal.CONFLICT: ("closed", conflict),
    DeskRefusal.NOT_ASSIGNED: ("closed", not_assigned),
    DeskRefusal.NOT_CLEARED: ("closed", not_cleared),
    DeskRefusal.SEAT_TAKEN: ("closed", seat_taken),
    DeskRefusal.PANEL_FULL: ("closed", panel_full),
    DeskRefusal.SHEET_FAULTY: ("closed", sheet_faulty),
    DeskRefusal.GATE_UNKNOWN: ("closed", gate_unknown),
    DeskRefusal.EVIDENCE_FAULTY: ("closed", evidence_faulty),
    DeskRefusal.NOTHING_TO_REPLY: ("closed", nothing_to_reply),
    DeskRefusal.NOT_TOLD: ("closed", not_told),
    DeskRefusal.NOT_SIGNED: ("closed", not_signed),
    DeskRefusal.NOT_DUE: ("closed", not_due),
    DeskRefusal.ALREADY_SIGNED: ("told", already_signed),
    DeskRefusal.SHEETS_MISSING: ("told", sheets_missing),
    DeskRefusal.LIST_CHANGED: ("told", list_changed),
    DeskRefusal.REVIEWED: ("told", reviewed),
    DeskRefusal.NOT_AWARDED: ("told", not_awarded),
    DeskRefusal.ANSWERED: ("told", answered),
    DeskRefusal.WINDOW_CLOSED: ("told", window_closed),
    DeskRefusal.ANSWERS_OPEN: ("told", answers_open),
    DeskRefusal.OBJECTION_OPEN: ("told", objection_open),
    DeskRefusal.DECIDED: ("told", decided),
}


@pytest.mark.parametrize("reason", PROVOKED)
def test_a_refusal_is_named_and_leaves_nothing(
    reason: DeskRefusal, stages: dict[str, Stage], tmp_path: Path
) -> None:
    """The reason is the one that was meant, and the journal is as it was before."""
    name, provoke = PROVOKED[reason]
    stage, before = stages[name].copied(tmp_path), root_of(SITE)
    with pytest.raises(Refused) as caught:
        provoke(stage)
    assert reason is caught.value.reason, caught.value
    assert before == root_of(SITE)


def test_a_refused_action_is_no_deed(stages: dict[str, Stage], tmp_path: Path) -> None:
    """Who did what is told of what was done."""
    stage = stages["open"].copied(tmp_path)
    deeds, dossiers = Deed.objects.count(), Dossier.objects.count()
    with pytest.raises(Refused):
        role_missing(stage)
    assert (deeds, dossiers) == (Deed.objects.count(), Dossier.objects.count())


def test_nothing_is_done_before_a_programme_has_begun(lone_site: str) -> None:
    """Without a policy there is no rule to go by."""
    del lone_site
    with pytest.raises(Refused) as caught:
        call_now("open")
    assert DeskRefusal.NO_PROGRAMME is caught.value.reason


def test_an_objection_is_answered_by_somebody_who_did_not_review(
    stages: dict[str, Stage], tmp_path: Path
) -> None:
    """Objection, answer, decision: in that order and within the clocks of the policy."""
    stage = stages["told"].copied(tmp_path)
    cast, now = stage.cast, stage.now
    winner = preview("open", now).winners[0]
    object_to(cast.applicant_of(winner), winner, "We asked for more.", now)
    answered_one = answer_objection(cast.officer, winner, False, "The pool is spent.", now)
    assert answered_one.upheld is False
    decides = at("2026-02-20T00:00:00Z")
    with pytest.raises(Refused, match="STANDBY_UNASKED"):
        take_due(cast.officer, "decide call open", decides)


def test_who_acts_for_a_member_of_an_applicant_neither_finds_nor_signs(
    stages: dict[str, Stage], tmp_path: Path
) -> None:
    """An alliance's members have as much part in it as its lead: separation of duties holds."""
    stage = stages["closed"].copied(tmp_path)
    dossier = Dossier.objects.get(code="open-0002")
    other = Organisation.objects.create(
        code="org-partner", name="Partner", kind="firm", size="small"
    )
    dossier.alliance = Alliance.objects.create(lead=dossier.lead, name="Two")
    dossier.save()
    Member.objects.create(alliance=dossier.alliance, organisation=other, entered=stage.now)
    officer = stage.cast.officer
    Acting.objects.create(person=officer, organisation=other, since=stage.now)
    for deed in (
        lambda: find_gate(officer, "open-0002", "any", True, "", (), stage.now),
        lambda: sign(officer, "open", "0" * 64, stage.now),
    ):
        with pytest.raises(Refused) as caught:
            deed()
        assert DeskRefusal.CONFLICT is caught.value.reason
