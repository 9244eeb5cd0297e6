"""Whoever moves up from standby is asked to take the award, and has the days that winners have."""

from dataclasses import replace
from datetime import datetime

from django.conf import settings

from headgate.core.ledger.refused import Refused
from headgate.cycle import take
from headgate.site.desk.agreement import proposed
from headgate.site.desk.board import Board, board_of, decision_event
from headgate.site.desk.demo_winners import let_invented_take
from headgate.site.desk.models import AwardList, Deed
from headgate.site.desk.office import SITE, CallNow, call_now, calls_now
from headgate.site.desk.refusals import DeskRefusal, refuse
from headgate.site.desk.remembered import read_whole
from headgate.site.desk.turns import Asked
from headgate.site.desk.world import ELSEWHERE, Desk
from headgate.site.portal.outcomes import AWARDED
from headgate.steps.awards import ProposalRefused
from headgate.steps.term import Term


def ask_everywhere(now: datetime) -> None:
    """Ask for every list that was told; in a demo those whom nobody plays answer at once."""
    told = AwardList.objects.filter(told__isnull=False)
    undecided = {one.id for one in calls_now() if not one.decided} if told.exists() else ()
    for call in told.filter(call__in=undecided).values_list("call", flat=True):
        while (listed := ask_next(call, now)) is not None:
            if settings.HEADGATE_DEMO:
                let_invented_take(None, call_now(call), listed, now)


def ask_next(call_id: str, now: datetime) -> AwardList | None:
    """Ask whoever moves up, once all who were asked have answered or let their days pass.

    It is by rule: two persons signed the list with its order on standby. A turn in which nobody
    comes up is kept too. None where nobody is to be asked now.
    """
    if not _is_due(call_now(call_id), now):
        return None
    with SITE.writing():
        asked = _is_due(call_now(call_id), now)
        found = _board(asked, now) if asked is not None else None
        if asked is None or found is None:
            return None
        awards = {
            name: (one.pool, one.blocks)
            for name, one in sorted(found.moved_up.items())
            if one.outcome.value in AWARDED and name not in asked.everybody
        }
        turn = {"told": now.isoformat(), "left": sorted(asked.left), "awards": awards}
        asked.listed.turns.append(turn)
        asked.listed.save()
        Deed.objects.create(action="ask next", about=f"{call_id} {len(awards)}", at=now)
        return asked.listed


def _is_due(rules: CallNow, now: datetime) -> Asked | None:
    """How those who were asked have answered, where others are to be asked for it."""
    listed = AwardList.objects.filter(call=rules.id, told__isnull=False).first()
    if listed is None or rules.decided:
        return None
    asked = Asked(rules, listed, now)
    return asked if asked.makes_room and not asked.is_open else None


def _board(asked: Asked, now: datetime) -> Board | None:
    """The list as signed, with who moves up; None where it became another, to be signed anew."""
    read = read_whole(asked.rules.id, now)
    try:
        after = as_signed(replace(read.term, on_trial=True), asked.listed, now)
    except Refused:
        return None
    return board_of(after, asked.rules.id)


def as_signed(before: Term, listed: AwardList, now: datetime) -> Term:
    """The term once a call was decided on the list that was signed; refuses another list."""
    desk = Desk(ELSEWHERE, now, {listed.call: proposed(listed)})
    try:
        after = take(before, desk, decision_event(before, listed.call))
    except ProposalRefused:
        refuse(DeskRefusal.LIST_CHANGED, listed.call)
    if board_of(after, listed.call).digest != listed.digest:
        refuse(DeskRefusal.LIST_CHANGED, listed.call)
    return after
