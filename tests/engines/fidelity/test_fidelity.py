"""The replay beside a real Slurm: the same jobs, by when they start.

Seconds of a busy machine are in it, so that here the figures need only be of a kind. What is
claimed is measured by `make nightly`, several times and on longer jobs, and written down in
`docs/operating/fidelity.md`.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engines.fidelity.harness import SHAPE, compared, page, run, workload
from tests.servers.skipping import slurm_or_skip
from tests.servers.slurm import Lab

FILE = os.environ.get("HEADGATE_FIDELITY_FILE", "")
RUNS, JOBS, SCALE = (3, 300, 2) if FILE else (1, 12, 1)


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """A real Slurm whose nodes are whole and whose backfill is EASY."""
    with slurm_or_skip(SHAPE) as running:
        yield running


def test_the_replay_does_with_jobs_what_a_real_slurm_does(lab: Lab) -> None:
    """The same jobs are served; makespan, use and mean wait are Slurm's but for seconds."""
    runs = [compared(run(lab, workload(JOBS, "jobs", scale=SCALE))) for _ in range(RUNS)]
    for each in runs:
        assert JOBS == each.real.jobs == each.ours.jobs
        assert 0 < each.real.use <= 1 >= each.ours.use > 0
        assert each.makespan_off * each.real.makespan < 0.15 * each.real.makespan + 5
        assert each.wait_off < 0.25 * each.real.wait + 5
    if FILE:
        Path(FILE).write_text(page(runs), encoding="utf-8")
