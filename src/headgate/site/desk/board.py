"""The award board: the decision as it would be taken now, and as it would be under a what-if.

It is the same `cycle.take` on the same desk, and its term is thrown away: there is no second rule.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property, partial
from itertools import takewhile
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from headgate.core import canonical
from headgate.core.awards.reasons import Reason
from headgate.core.ledger.entry import encode
from headgate.core.policy.document import Document
from headgate.core.quantities import instant
from headgate.core.supports.kind import Accounts
from headgate.cycle import take
from headgate.report.summary_calls import Why
from headgate.site.apart import apart
from headgate.site.apart.folded import Folded
from headgate.site.desk.agreement import moved_up
from headgate.site.desk.office import CallNow, call_now
from headgate.site.desk.remembered import Derived, Read, read_whole, remembered
from headgate.site.portal.outcomes import AWARDED, fallen
from headgate.site.records.kept import read_texts
from headgate.steps.adopt import amounts_of, seats
from headgate.steps.called import call_of, decided_on
from headgate.steps.event import Event, What
from headgate.steps.term import Term, single

TOGETHER: Final = 50
"""Reasons that are made of bytes together: as many as a page of the list shows."""


class Place(NamedTuple):
    """What would become of one application, and why.

    `outcome` is the word for what would become of it, `score` in milli-points, 0 without one,
    `blocks` what it would be awarded and `pool` the class of that, or of its first wish. `standby`
    is the place in the order in which those who wait move up, 0 for who does not wait. Those who
    have the same to be told have the same number `said`.
    """

    application: str
    outcome: str
    score: int
    blocks: int
    pool: str
    standby: int
    said: int
    some: Folded[tuple[Why, ...]]

    @property
    def why(self) -> Why:
        """What is told of it: whatever decides, and not its rank, which no sentence says."""
        return self.some.value[self.said % TOGETHER]

    @property
    def is_awarded(self) -> bool:
        """Whether it is on the list."""
        return self.outcome in AWARDED


@dataclass(frozen=True)
class Board:
    """What would be decided of a call: the list, and its own line in the journal.

    `digest` is SHA-256 of the journal entry that the list would become; it covers the policy, what
    came in, every finding and every mark, and is what two persons sign. `columns` have the plain
    values of every application that came in, as a `Place` begins with; `sayings` what is told of
    them, some together, and `whys` all that decided about each. `moved_up` has who answered an
    award, or moved up. A worker takes the list of a child over at the cost of a page, however
    long it is, and makes of it what it shows.
    """

    plan: Mapping[str, Any]
    proposal: str
    digest: str
    columns: tuple[tuple[Any, ...], ...]
    sayings: tuple[Folded[tuple[Why, ...]], ...]
    whys: Folded[tuple[Why, ...]]
    moved_up: Mapping[str, Reason]

    @property
    def received(self) -> int:
        """How many applications came in."""
        return len(self.columns[0])

    @property
    def winners(self) -> list[str]:
        """Who would be awarded."""
        return [award.application for award in self.plan["awards"]]

    @property
    def standby(self) -> list[str]:
        """Who would wait."""
        return _waiting(self.plan)

    @cached_property
    def places(self) -> list[Place]:
        """Every application that came in: who is awarded first, then by score."""
        return list(self._each())

    @cached_property
    def awarded(self) -> list[Place]:
        """Those of them who are awarded, for whoever looks at no other."""
        return list(takewhile(lambda one: one.is_awarded, self._each()))

    @cached_property
    def outcomes(self) -> list[str]:
        """Each outcome that there is, in that order."""
        return list(dict.fromkeys(self.columns[1]))

    def _each(self) -> Iterator[Place]:
        some = (self.sayings[said // TOGETHER] for said in self.columns[-1])
        return map(Place, *self.columns, some)


def wanted(
    overlays: Mapping[str, str] = MappingProxyType({}),
) -> Derived:
    """How `remembered` is asked for a board; `overlays` are texts laid over the policy, by name.

    It raises Faulty for an overlay or facts that cannot be used, ValueError where the list itself
    is refused.
    """
    return {("board", *sorted(overlays.items())): partial(_solved, overlays=dict(overlays))}


def shown() -> Derived:
    """What a look at a list sees: the board, and who signed it."""
    return {**wanted(), "signed": signed_now}


def signed_now(read: Read) -> dict[str, Any]:
    """The digest of the list that is being signed, and who signed it."""
    signed = read.desk.signed_by(read.rules.id)
    one = signed[0].award_list if signed else None
    return {
        "listed": one.digest if one else "",
        "told": one is not None and one.told is not None,
        "moved_up": len(moved_up(one)) if one is not None else 0,
        "signed": signed,
    }


def preview(
    call_id: str,
    now: datetime,
    overlays: Mapping[str, str] = MappingProxyType({}),
    rules: CallNow | None = None,
) -> Board:
    """The board of a call now, solved again only when something has moved since it was.

    `rules` is the call, if it was read. Raises `Refused` before the call has closed and once it is
    decided, and as `wanted` says.
    """
    (found,) = remembered(rules or call_now(call_id), now, wanted(overlays))
    board: Board = found
    return board


def look(call_id: str, now: datetime) -> Board:
    """The same solved now, inside a transaction that has written nothing yet."""
    return apart(_looked, call_id, now)


def _looked(call_id: str, now: datetime) -> Board:
    return _solved(read_whole(call_id, now))


def _solved(read: Read, overlays: Mapping[str, str] = MappingProxyType({})) -> Board:
    before = replace(read.term, on_trial=True)
    if overlays:
        texts = {**before.document.texts, **{f"overlays/{n}": t for n, t in overlays.items()}}
        before = _under(before, read_texts(tuple(sorted(texts.items()))), read.rules.id)
    return board_of(take(before, read.desk, decision_event(before, read.rules.id)), read.rules.id)


def _under(before: Term, document: Document, call_id: str) -> Term:
    """The term under another policy, its envelopes divided as that one says.

    What has been granted from an envelope stays; raises LedgerRefused where less is left in it than
    the other policy takes away.
    """
    support = before.policy(before.starts).calls[call_id].support
    was, after = _envelopes(before, support), replace(before, document=document)
    now, accounts = _envelopes(after, support), Accounts(support)
    measure = after.policy(after.starts).supports[support].measure
    moves = []
    for holder in sorted(was.keys() | now.keys()):
        more = now.get(holder, 0) - was.get(holder, 0)
        ends = (accounts.supply, accounts.envelope(holder))
        debit, credit = ends if more > 0 else ends[::-1]
        if more:
            name, why = f"what-if:{support}:{holder}", f"envelopes.{support}"
            moves.append(single(name, debit, credit, abs(more), measure, instant(before.day), why))
    return after.move(moves)


def _envelopes(term: Term, support: str) -> Mapping[str, int]:
    """What each class of holders has in a term by its policy."""
    policy = term.policy(term.starts)
    if support not in policy.envelopes:
        return {}
    division, kind = policy.envelopes[support], policy.supports[support]
    blocks = seats(division, kind, term.starts, term.ends)
    return amounts_of(division, kind, blocks, term.starts, term.ends)


def decision_event(term: Term, call_id: str) -> Event:
    """The event by which a call is decided."""
    return Event(decided_on(term, call_of(term, call_id)), What.DECIDE_CALL, call_id)


def board_of(after: Term, call_id: str) -> Board:
    """The board of a term in which a call was just decided."""
    about = "award-list", f"calls.{call_id}"
    listed = [one for one in after.decisions if (one.step, one.rule) == about]
    (entry,) = after.told(listed)
    plan: Any = listed[0].result
    proposal = after.facts[f"proposal/{call_id}"].data.decode()
    told: dict[str, dict[str, Any]] = {}
    for one in after.decisions:
        told.setdefault(one.step, {})[one.subject] = one.result
    rows = _placed(told, _waiting(plan))
    whys = tuple(why for _values, why in rows)
    said, sayings = _said(whys)
    columns = zip(*(values for values, _why in rows), strict=True) if rows else [()] * 6
    return Board(
        plan,
        proposal,
        canonical.digest(encode(entry)),
        (*columns, said),
        tuple(Folded(sayings[n : n + TOGETHER]) for n in range(0, len(sayings), TOGETHER)),
        Folded(whys),
        {name: one["reason"] for name, one in told.get("acceptance", {}).items()},
    )


def _said(whys: Sequence[Why]) -> tuple[tuple[int, ...], tuple[Why, ...]]:
    """The number of what is told of each, and all that is told, in that order."""
    numbers: dict[Hashable, int] = {}
    said: list[int] = []
    sayings: list[Why] = []
    for why in whys:
        number = numbers.setdefault(_key(why), len(numbers))
        if number == len(sayings):
            sayings.append(_saying(why))
        said.append(number)
    return tuple(said), tuple(sayings)


def _key(why: Why) -> Hashable:
    """The same for all of whom the same is told: a sentence says no rank."""
    if why.reason or why.findings:
        return why.reason or why.findings
    place = why.place
    fell = (place.standing, place.stage, place.milli_points_needed) if place else None
    return why.milli_points, fell


def _saying(why: Why) -> Why:
    """No more than what is told: the reason, or what speaks against it, or how far it came."""
    if why.reason or why.findings:
        return Why(() if why.reason else why.findings, reason=why.reason)
    place = replace(why.place, application="", rank=0) if why.place else None
    return Why(milli_points=why.milli_points, place=place)


def _waiting(plan: Mapping[str, Any]) -> list[str]:
    """Who would wait, in the order in which they move up."""
    return list(dict.fromkeys(name for line in plan["standby"] for name in line.applications))


def _placed(
    told: Mapping[str, Mapping[str, Any]], standby: Sequence[str]
) -> list[tuple[tuple[Any, ...], Why]]:
    """The plain values of each application, and why; who is awarded first, then by score."""
    reasons, scores = told.get("award", {}), told.get("score", {})
    waiting = {name: place for place, name in enumerate(standby, 1)}
    unseen = {"score": None, "place": None}
    found = []
    for name, screened in told.get("screening", {}).items():
        reason = reasons[name]["reason"] if name in reasons else None
        given = scores.get(name, unseen)
        score, place = given["score"].milli_points if given["score"] else None, given["place"]
        why = Why(screened["findings"], score, place, reason)
        if reason is not None:
            values = reason.outcome.value, score or 0, reason.blocks, reason.pool
        else:
            fell = fallen(bool(why.findings), place.standing if place else None)
            values = fell, score or 0, 0, ""
        found.append(((name, *values, waiting.get(name, 0)), why))
    return sorted(found, key=lambda row: (row[0][1] not in AWARDED, -row[0][2], row[0][0]))
