"""The rules of posting: every refusal by name and in order, both phases, linked groups."""

from dataclasses import replace

import pytest

from headgate.core.ledger.chart import AccountRefusal
from headgate.core.ledger.post import AMOUNT_MAX, Balance, Books, post, post_all, post_linked
from headgate.core.ledger.refused import Refused
from headgate.core.ledger.transfer import Outcome, Phase, Refusal, Transfer
from tests.core.ledger.builders import account, empty, grant, numbered, reserve, settle, use

BEFORE = "2026-03-09T11:59:59Z"
HUGE = AMOUNT_MAX - 50

BASE = (
    grant(),
    use(1, id="single"),
    reserve(),
    reserve(id="posted"),
    settle(id="posting", pending="posted"),
    reserve(id="voided"),
    settle(id="voiding", phase=Phase.VOID, pending="voided"),
    reserve(id="expired"),
    settle(id="expiring", phase=Phase.EXPIRE, pending="expired"),
    grant(10, id="lent", debit="loan/b", credit="supply/seoul"),
    grant(HUGE, id="huge", debit="supply/big", credit="use/big"),
)

# Each line breaks one rule and, where it can, every later rule as well, so that the order of the
# lines is the order of precedence.
TABLE: tuple[tuple[Refusal, Transfer], ...] = (
    (Refusal.ID_BAD, use(0, id="", at="noon", why="")),
    (Refusal.ID_BAD, use(id="a\tb")),
    (Refusal.ID_BAD, use(id="x" * 1_001)),
    (Refusal.EXISTS_WITH_DIFFERENT_BODY, grant(0, at="noon", why="")),
    (Refusal.EXISTS_WITH_DIFFERENT_BODY, grant(why="decision-2")),
    (Refusal.AT_BAD, use(0, at="noon", why="")),
    (Refusal.AT_BAD, use(at="2026-02-30T00:00:00Z")),
    (Refusal.AT_BAD, use(at="2026-03-09T12:00:00+00:00")),
    (Refusal.WHY_BAD, use(0, why="", credit="award/a")),
    (Refusal.WHY_BAD, use(why="line\nbreak")),
    (Refusal.AMOUNT_NOT_POSITIVE, use(0, credit="award/a")),
    (Refusal.AMOUNT_NOT_POSITIVE, use(-1)),
    (Refusal.AMOUNT_NOT_POSITIVE, replace(use(), amount=True)),
    (Refusal.AMOUNT_NOT_POSITIVE, replace(use(), amount=1.5)),  # type: ignore[arg-type]
    (Refusal.SAME_ACCOUNT, use(debit="nowhere", credit="nowhere")),
    (Refusal.DEBIT_ACCOUNT_UNKNOWN, use(debit="nowhere", credit="no/where", unit="krw")),
    (Refusal.CREDIT_ACCOUNT_UNKNOWN, use(credit="no/where", unit="krw")),
    (Refusal.UNIT_MISMATCH, use(HUGE, unit="krw", pending="reserve", at=BEFORE)),
    (Refusal.UNIT_MISMATCH, use(credit="fund/msit")),
    (Refusal.UNIT_MISMATCH, use(debit="fund/msit")),
    (Refusal.PENDING_MUST_BE_ABSENT, use(HUGE, pending="reserve", at=BEFORE)),
    (Refusal.PENDING_MUST_BE_ABSENT, reserve(id="r2", pending="")),
    (Refusal.PENDING_MUST_BE_NAMED, settle(HUGE, pending=None, at=BEFORE)),
    (Refusal.PENDING_NOT_FOUND, settle(HUGE, pending="lost", at=BEFORE)),
    (Refusal.PENDING_NOT_PENDING, settle(HUGE, pending="grant", at=BEFORE)),
    (Refusal.PENDING_NOT_PENDING, settle(pending="posting")),
    (Refusal.PENDING_HAS_DIFFERENT_ACCOUNTS, settle(HUGE, credit="use/busan", pending="posted")),
    (Refusal.PENDING_HAS_DIFFERENT_ACCOUNTS, settle(debit="award/b")),
    (Refusal.PENDING_ALREADY_POSTED, settle(HUGE, pending="posted", at=BEFORE)),
    (Refusal.PENDING_ALREADY_VOIDED, settle(HUGE, pending="voided", at=BEFORE)),
    (Refusal.PENDING_ALREADY_EXPIRED, settle(HUGE, pending="expired", at=BEFORE)),
    (Refusal.EXCEEDS_PENDING_AMOUNT, settle(11, at=BEFORE)),
    (Refusal.PENDING_HAS_DIFFERENT_AMOUNT, settle(9, phase=Phase.VOID, at=BEFORE)),
    (Refusal.PENDING_HAS_DIFFERENT_AMOUNT, settle(11, phase=Phase.EXPIRE)),
    (Refusal.OVERFLOWS_ACCOUNT, use(51, credit="use/big", debit="supply/big", at=BEFORE)),
    (Refusal.OVERFLOWS_ACCOUNT, use(AMOUNT_MAX, at=BEFORE)),
    (Refusal.OVERFLOWS_ACCOUNT, use(51, credit="use/big", debit="supply/seoul")),
    (Refusal.OVERFLOWS_ACCOUNT, use(51, credit="use/seoul", debit="supply/big")),
    (Refusal.EXCEEDS_CREDITS, use(80, credit="loan/b", at=BEFORE)),
    (Refusal.EXCEEDS_CREDITS, reserve(80, id="r2")),
    (Refusal.EXCEEDS_CREDITS, use(1, debit="award/nobody")),
    (Refusal.EXCEEDS_DEBITS, use(11, credit="loan/b", at=BEFORE)),
    (Refusal.EXCEEDS_DEBITS, reserve(11, id="r2", credit="loan/b")),
    (Refusal.TIME_RUNS_BACKWARDS, use(at=BEFORE)),
    (Refusal.TIME_RUNS_BACKWARDS, settle(at=BEFORE)),
)


@pytest.fixture(scope="module")
def base() -> Books:
    """Award A holds 100, has used 11 and reserved 10; each fate of a reservation; a loan of 10."""
    posted = post_all(empty(), BASE)
    assert (Outcome.CREATED,) * len(BASE) == posted.outcomes
    return posted.books


@pytest.mark.parametrize(("refusal", "transfer"), TABLE, ids=numbered(TABLE))
def test_each_broken_rule_is_refused_by_its_own_name(
    base: Books, refusal: Refusal, transfer: Transfer
) -> None:
    """Whoever is refused learns the first rule that was broken, and nothing moves."""
    assert refusal == post(base, transfer)
    posted = post_all(base, [transfer])
    assert (refusal,) == posted.outcomes
    assert base is posted.books


def test_table_is_in_order_of_precedence_and_provokes_every_refusal() -> None:
    """No refusal exists that this suite cannot provoke; linked groups have their own below."""
    order = [refusal for refusal, _ in TABLE]
    assert sorted(order, key=list(Refusal).index) == order
    assert {Refusal.LINKED_TRANSFER_REFUSED, *order} == set(Refusal)


def test_limit_is_reached_exactly(base: Books) -> None:
    """An award can be spent to the last unit, and a loan returned in full, but not one more."""
    assert 79 == base.available(account("award/a"))
    assert 10 == base.available(account("loan/b"))
    spent = post_all(base, [use(79), use(1, id="more")])
    assert (Outcome.CREATED, Refusal.EXCEEDS_CREDITS) == spent.outcomes
    assert 0 == spent.books.available(account("award/a"))
    returned = post_all(base, [use(10, debit="supply/seoul", credit="loan/b")])
    assert 0 == returned.books.available(account("loan/b"))


def test_total_of_an_account_may_reach_the_largest_integer(base: Books) -> None:
    """A balance of 2^63 - 1 still fits a database's 64-bit column and is accepted."""
    posted = post(base, use(50, debit="supply/big", credit="use/big"))
    assert isinstance(posted, Books)
    assert AMOUNT_MAX == posted.balance(account("use/big")).credits_posted


def test_unlimited_account_has_no_available_amount(base: Books) -> None:
    """A number is never invented where the policy has set no limit."""
    with pytest.raises(Refused) as refused:
        base.available(account("supply/seoul"))
    assert AccountRefusal.LIMIT_NONE is refused.value.reason


def test_reservation_counts_against_the_limit_and_its_remainder_returns() -> None:
    """What a running job has reserved cannot be promised twice; what it did not use comes back."""
    held = post_all(empty(), [grant(), reserve(60)]).books
    assert 40 == held.available(account("award/a"))
    assert Balance(0, 100, 60, 0) == held.balance(account("award/a"))
    assert Balance(0, 0, 0, 60) == held.balance(account("use/seoul"))
    settled = post_all(held, [settle(25)]).books
    assert 75 == settled.available(account("award/a"))
    assert Balance(25, 100, 0, 0) == settled.balance(account("award/a"))
    assert Balance(0, 25, 0, 0) == settled.balance(account("use/seoul"))


@pytest.mark.parametrize("phase", [Phase.VOID, Phase.EXPIRE])
def test_voided_or_expired_reservation_returns_whole(phase: Phase) -> None:
    """A job that never ran costs its award nothing."""
    posted = post_all(empty(), [grant(), reserve(60), settle(60, phase=phase)])
    assert 100 == posted.books.available(account("award/a"))
    assert Balance(0, 0, 0, 0) == posted.books.balance(account("use/seoul"))


def test_post_succeeds_when_the_award_is_spent_to_the_limit() -> None:
    """A reservation is a promise: later spending cannot stop it from being posted."""
    posted = post_all(empty(), [grant(), reserve(60), use(40), settle(60)])
    assert (Outcome.CREATED,) * 4 == posted.outcomes


def test_same_file_imported_twice_moves_nothing_twice(base: Books) -> None:
    """An import repeated in part or whole says EXISTS and leaves the very same books."""
    again = post_all(base, BASE)
    assert (Outcome.EXISTS,) * len(BASE) == again.outcomes
    assert base is again.books
    assert base is post(base, BASE[3])
    twice = post_all(empty(), (*BASE, *BASE))
    assert base.balance(account("award/a")) == twice.books.balance(account("award/a"))


def test_old_books_stay_what_they_were(base: Books) -> None:
    """Books are values: a what-if built on them changes nothing, and two can start from one."""
    before = base.balance(account("award/a"))
    one = post_all(base, [use(5)]).books
    other = post_all(base, [use(7)]).books
    assert before == base.balance(account("award/a"))
    assert (74, 72) == tuple(books.available(account("award/a")) for books in (one, other))
    assert base.transfers.get("use") is None
    assert list(BASE) == list(base.history())
    assert [*BASE, use(5)] == list(one.history())


def test_refused_transfer_leaves_no_trace(base: Books) -> None:
    """Asking in vain opens no account and does not move time on."""
    late = "2026-03-10T00:00:00Z"
    posted = post_all(base, [use(1_000, debit="award/new", at=late), use(1, at=BASE[0].at)])
    assert (Refusal.EXCEEDS_CREDITS, Outcome.CREATED) == posted.outcomes
    assert "award/new" not in dict(posted.books.balances.items())
    assert BASE[0].at == posted.books.at


def test_first_transfer_needs_an_instant_too() -> None:
    """Books without a history do not take an empty instant for their own."""
    assert Refusal.AT_BAD == post(empty(), grant(at=""))


def test_refused_id_may_be_posted_later(base: Books) -> None:
    """A job refused for want of quota is accepted once the award has been topped up."""
    posted = post_all(base, [use(80), grant(1, id="top-up"), use(80)])
    assert (Refusal.EXCEEDS_CREDITS, Outcome.CREATED, Outcome.CREATED) == posted.outcomes


def test_linked_group_is_posted_whole(base: Books) -> None:
    """Money becomes GPU-seconds in two legs that stand or fall together."""
    group = [grant(50, id="leg-1", credit="award/b"), use(50, id="leg-2", debit="award/b")]
    posted = post_linked(base, group)
    assert (Outcome.CREATED, Outcome.CREATED) == posted.outcomes
    assert Balance(50, 50, 0, 0) == posted.books.balance(account("award/b"))
    assert (Outcome.EXISTS, Outcome.EXISTS) == post_linked(posted.books, group).outcomes


def test_linked_group_with_one_refusal_moves_nothing(base: Books) -> None:
    """When one leg is refused it says why, the others point at it, and the books are the same."""
    group = [grant(50, id="leg-1"), use(0, id="leg-2"), grant(1, id="leg-3")]
    posted = post_linked(base, group)
    linked = Refusal.LINKED_TRANSFER_REFUSED
    assert (linked, Refusal.AMOUNT_NOT_POSITIVE, linked) == posted.outcomes
    assert base is posted.books
    assert () == post_linked(base, []).outcomes
