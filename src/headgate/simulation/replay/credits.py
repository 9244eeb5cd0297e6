"""Credits of a replay as transfers of the ledger: who borrowed is debited, who lent is credited.

At the end of each step, and in each pool, what an envelope lent less what it borrowed is moved
between its account and those of the others, in the order of envelopes; what was borrowed of GPUs
that no quota covers is owed to an account of nobody. Posting is the ledger's own, so that the
balances of all accounts come to nothing whatever a replay says.
"""

from collections.abc import Iterator, Mapping, Sequence

from headgate.core.ledger.chart import Chart, Pattern
from headgate.core.ledger.post import Books, post_all
from headgate.core.ledger.transfer import Outcome, Phase, Transfer
from headgate.core.quantities import instant_of, seconds_of
from headgate.simulation.replay.pool import Pool, Replayed

UNIT = "credit_gpu_second"
NOBODY = "credit/nobody"
CHART = Chart((Pattern("credit/of/{envelope}", UNIT), Pattern(NOBODY, UNIT)))


def transfers(
    pools: Sequence[tuple[Pool, Replayed]], envelopes: Sequence[str], day: str
) -> Iterator[Transfer]:
    """Credits step by step and pool by pool; the steps of all pools are the same from `day` on."""
    accounts = [*(f"credit/of/{name}" for name in envelopes), NOBODY]
    first, at = seconds_of(f"{day}T00:00:00Z"), pools[0][0].steps.at.tolist()
    kept = [[rules.credits for rules in pool.by_step] for pool, _ in pools]
    for step, ends in enumerate(at[1:]):
        for number, (_, replayed) in enumerate(pools):
            if not kept[number][step]:
                continue
            seen = replayed.by_envelope[step]
            net = (seen[:, 3] - seen[:, 1]).tolist()
            for debtor, creditor, amount in _matched([*net, -sum(net)]):
                yield Transfer(
                    f"credit/{step}/{number}/{debtor}/{creditor}",
                    accounts[debtor],
                    accounts[creditor],
                    amount,
                    UNIT,
                    Phase.SINGLE,
                    None,
                    instant_of(first + ends),
                    "lent",
                )


def balances(posted: Sequence[Transfer]) -> Mapping[str, int]:
    """Each account's credits less its debits after posting; raises ValueError by a refused one."""
    done = post_all(Books(CHART), posted)
    for transfer, outcome in zip(posted, done.outcomes, strict=True):
        if outcome is not Outcome.CREATED:
            raise ValueError(f"{transfer.id}: {outcome.value}")
    paths = sorted({path for each in posted for path in (each.debit, each.credit)})
    known = {path: done.books.balance(CHART.account(path, UNIT)) for path in paths}
    return {path: each.credits_posted - each.debits_posted for path, each in known.items()}


def _matched(net: list[int]) -> Iterator[tuple[int, int, int]]:
    """Debtor, creditor and amount, until all that is owed is given."""
    creditor = 0
    for debtor, amount in enumerate(net):
        owed = -amount
        while owed > 0:
            if net[creditor] <= 0:
                creditor += 1
                continue
            part = min(owed, net[creditor])
            net[creditor] -= part
            owed -= part
            yield debtor, creditor, part
