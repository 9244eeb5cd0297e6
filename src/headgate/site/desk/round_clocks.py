"""The clocks of rounds: findings to reply to, results to object to, objections to be answered."""

from collections.abc import Collection, Iterator
from datetime import date, datetime
from typing import Any, Final

from django.db.models import IntegerField, QuerySet, Value
from django.urls import reverse
from django.utils.translation import gettext as _

from headgate.site.desk.clock import Clock
from headgate.site.desk.hearing import answer_by, object_by, reply_by
from headgate.site.desk.models import RoundFinding, RoundObjection
from headgate.site.desk.rating import RoundNow, round_now
from headgate.site.portal import reading
from headgate.site.portal.words import language
from headgate.site.records.kept import Stands

OF_ROUND: Final = "round"
"""What marks an objection to a round among those to awards."""
NOBODY: Final = Value(0, IntegerField())


def objections() -> "QuerySet[RoundObjection, Any]":
    """Objections to rounds that wait for an answer: team and round, the moment, and the mark."""
    waiting = RoundObjection.objects.filter(answered__isnull=True).order_by()
    return waiting.values_list("team", "round", "at", NOBODY, Value(OF_ROUND))


def to_answer(team: str, round_: RoundNow, objected: datetime) -> Clock:
    """To the office: an objection to be answered."""
    title = _("%(team)s: last day to answer the objection to “%(round)s”")
    return _clock("answer", title, team, round_, answer_by(round_, objected))


def of_teams(mine: Collection[str], stood: Stands, on: date) -> Iterator[Clock]:
    """To whoever acts for teams: the rights to reply and to object that were not used, while they
    last; at most two queries.
    """
    if not mine or not reading.policy_of(stood).rounds:
        return
    found = RoundFinding.objects.filter(team__in=mine, passed=False, replied__isnull=True)
    for one in found:
        round_ = round_now(one.round, stood)
        if not round_.closed and on <= (by := reply_by(round_, one)):
            title = _("%(team)s: last day to reply to a finding in “%(round)s”")
            yield _clock(f"reply-{one.gate}", title, one.team, round_, by, is_right=True)
    rounds = [round_now(name, stood) for name in sorted(stood.standing.closed)]
    open_ones = [(r, last) for r in rounds if (last := object_by(r)) and r.decided and on <= last]
    told = RoundObjection.objects.filter(team__in=mine).values_list("round", "team")
    objected = set(told) if open_ones else set()
    for round_, last in open_ones:
        for team in (one for one in round_.teams if one in mine):
            if (round_.id, team) not in objected:
                title = _("%(team)s: last day to object to “%(round)s”")
                yield _clock("object", title, team, round_, last, is_right=True)


def _clock(
    uid: str, title: str, team: str, round_: RoundNow, last: date, *, is_right: bool = False
) -> Clock:
    told = title % {"team": team, "round": round_.section.name.say(language())}
    where = reverse("round-hearing", args=(round_.id,))
    return Clock(f"round-{uid}-{round_.id}-{team}", told, last, where, is_right)
