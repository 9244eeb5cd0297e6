"""Another lead of an award: who may take it over, by the rules under which it was given."""

from dataclasses import replace
from typing import Any

import pytest

from headgate.core import canonical
from headgate.core.calls.application import Application, Organisation
from headgate.core.duties.amendment import AmendmentFault, Change
from headgate.steps.amend import amend
from headgate.steps.leading import lead_of
from headgate.steps.reallocate import turn
from headgate.steps.term import Term
from tests.steps.builders import applicant, awarded, opened
from tests.steps.test_amend import ENDS, JUNE, MAY, asks, faults, granted


def body(name: str, **told: Any) -> Organisation:
    """An organisation as the open call would take it as the lead, but for what is told."""
    whole = {"kind": "firm", "size": "small", "region": "KR-11", "founded": None}
    return Organisation(name, facts={"youth_led": False}, **{**whole, **told})


B, BIG = body("org-b"), body("org-big", size="large")
UNI = body("org-uni", kind="university")


def alliance(name: str = "a", blocks: int = 2, months: int = 6) -> Application:
    """A small firm applies with another, a large one and a university."""
    return replace(applicant(name, blocks, months=months), members=(B, BIG, UNI))


def running(*changes: tuple[str, str], months: int = 6) -> Term:
    """Award `a` of that alliance runs."""
    return awarded(opened(*changes), [alliance(months=months)], {"a": 9})


def test_a_member_takes_the_lead_over_and_the_award_stays() -> None:
    """Blocks, amount and days are as they were; who leads follows from what is on record."""
    before = running()
    after = granted(before, asks(Change.LEAD, lead="org-b"))
    was, now = before.holdings["a"], after.holdings["a"]
    assert was == replace(now, amended=())
    assert ["org-a", "org-b"] == [lead_of(alliance(), one.amended) for one in (was, now)]
    result = after.decisions[-1].result
    assert isinstance(result, dict)
    assert "org-b" == result["answer"].lead
    back = granted(after, asks(Change.LEAD, lead="org-a"), "n-2")
    assert "org-a" == lead_of(alliance(), back.holdings["a"].amended)


def test_the_lead_goes_with_the_award_into_the_next_term() -> None:
    """Who leads is remembered when the term has turned."""
    term = granted(running(months=12), asks(Change.LEAD, lead="org-b"))
    assert "org-b" == lead_of(alliance(), turn(term).holdings["a"].amended)


@pytest.mark.parametrize("wrong", ["org-a", "org-z", "", None])
def test_nobody_leads_who_was_not_judged_with_the_award(wrong: str | None) -> None:
    """Neither a stranger nor whoever leads it already."""
    assert {AmendmentFault.LEAD_WRONG} == faults(running(), asks(Change.LEAD, lead=wrong))


def test_who_left_or_came_later_does_not_lead() -> None:
    """Without a part of the award it is in it no more; who came later was judged by nobody."""
    parts = {"org-a": 1, "org-new": 1}
    term = granted(running(), asks(Change.MEMBERS, parts=parts))
    for name in ("org-b", "org-new"):
        assert {AmendmentFault.LEAD_WRONG} == faults(term, asks(Change.LEAD, lead=name))


def test_nobody_leads_by_a_change_who_could_not_have_applied() -> None:
    """A large firm is refused by the call's rule, a university would be of another class."""
    for name in ("org-big", "org-uni"):
        assert {AmendmentFault.LEAD_NOT_ELIGIBLE} == faults(running(), asks(Change.LEAD, lead=name))


def test_a_limit_on_what_one_may_lead_holds_after_a_change() -> None:
    """With an award of its own it would lead five nodes of six: 60 % are three, 90 % are five."""
    own = replace(applicant("own", 3), applicant=B)
    for share, passes in (("90 %", True), ("60 %", False)):
        limit = ("by: applicant.id, share: 60 %", f"by: applicant.id, share: {share}")
        more = ("shares: {national: 60, business: 20,", "shares: {national: 20, business: 60,")
        term = awarded(opened(limit, more), [alliance(), own], {"a": 9, "own": 8})
        assert {"a", "own"} == term.holdings.keys()
        wanted = asks(Change.LEAD, lead="org-b")
        if passes:
            granted(term, wanted)
        else:
            assert {AmendmentFault.LEAD_NOT_ELIGIBLE} == faults(term, wanted)


def test_what_one_came_to_lead_by_a_change_counts_too() -> None:
    """Three nodes that it took over and two more are five: either is let be, both are not."""
    own = replace(applicant("own", 3), members=(B,))
    more = ("shares: {national: 60, business: 20,", "shares: {national: 20, business: 60,")
    term = awarded(opened(more), [alliance(), own], {"a": 9, "own": 8})
    wanted = asks(Change.LEAD, lead="org-b")
    took = granted(term, replace(wanted, award="own"))
    assert {AmendmentFault.LEAD_NOT_ELIGIBLE} == faults(took, wanted)
    granted(term, wanted)


def test_an_overdue_report_keeps_nobody_from_leading() -> None:
    """Whoever is to hand it in may be gone: that is why another leads."""
    late = JUNE.replace(day=10)
    assert {AmendmentFault.REPORT_OVERDUE} == faults(
        running(ENDS, months=12), asks(Change.LONGER, late, months=1)
    )
    granted(running(ENDS, months=12), asks(Change.LEAD, late, lead="org-b"))


def test_the_policy_says_whether_members_and_lead_change() -> None:
    """A call that lets no members be changed lets no other lead."""
    shut = ("change_members: true", "change_members: false")
    assert {AmendmentFault.NOT_FORESEEN} == faults(running(shut), asks(Change.LEAD, lead="org-b"))


def test_an_alliance_has_one_lead_after_several_requests_of_one_set() -> None:
    """Each is judged as the one before has left the award."""
    twice = [asks(Change.LEAD, lead="org-b"), asks(Change.LEAD, lead="org-a")]
    after = amend(running(), twice, "n-1", MAY)
    assert "org-a" == lead_of(alliance(), after.holdings["a"].amended)


def test_what_was_asked_before_has_the_line_that_it_had() -> None:
    """A request that names no lead is written as it was before there were any."""
    assert b"lead" not in canonical.line(asks(Change.LONGER, months=1))
    assert b'"lead":"org-b"' in canonical.line(asks(Change.LEAD, lead="org-b"))
