"""Use from Workloads: one record for each admission, exactly once, whatever is not seen."""

import random
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from headgate.core.metering.usage import Usage
from headgate.core.quantities import instant_of, seconds_of
from headgate.engines.kueue.attempts import Attempts, Meter, within
from tests.engines.kueue.conftest import NOW, Lab, quota
from tests.engines.kueue.test_kueue import driven
from tests.servers.crds import Schemas, strict

BEGIN = seconds_of("2026-10-01T00:00:00Z")
METER = Meter("north", {"queue": ("a-1", "h200")}, {"h200": "nvidia.com/gpu"})


def at(seconds: int) -> str:
    """An instant so many seconds after the beginning."""
    return instant_of(BEGIN + seconds)


def condition(kind: str, true: bool, when: int) -> dict[str, Any]:
    """A condition as Kueue writes it."""
    told = {"type": kind, "status": "True" if true else "False", "reason": "R", "message": ""}
    return {**told, "lastTransitionTime": at(when)}


def workload(
    *conditions: dict[str, Any], queue: str | None = "queue", past: int = 0, gpus: str = "8"
) -> dict[str, Any]:
    """A Workload of two pod sets, the second of no GPUs."""
    status: dict[str, Any] = {"conditions": list(conditions)}
    if past:
        status["accumulatedPastExecutionTimeSeconds"] = past
    if queue is not None:
        used = {"nvidia.com/gpu": gpus, "cpu": "64"}
        parts = [
            {"name": "main", "count": 2, "resourceUsage": used},
            {"name": "driver", "count": 1},
        ]
        status["admission"] = {"clusterQueue": queue, "podSetAssignments": parts}
    metadata = {"name": "job", "namespace": "n", "uid": "w-1"}
    version = "kueue.x-k8s.io/v1beta2"
    return {"apiVersion": version, "kind": "Workload", "metadata": metadata, "status": status}


def looks(*seen: tuple[int, list[dict[str, Any]]]) -> tuple[Usage, ...]:
    """What is known after some looks."""
    known: Attempts = {}
    for when, things in seen:
        known = METER.look(known, things, at(when))
    return within(known, at(0), at(10**6))


def record(started: int, ended: int | None, seen: int, gpus: int = 8) -> Usage:
    """The record of the one Workload's admission."""
    end = None if ended is None else at(ended)
    return Usage("north", "w-1", BEGIN + started, "a-1", "h200", gpus, at(started), end, at(seen))


RUNNING = workload(condition("QuotaReserved", True, 5), condition("Admitted", True, 10))


def test_a_running_workload_is_seen_and_a_finished_one_ends_when_kueue_says(
    schemas: Schemas,
) -> None:
    """Allocated GPUs of all its pods, from admission to the end, as the schema has it."""
    done = workload(condition("Admitted", True, 10), condition("Finished", True, 40))
    schema = schemas.kinds["Workload"]["properties"]["status"]
    for thing in (RUNNING, done):
        Draft202012Validator(strict(schema)).validate(thing["status"])
    assert (record(10, None, 20),) == looks((20, [RUNNING]))
    assert (record(10, 40, 50),) == looks((50, [done]))
    assert (record(10, 40, 50),) == looks((20, [RUNNING]), (50, [done]), (60, [done]), (70, []))


def test_an_eviction_ends_an_attempt_and_the_next_admission_is_another() -> None:
    """Requeued work is two records, whether or not a look fell between the two."""
    evicted = workload(
        condition("Admitted", False, 30), condition("Evicted", True, 30), queue=None, past=20
    )
    again = workload(condition("Admitted", True, 50), condition("Evicted", False, 50), past=20)
    second = record(50, None, 60)
    assert (record(10, 30, 35), second) == tuple(
        replace(u, seen=at(35)) if u.ended else u
        for u in looks((20, [RUNNING]), (35, [evicted]), (60, [again]))
    )
    assert (at(30), None) == tuple(u.ended for u in looks((20, [RUNNING]), (60, [again])))


def test_a_deleted_workload_is_billed_to_the_last_look_and_no_further() -> None:
    """What ran after the last look cannot be shown, so it is not billed: less than one interval."""
    assert (record(10, 20, 20),) == looks((20, [RUNNING]), (80, []))


def test_an_attempt_that_no_look_saw_is_not_guessed() -> None:
    """An admission that began and was evicted between two looks leaves no record."""
    evicted = workload(condition("Admitted", False, 30), condition("Evicted", True, 30), queue=None)
    assert () == looks((5, []), (35, [evicted]))


def test_work_that_only_waits_holds_no_gpu_or_is_not_ours_is_not_metered() -> None:
    """A reservation is no admission; others' queues and work without GPUs are nobody's use here."""
    waits = workload(condition("QuotaReserved", True, 5), condition("Admitted", False, 5))
    theirs = workload(condition("Admitted", True, 10), queue="another")
    none = workload(condition("Admitted", True, 10), gpus="0")
    for thing in (waits, theirs, none):
        assert () == looks((20, [thing]))


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(1, 50)), max_size=6), st.integers(0, 99))
def test_however_often_one_looks_each_admission_is_one_record(
    runs: list[tuple[int, int]], seed: int
) -> None:
    """With a look in each run the seconds are exact, and more looks change nothing."""
    draw = random.Random(seed)
    clock, past, seen = 100, 0, list[tuple[int, list[dict[str, Any]]]]()
    for length, pause in runs:
        running = workload(condition("Admitted", True, clock), past=past)
        seen += [(clock, [running])] * draw.randint(1, 3)
        clock, past = clock + length, past + length
        gone = condition("Admitted", False, clock), condition("Evicted", True, clock)
        seen += [(clock, [workload(*gone, queue=None, past=past)])] * draw.randint(0, 2)
        clock += pause
    found = looks(*seen, (clock, [workload(queue=None, past=past)]))
    assert len(runs) == len({(u.job, u.attempt) for u in found}) == len(found)
    assert past == sum(seconds_of(u.ended or u.seen) - seconds_of(u.started) for u in found)


def test_a_window_gives_the_attempts_that_touch_it_as_they_stood_at_its_end() -> None:
    """What ended after the window still ran in it; what ended before it is not told again."""
    done = workload(condition("Admitted", True, 10), condition("Finished", True, 40))
    known = METER.look({}, [done], at(50))
    assert (record(10, None, 30),) == within(known, at(20), at(30))
    assert () == within(known, at(40), at(60))
    assert () == within(known, at(0), at(10))


def test_the_engine_remembers_its_looks_in_a_file(lab: Lab) -> None:
    """A process that dies between two looks loses nothing: the next one has the file."""
    driven(lab.engine(), quota())
    queue = lab.engine()._maker().queue_name("a-1", "h200")
    lab.store.schemas = None
    lab.store.write({"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": "n"}}, "team")
    lab.store.write(workload(condition("Admitted", True, 10), queue=queue), "kueue")
    since, until = at(0), NOW
    (running,) = lab.engine(now=at(100)).usage(since, until)
    assert (None, 8, "a-1") == (running.ended, running.gpus, running.award)
    del lab.store.things["Workload", "n", "job"]
    (ended,) = lab.engine(now=at(200)).usage(since, until)
    assert (at(100), running.attempt) == (ended.ended, ended.attempt)
    assert (ended,) == tuple(lab.engine(now=at(300)).usage(since, until))
    assert () == tuple(lab.engine(now=at(90_000)).usage(at(80_000), at(90_000)))
    assert (ended,) == tuple(lab.engine(now=at(90_000)).usage(since, until)), "a glance costs none"
    lab.engine().forget(at(100))
    assert () == tuple(lab.engine(now=at(90_000)).usage(since, until))
