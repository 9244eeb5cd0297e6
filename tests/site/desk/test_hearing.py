"""A team is heard on a round: replies, objections, answers, each within its days and kept."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.translation import override

from headgate.core.evaluation.conduct import Conduct, Conducted
from headgate.core.evaluation.decide import WildcardVote
from headgate.core.evaluation.known import Known, known_digest
from headgate.core.faults import Faulty
from headgate.core.policy.document import Document
from headgate.readers.policy_files import read_programme
from headgate.site.actions.hear_round import (
    Found,
    Mended,
    find_round_gate,
    object_to_round,
    reject_round_objection,
    reply_round_gate,
    uphold_round_objection,
)
from headgate.site.actions.judge_round import give_sheet, seat_experts
from headgate.site.actions.people import act_for, appoint
from headgate.site.actions.remedy_round import fill_places
from headgate.site.actions.take_due import take_due
from headgate.site.desk.clocks import clocks_of
from headgate.site.desk.models import Dossier, RoundFinding, RoundSheet
from headgate.site.desk.office import SITE
from headgate.site.desk.rating import round_now
from headgate.site.desk.refusals import DeskRefusal
from headgate.site.desk.round_models import RoundObjection
from headgate.site.notices.gather import gather
from headgate.site.notices.models import Notice
from headgate.site.notices.reading import Letter, letter
from headgate.site.portal.models import Person
from headgate.site.portal.roles import Role
from headgate.site.records.database import opened
from headgate.site.records.kept import kept_term, stands
from headgate.steps.agenda import agenda
from headgate.steps.event import Event, What
from tests.site.desk.cast import Cast, browser, facts_of, somebody
from tests.site.desk.test_judging import refused
from tests.site.portal.asking import MOST
from tests.whole.small import PROGRAMME, small

ROUND, GATE = "stage", "own"
PAPER, OTHER = "ab" * 32, "cd" * 32
DAY = timedelta(days=1)
HEARD = {
    DeskRefusal.ROUND_OPEN,
    DeskRefusal.ROUND_TURNED,
    DeskRefusal.TEAM_UNKNOWN,
    DeskRefusal.TEXT_MISSING,
    DeskRefusal.NO_RIGHT,
    DeskRefusal.OBJECTED,
    DeskRefusal.KNOWN_DIFFERS,
}
"""Refusals of the desk that are provoked here."""
KNOWN = (Known("experts", "control-7f3a", low=0, high=40),)
RULE = f"""raters: {{least: 2, blind: true, attention: 80 %, repeated: 2,
         known: {known_digest(KNOWN, "experts")}}}"""


@dataclass
class Site:
    """A site before its round, kept for all tests."""

    address: str
    cast: Cast
    now: datetime


def altered(folder: Path, *changes: tuple[str, str]) -> Document:
    """The small programme with its round a month before the term ends, and other changes."""
    shutil.copytree(PROGRAMME, folder)
    path = folder / "programme.yaml"
    text = path.read_text("utf-8")
    appeals = "equal_development_days: 30\n    appeals: {object_days: 3, answer_days: 4}"
    for old, new in (
        ("    on: 2026-09-01", "    on: 2026-08-01"),
        ("equal_development_days: 30", appeals),
        *changes,
    ):
        assert old in text
        text = text.replace(old, new)
    path.write_text(text, "utf-8")
    return read_programme(folder)


def begun(template: Path, folder: Path, *changes: tuple[str, str]) -> Site:
    """A site whose programme stands on the morning of its round."""
    address = f"sqlite:///{shutil.copy(template, folder / 'site.db')}"
    opened(address)
    document = altered(folder / "programme", *changes)
    cast = Cast(document, facts_of(small().term))
    cast.until(What.CLOSE_ROUND, ROUND)
    now = cast.morning(closing(cast)) - 9 * DAY
    SITE.connection.close()
    return Site(address, cast, now)


def closing(cast: Cast) -> Event:
    """The event with which the round is closed."""
    return next(event for event in agenda(cast.document) if event.what is What.CLOSE_ROUND)


@pytest.fixture(scope="module")
def before_round(site_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The small programme before its round, played once."""
    return begun(site_template, tmp_path_factory.mktemp("hearing"))


@pytest.fixture
def site(before_round: Site, tmp_path: Path) -> Iterator[Site]:
    """A copy of it that is this test's own, with its pages."""
    source = before_round.address.removeprefix("sqlite:///")
    opened(f"sqlite:///{shutil.copy(source, tmp_path / 'site.db')}")
    with override_settings(HEADGATE_DEMO=True, ALLOWED_HOSTS=["*"]):
        yield before_round
    opened("sqlite:///nothing")


def against(site: Site, team: str, after: int = 0) -> None:
    """An officer finds the gate shut for a team, some days after the beginning."""
    found = Found(GATE, False, "No log of training", (PAPER,))
    find_round_gate(site.cast.officer, ROUND, team, found, site.now + after * DAY)


def a_team(site: Site) -> tuple[str, Person]:
    """A team of the round and who acts for it."""
    team = round_now(ROUND).teams[0]
    return team, site.cast.applicant_of(team)


def test_a_team_that_replied_in_time_was_heard(site: Site) -> None:
    """The round closes on the finding and on whether there was a reply; texts stay at the desk."""
    team, person = a_team(site)
    against(site, team)
    reply_round_gate(person, ROUND, team, GATE, "The log is in annex 3.", site.now + 5 * DAY)
    term = site.cast.live(closing(site.cast))
    line = next(x for x in term.facts[f"findings/{ROUND}"].data.splitlines() if team.encode() in x)
    assert b'"replied":true' in line
    assert b"annex" not in term.facts[f"findings/{ROUND}"].data
    decided = {one.team: one.decision.value for one in term.closed[ROUND].outcome.decisions}
    assert "disqualified" == decided[team]
    refused(
        DeskRefusal.ROUND_CLOSED,
        lambda: reply_round_gate(person, ROUND, team, GATE, "More.", site.now),
    )


def test_a_round_waits_for_the_days_of_a_reply(site: Site) -> None:
    """Told too late, a team is not out: the round cannot close until its days have passed."""
    team, _ = a_team(site)
    found = Found(GATE, False, "", (PAPER,))
    find_round_gate(site.cast.officer, ROUND, team, found, site.now + 6 * DAY)
    with pytest.raises(ValueError, match="reply was heard"):
        site.cast.live(closing(site.cast))


def test_days_run_from_the_finding_and_anew_on_other_documents(site: Site) -> None:
    """The last day counts whole, the next is too late, and another document is another finding."""
    (team, person), late = a_team(site), site.now + 6 * DAY
    against(site, team)
    refused(
        DeskRefusal.WINDOW_CLOSED,
        lambda: reply_round_gate(person, ROUND, team, GATE, "Late.", late),
    )
    reply_round_gate(person, ROUND, team, GATE, "First.", site.now + 5 * DAY)
    found = Found(GATE, False, "", (OTHER,))
    find_round_gate(site.cast.officer, ROUND, team, found, late)
    row = RoundFinding.objects.get(team=team)
    assert (None, "First.") == (row.replied, row.reply)
    reply_round_gate(person, ROUND, team, GATE, "Second.", late + 5 * DAY)
    refused(
        DeskRefusal.NOTHING_TO_REPLY,
        lambda: reply_round_gate(person, ROUND, team, "nothing", "What?", site.now),
    )


def test_an_upheld_objection_decides_again_at_once(site: Site) -> None:
    """Answer and new decision are one act; the first decision stays in the journal."""
    team, person = a_team(site)
    against(site, team)
    closed = site.cast.live(closing(site.cast))
    now = site.now + 9 * DAY
    object_to_round(person, ROUND, team, "The log was there.", now)
    mended = Mended((OTHER,), (Found(GATE, True, "Found in the annex", (OTHER,)),))
    officer = site.cast.officer
    after = uphold_round_objection(officer, ROUND, team, "It was.", mended, now)
    before = {one.team: one.decision.value for one in closed.closed[ROUND].outcome.decisions}
    then = {one.team: one.decision.value for one in after.closed[ROUND].outcome.decisions}
    assert ("disqualified", True) == (before[team], then[team] != "disqualified")
    kept = RoundObjection.objects.get()
    assert (True, "It was.", f"objection-{kept.pk}") == (kept.upheld, kept.answer, kept.heard)
    term = kept_term(SITE)
    assert term is not None
    assert (f"hearings/{kept.heard}",) == term.closed[ROUND].heard
    public = browser(person)
    cards = public.get(reverse("rounds")).content.decode()
    assert 1 == cards.count('<h2 class="govuk-heading-m">')
    report = public.get(reverse("round", args=[ROUND])).content.decode()
    assert "Passed with a remark" in report
    refused(
        DeskRefusal.ANSWERED,
        lambda: reject_round_objection(officer, ROUND, team, "No.", now),
    )


def test_an_objection_that_is_not_upheld_changes_nothing(site: Site) -> None:
    """The team reads why; the journal stays as it was."""
    site.cast.live(closing(site.cast))
    (team, person), now = a_team(site), site.now + 12 * DAY
    object_to_round(person, ROUND, team, "The items were stale.", now)
    object_to_round(person, ROUND, team, "The items were stale.", now)
    refused(DeskRefusal.OBJECTED, lambda: object_to_round(person, ROUND, team, "More.", now))
    before = kept_term(SITE)
    reject_round_objection(site.cast.owner, ROUND, team, "They were drawn that week.", now)
    after = kept_term(SITE)
    assert before is not None
    assert after is not None
    assert before.root() == after.root()
    shown = browser(person).get(reverse("round-hearing", args=[ROUND])).content.decode()
    assert "They were drawn that week." in shown


def test_nothing_is_upheld_on_nothing(site: Site) -> None:
    """What the cycle refuses leaves the objection waiting, with every fault told and no answer."""
    site.cast.live(closing(site.cast))
    (team, person), now = a_team(site), site.now + 9 * DAY
    object_to_round(person, ROUND, team, "Wrong.", now)
    page = browser(site.cast.officer)
    where = reverse("round-hearing", args=[ROUND])
    text = "A long answer that must not be lost"
    said = {"deed": "uphold", "team": team, "text": text, "evidence": ""}
    shown = page.post(where, said, follow=True).content.decode()
    assert "The objection is upheld on nothing that is named." in shown
    assert "Nothing that was decided on would change." in shown
    assert text in shown
    page.cookies["django_language"] = "vi"
    with override("en"):  # The reader's language does not outlive the request.
        shown = page.post(where, said, follow=True).content.decode()
    assert "Khiếu nại được chấp nhận mà không nêu căn cứ nào." in shown
    assert "The objection" not in shown
    assert RoundObjection.objects.get().answered is None
    with pytest.raises(Faulty):
        uphold_round_objection(site.cast.officer, ROUND, team, "Yes.", Mended(()), now)


def test_a_term_does_not_turn_over_an_open_objection(site: Site) -> None:
    """Not once its days to be answered are over; after the turn only an objection is heard."""
    site.cast.live(closing(site.cast))
    (team, person), now = a_team(site), site.now + 9 * DAY
    object_to_round(person, ROUND, team, "Wrong.", now)
    turn = None
    for event in agenda(site.cast.document):
        if event.what is What.TURN:
            turn = event
            break
        if event.day > closing(site.cast).day or event.what is What.DRAW_LOT:
            site.cast.live(event)
    assert turn is not None
    refused(
        DeskRefusal.OBJECTION_OPEN,
        lambda: take_due(site.cast.operator, str(turn), site.cast.morning(turn)),
    )
    with override_settings(HEADGATE_DEMO=True):
        page = browser(site.cast.operator).get(reverse("calendar")).content.decode()
    assert "Answer the objections first." in page
    assert reverse("round-hearing", args=[ROUND]) in page
    reject_round_objection(site.cast.officer, ROUND, team, "No.", now)
    site.cast.live(turn)
    votes = (WildcardVote("somebody", 9, 10),)
    refused(
        DeskRefusal.ROUND_TURNED, lambda: fill_places(site.cast.officer, ROUND, votes, site.now)
    )
    shown = browser(site.cast.officer).get(reverse("round-hearing", args=[ROUND]))
    assert "The term of the round has ended" not in shown.content.decode()


def test_what_may_not_be_done_is_refused_by_name(site: Site) -> None:
    """Too early, too late, another's team, no text, no document, no role: each by its name."""
    team, other = round_now(ROUND).teams[:2]
    person, officer = site.cast.applicant_of(team), site.cast.officer
    now = site.now
    refused(DeskRefusal.ROUND_OPEN, lambda: object_to_round(person, ROUND, team, "Wrong.", now))
    refused(DeskRefusal.TEAM_UNKNOWN, lambda: against(site, "nobody"))
    shut = Found(GATE, False, "", ())
    refused(DeskRefusal.EVIDENCE_FAULTY, lambda: find_round_gate(officer, ROUND, team, shut, now))
    gate = Found("nothing", True, "", (PAPER,))
    refused(DeskRefusal.GATE_UNKNOWN, lambda: find_round_gate(officer, ROUND, team, gate, now))
    refused(
        DeskRefusal.ROLE_MISSING,
        lambda: find_round_gate(person, ROUND, team, Found(GATE, True, "", ()), now),
    )
    against(site, team)
    for text in ("", " \n", "x" * 20_001):
        refused(
            DeskRefusal.TEXT_MISSING,
            lambda text=text: reply_round_gate(person, ROUND, team, GATE, text, now),
        )
    stranger = somebody("stranger", Role.APPLICANT)
    refused(
        DeskRefusal.NOT_YOURS,
        lambda: reply_round_gate(stranger, ROUND, team, GATE, "Me too.", now),
    )
    site.cast.live(closing(site.cast))
    late = now + 13 * DAY
    refused(DeskRefusal.WINDOW_CLOSED, lambda: object_to_round(person, ROUND, team, "No.", late))
    refused(
        DeskRefusal.TEAM_UNKNOWN,
        lambda: reject_round_objection(officer, ROUND, other, "None.", now),
    )
    object_to_round(person, ROUND, team, "Wrong.", now + 9 * DAY)
    lead = Dossier.objects.get(code=team).lead
    act_for(officer, officer, lead.code, now)
    refused(DeskRefusal.CONFLICT, lambda: reject_round_objection(officer, ROUND, team, "No.", now))


def test_a_policy_without_days_gives_no_right(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who objects is told that the policy has no time for it."""
    site.cast.live(closing(site.cast))
    team, _ = a_team(site)
    module = "headgate.site.actions.hear_round"
    monkeypatch.setattr(f"{module}.object_by", lambda _round: None)
    person = site.cast.applicant_of(team)
    refused(DeskRefusal.NO_RIGHT, lambda: object_to_round(person, ROUND, team, "No.", site.now))


def test_each_sees_what_is_theirs(site: Site) -> None:
    """A team sees its own findings and objection and no other's; an auditor has no button."""
    teams = round_now(ROUND).teams
    person = site.cast.applicant_of(teams[0])
    mine = {team for team in teams if site.cast.applicant_of(team) == person}
    other = next(team for team in teams if team not in mine)
    against(site, teams[0], 9)
    against(site, other, 9)
    where = reverse("round-hearing", args=[ROUND])
    shown = browser(person).get(where).content.decode()
    assert "The team may reply until the end of" in shown
    assert other not in shown
    typed = browser(person)
    lost = {"deed": "reply", "team": other, "gate": GATE, "text": "not mine"}
    assert 302 == typed.post(where, lost).status_code
    assert not RoundFinding.objects.filter(replied__isnull=False).exists()
    auditor = browser(somebody("auditor", Role.AUDITOR)).get(where).content.decode()
    assert other in auditor
    assert 'value="find"' not in auditor
    assert 'value="find"' in browser(site.cast.officer).get(where).content.decode()


def test_a_page_of_many_teams_asks_no_more_than_of_one(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Findings and objections of all teams are read together, and the term not once a finding."""
    round_ = round_now(ROUND)
    for team in round_.teams:
        against(site, team, 9)
        RoundObjection.objects.create(round=ROUND, team=team, text="Wrong.", at=site.now)
    page, where = browser(site.cast.officer), reverse("round-hearing", args=[ROUND])
    page.get(where)
    asked = []
    for teams in (round_.teams[:1], round_.teams):
        few = replace(round_, teams=teams)
        monkeypatch.setattr("headgate.site.desk.pages.hearing.round_now", lambda _, few=few: few)
        with CaptureQueriesContext(SITE.connection) as queries:
            assert len(teams) == page.get(where).content.decode().count("Wrong.")
        asked.append(len(queries))
    assert 1 < len(round_.teams)
    assert asked[0] == asked[1]


def test_inattentive_experts_are_left_out_by_the_rule(site_template: Path, tmp_path: Path) -> None:
    """Who marks the same work otherwise than before, or a known work wrongly, is set aside."""
    criterion = "kind: experts, weight: 40, scaling: share_of_maximum"
    site = begun(site_template, tmp_path, (criterion, f"{criterion}, {RULE}"))
    experts = [somebody(f"expert-{n}") for n in range(4)]
    for number, person in enumerate(experts):
        appoint(site.cast.officer, person, f"EXP-{number}", "", {}, site.now)
    names = [f"EXP-{n}" for n in range(4)]
    refused(
        DeskRefusal.KNOWN_DIFFERS, lambda: seat_experts(site.cast.officer, ROUND, names, site.now)
    )
    with override_settings(HEADGATE_DEMO=True, ALLOWED_HOSTS=["*"]):
        where, page = reverse("round-progress", args=[ROUND]), browser(site.cast.officer)
        form = {"deed": "known", "pillar": "experts", "known": "control-7f3a 0 60"}
        told = page.post(where, form, follow=True).content.decode()
        assert "Give the known works whose digest the policy" in told
        form["known"] = "control-7f3a 0 40"
        assert "are among the sheets" in page.post(where, form, follow=True).content.decode()
    seat_experts(site.cast.officer, ROUND, names, site.now)
    assert 8 == RoundSheet.objects.filter(repeat=True).count()
    assert 4 == RoundSheet.objects.filter(team="control-7f3a").count()
    for number, person in enumerate(experts):
        for sheet in RoundSheet.objects.filter(reviewer__person=person):
            points = 9 if sheet.repeat and number == 2 else 2 + number % 3
            points = 8 if sheet.team == "control-7f3a" and number == 3 else points
            give_sheet(person, sheet.pk, {"experts": points}, site.now)
    with override_settings(HEADGATE_DEMO=True, ALLOWED_HOSTS=["*"]):
        progress = browser(site.cast.officer).get(reverse("round-progress", args=[ROUND]))
        assert "Left out by the rule: 1 of 3 checks passed" in progress.content.decode()
        assert "Left out by the rule: 2 of 3 checks passed" in progress.content.decode()
        coming = browser(experts[0]).get(reverse("round", args=[ROUND])).content.decode()
        assert "Each is shown the work of 2 teams twice, unannounced" in coming
        site.cast.facts = {**site.cast.facts, f"conduct/{ROUND}": [Conduct()]}
        term = site.cast.live(closing(site.cast))
        assert b"EXP-2" in term.facts[f"evidence/{ROUND}"].data
        decided = [d.result for d in term.decisions if isinstance(d.result, Conducted)]
        aside = {(one.source, one.why.value) for one in decided[-1].set_aside}
        assert {
            ("EXP-2", "inattentive"),
            ("EXP-3", "inattentive"),
            ("control-7f3a", "known"),
        } == aside
        report = browser(experts[0]).get(reverse("round", args=[ROUND])).content.decode()
        assert "Too few attention checks passed" in report
        assert "Known work, which counts for nobody" in report
        assert "Attention checks by who judged" in report
    opened("sqlite:///nothing")


def plain(told: Letter) -> list[str]:
    """A letter's lines with the blanks of a keyboard."""
    return [line.replace("\xa0", " ") for line in told.lines]


def test_everybody_is_told_what_they_must_know_of_a_round(site: Site) -> None:
    """Finding, result, objection and answer reach whom they concern, once, with the last day."""
    team, person = a_team(site)
    against(site, team)
    gather(site.now)
    site.cast.live(closing(site.cast))
    now = site.now + 9 * DAY
    gather(now)
    object_to_round(person, ROUND, team, "Wrong.", now)
    gather(now)
    reject_round_objection(site.cast.officer, ROUND, team, "It was right.", now)
    gather(now)
    assert 0 == gather(now)
    told = {one.kind: plain(letter(one)) for one in Notice.objects.filter(person=person)}
    assert "Reply by 28 July 2026, that day included." in told["round-finding"]
    assert "You may object by 4 August 2026." in told["round-decided"]
    assert any(line.startswith("A gate was failed") for line in told["round-decided"])
    assert "It was right." in told["round-answered"]
    office = [plain(letter(one)) for one in Notice.objects.filter(kind="round-objection")]
    assert [["Answer it by 5 August 2026."]] * 2 == office


def test_days_to_be_heard_stand_at_home_until_they_were_used(site: Site) -> None:
    """The team's to reply and to object, the office's to answer, and not too late."""
    team, person = a_team(site)
    officer, where = site.cast.officer, reverse("round-hearing", args=[ROUND])
    against(site, team)
    assert days(team, person, site.now) == [("last day to reply to a finding in", where)]
    reply_round_gate(person, ROUND, team, GATE, "It is in the annex.", site.now)
    assert days(team, person, site.now) == []
    site.cast.live(closing(site.cast))
    now = site.now + 9 * DAY
    assert days(team, person, now) == [("last day to object to", where)]
    assert days(team, officer, now) == days(team, person, now + 60 * DAY) == []
    object_to_round(person, ROUND, team, "Wrong.", now)
    assert days(team, person, now) == []
    assert days(team, officer, now) == [("last day to answer the objection to", where)]
    page = browser(officer)
    for reader in (page, browser(person)):
        with CaptureQueriesContext(connection) as asked:
            reader.get(reverse("home"))
        assert len(asked) <= MOST
    assert f'href="{where}"' in page.get(reverse("round", args=[ROUND])).content.decode()
    lead = Dossier.objects.select_related("lead").get(code=team).lead
    assert f"{team} – {lead.name}" in page.get(where).content.decode()
    reject_round_objection(officer, ROUND, team, "It was right.", now)
    assert days(team, officer, now) == []


def days(team: str, person: Person, moment: datetime) -> list[tuple[str, str]]:
    """What somebody's days of the round are for, and where they lead."""
    stood = stands(SITE)
    assert stood is not None
    found = clocks_of(person, stood, moment.date())
    mine = (one for one in found if f"{ROUND}-{team}" in one.uid)
    return [(one.title.partition(" “")[0].removeprefix(f"{team}: "), one.address) for one in mine]
