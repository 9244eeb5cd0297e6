"""The bundle of a database is a bundle like any other, and its journal is the database's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from headgate.bundle.verify import read_bundle_files, verify
from headgate.bundle.write import TargetTaken
from headgate.core.faults import Faulty
from headgate.core.ledger.checkpoint import Checkpoint, open_note
from headgate.core.ledger.tree import Tree, read_bundle, verify_consistency
from headgate.journal import keys
from headgate.journal.keys import Ring
from headgate.site.actions.publish import publish
from headgate.site.actions.take import begin_programme, take_event
from headgate.site.publication import BundleRefusal, publish_bundle
from headgate.site.records.database import opened
from headgate.site.records.journal import head, lines
from headgate.site.verifying import verify_database
from headgate.steps.agenda import agenda
from tests.site.forging import Kept, empty_kept, recorded, small_kept
from tests.whole.small import pages, small

DATA = {"data/open.yaml": b"applicants: 12\n"}
SEEN: set[str] = set()
"""The names of everything that these tests have provoked."""


@pytest.fixture
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kept]:
    """The small programme's term, in one file."""
    with small_kept("sqlite", request, tmp_path) as made:
        yield made


@pytest.fixture
def ring(tmp_path: Path) -> Ring:
    """The keys of a log, in the folder `ring`."""
    return keys.create(tmp_path / "ring", "example.org/small")


def entries(files: dict[str, bytes]) -> list[bytes]:
    """The entries of a bundle, in order; there are fewer than 256,000 of them."""
    paths = sorted(path for path in files if path.startswith("journal/tile/entries/"))
    return [entry for path in paths for entry in read_bundle(files[path])]


def told(note: bytes, ring: Ring) -> Checkpoint:
    """What a note says that the ring's keys have signed."""
    checkpoint = open_note(note, ring.keys.listed)
    assert isinstance(checkpoint, Checkpoint)
    return checkpoint


def refused(error: Faulty) -> str:
    """The name of a refusal, which is noted."""
    (fault,) = error.faults
    SEEN.add(fault.code)
    return fault.code


@pytest.mark.parametrize("vendor", ["sqlite", "postgresql"])
def test_the_bundle_of_a_database_verifies_and_so_does_the_database(
    vendor: str, request: pytest.FixtureRequest, tmp_path: Path, ring: Ring
) -> None:
    """A stranger accepts the folder, the auditor the database, and both have one root."""
    with small_kept(vendor, request, tmp_path) as kept:
        note = publish_bundle(kept.database, tmp_path / "ring", tmp_path / "out", DATA, pages)
        files = read_bundle_files(tmp_path / "out")
        shown = verify(files, pages)
        verdict = verify_database(kept.database, notes=[note], keys=ring.keys)
        assert ((), ()) == (shown.faults, verdict.faults)
        assert (shown.root, shown.entries) == (verdict.root, verdict.entries)
        assert DATA.items() <= files.items()
        database = kept.database
        with database.reading():
            assert list(lines(database, 0)) == entries(files)
        checkpoint = open_note(files["journal/checkpoint"], ring.keys.listed)
        assert open_note(note, ring.keys.listed) == checkpoint


def test_what_was_published_before_is_a_prefix_of_the_bundle(
    kept: Kept, tmp_path: Path, ring: Ring
) -> None:
    """There is one append-only log: a letter's checkpoint and the bundle's are of one tree."""
    earlier = publish(kept.database, tmp_path / "public", tmp_path / "ring")
    before = told(earlier, ring)
    note = publish_bundle(kept.database, tmp_path / "ring", tmp_path / "out", DATA, pages)
    after = told(note, ring)
    tree = Tree(entries(read_bundle_files(tmp_path / "out")))
    assert before.size < after.size == len(tree)
    path = tree.consistency(before.size, after.size)
    assert verify_consistency(before.size, after.size, path, before.root, after.root)
    public = publish(kept.database, tmp_path / "public", tmp_path / "ring")
    assert after == open_note(public, ring.keys.listed)


def test_publishing_again_enters_nothing_twice(kept: Kept, tmp_path: Path, ring: Ring) -> None:
    """The same files are entered once; another page is entered beside the old one, and verifies."""
    out = tmp_path / "out"
    publish_bundle(kept.database, tmp_path / "ring", out, DATA, pages)
    size = head(kept.database).size
    publish_bundle(kept.database, tmp_path / "ring", out, DATA, pages)
    assert size == head(kept.database).size
    changed = {"data/open.yaml": b"applicants: 13\n"}
    publish_bundle(kept.database, tmp_path / "ring", out, changed, pages)
    # The page counts the data files and does not read them.
    assert size + 1 == head(kept.database).size
    assert () == verify(read_bundle_files(out), pages).faults
    verdict = verify_database(kept.database, keys=ring.keys)
    assert ((), 2) == (verdict.faults, verdict.checkpoints)


def test_a_bundle_in_the_middle_of_a_change_of_keys_verifies(
    kept: Kept, tmp_path: Path, ring: Ring
) -> None:
    """Old and new keys sign it, and the keys beside it are those that a stranger pins."""
    keys.rotate(tmp_path / "ring")
    publish_bundle(kept.database, tmp_path / "ring", tmp_path / "out", DATA, pages)
    shown = verify(read_bundle_files(tmp_path / "out"), pages)
    assert () == shown.faults
    assert {key.pin() for key in ring.keys.listed} == {
        key.replace("+", "+sha256:", 1) for key in shown.keys
    }
    after = keys.load(tmp_path / "ring").keys
    assert () == verify_database(kept.database, keys=after).faults


def test_a_term_that_is_not_over_has_no_bundle(
    request: pytest.FixtureRequest, tmp_path: Path, ring: Ring
) -> None:
    """A stranger could not tell what is still to come from what was left out."""
    with empty_kept("sqlite", request) as empty:
        term, database = small().term, empty.database
        with pytest.raises(Faulty) as error:
            publish_bundle(database, tmp_path / "ring", tmp_path / "out", {}, pages)
        assert "bundle-no-programme" == refused(error.value)
        begin_programme(database, term.document)
        take_event(database, recorded(term.facts), agenda(term.document)[0])
        size = head(database).size
        with pytest.raises(Faulty, match="is still to come") as error:
            publish_bundle(database, tmp_path / "ring", tmp_path / "out", {}, pages)
        assert "bundle-term-unfinished" == refused(error.value)
        assert size == head(database).size
        assert 1 == len(ring.keys.pairs)
    assert not (tmp_path / "out").exists()


def test_nothing_is_published_of_a_forged_database(kept: Kept, tmp_path: Path, ring: Ring) -> None:
    """Who signs a bundle has derived it: a database that does not verify is not signed for."""
    kept.forge(
        lambda hand: hand.do(
            "UPDATE entry SET line = replace(line, 'usage/', 'usagf/') WHERE seq ="
            " (SELECT min(seq) FROM entry WHERE subject LIKE 'use:%')"
        )
    )
    with pytest.raises(Faulty) as error:
        publish_bundle(kept.database, tmp_path / "ring", tmp_path / "out", {}, pages)
    assert "bundle-journal-differs" == refused(error.value)
    assert 1 == len(ring.keys.pairs)
    assert not (tmp_path / "out").exists()


def test_a_journal_that_grows_meanwhile_is_published_next_time(
    kept: Kept, tmp_path: Path, ring: Ring
) -> None:
    """What was entered while the bundle was made is not signed for unseen."""
    other = opened(kept.address, "other")

    def grows(step: str) -> None:
        if step == "publishing":
            publish_bundle(other, tmp_path / "ring", tmp_path / "first", DATA, pages)

    with pytest.raises(Faulty) as error:
        publish_bundle(kept.database, tmp_path / "ring", tmp_path / "out", DATA, pages, grows)
    assert "bundle-journal-grew" == refused(error.value)
    publish_bundle(kept.database, tmp_path / "ring", tmp_path / "out", DATA, pages)
    assert (
        read_bundle_files(tmp_path / "first").keys() == read_bundle_files(tmp_path / "out").keys()
    )
    assert 1 == len(ring.keys.pairs)


def test_a_folder_of_something_else_is_left_alone(kept: Kept, tmp_path: Path, ring: Ring) -> None:
    """As for every bundle, a slip in a name costs nobody their files."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("years of work", encoding="utf-8")
    with pytest.raises(TargetTaken):
        publish_bundle(kept.database, tmp_path / "ring", tmp_path / "out", DATA, pages)
    assert 1 == len(ring.keys.pairs)


def test_every_refusal_was_provoked() -> None:
    """Runs last: no name is there that nothing gives."""
    if len(SEEN) < 3:
        pytest.skip("run with the tests above")
    names = {f"bundle-{refusal.name.lower().replace('_', '-')}" for refusal in BundleRefusal}
    assert names == SEEN
