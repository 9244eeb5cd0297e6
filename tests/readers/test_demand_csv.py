"""A table of demand: what walls left idle, to the GPU-second, and every fault by its name."""

import bz2
import gzip
import lzma
from dataclasses import replace
from pathlib import Path

import pytest
import zstandard
from typer.testing import CliRunner

from headgate.cli import app
from headgate.core.faults import Fault, Faulty
from headgate.readers.demand_csv import COLUMNS, Code, Left, read_demand

HEAD = ",".join(COLUMNS)
TABLE = f"""\
{HEAD}
2020-05-01 00:00:00,a,8,8,4
2020-05-01 00:00:00,b,8,2,0
2020-05-01 06:00:00,a,8,8,10
2020-05-01 12:00:00,a,8,0,0
"""
HOUR = 3600


def test_a_row_holds_until_the_next_of_its_tenant() -> None:
    """Six hours in which 4 wait beside 6 idle, six in which 10 do, and none after that."""
    left = Left(
        tenants=2,
        rows=4,
        seconds=24 * HOUR,
        owned=24 * 16 * HOUR,
        run=(12 * 8 + 24 * 2) * HOUR,
        idle=(24 * 16 - 12 * 8 - 24 * 2) * HOUR,
        waited=6 * 14 * HOUR,
        fillable=6 * 10 * HOUR,
        waited_seconds=12 * HOUR,
        covered_seconds=6 * HOUR,
    )
    assert left == read_demand(TABLE.encode(), "t.csv")
    for pack in (gzip.compress, bz2.compress, lzma.compress, zstandard.compress):
        assert left == read_demand(pack(TABLE.encode()), "t.csv.packed")
        with pytest.raises(Faulty, match="demand-broken"):
            read_demand(pack(TABLE.encode())[:-9], "t.csv.packed")


ONE = b"2020-05-02 00:00:00,a,8,2,0\n"
PROVOKED = {
    Code.COLUMNS_WRONG: b"time,tenant\n",
    Code.FIELDS_WRONG: f"{HEAD}\n2020-05-01 00:00:00,a,8\n".encode(),
    Code.TIME_BAD: f"{HEAD}\n1 May,a,8,2,0\n".encode(),
    Code.UNSORTED: f"{HEAD}\n".encode() + ONE + b"2020-05-01 00:00:00,a,8,2,0\n",
    Code.TENANT_MISSING: f"{HEAD}\n2020-05-01 00:00:00,,8,2,0\n".encode(),
    Code.NOT_A_COUNT: f"{HEAD}\n2020-05-01 00:00:00,a,8,-2,0\n".encode(),
    Code.OVER_OWNED: f"{HEAD}\n2020-05-01 00:00:00,a,8,9,0\n".encode(),
    Code.NOT_UTF8: f"{HEAD}\n2020-05-01 00:00:00,a".encode() + b"\xff,8,2,0\n",
    Code.BROKEN: gzip.compress(TABLE.encode())[:-9],
    Code.TOO_LARGE: gzip.compress(HEAD.encode() + b"\n" * 5000),
    Code.EMPTY: f"{HEAD}\n".encode(),
}


def faults(data: bytes) -> list[Fault]:
    """The faults of a table, whether it is refused by them or read in spite of them."""
    try:
        return list(read_demand(data, "t.csv", bytes_most=2000).faults)
    except Faulty as faulty:
        return list(faulty.faults)


@pytest.mark.parametrize("code", Code)
def test_every_fault_is_named_with_its_line(code: Code) -> None:
    """Who mends a table finds each wrong row, and nothing is dropped in silence."""
    assert [code.value] == [fault.code for fault in faults(PROVOKED[code])]


def test_all_faults_come_at_once() -> None:
    """Three wrong rows are three faults, by line."""
    rows = "1 May,a,8,2,0\n2020-05-01 00:00:00,,8,2,0\n2020-05-01 00:00:00,a,8,9,0\n"
    assert [2, 3, 4] == [fault.line for fault in faults(f"{HEAD}\n{rows}".encode())]


def test_one_bad_row_costs_itself_and_is_told(tmp_path: Path) -> None:
    """The others give what they give without it; the command says how many and where."""
    bad = TABLE.replace("2020-05-01 12", "2020-05-01 07:00:00,b,8,9,0\n2020-05-01 12")
    left = read_demand(bad.encode(), "t.csv")
    assert read_demand(TABLE.encode(), "t.csv") == replace(left, bad=0, faults=())
    assert (1, [5]) == (left.bad, [fault.line for fault in left.faults])
    file = tmp_path / "t.csv"
    file.write_text(bad, encoding="utf-8")
    made = CliRunner().invoke(app, ["demand", str(file)])
    assert 0 == made.exit_code
    assert "1 rows cannot be read" in made.stdout
    assert "t.csv:5:1: 9 run of 8 [demand-over-owned]" in made.stdout


def test_helios_left_idle_what_others_waited_for(shared_data: Path) -> None:
    """Earth, May 2020: 212,091 GPU-hours idle and 45,672 waited for, to the hour."""
    file = shared_data / "data/traces/helios-earth/earth_vc_demand_2020-05.csv.gz"
    made = CliRunner().invoke(app, ["demand", str(file)])
    assert 0 == made.exit_code, made.output
    said = [" ".join(line.split()) for line in made.stdout.splitlines()]
    assert "16 tenants, 31 days, 25,735 changes" == said[0]
    assert "212,091 GPU-hours idle" in said
    assert "45,672 GPU-hours waited for" in said
    assert "89.3 % of the time somebody waited" in said
    assert "98.7 % of that time all that waited would have fitted what was idle" in said


def test_a_faulty_table_ends_in_words(tmp_path: Path) -> None:
    """The command lists the faults and ends with 2."""
    file = tmp_path / "t.csv"
    file.write_bytes(PROVOKED[Code.OVER_OWNED])
    made = CliRunner().invoke(app, ["demand", str(file), "--json"])
    assert 2 == made.exit_code
    assert "demand-over-owned" in made.stderr
