"""A forger who rewrites everything consistently is caught by the rules, or by the keys."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from headgate.bundle.layout import CHECKPOINT, KEYS, journal_files, publication
from headgate.bundle.verify import Pages, Verdict, verify
from headgate.core import canonical
from headgate.core.ledger.checkpoint import Checkpoint, sign
from headgate.core.ledger.entry import Entry, Kind, encode
from headgate.core.ledger.tree import Tree
from tests.whole.small import bundle_of, pages, signers, small, small_bundle, small_term

FORGER = 9


ANOTHER_FEE = ("decisions/fee.jsonl", b'"amount":10425600', b'"amount":20425600')
"""A decision that charges somebody twice as much."""


def resigned(files: Mapping[str, bytes], entries: list[Entry]) -> dict[str, bytes]:
    """Files under a journal of one's own: digests, tree, checkpoint and keys, all consistent."""
    kept = {path: data for path, data in files.items() if not path.startswith("journal/")}
    entries = [e for e in entries if e.kind is not Kind.FILE_PUBLISHED]
    entries += publication(kept, "2026-09-01T00:00:00Z")
    tree, own = Tree(map(encode, entries)), signers(FORGER)
    note = sign(Checkpoint(own[0].name, len(tree), tree.root()), own)
    keys = "".join(f"{signer.verifier().vkey()}\n" for signer in own).encode()
    return {**kept, **journal_files(entries, tree.leaf_hashes()), CHECKPOINT: note, KEYS: keys}


def forged_line(path: str, old: bytes, new: bytes, by: Pages | None = pages) -> Verdict:
    """The verdict where one line was rewritten and all digests and signatures were made to fit."""
    files = small_bundle()
    assert old in files[path]
    before = files[path]
    files[path] = before.replace(old, new, 1)
    entries = [_told(entry, before, files[path]) for entry in small().term.entries]
    return verify(resigned(files, entries), by)


def _told(entry: Entry, before: bytes, after: bytes) -> Entry:
    """An entry with the digests of the rewritten file's lines in place of the honest ones."""
    pairs = zip(before.splitlines(keepends=True), after.splitlines(keepends=True), strict=True)
    digests = {canonical.digest(a): canonical.digest(b) for a, b in pairs}
    digests[canonical.digest(before)] = canonical.digest(after)
    return replace(entry, fields=tuple(digests.get(field, field) for field in entry.fields))


def test_who_takes_the_decisions_and_reads_no_page_is_told_of_all_but_a_signed_page() -> None:
    """A plan does not make the pages again: a forged decision, or a page that is not the one that
    was published, is refused all the same, and a page that was signed changes no decision.
    """
    decided = forged_line(*ANOTHER_FEE, None)
    assert {"decisions/fee.jsonl", "journal"} == {fault.file for fault in decided.faults}
    files = small_bundle()
    files["report.html"] += b"<p>forged</p>"
    assert ["file-changed"] == [fault.code for fault in verify(files, None).faults]
    signed = resigned(files, list(small().term.entries))
    assert {"report.html"} == {fault.file for fault in verify(signed, pages).faults}
    unread = verify(signed, None)
    assert ((), small().term.decisions) == (unread.faults, unread.term and unread.term.decisions)


def test_a_decision_that_was_rewritten_and_signed_is_derived_otherwise() -> None:
    """The rules give another line: the file is named, and the first entry that is not theirs."""
    verdict = forged_line(*ANOTHER_FEE)
    assert {"decisions/fee.jsonl", "journal"} == {f.file for f in verdict.faults} - {"report.html"}
    first = next(fault for fault in verdict.faults if fault.file == "journal")
    assert "entry-derived" == first.code
    assert "decision" in first.what
    assert all("by the version of Headgate that took it" in f.mend for f in verdict.faults)
    changed = verify(small_bundle() | {"events.jsonl": b""}, None).faults
    assert ["Take the bundle again from where it was published."] == [f.mend for f in changed]


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("facts/marks/open.jsonl", b'"points":', b'"points":1'),
        ("facts/proposal/open.jsonl", b'"bound":', b'"bound":1'),
        ("facts/usage/2026-04-01.jsonl", b'"gpus":1', b'"gpus":2'),
        ("facts/applications/open.jsonl", b'"months":', b'"months":9'),
        ("facts/findings/stage.jsonl", b'"passed":true', b'"passed":false'),
        ("facts/held/2026-03-01.jsonl", b'"gpus_most":', b'"gpus_most":1'),
    ],
)
def test_a_fact_that_was_rewritten_and_signed_gives_other_decisions(
    path: str, old: bytes, new: bytes
) -> None:
    """Whoever changes a fact must change every decision that rests on it, by the rules."""
    assert forged_line(path, old, new).faults


FILES = small_bundle()
FACTS = sorted(path for path in FILES if path.startswith("facts/"))
SPOILT: dict[str, Callable[[bytes], bytes]] = {
    "emptied": lambda _: b"",
    "renamed": lambda data: data.replace(b'-0001"', b'-9999"'),
    "negative": lambda data: re.sub(rb":(\d+)", rb":-\1", data),
}


@pytest.mark.parametrize(
    ("path", "spoil"),
    [
        (path, name)
        for path in FACTS
        for name, by in SPOILT.items()
        if by(FILES[path]) != FILES[path]
    ],
)
def test_spoilt_facts_that_were_signed_end_in_faults_and_not_in_a_crash(
    path: str, spoil: str
) -> None:
    """Whatever a forger puts into the facts and signs, a verifier ends with a list of faults."""
    files = small_bundle()
    files[path] = SPOILT[spoil](files[path])
    verdict = verify(resigned(files, list(small().term.entries)), pages)
    assert all(fault.file and fault.what for fault in verdict.faults)
    assert verdict.faults


def test_a_whole_term_made_up_of_forged_facts_has_other_keys() -> None:
    """Facts made up consistently verify as what they are, a term; only the keys tell whose."""
    made_up = verify(bundle_of(small_term("forged"), signers(FORGER)), pages)
    published = verify(small_bundle(), pages)
    assert () == made_up.faults
    assert published.root != made_up.root
    assert not set(published.keys) & set(made_up.keys)


BUGS: list[tuple[str, Callable[[Any], Any]]] = [
    ("headgate.steps.fees.share_of", lambda honest: lambda value: honest(value) / 2),
    ("headgate.steps.meter.reclaim_by", lambda honest: lambda _, **k: honest([], **k)),
    ("headgate.steps.calls.lot", lambda honest: lambda came, name: honest(came[::-1], name)),
    ("headgate.steps.reallocate.divide", lambda honest: lambda *a: honest(*a)[:-1]),
    ("headgate.steps.adopt.apportion", lambda honest: lambda n, s, m: honest(n - 1, s, m)),
    ("headgate.core.calls.scoring.half_even_part", lambda honest: lambda n, of: honest(n, of) + 1),
]


@pytest.mark.parametrize(("name", "bug"), BUGS, ids=[name for name, _ in BUGS])
def test_a_term_decided_by_a_rule_with_a_bug_is_caught(
    name: str, bug: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A programme that quietly decided by another rule than the published one is found out."""
    module, _, attribute = name.rpartition(".")
    honest = getattr(__import__(module, fromlist=[attribute]), attribute)
    monkeypatch.setattr(name, bug(honest))
    files = bundle_of(small_term())
    assert () == verify(files, pages).faults
    monkeypatch.undo()
    verdict = verify(files, pages)
    assert [f for f in verdict.faults if f.file.startswith(("decisions", "journal"))]
