"""Another lead of an alliance at the desk: who may ask for it, and what it waits for."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from headgate.core.duties.amendment import Change
from headgate.site.desk.dossiers import members
from headgate.site.desk.models import Acting, Alliance, Asking, Dossier, Member, Organisation, State
from headgate.site.desk.office import SITE, acts_for, calls_now, need
from headgate.site.desk.refusals import DeskRefusal, refuse
from headgate.site.portal.models import Person
from headgate.site.portal.roles import Role, decides
from headgate.site.records.kept import Stands, ended


def attended(organisations: Collection[Organisation]) -> set[int]:
    """The keys of those organisations for which somebody acts now."""
    acting = Acting.objects.filter(until__isnull=True, organisation__in=organisations)
    return set(acting.values_list("organisation_id", flat=True))


def need_asker(person: Person, alliance: Alliance) -> None:
    """Refuse who may not ask for another lead: its own people may, and where nobody acts for it any
    more the office, but nobody with a part in the alliance.
    """
    if decides(person) and not attended([alliance.lead]):
        if acts_for(person, *members(alliance)):
            refuse(DeskRefusal.CONFLICT, alliance.pk)
        return
    need(person, Role.APPLICANT)
    if not acts_for(person, alliance.lead):
        refuse(DeskRefusal.NOT_YOURS, alliance.pk)


def inside(alliance: Alliance, organisation: str) -> Member:
    """A member that is in an alliance now and could lead it; raises `Refused`."""
    found = alliance.members.filter(left__isnull=True, organisation__code=organisation)
    member = found.select_related("organisation").first()
    if member is None:
        refuse(DeskRefusal.LEAD_NOT_INSIDE, organisation)
    return member


@dataclass(frozen=True, slots=True)
class Led:
    """Who led an alliance, from when until when; None where nobody is known before or after."""

    code: str
    name: str
    since: datetime | None
    until: datetime | None


def leads_over_time(alliance: Alliance) -> list[Led]:
    """Everybody who led an alliance, oldest first; the last leads it now."""
    since, found = None, list[Led]()
    for one in alliance.former:
        until = datetime.fromisoformat(one["until"])
        found.append(Led(one["code"], one["name"], since, until))
        since = until
    return [*found, Led(alliance.lead.code, alliance.lead.name, since, None)]


Came = Sequence[tuple[str, str, str]]
"""What an alliance handed in at some time: code, call and state."""


def handed_in_by(alliance: Alliance) -> Came:
    """What an alliance handed in, by code; one query."""
    came = Dossier.objects.filter(alliance=alliance, code__isnull=False).order_by("code")
    return [
        (code or "", call, state) for code, call, state in came.values_list("code", "call", "state")
    ]


def undecided(came: Came) -> list[str]:
    """The applications that wait to be decided."""
    pairs = [(code, call) for code, call, state in came if state == State.SUBMITTED]
    waiting = {one.id for one in calls_now() if not one.decided} if pairs else set()
    return [code for code, call in pairs if call in waiting]


def need_decided(alliance: Alliance) -> None:
    """Refuse while an application waits that is judged under the lead that handed it in."""
    if waiting := undecided(handed_in_by(alliance)):
        refuse(DeskRefusal.LEAD_UNDER_REVIEW, ", ".join(waiting))


def awarded(came: Came, stood: Stands) -> list[str]:
    """The awards that there are or were; those that run come first."""
    runs = {one.award for one in stood.holdings}
    over = {one.award for one in ended(SITE, stood.holdings)} if stood.standing.index else set()
    return [code for held in (runs, over) for code, _call, _state in came if code in held]


def unheard(inside: Iterable[Member], asked: Iterable[Asking]) -> set[int]:
    """The alliances of some members in which another lead waits for their yes."""
    waiting = {one.dossier.alliance_id: one for one in asked if one.change == Change.LEAD}
    agreed = {a: {c.organisation_id for c in one.consents.all()} for a, one in waiting.items()}
    return {
        one.alliance_id
        for one in inside
        if one.alliance_id in agreed and one.organisation_id not in agreed[one.alliance_id]
    }


def voices(everybody: Iterable[Organisation], there: set[int], lead: str) -> list[str]:
    """Whose yes another lead needs: every member's, but of one that nobody acts for any more; and
    always that of whoever shall lead. `there` are those for whom somebody acts.
    """
    return [one.code for one in everybody if one.pk in there or one.code == lead]
