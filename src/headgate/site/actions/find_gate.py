"""Findings on the gates of a call: an officer finds, the applicant replies, the officer decides."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from headgate.core.faults import Sentence
from headgate.core.ledger.text import is_plain
from headgate.site.desk.dossiers import need_apart
from headgate.site.desk.models import Dossier, Finding
from headgate.site.desk.office import acts_for, call_now, doing, handed_in, need
from headgate.site.desk.refusals import DeskRefusal, refuse
from headgate.site.portal.models import Person
from headgate.site.portal.roles import Role

_DIGEST: Final = re.compile("[0-9a-f]{64}")


def find_gate(
    officer: Person,
    code: str,
    gate: str,
    passed: bool,
    remark: str,
    evidence: Sequence[str],
    now: datetime,
) -> Finding:
    """Say whether a gate is open, on documents named by their digests; anew after a reply.

    The remark is published: it names nobody. Raises `Refused`.
    """
    with doing(officer, "find gate", f"{code} {gate}", now):
        need(officer, Role.AGENCY_OFFICER)
        dossier = handed_in(code)
        rules = call_now(dossier.call)
        rules.need_under_review()
        need_apart(officer, [dossier], code)
        if gate not in {one.id for one in rules.call.gates}:
            refuse(DeskRefusal.GATE_UNKNOWN, gate)
        need_documents(gate, remark, evidence)
        values = {
            "passed": passed,
            "remark": remark,
            "evidence": list(evidence),
            "officer": officer,
            "at": now,
        }
        found, _ = Finding.objects.update_or_create(dossier=dossier, gate=gate, defaults=values)
        return found


def need_documents(gate: str, remark: str, evidence: Sequence[str]) -> None:
    """Refuse a remark that is not one plain line, and documents that are not named by digests."""
    digests = all(_DIGEST.fullmatch(one) for one in evidence)
    if not digests or not is_plain(remark) or len(remark) > 1000:
        refuse(DeskRefusal.EVIDENCE_FAULTY, gate)


def reply_gate(person: Person, code: str, gate: str, text: str, now: datetime) -> None:
    """Reply to a finding against one's application within the gate's days; raises `Refused`."""
    with doing(person, "reply gate", f"{code} {gate}", now):
        need(person, Role.APPLICANT)
        dossier = _mine(person, code)
        rules = call_now(dossier.call)
        rules.need_under_review()
        found = dossier.findings.filter(gate=gate, passed=False).first()
        if found is None:
            refuse(DeskRefusal.NOTHING_TO_REPLY, f"{code} {gate}")
        (days,) = (one.reply_days for one in rules.call.gates if one.id == gate)
        if rules.day(now) > rules.day(found.at) + timedelta(days=days):
            refuse(DeskRefusal.WINDOW_CLOSED, Sentence("{days} days", days=days))
        found.reply, found.replied = text, now
        found.save()


def _mine(person: Person, code: str) -> Dossier:
    dossier = Dossier.objects.select_related("lead").filter(code=code).first()
    if dossier is None or not acts_for(person, dossier.lead):
        refuse(DeskRefusal.NOT_YOURS, code)
    return dossier
