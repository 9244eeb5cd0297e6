"""The plain-text export: `ledger` and `hledger` add it up to the same balances, and it reads back.

Both programs are run as their users run them, without any locale and without files of their own.
"""

import csv
import re
import subprocess
from collections.abc import Callable, Sequence
from io import StringIO
from pathlib import Path
from urllib.parse import unquote

import pytest

from headgate.core.ledger.transfer import Phase, Transfer
from headgate.site.records.database import Database, opened
from headgate.site.reports.plaintext import account, part, plain_text
from tests.site.proof import never
from tests.site.reports.ledgers import (
    Told,
    extreme_transfers,
    history,
    hostile_transfers,
    posted,
)

Nets = dict[tuple[str, str], int]
"""Account and unit as a program names them -> debits less credits, where that is not zero."""

LINE_BYTES_MOST = 4_095


def exported(database: Database) -> str:
    """The whole export."""
    with database.reading():
        return "".join(plain_text(database))


def ran(words: Sequence[str | Path]) -> subprocess.CompletedProcess[str]:
    """A program that has ended, whichever way."""
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
    return subprocess.run(words, env=environment, capture_output=True, text=True, check=False)


def by_ledger(file: Path) -> subprocess.CompletedProcess[str]:
    """Every account's own balance by `ledger`."""
    told = "%(account)\t%(quantity(amount))\t%(commodity(amount))\n"
    words = ("balance", "--flat", "--empty", "--no-total", "--format", told)
    return ran(["ledger", "--args-only", "--init-file", "/dev/null", "-f", file, *words])


def by_hledger(file: Path) -> subprocess.CompletedProcess[str]:
    """Every account's own balance by `hledger`."""
    words = ("--flat", "--empty", "--no-total", "--layout=bare", "-O", "csv")
    return ran(["hledger", "-f", file, "balance", *words])


def nets_by_ledger(told: str) -> Nets:
    """What `ledger` printed; it puts quotes around a unit only where it must."""
    rows = (line.split("\t") for line in told.splitlines())
    return {(path, unit.strip('"')): int(net) for path, net, unit in rows if int(net)}


def nets_by_hledger(told: str) -> Nets:
    """What `hledger` printed, after its heads."""
    _, *rows = csv.reader(StringIO(told))
    return {(path, unit): int(net) for path, unit, net in rows if int(net)}


def nets(told: Told) -> Nets:
    """What the programs must find, by the pure ledger."""
    units = {path: t.unit for t in told.transfers for path in (t.debit, t.credit)}
    found = {}
    for path, balance in told.balances.items():
        unit = part(units[path])
        found[account("posted", path), unit] = balance.debits_posted - balance.credits_posted
        found[account("pending", path), unit] = balance.debits_pending - balance.credits_pending
    return {key: net for key, net in found.items() if net}


def check(text: str, told: Told, folder: Path) -> None:
    """Both programs accept the export and find the balances of the pure ledger."""
    file = folder / "export.ledger"
    file.write_text(text, encoding="ascii")
    one, other = by_ledger(file), by_hledger(file)
    assert ("", "") == (one.stderr, other.stderr)
    assert nets(told) == nets_by_ledger(one.stdout)
    assert nets(told) == nets_by_hledger(other.stdout)
    assert 0 == ran(["hledger", "-f", file, "check"]).returncode
    assert LINE_BYTES_MOST >= max(map(len, text.splitlines()))


def read_back(text: str) -> list[Transfer]:
    """Every transfer again, by someone who has the export and its description and nothing else."""
    *blocks, last = text.split("\n\n")[1:]
    whole: dict[str, str] = {}
    for path, unit, tags in re.findall(
        r'^    pending:(\S+)  0 "(.*)" = .*\n((?:    ; .*\n)*)', last, re.MULTILINE
    ):
        told = tags_of(tags)
        whole |= {path: told.get("account", path), unit: told.get("unit", unit)}
    return [transfer_of(block, whole) for block in blocks]


def tags_of(block: str) -> dict[str, str]:
    """The tags of a transaction or of a part of one."""
    return dict(re.findall(r"^    ; (\w+): (.*)$", block, re.MULTILINE))


def transfer_of(block: str, whole: dict[str, str]) -> Transfer:
    """A transfer from its transaction; `whole` tells the names that were cut."""
    _, phase, name = block.split("\n", 1)[0].split(" ")
    tags = tags_of(block)
    legs = re.findall(r'^    (?:posted|pending):(\S+)  (-?\d+) "(.*)"$', block, re.MULTILINE)
    (debit, amount, unit), (credit, _, _) = legs[-2:]
    return Transfer(
        id=unquote(name),
        debit="/".join(map(unquote, whole[debit].split(":"))),
        credit="/".join(map(unquote, whole[credit].split(":"))),
        amount=abs(int(amount)),
        unit=unquote(whole[unit]),
        phase=Phase(phase),
        pending=unquote(tags["resolves"]) if "resolves" in tags else None,
        at=tags["at"],
        why=unquote(tags["why"]),
    )


def test_both_programs_add_generated_histories_up_to_our_balances(
    address: str, tmp_path: Path
) -> None:
    """Whatever was reserved, posted, voided or expired, other software comes to the same sums."""
    database = opened(address, "export")
    told = history(database, range(12))
    met = {transfer.phase.value: 1 for transfer in told.transfers}
    assert [] == never(met, [phase.value for phase in Phase])
    assert len(told.transfers) > 300
    text = exported(database)
    check(text, told, tmp_path)
    assert told.transfers == read_back(text)


def test_no_name_is_taken_for_syntax(address: str, tmp_path: Path) -> None:
    """A comment, a directive, an amount or 4,000 bytes as a name stay a name, and read back."""
    database = opened(address, "export")
    told = posted(database, hostile_transfers())
    text = exported(database)
    check(text, told, tmp_path)
    assert told.transfers == read_back(text)


def test_amounts_and_instants_at_the_ends(sqlite_address: str, tmp_path: Path) -> None:
    """2^63 - 1 is exact in both, and the years 1 and 9999 stop neither."""
    database = opened(sqlite_address, "export")
    told = posted(database, extreme_transfers())
    text = exported(database)
    assert {2**63 - 3, 1 - 2**63, 2} == set(nets(told).values())
    check(text, told, tmp_path)
    assert told.transfers == read_back(text)


def test_an_empty_ledger_is_an_export_too(sqlite_address: str, tmp_path: Path) -> None:
    """Before anything has moved both programs find nothing, and nothing wrong."""
    text = exported(opened(sqlite_address, "export"))
    assert "; Journal of 0 entries; no checkpoint was signed yet" == text.splitlines()[1]
    check(text, Told([], {}), tmp_path)


def _amount(text: str) -> str:
    """One amount more on one side of one transfer."""
    return re.sub(r'  (\d+)( "gpu_second"\n)', lambda m: f"  {int(m[1]) + 1}{m[2]}", text, count=1)


def _both_sides(text: str) -> str:
    """One transfer that still balances, of another amount."""
    return re.sub(
        r'  (\d+)( "gpu_second"\n.*  -)\1(?= )',
        lambda m: f"  {int(m[1]) + 1}{m[2]}{int(m[1]) + 1}",
        text,
        count=1,
    )


def _gone(text: str) -> str:
    """A whole transfer left out."""
    first, _, *rest = text.split("\n\n")
    return "\n\n".join((first, *rest))


def _asserted(text: str) -> str:
    """One balance told wrongly."""
    return re.sub(r'= (-?[1-9]\d*) "', lambda m: f'= {int(m[1]) + 1} "', text, count=1)


@pytest.mark.parametrize("change", [_amount, _both_sides, _gone, _asserted])
def test_both_programs_refuse_an_export_that_was_changed(
    change: Callable[[str], str], sqlite_address: str, tmp_path: Path
) -> None:
    """A wrong amount on one side or both, a lost transfer, a wrong balance: both programs stop."""
    database = opened(sqlite_address, "export")
    history(database, range(1))
    text = exported(database)
    file = tmp_path / "changed.ledger"
    file.write_text(change(text), encoding="ascii")
    assert text != file.read_text(encoding="ascii")
    for program in (by_ledger, by_hledger):
        ended = program(file)
        assert 0 != ended.returncode
        assert re.search("balance", ended.stderr, re.IGNORECASE)
