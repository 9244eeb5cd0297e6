"""What others wait for from a member of an alliance: its yes to a draft, and to another lead."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from headgate.core.duties.amendment import Change
from headgate.core.policy.schema import Policy
from headgate.site.desk.amending import answered_by
from headgate.site.desk.answer_clocks import Rules, name_of
from headgate.site.desk.clock import Clock
from headgate.site.desk.models import Acting, Consent, Member, State
from headgate.site.desk.office import day_at


def lacks_yes(acting: "QuerySet[Acting]") -> Exists:
    """Whether an application that is asked for in a query lacks the yes, to its version, of an
    organisation that somebody acts for.
    """
    agreed = Consent.objects.filter(
        asking=None,
        dossier=OuterRef(OuterRef("pk")),
        version=OuterRef(OuterRef("version")),
        organisation=OuterRef("organisation"),
    )
    ours = Member.objects.filter(left=None, organisation__in=acting.values("organisation"))
    return Exists(ours.filter(~Exists(agreed), alliance=OuterRef("alliance")))


def of_members(
    acting: "QuerySet[Acting]", part: Sequence[Any], calls: Rules, policy: Policy, on: date
) -> Iterator[Clock]:
    """The clocks of whoever acts for members in applications; one that `lacks_yes` says so."""
    for one in part:
        rules = calls.get(one.call) if one.state == State.DRAFT and one.lacks_yes else None
        if rules is not None and not rules.received and rules.call.closes >= on:
            title = _("%(call)s: last day to agree to an application")
            told = title % {"call": name_of(rules.call)}
            yield Clock(f"consent-{one.pk}", told, rules.call.closes, reverse("applications"))
    yield from _leads(acting, part, policy)


def _leads(acting: "QuerySet[Acting]", part: Sequence[Any], policy: Policy) -> Iterator[Clock]:
    """Another lead that is asked for, until the office answers; where none is, no query."""
    found = ((one, asking) for one in part for asking in one.askings.all())
    asked = [(one, a) for one, a in found if a.change == Change.LEAD and a.granted is None]
    if not asked:
        return
    inside = Member.objects.filter(left=None, organisation__in=acting.values("organisation"))
    agreed = Consent.objects.filter(asking__in=[asking for _one, asking in asked])
    told = set(agreed.values_list("dossier__alliance", "organisation"))
    lacking = {
        pair[0] for pair in inside.values_list("alliance", "organisation") if pair not in told
    }
    for one, asking in asked:
        running = policy.calls[one.call].running
        if running is None or one.alliance_id not in lacking:
            continue
        last = answered_by(running, asking.change, day_at(policy, asking.at), None)
        title = _("%(code)s: last day to agree to another lead") % {"code": one.code}
        where = reverse("alliance", args=(one.alliance_id,))
        yield Clock(f"lead-{asking.pk}", title, last, where)
