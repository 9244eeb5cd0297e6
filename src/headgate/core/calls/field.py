"""The field after scoring: who is still in, stage by stage, and why others are not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from headgate.core.calls.application import Application
from headgate.core.ledger.text import is_instant
from headgate.core.policy.award_rules import TieBreak
from headgate.core.policy.schema import Call, Stage
from headgate.core.quantities import seconds_of
from headgate.core.quick import quick


class Standing(StrEnum):
    """Where an application stands before awards are made."""

    IN_FIELD = "in_field"
    NOT_SCORED = "not_scored"
    BELOW_PASS_MARK = "below_pass_mark"
    OUT_AT_STAGE = "out_at_stage"


@dataclass(frozen=True, slots=True)
class Place:
    """One application's place in the field: its rank, where it fell out, and the score to beat."""

    application: str
    rank: int
    standing: Standing
    stage: str
    milli_points_needed: int


_place: Final = quick(Place)


def rank_key(
    call: Call, application: Application, milli_points: int, lot: str
) -> tuple[int, int, str]:
    """The published order: higher score first, then the policy's tie breaks, then the lot."""
    smaller = 0
    if TieBreak.SMALLER_REQUEST in call.ties:
        smaller = min([r.blocks_least for r in application.requests], default=0)
    return -milli_points, smaller, tie_lot(call, application, lot)


def tie_lot(call: Call, application: Application, lot: str) -> str:
    """What decides between equals of one size, hexadecimal digits of which the smaller go first.

    Where the policy says first come, the second of its arrival stands before the lot.
    """
    if TieBreak.FIRST_COME not in call.ties:
        return lot
    known = is_instant(application.at)
    return f"{seconds_of(application.at):016x}{lot}" if known else "f" * 16 + lot


def narrow(
    call: Call,
    applications: Sequence[Application],
    scores: Mapping[str, int],
    scored: frozenset[str],
    lots: Mapping[str, str],
) -> tuple[Place, ...]:
    """Rank the eligible applications, drop those under the pass mark, then keep each stage's
    number.

    `scores` are milli-points; `scored` are those with at least one whole sheet where the call has
    criteria. The pass mark is in points of 100.
    """
    pass_mark = (call.pass_mark or 0) * 1000
    ranked = sorted(applications, key=lambda a: rank_key(call, a, scores[a.id], lots[a.id]))
    places, passing = [], list[str]()
    for rank, application in enumerate(ranked, start=1):
        name = application.id
        if name not in scored:
            places.append(_place(name, rank, Standing.NOT_SCORED, "", pass_mark))
        elif scores[name] < pass_mark:
            places.append(_place(name, rank, Standing.BELOW_PASS_MARK, "", pass_mark))
        else:
            out, needed = _stage_missed(call, len(passing)), 0
            passing.append(name)
            standing, stage = Standing.IN_FIELD, ""
            if out is not None:
                standing, stage = Standing.OUT_AT_STAGE, out.id
                needed = scores[passing[out.keeps - 1]]
            places.append(_place(name, rank, standing, stage, needed))
    return tuple(places)


def _stage_missed(call: Call, position: int) -> Stage | None:
    """The first stage that keeps fewer than come before this position and itself."""
    for stage in call.stages:
        if position >= stage.keeps:
            return stage
    return None
