"""Compute is GPU-seconds: lots arrive and leave by date, blocks come to amounts, rates weigh."""

import json
from datetime import date
from fractions import Fraction

import pytest

from headgate.core.ledger.chart import Chart, Limit
from headgate.core.supports import Compute
from headgate.core.supports.kind import Accounts
from headgate.core.supports.text import Text

COMPUTE = """\
{"kind": "compute", "name": {"en": "Compute"}, "node_gpus": 8, "measure_by": "rates",
 "chips": {"h200": {"name": "H200", "price_per_gpu_hour": 3190}, "b200": {"name": "B200"}},
 "rates": {"h200": 4, "b200": 8, "a100": 1},
 "lots": {
   "one": {"site": "north", "operator": "N", "chip": "h200", "gpus": 80, "state_gpus": 64,
           "usable": "2026-03-01", "until": "2026-06-01"},
   "two": {"site": "north", "operator": "N", "chip": "h200", "gpus": 16, "state_gpus": 16,
           "usable": "2026-05-01"},
   "three": {"site": "south", "operator": "S", "chip": "b200", "gpus": 8, "state_gpus": 0,
           "usable": "2026-03-01"}}}
"""


def compute(**changes: object) -> Compute:
    """The section with some of its words changed."""
    return Compute.model_validate_json(json.dumps({**json.loads(COMPUTE), **changes}))


@pytest.mark.parametrize(
    ("day", "h200"),
    [
        (date(2026, 2, 28), 0),
        (date(2026, 3, 1), 64),
        (date(2026, 5, 1), 80),
        (date(2026, 5, 31), 80),
        (date(2026, 6, 1), 16),
    ],
)
def test_supply_follows_the_lots_dates(day: date, h200: int) -> None:
    """A lot counts from its first usable day to the day before its lease ends, the state's part."""
    assert {"h200": h200, "b200": 0} == compute().supply(day)
    assert h200 == sum(compute().sites(day)["h200"].values())


def test_a_block_of_gpus_is_held_and_a_block_of_hours_is_spent() -> None:
    """Two nodes of 8 for a day are 1,382,400 GPU-seconds; three blocks of 100 hours 1,080,000."""
    assert 1_382_400 == compute().amount({"gpu": 8}, 2, 86_400)
    assert 1_080_000 == compute().amount({"gpu_hour": 100}, 3, 1)
    assert 16 == compute().held_at_once({"gpu": 8}, 2)
    assert compute().held_at_once({"gpu_hour": 100}, 3) is None


def test_by_count_a_gpu_is_a_gpu_and_by_rates_it_is_weighed() -> None:
    """The same chips share one envelope in either measure, in a unit that says which."""
    weighed, counted = compute(), compute(measure_by="count")
    assert (8, "weighted_gpu_second") == (weighed.rate("b200"), weighed.measure)
    assert (1, "gpu_second") == (counted.rate("b200"), counted.measure)
    assert "gpu_second.b200" == weighed.unit("b200")


def test_a_price_is_exact_and_none_where_none_is_stated() -> None:
    """One GPU-second at 3,190 won an hour is 3190/3600 won, not a rounded one."""
    assert Fraction(3190, 3600) == compute().price("h200", 1)
    assert compute().price("b200", 3600) is None
    cents = compute(chips={"h200": {"name": "H200", "price_per_gpu_hour": "2.45"}})
    assert Fraction("4.9") == cents.price("h200", 7200)


def test_the_accounts_of_a_support_are_limited_where_a_right_is_spent() -> None:
    """Envelopes, grants, capacity and awards cannot be overdrawn; sources and sinks are open."""
    accounts, chart = Accounts("compute"), Chart(compute().patterns("compute"))
    limited = {
        accounts.envelope("business"): "weighted_gpu_second",
        accounts.granted("business"): "weighted_gpu_second",
        accounts.capacity("h200"): "gpu_second.h200",
        accounts.award("a-1", "h200"): "gpu_second.h200",
    }
    free = {
        accounts.supply: "weighted_gpu_second",
        accounts.arrival("h200"): "gpu_second.h200",
        accounts.use("north", "h200"): "gpu_second.h200",
        accounts.overuse("a-1", "h200"): "gpu_second.h200",
        accounts.lapsed("h200"): "gpu_second.h200",
    }
    found = {path: chart.find(path) for path in (*limited, *free)}
    kept = Limit.DEBITS_MUST_NOT_EXCEED_CREDITS
    expected = {p: (unit, kept) for p, unit in limited.items()}
    expected |= {p: (unit, Limit.NONE) for p, unit in free.items()}
    assert expected == {p: (a.unit, a.limit) for p, a in found.items() if a is not None}


def test_a_text_falls_back_to_english() -> None:
    """A name that is not written in a language yet is shown in English, never empty."""
    text = Text.model_validate({"en": "Firms", "ko": "산업계", "fr": "Entreprises"})
    said = [text.say(language) for language in ("ko", "vi", "fr", "de")]
    assert ["산업계", "Firms", "Entreprises", "Firms"] == said
