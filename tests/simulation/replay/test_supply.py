"""What a policy offers a workload: pools, quotas and steps, from the file and its overlays."""

from pathlib import Path

import pytest

from headgate.core.faults import Faulty
from headgate.core.policy.check import check
from headgate.core.policy.document import Document
from headgate.core.policy.sharing import EVERYBODY, Idle
from headgate.readers.policy_files import read_programme
from headgate.simulation.replay.layout import NEVER
from headgate.simulation.replay.supply import SIGNS_NOTHING, WALLS, offer
from tests.simulation.replay.worlds import HALVES, column, gangs
from tests.steps.builders import document

ROOT = Path(__file__).parents[3]
DAYS = 86_400
LATER = """
overlay: later
because: {en: What if a lot came, and another went?}
from: 2026-01-01
onwards: true
set:
  supports.compute.lots.north-b200.usable: 2026-04-10
  supports.compute.lots.south-h200.until: 2026-05-05
"""
BASE = """
overlay: base
because: {en: What if less were divided?}
from: 2026-01-01
onwards: true
set:
  envelopes.compute.base: %d
"""
NEVER_COMES = """
overlay: never
because: {en: What if nothing came?}
from: 2026-01-01
onwards: true
set:
  supports.compute.lots.north-b200.usable: 2040-01-01
  supports.compute.lots.north-h200.usable: 2040-01-01
  supports.compute.lots.south-h200.usable: 2040-01-01
"""
SPLIT = """
overlay: split
because: {en: What if the split were another from April on, for a month?}
from: 2026-04-01
until: 2026-05-01
set:
  envelopes.compute.shares: {national: 20, business: 60, academia: 20}
"""


def small(*overlays: str) -> Document:
    """The small programme under overlays."""
    document = read_programme(ROOT / "tests/programmes/small")
    laid = {f"overlays/{n}.yaml": text for n, text in enumerate(overlays)}
    return Document.read({**document.texts, **laid})


def test_each_site_and_class_is_a_pool_divided_in_whole_blocks() -> None:
    """60/20/20 of 48, 32 and 80 GPUs in nodes of 8, by largest remainder."""
    found = offer(small(), 30 * DAYS)
    assert ("h200 at north", "h200 at south", "b200 at north") == found.pools
    assert ("national", "business", "academia") == found.envelopes
    assert [[32, 8, 8], [16, 8, 8], [48, 16, 16]] == found.quota[:, 0].tolist()
    assert 160 * 10 * DAYS == found.gpu_seconds(10 * DAYS).sum()


def test_the_base_is_what_is_divided_whatever_stands_there() -> None:
    """Of 160 GPUs a base of 80 is half of each pool; a larger base is all there is."""
    half = offer(small(BASE % 80), 30 * DAYS)
    assert [24, 16, 40] == half.quota[:, 0].sum(axis=1).tolist()
    assert 160 == offer(small(BASE % 999), 30 * DAYS).quota[:, 0].sum()
    korea = offer(read_programme(ROOT / "programmes/korea-2025"), 90 * DAYS)
    assert {10_456} == set(korea.quota.sum(axis=(0, 2)).tolist())


def test_supply_comes_and_goes_on_its_day() -> None:
    """A lot that is usable later is a step of its pool on that day, an ended one as well."""
    found = offer(small(LATER), 90 * DAYS)
    by_day = dict(zip(map(str, found.days), found.quota.sum(axis=2).T.tolist(), strict=True))
    assert [48, 32, 0] == by_day["2026-03-01"]
    assert [48, 32, 80] == by_day["2026-04-10"]
    assert [48, 0, 80] == by_day["2026-05-05"]


def test_jobs_are_dealt_by_what_stands_on_the_day_on_which_they_come() -> None:
    """Of a pool that is still to come, or has gone, no envelope holds any gang; days on which
    supply is the same are one, and who has no envelope fits nowhere.
    """
    found = list(offer(small(LATER), 90 * DAYS).rooms((0, 1, 2), column(0, 2, -1)))
    assert [0, 40 * DAYS, 65 * DAYS] == [room.at for room in found]
    assert [[48, 32, 0], [48, 32, 80], [48, 0, 80]] == [room.gpus for room in found]
    assert [[32, 8, 0], [16, 8, 0], [0, 0, 0]] == found[0].most.tolist()
    assert [[32, 8, 0], [0, 0, 0], [48, 16, 0]] == found[2].most.tolist()
    (only,) = offer(small(), 90 * DAYS).rooms((2,), column(0))
    assert ([0, 0, 80], [[0], [0], [48]]) == (only.gpus, only.most.tolist())
    spots = offer(small(RICH.replace("    budgets:", "    spot: {}\n    budgets:")), DAYS)
    (idle,) = spots.rooms((0, 1, 2), column(spots.envelopes.index("spot")))
    assert [[48], [32], [80]] == idle.most.tolist()


def test_an_overlay_holds_for_its_time() -> None:
    """Quotas change on the overlay's first day and change back after its last."""
    found = offer(small(SPLIT), 90 * DAYS)
    pool = found.pools.index("b200 at north")
    by_day = dict(zip(map(str, found.days), found.quota[pool].tolist(), strict=True))
    assert [48, 16, 16] == by_day["2026-03-01"] == by_day["2026-05-01"]
    assert [16, 48, 16] == by_day["2026-04-01"]


def test_walls_borrow_nothing_and_limits_are_parts_of_the_quota() -> None:
    """Half lent and a quarter borrowed: the keeps is half the quota, the ceiling five quarters."""
    found = offer(small(), DAYS)
    walls = found.under(WALLS).steps(0)
    limits = found.under({"borrow_percent": 25, "lend_percent": 50}).steps(0)
    assert [[32, 8, 8]] == walls.ceiling.tolist()
    assert ([[16, 4, 4]], [[40, 10, 10]]) == (limits.keeps.tolist(), limits.ceiling.tolist())
    assert NEVER < found.steps(0).ceiling.min()


SHARING = """
overlay: sharing
because: {en: What if past use counted, and from April on only a half were lent?}
from: 2026-01-01
onwards: true
set:
  envelopes.compute.sharing:
    borrow_percent: 25
    lend_percent:
      - {value: 100, from: 2026-01-01, until: 2026-04-01}
      - {value: 50, from: 2026-04-01}
    turns: past_use
    reclaim:
      - {value: true, from: 2026-01-01, until: 2026-05-01}
      - {value: false, from: 2026-05-01}
"""


RICH = """
overlay: rich
because: {en: What if energy counted, a node were mended, and awards had budgets?}
from: 2026-01-01
onwards: true
set:
  supports.compute.energy: {price_per_mwh: 100000, overhead_percent: 30}
  supports.compute.chips.b200: {name: B200, busy_watts: 1000, idle_watts: 100}
  supports.compute.lots.north-b200.maintenance: [{begins: 2026-03-10, ends: 2026-03-12, gpus: 40}]
  envelopes.compute.sharing:
    turns: credits
    budgets: {gpu_hours: 1600, named: {alice: 160}, when_spent: end}
"""


def test_maintenance_takes_gpus_out_and_brings_them_back() -> None:
    """Jobs run on what is in service: half of the pool is away for two days."""
    found = offer(small(RICH), 30 * DAYS)
    gpus = dict(zip(map(str, found.days), found.quota[2].sum(axis=1).tolist(), strict=True))
    assert [80, 40, 80] == [gpus[f"2026-03-{day}"] for day in ("01", "10", "12")]


def test_prices_are_those_of_a_pools_chips() -> None:
    """Watts with what cooling adds; what the policy does not say of a class is not known."""
    found = offer(small(RICH), 30 * DAYS)
    b200, h200 = found.prices[2], found.prices[0]
    assert (1300, 130, 100_000) == (b200.busy[0], b200.idle[0], b200.mwh[0])
    assert -1 == h200.busy[0]


def test_budgets_are_hours_of_a_term_and_each_pool_has_its_part() -> None:
    """1,600 hours over 160 GPUs: the pool of 48 has 480; who is named has its own; terms renew.
    In a term in which another pool is mended its part is the larger, and the same all through.
    """
    found = offer(small(RICH), 250 * DAYS)
    pool = found.pool(0, gangs((0, 9, 1, 0), (0, 9, 1, 1)), column(0, 1), ("alice", "bob"))
    assert pool.budgets is not None
    assert [48 * 3600, 480 * 3600] == pool.budgets.amount[-1].tolist()
    first = pool.budgets.amount[found.terms.cumsum() == 1]
    assert 1 == len(set(map(tuple, first.tolist())))
    assert 480 * 3600 < first[0, 1] < 481.5 * 3600
    starts = [str(day) for day, new in zip(found.days, found.terms, strict=True) if new]
    assert ["2026-03-01", "2026-09-01"] == starts
    assert (True, True) == (found.rules(0)[0].credits, found.rules(0)[0].ends_spent)
    assert offer(small(), DAYS).pool(0, pool.gangs, column(0, 1), ("a", "b")).budgets is None


def test_where_spot_is_no_class_a_spot_job_is_paid_by_its_tenant() -> None:
    """One award, one budget; where spot is a class the spot part of a tenant is its own award."""
    work, names = gangs((0, 9, 1, 0), (0, 9, 1, 0)), ("alice", "alice (spot)")
    one = offer(small(RICH), DAYS).pool(0, work, column(0, 1), names).budgets
    spots = RICH.replace("    budgets:", "    spot: {}\n    budgets:")
    two = offer(small(spots), DAYS).pool(0, work, column(0, 1), names).budgets
    assert one is not None
    assert two is not None
    assert ([0, 0], [0, 1]) == (one.award.tolist(), two.award.tolist())


def test_an_awards_signature_is_the_decision_of_its_call() -> None:
    """Days to the first job count from the day on which the holder's first call decides."""
    found = offer(small(), DAYS)
    assert 19 * DAYS == found.signed[found.envelopes.index("national")]


def test_how_idle_quota_is_shared_is_what_the_policy_says_on_each_day() -> None:
    """Limits and rules are words of the policy file; they hold from their day on."""
    found = offer(small(SHARING), 90 * DAYS)
    place = {str(day): n for n, day in enumerate(found.days)}
    march, april, may = (place[f"2026-0{month}-01"] for month in (3, 4, 5))
    steps = found.steps(0)
    assert [[0, 0, 0], [16, 4, 4]] == steps.keeps[[march, april]].tolist()
    assert [40, 10, 10] == steps.ceiling[march].tolist()
    assert [True, True, False] == [found.rules(0)[n].reclaim for n in (march, april, may)]
    assert 3600 == found.rules(0)[march].turn_seconds
    assert 0 == offer(small(), DAYS).rules(0)[0].turn_seconds


def test_a_policy_without_gpus_has_nothing_to_replay_on() -> None:
    """The refusal is named and says what to write."""
    with pytest.raises(Faulty, match="replay-no-envelopes"):
        offer(small(NEVER_COMES), 30 * DAYS)


def test_what_a_policy_does_not_divide_is_everybodys() -> None:
    """One envelope of all that stands, of which nobody lends; with envelopes it is theirs again."""
    whole = read_programme(ROOT / "programmes/uk-airr-2026")
    found = offer(whole, 30 * DAYS)
    assert ((EVERYBODY,), False) == (found.envelopes, found.is_divided)
    assert (found.quota.sum(axis=2) == 5448).all()
    assert {Idle.KEPT} == {one.idle for one in found.sharing}
    assert {"a": EVERYBODY} == dict(found.whose({"a": "business"}))
    divided = offer(whole.laid("halves", HALVES), 30 * DAYS)
    assert ("business", "research") == divided.envelopes
    assert [[2724, 2724]] == divided.quota[:, 0].tolist()
    assert {"a": "business"} == dict(divided.whose({"a": "business"}))


def test_jobs_are_packed_onto_the_supports_nodes_where_the_policy_says_so() -> None:
    """Nodes of 8 by a word of the policy; of a base of 83 the 3 that make no node are left out."""
    found = offer(small(BASE % 83), 30 * DAYS)
    assert 0 == found.packed
    packed = found.under({"nodes": "packed"})
    assert 8 == packed.packed
    work = gangs((0, 10, 1, 0))
    pool = packed.pool(0, work, column(0), ("national",))
    assert 8 == pool.node_gpus
    assert (pool.steps.gpus % 8 == 0).all()


HOLDER = "  - {id: spot, name: {en: Spot}, when: 'false'}\n"
SPOT_UNTIL = """
overlay: a
because: {en: What if who needs no promise ran on what lies idle until a day?}
from: 2026-01-01
until: 2026-03-10
set:
  envelopes.compute.sharing: {spot: {tenants: [team]}}
"""
SPOT_SHARE = """
overlay: b
because: {en: What if a class of holders had the name of spot tenants from a day on?}
from: %s
onwards: true
set:
  envelopes.compute.shares: {national: 60, business: 20, academia: 20, spot: 0}
"""


def test_a_class_of_holders_named_spot_is_one_like_others_where_nobody_is_a_spot_tenant() -> None:
    """Its first awards have a day, and nothing is told of spot tenants that nobody has."""
    shares = SPOT_SHARE % "2026-01-01"
    texts = document(("holders:\n", "holders:\n" + HOLDER)).texts
    plain = offer(Document.read({**texts, "overlays/b.yaml": shares}), 60 * DAYS)
    spots = offer(Document.read({**texts, "overlays/a.yaml": SPOT_UNTIL}), 60 * DAYS)
    assert (True, False) == ("spot" in plain.envelopes, SIGNS_NOTHING in plain.signed)
    assert ("spot", SIGNS_NOTHING) == (spots.envelopes[-1], spots.signed[-1])
    assert 1 == spots.signed.tolist().count(SIGNS_NOTHING)


@pytest.mark.parametrize("day", ["2026-03-01", "2026-04-01"])
def test_no_class_of_holders_has_the_name_of_spot_tenants_on_any_day(day: str) -> None:
    """On one day the policy's own check says so, at the line; on another day the replay does."""
    texts = document(("holders:\n", "holders:\n" + HOLDER)).texts
    overlays = {"overlays/a.yaml": SPOT_UNTIL, "overlays/b.yaml": SPOT_SHARE % day}
    policy = Document.read({**texts, **overlays})
    same_day = [("overlays/b.yaml", 7, "spot-taken")] if day < "2026-03-10" else []
    assert same_day == [(fault.file, fault.line, fault.code) for fault in check(policy)]
    with pytest.raises(Faulty, match="spot-taken"):
        offer(policy, 60 * DAYS)
