"""What lies where in a bundle, as bytes by path: the one description that writer and verifier
share.

    policy/    the policy exactly as adopted: programme.yaml, law/, cases/, overlays/
    data/      what was published of the programme and is shown beside its decisions
    facts/     what was received: one canonical line a fact
    decisions/ what was decided: one canonical line a decision
    events*    what happened, in order: one canonical line an event
    report*    pages for people
    journal/   checkpoint, keys, and the tiles of the tree over every entry (C2SP tlog-tiles)

Every file outside `journal/` is entered in the journal by its digest, so no byte of it can change
without the signed checkpoint saying so.
"""

from collections.abc import Mapping, Sequence

from headgate.core import canonical
from headgate.core.ledger.entry import Entry, Kind, encode
from headgate.core.ledger.tree import entry_bundles, tiles
from headgate.steps.event import EVENTS
from headgate.steps.term import Term

CHECKPOINT, KEYS = "journal/checkpoint", "journal/keys"


def published(term: Term, data: Mapping[str, bytes]) -> dict[str, bytes]:
    """Policy, data, facts, events and decisions of a term, by path."""
    files = {f"policy/{name}": text.encode() for name, text in term.document.texts.items()}
    files |= data
    files |= {f"facts/{name}.jsonl": fact.data for name, fact in term.facts.items()}
    files |= {EVENTS: canonical.lines(term.taken)}
    lines: dict[str, list[bytes]] = {}
    for decision in term.decisions:
        lines.setdefault(decision.step, []).append(decision.line())
    files |= {f"decisions/{step}.jsonl": b"".join(of_step) for step, of_step in lines.items()}
    return files


def publication(files: Mapping[str, bytes], when: str) -> list[Entry]:
    """The entries that publish files: path, digest and length, by path."""
    return [
        Entry(Kind.FILE_PUBLISHED, when, path, (canonical.digest(data), str(len(data))))
        for path, data in sorted(files.items())
    ]


def journal_files(entries: Sequence[Entry], leaf_hashes: Sequence[bytes]) -> dict[str, bytes]:
    """The tiles of a journal, by path."""
    bundles = entry_bundles([encode(entry) for entry in entries])
    return {f"journal/{path}": data for path, data in {**bundles, **tiles(leaf_hashes)}.items()}
