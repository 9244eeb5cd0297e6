"""What a process keeps of a call under review is of this journal, and of this day."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connections

from headgate.site.apart.meanwhile import WAIT_SECONDS, Last
from headgate.site.desk import remembered
from headgate.site.desk.board import preview, shown, wanted
from headgate.site.desk.clock import now
from headgate.site.desk.models import Review
from headgate.site.desk.office import SITE, call_now
from headgate.site.desk.pages.panelling import _come_to
from headgate.site.desk.remembered import read_whole
from headgate.site.records import kept as records_kept
from headgate.site.records.kept import StoredFact
from tests.site.desk.test_board_pages import judged, scene

__all__ = ("judged", "scene")


@pytest.mark.usefixtures("judged")
def test_what_another_journal_at_the_same_place_received_is_not_taken_for_this_ones() -> None:
    """What a process read of it before it was restored has another digest, and is read anew."""
    with SITE.reading():
        first = read_whole("open", now()).term.facts
        of_another = {name: StoredFact(SITE, name, 0, "0" * 64, "") for name in first}
        records_kept._AHEAD.keep((SITE.where, "applications/"), (10**9, of_another))
        again = read_whole("open", now()).term.facts
        known = read_whole("open", now()).term.facts
    assert {name: one.data for name, one in first.items()} == {n: f.data for n, f in again.items()}
    assert known["applications/open"] is again["applications/open"]


@pytest.mark.usefixtures("judged")
def test_a_panels_statistics_are_those_of_its_own_sheets_as_they_are_now() -> None:
    """Whoever computes them: none of another call, and a sheet that is changed changes them."""
    call, given = call_now("open").call, Review.objects.filter(dossier__call="open")
    first = _come_to(call, "open", decided=False)
    assert {one.reviewer.code for one in given.exclude(marked=None)} == {
        one.code for one in first.members if one.offset is not None
    }
    other = _come_to(call, "alliance", decided=False)
    assert all(one.offset is None for one in other.members)
    sheet = given.exclude(marked=None).order_by("pk")[0]
    sheet.points = {name: not points for name, points in sheet.points.items()}
    sheet.save()
    assert first.members != _come_to(call, "open", decided=False).members


@pytest.mark.usefixtures("judged")
def test_what_could_be_made_is_kept_where_the_rest_is_faulty() -> None:
    """A list under a what-if that cannot be used does not have the list as it is solved again."""
    rules, today = call_now("open"), now()
    remembered._KEPT.clear()
    with pytest.raises(ValueError, match="nothing"):
        remembered.remembered(rules, today, {**wanted(), "bad": faulty})
    (kept,) = [made for _key, (_follows, made) in remembered._KEPT._made.items()]
    assert preview("open", today, rules=rules) is kept


def faulty(_: remembered.Read) -> None:
    """What cannot be derived."""
    raise ValueError("nothing")


@pytest.mark.usefixtures("judged")
def test_a_look_waits_once_for_all_that_it_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second for a list and how sure it is together, not one for each."""
    waited, clock = list[float](), iter((0.0, 0.0, 0.75))

    def last(*told: Any) -> Last[Any]:
        waited.append(told[-1])
        return Last()

    monkeypatch.setattr(remembered, "serves", lambda: True)
    monkeypatch.setattr(remembered, "monotonic", lambda: next(clock))
    monkeypatch.setattr(remembered, "last", last)
    assert [Last(), Last()] == remembered.seen(call_now("open"), now(), shown(), wanted())
    assert [WAIT_SECONDS, WAIT_SECONDS - 0.75] == waited


@pytest.mark.usefixtures("judged")
def test_a_list_of_yesterday_is_solved_again() -> None:
    """With nothing done in between: what the clock lets pass moves a list too."""
    rules, today = call_now("open"), now()
    first = preview("open", today, rules=rules)
    assert preview("open", today, rules=rules) is first
    assert preview("open", today + timedelta(days=1), rules=rules) is not first


@pytest.mark.usefixtures("judged")
def test_solving_a_list_looks_into_the_ledger_once() -> None:
    """However many awards there are: what all of them move is looked up together."""
    asked: list[str] = []
    rules = call_now("open")
    remembered._KEPT.clear()
    connections["default"].connection.set_trace_callback(asked.append)
    made = preview("open", now(), rules=rules)
    connections["default"].connection.set_trace_callback(None)
    looked = [sql for sql in asked if "FROM leg" in sql or "FROM entry e WHERE" in sql]
    assert 6 == len(looked)
    assert 3 <= len(made.winners)
