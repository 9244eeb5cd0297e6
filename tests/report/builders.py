"""Whole terms for the report's tests: the real cycle on a short trace, each run once a session."""

from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path

from headgate.core.policy.dated import at
from headgate.core.policy.sharing import Sharing, Turns
from headgate.core.supports.text import Text
from headgate.cycle import run
from headgate.readers.policy_files import read_programme
from headgate.readers.programmes import data_files
from headgate.readers.trace_layouts import read_lines
from headgate.report.summary import Summary, summary_of
from headgate.report.trial import COSTS, COUNTS, DAYS, HOURS, WAITS, Column, Trial
from headgate.simulation.population import read_population
from headgate.simulation.world import Simulated
from headgate.steps.agenda import first_day
from headgate.steps.term import Term

ROOT = Path(__file__).parents[2]
SMALL = "tests/programmes/small"
SHIPPED = ("programmes/korea-2025", "programmes/uk-airr-2026", "programmes/us-alcc-2026")
JOBS = 600

Rehearsal = tuple[Term, Mapping[str, bytes]]


def trace() -> list[str]:
    """A log in SWF: an hour between jobs of 8 processors, which run from 4 hours to 4 days."""
    rows = [
        f"{n} {n * 3600} 10 {14400 * (1 + n % 24)} 8 -1 -1 8 -1 -1 1 {n % 9 + 1} 1 -1 1 -1 -1 -1"
        for n in range(1, JOBS)
    ]
    return ["; UnixStartTime: 1000000000", *rows]


def trial() -> Trial:
    """A what-if of Korea's policy with figures made up, two variants, several histories."""
    document = read_programme(ROOT / SHIPPED[0], ())
    policy = at(document, first_day(document)).policy
    columns = [_column(name, shared) for name in ("", "forty") for shared in (False, True)]
    apart = {"budgets", "inference", "spot"}
    words = Sharing(turns=Turns.PAST_USE).model_dump(mode="json", exclude=apart)
    said = {**words, "budget_hours": 9, "when_spent": "wait"}
    said |= {"inference_first": ("npu (60 %, 50 %)",), "spill_seconds": 1800, "spot_tariff": 40}
    sharing = (("", date(2026, 3, 16), said), ("forty", date(2026, 4, 1), {**said, "idle": "kept"}))
    sources = (("as it stands (policy)", "a" * 64), ("forty.yaml", "b" * 64))
    left_out = {"never_run": 3, "too_large": 1}
    because = {"forty": Text(en="What if it were 40/36/24?", ko="40/36/24라면?")}
    made = tuple(columns)
    return Trial(policy, "jobs.swf", made, 6, sources, {"load": None}, left_out, sharing, because)


def _column(variant: str, shared: bool) -> Column:
    names = (*HOURS, *COUNTS, *DAYS, *WAITS, *(COSTS if variant else COSTS[:1]))
    amounts = {name: 3600 * (1000 + n) // (1 + shared) for n, name in enumerate(names)}
    envelopes = ("national", "business", "academia")
    return Column(
        variant,
        shared,
        {name: (amount, amount // 2, amount * 2) for name, amount in amounts.items()},
        dict.fromkeys(envelopes, (3600, 60, 90000)),
        dict.fromkeys(("1", "2-8", "65+"), (3600, 60, 90000)),
        ((date(2026, 4, 1), dict.fromkeys(envelopes, (3600, 1800))),),
        dict.fromkeys(envelopes, (100, 60, 2, (431, 400, 450))),
        dict.fromkeys(envelopes, 7200) if shared else {},
    )


@cache
def rehearsal(folder: str) -> Rehearsal:
    """A term of a programme of this repository, with its data files."""
    path = ROOT / folder
    document, data = read_programme(path, ()), data_files(path)
    policy = at(document, first_day(document)).policy
    populations = {
        call: read_population(name, data[name].decode())
        for call in policy.calls
        if (name := f"data/{call}.yaml") in data
    }
    world = Simulated(
        policy, populations, "headgate", trace=read_lines(map(str.encode, trace()), "trace.swf")
    )
    return run(document, world), data


@cache
def summary(folder: str) -> Summary:
    """What the page of that term shows."""
    return summary_of(*rehearsal(folder))
