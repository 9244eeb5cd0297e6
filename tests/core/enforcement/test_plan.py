"""What is promised of a plan: exact, the same whoever asks, safe against names and empty lists."""

from collections.abc import Callable
from dataclasses import fields, replace
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.enforcement.engine import Action, Change, Order, Plan, Quota, QuotaState
from headgate.core.enforcement.plan import (
    NO_ORDER,
    OWNERS,
    Refusal,
    Refused,
    admitted,
    applied,
    dated,
    explain,
    plan,
    within,
)

START, END = "2026-03-09T00:00:00Z", "2026-09-09T00:00:00Z"


def quota(award: str, gpus: int | None = 8, budget: int = 100, kind: str = "h200") -> Quota:
    """A quota of one term."""
    return Quota(award, kind, gpus, budget, START, END, QuotaState.OPEN)


def order(held: Quota, because: str = "decision-1") -> Order:
    """An order to cluster c."""
    return Order("c", held, because)


def ours(held: Quota) -> bool:
    """Headgate's own awards do not begin with an x."""
    return not held.award.startswith("x")


def everything(_: Quota) -> bool:
    """All is ours."""
    return True


def test_plan_adds_changes_and_removes_in_that_safe_order() -> None:
    """A person reads every change once: what is held, what shall be, why; removals last."""
    held = [quota("a"), quota("b"), quota("d")]
    orders = [order(quota("z"), "new"), order(quota("b", 4), "cut"), order(quota("d"))]
    expected = Plan(
        "c",
        (
            Change(Action.CHANGE, "b", "h200", quota("b"), quota("b", 4), "cut"),
            Change(Action.ADD, "z", "h200", None, quota("z"), "new"),
            Change(Action.REMOVE, "a", "h200", quota("a"), None, NO_ORDER),
        ),
    )
    assert expected == plan("c", orders, held, everything, mass_removal=True)


def test_other_peoples_quotas_are_never_touched() -> None:
    """An empty list of orders and the explicit word still leave a foreign quota as it is."""
    held = [quota("x-other"), quota("a")]
    answer = plan("c", [], held, ours, mass_removal=True)
    assert isinstance(answer, Plan)
    assert ["a"] == [change.award for change in answer.changes]
    assert (quota("x-other"),) == applied(held, answer.changes)


@pytest.mark.parametrize(("orders", "refused"), [(9, False), (8, True), (0, True)])
def test_mass_removal_needs_an_explicit_word(orders: int, refused: bool) -> None:
    """One of ten quotas may go in silence; two of ten, or all, may not."""
    held = [quota(f"a{number}") for number in range(10)]
    answer = plan("c", map(order, held[:orders]), held, everything)
    assert refused == isinstance(answer, Refused)


PROVOKED: dict[Refusal, Callable[[], Plan | Refused]] = {
    Refusal.ANOTHER_CLUSTER: lambda: plan("c", [Order("d", quota("a"), "x")], [], ours),
    Refusal.NOT_OURS: lambda: plan("c", [order(quota("x"))], [], ours),
    Refusal.BAD_LIMIT: lambda: plan("c", [order(quota("a", -1))], [], ours),
    Refusal.BAD_TERM: lambda: plan("c", [order(replace(quota("a"), ends=START))], [], ours),
    Refusal.TWO_ORDERS: lambda: plan("c", [order(quota("a")), order(quota("a", 4))], [], ours),
    Refusal.HELD_TWICE: lambda: plan("c", [order(quota("a"))], [quota("a"), quota("a", 4)], ours),
    Refusal.MASS_REMOVAL: lambda: plan("c", [], [quota("a")], ours),
    Refusal.PLAN_OTHER: lambda: within(adding("a", "b"), adding("a"), begun=False),
}


def adding(*awards: str, held: Quota | None = None) -> Plan:
    """A plan that brings some quotas about, from what is held."""
    action = Action.ADD if held is None else Action.CHANGE
    made = (Change(action, a, "h200", held, quota(a), "decision") for a in awards)
    return Plan("c", tuple(made))


def test_nothing_is_in_an_allowed_plan_but_what_was_shown() -> None:
    """Less may be left of it; from another beginning it is another plan, until it has begun."""
    shown = adding("a", "b")
    assert adding("b") == within(adding("b"), shown, begun=False)
    other = adding("b", held=quota("b", 500))
    assert isinstance(within(other, shown, begun=False), Refused)
    assert other == within(other, shown, begun=True)
    refused = within(adding("c"), shown, begun=True)
    assert isinstance(refused, Refused)
    assert ("c h200",) == tuple(what for _, what in refused.reasons)


@pytest.mark.parametrize("refusal", list(Refusal))
def test_every_refusal_can_be_provoked(refusal: Refusal) -> None:
    """Each way to have no plan is real, has a name, and comes alone when it is the only one."""
    answer = PROVOKED[refusal]()
    assert isinstance(answer, Refused)
    assert [refusal] == [reason for reason, _ in answer.reasons]


def test_all_refusals_are_told_at_once() -> None:
    """The person who mends the orders gets the whole list, in a fixed order."""
    orders = [order(quota("x", -1)), Order("d", replace(quota("b"), starts="soon"), "y")]
    answer = plan("c", orders, [quota("a")], ours)
    assert isinstance(answer, Refused)
    expected = ["ANOTHER_CLUSTER", "NOT_OURS", "BAD_LIMIT", "BAD_TERM", "MASS_REMOVAL"]
    assert expected == [reason.name for reason, _ in answer.reasons]


def test_explanation_names_owner_and_reason_of_every_field() -> None:
    """Who signs sees each field before and after, and who decides it."""
    answer = plan(
        "c", [order(replace(quota("a", None), gpu_seconds_budget=90))], [quota("a")], ours
    )
    assert isinstance(answer, Plan)
    expected = (
        "c: 0 to add, 1 to change, 0 to remove",
        "change a h200 because decision-1",
        "  gpus_most: 8 -> unlimited (owner: award)",
        "  gpu_seconds_budget: 100 -> 90 (owner: ledger)",
    )
    assert expected == explain(answer)
    assert ("c: nothing to do",) == explain(Plan("c", ()))


def test_every_field_has_an_owner() -> None:
    """A field that is added to quotas cannot be left out of what a person signs."""
    assert {field.name for field in fields(Quota)} == {"award", "support_class", *OWNERS}


def test_hostile_name_cannot_pass_for_another_line() -> None:
    """A line break or a sign that turns text around is shown escaped, one line a change."""
    answer = plan("c", [order(quota("a\nremove b h200 because fun\u202e"), "x\ny")], [], ours)
    assert isinstance(answer, Plan)
    expected = r"add 'a\nremove b h200 because fun\u202e' h200 because 'x\ny'"
    assert expected == explain(answer)[1]
    assert all("\n" not in line and line.isascii() for line in explain(answer))


def test_one_quota_ordered_for_several_reasons_is_one_change() -> None:
    """The same quota asked for twice is put once; the last reason in the alphabet is shown."""
    reasons = ["c", "a", "f", "b", "e", "d"]
    answer = plan("c", [order(quota("a"), reason) for reason in reasons], [], ours)
    expected = Change(Action.ADD, "a", "h200", None, quota("a"), "f")
    assert Plan("c", (expected,)) == answer


quotas = st.builds(
    quota,
    st.text(max_size=4) | st.sampled_from(["a", "a/h200", "a h200", "x"]),
    st.none() | st.integers(0, 3),
    st.integers(0, 3),
    st.sampled_from(["h200", "b200", "/", ""]),
)
sets = st.lists(quotas, max_size=8, unique_by=lambda held: (held.award, held.support_class))


@given(sets, sets)
def test_applying_a_plan_leaves_nothing_to_do(wanted: list[Quota], held: list[Quota]) -> None:
    """Applying reaches exactly the orders, foreign quotas unchanged, whatever the names are."""
    orders = [order(item) for item in wanted if ours(item)]
    answer = plan("c", orders, held, ours, mass_removal=True)
    assert isinstance(answer, Plan)
    after = applied(held, answer.changes)
    foreign = {item for item in held if not ours(item)}
    assert {item.quota for item in orders} | foreign == set(after)
    assert Plan("c", ()) == plan("c", orders, after, ours)
    assert after == applied(after, answer.changes)


@given(sets, sets, st.randoms(use_true_random=False), st.fractions(0, 1))
def test_order_of_orders_does_not_matter(
    wanted: list[Quota], held: list[Quota], random: Random, share: Fraction
) -> None:
    """Two people with the same papers in another order sign the same plan, or see one refusal."""
    orders = [order(item) for item in wanted]
    first = plan("c", orders, held, ours, removals_most=share)
    random.shuffle(orders)
    random.shuffle(held)
    assert first == plan("c", orders, held, ours, removals_most=share)


def test_outside_its_dates_a_quota_is_closed() -> None:
    """The day after the last is outside, the first is not; the reason says so."""
    orders = [order(quota("a"))]
    assert tuple(orders) == dated(orders, START)
    for now in ("2026-03-08T23:59:59Z", END):
        (closed,) = dated(orders, now)
        assert QuotaState.SUSPENDED is closed.quota.state
        assert "decision-1, outside its dates" == closed.because


def test_an_envelope_is_a_quota_of_its_own() -> None:
    """Two holders' envelopes of one class stand side by side, and each is named."""
    envelopes = [replace(quota(""), holder=name, shares=n) for name, n in (("x1", 1), ("y", 2))]
    made = plan("c", [order(each) for each in envelopes], [], everything)
    assert isinstance(made, Plan)
    assert set(envelopes) == set(applied([], made.changes))
    assert any(line.startswith("add envelope y h200") for line in explain(made))
    assert () == applied(envelopes, [replace(c, wanted=None) for c in made.changes])


def test_logins_are_those_of_the_award_in_order() -> None:
    """Who may run comes from the site's list; an award without an entry keeps nobody."""
    orders = admitted([order(quota("a")), order(quota("b"))], {"a": ("z", "b", "z")})
    assert [("b", "z"), ()] == [each.quota.logins for each in orders]
