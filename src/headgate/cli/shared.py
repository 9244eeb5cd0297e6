"""What every command shares: how it speaks, how it fails, and how it finds the ledger."""

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Annotated, BinaryIO, Final

import typer

if TYPE_CHECKING:
    from headgate.core.faults import Fault, Faulty
    from headgate.site.records.database import Database

BAD_INPUT: Final = 2
EXTRA: Final = (
    *("allauth", "django", "django_htmx", "psycopg", "pydantic_settings", "rules", "uvicorn"),
    *("whitenoise", "prometheus_client", "pythonjsonlogger", "xlsxwriter"),
)
"""The packages that come with headgate[site] and not with headgate."""

ProgrammeArgument = Annotated[
    str, typer.Argument(help="A programme's folder or file, or its name.")
]
OverlayOption = Annotated[
    list[Path] | None, typer.Option("--overlay", help="A what-if file laid over the policy.")
]
TraceOption = Annotated[
    Path | None,
    typer.Option(help="Jobs: a trace in SWF, CSV or of sacct -P; or generated:acme:GPUS:WEEKS."),
]
UsageOption = Annotated[
    Path | None, typer.Option(help="Use real metering: a CSV file of usage rows.")
]
EvidenceOption = Annotated[
    Path | None, typer.Option(help="Use real benchmark items: a folder of per-item scores.")
]
TermsOption = Annotated[
    int, typer.Option(min=1, max=100, help="So many whole terms, one after the other.")
]
SeedOption = Annotated[str, typer.Option(help="The seed of all that is simulated.")]


def say(text: str) -> None:
    """One line of a command's answer."""
    typer.echo(text)


def complain(faults: "tuple[Fault, ...]", what: str) -> None:
    """The list of faults, and how many they are."""
    for fault in faults:
        typer.echo(str(fault), err=True)
    typer.echo(f"{what}: {len(faults)} {'fault' if len(faults) == 1 else 'faults'}", err=True)


@contextmanager
def mendable(what: str) -> Iterator[None]:
    """Turn every named refusal of a command into its list of faults and exit code 2."""
    from headgate.core.faults import Faulty
    from headgate.core.ledger.refused import Refused

    try:
        yield
    except Refused as error:
        code = error.reason.name.lower().replace("_", "-")
        typer.echo(f"{what}: {error.about}: {error.reason.value} [{code}]", err=True)
    except Faulty as error:
        complain(error.faults, what)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in EXTRA:
            raise
        complain(_site_missing(error).faults, what)
    except BrokenPipeError:
        raise  # Whoever reads the answer has enough of it: the command line ends quietly.
    except (ValueError, OSError) as error:
        if isinstance(error, OSError) and error.filename is not None:
            complain(_unusable(error).faults, what)
        else:
            typer.echo(f"{what}: {error}", err=True)
    else:
        return
    raise typer.Exit(BAD_INPUT)


@contextmanager
def steps() -> Iterator[Callable[[str], None]]:
    """Show what is being done, on a terminal only."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console

    with Console(stderr=True).status("starting") as status:
        yield status.update


@contextmanager
def until_stopped() -> Iterator[None]:
    """End quietly what runs within when somebody presses Ctrl+C, or a manager sends SIGTERM.

    One becomes the other, because an event loop knows how to end well on Ctrl+C alone; and that one
    is heard where a shell that starts a command in its background has it ignored.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    with suppress(KeyboardInterrupt):
        yield


def passes(
    every: float, *, once: bool, wait: Callable[[float], object] = time.sleep
) -> Iterator[None]:
    """One pass after another, so many seconds apart unless `wait` knows better; or one alone."""
    yield
    while not once:
        wait(every)
        yield


@contextmanager
def database_at(address: str, *, portal: bool = True) -> "Iterator[Database]":
    """A database for the length of a command; what it cannot do is a fault and not a traceback.

    Without `portal`, for a command that only reads a ledger, none of the portal's code is loaded.
    """
    from django.core.exceptions import ImproperlyConfigured
    from django.db import DatabaseError

    from headgate.site.records.database import opened

    database = opened(address, portal=portal)
    try:
        yield database
    except (DatabaseError, ImproperlyConfigured) as error:
        what = " ".join(str(error).split()) or type(error).__name__
        mend = "Verify the ledger: headgate verify ADDRESS."
        raise fault("--database", "database-refuses", what, mend) from error
    finally:
        database.connection.close()


@contextmanager
def ledger_at(address: str, *, portal: bool = True) -> "Iterator[Database]":
    """The ledger that a command works on; raises `Faulty` where there is none."""
    with database_at(address, portal=portal) as database:
        file = database.connection.settings_dict["NAME"]
        if database.vendor == "sqlite" and not Path(file).is_file():
            mend = "Make one with `headgate ledger create ADDRESS`, or name another address."
            raise fault("--database", "ledger-missing", f"there is no file {file}", mend)
        database.rows("SELECT 1 FROM entry LIMIT 1")
        yield database


def refuse_taken(out: Path | None) -> None:
    """Raise `Faulty` where a new folder is asked for and something is there already."""
    if out is not None and (out.exists() or out.is_symlink()):
        mend = "Name a folder that is not there yet."
        raise fault(str(out), "out-taken", "there is something of that name", mend)


@contextmanager
def written(path: Path) -> Iterator[BinaryIO]:
    """A file that takes its name when it is whole; an earlier one stands until then.

    Nobody can foresee the draft's name, and it is never a file or link that is already there.
    """
    draft = path.with_name(f".{token_hex(8)}.draft")
    with draft.open("xb") as file:
        try:
            yield file
            file.close()
            draft.rename(path)
        finally:
            draft.unlink(missing_ok=True)


def fault(file: str, code: str, what: str, mend: str) -> "Faulty":
    """One fault of what a person typed, ready to be raised."""
    from headgate.core.faults import Fault, Faulty

    return Faulty([Fault(file, 0, 0, code, what, mend)])


def _unusable(error: OSError) -> "Faulty":
    """What the system refuses of a file, as a fault of that file."""
    said = error.strerror or str(error)
    mend = "Name a file or folder that is there and that you may use."
    return fault(str(error.filename), "file-unusable", said[:1].lower() + said[1:], mend)


def _site_missing(error: ModuleNotFoundError) -> "Faulty":
    what = f"this command keeps or reads a database, and {error.name} is not installed"
    return fault("headgate", "site-missing", what, "Install headgate[site].")
