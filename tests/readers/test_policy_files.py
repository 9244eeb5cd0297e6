"""A programme is read from its folder and nowhere else, and unreadable files are named."""

from pathlib import Path

import pytest

from headgate.core.faults import Faulty
from headgate.core.policy.tree import BYTES_MOST
from headgate.readers.policy_files import read_programme


def folder(path: Path, **files: str | bytes) -> Path:
    """A programme's folder with a programme in it and further files by name."""
    for name, body in {"programme.yaml": "headgate: 1\n", **files}.items():
        file = path / name.replace("__", "/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(body.encode() if isinstance(body, str) else body)
    return path


def codes(path: Path, *overlays: Path) -> list[tuple[str, str, int]]:
    """The faults of reading a programme."""
    with pytest.raises(Faulty) as raised:
        read_programme(path, overlays)
    return [(fault.code, fault.file, fault.line) for fault in raised.value.faults]


def test_a_programme_is_its_folder_or_its_file(tmp_path: Path) -> None:
    """Both ways of naming a programme read the same policy, and data are no part of it."""
    files = {"law__a.md": "# A\n", "cases__c.yaml": "[]\n", "data__d.yaml": "x: 1\n"}
    path = folder(tmp_path, **files)
    document = read_programme(path)
    assert ["cases/c.yaml", "law/a.md", "programme.yaml"] == list(document.texts)
    assert document.digest == read_programme(path / "programme.yaml").digest


def test_overlays_come_from_anywhere_in_the_order_given(tmp_path: Path) -> None:
    """A what-if is the user's own file."""
    path = folder(tmp_path / "p")
    (tmp_path / "b.yaml").write_text("overlay: b\n")
    (tmp_path / "a.yaml").write_text("overlay: a\n")
    document = read_programme(path, [tmp_path / "b.yaml", tmp_path / "a.yaml"])
    assert ["overlays/01-b.yaml", "overlays/02-a.yaml"] == [n for n, _ in document.overlays]


def test_a_missing_programme_is_named(tmp_path: Path) -> None:
    """An empty folder, no folder, and a missing overlay."""
    assert [("file-missing", "programme.yaml", 0)] == codes(tmp_path)
    assert [("file-missing", "programme.yaml", 0)] == codes(tmp_path / "nothing")
    assert [("overlay-missing", "overlays/01-x.yaml", 0)] == codes(folder(tmp_path), tmp_path / "x")


def test_a_file_that_is_none_is_named(tmp_path: Path) -> None:
    """A folder where a file is due cannot be read."""
    (tmp_path / "programme.yaml").mkdir()
    assert [("file-unreadable", "programme.yaml", 0)] == codes(tmp_path)


def test_all_files_that_are_no_text_are_named_at_once(tmp_path: Path) -> None:
    """The line of the first byte that is not UTF-8 is told, for each file."""
    latin = "a: 1\nb: \xe9\n".encode("latin-1")
    path = folder(tmp_path, **{"programme.yaml": latin, "law__a.md": latin})
    assert [("file-not-utf-8", "law/a.md", 2), ("file-not-utf-8", "programme.yaml", 2)] == codes(
        path
    )


def test_a_file_nobody_can_read_through_is_refused(tmp_path: Path) -> None:
    """Ten megabytes of policy are refused before they are parsed."""
    path = folder(tmp_path, **{"law__a.md": b"x" * (BYTES_MOST * 5)})
    assert [("file-too-large", "law/a.md", 0)] == codes(path)


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    """Everything a policy rests on must travel with it."""
    path = folder(tmp_path / "p", **{"law__a.md": "# A\n"})
    (tmp_path / "secret.md").write_text("# Secret\n")
    (path / "law" / "b.md").symlink_to(tmp_path / "secret.md")
    assert [("file-outside", "law/b.md", 0)] == codes(path)
