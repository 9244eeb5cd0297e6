"""Other programmes' grants: a list is brought, taken away, held against a call's applications."""

from datetime import datetime
from typing import Final

from django.db.models import Q

from headgate.core import canonical
from headgate.core.calls.grants import Funded, held_against, registration
from headgate.core.ledger.text import is_plain
from headgate.core.policy.award_rules import OutsideGrants
from headgate.readers.grants import read_grants
from headgate.site.desk.dossiers import need_apart, read_line
from headgate.site.desk.grant_models import OutsideGrant, OutsideList
from headgate.site.desk.grants import found_for, grants_under, numbers_of
from headgate.site.desk.models import Dossier, Finding, State
from headgate.site.desk.office import call_now, doing, need
from headgate.site.desk.refusals import DeskRefusal, refuse
from headgate.site.portal.models import Person
from headgate.site.portal.roles import Role

_AT_ONCE: Final = 2_000
"""Rows that are written in one statement."""


def bring_grants(officer: Person, source: str, file: str, content: bytes, now: datetime) -> int:
    """Keep a source's list in place of the one it sent before; how many grants it has.

    Raises `Refused`, and `Faulty` with everything that is wrong with the list.
    """
    source = source.strip()
    with doing(officer, "bring grants", f"{canonical.digest(content)} {source}", now):
        need(officer, Role.AGENCY_OFFICER)
        if not 0 < len(source) <= 100 or not is_plain(source):
            refuse(DeskRefusal.SOURCE_MISSING)
        grants = read_grants(content, file, source)
        OutsideList.objects.filter(source=source).delete()
        listed = OutsideList.objects.create(
            source=source, digest=canonical.digest(content), person=officer, at=now
        )
        rows = (
            OutsideGrant(
                listed=listed,
                number=one.number,
                registered=registration(one.number),
                title=one.title,
                support=one.support,
                purpose=one.purpose,
                amount=one.amount,
                unit=one.unit,
                reference=one.reference,
                since=one.since,
                until=one.until,
            )
            for one in grants
        )
        OutsideGrant.objects.bulk_create(rows, batch_size=_AT_ONCE)
        return len(grants)


def drop_grants(officer: Person, source: str, now: datetime) -> None:
    """Take a source's list away; findings that were made by it stay. Raises `Refused`."""
    with doing(officer, "drop grants", source, now):
        need(officer, Role.AGENCY_OFFICER)
        if not OutsideList.objects.filter(source=source).delete()[0]:
            refuse(DeskRefusal.NOT_YOURS, source)


def hold_grants(officer: Person, call: str, now: datetime) -> tuple[int, int]:
    """Find on the call's gate as its policy says, for every application; how many open, and shut.

    A finding that was replied to stays, and so does one that is newer than every list: after a
    reply an officer finds by hand. Raises `Refused`.
    """
    with doing(officer, "hold grants", call, now):
        need(officer, Role.AGENCY_OFFICER)
        rules = call_now(call)
        rules.need_under_review()
        rule, lists = rules.call.outside_grants, list(OutsideList.objects.all())
        if rule is None:
            refuse(DeskRefusal.NO_GRANT_RULE, rules.call.name)
        if not lists:
            refuse(DeskRefusal.NO_GRANTS)
        dossiers = list(Dossier.objects.filter(call=call, state=State.SUBMITTED))
        need_apart(officer, dossiers, call)
        newest, evidence = max(one.at for one in lists), sorted(one.digest for one in lists)
        newer = Finding.objects.filter(dossier__call=call, gate=rule.gate)
        stay = newer.filter(Q(replied__isnull=False) | Q(at__gt=newest))
        kept = set(stay.values_list("dossier", flat=True))
        lines = {one.pk: read_line(one) for one in dossiers if one.pk not in kept}
        numbers = numbers_of(lines.values())
        grants = grants_under(numbers.values())
        made = []
        for dossier in (one for one in dossiers if one.pk in lines):
            found = found_for(dossier, lines[dossier.pk], rules.call, numbers, grants)
            against = held_against(rule, found)
            made.append(
                Finding(
                    dossier=dossier,
                    gate=rule.gate,
                    passed=not against,
                    remark=_remark(rule, against),
                    evidence=evidence,
                    officer=officer,
                    at=now,
                )
            )
        Finding.objects.bulk_create(
            made,
            update_conflicts=True,
            unique_fields=["dossier", "gate"],
            update_fields=["passed", "remark", "evidence", "officer", "at"],
        )
        shut = sum(not one.passed for one in made)
        return len(made) - shut, shut


def _remark(rule: OutsideGrants, against: tuple[Funded, ...]) -> str:
    """What the published finding says: how many and how alike, and neither whose nor which."""
    least = int(rule.alike * 1000)
    if not against:
        return f"No grant of another programme runs meanwhile and is alike by {least} in 1000."
    most = against[0].per_mille
    return (
        f"Grants of other programmes that run meanwhile and are alike by {least} in 1000 or more: "
        f"{len(against)}, the likeliest by {most}."
    )
