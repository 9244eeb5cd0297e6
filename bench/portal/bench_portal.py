"""What the pages of a large programme cost, each beside the login form of the same run.

The demo's calls are open; organisations and applications are then multiplied to 2,000 and 10,000,
and one reviewer is given 1,000 seats: the size at which ColdFront 1.1.10 was measured here. Its
project list took 7 times its own login form and 9 queries, its queue of 1,000 requests 886 times
and 4,351 queries.
Costs are CPU time of this process, the quickest of several askings, between which the login form is
asked for, since a shared machine is now quick and now slow; counts of queries do not depend on
load, and what a file of all rows takes is told in MiB.
"""

import json
import os
import subprocess
import tempfile
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path
from time import process_time
from typing import Any

from bench.ledger.bench_ledger import measure

ORGANISATIONS = 2_000
APPLICATIONS = 10_000
PENDING = 1_000
ASKED = 5
INVENTED = 10
SHEETS = 3

PAGES = {
    "programme": (None, "/"),
    "calls": (None, "/calls/"),
    "home": ("agency-officer", "/home/"),
    "organisations": ("agency-officer", "/organisations/"),
    "people": ("policy-owner", "/people/"),
    "person": ("policy-owner", "/people/6/"),
    "ties": ("reviewer", "/ties/"),
    "double": ("agency-officer", "/doubles/B10/"),
    "boards": ("agency-officer", "/boards/"),
    "board": ("agency-officer", "/boards/{call}/"),
    "board_page": ("agency-officer", "/boards/{call}/?sort=-lead&after=B7000"),
    "board_words": ("agency-officer", "/boards/{call}/?q=b70"),
    "panel": ("agency-officer", "/boards/{call}/panel/"),
    "reviews": ("reviewer", "/reviews/"),
    "applications": ("applicant", "/applications/"),
}
"""Who asks for what; a page that everybody may see is asked for by nobody in particular."""

UNDER_REVIEW = {
    "reviewed_board": ("agency-officer", "/boards/{call}/"),
    "reviewed_words": ("agency-officer", "/boards/{call}/?q=b70"),
    "list": ("agency-officer", "/boards/{call}/list/"),
    "list_page": ("agency-officer", "/boards/{call}/list/?sort=-score&after=B700"),
    "list_words": ("agency-officer", "/boards/{call}/list/?q=b70"),
    "reviewed_panel": ("agency-officer", "/boards/{call}/panel/"),
}
"""The same of a call whose applications are in and judged: the list is made anew at first."""

BESIDE = {"organisations": "projects", "board": "allocations", "reviews": "requests"}
"""Our page, and the page of ColdFront that lists as many: 2,000 of it, a call's, 1,000 waiting."""


def run() -> Iterator[dict[str, Any]]:
    """Queries of each page, and its CPU time over that of the login form; then under review."""
    with tempfile.TemporaryDirectory() as folder:
        call = _site(Path(folder))
        spent: dict[str, float] = {}
        yield from _measured(PAGES, call, spent)
        yield from _files(call)
        _reviewed(call)
        yield from _solved(call)
        yield from _measured(UNDER_REVIEW, call, {})
        yield from _beside_coldfront(Path(folder), spent)


def _site(folder: Path) -> str:
    """A site whose calls are open, made large; the call with the most applications."""
    from headgate.cli.site import _invite
    from headgate.site.serving import make_tables, prepare

    address = f"sqlite:///{folder / 'site.db'}"
    prepare(address, "localhost", "korea-2025", demo=True)
    from headgate.site.records.database import opened

    make_tables(opened(address))
    _invite("korea-2025", INVENTED)
    return _enlarged()


def _enlarged() -> str:
    """Multiply what there is, by the models themselves."""
    from headgate.site.desk.models import Dossier, Organisation, Review, Reviewer, State

    now = datetime.now(UTC)
    seen = list(Organisation.objects.all())
    more = [
        Organisation(code=f"B{n}", name=f"Body {n}", kind=seen[0].kind, size=seen[0].size)
        for n in range(ORGANISATIONS - len(seen))
    ]
    bodies = Organisation.objects.bulk_create(more)
    given = Dossier.objects.filter(state=State.SUBMITTED)
    calls = sorted(set(given.values_list("call", flat=True)))
    models = list(given.filter(call=calls[0]).order_by("id"))
    copies = [
        _copy(models[n % len(models)], calls[n % len(calls)], bodies[n % len(bodies)], n)
        for n in range(APPLICATIONS - given.count())
    ]
    made = Dossier.objects.bulk_create(copies)
    reviewer = Reviewer.objects.get(person__username="reviewer")
    seats = [Review(dossier=it, reviewer=reviewer, assigned=now) for it in made[:PENDING]]
    Review.objects.bulk_create(seats)
    return calls[0]


def _copy(one: Any, call: str, body: Any, number: int) -> Any:
    """Another application like one that was handed in, under a name of its own."""
    from headgate.site.desk.dossiers import line_of, read_line
    from headgate.site.desk.models import Dossier, State

    code = f"B{number}"
    return Dossier(
        **{name: getattr(one, name) for name in ("requests", "months", "answers", "summary", "at")},
        call=call,
        lead=body,
        title=f"Application {number}",
        state=State.SUBMITTED,
        code=code,
        line=line_of(replace(read_line(one), id=code, call=call)),
    )


def _reviewed(call: str) -> None:
    """Close the call; every application of it has all sheets and no gate shut."""
    from headgate.site.actions.take_due import take_due
    from headgate.site.desk.clock import coming
    from headgate.site.desk.models import Dossier, Finding, Review, Reviewer, State
    from headgate.site.desk.office import call_now
    from headgate.site.portal.models import Person

    while not (rules := call_now(call)).received:
        event, moment = coming()
        take_due(Person.objects.get(username="agency-officer"), str(event), moment)
    given = list(Dossier.objects.filter(call=call, state=State.SUBMITTED))
    reviewers, now = list(Reviewer.objects.order_by("id")), datetime.now(UTC)
    Finding.objects.bulk_create(
        Finding(dossier=one, gate=gate.id, passed=True, evidence=["0" * 64], at=now)
        for one in given
        for gate in rules.call.gates
    )
    told = {"assigned": now, "cleared": now, "marked": now}
    sheets = [
        Review(dossier=one, reviewer=reviewers[(n + seat) % len(reviewers)], points=points, **told)
        for n, one in enumerate(given)
        for seat in range(SHEETS)
        for points in [{c.id: (n * 7 + seat * 3) % (c.full + 1) for c in rules.call.criteria}]
    ]
    Review.objects.filter(dossier__call=call).delete()
    Review.objects.bulk_create(sheets)


def _files(call: str) -> Iterator[dict[str, Any]]:
    """MiB that a process holds at most for the file of all applications of a call."""
    from django.test import Client

    client = Client(headers={"host": "localhost"})
    client.post("/demo/agency-officer/")
    for kind in ("csv", "xlsx", "json"):
        client.get(f"/boards/{call}/?format={kind}&q=nothing")
        tracemalloc.start()
        answer = client.get(f"/boards/{call}/?format={kind}")
        for _ in answer if answer.streaming else ():
            pass
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        yield measure("portal", f"file_{kind}", most / 1024**2, "MiB")


def _solved(call: str) -> Iterator[dict[str, Any]]:
    """The look that solves a call's list for the first time, in parts of the login form.

    Then the quickest of several looks, each right after somebody gave one more sheet.
    """
    from django.test import Client

    client, place = Client(headers={"host": "localhost"}), f"/boards/{call}/"
    client.post("/demo/agency-officer/")
    first, login = _costs(lambda: _seconds(client, place))
    yield measure("portal", "solved_to_login", first[0] / login, "ratio")
    numbers = count()

    def again() -> float:
        _sheet(call, next(numbers))
        return _seconds(client, place)

    spent, login = _costs(again)
    yield measure("portal", "solved_again_to_login", min(spent) / login, "ratio")


def _seconds(client: Any, where: str) -> float:
    """CPU seconds of one look."""
    begun = process_time()
    client.get(where)
    return process_time() - begun


def _sheet(call: str, number: int) -> None:
    """Somebody's sheet for an application of a call says something else."""
    from headgate.site.desk.models import Deed, Review

    sheet = Review.objects.filter(dossier__call=call).order_by("id")[number]
    sheet.points = dict.fromkeys(sheet.points, 0)
    sheet.save()
    Deed.objects.create(action="mark", about="bench", at=datetime.now(UTC))


def _measured(
    pages: Mapping[str, tuple[str | None, str]], call: str, spent: dict[str, float]
) -> Iterator[dict[str, Any]]:
    """Each page asked for by whoever sees it; its CPU time is kept in `spent`.

    Queries are those of the first look, CPU time is of those that follow.
    """
    from django.test import Client

    for name, (who, where) in pages.items():
        client, place = Client(headers={"host": "localhost"}), where.format(call=call)
        if who is not None:
            client.post(f"/demo/{who}/")
        queries = _queries(client, place)
        seconds, login = _costs(partial(_seconds, client, place))
        spent[name] = min(seconds)
        yield measure("portal", f"{name}_queries", queries, "queries")
        yield measure("portal", f"{name}_to_login", min(seconds) / login, "ratio")


def _beside_coldfront(folder: Path, ours: dict[str, float]) -> Iterator[dict[str, Any]]:
    """ColdFront's pages on SQLite in the same run, where HEADGATE_BENCH_COLDFRONT has a Python.

    Its own pages are told as ours are, and three of ours as parts of its time for as many rows.
    """
    python = os.environ.get("HEADGATE_BENCH_COLDFRONT")
    if python is None:
        return
    site = folder / "coldfront"
    site.mkdir()
    script = Path(__file__).with_name("peer.py").resolve()
    told = subprocess.run([python, script], cwd=site, env=_plain(), capture_output=True, check=True)
    theirs = json.loads(told.stdout.splitlines()[-1])
    for name, one in theirs.items():
        yield measure("portal", f"coldfront_{name}_queries", one["queries"], "queries")
        login = theirs["login"]["seconds"]
        yield measure("portal", f"coldfront_{name}_to_login", one["seconds"] / login, "ratio")
    for name, other in BESIDE.items():
        ratio = ours[name] / theirs[other]["seconds"]
        yield measure("portal", f"{name}_to_coldfront_{other}", ratio, "ratio")


def _plain() -> dict[str, str]:
    """The environment without what says who we are to Django and Python."""
    ours = ("DJANGO_", "HEADGATE_", "PYTHON")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def _queries(client: Any, where: str) -> int:
    """The queries of one look."""
    from django.db import connections

    asked = 0

    def counted(execute: Any, *told: Any) -> Any:
        nonlocal asked
        asked += 1
        return execute(*told)

    with connections["default"].execute_wrapper(counted):
        answer = client.get(where)
    assert 200 == answer.status_code, (where, answer.status_code)
    return asked


def _costs(look: Callable[[], float]) -> tuple[list[float], float]:
    """CPU seconds of several looks, and of the quickest login form asked for before each."""
    from django.test import Client

    nobody = Client(headers={"host": "localhost"})
    nobody.get("/account/login/")
    both = [(_seconds(nobody, "/account/login/"), look()) for _ in range(ASKED)]
    return [seconds for _, seconds in both], min(login for login, _ in both)
