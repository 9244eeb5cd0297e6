"""The cycle of a national AI programme, on one page. READ THIS FIRST.

    policy -> call -> award -> enforce -> meter -> evaluate -> reallocate -> (next term) ...

A programme is one policy file; a world is where facts come from: applicants, reviewers, clusters,
evaluators, or the recorded facts of a bundle. `run` takes a policy through whole terms of a world
and returns the last: its journal, its books, its decisions with their reasons. Nothing else
decides anything: the rehearsal runs `run` on a simulated world, an auditor runs it on the recorded
one and compares the bytes, and a portal calls the same steps months apart.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Final, Protocol

from headgate.core.awards.plan import Plan, Proposal
from headgate.core.awards.problem import Problem
from headgate.core.calls.application import Application, GateFinding, Mark
from headgate.core.duties.amendment import Amendment
from headgate.core.duties.payments import Payment
from headgate.core.enforcement.engine import Order, Quota
from headgate.core.enforcement.receipt import ReadBack
from headgate.core.evaluation.conduct import Conduct
from headgate.core.evaluation.evidence import Evidence
from headgate.core.evaluation.freeze import Frozen, Signed
from headgate.core.evaluation.hearings import Hearing
from headgate.core.faults import Faulty
from headgate.core.ledger.correct import Correction
from headgate.core.metering.usage import Usage
from headgate.core.policy.document import Document
from headgate.core.quantities import instant
from headgate.steps.adopt import adopt, open_term
from headgate.steps.agenda import agenda, calendar, first_day
from headgate.steps.amend import amend, with_hand_overs
from headgate.steps.awards import award, settle_call
from headgate.steps.calls import close_call, judge, open_call, screen_call
from headgate.steps.correct import correct
from headgate.steps.enforce import enforce, orders_of, read_back
from headgate.steps.evaluate import Given, evaluate, freeze, frozen_now, round_of, teams_of
from headgate.steps.event import Event, What, fault, lot_name, refusal
from headgate.steps.fees import pay
from headgate.steps.hear import awaits_lot, draw_lot, hear
from headgate.steps.meter import meter, reclaim
from headgate.steps.notes import Note
from headgate.steps.problem import problem_of
from headgate.steps.reallocate import reallocate, turn
from headgate.steps.restore import restore
from headgate.steps.term import Term


class World(Protocol):
    """Where facts come from. Every answer is received into the journal before it is used."""

    def applications(self, call: str) -> Sequence[Application]:
        """What came in for a call."""

    def marks(self, call: str, eligible: Sequence[Application]) -> Sequence[Mark]:
        """What the call's reviewers said."""

    def gate_findings(self, call: str, applications: Sequence[str]) -> Sequence[GateFinding]:
        """What was found on the gates of a call."""

    def proposal(self, call: str, problem: Problem) -> Proposal:
        """An award list for the rules to settle; who proposes it does not matter."""

    def declined(self, call: str, plan: Plan) -> Sequence[Collection[str]]:
        """Who of a list did not accept in time: in the first turn of the winners, in each other of
        those who moved up in the one before it; and whoever gave a place on standby up.
        """

    def enforce(self, orders: Sequence[Order], day: date) -> Sequence[tuple[str, Quota]]:
        """Give orders to the clusters; what each holds afterwards, as read back."""

    def usage(self, since: date, until: date, part: str) -> Sequence[Usage]:
        """What the meters saw, or one part of it that was imported under a name."""

    def receipts(self, name: str) -> Sequence[ReadBack]:
        """What agents applied and read back between two orders, as received under a name."""

    def corrections(self, name: str) -> Sequence[Correction]:
        """What was found to have been moved wrongly, as corrected under a name."""

    def amendments(self, name: str) -> Sequence[Amendment]:
        """What was asked of awards that run, and how it was answered, under a name."""

    def payments(self, name: str) -> Sequence[Payment]:
        """What was paid of fees, under a name."""

    def round_findings(self, round_id: str, teams: Sequence[str]) -> Sequence[GateFinding]:
        """What was found on the gates of a round."""

    def signatures(self, frozen: Frozen, teams: Sequence[str]) -> Sequence[Signed]:
        """How the teams of a round signed its method."""

    def conduct(self, round_id: str, teams: Sequence[str]) -> Conduct:
        """How a round was conducted."""

    def secrets(self, round_id: str, teams: Sequence[str]) -> Mapping[str, str]:
        """The secrets that teams show when a round comes down to a lot."""

    def hearing(self, name: str) -> Hearing:
        """What was heard of a round after it was decided, under a name."""

    def notes(self) -> Sequence[Note]:
        """What in this world stands in for something else."""

    def evidence(self, round_id: str, teams: Sequence[str]) -> Evidence:
        """What was measured and judged of the teams of a round."""


NOTES: Final = "notes/world"
"""The name of the facts in which a world says what in it stands in for something else."""

Progress = Callable[[str], None]


def run(
    document: Document, world: World, progress: Progress = lambda _: None, terms: int = 1
) -> Term:
    """Take a policy through so many whole terms, and open the next."""
    return replay(document, calendar(document, terms), world, progress)


def replay(
    document: Document, events: Iterable[Event], world: World, progress: Progress = lambda _: None
) -> Term:
    """Take a policy through the events that were, in their order."""
    progress("policy")
    term = begin(document)
    for event in events:
        progress(str(event))
        term = take(term, world, event)
    return term


def begin(document: Document) -> Term:
    """A term in which nothing has happened yet but its beginning."""
    # 1. Policy: adopted the day before anything is due, its supply counted, its envelopes divided.
    day = agenda(document)[0].day - timedelta(days=1)
    return open_term(adopt(document, day, first_day(document), "policy owner"), day)


def take(term: Term, world: World, event: Event) -> Term:
    """The term after one event: the only place where anything happens to a programme.

    Raises Faulty for an event that cannot be taken now, or whose facts cannot be used.
    """
    due = _due(term) if event.at_will else date.max
    latest = _latest(term, at_will=event.at_will)
    if refused := refusal(event, latest, term.facts, due):
        raise Faulty([fault(event, refused, _nearest(event.day, latest, due))])
    after = restore(_step(term, world, event), event.day)
    turned = event.what is What.TURN
    done = 0 if turned else term.done + (not event.at_will)
    ended = (*term.ended, term) if turned else term.ended
    return replace(after, taken=(*term.taken, event), day=event.day, done=done, ended=ended)


def may_be_done(term: Term, today: date) -> date:
    """The day on which something can be done at will: today, or the nearest to it that may be.

    What is overdue is not overtaken, and no day comes before one that has passed in the journal.
    """
    return _nearest(today, _latest(term, at_will=True), _due(term))


def _nearest(day: date, latest: date, due: date) -> date:
    """The day nearest to another that neither comes before the latest nor overtakes what is due."""
    return max(latest, min(day, due))


def _due(term: Term) -> date:
    """The day of the event that the term's calendar holds next."""
    return next((event.day for event in agenda(term.document, term.index)[term.done :]), date.max)


def _latest(term: Term, *, at_will: bool) -> date:
    """The day before which an event comes too late: the last event's; at will, the books' too."""
    days = [term.day]
    if at_will and term.books.at:
        days.append(date.fromisoformat(term.books.at[:10]))
    return max(days)


def _step(term: Term, world: World, event: Event) -> Term:
    match event.what:
        # 2. Call: opened, closed, screened, scored, narrowed to the field.
        case What.OPEN_CALL:
            return open_call(term, event.about)
        case What.CLOSE_CALL:
            return close_call(term, event.about, world.applications(event.about))
        # 3. Award: whole blocks under envelopes, a reason for everyone.
        case What.DECIDE_CALL:
            return _decide(term, world, event.about)
        # 4. Enforce: orders to the clusters, and what they hold afterwards.
        case What.ENFORCE if event.about:
            return read_back(term, world.receipts(event.about), event.about, event.day)
        case What.ENFORCE:
            return enforce(term, world.enforce(orders_of(term), event.day), event.day)
        # 5. Meter: use into the ledger, exactly once; idle rights are taken back by rule.
        case What.METER:
            records = world.usage(event.since, event.day, event.about)
            return meter(term, records, event.day, event.about)
        case What.RECLAIM:
            return reclaim(term, event.about, event.day)
        case What.CORRECT | What.AMEND | What.PAY:
            return _at_will(term, world, event)
        # 6. Evaluate, and 7. reallocate what those who left held.
        case What.FREEZE_ROUND | What.CLOSE_ROUND | What.DRAW_LOT | What.HEAR:
            return _round(term, world, event)
        # The term's unspent rights lapse, and the next term opens with what was decided.
        case What.TURN:
            if NOTES not in term.facts:  # What a world stands in for is told once, not every term.
                term = term.receive(NOTES, "world", world.notes(), instant(term.ends))
            term = turn(term)
            return enforce(term, world.enforce(orders_of(term), term.starts), term.starts)


def _at_will(term: Term, world: World, event: Event) -> Term:
    """What was moved wrongly, what was asked of awards, what was paid: put on record by a name."""
    name, day = event.about, event.day
    if event.what is What.CORRECT:
        return correct(term, world.corrections(name), name, day)
    if event.what is What.AMEND:
        return amend(term, world.amendments(name), name, day)
    return pay(term, world.payments(name), name, day)


def _decide(term: Term, world: World, call: str) -> Term:
    applied = [
        a.id for a in term.facts[f"applications/{call}"].values if isinstance(a, Application)
    ]
    term, screened = screen_call(term, call, world.gate_findings(call, applied))
    term, field = judge(term, screened, world.marks(call, screened.eligible))
    term, plan = settle_call(term, field, world.proposal(call, problem_of(term, field)))
    return award(term, field, plan, world.declined(call, plan))


def _round(term: Term, world: World, event: Event) -> Term:
    name, day = event.about, event.day
    match event.what:
        # The method as the policy has it, signed by every team before there is any evidence.
        case What.FREEZE_ROUND:
            signed = world.signatures(frozen_now(term, name), teams_of(term, name))
            return freeze(term, name, signed, day)
        # A lot comes from the journal's root once the tie is in it; where nobody waits, that stands
        # in the journal too.
        case What.DRAW_LOT:
            if not awaits_lot(term, name):
                return term.receive(lot_name(name), name, [], instant(day))
            return draw_lot(term, name, world.secrets(name, term.closed[name].teams), day)
        # An upheld objection, further items or a wildcard: it is decided again.
        case What.HEAR:
            return hear(term, name, world.hearing(name), day)
        case _:
            return _close(term, world, name, day)


def _close(term: Term, world: World, name: str, day: date) -> Term:
    teams = teams_of(term, name)
    findings = tuple(world.round_findings(name, teams))
    conduct = world.conduct(name, teams) if round_of(term, name).conducted else None
    conduct = with_hand_overs(term, teams, conduct) if conduct is not None else Conduct()
    given = Given(world.evidence(name, teams), findings, conduct=conduct)
    term, outcome = evaluate(term, name, given)
    return reallocate(term, name, outcome, day)
