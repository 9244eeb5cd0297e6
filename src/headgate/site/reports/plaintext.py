"""The ledger as plain text that `ledger` and `hledger` read, so that another program adds it up.

One transaction a transfer, in order. A debit is positive. What was posted and what is pending stand
in two trees of accounts, `posted:` and `pending:`; a path's "/" becomes ":". Everything in a name
that either program could take for syntax is written as in a web address, `%3B` for a semicolon, so
it can be read back exactly. The last transaction asserts every balance: a reader that adds up to
anything else stops there.
"""

from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

from headgate.core.ledger.transfer import Phase, Transfer
from headgate.site.records.books import TRANSFER_COLUMNS, as_transfer
from headgate.site.records.database import Database
from headgate.site.records.journal import head
from headgate.site.reports.statement import all_accounts

_SAFE: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")
_FIRST_DAY: Final = "1970-01-01"

_POSTED, _PENDING = "posted", "pending"


def plain_text(database: Database) -> Iterator[str]:
    """The lines of the export, each with its newline; read inside `database.reading()`."""
    at = head(database)
    yield "; The ledger of Headgate as plain text; check it with: hledger check, ledger balance.\n"
    yield f"; entries in the journal: {at.size}\n"
    reserved = "(SELECT r.amount FROM entry r WHERE r.seq = entry.pending_seq)"
    sql = f"SELECT {TRANSFER_COLUMNS}, {reserved} FROM entry WHERE kind = 'transfer' ORDER BY seq"
    for row in database.stream(sql):
        yield from _transaction(as_transfer(row), row[-1])
    yield from _assertions(database, at.latest[:10] or _FIRST_DAY)


def _transaction(transfer: Transfer, reserved: int | None) -> Iterator[str]:
    """One transfer; what a resolution frees is the whole of what had been reserved."""
    yield f"\n{transfer.at[:10]} {transfer.phase.value} {safe(transfer.id)}\n"
    yield f"    ; {transfer.at[11:]} {safe(transfer.why)}\n".replace(":", ".")
    moves = {
        Phase.SINGLE: [(_POSTED, transfer.amount)],
        Phase.PENDING: [(_PENDING, transfer.amount)],
        Phase.POST: [(_PENDING, -(reserved or 0)), (_POSTED, transfer.amount)],
        Phase.VOID: [(_PENDING, -(reserved or 0))],
        Phase.EXPIRE: [(_PENDING, -(reserved or 0))],
    }
    for tree, amount in moves[transfer.phase]:
        yield f"    {account(tree, transfer.debit)}  {quantity(amount, transfer.unit)}\n"
        yield f"    {account(tree, transfer.credit)}  {quantity(-amount, transfer.unit)}\n"


def _assertions(database: Database, day: str) -> Iterator[str]:
    yield f"\n{day} balances\n"
    for told in all_accounts(database):
        balance, nothing = told.balance, quantity(0, told.unit)
        nets = {
            _POSTED: balance.debits_posted - balance.credits_posted,
            _PENDING: balance.debits_pending - balance.credits_pending,
        }
        for tree, net in nets.items():
            asserted = quantity(net, told.unit)
            yield f"    {account(tree, told.path)}  {nothing} = {asserted}\n"


def account(tree: str, path: str) -> str:
    """An account's name in the export."""
    return ":".join((tree, *map(safe, path.split("/"))))


def quantity(amount: int, unit: str) -> str:
    """An amount with its unit as a commodity."""
    return f'{amount} "{safe(unit)}"'


def safe(text: str) -> str:
    """A name in letters, digits and `_.-%` only; `urllib.parse.unquote` gives it back."""
    return "".join(mark if mark in _SAFE else quote(mark, safe="") for mark in text)
