"""Small random pools with every rule on and off, and a larger plain one."""

from bisect import bisect
from itertools import accumulate

import numpy as np
from hypothesis import strategies as st

from headgate.simulation.draws import Draws
from headgate.simulation.replay.layout import NEVER, Column, Table
from headgate.simulation.replay.pool import (
    UNBOUND,
    Budgets,
    Gangs,
    Pool,
    Rules,
    Steps,
)

HALVES = """
overlay: halves
because: {en: What if each class of holders had half?}
from: 2026-01-01
onwards: true
set:
  envelopes:
    compute:
      of: 2
      shares: {business: 1, research: 1}
      block: {gpu: 4}
      method: largest_remainder
"""
"""The two classes of holders of Britain's programme, which divides nothing."""


def column(*values: int) -> Column:
    """A column as the replay takes it."""
    return np.array(values, np.int64)


def steps(gpus: int, *quota: int, ceiling: int = NEVER) -> Steps:
    """One step that lasts for ever, without kept GPUs; a ceiling of 0 walls every envelope."""
    quotas = np.array([quota], np.int64)
    ceilings = np.maximum(quotas, ceiling)
    return Steps(column(0), column(gpus), quotas, quotas * 0, ceilings)


def gangs(*rows: tuple[int, int, int, int]) -> Gangs:
    """Gangs of (submitted, seconds, GPUs, envelope), each with its run time as its limit."""
    submitted, seconds, gpus, envelope = (column(*values) for values in zip(*rows, strict=True))
    return Gangs(submitted, seconds, seconds, gpus, envelope)


@st.composite
def pools(draw: st.DrawFn) -> Pool:
    """Pools of up to 30 gangs and four envelopes whose supply rises and falls."""
    envelopes, count = draw(st.integers(1, 4)), draw(st.integers(1, 30))
    most = draw(st.integers(4, 24))
    node = draw(st.sampled_from([0, 0, 1, 2, 3, 4]))

    def numbers(low: int, high: int, size: int = count) -> Column:
        values = draw(st.lists(st.integers(low, high), min_size=size, max_size=size))
        return np.array(values, np.int64)

    moments = draw(st.integers(1, 4))
    shape = moments * envelopes

    def table(high: int) -> Table:
        return numbers(0, high, shape).reshape(moments, envelopes)

    seconds, steady = numbers(1, 40), draw(st.booleans())
    quota = table(most // envelopes + 1)
    keeps = np.minimum(quota, table(most)) if draw(st.booleans()) else quota * 0
    above = draw(st.sampled_from([0, most, NEVER]))
    ceiling = quota + (table(most) if above == most else above)
    of = numbers(0, envelopes - 1)
    budgets = None
    if draw(st.booleans()):
        awards = draw(st.integers(1, 3))
        award = of * awards + numbers(0, awards - 1)
        amount = numbers(0, 600, moments * envelopes * awards).reshape(moments, -1)
        endless = numbers(0, 3, moments * envelopes * awards).reshape(moments, -1) == 0
        budgets = Budgets(award, np.where(endless, NEVER, amount), numbers(0, 1, moments))
    return Pool(
        Gangs(
            np.sort(numbers(0, 80)),
            seconds,
            seconds + (numbers(0, 30) if draw(st.booleans()) else 0),
            numbers(1, max(1, most // 2)),
            of,
        ),
        Steps(
            np.cumsum(numbers(1, 60, moments)) - 61,
            (np.full(moments, most) if steady else numbers(0, most, moments))
            // max(node, 1)
            * max(node, 1),
            quota,
            keeps,
            ceiling,
        ),
        draw(rules()),
        draw(st.dictionaries(st.integers(0, moments - 1), rules(), max_size=2)),
        budgets,
        node,
    )


@st.composite
def rules(draw: st.DrawFn) -> Rules:
    """Every rule on and off."""
    fair = draw(st.booleans())
    return Rules(
        draw(st.booleans()),
        draw(st.integers(0, 10)),
        draw(st.integers(0, 5)),
        draw(st.sampled_from([UNBOUND, 0, 1, 3, 10])),
        60 if fair else 0,
        draw(st.integers(0, (1 << 20) - 1)) if fair else 0,
        draw(st.booleans()),
        draw(st.booleans()),
        draw(st.sampled_from([UNBOUND, UNBOUND, 0, 5, 30])),
    )


GANGS = tuple(accumulate([60, 10, 10, 12, 4, 2, 1, 1]))
"""How many of a hundred gangs ask for a GPU, for two, four, and so on: pyss was told of them."""


def plain_pool(jobs: int, gpus: int, seed: str, *, guessed: bool) -> Pool:
    """A busy pool of one envelope: many small gangs, some large; limits known or guessed."""
    draws, rows, at, done = Draws(seed), [], 0, 0
    for _ in range(jobs):
        asks = min(gpus // 4, 1 << bisect(GANGS, draws.below(GANGS[-1])))
        seconds = draws.octaves(5, 3600 if draws.chance(800) else 86_400)
        limit = seconds * draws.between(10, 30) // 10 if guessed else seconds
        done += asks * seconds
        at = max(at, done * 10 // (gpus * 9) - draws.below(7200))
        rows.append((at, seconds, limit, asks, 0))
    submitted, seconds_, limits, asked, envelope = (
        column(*values) for values in zip(*rows, strict=True)
    )
    quota = np.array([[gpus]], np.int64)
    supply = Steps(column(0), column(gpus), quota, quota * 0, quota)
    return Pool(Gangs(submitted, seconds_, limits, asked, envelope), supply, Rules())
