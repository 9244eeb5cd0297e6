"""The remedy of a tie, run where people are: further items, and a lot that nobody could choose.

What a round's rule does by itself (all stay, named tie-breakers) is done as it closes. Here is what
needs somebody: whoever brings fresh items, the teams that show their secrets, and who draws.
"""

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from headgate.core.evaluation.decide import Reason, WildcardVote
from headgate.core.evaluation.evidence import ItemScore
from headgate.core.evaluation.hearings import Ground, Hearing
from headgate.core.policy.schema import PillarKind
from headgate.cycle import World, may_be_done, take
from headgate.readers.evidence_csv import read_items
from headgate.readers.facts import Recorded
from headgate.site.actions.hear_round import need_apart_from, of_own_team
from headgate.site.actions.take import change
from headgate.site.desk.models import Deed
from headgate.site.desk.office import SITE, doing, need
from headgate.site.desk.rating import RoundNow, round_now
from headgate.site.desk.refusals import DeskRefusal, refuse
from headgate.site.desk.remedying import lot_now, waiting
from headgate.site.desk.round_models import RoundSecret
from headgate.site.portal.models import Person
from headgate.site.portal.roles import Role
from headgate.steps.event import Event, What, hearing_name, lot_name
from headgate.steps.hear import awaits_lot
from headgate.steps.term import Term

MEGABYTES_MOST: Final = 16
"""The largest file of items that is taken here; a larger one is heard from a folder."""
RUNS = (Role.AGENCY_OFFICER, Role.OPERATOR)
"""Who runs a remedy."""


def bring_items(person: Person, round_id: str, files: Mapping[str, bytes], now: datetime) -> Term:
    """Decide a round again on further items, by pillar as CSV; raises `Refused`, and Faulty with
    everything that keeps the round from being heard on them.
    """

    def hearing(round_: RoundNow) -> Hearing:
        tied = waiting(round_, Reason.TIED_AWAITS_MORE_ITEMS)
        if not tied:
            refuse(DeskRefusal.NOTHING_WAITS, round_id)
        need_apart_from(person, *(one.team for one in tied))
        known = {p.id for p in round_.section.pillars if p.kind is PillarKind.ITEMS}
        given = {name: data for name, data in files.items() if name in known and data}
        if not given:
            refuse(DeskRefusal.FILE_MISSING, round_id)
        items = {name: _read(name, data) for name, data in sorted(given.items())}
        return Hearing(round_id, Ground.FURTHER_ITEMS, items=items)

    return _heard(person, round_id, "bring further items", hearing, now)


def _read(pillar: str, data: bytes) -> tuple[ItemScore, ...]:
    return read_items(data, f"{pillar}.csv", bytes_most=MEGABYTES_MOST * 1024**2)


def fill_places(
    person: Person, round_id: str, votes: tuple[WildcardVote, ...], now: datetime
) -> Term:
    """Fill places that stayed empty by a panel's votes on a wildcard call; raises as above."""
    return _heard(
        person,
        round_id,
        "fill places",
        lambda _: Hearing(round_id, Ground.WILDCARD, votes=votes),
        now,
    )


def _heard(
    person: Person,
    round_id: str,
    deed: str,
    hearing: Callable[[RoundNow], Hearing],
    now: datetime,
) -> Term:
    """Have a round decided again in one transaction, under the next free number."""

    def action(before: Term | None) -> Term:
        need(person, *RUNS)
        round_ = round_now(round_id)
        heard = len(round_.need_running().heard)
        if before is None:
            refuse(DeskRefusal.NO_PROGRAMME)
        told = hearing(round_)
        name = f"{told.ground.value}-{round_id}"[:60] + f"-{heard + 1}"
        Deed.objects.create(person=person, action=deed, about=round_id[:200], at=now)
        day = may_be_done(before, round_.day(now))
        if told.ground is Ground.WILDCARD and day < round_.day(now):
            refuse(DeskRefusal.OVERDUE_FIRST, day)  # The call's own days are counted to that day.
        event = Event(day, What.HEAR, name)
        return take(before, Recorded({hearing_name(name): [told]}), event)

    return change(SITE, action)


def show_secret(person: Person, round_id: str, team: str, secret: str, now: datetime) -> None:
    """Show the secret of one's team for a lot, once the tie is signed; raises `Refused`.

    Before that, whoever keeps the journal could choose what is entered next by it.
    """
    with doing(person, "show secret", f"{round_id} {team}", now):
        round_ = of_own_team(person, round_id, team)
        lot = lot_now(round_)
        if lot is None:
            refuse(DeskRefusal.NOTHING_WAITS, round_id)
        if not lot.root:
            refuse(DeskRefusal.LOT_UNSIGNED, round_id)
        if lot.committed.get(team) != hashlib.sha256(secret.encode()).hexdigest():
            refuse(DeskRefusal.SECRET_WRONG, team)
        fields = {"secret": secret, "person": person, "at": now}
        RoundSecret.objects.get_or_create(round=round_id, team=team, defaults=fields)


def lot_told(person: Person, before: Term, round_id: str, rest: World, now: datetime) -> World:
    """The world that answers a draw at the portal: with the secrets that were shown there.

    Nothing is asked of it where no team waits. Raises `Refused` while the newest checkpoint does
    not speak of the whole journal, or a tied team may still show its secret.
    """
    lot = lot_now(round_ := round_now(round_id)) if awaits_lot(before, round_id) else None
    if lot is None:
        return rest
    need_apart_from(person, *lot.teams)
    if not lot.root or not lot.current:
        refuse(DeskRefusal.LOT_UNSIGNED, round_id)
    if (missing := lot.missing()) and round_.day(now) <= lot.last:
        refuse(DeskRefusal.LOT_WAITS, ", ".join(missing))
    drawn = Hearing(round_id, Ground.LOT, secrets=dict(sorted(lot.shown.items())))
    return Recorded({lot_name(round_id): [drawn]})
