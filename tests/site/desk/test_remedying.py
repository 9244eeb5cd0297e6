"""A tie is settled where people are: fresh items, a lot with its secrets, places of a wildcard."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import override_settings
from django.urls import reverse

from headgate.core.evaluation.decide import Reason
from headgate.core.evaluation.hearings import Hearing
from headgate.core.faults import Faulty
from headgate.journal.keys import create
from headgate.site.actions.people import act_for
from headgate.site.actions.publish import publish
from headgate.site.actions.remedy_round import bring_items, show_secret
from headgate.site.actions.take import change, take_event
from headgate.site.actions.take_due import take_due
from headgate.site.desk.models import Dossier, Organisation
from headgate.site.desk.office import SITE
from headgate.site.desk.rating import round_now
from headgate.site.desk.refusals import DeskRefusal
from headgate.site.desk.remedying import lot_now
from headgate.site.desk.round_models import RoundSecret
from headgate.site.portal.models import Person
from headgate.site.portal.roles import Role
from headgate.site.records.database import opened
from headgate.site.records.kept import kept_term
from headgate.steps.agenda import agenda
from headgate.steps.term import Term
from tests.site.desk.cast import browser, somebody
from tests.site.desk.test_judging import refused
from tests.whole.heard import CLOSES, Heard, decided

PAGE = import_module("headgate.site.portal.pages").remedying
ROUND, WHERE = "stage", "/rounds/stage/remedy/"
NOW = datetime(CLOSES.year, CLOSES.month, CLOSES.day, 9, tzinfo=UTC)
DAY = timedelta(days=1)
DRAW = f"draw lot {ROUND}"
MORE_ITEMS = ("remedy: lot", "remedy: more_items")
OPEN_PLACES = ("stay: {least: 3, most: 3}", "stay: {least: 9, most: 9}")
REMEDIED = {
    DeskRefusal.NOTHING_WAITS,
    DeskRefusal.LOT_UNSIGNED,
    DeskRefusal.LOT_WAITS,
    DeskRefusal.SECRET_WRONG,
    DeskRefusal.FILE_MISSING,
}
"""Refusals of the desk that are provoked here."""


@dataclass
class Site:
    """A site whose round was just decided, with who runs it and who acts for its teams."""

    officer: Person
    team_of: dict[str, Person]
    secrets: dict[str, str]

    def tied(self, reason: Reason) -> list[str]:
        """The teams that wait for a remedy."""
        decisions = round_now(ROUND).need_decided().outcome.decisions
        return [one.team for one in decisions if one.reason is reason]


def decided_site(term: Term) -> Site:
    """The site as it stands once a term was taken so far, with a dossier for each team."""
    change(SITE, lambda _: term)
    officer = somebody("officer", Role.AGENCY_OFFICER)
    people = {}
    for team in term.closed[ROUND].teams:
        fields = {"name": team, "kind": "firm", "size": "small"}
        lead = Organisation.objects.create(code=f"org-{team}", **fields)
        Dossier.objects.create(call="alliance", lead=lead, code=team, at=NOW)
        people[team] = somebody(f"of-{team}", Role.APPLICANT)
        act_for(officer, people[team], lead.code, NOW)
    secrets = Heard(term.document, {}).secrets(ROUND, term.closed[ROUND].teams)
    return Site(officer, people, dict(secrets))


@pytest.fixture
def empty_site(site_template: Path, tmp_path: Path) -> Iterator[Path]:
    """An empty site with its pages, at nine on the morning of the decision."""
    opened(f"sqlite:///{shutil.copy(site_template, tmp_path / 'site.db')}")
    with override_settings(HEADGATE_DEMO=True, ALLOWED_HOSTS=["*"]):
        yield tmp_path
    opened("sqlite:///nothing")


def reasons(term: Term | None) -> dict[str, Reason]:
    """Why each team goes on or leaves, as it holds now."""
    assert term is not None
    return {one.team: one.reason for one in term.closed[ROUND].outcome.decisions}


def published(folder: Path) -> None:
    """The journal as it stands, signed and handed out."""
    keys = folder / "keys"
    if not keys.exists():
        create(keys, "test.headgate/remedy")
    publish(SITE, folder / "public", keys)


def test_a_lot_is_drawn_from_a_published_root_and_the_secrets_that_teams_show(
    empty_site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root first, then secrets, then the draw: nobody can choose, and each step says what waits."""
    site = decided_site(decided())
    monkeypatch.setattr(PAGE, "now", lambda: NOW)
    tied = site.tied(Reason.TIED_AWAITS_LOT)
    first, person = tied[0], site.team_of[tied[0]]
    secret = site.secrets[first]
    refused(DeskRefusal.LOT_UNSIGNED, lambda: show_secret(person, ROUND, first, secret, NOW))
    refused(DeskRefusal.LOT_UNSIGNED, lambda: take_due(site.officer, DRAW, NOW))
    shown = browser(person).get(WHERE).content.decode()
    assert "No checkpoint with the tie in it is published yet." in shown
    published(empty_site)
    refused(DeskRefusal.SECRET_WRONG, lambda: show_secret(person, ROUND, first, "guess", NOW))
    refused(DeskRefusal.LOT_WAITS, lambda: take_due(site.officer, DRAW, NOW))
    for team in tied:
        form = {"deed": "secret", "team": team, "secret": site.secrets[team]}
        page = browser(site.team_of[team])
        assert "The secret is shown." in page.post(WHERE, form, follow=True).content.decode()
    lot = lot_now(round_now(ROUND))
    assert lot is not None
    assert (True, []) == (lot.current, lot.missing())
    told = browser(site.officer).post(WHERE, {"deed": "draw"}, follow=True).content.decode()
    assert "The lot is drawn: it stands in the journal." in told
    assert "nobody waits for anything" in told
    term = kept_term(SITE)
    assert term is not None
    assert lot.root == term.closed[ROUND].lot
    drawn = reasons(term)
    assert {Reason.LOT_WON, Reason.LOT_LOST} == {drawn[team] for team in tied}
    shown_there = {one.team: one.secret for one in RoundSecret.objects.all()}
    assert [shown_there] == [
        one.secrets for one in term.facts[f"lots/{ROUND}"].values if isinstance(one, Hearing)
    ]


def test_who_keeps_its_secret_back_delays_the_lot_to_its_last_day_and_is_drawn_last(
    empty_site: Path,
) -> None:
    """Silence gains nothing: after the days to object the lot is drawn without it."""
    site = decided_site(decided())
    published(empty_site)
    tied = site.tied(Reason.TIED_AWAITS_LOT)
    silent = tied[-1]
    for team in tied[:-1]:
        show_secret(site.team_of[team], ROUND, team, site.secrets[team], NOW)
    refused(DeskRefusal.LOT_WAITS, lambda: take_due(site.officer, DRAW, NOW + 10 * DAY))
    term = take_due(site.officer, DRAW, NOW + 11 * DAY)
    assert Reason.LOT_LOST is reasons(term)[silent]
    other = site.team_of[silent]
    refused(
        DeskRefusal.NOTHING_WAITS,
        lambda: show_secret(other, ROUND, silent, site.secrets[silent], NOW + 11 * DAY),
    )


def test_somebody_of_a_tied_team_does_not_draw(empty_site: Path) -> None:
    """Whoever acts for a team leaves the lot to others."""
    site = decided_site(decided())
    published(empty_site)
    team = site.tied(Reason.TIED_AWAITS_LOT)[0]
    act_for(site.officer, site.officer, f"org-{team}", NOW)
    refused(DeskRefusal.CONFLICT, lambda: take_due(site.officer, DRAW, NOW))


def items_of(best: str, teams: tuple[str, ...], size: int = 400) -> bytes:
    """A file of fresh items that one team alone gets right."""
    lines = ["task,item,cluster,team,attempt,score"]
    lines += [
        f"items,fresh-{n},fresh-{n},{team},1,{10_000 * (team == best)}"
        for n in range(size)
        for team in teams
    ]
    return "\n".join([*lines, ""]).encode()


def test_further_items_decide_again_from_the_page(
    empty_site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of fresh items settles the tie; a wrong one is refused with every fault."""
    del empty_site
    site = decided_site(decided(MORE_ITEMS))
    monkeypatch.setattr(PAGE, "now", lambda: NOW + DAY)
    best = site.tied(Reason.TIED_AWAITS_MORE_ITEMS)[0]
    teams = round_now(ROUND).teams
    refused(DeskRefusal.FILE_MISSING, lambda: bring_items(site.officer, ROUND, {}, NOW))
    person = site.team_of[best]
    right = items_of(best, teams)
    refused(
        DeskRefusal.ROLE_MISSING,
        lambda: bring_items(person, ROUND, {"items": right}, NOW),
    )
    page = browser(site.officer)
    assert "would tell them apart" in page.get(WHERE).content.decode()
    assert "Decide again with them" not in browser(person).get(WHERE).content.decode()
    wrong = SimpleUploadedFile("items.csv", b"task,item\nitems,1\n")
    told = page.post(WHERE, {"deed": "items", "items": wrong}, follow=True).content.decode()
    assert "items.csv" in told
    page.cookies["django_language"] = "ko"
    wrong = SimpleUploadedFile("items.csv", items_of(best, teams, 1).replace(b",1,", b",x,"))
    told = page.post(WHERE, {"deed": "items", "items": wrong}, follow=True).content.decode()
    assert "attempt 값이 &#x27;x&#x27;입니다 – 정수를 숫자로" in told
    page.cookies["django_language"] = "en"
    known = items_of(best, teams, 1).replace(b"fresh-0,fresh-0", b"items-001-01,items-001")
    with pytest.raises(Faulty, match="was in the round already"):
        bring_items(site.officer, ROUND, {"items": known}, NOW)
    sent = SimpleUploadedFile("items.csv", right)
    told = page.post(WHERE, {"deed": "items", "items": sent}, follow=True).content.decode()
    assert "The round was decided again: it stands in the journal." in told
    term = kept_term(SITE)
    assert Reason.ABOVE_THE_LINE is reasons(term)[best]
    assert term is not None
    assert (f"hearings/further-items-{ROUND}-1",) == term.closed[ROUND].heard


def test_a_panels_votes_fill_open_places_from_the_page(
    empty_site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wildcard call fills what is empty once it has closed, and not a day before."""
    del empty_site
    site = decided_site(decided(OPEN_PLACES))
    page, form = browser(site.officer), {"deed": "places", "votes": "newcomer 6 9\nother 2 9\n"}
    monkeypatch.setattr(PAGE, "now", lambda: NOW)
    assert "Open places" in page.get(WHERE).content.decode()
    told = page.post(WHERE, form, follow=True).content.decode()
    assert "The call is open until" in told
    assert "newcomer 6 9" in told
    monkeypatch.setattr(PAGE, "now", lambda: NOW + 21 * DAY)
    told = page.post(WHERE, form, follow=True).content.decode()
    assert "Let happen first what the calendar holds" in told
    term = kept_term(SITE)
    assert term is not None
    for event in agenda(term.document)[term.done :]:
        if event.day < (NOW + 21 * DAY).date():
            take_event(SITE, Heard(term.document, {}), event)
    bad = {"deed": "places", "votes": "newcomer six 9"}
    assert "cannot be counted" in page.post(WHERE, bad, follow=True).content.decode()
    assert "stand in the journal" in page.post(WHERE, form, follow=True).content.decode()
    assert Reason.MAJORITY_REACHED is reasons(kept_term(SITE))["newcomer"]


def test_a_round_without_a_tie_says_so(empty_site: Path) -> None:
    """All stay by rule: the page says that the rule has run and asks for nothing."""
    del empty_site
    site = decided_site(decided(("remedy: lot", "remedy: all_tied_stay")))
    shown = browser(site.officer).get(reverse("round-remedy", args=[ROUND])).content.decode()
    assert "All who are tied stay" in shown
    assert "The rule has run: nobody waits for anything." in shown
    assert "<form method" not in shown.split("<main")[1]
