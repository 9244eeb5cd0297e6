"""What is promised of driving an engine: whatever fails once, orders arrive and use is counted."""

from collections.abc import Iterable
from fractions import Fraction
from itertools import count, pairwise

import pytest

from headgate.core.enforcement.engine import EngineDown, Order, Plan, Quota, QuotaState
from headgate.core.enforcement.plan import Refusal, plan
from headgate.core.metering.usage import Usage
from headgate.engines.drive import Enforced, Receipt, collect, enforce
from headgate.engines.failures import Failure, FailurePoint
from headgate.engines.rehearsal import Job, Rehearsal

START, END = "2026-03-09T00:00:00Z", "2026-09-09T00:00:00Z"
FOREIGN = Quota("x", "h200", 1, 1, START, END, QuotaState.OPEN)


def quota(award: str, gpus: int = 8) -> Quota:
    """A quota of one term."""
    return Quota(award, "h200", gpus, 100_000, START, END, QuotaState.OPEN)


ORDERS = [Order("c", quota(award), "decision") for award in "abc"]
HELD = [FOREIGN, quota("a"), quota("b", 2), quota("old")]
WANTED = (quota("a"), quota("b"), quota("c"), FOREIGN)


def ours(held: Quota) -> bool:
    """All but the foreign quota."""
    return held != FOREIGN


def drive(*failures: Failure, tries: int = 3) -> tuple[Receipt, tuple[Quota, ...]]:
    """Enforce the orders on a cluster that fails as told; the receipt and what it holds then."""
    engine = Rehearsal("c", {"h200": 64}, [], failures, HELD)
    receipt = enforce(engine, ORDERS, ours, mass_removal=True, tries=tries)
    held = Rehearsal.observe(engine)
    return receipt, held


def test_orders_arrive_and_a_second_time_there_is_nothing_to_do() -> None:
    """The receipt names every change; enforcing again changes nothing."""
    engine = Rehearsal("c", {"h200": 64}, [], held=HELD)
    receipt = enforce(engine, ORDERS, ours, mass_removal=True)
    assert (Enforced.CONVERGED, 1) == (receipt.outcome, receipt.tries)
    assert ["b", "c", "old"] == [change.award for change in receipt.changes]
    assert WANTED == engine.observe()
    again = enforce(engine, ORDERS, ours)
    assert Receipt("c", Enforced.NOTHING_TO_DO, (), (), None, 1) == again


WRITES = [
    *(Failure(FailurePoint.OBSERVE, call) for call in (1, 2)),
    Failure(FailurePoint.APPLY),
    Failure(FailurePoint.APPLY_UNACKNOWLEDGED),
    *(Failure(FailurePoint.APPLY_PART, changes=count) for count in range(4)),
]


@pytest.mark.parametrize("failure", WRITES)
def test_any_single_failure_of_writing_is_overcome(failure: Failure) -> None:
    """Down before, in the middle of, or after a change: the second try ends with all held."""
    receipt, held = drive(failure)
    assert (Enforced.CONVERGED, 2) == (receipt.outcome, receipt.tries)
    assert (WANTED, ()) == (held, receipt.drift)


def test_half_applied_plan_stands_half_applied_until_the_next_try() -> None:
    """A failure in the middle is real: without a second try the cluster holds the first half."""
    receipt, held = drive(Failure(FailurePoint.APPLY_PART, changes=1), tries=1)
    assert Enforced.DOWN == receipt.outcome
    assert (quota("a"), quota("b"), quota("old"), FOREIGN) == held
    assert receipt.changes == receipt.drift


def test_engine_that_stays_down_keeps_the_orders_waiting() -> None:
    """After the last try the receipt says so; no error stops the other clusters' orders."""
    receipt, _ = drive(*(Failure(FailurePoint.OBSERVE, call) for call in (1, 2, 3)))
    told = FailurePoint.OBSERVE.value
    assert Receipt("c", Enforced.DOWN, (), (), None, 3, told) == receipt


@pytest.mark.parametrize(("calls", "tries"), [((1,), 1), ((2, 3), 2)])
def test_what_hangs_is_not_waited_for_again(
    monkeypatch: pytest.MonkeyPatch, calls: tuple[int, ...], tries: int
) -> None:
    """A look that was waited for in vain ends it, and the operator hears of it after one wait. One
    that was begun is looked at once more, for what stands.
    """
    clock = count(0, 30)
    monkeypatch.setattr("headgate.engines.drive.monotonic", lambda: next(clock))
    receipt, _ = drive(*(Failure(FailurePoint.OBSERVE, call) for call in calls), tries=5)
    assert (Enforced.DOWN, tries) == (receipt.outcome, receipt.tries)


def test_mass_removal_is_refused_with_its_reason() -> None:
    """An empty list of orders takes nothing away, and the receipt says why."""
    engine = Rehearsal("c", {"h200": 64}, [], held=HELD)
    receipt = enforce(engine, [], ours, removals_most=Fraction(1, 2))
    assert Enforced.REFUSED == receipt.outcome
    assert receipt.refused is not None
    assert [Refusal.MASS_REMOVAL] == [reason for reason, _ in receipt.refused.reasons]
    assert sorted(HELD, key=lambda held: held.award) == list(engine.observe())


class Busy(Rehearsal):
    """A cluster to which somebody else does something between the showing and the doing."""

    def observe(self) -> tuple[Quota, ...]:
        """What it holds, and one more of ours from now on."""
        return (*super().observe(), quota("stranger"))


@pytest.mark.parametrize("failure", [None, *WRITES])
def test_only_what_was_shown_is_applied(failure: Failure | None) -> None:
    """Through failures the shown plan is brought about; a cluster that has changed is refused."""
    seen = Rehearsal("c", {"h200": 64}, [], held=HELD)
    shown = plan("c", ORDERS, seen.observe(), ours, mass_removal=True)
    assert isinstance(shown, Plan)
    failures = [failure] if failure else []
    engine = Rehearsal("c", {"h200": 64}, [], failures, HELD)
    receipt = enforce(engine, ORDERS, ours, mass_removal=True, allowed=shown)
    assert (Enforced.CONVERGED, WANTED) == (receipt.outcome, Rehearsal.observe(engine))
    other = Busy("c", {"h200": 64}, [], held=HELD)
    refused = enforce(other, ORDERS, ours, mass_removal=True, allowed=shown)
    assert refused.refused is not None
    assert [Refusal.PLAN_OTHER] == [reason for reason, _ in refused.refused.reasons]
    assert sorted(HELD, key=lambda held: held.award) == list(Rehearsal.observe(other))


class Forgetful(Rehearsal):
    """A cluster that takes every plan and keeps none of it."""

    def apply(self, plan: Plan) -> None:
        """Say yes and do nothing."""

    def remarks(self, wanted: Iterable[Quota]) -> tuple[str, ...]:
        """Why each is not there."""
        return tuple(f"forgot {quota.award}" for quota in wanted)


def test_cluster_that_does_not_keep_its_word_is_called_drifting() -> None:
    """A change that was accepted and is not there afterwards is shown, not believed, with what the
    cluster says of it.
    """
    engine = Forgetful("c", {"h200": 64}, [])
    receipt = enforce(engine, ORDERS[:1], ours)
    assert (Enforced.DRIFTING, ("forgot a",)) == (receipt.outcome, receipt.told)
    assert ["a"] == [change.award for change in receipt.drift]


def test_every_outcome_of_an_enforcement_can_be_provoked() -> None:
    """Each way to end is real, and nothing ends in another way."""
    down = [Failure(FailurePoint.OBSERVE)]
    engines = [
        (Rehearsal("c", {}, [], held=HELD), ORDERS),
        (Rehearsal("c", {}, [], held=WANTED), ORDERS),
        (Rehearsal("c", {}, [], held=HELD), []),
        (Rehearsal("c", {}, [], down), ORDERS),
        (Forgetful("c", {}, []), ORDERS),
    ]
    removals = Fraction(1, 2)
    ended = {
        enforce(engine, orders, ours, removals_most=removals, tries=1).outcome
        for engine, orders in engines
    }
    assert set(Enforced) == ended


JOBS = [
    Job(f"j{hour:02}", "a", "h200", 1, f"2026-03-09T{hour:02}:00:00Z", 7000) for hour in range(9)
]
WINDOWS = [f"2026-03-09T{hour:02}:00:00Z" for hour in (0, 3, 6, 9, 12)]


def metered(*failures: Failure, tries: int = 3) -> tuple[list[tuple[Usage, ...]], dict[str, str]]:
    """Every window's rows, and the end that the last news of each job tells."""
    engine = Rehearsal("c", {"h200": 64}, JOBS, failures, [quota("a")])
    windows = [
        collect(engine, since, until, overlap_seconds=4 * 3600, tries=tries)
        for since, until in pairwise(WINDOWS)
    ]
    return windows, {row.job: row.ended or "" for rows in windows for row in rows}


@pytest.mark.parametrize(
    "failure",
    [
        Failure(point, call)
        for point in FailurePoint
        if point.name.startswith("USAGE")
        for call in (1, 2, 3)
    ],
)
def test_any_single_failure_of_metering_is_overcome(failure: Failure) -> None:
    """Twice, out of order, cut off or not at all: the overlap brings every end of every job."""
    windows, ends = metered(failure)
    whole, expected = metered()
    assert expected == ends
    failed = failure.point is not FailurePoint.USAGE
    assert failed == (whole != windows)


def test_every_failure_point_is_tried() -> None:
    """A way to fail that no test provokes would be a promise that nobody has kept."""
    tried = {failure.point for failure in WRITES}
    tried |= {point for point in FailurePoint if point.name.startswith("USAGE")}
    assert set(FailurePoint) == tried


def test_usage_that_never_comes_is_an_error_for_the_caller() -> None:
    """Metering cannot pretend that nothing was used."""
    with pytest.raises(EngineDown, match="usage"):
        metered(*(Failure(FailurePoint.USAGE, call) for call in (1, 2)), tries=2)
