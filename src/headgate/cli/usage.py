"""The commands on what clusters used: `headgate usage` fetches it, `headgate reconcile` proves it.

Exit codes: 0 done, 2 bad input, 5 the cluster is down (nothing was lost: run it again), 6 there are
rows that cannot be read, or figures that differ.
"""

import csv
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import partial
from io import TextIOWrapper
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from headgate.cli.clusters import DRIFTING, ClustersOption, awake
from headgate.cli.shared import complain, fault, mendable, say, written

if TYPE_CHECKING:
    from headgate.core.enforcement.clusters import AnyCluster
    from headgate.core.enforcement.clusters.slurm import SlurmCluster
    from headgate.core.metering.usage import Usage
    from headgate.engines.slurm.reconcile import Reconciled
    from headgate.engines.slurm.usage import Look

OVERLAP_SECONDS = 86_400
"""How long before a window a cluster is asked again: what came late is seen, and booked once."""

FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"]
NameOption = Annotated[str, typer.Option("--cluster", help="The cluster's name in the file.")]
SinceOption = Annotated[
    datetime, typer.Option("--since", formats=FORMATS, help="The window's first instant (UTC).")
]
UntilOption = Annotated[
    datetime, typer.Option("--until", formats=FORMATS, help="The window's end (UTC), not in it.")
]


def usage(
    clusters: ClustersOption,
    cluster: NameOption,
    since: SinceOption,
    until: UntilOption,
    spool: Annotated[
        Path | None, typer.Option(help="Keep what a Slurm told there, and go on from it.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write the rows of the window, for `ledger meter`.")
    ] = None,
) -> None:
    """Read what a cluster used, and write the rows that the ledger imports.

    With a spool a Slurm is read from where it was read to, and what it purges is kept; nothing is
    kept without one. Other clusters are asked for the window, and for the day before it.
    """
    with mendable(f"usage {cluster}"), awake(f"usage {cluster}"):
        from headgate.core.enforcement.clusters.slurm import SlurmCluster
        from headgate.readers.clusters import named, read_clusters

        section = named(read_clusters(clusters), cluster)
        window = _window(since, until)
        if isinstance(section, SlurmCluster):
            _tell(_spooled(section, window, spool, out), cluster)
        else:
            rows = _asked(section, window)
            if out is not None:
                _write(out, rows)
            running = sum(row.ended is None for row in rows)
            say(f"{len(rows):,} attempts, {running:,} of them running")


def _spooled(
    section: "SlurmCluster", window: tuple[int, int], spool: Path | None, out: Path | None
) -> "Look":
    from headgate.engines.slurm.command import runner
    from headgate.engines.slurm.spool import opened
    from headgate.engines.slurm.usage import looked, owners

    with opened(spool, section.site) as kept:
        known = owners(section, runner(section.reach, section.environment))
        found = looked(section, kept, known, window[0], int(datetime.now(UTC).timestamp()))
        if out is not None:
            _write(out, kept.usage(*window))
    return found


def _asked(section: "AnyCluster", window: tuple[int, int]) -> "list[Usage]":
    from headgate.core.quantities import instant_of
    from headgate.engines.drive import collect
    from headgate.engines.opening import opened

    begin, end = map(instant_of, window)
    rows = collect(opened(section, {}), begin, end, overlap_seconds=OVERLAP_SECONDS)
    return sorted(rows, key=attrgetter("started", "job", "attempt"))


def _write(out: Path, rows: "Iterable[Usage]") -> None:
    from headgate.readers.usage_csv import COLUMNS

    with written(out) as file:
        text = TextIOWrapper(file, "utf-8", newline="", write_through=True)
        table = csv.writer(text, lineterminator="\n")
        table.writerow(COLUMNS)
        table.writerows(map(attrgetter(*COLUMNS), rows))
        text.detach()


def reconcile(
    clusters: ClustersOption,
    cluster: NameOption,
    since: SinceOption,
    until: UntilOption,
    spool: Annotated[
        Path | None, typer.Option(help="What `headgate usage --spool` keeps; sacct without it.")
    ] = None,
) -> None:
    """Compare what was fetched with sreport, to the GPU-second, and name every difference.

    Without a spool the window is fetched now, and what sacct has purged is a difference.
    """
    with mendable(f"reconcile {cluster}"), awake(f"reconcile {cluster}"):
        from headgate.engines.slurm.command import runner
        from headgate.engines.slurm.reconcile import Sreport
        from headgate.engines.slurm.reconcile import reconcile as compare
        from headgate.engines.slurm.sacct import Owner
        from headgate.engines.slurm.spool import Code, opened
        from headgate.engines.slurm.usage import looked, owners, told_now

        section = _slurm(clusters, cluster)
        begin, end = _window(since, until)
        if spool is not None and not spool.is_file():
            raise Code.SPOOL_MISSING.alone(spool, "nothing was fetched into it")
        with opened(spool, section.site) as kept:
            run = runner(section.reach, section.environment)
            known = owners(section, run)
            if spool is None:
                looked(section, kept, known, begin, int(datetime.now(UTC).timestamp()))
            devices = {name: one.gres for name, one in known.items() if isinstance(one, Owner)}
            slurm = Sreport(section.cluster, {**devices, **kept.devices(begin, end)}, run)
            told = partial(told_now, section, known)
            books = (slurm.reported, slurm.rolled, slurm.runaways(), told)
            found = compare(kept, begin, end, *books)
        _tell_reconciled(found, begin, end)
        if found.differences:
            raise typer.Exit(DRIFTING)


def _slurm(file: Path, name: str) -> "SlurmCluster":
    """A cluster of the file that is a Slurm; raises `Faulty` where there is none of that name."""
    from headgate.core.enforcement.clusters.slurm import SlurmCluster
    from headgate.readers.clusters import named, read_clusters

    section = named(read_clusters(file), name)
    if not isinstance(section, SlurmCluster):
        mend = "Name a cluster of engine slurm: no other has an sreport to compare with."
        raise fault(file.name, "cluster-not-slurm", f"{name} is no Slurm cluster there", mend)
    return section


def _window(since: datetime, until: datetime) -> tuple[int, int]:
    begin, end = (int(at.replace(tzinfo=UTC).timestamp()) for at in (since, until))
    if begin >= end:
        raise fault("--until", "window-empty", f"{until} is not after {since}", "Give a later one.")
    return begin, end


def _tell(found: "Look", cluster: str) -> None:
    """What a look came to; bad rows and what has gone make it end by an exit code of its own."""
    say(f"{found.rows:,} rows of sacct, {found.kept:,} attempts of awards")
    for passed, count in sorted(found.passed.items()):
        say(f"{count:>12,}  {passed.value}")
    if found.measured:
        say(f"{found.joules:>12,}  joules, of the {found.measured:,} attempts that tell them")
    for attempt in found.gone:
        what = "still ran when last seen, and no sound row tells of it any more"
        say(f"job {attempt.job} ({attempt.number}) of {attempt.award}: {what} [usage-gone]")
    if found.faults:
        complain(tuple(found.faults), f"usage {cluster}: {found.bad:,} bad rows, the others kept")
    if found.faults or found.gone:
        raise typer.Exit(DRIFTING)


def _tell_reconciled(found: "Reconciled", begin: int, end: int) -> None:
    from headgate.core.quantities import DAY_SECONDS, instant_of
    from headgate.engines.slurm.reconcile import Cause

    say(f"{found.ours:,} GPU-seconds fetched for {found.accounts:,} accounts")
    say(f"{found.reported:,} GPU-seconds reported by sreport")
    for each in found.differences:
        hours = f"{instant_of(each.since)} to {instant_of(each.until)}"
        code = each.cause.name.lower().replace("_", "-")
        say(f"{each.account}, {hours}: {each.ours:,} fetched, {each.reported:,} reported")
        say(f"    {each.cause.value} [{code}]")
    cuts_days = end - begin > DAY_SECONDS and (begin % DAY_SECONDS or end % DAY_SECONDS)
    if cuts_days and any(each.cause is Cause.NOT_ROLLED_UP for each in found.differences):
        say("the window cuts days: where this stays so, begin and end it at midnight UTC")
    if not found.differences:
        say("they agree to the GPU-second")
