"""Synthetic applicants: published totals exactly, valid requests, and no real names."""

import re
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.core import canonical
from headgate.core.calls.application import Application
from headgate.core.calls.window import window
from headgate.core.faults import Faulty
from headgate.core.policy.schema import Call
from headgate.simulation.applicants import (
    TOO_LONG_ONE_IN,
    Conditions,
    applicants,
    blocks_asked,
)
from headgate.simulation.population import Population, read_population
from tests.simulation.builders import call_with, organisations_with

KOREA_LIKE = """\
call: open
source: law/open.md#result
applied: {applications: 514, blocks: 1714}
groups:
  - id: academia
    name: {en: Universities}
    holder: academia
    organisation: {kind: university, size: not-applicable}
    applications: null
    blocks: 1075
    selected_blocks: 328
    weight: 60
    variants:
      - {kind: university, size: not-applicable, facts: {supplier: false}, weight: 1}
  - id: industry
    name: {en: Firms}
    holder: business
    organisation: {kind: firm, size: small}
    applications: null
    blocks: null
    selected_blocks: 161
    weight: 32
    variants:
      - {kind: firm, size: small, facts: {supplier: false}, weight: 90}
      - {kind: firm, size: large, facts: {supplier: false}, weight: 6}
      - {kind: firm, size: small, facts: {supplier: true}, weight: 4}
  - id: research
    name: {en: Institutes}
    holder: academia
    organisation: {kind: institute, size: not-applicable}
    applications: null
    blocks: null
    selected_blocks: 39
    weight: 8
selected: {applications: 159, blocks: 528}
"""
NAME = re.compile(r"(FIRM|UNIV|INST)-[0-9]{3}[A-Z]*|ALLIANCE-[A-Z]+")
RATES = {"h200": 4, "b200": 8}


def population(text: str = KOREA_LIKE) -> Population:
    """The population of a text."""
    return read_population("open.yaml", text)


def drawn(seed: str, call: Call | None = None, text: str = KOREA_LIKE) -> tuple[Application, ...]:
    """Applicants of the Korean-like call."""
    given_call = call or call_with()
    organisations, known = organisations_with(), Conditions(rates=RATES)
    return applicants("open", given_call, organisations, population(text), seed, known)


@given(st.text(max_size=6))
@settings(max_examples=25)
def test_published_totals_are_met_for_every_seed(seed: str) -> None:
    """Applications, blocks, and the blocks of a group come out as published, to the block."""
    received = drawn(seed)
    blocks = Counter[str]()
    for application in received:
        blocks[application.applicant.kind] += blocks_asked(application)
    assert (514, 1714, 1075) == (len(received), blocks.total(), blocks["university"])
    assert [f"open-{n:04d}" for n in range(1, 515)] == [a.id for a in received]
    assert received == tuple(sorted(received, key=lambda a: (a.at, a.id)))


@given(st.text(max_size=6))
@settings(max_examples=10)
def test_every_request_is_valid_under_the_call(seed: str) -> None:
    """No request is above the cap of its class or beside the form; only some terms are too long."""
    call = call_with()
    too_long = 0
    for application in drawn(seed, call):
        classes = [request.support_class for request in application.requests]
        assert len(set(classes)) == len(classes) >= 1
        for request in application.requests:
            cap = call.classes[request.support_class].cap_blocks
            assert 1 <= request.blocks_least <= request.blocks_most <= cap
        assert "2025-12-22T00:00:00Z" <= application.at < "2026-01-28T12:00:00Z"
        assert {"supported"} == application.fields.keys()
        too_long += application.months > call.months_most
    assert 514 // TOO_LONG_ONE_IN == too_long


def test_the_same_seed_gives_the_same_bytes() -> None:
    """Two machines draw the same applicants; another seed draws others."""
    one, same, other = (canonical.line(drawn(seed)) for seed in ("7", "7", "8"))
    assert one == same
    assert one != other
    assert "2e4ea290d18de411" == canonical.digest(one)[:16]


def test_alternatives_are_worth_about_the_same() -> None:
    """With one B200 worth two H200, a request names half as many nodes of the other class."""
    both = [a.requests for a in drawn("7") if len(a.requests) == 2]
    assert len(both) > 100
    for first, second in both:
        worth = RATES[first.support_class] * first.blocks_most
        found = RATES[second.support_class] * second.blocks_most
        assert worth <= found < worth + RATES[second.support_class]


def test_sorts_come_by_weight_and_keep_their_facts() -> None:
    """A firm that supplies GPUs is as rare as the data says, and stays one in every application."""
    firms = [a.applicant for a in drawn("7") if a.applicant.kind == "firm"]
    assert 1 <= sum(firm.facts["supplier"] is True for firm in firms) <= 20
    assert 1 <= sum(firm.size == "large" for firm in firms) <= 25
    assert len({firm.id for firm in firms}) == len(set(map(str, firms)))


def test_some_organisations_apply_again() -> None:
    """Concentration can be seen: some apply several times, most do not."""
    counts = Counter(a.applicant.id for a in drawn("7"))
    assert max(counts.values()) > 2
    assert sum(count == 1 for count in counts.values()) > len(counts) // 2


def test_no_name_is_real() -> None:
    """Applicants are a kind and a number, so that nothing invented is said of anybody."""
    call = call_with(eligibility=[_rule("application.members.exists(m, m.supplier)")])
    for application in (*drawn("7"), *drawn("7", call)):
        involved = (application.applicant, *application.members)
        assert all(NAME.fullmatch(organisation.id) for organisation in involved)


def _rule(when: str) -> dict[str, object]:
    return {"id": "rule", "when": when, "because": {"en": "No."}}


def test_a_call_for_alliances_receives_alliances() -> None:
    """Where rules speak of members, applicants have some; elsewhere nobody has."""
    call = call_with(eligibility=[_rule("application.members.exists(m, m.supplier)")])
    leads = [a.applicant.id for a in drawn("7", call)]
    assert all(a.members for a in drawn("7", call))
    assert len(set(leads)) == len(leads) == 514
    assert not any(a.members for a in drawn("7"))
    stated = KOREA_LIKE.replace("weight: 8", "weight: 8\n    members: {least: 4, most: 6}")
    counts = {len(a.members) for a in drawn("7", text=stated) if a.applicant.kind == "institute"}
    assert {4, 5, 6} == counts


def test_who_is_judged_by_rounds_asks_for_all_the_time_there_is() -> None:
    """A team that may go on every half year does not hand its award back before it is judged."""
    known = Conditions(rates=RATES, judged=True)
    received = applicants("open", call_with(), organisations_with(), population(), "7", known)
    assert {12, 18} == {application.months for application in received}
    assert {12, 6, 3, 18} == {application.months for application in drawn("7")}


def test_a_call_of_which_nothing_is_known_is_oversubscribed() -> None:
    """Any programme can be shown: hours of one class, no rules, no data."""
    call = call_with(
        block={"gpu_hour": 1000}, classes={"gh200": {"offered": 500_000, "cap_blocks": 10}},
        fields={}, eligibility=[], floors=[], panel=None,
    )  # fmt: skip
    received = applicants("rapid", call, organisations_with(), None, "7")
    assert 3 * 500 == sum(map(blocks_asked, received))
    assert {"firm", "university", "institute"} == {a.applicant.kind for a in received}
    assert all(len(a.requests) == 1 and blocks_asked(a) <= 10 for a in received)


def test_with_the_rules_at_hand_most_are_eligible() -> None:
    """Rules that few would meet by chance are met by most applicants, and not by all."""
    call = call_with(
        block={"gpu_hour": 1000}, classes={"gh200": {"offered": 9_000_000, "cap_blocks": 1400}},
        fields={"open_results": {"kind": "boolean", "name": {"en": "Open?"}}},
    )  # fmt: skip

    def eligible(application: Application) -> bool:
        large_enough = application.requests[0].blocks_least >= 50
        by_right = application.applicant.kind == "institute" and application.months in (6, 12)
        return large_enough and by_right and application.fields["open_results"] is True

    known = Conditions(eligible=eligible)
    received = applicants("access", call, organisations_with(), None, "7", known)
    met = sum(map(eligible, received))
    assert len(received) * 6 // 10 < met < len(received)


@pytest.mark.parametrize("timezone", ["America/New_York", "Asia/Seoul", "Pacific/Kiritimati"])
def test_everyone_comes_in_while_the_call_is_open_where_it_is(timezone: str) -> None:
    """Nobody simulated is early or late: the call's days are those of the programme's zone."""
    call = call_with()
    opens, closed = window(call, timezone)
    known = Conditions(timezone=timezone)
    received = applicants("open", call, organisations_with(), None, "7", known)
    assert all(opens <= application.at < closed for application in received)


def test_a_new_stream_shifts_no_other() -> None:
    """One more group leaves what another group's applicants ask for as it was, but for when they
    come in, and so the numbers under which they and their organisations are known.
    """
    published = KOREA_LIKE.replace(
        "applications: null\n    blocks: 1075", "applications: 300\n    blocks: 1075"
    )
    fewer = published.replace("weight: 8\n", "weight: 9\n")

    def asked(text: str) -> list[str]:
        found = [a for a in drawn("7", text=text) if a.applicant.kind == "university"]
        unnamed = (replace(a, applicant=replace(a.applicant, id="")) for a in found)
        return sorted(str(replace(a, id="", at="", months=0)) for a in unnamed)

    assert asked(published) == asked(fewer)


def test_one_applicant_less_is_the_last_and_gives_its_lot_to_one_other() -> None:
    """Whose term is too long is a lot for each, so that one less changes two of them at most."""
    fewer, all_of_them = drawn("7", text=KOREA_LIKE.replace("514", "513")), drawn("7")
    assert {"open-0514"} == {a.id for a in all_of_them} - {a.id for a in fewer}
    late = [{a.id for a in found if a.months > 12} for found in (fewer, all_of_them)]
    assert {2} == {*map(len, late)}
    assert len(late[0] ^ late[1]) <= 2
    kept, before = {a.id: _said(a) for a in fewer}, {a.id: _said(a) for a in all_of_them}
    assert kept == {known: before[known] for known in kept}


def _said(a: Application) -> tuple[object, ...]:
    """What does not depend on how many come, and for how many blocks together."""
    return (a.applicant, a.members, a.fields)


def test_a_rule_that_meets_one_applicant_moves_nobody_else() -> None:
    """Who must choose again does so alone; only who applies again as that organisation follows."""
    before = {a.id: a for a in drawn("7")}
    for number in range(10, 514, 42):
        met = before[f"open-{number:04d}"]

        def eligible(draft: Application, met: Application = met) -> bool:
            return draft.at != met.at or draft.requests != met.requests

        known = Conditions(rates=RATES, eligible=eligible)
        after = {
            a.id: a
            for a in applicants("open", call_with(), organisations_with(), population(), "7", known)
        }
        changed = {known for known in before if before[known] != after[known]}
        follow = {n for n, a in before.items() if a.applicant == met.applicant}
        assert met.id in changed <= follow
        assert met.at == after[met.id].at


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("call: open", "call: other", "call-other"),
        ("holder: academia", "holder: nobody", "holder-not-invited"),
        ("kind: institute", "kind: club", "word-unknown"),
        ("facts: {supplier: false}", "facts: {colour: red}", "field-unknown"),
        ("blocks: 1075", "blocks: 1800", "groups-do-not-add-up"),
        ("applications: 514", "applications: 30", "blocks-out-of-reach"),
        ("id: research", "id: industry", "group-twice"),
    ],
)
def test_totals_that_cannot_be_met_are_faults(old: str, new: str, code: str) -> None:
    """Data that contradict themselves or the call are shown, never bent."""
    with pytest.raises(Faulty) as caught:
        drawn("7", text=KOREA_LIKE.replace(old, new, 1))
    assert code in {fault.code for fault in caught.value.faults}
