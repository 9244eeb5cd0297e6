"""What a round has people told of: findings to reply to, its result, objections and answers."""

from collections.abc import Iterator

from headgate.site.desk.hearing import answer_by, object_by, reply_by
from headgate.site.desk.models import Dossier, RoundFinding, RoundObjection
from headgate.site.desk.office import SITE
from headgate.site.desk.rating import RoundNow, round_now
from headgate.site.notices.telling import Told, having, people_for
from headgate.site.portal.roles import Role
from headgate.site.records.kept import stands


def rounds_told() -> Iterator[Told]:
    """Everything of the running term's rounds, each to whom it concerns."""
    stood = stands(SITE)
    if stood is None:
        return
    names = set(RoundFinding.objects.values_list("round", flat=True)) | stood.standing.closed.keys()
    for name in sorted(names):
        round_ = round_now(name)
        yield from _findings(round_)
        if round_.decided is not None:
            yield from _decided(round_)
            yield from _objections(round_)


def _acting(team: str) -> set[int]:
    """Who acts for a team's lead."""
    return people_for(*(one.lead for one in Dossier.objects.filter(code=team)))


def _findings(round_: RoundNow) -> Iterator[Told]:
    """Findings against a team of a round that is still open, until somebody replied."""
    waiting = RoundFinding.objects.filter(round=round_.id, passed=False, replied__isnull=True)
    for one in waiting if not round_.closed else ():
        facts = {"round": round_.id, "team": one.team, "by": reply_by(round_, one).isoformat()}
        key = f"round-finding/{one.pk}/{int(one.at.timestamp())}"
        yield Told(key, "round-finding", _acting(one.team), {**facts, "remark": one.remark})


def _decided(round_: RoundNow) -> Iterator[Told]:
    """The result to each team, and once again whenever it was decided again."""
    if round_.decided is None:
        return
    last, times = object_by(round_), len(round_.decided.heard)
    for one in round_.decided.outcome.decisions:
        facts = {"round": round_.id, "team": one.team, "decision": one.decision.value}
        facts["by"] = last.isoformat() if last is not None else ""
        key = f"round-decided/{round_.id}/{one.team}/{times}"
        yield Told(key, "round-decided", _acting(one.team), facts)


def _objections(round_: RoundNow) -> Iterator[Told]:
    """Objections to whoever answers them, and the answers to whoever objected."""
    for one in RoundObjection.objects.filter(round=round_.id):
        facts = {"round": round_.id, "team": one.team}
        if one.answered is None:
            facts["by"] = answer_by(round_, one).isoformat()
            officers = having(Role.AGENCY_OFFICER, Role.POLICY_OWNER)
            yield Told(f"round-objection/{one.pk}", "round-objection", officers, facts)
        else:
            said = {"answer": one.answer, "upheld": one.upheld}
            key = f"round-answered/{one.pk}"
            yield Told(key, "round-answered", _acting(one.team), {**facts, **said})
