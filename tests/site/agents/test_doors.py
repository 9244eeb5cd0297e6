"""What the agents' doors refuse: strangers, too much, and what is not what it says."""

import json
from collections.abc import Callable
from dataclasses import astuple, replace
from typing import Any

import pytest
from django.test import Client

from headgate.core import canonical
from headgate.core.metering.usage import Usage
from headgate.site.actions.take_in import journal_returned
from headgate.site.agents import doors
from headgate.site.agents.models import Agent, Attempt
from headgate.site.desk.office import SITE
from headgate.site.desk.taking import done
from headgate.site.records.journal import head
from tests.site.agents.conftest import NOW, Country

ROW = Usage("north", "j", 1, "a", "h200", 1, "2026-09-01T00:00:00Z", None, "2026-09-02T00:00:00Z")


def ask(country: Country, what: str, data: bytes | None = None, **headers: str) -> Any:
    """What a door answers to the north's agent, or to whoever the headers say."""
    told = {"Authorization": f"Bearer {country.north.token}", **headers}
    client, where = Client(headers=told, enforce_csrf_checks=True), f"/agents/north/{what}"
    if data is None:
        return client.get(where)
    return client.post(where, data, content_type="application/jsonl")


def lines(*rows: Usage) -> bytes:
    """Rows as an agent tells them."""
    return b"".join(map(canonical.line, rows))


@pytest.mark.parametrize("what", ["orders", "use", "report"])
def test_a_door_opens_to_its_own_agent_alone(country: Country, what: str) -> None:
    """Without the site's credential there is nothing to see and nothing to leave."""
    data = None if what == "orders" else b"{}"
    for wrong in ("", "Bearer", "Bearer x", f"Basic {country.north.token}", "Bearer ü"):
        assert 401 == ask(country, what, data, Authorization=wrong).status_code
    foreign = f"Bearer {country.south.token}"
    assert 401 == ask(country, what, data, Authorization=foreign).status_code
    other = Client(headers={"Authorization": f"Bearer {country.north.token}"})
    for site in ("nowhere", "no.where", "Đà Nẵng"):
        assert 401 == other.get(f"/agents/{site}/orders").status_code
    assert 405 == ask(country, what, b"{}" if what == "orders" else None).status_code


@pytest.mark.parametrize(
    "changed",
    [
        {"cluster": "south"},
        {"job": "a\x00b"},
        {"job": "x" * 201},
        {"award": "line\nline"},
        {"started": "yesterday"},
        {"seen": "2026-09-02"},
        {"gpus": 2**60},
        {"gpus": 1_000_001},
        {"gpus": -1},
        {"attempt": "first"},
    ],
    ids=str,
)
def test_a_row_that_cannot_be_kept_is_refused_with_its_line(
    country: Country, changed: dict[str, Any]
) -> None:
    """Nothing of a parcel is kept in part, and the agent is told which line is wrong."""
    bad = json.dumps({**canonical.plain(ROW), **changed}).encode() + b"\n"
    answer = ask(country, "use", lines(ROW) + bad)
    assert (422, True) == (answer.status_code, b"line 2" in answer.content)
    assert 0 == Attempt.objects.count()


def test_what_is_too_large_or_too_often_is_told_so(
    country: Country, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sizes and rates are bounded for each agent, whatever its credential."""
    monkeypatch.setattr(doors, "ROWS_MOST", 2)
    assert 200 == ask(country, "use", lines(ROW, ROW)).status_code
    assert 422 == ask(country, "use", lines(ROW, ROW, ROW)).status_code
    monkeypatch.setattr(doors, "BYTES_MOST", 100)
    assert 413 == ask(country, "use", lines(ROW)).status_code
    monkeypatch.setattr(doors, "ASKED_A_MINUTE_MOST", 0)
    answer = ask(country, "orders")
    assert (429, "60") == (answer.status_code, answer.headers["Retry-After"])
    assert country.north.look(NOW).online is False


def test_a_nul_in_an_address_or_a_form_is_a_bad_request(country: Country) -> None:
    """PostgreSQL keeps none in a text: whoever sends one is told so, signed in or not."""
    del country
    client = Client()
    assert 400 == client.get("/agents/%00/orders").status_code
    assert 400 == client.get("/dates/%00/headgate.ics").status_code
    assert 400 == client.post("/clusters/", {"text": "a\0b"}).status_code


def test_an_older_look_changes_nothing(country: Country) -> None:
    """A parcel that was held up on its way does not undo what was told since."""
    new = Usage(*[*_fields(ROW)[:7], "2026-09-03T00:00:00Z", "2026-09-04T00:00:00Z"])
    for row in (ROW, new, ROW):
        assert b"[]" == ask(country, "use", lines(row)).content
    (kept,) = Attempt.objects.all()
    assert ("2026-09-03T00:00:00Z", "2026-09-04T00:00:00Z") == (kept.ended, kept.seen)


def test_energy_that_came_late_is_kept_and_a_look_without_any_takes_none_away(
    country: Country,
) -> None:
    """What a site's sensors told of an attempt stands, whichever look brings it."""
    ended = replace(ROW, ended=ROW.seen)
    for row, joules in ((ended, None), (replace(ended, joules=9_000), 9_000), (ended, 9_000)):
        assert b"[]" == ask(country, "use", lines(row)).content
        assert joules == Attempt.objects.get().joules
    assert 422 == ask(country, "use", lines(replace(ended, joules=-1))).status_code


def _fields(row: Usage) -> list[Any]:
    return list(astuple(row)[:9])


def test_a_report_of_another_site_is_refused(country: Country) -> None:
    """An agent speaks for its own cluster."""
    country.south.look(NOW)
    line = Agent.objects.get(site="south").report.encode()
    for wrong in (line, b"{}", line[:-9]):
        assert 422 == ask(country, "report", wrong).status_code
    assert "" == Agent.objects.get(site="north").report


def test_a_report_twice_is_one(country: Country, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same receipt again changes neither the portal nor the journal, and has nobody read all
    awards: most reports say nothing new.
    """
    written: list[object] = []

    def noted(action: Callable[..., object], *told: Any) -> None:
        written.append(action)
        done(action, *told)

    monkeypatch.setattr(doors, "done", noted)
    country.north.look(NOW)
    assert [journal_returned] == written
    line = Agent.objects.get(site="north").report.encode()
    before = head(SITE)
    assert 204 == ask(country, "report", line).status_code
    assert before == head(SITE)
    assert [journal_returned] == written
