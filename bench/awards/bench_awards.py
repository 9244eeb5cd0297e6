"""The award list at the size that is planned for: 2,000 candidates and ten pools."""

from collections.abc import Callable
from time import perf_counter
from typing import Any, TypeVar

from bench.awards.generator import open_call, ten_pools
from headgate.core.awards import Plan, Problem, propose, propose_fast, settle

Result = TypeVar("Result")


def run() -> list[dict[str, Any]]:
    """Time both paths and the settling, and what their lists are worth."""
    propose_fast(open_call(0))  # The solver's library loads once, outside the clock.
    return [*_measures("ten-pools", ten_pools(2000, 0)), *_measures("open-call", open_call(1))]


def _measures(scenario: str, problem: Problem) -> list[dict[str, Any]]:
    fast, seconds_fast = _timed(lambda: propose_fast(problem))
    exact, seconds_exact = _timed(lambda: propose(problem))
    plan, seconds_settle = _timed(lambda: settle(problem, exact))
    gap = float(plan.gap_reached) if isinstance(plan, Plan) else 1.0
    measures = [
        ("propose", seconds_exact, "s"),
        ("gap", gap, "1"),
        ("propose_fast", seconds_fast, "s"),
        ("fast_over_exact", fast.value / exact.value, "1"),
        ("settle", seconds_settle, "s"),
        ("settle_over_propose", seconds_settle / seconds_exact, "1"),
    ]
    return [
        {"scenario": scenario, "measure": measure, "value": value, "unit": unit}
        for measure, value, unit in measures
    ]


def _timed(work: Callable[[], Result]) -> tuple[Result, float]:
    start = perf_counter()
    result = work()
    return result, perf_counter() - start
