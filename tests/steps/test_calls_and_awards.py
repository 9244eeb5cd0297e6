"""From applications to grants: lots, envelopes, declines and fees, by hand."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from headgate.core.awards.solve import propose
from headgate.core.calls.application import Application
from headgate.core.calls.lots import lot
from headgate.core.decision import Decision
from headgate.steps.awards import ProposalRefused, award, grant_all, settle_call
from headgate.steps.calls import close_call, open_call, screen_call
from headgate.steps.problem import problem_of
from headgate.steps.term import LedgerRefused, Term
from tests.steps.builders import (
    TERM_SECONDS,
    applicant,
    awarded,
    balances,
    fielded,
    opened,
    passed,
    settle,
)

NODE = 8 * TERM_SECONDS
"""GPU-seconds of a node held for the small programme's first term."""


def results(term: Term, step: str) -> dict[str, Any]:
    """The results of a step by subject; a subject that stands twice is a mistake."""
    found: list[Decision] = [d for d in term.decisions if d.step == step]
    assert len({d.subject for d in found}) == len(found)
    return {d.subject: d.result for d in found}


def lots(applications: list[Application]) -> dict[str, str]:
    """Every lot of a call with these applications."""
    term = close_call(open_call(opened(), "open"), "open", applications)
    received = term.facts["applications/open"].digest
    term, screened = screen_call(term, "open", ())
    assert {name: lot(received, name) for name in screened.lots} == screened.lots
    return dict(screened.lots)


def test_lots_cannot_be_known_before_the_call_has_closed() -> None:
    """One word in anybody's application changes everybody's lot: none is known before the last."""
    first, second = applicant("a", 1), applicant("b", 1)
    before = lots([first, second])
    after = lots([first, applicant("b", 2)])
    assert before["a"] != after["a"]
    assert before == lots([first, second])


def test_what_the_journal_enters_after_the_closing_changes_no_lot() -> None:
    """A list that two have signed keeps its ties, whatever is decided before it is."""
    term = close_call(open_call(opened(), "open"), "open", [applicant("a", 1), applicant("b", 1)])
    other = replace(applicant("c", 1, kind="university"), call="hours")
    later = close_call(open_call(term, "hours"), "hours", [other])
    assert later.root() != term.root()
    assert screen_call(later, "open", ())[1].lots == screen_call(term, "open", ())[1].lots


def test_everyone_has_one_screening_decision_and_the_first_of_an_id_stands() -> None:
    """A second application under somebody's id neither replaces the first nor goes unmentioned."""
    first = applicant("a", 2)
    late = replace(first, at="2026-01-21T00:00:00Z", requests=applicant("a", 4).requests)
    term, field = fielded(opened(), [late, first, applicant("b", 1)], {"a": 9, "b": 9})
    screened = results(term, "screening")
    assert ["a", "b"] == list(screened)
    assert [((), 1), ((), 0)] == [(s["findings"], s["duplicates"]) for s in screened.values()]
    assert (first, applicant("b", 1)) == field.applications


def test_of_two_calls_with_one_id_the_call_that_closed_first_keeps_it() -> None:
    """An id names one application: the earlier call's stands, the later call's is refused."""
    other = applicant("a", 1, kind="university")
    term = close_call(open_call(opened(), "open"), "open", [applicant("a", 1)])
    term = close_call(open_call(term, "hours"), "hours", [replace(other, call="hours")])
    term, screened = screen_call(term, "open", passed(term, "open", [other]))
    assert {"a": "business"} == screened.holders
    term, screened = screen_call(term, "hours", passed(term, "hours", [other]))
    assert {} == screened.holders


def test_an_envelope_is_not_exceeded_and_everyone_is_told_why() -> None:
    """Six nodes are offered; the best fill them, the next reads the rules and the cut-off."""
    field = [applicant(name, 2) for name in "abcd"]
    term = awarded(opened(), field, {"a": 10, "b": 9, "c": 8, "d": 7})
    assert {"a": 2, "b": 2, "c": 2} == {h.award: h.blocks for h in term.holdings.values()}
    reasons = results(term, "award")
    assert ["a", "b", "c", "d"] == sorted(reasons)
    assert ("business", "h200") == reasons["d"]["reason"].rules
    assert 80_000 == reasons["d"]["reason"].cutoff
    books = balances(term)
    assert (6 * NODE, 6 * NODE) == books["compute/envelope/business"]
    assert (0, 6 * NODE) == books["compute/granted/business"]
    assert (6 * NODE, 10 * NODE) == books["compute/capacity/h200"]


def test_an_exhausted_envelope_refuses_a_grant_and_nothing_moves() -> None:
    """Envelope and capacity move together: where one is spent, the other is left alone."""
    term = awarded(opened(), [applicant("a", 3), applicant("b", 3)], {"a": 9, "b": 9})
    before, root = balances(term), term.root()
    more = replace(term.holdings["a"], award="c", amount=NODE)
    with pytest.raises(LedgerRefused, match=r"envelope:c:0: .*exceed"):
        grant_all(term, [more], date(2026, 3, 1))
    assert (before, root) == (balances(term), term.root())


def test_a_list_that_breaks_a_rule_decides_nothing() -> None:
    """A proposal of blocks nobody asked for is refused, all faults by name; nothing is decided."""
    term, field = fielded(opened(), [applicant("a", 3), applicant("b", 3)], {"a": 9, "b": 9})
    proposal = propose(problem_of(term, field))
    forged = replace(proposal, blocks=tuple((a, pool, n + 1) for a, pool, n in proposal.blocks))
    root = term.root()
    with pytest.raises(ProposalRefused) as refused:
        settle_call(term, field, forged)
    assert 2 == str(refused.value).count("[blocks-not-asked]")
    assert root == term.root()


def test_who_declines_makes_room_for_the_next_on_standby() -> None:
    """The first in line moves up, both are told, and only who stays is granted anything."""
    field_of = [applicant(name, 3) for name in "abc"]
    term, field = fielded(opened(), field_of, {"a": 10, "b": 9, "c": 8})
    term, plan = settle(term, field)
    assert ["a", "b"] == [one.application for one in plan.awards]
    term = award(term, field, plan, [{"a"}])
    assert {"b": 3, "c": 3} == {h.award: h.blocks for h in term.holdings.values()}
    told = {n: r["reason"].outcome.value for n, r in results(term, "acceptance").items()}
    assert {"a": "declined", "c": "awarded"} == told
    assert (6 * NODE, 6 * NODE) == balances(term)["compute/envelope/business"]


def test_who_moved_up_may_decline_too_and_each_is_told_once_in_the_end() -> None:
    """Each turn is a set of facts of its own; an award of nobody is never granted or billed."""
    field_of = [applicant(name, 3) for name in "abcd"]
    term, field = fielded(opened(), field_of, {"a": 10, "b": 9, "c": 8, "d": 7})
    term, plan = settle(term, field)
    term = award(term, field, plan, [{"a"}, {"c"}])
    assert {"b": 3, "d": 3} == {h.award: h.blocks for h in term.holdings.values()}
    told = {n: r["reason"].outcome.value for n, r in results(term, "acceptance").items()}
    assert {"a": "declined", "c": "declined", "d": "awarded"} == told
    turns = ["declined/open", "declined/open/2"]
    assert [("a",), ("c",)] == [term.facts[name].values for name in turns]
    rests_on = {one.facts[-2:] for one in term.decisions if one.step == "acceptance"}
    assert {tuple(turns)} == rests_on, "whoever checks it is led to both"


def test_what_was_told_in_a_turn_stands_whoever_declines_later() -> None:
    """Of a's three blocks c is offered two and e the one that is left; when c declines too, e keeps
    it. Were both taken out at once, d, who needs three, would have e's.
    """
    asked = {"a": 3, "b": 3, "c": 2, "d": 3, "e": 1}
    points = {"a": 10, "b": 10, "c": 9, "d": 8, "e": 7}
    term, field = fielded(opened(), [applicant(*one) for one in asked.items()], points)
    term, plan = settle(term, field)
    assert {"a", "b"} == {one.application for one in plan.awards}
    turned = award(term, field, plan, [{"a"}, {"c"}])
    assert {"b": 3, "e": 1} == {h.award: h.blocks for h in turned.holdings.values()}
    at_once = award(term, field, plan, [{"a", "c"}])
    assert {"b": 3, "d": 3} == {h.award: h.blocks for h in at_once.holdings.values()}


def test_fees_by_hand() -> None:
    """A node at 3,000 won a GPU-hour for 184 days is 105,984,000 won: 10 %, half of it, or none."""
    field = [
        applicant("base", 2),
        applicant("youth", 1, youth=True),
        applicant("school", 1, kind="university"),
    ]
    term = awarded(opened(), field, dict.fromkeys(("base", "youth", "school"), 9))
    fees = {name: (f["rule"], f["amount"]) for name, f in results(term, "fee").items()}
    assert {
        "base": ("base", 21_196_800),
        "youth": ("youth", 5_299_200),
        "school": ("free", 0),
    } == fees
    books = balances(term)
    assert (0, 26_496_000) == books["income/compute"]
    assert (21_196_800, 0) == books["due/base"]
    assert "due/school" not in books


def test_a_fee_of_a_class_without_a_price_is_unknown_and_not_nought() -> None:
    """Where the policy states no price, the decision says that there is none to take a share of."""
    term = awarded(opened((", price_per_gpu_hour: 3000", "")), [applicant("a", 1)], {"a": 9})
    assert results(term, "fee")["a"]["amount"] is None
    assert not [path for path in balances(term) if path.startswith("income/")]


@pytest.mark.parametrize(("months", "days"), [(1, 31), (6, 184), (12, 184)])
def test_an_award_is_granted_for_its_months_within_the_term(months: int, days: int) -> None:
    """Who asks for a month is granted a month; a year's award is granted term by term."""
    term = awarded(opened(), [applicant("a", 1, months=months)], {"a": 9})
    holding = term.holdings["a"]
    assert 8 * 86_400 * days == holding.amount
    assert date(2026, 3 + months, 1) == holding.ends if months < 10 else date(2027, 3, 1)
    assert holding.blocks == sum(part.blocks for part in holding.parts)
