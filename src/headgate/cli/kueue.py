"""`headgate manifests`: the awards of a programme as files that Kubernetes with Kueue takes."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from headgate.cli.clusters import term_of
from headgate.cli.shared import fault, mendable, say

if TYPE_CHECKING:
    from headgate.core.enforcement.clusters.kueue import KueueCluster
    from headgate.steps.term import Term


def manifests(
    source: Annotated[str, typer.Argument(help="A ledger's address, or a bundle's folder.")],
    out: Annotated[Path, typer.Option(help="The folder; each cluster has one of its own in it.")],
    clusters: Annotated[
        Path | None, typer.Option(help="The clusters file; without it, every site with its lots.")
    ] = None,
    on: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The day; without it, that of the last event."),
    ] = None,
) -> None:
    """Write the awards as Kueue manifests, one YAML file for each kind, for GitOps or kubectl."""
    with mendable(f"manifests {source}"):
        from headgate.core.quantities import instant
        from headgate.engines.kueue.engine import arrangement_of
        from headgate.engines.kueue.files import files, write
        from headgate.engines.kueue.manifests import Maker
        from headgate.operating import jobs

        term = term_of(source, on.date() if on is not None else None)
        now = instant(on.date() if on is not None else max(term.day, term.starts))
        sections = _sections(term, clusters)
        made = {}
        for job in jobs(term, sections, {}, now):
            section = sections[job.name]
            maker = Maker(section, arrangement_of(section, job.spent), now)
            made[job.name] = maker.manifests(order.quota for order in job.orders)
        for name, things in made.items():
            write(out / name, files(things, sections[name].member_role))
            queues = sum(thing["kind"] == "ClusterQueue" for thing in things)
            say(f"{out / name}: {queues:,} queues, {len(things):,} objects")
            if not queues:
                say(f"    no award runs there on {now[:10]}: --on names another day")


def _sections(term: "Term", path: Path | None) -> "dict[str, KueueCluster]":
    """The clusters of Kueue in a file; without one, a section for each site of the policy."""
    from headgate.core.enforcement.clusters.kueue import KueueCluster
    from headgate.engines.kueue.arrange import unconfigured
    from headgate.readers.clusters import read_clusters

    if path is None:
        return unconfigured(term)
    named = read_clusters(path)
    found = {name: one for name, one in named.items() if isinstance(one, KueueCluster)}
    if not found:
        what, mend = "it names no cluster with `engine: kueue`", "Name a file that does."
        raise fault(path.name, "kueue-none", what, mend)
    return found
