"""What any term promises, held against the small programme's: books, decisions, bytes."""

from collections import Counter, defaultdict
from typing import Any

import pytest

from headgate.core.calls.application import Application
from headgate.core.ledger.transfer import Phase
from headgate.core.metering.usage import Usage
from headgate.core.quantities import seconds_of
from headgate.demo import Rehearsed
from headgate.steps.term import Term
from tests.whole.korea import korea
from tests.whole.small import small


@pytest.fixture(params=["small", "korea-2025"])
def rehearsed(request: pytest.FixtureRequest) -> Rehearsed:
    """A term that was run once: the small programme's, and the whole of Korea's."""
    return small() if request.param == "small" else korea()


@pytest.fixture
def term(rehearsed: Rehearsed) -> Term:
    """The term's last state, in which the next one has been opened."""
    return rehearsed.term


def decided(term: Term, step: str, call: str) -> list[Any]:
    """The decisions of a step of one call."""
    return [d for d in term.decisions if d.step == step and d.rule == f"calls.{call}"]


def received(term: Term, call: str) -> list[Application]:
    """What came in for a call."""
    return [a for a in term.facts[f"applications/{call}"].values if isinstance(a, Application)]


def test_debits_are_credits_in_every_unit(term: Term) -> None:
    """Nothing is made and nothing lost: unit by unit, what was debited was credited."""
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for path, balance in term.books.balances.items():
        account = term.books.chart.find(path)
        assert account is not None
        row = sums[account.unit]
        row[0] += balance.debits_posted
        row[1] += balance.credits_posted
        row[2] += balance.debits_pending
        row[3] += balance.credits_pending
    assert sums
    assert all(row[0] == row[1] and row[2] == row[3] for row in sums.values())


def test_the_books_are_the_sum_of_the_journals_transfers(term: Term) -> None:
    """Whoever adds up the transfers in the order of the journal has the balances, limits kept."""
    totals: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for transfer in term.books.history():
        if transfer.phase is Phase.SINGLE:
            totals[transfer.debit][0] += transfer.amount
            totals[transfer.credit][1] += transfer.amount
            if transfer.debit.partition("/")[2].startswith(("envelope", "capacity", "award")):
                assert totals[transfer.debit][0] <= totals[transfer.debit][1]
    found = {
        path: [balance.debits_posted, balance.credits_posted]
        for path, balance in term.books.balances.items()
        if balance.debits_posted or balance.credits_posted
    }
    assert dict(totals) == found


def test_everyone_has_one_screening_decision_and_one_answer(term: Term) -> None:
    """Nobody is left without an answer and nobody has two: screened, scored, awarded or refused."""
    for call in term.policy(term.starts).calls:
        screened = [d.subject for d in decided(term, "screening", call)]
        assert sorted({a.id for a in received(term, call)}) == sorted(screened)
        through = [d.subject for d in decided(term, "screening", call) if not d.result["findings"]]
        scores = decided(term, "score", call)
        assert sorted(through) == sorted(d.subject for d in scores)
        field = [d.subject for d in scores if d.result["place"].standing.value == "in_field"]
        assert sorted(field) == sorted(d.subject for d in decided(term, "award", call))


def test_no_more_is_awarded_than_is_offered_and_every_block_has_its_place(term: Term) -> None:
    """Class by class within the offer; site by site within what the site has."""
    policy = term.policy(term.starts)
    for call_id, call in policy.calls.items():
        (listed,) = decided(term, "award-list", call_id)
        blocks: Counter[str] = Counter()
        for award in listed.result["awards"]:
            blocks[award.pool] += award.blocks
        size = next(iter(call.block.values()))
        assert all(n * size <= call.classes[name].offered for name, n in blocks.items())
    placed: Counter[tuple[str, str, str]] = Counter()
    for holding in term.holdings.values():
        assert holding.blocks == sum(part.blocks for part in holding.parts)
        block = policy.calls[holding.call].block
        for part in holding.parts if "gpu" in block else ():
            gpus = part.blocks * block["gpu"]
            placed[holding.support, part.support_class, part.site] += gpus
    for (support, name, site), gpus in placed.items():
        assert gpus <= policy.supports[support].sites(term.starts)[name][site]


def test_what_is_used_is_what_the_meters_saw(term: Term) -> None:
    """GPU-seconds in the use accounts are the sum of the rows that were accepted, to the second."""
    held = [item for of_job in term.known.values() for item in of_job]
    seen = {row for f in term.facts.values() for row in f.values if isinstance(row, Usage)}
    expected: Counter[str] = Counter()
    for item in held:
        row = item.record
        assert row in seen
        seconds = seconds_of(row.ended or row.seen) - seconds_of(row.started)
        expected[f"compute/use/{row.cluster}/{row.support_class}"] += row.gpus * seconds
    found = {
        path: balance.credits_posted + balance.credits_pending
        for path, balance in term.books.balances.items()
        if "/use/" in path
    }
    assert dict(expected) == found


def test_every_row_of_usage_became_exactly_one_thing(term: Term) -> None:
    """Closed, reserved, known already or refused: the counts add up to the rows received."""
    for decision in (d for d in term.decisions if d.step == "metering"):
        assert isinstance(decision.result, dict)
        (name,) = decision.facts
        assert decision.result["rows"] == sum(decision.result["counts"].values())
        assert decision.result["rows"] == len(term.facts[name].values)


def test_after_the_turn_only_what_was_renewed_or_carried_can_be_used(term: Term) -> None:
    """Every right of the old term has lapsed or gone on; what an award has is what it was given."""
    assert 1 == term.index
    accounts = [p for p, _ in term.books.balances.items() if p.split("/")[1:2] == ["award"]]
    rights = {path: term.available(path) for path in accounts}
    running = {f"compute/award/{h.award}/{h.support_class}": h for h in term.holdings.values()}
    assert {path: holding.amount for path, holding in running.items()} == {
        path: amount for path, amount in rights.items() if path in running
    }
    assert all(amount == 0 for path, amount in rights.items() if path not in running)


def test_capacity_is_granted_or_free(term: Term) -> None:
    """In the new term, what is held of a class and what is left of it are its whole supply."""
    policy = term.policy(term.starts)
    seconds = (term.ends - term.starts).days * 86_400
    for support_id, support in policy.supports.items():
        for name, count in support.supply(term.starts).items():
            granted = sum(
                t.amount
                for t in term.books.history()
                if t.id.startswith(("grant:", "carry:"))
                and t.id.endswith(f":{term.index}")
                and t.debit == f"{support_id}/capacity/{name}"
            )
            free = term.available(f"{support_id}/capacity/{name}")
            assert support.amount({"gpu": 1}, count, seconds) == granted + free


def test_survivors_hold_what_the_formula_gave_them(term: Term) -> None:
    """Next term's blocks are this term's and what the reallocation says, class by class."""
    *_, decision = [d for d in term.decisions if d.step == "reallocation"]
    assert isinstance(decision.result, dict)
    awarded = {
        a.application: a.blocks
        for d in term.decisions
        if d.step == "award-list" and isinstance(d.result, dict)
        for a in d.result["awards"]
    }
    for award, blocks in decision.result["blocks_next"].items():
        gained = [m.blocks for m in decision.result["movements"] if m.award == award]
        assert blocks == (awarded[award] + sum(gained) if gained else 0)
        assert (award in term.holdings) == (blocks > 0)
    freed = sum(awarded[a] for a, blocks in decision.result["blocks_next"].items() if not blocks)
    assert freed == sum(m.blocks for m in decision.result["movements"])


def test_every_decision_is_in_the_journal_by_its_digest(term: Term) -> None:
    """The journal's lines and the decisions are one list, in one order."""
    entered = [e.fields[4] for e in term.entries if e.kind.value == "decision-made"]
    assert [d.digest() for d in term.decisions] == entered
    assert all(name in term.facts for d in term.decisions for name in d.facts)
