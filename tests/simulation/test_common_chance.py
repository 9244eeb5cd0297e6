"""Worlds of one seed differ where their policies do: what a variant leaves alone keeps its chance.

So the difference of two rehearsals is the effect of a rule and not of other luck.
"""

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.core.calls.application import Application, Mark
from headgate.core.policy.dated import at
from headgate.core.policy.document import Document
from headgate.core.policy.schema import Call, Policy
from headgate.demo import populations
from headgate.readers.policy_files import read_programme
from headgate.readers.programmes import data_files, find
from headgate.simulation.applicants import applicants
from headgate.simulation.world import Simulated
from headgate.steps.agenda import first_day
from tests.simulation.builders import call_with, organisations_with

CALLS = [
    ("korea-2025", "open-1"),
    ("korea-2025", "alliance"),
    ("vietnam-2027", "vietnamese-models"),
    ("vietnam-2027", "vouchers"),
    ("vietnam-2027", "research"),
    ("us-alcc-2026", "year-2026"),
]
UNTOUCHED = {
    "korea-2025": {
        "envelopes.compute.shares": "{national: 29, business: 42, academia: 29}",
        "rounds.stage.stay": "{least: 3, most: 3}",
        "calls.open-1.gap": "1/50",
    },
    "vietnam-2027": {
        "envelopes.compute.shares": "{national: 50, enterprise: 25, science: 25}",
        "rounds.stage.stay": "{least: 1, most: 3}",
    },
}
"""What may be said otherwise of each programme's envelopes, rounds and lists."""


@cache
def document(programme: str) -> Document:
    """A programme as it stands."""
    return read_programme(find(programme), ())


@cache
def policy(programme: str, path: str = "", value: str = "") -> Policy:
    """A programme's policy on its first day, with a value said otherwise by an overlay."""
    base = document(programme)
    overlay = (
        f"overlay: x\nbecause: {{en: Why?}}\nfrom: 2020-01-01\nonwards: true\nset:\n  {path}: "
    )
    laid = {"overlays/x.yaml": f"{overlay}{value}\n"} if path else {}
    return at(Document.read({**base.texts, **laid}), first_day(base)).policy


def with_call(programme: str, call_id: str, call: Call) -> Policy:
    """The policy with a call added, or another in the place of one."""
    base = policy(programme)
    return base.model_copy(update={"calls": {**base.calls, call_id: call}})


def capped(call: Call, more: int) -> Call:
    """The call with so many blocks more as the cap of each class."""
    classes = {
        name: terms.model_copy(update={"cap_blocks": terms.cap_blocks + more})
        for name, terms in call.classes.items()
    }
    return call.model_copy(update={"classes": classes})


def world(programme: str, rules: Policy) -> dict[str, tuple[tuple[Application, ...], list[Mark]]]:
    """Every application to every call and every mark on it, were it eligible."""
    known = populations(data_files(find(programme)), policy(programme).calls)
    made = Simulated(rules, known, "headgate")
    received = {call: tuple(made.applications(call)) for call in rules.calls}
    return {call: (them, list(made.marks(call, them))) for call, them in received.items()}


@cache
def as_it_stands(programme: str) -> dict[str, tuple[tuple[Application, ...], list[Mark]]]:
    """The world of a programme that says what it says."""
    return world(programme, policy(programme))


def kept(before: tuple[Application, ...], after: tuple[Application, ...]) -> tuple[int, list[str]]:
    """How many applications are in both, and which say the same but for what they request.

    Where as many come they come at the same moments; where more do, in the same order.
    """
    as_many = len(before) == len(after)
    earlier = {a.id: _said(a, as_many) for a in before}
    both = [a for a in after if a.id in earlier]
    return len(both), [a.id for a in both if earlier[a.id] == _said(a, as_many)]


def _said(a: Application, as_many: bool) -> tuple[object, ...]:
    return (a.call, a.at if as_many else "", a.applicant, a.members, a.months, a.fields)


def same_marks(before: list[Mark], after: list[Mark]) -> int:
    """How many applications have the same marks of the same reviewers in both."""
    sheets: tuple[dict[str, list[Mark]], ...] = ({}, {})
    for found, given_marks in zip(sheets, (before, after), strict=True):
        for mark in given_marks:
            found.setdefault(mark.application, []).append(mark)
    return sum(sheets[0].get(application) == sheet for application, sheet in sheets[1].items())


@pytest.mark.parametrize(("programme", "call_id"), CALLS)
def test_another_cap_leaves_who_applies_and_their_marks(programme: str, call_id: str) -> None:
    """A block more for each of a call: other calls are the same in every field; in its own at least
    19 in 20 of those who still apply are the same but for what they request, with the same marks.

    Not all are: totals bind, so that another cap is other requests, and a rule that reads a request
    may have somebody choose again.
    """
    base = as_it_stands(programme)
    moved = world(
        programme, with_call(programme, call_id, capped(policy(programme).calls[call_id], 1))
    )
    assert {c: w for c, w in base.items() if c != call_id} == {
        c: w for c, w in moved.items() if c != call_id
    }
    (before, sheets), (after, sheets_after) = base[call_id], moved[call_id]
    both, same = kept(before, after)
    assert both == min(len(before), len(after))
    assert 20 * len(same) >= 19 * both
    assert 20 * same_marks(sheets, sheets_after) >= 19 * both


@pytest.mark.parametrize(
    ("programme", "path"), [(name, path) for name, paths in UNTOUCHED.items() for path in paths]
)
def test_rules_that_no_applicant_meets_change_no_application_and_no_mark(
    programme: str, path: str
) -> None:
    """Envelopes, cut rules and gaps decide over the same applications, marked the same."""
    value = UNTOUCHED[programme][path]
    assert policy(programme, path, value) != policy(programme)
    assert as_it_stands(programme) == world(programme, policy(programme, path, value))


def test_another_call_leaves_the_others() -> None:
    """A programme that opens one call more receives the same in those that it had."""
    again = with_call("korea-2025", "open-2", policy("korea-2025").calls["open-1"])
    found = world("korea-2025", again)
    assert len(found.pop("open-2")[0]) > 100
    assert as_it_stands("korea-2025") == found


@given(st.integers(4, 40), st.integers(20, 400), st.text(max_size=4))
@settings(max_examples=15, deadline=None)
def test_any_call_keeps_its_chance_when_a_cap_moves(cap: int, nodes: int, seed: str) -> None:
    """Of whatever size a call is, who applies under both caps is the same organisation with the
    same answers; but the one in 200 whose term is too long may be another.
    """
    classes = {"h200": {"offered": 8 * nodes, "cap_blocks": cap}}
    call = call_with(classes=classes)
    few, more = (
        applicants("open", each, organisations_with(), None, seed)
        for each in (call, capped(call, 1))
    )
    both, same = kept(few, more)
    assert both == min(len(few), len(more))
    late = {a.id for a in (*few, *more) if a.months > call.months_most}
    assert {a.id for a in few} & {a.id for a in more} - late <= {*same}
