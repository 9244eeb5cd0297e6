"""How rights move: in a class's own unit and in the measure of envelopes, both together."""

from dataclasses import dataclass, replace

from headgate.core.ledger.transfer import Transfer
from headgate.core.supports.kind import Accounts, Kind
from headgate.steps.term import Holding, Term, single


def blocks_as(support: Kind, blocks: int, was: str, wanted: str) -> int:
    """Blocks of one class in another: as many whole ones as the rate table makes of them."""
    return blocks * support.rate(was) // support.rate(wanted)


@dataclass(frozen=True, slots=True)
class Way:
    """One of the two movements: its transfer's id, the account debited, the account credited."""

    name: str
    debit: str
    credit: str


def in_two_units(
    term: Term, holding: Holding, ways: tuple[Way, Way], amount: int, when: str, why: str
) -> list[Transfer]:
    """An amount of a holding's class in its own unit, the first way, and measured, the second.

    Where the support is not divided among envelopes there is only the first.
    """
    policy, kind = term.policy(term.starts), holding.support_class
    support, (own, kept) = policy.supports[holding.support], ways
    moves = [single(own.name, own.debit, own.credit, amount, support.unit(kind), when, why)]
    if holding.support in policy.envelopes:
        measured = amount * support.rate(kind)
        moves.append(
            single(kept.name, kept.debit, kept.credit, measured, support.measure, when, why)
        )
    return moves


def give(term: Term, holding: Holding, amount: int, when: str, why: str, name: str) -> Term:
    """Move an amount from capacity and envelope to an award, both or neither, under a name."""
    return term.move(given(term, holding, amount, when, why, name), linked=True)


def given(
    term: Term, holding: Holding, amount: int, when: str, why: str, name: str
) -> list[Transfer]:
    """The movements of an amount from capacity and envelope to an award, under a name."""
    accounts, kind, holder = Accounts(holding.support), holding.support_class, holding.holder
    ways = (
        Way(f"grant:{name}", accounts.capacity(kind), holding.right),
        Way(f"envelope:{name}", accounts.envelope(holder), accounts.granted(holder)),
    )
    return in_two_units(term, holding, ways, amount, when, why)


def give_back(term: Term, holding: Holding, amount: int, when: str, why: str, name: str) -> Term:
    """Move an amount of an award back to capacity and envelope, both or neither, under a name.

    The award holds so much less from then on.
    """
    accounts, kind, holder = Accounts(holding.support), holding.support_class, holding.holder
    ways = (
        Way(f"back:{name}", holding.right, accounts.capacity(kind)),
        Way(f"return:{name}", accounts.granted(holder), accounts.envelope(holder)),
    )
    moved = term.move(in_two_units(term, holding, ways, amount, when, why), linked=True)
    return moved.holding(replace(holding, amount=holding.amount - amount))
