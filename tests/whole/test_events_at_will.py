"""What is done at will stands in the journal like what is due, and is taken again to the byte."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import cache

import pytest

from headgate.bundle.layout import published
from headgate.bundle.verify import verify
from headgate.core.enforcement.receipt import ReadBack
from headgate.core.faults import Faulty, Sentence
from headgate.core.ledger.correct import Correction
from headgate.core.ledger.transfer import Transfer
from headgate.cycle import begin, replay, take
from headgate.readers.facts import Recorded, read_events, read_facts
from headgate.steps.event import EVENTS, Event, What, usage_name
from headgate.steps.term import LedgerRefused, Term
from tests.whole.mended import (
    AT_WILL,
    Mended,
    among,
    bundle_of_term,
    mended,
    small_document,
    taken_with,
)
from tests.whole.small import pages

CORRECTIONS = {"twice": (1, 2), "again": (3,), "late": (4,)}


def recorded(term: Term) -> Recorded:
    """The world of what a term received."""
    named = {name: fact.data for name, fact in term.facts.items()}
    return Recorded(
        {name: read_facts(name, name.split("/")[0], data) for name, data in named.items()}
    )


def test_a_term_is_the_events_that_were_taken_again() -> None:
    """From the published lines alone a stranger gets the same journal, and every file of it."""
    term = mended()
    files = published(term, {})
    events = read_events(EVENTS, files[EVENTS])
    assert term.taken == events == tuple(among(term.document, AT_WILL))
    again = replay(term.document, events, recorded(term))
    assert (term.entries, term.root()) == (again.entries, again.root())
    assert files == published(again, {})


def test_parts_and_corrections_go_through_bundle_and_verify() -> None:
    """A bundle shows under its own name what each event at will brought, and verify derives it."""
    files = bundle_of_term(mended())
    assert () == verify(files, pages).faults
    named = {f"facts/corrections/{name}.jsonl" for name in CORRECTIONS}
    named |= {f"facts/usage/2026-05-20/{part}.jsonl" for part in ("even-rows", "odd-rows")}
    assert named <= files.keys()
    assert all(files[path] for path in named)


def test_an_auditor_sees_order_applied_and_read_back() -> None:
    """What an agent applied and read back is received, and judged order by order."""
    term = mended()
    (back,) = term.facts["receipts/north-1"].values
    assert isinstance(back, ReadBack)
    made = [d for d in term.decisions if d.facts == ("receipts/north-1",)]
    judged = [(d.subject, d.result) for d in made if isinstance(d.result, dict)]
    who = {subject: r["stands"] for subject, r in judged}
    assert [False, False, True] == sorted(who.values())
    assert who[f"{back.changes[0].award}@north"]
    assert {back.outcome} == {r["outcome"] for _, r in judged}
    files = bundle_of_term(term)
    lines = files["facts/receipts/north-1.jsonl"]
    assert (back,) == read_facts("receipts/north-1", "receipts", lines)


def test_corrections_are_in_the_books_by_number_with_their_reasons() -> None:
    """What was taken back is there once, numbered over all sets, each naming what it mends."""
    books = mended().books
    wrong = {t.id.removeprefix("correct:").rpartition(":")[0] for t in _made(mended())}
    (name,) = wrong
    expected = [
        (f"correct:{name}:{n}", f"corrects {name}: finding of {of}")
        for of, numbers in CORRECTIONS.items()
        for n in numbers
    ]
    assert expected == [(t.id, t.why) for t in _made(mended())]
    (mends,) = {(t.credit, t.debit, t.amount) for t in _made(mended())}
    assert (books.transfers[name].debit, books.transfers[name].credit, 1) == mends


def _made(term: Term) -> list[Transfer]:
    return [t for t in term.books.history() if t.id.startswith("correct:")]


def test_parts_between_two_looks_change_no_balance_of_use() -> None:
    """Whether use came in parts or in one look, each site and award has used the same."""
    parts = [event for event in AT_WILL if event.what is What.METER]
    looks = [event for event in among(small_document(), parts) if event.day <= date(2026, 6, 1)]
    whole = [event for event in looks if not event.at_will]
    one, other = (used(taken_with(events)) for events in (looks, whole))
    assert one
    assert one == other


def used(term: Term) -> dict[str, tuple[int, int]]:
    """What each account of use was credited, and what of it is reserved."""
    return {
        path: (balance.credits_posted, balance.credits_pending)
        for path, balance in term.books.balances.items()
        if "/use/" in path
    }


class Overdone(Recorded):
    """A world that takes back what nobody moved, too much of a job, and capacity that was given."""

    def __init__(self) -> None:
        super().__init__({})

    def corrections(self, name: str) -> Sequence[Correction]:
        """Corrections that no ledger bears, by name; and none at all."""
        (one,) = in_july()[1].corrections("one")
        if name == "too-much":
            return [one, replace(one, amount=10**18), replace(one, transfer="use:north/none/0")]
        supply = replace(one, transfer="arrival:compute:h200:0", amount=10**9)
        return [supply] if name == "supply" else []


@cache
def in_july() -> tuple[Term, Mended]:
    """The term and its world after the look of 1 July, reached once."""
    document = small_document()
    world, term = Mended(document), begin(document)
    for event in among(document, ()):
        if event.day <= date(2026, 7, 1):
            term = take(term, world, event)
    return term, world


def test_corrections_that_cannot_be_made_are_told_by_line_and_leave_no_trace() -> None:
    """The set is refused as a whole, at the lines of the file that it would have become."""
    term, world = in_july()[0], Overdone()
    root = term.root()
    with pytest.raises(Faulty) as refused:
        take(term, world, Event(date(2026, 7, 2), What.CORRECT, "too-much"))
    assert [
        ("facts/corrections/too-much.jsonl", 2, "correction-exceeds-transfer"),
        ("facts/corrections/too-much.jsonl", 3, "correction-transfer-unknown"),
    ] == [(fault.file, fault.line, fault.code) for fault in refused.value.faults]
    assert root == term.root()


def test_an_accounts_limit_stands_against_a_correction() -> None:
    """Capacity that was granted cannot be corrected away: the ledger says so by its own name."""
    term, world = in_july()[0], Overdone()
    with pytest.raises(LedgerRefused, match="correct:arrival:compute:h200:0:1: the debited acc"):
        take(term, world, Event(date(2026, 7, 2), What.CORRECT, "supply"))


def test_a_set_of_no_corrections_is_refused() -> None:
    """An empty set would change nothing but the journal's root, from which lots are drawn."""
    with pytest.raises(Faulty) as refused:
        take(in_july()[0], Overdone(), Event(date(2026, 7, 2), What.CORRECT, "empty"))
    assert ["corrections-nothing-corrected"] == [f.code for f in refused.value.faults]


def test_a_correction_revives_no_ended_award(monkeypatch: pytest.MonkeyPatch) -> None:
    """What an ended award did not use has lapsed: giving some of it back would be a new right."""
    ended = [name for name in mended().holdings if name.startswith("open")]
    term, row = mended(), "facts/corrections/late-use.jsonl"
    world = Mended(term.document)
    transfer = next(
        t for t in term.books.history() if t.id.startswith("use:") and _award(t) not in ended
    )
    monkeypatch.setattr(world, "corrections", lambda _: [Correction(transfer.id, 1, "late")])
    holdings = {name: h for name, h in term.holdings.items() if name != _award(transfer)}
    with pytest.raises(Faulty) as refused:
        take(
            replace(term, holdings=holdings),
            world,
            Event(date(2026, 9, 2), What.CORRECT, "late-use"),
        )
    told = [(fault.file, fault.line, fault.code) for fault in refused.value.faults]
    assert [(row, 1, "corrections-award-ended")] == told


def _award(transfer: Transfer) -> str:
    return transfer.debit.split("/")[2]


@pytest.mark.parametrize(
    ("event", "code"),
    [
        (Event(date(2026, 7, 1), What.METER, "", date(2026, 6, 1)), "event-name-taken"),
        (Event(date(2026, 6, 30), What.CORRECT, "late"), "event-day-passed"),
        (Event(date(2026, 6, 30), What.ENFORCE), "event-day-passed"),
        (Event(date(2026, 7, 2), What.CORRECT, "../x"), "event-name-bad"),
    ],
)
def test_an_event_that_cannot_be_taken_leaves_the_term_as_it_was(event: Event, code: str) -> None:
    """Twice, too late or under a name that is none: it is refused before anything is asked."""
    term, world = in_july()[0], Recorded({})
    root = term.root()
    with pytest.raises(Faulty) as refused:
        take(term, world, event)
    assert [code] == [fault.code for fault in refused.value.faults]
    assert root == term.root()


@pytest.mark.parametrize(("asked", "beyond"), [(date(2026, 6, 1), -1), (date(2099, 1, 1), 1)])
def test_a_day_that_is_refused_is_answered_with_the_nearest_that_is_taken(
    asked: date, beyond: int
) -> None:
    """Nobody looks for the day by trying: what the refusal names is taken, a day beyond is not."""
    term, event = in_july()[0], Event(asked, What.METER, "nearest")
    with pytest.raises(Faulty) as refused:
        take(term, Recorded({}), event)
    mend = refused.value.faults[0].mend
    assert isinstance(mend, Sentence)
    (day,) = (it for it in mend.values.values() if isinstance(it, date))
    assert str(day) in mend
    world = Recorded({usage_name(day, "nearest"): ()})
    assert day == take(term, world, replace(event, day=day)).day
    with pytest.raises(Faulty, match="event-"):
        take(term, world, replace(event, day=day + timedelta(days=beyond)))


def test_a_term_read_from_where_it_is_kept_still_knows_what_day_it_is() -> None:
    """Without the list of earlier events, the books keep what is done at will from going back."""
    term, world = in_july()
    kept = replace(term, taken=(), entries=(), decisions=())
    day = date.fromisoformat(term.books.at[:10])
    with pytest.raises(Faulty, match="event-day-passed"):
        take(kept, world, Event(day.replace(day=1, month=5), What.CORRECT, "early"))
    assert take(kept, world, Event(day, What.CORRECT, "today")).taken[-1].about == "today"


def test_a_repeated_part_is_refused_and_the_first_stands() -> None:
    """What came under a name on a day is never covered by what comes later under it."""
    events = among(small_document(), AT_WILL[:1] * 2)
    with pytest.raises(Faulty) as refused:
        taken_with(events)
    assert ["event-name-taken"] == [fault.code for fault in refused.value.faults]
