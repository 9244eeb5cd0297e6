"""The bench harness says of every measure whether it keeps to its range, and fails if not."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]

HEAD = "def run() -> list[dict]:\n"


def bench(tmp_path: Path, body: str, ranges: str) -> tuple[int, list[dict[str, Any]]]:
    """Exit code and printed lines of a bench with this one scenario."""
    folder = tmp_path / "bench" / "posting"
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "bench/__main__.py", tmp_path / "bench")
    (folder / "bench_posting.py").write_text(HEAD + body)
    (folder / "ranges.yaml").write_text(ranges)
    result = subprocess.run(
        [sys.executable, "-m", "bench", "posting"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    return result.returncode, [json.loads(line) for line in result.stdout.splitlines()]


RATE = '    return [{"scenario": "post", "measure": "rate", "value": 5, "unit": "1/s"}]\n'


def test_measure_inside_its_range_passes(tmp_path: Path) -> None:
    """A line carries the measure, its limits and the verdict; a scenario's chatter is kept out."""
    ranges = "- {scenario: post, measure: rate, at_least: 5, at_most: 9, because: measured}\n"
    line = {"scenario": "post", "measure": "rate", "value": 5, "unit": "1/s"}
    expected = (0, [{**line, "at_least": 5, "at_most": 9, "ok": True}])
    assert expected == bench(tmp_path, "    print('warming up')\n" + RATE, ranges)


def test_measure_outside_its_range_fails(tmp_path: Path) -> None:
    """A speed that was promised and is lost turns the bench red."""
    code, lines = bench(tmp_path, RATE, "- {scenario: post, measure: rate, at_least: 6}\n")
    assert (1, [False]) == (code, [line["ok"] for line in lines])


def test_measure_above_its_limit_fails(tmp_path: Path) -> None:
    """A limit from above is held as well as one from below."""
    code, lines = bench(tmp_path, RATE, "- {scenario: post, measure: rate, at_most: 4}\n")
    assert (1, [False]) == (code, [line["ok"] for line in lines])


def test_measure_without_a_range_fails(tmp_path: Path) -> None:
    """A number that nothing is held against is no bench."""
    code, lines = bench(tmp_path, RATE, "")
    assert (1, [False]) == (code, [line["ok"] for line in lines])


def test_range_that_nothing_measured_fails(tmp_path: Path) -> None:
    """A promise cannot be kept by no longer measuring it."""
    ranges = "".join(
        f"- {{scenario: {name}, measure: rate, at_least: 1}}\n" for name in ("post", "gone")
    )
    code, lines = bench(tmp_path, RATE, ranges)
    assert (1, [("post", 5, True), ("gone", None, False)]) == (
        code,
        [(line["scenario"], line["value"], line["ok"]) for line in lines],
    )


def test_value_that_is_no_number_fails(tmp_path: Path) -> None:
    """A measure that came out as NaN is not inside any range."""
    body = RATE.replace("5", 'float("nan")')
    code, lines = bench(tmp_path, body, "- {scenario: post, measure: rate, at_most: 9}\n")
    assert (1, [None]) == (code, [line["value"] for line in lines])


def test_nothing_measured_fails(tmp_path: Path) -> None:
    """A misspelt folder or an empty scenario is not a passed bench."""
    assert (1, []) == bench(tmp_path, "    return []\n", "")
