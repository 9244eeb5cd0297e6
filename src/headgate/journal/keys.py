"""The key ring of a service: who signs its checkpoints, kept where only the service can read.

    <ring>/              mode 0700, owned by the service
      1/ 2/ ...          one folder a generation of keys
        ed25519          32 secret bytes in base64, mode 0600; gone once the pair has made way
        ml-dsa-44        the same
        keys             the public halves, kept for ever
        handover         from the second on: how the pair before named this one (`handover`)
    signed               the note of the most entries that were signed, mode 0600

A generation is drafted whole and renamed into place, so a ring has it or has it not. Rotation is
three steps: `rotate` adds the next generation; the next checkpoint is signed by both; `retire`
destroys the older seeds. A ring whose process was killed is in one of those three states. To
destroy is to remove the file: a disk or a backup may remember what it held.
"""

import os
import secrets
import shutil
import stat
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

from headgate.alone import alone
from headgate.core.ledger.checkpoint import (
    Algorithm,
    Checkpoint,
    Signer,
    Verifier,
    claimed,
    parse_vkeys,
)
from headgate.core.ledger.refused import Refused
from headgate.journal.files import found, put, settle
from headgate.journal.handover import Pair, hand_over, read_handover
from headgate.journal.points import Point, reached

_DRAFT: Final = ".next"
_SIGNED: Final = "signed"
_SEED_BYTES: Final = 32
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


class RingRefusal(Enum):
    """Why a key ring is not used."""

    RING_MISSING = "there is no key ring; it is made on the first start"
    RING_TAKEN = "the folder holds a key ring already"
    RING_IS_LINK = "a key ring and its files are never links"
    RING_NOT_FOLDER = "a key ring is a folder"
    RING_OPEN = "others can read it: the folder has mode 0700, a seed has mode 0600"
    RING_FOREIGN = "it belongs to another user than the service"
    SEED_MISSING = "a seed of the newest keys is gone"
    SEED_BAD = "a seed is 32 bytes in base64 and makes the public key kept beside it"
    KEYS_BAD = "the public keys or the handover of a generation cannot be read"
    SIGNED_BAD = "what the keys signed last cannot be read: put back the published checkpoint"
    ROTATION_UNDER_WAY = "the last rotation is not done: publish a checkpoint, then retire"


@dataclass(frozen=True, slots=True)
class Keys:
    """The public side of a ring: every generation's pair, oldest first, and the handovers.

    `retiring` says that the last pair but one still signs.
    """

    pairs: tuple[Pair, ...]
    handovers: tuple[bytes, ...]
    retiring: bool

    @property
    def origin(self) -> str:
        """The log's name."""
        return self.pairs[-1][0].name

    @property
    def signing(self) -> tuple[Verifier, ...]:
        """Every key that the next checkpoint must be signed with, newest pair first."""
        return (*self.pairs[-1], *self.pairs[-2]) if self.retiring else self.pairs[-1]

    @property
    def listed(self) -> Pair:
        """The pair that is published as the log's: the older one until it has made way.

        Those keys have signed the checkpoint that stands and will sign the next, so a stranger who
        fetches keys and checkpoint at different moments finds that they fit.
        """
        return self.pairs[-2] if self.retiring else self.pairs[-1]


@dataclass(frozen=True, slots=True)
class Ring:
    """Who signs: the newest pair, and during a rotation the pair before it too."""

    current: tuple[Signer, Signer]
    retiring: tuple[Signer, ...]
    keys: Keys

    @property
    def signers(self) -> tuple[Signer, ...]:
        """All who sign the next checkpoint, the newest pair first."""
        return (*self.current, *self.retiring)


def create(folder: Path, origin: str) -> Ring:
    """A new ring with fresh keys under the log's name; what a service does on its first start."""
    if not folder.exists() and not folder.is_symlink():
        folder.mkdir(mode=0o700, parents=True)
        settle(folder.parent)
    _check(folder)
    with alone(folder):
        if _generations(folder):
            raise Refused(RingRefusal.RING_TAKEN, str(folder))
        _add(folder, 1, _fresh(origin), b"")
        return _load(folder)


def load(folder: Path) -> Ring:
    """The ring as it stands; raises `Refused` for one that is damaged or that others can read."""
    _check(folder)
    return _load(folder)


def rotate(folder: Path) -> Ring:
    """Begin a rotation: the next checkpoint is to be signed by old and new keys."""
    _check(folder)
    with alone(folder):
        ring = _load(folder)
        if ring.retiring:
            raise Refused(RingRefusal.ROTATION_UNDER_WAY, str(folder))
        _destroy(folder)
        fresh = _fresh(ring.keys.origin)
        # The statement between generations n and n + 1 is handover n.
        number = len(ring.keys.pairs)
        _add(folder, number + 1, fresh, hand_over(number, ring.current, fresh))
        reached(Point.ROTATION_BEGUN)
        return _load(folder)


def retire(folder: Path) -> Ring:
    """End a rotation: destroy every older seed, once a checkpoint by old and new keys is out."""
    _check(folder)
    with alone(folder):
        _load(folder)
        _destroy(folder)
        return _load(folder)


def last_signed(folder: Path) -> Checkpoint | None:
    """The checkpoint of the most entries that this ring has signed; None before the first."""
    note = found(folder / _SIGNED)
    if note is None:
        return None
    told = claimed(note)
    if not isinstance(told, Checkpoint):
        raise Refused(RingRefusal.SIGNED_BAD, f"{folder / _SIGNED}: {told.value}")
    return told


def keep_signed(folder: Path, note: bytes) -> None:
    """Keep a note before anybody sees it; the caller holds the folder."""
    put(folder, _SIGNED, note, 0o600)
    settle(folder)


def write_seed(folder: Path, name: str, seed: bytes) -> None:
    """Keep 32 secret bytes in a file that only its owner can read."""
    put(folder, name, b64encode(seed) + b"\n", 0o600)


def read_seed(path: Path) -> bytes | None:
    """The secret bytes of a file, None where there is none; raises `Refused` for one in doubt."""
    try:
        about = path.lstat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(about.st_mode):
        raise Refused(RingRefusal.RING_IS_LINK, str(path))
    _check_owner(path, about)
    try:
        seed = b64decode(path.read_bytes().removesuffix(b"\n"), validate=True)
    except ValueError:
        seed = b""
    if len(seed) != _SEED_BYTES:
        raise Refused(RingRefusal.SEED_BAD, str(path))
    return seed


def check_private(folder: Path) -> None:
    """Raise `Refused` unless the folder is a true folder that only its owner can enter."""
    about = folder.lstat()
    if stat.S_ISLNK(about.st_mode):
        raise Refused(RingRefusal.RING_IS_LINK, str(folder))
    if not stat.S_ISDIR(about.st_mode):
        raise Refused(RingRefusal.RING_NOT_FOLDER, str(folder))
    _check_owner(folder, about)


def _check(folder: Path) -> None:
    if not folder.exists() and not folder.is_symlink():
        raise Refused(RingRefusal.RING_MISSING, str(folder))
    check_private(folder)


def _check_owner(path: Path, about: os.stat_result) -> None:
    if about.st_uid != os.geteuid():
        raise Refused(RingRefusal.RING_FOREIGN, str(path))
    if about.st_mode & _OTHERS:
        raise Refused(RingRefusal.RING_OPEN, f"{path} has mode {stat.S_IMODE(about.st_mode):04o}")


def _fresh(origin: str) -> tuple[Signer, Signer]:
    ed25519, ml_dsa_44 = (
        Signer(origin, algorithm, secrets.token_bytes(_SEED_BYTES))
        for algorithm in (Algorithm.ED25519, Algorithm.ML_DSA_44)
    )
    return ed25519, ml_dsa_44


def _add(folder: Path, number: int, signers: Sequence[Signer], handover: bytes) -> None:
    """Draft a generation beside the others and rename it into place."""
    keys = "".join(f"{signer.verifier().vkey()}\n" for signer in signers).encode()
    draft = folder / _DRAFT
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    for signer in signers:
        write_seed(draft, _file(signer.algorithm), signer.seed)
    put(draft, "keys", keys, 0o600)
    if handover:
        put(draft, "handover", handover, 0o600)
    settle(draft)
    reached(Point.RING_DRAFTED)
    draft.rename(folder / str(number))
    settle(folder)


def _destroy(folder: Path) -> None:
    """Remove the seeds of every generation but the newest, the oldest first."""
    for number in _generations(folder)[:-1]:
        for algorithm in Algorithm:
            seed = folder / str(number) / _file(algorithm)
            if seed.exists():
                seed.unlink()
                settle(seed.parent)
                reached(Point.SEED_DESTROYED)


def _load(folder: Path) -> Ring:
    numbers = _generations(folder)
    if not numbers or numbers != list(range(1, len(numbers) + 1)):
        raise Refused(RingRefusal.RING_MISSING, str(folder))
    pairs = tuple(_pair(folder / str(number)) for number in numbers)
    handovers = tuple(_handover(folder / str(n), pairs[n - 2], pairs[n - 1]) for n in numbers[1:])
    current = _signers(folder / str(numbers[-1]), pairs[-1])
    if len(current) < 2:
        raise Refused(RingRefusal.SEED_MISSING, str(folder / str(numbers[-1])))
    older = _signers(folder / str(numbers[-2]), pairs[-2]) if len(numbers) > 1 else ()
    # One seed of the older pair alone is a retirement that was interrupted: it no longer signs.
    retiring = older if len(older) == 2 else ()
    return Ring((current[0], current[1]), retiring, Keys(pairs, handovers, bool(retiring)))


def _generations(folder: Path) -> list[int]:
    return sorted(int(path.name) for path in folder.iterdir() if path.name.isdecimal())


def _pair(generation: Path) -> Pair:
    check_private(generation)
    try:
        ed25519, ml_dsa_44 = parse_vkeys(found(generation / "keys") or b"")
    except ValueError as error:
        raise Refused(RingRefusal.KEYS_BAD, f"{generation}: {error}") from None
    return ed25519, ml_dsa_44


def _handover(generation: Path, old: Pair, new: Pair) -> bytes:
    data = found(generation / "handover") or b""
    try:
        handover = read_handover(int(generation.name) - 1, data)
    except Refused as error:
        raise Refused(RingRefusal.KEYS_BAD, f"{generation}: {error}") from None
    if (handover.old, handover.new) != (old, new):
        raise Refused(RingRefusal.KEYS_BAD, f"{generation}: the handover is of other keys")
    return data


def _signers(generation: Path, pair: Pair) -> tuple[Signer, ...]:
    """Those of the pair whose seeds are still there."""
    signers = []
    for verifier in pair:
        path = generation / _file(verifier.algorithm)
        seed = read_seed(path)
        if seed is None:
            continue
        signer = Signer(verifier.name, verifier.algorithm, seed)
        if signer.verifier() != verifier:
            raise Refused(RingRefusal.SEED_BAD, str(path))
        signers.append(signer)
    return tuple(signers)


def _file(algorithm: Algorithm) -> str:
    return algorithm.name.lower().replace("_", "-")
