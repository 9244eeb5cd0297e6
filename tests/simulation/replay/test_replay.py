"""The replay: what the rules promise, two implementations that agree, and a published algorithm."""

import hashlib
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from headgate.simulation.replay import (
    accounts,
    fast,
    layout,
    loop,
    nodes,
    orders,
    plain,
    queues,
)
from headgate.simulation.replay.identities import Broken, assure
from headgate.simulation.replay.layout import NEVER
from headgate.simulation.replay.pool import (
    Budgets,
    Gangs,
    Misfit,
    Pool,
    Replayed,
    Rules,
    Steps,
    Unreplayable,
)
from tests.simulation.replay.easy import starts_of
from tests.simulation.replay.worlds import column, gangs, plain_pool, pools, steps


def replayed(pool: Pool) -> Replayed:
    """The result of both implementations, which is one."""
    right, quick = plain.replay(pool), fast.replay(pool)
    for field in fields(Replayed):
        expected, actual = getattr(right, field.name), getattr(quick, field.name)
        assert expected.tolist() == actual.tolist(), field.name
    assure(pool, right)
    return right


@settings(max_examples=400, deadline=None)
@given(pools())
def test_compiled_loop_gives_what_the_plain_rules_give(pool: Pool) -> None:
    """Every field of every gang and step is the same, and every identity holds, in any pool."""
    replayed(pool)


class Watched(plain.Moments):
    """The plain replay, looked at after every moment."""

    def next_moment(self) -> int:
        """No right waits, no envelope is over its ceiling, and nobody holds what is not there."""
        for envelope in self.envelopes if self.step >= 0 else ():
            head = envelope.queue[0].gpus if envelope.queue else NEVER
            assert envelope.used + head > min(envelope.quota, envelope.ceiling)
            assert envelope.used <= envelope.ceiling
        assert self.idle() >= 0
        return super().next_moment()


@settings(max_examples=200, deadline=None)
@given(pools())
def test_nobody_with_a_right_waits_for_a_borrower(pool: Pool) -> None:
    """Where quotas fit the pool and owners reclaim, what is lent comes back at once."""
    moments = slice(0, 1)
    gpus, quota = pool.steps.quota[moments].sum(axis=1), pool.steps.quota[moments]
    tables = (pool.steps.keeps[moments], pool.steps.ceiling[moments])
    steady = Steps(pool.steps.at[moments], gpus, quota, *tables)
    Watched(Pool(pool.gangs, steady, replace(pool.rules, reclaim=True))).run()


def test_kept_machine_code_is_never_of_another_source() -> None:
    """Whoever changes what is compiled into the loop saves it too: older code is not used again."""
    files = [Path(each.__file__ or "") for each in (layout, orders, accounts, nodes, queues)]
    texts = [file.read_bytes() for file in (*files, files[0].with_name("passes.py"))]
    assert hashlib.sha256(b"".join(texts)).hexdigest()[:16] == loop.COMPILED_IN


@pytest.mark.parametrize("guessed", [False, True])
def test_plain_easy_starts_every_job_when_the_published_algorithm_does(guessed: bool) -> None:
    """One envelope is EASY backfill: 10,000 of 10,000 starts equal an implementation of its own."""
    pool = plain_pool(10_000, 256, "easy", guessed=guessed)
    result = fast.replay(pool)
    assert result.ahead.sum() > 1000
    assert starts_of(pool) == result.started.tolist()


def test_walls_leave_idle_what_borrowing_uses() -> None:
    """Behind a wall a gang waits beside idle GPUs; where envelopes lend it starts at once."""
    work = gangs((0, 100, 4, 0), (0, 100, 4, 0))
    walls = replayed(Pool(work, steps(8, 4, 4, ceiling=0), Rules()))
    lends = replayed(Pool(work, steps(8, 4, 4), Rules()))
    assert [0, 100] == walls.started.tolist()
    assert [0, 0] == lends.started.tolist()
    assert 400 == walls.by_step[0, 2]
    assert 400 == lends.by_envelope[0, 0, 1]


def test_whoever_has_a_right_takes_back_at_once_from_the_newest_borrower() -> None:
    """The newest borrower is stopped, keeps its checkpoints, and pays for starting again."""
    work = gangs((0, 5000, 4, 0), (0, 5000, 2, 0), (10, 5000, 2, 0), (2000, 100, 2, 1))
    result = replayed(Pool(work, steps(8, 4, 4), Rules()))
    assert [0, 0, 1, 0] == result.stops.tolist()
    assert 2000 == result.started[3]
    assert [190, 300] == [result.lost[2], result.overhead[2]]
    assert 2100 + 300 + 5000 - 1800 == result.ended[2]


def test_without_reclaim_a_right_waits_for_the_borrower_to_end() -> None:
    """Reclaim is a rule of the policy, not of nature."""
    work = gangs((0, 5000, 8, 0), (10, 100, 4, 1))
    assert 10 == replayed(Pool(work, steps(8, 4, 4), Rules())).started[1]
    assert 5000 == replayed(Pool(work, steps(8, 4, 4), Rules(reclaim=False))).started[1]


def test_an_envelope_keeps_its_own_and_borrows_no_further_than_its_ceiling() -> None:
    """Lending and borrowing limits: 1 of 4 is kept, and 2 on top are the most that is borrowed."""
    quota = np.array([[4, 4]])
    work = gangs((0, 9, 4, 0), (0, 9, 2, 0), (0, 9, 1, 0), (0, 9, 1, 0))
    kept = Steps(column(0), column(8), quota, np.array([[0, 1]]), quota + NEVER)
    most = Steps(column(0), column(8), quota, quota * 0, quota + 2)
    assert [0, 0, 0, 9] == replayed(Pool(work, kept, Rules())).started.tolist()
    assert [0, 0, 9, 9] == replayed(Pool(work, most, Rules())).started.tolist()


def test_supply_arrives_on_its_day_and_maintenance_stops_what_no_longer_fits() -> None:
    """A later lot lets the queue go; a smaller pool stops the newest, envelopes in excess first."""
    quota = np.array([[4], [8], [2]])
    supply = Steps(column(0, 50, 80), column(4, 8, 2), quota, quota * 0, quota)
    work = gangs((0, 100, 2, 0), (0, 100, 2, 0), (0, 100, 4, 0))
    result = replayed(Pool(work, supply, Rules(checkpoint_seconds=10, restart_seconds=0)))
    assert [0, 0, 50] == result.started.tolist()
    assert [0, 1, 1] == result.stops.tolist()
    assert -1 == result.ended[2]


def test_a_spot_class_runs_on_what_is_idle_and_gives_way() -> None:
    """An envelope of nothing is served last and stopped first."""
    work = gangs((0, 100, 8, 1), (0, 50, 4, 0), (60, 10, 8, 0))
    result = replayed(Pool(work, steps(8, 8, 0), Rules(checkpoint_seconds=0, restart_seconds=0)))
    assert [50, 0, 60] == result.started.tolist()
    assert [1, 0, 0] == result.stops.tolist()


def test_fair_share_looks_at_past_use_and_forgets_it() -> None:
    """Who used little so far goes first; with nothing kept at a turn the past does not count."""
    work = gangs((0, 60, 4, 0), (1, 60, 8, 0), (1, 60, 8, 1))
    supply = steps(8, 4, 4)
    remembers = Rules(reclaim=False, turn_seconds=3600, turn_keeps=1 << 19)
    forgets = Rules(reclaim=False, turn_seconds=60, turn_keeps=0)
    assert [0, 120, 60] == replayed(Pool(work, supply, remembers)).started.tolist()
    assert [0, 60, 120] == replayed(Pool(work, supply, forgets)).started.tolist()


def paid(*amounts: int, award: tuple[int, ...], renews: tuple[int, ...] = (0,)) -> Budgets:
    """Budgets that are the same at every step."""
    return Budgets(column(*award), np.array([amounts] * len(renews), np.int64), column(*renews))


def test_a_budget_pays_for_a_job_to_its_limit_or_lets_it_wait_until_its_term() -> None:
    """60 GPU-seconds pay for one gang of 40 and not for two; the next term pays for the other. A
    gang of another award behind it is not held up.
    """
    work = gangs((0, 10, 4, 0), (0, 10, 4, 0), (0, 10, 2, 0))
    quota = np.array([[8], [8]], np.int64)
    supply = Steps(column(0, 500), column(8, 8), quota, quota * 0, quota)
    budgets = paid(60, NEVER, award=(0, 0, 1), renews=(0, 1))
    result = replayed(Pool(work, supply, Rules(), budgets=budgets))
    assert [0, 500, 0] == result.started.tolist()
    assert [0, 500, 0] == result.unpaid.tolist()
    assert 500 * 4 == result.by_envelope[0, 0, 4]


def test_an_early_end_gives_back_what_its_limit_had_promised() -> None:
    """A job that asked for 100 seconds and ran 10 leaves its award the rest."""
    work = Gangs(column(0, 0), column(10, 10), column(100, 10), column(4, 4), column(0, 0))
    result = replayed(Pool(work, steps(8, 8), Rules(), budgets=paid(420, award=(0, 0))))
    assert [0, 10] == result.started.tolist()


def test_a_spent_budget_ends_what_runs_where_the_policy_says_so() -> None:
    """Two gangs of 4 GPUs have 60 GPU-seconds: both end at 8 seconds, and the third never runs."""
    work = gangs((0, 10, 4, 0), (0, 10, 4, 0), (20, 10, 4, 0))
    rules = Rules(ends_spent=True)
    result = replayed(Pool(work, steps(8, 8), rules, budgets=paid(60, award=(0, 0, 0))))
    assert [8, 8, -1] == result.ended.tolist()
    assert [2, 2, 0] == result.cut.tolist()


def test_whoever_lent_is_served_before_whoever_borrowed() -> None:
    """Borrowing is owed to who lent; when both ask for what is idle, the lender goes first."""
    lends = gangs((0, 7200, 8, 0), (7100, 3600, 8, 0), (7150, 3600, 8, 1))
    supply = steps(12, 4, 4, 4)
    first = replayed(Pool(lends, supply, Rules(reclaim=False, credits=True)))
    assert [0, 10800, 7200] == first.started.tolist()
    by_use = replayed(Pool(lends, supply, Rules(reclaim=False)))
    assert [0, 7200, 10800] == by_use.started.tolist()
    borrowed, lent = (first.by_envelope[0, :, n].sum() for n in (1, 3))
    assert 4 * 7200 + 2 * 4 * 3600 == borrowed == lent


def test_the_deepest_in_debt_lends_first() -> None:
    """Of two that lend, the one that owes most makes good its debt first (Karma's rule)."""
    work = gangs((0, 7200, 8, 1), (7200, 3600, 6, 0))
    result = replayed(Pool(work, steps(12, 4, 4, 4), Rules(credits=True)))
    assert [0, 2 * 3600, 0] == (result.by_envelope[0, :, 3] - [4 * 7200, 0, 0]).tolist()


def packed(work: Gangs, supply: Steps, rules: Rules | None = None) -> Replayed:
    """Gangs on nodes of 8 GPUs."""
    return replayed(Pool(work, supply, rules or Rules(), node_gpus=8))


def test_parts_go_where_they_leave_the_least_and_whole_nodes_stay_whole() -> None:
    """Beside 3 and 6 GPUs on two nodes 2 go to the fuller one, so that 5 and a whole node fit."""
    work = gangs(*[(0, 99, n, 0) for n in (5, 6)], (1, 99, 2, 0), (2, 99, 3, 0), (3, 99, 8, 0))
    assert [0, 0, 1, 2, 3] == packed(work, steps(24, 24)).started.tolist()


def test_fragments_hold_up_a_whole_node_and_are_told() -> None:
    """Two nodes with 3 GPUs free each are 6 GPUs on which 4 do not fit; who waits is counted, and
    by counting GPUs alone nobody would have waited.
    """
    work = gangs((0, 100, 5, 0), (0, 100, 5, 0), (10, 50, 4, 0))
    told = packed(work, steps(16, 16))
    assert ([0, 0, 100], 4 * 90) == (told.started.tolist(), told.by_step[0, 3])
    counted = replayed(Pool(work, steps(16, 16), Rules()))
    assert (10, 0) == (counted.started[2], counted.by_step[0, 3])


def test_a_right_takes_back_until_its_nodes_are_free() -> None:
    """3 GPUs are idle on each of two nodes that are lent: 4 that come by right stop one gang."""
    work = gangs((0, 900, 5, 0), (0, 900, 5, 0), (60, 9, 4, 1))
    told = packed(work, steps(16, 0, 16), Rules(checkpoint_seconds=0, restart_seconds=0))
    assert (60, [0, 1, 0]) == (told.started[2], told.stops.tolist())
    alone = replayed(Pool(work, steps(16, 0, 16), Rules()))
    assert (60, [0, 0, 0]) == (alone.started[2], alone.stops.tolist())


def test_backfill_leaves_the_nodes_of_who_has_the_reservation() -> None:
    """A node is free at 100 for who waits; a longer gang of 2 may not break into it, a shorter may.

    By counted GPUs the longer one would be harmless: 8 of 16 stay idle until then.
    """
    rows = ((0, 100, 6, 0), (0, 900, 6, 0), (1, 50, 8, 0), (2, 200, 4, 0), (3, 90, 2, 0))
    told = packed(gangs(*rows), steps(16, 16))
    assert [0, 0, 100, 150, 3] == told.started.tolist()


def test_a_smaller_pool_gives_up_whole_nodes() -> None:
    """One of two nodes goes out of service: the newest gang is stopped though 8 GPUs would do."""
    quota = np.array([[16], [8]], np.int64)
    supply = Steps(column(0, 50), column(16, 8), quota, quota * 0, quota)
    work = gangs((0, 100, 5, 0), (0, 100, 4, 0))
    told = packed(work, supply, Rules(checkpoint_seconds=0, restart_seconds=0))
    assert ([0, 1], [100, 200]) == (told.stops.tolist(), told.ended.tolist())


@settings(max_examples=100, deadline=None)
@given(pools())
def test_nodes_of_one_gpu_are_counted_gpus(pool: Pool) -> None:
    """Where every GPU is a node of its own nothing is different and nothing is a fragment."""
    counted, nodes_of_one = (plain.replay(replace(pool, node_gpus=n)) for n in (0, 1))
    for field in fields(Replayed):
        expected, actual = getattr(counted, field.name), getattr(nodes_of_one, field.name)
        assert expected.tolist() == actual.tolist(), field.name


class Housed(plain.Moments):
    """The plain replay, whose nodes are looked at after every moment."""

    def next_moment(self) -> int:
        """Every gang has its whole nodes and at most one part, and no node is held twice over."""
        each, held = self.nodes.each, dict[int, int]()
        for gang in self.by_start:
            whole = [n for n in gang.nodes.values() if n == each]
            assert gang.gpus // each == len(whole)
            assert gang.gpus == sum(gang.nodes.values())
            assert len(gang.nodes) - len(whole) <= 1
            for node, gpus in gang.nodes.items():
                held[node] = held.get(node, 0) + gpus
        for node, free in self.nodes.free.items():
            assert each == free + held.pop(node, 0)
            assert free >= 0
        assert {} == held
        return super().next_moment()


@settings(max_examples=100, deadline=None)
@given(pools())
def test_no_gang_is_split_and_no_node_holds_more_than_it_has(pool: Pool) -> None:
    """At every moment of any pool whose GPUs stand on nodes."""
    if pool.node_gpus:
        Housed(pool).run()


def test_who_waits_longer_than_its_patience_goes_elsewhere() -> None:
    """The third would start at 100 and goes at 51; who started at once is not asked; the gang
    behind it starts as if it had never been there.
    """
    work = gangs((0, 100, 8, 0), (0, 30, 8, 0), (10, 30, 4, 0))
    result = replayed(Pool(work, steps(8, 8), Rules(patience_seconds=50)))
    assert [-1, 51, 61] == result.went.tolist()
    assert [0, -1, -1] == result.started.tolist()
    assert 8 * 51 + 4 * 51 == result.by_envelope[0, 0, 2]
    patient = replayed(Pool(work, steps(8, 8), Rules(patience_seconds=100)))
    assert [-1, -1, 111] == patient.went.tolist()
    at_once = replayed(Pool(work, steps(8, 8), Rules(patience_seconds=0)))
    assert [-1, 1, 11] == at_once.went.tolist()


def test_who_waits_for_its_award_when_it_is_asked_stays() -> None:
    """Another pool would not be paid either; with its next budget it starts here."""
    work = gangs((0, 50, 4, 0), (0, 50, 4, 0))
    supply = steps(8, 8)
    two = Steps(column(0, 500), *(np.repeat(table, 2, axis=0) for table in
                (supply.gpus, supply.quota, supply.keeps, supply.ceiling)))  # fmt: skip
    budgets = Budgets(column(0, 0), np.array([[200], [200]]), column(1, 1))
    result = replayed(Pool(work, two, Rules(patience_seconds=10), budgets=budgets))
    assert [0, 500] == result.started.tolist()
    assert [-1, -1] == result.went.tolist()


def test_a_replay_that_outlasts_32_bits_is_made_again_in_64() -> None:
    """Forty years of queue behind one GPU end when they end; interpreted, to compile once less."""
    work = gangs(*[(0, 1 << 28, 1, 0) for _ in range(5)])
    pool = Pool(work, steps(1, 1), Rules())
    narrow = fast.state_of(pool, wide=False)
    assert narrow.gangs.dtype == np.int32
    assert not loop.run(narrow)
    assert fast.state_of(pool, wide=True).gangs.dtype == np.int64
    assert 5 << 28 == plain.replay(pool).ended[-1]


def test_how_far_ahead_is_looked_is_what_the_rules_say() -> None:
    """The small gang behind two large ones is found only by who looks at two."""
    work = gangs((0, 100, 4, 0), (1, 50, 8, 0), (1, 50, 8, 0), (1, 50, 4, 0))
    supply = steps(8, 8)
    assert 1 == replayed(Pool(work, supply, Rules(look_ahead=2))).started[3]
    assert 200 == replayed(Pool(work, supply, Rules(look_ahead=1))).started[3]
    assert 200 == replayed(Pool(work, supply, Rules(look_ahead=0))).started[3]


ONE = gangs((0, 5, 1, 0))
LONG = column(1 << 40)
MISFITS = {
    Misfit.LENGTHS: Pool(Gangs(column(0), *[column()] * 4), steps(8, 8), Rules()),
    Misfit.SIZES: Pool(gangs((0, 5, 0, 0)), steps(8, 8), Rules()),
    Misfit.SECONDS: Pool(Gangs(column(0), LONG, LONG, *[column(1)] * 2), steps(8, 4, 4), Rules()),
    Misfit.UNSORTED: Pool(gangs((9, 5, 1, 0), (0, 5, 1, 0)), steps(8, 8), Rules()),
    Misfit.ENVELOPE: Pool(gangs((0, 5, 1, 1)), steps(8, 8), Rules()),
    Misfit.STEPS: Pool(gangs((-9, 5, 1, 0)), steps(8, 8), Rules()),
    Misfit.BUDGETS: Pool(
        gangs((0, 5, 1, 0), (0, 5, 1, 1)),
        steps(8, 4, 4),
        Rules(),
        budgets=Budgets(column(0, 0), np.array([[9]]), column(0)),
    ),
    Misfit.NODES: Pool(ONE, steps(9, 8), Rules(), node_gpus=8),
    Misfit.RULES: Pool(ONE, steps(8, 8), Rules(turn_seconds=7, look_ahead=-2)),
}


@pytest.mark.parametrize("misfit", Misfit)
def test_what_the_rules_do_not_cover_is_refused_by_name(misfit: Misfit) -> None:
    """Numbers that 64 bits do not hold exactly, or columns that are none, never reach the loop."""
    for replay in (plain.replay, fast.replay):
        with pytest.raises(Unreplayable) as raised:
            replay(MISFITS[misfit])
        assert frozenset({misfit}) == raised.value.misfits


def test_a_past_that_could_outgrow_its_number_is_refused() -> None:
    """A million GPUs whose use hardly fades would leave 64 bits."""
    rules = Rules(turn_seconds=86_400, turn_keeps=(1 << 20) - 1)
    with pytest.raises(Unreplayable, match=Misfit.RULES.value):
        fast.replay(Pool(ONE, steps(1 << 20, 8), rules))


@pytest.mark.parametrize("field", ["held", "lost", "by_envelope", "ended", "by_step"])
def test_a_result_that_does_not_add_up_is_not_shown(field: str) -> None:
    """A figure changed by one breaks a named identity."""
    work = gangs((0, 50, 4, 0), (0, 50, 4, 0), (5, 50, 4, 1))
    pool = Pool(work, steps(8, 4, 4), Rules())
    result = fast.replay(pool)
    getattr(result, field).reshape(-1)[0] += 1
    with pytest.raises(Broken):
        assure(pool, result)


def test_a_gang_that_was_forgotten_is_noticed() -> None:
    """What fits and never ended is an error of the replay, not a figure."""
    pool = Pool(ONE, steps(8, 8), Rules())
    result = fast.replay(pool)
    result.ended[0] = -1
    with pytest.raises(Broken):
        assure(pool, result)
