"""What `headgate plan` costs as a command: a ledger of 1,000 awards, all of which stand as meant.

A plan is asked for by cron and by people, a process each time, so the start of Python and all that
is imported are part of it. Slurm's clients are stood in for by a program that prints what they
printed, so that the core time is ours. The ratio is to a process that imports what no reader of a
ledger can do without (Django's database layer, pydantic, typer) and ends, in the same run.
"""

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from typing import Any, Final

from bench.ledger.bench_ledger import measure
from bench.slurm.bench_slurm import listed
from headgate.core.enforcement.clusters.slurm import SlurmCluster
from headgate.cycle import take
from headgate.engines.slurm.things import Counted, things_of
from headgate.operating import jobs
from headgate.readers.clusters import read_clusters
from headgate.readers.facts import Recorded
from headgate.site.actions.take import begin_programme, change, take_event
from headgate.site.records.database import Database, create, opened
from headgate.site.records.kept import kept_term
from headgate.steps.agenda import agenda
from headgate.steps.event import Event, What
from headgate.steps.term import Term
from tests.commands import HEADGATE, environment
from tests.site.actions.metered import facts
from tests.whole.small import small

AWARDS: Final = 1_000
TIMES: Final = 5
AT: Final = "2026-04-01T00:00:00Z"
CLUSTERS: Final = """headgate: 1
clusters:
  south:
    engine: slurm
    site: south
    cluster: lab
    lock: {folder}/lock
    environment: {{PATH: "{folder}:/usr/bin:/bin"}}
    programme: p
    sectors: {{national: n, business: b, academia: a}}
    chips: {{h200: {{gres: "gpu:h200"}}}}
"""
CLIENT: Final = '#!/bin/sh\nif [ -f "{folder}/$3" ]; then cat "{folder}/$3"; fi\n'
BARE: Final = "import django.db.models, pydantic, typer"


def many(event: Event, term: Term | None) -> Term:
    """A term after its first orders, with so many awards in place of its own."""
    taken = take(required(term), Recorded(facts()), event)
    one = taken.holdings["open-0001"]
    (part,) = one.parts
    names = [f"open-{number}" for number in range(AWARDS, 2 * AWARDS)]
    held = {n: replace(one, award=n, parts=(replace(part, award=n),)) for n in names}
    return replace(taken, holdings=held)


def kept(database: Database) -> Term:
    """Keep the small programme up to its first orders, with so many awards."""
    create(database)
    document = small().term.document
    begin_programme(database, document)
    for event in agenda(document):
        if event.what is What.ENFORCE:
            return change(database, partial(many, event))
        take_event(database, Recorded(facts()), event)
    raise RuntimeError("the small programme has no orders")


def required(term: Term | None) -> Term:
    """The term of a programme that has begun."""
    if term is None:
        raise RuntimeError("no programme has begun")
    return term


def prepared(folder: Path) -> tuple[str, ...]:
    """The command, with its ledger, its clusters file, and clients that print what stands."""
    address, clusters = f"sqlite:///{folder / 'ledger.db'}", folder / "clusters.yaml"
    clusters.write_text(CLUSTERS.format(folder=folder), encoding="utf-8")
    database = opened(address, "bench")
    kept(database)
    sections = read_clusters(clusters)
    (job,) = jobs(required(kept_term(database)), sections, {}, AT)
    database.connection.close()
    section = sections["south"]
    if not isinstance(section, SlurmCluster):
        raise TypeError("the section is not one of a Slurm")
    things = things_of(section, (order.quota for order in job.orders), Counted())
    for kind in ("qos", "account", "assoc"):
        root = f"root||1|{10 * AWARDS}||||||\n" if kind == "assoc" else ""
        text = "\n".join(listed(things, kind))
        (folder / kind).write_text(f"{text}\n{root}", encoding="utf-8")
    for client in ("sacctmgr", "scontrol", "squeue", "sacct"):
        (folder / client).write_text(CLIENT.format(folder=folder), encoding="utf-8")
        (folder / client).chmod(0o755)
    return *HEADGATE, "plan", address, "--clusters", str(clusters), "--at", AT


def core_seconds(compiled: str, command: Sequence[str]) -> float:
    """The core time of a process that must end well, and of those that it starts.

    Modules are compiled once, into a folder, as they are where a program is installed.
    """
    settings = environment(PYTHONPYCACHEPREFIX=compiled, PYTHONDONTWRITEBYTECODE="")
    before = getrusage(RUSAGE_CHILDREN)
    subprocess.run(command, env=settings, stdout=subprocess.DEVNULL, check=True)
    after = getrusage(RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def run() -> list[dict[str, Any]]:
    """Measure a plan that finds nothing to do, which its exit code says, and the bare imports.

    One after the other, and of each the least: what neighbours cost falls on both.
    """
    with tempfile.TemporaryDirectory() as name:
        commands = prepared(Path(name)), (sys.executable, "-c", BARE)
        timed = partial(core_seconds, str(Path(name) / "compiled"))
        spent = [tuple(map(timed, commands)) for _ in range(TIMES)]
    whole, bare = map(min, zip(*spent, strict=True))
    scenario = f"{AWARDS:,} awards that stand, headgate plan"
    return [
        measure(scenario, "core time of the command", whole, "s"),
        measure(scenario, "the command / bare imports", whole / bare, "ratio"),
    ]
