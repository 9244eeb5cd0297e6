"""The ledger as plain text that `ledger` and `hledger` read, so that another program adds it up.

One transaction a transfer, in order, with its exact instant, its reason and the reservation that it
resolves as tags. A debit is positive. What was posted and what is pending stand in two trees of
accounts, `posted:` and `pending:`; a path's "/" becomes ":". Everything in a name that either
program could take for syntax is written as in a web address, `%3B` for a semicolon, so it can be
read back exactly. The last transaction asserts every balance: a reader that adds up to anything
else stops there.

`ledger` reads lines of up to 4,095 bytes, which the longest path fits, but stops at a unit or a
part of a path of 256. A longer one is cut and ends in "~" and its SHA-256; the last transaction
tells the whole of it as the tag `account` or `unit`.
"""

from collections.abc import Iterator
from hashlib import sha256
from typing import Final
from urllib.parse import quote

from headgate.site.records.database import Database, Row
from headgate.site.records.journal import head
from headgate.site.reports.statement import all_accounts
from headgate.site.status import state

DAY_LEAST: Final = "1400-01-01"
"""`ledger` knows no day before; the tag `at` tells the instant as it is."""

PART_LENGTH_MOST: Final = 200
_HEAD_LENGTH: Final = 80

_COLUMNS: Final = "at, subject, debit, credit, unit, phase, pending, why, posted, reserves"


def plain_text(database: Database) -> Iterator[str]:
    """The lines of the export, each with its newline; read inside `database.reading()`."""
    yield "; The ledger of Headgate as plain text; check it with: hledger check, ledger balance.\n"
    yield f"; {state(database)}\n"
    sql = f"SELECT {_COLUMNS} FROM entry WHERE kind = 'transfer' ORDER BY seq"
    for row in database.stream(sql):
        yield from _transaction(row)
    yield from _balances(database)


def _transaction(row: Row) -> Iterator[str]:
    """One transfer; a reservation that is resolved leaves `pending:` as a whole."""
    at, name, debit, credit, unit, phase, pending, why, posted, reserves = row
    yield f"\n{_day(at)} {phase} {quoted(name)}\n"
    yield f"    ; at: {at}\n"
    if pending is not None:
        yield f"    ; resolves: {quoted(pending)}\n"
    yield f"    ; why: {quoted(why)}\n"
    for tree, amount in (("pending", reserves), ("posted", posted)):
        if amount:
            yield f"    {account(tree, debit)}  {quantity(amount, unit)}\n"
            yield f"    {account(tree, credit)}  {quantity(-amount, unit)}\n"


def _balances(database: Database) -> Iterator[str]:
    """The last transaction: it moves nothing and asserts every balance."""
    title = f"\n{_day(head(database).latest)} balances\n"
    for told in all_accounts(database):
        balance, nothing = told.balance, quantity(0, told.unit)
        nets = {
            "posted": balance.debits_posted - balance.credits_posted,
            "pending": balance.debits_pending - balance.credits_pending,
        }
        yield title
        title = ""
        for tree, net in nets.items():
            yield f"    {account(tree, told.path)}  {nothing} = {quantity(net, told.unit)}\n"
        for tag, names in (("account", told.path.split("/")), ("unit", [told.unit])):
            if [*map(part, names)] != [*map(quoted, names)]:
                yield f"    ; {tag}: {':'.join(map(quoted, names))}\n"


def account(tree: str, path: str) -> str:
    """An account's name in the export."""
    return ":".join((tree, *map(part, path.split("/"))))


def quantity(amount: int, unit: str) -> str:
    """An amount with its unit as a commodity."""
    return f'{amount} "{part(unit)}"'


def quoted(text: str) -> str:
    """A name in letters, digits and `_.-%` only; `urllib.parse.unquote` gives it back."""
    return quote(text, safe="").replace("~", "%7E")


def part(text: str) -> str:
    """A unit, or a part of a path, as it stands in the export."""
    told = quoted(text)
    if len(told) <= PART_LENGTH_MOST:
        return told
    return f"{told[:_HEAD_LENGTH]}~{sha256(told.encode()).hexdigest()}"


def _day(at: str) -> str:
    return max(at[:10], DAY_LEAST)
