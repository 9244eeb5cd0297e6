"""A logins file is understood whole, or refused with every line that is wrong."""

from pathlib import Path

import pytest

from headgate.core.faults import Faulty
from headgate.readers.logins_csv import Code, read_logins

BAD = {
    Code.TOO_LARGE: None,
    Code.NOT_UTF8: b"award,login\na,\xff\n",
    Code.EMPTY: b"",
    Code.COLUMN_MISSING: b"award\n",
    Code.COLUMN_UNKNOWN: b"award,login,uid\n",
    Code.COLUMN_TWICE: b"award,login,login\n",
    Code.CUT: b"award,login\na,minh",
    Code.QUOTES: b'award,login\n"a,minh\n',
    Code.TOO_FEW_FIELDS: b"award,login\na\n",
    Code.TOO_MANY_FIELDS: b"award,login\na,b,c\n",
    Code.NAME_BAD: b"award,login\n,minh\n",
    Code.LOGIN_BAD: b"award,login\na,-rf\na,root\na,Minh\n",
    Code.NOT_A_NUMBER: b"award,login,person\na,minh,seven\n",
}


def test_the_logins_of_every_award(tmp_path: Path) -> None:
    """Pairs in any order, each counted once."""
    path = tmp_path / "logins.csv"
    path.write_text("award,login\na,minh\nb,jin\na,an\na,minh\n")
    assert {"a": ("an", "minh"), "b": ("jin",)} == read_logins(path)


def test_whoever_has_left_the_portal_runs_no_longer(tmp_path: Path) -> None:
    """From one award or from all, by number; a login without one is the site's own affair."""
    path = tmp_path / "logins.csv"
    path.write_text("award,login,person\na,minh,7\nb,minh,7\na,jin,8\nb,jin,8\na,bot,\n")
    assert {"a": ("bot", "jin"), "b": ("jin", "minh")} == read_logins(path, [("a", 7)])
    assert {"a": ("bot", "jin"), "b": ("jin",)} == read_logins(path, [("", 7), ("c", 8)])


@pytest.mark.parametrize("code", Code)
def test_every_fault_has_a_name(
    tmp_path: Path, code: Code, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each code occurs, and nothing else is said of the same file."""
    data = BAD[code]
    if data is None:
        monkeypatch.setattr("headgate.readers.logins_csv.BYTES_MOST", 3)
        data = b"award,login\n"
    path = tmp_path / "logins.csv"
    path.write_bytes(data)
    with pytest.raises(Faulty) as caught:
        read_logins(path)
    assert {code.value} == {fault.code for fault in caught.value.faults}
