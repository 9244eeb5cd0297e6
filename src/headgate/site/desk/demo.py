"""A demo in which the year is still to be played: calls are open, and people hold the pages.

The applicants are invented, as in every rehearsal; each of them acts by the same actions as a
person at a page does. What engines and evaluators answer later is the rehearsal's.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final

from headgate.core.calls.application import Application
from headgate.core.calls.application import Organisation as Body
from headgate.core.policy.dated import at
from headgate.core.policy.document import Document
from headgate.core.policy.schema import FieldKind, FileType, Policy
from headgate.core.quantities import seconds_of
from headgate.cycle import World
from headgate.site.actions.alliance import enter_alliance, form_alliance
from headgate.site.actions.attach import attach
from headgate.site.actions.consent import consent
from headgate.site.actions.people import Registered, act_for, appoint, give_roles, register
from headgate.site.actions.save_draft import Draft, save_draft
from headgate.site.actions.submit import submit
from headgate.site.actions.take_due import adopt, take_due
from headgate.site.desk.clock import coming, now
from headgate.site.desk.demo_holders import Did, hand_in_reports, let_invented_hold, pay_fees
from headgate.site.desk.demo_panel import know_panels
from headgate.site.desk.demo_winners import username_of
from headgate.site.desk.demo_words import Invented, invented
from headgate.site.desk.dossiers import kept_requests, line_of
from headgate.site.desk.models import Acting, Alliance, Dossier, Member, Organisation, State
from headgate.site.desk.office import REGISTER, SITE, call_now, doing
from headgate.site.desk.outside import invented_most
from headgate.site.portal.models import Person
from headgate.site.portal.reading import policy_of
from headgate.site.portal.roles import Role
from headgate.site.records.kept import stands, stored_facts
from headgate.steps.agenda import first_day
from headgate.steps.event import What

REVIEWERS_LEAST: Final = 8
"""Invented reviewers beside the persona; as many as applications of a call where those are more, so
that whoever plays the reviewer has a handful to read."""

EMPTY: Final = {
    FieldKind.BOOLEAN: False,
    FieldKind.INTEGER: 0,
    FieldKind.DATE: "2020-01-01",
    FieldKind.TEXT: "synthetic",
}


NO_PAGES: Final = b"%PDF-1.7\n1 0 obj\n<</Type/Catalog>>\nendobj\ntrailer\n<</Root 1 0 R>>\n%%EOF\n"
"""What an invented applicant attaches where a call wants a PDF."""


def fill(document: Document, world: World, invented: int, progress: Callable[[str], None]) -> None:
    """Begin a programme and bring it to the last moment at which every first call is open.

    `invented` is how many applications of each call are handed in at most.
    """
    owner, officer = _persona(Role.POLICY_OWNER), _persona(Role.AGENCY_OFFICER)
    progress("policy")
    adopt(owner, document, datetime.now(UTC))
    opened = []
    event, moment = coming()
    while event is not None and event.what is What.OPEN_CALL:
        progress(str(event))
        take_due(officer, str(event), moment)
        opened.append(event.about)
        event, moment = coming()
    policy = at(document, first_day(document)).policy
    _register_own(officer, policy)
    _appoint(officer, policy, max(REVIEWERS_LEAST, invented))
    for call in opened:
        let_invented_apply(world, call, invented, progress)


def let_invented_apply(
    world: World, call: str, most: int, progress: Callable[[str], None] = lambda _: None
) -> int:
    """Let so many invented people at most answer a call that has opened; how many there were."""
    officer, made = _persona(Role.AGENCY_OFFICER), list(islice(world.applications(call), most))
    for one in made:
        progress(f"application {one.id}")
        hand_in(officer, one)
    return len(made)


def let_holders_go_on() -> Did:
    """Let invented holders do what they would have by now, where a demo is played with some."""
    return let_invented_hold(_persona(Role.FUND_OFFICER)) if invented_most() else Did()


def is_unknown() -> bool:
    """Whether the desk knows nobody of whom the journal has applied: a term was only rehearsed."""
    return not Dossier.objects.filter(code__isnull=False).exists()


def know() -> bool:
    """Let the desk know who applied in a rehearsed term, so that awards have people at their pages.

    What was received is the journal's, line by line; the desk gets the records that it would have,
    had these applications and sheets come through its pages. Whole or not at all, and once. Then
    the holders report and pay, which are entries of the journal as at every page. Says whether
    there was anybody to get to know.
    """
    if (stood := stands(SITE)) is None or not is_unknown():
        return False
    officer, policy = _persona(Role.AGENCY_OFFICER), policy_of(stood)
    with doing(officer, REGISTER, "rehearsed applicants", now()):
        made = received("applications/")
        said = invented(policy)
        known = _know_bodies(made, policy, said)
        Dossier.objects.bulk_create(_dossiers(made, known, said))
        know_panels(_persona(Role.REVIEWER), received("marks/"), said.reviewer, now())
        mine = {held.award for held in stood.holdings}
        led = [one for one in made if one.id in mine]
        for one in sorted(led, key=lambda one: not one.members)[:1]:
            _let_act(known[one.applicant.id])
    hand_in_reports(officer)
    pay_fees(_persona(Role.FUND_OFFICER))
    return True


def received(kind: str) -> list[Any]:
    """All that was received of one kind, for whatever calls."""
    facts = stored_facts(SITE)
    return [one for name in facts if name.startswith(kind) for one in facts[name].values]


def _know_bodies(
    made: Iterable[Application], policy: Policy, said: Invented
) -> dict[str, Organisation]:
    """Every organisation in some applications, as the last of them says that it is."""
    bodies = {body.id: body for one in made for body in (one.applicant, *one.members)}
    Organisation.objects.bulk_create(
        Organisation(
            code=one.id,
            name=said.called(policy, one),
            kind=one.kind,
            size=one.size,
            region=one.region,
            founded=one.founded,
            facts=dict(one.facts),
        )
        for one in bodies.values()
    )
    return {one.code: one for one in Organisation.objects.filter(code__in=bodies)}


def _dossiers(
    made: Iterable[Application], known: dict[str, Organisation], said: Invented
) -> Iterator[Dossier]:
    """The working record of each application, with its alliance where it has members."""
    for one in made:
        moment = datetime.fromtimestamp(seconds_of(one.at), UTC)
        yield Dossier(
            call=one.call,
            lead=known[one.applicant.id],
            alliance=_allied(one, known, moment, said) if one.members else None,
            title=said.titled(one),
            months=one.months,
            requests=kept_requests(one.requests),
            answers=dict(one.fields),
            state=State.SUBMITTED,
            code=one.id,
            line=line_of(one),
            at=moment,
        )


def _allied(
    one: Application, known: dict[str, Organisation], moment: datetime, said: Invented
) -> Alliance:
    """The alliance of an application, each member with one part."""
    lead = known[one.applicant.id]
    alliance = Alliance.objects.create(name=said.allied_as(one), lead=lead)
    told: dict[str, Any] = {"alliance": alliance, "entered": moment}
    Member.objects.bulk_create(Member(organisation=known[m.id], **told) for m in one.members)
    return alliance


def _let_act(lead: Organisation) -> None:
    """The applicant of the demo holds an award, where it has come to awards."""
    Acting.objects.create(person=_persona(Role.APPLICANT), organisation=lead, since=now())


def _persona(role: Role) -> Person:
    return Person.objects.get(username=role.value.replace("_", "-"))


def _register_own(officer: Person, policy: Policy) -> None:
    """An organisation of each kind for the applicant of the demo."""
    asked, said = policy.organisations, invented(policy)
    facts = {name: EMPTY[field.kind] for name, field in asked.fields.items()}
    for kind in asked.kinds:
        founded = policy.programme.calendar.first.replace(year=2015)
        name = said.own.format(kind=said.kind(policy, kind), id=kind)
        code = f"DEMO-{kind}"
        given = Registered(code, name, kind, asked.sizes[0], "demo", founded, facts)
        register(officer, given, now())
        act_for(officer, _persona(Role.APPLICANT), code, now())


def _appoint(officer: Person, policy: Policy, others: int) -> None:
    """The reviewer of the demo, and others who have no page open."""
    mine, theirs = invented(policy).expertise
    appoint(officer, _persona(Role.REVIEWER), "REV-000", mine, {}, now())
    for number in range(1, others + 1):
        person = _somebody(f"reviewer-{number}", [])
        appoint(officer, person, f"REV-{number:03d}", theirs, {}, now())


def _somebody(name: str, roles: Sequence[Role]) -> Person:
    person, made = Person.objects.get_or_create(username=name)
    if made:
        person.set_unusable_password()
        person.save()
        give_roles(person, roles)
    return person


def hand_in(officer: Person, made: Application) -> None:
    """One invented application by its invented people, from its registration to its receipt.

    It stays a draft where its call wants a document that nobody can invent.
    """
    moment, policy = datetime.fromtimestamp(seconds_of(made.at), UTC), call_now(made.call).policy
    said = invented(policy)
    person = _acting(officer, made.applicant, moment, policy)
    members = [(_acting(officer, one, moment, policy), one.id) for one in made.members]
    alliance = None
    if members:
        alliance = form_alliance(person, made.applicant.id, said.allied_as(made), moment).pk
        for _, member in members:
            enter_alliance(person, alliance, member, "member", 1, moment)
    draft = Draft(
        made.call,
        made.applicant.id,
        alliance,
        said.titled(made),
        said.summary,
        made.requests,
        made.months,
        made.fields,
    )
    dossier = save_draft(person, draft, moment)
    wanted = call_now(made.call).call.attachments
    for name, asked in wanted.items():
        if asked.required and FileType.PDF not in asked.types:
            return
        if asked.required:
            attach(person, dossier.pk, name, "synthetic.pdf", NO_PAGES, dossier.version, moment)
            dossier.refresh_from_db()
    for member_person, member in members:
        consent(member_person, dossier.pk, member, dossier.version, moment)
    submit(person, dossier.pk, dossier.version, moment, despite=True)


def _acting(officer: Person, body: Body, moment: datetime, policy: Policy) -> Person:
    """The person who acts for an invented organisation, registered as it says it is."""
    one, name = body, invented(policy).called(policy, body)
    given = Registered(one.id, name, one.kind, one.size, one.region, one.founded, one.facts)
    register(officer, given, moment)
    person = _somebody(username_of(one.id), [Role.APPLICANT])
    act_for(officer, person, one.id, moment)
    return person
