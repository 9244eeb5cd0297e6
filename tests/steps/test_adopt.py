"""A term opens with its capacity by class and its supply divided in whole blocks."""

from datetime import date

import pytest

from headgate.core.ledger.entry import Kind, encode
from headgate.core.ledger.tree import Tree
from headgate.core.quantities import DAY_SECONDS
from headgate.steps.adopt import adopt, seats
from headgate.steps.agenda import first_day
from headgate.steps.term import LedgerRefused, ReceivedAlready, single
from tests.steps.builders import TERM_SECONDS, balances, document, opened


def test_supply_is_counted_and_divided_by_hand() -> None:
    """80 h200 and 80 b200 at rate 2 are 240, 30 blocks of 8: 60/20/20 of them are 18, 6 and 6."""
    term, node = opened(), 8 * TERM_SECONDS
    envelopes = next(d for d in term.decisions if d.step == "envelopes")
    result = envelopes.result
    assert isinstance(result, dict)
    assert {"national": 18, "business": 6, "academia": 6} == result["blocks"]
    assert {
        "compute/arrival/b200": (10 * node, 0),
        "compute/arrival/h200": (10 * node, 0),
        "compute/capacity/b200": (0, 10 * node),
        "compute/capacity/h200": (0, 10 * node),
        "compute/envelope/academia": (0, 6 * node),
        "compute/envelope/business": (0, 6 * node),
        "compute/envelope/national": (0, 18 * node),
        "compute/supply": (30 * node, 0),
    } == dict(sorted(balances(term).items()))


@pytest.mark.parametrize(
    ("shares", "of", "expected"),
    [
        ("{national: 60, business: 20, academia: 20}", 100, {"national": 18, "business": 6}),
        ("{national: 50, business: 30, academia: 20}", 100, {"national": 15, "business": 9}),
        ("{national: 1, business: 1, academia: 1}", 3, {"national": 10, "business": 10}),
    ],
)
def test_a_share_is_of_the_stated_whole(shares: str, of: int, expected: dict[str, int]) -> None:
    """Half of thirty blocks is fifteen, a third is ten: every block goes to somebody, once."""
    policy = opened(("{national: 60, business: 20, academia: 20}", shares)).policy(date(2026, 3, 1))
    envelopes = policy.envelopes["compute"].model_copy(update={"of": of})
    found = seats(envelopes, policy.supports["compute"], date(2026, 3, 1), date(2026, 9, 1))
    assert expected.items() <= found.items()
    assert 30 == sum(found.values())


def test_the_journal_begins_with_the_policy() -> None:
    """The first line of the journal is the adoption, with the digest of the whole file."""
    policy = document()
    term = adopt(policy, date(2026, 1, 5), first_day(policy), "minister")
    (entry,) = term.entries
    assert (Kind.POLICY_ADOPTED, "small") == (entry.kind, entry.subject)
    assert policy.digest == entry.fields[0]
    assert "minister" == entry.fields[3]
    assert Tree([encode(entry)]).root() == term.root()


def test_an_earlier_state_can_be_continued_and_stays_what_it_was() -> None:
    """A term is a value: what goes on from an earlier state is another journal, whole in itself."""
    policy = document()
    earlier = adopt(policy, date(2026, 1, 5), first_day(policy), "minister")
    root = earlier.root()
    one, other = (earlier.receive("notes/x", "x", [v], "2026-01-05T00:00:00Z") for v in "yz")
    assert 3 == len({root, one.root(), other.root()})
    assert root == earlier.root()
    assert not earlier.facts
    for term in (earlier, one, other):
        assert Tree(map(encode, term.entries)).root() == term.root()
    assert [("y",), ("z",)] == [term.facts["notes/x"].values for term in (one, other)]


def test_facts_are_received_once_under_a_name() -> None:
    """What was received is never covered by what comes later: a second set is refused."""
    term = opened().receive("notes/x", "x", ["y"], "2026-01-05T00:00:00Z")
    root = term.root()
    for again in (["y"], ["z"], []):
        with pytest.raises(ReceivedAlready, match="notes/x"):
            term.receive("notes/x", "x", again, "2026-01-05T00:00:00Z")
    assert (root, ("y",)) == (term.root(), term.facts["notes/x"].values)


def test_what_the_ledger_refuses_is_said_and_leaves_no_trace() -> None:
    """A step that moves what the ledger forbids stops with its refusal; nothing is entered."""
    term = opened()
    before, root = balances(term), term.root()
    sound = single(
        "a", "compute/capacity/h200", "compute/award/a/h200", 5, "gpu_second.h200",
        "2026-03-01T00:00:00Z", "test",
    )  # fmt: skip
    wrong = single(
        "b", "compute/envelope/business", "compute/granted/business", 10**12,
        "weighted_gpu_second", "2026-03-01T00:00:00Z", "test",
    )  # fmt: skip
    for linked in (True, False):
        with pytest.raises(LedgerRefused, match="b: the debited account's debits would exceed"):
            term.move([sound, wrong], linked=linked)
    with pytest.raises(LedgerRefused, match="no such account"):
        term.available("compute/nobody")
    assert (before, root) == (balances(term), term.root())


def test_a_term_has_the_seconds_of_its_days() -> None:
    """Amounts of a term are its days in seconds, whatever the months in it."""
    term = opened()
    assert TERM_SECONDS == (term.ends - term.starts).days * DAY_SECONDS
