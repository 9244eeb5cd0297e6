"""After a round: freed blocks by formula, and a term that turns without losing a second."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from headgate.core.awards.solve import propose
from headgate.core.calls.application import Application, Organisation, Request
from headgate.core.evaluation.decide import Decision as Verdict
from headgate.core.evaluation.decide import Reason, RoundOutcome, TeamDecision
from headgate.core.quantities import DAY_SECONDS
from headgate.steps.awards import award, settle_call
from headgate.steps.calls import close_call, judge, open_call, screen_call
from headgate.steps.enforce import orders_of
from headgate.steps.evaluate import teams_of
from headgate.steps.meter import meter
from headgate.steps.problem import problem_of
from headgate.steps.reallocate import reallocate, turn
from headgate.steps.rights import give_back
from headgate.steps.term import Term
from tests.steps.builders import TERM_SECONDS, balances, marks, opened, passed, used

NEXT_SECONDS = 181 * DAY_SECONDS
"""From 1 September 2026 to 1 March 2027."""


def applying(name: str, call: str, months: int) -> Application:
    """An alliance for two nodes of b200, or a university for four times 100 hours of h200."""
    alliance = call == "alliance"
    kind = "firm" if alliance else "university"
    organisation = Organisation(f"org-{name}", kind, "small", "KR-11", None, {"youth_led": False})
    request = Request("b200", 2, 2) if alliance else Request("h200", 4, 4)
    at = "2026-02-15T00:00:00Z" if call == "hours" else "2026-01-15T00:00:00Z"
    return Application(name, call, at, organisation, (), (request,), months, {})


def running(term: Term, call: str, applications: Sequence[Application]) -> Term:
    """The term after a call, everybody marked alike and nobody declining."""
    term = close_call(open_call(term, call), call, applications)
    term, screened = screen_call(term, call, passed(term, call, applications))
    points = {a.id: 8 for a in applications}
    given = [replace(m, criterion="goal") for m in marks(points) if m.criterion == "effect"]
    term, field = judge(term, screened, given if call == "alliance" else ())
    term, plan = settle_call(term, field, propose(problem_of(term, field)))
    return award(term, field, plan, [()])


def four_alliances(months: int = 12) -> Term:
    """Alliances a to d hold two nodes each; what is known of their round is empty."""
    term = running(opened(), "alliance", [applying(n, "alliance", months) for n in "abcd"])
    for kind in ("evidence", "findings"):
        term = term.receive(f"{kind}/stage", "stage", (), "2026-09-01T00:00:00Z")
    return term


def outcome(verdicts: Mapping[str, Verdict], places_left: int = 0) -> RoundOutcome:
    """A round's decisions by team."""
    reason = Reason.PLACES_SUFFICE
    decisions = tuple(TeamDecision(team, verdict, reason) for team, verdict in verdicts.items())
    return RoundOutcome(decisions, places_left, None)


def told(term: Term) -> dict[str, Any]:
    """The reallocation's movements as receiver and blocks, and everybody's blocks to come."""
    result = term.decisions[-1].result
    assert isinstance(result, dict)
    moved = [(m.award or m.destination.value, m.blocks) for m in result["movements"]]
    return {"moved": moved, "next": result["blocks_next"]}


CLOSES = date(2026, 9, 1)
CASES = [
    # Four freed: parts 2, 1, 1 of 4 with no open place are 2 to survivors and 2 to the pool.
    (
        0,
        {"a": Verdict.ADVANCE, "b": Verdict.CUT, "c": Verdict.TIE, "d": Verdict.STOP},
        [("a", 1), ("c", 1), ("pool", 2)],
        {"b": 0, "d": 0, "a": 3, "c": 3},
    ),
    # Six freed, one place open: 3 to the survivor; 1.5 and 1.5 are 2 and 1, as the rule lists them.
    (
        1,
        {"a": Verdict.ADVANCE, "b": Verdict.CUT, "c": Verdict.DISQUALIFIED, "d": Verdict.STOP},
        [("a", 3), ("wildcard", 2), ("pool", 1)],
        {"b": 0, "c": 0, "d": 0, "a": 5},
    ),
    # Nobody goes on: the survivors' part falls to the pool.
    (
        2,
        dict.fromkeys("abcd", Verdict.CUT),
        [("wildcard", 2), ("pool", 6)],
        {"a": 0, "b": 0, "c": 0, "d": 0},
    ),
    # Nobody leaves: nothing moves.
    (0, dict.fromkeys("abcd", Verdict.ADVANCE), [], {}),
]


@pytest.mark.parametrize(("places", "verdicts", "moved", "blocks"), CASES)
def test_freed_blocks_by_hand(
    places: int, verdicts: dict[str, Verdict], moved: list[tuple[str, int]], blocks: dict[str, int]
) -> None:
    """Survivors, wildcard and pool receive what the policy's parts come to."""
    term = reallocate(four_alliances(), "stage", outcome(verdicts, places), CLOSES)
    found = told(term)
    assert sorted(moved) == sorted(found["moved"])
    assert blocks == found["next"] == dict(term.next_blocks)
    assert sum(n for _, n in moved) == 2 * sum(n == 0 for n in blocks.values())


def test_leavers_are_listed_by_name() -> None:
    """The order of names in a decision never depends on the machine that made it."""
    verdicts = dict.fromkeys("dbca", Verdict.CUT)
    term = reallocate(four_alliances(), "stage", outcome(verdicts), CLOSES)
    assert ["a", "b", "c", "d"] == list(told(term)["next"])


def test_who_ends_with_the_term_is_given_nothing_of_what_is_freed() -> None:
    """A survivor that asked for six months does not hold the next term: others divide its part."""
    mixed = [applying(n, "alliance", 6 if n in "ab" else 12) for n in "abcd"]
    term = running(opened(), "alliance", mixed)
    for kind in ("evidence", "findings"):
        term = term.receive(f"{kind}/stage", "stage", (), "2026-09-01T00:00:00Z")
    verdicts = {"a": Verdict.ADVANCE, "b": Verdict.CUT, "c": Verdict.ADVANCE, "d": Verdict.CUT}
    term = reallocate(term, "stage", outcome(verdicts), CLOSES)
    assert {"b": 0, "d": 0, "c": 4} == told(term)["next"]
    assert {"c": 4} == {h.award: h.blocks for h in turn(term).holdings.values()}


def test_the_next_term_opens_with_what_was_decided() -> None:
    """Leavers are out, survivors hold more, and each is granted the new term's seconds."""
    term = four_alliances()
    assert ("a", "b", "c", "d") == teams_of(term, "stage")
    verdicts = {"a": Verdict.ADVANCE, "b": Verdict.CUT, "c": Verdict.ADVANCE, "d": Verdict.CUT}
    term = turn(reallocate(term, "stage", outcome(verdicts), CLOSES))
    node = 8 * NEXT_SECONDS
    assert (1, {"a": 3, "c": 3}) == (
        term.index,
        {h.award: h.blocks for h in term.holdings.values()},
    )
    assert {3 * node} == {h.amount for h in term.holdings.values()}
    assert {3 * node} == {term.available(f"compute/award/{name}/b200") for name in "ac"}
    assert [0, 0] == [term.available(f"compute/award/{name}/b200") for name in "bd"]
    assert 4 * node == term.available("compute/capacity/b200")
    assert (18 - 12) * node == term.available("compute/envelope/national")
    assert {24} == {order.quota.gpus_most for order in orders_of(term)}
    assert {"2026-09-01T00:00:00Z"} == {order.quota.starts for order in orders_of(term)}


def test_everything_of_the_old_term_lapses() -> None:
    """What was granted is used or lapses; what was not granted goes back whence it came."""
    term = four_alliances(months=6)
    row = used("j", "a", 16, "2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z", "2026-04-01T00:00:00Z")
    term = meter(term, [replace(row, support_class="b200")], term.ends)
    books = balances(turn(term))
    spent, granted = 16 * 31 * DAY_SECONDS, 16 * TERM_SECONDS
    assert (0, spent) == books["compute/use/north/b200"]
    assert (0, 4 * granted - spent) == books["compute/lapsed/b200"]
    for name in "abcd":
        assert (granted, granted) == books[f"compute/award/{name}/b200"]
    node, following = 8 * TERM_SECONDS, 8 * NEXT_SECONDS
    assert (10 * node + 10 * following, 2 * node) == books["compute/arrival/b200"]
    assert (30 * node + 30 * following, (30 - 16) * node) == books["compute/supply"]


def test_what_an_award_gives_back_counts_in_its_envelope_by_its_rate() -> None:
    """A b200 counts twice in the envelope that is kept by rates: given back, it returns twice."""
    term = four_alliances()
    holding, second = term.holdings["a"], "2026-06-01T00:00:00Z"
    after = give_back(term, holding, 1000, second, "reclaim.compute.idle", "a")
    names = ("compute/capacity/b200", "compute/envelope/national", "compute/granted/national")
    moved = [after.available(name) - term.available(name) for name in names]
    assert [1000, 2000, -2000] == moved


def test_hours_stay_with_their_award_over_the_terms_end() -> None:
    """Hours that may be spent at any pace do not lapse while their award lasts."""
    hours = [applying(name, "hours", 6) for name in "xy"]
    term = running(opened(), "hours", hours)
    held = 4 * 100 * 3600
    row = used("j", "x", 1, "2026-05-10T00:00:00Z", "2026-05-10T10:00:00Z", "2026-06-01T00:00:00Z")
    term = turn(meter(term, [row], term.ends))
    assert {"x": held - 36_000, "y": held} == {h.award: h.amount for h in term.holdings.values()}
    budgets = {o.quota.award: o.quota.gpu_seconds_budget for o in orders_of(term)}
    assert {"x": held - 36_000, "y": held} == budgets
    assert "compute/lapsed/h200" not in balances(term)


def test_hours_whose_award_has_ended_lapse() -> None:
    """Four months from 10 May end on 10 September; three months end before the term does."""
    term = running(opened(), "hours", [applying("x", "hours", 4), applying("y", "hours", 3)])
    term = turn(term)
    assert ["x"] == list(term.holdings)
    assert (0, 4 * 100 * 3600) == balances(term)["compute/lapsed/h200"]


def test_an_award_of_two_terms_ends_with_its_months() -> None:
    """Eight months from 1 March are granted until 1 November in the second term."""
    term = turn(four_alliances(months=8))
    assert {16 * 61 * DAY_SECONDS} == {holding.amount for holding in term.holdings.values()}
    assert {"2026-11-01T00:00:00Z"} == {order.quota.ends for order in orders_of(term)}
