"""A member of an alliance agrees to one version of an application, or to a request about it."""

from datetime import datetime

from headgate.core.duties.amendment import Change
from headgate.site.desk.amending import to_agree
from headgate.site.desk.dossiers import members
from headgate.site.desk.models import Asking, Consent, Dossier, Organisation, State
from headgate.site.desk.office import SITE, acts_for, call_now, doing, need
from headgate.site.desk.refusals import DeskRefusal, refuse
from headgate.site.portal.models import Person
from headgate.site.portal.roles import Role
from headgate.site.records.kept import kept_term


def consent(
    person: Person, dossier_id: int, organisation: str, version: int, now: datetime
) -> None:
    """Agree for a member to the version that was seen; asked twice, it is one yes."""
    with doing(person, "consent", f"{dossier_id} {organisation}", now):
        need(person, Role.APPLICANT)
        dossier = Dossier.objects.select_related("alliance").filter(pk=dossier_id).first()
        inside = members(dossier.alliance) if dossier else []
        member = next((one for one in inside if one.code == organisation), None)
        if dossier is None or member is None or not acts_for(person, member):
            refuse(DeskRefusal.NOT_YOURS, organisation)
        call_now(dossier.call).need_open(now)
        if dossier.state == State.SUBMITTED:
            refuse(DeskRefusal.HANDED_IN, dossier.code)
        if dossier.version != version:
            refuse(DeskRefusal.STALE, dossier.code or "")
        Consent.objects.get_or_create(
            dossier=dossier,
            organisation=member,
            version=version,
            defaults={"person": person, "at": now},
        )


def agree_to_enter(person: Person, number: int, organisation: str, now: datetime) -> None:
    """Agree that an organisation enters an award's alliance with the parts that were asked for it.

    Asked twice, it is one yes. Raises `Refused`.
    """
    _agree(person, "enter", (number, organisation), Change.MEMBERS, now)


def agree_to_lead(person: Person, number: int, organisation: str, now: datetime) -> None:
    """Agree for a member that another leads the alliance and its awards, likewise."""
    _agree(person, "lead", (number, organisation), Change.LEAD, now)


def _agree(person: Person, what: str, to: tuple[int, str], change: Change, now: datetime) -> None:
    """Agree `to` a request of a kind for an organisation that it needs the yes of."""
    number, organisation = to
    with doing(person, f"agree to {what}", f"{number} {organisation}", now):
        need(person, Role.APPLICANT)
        found = Asking.objects.select_related("dossier__alliance").filter(pk=number, change=change)
        asking = found.first()
        member = Organisation.objects.filter(code=organisation).first()
        term = kept_term(SITE)
        held = term.holdings.get(asking.dossier.code or "") if asking and term else None
        if asking is None or member is None or not acts_for(person, member):
            refuse(DeskRefusal.NOT_YOURS, organisation)
        if asking.granted is not None:
            refuse(DeskRefusal.ANSWERED, number)
        if organisation not in to_agree(asking, held):
            refuse(DeskRefusal.NOT_YOURS, organisation)
        told = {"dossier": asking.dossier, "version": 0, "person": person, "at": now}
        Consent.objects.get_or_create(asking=asking, organisation=member, defaults=told)
