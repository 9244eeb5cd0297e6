"""What a round has people told of: findings to reply to, its result, objections and answers."""

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from typing import Any

from headgate.core.reallocation.restored import RESTORED
from headgate.site.desk.hearing import answer_by, object_by, reply_by
from headgate.site.desk.models import RoundFinding
from headgate.site.desk.office import day_at
from headgate.site.desk.rating import RoundNow, round_now
from headgate.site.desk.round_models import RoundObjection
from headgate.site.notices.telling import People, Told
from headgate.site.portal.reading import decisions, policy_of
from headgate.site.portal.roles import DECIDES
from headgate.site.records.kept import Stands
from headgate.steps.term import Closed


def rounds_told(stood: Stands, people: People, now: datetime) -> Iterator[Told]:
    """Everything of the rounds that can still be heard, each to whom it concerns."""
    waiting = list(RoundFinding.objects.filter(passed=False, replied__isnull=True))
    objections, on = list(RoundObjection.objects.all()), day_at(policy_of(stood), now)
    for name in sorted({one.round for one in waiting} | stood.standing.closed.keys()):
        round_ = round_now(name, stood)
        if not round_.closed:
            yield from _findings(round_, (one for one in waiting if one.round == name), people)
        if round_.decided is not None:
            heard = [one for one in objections if one.round == name]
            yield from _decided(round_, round_.decided, _may_object(round_, heard, on), people)
            yield from _objections(round_, heard, people)
    yield from _restored(people)


def _restored(people: People) -> Iterator[Told]:
    """What a team was given back, or is owed, each time that something became of it."""
    for one in (made for made in decisions() if made.step == RESTORED):
        facts = {"team": one.subject, **one.result}
        acting = people.of_award(one.subject)
        yield Told(f"round-restored/{one.subject}/{one.seq}", "round-restored", acting, facts)


def _findings(round_: RoundNow, found: Iterable[RoundFinding], people: People) -> Iterator[Told]:
    """Findings against a team of a round that is still open, until somebody replied."""
    for one in found:
        facts = {
            "round": round_.id,
            "team": one.team,
            "by": reply_by(round_, one.gate, one.at).isoformat(),
        }
        key = f"round-finding/{one.pk}/{int(one.at.timestamp())}"
        facts["remark"] = one.remark
        yield Told(key, "round-finding", people.of_award(one.team), facts)


def _may_object(
    round_: RoundNow, heard: Iterable[RoundObjection], on: date
) -> Callable[[str], str]:
    """Until when a team may object, as an ISO 8601 day: once, and while the days last."""
    last, used = object_by(round_), {one.team for one in heard}
    told = last.isoformat() if last is not None and on <= last else ""
    return lambda team: "" if team in used else told


def _decided(
    round_: RoundNow, decided: Closed, may_object: Callable[[str], str], people: People
) -> Iterator[Told]:
    """The result to each team, and once again whenever it was decided again."""
    times = len(decided.heard)
    for one in decided.outcome.decisions:
        facts: dict[str, Any] = {"round": round_.id, "team": one.team}
        facts |= {"decision": one.decision.value, "reason": one.reason.value, "names": one.names}
        facts["by"] = may_object(one.team)
        facts["again"] = times
        key = f"round-decided/{round_.id}/{one.team}/{times}"
        yield Told(key, "round-decided", people.of_award(one.team), facts)


def _objections(
    round_: RoundNow, objections: Iterable[RoundObjection], people: People
) -> Iterator[Told]:
    """Objections to whoever answers them, and the answers to whoever objected."""
    for one in objections:
        facts = {"round": round_.id, "team": one.team}
        if one.answered is None:
            facts["by"] = answer_by(round_, one.at).isoformat()
            officers = people.having(*DECIDES)
            yield Told(f"round-objection/{one.pk}", "round-objection", officers, facts)
        else:
            said = {"answer": one.answer, "upheld": one.upheld}
            key = f"round-answered/{one.pk}"
            yield Told(key, "round-answered", people.of_award(one.team), {**facts, **said})
