"""Kueue as an engine, against a stand-in API server: it converges through whatever happens."""

import copy
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headgate.core.enforcement.engine import Action, EngineDown, Quota, QuotaState
from headgate.engines.drive import Enforced, Receipt, enforce
from headgate.engines.kueue.drift import What, quantity
from headgate.engines.kueue.engine import Kueue
from headgate.engines.kueue.manifests import MEMBERS, Manifest
from tests.engines.kueue.conftest import BUDGET, ENDS, Lab, envelope, orders, quota
from tests.servers.kubernetes import Failure, Store

HELD = [envelope(), quota("a-1", 16), quota("a-2", 8), quota("a-3", None)]


def driven(engine: Kueue, *quotas: Quota) -> Receipt:
    """Enforce with any removal allowed."""
    return enforce(engine, orders(*quotas), lambda _: True, mass_removal=True)


def queue(lab: Lab, award: str) -> Manifest:
    """The ClusterQueue of an award's h200."""
    title = "ClusterQueue", "", lab.engine()._maker().queue_name(award, "h200")
    return lab.store.things[title]


def by_hand(lab: Lab, thing: Manifest, **spec: object) -> None:
    """Somebody edits an object with kubectl."""
    lab.store.write({**copy.deepcopy(thing), "spec": {**thing["spec"], **spec}}, "kubectl-edit")


def test_orders_are_applied_read_back_and_then_there_is_nothing_to_do(lab: Lab) -> None:
    """The first drive converges in one go, the second writes nothing."""
    assert Enforced.CONVERGED is driven(lab.engine(), *HELD).outcome
    assert tuple(sorted(HELD, key=lambda q: q.award)) == lab.engine().observe()
    lab.store.requests.clear()
    assert Enforced.NOTHING_TO_DO is driven(lab.engine(), *HELD).outcome
    assert () == lab.engine().drift(HELD)
    assert all(request.startswith("GET") for request in lab.store.requests)


def test_a_change_of_limit_budget_and_state_reaches_the_queue(lab: Lab) -> None:
    """A new term's order opens what the old one closed; the queue is the same one."""
    driven(lab.engine(), quota())
    driven(lab.engine(), replace(quota(), state=QuotaState.SUSPENDED))
    assert "HoldAndDrain" == queue(lab, "a-1")["spec"]["stopPolicy"]
    larger = replace(quota(), gpus_most=24, gpu_seconds_budget=5 * BUDGET)
    assert Enforced.CONVERGED is driven(lab.engine(), larger).outcome
    assert "None" == queue(lab, "a-1")["spec"]["stopPolicy"]
    assert (larger,) == lab.engine().observe()


def test_a_spent_budget_closes_the_queue_and_a_new_one_opens_it(lab: Lab) -> None:
    """The ledger's word stops the queue with the same orders; Kueue itself counts nothing."""
    driven(lab.engine(), quota())
    spent = lab.engine(used=BUDGET)
    assert QuotaState.PARTIAL is spent.observe()[0].state
    assert Enforced.CONVERGED is driven(spent, quota()).outcome
    assert "HoldAndDrain" == queue(lab, "a-1")["spec"]["stopPolicy"]
    more = replace(quota(), gpu_seconds_budget=2 * BUDGET)
    assert Enforced.CONVERGED is driven(lab.engine(used=BUDGET), more).outcome
    assert "None" == queue(lab, "a-1")["spec"]["stopPolicy"]
    assert Enforced.CONVERGED is driven(lab.engine(now=ENDS), quota()).outcome
    assert "HoldAndDrain" == queue(lab, "a-1")["spec"]["stopPolicy"]


def test_a_hand_edit_is_shown_with_its_owner_and_taken_back(lab: Lab) -> None:
    """Drift names the field and who set it; the next apply takes back that field and says so."""
    driven(lab.engine(), *HELD)
    by_hand(lab, queue(lab, "a-1"), stopPolicy="Hold", queueingStrategy="StrictFIFO")
    found = [d for d in lab.engine().drift(HELD) if d.what is What.CHANGED]
    assert ["spec.queueingStrategy", "spec.stopPolicy"] == [d.field for d in found]
    assert {("kubectl-edit",)} == {d.owners for d in found}
    assert "StrictFIFO -> BestEffortFIFO (set by 'kubectl-edit')" in str(found[0])
    engine = lab.engine()
    receipt = driven(engine, *HELD)
    assert [("a-1", Action.CHANGE)] == [(c.award, c.action) for c in receipt.changes]
    assert Enforced.CONVERGED is receipt.outcome
    assert Enforced.NOTHING_TO_DO is driven(lab.engine(), *HELD).outcome


def test_what_others_add_to_our_objects_stays_theirs(lab: Lab) -> None:
    """A field that Headgate never writes is nobody's drift, and survives every apply."""
    driven(lab.engine(), quota())
    by_hand(lab, queue(lab, "a-1"), fairSharing={"weight": "3"})
    assert Enforced.NOTHING_TO_DO is driven(lab.engine(), quota()).outcome
    driven(lab.engine(), replace(quota(), gpus_most=8))
    assert {"weight": "3"} == queue(lab, "a-1")["spec"]["fairSharing"]


def test_a_part_taken_away_is_put_back(lab: Lab) -> None:
    """A missing way in, flavor or Cohort makes the quotas under it partial, and one apply heals."""
    driven(lab.engine(), *HELD)
    for kind in ("LocalQueue", "ResourceFlavor", "Cohort", "Namespace"):
        title = next(title for title in lab.store.things if title[0] == kind)
        del lab.store.things[title]
        lab.store.owned.pop(title, None)
        assert QuotaState.PARTIAL in {q.state for q in lab.engine().observe()}
        assert [What.MISSING] == [d.what for d in lab.engine().drift(HELD)]
        assert Enforced.CONVERGED is driven(lab.engine(), *HELD).outcome


def foreign(store: Store, name: str) -> Manifest:
    """Another team's queue."""
    thing = {"apiVersion": "kueue.x-k8s.io/v1beta2", "kind": "ClusterQueue"}
    return store.write({**thing, "metadata": {"name": name}, "spec": {}}, "team")


def test_what_carries_no_mark_of_ours_is_never_touched(lab: Lab) -> None:
    """Others' objects stay byte for byte, even one that sits on a name of ours; it is reported."""
    name = lab.engine()._maker().queue_name("a-1", "h200")
    before = copy.deepcopy([foreign(lab.store, "theirs"), foreign(lab.store, name)])
    engine = lab.engine()
    assert Enforced.DRIFTING is driven(engine, quota(), quota("a-2")).outcome
    assert {What.NOT_OURS.value} == {c.reason for c in engine.complaints}
    assert any(What.NOT_OURS.value in line for line in engine.remarks([quota(), quota("a-2")]))
    assert ["a-2"] == [q.award for q in lab.engine().observe()]
    driven(lab.engine())
    after = [lab.store.things["ClusterQueue", "", one] for one in ("theirs", name)]
    assert before == after


def test_removal_stops_takes_the_way_in_away_and_leaves_the_namespace(lab: Lab) -> None:
    """Kueue may hold a queue until its work has ended: it is drained, and counts as gone."""
    driven(lab.engine(), *HELD)
    held = queue(lab, "a-1")
    held["metadata"]["finalizers"] = ["kueue.x-k8s.io/resource-in-use"]
    left = [one for one in HELD if one.award != "a-1"]
    assert Enforced.CONVERGED is driven(lab.engine(), *left).outcome
    assert "HoldAndDrain" == queue(lab, "a-1")["spec"]["stopPolicy"]
    assert "deletionTimestamp" in queue(lab, "a-1")["metadata"]
    maker = lab.engine()._maker()
    spaces = {title[2] for title in lab.store.things if title[0] == "Namespace"}
    assert maker.namespace("a-1") in spaces
    assert ("LocalQueue", maker.namespace("a-1"), "h200") not in lab.store.things


def test_a_holder_that_the_policy_no_longer_has_loses_its_cohort(lab: Lab) -> None:
    """Shared objects of ours go with the last quota that needs them, and no others."""
    driven(lab.engine(), envelope(), envelope(10, 20, "business"))
    assert Enforced.CONVERGED is driven(lab.engine(), envelope()).outcome
    names = {title[2] for title in lab.store.things if title[0] == "Cohort"}
    maker = lab.engine()._maker()
    assert {maker.cohort(""), maker.cohort("national")} == names


ONE_LAB = [HealthCheck.function_scoped_fixture]
FAILING = [500, 503, 401, "hang up", "unacknowledged"]


@settings(max_examples=12, suppress_health_check=ONE_LAB)
@given(st.integers(0, 14), st.sampled_from(FAILING), st.sampled_from(["PATCH", "GET", "DELETE"]))
def test_a_server_that_goes_down_on_the_way_loses_nothing(
    lab: Lab, after: int, how: int | str, method: str
) -> None:
    """Wherever an apply is stopped, the engine says it is down and the next drive converges."""
    lab.store.failures = []
    driven(lab.engine(), quota("a-2", 8))
    lab.store.failures = [Failure(method, how, after, times=4)]
    wanted = [envelope(), quota("a-1", 16), quota("a-3", 4)]
    driven(lab.engine(), *wanted)
    lab.store.failures = []
    assert driven(lab.engine(), *wanted).outcome in (Enforced.CONVERGED, Enforced.NOTHING_TO_DO)
    assert () == lab.engine().drift(wanted)


@settings(max_examples=9, suppress_health_check=ONE_LAB)
@given(st.integers(0, 8))
def test_at_no_moment_more_is_promised_than_there_is(lab: Lab, after: int) -> None:
    """Wherever an apply dies, the nominal quotas that stand never exceed the cluster's GPUs."""
    lab.store.failures = []
    driven(lab.engine(), quota("a-1", 20), quota("a-2", 80))
    wanted = quota("a-1", 50), quota("a-2", 20)
    lab.store.failures = [Failure("PATCH", 500, after)]
    driven(lab.engine(), *wanted)
    assert total(lab) <= 100
    lab.store.failures = []
    driven(lab.engine(), *wanted)
    assert 100 == total(lab)


def total(lab: Lab) -> int:
    """All nominal h200 that stand."""
    return sum(
        int(resource["nominalQuota"])
        for title, thing in lab.store.things.items()
        if title[0] in ("Cohort", "ClusterQueue")
        for group in thing["spec"].get("resourceGroups", ())
        for flavor in group["flavors"]
        if flavor["name"] == lab.engine()._maker().flavor("h200")
        for resource in flavor["resources"]
    )


def test_a_server_that_hangs_or_is_not_there_is_down(lab: Lab) -> None:
    """No answer in time, or nobody at the address, is EngineDown and never a traceback."""
    lab.store.failures = [Failure("GET", "hang", times=1)]
    with pytest.raises(EngineDown):
        lab.engine(timeout_seconds=1).observe()
    lab.address = "http://127.0.0.1:9"
    with pytest.raises(EngineDown):
        lab.engine().observe()
    nowhere = lab.settings().model_copy(update={"kubeconfig": "/nowhere"})
    with pytest.raises(EngineDown):
        Kueue(nowhere, {}, lambda: ENDS).observe()


def test_two_programmes_share_a_cluster_and_never_meet(lab: Lab) -> None:
    """The mark names the programme, so that one's empty orders remove nothing of the other's."""
    driven(lab.engine(), quota())
    other = lab.engine(programme="another")
    driven(other, quota())
    driven(other)
    assert (quota(),) == lab.engine().observe()


def test_quantities_are_numbers_however_they_are_written(lab: Lab) -> None:
    """An API server may write 1000 as 1k: that is no drift."""
    assert quantity("1k") == quantity("1000") == quantity("1000000m")
    assert quantity("1Ki") == 1024
    assert quantity("1e3") == quantity("1E3") == quantity("1000000000u") == 1000
    with pytest.raises(ValueError, match="no quantity"):
        quantity("1 k")
    driven(lab.engine(borrow_percent=0), quota(gpus=64))
    held = queue(lab, "a-1")
    groups = copy.deepcopy(held["spec"]["resourceGroups"])
    groups[0]["flavors"][0]["resources"][0]["nominalQuota"] = "64000m"
    by_hand(lab, held, resourceGroups=groups)
    assert () == lab.engine().drift()
    assert 64 == total_of(groups)


def total_of(groups: list[Manifest]) -> int:
    """The nominal quota of a queue of one flavor."""
    return int(quantity(groups[0]["flavors"][0]["resources"][0]["nominalQuota"]))


def test_the_list_is_read_page_by_page(lab: Lab) -> None:
    """More objects than a page are all seen."""
    for number in range(501):
        foreign(lab.store, f"theirs-{number}")
    assert Enforced.CONVERGED is driven(lab.engine(), quota()).outcome
    assert 2 <= sum("continue=" in request for request in lab.store.requests)


DENIED = 'admission webhook "vclusterqueue.kb.io" denied the request: it is reserved'
GOING = 'localqueues.kueue.x-k8s.io "h200" is forbidden: the namespace is being terminated'
NO_RIGHT = 'clusterqueues.kueue.x-k8s.io "q" is forbidden: User "h" cannot patch resource "c"'


@pytest.mark.parametrize(
    ("at", "code", "why"),
    [
        ("clusterqueues/{queue}", 403, DENIED),
        ("{space}/localqueues", 403, GOING),
        ("{space}/localqueues", 404, "no such namespace"),
        ("namespaces/{space}?", 422, "Invalid value"),
    ],
)
def test_one_object_that_is_denied_holds_nothing_else_up(
    lab: Lab, at: str, code: int, why: str
) -> None:
    """Webhooks, Kueue's own too, and a Namespace that is going refuse one award: others get on."""
    engine, both = lab.engine(), (quota("a-1", 16), quota("a-2", 8))
    maker = engine._maker()
    named = at.format(queue=maker.queue_name("a-1", "h200"), space=maker.namespace("a-1"))
    lab.store.failures = [Failure("PATCH", code, at=named, why=why)]
    assert Enforced.DRIFTING is driven(engine, *both).outcome
    assert [why] == [one.reason for one in engine.complaints]
    states = {one.award: one.state for one in lab.engine().observe()}
    assert QuotaState.OPEN is states["a-2"]
    assert QuotaState.OPEN is not states.get("a-1")
    lab.store.failures = []
    assert Enforced.CONVERGED is driven(lab.engine(), *both).outcome


@pytest.mark.parametrize("code", [403, 409])
def test_what_may_not_be_deleted_is_named_and_the_rest_goes(lab: Lab, code: int) -> None:
    """A queue that a webhook keeps, or another hand has made anew, is told, and taken later."""
    driven(lab.engine(), *HELD)
    engine = lab.engine()
    lab.store.failures = [Failure("DELETE", code, at=engine._maker().queue_name("a-1", "h200"))]
    assert Enforced.DRIFTING is driven(engine).outcome
    assert ["ClusterQueue"] == [one.thing[0] for one in engine.complaints]
    assert ["a-1"] == [one.award for one in lab.engine().observe()]
    lab.store.failures = []
    assert Enforced.CONVERGED is driven(lab.engine()).outcome


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_a_right_that_is_missing_is_an_outage_and_no_complaint_for_each_object(
    lab: Lab, method: str
) -> None:
    """Whoever may not write at all is told so once."""
    driven(lab.engine(), quota("a-1"))
    lab.store.failures = [Failure(method, 403, why=NO_RIGHT.replace("patch", method.lower()))]
    engine = lab.engine()
    receipt = driven(engine, quota("a-2"))
    assert (Enforced.DOWN, ()) == (receipt.outcome, engine.complaints)
    assert "cannot" in receipt.down


def test_nothing_is_put_into_a_namespace_that_others_made(lab: Lab) -> None:
    """Their Namespace on a name of ours stays empty of us, and its award is told to be unheld."""
    engine = lab.engine(member_role="edit")
    title = "Namespace", "", engine._maker().namespace("a-1")
    theirs = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": title[2]}}
    before = copy.deepcopy(lab.store.write(theirs, "team"))
    assert Enforced.DRIFTING is driven(engine, quota("a-1"), quota("a-2")).outcome
    assert [title] == [one.thing for one in engine.complaints]
    assert before == lab.store.things[title]
    assert [] == [one for one in lab.store.things if one[1] == title[2]]


def test_a_way_in_that_cannot_be_changed_is_made_anew(lab: Lab) -> None:
    """Kubernetes lets nobody change whose queue or which role it is: both heal with one apply."""
    driven(lab.engine(member_role="edit"), quota("a-1"), quota("a-2"))
    maker = lab.engine()._maker()
    space = maker.namespace("a-1")
    way = lab.store.things["LocalQueue", space, "h200"]
    lab.store.delete(("LocalQueue", space, "h200"), None)
    by_hand(lab, way, clusterQueue=maker.queue_name("a-2", "h200"))
    assert Enforced.CONVERGED is driven(lab.engine(member_role="view"), *two()).outcome
    assert (
        queue(lab, "a-1")["metadata"]["name"]
        == (lab.store.things["LocalQueue", space, "h200"]["spec"]["clusterQueue"])
    )
    assert "view" == lab.store.things["RoleBinding", space, MEMBERS]["roleRef"]["name"]


def two() -> tuple[Quota, Quota]:
    """Two awards."""
    return quota("a-1"), quota("a-2")


def test_what_is_no_api_server_or_no_kubeconfig_is_an_outage(lab: Lab) -> None:
    """Another program at the address, or a file that was half written, is named; no traceback."""
    for text in (b"", b"[]", b"kind: Config", b"a: ["):
        path = lab.folder / "broken"
        path.write_bytes(text)
        broken = lab.settings().model_copy(update={"kubeconfig": str(path)})
        with pytest.raises(EngineDown, match=r"kubeconfig .*broken"):
            Kueue(broken, {}, lambda: ENDS).observe()
    wrong: list[object] = [{"items": "x", "metadata": {}}, {"items": [{}], "metadata": {}}]
    for one in ({}, [], None, *wrong):
        lab.store.failures = [Failure("GET", "answer", instead=one)]
        with pytest.raises(EngineDown, match="no API server"):
            lab.engine().observe()
    lab.store.failures = [Failure("GET", "answer", instead={"items": None, "metadata": {}})]
    assert () == lab.engine().observe()
