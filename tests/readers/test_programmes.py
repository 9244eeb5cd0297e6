"""Programmes are found by folder or by name, and come with their data files."""

from pathlib import Path

import pytest

from headgate.core.faults import Faulty
from headgate.readers.programmes import data_files, find, names
from tests.whole.small import PROGRAMME

SHIPPED = Path(__file__).parents[2] / "programmes"


def test_every_shipped_programme_is_found_by_its_name() -> None:
    """Each folder of `programmes/` is a name that commands know."""
    expected = sorted(path.parent.name for path in SHIPPED.glob("*/programme.yaml"))
    assert expected == names()
    assert all((find(name) / "programme.yaml").is_file() for name in names())


def test_a_folder_comes_before_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who works on a copy of a programme is shown the copy."""
    (tmp_path / "korea-2025").mkdir()
    monkeypatch.chdir(tmp_path)
    assert Path("korea-2025") == find("korea-2025")


@pytest.mark.parametrize("name", ["nowhere", "../programmes/korea-2025x", "korea-2025/law"])
def test_what_is_no_programme_is_answered_with_the_names_there_are(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slip is answered with what could have been meant."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Faulty) as refused:
        find(name)
    (fault,) = refused.value.faults
    assert "programme-missing" == fault.code
    assert all(known in fault.mend for known in names())


def test_data_files_are_those_of_the_folder(tmp_path: Path) -> None:
    """Only plain files of `data/` are shown beside decisions; a link could show anything."""
    assert ["data/alliance.yaml", "data/hours.yaml", "data/open.yaml"] == list(
        data_files(PROGRAMME)
    )
    assert data_files(PROGRAMME) == data_files(PROGRAMME / "programme.yaml")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "own.yaml").write_text("a: 1\n", encoding="utf-8")
    (tmp_path / "data" / "notes.txt").write_text("x", encoding="utf-8")
    (tmp_path / "data" / "link.yaml").symlink_to(tmp_path / "secret")
    assert {"data/own.yaml": b"a: 1\n"} == data_files(tmp_path)
