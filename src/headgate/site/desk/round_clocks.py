"""The clocks of rounds: findings to reply to, results to object to, objections to be answered."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any, Final

from django.db.models import IntegerField, OuterRef, QuerySet, Subquery, Value
from django.urls import reverse
from django.utils.translation import gettext as _

from headgate.site.desk.clock import Clock
from headgate.site.desk.hearing import answer_by, object_by, reply_by
from headgate.site.desk.models import RoundFinding
from headgate.site.desk.rating import RoundNow, round_now
from headgate.site.desk.round_models import RoundObjection
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


def with_rounds() -> dict[str, Subquery]:
    """What an application is read with to know the rights of its team, without another query: the
    first finding that waits for its reply, and the round that it objected to last.
    """
    mine = {"team": OuterRef("code")}
    found = RoundFinding.objects.filter(passed=False, replied__isnull=True, **mine).order_by("at")
    told = RoundObjection.objects.filter(**mine).order_by("-at")
    parts = {f"found_{part}": Subquery(found.values(part)[:1]) for part in ("round", "gate", "at")}
    return {**parts, "objected": Subquery(told.values("round")[:1])}


def of_teams(mine: Sequence[Any], stood: Stands, on: date) -> Iterator[Clock]:
    """To whoever acts for teams: the rights to reply and to object that were not used, while they
    last. `mine` are their applications, read `with_rounds`.
    """
    policy, decided = reading.policy_of(stood), list(_decided(stood, on)) if mine else []
    found = {one.found_round for one in mine if one.found_round in policy.rounds}
    rounds = {name: round_now(name, stood) for name in found}
    for one in mine:
        if round_ := rounds.get(one.found_round):
            last = reply_by(round_, one.found_gate, one.found_at)
            if not round_.closed and on <= last:
                title = _("%(team)s: last day to reply to a finding in “%(round)s”")
                yield _clock("reply", title, one.code, round_, last, is_right=True)
        for round_, last in decided:
            if one.code in round_.teams and one.objected != round_.id:
                title = _("%(team)s: last day to object to “%(round)s”")
                yield _clock("object", title, one.code, round_, last, is_right=True)


def _decided(stood: Stands, on: date) -> Iterator[tuple[RoundNow, date]]:
    """The rounds that may be objected to on a day, each with the last one for that."""
    for name in sorted(stood.standing.closed):
        round_ = round_now(name, stood)
        last = object_by(round_)
        if round_.decided is not None and last is not None and on <= last:
            yield round_, last


def _clock(
    uid: str, title: str, team: str, round_: RoundNow, last: date, *, is_right: bool = False
) -> Clock:
    told = title % {"team": team, "round": round_.section.name.say(language())}
    where = reverse("round-hearing", args=(round_.id,))
    return Clock(f"round-{uid}-{round_.id}-{team}", told, last, where, is_right)
