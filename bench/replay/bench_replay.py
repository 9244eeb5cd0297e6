"""A national workload on 13,000 GPUs, replayed: beside a C loop of the same rules, and as it grows.

The C loop (`bound.c`, compiled here by the system's compiler) has to give the same starts and ends,
so that both do the same work. CPU time is measured, since others may use the machine.
"""

import ctypes
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from headgate.simulation.replay import compiling, fast
from headgate.simulation.replay.layout import NEVER
from headgate.simulation.replay.pool import Budgets, Gangs, Pool, Replayed, Rules, Steps

GPUS = 13_000
SHARES = (50, 30, 20)
LOAD = 0.9
BOUND = Path(__file__).parent / "bound.c"
KINDS = (0.70, 0.24, 0.05, 0.01)
GANGS = ((1, 2, 4, 8), (1, 8, 16, 64), (16, 32, 64, 256), (128, 256, 512, 1024))
MEDIANS, SPREADS = (180, 3600, 21_600, 57_600), (1.3, 1.2, 1.1, 0.9)
WEEK = 604_800


def workload(jobs: int) -> Gangs:
    """Debugging, tuning, training and pre-training of three envelopes that are busy in turn.

    Half of the jobs take a GPU for minutes and a hundredth have most of the GPU time, as in the
    clusters of `headgate.simulation.workload`; limits are one to three times the run.
    """
    rng = np.random.default_rng(1)
    kind = rng.choice(len(KINDS), jobs, p=KINDS)
    gpus = np.array(GANGS)[kind, rng.choice(4, jobs, p=(0.4, 0.3, 0.2, 0.1))]
    drawn = np.exp(rng.normal(np.log(np.array(MEDIANS)[kind]), np.array(SPREADS)[kind]))
    seconds = np.clip(drawn, 5, WEEK).astype(np.int64)
    limit = (seconds * rng.uniform(1, 3, jobs)).astype(np.int64)
    span = int((seconds * gpus).sum() / (GPUS * LOAD))
    submitted = np.sort(rng.integers(0, span, jobs))
    season = 2 * np.pi * submitted / (60 * 86_400)
    busy = np.stack([1 + 0.6 * np.sin(season + phase) for phase in (0, 2.1, 4.2)])
    place = rng.random(jobs) * busy.sum(axis=0)
    envelope = (place > busy[0]).astype(np.int64) + (place > busy[0] + busy[1])
    return Gangs(submitted, seconds, limit, gpus.astype(np.int64), envelope)


def pool_of(gangs: Gangs) -> Pool:
    """50/30/20 of 13,000 GPUs; idle quota is lent without a limit and taken back."""
    quota = np.array([[GPUS * share // 100 for share in SHARES]], np.int64)
    at, gpus = np.array([0], np.int64), np.array([GPUS], np.int64)
    return Pool(gangs, Steps(at, gpus, quota, quota * 0, quota + NEVER), Rules())


def whole(pool: Pool) -> Pool:
    """The same with every rule in use: limits, monthly steps, look-ahead, credits, 300 budgets.

    An award has a 300th of each month, so that some wait for the next one.
    """
    steps = pool.steps
    at = np.arange(0, int(pool.gangs.submitted[-1]), 30 * 86_400, dtype=np.int64)
    quota = np.repeat(steps.quota, len(at), axis=0)
    supply = Steps(at, quota.sum(axis=1), quota, quota // 4, quota * 2)
    award = pool.gangs.envelope * 100 + np.arange(len(pool.gangs.gpus)) % 100
    amount = np.full((len(at), 300), GPUS * 30 * 86_400 // 300, np.int64)
    budgets = Budgets(award, amount, np.ones(len(at), np.int64))
    rules = Rules(look_ahead=500, turn_seconds=3600, turn_keeps=1 << 19, credits=True)
    return replace(pool, steps=supply, rules=rules, budgets=budgets)


def cpu_seconds(work: Callable[[], object], repeat: int = 4) -> float:
    """The best of some runs, in CPU time."""
    best = float("inf")
    for _ in range(repeat):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def bound(folder: Path) -> ctypes.CDLL:
    """The C loop as a library, by the compiler that is there."""
    compiler = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
    if compiler is None:
        raise RuntimeError("bench/replay needs a C compiler for its bound")
    library = folder / "bound.so"
    command = [compiler, "-O3", "-shared", "-fPIC", "-o", str(library), str(BOUND)]
    subprocess.run(command, check=True)
    return ctypes.CDLL(str(library))


def bound_seconds(library: ctypes.CDLL, pool: Pool, replayed: Replayed) -> float:
    """CPU seconds of the C loop, whose starts and ends must be the replay's."""
    gangs, rules = pool.gangs, pool.rules
    rows = np.column_stack(
        [gangs.submitted, gangs.seconds, gangs.limit, gangs.gpus, gangs.envelope]
    )
    rows, quota = np.ascontiguousarray(rows), np.ascontiguousarray(pool.steps.quota[0])
    started, ended = np.empty(len(rows), np.int64), np.empty(len(rows), np.int64)
    big, array = ctypes.c_int64, np.ctypeslib.ndpointer(np.int64)
    library.bound.argtypes = [big, array, big, array, big, big, big, array, array]
    settings = (big(GPUS), big(rules.checkpoint_seconds), big(rules.restart_seconds))

    def work() -> None:
        if library.bound(big(len(rows)), rows, big(len(quota)), quota, *settings, started, ended):
            raise MemoryError("the C loop found no memory")

    seconds = cpu_seconds(work)
    if not ((started == replayed.started).all() and (ended == replayed.ended).all()):
        raise RuntimeError("the C loop does not give what the replay gives")
    return seconds


FIRST_USE = """
import numba
from bench.replay import bench_replay as bench
from headgate.simulation.replay import fast
numba.njit("i8(i8[::1])")(bench.yardstick)
pool = bench.pool_of(bench.workload(10))


def ten():
    return [numba.njit("i8(i8[::1])")(bench.yardstick) for _ in range(10)]


before = bench.cpu_seconds(ten, repeat=1)
first = bench.cpu_seconds(lambda: fast.replay(pool), repeat=1)
fixed = before + bench.cpu_seconds(ten, repeat=1)
print(first, fixed)
"""


def yardstick(values: np.ndarray[tuple[int], np.dtype[np.int64]]) -> int:
    """What numba compiles, as it is documented, beside the replay: it measures the machine."""
    most = 0
    for place in range(1, len(values)):
        gap = values[place] - values[place - 1]
        if gap > most:
            most = gap
    return most


def first_use() -> tuple[float, float]:
    """CPU seconds of a first replay where no code is kept, and of ten fixed compilations twice.

    Ten before and ten after it, so that a machine that others use weighs on both alike.
    """
    with tempfile.TemporaryDirectory() as folder:
        told = subprocess.run(
            [sys.executable, "-c", FIRST_USE],
            env={**os.environ, "NUMBA_CACHE_DIR": folder},
            cwd=BOUND.parents[2],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    first, fixed = map(float, told.split())
    return first, fixed


def measure(scenario: str, name: str, value: float, unit: str) -> dict[str, object]:
    """One line of the bench."""
    return {"scenario": scenario, "measure": name, "value": round(value, 4), "unit": unit}


def run() -> list[dict[str, object]]:
    """First use, then a hundred thousand and a million jobs."""
    small, large = pool_of(workload(100_000)), pool_of(workload(1_000_000))
    first, fixed = first_use()
    replayed = fast.replay(large)
    short, long = cpu_seconds(lambda: fast.replay(small)), cpu_seconds(lambda: fast.replay(large))
    every = whole(small)
    full = cpu_seconds(lambda: fast.replay(every))
    with tempfile.TemporaryDirectory() as folder:
        limit = bound_seconds(bound(Path(folder)), large, replayed)
    name = "13,000 GPUs at 50/30/20: borrowing, reclaim, EASY"
    print(
        f"{compiling.state()}; mean wait {(replayed.started - large.gangs.submitted).mean():.0f} s"
    )
    return [
        measure(name, "first use", first, "s"),
        measure(name, "first use / twenty fixed compilations", first / fixed, "ratio"),
        measure(name, "100,000 jobs", short, "s"),
        measure(name, "1,000,000 jobs a second", 1_000_000 / long, "1/s"),
        measure(name, "C loop / replay, 1,000,000 jobs", limit / long, "ratio"),
        measure(name, "1,000,000 jobs / 100,000 jobs", long / short, "ratio"),
        measure(name, "every rule / these rules, 100,000 jobs", full / short, "ratio"),
    ]
