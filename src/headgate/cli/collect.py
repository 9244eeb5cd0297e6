"""`headgate collect`: what a cluster metered, as the file that `headgate ledger meter` takes."""

import csv
import io
from dataclasses import astuple, fields
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from headgate.cli.clusters import DOWN, ClustersOption
from headgate.cli.shared import fault, mendable, say, written

INSTANT = "%Y-%m-%dT%H:%M:%SZ"


def collect(
    cluster: Annotated[str, typer.Argument(help="A cluster of the clusters file.")],
    clusters: ClustersOption,
    since: Annotated[datetime, typer.Option(formats=[INSTANT], help="The window's start (UTC).")],
    until: Annotated[datetime, typer.Option(formats=[INSTANT], help="The window's end (UTC).")],
    out: Annotated[Path, typer.Option(help="The CSV file.")],
    overlap: Annotated[
        int, typer.Option(min=0, help="Seconds before the start that are looked at again.")
    ] = 86_400,
) -> None:
    """Fetch every attempt that touches a window; what was metered before is booked only once."""
    with mendable(f"collect {cluster}"):
        from headgate.core.enforcement.engine import EngineDown
        from headgate.core.metering.usage import Usage
        from headgate.engines.drive import collect as fetch
        from headgate.engines.opening import opened
        from headgate.readers.clusters import read_clusters

        section = read_clusters(clusters).get(cluster)
        if section is None:
            mend = "Name one of the clusters of the file."
            raise fault(clusters.name, "cluster-unknown", f"there is no {cluster!r}", mend)
        window = since.strftime(INSTANT), until.strftime(INSTANT)
        try:
            rows = fetch(opened(section, {}), *window, overlap_seconds=overlap)
        except EngineDown as error:
            typer.echo(f"collect {cluster}: the cluster is down: {error}", err=True)
            raise typer.Exit(DOWN) from error
        text = io.StringIO()
        table = csv.writer(text, lineterminator="\n")
        table.writerow(field.name for field in fields(Usage))
        table.writerows(astuple(row) for row in sorted(rows, key=lambda row: row.started))
        with written(out) as file:
            file.write(text.getvalue().encode())
        running = sum(row.ended is None for row in rows)
        say(f"{out}: {len(rows):,} attempts, {running:,} of them running")
