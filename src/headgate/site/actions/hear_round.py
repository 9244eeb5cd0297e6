"""A team of a round is heard: it replies to findings on gates, objects, and is answered.

An objection that is upheld has the round decided again in the same transaction: there is no moment
at which the answer says one thing and the journal another.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from headgate.core.calls.application import GateFinding
from headgate.core.evaluation.hearings import Ground, Hearing, Withdrawn
from headgate.cycle import may_be_done, take
from headgate.readers.facts import Recorded
from headgate.site.actions.find_gate import need_documents
from headgate.site.actions.take import change
from headgate.site.desk.dossiers import need_apart
from headgate.site.desk.hearing import object_by, own_teams, reply_by
from headgate.site.desk.models import Deed, Dossier, RoundFinding, RoundSheet
from headgate.site.desk.office import SITE, doing, need
from headgate.site.desk.rating import RoundNow, round_now
from headgate.site.desk.refusals import DeskRefusal, refuse
from headgate.site.desk.round_models import RoundObjection
from headgate.site.portal.models import Person
from headgate.site.portal.roles import Role
from headgate.steps.event import Event, What, hearing_name
from headgate.steps.term import Term

CHARACTERS_MOST: Final = 20_000


@dataclass(frozen=True, slots=True)
class Found:
    """What an officer says of one gate of one team; the remark is published and names nobody."""

    gate: str
    passed: bool
    remark: str
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mended:
    """What an upheld objection changes: findings that replace others, and rows withdrawn.

    `evidence` holds SHA-256 of the documents that it is upheld on.
    """

    evidence: tuple[str, ...]
    found: tuple[Found, ...] = ()
    withdrawn: tuple[Withdrawn, ...] = ()


def find_round_gate(
    officer: Person, round_id: str, team: str, found: Found, now: datetime
) -> RoundFinding:
    """Say whether a gate of a round is open to a team; on other documents, its days begin anew.

    Raises `Refused`.
    """
    with doing(officer, "find round gate", f"{round_id} {team} {found.gate}", now):
        need(officer, Role.AGENCY_OFFICER)
        round_ = round_now(round_id)
        round_.need_open()
        _need_team(round_, team)
        need_apart_from(officer, team)
        if found.gate not in {gate.id for gate in round_.section.gates}:
            refuse(DeskRefusal.GATE_UNKNOWN, found.gate[:64])
        _need_documents(found)
        row = RoundFinding.objects.filter(round=round_id, team=team, gate=found.gate).first()
        if row is None:
            row = RoundFinding(round=round_id, team=team, gate=found.gate, passed=True)
        if row.passed or row.evidence != list(found.evidence):
            row.at, row.replied = now, None
        row.passed, row.remark, row.evidence = found.passed, found.remark, list(found.evidence)
        row.officer = officer
        row.save()
        return row


def reply_round_gate(
    person: Person, round_id: str, team: str, gate: str, text: str, now: datetime
) -> None:
    """Reply to a finding against one's team within the gate's days; raises `Refused`."""
    with doing(person, "reply round gate", f"{round_id} {team} {gate}", now):
        round_ = of_own_team(person, round_id, team)
        round_.need_open()
        key = {"round": round_id, "team": team, "gate": gate, "passed": False}
        finding = RoundFinding.objects.filter(**key).first()
        if finding is None:
            refuse(DeskRefusal.NOTHING_TO_REPLY, f"{team} {gate[:64]}")
        if round_.day(now) > (last := reply_by(round_, finding.gate, finding.at)):
            refuse(DeskRefusal.WINDOW_CLOSED, last)
        finding.reply, finding.replied = _written(text), now
        finding.save()


def object_to_round(
    person: Person, round_id: str, team: str, text: str, now: datetime
) -> RoundObjection:
    """Object to what a round decided, within its days; sent twice it is one. Raises `Refused`."""
    with doing(person, "object to round", f"{round_id} {team}", now):
        round_ = of_own_team(person, round_id, team)
        round_.need_decided()
        last = object_by(round_)
        if last is None:
            refuse(DeskRefusal.NO_RIGHT, round_id)
        if round_.day(now) > last:
            refuse(DeskRefusal.WINDOW_CLOSED, last)
        earlier = RoundObjection.objects.filter(round=round_id, team=team).first()
        if earlier is None:
            fields = {"round": round_id, "team": team, "text": _written(text), "at": now}
            return RoundObjection.objects.create(**fields)
        if earlier.text != text:
            refuse(DeskRefusal.OBJECTED, team)
        return earlier


def reject_round_objection(
    officer: Person, round_id: str, team: str, text: str, now: datetime
) -> RoundObjection:
    """Answer an objection that is not upheld, with the reason; raises `Refused`."""
    with doing(officer, "answer round objection", f"{round_id} {team}", now):
        found = _waiting(officer, round_now(round_id), team)
        return _answer(officer, found, text, now, upheld=False)


def uphold_round_objection(
    officer: Person, round_id: str, team: str, text: str, mended: Mended, now: datetime
) -> Term:
    """Uphold an objection: the round is decided again on what it mends, and the answer kept.

    Raises `Refused`, and Faulty with everything that keeps the round from being heard so.
    """

    def action(before: Term | None) -> Term:
        round_ = round_now(round_id)
        round_.need_decided()
        found = _waiting(officer, round_, team)
        for each in mended.found:
            _need_documents(each)
        found.heard = f"objection-{found.pk}"
        _answer(officer, found, text, now, upheld=True)
        hearing = Hearing(
            round_id,
            Ground.OBJECTION,
            team,
            round_.day(found.at),
            mended.evidence,
            tuple(_finding_of(team, each) for each in mended.found),
            mended.withdrawn,
        )
        about = f"{round_id} {team}"[:200]
        Deed.objects.create(person=officer, action="uphold round objection", about=about, at=now)
        if before is None:
            refuse(DeskRefusal.NO_PROGRAMME)
        event = Event(may_be_done(before, round_.day(now)), What.HEAR, found.heard)
        return take(before, Recorded({hearing_name(found.heard): [hearing]}), event)

    return change(SITE, action)


def _finding_of(team: str, found: Found) -> GateFinding:
    """A finding of a hearing: the team was heard by it."""
    return GateFinding(team, found.gate, found.passed, found.remark, found.evidence, True)


def _need_documents(found: Found) -> None:
    """Refuse what cannot be published; nobody fails a gate on no document at all."""
    need_documents(found.gate, found.remark, found.evidence)
    if not found.passed and not found.evidence:
        refuse(DeskRefusal.EVIDENCE_FAULTY, found.gate)


def _waiting(officer: Person, round_: RoundNow, team: str) -> RoundObjection:
    """The objection of a team that waits for an answer, before somebody who may give it."""
    need(officer, Role.AGENCY_OFFICER, Role.POLICY_OWNER)
    found = RoundObjection.objects.filter(round=round_.id, team=team).first()
    if found is None:
        refuse(DeskRefusal.TEAM_UNKNOWN, team[:64])
    if found.answered is not None:
        refuse(DeskRefusal.ANSWERED, team)
    need_apart_from(officer, team)
    if RoundSheet.objects.filter(round=round_.id, reviewer__person=officer).exists():
        refuse(DeskRefusal.REVIEWED, team)
    return found


def _answer(
    officer: Person, found: RoundObjection, text: str, now: datetime, *, upheld: bool
) -> RoundObjection:
    found.answer, found.upheld = _written(text), upheld
    found.officer, found.answered = officer, now
    found.save()
    return found


def _written(text: str) -> str:
    """A text that says something; what is longer than a page can show is refused."""
    if not text.strip() or len(text) > CHARACTERS_MOST:
        refuse(DeskRefusal.TEXT_MISSING)
    return text


def of_own_team(person: Person, round_id: str, team: str) -> RoundNow:
    """The round of a team for which somebody acts; raises `Refused`."""
    need(person, Role.APPLICANT)
    round_ = round_now(round_id)
    if round_.closed:
        round_.need_decided()
    if team not in own_teams(person, round_.teams):
        refuse(DeskRefusal.NOT_YOURS, team[:64])
    return round_


def _need_team(round_: RoundNow, team: str) -> None:
    if team not in round_.teams:
        refuse(DeskRefusal.TEAM_UNKNOWN, team[:64])


def need_apart_from(officer: Person, *teams: str) -> None:
    """Refuse somebody who acts for a member of one of the teams."""
    dossiers = Dossier.objects.filter(code__in=teams).select_related("lead")
    need_apart(officer, dossiers, ", ".join(teams))
