"""What is promised of a Slurm whose daemons hang, and of one that keeps half of what it is told.

A daemon that hangs keeps its connections and answers nothing; it is stopped by SIGSTOP here, in
front of an apply or in the middle of one.
"""

import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from headgate.core.enforcement.engine import EngineDown
from headgate.core.enforcement.plan import plan
from headgate.engines.drive import Enforced, Receipt, enforce
from headgate.engines.slurm import sacct
from headgate.engines.slurm.command import Answer, Run, runner
from headgate.engines.slurm.engine import Slurm
from headgate.engines.slurm.usage import streamed
from tests.engines.slurm.site import Site

HANGING = {
    "slurmctld": "slurmctld: ",
    "slurmdbd": "slurmdbd and its database: no answer within 2 s",
    "mariadbd": "slurmdbd and its database: no answer within 2 s",
}
"""Each daemon, with what the operator is told while it hangs."""


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Headgate waits seconds for an answer where it waits minutes in earnest."""
    monkeypatch.setattr("headgate.engines.slurm.command.SECONDS_MOST", 2)
    monkeypatch.setattr("headgate.engines.slurm.command.SECONDS_MOST_BY_WORD", {})
    monkeypatch.setattr("headgate.engines.slurm.usage.SILENT_SECONDS_MOST", 2)


def is_write(command: Sequence[str]) -> bool:
    """Whether a command changes the cluster."""
    return "show" not in command and command[0] != "squeue"


def enforced(site: Site, orders: Sequence[object], run: Run | None = None) -> Receipt:
    """One try, through a runner of the test's own."""
    engine = Slurm(site.section, None, run)
    return enforce(engine, orders, engine.owned, mass_removal=True, tries=1)  # type: ignore[arg-type]


def answers(site: Site, program: str, *arguments: str) -> bool:
    """Whether a client gets an answer within seconds."""
    command = [str(site.lab.programs / program), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=3)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def back(site: Site, daemon: str) -> None:
    """Let a daemon go on, and wait until accounting and controller answer."""
    site.lab.resume(daemon)
    for words in (("sacctmgr", "-n", "show", "qos", "format=name"), ("squeue", "-h", "-o", "ok")):
        site.lab.wait(lambda words=words: answers(site, *words), f"{words[0]} answers")  # type: ignore[misc]


@pytest.mark.parametrize("daemon", list(HANGING))
@pytest.mark.usefixtures("impatient")
def test_what_hangs_is_named_and_leaves_nothing_half_done(site: Site, daemon: str) -> None:
    """The operator reads which daemon hangs; what stood stands, and then the orders come about."""
    first = [site.order("a"), site.order("b")]
    wanted = [site.order("a", gpus_most=3), site.order("c")]
    site.enforce(first)
    site.lab.hang(daemon)
    try:
        receipt = enforced(site, wanted)
    finally:
        back(site, daemon)
    assert (Enforced.DOWN, True) == (receipt.outcome, HANGING[daemon] in receipt.down), receipt
    assert {order.quota for order in first} == set(site.engine().observe())
    assert Enforced.CONVERGED is site.enforce(wanted, mass_removal=True).outcome
    assert Enforced.NOTHING_TO_DO is site.enforce(wanted).outcome


@pytest.mark.parametrize("daemon", list(HANGING))
@pytest.mark.usefixtures("impatient")
def test_what_hangs_in_the_middle_of_an_apply_is_made_up_for(site: Site, daemon: str) -> None:
    """Hung before any one of its steps, an apply ends named; the next one brings all about."""
    real = runner(site.section.reach, site.section.environment)
    for place in ("budgets", "load", "removals"):
        first = [site.order("a"), site.order(place)]
        site.enforce(first, mass_removal=True)
        wanted = [site.order("a", gpus_most=3), site.order(f"new-{place}")]
        hung = False

        def run(command: Sequence[str], text: str, place: str = place) -> Answer:
            nonlocal hung
            here = {"budgets": "add qos", "load": "Cluster -", "removals": "delete "}[place]
            if is_write(command) and text.startswith(here) and not hung:
                site.lab.hang(daemon)
                hung = True
            return real(command, text)

        try:
            receipt = enforced(site, wanted, run)
        finally:
            back(site, daemon)
        assert (True, Enforced.DOWN) == (hung, receipt.outcome), (place, receipt)
        assert "which asks" in receipt.down
        site.enforce(wanted, mass_removal=True)
        assert {order.quota for order in wanted} == set(site.engine().observe()), place
        believed(site)


def test_a_node_that_is_late_keeps_its_job(site: Site) -> None:
    """A daemon may wait 12 s for a processor: what it is told to start is not sent back."""
    site.enforce([site.order("a")])
    site.lab.hang("slurmd.n1")
    site.lab.hang("slurmd.n2")
    job = site.submit(site.account("a"))
    try:
        site.until(job, "%T", "RUNNING")
        time.sleep(12)
    finally:
        site.lab.resume("slurmd.n1")
        site.lab.resume("slurmd.n2")
    told = site.lab.run("scontrol", "-o", "show", "job", job)
    assert ("RUNNING", "0") == tuple(
        told.partition(f"{word}=")[2].split()[0] for word in ("JobState", "Restarts")
    ), told


def believed(site: Site) -> None:
    """The controller holds what the database holds, limit by limit."""
    names = site.lab.run("sacctmgr", "-nP", "show", "qos", "format=name,grptresmins")
    told = site.lab.run("scontrol", "show", "assoc_mgr", "flags=qos")
    for line in names.split():
        name, _, limit = line.partition("|")
        if limit:
            part = told.partition(f"QOS={name}(")[2].partition("QOS=")[0]
            assert f"{limit}(" in part, (name, part)


@pytest.mark.usefixtures("impatient")
def test_a_hung_database_stops_a_look_at_use(site: Site) -> None:
    """sacct itself waits without an end; it is ended, and what it waits for is named."""
    ask = sacct.command("lab", 1_767_225_600, 1_767_229_200)
    lines = streamed(site.section.reach, site.section.environment)
    assert isinstance(list(lines(ask)), list)
    site.lab.hang("slurmdbd")
    try:
        with pytest.raises(EngineDown, match=r"sacct, which asks slurmdbd.*silent for 2 s"):
            list(lines(ask))
    finally:
        back(site, "slurmdbd")


def halves(site: Site) -> Iterator[Run]:
    """Runners that lose the first or the second half of what every call is told."""
    real = runner(site.section.reach, site.section.environment)
    for second in (False, True):

        def run(command: Sequence[str], text: str, second: bool = second) -> Answer:
            lines = text.splitlines(keepends=True)
            if is_write(command) and len(lines) > 1:
                middle = (len(lines) + 1) // 2
                kept = lines[:1] + (lines[middle:] if second else lines[1:middle])
                return real(command, "".join(kept))
            return real(command, text)

        yield run


def test_a_batch_of_which_half_is_kept_is_seen_and_made_whole(site: Site) -> None:
    """Whatever part of a batch Slurm keeps, the look after it tells the rest, and it is made."""
    for number, run in enumerate(halves(site)):
        orders = [site.order(f"{number}-{n}") for n in range(4)]
        site.enforce(orders[:1], mass_removal=True)
        changed = [replace(orders[0], quota=replace(orders[0].quota, gpus_most=5)), *orders[1:]]
        receipt = enforced(site, changed, run)
        assert Enforced.DRIFTING is receipt.outcome
        assert receipt.drift, "what is missing is told"
        assert Enforced.CONVERGED is site.enforce(changed, mass_removal=True).outcome
        engine = site.engine()
        nothing = plan("here", changed, engine.observe(), engine.owned)
        assert not getattr(nothing, "changes", True)
