"""`headgate backup` and `restore`: a whole site in one file, from either database into either."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from headgate.cli.ledger import DatabaseOption
from headgate.cli.shared import ledger_at, mendable, say, steps

if TYPE_CHECKING:
    from headgate.site.backup import Manifest


def backup(
    file: Annotated[Path, typer.Argument(help="A new file; none is ever written over.")],
    database: DatabaseOption,
) -> None:
    """Write all that a site holds at one moment to a file, people included, but for the keys."""
    with mendable("backup"), steps() as progress, ledger_at(database) as kept:
        from headgate.site.backup import backup as back_up

        _tell(back_up(kept, file, progress))


def restore(
    file: Annotated[Path, typer.Argument(help="What `headgate backup` wrote.")],
    database: DatabaseOption,
) -> None:
    """Fill an empty site from a backup, all or nothing, through every constraint."""
    with mendable("restore"), steps() as progress, ledger_at(database) as kept:
        from headgate.site.backup import restore as restore_from

        _tell(restore_from(file, kept, progress))


def _tell(manifest: "Manifest") -> None:
    say(f"{manifest.size:,} entries, root {manifest.root}")
    if private := manifest.private:
        say(f"{private:,} rows of people, agents and notices: keep the file as private as they are")
