"""A round's people at the portal: blind sheets, the chair's progress, a team's own report."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.test import Client, override_settings
from django.urls import reverse

from headgate.core.ledger.refused import Refused
from headgate.site.actions.judge_round import give_sheet, label_of, seat_experts
from headgate.site.actions.people import appoint
from headgate.site.desk.models import Organisation, RoundSheet, Tie
from headgate.site.desk.office import SITE
from headgate.site.desk.rating import (
    SCALE,
    agreement_now,
    experts_now,
    panel_of,
    ratings_of,
    round_now,
)
from headgate.site.desk.refusals import DeskRefusal
from headgate.site.portal.models import Person
from headgate.site.portal.roles import Role
from headgate.site.records.database import opened
from headgate.steps.agenda import agenda
from headgate.steps.event import Event, What
from tests.report.checking import findings
from tests.site.desk.cast import Cast, browser, facts_of, somebody
from tests.whole.small import small

ROUND = "stage"
EXPERTS = ("EXP-0", "EXP-1")
OF_ROUNDS = {
    DeskRefusal.ROUND_UNKNOWN,
    DeskRefusal.ROUND_CLOSED,
    DeskRefusal.EXPERTS_SEATED,
    DeskRefusal.NO_TEAMS,
}
"""Refusals of the desk that are provoked here."""


@dataclass
class Site:
    """A site before its round, kept for all tests, with two experts."""

    address: str
    cast: Cast
    experts: tuple[Person, Person]
    now: datetime


@pytest.fixture(scope="module")
def before_round(site_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The small programme on the morning of its round, played once."""
    path = tmp_path_factory.mktemp("judging") / "site.db"
    address = f"sqlite:///{shutil.copy(site_template, path)}"
    opened(address)
    term = small().term
    cast = Cast(term.document, facts_of(term))
    cast.until(What.CLOSE_ROUND, ROUND)
    now = cast.morning(closing(cast))
    experts = somebody("expert-a"), somebody("expert-b")
    for number, person in enumerate(experts):
        appoint(cast.officer, person, f"EXP-{number}", "", {}, now - timedelta(days=9))
    SITE.connection.close()
    return Site(address, cast, experts, now)


def closing(cast: Cast) -> Event:
    """The event with which the round is closed."""
    return next(event for event in agenda(cast.document) if event.what is What.CLOSE_ROUND)


@pytest.fixture
def site(before_round: Site, tmp_path: Path) -> Iterator[Site]:
    """A copy of it that is this test's own, with its pages."""
    source = before_round.address.removeprefix("sqlite:///")
    opened(f"sqlite:///{shutil.copy(source, tmp_path / 'site.db')}")
    with override_settings(HEADGATE_DEMO=True, ALLOWED_HOSTS=["*"]):
        yield before_round
    opened("sqlite:///nothing")


def given_by(person: Person, points: int, now: datetime) -> None:
    """An expert gives every sheet the same points."""
    for sheet in RoundSheet.objects.filter(reviewer__person=person):
        give_sheet(person, sheet.pk, {"experts": points}, now)


def refused(reason: DeskRefusal, deed: object) -> None:
    """Somebody does what must be refused, for this reason."""
    assert callable(deed)
    with pytest.raises(Refused) as caught:
        deed()
    assert reason is caught.value.reason


def test_every_expert_gets_each_team_once_and_one_again(site: Site) -> None:
    """Labels say nothing: each team has one sheet that counts, and one is there twice."""
    teams = round_now(ROUND).teams
    assert len(site.experts) * (len(teams) + 1) == seat_experts(
        site.cast.officer, ROUND, EXPERTS, site.now
    )
    for person in site.experts:
        mine = RoundSheet.objects.filter(reviewer__person=person)
        assert list(teams) == sorted(one.team for one in mine if not one.repeat)
        assert 1 == sum(one.repeat for one in mine)
        assert {label_of(n) for n in range(len(teams) + 1)} == {one.label for one in mine}


def test_an_expert_sees_labels_and_no_team(site: Site) -> None:
    """No page of an expert names a team; another's sheet is not there for them."""
    seat_experts(site.cast.officer, ROUND, EXPERTS, site.now)
    page = browser(site.experts[0])
    own = RoundSheet.objects.filter(reviewer__person=site.experts[0])
    other = RoundSheet.objects.filter(reviewer__person=site.experts[1])[0]
    seen = page.get(reverse("sheets")).content.decode()
    assert "The stage evaluation" in seen
    seen += "".join(page.get(reverse("sheet", args=[one.pk])).content.decode() for one in own)
    assert not [team for team in round_now(ROUND).teams if team in seen]
    assert 404 == page.get(reverse("sheet", args=[other.pk])).status_code
    for name in ("round-progress", "round-own"):
        assert 403 == page.get(reverse(name, args=[ROUND])).status_code


def test_sheets_given_at_the_page_are_the_evidence_of_the_round(site: Site) -> None:
    """What experts give is what the round is decided by; a repeat counts for nothing."""
    seat_experts(site.cast.officer, ROUND, EXPERTS, site.now)
    page, teams = browser(site.experts[0]), round_now(ROUND).teams
    for sheet in RoundSheet.objects.filter(reviewer__person=site.experts[0]):
        points = SCALE if sheet.team == teams[0] else 4
        page.post(reverse("sheet", args=[sheet.pk]), {"experts": str(points)})
    given_by(site.experts[1], 5, site.now)
    told = ratings_of(panel_of(ROUND), teams)["experts"]
    assert 2 * len(teams) == len(told)
    assert {("EXP-0", teams[0], SCALE), ("EXP-1", teams[0], 5)} == {
        (one.rater, one.team, one.score) for one in told if one.team == teams[0]
    }
    term = site.cast.live(closing(site.cast))
    lines = term.facts[f"evidence/{ROUND}"].data.splitlines()
    assert 2 * len(teams) == sum(b'"rating":{' in line for line in lines)
    assert 2 * len(teams) == sum(b"EXP-" in line for line in lines)
    late = RoundSheet.objects.filter(reviewer__person=site.experts[0])[0]
    refused(
        DeskRefusal.ROUND_CLOSED,
        lambda: give_sheet(site.experts[0], late.pk, {"experts": 1}, site.now),
    )


def test_the_chair_sees_what_is_missing_and_whom_to_ask(site: Site) -> None:
    """Sheets given and missing, agreement, and who marked the same work very differently."""
    chair = browser(site.cast.officer)
    empty = chair.get(reverse("round-progress", args=[ROUND])).content.decode()
    assert "No expert has a sheet." in empty
    assert "EXP-1" in empty
    chair.post(reverse("round-progress", args=[ROUND]), {"expert": EXPERTS})
    for sheet in RoundSheet.objects.filter(reviewer__person=site.experts[0]):
        give_sheet(site.experts[0], sheet.pk, {"experts": 9 if sheet.repeat else 2}, site.now)
    first, second = experts_now(round_now(ROUND), panel_of(ROUND))
    assert (7, True, 0) == (first.differs, first.inattentive, first.missing)
    assert (None, False, second.sheets) == (second.differs, second.inattentive, second.missing)
    shown = chair.get(reverse("round-progress", args=[ROUND])).content.decode()
    assert "Differs by 7 points: ask" in shown
    assert 'hx-trigger="every 30s"' in shown
    assert not [team for team in round_now(ROUND).teams if team in shown]
    given_by(site.experts[1], 5, site.now)
    assert {"experts"} == agreement_now(panel_of(ROUND)).keys()


def test_only_the_operator_reads_whose_work_has_which_label(site: Site) -> None:
    """Who shows the work to experts must know; who judges or decides must not."""
    seat_experts(site.cast.officer, ROUND, EXPERTS, site.now)
    where = reverse("round-progress", args=[ROUND]) + "?format=csv"
    assert 403 == browser(site.cast.officer).get(where).status_code
    answer = browser(site.cast.operator).get(where)
    assert 200 == answer.status_code
    assert all(team in answer.content.decode() for team in round_now(ROUND).teams)


def test_who_is_tied_to_a_team_gets_no_sheet_of_it(site: Site) -> None:
    """A conflict of interest is found before anybody is asked."""
    teams = round_now(ROUND).teams
    lead = Organisation.objects.get(dossier__code=teams[0])
    reviewer = site.experts[0].reviewer
    Tie.objects.create(reviewer=reviewer, organisation=lead, why="employer")
    seat_experts(site.cast.officer, ROUND, EXPERTS, site.now)
    assert teams[0] not in {one.team for one in RoundSheet.objects.filter(reviewer=reviewer)}


def test_what_may_not_be_done_is_refused_by_name(site: Site) -> None:
    """No role, no such round, twice, another's sheet, half a sheet: each by its name."""
    officer, expert = site.cast.officer, site.experts[0]
    refused(DeskRefusal.ROLE_MISSING, lambda: seat_experts(expert, ROUND, EXPERTS, site.now))
    refused(DeskRefusal.ROUND_UNKNOWN, lambda: seat_experts(officer, "nothing", EXPERTS, site.now))
    for nobody in ((), ("EXP-0", "REV-NOBODY")):
        refused(
            DeskRefusal.NOT_ASSIGNED,
            lambda nobody=nobody: seat_experts(officer, ROUND, nobody, site.now),
        )
    seat_experts(officer, ROUND, EXPERTS, site.now)
    refused(DeskRefusal.EXPERTS_SEATED, lambda: seat_experts(officer, ROUND, EXPERTS, site.now))
    own = RoundSheet.objects.filter(reviewer__person=expert)[0]
    for points in ({}, {"experts": 11}, {"experts": 3, "more": 1}):
        refused(
            DeskRefusal.SHEET_FAULTY,
            lambda points=points: give_sheet(expert, own.pk, points, site.now),
        )
    other = site.experts[1]
    refused(DeskRefusal.NOT_ASSIGNED, lambda: give_sheet(other, own.pk, {"experts": 3}, site.now))


def test_a_team_reads_its_own_report_and_no_other(site: Site) -> None:
    """The report names no other team; who acts for another team finds nothing there."""
    teams = round_now(ROUND).teams
    site.cast.live(closing(site.cast))
    where = reverse("round-own", args=[ROUND])
    person = site.cast.applicant_of(teams[0])
    mine = {team for team in teams if site.cast.applicant_of(team) == person}
    others = set(teams) - mine
    assert others
    page = browser(person)
    for team in mine:
        shown = page.get(f"{where}?team={team}").content.decode()
        assert f"Report to {team}" in shown
        assert not [other for other in others if other in shown]
    assert 404 == page.get(f"{where}?team={others.pop()}").status_code
    assert [] == findings(page.get(f"{where}?format=pdf").content)
    stranger = browser(somebody("stranger", Role.APPLICANT))
    seen = stranger.get(where).content.decode()
    assert "There is no report of this round" in seen
    assert not [team for team in teams if team in seen]
    assert 302 == Client().get(where).status_code


def test_labels_do_not_run_out() -> None:
    """After Z comes AA."""
    assert ["A", "Z", "AA", "AZ", "BA"] == [label_of(n) for n in (0, 25, 26, 51, 52)]


def test_a_round_without_teams_has_no_sheets(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before its call is decided nobody can be judged."""
    nobody = replace(round_now(ROUND), teams=())
    monkeypatch.setattr("headgate.site.actions.judge_round.round_now", lambda _round: nobody)
    refused(DeskRefusal.NO_TEAMS, lambda: seat_experts(site.cast.officer, ROUND, EXPERTS, site.now))
