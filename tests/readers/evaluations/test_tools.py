"""Logs that the tools themselves wrote: our errors are theirs, and every trap is refused."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from headgate.readers.evaluations.findings import Code
from headgate.readers.evaluations.inspect_ai import archived, read_log
from headgate.readers.evaluations.reading import Archive
from headgate.readers.evaluations.run import Report, Wanted, mean_and_error
from tests.readers.evaluations import made


@pytest.fixture
def logs(shared_data: Path, tmp_path: Path) -> Path:
    """A copy of the kept logs."""
    folder = shared_data / "data" / "evaluations" / "tool-logs"
    if not folder.is_dir():
        pytest.skip(f"no logs of evaluation tools at {folder}")
    for name in ("lm-eval", "inspect", "inspect-made-here"):
        (tmp_path / name).mkdir()
        for file in (folder / name).iterdir():
            shutil.copyfile(file, tmp_path / name / file.name)
    return tmp_path


def test_lm_evals_own_error_comes_out_of_its_items(logs: Path) -> None:
    """Mean and standard error of both tasks are those in the tool's results, to every digit."""
    results = json.loads((logs / "lm-eval" / "results.json").read_text("utf-8"))["results"]
    files = ["results.json", *(f"samples_headgate_demo_{name}.jsonl" for name in ("mc", "gen"))]
    teams = f"teams: {{a: {{models: i82qcls7, logs: {[f'lm-eval/{f}' for f in files]}}}}}\n"
    tasks = """tasks:
  bench:
    mc: {log_task: headgate_demo_mc, metric: acc}
    gen: {log_task: headgate_demo_gen}
"""
    mc, gen = made.read(logs, teams, tasks).kept
    own = results["headgate_demo_mc"]
    expected = (own["acc,none"], own["acc_stderr,none"])
    assert pytest.approx(expected, rel=1e-14) == mean_and_error(mc.run.samples)
    assert (0.0, 0.0) == mean_and_error(gen.run.samples)
    assert 30 == len(mc.run.samples)


def inspect(path: Path, wanted: Wanted) -> tuple[tuple[float, float], dict[str, Any], list[str]]:
    """Mean and error of a zip, its own metrics, and its findings."""
    with path.open("rb") as stream:
        archive, report = Archive(stream, path.name), Report(path.name)
        header = archive.read("header.json")
        (run,) = read_log(header, archived(archive), [wanted], report)
    ours = mean_and_error(run.samples, clustered=wanted.cluster is not None)
    metrics = header["results"]["scores"][0]["metrics"]
    return ours, metrics, [fault.code for fault in report.faults]


def test_inspects_own_clustered_error_comes_out_of_its_items(logs: Path) -> None:
    """Two epochs of thirty items in ten passages, packed with Zstandard: error to every digit."""
    path = logs / "inspect-made-here" / "two_epochs_clustered.eval"
    wanted = Wanted("bench", "demo", "headgate_demo", cluster="passage")
    ours, metrics, findings = inspect(path, wanted)
    expected = [float(metrics[name]["value"]) for name in ("accuracy", "stderr")]
    assert pytest.approx(expected, rel=1e-14) == list(ours)
    assert [] == findings


def test_inspects_plain_error_comes_out_of_a_partial_log(logs: Path) -> None:
    """Ten of a hundred items give the tool's error, and are refused as partial."""
    path = logs / "inspect" / "popularity_10_scored.eval"
    ours, metrics, findings = inspect(path, Wanted("bench", "popularity", "popularity"))
    expected = [float(metrics[name]["value"]) for name in ("accuracy", "stderr")]
    assert pytest.approx(expected, rel=1e-14) == list(ours)
    assert [Code.PARTIAL.value] == findings


@pytest.mark.parametrize(
    ("name", "task", "expected"),
    [
        ("inspect/popularity_10_unscored.eval", "popularity", {Code.UNSCORED}),
        ("inspect/popularity_1_ollama.eval", "popularity", {Code.PARTIAL}),
        ("inspect/popularity_cancelled_3of100.json", "popularity", {Code.NOT_FINISHED}),
        ("inspect/security_guide.json", "security_guide", {Code.PARTIAL}),
        (
            "inspect-made-here/status_error_no_results.eval",
            "headgate_demo",
            {Code.NOT_FINISHED, Code.UNSCORED},
        ),
    ],
)
def test_every_kept_trap_is_refused(name: str, task: str, expected: set[Code], logs: Path) -> None:
    """No log that only looks whole becomes evidence."""
    teams = f"teams: {{a: {{models: [openai/gpt-4o-mini, ollama/llama3.1], logs: [{name}]}}}}\n"
    found = made.codes(logs, teams, f"tasks: {{bench: {{{task}: {{}}}}}}\n")
    assert {code.value for code in expected} <= set(found)


def test_one_of_fourteen_thousand_items_is_no_examination(logs: Path) -> None:
    """A limit of one item is refused, whatever the log's status."""
    path = logs / "inspect" / "mmlu_1of14042.eval"
    with path.open("rb") as stream:
        task = Archive(stream, path.name).read("header.json")["eval"]["task"]
    _, _, findings = inspect(path, Wanted("bench", "mmlu", task))
    assert [Code.PARTIAL.value] == findings
