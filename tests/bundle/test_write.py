"""A bundle is written whole or not at all, and only where nothing else would be lost."""

from pathlib import Path

import pytest

from headgate.bundle.verify import read_bundle_files
from headgate.bundle.write import TargetTaken, write_bundle

FILES = {"journal/checkpoint": b"signed\n", "facts/notes/world.jsonl": b"{}\n"}


def listed(folder: Path) -> list[str]:
    """Everything in a folder, hidden files too."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_a_new_folder_is_made_with_its_parents(tmp_path: Path) -> None:
    """The folder named may lie as deep as one likes."""
    write_bundle(FILES, tmp_path / "a" / "b")
    assert FILES == read_bundle_files(tmp_path / "a" / "b")
    assert ["b"] == [path.name for path in (tmp_path / "a").iterdir()]
    assert 0o755 == (tmp_path / "a" / "b").stat().st_mode & 0o777


def test_an_empty_folder_is_used(tmp_path: Path) -> None:
    """A folder made beforehand is no obstacle."""
    (tmp_path / "out").mkdir()
    write_bundle(FILES, tmp_path / "out")
    assert FILES == read_bundle_files(tmp_path / "out")


def test_an_earlier_bundle_is_replaced(tmp_path: Path) -> None:
    """Nothing of the earlier bundle is left among the files of the new one."""
    write_bundle({**FILES, "old": b"x"}, tmp_path / "out")
    write_bundle(FILES, tmp_path / "out")
    assert FILES == read_bundle_files(tmp_path / "out")
    assert ["out"] == [path.name for path in tmp_path.iterdir()]


@pytest.mark.parametrize("kind", ["folder", "file", "link", "dangling"])
def test_what_is_no_bundle_is_left_alone(kind: str, tmp_path: Path) -> None:
    """A slip in the name of a folder never costs anybody their files."""
    out = tmp_path / "out"
    (tmp_path / "home").mkdir()
    if kind == "folder":
        out.mkdir()
        (out / "thesis.txt").write_text("years of work", encoding="utf-8")
    elif kind == "file":
        out.write_text("years of work", encoding="utf-8")
    else:
        out.symlink_to(tmp_path / ("home" if kind == "link" else "nowhere"))
    before = listed(tmp_path)
    with pytest.raises(TargetTaken, match="is no bundle"):
        write_bundle(FILES, out)
    assert before == listed(tmp_path)


def test_a_disk_that_fills_up_leaves_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The earlier bundle stands as it was, and no draft lies about."""
    write_bundle(FILES, tmp_path / "out")
    honest = Path.write_bytes
    calls: list[Path] = []

    def fails(self: Path, data: bytes) -> int:
        calls.append(self)
        if len(calls) > 1:
            raise OSError(28, "No space left on device")
        return honest(self, data)

    monkeypatch.setattr(Path, "write_bytes", fails)
    with pytest.raises(OSError, match="No space left"):
        write_bundle({**FILES, "more": b"x"}, tmp_path / "out")
    assert FILES == read_bundle_files(tmp_path / "out")
    assert ["out"] == [path.name for path in tmp_path.iterdir()]


def test_a_new_bundle_that_cannot_take_its_name_leaves_the_earlier_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until the new one stands at its name, the earlier one is not given up."""
    write_bundle(FILES, tmp_path / "out")
    honest = Path.rename

    def fails(self: Path, target: Path) -> Path:
        if target == tmp_path / "out" and not self.name.endswith(".earlier"):
            raise OSError(13, "Permission denied")
        return honest(self, target)

    monkeypatch.setattr(Path, "rename", fails)
    with pytest.raises(OSError, match="Permission denied"):
        write_bundle({**FILES, "more": b"x"}, tmp_path / "out")
    assert FILES == read_bundle_files(tmp_path / "out")
    assert ["out"] == [path.name for path in tmp_path.iterdir()]
