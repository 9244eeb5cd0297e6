"""Processes to be killed, forked from one that has everything loaded, so that each costs little.

The nursery reads one request a line and forks a child for it, which tells its pid as soon as its
database is open; when the child has ended, the nursery tells how. What a child acknowledges, it
writes to a file at once: a line in there was written before the kill, whenever that came.
"""

import json
import os
import subprocess
import sys
import traceback
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self

from headgate.journal import points
from headgate.journal.points import VARIABLE, Point
from headgate.site.records.database import Database, opened

ROOT: Final = Path(__file__).parents[3]
NEVER: Final = 10**9
"""A visit that never comes: the points that are reached are counted, and nothing is killed."""


@dataclass(frozen=True, slots=True)
class Request:
    """A flow for a child to do on a database and in a folder; `crash` is a point and a visit."""

    flow: str
    address: str
    folder: str
    crash: str = ""
    arguments: Mapping[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Voice:
    """How a child tells what was acknowledged to it."""

    folder: Path
    database: Database
    surveyed: bool = False

    def say(self, text: str = "done") -> None:
        """Write an acknowledgement down; in a survey, what the database then holds too."""
        from tests.site.crashes.state import fingerprint

        told = fingerprint(self.database) if self.surveyed else text
        with (self.folder / "said").open("ab", buffering=0) as file:
            file.write(f"{told}\n".encode())


def said(folder: Path) -> list[str]:
    """What was acknowledged in a folder, in order."""
    with suppress(FileNotFoundError):
        return (folder / "said").read_text(encoding="utf-8").splitlines()
    return []


def visits(folder: Path) -> dict[Point, int]:
    """How often the surveyed flow came to each point."""
    told = json.loads((folder / "visits").read_text(encoding="utf-8"))
    return {Point[name]: count for name, count in told.items()}


class Nursery:
    """The nursery's side of whoever wants children; a context."""

    def __enter__(self) -> Self:
        environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.site.crashes.nursery"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.communicate()

    def begin(self, request: Request) -> int:
        """Have a child; its pid, once its database is open."""
        given = self._pipe(self._process.stdin)
        given.write(json.dumps(asdict(request)) + "\n")
        given.flush()
        return self._told("ready")

    def end(self) -> int:
        """Wait for the child; its exit code, minus the signal that killed it."""
        return self._told("ended")

    def run(self, request: Request) -> int:
        """Have a child and wait for it."""
        self.begin(request)
        return self.end()

    def _told(self, word: str) -> int:
        first, _, number = self._pipe(self._process.stdout).readline().partition(" ")
        assert word == first, "a child failed before it began; its traceback is on stderr"
        return int(number)

    @staticmethod
    def _pipe(pipe: IO[str] | None) -> IO[str]:
        assert pipe is not None
        return pipe


def tell(word: str, number: int) -> None:
    """One line of the answer, in one write."""
    os.write(sys.stdout.fileno(), f"{word} {number}\n".encode())


def live(told: Mapping[str, Any]) -> int:
    """What a child does; the code with which it ends."""
    from tests.site.crashes.flows import FLOWS

    request, folder = Request(**told), Path(told["folder"])
    if request.crash:
        os.environ[VARIABLE] = request.crash
    database = opened(request.address)
    database.connection.ensure_connection()
    voice = Voice(folder, database, request.crash.endswith(f":{NEVER}"))
    tell("ready", os.getpid())
    if voice.surveyed:
        voice.say()
    FLOWS[request.flow](database, folder, voice.say, **request.arguments)
    counted = {point.name: count for point, count in points._visits.items()}
    (folder / "visits").write_text(json.dumps(counted), encoding="utf-8")
    return 0


def main() -> None:
    """Have children, one at a time, until nobody asks."""
    from tests.site.crashes.flows import prepare

    prepare()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            code = 1
            try:
                code = live(json.loads(line))
            except BaseException:  # noqa: BLE001  A child ends here, whatever happened to it.
                traceback.print_exc()
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        tell("ended", os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
