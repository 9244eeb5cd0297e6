"""Every row of sacct becomes an attempt, a row that is nobody's use, or a named fault."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from headgate.core.enforcement.engine import EngineDown
from headgate.core.faults import Fault
from headgate.engines.slurm.reconcile import Cause, reconcile, total
from headgate.engines.slurm.sacct import STATES, Attempt, Code, Owner, Passed, command, read
from headgate.engines.slurm.spool import OVERLAP_SECONDS, WIDE_SECONDS, opened
from headgate.engines.slurm.usage import look, streamed

NOW = 1_795_780_800
OWNER = Owner("award-1", "h200", "gpu:h200")
CHIPS = "billing=4000,cpu=1,gres/gpu:h200=4,gres/gpu=4,node=1"


def row(**changed: str) -> str:
    """A row of a job that ran for a minute on four chips, but for what is changed."""
    values = {
        "index": "7",
        "job": "3",
        "submit": str(NOW - 110),
        "start": str(NOW - 100),
        "end": str(NOW - 40),
        "suspended": "00:00:00",
        "state": "COMPLETED",
        "account": "ours",
        "tres": CHIPS,
        "energy": "",
    }
    return "|".join({**values, **changed}.values()) + "\n"


def owner_of(account: str) -> Owner | Passed | None:
    """One account is an award's."""
    known: dict[str, Owner | Passed] = {"ours": OWNER, "ours_standby": Passed.LENT}
    return known.get(account)


BAD = {
    Code.CUT: "7|3|1795\n",
    Code.NUMBER_BAD: row(index="7'; --"),
    Code.STARTED_LATER: row(start=str(NOW + 61), end="Unknown"),
    Code.ENDED_LATER: row(end=str(NOW + 61)),
    Code.ENDED_BEFORE_STARTED: row(end=str(NOW - 200)),
    Code.CHIPS_BAD: row(tres="gres/gpu=many"),
    Code.CHIPS_OTHER: row(tres="gres/gpu:b200=4,gres/gpu=4"),
}
PASSED = {
    Passed.FOREIGN: row(account="theirs"),
    Passed.LENT: row(account="ours_standby"),
    Passed.NOT_STARTED: row(start="Unknown", end=str(NOW - 40), state="CANCELLED by 0", tres=""),
    Passed.NO_CHIPS: row(tres="billing=0,cpu=1,node=1"),
    Passed.NO_TIME: row(end=str(NOW - 100)),
}


def test_every_bad_row_is_told_at_its_line_and_every_code_occurs() -> None:
    """No row is dropped in silence: each has its place, its code and what mends it."""
    faults = [found for found in read(BAD.values(), NOW, owner_of) if isinstance(found, Fault)]
    assert list(Code) == [fault.code for fault in faults]
    assert list(range(1, len(BAD) + 1)) == [fault.line for fault in faults]
    assert all(fault.mend for fault in faults)


@pytest.mark.parametrize(
    "tres", ["gres/npu:rngd=2,gres/npu=2", "gres/gpu:h200=4,gres/gpu=4,gres/npu:rngd=1,gres/npu=1"]
)
def test_chips_of_another_name_are_told_too(tres: str) -> None:
    """An NPU taken under an award of GPUs is no row without chips, nor one that bills GPUs alone;
    a device that is no class of the cluster's is nobody's affair."""
    whose = {"ours": replace(OWNER, others=frozenset({"npu:rngd"}))}
    told, sound = read([row(tres=tres), row(tres=f"{CHIPS},gres/nic=1")], NOW, whose.get)
    assert isinstance(told, Fault)
    assert Code.CHIPS_OTHER == told.code
    assert isinstance(sound, Attempt)


def test_every_way_not_to_be_use_is_told() -> None:
    """Foreign accounts, jobs that never started, and those without chips or time are counted."""
    assert list(Passed) == list(read(PASSED.values(), NOW, owner_of))


def test_attempts_are_read_as_accounted() -> None:
    """Chips, instants, suspended time, energy and an attempt that still runs."""
    lines = [row(suspended="1-02:03:04", energy="5000"), row(end="Unknown", tres="gres/gpu=2")]
    first, second = read(lines, NOW, owner_of)
    assert (
        Attempt(7, "3", "ours", OWNER, 4, NOW - 100, NOW - 40, 93_784, "completed", 5_000) == first
    )
    assert isinstance(second, Attempt)
    assert (None, 2) == (second.ended, second.chips)


def test_what_a_job_held_before_it_was_resized_is_billed_once() -> None:
    """Its later row begins with the job and was submitted at the change: it bills from then on,
    running or ended; one that was submitted after its end, by a clock set back, as it stands."""
    times = {"submit": str(NOW - 60), "start": str(NOW - 100)}
    lines = [row(**times), row(**times, end="Unknown"), row(**times | {"submit": str(NOW - 30)})]
    read_again = [one.started for one in read(lines, NOW, owner_of) if isinstance(one, Attempt)]
    assert [NOW - 60, NOW - 60, NOW - 100] == read_again


def test_a_window_is_asked_for_by_every_state() -> None:
    """Asked for none, sacct lists no job of which it was not told when it could begin."""
    words = command("lab", NOW - 900, NOW)
    assert STATES == words[words.index("-s") + 1]
    assert {"PD", "R", "S", "CD", "CA", "F", "TO", "NF", "PR", "RQ"} <= set(STATES.split(","))


def test_an_attempt_whose_start_was_told_last_runs_until_its_end_is_told() -> None:
    """A start that is told late has the state of its job by then; the end is told after it."""
    (open_,) = read([row(end="Unknown")], NOW, owner_of)
    assert isinstance(open_, Attempt)
    assert ("completed", None) == (open_.state, open_.ended)


@pytest.mark.parametrize(
    ("text", "joules"),
    [
        ("4321", 4_321),
        ("1500000000000", 1_500_000_000_000),
        *((text, None) for text in ("", "0", "4294967294", "18446744073709551614")),
        *((text, None) for text in ("18446744073709551615", "18446744073709550000", "1.2K")),
    ],
)
def test_energy_that_is_none_is_not_taken_for_any(text: str, joules: int | None) -> None:
    """Absent, no sensor, no value, a counter below zero: the use is read, without an energy."""
    (attempt,) = read([row(energy=text)], NOW, owner_of)
    assert isinstance(attempt, Attempt)
    assert joules == attempt.energy_joules


def test_a_batch_step_tells_what_a_job_without_srun_drew() -> None:
    """Slurm adds up what srun started; of other jobs the batch step alone has the energy."""
    lines = [
        row(),
        row(job="3.batch", account="", energy="4321"),
        row(job="3.extern", account="", energy="9"),
        row(index="8", job="4", energy="500"),
        row(job="4.batch", energy="700"),
        row(job="4.0", energy="500"),
        row(job="5", account="theirs"),
        row(job="5.batch", account="theirs", energy="1"),
    ]
    first, second, foreign = read(lines, NOW, owner_of)
    assert isinstance(first, Attempt)
    assert isinstance(second, Attempt)
    assert (4_321, 500, Passed.FOREIGN) == (first.energy_joules, second.energy_joules, foreign)


def test_clocks_that_differ_by_seconds_are_one_clock() -> None:
    """What has just begun is seen at a later look, what has just ended runs until then."""
    lines = [row(start=str(NOW + 5), end="Unknown"), row(end=str(NOW + 5))]
    begun, ended = read(lines, NOW, owner_of)
    assert Passed.NOT_STARTED is begun
    assert isinstance(ended, Attempt)
    assert ended.ended is None


def test_a_clock_set_back_is_told_and_never_billed_as_nothing() -> None:
    """Slurm prints a start after the end as the end: no second, and before its submission."""
    (found,) = read([row(submit=str(NOW - 30), start=str(NOW - 40))], NOW, owner_of)
    assert isinstance(found, Fault)
    assert Code.ENDED_BEFORE_STARTED == found.code


def test_the_first_look_of_a_day_reaches_back_days() -> None:
    """What a controller that was cut off tells late, or dates early, is read within a day."""
    midnight = NOW // 86_400 * 86_400
    with opened(None, "site") as spool:
        spool.keep((), midnight - 60)
        assert midnight - 60 - WIDE_SECONDS == spool.begin(midnight + 60)
        spool.keep((), midnight + 60)
        assert midnight + 60 - OVERLAP_SECONDS == spool.begin(midnight + 120)


def test_a_look_that_breaks_leaves_the_spool_as_it_was(tmp_path: Path) -> None:
    """Cut anywhere, a look keeps neither rows nor cursor; the next one has all of them, once."""

    def cut(_: object) -> Iterator[str]:
        yield row()
        raise EngineDown("sacct: killed")

    def whole(_: object) -> Iterator[str]:
        yield from (row(), row(index="8", end="Unknown"))

    with opened(tmp_path / "spool", "site") as spool:
        with pytest.raises(EngineDown):
            look("lab", spool, cut, owner_of, NOW - 900, NOW)  # type: ignore[arg-type]
        assert (None, []) == (spool.cursor, list(spool.usage(0, NOW)))
        look("lab", spool, whole, owner_of, NOW - 900, NOW)  # type: ignore[arg-type]
        found = look("lab", spool, whole, owner_of, NOW - 900, NOW)  # type: ignore[arg-type]
        assert (NOW, NOW - OVERLAP_SECONDS) == (spool.cursor, found.since)
        assert [7, 8] == [usage.attempt for usage in spool.usage(0, NOW)]
        later = look("lab", spool, cut_off, owner_of, NOW, NOW + 60)  # type: ignore[arg-type]
        assert [8] == [gone.number for gone in later.gone]


def cut_off(_: object) -> Iterator[str]:
    """A cluster whose accounting was purged."""
    yield from (row(),)


def test_a_program_that_fails_after_its_rows_is_down() -> None:
    """Rows of a program that did not end well are not taken for all of them."""
    lines = streamed((), {})(("sh", "-c", "echo 7; echo broken >&2; exit 1"))
    with pytest.raises(EngineDown, match="broken"):
        list(lines)


NOW_TOLD = {Cause.UNREADABLE: (0, 1), Cause.REMOVED: (0, 0), Cause.PURGED: (0, 0)}
"""What sacct says of the second hour when it is asked again: GPU-seconds and bad rows."""

FETCHED_LATE = {Cause.NOT_FETCHED, Cause.PURGED, Cause.UNREADABLE}
"""Where sreport has the second hour and the spool does not."""


@pytest.mark.parametrize("cause", list(Cause))
def test_every_difference_has_its_cause_and_its_hour(cause: Cause) -> None:
    """The books differ in the second of two hours; the report says which, and why."""
    hour = NOW // 3_600 * 3_600
    times = {"start": str(hour + 3_600), "end": str(hour + 3_660)}
    if cause in {Cause.RUNAWAY, Cause.STILL_RUNNING}:
        times["end"] = "Unknown"
    if cause is Cause.SUSPENDED:
        times["suspended"] = "00:00:10"
    if cause is Cause.RESIZED:
        times["state"] = "RESIZING"
    late = cause in FETCHED_LATE

    def lines(_: object) -> Iterator[str]:
        yield row(index="1", submit=str(hour - 9), start=str(hour), end=str(hour + 60))
        if not late:
            yield row(index="2", submit=str(hour), **times)

    def reported(since: int, until: int) -> dict[str, int]:
        hours = [hour, hour + 3_600] if late else [hour]
        return {"ours": 240 * sum(since <= each < until for each in hours)}

    with opened(None, "site") as spool:
        look("lab", spool, lines, owner_of, hour, hour + 8_000)  # type: ignore[arg-type]
        found = reconcile(
            spool,
            hour,
            hour + 7_200,
            reported,
            lambda *_: cause is not Cause.NOT_ROLLED_UP,
            frozenset({"3"} if cause is Cause.RUNAWAY else ()),
            lambda *_: NOW_TOLD.get(cause, (240, 0)),
        )
    (difference,) = found.differences
    told = (difference.cause, difference.since, difference.reported)
    assert (cause, hour + 3_600, 240 if late else 0) == told


def test_a_sum_told_during_a_rollup_is_no_agreement() -> None:
    """sreport knew nothing of the whole window and then everything of its hours: asked again."""
    hour = NOW // 3_600 * 3_600

    def lines(_: object) -> Iterator[str]:
        yield row(start=str(hour), end=str(hour + 60))

    def reported(since: int, until: int) -> dict[str, int]:
        return {"ours": 240 * (since == hour)} if until - since == 3_600 else {}

    with opened(None, "site") as spool:
        look("lab", spool, lines, owner_of, hour, hour + 8_000)  # type: ignore[arg-type]
        found = reconcile(
            *(spool, hour, hour + 7_200, reported, lambda *_: True),
            frozenset(),
            lambda *_: (240, 0),
        )
    (difference,) = found.differences
    assert (Cause.NOT_ROLLED_UP, 240, 0) == (
        difference.cause,
        difference.ours,
        difference.reported,
    )


def test_a_job_across_an_edge_counts_on_both_sides_once() -> None:
    """Windows that meet share no second and lose none; an open attempt counts to when it was
    seen, as it is billed, and not into what has yet to come.
    """
    (over,) = read([row(start=str(NOW - 90), end=str(NOW - 30))], NOW, owner_of)
    (still,) = read([row(start=str(NOW - 90), end="Unknown")], NOW, owner_of)
    assert isinstance(over, Attempt)
    assert isinstance(still, Attempt)
    assert 4 * 40 == total([(over, NOW)], NOW - 3_600, NOW - 50)
    assert 4 * 20 == total([(over, NOW)], NOW - 50, NOW)
    assert 4 * 50 == total([(still, NOW)], NOW - 50, NOW + 3_600)
    assert 0 == total([(still, NOW)], NOW, NOW + 3_600)
