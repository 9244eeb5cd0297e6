"""A member of an alliance agrees to one version of an application."""

from datetime import datetime

from headgate.site.desk.dossiers import members
from headgate.site.desk.models import Consent, Dossier, State
from headgate.site.desk.office import acts_for, call_now, doing, need
from headgate.site.desk.refusals import DeskRefusal, refuse
from headgate.site.portal.models import Person
from headgate.site.portal.roles import Role


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
            refuse(DeskRefusal.STALE, f"version {dossier.version}, not {version}")
        Consent.objects.get_or_create(
            dossier=dossier,
            organisation=member,
            version=version,
            defaults={"person": person, "at": now},
        )
