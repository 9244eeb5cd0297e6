"""What becomes of orders: valid manifests, never more than there is, safe names, kept budgets."""

import re
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from headgate.core.enforcement.clusters.kind import Said, Walls
from headgate.core.enforcement.engine import Quota, QuotaState
from headgate.core.faults import Faulty
from headgate.core.policy.sharing import Idle, Sharing
from headgate.engines.kueue.budget import Rule, Stop, Why, stop
from headgate.engines.kueue.engine import arrangement_of
from headgate.engines.kueue.manifests import Code, Maker, Manifest, key, told
from headgate.engines.kueue.names import name, plain_name
from tests.engines.kueue.conftest import BUDGET, ENDS, NOW, STARTS, envelope, maker, quota
from tests.engines.kueue.korea import korean
from tests.servers.crds import Schemas

LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
HOSTILE = (
    "",
    "-x",
    "a/b",
    "A B",
    "x" * 200,
    "\n",
    "정상 회담",
    "Đại học",
    "..",
    "a'\"",
    "\x00",
)
TEXTS = st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(codec="utf-8"), max_size=40))
GPUS = st.one_of(st.none(), st.integers(0, 30))


@st.composite
def quotas(draw: st.DrawFn) -> list[Quota]:
    """Any awards of any names and sizes, with some envelopes beside them."""
    titles = draw(
        st.lists(st.tuples(TEXTS, st.sampled_from(["h200", "npu_x"])), max_size=8, unique=True)
    )
    found = [
        replace(
            quota(award, draw(GPUS), chip),
            holder=draw(st.sampled_from(["national", "hàn", "-"])),
            gpu_seconds_budget=draw(st.integers(0, 10**12)),
            state=draw(st.sampled_from([QuotaState.OPEN, QuotaState.SUSPENDED])),
        )
        for award, chip in titles
        if award
    ]
    return [*found, *draw(st.sampled_from([[], [envelope()], [envelope(), envelope(9, 1, "hàn")]]))]


def limit(thing: Manifest, word: str) -> dict[str, int]:
    """Flavor -> a limit of a queue or Cohort."""
    return {
        flavor["name"]: int(flavor["resources"][0][word])
        for group in thing["spec"].get("resourceGroups", ())
        for flavor in group["flavors"]
        if word in flavor["resources"][0]
    }


@settings(max_examples=60)
@given(quotas(), st.sampled_from(["walls", "shares"]), st.integers(0, 100))
def test_any_orders_become_manifests_that_the_published_schemas_take(
    schemas: Schemas, given_quotas: list[Quota], envelopes: str, percent: int
) -> None:
    """Whatever awards are called and hold, structure and CEL rules of v1beta2 have no fault."""
    made = maker(envelopes=Walls(envelopes), borrow_percent=percent, lend_percent=percent)
    total = Counter({"h200": 0, "npu_x": 0})
    for one in given_quotas:
        total[one.support_class] += one.gpus_most or 0 if one.award else 0
    assume(total["h200"] <= 100 and total["npu_x"] <= 50)
    for thing in made.manifests(given_quotas):
        assert [] == schemas.faults(thing, None)
        assert LABEL.fullmatch(thing["metadata"]["name"])
        assert LABEL.fullmatch(thing["metadata"].get("namespace", "x"))


def test_the_awards_of_korea_become_manifests_that_the_published_schemas_take(
    schemas: Schemas,
) -> None:
    """Each site's awards and envelopes, as `plan --manifests` writes them, promise all its GPUs."""
    for section, orders in korean().values():
        quotas = [order.quota for order in orders]
        things = list(Maker(section, arrangement_of(section, {}), NOW).manifests(quotas))
        assert [] == [fault for thing in things for fault in schemas.faults(thing, None)]
        awards = {(quota.award, quota.support_class) for quota in quotas if quota.award}
        assert len(awards) == sum(thing["kind"] == "LocalQueue" for thing in things)
        limits = (limit(thing, "nominalQuota") for thing in things if "spec" in thing)
        promised = sum(map(Counter, limits), Counter[str]())
        assert sum(chip.gpus for chip in section.chips.values()) == promised.total()


@settings(max_examples=60)
@given(quotas())
def test_nominal_quotas_add_up_to_the_cluster_and_never_to_more(given_quotas: list[Quota]) -> None:
    """Awards and what no award holds are exactly the GPUs there are, or there are no manifests."""
    made = maker()
    asked = {
        chip: sum(q.gpus_most or 0 for q in given_quotas if q.award and q.support_class == chip)
        for chip in ("h200", "npu_x")
    }
    room = {"h200": 100, "npu_x": 50}
    if any(asked[chip] > room[chip] for chip in room):
        with pytest.raises(Faulty):
            made.manifests(given_quotas)
        return
    totals = dict.fromkeys(map(made.flavor, room), 0)
    for thing in made.manifests(given_quotas):
        for flavor, gpus in limit(thing, "nominalQuota").items() if "spec" in thing else ():
            totals[flavor] += gpus
    assert {made.flavor(chip): gpus for chip, gpus in room.items()} == totals


@given(st.lists(TEXTS, min_size=2, max_size=2, unique=True))
def test_two_texts_never_meet_in_one_name(texts: list[str]) -> None:
    """Every name is a DNS label, and different awards have different ones."""
    names = {name("programme", text) for text in texts} | {plain_name(text) for text in texts}
    assert 4 == len(names)
    assert all(LABEL.fullmatch(one) for one in names)


@given(quotas())
def test_what_is_written_on_an_object_gives_the_quota_back(given_quotas: list[Quota]) -> None:
    """A name is never taken apart: the queue's own note says what it holds, budget included."""
    made = maker()
    for one in given_quotas:
        if one.award:
            queue = next(t for t in made.own(one) if t["kind"] == "ClusterQueue")
            assert (one,) == told(queue, made)


def test_every_refusal_has_its_name() -> None:
    """An unknown chip class, an award of nobody, and more than there is: all faults at once."""
    bad = [quota("a-1", 101), quota("a-2", 1, "tpu"), replace(quota("a-3", 1), holder="")]
    with pytest.raises(Faulty) as refused:
        maker().manifests(bad)
    assert set(Code) == {fault.code for fault in refused.value.faults}
    assert all(fault.mend for fault in refused.value.faults)


def test_borrowing_and_lending_are_as_the_cluster_says() -> None:
    """An order is a limit unless the operator allows borrowing; hours borrow all they need."""
    strict, hours, open_handed = (
        next(t for t in made.own(one) if t["kind"] == "ClusterQueue")
        for made, one in (
            (maker(lend_percent=50), quota()),
            (maker(), quota(gpus=None)),
            (maker(borrow_percent=25), quota()),
        )
    )
    flavor = maker().flavor("h200")
    assert {flavor: 0} == limit(strict, "borrowingLimit")
    assert {flavor: 8} == limit(strict, "lendingLimit")
    assert {flavor: 0} == limit(hours, "nominalQuota")
    assert {} == limit(hours, "borrowingLimit")
    assert {flavor: 4} == limit(open_handed, "borrowingLimit")
    assert "Any" == strict["spec"]["preemption"]["reclaimWithinCohort"]


def test_how_idle_quota_is_shared_is_as_the_policy_says() -> None:
    """The policy's words take the place of the operator's, down to no limit and no reclaim."""
    said = Said.by(Sharing(lend_percent=25, reclaim=False))
    made = replace(maker(), settings=maker().settings.under(said))
    queue = next(t for t in made.own(quota()) if t["kind"] == "ClusterQueue")
    flavor = made.flavor("h200")
    assert ({flavor: 4}, {}) == (limit(queue, "lendingLimit"), limit(queue, "borrowingLimit"))
    assert "Never" == queue["spec"]["preemption"]["reclaimWithinCohort"]
    walls = maker().settings.under(Said.by(Sharing(idle=Idle.KEPT, borrow_percent=50)))
    assert (Walls.WALLS, 0, 0) == (walls.envelopes, walls.lend_percent, walls.borrow_percent)


def test_an_envelope_is_a_weight_and_where_asked_a_wall() -> None:
    """Shares become fair-sharing weights; with a wall nobody passes the envelope."""
    given_quotas = [envelope(60, 50), quota("a-1", 16), quota("a-2", 24)]
    for word, borrows in (("walls", {maker().flavor("h200"): 20}), ("shares", {})):
        made = maker(envelopes=Walls(word))
        found = {key(t)[2]: t for t in made.manifests(given_quotas) if t["kind"] == "Cohort"}
        sector = found[made.cohort("national")]
        assert "50" == sector["spec"]["fairSharing"]["weight"]
        assert made.cohort("") == sector["spec"]["parentName"]
        assert borrows == limit(sector, "borrowingLimit")


RULE = Rule(ends_running=True, look_seconds=60)


@pytest.mark.parametrize(
    ("state", "now", "left", "wanted"),
    [
        (QuotaState.SUSPENDED, NOW, BUDGET, (Stop.DRAIN, Why.SUSPENDED)),
        (QuotaState.OPEN, "2026-08-31T23:59:59Z", BUDGET, (Stop.HOLD, Why.NOT_STARTED)),
        (QuotaState.OPEN, STARTS, BUDGET, (Stop.NONE, Why.OPEN)),
        (QuotaState.OPEN, ENDS, BUDGET, (Stop.DRAIN, Why.ENDED)),
        (QuotaState.OPEN, NOW, 0, (Stop.DRAIN, Why.SPENT)),
        (QuotaState.OPEN, NOW, -1, (Stop.DRAIN, Why.SPENT)),
        (QuotaState.OPEN, NOW, 16 * 60, (Stop.HOLD, Why.NEARLY_SPENT)),
        (QuotaState.OPEN, NOW, 16 * 60 + 1, (Stop.NONE, Why.OPEN)),
    ],
)
def test_a_queue_stops_by_budget_term_and_decision(
    state: QuotaState, now: str, left: int, wanted: tuple[Stop, Why]
) -> None:
    """Held one look before the budget can be spent, drained when it is, open with a new one."""
    assert wanted == stop(replace(quota(), state=state), left, 16, now, RULE)


def test_running_work_is_let_run_out_where_the_operator_says_so() -> None:
    """With `ends_running: false` nothing that runs is evicted, whatever closes the quota."""
    gentle = replace(RULE, ends_running=False)
    for left, now, state in ((0, NOW, QuotaState.OPEN), (1, ENDS, QuotaState.OPEN)):
        assert Stop.HOLD is stop(replace(quota(), state=state), left, 16, now, gentle)[0]
    assert Stop.HOLD is stop(replace(quota(), state=QuotaState.SUSPENDED), 1, 1, NOW, gentle)[0]


def test_the_schemas_find_what_is_wrong(schemas: Schemas) -> None:
    """A misspelt field, a word of v1beta1, a bad value and a broken CEL rule are all found."""
    queue = next(t for t in maker().own(quota()) if t["kind"] == "ClusterQueue")
    for change in ({"borowing": 1}, {"cohort": "x"}, {"stopPolicy": "Pause"}):
        assert schemas.faults({**queue, "spec": {**queue["spec"], **change}}, None)
    alone = {k: v for k, v in queue["spec"].items() if k != "cohortName"}
    assert schemas.faults({**queue, "spec": alone}, None)
