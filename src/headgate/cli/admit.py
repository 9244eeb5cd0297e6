"""`headgate admit`: on Kueue, no work begins that may pass its award's budget.

It runs beside the cluster until it is stopped. Exit codes: 0 stopped, or done with --once; 2 bad
input; 5 the cluster is down (with --once; else it is asked again).
"""

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from headgate.cli.clusters import DOWN, AtOption, ClustersOption, term_of
from headgate.cli.shared import fault, mendable, passes, say, until_stopped

if TYPE_CHECKING:
    from headgate.core.enforcement.clusters.kueue import KueueCluster
    from headgate.engines.kueue.admission import Answer
    from headgate.steps.term import Term


def admit(
    source: Annotated[
        str, typer.Argument(help="The ledger's address, or the folder of a published bundle.")
    ],
    clusters: ClustersOption,
    cluster: Annotated[str, typer.Option("--cluster", help="The cluster's name in the file.")],
    every: Annotated[
        float, typer.Option(min=0.1, help="Seconds between two passes over the Workloads.")
    ] = 5.0,
    ledger_every: Annotated[
        float, typer.Option(min=0.1, help="Seconds between two looks at the ledger.")
    ] = 60.0,
    once: Annotated[bool, typer.Option("--once", help="One pass, and no more.")] = False,
    at: AtOption = None,
) -> None:
    """Answer the Workloads that Kueue asks about: begin, wait, or never (`budget_check: true`)."""
    with mendable(f"admit {source}"):
        from headgate.core.enforcement.engine import EngineDown

        section = _section(clusters, cluster)
        read, term = float("-inf"), None
        with until_stopped():
            for _ in passes(every, once=once):
                if time.monotonic() - read >= ledger_every or term is None:
                    read, term = time.monotonic(), term_of(source)
                try:
                    _pass(term, cluster, section, at)
                except EngineDown as error:
                    typer.echo(f"admit {cluster}: the cluster is down: {error}", err=True)
                    if once:
                        raise typer.Exit(DOWN) from error
            if once:
                return
        say(f"admit {cluster}: stopped; what waits now waits until it runs again")


def _pass(term: "Term", name: str, section: "KueueCluster", at: datetime | None) -> None:
    """One look, and an answer to whoever waits."""
    from headgate.engines.kueue.engine import Kueue
    from headgate.operating import jobs
    from headgate.steps.enforce import booked_of

    def clock() -> str:
        return f"{at or datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"

    for job in jobs(term, {name: section}, None, {}, clock()):
        engine = Kueue(section, job.spent, clock)
        quotas = [order.quota for order in job.orders]
        for answer in engine.admit(quotas, booked_of(term, section.site)):
            _tell(answer)
        for complaint in engine.complaints:
            kind, namespace, title = complaint.thing
            typer.echo(f"{kind} {namespace}/{title}: {complaint.reason}", err=True)


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
