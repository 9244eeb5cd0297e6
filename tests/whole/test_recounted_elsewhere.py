"""Vietnam's and the ALCC's rehearsed terms counted again from the files that a stranger gets.

As Korea's term is (`test_recounted_term.py`): only JSON is read, and which support a class is of is
said here by hand.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache

import pytest

from headgate.bundle.layout import published
from headgate.demo import Choices, Rehearsed, rehearse
from headgate.outcomes import figures_of
from headgate.report.summary import summary_of
from tests.whole.test_recounted_term import HOUR, Row, seconds

CLASSES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "vietnam-2027": {
        "compute": ("h100", "h200"),
        "data": ("languages", "legal-texts", "health"),
        "training": ("chip-design", "deep-ai"),
        "assistants": ("civil-service",),
    },
    "us-alcc-2026": {"compute": ("mi250x",)},
}
TERMS = {
    "vietnam-2027": ("2027-03-01T00:00:00Z", "2027-09-01T00:00:00Z"),
    "us-alcc-2026": ("2026-07-01T00:00:00Z", "2027-07-01T00:00:00Z"),
}


@cache
def made(programme: str) -> Rehearsed:
    """One term of a programme."""
    return rehearse(programme, Choices(), lambda _: None)


@cache
def files(programme: str) -> Mapping[str, bytes]:
    """The published files of the term, by path."""
    return published(made(programme).term, made(programme).data)


def rows(programme: str, start: str) -> Iterator[Row]:
    """The rows of all published files whose path starts so."""
    for name in sorted(name for name in files(programme) if name.startswith(start)):
        yield from map(json.loads, files(programme)[name].splitlines())


@pytest.mark.parametrize(
    ("programme", "support"), [(name, one) for name, those in CLASSES.items() for one in those]
)
def test_hours_of_a_support_are_those_of_orders_and_of_the_meter(
    programme: str, support: str
) -> None:
    """Granted by the first orders, used by jobs, taken back by decisions; the rest is idle."""
    starts, ends = TERMS[programme]
    classes, holder_of = CLASSES[programme][support], dict[str, str]()
    granted, used, back = Counter[str](), Counter[str](), Counter[str]()
    for row in rows(programme, "decisions/order"):
        quota = row["result"]["order"]["quota"]
        if row["at"] == starts and quota["support_class"] in classes:
            holder_of[quota["award"]] = quota["holder"]
            granted[quota["holder"]] += quota["gpu_seconds_budget"]
    told = [row for row in rows(programme, "facts/usage") if row["support_class"] in classes]
    for row in {(r["cluster"], r["job"], r["attempt"]): r for r in told}.values():
        ended = min(row["ended"] or row["seen"], ends)
        used[holder_of[row["award"]]] += row["gpus"] * (seconds(ended) - seconds(row["started"]))
    for row in rows(programme, "decisions/reclaim"):
        if row["result"]["idle"]["support_class"] in classes:
            award = row["result"]["idle"]["award"]
            back[holder_of[award]] += row["result"]["taken"]["gpu_seconds"]
    figures = figures_of(summary_of(made(programme).term, made(programme).data))
    for holder, whole in granted.items():
        left = whole - used[holder] - back[holder]
        counted = {"granted": whole, "used": used[holder], "taken back": back[holder], "idle": left}
        for name, amount in counted.items():
            assert amount // HOUR == figures[f"{support}, {holder}: hours {name}"]
    assert min(granted.total(), used.total()) > 0
