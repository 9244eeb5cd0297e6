"""The real trace and the real benchmark items, where they are at hand."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from headgate.cli import app
from tests.whole.small import PROGRAMME, trace_text


def test_philly_is_the_workload(shared_data: Path, tmp_path: Path) -> None:
    """Two months of a real cluster are dealt to the awards, and every row is accounted for."""
    trace = next(iter(sorted((shared_data / "data" / "traces" / "philly").glob("*.csv*"))), None)
    if trace is None:
        pytest.skip("no Philly trace in the shared data")
    out = tmp_path / "out"
    words = ["demo", "--programme", str(PROGRAMME), "--trace", str(trace), "--out", str(out)]
    made = CliRunner().invoke(app, words)
    assert 0 == made.exit_code, made.output
    notes = (out / "facts/notes/world.jsonl").read_text("utf-8")
    assert all(f'"code":"{code}"' in notes for code in ("trace_rows", "trace_jobs", "trace_dealt"))


def test_livecodebench_stands_in_for_the_benchmark(shared_data: Path, tmp_path: Path) -> None:
    """Real items take the generated ones' place, and the page says that no real team is meant."""
    folder = shared_data / "data" / "evaluations" / "livecodebench-per-item"
    if not folder.is_dir():
        pytest.skip("no LiveCodeBench items in the shared data")
    trace, out = tmp_path / "w.swf", tmp_path / "out"
    trace.write_text(trace_text(), encoding="utf-8")
    words = ["demo", "--programme", str(PROGRAMME), "--trace", str(trace)]
    made = CliRunner().invoke(app, [*words, "--evidence", str(folder), "--out", str(out)])
    assert 0 == made.exit_code, made.output
    notes = (out / "facts/notes/world.jsonl").read_text("utf-8")
    assert all(f'"code":"{code}"' in notes for code in ("benchmark_items", "benchmark_places"))
    assert 0 == CliRunner().invoke(app, ["verify", str(out)]).exit_code
