"""The commands on clusters: `headgate plan` shows what they need, `headgate apply` has it made.

Exit codes, so that a script can tell what happened: 0 nothing to do or done, 2 bad input, 3 there
are changes to make, 4 a plan is refused, 5 a cluster is down, 6 a cluster holds something else.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from headgate.cli.shared import fault, ledger_at, mendable, say, steps, written

if TYPE_CHECKING:
    from headgate.core.enforcement.clusters import AnyCluster
    from headgate.core.enforcement.plan import Refused
    from headgate.engines.drive import Receipt
    from headgate.operating import Job, Written
    from headgate.site.records.database import Database
    from headgate.steps.term import Term

CHANGES: Final = 3
REFUSED: Final = 4
DOWN: Final = 5
DRIFTING: Final = 6

ClustersOption = Annotated[
    Path, typer.Option("--clusters", envvar="HEADGATE_CLUSTERS", help="The clusters file (YAML).")
]
ClusterOption = Annotated[
    str | None, typer.Option("--cluster", help="Only this one; else all of the file.")
]
LoginsOption = Annotated[
    Path | None, typer.Option("--logins", help="Who may run: a CSV file with award,login[,person].")
]
AtOption = Annotated[
    datetime | None,
    typer.Option("--at", formats=["%Y-%m-%dT%H:%M:%SZ"], help="The instant (UTC); else now."),
]
MassOption = Annotated[
    bool, typer.Option("--mass-removal", help="More than a tenth of what is held may go.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON line for each cluster.")]


def plan(
    source: Annotated[
        str, typer.Argument(help="The ledger's address, or the folder of a published bundle.")
    ],
    clusters: ClustersOption,
    cluster: ClusterOption = None,
    logins: LoginsOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
    out: Annotated[Path | None, typer.Option(help="Write the plan to a file to apply.")] = None,
    mass_removal: MassOption = False,
) -> None:
    """Show what the clusters hold otherwise than decided: each field, its owner, the reason."""
    with mendable(f"plan {source}"), awake(f"plan {source}"):
        from headgate.core.enforcement.plan import Refused
        from headgate.operating import planned, remarked, told

        refused, made = False, []
        for job in _jobs(source, clusters, cluster, logins, at):
            plan_of = planned(job, mass_removal=mass_removal)
            if isinstance(plan_of, Refused):
                refused = True
                _tell_refused(job.name, plan_of)
            else:
                made.append(plan_of)
                for remark in remarked(job):
                    typer.echo(f"{job.name}: {remark}", err=as_json)
                for line in _json_lines(plan_of) if as_json else told(plan_of):
                    say(line)
        if refused:
            raise typer.Exit(REFUSED)
        if out is not None:
            with written(out) as file:
                file.writelines(each.line() for each in made)
        if any(each.plan.changes for each in made):
            raise typer.Exit(CHANGES)


def apply(
    source: Annotated[
        str, typer.Argument(help="A plan file, the ledger's address, or a bundle's folder.")
    ],
    clusters: ClustersOption,
    cluster: ClusterOption = None,
    logins: LoginsOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
    expect: Annotated[
        str | None, typer.Option(help="The digest that was signed; another plan is refused.")
    ] = None,
    mass_removal: MassOption = False,
) -> None:
    """Make the changes, read back what the clusters hold, and say what came of it."""
    with mendable(f"apply {source}"), awake(f"apply {source}"):
        from headgate.operating import carried_out, carried_out_as_written, chosen_of, read_plan
        from headgate.readers.clusters import read_clusters

        path = Path(source)
        if path.is_file():
            plans = read_plan(path.name, path.read_bytes())
            chosen = chosen_of(plans, cluster)
            _one(expect, len(chosen))
            sections = read_clusters(clusters)
            receipts = (
                (each.name, carried_out_as_written(each, sections, expect=expect))
                for each in chosen
            )
        else:
            jobs = _jobs(source, clusters, cluster, logins, at, expect)
            receipts = (
                (job.name, carried_out(job, expect=expect, mass_removal=mass_removal))
                for job in jobs
            )
        codes = [_tell(name, receipt, as_json) for name, receipt in receipts]
        if any(codes):
            raise typer.Exit(max(codes))


def _one(expect: str | None, count: int) -> None:
    """A digest names the plan of one cluster."""
    if expect is not None and count != 1:
        mend = "Name the cluster: --cluster NAME."
        raise fault("--expect", "expect-many", f"one digest, and {count} clusters", mend)


def _jobs(
    source: str,
    clusters: Path,
    only: str | None,
    logins: Path | None,
    at: datetime | None,
    expect: str | None = None,
) -> "list[Job]":
    """What the clusters shall hold by the source's decisions, at an instant.

    What is quickly said is said before a bundle is verified, which takes a while.
    """
    from headgate.operating import jobs
    from headgate.readers.clusters import named, read_clusters
    from headgate.readers.logins_csv import read_logins

    sections: Mapping[str, AnyCluster] = read_clusters(clusters)
    if only is not None:
        sections = {only: named(sections, only)}
    _one(expect, len(sections))
    if logins is not None:
        read_logins(logins, ())
    term = term_of(source, at.date() if at is not None else None, portal=logins is not None)
    known = read_logins(logins, _gone(source, term)) if logins is not None else {}
    now = (at or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")
    if term.starts.isoformat() > now[:10]:
        mend = f"--at names an instant of the term before: --at {now}"
        typer.echo(f"{source}: it stands in the term from {term.starts}, and {mend}", err=True)
    return jobs(term, sections, known, now)


def _gone(source: str, term: "Term") -> "Collection[tuple[str, int]]":
    """Who has left, as a signed order list would say it; nobody where there is no portal.

    A bundle names no people, so by a bundle everybody in the logins file may run.
    """
    if "://" not in source:
        return ()
    with ledger_at(source) as database:
        if not has_portal(database):
            return ()
        from headgate.site.agents.gone import gone

        return gone(database, {holding.award for holding in term.holdings.values()})


def has_portal(database: "Database") -> bool:
    """Whether a ledger has the tables of a portal beside its own."""
    return "agents_agent" in database.connection.introspection.table_names()


def term_of(source: str, on: date | None = None, *, portal: bool = False) -> "Term":
    """The term of a ledger, or of a bundle that is verified first; raises Faulty for neither.

    A bundle ends with the turn into the next term; on a day before it, its term is as it stood.
    With `portal`, the same process can ask the portal beside a ledger afterwards.
    """
    if "://" not in source:
        return _bundle_term(Path(source), on)
    with ledger_at(source, portal=portal) as database:
        from headgate.site.records.kept import kept_term

        term = kept_term(database)
        if term is None:
            mend = "Begin one with its policy."
            raise fault(source, "programme-missing", "no programme has begun there", mend)
        return term


def _bundle_term(folder: Path, on: date | None) -> "Term":
    """The term of a bundle, derived again; that its pages say so is `headgate verify`'s to show."""
    if not folder.exists():
        mend = "Name a ledger's address, a bundle's folder or, for admit, the agent's spool."
        raise fault(str(folder), "source-missing", "there is no file or folder of that name", mend)
    with steps() as progress:
        from headgate.bundle.verify import read_bundle_files, stood, verify

        files = read_bundle_files(folder)
        verdict = verify(files, None, progress)
    if verdict.faults or verdict.term is None:
        from headgate.core.faults import Faulty

        raise Faulty(verdict.faults)
    return stood(files, on) if on is not None and on < verdict.term.starts else verdict.term


@contextmanager
def awake(what: str) -> Iterator[None]:
    """A cluster that does not answer ends the command by its own exit code; nothing is lost."""
    from headgate.core.enforcement.engine import EngineDown

    try:
        yield
    except EngineDown as error:
        typer.echo(f"{what}: the cluster is down: {error}", err=True)
        raise typer.Exit(DOWN) from error


def _json_lines(made: "Written") -> Iterator[str]:
    yield json.dumps({**json.loads(made.line()), "digest": made.digest}, ensure_ascii=False)


def _tell_refused(name: str, refused: "Refused") -> None:
    from headgate.core.enforcement.plan import Refusal

    for reason, what in refused.reasons:
        code = reason.name.lower().replace("_", "-")
        typer.echo(f"{name}: {what}: {reason.value} [{code}]", err=True)
        if reason is Refusal.MASS_REMOVAL:
            mend = "see that the source is whole; where it is meant, plan with --mass-removal"
            typer.echo(f"    mend: {mend}, read and apply that plan", err=True)


def _tell(name: str, receipt: "Receipt", as_json: bool) -> int:
    """Say what became of one cluster, and which exit code that is."""
    from headgate.core import canonical
    from headgate.core.enforcement.engine import Plan
    from headgate.core.enforcement.plan import explain
    from headgate.engines.drive import Enforced

    if as_json:
        say(canonical.line({"name": name, "receipt": receipt}).decode().rstrip("\n"))
    else:
        say(f"{name}: {receipt.outcome.value}")
        if receipt.down:
            typer.echo(f"{name}: {receipt.down}", err=True)
        for line in explain(Plan(receipt.cluster, receipt.changes))[1:]:
            say(line)
        for told in receipt.told:
            typer.echo(f"{name}: {told}", err=True)
        if receipt.drift:
            say("still otherwise:")
            for line in explain(Plan(receipt.cluster, receipt.drift))[1:]:
                say(line)
    if receipt.refused is not None:
        _tell_refused(name, receipt.refused)
    codes = {Enforced.REFUSED: REFUSED, Enforced.DOWN: DOWN, Enforced.DRIFTING: DRIFTING}
    return codes.get(receipt.outcome, 0)
