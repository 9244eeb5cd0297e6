"""The replay beside a real Slurm: the same jobs, by when they start.

Seconds of a busy machine are in it, so that here the figures need only be of a kind. What is
claimed is measured by `make nightly`, several times and on longer jobs, and written down in
`docs/operating/fidelity.md`.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from tests.engines.fidelity.harness import (
    NIGHTLY_SCALE,
    SHAPE,
    Ran,
    columns,
    compared,
    page,
    replayed,
    run,
    workload,
)
from tests.servers.skipping import slurm_or_skip
from tests.servers.slurm import Lab

FILE = os.environ.get("HEADGATE_FIDELITY_FILE", "")
RUNS, JOBS, SCALE = (3, 300, NIGHTLY_SCALE) if FILE else (1, 12, 1)


@pytest.fixture(scope="module")
def labs() -> Iterator[list[Lab]]:
    """As many real Slurms as runs, each of whole nodes and with EASY for its backfill."""
    with ExitStack() as held:
        yield [held.enter_context(slurm_or_skip(SHAPE)) for _ in range(RUNS)]


def test_the_replay_does_with_jobs_what_a_real_slurm_does(labs: list[Lab]) -> None:
    """The same jobs are served; makespan, use and mean wait are Slurm's but for seconds."""
    jobs = workload(JOBS, "jobs", scale=SCALE)
    with ThreadPoolExecutor(RUNS) as side_by_side:
        runs = [compared(ran) for ran in side_by_side.map(partial(run, jobs=jobs), labs)]
    for each in runs:
        assert JOBS == each.real.jobs == each.ours.jobs
        assert 0 < each.real.use <= 1 >= each.ours.use > 0
        assert each.makespan_off * each.real.makespan < 0.15 * each.real.makespan + 5
        assert each.wait_off < 0.25 * each.real.wait + 5
    if FILE:
        Path(FILE).write_text(page(runs), encoding="utf-8")


def test_a_node_too_many_is_held_back_only_where_busy_nodes_are_enough() -> None:
    """Two nodes are idle beside 16 that the first in line will get: EASY gives both to jobs that
    last long, Slurm one. Where it needs idle nodes itself, both give what it leaves.
    """
    rows = {1: (0, 16, 2), 2: (0, 14, 20), 3: (1, 16, 5), 4: (2, 1, 9), 5: (3, 1, 9)}
    assert [0, 0, 120, 2, 3] == _starts(rows, one_more=False)
    assert [0, 0, 120, 2, 120] == _starts(rows, one_more=True)
    tight = rows | {2: (0, 13, 20), 3: (1, 18, 5)}
    for one_more in (False, True):
        assert [0, 0, 120, 2, 420] == _starts(tight, one_more=one_more)


def _starts(rows: dict[int, tuple[int, int, int]], *, one_more: bool) -> list[int]:
    """When jobs start that come at a second, on nodes, with a limit in minutes that they use."""
    begin = np.datetime64("2026-01-01T00:00:00")
    lines = ["JobIDRaw|Submit|Start|End|ElapsedRaw|TimelimitRaw|AllocTRES|State"]
    for number, (at, nodes, minutes) in rows.items():
        came, ends = begin + np.timedelta64(at, "s"), begin + np.timedelta64(at + 60 * minutes, "s")
        took = f"{60 * minutes}|{minutes}|gres/gpu={8 * nodes},node={nodes}|COMPLETED"
        lines.append(f"{number}|{came}|{came}|{ends}|{took}")
    last = dict.fromkeys(rows, 0.0)
    trace, _ = columns(Ran("\n".join(lines), last))
    return [int(start - trace.submitted.min()) for start in replayed(trace, one_more=one_more)]
