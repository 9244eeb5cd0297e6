"""Every ground on which an application is turned away before it is judged, by name."""

from datetime import date

import pytest

from headgate.core.calls.application import Application, GateFinding, Request
from headgate.core.calls.case import application_case
from headgate.core.calls.screening import Finding, Refusal, Screening, eligible, screen
from tests.core.calls.builders import application, policy_with


def findings(
    applications: list[Application], *gates: GateFinding, taken: tuple[str, ...] = ()
) -> list[Finding]:
    """All findings of a screening, in the order in which they are told."""
    screenings = screen(policy_with(), "open", applications, gates, taken)
    return [finding for screening in screenings for finding in screening.findings]


REFUSALS: list[tuple[Refusal, str, list[Application]]] = [
    (Refusal.LATE, "2026-02-02T00:00:00Z", [application(at="2026-02-02T00:00:00Z")]),
    (Refusal.DUPLICATE, "open-1", [application(), application()]),
    (Refusal.UNKNOWN_CLASS, "a100", [application(requests=(Request("a100", 1, 1),))]),
    (Refusal.REQUEST_NOT_POSITIVE, "h200", [application(requests=(Request("h200", 0, 2),))]),
    (Refusal.REQUEST_NOT_POSITIVE, "h200", [application(requests=(Request("h200", 3, 2),))]),
    (Refusal.REQUEST_NOT_POSITIVE, "h200", [application(requests=(Request("h200", -2, -1),))]),
    (Refusal.REQUEST_NOT_POSITIVE, "", [application(requests=())]),
    (Refusal.REQUEST_NOT_POSITIVE, "months", [application(months=0)]),
    (Refusal.ABOVE_CAP, "h200", [application(requests=(Request("h200", 5, 5),))]),
    (Refusal.TERM_TOO_LONG, "7", [application(months=7)]),
    (Refusal.NO_HOLDER, "no class of holders applies", [application(kind="museum")]),
    (Refusal.HOLDER_NOT_INVITED, "academia", [application(kind="university")]),
    (Refusal.RULE, "large", [application(size="large")]),
]


@pytest.mark.parametrize(("refusal", "rests_on", "applications"), REFUSALS)
def test_each_refusal_is_named_with_what_it_rests_on(
    refusal: Refusal, rests_on: str, applications: list[Application]
) -> None:
    """An applicant who is turned away reads which ground it was and what of theirs it met."""
    assert [Finding(refusal, rests_on)] == findings(applications)


def test_a_failed_gate_turns_away() -> None:
    """A gate is apart from any score: who fails it is not scored; who passes it is."""
    failed = GateFinding("open-1", "audit", False, "", (), True)
    assert [Finding(Refusal.GATE, "audit")] == findings([application()], failed)
    passed = GateFinding("open-1", "audit", True, "with a remark", (), False)
    assert [] == findings([application()], passed)


def test_every_refusal_is_provoked() -> None:
    """The table above, with the gate, is the whole enumeration: none is there for show."""
    assert set(Refusal) == {refusal for refusal, _, _ in REFUSALS} | {Refusal.GATE}


def test_all_grounds_are_told_at_once_in_order() -> None:
    """Who mends an application wants the list, not its first line."""
    bad = application(size="large", months=9, at="2026-03-01T00:00:00Z", fields={"asked": True})
    failed = GateFinding("open-1", "audit", False, "", (), True)
    expected = [
        Finding(Refusal.LATE, "2026-03-01T00:00:00Z"),
        Finding(Refusal.TERM_TOO_LONG, "9"),
        Finding(Refusal.RULE, "asked"),
        Finding(Refusal.RULE, "large"),
        Finding(Refusal.GATE, "audit"),
    ]
    assert expected == findings([bad], failed)


def test_the_closing_day_is_still_in_time() -> None:
    """The last second of the closing day is in time."""
    assert [] == findings([application(at="2026-02-01T23:59:59Z")])


def test_of_one_id_the_first_handed_in_stands() -> None:
    """Whoever comes later under somebody's id takes nothing from them, in any order of rows."""
    first = application(at="2026-01-10T00:00:00Z")
    later = application(at="2026-01-11T00:00:00Z", size="large")
    for received in ([first, later], [later, first]):
        screenings = screen(policy_with(), "open", received, ())
        assert Screening("open-1", "business", ()) == screenings[0]
        assert Finding(Refusal.DUPLICATE, "open-1") in screenings[1].findings
        assert {"open-1": "business"} == eligible(screenings)


def test_an_id_of_an_earlier_call_is_taken() -> None:
    """An award, its quota and its accounts bear one id, so no two calls share one."""
    assert [Finding(Refusal.DUPLICATE, "open-1")] == findings([application()], taken=("open-1",))


def test_a_rule_without_an_answer_refuses() -> None:
    """Silence never opens a gate: a missing answer refuses and names the rule."""
    found = findings([application(fields={})])
    assert [Refusal.RULE] == [finding.refusal for finding in found]
    assert found[0].rule.startswith("asked? ")


def test_a_smaller_alternative_does_not_hide_a_request_above_the_cap() -> None:
    """Every request is looked at; a cap holds against the least that an applicant would accept."""
    requests = (Request("h200", 1, 9), Request("h200", 5, 9))
    assert [Finding(Refusal.ABOVE_CAP, "h200")] == findings([application(requests=requests)])


def test_age_is_counted_to_the_closing_day() -> None:
    """A rule on young firms sees their age on the day; an unknown founding date is -1, not old."""
    facts = application_case(application(founded=date(2026, 1, 1)), date(2026, 2, 1))
    assert 31 == facts["applicant"]["age_days"]
    assert (
        -1 == application_case(application(founded=None), date(2026, 2, 1))["applicant"]["age_days"]
    )
