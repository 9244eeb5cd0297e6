"""The right to be heard at the desk: findings on a round's gates with replies, and objections.

Texts stay at the desk; what the cycle is told are codes, days, digests and whether a reply came or
its days have passed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from headgate.core.calls.application import GateFinding
from headgate.core.evaluation.conduct import Conduct, Notice
from headgate.report.section_rights import window_of
from headgate.site.desk.models import Dossier, RoundFinding
from headgate.site.desk.office import organisations_of
from headgate.site.desk.rating import RoundNow, attention_of, panel_of
from headgate.site.portal.models import Person


def reply_by(round_: RoundNow, gate: str, found: datetime) -> date:
    """The last day on which a team may reply to what was found on a gate at a moment."""
    days = {one.id: one.reply_days for one in round_.section.gates}
    return round_.day(found) + timedelta(days=days.get(gate, 0))


def object_by(round_: RoundNow) -> date | None:
    """The last day for an objection to what a round decided; None where the policy has none."""
    window = window_of(round_.section)
    return window.object_by if window is not None else None


def answer_by(round_: RoundNow, objected: datetime) -> date:
    """The last day for the answer to an objection of a moment."""
    days = round_.section.appeals.answer_days if round_.section.appeals is not None else 0
    return round_.day(objected) + timedelta(days=days)


def own_teams(person: Person, teams: Sequence[str]) -> list[str]:
    """The teams of a round for whose leads somebody acts."""
    leads = organisations_of(person)
    mine = set(Dossier.objects.filter(lead__in=leads).values_list("code", flat=True))
    return [team for team in teams if team in mine]


def found_on(round_: RoundNow, before: Sequence[GateFinding], now: datetime) -> list[GateFinding]:
    """What was found on a round's gates, the desk's word before the evaluator's."""
    rows = {(row.subject, row.gate): row for row in before}
    for one in _findings(round_):
        heard = one.replied is not None or round_.day(now) > reply_by(round_, one.gate, one.at)
        found = GateFinding(one.team, one.gate, one.passed, one.remark, tuple(one.evidence), heard)
        rows[one.team, one.gate] = found
    return list(rows.values())


def conducted_as(round_: RoundNow, told: Conduct) -> Conduct:
    """How a round was conducted, with what the desk knows: notices, blind sheets, attention."""
    notices = {(each.team, each.gate): each for each in told.notices}
    for one in _findings(round_):
        if not one.passed:
            replied = round_.day(one.replied) if one.replied is not None else None
            notices[one.team, one.gate] = Notice(one.team, one.gate, round_.day(one.at), replied)
    attention = {(each.pillar, each.rater): each for each in told.attention}
    panel = panel_of(round_.id)
    seen = attention_of(panel)
    attention |= {(each.pillar, each.rater): each for each in seen}
    blind = {each.pillar for each in seen} | set(told.blind)
    return replace(
        told,
        notices=tuple(notices.values()),
        attention=tuple(attention.values()),
        blind=tuple(sorted(blind)),
        known=(*told.known, *panel.known),
    )


def _findings(round_: RoundNow) -> Iterator[RoundFinding]:
    """The desk's findings of a round, on its gates and its teams as they are now; in order."""
    gates = {gate.id for gate in round_.section.gates}
    found = RoundFinding.objects.filter(round=round_.id).order_by("team", "gate")
    return (one for one in found if one.gate in gates and one.team in round_.teams)
