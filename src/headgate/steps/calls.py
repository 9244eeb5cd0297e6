"""Step 2: a call is opened; what came in is screened, scored and narrowed to the field."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

from headgate.core.calls.application import Application, GateFinding, Mark
from headgate.core.calls.field import Place, Standing, narrow
from headgate.core.calls.lots import lot
from headgate.core.calls.scoring import Score, score
from headgate.core.calls.screening import Alone, Screening, each, eligible, screen_all, subject_of
from headgate.core.calls.window import window
from headgate.core.decision import Decision
from headgate.core.ledger.entry import Entry, Kind
from headgate.core.policy.dated import at
from headgate.core.policy.document import Document
from headgate.core.policy.schema import Call
from headgate.core.quantities import instant
from headgate.core.quick import quick
from headgate.steps.called import applications_of, applied_of, call_of, decided_on
from headgate.steps.term import Received, Term


@dataclass(frozen=True, slots=True)
class Screened:
    """A call after screening: what came in, each one's lot, the eligible by holder class.

    `tags` are what each counts as where awards are made.
    """

    call: str
    applications: Mapping[str, Application]
    lots: Mapping[str, str]
    holders: Mapping[str, str]
    tags: Mapping[str, frozenset[str]]

    @property
    def eligible(self) -> tuple[Application, ...]:
        """The applications that go to the reviewers, by id."""
        return tuple(self.applications[name] for name in sorted(self.holders))


@dataclass(frozen=True, slots=True)
class Field:
    """A call's field after scoring: who may be awarded, with score (milli-points), lot and tags."""

    call: str
    applications: tuple[Application, ...]
    holders: Mapping[str, str]
    scores: Mapping[str, int]
    lots: Mapping[str, str]
    tags: Mapping[str, frozenset[str]]


def open_call(term: Term, call_id: str) -> Term:
    """Enter that a call is open, under which policy and until when."""
    call = call_of(term, call_id)
    opened, closed = _window(term, call_id)
    fields = (term.document.digest, call.support, closed)
    return term.enter([Entry(Kind.CALL_OPENED, opened, call_id, fields)])


def _window(term: Term, call_id: str) -> tuple[str, str]:
    """The instants from which a call is open and from which it is closed again."""
    call = call_of(term, call_id)
    return window(call, term.policy(call.decides).programme.timezone)


def close_call(term: Term, call_id: str, applications: Sequence[Application]) -> Term:
    """Receive what came in."""
    _, closed = _window(term, call_id)
    return term.receive(f"applications/{call_id}", call_id, applications, closed)


def screen_call(term: Term, call_id: str, findings: Sequence[GateFinding]) -> tuple[Term, Screened]:
    """Say of every application whether it may be judged at all, and by which rule not.

    Lots are drawn by the digest of what was received: what the journal enters between a list that
    two persons have signed and its decision, such as another call's, changes none of them.
    """
    call, came = call_of(term, call_id), term.facts[f"applications/{call_id}"]
    when = instant(decided_on(term, call))
    term = term.receive(f"gates/{call_id}", call_id, findings, when)
    alone = _alone(term.document, call.decides, call_id, came)
    screenings = screen_all(call, alone.each, findings, _taken(term, call_id))
    first = {s.application: s for s in reversed(screenings)}
    results = {subject: _screening(first[n], alone) for n, subject in alone.subjects.items()}
    term = term.decide(_decisions(term, call_id, "screening", ("eligibility", "gates"), results))
    told = alone.stand, alone.lots, eligible(screenings), alone.tags
    return term, Screened(call_id, *told)


@dataclass(frozen=True, slots=True)
class _Alone:
    """Every application of a call by itself: those that stand by id, how many bear it, its lot.

    `subjects` are what decisions call each id, in order.
    """

    each: tuple[Alone, ...]
    stand: Mapping[str, Application]
    copies: Mapping[str, int]
    lots: Mapping[str, str]
    subjects: Mapping[str, str]
    tags: Mapping[str, frozenset[str]]


@lru_cache(maxsize=2)
def _alone(document: Document, decides: date, call_id: str, received: Received) -> _Alone:
    """What the policy says of each application that was received, which nothing done later changes.

    Most of what it takes to solve a list goes into this, and under review a list is solved again
    after every sheet: two are kept, a call as it is and as it would be under a what-if.
    """
    came = applications_of(received)
    alone = each(at(document, decides).policy, call_id, came)
    first = {one.application.id: one for one in reversed(alone)}
    return _Alone(
        alone,
        applied_of(came),
        Counter(one.id for one in came),
        {name: lot(received.digest, name) for name in first},
        {name: subject_of(name) for name in sorted(first)},
        {name: one.tags for name, one in first.items()},
    )


def _taken(term: Term, call_id: str) -> frozenset[str]:
    """The ids of applications to calls that closed before this one."""
    names = [name for name in term.facts if name.startswith("applications/")]
    earlier = names[: names.index(f"applications/{call_id}")]
    values = (value for name in earlier for value in term.facts[name].values)
    return frozenset(value.id for value in values if isinstance(value, Application))


def judge(term: Term, screened: Screened, marks: Sequence[Mark]) -> tuple[Term, Field]:
    """Score the eligible from the reviewers' marks, and narrow them to the field."""
    call, name = call_of(term, screened.call), screened.call
    term = term.receive(f"marks/{name}", name, marks, instant(decided_on(term, call)))
    scored = score(call, marks, screened.holders.keys())
    scores = {s.application: s.milli_points for s in scored.scores}
    seen = frozenset(s.application for s in scored.scores if s.reviewers or not call.criteria)
    places, field = field_of(call, screened, scores, seen)
    ranks = {place.application: place for place in places}
    results = {s.application: _score(s, ranks[s.application]) for s in scored.scores}
    panel = {name: {"harshness": scored.harshness, "sheets_refused": scored.refused}}
    sections = ("criteria", "pass_mark", "panel", "stages")
    term = term.decide(_decisions(term, name, "panel", sections, panel))
    term = term.decide(_decisions(term, name, "score", sections, results))
    return term, field


def field_of(
    call: Call, screened: Screened, scores: Mapping[str, int], seen: frozenset[str]
) -> tuple[tuple[Place, ...], Field]:
    """Everybody's place by their scores (milli-points), and those who are left in the field."""
    places = narrow(call, screened.eligible, scores, seen, screened.lots)
    left = {place.application for place in places if place.standing is Standing.IN_FIELD}
    field = tuple(a for a in screened.eligible if a.id in left)
    told = screened.holders, scores, screened.lots, screened.tags
    return places, Field(screened.call, field, *told)


def _decisions(
    term: Term, call_id: str, step: str, sections: Sequence[str], results: Mapping[str, object]
) -> list[Decision]:
    rule, when = f"calls.{call_id}", instant(decided_on(term, call_of(term, call_id)))
    resolved = term.resolved(call_of(term, call_id).decides)
    assumed = resolved.assumed([f"{rule}.{section}" for section in sections])
    kinds = ("applications", "gates", "marks")
    names = tuple(n for kind in kinds if (n := f"{kind}/{call_id}") in term.facts)
    digest = term.document.digest
    return [
        _decision(step, rule, subject, when, digest, names, assumed, result)
        for subject, result in results.items()
    ]


_decision: Final = quick(Decision)


def _screening(screening: Screening, alone: _Alone) -> Mapping[str, object]:
    """What is said of the application that stands, and how many with its id were refused."""
    name = screening.application
    return {
        "holder": screening.holder or "",
        "findings": screening.findings,
        "lot": alone.lots[name],
        "duplicates": alone.copies[name] - 1,
    }


def _score(given: Score, place: Place) -> Mapping[str, object]:
    return {"score": given, "place": place}
