"""Two thousand seeded histories of sixty operations, every invariant checked after each one.

Plain seeds for volume (the shrinking machine is in test_post_model.py). The generator prints what
it made, and a class that was never generated fails the run: a blind generator proves nothing.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from random import Random

from headgate.core.ledger.chart import Account, Limit
from headgate.core.ledger.post import Balance, Books, post, post_all
from headgate.core.ledger.transfer import Outcome, Phase, Refusal, Transfer
from tests.core.ledger.builders import CHART, NOON

HISTORIES = 2_000
OPERATIONS = 60

PATHS = ("supply/s", "award/a", "award/b", "use/u", "loan/l", "fund/f", "fund/g", "nowhere")
UNITS = {path: "krw" if path.startswith("fund") else "gpu_second" for path in PATHS}

# What a random history of valid texts and small amounts cannot or must not meet; the table of
# test_post.py provokes these.
OUT_OF_REACH = {Refusal.LINKED_TRANSFER_REFUSED, Refusal.OVERFLOWS_ACCOUNT}


def opening(random: Random, serial: int, at: str) -> Transfer:
    """A single or pending transfer, mostly from where there is something to where it is wanted."""
    usual = [
        ("supply/s", "award/a"),
        ("award/a", "use/u"),
        ("loan/l", "award/b"),
        ("use/u", "loan/l"),
    ]
    debit, credit = random.choice(usual) if random.random() < 0.7 else random.choices(PATHS, k=2)
    phase = random.choice((Phase.SINGLE, Phase.PENDING))
    unit = UNITS[debit] if random.random() < 0.95 else "krw"
    amount = random.randint(0, 30) if random.random() < 0.98 else -1
    pending = "t1" if random.random() < 0.02 else None
    return Transfer(f"t{serial}", debit, credit, amount, unit, phase, pending, at, "rule-1")


def resolving(
    random: Random, history: list[Transfer], books: Books, serial: int, at: str
) -> Transfer:
    """A post, void or expire of a transfer that was proposed before, sometimes a wrong one."""
    reserved = [told for told in books.history() if told.phase is Phase.PENDING] or history
    still = [told for told in reserved if books.resolutions.get(told.id) is None] or reserved
    target = random.choice(random.choices((still, reserved, history), (7, 2, 1))[0])
    phase = random.choice((Phase.POST, Phase.VOID, Phase.EXPIRE))
    amount = target.amount
    if random.random() < (0.7 if phase is Phase.POST else 0.1):
        amount = random.randint(1, 31)
    resolved = replace(
        target, id=f"t{serial}", phase=phase, amount=amount, pending=target.id, at=at, why="job"
    )
    if random.random() < 0.03:
        return replace(resolved, pending=random.choice((None, "lost")))
    return replace(resolved, credit="use/v") if random.random() < 0.03 else resolved


def proposed(random: Random, history: list[Transfer], books: Books, serial: int) -> Transfer:
    """The next operation: new, resolving, repeated, or spoilt in one field."""
    at = f"2026-03-09T12:{serial:02d}:00Z" if random.random() < 0.97 else NOON
    chance = random.random()
    if history and chance < 0.05:
        return random.choice(history)
    if history and chance < 0.08:
        return replace(random.choice(history), why="another")
    told = opening(random, serial, at)
    if history and chance < 0.55:
        told = resolving(random, history, books, serial, at)
    if chance > 0.99:
        return random.choice((replace(told, id=""), replace(told, at=""), replace(told, why="")))
    return told


def folded(created: Iterable[Transfer]) -> dict[str, Balance]:
    """Every balance summed again from the transfers alone, as a stranger would."""
    totals: dict[str, list[int]] = {}
    amounts: dict[str, int] = {}
    for told in created:
        debit = totals.setdefault(told.debit, [0, 0, 0, 0])
        credit = totals.setdefault(told.credit, [0, 0, 0, 0])
        posted = told.amount if told.phase in (Phase.SINGLE, Phase.POST) else 0
        pending = told.amount if told.phase is Phase.PENDING else 0
        if told.pending is not None:
            pending = -amounts[told.pending]
        amounts[told.id] = told.amount
        debit[0] += posted
        credit[1] += posted
        debit[2] += pending
        credit[3] += pending
    return {path: Balance(*total) for path, total in totals.items()}


def limit_holds(account: Account, balance: Balance) -> bool:
    """Whether an account keeps to its limit, pending amounts counted."""
    match account.limit:
        case Limit.DEBITS_MUST_NOT_EXCEED_CREDITS:
            return balance.debits_posted + balance.debits_pending <= balance.credits_posted
        case Limit.CREDITS_MUST_NOT_EXCEED_DEBITS:
            return balance.credits_posted + balance.credits_pending <= balance.debits_posted
        case Limit.NONE:
            return True


def check(books: Books, created: list[Transfer]) -> None:
    """Every invariant of the books, from the transfers that are said to be in them."""
    balances = dict(books.balances.items())
    assert folded(created) == balances
    accounts = {path: CHART.find(path) for path in balances}
    for unit in ("gpu_second", "krw"):
        rows = [row for path, row in balances.items() if UNITS.get(path, "gpu_second") == unit]
        assert sum(row.debits_posted for row in rows) == sum(row.credits_posted for row in rows)
        assert sum(row.debits_pending for row in rows) == sum(row.credits_pending for row in rows)
    for path, row in balances.items():
        known = accounts[path]
        assert known is not None
        assert limit_holds(known, row), path
        assert min(row.debits_posted, row.credits_posted) >= 0
        assert min(row.debits_pending, row.credits_pending) >= 0


def lived(seed: int) -> Counter[Outcome | Refusal | Phase]:
    """Live one history step by step, then in one batch; what came of it, by outcome and phase."""
    random = Random(seed)
    books, told, created = Books(CHART), list[Transfer](), list[Transfer]()
    outcomes: list[Outcome | Refusal] = []
    for serial in range(OPERATIONS):
        transfer = proposed(random, told, books, serial)
        told.append(transfer)
        after = post(books, transfer)
        if isinstance(after, Refusal):
            outcomes.append(after)
            continue
        outcomes.append(Outcome.EXISTS if after is books else Outcome.CREATED)
        if after is not books:
            created.append(transfer)
        books = after
        check(books, created)
    resolved = [transfer.pending for transfer in created if transfer.pending is not None]
    assert len(set(resolved)) == len(resolved)
    assert created == list(books.history())
    batch = post_all(Books(CHART), told)
    assert tuple(outcomes) == batch.outcomes
    assert dict(books.balances.items()) == dict(batch.books.balances.items())
    return Counter([*outcomes, *(transfer.phase for transfer in created)])


def test_every_invariant_holds_after_every_operation() -> None:
    """However operations fall, debits equal credits, limits hold and nothing resolves twice."""
    seen: Counter[Outcome | Refusal | Phase] = Counter()
    for seed in range(HISTORIES):
        seen += lived(seed)
    for member, count in sorted(seen.items(), key=lambda pair: -pair[1]):
        print(f"{count:8d}  {type(member).__name__}.{member.name}")  # noqa: T201
    assert set(Outcome) | set(Phase) | (set(Refusal) - OUT_OF_REACH) == set(seen)
