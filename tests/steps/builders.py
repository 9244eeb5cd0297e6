"""The small programme's term, taken step by step with facts that stand in the tests."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path

from headgate.core.awards.plan import Plan
from headgate.core.awards.solve import propose
from headgate.core.calls.application import (
    Application,
    GateFinding,
    Mark,
    Organisation,
    Request,
)
from headgate.core.metering.usage import Usage
from headgate.core.policy.document import Document
from headgate.core.quantities import DAY_SECONDS
from headgate.steps.adopt import adopt, open_term
from headgate.steps.agenda import first_day
from headgate.steps.awards import award, settle_call
from headgate.steps.called import call_of
from headgate.steps.calls import Field, close_call, judge, open_call, screen_call
from headgate.steps.problem import problem_of
from headgate.steps.term import Term

SMALL = Path(__file__).parents[1] / "programmes" / "small"
TERM_SECONDS = 184 * DAY_SECONDS
"""From 1 March to 1 September 2026."""


@cache
def _texts() -> Mapping[str, str]:
    paths = sorted(path for path in SMALL.rglob("*") if path.suffix in (".md", ".yaml"))
    named = {path.relative_to(SMALL).as_posix(): path.read_text("utf-8") for path in paths}
    return {name: text for name, text in named.items() if not name.startswith("data/")}


def document(*changes: tuple[str, str]) -> Document:
    """The small programme with some of its words changed."""
    text = _texts()["programme.yaml"]
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return Document.read({**_texts(), "programme.yaml": text})


def opened(*changes: tuple[str, str]) -> Term:
    """A term whose policy has been adopted and whose supply has been divided."""
    policy, day = document(*changes), date(2026, 1, 5)
    return open_term(adopt(policy, day, first_day(policy), "policy owner"), day)


def applicant(
    name: str, blocks: int, *, kind: str = "firm", months: int = 6, youth: bool = False
) -> Application:
    """Who asks the open call for so many nodes of h200, all or nothing, in time."""
    organisation = Organisation(f"org-{name}", kind, "small", "KR-11", None, {"youth_led": youth})
    requests = (Request("h200", blocks, blocks),)
    at = "2026-01-20T00:00:00Z"
    return Application(name, "open", at, organisation, (), requests, months, {})


def marks(points: Mapping[str, int]) -> list[Mark]:
    """One reviewer's marks of 0 to 10 on both questions: ten times as many points of 100."""
    return [
        Mark(name, criterion, "r1", mark)
        for name, mark in points.items()
        for criterion in ("effect", "means")
    ]


def passed(term: Term, call: str, applications: Sequence[Application]) -> tuple[GateFinding, ...]:
    """Every gate of a call, passed by everybody."""
    gates = call_of(term, call).gates
    return tuple(GateFinding(a.id, g.id, True, "", (), False) for a in applications for g in gates)


def fielded(
    term: Term, applications: Sequence[Application], points: Mapping[str, int], call: str = "open"
) -> tuple[Term, Field]:
    """The term with a call closed, screened and scored; everybody passes its gates."""
    term = close_call(open_call(term, call), call, applications)
    term, screened = screen_call(term, call, passed(term, call, applications))
    return judge(term, screened, marks(points))


def settle(term: Term, field: Field) -> tuple[Term, Plan]:
    """Settle what the solver proposes."""
    return settle_call(term, field, propose(problem_of(term, field)))


def awarded(term: Term, applications: Sequence[Application], points: Mapping[str, int]) -> Term:
    """The term with the open call's awards granted, nobody declining."""
    term, field = fielded(term, applications, points)
    term, plan = settle(term, field)
    return award(term, field, plan, [()])


def used(job: str, award_id: str, gpus: int, started: str, ended: str | None, seen: str) -> Usage:
    """One attempt on the northern cluster's h200."""
    return Usage("north", job, 0, award_id, "h200", gpus, started, ended, seen)


def balances(term: Term) -> dict[str, tuple[int, int]]:
    """Debits and credits of every account, reservations counted."""
    return {
        path: (b.debits_posted + b.debits_pending, b.credits_posted + b.credits_pending)
        for path, b in term.books.balances.items()
    }
