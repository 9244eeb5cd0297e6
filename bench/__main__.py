"""Measure the speed scenarios and hold each measure against its accepted range.

A scenario is a folder: `bench/<folder>/bench_*.py` with a function `run()` that returns measures
`{"scenario", "measure", "value", "unit"}`, and `bench/<folder>/ranges.yaml` beside it, a list of
`{scenario, measure, at_least and/or at_most, because}`, where `because` says where the range came
from (as Kueue keeps its performance scenarios and ranges side by side).

`python -m bench [folder ...]` prints one JSON line for each measure on standard output and whatever
a scenario prints on standard error. It exits with 1 when a measure is outside its range, has no
range, or was promised by a range and not measured, and when nothing was measured at all.
"""

import contextlib
import importlib
import json
import math
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

BENCH = Path(__file__).parent

Row = Mapping[str, Any]


def scenario_rows(path: Path) -> list[Row]:
    """What one bench module measures; what it prints goes to standard error."""
    module = importlib.import_module(f"bench.{path.parent.name}.{path.stem}")
    with contextlib.redirect_stdout(sys.stderr):
        return list(module.run())


def accepted_ranges(folder: Path) -> dict[tuple[str, str], Row]:
    """The ranges of a folder by (scenario, measure); a folder without the file accepts nothing."""
    path = folder / "ranges.yaml"
    entries = YAML(typ="safe").load(path.read_text(encoding="utf-8")) if path.exists() else None
    return {(entry["scenario"], entry["measure"]): entry for entry in entries or ()}


def judged(row: Row, accepted: Row) -> dict[str, Any]:
    """The measure with its limits and whether it keeps to them; a NaN keeps to none."""
    limits = {name: accepted[name] for name in ("at_least", "at_most") if name in accepted}
    value = row["value"]
    inside = {
        "at_least": lambda limit: value >= limit,
        "at_most": lambda limit: value <= limit,
    }
    ok = bool(limits) and all(inside[name](limit) for name, limit in limits.items())
    return {**row, **limits, "ok": bool(ok)}


def folder_results(folder: Path) -> Iterator[dict[str, Any]]:
    """Every measure of a folder, judged, and every range that nothing measured.

    What `needs` something that is not here is told, and fails nobody.
    """
    ranges = accepted_ranges(folder)
    for path in sorted(folder.glob("bench_*.py")):
        for row in scenario_rows(path):
            yield judged(row, ranges.pop((row["scenario"], row["measure"]), {}))
    for (scenario, measure), accepted in ranges.items():
        row = {"scenario": scenario, "measure": measure, "value": float("nan"), "unit": ""}
        needs = accepted.get("needs")
        yield {**row, "not_here": needs, "ok": True} if needs else judged(row, accepted)


def main(names: list[str]) -> int:
    """Print the results of the named folders, or of all; 0 when every measure is in its range."""
    folders = [BENCH / name for name in names] or sorted(
        {path.parent for path in BENCH.glob("*/bench_*.py")}
    )
    verdicts = []
    for folder in folders:
        for result in folder_results(folder):
            print(line(result), flush=True)
            verdicts.append(result["ok"])
    return 0 if verdicts and all(verdicts) else 1


def line(result: Mapping[str, Any]) -> str:
    """One JSON line; a value that was not measured is null, since JSON has no NaN."""
    value = result["value"] if math.isfinite(result["value"]) else None
    return json.dumps({**result, "value": value}, allow_nan=False)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
