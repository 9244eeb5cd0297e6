"""Of the running awards that are kept, those are made anew that have moved, and no others."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from headgate.core.duties.amendment import Change
from headgate.site.actions.amend import answer, hand_over
from headgate.site.desk import running
from headgate.site.desk.models import Alliance, Asking, Deed, Dossier, Organisation
from headgate.site.desk.office import moved
from headgate.site.desk.running import FOLLOWS, Listed, Reports, rows_for
from headgate.site.portal import lists, reading
from headgate.site.records.kept import Stands
from tests.site.desk.cast import Cast
from tests.site.desk.test_amending import NOON, asking, held, year
from tests.site.desk.test_running_clocks import LATE, played

__all__ = ("played", "year")

Look = Callable[[], tuple[set[str], list[Listed]]]


@pytest.fixture
def look(played: Cast, monkeypatch: pytest.MonkeyPatch) -> Look:
    """An officer's look: which rows it made; that it shows what one by a new process would."""
    made: list[str] = []
    listed = running._listed

    def told(award: str, *more: Any) -> Listed:
        made.append(award)
        return listed(award, *more)

    monkeypatch.setattr(running, "_listed", told)

    def looked() -> tuple[set[str], list[Listed]]:
        made.clear()
        stood, at = _stood(), moved(*FOLLOWS)
        rows = [*rows_for(played.officer, stood, LATE, at).rows]
        anew = set(made)
        shut = running.__dict__["suspended_now"](stood)
        assert running._rows(stood, LATE, shut, Dossier.objects.all(), True) == rows
        return anew, rows

    lists._KEPT.clear()
    looked()
    return looked


def _stood() -> Stands:
    stood = reading.programme()
    assert stood is not None
    return stood


def test_what_happened_between_two_looks_is_made_anew_alone(played: Cast, look: Look) -> None:
    """Asked, answered, and asked and answered; what is handed over is another award."""
    some = [one for one in _stood().holdings if one.call == "open"][:3]
    first, second, third = (one.award for one in some)
    assert set() == look()[0]
    asked = asking(played, some[0], change=Change.LONGER, months=1)
    assert {first} == look()[0]
    answer(played.officer, asked.pk, False, "No.", NOON)
    name = Reports(_stood()).owed_by(some[1])[0].report.id
    report = asking(played, some[1], change=Change.REPORT, report=name)
    answer(played.officer, report.pk, True, "Thank you.", NOON)
    asking(played, some[2], change=Change.LONGER, months=1)
    assert {first, second, third} == look()[0]
    allied = held("alliance").award
    hand_over(played.operator, allied, "Log in at north", NOON)
    assert {allied} == look()[0]
    assert set() == look()[0]


def test_a_request_that_another_took_the_place_of_is_seen(played: Cast, look: Look) -> None:
    """As many wait as before, and for something else."""
    award = held()
    asked = asking(played, award, change=Change.LONGER, months=1)
    assert {award.award} == look()[0]
    answer(played.officer, asked.pk, False, "No.", NOON)
    name = Reports(_stood()).owed_by(award)[0].report.id
    asking(played, award, change=Change.REPORT, report=name)
    assert {award.award} == look()[0]


def test_an_alliance_has_one_lead_in_all_its_rows(look: Look) -> None:
    """Another lead is asked for one award of it, and leads the others."""
    first, second = [one.award for one in _stood().holdings if one.call == "open"][:2]
    lead, other = Organisation.objects.order_by("pk")[:2]
    alliance = Alliance.objects.create(name="Together", lead=lead)
    both = Dossier.objects.filter(code__in=(first, second))
    both.update(alliance=alliance)
    parts = {"change": "longer", "asked": {"months": 1}, "text": "more", "at": NOON}
    asked = Asking.objects.create(dossier=both[0], **parts)
    assert {first, second} == look()[0]

    def led_by(one: Organisation) -> None:
        both.update(lead=one)
        made, rows = look()
        assert {first, second} == made
        assert {one.name} == {row.lead for row in rows if row.award in made}

    Asking.objects.filter(pk=asked.pk).update(granted=True)
    led_by(other)
    Asking.objects.create(dossier=both[0], granted=True, **parts)
    led_by(lead)


def test_who_is_suspended_and_who_is_no_more(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both are made anew."""
    first, second = [one.award for one in _stood().holdings][:2]
    for shut in ({first}, {second}, set[str]()):
        monkeypatch.setattr(running, "suspended_now", lambda _stood, now=shut: frozenset(now))
        made, rows = look()
        assert made >= shut
        assert made <= {first, second}
        assert shut == {row.award for row in rows if row.state == "suspended"}


def test_an_award_that_came_and_one_that_went(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others keep their rows; what ended has one again while something is asked of it."""
    stood, *others = _stood(), *_stood().holdings
    gone, *left = others
    came = replace(gone, award="another-1", ends=gone.ends + timedelta(days=1))
    monkeypatch.setattr(
        reading, "programme", lambda: replace(stood, holdings=(*left, came), moved=("later",))
    )
    made, rows = look()
    assert ({came.award}, False) == (made, gone.award in {row.award for row in rows})
    monkeypatch.setattr(running, "ended_before", lambda _stood: (gone,))
    asked = Asking.objects.create(
        dossier=Dossier.objects.get(code=gone.award),
        change="report",
        asked={"report": "none"},
        text="here",
        at=NOON,
    )
    made, rows = look()
    assert ({gone.award}, 1) == (made, sum(row.award == gone.award for row in rows))
    Asking.objects.filter(pk=asked.pk).update(granted=True)
    assert {gone.award} == look()[0]


def test_where_many_may_have_moved_all_are_made_anew(
    look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name may stand in any row; and to make many one by one would take longer."""
    every = {one.award for one in _stood().holdings}
    Deed.objects.create(action="register", about="x", at=NOON)
    assert every == look()[0]
    monkeypatch.setattr(running, "MOVED_MOST", 1)
    Asking.objects.create(
        dossier=Dossier.objects.get(code=held().award), change="longer", asked={}, text="", at=NOON
    )
    assert every == look()[0]
