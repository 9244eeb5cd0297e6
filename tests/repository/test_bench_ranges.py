"""Every bench scenario has its accepted ranges beside it, and each says where it came from."""

import ast
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

BENCH = Path(__file__).parents[2] / "bench"
FOLDERS = sorted(
    path for path in BENCH.iterdir() if path.is_dir() and not path.name.startswith("__")
)
LIMITS = {"at_least", "at_most"}
KEYS = {"scenario", "measure", "because", "needs", *LIMITS}


def range_faults(entries: Iterable[Mapping[str, Any]]) -> list[str]:
    """What is wrong with a list of ranges, by scenario and measure."""
    seen = set()
    faults = []
    for entry in entries:
        name = f"{entry.get('scenario')}/{entry.get('measure')}"
        faults += [
            f"{name}: no {key}" for key in ("scenario", "measure", "because") if not entry.get(key)
        ]
        faults += [f"{name}: unknown {key}" for key in sorted(set(entry) - KEYS)]
        limits = [entry[key] for key in sorted(LIMITS & set(entry))]
        if not limits or not all(type(limit) in (int, float) for limit in limits):
            faults.append(f"{name}: a limit is a number, at_least or at_most")
        if name in seen:
            faults.append(f"{name}: stands twice")
        seen.add(name)
    return faults


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_ranges_are_whole(folder: Path) -> None:
    """A reader of a bench finds what is accepted and why without asking anyone."""
    entries = YAML(typ="safe").load((folder / "ranges.yaml").read_text(encoding="utf-8"))
    assert [] == range_faults(entries)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_scenarios_can_be_run(folder: Path) -> None:
    """Each bench module has the `run()` that `python -m bench` calls."""
    modules = sorted(folder.glob("bench_*.py"))
    runs = [
        any(isinstance(node, ast.FunctionDef) and node.name == "run" for node in tree.body)
        for tree in (ast.parse(path.read_text(encoding="utf-8")) for path in modules)
    ]
    assert modules
    assert all(runs)


def test_faulty_ranges_are_named() -> None:
    """A range without a reason, a limit or a name of its own is refused, all of them at once."""
    entries: list[dict[str, Any]] = [
        {"scenario": "post", "measure": "rate", "at_least": 5, "because": "measured"},
        {"scenario": "post", "measure": "rate", "at_least": "5", "because": "measured"},
        {"scenario": "post", "measure": "time", "at_mots": 5},
    ]
    assert [
        "post/rate: a limit is a number, at_least or at_most",
        "post/rate: stands twice",
        "post/time: no because",
        "post/time: unknown at_mots",
        "post/time: a limit is a number, at_least or at_most",
    ] == range_faults(entries)
