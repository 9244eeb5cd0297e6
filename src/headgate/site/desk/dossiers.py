"""An application's working record as the value that the rules judge, and what they say of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Prefetch, Q

from headgate.core import canonical
from headgate.core.calls.application import Application, Request
from headgate.core.calls.application import Organisation as Body
from headgate.core.calls.dossier import DRAFT, Double, doubles, draft_findings
from headgate.core.calls.form import AnswerFault, Answers, read_answers, read_attached
from headgate.core.calls.screening import Finding, Refusal
from headgate.core.policy.schema import FormField, Policy
from headgate.core.supports.text import Text
from headgate.readers.facts import read_facts
from headgate.site.desk.models import Alliance, Attachment, Dossier, Member, Organisation, State
from headgate.site.desk.office import CallNow, acts_for, instant
from headgate.site.desk.refusals import DeskRefusal, refuse
from headgate.site.portal.models import Person

FormFault = tuple[str, AnswerFault]
"""Where an answer is wrong, and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call says to an application as it stands: faults of the form, then findings.

    A fault has its question, or its organisation and question, before it.
    `absent` are the members whose consent to this version is missing.
    """

    application: Application
    faults: tuple[FormFault, ...]
    findings: tuple[Finding, ...]
    absent: tuple[str, ...]

    @property
    def ready(self) -> bool:
        """Whether it can be handed in without any question left."""
        return not (self.faults or self.findings or self.absent)


def answer(now_call: CallNow, dossier: Dossier, now: datetime) -> Answer:
    """The instant answer, with every reason: the rules are those that screening applies."""
    made, faults = application(now_call, dossier, now)
    findings = () if faults else draft_findings(now_call.policy, now_call.id, made)
    return Answer(made, faults, findings, absent(dossier))


def application(
    now_call: CallNow, dossier: Dossier, now: datetime
) -> tuple[Application, tuple[FormFault, ...]]:
    """The application as it would be received now, and the faults of its form."""
    organisations = [dossier.lead, *members(dossier.alliance)]
    fields = now_call.policy.organisations.fields
    bodies: list[Body] = []
    faults: list[FormFault] = []
    for organisation in organisations:
        body, wrong = _body(fields, organisation)
        bodies.append(body)
        faults += [(f"{organisation.code} {name}", fault) for name, fault in wrong]
    read = read_answers(now_call.call.fields, dossier.answers)
    attached = read_attached(now_call.call.attachments, digests(dossier))
    faults += [*_told(read), *_told(attached)]
    requests = tuple(
        Request(str(one["class"]), int(one["least"]), int(one["most"])) for one in dossier.requests
    )
    made = Application(
        dossier.code or DRAFT,
        now_call.id,
        instant(now),
        bodies[0],
        tuple(bodies[1:]),
        requests,
        dossier.months,
        {**read.facts, **attached.facts},
    )
    return made, tuple(faults)


def digests(dossier: Dossier) -> dict[str, str]:
    """SHA-256 of what is attached to an application now, by what it answers."""
    brought = getattr(dossier, "documents", None)
    if brought is not None:
        return {one.asked: one.digest for one in brought}
    now = Attachment.objects.filter(dossier=dossier, replaced__isnull=True)
    return dict(now.values_list("asked", "digest"))


def _body(
    fields: Mapping[str, FormField], organisation: Organisation
) -> tuple[Body, list[FormFault]]:
    read = read_answers(fields, organisation.facts)
    one = organisation
    return Body(one.code, one.kind, one.size, one.region, one.founded, read.facts), _told(read)


def _told(read: Answers) -> list[FormFault]:
    return list(read.faults.items())


def body_of(policy: Policy, organisation: Organisation) -> Body:
    """An organisation as the rules see it."""
    return _body(policy.organisations.fields, organisation)[0]


def members(alliance: Alliance | None) -> list[Organisation]:
    """Who is in an alliance now beside its lead, in the order of their entry."""
    return [member.organisation for member in members_of(alliance)]


def members_of(alliance: Alliance | None) -> list[Member]:
    """The same, each with its role and its parts of supports."""
    if alliance is None:
        return []
    brought: list[Member] | None = getattr(alliance, "inside", None)
    if brought is not None:
        return brought
    return list(alliance.members.filter(left__isnull=True).select_related("organisation"))


WITH_INSIDE: Final = Prefetch(
    "alliance__members",
    queryset=Member.objects.filter(left__isnull=True).select_related("organisation"),
    to_attr="inside",
)
"""Brings who is in the alliances of applications now, in one query."""


def involved(dossiers: Iterable[Dossier]) -> list[Organisation]:
    """Every organisation with a part in the applications: leads, and members that are in now."""
    listed = list(dossiers)
    alliances = [one.alliance_id for one in listed if one.alliance_id is not None]
    inside = Member.objects.filter(alliance__in=alliances, left__isnull=True)
    return [
        *(one.lead for one in listed),
        *(member.organisation for member in inside.select_related("organisation")),
    ]


def need_apart(person: Person, dossiers: Iterable[Dossier], about: object) -> None:
    """Refuse whoever acts for anybody with a part in one of the applications."""
    if acts_for(person, *involved(dossiers)):
        refuse(DeskRefusal.CONFLICT, about)


def absent(dossier: Dossier) -> tuple[str, ...]:
    """The members that have not agreed to this version, by name."""
    if dossier.alliance_id is None:
        return ()
    given = dossier.consents.filter(version=dossier.version)
    agreed = set(given.values_list("organisation_id", flat=True))
    return tuple(str(one) for one in members(dossier.alliance) if one.pk not in agreed)


def kept_requests(requests: Iterable[Request]) -> list[dict[str, Any]]:
    """What is asked for, as a dossier keeps it."""
    return [
        {"class": r.support_class, "least": r.blocks_least, "most": r.blocks_most} for r in requests
    ]


def line_of(made: Application) -> str:
    """The application's line in the facts of its call."""
    return canonical.line(made).decode()


def read_line(dossier: Dossier) -> Application:
    """An application that was handed in, as it was handed in."""
    (made,) = read_facts(f"applications/{dossier.call}", "applications", dossier.line.encode())
    found: Application = made
    return found


def doubles_of(dossier: Dossier, made: Application | None = None) -> tuple[Double, ...]:
    """Other applications with an organisation of this one, most alike first.

    `made` is a draft as it would be received; what was handed in is read as it was.
    """
    mine = made or read_line(dossier)
    bodies = [one.id for one in (mine.applicant, *mine.members)]
    # Each side is found by an index of its own; joined, every application would be looked at.
    leads = Organisation.objects.filter(code__in=bodies).values("pk")
    inside = Member.objects.filter(organisation__in=leads).order_by().values("alliance")
    found = Q(lead__in=leads) | Q(alliance__in=inside)
    others = Dossier.objects.filter(found, state=State.SUBMITTED).exclude(pk=dossier.pk)
    told = ((read_line(other), _text(other)) for other in others)
    return doubles(mine, _text(dossier), told)


def _text(dossier: Dossier) -> str:
    return f"{dossier.title} {dossier.summary}"


def because(policy: Policy, call_id: str, finding: Finding) -> Text | None:
    """The policy's own words for a rule that refuses."""
    if finding.refusal is not Refusal.RULE:
        return None
    rules = policy.calls[call_id].eligibility
    return next((rule.because for rule in rules if rule.id == finding.rule), None)
