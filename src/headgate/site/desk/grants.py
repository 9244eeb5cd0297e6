"""Grants of other programmes as the rules see them, and whose they are."""

from collections.abc import Iterable, Mapping
from typing import Final

from headgate.core.calls.application import Application
from headgate.core.calls.grants import Asked, Funded, Grant, funded
from headgate.core.policy.schema import Call
from headgate.core.quantities import add_months
from headgate.site.desk.dossiers import members, read_line
from headgate.site.desk.grant_models import OutsideGrant
from headgate.site.desk.models import Dossier, Organisation

ABOVE: Final = "parent__parent__parent"
"""How far above an organisation without a number the body is looked for that has one."""


def grants_of(dossier: Dossier, call: Call, made: Application | None = None) -> tuple[Funded, ...]:
    """What other programmes give to an application's organisations, the most alike first.

    `made` is a draft as it would be received; what was handed in is read as it was.
    """
    mine = made or read_line(dossier)
    numbers = numbers_of([mine], (dossier.lead, *members(dossier.alliance)))
    return found_for(dossier, mine, call, numbers, grants_under(numbers.values()))


def numbers_of(
    applications: Iterable[Application], read: Iterable[Organisation] = ()
) -> Mapping[str, str]:
    """The registration numbers of organisations: their own, or of the next body above with one.

    Of those that were `read`, the database is asked for bodies above them alone.
    """
    codes = {body.id for one in applications for body in (one.applicant, *one.members)}
    known = {one.code: one for one in read if one.registered or one.parent_id is None}
    found = [one for code, one in known.items() if code in codes]
    if missing := codes - known.keys():
        found += Organisation.objects.filter(code__in=missing).select_related(ABOVE)
    return {one.code: number for one in found if (number := _number(one))}


def _number(organisation: Organisation) -> str:
    step: Organisation | None = organisation
    for _ in range(ABOVE.count("parent") + 1):
        if step is None or step.registered:
            break
        step = step.parent if step.parent_id else None
    return step.registered if step is not None else ""


def grants_under(numbers: Iterable[str]) -> Mapping[str, list[Grant]]:
    """Every grant that a list has under one of the numbers, by number."""
    found: dict[str, list[Grant]] = {}
    rows = OutsideGrant.objects.filter(registered__in=set(numbers)).select_related("listed")
    for row in rows:
        found.setdefault(row.registered, []).append(_grant(row))
    return found


def _grant(row: OutsideGrant) -> Grant:
    return Grant(
        row.listed.source,
        row.number,
        row.title,
        row.support,
        row.amount,
        row.since,
        row.until,
        row.reference,
        row.purpose,
        row.unit,
    )


def found_for(
    dossier: Dossier,
    mine: Application,
    call: Call,
    numbers: Mapping[str, str],
    grants: Mapping[str, list[Grant]],
) -> tuple[Funded, ...]:
    """The grants that one application meets, of all that were read for many."""
    ends = add_months(call.starts, max(mine.months, 1))
    asked = Asked(dossier.title, dossier.summary, call.starts, ends)
    own = {one.id: numbers.get(one.id, "") for one in (mine.applicant, *mine.members)}
    given = [grant for number in sorted(set(own.values())) for grant in grants.get(number, ())]
    return funded(asked, own, given)
