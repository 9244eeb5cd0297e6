"""How long a stranger waits: the whole demo, its verification, and help, each in its own process.

Seconds are by the clock, start of Python included, as a person feels them; memory is the largest
that the child process held.
"""

import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

HELP_PASSES = 5


def measure(scenario: str, name: str, value: float, unit: str) -> dict[str, Any]:
    """One line of the bench."""
    return {"scenario": scenario, "measure": name, "value": value, "unit": unit}


def headgate(*words: str) -> float:
    """Seconds of one command, which must end well."""
    script = "from headgate.cli import main; main()"
    start = perf_counter()
    subprocess.run([sys.executable, "-c", script, *words], stdout=subprocess.DEVNULL, check=True)
    return perf_counter() - start


def peak_mebibytes() -> float:
    """The largest memory any child has held so far, in MiB (Linux counts in KiB)."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def run() -> list[dict[str, Any]]:
    """Measure help, then the demo, then its verification; the demo is the largest child."""
    quickest = min(headgate("--help") for _ in range(HELP_PASSES))
    with tempfile.TemporaryDirectory() as folder:
        out = str(Path(folder) / "bundle")
        made = headgate("demo", "--out", out)
        peak = peak_mebibytes()
        verified = headgate("verify", out)
    return [
        measure("help", "seconds", quickest, "s"),
        measure("demo", "seconds", made, "s"),
        measure("demo", "peak_mebibytes", peak, "MiB"),
        measure("verify", "time_to_demo", verified / made, "ratio"),
    ]
