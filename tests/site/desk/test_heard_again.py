"""A round that was heard again says so: to everybody, to the team, and in its letters."""

from django.urls import reverse
from django.utils.translation import override

from headgate.site.actions.hear_round import (
    Found,
    Mended,
    object_to_round,
    uphold_round_objection,
)
from headgate.site.notices.gather import gather
from headgate.site.notices.models import Notice
from headgate.site.notices.reading import letter
from tests.site.desk.cast import browser
from tests.site.desk.test_hearing import (
    DAY,
    GATE,
    OTHER,
    ROUND,
    Site,
    a_team,
    against,
    before_round,
    closing,
    site,
)

__all__ = ("before_round", "site")


def test_who_reads_of_a_round_reads_that_it_was_heard(site: Site) -> None:
    """The report names the objection, the page of findings has both findings with the last one's
    tag, and every team is told that the round was decided again.
    """
    team, person = a_team(site)
    against(site, team)
    site.cast.live(closing(site.cast))
    now = site.now + 9 * DAY
    page = browser(person)
    first = page.get(reverse("round", args=[ROUND])).content.decode()
    assert "The objection that" not in first
    assert "Shut" in page.get(reverse("round-hearing", args=[ROUND])).content.decode()
    gather(now)
    object_to_round(person, ROUND, team, "The log was there.", now)
    mended = Mended((OTHER,), (Found(GATE, True, "Found in the annex", (OTHER,)),))
    uphold_round_objection(site.cast.officer, ROUND, team, "It was.", mended, now)
    report = page.get(reverse("round", args=[ROUND])).content.decode()
    assert f"The objection that {team} made on" in report
    assert "Report on the result of" in report
    shown = page.get(reverse("round-hearing", args=[ROUND])).content.decode()
    assert "it was found anew: Found in the annex" in shown
    assert "No log of training" in shown, "the first finding stands beside it"
    assert ("Shut" in shown, '--green">Open' in shown) == (False, True)
    gather(now)
    told = Notice.objects.filter(person=person, kind="round-decided").order_by("id")
    with override("en"):
        subjects = [letter(one).subject for one in told if one.facts["team"] == team]
    assert [f"{team}: the round is decided", f"{team}: the round is decided again"] == subjects
    every = Notice.objects.filter(kind="round-decided").order_by("id")
    may = {(one.facts["team"] == team, one.facts["again"]): letter(one).lines for one in every}
    tells = {key: any("You may object" in line for line in lines) for key, lines in may.items()}
    wanted = {(True, 0): True, (False, 0): True, (True, 1): False, (False, 1): True}
    assert wanted == tells, "who has objected may not again"


def test_nobody_is_told_of_days_that_have_passed(site: Site) -> None:
    """A result that is told late names no day to object that is over."""
    site.cast.live(closing(site.cast))
    gather(site.now + 60 * DAY)
    told = Notice.objects.filter(kind="round-decided")
    assert told
    assert not any("You may object" in line for one in told for line in letter(one).lines)
