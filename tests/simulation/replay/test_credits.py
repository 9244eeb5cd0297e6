"""Credits as transfers: what a replay says was lent is what the ledger's own rules come to."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from headgate.core.ledger.transfer import Phase, Transfer
from headgate.simulation.replay import plain
from headgate.simulation.replay.credits import NOBODY, UNIT, balances, transfers
from headgate.simulation.replay.pool import Pool, Rules
from tests.simulation.replay.worlds import gangs, pools, steps

NAMES = ("north", "south", "east", "west")
DAY = "2026-03-02"


def booked(pool: Pool) -> list[Transfer]:
    """The transfers of one pool, and of a second that is the same."""
    both = replace(pool, rules=replace(pool.rules, credits=True))
    replayed = plain.replay(both)
    names = NAMES[: pool.steps.quota.shape[1]]
    return list(transfers([(both, replayed)] * 2, names, DAY))


def test_a_borrower_is_debited_what_a_lender_is_credited() -> None:
    """South lends 4 GPUs for 100 seconds in each of two pools; a month later is the booking."""
    supply = steps(8, 4, 4)
    two = replace(
        supply,
        at=np.array([0, 86_400 * 30]),
        gpus=np.repeat(supply.gpus, 2),
        quota=np.repeat(supply.quota, 2, axis=0),
        keeps=np.repeat(supply.keeps, 2, axis=0),
        ceiling=np.repeat(supply.ceiling, 2, axis=0),
    )
    made = booked(Pool(gangs((0, 100, 8, 0)), two, Rules(credits=True)))
    assert {"credit/of/north": -800, "credit/of/south": 800} == balances(made)
    assert ["2026-04-01T00:00:00Z"] * 2 == [each.at for each in made]
    assert [("credit/of/north", "credit/of/south", 400)] * 2 == [
        (each.debit, each.credit, each.amount) for each in made
    ]


@settings(max_examples=100, deadline=None)
@given(pools())
def test_posted_credits_are_the_replays_own_and_come_to_nothing(pool: Pool) -> None:
    """Every balance is what its envelope lent less what it borrowed, and all come to 0."""
    kept = replace(pool, rules=replace(pool.rules, credits=True), later={})
    replayed, made = plain.replay(kept), booked(kept)
    found = balances(made)
    assert 0 == sum(found.values())
    seen = replayed.by_envelope[:-1].sum(axis=0)
    owed = {f"credit/of/{n}": 2 * int(row[3] - row[1]) for n, row in zip(NAMES, seen, strict=False)}
    named = {name: amount for name, amount in found.items() if amount and name != NOBODY}
    assert {name: amount for name, amount in owed.items() if amount} == named


def test_a_transfer_that_the_ledger_refuses_is_named() -> None:
    """What cannot be posted is an error of the replay, with the ledger's own reason."""
    made = booked(Pool(gangs((0, 100, 8, 0)), steps(8, 4, 4), Rules()))
    assert [] == made
    when = f"{DAY}T00:00:00Z"
    bad = Transfer("x", NOBODY, NOBODY, 1, UNIT, Phase.SINGLE, None, when, "lent")
    with pytest.raises(ValueError, match="cannot debit and credit one account"):
        balances([bad])
