"""A journal that reads as sentences, and processes that are killed at a named point."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from headgate.core.ledger.checkpoint import Checkpoint, Signer, open_note, sign
from headgate.core.ledger.cosign import parse_witness_vkey
from headgate.core.ledger.tiles import Tiles
from headgate.core.ledger.tree import Tree
from headgate.journal import keys
from headgate.journal.fetch import folder_reader
from headgate.journal.folder import publish
from headgate.journal.keys import Keys, Ring
from headgate.journal.points import VARIABLE, Point
from headgate.journal.witness import Visit

ROOT = Path(__file__).parents[2]
ORIGIN = "example.org/headgate"
NOW = 1_790_000_000


def line(index: int) -> bytes:
    """Entry number `index`."""
    return f"entry {index}".encode()


@dataclass
class Log:
    """A log whose entries are numbered, published to a folder by a ring's keys."""

    base: Path
    origin: str = ORIGIN
    rewritten: frozenset[int] = frozenset()
    last: int = 1_000_000
    sealed: list[Checkpoint] = field(default_factory=list)

    @property
    def ring(self) -> Path:
        """Where its keys are; made when first asked for."""
        folder = self.base / "ring"
        if not folder.exists():
            keys.create(folder, self.origin)
        return folder

    @property
    def folder(self) -> Path:
        """Where it is published."""
        return self.base / "public"

    def lines(self, start: int) -> Iterator[bytes]:
        """Its entries up to the last; those that were rewritten are other ones."""
        while start < self.last:
            yield line(start) + b"!" * (start in self.rewritten)
            start += 1

    def tree(self, size: int) -> Tree:
        """Its tree in memory."""
        return Tree(entry for entry, _ in zip(self.lines(0), range(size), strict=False))

    def publish(self, size: int, ring: Ring | None = None) -> bytes:
        """Publish that many entries; the note that stands in the folder."""
        held = ring or keys.load(self.ring)

        def seal(checkpoint: Checkpoint) -> bytes:
            self.sealed.append(checkpoint)
            return sign(checkpoint, held.signers)

        return publish(self.folder, size, self.lines, seal, held.keys)

    def rotate(self) -> None:
        """Begin to change keys."""
        keys.rotate(self.ring)

    def retire(self) -> None:
        """End the change of keys."""
        keys.retire(self.ring)

    def pins(self) -> list[str]:
        """What the programme prints elsewhere of its newest keys."""
        return [key.pin() for key in keys.load(self.ring).keys.pairs[-1]]

    def files(self) -> dict[str, bytes]:
        """Every file of the public folder."""
        paths = (path for path in self.folder.rglob("*") if path.is_file())
        return {path.relative_to(self.folder).as_posix(): path.read_bytes() for path in paths}


def published(folder: Path, size: int) -> Tiles:
    """The journal of that size in a folder."""
    return Tiles(size, folder_reader(folder))


def forged_note(signers: tuple[Signer, ...], size: int, root: bytes) -> bytes:
    """A note that the log's own keys sign over anything."""
    return sign(Checkpoint(signers[0].name, size, root), signers)


def with_keys(signers: tuple[Signer, ...], handovers: tuple[bytes, ...] = ()) -> Ring:
    """A ring in memory, for a thief who has the seeds and no folder."""
    pair = (signers[0].verifier(), signers[1].verifier())
    return Ring((signers[0], signers[1]), (), Keys((pair,), handovers, False))


def kept(state: Path) -> dict[str, bytes]:
    """What a witness has kept, its evidence apart."""
    paths = [path for path in state.rglob("*") if path.is_file()]
    files = {path.relative_to(state).as_posix(): path.read_bytes() for path in paths}
    return {path: data for path, data in files.items() if not path.startswith("refused/")}


def evidence(state: Path) -> list[dict[str, bytes]]:
    """The evidence of every refused visit."""
    folders = sorted((state / "refused").glob("*"))
    return [{path.name: path.read_bytes() for path in folder.iterdir()} for folder in folders]


def check_cosigned(log: Log, state: Path, seen: Visit) -> None:
    """Anyone with the log's and the witness's keys opens the cosigned note."""
    witness = parse_witness_vkey((state / "vkey").read_text().strip())
    cosigned = (state / "cosigned").read_bytes()
    assert (witness, cosigned) == (seen.witness, seen.cosigned)
    assert seen.new == open_note(cosigned, (*seen.trusted, witness))
    assert log.tree(seen.new.size).root() == seen.new.root


def run(code: str, point: Point | None = None, times: int = 1) -> int:
    """Run code that says `log`, `visit` and so on in a process; its exit code, -9 if killed."""
    environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
    if point is not None:
        environment[VARIABLE] = f"{point.name}:{times}"
    preface = "from pathlib import Path; from tests.journal.builders import *\n"
    done = subprocess.run(
        [sys.executable, "-c", preface + code],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode
