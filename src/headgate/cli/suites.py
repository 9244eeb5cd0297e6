"""`headgate suite`: an evaluator runs a suite on the models of all teams, and signs the results.

Exit codes of `run`: 0 all is done, 2 bad input or runs that failed, 5 the cluster did not answer,
130 somebody pressed Ctrl-C. The same command goes on where it stopped.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from headgate.cli.clusters import awake
from headgate.cli.shared import OverlayOption, fault, mendable, say, steps
from headgate.cli.sweeps import INTERRUPTED

if TYPE_CHECKING:
    from headgate.core.enforcement.engine import Carrier

suites = typer.Typer(no_args_is_help=True, help="Run a suite of evaluation tasks for a round.")

SuiteArgument = Annotated[
    str, typer.Argument(metavar="SUITE", help="A suite's file, or one that comes with Headgate.")
]


@suites.command()
def check(suite: SuiteArgument) -> None:
    """Check a suite: every fault with its line; its tasks, and the digest that a policy names."""
    with mendable(f"suite check {suite}"):
        from headgate.readers.suites import find, read_suite

        read = read_suite(find(suite))
        for name, task in read.file.tasks.items():
            words = [task.language, f"{task.tool.value} {task.version}", task.task]
            words += [f"{task.items:,} items"] if task.items is not None else []
            words += [task.origin.value] if task.origin is not None else []
            words += ["hidden"] if task.hidden else []
            say(f"{name}: {', '.join(words)}")
        say(f"digest  {read.digest}")


@suites.command()
def keys(
    folder: Annotated[Path, typer.Argument(help="The folder of the evaluator's keys.")],
    name: Annotated[
        str | None, typer.Option(help="Make them, under this name of the evaluator.")
    ] = None,
) -> None:
    """Print the evaluator's keys as a policy names them; with --name, make them."""
    with mendable(f"suite keys {folder}"):
        from headgate.journal.keys import create
        from headgate.running.collect import ring_of

        ring = create(folder, name) if name is not None else ring_of(folder)
        for signer in ring.current:
            say(signer.verifier().pin())


@suites.command()
def run(
    round_id: Annotated[str, typer.Argument(metavar="ROUND", help="A round of the policy.")],
    programme: Annotated[str, typer.Option(help="A programme's folder or file, or its name.")],
    suite: Annotated[str, typer.Option(help="A suite's file, or one that comes with Headgate.")],
    models: Annotated[Path, typer.Option(help="The evaluator's file: models, programs.")],
    work: Annotated[Path, typer.Option(help="The evaluator's private folder for this round.")],
    keys: Annotated[
        Path | None, typer.Option(help="The evaluator's keys: sign what came of the runs.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="A new folder for the signed evidence.")] = None,
    pillar: Annotated[str | None, typer.Option(help="The pillar that the suite is for.")] = None,
    overlay: OverlayOption = None,
    clusters: Annotated[Path | None, typer.Option(help="The clusters file (YAML).")] = None,
    cluster: Annotated[
        str | None, typer.Option(help="Run there, as a job array; else here.")
    ] = None,
    shards: Annotated[
        int, typer.Option(min=1, max=10_000, help="How many runs are at work at a time.")
    ] = 1,
    tries: Annotated[
        int,
        typer.Option(min=0, max=100, help="How often a run that failed is tried; 0 plans only."),
    ] = 2,
    every: Annotated[float, typer.Option(min=0.05, max=3600, help="Seconds between looks.")] = 10,
) -> None:
    """Run every task on every model, each once; then sign, and write what `evaluate` takes."""
    with mendable(f"suite run {round_id}"), awake(f"suite run {round_id}"), steps() as progress:
        from headgate.engines.shards import Here
        from headgate.evaluating import round_named
        from headgate.readers.suites import find, read_evaluator, read_suite
        from headgate.running.collect import (
            Waiting,
            carry,
            check_asked,
            collected,
            ring_of,
            write_evidence,
        )
        from headgate.running.work import planned

        if (keys is None) is not (out is None):
            mend = "Say both, or neither to run and sign later."
            raise fault("--out", "keys-unnamed", "evidence is written signed", mend)
        evaluation = round_named(programme, round_id, tuple(overlay or ()))
        read, evaluator = read_suite(find(suite)), read_evaluator(models)
        of = check_asked(evaluation, pillar, read, evaluator)
        signers = ring_of(keys).current if keys is not None else ()
        here = Here()
        carrier = _carrier(clusters, cluster) or here
        asked = planned(work, read, evaluator, of.id)
        try:
            carry(asked, Waiting(carrier, shards, tries, every), progress)
        except KeyboardInterrupt:
            typer.echo("stopped; the same command goes on from there", err=True)
            raise typer.Exit(INTERRUPTED) from None
        finally:
            here.end()
        say(f"{len(asked.runs)} runs are done")
        if out is not None:
            say(write_evidence(collected(asked, evaluation, signers), out, round_id))


def _carrier(clusters: Path | None, name: str | None) -> "Carrier | None":
    """The cluster that was named; None for the machine at hand."""
    if name is None:
        return None
    from headgate.engines.opening import carrier
    from headgate.readers.clusters import named, read_clusters

    if clusters is None:
        raise fault("--cluster", "clusters-unnamed", "no file says how it is reached",
                    "name the clusters file: --clusters FILE")  # fmt: skip
    return carrier(named(read_clusters(clusters), name))


@suites.command()
def shard(
    part: Annotated[str, typer.Argument(metavar="K/N", help="Every N-th run from the K-th on.")],
    work: Annotated[Path, typer.Argument(help="The evaluator's folder.")],
) -> None:
    """Do one part of the runs: every run of it that is not done yet."""
    with mendable(f"suite shard {part}"), steps() as progress:
        from headgate.engines.shards import shard_of
        from headgate.running.shard import run_shard

        say(run_shard(work, shard_of(part), progress))
