"""The award board: the decision as it would be taken now, and as it would be under a what-if.

It is the same `cycle.take` on the same desk, and its term is thrown away: there is no second rule.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from headgate.core import canonical
from headgate.core.decision import Decision
from headgate.core.ledger.entry import Kind, encode
from headgate.core.policy.document import Document
from headgate.cycle import take
from headgate.readers.facts import Recorded
from headgate.site.actions.take import kept_term
from headgate.site.desk.office import SITE, call_now
from headgate.site.desk.refusals import DeskRefusal, refuse
from headgate.site.desk.world import Desk
from headgate.steps.event import Event, What
from headgate.steps.term import Term

ELSEWHERE = Recorded({})
"""A world without engines and evaluators: to decide a call nothing is asked of them."""


@dataclass(frozen=True, slots=True)
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

    @property
    def plan(self) -> Mapping[str, Any]:
        """The list: awards, value, bound and gaps."""
        (found,) = self.results("award-list").values()
        plan: Mapping[str, Any] = found
        return plan

    @property
    def winners(self) -> list[str]:
        """Who would be awarded."""
        return [award.application for award in self.plan["awards"]]

    @property
    def standby(self) -> list[str]:
        """Who would wait."""
        waiting = (name for line in self.plan["standby"] for name in line.applications)
        return list(dict.fromkeys(waiting))


def preview(call_id: str, now: datetime, overlays: Mapping[str, str] | None = None) -> Board:
    """The board of a call now; `overlays` are texts laid over the policy, by file name.

    Raises `Refused` before the call has closed and once it is decided, Faulty for an overlay or
    facts that cannot be used, ValueError where the list itself is refused.
    """
    call_now(call_id).need_under_review()
    with SITE.reading():
        return look(call_id, now, overlays)


def look(call_id: str, now: datetime, overlays: Mapping[str, str] | None = None) -> Board:
    """The same inside a transaction."""
    before = kept_term(SITE)
    if before is None:
        refuse(DeskRefusal.NO_PROGRAMME)
    if overlays:
        texts = {**before.document.texts, **{f"overlays/{n}": t for n, t in overlays.items()}}
        before = replace(before, document=Document.read(texts))
    return board_of(take(before, Desk(ELSEWHERE, now), decision_event(before, call_id)), call_id)


def decision_event(term: Term, call_id: str) -> Event:
    """The event by which a call is decided."""
    decides = term.policy(term.starts).calls[call_id].decides
    return Event(decides, What.DECIDE_CALL, call_id)


def board_of(after: Term, call_id: str) -> Board:
    """The board of a term in which a call was just decided."""
    (entry,) = (
        one
        for one in after.entries
        if one.kind is Kind.DECISION_MADE and one.fields[:2] == ("award-list", f"calls.{call_id}")
    )
    proposal = after.facts[f"proposal/{call_id}"].data.decode()
    return Board(after.decisions, proposal, canonical.digest(encode(entry)))
