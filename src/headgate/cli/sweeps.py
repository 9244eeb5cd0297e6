"""`headgate simulate`: a policy by itself, or a shard of a sweep, or all shards merged.

A first word that is none of the commands is a policy: `headgate simulate DIR --overlay A`.
"""

from pathlib import Path
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

from headgate.cli.programme import simulate
from headgate.cli.shared import mendable, refuse_taken, say, steps

POLICY: Final = "policy"
INTERRUPTED: Final = 130

SweepArgument = Annotated[Path, typer.Argument(help="The folder of a sweep.")]


class _PolicyFirst(TyperGroup):
    """A group whose first word may be a policy."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the word `policy` before anything that is no command."""
        return super().parse_args(ctx, args if {*args[:1]} & {*self.commands} else [POLICY, *args])


simulations = typer.Typer(cls=_PolicyFirst, help="Try a policy before it is signed.")
simulations.command(POLICY)(simulate)


@simulations.command()
def shard(
    part: Annotated[str, typer.Argument(metavar="K/N", help="Every N-th task from the K-th on.")],
    sweep: SweepArgument,
    processes: Annotated[
        int, typer.Option(min=1, max=1024, help="How many tasks are done at a time.")
    ] = 1,
) -> None:
    """Do one part of a sweep: every task of it that is not done yet."""
    with mendable(f"simulate shard {part}"), steps() as progress:
        from headgate.engines.shards import shard_of
        from headgate.sweeping import run_shard

        try:
            say(run_shard(sweep, shard_of(part), processes, progress))
        except KeyboardInterrupt:
            typer.echo(
                "stopped; what is done is kept: the same command goes on from there", err=True
            )
            raise typer.Exit(INTERRUPTED) from None


@simulations.command()
def submit(
    sweep: SweepArgument,
    shards: Annotated[int, typer.Option(min=1, max=10_000, help="Into how many jobs.")] = 8,
    minutes: Annotated[int, typer.Option(min=1, help="The time limit of each job.")] = 60,
    partition: Annotated[str | None, typer.Option(help="The partition of Slurm.")] = None,
    here: Annotated[bool, typer.Option("--here", help="On this machine, Slurm or not.")] = False,
) -> None:
    """Do a sweep by submitit: as a job array of the Slurm that is there, and wait for it."""
    with mendable(f"simulate submit {sweep}"):
        from headgate.engines.submitted import Asked, carried
        from headgate.sweeping import array_of, shard_alone

        asked = Asked(minutes, partition, "local" if here else None)
        for line in carried(array_of(sweep, shards), shard_alone, asked):
            say(line)


@simulations.command()
def merge(
    sweep: SweepArgument,
    partial: Annotated[
        bool, typer.Option("--partial", help="Take the histories that are done; leave the others.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the comparison as JSON.")] = False,
    out: Annotated[Path | None, typer.Option(help="A new folder for the comparison.")] = None,
) -> None:
    """Put all parts of a sweep together: what one process would have made, to the byte."""
    with mendable(f"simulate merge {sweep}"), steps() as progress:
        from headgate.comparing import text_of, write
        from headgate.sweeping import merge as merged

        refuse_taken(out)
        compared = merged(sweep, partial, progress)
        if out is not None:
            write(compared, out)
        for line in [text_of(compared)] if as_json else compared.lines:
            say(line)
