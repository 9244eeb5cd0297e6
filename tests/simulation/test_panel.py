"""Synthetic reviewers give a fair method something to find, and never review their own."""

from collections import Counter, defaultdict

from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.core import canonical
from headgate.core.calls.application import Application
from headgate.simulation.applicants import applicants
from headgate.simulation.panel import declines, gate_findings, marks, reviewers
from tests.simulation.builders import call_with, organisations_with


def received(seed: str) -> tuple[Application, ...]:
    """Some four hundred applications of which nothing was published."""
    return applicants("open", call_with(), organisations_with(), None, seed)


@given(st.text(max_size=4))
@settings(max_examples=5)
def test_every_sheet_is_whole_and_within_full_marks(seed: str) -> None:
    """Each reviewer marks every criterion once, from 0 to its full marks; 3 to 7 review each."""
    call, applications = call_with(), received(seed)
    full = {criterion.id: criterion.full for criterion in call.criteria}
    sheets: dict[tuple[str, str], list[str]] = defaultdict(list)
    for mark in marks(call, applications, seed):
        assert 0 <= mark.points <= full[mark.criterion]
        sheets[mark.application, mark.reviewer].append(mark.criterion)
    assert all(sorted(full) == sorted(criteria) for criteria in sheets.values())
    panels = Counter(application for application, _ in sheets)
    assert {a.id for a in applications} == panels.keys()
    assert {3, 4, 5, 6, 7} == set(panels.values())


def test_nobody_reviews_their_own_organisation() -> None:
    """A conflict of interest is excluded, of the lead and of every member."""
    rule = {"id": "r", "when": "application.members.exists(m, m.supplier)", "because": {"en": "No"}}
    call = call_with(eligibility=[rule])
    applications = applicants("open", call, organisations_with(), None, "7")
    employer = {
        reviewer.id: reviewer.organisation for reviewer in reviewers(call, applications, "7")
    }
    involved = {a.id: {a.applicant.id, *(m.id for m in a.members)} for a in applications}
    given_marks = marks(call, applications, "7")
    assert not [m for m in given_marks if employer[m.reviewer] in involved[m.application]]
    few = applications[:4]
    own = {reviewer.id: reviewer.organisation for reviewer in reviewers(call, few, "7")}
    of_few = {a.id: {a.applicant.id, *(m.id for m in a.members)} for a in few}
    assert not [m for m in marks(call, few, "7") if own[m.reviewer] in of_few[m.application]]


def test_harsh_and_mild_reviewers_can_be_told_apart() -> None:
    """Those whose leniency is highest give clearly more points than the others."""
    call, applications = call_with(), received("7")
    leniency = {reviewer.id: reviewer.leniency for reviewer in reviewers(call, applications, "7")}
    points: dict[str, list[int]] = defaultdict(list)
    for mark in marks(call, applications, "7"):
        if mark.criterion == "effect":
            points[mark.reviewer].append(mark.points)
    order = sorted(points, key=lambda reviewer: leniency[reviewer])
    third = len(order) // 3
    harsh, mild = ([p for r in part for p in points[r]] for part in (order[:third], order[-third:]))
    assert sum(mild) / len(mild) - sum(harsh) / len(harsh) > 60 * 0.1


def test_marks_are_the_same_again() -> None:
    """The same seed gives the same marks; without criteria there are none."""
    call, applications = call_with(), received("7")
    one = canonical.line(marks(call, applications, "7"))
    assert one == canonical.line(marks(call, applications[::-1], "7"))
    assert one != canonical.line(marks(call, applications, "8"))
    assert () == marks(call_with(criteria=[]), applications, "7")
    assert () == marks(call, (), "7")


def test_one_in_fifty_fails_a_gate_after_a_reply() -> None:
    """Every subject has a finding on every gate; a failure has evidence and a reply on file."""
    subjects = [f"open-{n:04d}" for n in range(100)]
    findings = gate_findings(call_with(), subjects, "7")
    failed = [f for f in findings if not f.passed]
    assert subjects == [f.subject for f in findings]
    assert 2 == len(failed)
    assert all(f.replied and len(set(f.evidence)) == 3 for f in failed)
    assert any(f.remark for f in findings if f.passed)
    assert all(f.remark.startswith("synthetic") for f in findings if f.remark)
    assert () == gate_findings(call_with(gates=[]), subjects, "7")


def test_a_few_winners_decline() -> None:
    """One winner in forty gives up, whoever is listed first; few winners all accept."""
    awarded = [f"open-{n:04d}" for n in range(159)]
    declined = declines(awarded, "7")
    assert 3 == len(declined)
    assert set(declined) < set(awarded)
    assert declined == declines(awarded[::-1], "7")
    assert () == declines(awarded[:5], "7")


@given(st.text(max_size=4), st.integers(0, 199))
@settings(max_examples=25)
def test_who_leaves_gives_a_lot_to_one_other_at_most(seed: str, number: int) -> None:
    """Who fails a gate or declines does so whoever else is there: one subject less, one lot."""
    subjects = [f"open-{n:04d}" for n in range(200)]
    fewer = [subject for subject in subjects if subject != subjects[number]]
    for lots in (_failing, declines):
        changed = {*lots(subjects, seed)} ^ {*lots(fewer, seed)}
        assert len(changed - {subjects[number]}) <= 1


def _failing(subjects: list[str], seed: str) -> list[str]:
    return [f.subject for f in gate_findings(call_with(), subjects, seed) if not f.passed]


def test_marks_stay_as_they_are_when_another_application_is_refused() -> None:
    """Panels and marks are drawn by who is marked: one application less leaves them, but where a
    reviewer worked for who is gone.
    """
    call, applications = call_with(), received("7")
    before = {(m.application, m.reviewer, m.criterion): m for m in marks(call, applications, "7")}
    for number in range(0, 400, 80):
        fewer = [*applications[:number], *applications[number + 1 :]]
        after = marks(call, fewer, "7")
        kept = [m for m in after if before.get((m.application, m.reviewer, m.criterion)) == m]
        assert len(kept) * 100 > len(after) * 99
