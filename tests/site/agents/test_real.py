"""A real Slurm, a real portal and the command, killed at every step: what is decided comes about.

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
from headgate.engines.slurm.names import account_of
from headgate.journal.points import Point
from headgate.site.agents.models import Agent, Attempt, Returned
from headgate.site.agents.reading import BACK, report_of
from headgate.site.desk.office import SITE
from headgate.site.verifying import verify_database
from headgate.steps.enforce import orders_of
from tests.report.builders import ROOT
from tests.servers.slurm import Lab, Shape, Unavailable, private_slurm
from tests.site.agents.conftest import Country
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
        server.wait(20)


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
    (tmp_path / "token").write_text(f"{country.north.token}\n")
    (tmp_path / "token").chmod(0o600)
    (tmp_path / "logins.csv").write_text(f"award,login\n{_order().quota.award},alice\n")
    files = {name: str(tmp_path / name) for name in ("keys", "token", "spool")}
    told = {"portal": portal, "clusters": str(tmp_path / "clusters.yaml"), "cluster": "main"}
    told |= {"logins": str(tmp_path / "logins.csv"), **files}
    return Command(tuple(word for name, value in told.items() for word in (f"--{name}", value)))


def _order() -> Order:
    return next(order for order in orders_of(term()) if order.cluster == "north")


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


def test_a_person_reads_what_is_wrong_and_a_script_its_code(
    command: Command, tmp_path: Path
) -> None:
    """A credential that others can read, a portal that is not there: named, and no traceback."""
    (tmp_path / "token").chmod(0o644)
    done = command.once()
    assert (2, True) == (done.returncode, "[token-open]" in done.stderr)
    (tmp_path / "token").chmod(0o600)
    away = Command(tuple("http://127.0.0.1:9" if "http" in w else w for w in command.words))
    done = away.once()
    assert (5, True) == (done.returncode, "[portal-down]" in done.stdout)
    plain = Command(tuple("http://portal.example" if "http" in w else w for w in command.words))
    assert "https" in plain.once().stderr
