"""A real Slurm carries the runs as one array, and whoever stops on the way loses nothing."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from headgate.core.enforcement.clusters.slurm import SlurmCluster
from headgate.engines.slurm.arrays import SlurmArrays
from headgate.readers.clusters import read_clusters
from headgate.readers.suites import find, read_evaluator, read_suite
from headgate.running.collect import array_of
from headgate.running.work import planned
from tests.commands import HEADGATE, SOURCE, environment, program
from tests.running.house import House, headgate
from tests.servers.skipping import slurm_or_skip
from tests.servers.slurm import Lab, Shape


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """A real Slurm."""
    with slurm_or_skip(Shape(nodes=1)) as running:
        yield running


def clusters(home: House, lab: Lab, *words: str) -> Path:
    """A clusters file for the lab, on whose nodes the programs of this checkout are."""
    programs = program(home.folder / "bin").parent
    path = home.folder / "clusters.yaml"
    path.write_text(
        f"""headgate: 1
clusters:
  lab:
    engine: slurm
    site: here
    cluster: lab
    environment: {{PATH: {programs}:{lab.programs}:/usr/bin:/bin}}
    lock: {home.folder}/lock
    programme: small
    sectors: {{national: national}}
    chips: {{h200: {{gres: "gpu:h200"}}}}
    array: [{", ".join(("--time=5", *words))}]
""",
        encoding="utf-8",
    )
    return path


@contextmanager
def served_within(lab: Lab, home: House) -> Iterator[dict[str, str]]:
    """The models' addresses on the network of the lab's nodes, which is no other's."""
    guard = (lab.folder / "guard").read_text(encoding="utf-8").strip()
    urls, running = {}, []
    for team, model in home.models.items():
        code = f"from tests.servers.model import *; keep(Model({model.text!r}, 'x', 'a key'))"
        words = ("nsenter", "--target", guard, "--net", sys.executable, "-c", code)
        one = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=SOURCE.parent
        )
        running.append(one)
        assert one.stdout is not None
        urls[team] = one.stdout.readline().strip()
    try:
        yield urls
    finally:
        for one in running:
            one.communicate()


def test_an_array_of_a_real_slurm_does_the_runs_once(home: House, lab: Lab) -> None:
    """One command: an array on the cluster, whose nodes alone reach the models; then signed
    evidence, and nothing to do when it is typed again.
    """
    on = ("--clusters", clusters(home, lab), "--cluster", "lab", "--shards", 3)
    with served_within(lab, home) as urls:
        home.urls.update(urls)
        home.write_models()
        made = home.signed(*on)
    said = [path.read_text(encoding="utf-8") for path in (home.work / "logs").glob("*.txt")]
    assert (0, 3) == (made.exit_code, home.starts()), (made.output, said)
    assert ["1 runs done now"] * 3 == [line.partition(": ")[2].partition(",")[0] for line in said]
    again = home.signed(*on)
    assert (0, 3) == (again.exit_code, home.starts()), again.output
    assert 0 == home.evaluate().exit_code


def test_an_array_that_has_not_ended_is_not_submitted_again(home: House, lab: Lab) -> None:
    """It is known by its name, held or running, whoever submitted it."""
    held = read_clusters(clusters(home, lab, "--hold"))["lab"]
    assert isinstance(held, SlurmCluster)
    suite = read_suite(find(str(home.folder / "suite.yaml")))
    evaluator = read_evaluator(home.folder / "models.yaml")
    array = array_of(planned(home.work, suite, evaluator, "items"), 3)
    for _ in range(2):
        SlurmArrays(held).submit(array)
        assert {1, 2, 3} == set(SlurmArrays(held).shards(array))
    jobs = lab.run("squeue", "-h", f"--name={array.name}", "-o", "%F").split()
    assert 1 == len(set(jobs))
    lab.run("scancel", f"--name={array.name}")


def test_what_was_killed_goes_on_where_it_was(home: House) -> None:
    """The command and its shards are killed while a model answers; every run is done once more at
    most, and those that were done are not.
    """
    home.models["c"].wait.clear()
    words = (
        "suite", "run", "stage", "--programme", home.folder / "programme", "--suite",
        home.folder / "suite.yaml", "--models", home.folder / "models.yaml", "--work", home.work,
    )  # fmt: skip
    command = [*HEADGATE, *map(str, words)]
    with subprocess.Popen(command, env=environment(), start_new_session=True) as running:
        while not home.models["c"].asked:
            assert running.poll() is None
            time.sleep(0.05)
        os.killpg(running.pid, signal.SIGKILL)
    home.models["c"].wait.set()
    assert 2 == len(list(home.work.glob("runs/*/done.json")))
    again = home.signed()
    assert (0, 4) == (again.exit_code, home.starts()), again.output


def test_a_run_that_was_whole_when_its_shard_died_is_taken(home: House) -> None:
    """The tool had ended, and nobody had come to say so: the logs are read, not made again."""
    assert 0 == home.run().exit_code
    for path in [*home.work.glob("runs/*/done.json"), *home.work.glob("runs/*/1/ended.json")]:
        path.unlink()
    assert (0, 3) == (home.signed().exit_code, home.starts())


def test_a_cluster_that_carries_none_is_refused(home: House) -> None:
    """A rehearsed cluster runs nothing; a Job for Kubernetes lies in the folder."""
    path = home.folder / "clusters.yaml"
    path.write_text(
        "headgate: 1\nclusters: {r: {engine: rehearsal, site: r, gpus: {h200: 8}}}\n", "utf-8"
    )
    on = ("--clusters", path, "--cluster", "r")
    assert "[cluster-carries-none]" in home.run(*on).output
    assert 2 == home.run("--tries", 0).exit_code
    assert "suite shard" in (home.work / "kubernetes.yaml").read_text(encoding="utf-8")
    assert "[shard-unknown]" in headgate("suite", "shard", "4/3", home.work).output
