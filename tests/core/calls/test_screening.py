"""Every ground on which an application is turned away before it is judged, by name."""

from datetime import date

import pytest

from headgate.core.calls.application import (
    Application,
    Fact,
    GateFinding,
    Organisation,
    Request,
)
from headgate.core.calls.case import application_case
from headgate.core.calls.screening import (
    Finding,
    Refusal,
    Screening,
    by_arrival,
    eligible,
    is_id,
    screen,
    subject_of,
)
from tests.core.calls.builders import application, policy_with


def passed(name: str = "open-1") -> GateFinding:
    """The gate of the call, passed by an application."""
    return GateFinding(name, "audit", True, "", (), False)


def findings(
    applications: list[Application], *gates: GateFinding, taken: tuple[str, ...] = ()
) -> list[Finding]:
    """All findings of a screening, in the order in which they are told; the gate is passed."""
    gates = gates or tuple(passed(one.id) for one in applications)
    screenings = screen(policy_with(), "open", applications, gates, taken)
    return [finding for screening in screenings for finding in screening.findings]


REFUSALS: list[tuple[Refusal, str, list[Application]]] = [
    (Refusal.BAD_ID, "", [application("")]),
    (Refusal.BAD_ID, "open/1", [application("open/1")]),
    (Refusal.BAD_ID, "open 1", [application("open 1")]),
    (Refusal.BAD_ID, "open\n1", [application("open\n1")]),
    (Refusal.BAD_ID, "open\u200b1", [application("open\u200b1")]),
    (Refusal.BAD_ID, "x" * 65, [application("x" * 65)]),
    (Refusal.BAD_INSTANT, "", [application(at="")]),
    (Refusal.BAD_INSTANT, "2026-01-31", [application(at="2026-01-31")]),
    (Refusal.BAD_INSTANT, "2026-02-30T12:00:00Z", [application(at="2026-02-30T12:00:00Z")]),
    (Refusal.BAD_INSTANT, "2026-01-31T12:00:00+09:00",
     [application(at="2026-01-31T12:00:00+09:00")]),
    (Refusal.EARLY, "2026-01-04T14:59:59Z", [application(at="2026-01-04T14:59:59Z")]),
    (Refusal.LATE, "2026-02-01T15:00:00Z", [application(at="2026-02-01T15:00:00Z")]),
    (Refusal.DUPLICATE, "open-1", [application(), application()]),
    (Refusal.UNKNOWN_KIND, "tiny", [application(size="tiny")]),
    (Refusal.UNKNOWN_KIND, "club",
     [application(members=(Organisation("org-2", "club", "small", "", None, {}),))]),
    (Refusal.UNKNOWN_CLASS, "a100", [application(requests=(Request("a100", 1, 1),))]),
    (Refusal.CLASS_TWICE, "h200",
     [application(requests=(Request("h200", 1, 1), Request("h200", 2, 2)))]),
    (Refusal.REQUEST_NOT_POSITIVE, "h200", [application(requests=(Request("h200", 0, 2),))]),
    (Refusal.REQUEST_NOT_POSITIVE, "h200", [application(requests=(Request("h200", 3, 2),))]),
    (Refusal.REQUEST_NOT_POSITIVE, "h200", [application(requests=(Request("h200", -2, -1),))]),
    (Refusal.REQUEST_NOT_POSITIVE, "", [application(requests=())]),
    (Refusal.REQUEST_NOT_POSITIVE, "months", [application(months=0)]),
    (Refusal.ABOVE_CAP, "h200", [application(requests=(Request("h200", 5, 5),))]),
    (Refusal.TERM_TOO_LONG, "7", [application(months=7)]),
    (Refusal.NO_HOLDER, "no class of holders applies", [application(kind="institute")]),
    (Refusal.HOLDER_NOT_INVITED, "academia", [application(kind="university")]),
    (Refusal.RULE, "large", [application(size="large")]),
]  # fmt: skip


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
    assert [Finding(Refusal.GATE, "audit")] == findings([application()], passed(), failed)
    assert [] == findings([application()], passed())


def test_a_gate_on_which_nothing_was_found_stays_shut() -> None:
    """Silence never opens a gate, nor does a finding on somebody else or on another gate."""
    elsewhere = GateFinding("open-1", "unheard-of", False, "", (), True)
    assert [Finding(Refusal.GATE, "audit?")] == findings([application()], elsewhere)
    assert [Finding(Refusal.GATE, "audit?")] == findings([application()], passed("open-2"))


def test_a_hostile_application_is_refused_alone() -> None:
    """Whatever one application holds, the honest one beside it goes on."""
    hostile = [
        application("open/../2", at="yesterday", size="\n", kind="'"),
        application("", requests=(Request("h200", 1, 1),) * 9, months=-(10**30)),
        application(at=""),
    ]
    gates = [passed(), *(passed(one.id) for one in hostile)]
    for received in ([application(), *hostile], [*hostile, application()]):
        screenings = screen(policy_with(), "open", received, gates)
        assert {"open-1": "business"} == eligible(screenings)
        assert 3 == sum(not screening.eligible for screening in screenings)


def test_an_application_without_an_instant_takes_no_one_s_id() -> None:
    """Applications in order of arrival end with those that do not say when they came in."""
    received = [application("b", at=""), application("a"), application("c", at="0000")]
    assert ["a", "b", "c"] == [one.id for one in by_arrival(received)]


@pytest.mark.parametrize("name", ["open-1", "x" * 64, "Hồ-sơ:7", "신청-7"])
def test_decisions_name_an_application_by_its_id(name: str) -> None:
    """An id in any script stands in the journal as it was given."""
    assert is_id(name)
    assert name == subject_of(name)


def test_decisions_name_an_unusable_id_by_its_digest() -> None:
    """The refusal of an id that no journal line can hold is entered all the same, and is its own:
    nobody can apply under the name that it is given.
    """
    names = [subject_of(name) for name in ("", "a\nb", "a\tb", "x" * 2000)]
    assert 4 == len(set(names))
    assert all(len(name) == 71 and not is_id(name) and name.isprintable() for name in names)


def test_further_facts_never_take_the_place_of_what_everyone_is_asked() -> None:
    """Who writes a field named like a fact of the form changes nothing of what rules see."""
    claims: dict[str, Fact] = {
        "id": "org-9",
        "kind": "university",
        "size": "small",
        "age_days": 9,
        "founded": "",
        "youth_led": True,
    }
    posing = Organisation("org-1", "firm", "large", "KR-11", None, claims)
    fields = {"months": 1, "id": "open-9", "members": 0, "requests": 0, "asked": False}
    case = application_case(application(fields=fields), date(2026, 2, 1))["application"]
    seen = application_case(application(applicant=posing), date(2026, 2, 1))["applicant"]
    assert ("firm", "large", "org-1", -1) == (
        seen["kind"], seen["size"], seen["id"], seen["age_days"]
    )  # fmt: skip
    assert seen["youth_led"] is True
    assert case["asked"] is False
    assert ("open-1", 6, []) == (case["id"], case["months"], case["members"])
    assert [{"class": "h200", "least": 2, "most": 2}] == case["requests"]


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
    assert [] == findings([application(at="2026-02-01T14:59:59Z")])


def test_the_opening_day_is_open_from_its_first_second() -> None:
    """Midnight in the programme's own time zone, whatever the day is in UTC."""
    assert [] == findings([application(at="2026-01-04T15:00:00Z")])


def test_of_one_id_the_first_handed_in_stands() -> None:
    """Whoever comes later under somebody's id takes nothing from them, in any order of rows."""
    first = application(at="2026-01-10T00:00:00Z")
    later = application(at="2026-01-11T00:00:00Z", size="large")
    for received in ([first, later], [later, first]):
        screenings = screen(policy_with(), "open", received, [passed()])
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
    found = [Finding(Refusal.CLASS_TWICE, "h200"), Finding(Refusal.ABOVE_CAP, "h200")]
    assert found == findings([application(requests=requests)])


def test_age_is_counted_to_the_closing_day() -> None:
    """A rule on young firms sees their age on the day; an unknown founding date is -1, not old."""
    facts = application_case(application(founded=date(2026, 1, 1)), date(2026, 2, 1))
    assert 31 == facts["applicant"]["age_days"]
    assert (
        -1 == application_case(application(founded=None), date(2026, 2, 1))["applicant"]["age_days"]
    )
