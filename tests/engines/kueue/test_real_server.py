"""The same promises on a real Kubernetes API server, where somebody has built one.

The engine comes in as the ServiceAccount of `rights.yaml`, with those rights and no more. What is
played here is Kueue: nothing admits, lends or evicts.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from headgate.core.enforcement.clusters.kueue import KueueCluster
from headgate.engines.drive import Enforced, enforce
from headgate.engines.kueue.admission import Ground
from headgate.engines.kueue.door import PLURALS
from headgate.engines.kueue.engine import Kueue
from headgate.engines.kueue.files import rights
from headgate.engines.kueue.manifests import Manifest, key, version_of
from tests.engines.kueue import test_admission as checks
from tests.engines.kueue import test_kueue as same
from tests.engines.kueue.conftest import NOW, Lab, cluster, quota
from tests.engines.kueue.korea import korean
from tests.servers.kube_apiserver import ApiServer, Unavailable, define, private_api_server
from tests.servers.kubernetes import Title

ROLE = "edit"
pytestmark = pytest.mark.filterwarnings("ignore:Kubernetes version:UserWarning")


class Live(dict[Title, Manifest]):
    """The objects of the real server as tests look at them; each look asks the server."""

    def __init__(self, server: ApiServer) -> None:
        super().__init__()
        self.server = server

    def look(self) -> None:
        """Read all objects, but for what the server has for itself."""
        super().clear()
        for kind, plural in PLURALS.items():
            whole = place(version_of(kind), (kind, "", ""), plural)
            for item in self.server.ask("GET", whole).json()["items"]:
                thing = {"apiVersion": version_of(kind), "kind": kind, **item}
                if not any(part in str(key(thing)) for part in ("kube-", "default", "system:")):
                    super().__setitem__(key(thing), thing)

    def __getitem__(self, title: Title) -> Manifest:
        self.look()
        return super().__getitem__(title)

    def __contains__(self, title: object) -> bool:
        self.look()
        return super().__contains__(title)

    def __iter__(self) -> Iterator[Title]:
        self.look()
        return iter(list(super().keys()))

    def __delitem__(self, title: Title) -> None:
        self.server.ask("DELETE", path(title))
        if title[0] == "Namespace":
            thing = self.server.ask("GET", path(title)).json()
            self.server.ask("PUT", f"{path(title)}/finalize", {**thing, "spec": {}})


def place(version: str, title: Title, plural: str) -> str:
    """Where the server has the objects of a kind, in the namespace of one of them."""
    group = "apis" if "/" in version else "api"
    within = f"/namespaces/{title[1]}" if title[1] else ""
    return f"/{group}/{version}{within}/{plural}"


def path(title: Title) -> str:
    """Where the server has an object."""
    kind, _, name = title
    return f"{place(version_of(kind), title, PLURALS[kind])}/{name}"


class Store:
    """The hands of others on the real server, as the stand-in has them."""

    def __init__(self, server: ApiServer) -> None:
        self.server = server
        self.things = Live(server)
        self.owned: dict[Title, object] = {}

    def write(self, thing: Manifest, manager: str) -> Manifest:
        """Create or replace an object, and its status, as another field manager."""
        title, here = key(thing), path(key(thing))
        if title in self.things:
            answer = self.server.ask("PUT", here, thing, fieldManager=manager)
        else:
            metadata = {k: v for k, v in thing["metadata"].items() if k != "resourceVersion"}
            made = {**thing, "metadata": metadata}
            answer = self.server.ask("POST", here.rpartition("/")[0], made, fieldManager=manager)
        assert answer.is_success, answer.text
        if "status" in thing:
            told = {**answer.json(), "status": thing["status"]}
            answer = self.server.ask("PUT", f"{here}/status", told, fieldManager=manager)
            assert answer.is_success, answer.text
        return {"kind": thing["kind"], **answer.json()}


class RealLab(Lab):
    """The real server, and an engine on it that has the token of its ServiceAccount."""

    def __init__(self, server: ApiServer, token: str, folder: Path) -> None:
        super().__init__(server.address, Store(server), folder)  # type: ignore[arg-type]
        self.server, self.token = server, token

    def settings(self, **more: object) -> KueueCluster:
        """The cluster's section, reaching the real server."""
        config = self.folder / "kubeconfig"
        config.write_text(self.server.kubeconfig(self.token))
        looks = str(self.folder / "looks.json")
        return cluster(kubeconfig=str(config), looks=looks, timeout_seconds=30, **more)


@pytest.fixture(scope="module")
def server(shared_data: Path) -> Iterator[ApiServer]:
    """A server with Kueue's definitions and Headgate's own rights in it, for all tests here."""
    folder = shared_data / "data" / "kueue-crds"
    if not folder.is_dir():
        pytest.skip(f"no CRDs of Kueue at {folder}")
    try:
        with private_api_server() as running:
            define(running, folder)
            for thing in rights(ROLE):
                plural = f"{thing['kind'].lower()}s"
                answer = running.ask("POST", place(thing["apiVersion"], key(thing), plural), thing)
                assert answer.is_success, answer.text
            yield running
    except Unavailable as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="module")
def token(server: ApiServer) -> str:
    """What the ServiceAccount of `rights.yaml` shows."""
    asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    address = "/api/v1/namespaces/headgate/serviceaccounts/headgate/token"
    given: str = server.ask("POST", address, asked).json()["status"]["token"]
    return given


@pytest.fixture
def lab(server: ApiServer, token: str, tmp_path: Path) -> Lab:
    """The real server with nothing of earlier tests in it."""
    made = RealLab(server, token, tmp_path)
    for title in made.store.things:
        if title != ("Namespace", "", "headgate"):
            del made.store.things[title]
    return made


SAME: tuple[Callable[[Lab], None], ...] = (
    same.test_a_change_of_limit_budget_and_state_reaches_the_queue,
    same.test_a_spent_budget_closes_the_queue_and_a_new_one_opens_it,
    same.test_a_hand_edit_is_shown_with_its_owner_and_taken_back,
    same.test_what_others_add_to_our_objects_stays_theirs,
    same.test_a_part_taken_away_is_put_back,
    same.test_what_carries_no_mark_of_ours_is_never_touched,
    same.test_a_holder_that_the_policy_no_longer_has_loses_its_cohort,
    same.test_two_programmes_share_a_cluster_and_never_meet,
    same.test_quantities_are_numbers_however_they_are_written,
    checks.test_members_have_their_role_in_the_namespace_until_the_last_quota_goes,
)


@pytest.mark.parametrize("promised", SAME, ids=lambda one: one.__name__[5:])
def test_what_the_stand_in_is_promised_the_real_one_keeps(
    promised: Callable[[Lab], None], lab: Lab
) -> None:
    """The test of the stand-in, word for word: so the stand-in does not flatter."""
    promised(lab)


def test_a_second_plan_of_unchanged_orders_writes_nothing(lab: Lab) -> None:
    """Whatever the server adds of its own, no object gets another version."""
    assert Enforced.CONVERGED is same.driven(lab.engine(), *same.HELD).outcome
    before = versions(lab)
    assert Enforced.NOTHING_TO_DO is same.driven(lab.engine(), *same.HELD).outcome
    assert before == versions(lab)
    assert () == lab.engine().drift(same.HELD)


def test_korea_s_awards_are_taken_site_by_site_and_taken_back(lab: Lab) -> None:
    """Every award of the programme is a queue there, and none when its orders are gone."""
    for section, ordered in korean(kubeconfig=lab.settings().kubeconfig).values():
        there = section.model_copy(update={"looks": str(lab.folder / f"{section.site}.json")})
        engine = Kueue(there, {}, lambda: NOW)
        assert Enforced.CONVERGED is enforce(engine, ordered, lambda _: True).outcome
        awards = {(one.quota.award, one.quota.support_class) for one in ordered}
        assert awards == {(one.award, one.support_class) for one in engine.observe()}
        second = enforce(Kueue(there, {}, lambda: NOW), ordered, lambda _: True)
        assert Enforced.NOTHING_TO_DO is second.outcome
        driven = enforce(engine, [], lambda _: True, mass_removal=True)
        assert Enforced.CONVERGED is driven.outcome


def versions(lab: Lab) -> Mapping[Title, str]:
    """The version of each object."""
    things = lab.store.things
    return {title: things[title]["metadata"]["resourceVersion"] for title in things}


def asking(lab: Lab, check: str, queue: str) -> Manifest:
    """A Workload that the real server takes, for which quota is reserved and our check pends.

    All messages say something, as an empty text is taken for none there.
    """
    thing: dict[str, Any] = checks.asking(queue=queue)
    thing["status"]["conditions"][0]["message"] = "reserved"
    container = {"name": "c", "image": "none", "resources": {"requests": {"nvidia.com/gpu": "8"}}}
    pods = {"name": "main", "count": 1, "template": {"spec": {"containers": [container]}}}
    thing["spec"]["podSets"] = [pods]
    thing["status"]["admissionChecks"] = [
        {**checks.checked("Pending"), "name": check, "message": "asked"}
    ]
    thing["status"]["admission"]["podSetAssignments"][0]["count"] = 1
    lab.store.write({"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": "n"}}, "team")
    return thing


def test_a_workload_is_answered_metered_and_its_end_is_told(lab: Lab) -> None:
    """The answer stands in its status beside Kueue's own; the watch wakes; the use comes back."""
    engine = lab.engine(budget_check=True)
    assert Enforced.CONVERGED is same.driven(engine, quota()).outcome
    queue, check = engine._maker().queue_name("a-1", "h200"), engine._maker().check
    engine.admit([quota()], checks.NOTHING)
    assert not engine.stirred(0.5)
    thing = asking(lab, check, queue)
    lab.store.write(thing, "kueue")
    assert engine.stirred(10)
    (answer,) = lab.engine(budget_check=True).admit([quota()], checks.NOTHING)
    assert Ground.FITS is answer.ground
    title = "Workload", "n", "job"
    held = lab.store.things[title]
    (told,) = held["status"]["admissionChecks"]
    assert ("Ready", answer.message) == (told["state"], told["message"])
    assert ["QuotaReserved"] == [one["type"] for one in held["status"]["conditions"]]
    (active,) = lab.store.things["AdmissionCheck", "", check]["status"]["conditions"]
    assert ("Active", "True") == (active["type"], active["status"])
    before = versions(lab)
    assert () == lab.engine(budget_check=True).admit([quota()], checks.NOTHING)
    assert before == versions(lab)
    admitted = {**held["status"]["conditions"][0], "type": "Admitted"}
    held["status"]["conditions"].append(admitted)
    lab.store.write(held, "kueue")
    window = NOW, "2026-11-01T01:00:00Z"
    (running,) = lab.engine(now="2026-11-01T00:10:00Z").usage(*window)
    assert ("a-1", 8, None) == (running.award, running.gpus, running.ended)
    del lab.store.things[title]
    (ended,) = lab.engine(now="2026-11-01T00:20:00Z").usage(*window)
    assert ("2026-11-01T00:10:00Z", running.attempt) == (ended.ended, ended.attempt)
