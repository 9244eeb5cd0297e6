"""The bundle of a database is a bundle like any other, and its journal is the database's own."""

from collections.abc import Callable, Iterator
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
from headgate.site.records.database import TABLES, opened
from headgate.site.records.journal import head, lines
from headgate.site.verifying import verify_database
from headgate.steps.agenda import agenda
from tests.site.forging import Hand, Kept, recorded, small_kept
from tests.whole.small import pages, small

Publish = Callable[[], None]
DATA = {"data/open.yaml": b"applicants: 12\n"}


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


def nothing_begun(kept: Kept, _: Publish) -> None:
    """No policy was adopted."""

    def emptied(hand: Hand) -> None:
        for table in TABLES:
            hand.do(f"DELETE FROM {table}")

    kept.forge(emptied)


def term_begun(kept: Kept, publish_it: Publish) -> None:
    """A stranger could not tell what is still to come from what was left out."""
    nothing_begun(kept, publish_it)
    term, database = small().term, kept.database
    begin_programme(database, term.document)
    take_event(database, recorded(term.facts), agenda(term.document)[0])


def line_changed(kept: Kept, _: Publish) -> None:
    """Who signs a bundle has derived it: for a database that does not verify nobody signs."""
    first = "(SELECT min(seq) FROM entry WHERE subject LIKE 'use:%')"
    change = f"UPDATE entry SET line = replace(line, 'usage/', 'usagf/') WHERE seq = {first}"
    kept.forge(lambda hand: hand.do(change))


def published_meanwhile(_: Kept, publish_it: Publish) -> None:
    """What was entered while the bundle was made is not signed for unseen."""
    publish_it()


SCENES = {
    BundleRefusal.NO_PROGRAMME: nothing_begun,
    BundleRefusal.TERM_UNFINISHED: term_begun,
    BundleRefusal.JOURNAL_DIFFERS: line_changed,
    BundleRefusal.JOURNAL_GREW: published_meanwhile,
}


@pytest.mark.parametrize("refusal", BundleRefusal)
@pytest.mark.usefixtures("ring")
def test_what_cannot_be_published_is_named_and_nothing_is_signed(
    refusal: BundleRefusal, kept: Kept, tmp_path: Path
) -> None:
    """The database and the folder are as before, and it can be published when that is mended."""

    def elsewhere() -> None:
        other = opened(kept.address, "other")
        publish_bundle(other, tmp_path / "ring", tmp_path / "first", DATA, pages)
        other.connection.close()

    def spoil(step: str) -> None:
        if step == "publishing" and refusal is BundleRefusal.JOURNAL_GREW:
            SCENES[refusal](kept, elsewhere)

    if refusal is not BundleRefusal.JOURNAL_GREW:
        SCENES[refusal](kept, elsewhere)
    code = f"bundle-{refusal.name.lower().replace('_', '-')}"
    database = opened(kept.address, "default")
    with pytest.raises(Faulty, match=code):
        publish_bundle(database, tmp_path / "ring", tmp_path / "out", DATA, pages, spoil)
    assert not (tmp_path / "out").exists()
    signed = database.rows("SELECT count(*) FROM checkpoint")[0][0]
    assert (refusal is BundleRefusal.JOURNAL_GREW) == bool(signed)


def test_a_folder_of_something_else_is_left_alone(kept: Kept, tmp_path: Path, ring: Ring) -> None:
    """As for every bundle, a slip in a name costs nobody their files."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("years of work", encoding="utf-8")
    with pytest.raises(TargetTaken):
        publish_bundle(kept.database, tmp_path / "ring", tmp_path / "out", DATA, pages)
    assert 1 == len(ring.keys.pairs)
