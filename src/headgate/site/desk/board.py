"""The award board: the decision as it would be taken now, and as it would be under a what-if.

It is the same `cycle.take` on the same desk, and its term is thrown away: there is no second rule.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property, partial
from types import MappingProxyType
from typing import Any

from headgate.core import canonical
from headgate.core.decision import Decision
from headgate.core.ledger.entry import encode
from headgate.core.policy.document import Document
from headgate.core.quantities import instant
from headgate.core.supports.kind import Accounts
from headgate.cycle import take
from headgate.report.summary_calls import Why
from headgate.site.apart import apart
from headgate.site.desk.office import CallNow, call_now
from headgate.site.desk.remembered import Read, read_whole, remembered
from headgate.site.portal.lists import Kept
from headgate.site.portal.outcomes import AWARDED, fallen
from headgate.site.records.kept import read_texts
from headgate.steps.adopt import amounts_of, seats
from headgate.steps.called import call_of, decided_on
from headgate.steps.event import Event, What
from headgate.steps.term import Term, single


@dataclass(frozen=True, slots=True)
class Place:
    """What would become of one application, and why.

    `standby` is the place in the order in which those who wait move up, 0 for who does not wait.
    """

    application: str
    why: Why
    standby: int

    @property
    def outcome(self) -> str:
        """The word for what would become of it."""
        if self.why.reason:
            return self.why.reason.outcome.value
        place = self.why.place
        return fallen(bool(self.why.findings), place.standing if place else None)

    @property
    def score(self) -> int:
        """Its score in milli-points, 0 without one."""
        return self.why.milli_points or 0

    @property
    def is_awarded(self) -> bool:
        """Whether it is on the list."""
        return self.outcome in AWARDED

    @property
    def blocks(self) -> int:
        """What it would be awarded."""
        return self.why.reason.blocks if self.why.reason else 0

    @property
    def pool(self) -> str:
        """The class of its award, or of its first wish."""
        return self.why.reason.pool if self.why.reason else ""


@dataclass(frozen=True)
class Board:
    """What would be decided of a call: every decision, and the list's own line in the journal.

    `digest` is SHA-256 of the journal entry that the list would become; it covers the policy, what
    came in, every finding and every mark, and is what two persons sign.
    """

    decisions: tuple[Decision, ...]
    proposal: str
    digest: str

    def results(self, step: str) -> Mapping[str, Any]:
        """What was decided in a step, by whom it is about."""
        return {one.subject: one.result for one in self.decisions if one.step == step}

    @cached_property
    def plan(self) -> Mapping[str, Any]:
        """The list: awards, value, bound and gaps."""
        (found,) = self.results("award-list").values()
        plan: Mapping[str, Any] = found
        return plan

    @cached_property
    def received(self) -> int:
        """How many applications came in."""
        return sum(one.step == "screening" for one in self.decisions)

    @property
    def winners(self) -> list[str]:
        """Who would be awarded."""
        return [award.application for award in self.plan["awards"]]

    @cached_property
    def standby(self) -> list[str]:
        """Who would wait."""
        waiting = (name for line in self.plan["standby"] for name in line.applications)
        return list(dict.fromkeys(waiting))

    @cached_property
    def places(self) -> list[Place]:
        """Every application that came in: who is awarded first, then by score."""
        return self._places(self.results("screening"))

    @cached_property
    def awarded(self) -> list[Place]:
        """Those of them who are awarded, for whoever looks at no other."""
        screened, made = self.results("screening"), self.results("award").items()
        won = (name for name, told in made if told["reason"].outcome.value in AWARDED)
        return self._places({name: screened[name] for name in won})

    @cached_property
    def outcomes(self) -> list[str]:
        """Each outcome that there is, in that order."""
        return list(dict.fromkeys(one.outcome for one in self.places))

    def _places(self, screened: Mapping[str, Any]) -> list[Place]:
        reasons, scores = self.results("award"), self.results("score")
        waiting = {name: place for place, name in enumerate(self.standby, 1)}
        found = []
        for name, told in screened.items():
            reason = reasons[name]["reason"] if name in reasons else None
            given = scores.get(name, {"score": None, "place": None})
            points = given["score"].milli_points if given["score"] else None
            why = Why(told["findings"], points, given["place"], reason)
            found.append(Place(name, why, waiting.get(name, 0)))
        return sorted(found, key=lambda one: (not one.is_awarded, -one.score, one.application))

    @cached_property
    def listed(self) -> Kept[Place]:
        """The same as a list that is looked through."""
        return Kept(self.places)


def wanted(
    overlays: Mapping[str, str] = MappingProxyType({}),
) -> dict[Hashable, Callable[[Read], Board]]:
    """How `remembered` is asked for a board; `overlays` are texts laid over the policy, by name.

    It raises Faulty for an overlay or facts that cannot be used, ValueError where the list itself
    is refused.
    """
    return {("board", *sorted(overlays.items())): partial(_solved, overlays=dict(overlays))}


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
    proposal = after.facts[f"proposal/{call_id}"].data.decode()
    return Board(after.decisions, proposal, canonical.digest(encode(entry)))
