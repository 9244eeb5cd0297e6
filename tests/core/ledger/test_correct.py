"""What was moved wrongly is given back by new transfers, never beyond what was moved."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.faults import Faulty
from headgate.core.ledger.correct import Correction, CorrectionRefusal, correct
from headgate.core.ledger.post import Books, post_all, post_linked
from headgate.core.ledger.text import NAME_LENGTH_MAX
from headgate.core.ledger.transfer import Outcome, Phase, Refusal, Transfer
from tests.core.ledger.builders import account, empty, grant, numbered, reserve, settle, use

LATER = "2026-03-10T12:00:00Z"
WHY = "finding-7"


def used(*more: Transfer) -> Books:
    """Award A was granted 100 and used 10 of it; what else was moved stands in the test."""
    posted = post_all(empty(), [grant(100), use(10), *more])
    assert {Outcome.CREATED} == set(posted.outcomes)
    return posted.books


def back(amount: int, transfer: str = "use", because: str = WHY) -> Correction:
    """So much of a transfer is taken back."""
    return Correction(transfer, amount, because)


def corrected(books: Books, *corrections: Correction) -> Books:
    """Books with corrections posted as the one group that they are."""
    transfers = correct(books, corrections, LATER)
    posted = post_linked(books, transfers)
    assert [Outcome.CREATED] * len(corrections) == list(posted.outcomes)
    return posted.books


def codes(books: Books, *corrections: Correction) -> list[tuple[int, str]]:
    """Line and code of every correction that is refused."""
    with pytest.raises(Faulty) as refused:
        correct(books, corrections, LATER, "file.jsonl")
    assert all(("file.jsonl", 1) == (f.file, f.column) for f in refused.value.faults)
    return [(fault.line, fault.code) for fault in refused.value.faults]


def test_a_correction_goes_the_other_way_and_names_what_and_why() -> None:
    """An auditor reads in the transfer itself which one it mends and on what finding."""
    expected = Transfer(
        "correct:use:1",
        "use/seoul",
        "award/a",
        4,
        "gpu_second",
        Phase.SINGLE,
        None,
        LATER,
        "corrects use: finding-7",
    )
    assert [expected] == correct(used(), [back(4)], LATER)


def test_a_whole_correction_leaves_every_account_where_it_was() -> None:
    """Taking back all of a transfer gives the award what it had to spend before it."""
    books = corrected(used(), back(10))
    assert 100 == books.available(account("award/a"))
    assert [10, 10] == [
        books.balance(account("use/seoul")).debits_posted,
        books.balance(account("use/seoul")).credits_posted,
    ]


def test_what_was_posted_of_a_reservation_is_corrected() -> None:
    """The post moved the amount, so the post is named; what it gave back was never moved."""
    books = used(reserve(30), settle(20))
    assert 90 == corrected(books, back(20, "settle")).available(account("award/a"))
    assert [(1, "correction-exceeds-transfer")] == codes(books, back(21, "settle"))


REFUSED: list[tuple[CorrectionRefusal, Correction]] = [
    (CorrectionRefusal.TRANSFER_UNKNOWN, back(1, "nothing")),
    (CorrectionRefusal.TRANSFER_UNKNOWN, back(0, "", "")),
    (CorrectionRefusal.TRANSFER_UNKNOWN, back(1, "\x1b[2J\n" * 500_000)),
    (CorrectionRefusal.TRANSFER_MOVED_NOTHING, back(0, "reserve")),
    (CorrectionRefusal.TRANSFER_MOVED_NOTHING, back(1, "void")),
    (CorrectionRefusal.TRANSFER_MOVED_NOTHING, back(1, "expire")),
    (CorrectionRefusal.AMOUNT_NOT_POSITIVE, back(0)),
    (CorrectionRefusal.AMOUNT_NOT_POSITIVE, back(-1, because="")),
    (CorrectionRefusal.AMOUNT_NOT_POSITIVE, back(True)),
    (CorrectionRefusal.AMOUNT_NOT_POSITIVE, back(1.0)),  # type: ignore[arg-type]
    (CorrectionRefusal.EXCEEDS_TRANSFER, back(11, because="")),
    (CorrectionRefusal.EXCEEDS_TRANSFER, back(10**5000)),
    (CorrectionRefusal.REASON_BAD, back(1, because="")),
    (CorrectionRefusal.REASON_BAD, back(1, because=" \u3000")),
    (CorrectionRefusal.REASON_BAD, back(1, because="two\nlines")),
    (CorrectionRefusal.REASON_BAD, back(1, because="\ud800")),
    (CorrectionRefusal.REASON_BAD, back(1, because="x" * NAME_LENGTH_MAX)),
    (CorrectionRefusal.REASON_BAD, back(1, "u" * NAME_LENGTH_MAX)),
]


@pytest.mark.parametrize(("refusal", "correction"), REFUSED, ids=numbered(REFUSED))
def test_refusal(refusal: CorrectionRefusal, correction: Correction) -> None:
    """Each refusal has its name and what mends it, by the first rule that applies; in few words."""
    void = reserve(5, id="void", phase=Phase.VOID, pending="reserve")
    more = reserve(5, id="reserve-2")
    expire = reserve(5, id="expire", phase=Phase.EXPIRE, pending="reserve-2")
    long = use(1, id="u" * NAME_LENGTH_MAX)
    books = used(reserve(5), void, more, expire, long)
    with pytest.raises(Faulty) as refused:
        correct(books, [correction], LATER)
    (fault,) = refused.value.faults
    code = f"correction-{refusal.name.lower().replace('_', '-')}"
    assert ("corrections", 1, code, refusal.value) == (
        fault.file, fault.line, fault.code, fault.mend,
    )  # fmt: skip
    assert len(fault.what) < 500
    assert fault.what.isprintable()


def test_every_refusal_is_provoked() -> None:
    """No refusal exists that this suite cannot provoke."""
    assert set(CorrectionRefusal) == {refusal for refusal, _ in REFUSED}


def test_all_that_is_wrong_is_said_at_once_and_nothing_is_made() -> None:
    """Whoever mends a set of corrections gets the whole list; a refused line counts for nothing."""
    found = codes(used(), back(0), back(6), back(1, "x"), back(5), back(4))
    expected = ["amount-not-positive", "transfer-unknown", "exceeds-transfer"]
    assert [(n, f"correction-{e}") for n, e in zip([1, 3, 4], expected, strict=True)] == found


def test_corrections_of_one_transfer_in_one_set_are_counted_together() -> None:
    """Twice six of ten is too much in one set as in two; twice five has two numbers."""
    twice = back(6), back(6)
    assert [(2, "correction-exceeds-transfer")] == codes(used(), *twice)
    assert [(1, "correction-exceeds-transfer")] == codes(corrected(used(), twice[0]), twice[1])
    made = correct(used(), [back(5), back(5)], LATER)
    assert ["correct:use:1", "correct:use:2"] == [transfer.id for transfer in made]


def test_a_transfer_whose_name_continues_another_has_corrections_of_its_own() -> None:
    """A job's overuse has the job's id and more: correcting it takes nothing from the job's own."""
    books = used(use(10, id="use:over"), use(10, id="use:1"), use(10, id="use:1:1"))
    names = ("use:over", "use:1", "use:1:1", "use")
    made = correct(books, [back(10, name) for name in names], LATER)
    assert [f"correct:{name}:1" for name in names] == [transfer.id for transfer in made]


def test_a_correction_can_itself_be_corrected() -> None:
    """Who took back too much says so in the same way, and the first transfer stands again."""
    books = corrected(corrected(used(), back(10)), back(10, "correct:use:1", "finding-8"))
    assert 90 == books.available(account("award/a"))
    assert "correct:correct:use:1:1" in books.transfers
    assert [(1, "correction-exceeds-transfer")] == codes(books, back(1))


def test_an_accounts_limit_stands_against_a_correction() -> None:
    """A grant that was used is not taken back beyond what is left; then none of the set is."""
    books = used()
    transfers = correct(books, [back(91, "grant"), back(1)], LATER)
    posted = post_linked(books, transfers)
    assert (Refusal.EXCEEDS_CREDITS, Refusal.LINKED_TRANSFER_REFUSED) == posted.outcomes
    assert books is posted.books
    in_order = post_linked(books, correct(books, [back(1), back(91, "grant")], LATER))
    assert (Outcome.CREATED, Outcome.CREATED) == in_order.outcomes


def test_a_correction_is_not_dated_before_what_is_in_the_books() -> None:
    """Nothing is corrected into the past."""
    books = corrected(used(), back(1))
    posted = post_linked(books, correct(books, [back(1)], "2026-03-10T11:59:59Z"))
    assert (Refusal.TIME_RUNS_BACKWARDS,) == posted.outcomes


NAMES = ("grant", "use", "use:1", "use:over", "reserve", "settle", "none")
corrections = st.builds(Correction, st.sampled_from(NAMES), st.integers(0, 14), st.just(WHY))


@given(st.lists(st.lists(corrections, max_size=4), max_size=25))
def test_whatever_is_asked_no_more_comes_back_than_was_moved(sets: list[list[Correction]]) -> None:
    """Over any sets: sums stay within each transfer, numbers have no gap, the books balance."""
    books = used(use(7, id="use:1"), use(3, id="use:over"), reserve(9), settle(8))
    moved = {name: books.transfers[name].amount for name in NAMES[:4]} | {"settle": 8}
    given: Counter[str] = Counter()
    count: Counter[str] = Counter()
    for of_set in sets:
        try:
            posted = post_linked(books, correct(books, of_set, LATER))
        except Faulty:
            continue
        books = posted.books
        for correction in of_set if Outcome.CREATED in posted.outcomes else ():
            given[correction.transfer] += correction.amount
            count[correction.transfer] += 1
    assert all(amount <= moved[name] for name, amount in given.items())
    made = [t for t in books.history() if t.id.startswith("correct:")]
    expected = {f"correct:{name}:{n + 1}" for name, last in count.items() for n in range(last)}
    assert expected == {transfer.id for transfer in made}
    assert sum(given.values()) == sum(transfer.amount for transfer in made)
    assert 0 <= books.available(account("award/a"))
