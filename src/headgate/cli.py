"""The command line: `headgate demo | check | explain | simulate | verify`.

Bad input ends with exit code 2 and the list of its faults, never with a traceback. Everything heavy
is imported by the command that needs it, so that `headgate --help` answers at once.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from headgate.core.faults import Fault

BAD_INPUT = 2

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="One policy file, a whole national AI programme, decisions that anyone can derive again.",
)

ProgrammeArgument = Annotated[
    str, typer.Argument(help="A programme's folder or file, or its name.")
]
OverlayOption = Annotated[
    list[Path] | None, typer.Option("--overlay", help="A what-if file laid over the policy.")
]
TraceOption = Annotated[
    Path | None,
    typer.Option(help="Use real jobs: a trace in SWF, or the Philly CSV (.csv or .csv.gz)."),
]
UsageOption = Annotated[
    Path | None, typer.Option(help="Use real metering: a CSV file of usage rows.")
]
SeedOption = Annotated[str, typer.Option(help="The seed of all that is simulated.")]


def main() -> None:
    """The entry point."""
    app()


def _say(text: str) -> None:
    typer.echo(text)


def _complain(faults: "tuple[Fault, ...]", what: str) -> None:
    for fault in faults:
        typer.echo(str(fault), err=True)
    typer.echo(f"{what}: {len(faults)} {'fault' if len(faults) == 1 else 'faults'}", err=True)


@contextmanager
def _mendable(what: str) -> Iterator[None]:
    """Turn every named refusal of a command into its list of faults and exit code 2."""
    from headgate.core.faults import Faulty

    try:
        yield
    except Faulty as error:
        _complain(error.faults, what)
    except (ValueError, OSError) as error:
        typer.echo(f"{what}: {error}", err=True)
    else:
        return
    raise typer.Exit(BAD_INPUT)


@contextmanager
def _steps() -> Iterator[Callable[[str], None]]:
    """Show what is being done, on a terminal only."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console

    with Console(stderr=True).status("starting") as status:
        yield status.update


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="The folder of the public bundle.")] = Path(
        "headgate-demo"
    ),
    programme: Annotated[
        str, typer.Option(help="A programme's folder, or its name.")
    ] = "korea-2025",
    overlay: OverlayOption = None,
    trace: TraceOption = None,
    usage: UsageOption = None,
    evidence: Annotated[
        Path | None, typer.Option(help="Use real benchmark items: a folder of per-item scores.")
    ] = None,
    seed: SeedOption = "headgate",
) -> None:
    """Take a programme through one whole term and publish what a stranger needs to check it."""
    with _mendable("demo"), _steps() as progress:
        from headgate.demo import Choices, publish, rehearse
        from headgate.report.pages import pages

        choices = Choices(tuple(overlay or ()), trace, usage, evidence, seed)
        rehearsal = rehearse(programme, choices, progress)
        progress("publishing")
        for line in publish(rehearsal, pages(rehearsal.term, rehearsal.data), out):
            _say(line)


@app.command()
def verify(
    folder: Annotated[Path, typer.Argument(help="The folder of a public bundle.")],
    key: Annotated[
        list[str] | None,
        typer.Option(help="A key that must have signed, as the programme publishes it elsewhere."),
    ] = None,
) -> None:
    """Derive every decision of a bundle again and compare the bytes."""
    with _mendable("verify"), _steps() as progress:
        from headgate.bundle.verify import read_bundle_files
        from headgate.bundle.verify import verify as verify_files
        from headgate.report.pages import pages

        verdict = verify_files(read_bundle_files(folder), pages, progress)
        missing = [k for k in key or () if k not in verdict.keys]
        if verdict.faults or missing:
            _complain(verdict.faults, f"{folder} is NOT what was published")
            for wanted in missing:
                typer.echo(f"the key {wanted} has not signed", err=True)
            raise typer.Exit(BAD_INPUT)
        for step, count in verdict.decisions.items():
            _say(f"{count:>8,}  {step}")
        total = sum(verdict.decisions.values())
        _say(f"{total:>8,}  decisions derived again, byte for byte")
        _say(f"{verdict.transfers:>8,}  transfers posted again")
        _say(f"{verdict.entries:>8,}  journal entries")
        _say(f"root {verdict.root}")
        for name in verdict.keys:
            _say(f"signed by {name}")


@app.command()
def check(
    programme: ProgrammeArgument,
    overlay: OverlayOption = None,
    adopt: Annotated[bool, typer.Option("--adopt", help="Ask whether it may be adopted.")] = False,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema and stop.")
    ] = False,
) -> None:
    """Check a programme file: every fault at once, with its line and what would mend it."""
    with _mendable(f"check {programme}"):
        from headgate.checking import check_programme, schema_text

        if schema:
            _say(schema_text())
            return
        for line in check_programme(programme, tuple(overlay or ()), adopt=adopt):
            _say(line)


@app.command()
def explain(
    programme: ProgrammeArgument,
    path: Annotated[str, typer.Argument(help="A value or rule, such as calls.open-1.fee.")],
    on: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day.")] = None,
    given: Annotated[
        list[str] | None, typer.Option(help="An input of the rule, as name=value; repeat it.")
    ] = None,
    overlay: OverlayOption = None,
) -> None:
    """Say where a value comes from: value, rule, article, inputs, each with file and line."""
    with _mendable(f"explain {programme}"):
        from headgate.checking import explain_path

        day: date | None = on.date() if on else None
        for line in explain_path(programme, path, day, given or [], tuple(overlay or ())):
            _say(line)


@app.command()
def simulate(
    programme: ProgrammeArgument,
    overlay: OverlayOption = None,
    trace: TraceOption = None,
    seed: SeedOption = "headgate",
    out: Annotated[Path | None, typer.Option(help="Write the comparison as JSON.")] = None,
) -> None:
    """Run a term under the policy as it stands and under each overlay, and compare them."""
    with _mendable(f"simulate {programme}"), _steps() as progress:
        from headgate.comparing import compare
        from headgate.demo import Choices

        choices = Choices(tuple(overlay or ()), trace, None, None, seed)
        for line in compare(programme, choices, out, progress):
            _say(line)
