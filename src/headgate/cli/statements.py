"""The commands that tell what is in a ledger: statements for people, plain text for programs."""

import sys
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from headgate.cli.ledger import DatabaseOption
from headgate.cli.shared import fault, ledger_at, mendable, say, written

if TYPE_CHECKING:
    from headgate.site.records.database import Database
    from headgate.site.reports.statement import Account, Line, Summary
    from headgate.site.reports.tables import Row

LINES_SHOWN = 20

Period = tuple[str, str | None]
"""From an instant up to before another; None is the end."""


class Language(StrEnum):
    """The languages of a statement."""

    ENGLISH = "en"
    VIETNAMESE = "vi"
    KOREAN = "ko"


def statement(
    database: DatabaseOption,
    award: Annotated[str | None, typer.Option(help="Every account of this award.")] = None,
    account: Annotated[str | None, typer.Option(help="The account at this path.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write all lines to this file: .csv or .xlsx.")
    ] = None,
    language: Annotated[Language, typer.Option(help="Of the columns' heads.")] = Language.ENGLISH,
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The first day of the lines.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day after the last.")
    ] = None,
    summary: Annotated[
        bool, typer.Option("--summary", help="In the file, one row for each account of the award.")
    ] = False,
) -> None:
    """What moved on an award's accounts, or on one account, and how it stands now."""
    with mendable("ledger statement"), ledger_at(database) as kept:
        if (award is None) == (account is None):
            mend = "Say --award NAME or --account PATH."
            raise fault("--award", "statement-of-what", "name an award or an account", mend)
        if out is not None and out.suffix not in (".csv", ".xlsx"):
            mend = "Name a file that ends in .csv or .xlsx."
            raise fault("--out", "statement-format", f"{out.name} is no table", mend)
        if summary and (award is None or out is None):
            mend = "Say --award NAME and --out FILE with it."
            raise fault("--summary", "summary-of-what", "it is of an award, in a file", mend)
        if since is not None and until is not None and since >= until:
            what = f"{since:%Y-%m-%d} is not before {until:%Y-%m-%d}"
            raise fault("--since", "statement-period", what, "Say a later day with --until.")
        period = f"{since:%Y-%m-%d}" if since else "", f"{until:%Y-%m-%d}" if until else None
        with kept.reading():
            if out is None:
                _show(kept, award, account, period)
            else:
                told = _rows(kept, award, account, language, period, summary=summary)
                _write(kept, told, out)
                say(f"written to {out}")


def _accounts(database: "Database", award: str | None, account: str | None) -> "list[Account]":
    from headgate.site.reports.statement import of_award, page

    return (
        of_award(database, award) if award is not None else [page(database, account or "").account]
    )


def _show(database: "Database", award: str | None, account: str | None, period: Period) -> None:
    """Each account with its newest lines; of an award also what the period made of it."""
    from headgate.site.reports.statement import summaries

    told = summaries(database, award, *period) if award is not None else []
    made = {summary.account.path: summary for summary in told}
    for one in _accounts(database, award, account):
        say(f"{one.path}, in {one.unit}")
        if one.path in made:
            _show_summary(made[one.path])
        newest, balance = _newest(database, one.path, period), one.balance
        say(f"    debits {balance.debits_posted:,}, pending {balance.debits_pending:,}")
        say(f"    credits {balance.credits_posted:,}, pending {balance.credits_pending:,}")
        for line in newest[:LINES_SHOWN]:
            moved = f"{line.side} {line.posted:,}" if line.posted else f"reserves {line.reserves:,}"
            say(f"    {line.at}  {moved}  {line.transfer}")
        if len(newest) > LINES_SHOWN:
            say("    ... and earlier ones: name a file with --out for all of them")


def _newest(database: "Database", path: str, period: Period) -> "list[Line]":
    """The newest lines of a period, newest first, and one more than are shown if there is one."""
    from headgate.site.reports.statement import lines, page

    since, until = period
    after = next(lines(database, [path], until), None) if until is not None else None
    found = page(database, path, after.half if after is not None else None, LINES_SHOWN + 1)
    return [line for line in found.lines if line.at >= since]


def _show_summary(made: "Summary") -> None:
    moved = f"granted {made.granted:,}, used {made.used:,}, returned {made.returned:,}"
    left = "" if made.left is None else f", left {made.left:,}"
    say(f"    {moved}, corrected {made.corrected:,}{left}")


def _rows(
    database: "Database",
    award: str | None,
    account: str | None,
    language: Language,
    period: Period,
    *,
    summary: bool,
) -> "Iterator[Row]":
    """What a period made of each account of an award, or every line of it, oldest first."""
    from headgate.site.reports.statement import lines, summaries
    from headgate.site.reports.tables import statement_rows, summary_rows

    if summary:
        return summary_rows(summaries(database, award or "", *period), language.value)
    paths = [one.path for one in _accounts(database, award, account)]
    return statement_rows(lines(database, paths, *period), language.value)


def _write(database: "Database", rows: "Iterator[Row]", out: Path) -> None:
    """Rows as the kind of file that `out` is."""
    from headgate.site.reports.tables import write_csv, write_xlsx
    from headgate.site.status import state

    write = write_csv if out.suffix == ".csv" else write_xlsx
    with written(out) as file:
        write(rows, file, state(database))


def export(
    database: DatabaseOption,
    out: Annotated[
        Path | None, typer.Option(help="Write to this file instead of the terminal.")
    ] = None,
) -> None:
    """All transfers as plain text that `ledger` and `hledger` add up again."""
    with mendable("ledger export"), ledger_at(database) as kept:
        from headgate.site.reports.plaintext import plain_text

        with kept.reading():
            if out is None:
                sys.stdout.writelines(plain_text(kept))
                return
            with written(out) as file:
                file.writelines(line.encode() for line in plain_text(kept))
