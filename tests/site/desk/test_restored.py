"""A team is right after the turn: at the desk, on the public page, in its letters, in the proof."""

from datetime import date
from pathlib import Path

import pytest
from django.test import override_settings
from django.urls import reverse

from headgate.core.evaluation.estimate import Standings
from headgate.site.actions.hear_round import (
    Found,
    Mended,
    find_round_gate,
    object_to_round,
    uphold_round_objection,
)
from headgate.site.desk.office import SITE
from headgate.site.desk.running import ended_before
from headgate.site.notices.gather import gather
from headgate.site.notices.models import Notice
from headgate.site.notices.reading import letter
from headgate.site.portal import reading
from headgate.site.records.database import opened
from headgate.site.records.kept import kept_term
from headgate.site.verifying import verify_database
from headgate.steps.agenda import agenda
from tests.site.desk.cast import browser
from tests.site.desk.test_hearing import DAY, GATE, OTHER, PAPER, ROUND, Site, begun, closing
from tests.whole.small import small

LAST_DAY = (
    ("    on: 2026-08-01", "    on: 2026-09-01"),
    ("answer_days: 4", "answer_days: 40"),
)
TOLD = {
    "en": ("Given back in full", "What was given back after the turn"),
    "vi": ("Đã trả lại đủ", "Phần được trả lại sau khi chuyển kỳ"),
    "ko": ("전부 돌려줌", "지원 기간이 바뀐 뒤 돌려준 몫"),
}


def best() -> str:
    """The best team of the rehearsed round."""
    told = next(d.result for d in small().term.decisions if d.step == "standings")
    assert isinstance(told, Standings)
    return told.standings[0].team


@pytest.fixture
def turned(site_template: Path, tmp_path: Path) -> Site:
    """A site whose round closed on the last day of the term, with one team out by a gate."""
    site = begun(site_template, tmp_path, *LAST_DAY)
    opened(site.address)
    found = Found(GATE, False, "No log of training", (PAPER,))
    find_round_gate(site.cast.officer, ROUND, best(), found, site.now)
    listed = agenda(site.cast.document)
    for event in listed[listed.index(closing(site.cast)) :]:
        site.cast.live(event)
    return site


def _ended() -> set[str]:
    """The awards that ended with the term."""
    stood = reading.programme()
    assert stood is not None
    return {one.award for one in ended_before(stood)}


def test_an_objection_upheld_after_the_turn_gives_back_what_is_free(turned: Site) -> None:
    """The answer, the new decision and what is given are one act; everybody can read and check it.

    The team is told by a letter, its page and the public one say it in three languages, and the
    ledger is derived again from policy and facts.
    """
    cast, now, team = turned.cast, turned.now + 11 * DAY, best()
    person = cast.applicant_of(team)
    before = kept_term(SITE)
    assert before is not None
    assert team not in before.holdings
    assert team in _ended()
    object_to_round(person, ROUND, team, "The log was there.", now)
    mended = Mended((OTHER,), (Found(GATE, True, "Found in the annex", (OTHER,)),))
    after = uphold_round_objection(cast.officer, ROUND, team, "It was.", mended, now + DAY)
    held = after.holdings[team]
    assert team not in _ended()
    assert (date(2026, 9, 4), date(2027, 3, 1)) == (held.starts, held.ends)
    assert 0 < held.blocks
    with override_settings(HEADGATE_DEMO=True, ALLOWED_HOSTS=["*"]):
        gather(now + DAY)
        (notice,) = Notice.objects.filter(person=person, kind="round-restored")
        assert "Given back in full" in letter(notice).lines
        for language, words in TOLD.items():
            for page in ("round", "round-own"):
                reader = browser(person)
                reader.cookies["django_language"] = language
                where = f"{reverse(page, args=[ROUND])}?team={team}"
                shown = reader.get(where).content.decode()
                assert [True, True] == [one in shown for one in words], (language, page)
    assert () == verify_database(SITE).faults
