"""An alliance changes its lead: a member is asked, and agrees; where it has awards all do."""

from datetime import datetime

from headgate.core.duties.amendment import Change
from headgate.site.actions.alliance import pass_on
from headgate.site.actions.amend import requested
from headgate.site.desk.leading import awarded, handed_in_by, inside, need_asker, need_decided
from headgate.site.desk.models import Alliance, Member
from headgate.site.desk.office import SITE, acts_for, doing, need
from headgate.site.desk.refusals import DeskRefusal, refuse
from headgate.site.portal.models import Person
from headgate.site.portal.roles import Role
from headgate.site.records.kept import stands


def ask_to_lead(
    person: Person, alliance_id: int, organisation: str, text: str, now: datetime
) -> None:
    """Ask for a member to lead instead: of its awards the office answers, once all have agreed.

    Where nothing was ever awarded to the alliance the member takes the lead as soon as it wants to:
    its drafts need every consent anew. Asking another takes back what was asked of the one before.
    Asked twice, it is one request. Raises `Refused`.
    """
    with doing(person, "ask to lead", f"{alliance_id} {organisation}", now):
        alliance = Alliance.objects.select_related("lead").filter(pk=alliance_id).first()
        stood = stands(SITE)
        if alliance is None:
            refuse(DeskRefusal.NOT_YOURS, alliance_id)
        if stood is None:
            refuse(DeskRefusal.NO_PROGRAMME)
        need_asker(person, alliance)
        member = inside(alliance, organisation)
        need_decided(alliance)
        if awards := awarded(handed_in_by(alliance), stood):
            wanted = {"change": Change.LEAD, "lead": organisation}
            requested(person, awards[0], wanted, (text, ""), now)
            return
        alliance.members.exclude(pk=member.pk).filter(left__isnull=True).update(to_lead=None)
        member.to_lead = member.to_lead or now
        member.save()


def take_lead(person: Person, alliance_id: int, organisation: str, now: datetime) -> None:
    """Take the lead that a member was asked to take, of an alliance without awards.

    What was asked before the alliance was awarded something is asked anew. Taken twice, it is taken
    once. Raises `Refused`.
    """
    with doing(person, "take lead", f"{alliance_id} {organisation}", now):
        need(person, Role.APPLICANT)
        leads = Alliance.objects.filter(pk=alliance_id, lead__code=organisation).first()
        if leads is not None and acts_for(person, leads.lead):
            return
        found = Member.objects.select_related("alliance__lead", "organisation")
        asked = found.filter(alliance=alliance_id, left__isnull=True, to_lead__isnull=False)
        member = asked.filter(organisation__code=organisation).first()
        if member is None or not acts_for(person, member.organisation):
            refuse(DeskRefusal.NOT_YOURS, organisation)
        need_decided(member.alliance)
        stood, came = stands(SITE), handed_in_by(member.alliance)
        if stood is not None and (awards := awarded(came, stood)):
            refuse(DeskRefusal.LEAD_HAS_AWARDS, ", ".join(awards))
        pass_on(member, now)
