"""Two centres, a real portal and the command, killed at every step: what is decided comes about.

The north is a real Slurm. The south is Kueue's API on a stand-in server of our own making, with no
Kueue in it, and so labelled.

Only the date is not arranged: outside the small programme's second term its awards are closed, and
then no job can run.
"""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from headgate.core.enforcement.engine import Order, QuotaState
from headgate.core.quantities import instant_of
from headgate.engines.kueue.names import name
from headgate.engines.slurm.names import account_of
from headgate.journal.points import Point
from headgate.site.actions.people import send_away
from headgate.site.agents.models import Agent, Attempt, Returned
from headgate.site.agents.reading import BACK, report_of
from headgate.site.desk.office import SITE
from headgate.site.portal.models import Person
from headgate.site.portal.people import PERSONAS
from headgate.site.portal.roles import Role
from headgate.site.verifying import verify_database
from headgate.steps.enforce import orders_of
from tests.engines.kueue.test_admission import asking
from tests.report.builders import ROOT
from tests.servers.kubernetes import Store, api_server, kubeconfig
from tests.servers.slurm import Lab, Shape, Unavailable, private_slurm
from tests.site.agents.conftest import Centre, Country
from tests.site.agents.test_agents import term
from tests.site.chromium import SERVE, wait_for

CLUSTERS = """headgate: 1
clusters:
  main:
    engine: slurm
    site: north
    cluster: lab
    environment: {{PATH: "{path}:/usr/bin:/bin"}}
    lock: {folder}/lock
    programme: small
    sectors: {{{sectors}}}
    chips: {{h200: {{gres: "gpu:h200"}}, b200: {{gres: "gpu:b200"}}}}
    envelopes: shares
  yard:
    engine: kueue
    site: south
    programme: small
    kubeconfig: {folder}/kubeconfig
    looks: {folder}/looks.json
    chips: {{h200: {{gpus: 1000}}}}
"""
STARTING = (
    *(Point.LIST_FOLLOWED, Point.PLAN_INTENDED, Point.PLAN_APPLIED),
    *(Point.REPORT_KEPT, Point.REPORT_SENT),
)
METERING = (Point.USE_KEPT, Point.USE_SENT)


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """A Slurm of two nodes with two kinds of GPU, started when first asked for."""
    shape = Shape(nodes=2, kinds=("h200", "b200"), users=("alice",))
    try:
        with private_slurm(shape) as running:
            yield running
    except Unavailable as reason:
        pytest.skip(str(reason))


@pytest.fixture
def portal(country: Country, begun_address: str, tmp_path: Path) -> Iterator[str]:
    """The portal of that programme, served by the command that a person types."""
    del country
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    words = ["serve", "--database", begun_address, "--port", str(port)]
    with (tmp_path / "said").open("wb") as said:
        server = subprocess.Popen(
            [sys.executable, "-c", SERVE, *words], env=_environment(), stdout=said, stderr=said
        )
    try:
        wait_for(f"http://127.0.0.1:{port}/readyz", server, tmp_path / "said")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(120)


def _environment(**more: str) -> dict[str, str]:
    told = {k: v for k, v in os.environ.items() if not k.startswith("HEADGATE_")}
    return {**told, "PYTHONPATH": str(ROOT / "src"), **more}


@dataclass(frozen=True, slots=True)
class Command:
    """The agent beside the cluster, as cron starts it."""

    words: tuple[str, ...]

    def once(self, crash: Point | None = None) -> "subprocess.CompletedProcess[str]":
        """One look, or as much of it as there is before it is killed."""
        more = {"HEADGATE_CRASH": crash.name} if crash else {}
        done = subprocess.run(
            [sys.executable, "-c", SERVE, "agent", *self.words, "--once"],
            env=_environment(**more),
            capture_output=True,
            text=True,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        if crash:
            assert -signal.SIGKILL == done.returncode, done.stdout + done.stderr
        return done


@pytest.fixture
def command(lab: Lab, country: Country, portal: str, tmp_path: Path) -> Command:
    """The agent of the north, with everything that the manual tells an operator to write."""
    country.sign(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}")
    policy = term().policy(term().starts)
    sectors = ", ".join(f"{holder.id}: {holder.id}" for holder in policy.holders)
    text = CLUSTERS.format(path=lab.programs, folder=tmp_path, sectors=sectors)
    (tmp_path / "clusters.yaml").write_text(text)
    (tmp_path / "keys").write_text("".join(f"{k.vkey()}\n" for k in country.north.pinned))
    person = Person.objects.create(username="alice")
    award = _order().quota.award
    (tmp_path / "logins.csv").write_text(f"award,login,person\n{award},alice,{person.pk}\n")
    return _command(country.north, portal, tmp_path, "main")


def _command(centre: Centre, portal: str, folder: Path, cluster: str) -> Command:
    token = folder / f"{centre.site}.token"
    token.write_text(f"{centre.token}\n")
    token.chmod(0o600)
    told = {"portal": portal, "cluster": cluster, "token": str(token), "keys": str(folder / "keys")}
    told |= {"clusters": str(folder / "clusters.yaml"), "logins": str(folder / "logins.csv")}
    told["spool"] = str(folder / f"{centre.site}.spool")
    return Command(tuple(word for name, value in told.items() for word in (f"--{name}", value)))


def _order(site: str = "north") -> Order:
    return next(order for order in orders_of(term()) if order.cluster == site)


def test_what_is_decided_comes_about_and_is_metered_whenever_the_agent_is_killed(
    lab: Lab, command: Command
) -> None:
    """Killed once at every step, the next looks bring everything about, and tell it once."""
    for point in STARTING:
        command.once(point)
    done = command.once()
    assert 0 == done.returncode, done.stdout + done.stderr
    backs = [BACK.validate_json(one.line) for one in Returned.objects.exclude(event="")]
    changed = [change.award for back in backs for change in back.changes if change.award]
    ordered = [order.quota.award for order in orders_of(term()) if order.cluster == "north"]
    assert sorted(ordered) == sorted(changed), "each change is told once, though four looks died"
    assert "alice" not in "".join(one.line for one in Returned.objects.all())
    held = {quota for quota in backs[-1].held if quota.award}
    orders = {order.quota for order in orders_of(term()) if order.cluster == "north"}
    is_open = {quota.state for quota in held} == {QuotaState.OPEN}
    assert orders == {replace(quota, state=QuotaState.OPEN) for quota in held}
    if is_open:
        _job_is_metered_once(lab, command)
    assert () == verify_database(SITE).faults


def _job_is_metered_once(lab: Lab, command: Command) -> None:
    quota = _order().quota
    account = account_of("small", quota.award, quota.support_class)
    gres = f"--gres=gpu:{quota.support_class}:2"
    words = ("--parsable", "--uid=alice", "-A", account, "-p", quota.support_class, gres, "-t", "5")
    job = lab.run("sbatch", *words, "-D", "/", "-o", "/dev/null", "--wrap=sleep 3").strip()
    show = ("-X", "-nP", "-j", job, "-o", "state,elapsedraw")
    lab.wait(lambda: "COMPLETED" in lab.run("sacct", *show), f"end of job {job}")
    for point in METERING:
        command.once(point)
    assert 0 == command.once().returncode
    (row,) = Attempt.objects.all()
    seconds = int(lab.run("sacct", *show).strip().split("|")[1])
    assert (quota.award, 2, seconds) == (row.award, row.gpus, row.until - row.begin)
    report = report_of(Agent.objects.get(site="north"))
    assert report is not None
    assert report.looked >= (row.ended or "")


def test_two_centres_of_two_kinds_follow_one_portal(
    lab: Lab, command: Command, country: Country, portal: str, tmp_path: Path
) -> None:
    """Each agent brings its own cluster about, tells its use and why jobs wait; all is derived.

    Then somebody leaves at the portal: the next list takes the login off the real Slurm.
    """
    with api_server() as (address, store):
        (tmp_path / "kubeconfig").write_text(kubeconfig(address))
        south = _command(country.south, portal, tmp_path, "yard")
        for centre in (command, south):
            done = centre.once()
            assert 0 == done.returncode, done.stdout + done.stderr
        _run_on_kueue(store)
        south.once(Point.USE_SENT)
        assert 0 == south.once().returncode
        (row,) = Attempt.objects.filter(site="south")
        assert (_order("south").quota.award, 8, 7_200) == (
            *(row.award, row.gpus),
            row.until - row.begin,
        )
    quota = _order().quota
    account = account_of("small", quota.award, quota.support_class)
    held = ("--hold", "--uid=alice", "-A", account, "-p", quota.support_class, "-t", "5")
    if quota.starts <= f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}" < quota.ends:
        lab.run("sbatch", *held, "-D", "/", "-o", "/dev/null", "--wrap=true")
        command.once()
        report = report_of(Agent.objects.get(site="north"))
        assert report is not None
        assert [(quota.award, "JobHeldUser", 1)] == [
            (one.award, one.reason, one.jobs) for one in report.waiting
        ]
    users = ("sacctmgr", "-nP", "show", "assoc", f"account={account}", "format=user")
    assert "alice" in lab.run(*users)
    (owner,) = (one.username for one in PERSONAS if one.role is Role.POLICY_OWNER)
    leaving = Person.objects.get(username="alice")
    send_away(Person.objects.get(username=owner), leaving, datetime.now(UTC))
    country.sign(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}")
    assert 0 == command.once().returncode
    assert "alice" not in lab.run(*users)
    assert {"north", "south"} == set(
        Returned.objects.exclude(event="").values_list("site", flat=True)
    )
    assert () == verify_database(SITE).faults


def _run_on_kueue(store: Store) -> None:
    quota = _order("south").quota
    queue = name("small", quota.support_class, quota.award)
    now = int(datetime.now(UTC).timestamp())
    thing = asking("job", 8, None, queue)
    thing["status"]["conditions"] += [
        {"type": kind, "status": "True", "lastTransitionTime": instant_of(now - ago)}
        for kind, ago in (("Admitted", 10_000), ("Finished", 2_800))
    ]
    store.write({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}}, "team")
    store.write(thing, "kueue")


def test_a_person_reads_what_is_wrong_and_a_script_its_code(
    command: Command, tmp_path: Path
) -> None:
    """A credential that others can read, a portal that is not there: named, and no traceback."""
    (tmp_path / "north.token").chmod(0o644)
    done = command.once()
    assert (2, True) == (done.returncode, "[token-open]" in done.stderr)
    (tmp_path / "north.token").chmod(0o600)
    away = Command(tuple("http://127.0.0.1:9" if "http" in w else w for w in command.words))
    done = away.once()
    assert (5, True) == (done.returncode, "[portal-down]" in done.stdout)
    plain = Command(tuple("http://portal.example" if "http" in w else w for w in command.words))
    assert "https" in plain.once().stderr
