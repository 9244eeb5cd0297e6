"""Taking an application back before its call closes; its text stays, to be saved and sent again."""

from datetime import datetime

from headgate.site.desk.models import State
from headgate.site.desk.office import call_now, doing, own_dossier
from headgate.site.desk.refusals import DeskRefusal, refuse
from headgate.site.portal.models import Person


def withdraw(person: Person, dossier_id: int, now: datetime) -> None:
    """Withdraw what was handed in; raises `Refused`."""
    with doing(person, "withdraw", dossier_id, now):
        dossier = own_dossier(person, dossier_id)
        call_now(dossier.call).need_open(now)
        if dossier.state != State.SUBMITTED:
            refuse(DeskRefusal.NOT_HANDED_IN, dossier_id)
        dossier.state, dossier.line, dossier.at = State.WITHDRAWN, "", None
        dossier.save()
