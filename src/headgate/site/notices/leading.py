"""What there is to tell of the lead of an alliance: that another is asked for, and took it over."""

from collections.abc import Iterable, Iterator
from itertools import pairwise

from headgate.core.duties.amendment import Change
from headgate.site.desk.amending import WITH_AGREED, unagreed
from headgate.site.desk.leading import leads_over_time
from headgate.site.desk.models import Alliance, Asking, Member, Organisation
from headgate.site.notices.telling import People, Told
from headgate.site.portal.roles import DECIDES


def leads_told(people: People) -> Iterator[Told]:
    """To each member whose yes is asked; and once another leads, to all in it and to the office."""
    asked = Asking.objects.filter(change=Change.LEAD, granted__isnull=True)
    whole = asked.select_related("dossier__alliance__lead").prefetch_related(WITH_AGREED)
    for one in whole:
        alliance, missing = one.dossier.alliance, unagreed(one, None)
        if alliance is None:
            continue
        bodies = Organisation.objects.filter(code__in=[*missing, one.asked["lead"]])
        named = {body.code: body for body in bodies}
        for body in (named[code] for code in missing):
            key, whom = f"lead/{one.pk}/{body.pk}", people.acting(body.pk)
            yield _asked(key, alliance, named[one.asked["lead"]], whom)
    waiting = Member.objects.filter(left=None, to_lead__isnull=False)
    for member in waiting.select_related("alliance__lead", "organisation"):
        key, shall = f"to-lead/{member.pk}/{member.to_lead}", member.organisation
        yield _asked(key, member.alliance, shall, people.acting(shall.pk))
    for changed in Alliance.objects.exclude(former=[]).select_related("lead"):
        yield from _took(changed, people)


def _asked(key: str, alliance: Alliance, shall: Organisation, whom: Iterable[int]) -> Told:
    """That somebody's yes is asked to another lead."""
    facts = {
        "alliance": alliance.pk,
        "name": alliance.name,
        "lead": alliance.lead.name,
        "member": shall.name,
    }
    return Told(key, "lead-asked", whom, facts)


def _took(alliance: Alliance, people: People) -> Iterator[Told]:
    """That a member took the lead: who led before, and who is in the alliance now, are told."""
    inside = alliance.members.filter(left__isnull=True).values_list("organisation", flat=True)
    for number, (before, led) in enumerate(pairwise(leads_over_time(alliance)), 1):
        was = Organisation.objects.filter(code=before.code).values_list("pk", flat=True)
        bodies = {*inside, alliance.lead_id, *was}
        facts = {
            "alliance": alliance.pk,
            "name": alliance.name,
            "member": led.name,
            "before": before.name,
        }
        told = frozenset().union(*map(people.acting, bodies)) | people.having(*DECIDES)
        yield Told(f"led/{alliance.pk}/{number}", "lead-changed", told, facts)
