"""What one worker of the portal holds when it has answered every kind of page to every role.

Modules are compiled beforehand, as `pip install` leaves them: a worker that compiles them itself
holds more. The demo's term is taken and kept by a process of its own. `headgate serve` is then
asked, as each person of the demo, for what links lead to, two addresses of a kind. What it held at
most is what Linux says of it in the end. The replays of what-ifs are another measure: a year of
jobs and the compiled replay are held by a process of their own, which the worker that is asked
starts. In the end the awards are multiplied, and the same is asked of another worker, by people who
have signed in before: a demo also makes its notices, as elsewhere `headgate worker` does.
"""

import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from http.cookiejar import Cookie, CookieJar
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
PART = "from sys import argv; from bench.portal import bench_memory as b; "
REVIEW = f"{PART} b.review(argv[1])"
JUDGE = f"{PART} b.judge(argv[1])"
ACCEPT = f"{PART} b.accept(argv[1])"
ASK = f"{PART} b.ask()"
KEYS = f"{PART} b.keys()"
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
ANSWERS = 10
AFTER = ("/home/", "/running/", "/invoices/", "/search/?q=b700")
ASKED_AGAIN = 600
"""Seconds at most until the replays are got ready."""

Look = Callable[[str], int]
Keys = Mapping[str, str]
"""What browsers have of people who have signed in, by the names of these."""
NO_KEYS: Keys = {}


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
    looks: dict[str, Look] = {"first": lambda _: 0, "all": _everything, "what_if": _what_if}
    for name, look in looks.items():
        yield from _of_worker(name, _held(told, look, "--demo"))
    subprocess.run([sys.executable, "-c", ENLARGE, told["HEADGATE_DATABASE"]], check=True)
    said = subprocess.run(
        [sys.executable, "-c", KEYS], env=told, check=True, stdout=subprocess.PIPE
    )
    keys = dict(line.split() for line in said.stdout.decode().splitlines())
    looks = {"large": partial(_everything, keys=keys)}
    looks["large_sought"] = partial(_everything, keys=keys, seek=True)
    looks["large_answered"] = partial(_answered, told, keys)
    for name, look in looks.items():
        yield from _of_worker(name, _held(told, look))


def _of_worker(name: str, told: tuple[float, float, int]) -> Iterator[dict[str, Any]]:
    """What a worker held, and its replays; how many kinds of page it was asked for."""
    held, replays, kinds = told
    yield measure("portal", f"worker_{name}", held, "MiB")
    if "what_if" in name:
        yield measure("portal", "worker_replays", replays, "MiB")
    if kinds:
        yield measure("portal", f"worker_{name}_kinds", kinds, "kinds of page")


def _of_review(folder: str, told: dict[str, str]) -> Iterator[dict[str, Any]]:
    """A large call under review: its worker, and the process beside it that solves the list."""
    made = [sys.executable, "-c", REVIEW, folder]
    said = subprocess.run(made, env=told, check=True, stdout=subprocess.PIPE).stdout
    call, *keys = said.decode().split()[-3:]
    told = {**told, "HEADGATE_DATABASE": f"sqlite:///{folder}/site.db"}
    held, solves, _ = _held(told, partial(_under_review, call, keys[0]))
    yield measure("portal", "worker_review", held, "MiB")
    yield measure("portal", "worker_review_child", solves, "MiB")
    subprocess.run([sys.executable, "-c", JUDGE, call], env=told, check=True)
    held, decides, _ = _held(told, partial(_decided, told, call, keys))
    yield measure("portal", "worker_decided", held, "MiB")
    yield measure("portal", "worker_decided_child", decides, "MiB")


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


def cpu_seconds(process: int) -> float:
    """CPU seconds that another process has had, of all its threads: clock_getcpuclockid(3)."""
    return time.clock_gettime((~process << 3) | 2)


def _answers(url: str) -> bool:
    try:
        build_opener().open(url).read()
    except (URLError, ConnectionError):
        return False
    return True


def _everything(base: str, *, keys: Keys = NO_KEYS, seek: bool = False) -> int:
    """Go through all that links lead to as everybody, each in another language than the one before;
    how many kinds of page there were. Whoever has no key signs in as in a demo.
    """
    from headgate.site.serving import prepare

    with tempfile.TemporaryDirectory() as folder:
        prepare(f"sqlite:///{folder}/none.db", "localhost", "korea-2025", demo=True)
    from headgate.site.records.database import set_up

    set_up()
    from headgate.site.portal.people import PERSONAS

    people = [None, *(persona.username for persona in PERSONAS)]
    spoken = zip(people, cycle(LANGUAGES), strict=False)
    readers = ((_signed_in(base, *one, keys), one[1]) for one in spoken)
    seen = (_gone_through(base, *one, seek=seek) for one in readers)
    return len({kind for kinds in seen for kind in kinds})


def _gone_through(base: str, reader: OpenerDirector, language: str, *, seek: bool) -> Counter[str]:
    """What one person was shown, by kind of page; lists are searched too where told to `seek`."""
    from django.urls import Resolver404, resolve

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


def _signed_in(base: str, who: str | None, language: str, keys: Keys = NO_KEYS) -> OpenerDirector:
    """A browser of somebody of the demo or with a key, or of nobody in particular."""
    if keys:
        reader = _keyed(keys[who]) if who is not None else build_opener()
        reader.addheaders = [("Accept-Language", language)]
        return reader
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
    """Make a site with 10,000 applications of a call under review; say it and the keys of two."""
    from bench.portal.bench_portal import _reviewed, _site

    call = _site(Path(folder))
    _reviewed(call)
    print(call, *map(_key, ("agency-officer", "policy-owner")))


def keys() -> None:
    """Say the keys of the people of a demo that is to be served as a site, each with its name."""
    from headgate.site.serving import prepare

    prepare(os.environ["HEADGATE_DATABASE"], "localhost", "korea-2025", demo=True)
    from headgate.site.records.database import opened

    opened(os.environ["HEADGATE_DATABASE"])
    from headgate.site.portal.people import PERSONAS

    for persona in PERSONAS:
        print(persona.username, _key(persona.username))


def _key(who: str) -> str:
    """The key of somebody of the demo who has signed in."""
    from django.test import Client

    client = Client(headers={"host": "localhost"})
    client.post(f"/demo/{who}/")
    return client.cookies["sessionid"].value


def judge(call: str) -> None:
    """Give every application of a call as many sheets as its panel needs."""
    from headgate.site.records.database import set_up

    set_up()
    from headgate.site.desk.models import Review, Reviewer
    from headgate.site.desk.office import call_now

    panel, sheets = call_now(call).call.panel, dict[int, list[Review]]()
    assert panel is not None
    for one in Review.objects.filter(dossier__call=call):
        sheets.setdefault(one.dossier_id, []).append(one)
    reviewers = list(Reviewer.objects.order_by("id"))
    fields = ("dossier_id", "points", "assigned", "cleared", "marked")
    Review.objects.bulk_create(
        Review(reviewer=who, **{name: getattr(given[0], name) for name in fields})
        for given in sheets.values()
        for who in [w for w in reviewers if w.pk not in {one.reviewer_id for one in given}][
            : panel.least - len(given)
        ]
    )


def accept(call: str) -> None:
    """Let all winners of a call take what they were awarded, with what both sides sign."""
    from headgate.site.records.database import set_up

    set_up()
    from headgate.site.desk.agreement import taken
    from headgate.site.desk.models import Acceptance, AgreementSignature, AwardList, Dossier
    from headgate.site.desk.office import call_now
    from headgate.site.portal.models import Person

    listed, at = AwardList.objects.get(call=call), datetime.now(UTC)
    won = Dossier.objects.filter(code__in=listed.winners)
    Acceptance.objects.bulk_create(Acceptance(dossier=one, accepted=True, at=at) for one in won)
    told = {"person": Person.objects.get(username="applicant"), "at": at}
    AgreementSignature.objects.bulk_create(
        AgreementSignature(dossier=one, side=side, digest=agreed.digest, **told)
        for one, agreed in taken(call_now(call), listed)
        for side in ("holder", "office")
    )


def ask() -> None:
    """Let the holders of some awards ask for a longer time, on the day on which a demo stands."""
    from headgate.site.records.database import set_up

    set_up()
    from headgate.site.desk.models import Asking, Dossier
    from headgate.site.desk.office import SITE
    from headgate.site.records.kept import stands

    stood = stands(SITE)
    assert stood is not None
    at = datetime.fromisoformat(f"{stood.standing.day}T00:00Z") - timedelta(days=1)
    running = [one.award for one in stood.holdings if not one.award.startswith("B")][:ANSWERS]
    asked = {"change": "longer", "asked": {"months": 1}, "text": "more", "at": at}
    for one in Dossier.objects.filter(code__in=running):
        print(one.code, Asking.objects.create(dossier=one, **asked).pk)


def _answered(told: dict[str, str], keys: Keys, base: str) -> int:
    """Go through everything, answer what is asked of some awards, and look at lists after each."""
    said = subprocess.run([sys.executable, "-c", ASK], env=told, check=True, stdout=subprocess.PIPE)
    kinds = _everything(base, keys=keys)
    officer = _signed_in(base, "agency-officer", "en", keys)
    for line in said.stdout.decode().splitlines():
        award, number = line.split()
        form = {"deed": "grant", "asking": number, "text": "yes"}
        assert "stands in the journal" in _pressed(officer, f"{base}/running/{award}/", form)
        for place in AFTER:
            assert _read(officer, base + place)
    return kinds


def _pressed(reader: OpenerDirector, url: str, form: dict[str, str]) -> str:
    """The page after a button of another one was pressed."""
    told = form | {"csrfmiddlewaretoken": _hidden(_read(reader, url), "csrfmiddlewaretoken")}
    asked = Request(url, urlencode(told).encode(), {"Referer": url})
    return str(reader.open(asked).read().decode())


def _hidden(page: str, name: str) -> str:
    """What a form of a page tells without showing it."""
    found = re.search(rf'name="{name}" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def _keyed(key: str) -> OpenerDirector:
    """A browser of whoever has a key; what it is told later it keeps beside that."""
    reader = build_opener(HTTPCookieProcessor(jar := CookieJar()))
    here: Any = ("127.0.0.1", False, False), ("/", True), (False, None, False, None, None, {})
    jar.set_cookie(Cookie(0, "sessionid", key, None, False, *here[0], *here[1], *here[2]))
    return reader


def _decided(told: dict[str, str], call: str, keys: list[str], base: str) -> int:
    """Have two persons sign a list, and one decide the call on it; then look at what became of it.

    All is done by buttons, but what the winners answer.
    """
    board, calendar = f"{base}/boards/{call}/", f"{base}/calendar/"
    _under_review(call, keys[0], base)
    officer, owner = map(_keyed, keys)
    for reader in (officer, owner):
        digest = _hidden(_read(reader, board), "digest")
        assert "Signed" in _pressed(reader, board, {"deed": "sign", "digest": digest})
    subprocess.run([sys.executable, "-c", ACCEPT, call], env=told, check=True)
    event = _hidden(_read(officer, calendar), "event")
    assert f"decide call {call}" in event
    assert "Done" in _pressed(officer, calendar, {"event": event})
    for place in AFTER:
        assert _read(officer, base + place)
    return _under_review(call, keys[0], base)


def _under_review(call: str, key: str, base: str) -> int:
    """Look at all that is made of a call under review, as its officer."""
    reader = _keyed(key)
    for place in UNDER_REVIEW:
        while LOOKS_AGAIN in (page := _read(reader, f"{base}/boards/{call}/{place}")):
            time.sleep(1)
        assert call in page
    return 0
