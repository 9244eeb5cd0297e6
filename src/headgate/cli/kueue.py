"""`headgate manifests`: the awards of a programme as files that Kubernetes with Kueue takes."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from headgate.cli.shared import fault, ledger_at, mendable, say, steps

if TYPE_CHECKING:
    from collections.abc import Callable

    from headgate.core.enforcement.clusters.kueue import KueueCluster
    from headgate.steps.term import Term


def manifests(
    source: Annotated[str, typer.Argument(help="A ledger's address, or a public bundle's folder.")],
    out: Annotated[
        Path, typer.Option(help="The folder; each site's files go into one of its own.")
    ],
    clusters: Annotated[
        Path | None, typer.Option(help="The clusters file; without it, every site with its lots.")
    ] = None,
    on: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The day; without it, that of the last event."),
    ] = None,
) -> None:
    """Write the awards as Kueue manifests, one YAML file for each kind, for GitOps or kubectl."""
    with mendable("manifests"), steps() as progress:
        from headgate.core.quantities import instant
        from headgate.engines.kueue.arrange import arrangement_of, quotas_of
        from headgate.engines.kueue.files import files, write
        from headgate.engines.kueue.manifests import Maker

        term = _term(source, progress)
        now = instant(on.date() if on is not None else max(term.day, term.starts))
        made = {}
        for settings in _clusters(term, clusters):
            maker = Maker(settings, arrangement_of(term, settings.site), now)
            made[settings.site] = maker.manifests(quotas_of(term, settings.site))
        for site, things in made.items():
            write(out / site, files(things))
            queues = sum(thing["kind"] == "ClusterQueue" for thing in things)
            say(f"{out / site}: {queues:,} queues, {len(things):,} objects")


def _term(source: str, progress: "Callable[[str], None]") -> "Term":
    """The term as a ledger keeps it, or as a bundle's policy and facts give it."""
    if ":/" not in source:
        from headgate.bundle.verify import derive, read_bundle_files

        return derive(read_bundle_files(Path(source)), progress)
    with ledger_at(source) as database:
        from headgate.site.actions.take import kept_term

        term = kept_term(database)
        if term is None:
            mend = "Begin one with `headgate ledger rehearse`, or name another address."
            raise fault("SOURCE", "programme-missing", "the ledger keeps no programme yet", mend)
        # What the term reads when it is needed is read while the database is there.
        from dataclasses import replace

        from headgate.core.ledger.layers import Layers

        return replace(term, known=Layers(base=dict(term.known.items())))


def _clusters(term: "Term", path: Path | None) -> "list[KueueCluster]":
    from headgate.core.enforcement.clusters.kueue import KueueCluster
    from headgate.engines.kueue.arrange import sites_of, unconfigured
    from headgate.readers.clusters import read_clusters

    if path is None:
        found = [unconfigured(term, site) for site in sites_of(term)]
    else:
        named = read_clusters(path).values()
        found = [section for section in named if isinstance(section, KueueCluster)]
    if not found:
        what = "no award is held on a cluster of Kueue"
        raise fault("SOURCE", "nothing-to-write", what, "Name a clusters file with one.")
    return found
