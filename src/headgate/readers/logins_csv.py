"""Who may run under an award: a CSV file with the columns `award` and `login`, one pair a line.

A column `person` may say which person of the portal a login is, by number; who has left there, as a
signed order list says, runs here no longer.

A login is the person's name on the cluster's nodes. Slurm writes it in small letters and a shell
may read it, so that anything else is refused here and never encoded: nobody could log in as that.
"""

import re
from collections.abc import Collection, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Final

from headgate.readers.tables import Layout, Values, read_table

BYTES_MOST: Final = 64 * 1024 * 1024
_LOGIN: Final = re.compile(r"[a-z_][a-z0-9_.-]{0,31}")


class Code(StrEnum):
    """Every fault a logins file can have; the value is its published code."""

    TOO_LARGE = "logins-too-large"
    NOT_UTF8 = "logins-not-utf8"
    EMPTY = "logins-empty"
    COLUMN_MISSING = "logins-column-missing"
    COLUMN_UNKNOWN = "logins-column-unknown"
    COLUMN_TWICE = "logins-column-twice"
    CUT = "logins-cut"
    QUOTES = "logins-quotes"
    TOO_FEW_FIELDS = "logins-too-few-fields"
    TOO_MANY_FIELDS = "logins-too-many-fields"
    NAME_BAD = "logins-name-bad"
    LOGIN_BAD = "logins-login-bad"
    NOT_A_NUMBER = "logins-not-a-number"


_MENDS: Final[Mapping[StrEnum, str]] = {
    Code.TOO_LARGE: "send the logins of one cluster only",
    Code.EMPTY: "begin with the header award,login",
    Code.COLUMN_UNKNOWN: "keep only the columns award, login and person",
    Code.NOT_A_NUMBER: "write the person's number at the portal, or nothing",
    Code.LOGIN_BAD: "write a login of small letters, digits, dots, dashes, and never root",
}
_LAYOUT: Final = Layout(Code, _MENDS, ("award", "login"), ("person",))


def read_logins(
    path: Path, gone: Collection[tuple[str, int]] = ()
) -> Mapping[str, tuple[str, ...]]:
    """The logins of every award but those of people who are `gone` from it, or from all ("").

    Raises Faulty with all the lines that are wrong.
    """
    left = frozenset(gone)
    table = read_table(path.read_bytes(), path.name, _LAYOUT, BYTES_MOST)
    found: dict[str, set[str]] = {}
    for award, login, person in table.rows(_pair, lambda _: ()):
        if left.isdisjoint({("", person), (award, person)}):
            found.setdefault(award, set()).add(login)
    return {award: tuple(sorted(logins)) for award, logins in found.items()}


def _pair(row: Mapping[str, str]) -> tuple[str, str, int]:
    values = Values(Code, row)
    person = values.whole("person", 0) if row.get("person") else 0
    award = values.name("award")
    if not _LOGIN.fullmatch(row["login"]) or row["login"] == "root":
        values.bad(Code.LOGIN_BAD, "login")
    values.done()
    return award, row["login"], person
