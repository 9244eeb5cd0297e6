"""Write the public bundle of a term, whole or not at all."""

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from headgate.bundle.layout import CHECKPOINT, KEYS, journal_files, publication, published
from headgate.core.ledger.checkpoint import Checkpoint, Signer, sign
from headgate.core.ledger.entry import encode
from headgate.core.ledger.tree import Tree
from headgate.core.quantities import instant
from headgate.steps.term import Term


class TargetTaken(ValueError):
    """The folder to write to exists and is not an earlier bundle, so it is left alone."""


def bundle_files(
    term: Term, data: Mapping[str, bytes], pages: Mapping[str, bytes], signers: Sequence[Signer]
) -> dict[str, bytes]:
    """Every file of the bundle, by path; its journal is the term's and the files it publishes.

    The term itself goes on as it was: a term may be published more than once.
    """
    return signed_files(term, published(term, data) | dict(pages), signers)


def signed_files(
    term: Term, files: Mapping[str, bytes], signers: Sequence[Signer]
) -> dict[str, bytes]:
    """Files with a journal that has the term's entries and every file by its digest, signed."""
    entries = [*term.entries, *publication(files, instant(term.starts))]
    tree = Tree(map(encode, entries))
    checkpoint = Checkpoint(signers[0].name, len(tree), tree.root())
    keys = "".join(f"{signer.verifier().vkey()}\n" for signer in signers)
    journal = journal_files(entries, tree.leaf_hashes())
    signed = {CHECKPOINT: sign(checkpoint, signers), KEYS: keys.encode()}
    return {**files, **journal, **signed}


def write_bundle(files: Mapping[str, bytes], out: Path) -> None:
    """Put the files where `out` says, replacing an earlier bundle; nothing is left half-written.

    Raises TargetTaken when `out` is something else than a bundle or an empty folder, OSError when
    the disk refuses.
    """
    check_target(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        for path, data in files.items():
            target = draft / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        draft.chmod(0o755)
        _put_in_place(draft, out)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _put_in_place(draft: Path, out: Path) -> None:
    """Move a finished draft to its name; an earlier bundle goes only when the new one is there."""
    earlier = draft.with_name(f"{draft.name}.earlier")
    if out.exists():
        out.rename(earlier)
    try:
        draft.rename(out)
    except OSError:
        if earlier.exists():
            earlier.rename(out)
        raise
    shutil.rmtree(earlier, ignore_errors=True)


def check_target(out: Path) -> None:
    """Raise TargetTaken when `out` is something else than a bundle or an empty folder."""
    if out.is_symlink() or (out.exists() and not _may_replace(out)):
        raise TargetTaken(f"{out} exists and is no bundle; name another folder")


def _may_replace(out: Path) -> bool:
    return out.is_dir() and ((out / CHECKPOINT).is_file() or not any(out.iterdir()))
