"""What a body outside the house runs from time to time: watch a journal, and vouch for it.

    <state>/            mode 0700
      checkpoint        the last note that was accepted
      trusted           the log's keys, as pinned or handed over
      seen/             every note ever accepted, by size and root
      cosigned          the last note with the witness's own signature: to be published
      key, vkey         the witness's seed and public key
      refused/          evidence: what was kept, what was found instead, and why it was refused

A visit moves the state only when everything holds: the trusted keys signed, no entry that was seen
before is gone or changed, and the new entries are those under the signed root.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256
from pathlib import Path
from secrets import token_bytes
from typing import Final

from headgate.alone import alone
from headgate.core.faults import Fault, Faulty
from headgate.core.ledger.checkpoint import (
    Checkpoint,
    NoteRefusal,
    Verifier,
    claimed,
    open_note,
    parse_vkeys,
)
from headgate.core.ledger.cosign import Witness, WitnessVerifier, parse_witness_vkey
from headgate.core.ledger.refused import Refused
from headgate.core.ledger.tiles import Read, Tiles
from headgate.core.ledger.tree import verify_consistency
from headgate.journal.fetch import FetchRefusal, reader
from headgate.journal.files import found, put, settle
from headgate.journal.handover import Handover, read_handover
from headgate.journal.keys import RingRefusal, check_private, read_seed, write_seed
from headgate.journal.points import Point, reached

NAME: Final = "headgate-witness"
"""What a witness is called that was given no name; its key tells it from others."""

_HANDOVERS_MAX: Final = 1_000
_NETWORK: Final = (FetchRefusal.UNREACHABLE, FetchRefusal.TOO_SLOW, FetchRefusal.STATUS_BAD)


class WitnessRefusal(Enum):
    """Why a visit ends without trust, in order of precedence."""

    STATE_BAD = "what the witness kept cannot be read"
    FILE_MISSING = "the journal does not publish a file that every journal has"
    KEYS_UNREADABLE = "the keys that the journal publishes cannot be read"
    KEYS_UNPINNED = "on a first visit the keys are pinned, or trusted in so many words"
    KEY_NOT_PUBLISHED = "a pinned key is not among those that the journal publishes"
    NOTE_REFUSED = "the checkpoint is not one that the trusted keys have signed"
    SHRUNK = "the journal has fewer entries than it had"
    ROOT_CHANGED = "the journal has another root at the same size: its history was rewritten"
    TILES_WRONG = "the published tiles do not make the signed root"
    FORKED = "the journal does not continue the one that was seen: its history was rewritten"


@dataclass(frozen=True, slots=True)
class Visit:
    """What a visit found: the journal before (None on the first) and now, and who vouches for it.

    `entries` counts those that were read and hashed; `rotated` says that new keys were trusted on
    the word of the old.
    """

    old: Checkpoint | None
    new: Checkpoint
    entries: int
    trusted: tuple[Verifier, ...]
    rotated: bool
    witness: WitnessVerifier
    cosigned: bytes


def visit(
    journal: str | Read,
    state: Path,
    now: int,
    pins: Sequence[str] = (),
    trust_first: bool = False,
    name: str = NAME,
) -> Visit:
    """Visit a journal at an address (or through a reader) at `now`, in seconds since 1970.

    `pins` (each `name+sha256:...`) or `trust_first` say on the first visit which keys to trust;
    `name` is the witness's when its key is made. Raises `Refused`, and then nothing has moved.
    """
    read = reader(journal) if isinstance(journal, str) else journal
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    check_private(state)
    with alone(state):
        witness = _witness(state, name)
        kept = found(state / "checkpoint")
        old = _kept_checkpoint(kept)
        trusted = _trusted(state) or _first_trusted(read, pins, trust_first)
        note = _get(read, "checkpoint")
        try:
            signing, new = _opened(read, note, trusted)
            entries = _check_growth(read, old or Checkpoint(new.origin, 0, sha256().digest()), new)
        except Refused as error:
            _keep_evidence(state, kept, note, error)
            raise
        cosigned = witness.cosign(note, now)
        _accept(state, new, note, signing, cosigned)
    return Visit(old, new, entries, signing, signing != trusted, witness.verifier(), cosigned)


def witness_lines(
    url: str, keep: Path, keys: Sequence[str], trust_first: bool, name: str = NAME
) -> Iterator[str]:
    """Visit a journal now and tell what was found; raises `Faulty` with the reason it must not be
    trusted."""
    try:
        seen = visit(url, keep, int(time.time()), keys, trust_first, name)
    except Refused as error:
        raise Faulty([_fault(url, keep, error)]) from None
    yield f"{seen.new.origin}: {seen.new.size:,} entries, root {seen.new.root.hex()}"
    if seen.old is None:
        yield f"first visit: {seen.entries:,} entries read, all under the signed root"
    else:
        yield (
            f"continues the {seen.old.size:,} entries seen before; "
            f"{seen.entries:,} new ones read, all under the signed root"
        )
    if seen.rotated:
        yield "the keys that were trusted have handed over to new ones"
    yield from (f"signed by {key.pin()}" for key in seen.trusted)
    yield f"cosigned by {seen.witness.vkey()} in {keep / 'cosigned'}"


def _witness(state: Path, name: str) -> Witness:
    """The witness's own key, made on the first visit."""
    seed = read_seed(state / "key")
    if seed is None:
        seed = token_bytes(32)
        write_seed(state, "key", seed)
    told = found(state / "vkey")
    if told is None:
        told = f"{Witness(name, seed).verifier().vkey()}\n".encode()
        put(state, "vkey", told)
    try:
        witness = Witness(parse_witness_vkey(told.decode().removesuffix("\n")).name, seed)
    except ValueError as error:
        raise Refused(WitnessRefusal.STATE_BAD, f"{state / 'vkey'}: {error}") from None
    if f"{witness.verifier().vkey()}\n".encode() != told:
        raise Refused(WitnessRefusal.STATE_BAD, f"{state / 'vkey'} is of another key")
    return witness


def _kept_checkpoint(kept: bytes | None) -> Checkpoint | None:
    told = None if kept is None else claimed(kept)
    if isinstance(told, NoteRefusal):
        raise Refused(WitnessRefusal.STATE_BAD, f"checkpoint: {told.value}")
    return told


def _trusted(state: Path) -> tuple[Verifier, ...]:
    """The keys trusted so far; none before the first visit has ended well."""
    told = found(state / "trusted")
    if told is None:
        return ()
    try:
        return parse_vkeys(told)
    except Refused as error:
        raise Refused(WitnessRefusal.STATE_BAD, f"{state / 'trusted'}: {error}") from None


def _first_trusted(read: Read, pins: Sequence[str], trust_first: bool) -> tuple[Verifier, ...]:
    """The keys to trust from now on, found by their pins among all that the log ever published."""
    try:
        listed = parse_vkeys(_get(read, "keys"))
    except Refused as error:
        if not isinstance(error.reason, NoteRefusal):
            raise
        raise Refused(WitnessRefusal.KEYS_UNREADABLE, str(error)) from None
    if not pins:
        if trust_first:
            return listed
        published = ", ".join(key.pin() for key in listed)
        raise Refused(WitnessRefusal.KEYS_UNPINNED, f"it publishes {published}")
    older = (key for handover in _handovers(read) for key in (*handover.old, *handover.new))
    known = {key.pin(): key for key in (*listed, *older)}
    if missing := [pin for pin in pins if pin not in known]:
        raise Refused(WitnessRefusal.KEY_NOT_PUBLISHED, ", ".join(missing))
    return tuple(known[pin] for pin in dict.fromkeys(pins))


def _opened(
    read: Read, note: bytes, trusted: tuple[Verifier, ...]
) -> tuple[tuple[Verifier, ...], Checkpoint]:
    """The checkpoint and who signed it: the trusted keys, or those that they handed over to."""
    opened = open_note(note, trusted)
    if opened is NoteRefusal.SIGNATURE_MISSING:
        for handover in _handovers(read):
            if opened is NoteRefusal.SIGNATURE_MISSING and set(handover.old) == set(trusted):
                trusted = handover.new
                opened = open_note(note, trusted)
    if isinstance(opened, NoteRefusal):
        raise Refused(WitnessRefusal.NOTE_REFUSED, opened.value)
    return trusted, opened


def _check_growth(read: Read, old: Checkpoint, new: Checkpoint) -> int:
    """Check that the journal only grew, and read what it grew by; the number of new entries."""
    if new.size < old.size:
        raise Refused(WitnessRefusal.SHRUNK, f"{new.size} entries, seen {old.size}")
    if new.size == old.size:
        if new.root != old.root:
            raise Refused(WitnessRefusal.ROOT_CHANGED, f"size {new.size}")
        return 0
    tiles = Tiles(new.size, read)
    if tiles.root() != new.root:
        raise Refused(WitnessRefusal.TILES_WRONG, f"size {new.size}")
    proof = tiles.consistency(old.size, new.size)
    if not verify_consistency(old.size, new.size, proof, old.root, new.root):
        raise Refused(WitnessRefusal.FORKED, f"{new.size} entries, seen {old.size}")
    return sum(1 for _ in tiles.lines(old.size, new.size))


def _handovers(read: Read) -> Iterator[Handover]:
    """Every handover that the journal publishes, from the first."""
    for number in range(1, _HANDOVERS_MAX + 1):
        try:
            data = read(f"handover/{number}")
        except LookupError:
            return
        yield read_handover(number, data)


def _get(read: Read, path: str) -> bytes:
    try:
        return read(path)
    except LookupError as error:
        raise Refused(WitnessRefusal.FILE_MISSING, f"{path}: {error}") from None


def _accept(
    state: Path, new: Checkpoint, note: bytes, signing: Sequence[Verifier], cosigned: bytes
) -> None:
    """Move the state; the note that counts is replaced after all that it needs is there."""
    (state / "seen").mkdir(exist_ok=True)
    put(state, f"seen/{new.size}-{new.root.hex()[:16]}", note)
    reached(Point.NOTE_SEEN)
    put(state, "trusted", "".join(f"{key.vkey()}\n" for key in signing).encode())
    settle(state / "seen", state)
    reached(Point.KEYS_TRUSTED)
    put(state, "checkpoint", note)
    settle(state)
    reached(Point.NOTE_ACCEPTED)
    put(state, "cosigned", cosigned)
    settle(state)


def _keep_evidence(state: Path, kept: bytes | None, note: bytes, error: Refused) -> None:
    """Keep both notes and the reason; a network that failed is evidence of nothing."""
    if error.reason in _NETWORK:
        return
    why = f"{error.reason.name}: {error.reason.value}: {error.about}\n".encode()
    folder = f"refused/{sha256(b''.join((kept or b'', note, why))).hexdigest()[:16]}"
    put(state, f"{folder}/why", why)
    put(state, f"{folder}/found", note)
    if kept is not None:
        put(state, f"{folder}/kept", kept)
    settle(state / folder, state / "refused", state)


def _fault(url: str, keep: Path, error: Refused) -> Fault:
    code = error.reason.name.lower().replace("_", "-")
    return Fault(url, 0, 0, code, f"{error.reason.value}: {error.about}", _mend(keep, error.reason))


def _mend(keep: Path, reason: Enum) -> str:
    """What to do about a refusal: it is the network's, the witness's own, or the journal's."""
    if isinstance(reason, FetchRefusal):
        return "Look at the address and the network, and visit again."
    if reason in (WitnessRefusal.KEYS_UNPINNED, WitnessRefusal.KEY_NOT_PUBLISHED):
        return "Compare the keys with those that the programme prints elsewhere, and name them."
    if isinstance(reason, RingRefusal | NoteRefusal) or reason is WitnessRefusal.STATE_BAD:
        return f"Mend what is the witness's own: its name, or its folder {keep}."
    return f"Trust nothing new of this journal; the evidence is in {keep / 'refused'}."
