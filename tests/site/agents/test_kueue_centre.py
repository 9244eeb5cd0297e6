"""A centre with Kueue: its agent pulls, applies, tells use, and keeps budgets by what it was told.

The API server is a stand-in of our own making with no Kueue in it, and so labelled.
"""

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from headgate.cli import app
from headgate.core.enforcement.clusters.kueue import KueueCluster
from headgate.core.enforcement.engine import Quota
from headgate.core.enforcement.waiting import Wait
from headgate.core.quantities import seconds_of
from headgate.engines.drive import Enforced
from headgate.engines.kueue.admission import Ground
from headgate.engines.kueue.engine import arrangement_of
from headgate.engines.kueue.manifests import Maker
from headgate.site.actions.agents import allow
from headgate.site.agents.models import Agent, Attempt, Returned
from headgate.site.agents.projects import projects
from headgate.site.agents.reading import report_of
from headgate.site.desk.office import SITE
from headgate.site.verifying import verify_database
from headgate.steps.enforce import metered_of, orders_of
from tests.commands import HEADGATE, environment
from tests.engines.kueue.test_admission import asking
from tests.servers.kubernetes import Store, api_server, kubeconfig
from tests.site.agents.conftest import NOW, Centre, Country, at
from tests.site.agents.test_agents import DAY, HOUR, codes, later, operator, term
from tests.site.agents.test_world import OCTOBER, SEPTEMBER, take


@dataclass
class Yard:
    """The south, which runs Kueue: its agent, its stand-in, and its first award."""

    centre: Centre
    store: Store
    file: Path
    section: KueueCluster
    country: Country

    @property
    def quota(self) -> Quota:
        """What is ordered of the site's first award."""
        return next(order.quota for order in orders_of(term()) if order.cluster == "south")

    @property
    def maker(self) -> Maker:
        """What knows the names of things there."""
        return Maker(self.section, arrangement_of(self.section, {}), NOW)

    def queue(self) -> dict[str, Any]:
        """The award's queue, as the server has it."""
        name = self.maker.queue_name(self.quota.award, self.quota.support_class)
        return self.store.things["ClusterQueue", "", name]

    def work(self, name: str, gpus: int, begun: str, ended: str | None = None) -> None:
        """A Workload that runs, or has ended: what Kueue writes of it."""
        thing = self._asked(name, gpus, 10**6)
        told = [("Admitted", begun), *([("Finished", ended)] if ended else [])]
        thing["status"]["conditions"] += [
            {"type": kind, "status": "True", "lastTransitionTime": when} for kind, when in told
        ]
        thing["status"]["admissionChecks"][0]["state"] = "Ready"
        self.store.write(thing, "kueue")

    def ask(self, name: str, gpus: int, most: int) -> None:
        """A Workload that Kueue asks about."""
        self.store.write(self._asked(name, gpus, most), "kueue")

    def forget(self) -> None:
        """Every Workload is deleted."""
        kept = {title: one for title, one in self.store.things.items() if title[0] != "Workload"}
        self.store.things = kept

    def _asked(self, name: str, gpus: int, most: int) -> dict[str, Any]:
        here = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}}
        self.store.write(here, "team")
        thing = asking(name, gpus, most, self.queue()["metadata"]["name"])
        thing["status"]["admissionChecks"][0]["name"] = self.maker.check
        return thing

    def admit(self, when: str, *more: str, code: int = 0) -> str:
        """What `headgate admit` says beside the cluster, with the agent's folder and no other."""
        (self.centre.folder / "keys").write_text(
            "".join(f"{key.vkey()}\n" for key in self.centre.pinned)
        )
        words = ("--clusters", str(self.file), "--cluster", "yard", "--once", "--at", when)
        keys = more or ("--keys", str(self.centre.folder / "keys"))
        found = CliRunner().invoke(app, ["admit", str(self.centre.folder / "spool"), *words, *keys])
        assert code == found.exit_code, found.output
        return found.output


@pytest.fixture
def yard(country: Country, tmp_path: Path) -> Iterator[Yard]:
    """The south's cluster is a Kueue on a stand-in server."""
    with api_server() as (address, store):
        (tmp_path / "kubeconfig").write_text(kubeconfig(address))
        chips = {"h200": {"gpus": 1000}}
        told = {
            "engine": "kueue", "site": "south", "programme": "small", "chips": chips,
            "kubeconfig": str(tmp_path / "kubeconfig"), "looks": str(tmp_path / "looks.json"),
            "budget_check": True, "member_role": "edit",
        }  # fmt: skip
        file = tmp_path / "clusters.yaml"
        file.write_text(json.dumps({"headgate": 1, "clusters": {"yard": told}}))
        section = KueueCluster.model_validate(told)
        country.south.section = section
        yield Yard(country.south, store, file, section, country)


def test_orders_come_about_and_use_comes_back_and_both_stand_in_the_journal(yard: Yard) -> None:
    """Beside a centre with another engine: pulled, applied, read back, told, metered, derived."""
    for centre in (yard.country.north, yard.centre):
        looked = centre.look(SEPTEMBER)
        assert (Enforced.CONVERGED.value, []) == (looked.outcome, looked.faults)
    assert 2 == Returned.objects.exclude(event="").count()
    quota, begun = yard.quota, later(DAY, SEPTEMBER)
    yard.work("done", 4, begun, later(2 * HOUR, begun))
    again = yard.centre.look(OCTOBER)
    assert (Enforced.NOTHING_TO_DO.value, [], 0) == (again.outcome, again.faults, again.waiting)
    (row,) = Attempt.objects.all()
    assert ("south", quota.award, 4, 2 * HOUR) == (
        *(row.site, row.award, row.gpus),
        row.until - row.begin,
    )
    yard.country.north.look(OCTOBER)
    take()
    assert {quota.award: 8 * HOUR} == {
        award: used for (award, _), used in metered_of(term())["south"][0].items()
    }
    assert () == verify_database(SITE).faults


def test_killed_while_pushing_and_a_week_without_the_portal_lose_and_double_nothing(
    yard: Yard,
) -> None:
    """The same window twice, a parcel whose answer was never heard, a portal away: once each."""
    centre = yard.centre
    centre.look(NOW)
    for number in range(3):
        yard.work(f"job-{number}", 1, later(number * HOUR), later((number + 1) * HOUR))
    centre.dies = True
    for hours in (3, 5):
        with pytest.raises(KeyboardInterrupt):
            centre.look(later(hours * HOUR))
    centre.dies, centre.cut = False, True
    yard.work("running", 2, later(6 * HOUR))
    week = [centre.look(later(day * DAY)) for day in range(1, 8)]
    assert {("portal-down",)} == {tuple(codes(one.faults)) for one in week}
    del yard.store.things["Workload", "n", "running"]
    centre.cut = False
    for days in (8, 8, 9):
        assert (0, []) == ((found := centre.look(later(days * DAY))).waiting, found.faults)
    rows = {row.job: row.until - row.begin for row in Attempt.objects.all()}
    week_ran = seconds_of(later(7 * DAY)) - seconds_of(later(6 * HOUR))
    assert {
        "uid-job-0": HOUR,
        "uid-job-1": HOUR,
        "uid-job-2": HOUR,
        "uid-running": week_ran,
    } == rows
    looks = Path(yard.section.looks).read_text()
    assert "uid-job-2" in looks, "its Workload is still there"
    assert "uid-running" not in looks, "what the spool has need not be remembered twice"
    assert () == verify_database(SITE).faults


def test_what_was_told_counts_before_the_ledger_has_metered_it(yard: Yard) -> None:
    """A queue is stopped within a look of the day on which its budget is spent, not of the month.

    The ledger knows of nothing yet; the list that is signed then says what was told.
    """
    yard.centre.look(NOW)
    quota = yard.quota
    assert "None" == yard.queue()["spec"]["stopPolicy"]
    gpus = quota.gpu_seconds_budget // DAY
    yard.work("large", gpus + 1, NOW, later(DAY))
    yard.centre.look(later(DAY))
    assert "south" not in metered_of(term())
    yard.centre.look(later(DAY + HOUR))
    assert "HoldAndDrain" == yard.queue()["spec"]["stopPolicy"], "by what it saw itself"
    yard.country.sign(later(DAY + HOUR))
    (yard.centre.folder / "spool").unlink()
    yard.section.__dict__["looks"] = str(yard.centre.folder / "fresh.json")
    yard.forget()
    yard.centre.look(later(DAY + 2 * HOUR))
    assert "HoldAndDrain" == yard.queue()["spec"]["stopPolicy"], "by what the list says was told"


def test_work_is_admitted_beside_the_cluster_by_the_agents_folder_alone(yard: Yard) -> None:
    """What is left is one figure: the list's, less what the agent has seen run since."""
    yard.centre.look(NOW)
    budget, most = yard.quota.gpu_seconds_budget, 1_000 * HOUR
    half = budget // most // 2 + 1
    yard.ask("half", half, most)
    yard.ask("more", half, most)
    said = yard.admit(later(60))
    assert "Ready    n/half" in said
    assert "Retry    n/more" in said
    yard.forget()
    yard.work("past", budget // DAY // 2, NOW, later(DAY))
    yard.centre.look(later(DAY))
    yard.country.sign(later(DAY))
    yard.centre.look(later(DAY))
    (yard.centre.folder.parent / "looks.json").unlink()
    yard.forget()
    yard.ask("half", half, most)
    assert "Retry    n/half" in yard.admit(later(DAY + HOUR)), "told use is used"
    yard.forget()
    yard.ask("small", half - 2, most)
    assert "Ready    n/small" in yard.admit(later(DAY + HOUR)), "and is used once"


def test_the_service_answers_what_changes_without_waiting_for_its_turn(yard: Yard) -> None:
    """Watching, it answers long before the hour is over, and ends when its manager says so."""
    yard.centre.look(NOW)
    yard.admit(NOW)
    cluster = ("--clusters", str(yard.file), "--cluster", "yard", "--at", NOW)
    words = (*cluster, "--every", "3600", "--ledger-every", "3600")
    keys = ("--keys", str(yard.centre.folder / "keys"))
    service = subprocess.Popen(
        [*HEADGATE, "admit", str(yard.centre.folder / "spool"), *words, *keys],
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        _until(lambda: any("watch=true" in one for one in yard.store.requests), service)
        yard.ask("job", 1, HOUR)
        work = yard.store.things["Workload", "n", "job"]["status"]
        assert "Pending" == work["admissionChecks"][0]["state"]

        def state() -> str:
            status = yard.store.things["Workload", "n", "job"]["status"]
            return str(status["admissionChecks"][0]["state"])

        _until(lambda: state() == "Ready", service)
    finally:
        service.terminate()
        said, _ = service.communicate(timeout=60)
    assert (0, True) == (service.returncode, "stopped" in said), said
    assert "admit yard: answers whoever asks, by the budgets of " in said


def _until(holds: Callable[[], bool], service: "subprocess.Popen[str]") -> None:
    for _ in range(1_200):
        if holds():
            return
        assert service.poll() is None
        time.sleep(0.05)
    raise AssertionError("it did not come about within a minute")


def test_why_a_workload_waits_reaches_the_portal_in_its_owners_words(yard: Yard) -> None:
    """Kueue's own condition and our answers, by award, with no name of a Workload in it."""
    yard.centre.look(NOW)
    quota, here = yard.quota, yard.maker.namespace(yard.quota.award)
    what = "couldn't assign flavors to pod set main: insufficient unused quota for gpu"
    for name, state, said in (
        ("secret-a", "Retry", f"{Ground.NO_ROOM.value} (needs up to 9.0 GPU-hours)"),
        ("secret-b", "Rejected", Ground.NO_LIMIT.value),
        ("secret-c", "Pending", ""),
    ):
        thing = asking(name)
        thing["metadata"]["namespace"], thing["spec"]["queueName"] = here, quota.support_class
        status = thing["status"]
        status["admissionChecks"] = [
            {"name": yard.maker.check, "state": state, "message": said, "lastTransitionTime": NOW}
        ]
        status["conditions"] = [{"type": "QuotaReserved", "status": "False", "message": what}]
        yard.store.write(thing, "kueue")
    yard.store.requests.clear()
    yard.centre.look(later(HOUR))
    assert 1 == sum("/workloads?" in one for one in yard.store.requests), "one list is enough"
    report = report_of(Agent.objects.get(site="south"))
    assert report is not None
    assert [(quota.award, why, 1) for why in ("budget no_limit", "budget no_room", what)] == [
        (one.award, one.reason, one.jobs) for one in report.waiting
    ]
    assert "secret" not in report.line().decode()
    (found,) = (p for p in projects(operator(), NOW) if (p.site, p.name) == ("south", quota.award))
    assert Wait.NO_LIMIT is found.why


def test_a_spool_is_believed_only_by_the_signatures_of_its_list(yard: Yard, tmp_path: Path) -> None:
    """Without keys, with another's, or before any list: refused by name, and nobody is answered."""
    yard.centre.look(NOW)
    yard.ask("job", 1, HOUR)
    empty = ("--keys", str(tmp_path / "other"))
    assert "[keys-missing]" in yard.admit(NOW, "--every", "5", code=2)
    (tmp_path / "other").write_text("".join(f"{k.vkey()}\n" for k in yard.centre.pinned)[:40])
    yard.admit(NOW, *empty, code=2)
    agent = Agent.objects.get(site="south")
    assert agent.looked == NOW
    state = yard.store.things["Workload", "n", "job"]["status"]["admissionChecks"][0]["state"]
    assert "Pending" == state


def test_a_mass_removal_on_kueue_waits_for_the_word_of_that_very_plan(yard: Yard) -> None:
    """Queues that no order asks for stay until an operator has allowed the plan by its digest."""
    centre = yard.centre
    centre.look(NOW)
    held = centre.opened(yard.section, {}).observe()
    strays = [
        replace(quota, award=f"stray-{n}") for n, quota in enumerate(q for q in held if q.award)
    ]
    for stray in strays:
        for thing in yard.maker.own(stray):
            yard.store.apply(_title(thing), thing, "headgate", force=True)
    looked = centre.look(later(HOUR))
    assert (Enforced.REFUSED.value, ["mass-removal"]) == (looked.outcome, codes(looked.faults))
    allow(operator(), "south", looked.waits, at(later(HOUR)))
    done = centre.look(later(2 * HOUR))
    assert (Enforced.CONVERGED.value, "") == (done.outcome, done.waits)
    assert not [q for q in centre.opened(yard.section, {}).observe() if "stray" in q.award]


def _title(thing: dict[str, Any]) -> tuple[str, str, str]:
    metadata = thing["metadata"]
    return thing["kind"], metadata.get("namespace", ""), metadata["name"]
