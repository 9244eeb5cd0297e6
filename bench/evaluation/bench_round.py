"""A whole round as a person asks for it: the command, from its files to its report, in a process.

Korea's round with 10,000 joint replicates: an exam of 100,000 items in 2,000 clusters, ten experts,
49 users, five teams. The rows are read, checked, judged, and written again with the result. Time
is a core's, as the machine's other work should not count.
"""

import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from bench.evaluation.bench_evaluation import TEAMS, marks, measure
from headgate.core.evaluation.evidence import Evidence, ItemScore
from headgate.evaluating import rows_of

ROOT = Path(__file__).parents[2]
ITEMS, IN_CLUSTER = 100_000, 50


def exam() -> tuple[ItemScore, ...]:
    """Right or wrong, with a difficulty that the teams share and a cluster's own."""
    rng = np.random.default_rng(7)
    hard = np.repeat(rng.normal(0, 0.5, ITEMS // IN_CLUSTER), IN_CLUSTER) + rng.normal(0, 1, ITEMS)
    skill = np.array([0.30, 0.27, 0.25, 0.24, 0.10])
    right = skill - hard[:, None] + rng.normal(0, 1, (ITEMS, len(TEAMS))) > 0
    return tuple(
        ItemScore("benchmark", f"i{at:06}", f"c{at // IN_CLUSTER:04}", team, 1, 10_000 * int(won))
        for at, row in enumerate(right)
        for team, won in zip(TEAMS, row, strict=True)
    )


def folders(folder: Path) -> tuple[Path, Path]:
    """The programme, and the evidence of its round."""
    programme, evidence = folder / "programme", folder / "evidence"
    shutil.copytree(ROOT / "programmes" / "korea-2025", programme)
    policy = programme / "programme.yaml"
    text = policy.read_text("utf-8")
    policy.write_text(
        text.replace("replicates: {value: 2000", "replicates: {value: 10000"), "utf-8"
    )
    shutil.rmtree(programme / "cases")
    rng = np.random.default_rng(8)
    rows = Evidence(
        {"benchmark": exam()},
        {"expert": marks(rng, 10, "expert"), "user": marks(rng, 49, "user")},
    )
    evidence.mkdir()
    for name, data in rows_of(TEAMS, rows, ()).items():
        (evidence / name).write_bytes(data)
    passed = "".join(f"    {team}: {{passed: true}}\n" for team in TEAMS)
    with (evidence / "evidence.yaml").open("a", encoding="utf-8") as file:
        file.write(f"gates:\n  independence:\n{passed}")
    return programme, evidence


def environment() -> dict[str, str]:
    """A process of one core: threads of a matrix product that wait for each other count as work."""
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    return {**os.environ, "PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1"}


def run() -> list[dict[str, object]]:
    """How long the command computes, and how much memory it holds at most."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        programme, evidence = folders(folder)
        asked = ["stage", "--programme", programme, "--evidence", evidence, "--out", folder / "out"]
        command = [
            sys.executable,
            "-c",
            "from headgate.cli import main; main()",
            "evaluate",
            *map(str, asked),
        ]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, capture_output=True, env=environment())
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    took = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    most = after.ru_maxrss / 2**20
    scenario = "command: 3 pillars, 5 teams, 100,000 items, 10,000 replicates"
    script = "from bench.evaluation.bench_evaluation import growth; print(growth())"
    grown = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, env=environment()
    )
    return [
        measure(
            "5,000 items, 10,000 replicates", "standing, 50 / 5 teams", float(grown.stdout), "ratio"
        ),
        measure(scenario, "whole round", took, "core s"),
        measure(scenario, "memory", most, "GiB"),
    ]
