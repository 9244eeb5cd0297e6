"""What can be asked of a running award, in words, and what there is to ask of one now."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.db.models import Prefetch, QuerySet, prefetch_related_objects
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop as noop

from headgate.core.calls.application import Application
from headgate.core.duties.amendment import AmendmentFault, Change, accepted
from headgate.core.duties.reports import Accepted, Owed, owed
from headgate.core.policy.dated import at
from headgate.core.policy.running_rules import NO_RULES, Running
from headgate.core.policy.schema import Call, Policy
from headgate.core.quantities import add_days
from headgate.site.desk.dossiers import read_line
from headgate.site.desk.invoices import suspended
from headgate.site.desk.leading import attended, voices
from headgate.site.desk.models import LEAD_PARTS, Asking, Consent, Dossier, Member, Organisation
from headgate.site.desk.office import SITE, day_at
from headgate.site.records.kept import Stands, ended
from headgate.steps.agenda import agenda
from headgate.steps.event import What
from headgate.steps.term import Holding

CHANGES: Final[dict[str, Promise]] = {
    Change.EXPLANATION.value: _("Explain why it lies idle"),
    Change.LONGER.value: _("More time"),
    Change.GIVE_BACK.value: _("Give blocks back"),
    Change.CLASS.value: _("Another class from the next term"),
    Change.MEMBERS.value: _("Other members or parts"),
    Change.HAND_OVER.value: _("Hand-over"),
    Change.REPORT.value: _("Report"),
    Change.SUSPENSION.value: _("Suspended for an overdue fee"),
    Change.LEAD.value: _("Another lead"),
}
"""What each kind of request is called."""

MENDED: Final[dict[AmendmentFault, str]] = {
    AmendmentFault.AWARD_NOT_RUNNING: noop("Choose an award that runs; a report may come later."),
    AmendmentFault.NOT_FORESEEN: noop("The policy does not foresee this for awards of the call."),
    AmendmentFault.PART_ASTRAY: noop("Ask for one thing at a time."),
    AmendmentFault.WORDS_MISSING: noop("Say in words what you ask, and why you answer so."),
    AmendmentFault.DAYS_WRONG: noop("Answer what has been asked, on the day of the answer."),
    AmendmentFault.REPORT_OVERDUE: noop("Hand the overdue report in and have it accepted first."),
    AmendmentFault.EXPLAINED_OUT_OF_TIME: noop(
        "Explain after the notice and within its days, before the rule looks."
    ),
    AmendmentFault.SPARES_TOO_MUCH: noop("Spare at least 1 % and at most what the policy lets."),
    AmendmentFault.MONTHS_TOO_MANY: noop(
        "Ask for at least one month, and in all for no more than the policy gives."
    ),
    AmendmentFault.BLOCKS_WRONG: noop("Give at least one block back, and keep at least one."),
    AmendmentFault.CLASS_WRONG: noop(
        "Name another class of the call, in which the award comes to a whole block."
    ),
    AmendmentFault.MEMBERS_WRONG: noop("Name each member with its parts, at least one."),
    AmendmentFault.ROUND_HAS_DECIDED: noop(
        "A round has decided what comes next: ask once the term has turned."
    ),
    AmendmentFault.USABLE_WRONG: noop("Name a day from the hand-over on, within the award's time."),
    AmendmentFault.HANDED_OVER_ALREADY: noop("The award's time has begun already."),
    AmendmentFault.REPORT_UNKNOWN: noop("Choose one of the reports that the call asks for."),
    AmendmentFault.REPORT_ACCEPTED_ALREADY: noop("This report was accepted already."),
    AmendmentFault.SUPPLY_SHORT: noop(
        "There is not enough for it: ask for less, or once something is given back."
    ),
    AmendmentFault.SUSPENDED_ALREADY: noop("It is suspended already, until its fee is paid."),
    AmendmentFault.FEE_NOT_OVERDUE: noop(
        "Wait until its fee has been overdue for the days that the policy gives."
    ),
    AmendmentFault.LEAD_WRONG: noop(
        "Name another member that was in the application and has a part of the award."
    ),
    AmendmentFault.LEAD_NOT_ELIGIBLE: noop(
        "Name a member that the rules of the call would have let in as the lead."
    ),
}
"""What mends each fault of a request."""


@dataclass(frozen=True, slots=True)
class Runs:
    """An award that runs as its people see it, with the rules that its call has for it.

    `policy` is the one that its call was decided by; `suspended` the day since when it starts no
    work, because its fee is overdue; `looks` the one on which the term looks at idle rights.
    """

    held: Holding
    dossier: Dossier
    policy: Policy
    running: Running
    askings: tuple[Asking, ...]
    reports: tuple[Owed, ...]
    has_ended: bool = False
    suspended: date | None = None
    looks: date | None = None

    def day(self, asking: Asking) -> date:
        """The day on which something was asked or handed over, where the programme is."""
        return day_at(self.policy, asking.at)

    def answer_by(self, asking: Asking) -> date:
        """The last day for the answer: the office's, or of a hand-over the holder's."""
        return answered_by(self.running, asking.change, self.day(asking), self.looks)

    @property
    def call(self) -> Call:
        """Its call as its policy has it."""
        return self.policy.calls[self.held.call]

    @property
    def waiting(self) -> list[Asking]:
        """What was asked and not answered yet."""
        return [one for one in self.askings if one.granted is None]

    @property
    def reports_waiting(self) -> frozenset[str]:
        """The reports that wait for an answer."""
        return frozenset(reports_among(one.asked for one in self.waiting))

    @property
    def to_hand_in(self) -> list[Owed]:
        """The reports that are owed and wait for nobody's answer."""
        waiting = self.reports_waiting
        return [one for one in self.owed if one.report.id not in waiting]

    @property
    def owed(self) -> list[Owed]:
        """The reports that nobody has accepted yet."""
        return [one for one in self.reports if one.handed_in is None]

    @property
    def is_handed_over(self) -> bool:
        """Whether its time runs from a hand-over that stands."""
        return any(one.change is Change.HAND_OVER for one in self.held.amended)

    @property
    def parts(self) -> Mapping[str, int]:
        """Who is in it with how many parts: as was granted last, else by its application."""
        return current_parts(self.dossier, self.held)

    @property
    def leads(self) -> list[tuple[date, str]]:
        """Who led it from which day on: who applied, then who took it over each time."""
        took = [(o.day, o.lead or "") for o in self.held.amended if o.change is Change.LEAD]
        return [(date.min, read_line(self.dossier).applicant.id), *took]

    @property
    def spans(self) -> list[tuple[date, Mapping[str, int]]]:
        """Who had which parts from which day on: as applied for, then as was granted each time."""
        return spans_of(self.dossier, self.held)


def reports_among(asked: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The reports among what was asked."""
    return (parts["report"] for parts in asked if "report" in parts)


def answered_by(rule: Running, change: str, day: date, looks: date | None) -> date:
    """The last day for the answer to what was asked, or handed over, on a day.

    An explanation is answered before the rule on idle rights `looks`: later nobody can grant it.
    """
    handed = rule.acceptance if change == Change.HAND_OVER else None
    last = add_days(day, handed.silent_days if handed else rule.answer_days)
    if change == Change.EXPLANATION and looks is not None and day <= looks:
        return min(last, looks)
    return last


def looks(stood: Stands) -> Mapping[str, date]:
    """On which day the term looks at idle rights, by support; of several the first."""
    every = reversed(agenda(stood.document, stood.standing.index))
    return {one.about: one.day for one in every if one.what is What.RECLAIM}


def spans_of(dossier: Dossier, held: Holding) -> list[tuple[date, Mapping[str, int]]]:
    """Who had which parts of an award from which day on."""
    granted = [(one.day, one.parts) for one in held.amended if one.change is Change.MEMBERS]
    return [(date.min, applied_parts(dossier, held.support)), *granted]


def current_parts(dossier: Dossier, held: Holding) -> Mapping[str, int]:
    """Who has which parts of an award now."""
    return spans_of(dossier, held)[-1][1]


def entering(asking: Asking, held: Holding) -> list[str]:
    """Who would come into an award by a request: those that have no part of it now."""
    if asking.change != Change.MEMBERS:
        return []
    return sorted(asking.asked.get("parts", {}).keys() - current_parts(asking.dossier, held).keys())


def to_agree(asking: Asking, held: Holding | None) -> list[str]:
    """Whose yes a request needs: of who would enter; to another lead, of the other members."""
    if asking.change == Change.LEAD and asking.dossier.alliance is not None:
        prefetch_related_objects([asking.dossier], WITH_MEMBERS)
        inside = (one for one in asking.dossier.alliance.members.all() if one.left is None)
        everybody = [one.organisation for one in inside]
        return voices(everybody, attended(everybody), asking.asked["lead"])
    return entering(asking, held) if held is not None else []


def unagreed(asking: Asking, held: Holding | None) -> list[str]:
    """Those of them who have not agreed to it yet; whoever is not registered cannot."""
    came = to_agree(asking, held)
    if came:
        prefetch_related_objects([asking], WITH_AGREED)
    agreed = {one.organisation.code for one in asking.consents.all()} if came else set()
    return sorted(set(came) - agreed)


def waits_for(mine: Iterable[Organisation], inside: Iterable[Member]) -> list[Asking]:
    """What waits for a yes of some organisations: to enter an award, or to another lead of an
    alliance in which one is a member.
    """
    codes, alliances = {one.code for one in mine}, {one.alliance_id for one in inside}
    kinds = Change.MEMBERS, Change.LEAD
    asked = Asking.objects.filter(change__in=kinds, granted__isnull=True)
    ours = [
        one
        for one in asked.select_related("dossier__lead", "dossier__alliance")
        if not codes.isdisjoint(one.asked.get("parts", {}))
        or (one.change == Change.LEAD and one.dossier.alliance_id in alliances)
    ]
    everybody = Member.objects.select_related("organisation")
    within = Prefetch("dossier__alliance__members", queryset=everybody)
    prefetch_related_objects(ours, WITH_AGREED, within)
    return ours


def applied_parts(dossier: Dossier, support: str) -> Mapping[str, int]:
    """Who applied for a support, the lead first, with the parts that the alliance had then.

    Nobody is asked for the lead's.
    """
    made: Application = read_line(dossier)
    inside = dossier.alliance.members.all() if dossier.alliance else ()
    told = {one.organisation.code: one.parts_of(support) for one in inside}
    return {made.applicant.id: LEAD_PARTS, **{one.id: told.get(one.id, 1) for one in made.members}}


def policy_of(stood: Stands, call: str) -> Policy:
    """The policy as the call's awards live under it: that of the day of its decision."""
    policy = at(stood.document, stood.standing.starts).policy
    return at(stood.document, policy.calls[call].decides).policy


WITH_AGREED: Final = Prefetch("consents", queryset=Consent.objects.select_related("organisation"))
"""Brings who agreed to many requests, in one query; to one that has them it does nothing."""

WITH_MEMBERS: Final = Prefetch(
    "alliance__members", queryset=Member.objects.select_related("organisation")
)
"""Brings everybody who is or was in the alliances of many applications, in one query."""


_READ_AT_ONCE: Final = 100
"""Applications that are read at a time, each with all that was asked of it."""


def all_runs(stood: Stands, dossiers: QuerySet[Dossier]) -> Iterator[Runs]:
    """Those of some applications that run, and those that ran and owe a report, by their code.

    They are read some at a time, and what was asked comes as a list of its own: with a query in
    each, which points back at it, an application stays until Python looks for rings.
    """
    held = {one.award: one for one in (*ended(SITE, stood.holdings), *stood.holdings)}
    now = {one.award for one in stood.holdings}
    found = dossiers.filter(code__isnull=False, line__gt="").select_related("lead", "alliance")
    whole = found.prefetch_related(Prefetch("askings", to_attr="asked"))
    calls: dict[str, Policy] = {}
    shut, idle = suspended(stood), looks(stood)
    for dossier in whole.order_by("code").iterator(_READ_AT_ONCE):
        if dossier.code not in held:
            continue
        holding = held[dossier.code]
        if holding.call not in calls:
            calls[holding.call] = policy_of(stood, holding.call)
        policy, askings = calls[holding.call], tuple[Asking, ...](vars(dossier)["asked"])
        rule = policy.calls[holding.call].running or NO_RULES
        over = holding.award not in now
        came = (*accepted(holding.amended), *(_late_reports(policy, askings) if over else ()))
        listed = owed(rule.reports, holding.starts, holding.ends, came)
        since = shut.get(holding.award)
        due = idle.get(holding.support)
        one = Runs(holding, dossier, policy, rule, askings, listed, over, since, due)
        if not over or one.owed or one.waiting:
            yield one


def _late_reports(policy: Policy, askings: Iterable[Asking]) -> Iterator[Accepted]:
    """The reports of an award that ended which were accepted since."""
    for one in askings:
        for report in reports_among([one.asked] if one.granted else []):
            yield Accepted(report, day_at(policy, one.at))
