"""What agents told is what the portal's events use: use is metered, what is held is recorded."""

import json

import pytest

from headgate.core.enforcement.engine import Order
from headgate.core.faults import Faulty
from headgate.core.ledger.refused import Refused
from headgate.core.quantities import seconds_of
from headgate.engines.rehearsal import Job
from headgate.readers.facts import Recorded
from headgate.site.actions.agents import announce, end_outage, revoke
from headgate.site.actions.take_due import due_now, take_due
from headgate.site.agents.models import Attempt
from headgate.site.agents.refusals import AgentRefusal
from headgate.site.agents.world import Sites
from headgate.site.desk.office import SITE
from headgate.site.verifying import verify_database
from headgate.steps.enforce import metered_of, orders_of
from headgate.steps.event import Event, What
from tests.site.agents.conftest import NOW, Centre, Country, at
from tests.site.agents.test_agents import DAY, HOUR, later, operator, term

SEPTEMBER, OCTOBER = "2026-09-10T00:00:00Z", "2026-10-02T00:00:00Z"
LATE = "2028-01-01T00:00:00Z"


def due() -> Event:
    """What the calendar holds next."""
    found = due_now(at(LATE))
    assert found is not None
    return found


def take() -> None:
    """The operator takes the event that is due, from the page."""
    take_due(operator(), str(due()), at(LATE), Sites())


def submitted(centre: Centre, *jobs: tuple[str, int, int]) -> str:
    """Jobs of one award: each with its start and seconds, on some GPUs; whose they are."""
    quota = next(o.quota for o in orders_of(term()) if o.cluster == centre.site)
    made = [
        Job(f"j{n}", quota.award, quota.support_class, gpus, when, seconds)
        for n, (when, gpus, seconds) in enumerate(jobs)
    ]
    centre.look(SEPTEMBER)
    centre.restart(held=centre.engine.observe(), jobs=made)
    return quota.award


def spent(site: str) -> int:
    """GPU-seconds that the ledger knows to be used on a site in this term."""
    return sum(metered_of(term()).get(site, ({}, {}))[0].values())


def test_a_month_is_metered_from_what_agents_told(country: Country) -> None:
    """A job over the month's end counts as far as it had run, and the rest a month later, once."""
    north, over = country.north, later(-2 * HOUR, "2026-10-01T00:00:00Z")
    submitted(north, (later(DAY, SEPTEMBER), 2, HOUR), (over, 3, 5 * HOUR))
    country.south.look(OCTOBER)
    north.look(OCTOBER)
    take()
    assert 2 * HOUR + 3 * 2 * HOUR == spent("north")
    for centre in (north, country.south):
        centre.look("2026-11-01T01:00:00Z")
    take()
    assert 2 * HOUR + 3 * 5 * HOUR == spent("north")
    assert () == verify_database(SITE).faults


def test_what_came_late_is_metered_by_the_next_look(country: Country) -> None:
    """Use of a month that was metered before it was told is found by the month after, once."""
    north = country.north
    submitted(north, (later(DAY, SEPTEMBER), 2, HOUR))
    announce(operator(), "north", at(SEPTEMBER), None, "the way out is cut", at(SEPTEMBER))
    country.south.look(OCTOBER)
    take()
    assert 0 == spent("north")
    for centre in (north, country.south):
        centre.look("2026-11-01T01:00:00Z")
    take()
    assert 2 * HOUR == spent("north")


def test_a_silent_agent_is_not_taken_for_an_idle_cluster(country: Country) -> None:
    """Use is metered when every site has told it, or its outage stands for everybody to see."""
    country.north.look(OCTOBER)
    with pytest.raises(Refused, match=AgentRefusal.USE_LAGS.name) as caught:
        take()
    assert "south" == caught.value.about
    outage = announce(operator(), "south", at(SEPTEMBER), None, "flooded", at(SEPTEMBER))
    again = announce(operator(), "south", at(SEPTEMBER), None, "flooded", at(SEPTEMBER))
    assert outage == again, "a second click is no second outage"
    end_outage(operator(), outage.pk, at(OCTOBER))
    with pytest.raises(Refused, match=AgentRefusal.OUTAGE_OVER.name):
        end_outage(operator(), outage.pk, at(LATE))
    with pytest.raises(Refused, match=AgentRefusal.USE_LAGS.name):
        take()
    announce(operator(), "south", at(SEPTEMBER), None, "flooded again", at(SEPTEMBER))
    take()
    assert What.METER is due().what
    assert "2026-11-01" == due().day.isoformat()


def test_the_same_event_pressed_twice_is_one_month(country: Country) -> None:
    """An event is told with its day: a second click does not take the month after."""
    del country
    seen = f"{due().day} {due()}"
    take_due(operator(), seen, at(LATE), Recorded({f"usage/{due().day}": []}))
    with pytest.raises(Refused, match="NOT_DUE"):
        take_due(operator(), seen, at(LATE), Recorded({}))


def test_where_nobody_is_enrolled_the_portal_invents_nothing(country: Country) -> None:
    """Without agents there is no use to take: the event is refused and not metered as zero."""
    for site in ("north", "south"):
        revoke(SITE, site, at(NOW))
    with pytest.raises(Faulty):
        take()
    assert (What.METER, 0) == (due().what, country.north.sent)


def test_orders_of_the_calendar_are_recorded_as_they_were_read_back(country: Country) -> None:
    """Given after a reclaim, an order does not stand until its agent has read it back."""
    for centre in (country.north, country.south):
        centre.look(OCTOBER)
        announce(operator(), centre.site, at(SEPTEMBER), None, "slow", at(SEPTEMBER))
    while due().what is not What.ENFORCE:
        take()
    before = len(decided())
    old = {order.quota for centre in (country.north, country.south) for order in _held(centre)}
    take()
    given = {f"{o.quota.award}@{o.cluster}": o.quota in old for o in orders_of(term())}
    assert given == dict(decided()[before:])
    assert {False} == set(given.values()), "each was idle, and was cut"
    before = len(decided())
    country.sign(LATE)
    for centre in (country.north, country.south):
        centre.look(later(DAY, "2026-12-01T00:00:00Z"))
    made = decided()[before:]
    assert {who for who, stood in given.items() if not stood} == {who for who, _ in made}
    assert {True} == {stands for _, stands in made}
    assert () == verify_database(SITE).faults


def _held(centre: Centre) -> list[Order]:
    return [Order(centre.site, quota, "held") for quota in centre.engine.observe()]


def decided() -> list[tuple[str, bool]]:
    """Every decision of an order, and whether it stood."""
    rows = SITE.rows("SELECT data FROM kept WHERE kind = 'decision' ORDER BY key")
    found = [json.loads(line) for (line,) in rows]
    return [(one["subject"], one["result"]["stands"]) for one in found if one["step"] == "order"]


def test_an_attempt_is_told_as_of_the_windows_end(country: Country) -> None:
    """What a later look saw is not told of a day before it."""
    north = country.north
    submitted(north, ("2026-09-30T20:00:00Z", 1, DAY))
    north.look(later(2 * DAY, OCTOBER))
    assert [None] != list(Attempt.objects.values_list("ended", flat=True))
    country.south.look(later(2 * DAY, OCTOBER))
    first, last = due().since, due().day
    (row,) = Sites().usage(first, last, "")
    assert (None, "2026-10-01T00:00:00Z") == (row.ended, row.seen)
    assert 4 * HOUR == seconds_of(row.seen) - seconds_of(row.started)
