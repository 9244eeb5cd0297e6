"""What there is to tell of the lead of an alliance: that another is asked for, and took it over."""

from collections.abc import Iterator

from headgate.core.duties.amendment import Change
from headgate.site.desk.amending import WITH_AGREED, unagreed
from headgate.site.desk.leading import led_before
from headgate.site.desk.models import Alliance, Asking, Member, Organisation
from headgate.site.notices.telling import People, Told
from headgate.site.portal.roles import DECIDES


def leads_told(people: People) -> Iterator[Told]:
    """To each member whose yes is asked; and once another leads, to all in it and to the office."""
    asked = Asking.objects.filter(change=Change.LEAD, granted__isnull=True)
    whole = asked.select_related("dossier__alliance__lead").prefetch_related(WITH_AGREED)
    for one in whole:
        if (alliance := one.dossier.alliance) is not None:
            missing = Organisation.objects.filter(code__in=unagreed(one, None))
            shall = Organisation.objects.filter(code=one.asked["lead"]).first()
            for body in missing if shall is not None else ():
                yield _asked(f"lead/{one.pk}/{body.pk}", alliance, shall, body.pk, people)
    members = Member.objects.filter(to_lead__isnull=False)
    for member in members.select_related("alliance__lead", "organisation"):
        shall, alliance = member.organisation, member.alliance
        if member.left is None and member.to_lead is not None:
            key = f"lead/{member.pk}/{int(member.to_lead.timestamp())}"
            yield _asked(key, alliance, shall, shall.pk, people)
        elif member.left is not None:
            yield _took(member, people)


def _asked(
    key: str, alliance: Alliance, shall: Organisation | None, body: int, people: People
) -> Told:
    facts = {
        "alliance": alliance.pk,
        "name": alliance.name,
        "lead": alliance.lead.name,
        "member": str(shall),
    }
    return Told(key, "lead-asked", people.acting(body), facts)


def _took(member: Member, people: People) -> Told:
    """That a member took the lead: who led before, and who is in the alliance, are told."""
    alliance, before = member.alliance, led_before(member, member.alliance.members.all())
    there = alliance.members.filter(left__isnull=True).values_list("organisation", flat=True)
    bodies = {*there, alliance.lead_id, member.organisation_id, before.pk}
    facts = {
        "alliance": alliance.pk,
        "name": alliance.name,
        "member": member.organisation.name,
        "before": before.name,
    }
    told = frozenset().union(*map(people.acting, bodies)) | people.having(*DECIDES)
    return Told(f"led/{member.pk}", "lead-changed", told, facts)
