"""What is promised of a real Slurm: it holds what was decided, through drift, faults and names.

Every test has a programme of its own on one cluster, so that each also shows that two programmes
leave each other alone.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from headgate.core.enforcement.clusters.kind import Said
from headgate.core.enforcement.clusters.slurm import SlurmChip
from headgate.core.enforcement.engine import EngineDown, Order, Quota, QuotaState
from headgate.core.enforcement.plan import Refusal, dated
from headgate.core.policy.sharing import Sharing
from headgate.engines.drive import Enforced, enforce
from headgate.engines.slurm.command import Answer, runner
from headgate.engines.slurm.engine import Slurm
from headgate.engines.slurm.names import qos_of, standby_of
from headgate.steps.enforce import envelopes_of, orders_of
from tests.engines.slurm.site import ENDS, NEXT, STARTS, Site
from tests.whole.korea import korea


def test_the_korean_awards_stand_and_stay(site: Site) -> None:
    """Every award and envelope of a real programme is held exactly; then there is nothing to do."""
    term = korea().term
    orders = [
        replace(order, cluster="here")
        for order in (*orders_of(term), *envelopes_of(term))
        if order.quota.support_class == "h200"
    ]
    assert len(orders) > 40
    assert Enforced.CONVERGED is site.enforce(orders).outcome
    assert Enforced.NOTHING_TO_DO is site.enforce(orders).outcome
    assert {order.quota for order in orders} == set(site.engine().observe())


HOSTILE = (
    "it's",
    'a "b" | c',
    "two\nlines",
    "--rm",
    "x;$(reboot)`id`",
    "=," * 20,
    "ế" * 200,
    "국가 과제 1호",
    "",
)


def test_no_name_is_syntax_and_every_name_comes_back(site: Site) -> None:
    """What people are called in any script, or wickedly, is held and read back to the letter."""
    orders = [site.order(name) for name in HOSTILE[:-1]]
    assert Enforced.CONVERGED is site.enforce(orders).outcome
    assert {*HOSTILE[:-1]} == {quota.award for quota in site.engine().observe()}


def by_hand(site: Site) -> dict[str, Callable[[], str]]:
    """Everything a person may do to an award by hand, by name."""
    name = site.account("a")
    qos, sector = qos_of(name, STARTS), site.section.sectors["national"]
    modify = ("modify", "account", f"name={name}", "set")
    return {
        "limit": lambda: site.change(*modify, "grptres=gres/gpu:h200=800"),
        "another limit": lambda: site.change(*modify, "grptres=cpu=1"),
        "closed": lambda: site.change(*modify, "grpjobs=0"),
        "share": lambda: site.change(*modify, "fairshare=77"),
        "budget": lambda: site.change("modify", "qos", qos, "set", "grptresmins=gres/gpu:h200=999"),
        "no budget": lambda: site.change(
            "modify", "qos", qos, "set", "grptresmins=gres/gpu:h200=-1"
        ),
        "decay": lambda: site.change("modify", "qos", qos, "set", "flags=-1"),
        "moved": lambda: site.change(*modify, f"parent={site.section.programme}"),
        "another service": lambda: site.change(*modify, "qos=normal", "defaultqos=normal"),
        "a person more": lambda: site.change("add", "user", "bob", f"account={name}"),
        "a person less": lambda: site.change(
            "delete", "user", "alice", f"account={name}", "cluster=lab"
        ),
        "mark": lambda: site.change(*modify, "description=mine"),
        "standby gone": lambda: site.change("delete", "account", standby_of(name)),
        "account gone": lambda: site.change("delete", "account", name),
        "wall": lambda: site.change(
            "modify", "account", sector, "set", "grptres=gres/gpu:h200=1", "fairshare=9"
        ),
    }


def test_what_is_changed_by_hand_is_seen_and_healed(site: Site) -> None:
    """Each kind of drift is in the plan, and gone after it; another's account is as it was."""
    envelope = Quota("", "h200", 16, 0, STARTS, ENDS, QuotaState.OPEN, "national", (), 50)
    orders = [site.order("a"), site.order("b"), Order("here", envelope, "envelopes.compute")]
    site.change("add", "account", "theirs", "organization=uni", "grptres=gres/gpu:h200=3")
    site.change("add", "user", "bob", "account=theirs")
    assert Enforced.CONVERGED is site.enforce(orders).outcome
    listing = ("sacctmgr", "-nP", "show", "assoc", "account=theirs", "format=user,grptres,share")
    before = site.lab.run(*listing)
    for what, change in by_hand(site).items():
        change()
        receipt = site.enforce(orders, mass_removal=what == "mark")
        assert (what, Enforced.CONVERGED) == (what, receipt.outcome)
        assert (what, Enforced.NOTHING_TO_DO) == (what, site.enforce(orders).outcome)
    assert before == site.lab.run(*listing)


def test_what_another_made_is_never_touched(site: Site) -> None:
    """Where the name of a sector is taken, the plan is refused and the account stays as it is."""
    sector = site.section.sectors["national"]
    site.change("add", "account", sector, "organization=uni", "description=old")
    receipt = site.enforce([site.order("a")])
    assert receipt.refused is not None
    assert [Refusal.NOT_OURS] == [reason for reason, _ in receipt.refused.reasons]
    listing = ("sacctmgr", "-nP", "show", "account", sector, "format=organization,description")
    assert "uni|old\n" == site.lab.run(*listing)


def test_why_slurm_does_not_take_a_change_is_told_in_its_own_words(site: Site) -> None:
    """A type of device that its accounting does not count is the commonest slip of a set-up."""
    chips = {**site.section.chips, "other": SlurmChip(gres="gpu:uncounted")}
    amiss = replace(site, section=site.section.model_copy(update={"chips": chips}))
    receipt = amiss.enforce([site.order("a")])
    assert Enforced.DRIFTING is receipt.outcome
    (told,) = receipt.told
    assert told.startswith("new accounts and associations: ")
    assert "gres/gpu:uncounted" in told
    mended = site.enforce([site.order("a")])
    assert (Enforced.CONVERGED, ()) == (mended.outcome, mended.told)


def test_the_next_term_has_a_budget_of_its_own(site: Site) -> None:
    """A new term begins with a new budget, and the old one is gone."""
    site.enforce([site.order("a")])
    later = site.order("a", starts=ENDS, ends=NEXT)
    assert Enforced.CONVERGED is site.enforce([later]).outcome
    names = site.lab.run("sacctmgr", "-nP", "show", "qos", "format=name").split()
    name = site.account("a")
    assert [qos_of(name, ENDS)] == [qos for qos in names if qos.startswith(name)]


def test_an_award_that_ends_is_gone_with_its_jobs(site: Site) -> None:
    """Removal ends what runs, and takes everything that stood for the award."""
    site.enforce([site.order("a"), site.order("b")])
    job = site.submit(site.account("a"))
    site.until(job, "%T", "RUNNING")
    receipt = site.enforce([site.order("b")], mass_removal=True)
    assert Enforced.CONVERGED is receipt.outcome
    assert "CANCELLED" in site.lab.run("squeue", "-h", "-t", "all", "-j", job, "-o", "%T")
    assert site.account("a") not in site.lab.run("sacctmgr", "-nP", "show", "assoc")


def test_a_suspension_ends_what_runs_and_lets_nothing_start(site: Site) -> None:
    """A suspended award, as one outside its dates, runs nothing; open again, it goes on."""
    orders = [site.order("a")]
    site.enforce(orders)
    job = site.submit(site.account("a"))
    site.until(job, "%T", "RUNNING")
    closed = dated(orders, ENDS)
    assert QuotaState.SUSPENDED is closed[0].quota.state
    assert Enforced.CONVERGED is site.enforce(closed).outcome
    site.until(job, "%T", "CANCELLED")
    assert site.refused(site.account("a"))
    site.enforce(orders)
    site.until(site.submit(site.account("a"), seconds=1), "%T", "COMPLETED")


@pytest.mark.parametrize("saved", [False, True])
def test_a_budget_ends_and_is_not_handed_out_twice(site: Site, saved: bool) -> None:
    """What is used up is gone: for the next job, and when Slurm has lost count of it.

    slurmctld saves its counters as it stops and every five minutes, so a killed one may know them.
    """
    orders = [site.order("a", gpu_seconds_budget=480)]
    site.enforce(orders)
    account = site.account("a")
    assert site.refused(account, "-t", "2")
    first = site.submit(account, "-t", "1", seconds=9)
    site.until(first, "%T", "COMPLETED")
    second = site.submit(account, "-t", "1", seconds=1)
    site.until(second, "%r", "QOSGrpGRESMinutes")
    (site.lab.stop if saved else site.lab.kill)("slurmctld")
    site.lab.start("slurmctld")
    engine = site.engine({("a", "h200"): 480})
    (held,) = engine.observe()
    assert held.gpu_seconds_budget > 480
    assert Enforced.CONVERGED is enforce(engine, orders, engine.owned).outcome
    limit, used = site.minutes(qos_of(account, STARTS))
    assert limit <= used, "nothing is left"
    assert site.refused(account, "-t", "1")


def test_idle_time_is_lent_and_taken_back(site: Site) -> None:
    """A job on standby runs beyond the award's limit, and makes way when an owner comes."""
    site.enforce([site.order("a"), site.order("b"), site.order("c")])
    lent = [site.submit(standby_of(site.account("a"))) for _ in range(2)]
    for job in lent:
        site.until(job, "%T", "RUNNING")
    owner = site.submit(site.account("b"))
    site.until(owner, "%T", "RUNNING")
    states = site.lab.run("squeue", "-h", "-t", "all", "-j", ",".join(lent), "-o", "%T").split()
    assert 1 == states.count("RUNNING")


def test_how_idle_time_is_lent_is_as_the_policy_says(site: Site) -> None:
    """What each award borrows and all together is limited; without reclaim nobody is preempted."""
    said = Said.by(Sharing(borrow_percent=50, lend_percent=25, reclaim=False))
    ruled = replace(site, section=site.section.under(said))
    wall = Quota("", "h200", 16, 0, STARTS, ENDS, QuotaState.OPEN, "national", (), 50)
    orders = [ruled.order("a"), Order("here", wall, "envelopes.compute")]
    assert Enforced.CONVERGED is ruled.enforce(orders).outcome
    assert Enforced.NOTHING_TO_DO is ruled.enforce(orders).outcome
    programme, account = ruled.section.programme, ruled.account("a")
    show = ("sacctmgr", "-nP", "show", "assoc", "format=account,user,grptres")
    limits = dict(line.split("||") for line in ruled.lab.run(*show).split() if "||" in line)
    assert "gres/gpu:h200=4" == limits[standby_of(account)] == limits[standby_of(programme)]
    named = ("sacctmgr", "-nP", "show", "qos", qos_of(account, STARTS), "format=preempt")
    assert "" == ruled.lab.run(*named).strip()
    assert Enforced.CONVERGED is site.enforce(orders).outcome
    assert standby_of(programme) == site.lab.run(*named).strip()


class Killed(BaseException):
    """The process ends here."""


def test_killed_between_any_two_steps_it_converges(site: Site) -> None:
    """However far an apply came before its process was killed, the next one ends it."""
    first = [site.order("a"), site.order("b")]
    second = [site.order("b", gpus_most=4, logins=("bob",)), site.order("c")]
    real = runner(site.section.reach, site.section.environment)
    for steps in count():
        site.enforce(first, mass_removal=True)
        left = iter(range(steps))

        def run(command: Sequence[str], text: str, left: Iterator[int] = left) -> Answer:
            if "show" not in command and command[0] != "squeue" and next(left, None) is None:
                raise Killed
            return real(command, text)

        engine = Slurm(site.section, None, run)
        try:
            receipt = enforce(engine, second, engine.owned, mass_removal=True)
        except Killed:
            assert Enforced.CONVERGED is site.enforce(second, mass_removal=True).outcome
            assert {o.quota for o in second} == set(site.engine().observe())
        else:
            assert Enforced.CONVERGED is receipt.outcome
            assert steps >= 4
            return


def test_a_second_writer_loses_nothing_of_ours(site: Site) -> None:
    """Somebody adds accounts all the while; what sacctmgr lost of ours is written again."""
    orders = [site.order(f"a{number}") for number in range(12)]

    def theirs(number: int) -> str:
        name = f"{site.section.programme}t{number}"
        return site.change("add", "account", name, "organization=uni")

    # Four writers at once now and then end slurmdbd itself, by a deadlock in its database.
    with ThreadPoolExecutor(1) as others:
        added = [others.submit(theirs, number) for number in range(40)]
        outcome = site.enforce(orders).outcome
        for each in added:
            each.result()
    assert outcome in (Enforced.CONVERGED, Enforced.DRIFTING)
    site.enforce(orders)
    assert {o.quota for o in orders} == set(site.engine().observe())


def test_one_headgate_writes_at_a_time(site: Site) -> None:
    """While another holds the lock nothing is written, and the orders wait."""
    import fcntl

    with Path(site.section.lock).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert Enforced.DOWN is site.enforce([site.order("a")]).outcome
    assert () == site.engine().observe()


@pytest.mark.parametrize("name", ["slurmdbd", "mariadbd", "slurmctld"])
def test_what_is_down_loses_nothing(site: Site, name: str) -> None:
    """A daemon that is killed is reported; when it is back, the same orders converge."""
    orders = [site.order("a")]
    site.enforce(orders)
    wanted = [site.order("a", gpus_most=3), site.order("b")]
    site.lab.kill(name)
    with pytest.raises(EngineDown):
        site.engine().observe()
    engine = site.engine()
    assert Enforced.DOWN is enforce(engine, wanted, lambda _: True, tries=1).outcome
    site.lab.start(name)
    show = ("-n", "show", "qos", "format=name")
    site.lab.wait(lambda: "normal" in site.lab.run("sacctmgr", *show, check=False), "accounting")
    assert Enforced.CONVERGED is site.enforce(wanted).outcome
