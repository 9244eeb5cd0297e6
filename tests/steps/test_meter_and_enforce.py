"""Use goes into the ledger once, idle rights come back by the table, orders are held to account."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from headgate.core.metering.usage import Usage
from headgate.core.quantities import instant, instant_of, seconds_of
from headgate.steps.enforce import enforce, orders_of
from headgate.steps.meter import meter, reclaim
from headgate.steps.rights import give_back
from headgate.steps.term import LedgerRefused, Term
from tests.steps.builders import TERM_SECONDS, applicant, awarded, balances, opened, used

GRANT = 16 * TERM_SECONDS
"""Two nodes for the term: 254,361,600 GPU-seconds, and half of it by 1 June."""

JUNE = date(2026, 6, 1)
AGAINST = ('elapsed: "1/2"', 'elapsed: "1/2"\n    against: allocation')


def holding_two_nodes(*changes: tuple[str, str]) -> Term:
    """Award `a` holds two nodes of h200 on the northern or southern site."""
    return awarded(opened(*changes), [applicant("a", 2)], {"a": 9})


def one_job(seconds: int, **changes: Any) -> Usage:
    """All of the award's 16 GPUs for so many seconds from the term's first instant."""
    whole = used("j1", "a", 16, "2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z", instant(JUNE))
    start = seconds_of("2026-03-01T00:00:00Z")
    return replace(whole, ended=instant_of(start + seconds), **changes)


def reclaimed(seconds: int, *changes: tuple[str, str]) -> tuple[int, str | None]:
    """What is taken back on 1 June, and by which step, after a job of so many seconds."""
    term = reclaim(meter(holding_two_nodes(*changes), [one_job(seconds)], JUNE), "compute", JUNE)
    decision = next(d for d in term.decisions if d.step == "reclaim")
    result = decision.result
    assert isinstance(result, dict)
    taken = result["taken"]
    assert GRANT - taken.gpu_seconds == term.holdings["a"].amount
    return taken.gpu_seconds, taken.step


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        # 10 % of the 127,180,800 by an even pace is 12,718,080, or 794,880 s of 16 GPUs.
        (794_879, ((254_361_600 - 12_718_064) * 25 // 100, "idle")),
        (794_880, ((254_361_600 - 12_718_080) * 15 // 100, "low")),
        # 25 % is 31,795,200, or 1,987,200 s.
        (1_987_199, ((254_361_600 - 31_795_184) * 15 // 100, "low")),
        (1_987_200, (0, None)),
    ],
)
def test_reclaim_against_pace_by_hand(seconds: int, expected: tuple[int, str | None]) -> None:
    """Use is held against what an even pace had come to; the bound itself is not below it."""
    assert expected == reclaimed(seconds)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        # 10 % of the whole 254,361,600 is 25,436,160, or 1,589,760 s of 16 GPUs.
        (1_589_759, ((254_361_600 - 25_436_144) * 25 // 100, "idle")),
        (1_589_760, ((254_361_600 - 25_436_160) * 15 // 100, "low")),
        (3_974_400, (0, None)),
    ],
)
def test_reclaim_against_the_allocation_by_hand(
    seconds: int, expected: tuple[int, str | None]
) -> None:
    """Where the policy says so, use is held against the whole grant."""
    assert expected == reclaimed(seconds, AGAINST)


def test_what_is_taken_back_is_there_for_the_next_call() -> None:
    """Capacity and envelope receive exactly what the award gives back, both or neither."""
    term = meter(holding_two_nodes(), [one_job(794_880)], JUNE)
    before, after = balances(term), balances(reclaim(term, "compute", JUNE))
    taken = 36_246_528
    moved = {
        path: (after[path][0] - before[path][0], after[path][1] - before[path][1])
        for path in after
        if after[path] != before[path]
    }
    assert {
        "compute/award/a/h200": (taken, 0),
        "compute/capacity/h200": (0, taken),
        "compute/granted/business": (taken, 0),
        "compute/envelope/business": (0, taken),
    } == moved


@pytest.mark.parametrize(
    "changes",
    [{"cluster": "moon"}, {"gpus": 10_000}, {"seen": "2030-01-01T00:00:00Z"}, {"award": "b"}],
)
def test_a_row_that_the_meter_refused_saves_nobody_from_the_reclaim(
    changes: dict[str, Any],
) -> None:
    """Use that is not in the ledger is not use: a forged row does not keep an idle award whole."""
    term = meter(holding_two_nodes(), [one_job(7_000_000, **changes)], JUNE)
    term = reclaim(term, "compute", JUNE)
    assert GRANT - GRANT // 4 == term.holdings["a"].amount


def test_a_job_seen_running_and_then_ended_is_used_once() -> None:
    """Two looks at one job are one use, in the ledger and in the reclaim."""
    running = replace(one_job(0), ended=None, seen="2026-04-01T00:00:00Z")
    term = meter(holding_two_nodes(), [running], date(2026, 4, 1))
    ended = replace(running, ended="2026-05-01T00:00:00Z", seen=instant(JUNE))
    term = meter(meter(term, [ended], JUNE), [ended, running], JUNE, "again")
    seconds = 61 * 86_400
    assert (0, 16 * seconds) == posted(term, "compute/use/north/h200")
    decision = next(d for d in reclaim(term, "compute", JUNE).decisions if d.step == "reclaim")
    assert isinstance(decision.result, dict)
    assert 16 * seconds == decision.result["idle"].gpu_seconds_used


def posted(term: Term, path: str) -> tuple[int, int]:
    """Posted debits and credits of an account."""
    balance = term.books.balances.get(path)
    assert balance is not None
    return balance.debits_posted, balance.credits_posted


def test_more_than_an_award_has_cannot_be_taken_back() -> None:
    """A rule that asks for more than is left is refused by the ledger, and nothing moves."""
    term = holding_two_nodes()
    before = balances(term)
    with pytest.raises(LedgerRefused):
        give_back(term, term.holdings["a"], GRANT + 1, instant(JUNE), "test", "a")
    assert before == balances(term)


def test_orders_give_each_site_its_part_of_the_budget() -> None:
    """Nine nodes lie on sites of six and four: budgets go by blocks, and add up to the grant."""
    changes = ("h200: {offered: 48, cap_blocks: 4}", "h200: {offered: 80, cap_blocks: 9}")
    shares = (
        "national: 60, business: 20, academia: 20",
        "national: 50, business: 40, academia: 10",
    )
    term = awarded(
        opened(changes, shares, ("share: 60 %", "share: 100 %")), [applicant("a", 9)], {"a": 9}
    )
    orders = orders_of(term)
    found = [(o.cluster, o.quota.gpus_most, o.quota.gpu_seconds_budget) for o in orders]
    node = 8 * TERM_SECONDS
    assert [("north", 48, 6 * node), ("south", 24, 3 * node)] == found


@pytest.mark.parametrize("drift", ["missing", "more", "none"])
def test_an_order_stands_only_when_the_cluster_holds_exactly_it(drift: str) -> None:
    """What the cluster holds is read back: a quota that differs or is missing is on record."""
    term = holding_two_nodes()
    (order,) = orders_of(term)
    quota = replace(order.quota, gpus_most=17) if drift == "more" else order.quota
    held = [] if drift == "missing" else [(order.cluster, quota)]
    decision = enforce(term, held, date(2026, 3, 1)).decisions[-1]
    assert isinstance(decision.result, dict)
    assert (drift == "none") == decision.result["stands"]
    assert f"a@{order.cluster}" == decision.subject
