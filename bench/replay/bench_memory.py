"""What a what-if of ten million jobs on 260,000 GPUs takes of memory, from the command on.

Each size is a process of its own, whose peak the system tells (`ru_maxrss`). Ten million follow
from how memory grows between the two sizes; `HEADGATE_BENCH_LARGE=1` runs them as well.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

GPUS = 260_000
JOBS = 10_000_000
WEEKS = {"small": "generated:helios:26000:1", "large": "generated:helios:104000:1"}
WHOLE = "generated:helios:260000:4"
ROWS = (250_000, 1_000_000)
PROGRAMME = f"""
headgate: 1
from: 2026-01-01
source: law/act.md#art-1
status: assumed
programme:
  id: large
  name: {{en: A large programme}}
  country: KR
  currency: KRW
  timezone: Asia/Seoul
  calendar: {{first: 2026-01-01, months: 12}}
supports:
  compute:
    kind: compute
    name: {{en: GPU computing}}
    chips: {{b300: {{name: B300}}}}
    rates: {{b300: 1}}
    measure_by: count
    node_gpus: 8
    lots:
      all: {{site: one, operator: One, chip: b300, gpus: {GPUS}, state_gpus: {GPUS},
        usable: 2026-01-01}}
organisations: {{kinds: [team], sizes: [any]}}
holders:
  - {{id: national, name: {{en: National}}, when: 'applicant.size == "any"'}}
  - {{id: business, name: {{en: Business}}, when: 'applicant.kind == "team"'}}
  - {{id: academia, name: {{en: Academia}}, when: 'applicant.kind == "team"'}}
envelopes:
  compute:
    of: 100
    shares: {{national: 50, business: 30, academia: 20}}
    block: {{gpu: 8}}
    method: largest_remainder
"""
PEAK = "import resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)"
SIMULATE = f"""
import contextlib, io, json, sys
from headgate.cli import main
said = io.StringIO()
with contextlib.redirect_stdout(said), contextlib.suppress(SystemExit):
    sys.argv = ["headgate", "simulate", sys.argv[1], "--trace", sys.argv[2], "--no-term", "--json"]
    main()
print(json.loads(said.getvalue())["trace"]["jobs"])
{PEAK}
"""
READ = f"""
import sys
from pathlib import Path
from headgate.readers.trace_layouts import read_file
notes = read_file(Path(sys.argv[1])).notes
assert {{"trace-not-a-number": 1}} == notes.bad, notes.bad
print(notes.rows)
{PEAK}
"""
ROW = "{n} {n} 0 {seconds} 8 -1 -1 8 -1 -1 1 1 {tenant} 1 1 1 -1 -1\n"


def peak(program: str, *words: str) -> tuple[int, int]:
    """A count that a program prints, and the MiB that it took at its peak."""
    done = subprocess.run(
        [sys.executable, "-c", program, *words], capture_output=True, text=True, check=True
    )
    count, mebibytes = done.stdout.split()
    return int(count), int(mebibytes)


def grown(small: tuple[int, int], large: tuple[int, int]) -> float:
    """MiB at ten million, by the growth from a small size to a large one."""
    return large[1] + (JOBS - large[0]) * (large[1] - small[1]) / (large[0] - small[0])


def log_of(folder: Path, rows: int) -> str:
    """A log in which one row, in its middle, cannot be read."""
    path = folder / f"{rows}.swf"
    with path.open("w", encoding="utf-8") as file:
        for n in range(rows):
            seconds = "x" if n == rows // 2 else 60 + n % 3600
            file.write(ROW.format(n=n, seconds=seconds, tenant=n % 97))
    return str(path)


def run() -> list[dict[str, object]]:
    """A what-if, and a log with one bad row."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "law").mkdir()
        (folder / "law/act.md").write_text("# Act\n\n## Art 1\n\nText.\n", encoding="utf-8")
        (folder / "programme.yaml").write_text(PROGRAMME, encoding="utf-8")
        large = os.environ.get("HEADGATE_BENCH_LARGE")
        peak(SIMULATE, name, WEEKS["small"])
        tried = [peak(SIMULATE, name, word) for word in WEEKS.values()]
        read = [peak(READ, log_of(folder, rows)) for rows in ROWS]
        simulated = peak(SIMULATE, name, WHOLE)[1] if large else grown(*tried)
        logged = peak(READ, log_of(folder, JOBS))[1] if large else grown(*read)
    amounts = {
        "a what-if of 10,000,000 jobs on 260,000 GPUs": simulated,
        "reading 10,000,000 rows of which one is bad": logged,
    }
    return [
        {"scenario": "memory", "measure": what, "value": round(mebibytes), "unit": "MiB"}
        for what, mebibytes in amounts.items()
    ]
