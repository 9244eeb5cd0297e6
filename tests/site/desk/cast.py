"""A whole cast of people who do by hand, one action each, what a simulated world did at once."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from headgate.core.calls.application import Application, GateFinding, Mark, Organisation
from headgate.core.ledger.refused import Refused
from headgate.core.policy.document import Document
from headgate.core.quantities import seconds_of
from headgate.readers.facts import Recorded, read_facts
from headgate.site.actions.accept import accept
from headgate.site.actions.alliance import enter_alliance, form_alliance
from headgate.site.actions.ask_next import ask_next
from headgate.site.actions.assign_reviewers import seat
from headgate.site.actions.consent import consent
from headgate.site.actions.declare_conflict import declare_conflict
from headgate.site.actions.find_gate import find_gate, reply_gate
from headgate.site.actions.mark import mark
from headgate.site.actions.people import (
    Registered,
    act_for,
    appoint,
    give_roles,
    register,
    set_roles,
)
from headgate.site.actions.save_draft import Draft, save_draft
from headgate.site.actions.sign import sign
from headgate.site.actions.sign_agreement import sign_agreement
from headgate.site.actions.submit import submit
from headgate.site.actions.take_due import adopt, take_due
from headgate.site.desk.agreement import agreement_of
from headgate.site.desk.board import preview
from headgate.site.desk.dossiers import answer, line_of, read_line
from headgate.site.desk.models import Alliance, AwardList, Dossier, Member, Receipt, Side
from headgate.site.desk.models import Organisation as Body
from headgate.site.desk.office import call_now
from headgate.site.desk.refusals import DeskRefusal
from headgate.site.desk.turns import turns_of
from headgate.site.portal.models import Person
from headgate.site.portal.roles import Role
from headgate.steps.agenda import agenda
from headgate.steps.event import Event, What, declined_name
from headgate.steps.term import Term


def facts_of(term: Term) -> Mapping[str, Any]:
    """What a term's world told, by name."""
    received = term.facts
    return {name: read_facts(name, name.split("/")[0], f.data) for name, f in received.items()}


def at(text: str) -> datetime:
    """A journal instant as a clock shows it."""
    return datetime.fromtimestamp(seconds_of(text), UTC)


def somebody(name: str, *roles: Role) -> Person:
    """A person with an account and roles."""
    person = Person(username=name)
    person.set_unusable_password()
    person.save()
    give_roles(person, roles)
    return person


def browser(person: Person, *, strict: bool = False) -> Client:
    """Somebody's browser, signed in; a strict one is asked for the token of every form."""
    client = Client(enforce_csrf_checks=strict)
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def allied_with(dossier: Dossier, other: Organisation, now: datetime) -> Member:
    """An application as an alliance of two would have handed it in: its other member."""
    alliance = Alliance.objects.create(name="Two", lead=dossier.lead)
    body = Body.objects.get(code=other.id)
    member = Member.objects.create(alliance=alliance, organisation=body, entered=now)
    dossier.alliance = alliance
    dossier.line = line_of(replace(read_line(dossier), members=(other,)))
    dossier.save()
    return member


class Cast:
    """The people of a programme: two who decide, an operator, an applicant for each organisation.

    `facts` is what a world told; the people tell the same, one by one.
    """

    def __init__(self, document: Document, facts: Mapping[str, Any]) -> None:
        self.document, self.facts = document, facts
        self.owner = somebody("owner", Role.POLICY_OWNER)
        self.officer = somebody("officer")
        self.operator = somebody("operator")
        self.persons: dict[str, Person] = {}
        self.reviewers: dict[str, Person] = {}
        begins = agenda(document)[0].day - timedelta(days=1)
        self.adopted = datetime.combine(begins, time(), UTC)
        adopt(self.owner, document, self.adopted)
        set_roles(self.owner, self.officer, [Role.AGENCY_OFFICER], self.adopted)
        set_roles(self.owner, self.operator, [Role.OPERATOR], self.adopted)

    def play(self) -> Term:
        """The whole term, event by event; what stands in the database at its end."""
        term = None
        for event in agenda(self.document):
            term = self.live(event)
        assert term is not None
        return term

    def until(self, what: What, call: str) -> None:
        """Everything before an event."""
        for event in agenda(self.document):
            if (event.what, event.about) == (what, call):
                return
            self.live(event)

    def live(self, event: Event) -> Term:
        """What people do up to an event, and the event."""
        now = self.morning(event)
        if event.what is What.CLOSE_CALL:
            self.apply(event.about)
            return take_due(self.officer, str(event), self.closing(event.about))
        if event.what is What.DECIDE_CALL:
            self.judge(event.about)
            self.settle(event.about, now)
        person = self.officer if event.what in (What.OPEN_CALL, What.DECIDE_CALL) else self.operator
        return take_due(person, str(event), now, Recorded(self.facts))

    def morning(self, event: Event) -> datetime:
        """When an event's day begins where the programme is."""
        zone = ZoneInfo("Asia/Seoul")
        return datetime.combine(event.day, time(), zone)

    def closing(self, call: str) -> datetime:
        """The moment from which a call takes nothing any more."""
        return at(call_now(call).instants[1])

    def apply(self, call: str) -> None:
        """Everybody hands in, in the order of arrival."""
        for application in self.facts[f"applications/{call}"]:
            self.hand_in(application)

    def hand_in(self, application: Application) -> Receipt:
        """One application: registered, drafted, agreed to, handed in at its moment."""
        now = at(application.at)
        for organisation in (application.applicant, *application.members):
            self.register(organisation)
        person = self.persons[application.applicant.id]
        alliance = self.ally(application, person, now) if application.members else None
        dossier = save_draft(person, self.draft(application, alliance), now)
        for member in application.members:
            consent(self.persons[member.id], dossier.pk, member.id, dossier.version, now)
        if answer(call_now(application.call), dossier, now).ready:
            return submit(person, dossier.pk, dossier.version, now)
        with pytest.raises(Refused, match=DeskRefusal.NOT_ELIGIBLE.name):
            submit(person, dossier.pk, dossier.version, now)
        return submit(person, dossier.pk, dossier.version, now, despite=True)

    def ally(self, application: Application, person: Person, now: datetime) -> int:
        """The alliance behind an application."""
        alliance = form_alliance(person, application.applicant.id, application.id, now)
        for member in application.members:
            enter_alliance(person, alliance.pk, member.id, "member", 1, now)
        return alliance.pk

    def draft(self, application: Application, alliance: int | None = None) -> Draft:
        """What the person types."""
        return Draft(
            application.call,
            application.applicant.id,
            alliance,
            f"Work of {application.applicant.id}",
            "",
            application.requests,
            application.months,
            application.fields,
        )

    def register(self, organisation: Organisation) -> Person:
        """The person who acts for an organisation, which is registered or corrected before."""
        one, name = organisation, f"Body {organisation.id}"
        given = Registered(one.id, name, one.kind, one.size, one.region, one.founded, one.facts)
        register(self.officer, given, self.adopted)
        if one.id not in self.persons:
            person = somebody(f"for-{one.id}", Role.APPLICANT)
            act_for(self.officer, person, one.id, self.adopted)
            self.persons[one.id] = person
        return self.persons[one.id]

    def applicant_of(self, code: str) -> Person:
        """The person who handed an application in."""
        everybody = (
            one
            for name, values in self.facts.items()
            if name.startswith("applications/")
            for one in values
        )
        return next(self.persons[one.applicant.id] for one in everybody if one.id == code)

    def judge(self, call: str) -> None:
        """Gates are found, a failed one after its reply; reviewers are seated, clear and mark."""
        now = self.closing(call)
        for finding in self.facts[f"gates/{call}"]:
            self.find(finding, now)
        sheets: dict[tuple[str, str], list[Mark]] = {}
        for one in self.facts[f"marks/{call}"]:
            sheets.setdefault((one.application, one.reviewer), []).append(one)
        for (application, reviewer), given in sheets.items():
            self.review(application, reviewer, given, now)

    def find(self, finding: GateFinding, now: datetime) -> None:
        """What was found on a gate, with the reply first where there was one."""
        one = finding
        if one.replied:
            silent = replace(one, evidence=one.evidence[:1], replied=False)
            self.find(silent, now)
            reply_gate(self.applicant_of(one.subject), one.subject, one.gate, "a reply", now)
        evidence = one.evidence
        find_gate(self.officer, one.subject, one.gate, one.passed, one.remark, evidence, now)

    def review(self, code: str, reviewer: str, given: list[Mark], now: datetime) -> None:
        """One reviewer's sheet for one application."""
        if reviewer not in self.reviewers:
            person = somebody(reviewer)
            appoint(self.officer, person, reviewer, "", {}, now)
            self.reviewers[reviewer] = person
        person = self.reviewers[reviewer]
        seat(self.officer, code, reviewer, now)
        declare_conflict(person, code, "", now)
        points = {one.criterion: one.points for one in given}
        mark(person, code, points, dict.fromkeys(points, "because"), now)

    def settle(self, call: str, now: datetime) -> None:
        """The list is seen, signed by two, told, and answered by every winner and who moves up."""
        board = preview(call, now)
        for person in (self.owner, self.officer):
            sign(person, call, board.digest, now)
        for turn in count(1):
            listed = AwardList.objects.get(call=call)
            declined = self.facts.get(declined_name(call, turn), ())
            for code in turns_of(listed)[-1].who:
                accept(self.applicant_of(code), code, code not in declined, now)
                if code not in declined:
                    self.agree(code, now)
            if ask_next(call, now) is None:
                return

    def agree(self, code: str, now: datetime) -> None:
        """Both sides sign the agreement on an award, where its call has one."""
        dossier = Dossier.objects.get(code=code)
        listed = AwardList.objects.get(call=dossier.call)
        agreed = agreement_of(call_now(dossier.call), dossier, listed)
        if agreed is not None:
            holder = self.applicant_of(code)
            sign_agreement(holder, code, Side.HOLDER, agreed.digest, now)
            sign_agreement(self.officer, code, Side.OFFICE, agreed.digest, now)
