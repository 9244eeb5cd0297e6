"""Processes to be killed, forked from one that has everything loaded, so that each costs little.

The nursery reads a request and forks a child for it, which says when its database is open. It then
reads whether to wait for the child or to kill it at once, and tells how the child ended. What was
acknowledged to a child, it writes to a file: a line in there was written before the kill.
"""

import json
import os
import subprocess
import sys
import time
import traceback
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from signal import SIGKILL
from types import TracebackType
from typing import IO, Any, Final, Self

from headgate.journal import points
from headgate.journal.points import VARIABLE, Point
from headgate.site.records.database import Database, opened

ROOT: Final = Path(__file__).parents[3]
WAIT, KILL = "wait", "kill"
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

    def run(self, request: Request, seconds: float | None = None) -> int:
        """Have a child and wait for it, or kill it so long after it has begun.

        Its exit code, minus the signal that killed it.
        """
        self._say(json.dumps(asdict(request)))
        assert "ready" == self._told(), "a child failed before it began: see its traceback"
        if seconds is not None:
            time.sleep(seconds)
        self._say(WAIT if seconds is None else KILL)
        return int(self._told())

    def _say(self, text: str) -> None:
        pipe = _there(self._process.stdin)
        pipe.write(f"{text}\n")
        pipe.flush()

    def _told(self) -> str:
        return _there(self._process.stdout).readline().strip()


def _there(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe


def tell(text: str) -> None:
    """One line of the answer, in one write."""
    os.write(sys.stdout.fileno(), f"{text}\n".encode())


def live(told: Mapping[str, Any]) -> int:
    """What a child does; the code with which it ends."""
    from tests.site.crashes.flows import FLOWS

    request, folder = Request(**told), Path(told["folder"])
    if request.crash:
        os.environ[VARIABLE] = request.crash
    database = opened(request.address)
    database.connection.ensure_connection()
    voice = Voice(folder, database, request.crash.endswith(f":{NEVER}"))
    tell("ready")
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
    while line := sys.stdin.readline():
        child = os.fork()
        if child == 0:
            code = 1
            try:
                code = live(json.loads(line))
            except BaseException:  # noqa: BLE001  A child ends here, whatever happened to it.
                traceback.print_exc()
            finally:
                os._exit(code)
        if sys.stdin.readline().strip() == KILL:
            os.kill(child, SIGKILL)
        _, status = os.waitpid(child, 0)
        tell(str(os.waitstatus_to_exitcode(status)))


if __name__ == "__main__":
    main()
