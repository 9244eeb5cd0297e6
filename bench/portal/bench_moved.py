"""What a worker's own CPU goes to, look by look, while sheets of a large call are handed in.

`headgate serve` answers beside a call of 10,000 applications and 30,000 sheets that is under
review. Before each look one more sheet is written to its database, as reviewers write them all day.
The process that works the list out is held up while the worker is looked at: it shows what was
worked out last. Then it is let go, and the first look at what it found counts together with what it
takes to have that from it. Both are told in parts of the login form, which the same server is asked
for before each; Linux says what CPU a process has had, of all its threads.
"""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any
from urllib.request import OpenerDirector, Request, build_opener

from bench.ledger.bench_ledger import measure
from bench.portal.bench_memory import REVIEW, cpu_seconds, served

ASKED = 5
STILL_SECONDS = 0.3
"""How long a process does nothing until it is taken to be done."""
LOOKS = {
    "board": "",
    "list": "list/",
    "list_words": "list/?q=b70",
    "panel": "panel/",
    "sure": "?sure=1",
}
NEW = '<div id="moved" role="status"></div>'
SHOWN = "Headgate-Shown"
MARK = re.compile(f'"{SHOWN}": "([^"]*)"')


def run() -> Iterator[dict[str, Any]]:
    """A look at each page while its list is worked out again, and the first at what came of it."""
    if not Path("/proc/self/stat").exists():
        return
    with tempfile.TemporaryDirectory() as folder:
        made = [sys.executable, "-c", REVIEW, folder]
        said = subprocess.run(made, check=True, stdout=subprocess.PIPE).stdout.decode()
        call, key, _other = said.split()[-3:]
        file = Path(folder, "site.db")
        with served({**os.environ, "HEADGATE_DATABASE": f"sqlite:///{file}"}) as (base, worker):
            yield from _measured(Desk(base, call, key, file, worker))


@dataclass
class Desk:
    """The server of a call under review, and its officer's browser."""

    base: str
    call: str
    key: str
    file: Path
    worker: int

    @property
    def child(self) -> int:
        """The process that works lists out."""
        files = Path(f"/proc/{self.worker}/task").glob("*/children")
        (child,) = {int(one) for file in files for one in file.read_text().split()}
        return child

    def look(self, place: str, shown: str | None = None) -> str:
        """A page of the call."""
        browser: OpenerDirector = build_opener()
        browser.addheaders = [("Cookie", f"sessionid={self.key}")]
        headers = {SHOWN: shown} if shown is not None else {}
        asked = Request(f"{self.base}/boards/{self.call}/{place}", headers=headers)
        return str(browser.open(asked).read().decode())

    def seen(self, place: str) -> None:
        """Look until what is shown is that of now."""
        while NEW not in self.look(place):
            pass

    def sheet(self, number: int) -> None:
        """Somebody's sheet says something else."""
        with closing(sqlite3.connect(self.file)) as site, site:
            one = "SELECT id, points FROM desk_review ORDER BY id LIMIT 1 OFFSET ?"
            ((id_, points),) = site.execute(one, [number])
            other = json.dumps(dict.fromkeys(json.loads(points), 0))
            site.execute("UPDATE desk_review SET points = ? WHERE id = ?", [other, id_])
            deed = "INSERT INTO desk_deed (action, about, at) VALUES ('mark', 'bench', ?)"
            site.execute(deed, ["2026-01-01"])

    def cost(self, deed: Callable[[], Any]) -> float:
        """CPU seconds that the worker has while something is done."""
        before = cpu_seconds(self.worker)
        deed()
        return cpu_seconds(self.worker) - before


def _measured(desk: Desk) -> Iterator[dict[str, Any]]:
    numbers = count()
    for name, place in LOOKS.items():
        desk.seen(place)
        costs = [_once(desk, place, next(numbers)) for _ in range(ASKED)]
        login, moved, nothing, anew = map(min, zip(*costs, strict=True))
        yield measure("portal", f"moved_{name}_to_login", moved / login, "ratio")
        yield measure("portal", f"anew_{name}_to_login", anew / login, "ratio")
        if name == "board":
            yield measure("portal", "looking_again_to_login", nothing / login, "ratio")


def _once(desk: Desk, place: str, number: int) -> tuple[float, float, float, float]:
    """CPU of the login form, of a look while the list is worked out, of looking again by itself
    with nothing new, and of the first look at what was worked out.
    """
    child = desk.child
    _still(child)
    _still(desk.worker)
    login = desk.cost(lambda: build_opener().open(f"{desk.base}/account/login/").read())
    desk.sheet(number)
    os.kill(child, signal.SIGSTOP)
    pages: list[str] = []
    moved = desk.cost(lambda: pages.append(desk.look(place)))
    (mark,) = MARK.findall(pages[0])
    nothing = desk.cost(lambda: pages.append(desk.look(place, mark)))
    assert not pages[1]

    def take_over() -> None:
        os.kill(child, signal.SIGCONT)
        _still(child)
        _still(desk.worker)
        assert NEW in desk.look(place)

    return login, moved, nothing, desk.cost(take_over)


def _still(process: int) -> None:
    """Wait until a process has nothing to do."""
    while True:
        before = cpu_seconds(process)
        time.sleep(STILL_SECONDS)
        state = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2]
        if state.split()[0] == "S" and cpu_seconds(process) - before < STILL_SECONDS / 100:
            return
