"""What one worker of the portal holds when it has answered every kind of page to every role.

Modules are compiled beforehand, as `pip install` leaves them: a worker that compiles them itself
holds more. The demo's term is taken and kept by a process of its own. `headgate serve` is then
asked, as each person of the demo, for what links lead to, two addresses of a kind. What it held at
most is what Linux says of it in the end. The replays of what-ifs are another measure: a year of
jobs and the compiled replay are held by a process of their own, which the worker that is asked
starts. In the end the awards are multiplied, and the same is asked of another worker.
"""

import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.cookiejar import CookieJar
from itertools import cycle
from pathlib import Path
from signal import SIGINT
from sysconfig import get_path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, Request, build_opener

import headgate
from bench.ledger.bench_ledger import measure

COMMAND = (sys.executable, "-c", "from headgate.cli import main; main()")
ENLARGE = "from sys import argv; from bench.portal.bench_running import enlarge; enlarge(argv[1])"
REVIEW = "from sys import argv; from bench.portal.bench_memory import review; review(argv[1])"
AS_DEPLOYED = {"MALLOC_ARENA_MAX": "1", "MALLOC_MMAP_THRESHOLD_": "131072"}
"""What `deploy/` says to the service, which answers in one thread and gives large blocks back."""
INSTALLED = (str(Path(headgate.__file__).parent), get_path("purelib"))
"""Where the modules are that a worker imports."""
OF_A_KIND = 2
LANGUAGES = ("en", "vi", "ko")
WHAT_IF = "/what-if/"
SOUGHT = ("q=b700", "q=open-1", "sort=-ends", "format=csv", "format=xlsx", "format=json")
UNDER_REVIEW = (
    "panel/",
    "",
    "?sure=1",
    "list/",
    "?q=b700",
    "list/?q=b7",
    "?format=csv",
    "panel/?all",
)
LOOKS_AGAIN = "data-looks-again"
"""What a page has that shows what was worked out last, or nothing yet."""
ASKED_AGAIN = 600
"""Seconds at most until the replays are got ready."""

Look = Callable[[str], int]


def run() -> Iterator[dict[str, Any]]:
    """MiB at the first page, after every kind of page, and when what-ifs were asked for too."""
    if not Path("/proc/self/status").exists():
        return
    with tempfile.TemporaryDirectory() as folder:
        told = {**os.environ, **AS_DEPLOYED, "PYTHONDONTWRITEBYTECODE": ""}
        told["PYTHONPYCACHEPREFIX"] = f"{folder}/compiled"
        compiled = [sys.executable, "-m", "compileall", "-qq", *INSTALLED]
        subprocess.run(compiled, env=told, check=False)  # Some templates of modules are none.
        yield from _of_demo(folder, told)
        yield from _of_review(folder, told)


def _of_demo(folder: str, told: dict[str, str]) -> Iterator[dict[str, Any]]:
    """The demo as it is, and with as many awards as a large programme has."""
    told = {**told, "HEADGATE_DATABASE": f"sqlite:///{folder}/demo.db"}
    made = [*COMMAND, "demo", "--portal", "--out", f"{folder}/demo"]
    subprocess.run(made, env=told, check=True, stdout=subprocess.DEVNULL)
    sought: Look = partial(_everything, seek=True)
    looks: dict[str, Look] = {"first": lambda _: 0, "all": _everything, "what_if": _what_if}
    looks |= {"large": _everything, "large_sought": sought}
    for name, look in looks.items():
        if name == "large":
            address = told["HEADGATE_DATABASE"]
            subprocess.run([sys.executable, "-c", ENLARGE, address], check=True)
        held, replays, kinds = _held(told, look, "--demo")
        yield measure("portal", f"worker_{name}", held, "MiB")
        if replays:
            yield measure("portal", "worker_replays", replays, "MiB")
        if kinds:
            yield measure("portal", f"worker_{name}_kinds", kinds, "kinds of page")


def _of_review(folder: str, told: dict[str, str]) -> Iterator[dict[str, Any]]:
    """A large call under review: its worker, and the process beside it that solves the list."""
    made = [sys.executable, "-c", REVIEW, folder]
    said = subprocess.run(made, env=told, check=True, stdout=subprocess.PIPE).stdout
    call, key = said.split()[-2:]
    told = {**told, "HEADGATE_DATABASE": f"sqlite:///{folder}/site.db"}
    held, solves, _ = _held(told, partial(_under_review, call.decode(), key.decode()))
    yield measure("portal", "worker_review", held, "MiB")
    yield measure("portal", "worker_review_child", solves, "MiB")


def _held(told: dict[str, str], look: Look, *how: str) -> tuple[float, float, int]:
    """MiB that a worker held at most after its first page and a look, and its child; the look's."""
    with served(told, *how) as (base, worker):
        found = look(base)
        children = Path(f"/proc/{worker}/task").glob("*/children")
        others = [int(child) for file in children for child in file.read_text().split()]
        return _most(worker), sum(map(_most, others)), found


@contextmanager
def served(told: dict[str, str], *how: str) -> Iterator[tuple[str, int]]:
    """The address of `headgate serve`, and its process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen([*COMMAND, "serve", *how, "--port", str(port)], env=told)
    try:
        while not _answers(f"http://127.0.0.1:{port}/"):
            assert server.poll() is None
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}", server.pid
    finally:
        server.send_signal(SIGINT)
        server.wait()


def _most(process: int) -> float:
    """MiB that a process held at most."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def _answers(url: str) -> bool:
    try:
        build_opener().open(url).read()
    except (URLError, ConnectionError):
        return False
    return True


def _everything(base: str, *, seek: bool = False) -> int:
    """Go through all that links lead to as everybody, each in another language than the one before;
    how many kinds of page there were.
    """
    from headgate.site.serving import prepare

    with tempfile.TemporaryDirectory() as folder:
        prepare(f"sqlite:///{folder}/none.db", "localhost", "korea-2025", demo=True)
    from headgate.site.records.database import set_up

    set_up()
    from headgate.site.portal.people import PERSONAS

    people = [None, *(persona.username for persona in PERSONAS)]
    seen = map(partial(_gone_through, base, seek=seek), people, cycle(LANGUAGES))
    return len({kind for kinds in seen for kind in kinds})


def _gone_through(base: str, who: str | None, language: str, *, seek: bool = False) -> Counter[str]:
    """What one person was shown, by kind of page; lists are searched too where told to `seek`."""
    from django.urls import Resolver404, resolve

    reader = _signed_in(base, who, language)
    seen, asked, queue = Counter[str](), set[str](), ["/", "/home/"]
    while queue:
        path = queue.pop(0)
        try:
            kind = resolve(path.partition("?")[0]).view_name
        except Resolver404:
            continue
        if path in asked or seen[kind] == OF_A_KIND or WHAT_IF in path or "logout" in path:
            continue
        asked.add(path)
        if not (page := _read(reader, base + path)):
            continue
        seen[kind] += 1
        if seek and 'name="q"' in page and seen[kind] == 1:
            _sought(reader, base + path.partition("?")[0], language)
        queue += [link.replace("&amp;", "&") for link in re.findall(r'href="(/[^"#]*)', page)]
    return +seen


def _sought(reader: OpenerDirector, list_: str, language: str) -> None:
    """Look for what few rows of a list have, and most, in every language; take all as files."""
    for spoken in (*LANGUAGES, language):
        reader.addheaders = [("Accept-Language", spoken)]
        for asked in SOUGHT if spoken == language else SOUGHT[:2]:
            _read(reader, f"{list_}?{asked}")


def _read(reader: OpenerDirector, url: str) -> str:
    """A page or a file; nothing where it is refused."""
    try:
        return str(reader.open(url).read().decode(errors="replace"))
    except HTTPError:
        return ""


def _signed_in(base: str, who: str | None, language: str) -> OpenerDirector:
    """A browser of somebody of the demo, or of nobody in particular."""
    jar = CookieJar()
    reader = build_opener(HTTPCookieProcessor(jar))
    reader.addheaders = [("Accept-Language", language)]
    reader.open(f"{base}/demo/").read()
    if who is not None:
        token = next(str(cookie.value) for cookie in jar if cookie.name == "csrftoken")
        form = urlencode({"csrfmiddlewaretoken": token}).encode()
        reader.open(Request(f"{base}/demo/{who}/", form, {"Referer": base})).read()
    return reader


def _what_if(base: str) -> int:
    """Ask for a year of jobs under today's policy until it is there; then move a slider."""
    for _ in range(ASKED_AGAIN):
        if b"<table" in build_opener().open(base + WHAT_IF).read():
            assert b"<table" in build_opener().open(f"{base}{WHAT_IF}?lend=50&chance=1").read()
            return 0
        time.sleep(1)
    raise AssertionError("the replays were not got ready")


def review(folder: str) -> None:
    """Make a site with 10,000 applications of a call under review; say it and an officer's key."""
    from bench.portal.bench_portal import _reviewed, _site

    call = _site(Path(folder))
    _reviewed(call)
    from django.test import Client

    client = Client(headers={"host": "localhost"})
    client.post("/demo/agency-officer/")
    print(call, client.cookies["sessionid"].value)


def _under_review(call: str, key: str, base: str) -> int:
    """Look at all that is made of a call under review, as its officer."""
    reader = build_opener()
    reader.addheaders = [("Cookie", f"sessionid={key}")]
    for place in UNDER_REVIEW:
        while LOOKS_AGAIN in (page := _read(reader, f"{base}/boards/{call}/{place}")):
            time.sleep(1)
        assert call in page
    return 0
