"""No byte of a bundle can be changed, added or left out without verify naming the file."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from headgate.bundle.layout import CHECKPOINT, KEYS
from headgate.bundle.verify import Verdict, read_bundle_files, verify
from headgate.bundle.write import write_bundle
from headgate.core.faults import Faulty
from headgate.core.ledger.checkpoint import Checkpoint, sign
from tests.whole.small import bundle_of, pages, signers, small, small_bundle, small_term

FILES = small_bundle()
PATHS = sorted(FILES)


def judged(files: dict[str, bytes]) -> Verdict:
    """The verdict on files, with the stand-in page."""
    return verify(files, pages)


def named(files: dict[str, bytes]) -> set[str]:
    """The files that a verdict names; an honest bundle would fail the test."""
    verdict = judged(files)
    assert verdict.faults
    assert {} == verdict.decisions
    assert all(fault.what and fault.mend for fault in verdict.faults)
    return {fault.file for fault in verdict.faults}


def test_an_honest_bundle_is_derived_again() -> None:
    """Every decision, every transfer: their numbers are those of the term, and nothing is amiss."""
    verdict, term = judged(small_bundle()), small().term
    assert () == verdict.faults
    assert len(term.decisions) == sum(verdict.decisions.values())
    assert len(list(term.books.history())) == verdict.transfers
    assert (
        len(term.entries)
        < verdict.entries
        == len(term.entries)
        + len(PATHS)
        - len([path for path in PATHS if path.startswith("journal/")])
    )


def test_the_journal_has_more_than_two_tiles() -> None:
    """The bundle that the tests below change has full and partial tiles, and levels of them."""
    tiles = [path for path in PATHS if path.startswith("journal/tile/")]
    assert len([path for path in tiles if "/entries/" in path]) > 2
    assert [path for path in tiles if path.startswith("journal/tile/1/")]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("place", ["first", "middle", "last"])
def test_any_changed_byte_names_its_file(path: str, place: str) -> None:
    """Whichever byte of whichever file is another, exactly that file is named."""
    files = small_bundle()
    data = bytearray(files[path])
    if not data:
        data = bytearray(b"\n\n")
    at = {"first": 0, "middle": len(data) // 2, "last": len(data) - 1}[place]
    data[at] ^= 1
    assert {path} == named({**files, path: bytes(data)})


LENGTHS: dict[str, Callable[[bytes], bytes]] = {
    "cut": lambda data: data[:-1],
    "newline": lambda data: data + b"\n",
    "emptied": lambda _: b"",
    "doubled": lambda data: data * 2,
}


@pytest.mark.parametrize(
    ("path", "change"),
    [(path, name) for path in PATHS for name in LENGTHS if name == "newline" or FILES[path]],
)
def test_a_file_cut_or_lengthened_is_named(path: str, change: str) -> None:
    """A file that ends too early or goes on too long is named, as is one with nothing in it."""
    files = small_bundle()
    assert {path} == named({**files, path: LENGTHS[change](files[path])})


@pytest.mark.parametrize("path", [path for path in PATHS if path != CHECKPOINT])
def test_a_missing_file_is_named(path: str) -> None:
    """Nothing can be left out of a bundle in silence."""
    files = small_bundle()
    del files[path]
    assert {path} == named(files)


@pytest.mark.parametrize(
    "path",
    [
        "notes.txt",
        ".hidden",
        "facts/usage/2027-01-01.jsonl",
        "facts/rumours/open.jsonl",
        "journal/extra",
        "journal/tile/0/000",
        "journal/tile/entries/x001/000",
        "journal/tile/entries/²",
        "journal/tile/9/000",
        "policy/law/another.md",
    ],
)
def test_an_unknown_file_is_named(path: str) -> None:
    """Nothing can be slipped into a bundle, wherever it is put and whatever it is called."""
    files = small_bundle()
    path = f"{path}.p/1" if path in files else path
    assert {path} == named({**files, path: b"x\n"})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("facts/marks/open.jsonl", "facts/marks/alliance.jsonl"),
        ("decisions/fee.jsonl", "facts/usage/2026-04-01.jsonl"),
        ("journal/tile/entries/000", "journal/tile/entries/001"),
        ("journal/tile/0/000", "journal/tile/0/001"),
    ],
)
def test_two_files_in_each_others_place_are_both_named(one: str, other: str) -> None:
    """A file is what it is at its own place only."""
    files = small_bundle()
    assert {one, other} == named({**files, one: files[other], other: files[one]})


def test_another_signers_checkpoint_and_keys_are_consistent_but_not_the_programmes() -> None:
    """Who signs the same journal again shows the same root under other keys."""
    mine, theirs = judged(small_bundle()), judged(bundle_of(small_term(), signers(2)))
    assert () == theirs.faults
    assert mine.root == theirs.root
    assert not set(mine.keys) & set(theirs.keys)


def test_keys_without_their_checkpoint_sign_nothing() -> None:
    """Either file of another signer alone is refused."""
    files, theirs = small_bundle(), bundle_of(small_term(), signers(2))
    for path in (KEYS, CHECKPOINT):
        assert {CHECKPOINT} == named({**files, path: theirs[path]})


def test_one_key_of_the_two_does_not_suffice() -> None:
    """A note that only one of the log's keys has signed is no checkpoint."""
    files = small_bundle()
    first = files[KEYS].splitlines(keepends=True)[0]
    assert {CHECKPOINT} == named({**files, KEYS: first})


def test_a_key_is_told_by_all_of_it() -> None:
    """The four bytes by which notes tell keys apart can be forged; the printed name has 32."""
    assert [64, 64] == [len(key.rpartition("+")[2]) for key in judged(small_bundle()).keys]


def test_a_claim_of_a_huge_journal_is_refused_before_it_is_believed() -> None:
    """A checkpoint over more entries than the tiles can hold asks for no memory."""
    checkpoint = Checkpoint(signers()[0].name, 2**60, bytes(32))
    assert {CHECKPOINT} == named({**small_bundle(), CHECKPOINT: sign(checkpoint, signers())})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The small bundle on disk."""
    write_bundle(small_bundle(), tmp_path / "bundle")
    return tmp_path / "bundle"


def refused(folder: Path) -> list[tuple[str, str]]:
    """Names and codes of the faults for which a folder is not read at all."""
    with pytest.raises(Faulty) as error:
        read_bundle_files(folder)
    return [(Path(fault.file).name, fault.code) for fault in error.value.faults]


def test_a_bundle_is_read_as_it_was_written(folder: Path) -> None:
    """What lies on disk is what was made, no file more or less."""
    assert small_bundle() == read_bundle_files(folder)


def test_links_and_pipes_are_refused(folder: Path, tmp_path: Path) -> None:
    """A link could show each reader something else; a pipe has no bytes to check."""
    (tmp_path / "elsewhere").mkdir()
    (folder / "more").symlink_to(tmp_path / "elsewhere")
    (folder / "report.html").unlink()
    (folder / "report.html").symlink_to(tmp_path / "secret")
    os.mkfifo(folder / "pipe")
    assert [("more", "link"), ("pipe", "link"), ("report.html", "link")] == refused(folder)


@pytest.mark.parametrize("kind", ["missing", "empty", "file", "other"])
def test_what_is_no_bundle_is_said_to_be_none(kind: str, tmp_path: Path) -> None:
    """A folder without a signed checkpoint is no bundle, whatever else is in it."""
    target = tmp_path / "target"
    if kind == "file":
        target.write_text("x", encoding="utf-8")
    elif kind != "missing":
        target.mkdir()
    if kind == "other":
        (target / "journal").mkdir()
    assert [("target", "no-bundle")] == refused(target)


def test_more_than_a_bundle_may_hold_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that would fill the memory is refused by its size, before it is read."""
    monkeypatch.setattr("headgate.bundle.verify.BYTES_MOST", 1000)
    assert [("bundle", "too-large")] == refused(folder)
