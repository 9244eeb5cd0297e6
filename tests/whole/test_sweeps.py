"""A sweep in shards is what one process makes, to the byte, whatever happened on the way."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner, Result

from headgate.cli import app
from headgate.core.faults import Faulty
from headgate.engines import submitted
from headgate.engines.submitted import Asked, carried
from headgate.sweeping import Code, array_of, shard_alone
from tests.commands import HEADGATE, program
from tests.servers.crds import read
from tests.servers.skipping import slurm_or_skip
from tests.servers.slurm import Lab, Shape

PROGRAMME = Path(__file__).parents[1] / "programmes" / "small"
OVERLAY = """
overlay: split
because: {en: What if the split were another?}
from: 2026-01-01
onwards: true
set:
  envelopes.compute.shares: {national: 20, business: 60, academia: 20}
"""


def headgate(*words: object) -> Result:
    """What a command of `headgate simulate` came to."""
    return CliRunner().invoke(app, ["simulate", *map(str, words)])


def well(*words: object) -> str:
    """What it prints where it must succeed."""
    made = headgate(*words)
    assert 0 == made.exit_code, made.output
    return made.stdout


@pytest.fixture
def overlay(tmp_path: Path) -> Path:
    """Another split."""
    path = tmp_path / "split.yaml"
    path.write_text(OVERLAY, encoding="utf-8")
    return path


def what_if(overlay: Path) -> tuple[object, ...]:
    """A what-if of eight tasks: four histories under two variants."""
    trace = "generated:philly:64:3"
    drawn = ("--trace", trace, "--seeds", 3, "--load", 200)
    return (PROGRAMME, "--overlay", overlay, *drawn, "--half-life", 24)


@pytest.fixture
def words(overlay: Path) -> tuple[object, ...]:
    """The words of that what-if."""
    return what_if(overlay)


def plan(folder: Path) -> Path:
    """The same as a sweep of three shards, which carries all it needs: its overlay is gone."""
    folder.mkdir(exist_ok=True)
    overlay = folder / "split.yaml"
    overlay.write_text(OVERLAY, encoding="utf-8")
    sweep = folder / "a sweep's $HOME"
    assert "8 tasks in 3 shards" in well(*what_if(overlay), "--shards", 3, "--out", sweep)
    overlay.unlink()
    return sweep


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sweep to copy, in a folder whose name a shell takes apart."""
    return plan(tmp_path_factory.mktemp("planned"))


@pytest.fixture
def sweep(planned: Path, tmp_path: Path) -> Path:
    """That sweep as a test's own, but that its script for Slurm names where it was made."""
    return Path(shutil.copytree(planned, tmp_path / planned.name))


def files(folder: Path) -> dict[str, bytes]:
    """A folder's files by name."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def results(sweep: Path) -> list[Path]:
    """What is done."""
    return sorted((sweep / "done").glob("[0-9]*.json"))


def test_shards_merge_to_what_one_process_makes(
    tmp_path: Path, words: tuple[object, ...], sweep: Path
) -> None:
    """Pages, figures and digests are the same bytes, in any order of shards; a shard that is done
    is not done again.
    """
    whole = well(*words, "--no-term", "--out", tmp_path / "whole")
    for part in ("3/3", "1/3", "2/3"):
        assert f"shard {part}" in well("shard", part, sweep)
    assert "0 tasks done now, 8 in all" in well("shard", "1/1", sweep)
    assert whole == well("merge", sweep, "--out", tmp_path / "merged")
    assert files(tmp_path / "whole") == files(tmp_path / "merged")


def test_histories_that_are_done_can_be_merged_alone(sweep: Path, tmp_path: Path) -> None:
    """What is missing is named; --partial takes what is done under every variant."""
    well("shard", "1/1", sweep)
    results(sweep)[-1].unlink()
    refused = headgate("merge", sweep)
    assert 2 == refused.exit_code
    assert "split, headgate/3 is not done [sweep-result-missing]" in refused.stderr
    well("merge", sweep, "--partial", "--out", tmp_path / "part")
    told = json.loads((tmp_path / "part" / "comparison.json").read_text(encoding="utf-8"))
    for variant in told["replays"]:
        expected = ["as it came", "headgate/1", "headgate/2"]
        assert expected == [run["seed"] for run in variant["runs"]]


def spoil_columns(sweep: Path) -> None:
    """Another trace."""
    (sweep / "trace.npz").write_bytes(b"PK")


def spoil_settings(sweep: Path) -> None:
    """Another list of seeds."""
    text = (sweep / "sweep.json").read_text(encoding="utf-8")
    (sweep / "sweep.json").write_text(text.replace('"headgate/3"', '"other"', 1), encoding="utf-8")


def spoil_result(sweep: Path) -> None:
    """Half a file."""
    path = results(sweep)[0]
    path.write_bytes(path.read_bytes()[:-40])


def swap_result(sweep: Path) -> None:
    """One task's file under another's name."""
    one, other, *_ = results(sweep)
    one.write_bytes(other.read_bytes())


def age_result(sweep: Path) -> None:
    """What another version of the program has made."""
    said = json.loads(results(sweep)[0].read_text(encoding="utf-8"))
    results(sweep)[0].write_text(json.dumps({**said, "program": "0" * 64}), encoding="utf-8")


def empty_result(sweep: Path) -> None:
    """A run that says nothing."""
    said = json.loads(results(sweep)[0].read_text(encoding="utf-8"))
    results(sweep)[0].write_text(json.dumps({**said, "run": {}}), encoding="utf-8")


SPOILT: dict[Code, Callable[[Path], None]] = {
    Code.NO_SWEEP: lambda sweep: (sweep / "sweep.json").unlink(),
    Code.OTHER_FILES: spoil_columns,
    Code.RESULT_BROKEN: spoil_result,
    Code.RESULT_FOREIGN: swap_result,
    Code.RESULT_OTHER_PROGRAM: age_result,
    Code.RESULT_MISSING: lambda sweep: results(sweep)[0].unlink(),
}


@pytest.mark.parametrize("code", list(Code))
def test_no_merge_takes_what_is_not_of_the_sweep(sweep: Path, code: Code) -> None:
    """Every way to be wrong is named, and ends in no comparison."""
    well("shard", "1/1", sweep)
    SPOILT[code](sweep)
    refused = headgate("merge", sweep)
    assert 2 == refused.exit_code
    assert {code.value} == set(re.findall(r"\[(sweep-[a-z-]+)\]", refused.stderr))
    if code not in {Code.NO_SWEEP, Code.OTHER_FILES}:
        assert "1 tasks done now" in well("shard", "1/1", sweep)
        well("merge", sweep)


def test_a_run_that_says_nothing_is_a_broken_result(sweep: Path) -> None:
    """It is named, and made anew."""
    well("shard", "1/1", sweep)
    empty_result(sweep)
    refused = headgate("merge", sweep)
    assert (2, True) == (refused.exit_code, "[sweep-result-broken]" in refused.stderr)
    assert "1 tasks done now" in well("shard", "1/1", sweep)


def test_a_load_that_leaves_no_job_is_refused(tmp_path: Path) -> None:
    """One job thinned to none is no comparison, and no traceback."""
    trace = tmp_path / "one.swf"
    trace.write_text("1 0 0 60 8 -1 -1 8 60 -1 1 1 1 1 1 -1 -1 -1\n", encoding="utf-8")
    words = (PROGRAMME, "--trace", trace, "--no-term", "--load", 1)
    told = headgate(*words)
    assert (2, True) == (told.exit_code, "[replay-no-jobs]" in told.stderr), told.output


def test_other_settings_are_another_sweep(sweep: Path) -> None:
    """Results made before the settings were changed are not taken for these."""
    well("shard", "1/3", sweep)
    spoil_settings(sweep)
    assert "[sweep-other-files]" in headgate("shard", "1/3", sweep).stderr


@pytest.mark.parametrize("part", ["0/3", "4/3", "1", "1/0", "-1/3", "a/b", "1/3/4", "1/99999"])
def test_a_shard_that_is_none_is_refused(sweep: Path, part: str) -> None:
    """K/N has K from 1 to N."""
    refused = headgate("shard", "--", part, sweep)
    assert 2 == refused.exit_code
    assert "[shard-unknown]" in refused.stderr


def test_a_sweep_needs_a_trace_and_a_new_folder(sweep: Path) -> None:
    """What is not there is said; what is there is not written over."""
    assert "[sweep-incomplete]" in headgate(PROGRAMME, "--shards", 2).stderr
    taken = headgate(PROGRAMME, "--trace", "generated:philly:64:1", "--shards", 2, "--out", sweep)
    assert "[out-taken]" in taken.stderr


def group_of(leader: int) -> int:
    """How many processes of the one that was started have come to reading numpy."""
    found = 0
    for each in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if os.getpgid(int(each.name)) == leader:
                found += "numpy" in (each / "maps").read_text()
    return found


@pytest.mark.parametrize(("processes", "group", "least"), [(1, 1, 2), (2, 3, 2), (2, 3, 0)])
def test_what_was_done_before_ctrl_c_is_kept(
    tmp_path: Path, overlay: Path, processes: int, group: int, least: int
) -> None:
    """Whatever is at work is stopped in the middle, or while its processes are still starting:
    every file is whole, nobody reads a traceback, and the rest is done later.
    """
    trace = ("--trace", "generated:philly:64:1", "--seeds", 60, "--load", 90)
    folder, words = tmp_path / "sweep", (PROGRAMME, "--overlay", overlay, *trace)
    well(*words, "--shards", 1, "--out", folder)
    command = [*HEADGATE, "simulate", "shard", "1/1", str(folder), f"--processes={processes}"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, start_new_session=True) as running:
        while len(results(folder)) < least or group_of(running.pid) < group:
            assert running.poll() is None
            time.sleep(0.02)
        os.killpg(running.pid, signal.SIGINT)
        said = running.communicate()[1].decode()
    done = results(folder)
    assert 130 == running.returncode, said
    assert "what is done is kept" in said
    assert "Traceback" not in said
    assert least <= len(done) < 122
    assert [] == list((folder / "done").glob(".*"))
    assert f"{122 - len(done)} tasks done now" in well("shard", "1/1", folder)
    whole = well(*words, "--no-term")
    assert whole == well("merge", folder)


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """A real Slurm."""
    with slurm_or_skip(Shape(nodes=1)) as running:
        yield running


def test_a_job_array_of_a_real_slurm_does_a_sweep(
    lab: Lab, words: tuple[object, ...], tmp_path: Path
) -> None:
    """The script that a sweep comes with is submitted as it is; its shards merge to the whole."""
    sweep = plan(tmp_path / "there")
    path = f"{program(tmp_path / 'bin').parent}:{os.environ['PATH']}"
    lab.run("sbatch", f"--export=PATH={path}", str(sweep / "slurm.sh"))
    lab.wait(lambda: lab.run("squeue", "-h") == "", "the end of the array", 120)
    logs = {path.name: path.read_text(encoding="utf-8") for path in (sweep / "logs").iterdir()}
    assert 8 == len(results(sweep)), logs
    assert {"1.txt", "2.txt", "3.txt"} == set(logs)
    assert well(*words, "--no-term") == well("merge", sweep)


def test_submitit_does_a_sweep_as_an_array_of_a_real_slurm(
    lab: Lab, sweep: Path, words: tuple[object, ...]
) -> None:
    """Each shard says what it did; together they merge to the whole."""
    source = os.pathsep.join(map(str, (Path(__file__).parents[2] / "src", Path.cwd())))
    command = [*HEADGATE, "simulate", "submit", str(sweep), "--shards", "3"]
    made = subprocess.run(
        [*command, "--minutes", "5"],
        env={**lab.environment, "PYTHONPATH": source},
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 == made.returncode, made.stderr
    first, *told = made.stdout.splitlines()
    assert first.startswith("3 shards submitted to slurm")
    assert ["shard 1/3", "shard 2/3", "shard 3/3"] == [line.partition(":")[0] for line in told]
    assert 8 == len(results(sweep))
    assert well(*words, "--no-term") == well("merge", sweep)


def test_a_shard_that_fails_under_submitit_is_named(sweep: Path) -> None:
    """By its number, its code and what was wrong; here, where there is no Slurm."""
    array = array_of(sweep, 1)
    spoil_columns(sweep)
    with pytest.raises(Faulty) as raised:
        list(carried(array, shard_alone, Asked(cluster="local")))
    (fault,) = raised.value.faults
    assert submitted.Code.FAILED.value == fault.code
    assert "shard 1/1" in fault.file


def test_what_submitit_cannot_carry_is_refused(
    sweep: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without submitit, and by a scheduler that takes no job: what to do instead is said."""
    (tmp_path / "srun").symlink_to("/bin/true")
    monkeypatch.setenv("PATH", str(tmp_path))
    for code in (submitted.Code.REFUSED, submitted.Code.MISSING):
        with pytest.raises(Faulty) as raised:
            list(carried(array_of(sweep, 2), shard_alone, Asked(cluster="slurm")))
        assert [code.value] == [fault.code for fault in raised.value.faults]
        monkeypatch.setitem(sys.modules, "submitit", None)
    assert {"MISSING", "REFUSED", "FAILED"} == {code.name for code in submitted.Code}


def test_an_indexed_job_of_kubernetes_does_every_shard(
    sweep: Path, tmp_path: Path, shared_data: Path
) -> None:
    """Its pods are well by the published schema of pods, which Kueue's Workload has whole; run with
    each index of the job, its command names each shard once.
    """
    job = YAML(typ="safe").load((sweep / "kubernetes.yaml").read_text(encoding="utf-8"))
    spec, template = job["spec"], job["spec"]["template"]
    assert ("batch/v1", "Job", "Indexed") == (
        job["apiVersion"],
        job["kind"],
        spec["completionMode"],
    )
    workload = {
        "apiVersion": "kueue.x-k8s.io/v1beta2",
        "kind": "Workload",
        "metadata": {"name": "sweep"},
        "spec": {"podSets": [{"name": "main", "count": 1, "template": template}]},
    }
    assert [] == read(shared_data / "data" / "kueue-crds").faults(workload, None)
    (container,) = template["spec"]["containers"]
    echo = tmp_path / "headgate"
    echo.write_text('#!/bin/sh\necho "$@"\n', encoding="utf-8")
    echo.chmod(0o755)
    said = []
    for index in range(spec["completions"]):
        known = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "JOB_COMPLETION_INDEX": str(index)}
        done = subprocess.run(
            [*container["command"], *container["args"]],
            env=known, capture_output=True, text=True, check=True,
        )  # fmt: skip
        said.append(done.stdout.split())
    assert [["simulate", "shard", f"{n}/3", "/work"] for n in (1, 2, 3)] == said
