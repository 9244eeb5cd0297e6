"""Places are held for a time and counted by heads: a day of a place is the same in every kind."""

import json
from datetime import date
from fractions import Fraction

import pytest
from pydantic import ValidationError

from headgate.core.ledger.chart import Chart
from headgate.core.supports import Assistants, Datasets, People
from headgate.core.supports.kind import Accounts
from headgate.core.supports.places import Places

DAY = 86_400
SECTION = """\
{"name": {"en": "Seats"}, "classes": {"clerk": {"name": {"en": "Clerk"}, "price_per_day": "2.5"},
 "judge": {"name": {"en": "Judge"}}},
 "lots": {
   "one": {"site": "platform", "operator": "P", "of": "clerk", "places": 40,
           "usable": "2027-03-01", "until": "2027-03-11"},
   "two": {"site": "platform", "operator": "P", "of": "clerk", "places": 2, "usable": "2027-03-06"},
   "three": {"site": "court", "operator": "C", "of": "judge", "places": 5, "usable": "2027-03-01"}}}
"""


def places(kind: type[Places], name: str) -> Places:
    """The section as one kind."""
    return kind.model_validate_json(json.dumps({"kind": name, **json.loads(SECTION)}))


@pytest.fixture
def seats() -> Places:
    """The section as seats of assistants."""
    return places(Assistants, "assistants")


def test_a_block_is_held_for_the_term_or_spent_by_the_day(seats: Places) -> None:
    """Five seats for ten days are fifty seat-days, which is what fifty seat-days are."""
    assert 50 * DAY == seats.amount({"seat": 5}, 1, 10 * DAY)
    assert 50 * DAY == seats.amount({"seat_day": 10}, 5, 1)
    assert 10 == seats.held_at_once({"seat": 5}, 2)
    assert seats.held_at_once({"seat_day": 10}, 5) is None


def test_places_come_and_go_by_the_lots_days(seats: Places) -> None:
    """Supply, sites and capacity say the same of the days on which a lot serves."""
    assert {"clerk": 0, "judge": 0} == seats.supply(date(2027, 2, 28))
    assert {"clerk": 42, "judge": 5} == seats.supply(date(2027, 3, 10))
    assert {"clerk": 2, "judge": 5} == seats.supply(date(2027, 3, 11))
    assert {"platform": 42} == seats.sites(date(2027, 3, 10))["clerk"]
    days = sum(seats.supply(date(2027, 3, n))["clerk"] for n in range(1, 32))
    assert days * DAY == seats.capacity("clerk", date(2027, 3, 1), date(2027, 4, 1))
    assert 0 == seats.capacity("judge", date(2027, 3, 1), date(2027, 4, 1), "platform")


@pytest.mark.parametrize(
    ("kind", "name", "place"),
    [
        (Datasets, "datasets", "access"),
        (People, "people", "person"),
        (Assistants, "assistants", "seat"),
    ],
)
def test_each_kind_calls_a_place_by_its_own_word(kind: type[Places], name: str, place: str) -> None:
    """Blocks, balances and envelopes of two kinds can never be added up by mistake."""
    section = places(kind, name)
    assert (place, f"{place}_day") == section.block_units
    assert (f"{place}_second", f"{place}_second.clerk") == (section.measure, section.unit("clerk"))
    assert 1 == section.rate("judge") == section.worth("judge")
    assert not section.enforced
    chart = Chart(section.patterns("given"))
    path, unit = Accounts("given").award("a1", "clerk"), f"{place}_second.clerk"
    assert unit == chart.account(path, unit).unit


def test_a_days_price_is_exact_and_may_be_unstated(seats: Places) -> None:
    """Half a day of a place at 2.5 a day is 1.25."""
    assert Fraction(5, 4) == seats.price("clerk", DAY // 2)
    assert seats.price("judge", DAY) is None


def test_a_section_is_closed() -> None:
    """A word of another kind is refused."""
    with pytest.raises(ValidationError, match="node_gpus"):
        Assistants.model_validate_json(
            json.dumps({"kind": "assistants", "node_gpus": 8, **json.loads(SECTION)})
        )
