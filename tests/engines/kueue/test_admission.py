"""The budget check on Kueue: a budget is not passed, and who waits is told why."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.enforcement.balance import Balance
from headgate.core.enforcement.engine import EngineDown, QuotaState
from headgate.core.quantities import instant_of, seconds_of
from headgate.engines.drive import Enforced
from headgate.engines.kueue.admission import Ground, State, answers, hours, told_of, works
from headgate.engines.kueue.attempts import Attempts, Meter
from headgate.engines.kueue.door import Door
from headgate.engines.kueue.drift import What
from headgate.engines.kueue.manifests import MEMBERS, VERSION, Manifest
from tests.engines.kueue.conftest import ENDS, NOW, Lab, maker, quota
from tests.engines.kueue.test_kueue import driven
from tests.servers.crds import Schemas
from tests.servers.kubernetes import Failure

QUOTA = replace(quota(), gpu_seconds_budget=100_000)
METER = Meter("north", {"queue": ("a-1", "h200")}, {"h200": "nvidia.com/gpu"})
NOTHING = Balance({}, {})
BEGIN = seconds_of(NOW)


def asking(
    name: str = "job", gpus: int = 8, most: int | None = 3600, queue: str = "queue"
) -> Manifest:
    """A Workload for which quota is reserved, and whose check is pending."""
    spec: Manifest = {"podSets": []} if most is None else {"maximumExecutionTimeSeconds": most}
    reserved = {"type": "QuotaReserved", "status": "True", "lastTransitionTime": NOW}
    parts = [{"name": "main", "resourceUsage": {"nvidia.com/gpu": str(gpus)}}]
    status = {
        "conditions": [{**reserved, "reason": "R", "message": ""}],
        "admission": {"clusterQueue": queue, "podSetAssignments": parts},
        "admissionChecks": [checked("Pending")],
    }
    metadata = {"name": name, "namespace": "n", "uid": f"uid-{name}", "resourceVersion": "1"}
    head = {"apiVersion": VERSION, "kind": "Workload", "metadata": metadata}
    return {**head, "spec": spec, "status": status}


def checked(state: str) -> Manifest:
    """Our check in a Workload's status, as Kueue puts it there."""
    return {"name": "ours", "state": state, "message": "", "lastTransitionTime": NOW}


def grounds(
    *things: Manifest, now: str = NOW, balance: Balance = NOTHING, **more: Any
) -> list[Ground]:
    """What is said of some Workloads of one award."""
    held = works(things, METER, "ours")
    return [one.ground for one in answers(held, [replace(QUOTA, **more)], (), balance, now)]


def test_work_begins_only_if_the_most_it_can_use_fits_beside_what_may_begin_already() -> None:
    """8 GPUs for an hour are 28,800 of 100,000 GPU-seconds: three fit, a fourth waits."""
    fits, later = Ground.FITS, Ground.NO_ROOM
    assert [fits, fits, fits, later] == grounds(*(asking(f"job-{n}") for n in range(4)))
    assert [fits, later] == grounds(
        *map(asking, "ab"), balance=Balance({("a-1", "h200"): 50_000}, {})
    )
    assert [fits, later, fits] == grounds(asking("a"), asking("b", gpus=26), asking("c", gpus=1))


def test_each_reason_to_wait_or_never_to_begin_has_its_answer() -> None:
    """Without a longest time never; above the whole budget never; in a closed award not now."""
    assert [Ground.NO_LIMIT] == grounds(asking(most=None))
    assert [Ground.TOO_LARGE] == grounds(asking(most=50_000))
    assert [Ground.CLOSED] == grounds(asking(), state=QuotaState.SUSPENDED)
    assert [Ground.CLOSED] == grounds(asking(), starts=ENDS)
    assert [Ground.CLOSED] == grounds(asking(), now=ENDS)
    assert [Ground.FITS] == grounds(asking(gpus=0, most=None), state=QuotaState.SUSPENDED)
    held = works([asking()], METER, "ours")
    assert [Ground.CLOSED] == [one.ground for one in answers(held, [], (), NOTHING, NOW)]
    states = {State.READY, State.RETRY, State.REJECTED}
    assert states == {ground.state for ground in Ground}


def test_work_that_was_refused_already_keeps_nobody_else_waiting() -> None:
    """Until Kueue has sent it back it still holds GPUs, and it will use none of the budget."""
    for state in (State.RETRY, State.REJECTED):
        told = asking("a", gpus=26)
        told["status"]["admissionChecks"] = [checked(state.value)]
        assert [Ground.FITS] == grounds(told, asking("b"))
        told["status"]["conditions"].append({**_condition("Admitted", BEGIN)})
        assert [Ground.NO_ROOM] == grounds(told, asking("b")), "what runs is counted"
    unasked = asking("a", gpus=26)
    unasked["status"]["admissionChecks"] = []
    assert [Ground.NO_ROOM] == grounds(unasked, asking("b")), "it begins without our word"


def test_two_that_answer_at_once_pass_no_budget(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another let `late` begin between our look and our word: so we do not let `early` begin."""
    driven(lab.engine(budget_check=True), quota())
    lab.store.schemas = None
    maker = lab.engine(budget_check=True)._maker()
    for name in ("early", "late"):
        thing = asking(name, gpus=20, queue=maker.queue_name("a-1", "h200"))
        thing["status"]["admissionChecks"] = [{**checked("Pending"), "name": maker.check}]
        here = {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": "n"}}
        lab.store.write(here, "team")
        lab.store.write(thing, "kueue")
    only = replace(QUOTA, gpu_seconds_budget=100_000)
    listed = Door.listed

    async def overtaken(door: Door, kind: str) -> list[Manifest]:
        found = await listed(door, kind)
        if kind == "Workload":
            told = {**checked("Ready"), "name": maker.check}
            other = copy.deepcopy(lab.store.things["Workload", "n", "late"])
            lab.store.tell(
                ("Workload", "n", "late"), {**other, "status": {"admissionChecks": [told]}}
            )
        return found

    with monkeypatch.context() as patch:
        patch.setattr(Door, "listed", overtaken)
        engine = lab.engine(budget_check=True)
        assert () == engine.admit([only], NOTHING)
        assert [("Workload", "n", "late")] == [one.thing for one in engine.complaints]
    (answer,) = lab.engine(budget_check=True).admit([only], NOTHING)
    assert (("n", "early"), Ground.NO_ROOM) == (answer.work.key, answer.ground)


def test_what_cannot_run_beyond_the_end_of_the_award_needs_no_more_than_that() -> None:
    """In the award's last 100 seconds 8 GPUs can use 800 GPU-seconds, whatever is asked for."""
    late = instant_of(seconds_of(ENDS) - 100)
    held = works([asking(most=10_000)], METER, "ours")
    (answer,) = answers(held, [QUOTA], (), NOTHING, late)
    assert (Ground.FITS, 800) == (answer.ground, answer.needs)
    assert "needs up to 0.3 GPU-hours, 27.8 are left" in answer.message
    assert ["0.0", "0.1", "1,000.0"] == [hours(one) for one in (0, 1, 3_600_000)]


def test_an_answer_is_what_the_schema_of_a_workload_takes(schemas: Schemas) -> None:
    """Of the status exactly our check, and only of the Workload as it was seen."""
    held = works([asking("a"), asking("b", gpus=30)], METER, "ours")
    for answer in answers(held, [QUOTA], (), NOTHING, NOW):
        told = told_of(answer, "ours", 60, NOW)
        assert [] == list(schemas.validators["Workload"].iter_errors({**told, "metadata": {}}))
        (check,) = told["status"]["admissionChecks"]
        assert (State.RETRY.value == check["state"]) == ("requeueAfterSeconds" in check)


@dataclass
class Toy:
    """As much of Kueue as a budget depends on, second by second; a test double, no more.

    It reserves while GPUs are free, begins what is Ready, sends back what shall retry, ends work
    after its longest time, and evicts now and then as reclaim does.
    """

    gpus: int
    waiting: list[Manifest]
    held: list[Manifest] = field(default_factory=list)
    done: list[Manifest] = field(default_factory=list)
    used: int = 0

    def step(self, now: int, evict: bool) -> None:
        """One second of the cluster."""
        for thing in list(self.held):
            status = thing["status"]
            begun = _since(thing, "Admitted")
            if begun is not None:
                self.used += _gpus(thing)
                past = status.get("accumulatedPastExecutionTimeSeconds", 0)
                if past + now + 1 - begun >= thing["spec"]["maximumExecutionTimeSeconds"]:
                    self._end(thing, "Finished", now + 1, self.done)
                elif evict:
                    status["accumulatedPastExecutionTimeSeconds"] = past + now + 1 - begun
                    self._end(thing, "Evicted", now + 1, self.waiting)
            elif status["admissionChecks"][0]["state"] == "Ready":
                status["conditions"].append(_condition("Admitted", now + 1))
            elif status["admissionChecks"][0]["state"] != "Pending":
                self._end(thing, "Evicted", now + 1, self.waiting)
        free = self.gpus - sum(map(_gpus, self.held))
        for thing in list(self.waiting):
            if (
                _gpus(thing) <= free
                and thing["status"]["admissionChecks"][0]["state"] != "Rejected"
            ):
                free -= _gpus(thing)
                self.waiting.remove(thing)
                self.held.append(thing)
                thing["status"]["conditions"] = [_condition("QuotaReserved", now + 1)]
                thing["status"]["admissionChecks"][0]["state"] = "Pending"

    def _end(self, thing: Manifest, kind: str, now: int, to: list[Manifest]) -> None:
        self.held.remove(thing)
        to.append(thing)
        kept = [one for one in thing["status"]["conditions"] if kind == "Finished"]
        thing["status"]["conditions"] = [*kept, _condition(kind, now)]

    def things(self) -> Iterator[Manifest]:
        """What a list of Workloads shows."""
        yield from (*self.waiting, *self.held, *self.done)


def _condition(kind: str, when: int) -> Manifest:
    return {"type": kind, "status": "True", "lastTransitionTime": instant_of(when)}


def _since(thing: Manifest, kind: str) -> int | None:
    found = [one for one in thing["status"]["conditions"] if one["type"] == kind]
    return seconds_of(found[0]["lastTransitionTime"]) if found else None


def _gpus(thing: Manifest) -> int:
    (part,) = thing["status"]["admission"]["podSetAssignments"]
    return int(part["resourceUsage"]["nvidia.com/gpu"])


@given(
    st.lists(st.tuples(st.integers(1, 8), st.integers(1, 60)), max_size=8),
    st.integers(1, 600),
    st.integers(1, 7),
    st.sets(st.integers(0, 200), max_size=6),
    st.integers(5, 50),
)
def test_no_history_of_work_passes_the_budget(
    asked: list[tuple[int, int]], budget: int, every: int, evictions: set[int], ledger_every: int
) -> None:
    """However late the check and the ledger look, and whatever is evicted: use <= budget.

    Runs that begin and are evicted between two looks are seen by nobody, and shorter than one.
    """
    waiting = [asking(f"job-{n}", *one) for n, one in enumerate(asked)]
    for thing in waiting:
        thing["status"]["conditions"] = []
    toy = Toy(12, waiting)
    held = replace(QUOTA, gpu_seconds_budget=budget)
    known: Attempts = {}
    balance = NOTHING
    for second in range(200):
        now = BEGIN + second
        if second % every == 0:
            known = METER.look(known, toy.things(), instant_of(now))
            found = works(toy.things(), METER, "ours")
            by_key = {(t["metadata"]["namespace"], t["metadata"]["name"]): t for t in toy.held}
            for answer in answers(
                found, [held], [k.usage for k in known.values()], balance, instant_of(now)
            ):
                told = told_of(answer, "ours", 60, instant_of(now))
                thing = by_key[answer.work.key]
                thing["status"]["admissionChecks"] = told["status"]["admissionChecks"]
        if second % ledger_every == 0:
            booked = {
                key: (seconds_of(one.usage.ended or one.usage.seen) - key[1]) * one.usage.gpus
                for key, one in known.items()
            }
            balance = Balance({("a-1", "h200"): sum(booked.values())}, booked)
        toy.step(now, second in evictions)
    known = METER.look(known, toy.things(), instant_of(BEGIN + 200))
    seen = sum(
        (seconds_of(one.usage.ended or one.usage.seen) - key[1]) * one.usage.gpus
        for key, one in known.items()
    )
    assert seen <= budget
    assert toy.used - seen <= len(evictions) * every * toy.gpus, "only what no look saw is missing"
    if asked and all(gpus * most * 9 <= budget for gpus, most in asked) and len(asked) <= 2:
        assert toy.used > 0


def test_the_engine_answers_on_the_cluster_and_says_that_it_answers(lab: Lab) -> None:
    """Queues carry the check, the check turns active, and the Workload's status has the answer."""
    engine = lab.engine(budget_check=True)
    assert Enforced.CONVERGED is driven(engine, quota()).outcome
    assert Enforced.NOTHING_TO_DO is driven(lab.engine(budget_check=True), quota()).outcome
    asked = lab.store.schemas
    lab.store.schemas = None
    check, queue = engine._maker().check, engine._maker().queue_name("a-1", "h200")
    thing = asking(queue=queue)
    thing["status"]["admissionChecks"] = [{**checked("Pending"), "name": check}]
    lab.store.write({"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": "n"}}, "team")
    lab.store.write(thing, "kueue")
    (answer,) = lab.engine(budget_check=True).admit([quota()], NOTHING)
    assert Ground.FITS is answer.ground
    (told,) = lab.store.things["Workload", "n", "job"]["status"]["admissionChecks"]
    assert ("Ready", answer.message) == (told["state"], told["message"])
    (active,) = lab.store.things["AdmissionCheck", "", check]["status"]["conditions"]
    assert ("Active", "True") == (active["type"], active["status"])
    lab.store.requests.clear()
    assert () == lab.engine(budget_check=True).admit([quota()], NOTHING)
    assert [] == [one for one in lab.store.requests if one.startswith("PATCH")]
    lab.store.schemas = asked


def test_a_workload_that_went_away_is_a_complaint_and_not_an_outage(lab: Lab) -> None:
    """What Kueue changes between look and answer, or makes anew, is not answered as it was."""
    engine = lab.engine(budget_check=True)
    driven(engine, quota())
    lab.store.schemas = None
    maker_ = engine._maker()
    thing = asking(queue=maker_.queue_name("a-1", "h200"))
    thing["status"]["admissionChecks"] = [{**checked("Pending"), "name": maker_.check}]
    lab.store.write({"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": "n"}}, "team")
    lab.store.write(thing, "kueue")
    tell = lab.store.tell

    def late(title: tuple[str, str, str], sent: Manifest) -> Manifest:
        lab.store.things["Workload", "n", "job"]["metadata"]["resourceVersion"] = "another"
        return tell(title, sent)

    lab.store.tell = late  # type: ignore[method-assign]
    assert () == engine.admit([quota()], NOTHING)
    assert [("Workload", "n", "job")] == [one.thing for one in engine.complaints]
    assert (
        "Pending"
        == lab.store.things["Workload", "n", "job"]["status"]["admissionChecks"][0]["state"]
    )


def test_a_change_is_noticed_at_once_and_an_old_version_means_look_again(lab: Lab) -> None:
    """Watched from the last look on; forgotten by the server is news, forbidden is an outage."""
    engine = lab.engine(budget_check=True)
    with pytest.raises(EngineDown):
        engine.stirred(0.1)
    driven(engine, quota())
    lab.store.schemas = None
    engine.admit([quota()], NOTHING)
    assert not engine.stirred(0.2)
    thing = asking(queue=engine._maker().queue_name("a-1", "h200"))
    lab.store.write({"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": "n"}}, "team")
    assert not engine.stirred(0.2), "another kind's news is none"
    lab.store.write(thing, "kueue")
    assert engine.stirred(5)
    engine.admit([quota()], NOTHING)
    lab.store.forgotten = lab.store.count + 1
    assert engine.stirred(5)
    lab.store.forgotten = 0
    lab.store.failures.append(Failure("WATCH", 403))
    with pytest.raises(EngineDown):
        engine.stirred(10)


def test_a_check_taken_away_is_taken_off_the_queues(lab: Lab) -> None:
    """Without `budget_check` an apply gives the field up, deletes the check, leaves others'."""
    driven(lab.engine(budget_check=True), quota())
    title = "ClusterQueue", "", lab.engine()._maker().queue_name("a-1", "h200")
    queue = lab.store.things[title]
    strategy = queue["spec"]["admissionChecksStrategy"]["admissionChecks"]
    queue["spec"]["admissionChecksStrategy"]["admissionChecks"] = [*strategy, {"name": "theirs"}]
    assert Enforced.NOTHING_TO_DO is driven(lab.engine(budget_check=True), quota()).outcome
    (drift,) = {d for d in lab.engine().drift([quota()]) if d.thing == title}
    assert (What.CHANGED, "spec.admissionChecksStrategy") == (drift.what, drift.field)
    assert Enforced.CONVERGED is driven(lab.engine(), quota()).outcome
    left = lab.store.things[title]["spec"]["admissionChecksStrategy"]["admissionChecks"]
    assert [{"name": "theirs"}] == left
    assert [] == [one for one in lab.store.things if one[0] == "AdmissionCheck"]


def test_members_have_their_role_in_the_namespace_until_the_last_quota_goes(lab: Lab) -> None:
    """A login that leaves loses it with the next apply, all of them with the award."""
    here: dict[str, Any] = {"member_role": "edit"}
    both = [replace(quota("a-1", 4, chip), logins=("an", "binh")) for chip in ("h200", "npu_x")]
    assert Enforced.CONVERGED is driven(lab.engine(**here), *both).outcome
    title = "RoleBinding", lab.engine()._maker().namespace("a-1"), MEMBERS
    assert ["an", "binh"] == [one["name"] for one in lab.store.things[title]["subjects"]]
    fewer = [replace(one, logins=("an",)) for one in both]
    assert Enforced.CONVERGED is driven(lab.engine(**here), *fewer).outcome
    assert ["an"] == [one["name"] for one in lab.store.things[title]["subjects"]]
    driven(lab.engine(**here), fewer[0])
    assert title in lab.store.things
    driven(lab.engine(**here))
    assert title not in lab.store.things


@pytest.mark.parametrize("checked", [True, False])
def test_a_checked_queue_is_not_held_before_its_budget_is_spent(checked: bool) -> None:
    """Small work may still begin while it fits; without a check nothing new may."""
    queue = next(
        one
        for one in maker(used=10**9 - 100, budget_check=checked).manifests([quota()])
        if one["kind"] == "ClusterQueue"
    )
    assert ("None" if checked else "Hold") == queue["spec"]["stopPolicy"]
