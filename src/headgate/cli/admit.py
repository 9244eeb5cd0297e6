"""`headgate admit`: on Kueue, no work begins that may pass its award's budget.

It runs beside the cluster until it is stopped. Exit codes: 0 stopped, or done with --once; 2 bad
input; 5 the cluster is down (with --once; else it is asked again).
"""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from headgate.cli.agents import public_keys
from headgate.cli.clusters import DOWN, AtOption, ClustersOption, term_of
from headgate.cli.shared import fault, mendable, passes, say, until_stopped

if TYPE_CHECKING:
    from headgate.core.enforcement.balance import Balance
    from headgate.core.enforcement.clusters.kueue import KueueCluster
    from headgate.core.metering.usage import Usage
    from headgate.engines.kueue.admission import Answer
    from headgate.engines.kueue.engine import Kueue
    from headgate.operating import Job

BREATH_SECONDS = 0.5
"""How long changes gather before they are looked at."""


def admit(
    source: Annotated[
        str,
        typer.Argument(help="The agent's spool; or the ledger's address, or a bundle's folder."),
    ],
    clusters: ClustersOption,
    cluster: Annotated[str, typer.Option("--cluster", help="The cluster's name in the file.")],
    keys: Annotated[
        Path | None,
        typer.Option(envvar="HEADGATE_KEYS", help="With a spool: the keys that its agent trusts."),
    ] = None,
    every: Annotated[
        float, typer.Option(min=0.1, help="Seconds between two passes where nothing changes.")
    ] = 5.0,
    ledger_every: Annotated[
        float, typer.Option(min=0.1, help="Seconds between two looks at the source.")
    ] = 60.0,
    once: Annotated[bool, typer.Option("--once", help="One pass, and no more.")] = False,
    at: AtOption = None,
) -> None:
    """Answer the Workloads that Kueue asks about: begin, wait, or never (`budget_check: true`)."""
    with mendable(f"admit {source}"):
        from headgate.core.enforcement.engine import EngineDown

        section = _section(clusters, cluster)
        read, ruled, watch, told = float("-inf"), None, _Watch(), once
        with until_stopped():
            for _ in passes(min(every, ledger_every), once=once, wait=watch.wait):
                now = f"{at or datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
                if time.monotonic() - read >= ledger_every or ruled is None:
                    read, ruled = time.monotonic(), _ruled(source, cluster, section, keys)
                try:
                    watch.engine = _pass(section, ruled, now)
                    told = told or _begun(cluster, ruled, now)
                except EngineDown as error:
                    watch.engine = None
                    typer.echo(f"admit {cluster}: the cluster is down: {error}", err=True)
                    if once:
                        raise typer.Exit(DOWN) from error
            if once:
                return
        say(f"admit {cluster}: stopped; what waits now waits until it runs again")


@dataclass(slots=True)
class _Watch:
    """Waiting for the next pass: until a Workload changes; where none may be watched, so long."""

    engine: "Kueue | None" = None

    def wait(self, seconds: float) -> None:
        """Return as soon as there may be something to answer."""
        from headgate.core.enforcement.engine import EngineDown

        until = time.monotonic() + seconds
        with suppress(EngineDown):
            if self.engine is not None and self.engine.stirred(seconds):
                # What changes at once is answered at once, and not one by one.
                time.sleep(min(BREATH_SECONDS, seconds))
                return
        time.sleep(max(until - time.monotonic(), 0))


@dataclass(frozen=True, slots=True)
class _Ruled:
    """What decides on work until the source is read again: orders at an instant, and balances.

    `known` are attempts that the source has seen, `least` an instant before which it is not.
    """

    job_at: "Callable[[str], Job]"
    balance: "Balance"
    known: "tuple[Usage, ...]" = ()
    least: str = ""


def _ruled(source: str, name: str, section: "KueueCluster", keys: Path | None) -> _Ruled:
    if Path(source).is_file():
        return _by_agent(Path(source), name, section, keys)
    from headgate.core.enforcement.balance import Balance
    from headgate.operating import jobs_at
    from headgate.steps.enforce import metered_of

    term = term_of(source)
    balance = Balance(*metered_of(term).get(section.site, ({}, {})))
    jobs = jobs_at(term, {name: section}, {})
    return _Ruled(lambda now: jobs(now)[0], balance)


def _by_agent(path: Path, name: str, section: "KueueCluster", keys: Path | None) -> _Ruled:
    """By the list that the site's agent follows, verified again, and by what it has seen run."""
    from headgate.agent.spool import read_only
    from headgate.core.enforcement.balance import balance_of
    from headgate.core.enforcement.orders import unseal
    from headgate.operating import job_of

    if keys is None:
        mend = "Name the file of the agent's --keys."
        raise fault("--keys", "keys-missing", "a spool's list is followed by its signatures", mend)
    pinned = public_keys(keys)
    with read_only(path, section.site) as spool:
        kept, confirmed = spool.get("followed"), spool.text("confirmed")
        if not kept or not confirmed:
            mend = "Run `headgate agent` until it has followed a list."
            raise fault(str(path), "nothing-followed", "its agent follows no list yet", mend)
        listed = unseal(kept, section.site, pinned).listed
        known = tuple(spool.attempts(listed.until))
    # Dates are told by the clock that agent and portal agreed on, as the agent tells them.
    job = job_of(name, section, listed, {}, confirmed)
    return _Ruled(lambda _: job, balance_of(listed), known, confirmed)


def _pass(section: "KueueCluster", ruled: _Ruled, now: str) -> "Kueue":
    """One look, and an answer to whoever waits; the engine that has looked."""
    from headgate.engines.kueue.engine import Kueue

    moment = max(now, ruled.least)
    job = ruled.job_at(moment)
    engine = Kueue(section, ruled.balance.spent, lambda: moment)
    quotas = [order.quota for order in job.orders]
    for answer in engine.admit(quotas, ruled.balance, ruled.known):
        _tell(answer)
    for complaint in engine.complaints:
        kind, namespace, title = complaint.thing
        typer.echo(f"{kind} {namespace}/{title}: {complaint.reason}", err=True)
    return engine


def _begun(name: str, ruled: _Ruled, now: str) -> bool:
    """Say after the first pass that somebody listens, which else nothing would show; True."""
    awards = {order.quota.award for order in ruled.job_at(max(now, ruled.least)).orders} - {""}
    say(f"admit {name}: answers whoever asks, by the budgets of {len(awards):,} awards")
    return True


def _tell(answer: "Answer") -> None:
    namespace, title = answer.work.key
    say(f"{answer.ground.state.value:8} {namespace}/{title}: {answer.message}")


def _section(path: "ClustersOption", name: str) -> "KueueCluster":
    """The cluster's section; raises Faulty where nothing is to be answered."""
    from headgate.core.enforcement.clusters.kueue import KueueCluster
    from headgate.readers.clusters import named, read_clusters

    section = named(read_clusters(path), name)
    if not isinstance(section, KueueCluster) or not section.budget_check:
        what = f"{name!r} is no cluster with `engine: kueue` and `budget_check: true`"
        mend = "Write both into its section, apply, and start it again."
        raise fault(path.name, "budget-check-off", what, mend)
    return section
