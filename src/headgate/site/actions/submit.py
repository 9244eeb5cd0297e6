"""Handing an application in: it gets its id, its line is fixed, and a receipt says which line."""

from datetime import datetime

from headgate.core import canonical
from headgate.site.desk.dossiers import answer, line_of
from headgate.site.desk.models import Dossier, Receipt, State
from headgate.site.desk.office import call_now, doing, own_dossier
from headgate.site.desk.refusals import DeskRefusal, refuse
from headgate.site.portal.models import Person


def submit(
    person: Person, dossier_id: int, version: int, now: datetime, *, despite: bool = False
) -> Receipt:
    """Hand the version that was seen in; handed in twice it is the first receipt that counts.

    What the rules refuse is refused here with their reasons, unless the applicant wants it decided
    `despite` them: then screening refuses it, and the applicant has a decision to object to. Raises
    `Refused`.
    """
    with doing(person, "submit", dossier_id, now):
        dossier = own_dossier(person, dossier_id)
        rules = call_now(dossier.call)
        if dossier.state == State.SUBMITTED and dossier.version == version:
            last = dossier.receipts.last()
            if last is not None:
                return last
        rules.need_open(now)
        if dossier.state == State.SUBMITTED:
            refuse(DeskRefusal.HANDED_IN, dossier.code)
        if dossier.version != version:
            refuse(DeskRefusal.STALE, dossier.code or "")
        dossier.code = dossier.code or _number(dossier.call)
        said = answer(rules, dossier, now)
        if said.faults:
            refuse(DeskRefusal.FORM_FAULTY, ", ".join(where for where, _ in said.faults))
        if said.absent:
            refuse(DeskRefusal.CONSENT_MISSING, ", ".join(said.absent))
        if said.findings and not despite:
            told = (f"{one.refusal.value} {one.rule}" for one in said.findings)
            refuse(DeskRefusal.NOT_ELIGIBLE, "; ".join(told))
        dossier.line, dossier.at = line_of(said.application), now.replace(microsecond=0)
        dossier.state = State.SUBMITTED
        dossier.save()
        digest = canonical.digest(dossier.line.encode())
        return Receipt.objects.create(dossier=dossier, at=now, digest=digest)


def _number(call_id: str) -> str:
    """The next id of a call; one that was withdrawn keeps its own."""
    taken = Dossier.objects.filter(call=call_id, code__isnull=False).count()
    return f"{call_id}-{taken + 1:04d}"
