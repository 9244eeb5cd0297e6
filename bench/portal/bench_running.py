"""What the pages of awards that run cost at ColdFront's size, each beside that run's login form.

The demo's term is taken and kept; its awards are then multiplied to 10,000 of 2,000 organisations,
each with its bill in the ledger, 1,000 of them with a request that waits, and as many grants of
other programmes are brought. A page is asked for as it is looked at again (`_to_login`), and right
after somebody has done one more thing (`_after_deed`): whatever a process keeps is then of another
moment. Costs are CPU time of this process, in which Python searches for rings as in one that
serves.
"""

import gc
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import count, cycle, islice
from typing import Any, Final

from bench.ledger.bench_ledger import measure
from bench.portal.bench_portal import _costs, _queries, _seconds
from headgate.rings import usually

AWARDS, ORGANISATIONS, PENDING, GRANTS = 10_000, 2_000, 1_000, 10_000
COMMAND = (sys.executable, "-c", "from headgate.cli import main; main()")

PAGES: Final = {
    "running": ("agency-officer", "/running/"),
    "running_page": ("agency-officer", "/running/?sort=-ends&after={award}"),
    "running_words": ("agency-officer", "/running/?q=b700"),
    "running_own": ("applicant", "/running/"),
    "running_award": ("agency-officer", "/running/{award}/"),
    "invoices": ("fund-officer", "/invoices/"),
    "invoices_page": ("fund-officer", "/invoices/?sort=-amount&after={award}-1"),
    "invoices_words": ("fund-officer", "/invoices/?q=b700"),
    "invoice": ("fund-officer", "/invoices/{award}-1/"),
    "grants": ("agency-officer", "/outside-grants/"),
    "grants_words": ("agency-officer", "/outside-grants/?q=b700"),
    "projects": ("agency-officer", "/projects/"),
    "projects_words": ("agency-officer", "/projects/?q=b700"),
    "search": ("agency-officer", "/search/?q=b700"),
    "search_often": ("agency-officer", "/search/?q=open-1"),
    "search_letter": ("agency-officer", "/search/?q=o"),
    "search_letters": ("agency-officer", "/search/?q=o+e+1"),
    "running_home": ("agency-officer", "/home/"),
    "operator_home": ("operator", "/home/"),
    "fund_home": ("fund-officer", "/home/"),
    "holder_home": ("applicant", "/home/"),
    "statement": ("applicant", "/running/{award}/statement/"),
    "large_programme": (None, "/"),
}
"""Who asks for what; `award` is one of the applicant's own."""


def run() -> Iterator[dict[str, Any]]:
    """Queries of each page as nobody has looked at it, its time again, and after one more deed."""
    with tempfile.TemporaryDirectory() as folder:
        address = f"sqlite:///{folder}/running.db"
        told = {**os.environ, "HEADGATE_DATABASE": address}
        made = [*COMMAND, "demo", "--portal", "--out", f"{folder}/demo"]
        subprocess.run(made, env=told, check=True, stdout=subprocess.DEVNULL)
        award = enlarge(address)
        usually()
        yield from _measured(award)
        yield from _moved()


def _measured(award: str) -> Iterator[dict[str, Any]]:
    from django.test import Client

    for name, (who, where) in PAGES.items():
        client = Client(headers={"host": "localhost"})
        if who is not None:
            client.post(f"/demo/{who}/")
        place = where.format(award=award)
        _deed()
        yield measure("portal", f"{name}_queries", _queries(client, place), "queries")
        for what, look in (("to_login", _seconds), ("after_deed", _after_deed)):
            spent, login = _costs(partial(look, client, place))
            yield measure("portal", f"{name}_{what}", min(spent) / login, "ratio")


def _moved() -> Iterator[dict[str, Any]]:
    """The first look, those right after an entry of the journal, a request and an award that moved,
    and a language's first search. Of homes the second alone.
    """
    from django.test import Client

    for name in ("running", "invoices", "projects"):
        who, _where = PAGES[name]
        client = Client(headers={"host": "localhost"})
        client.post(f"/demo/{who}/")
        look = partial(_seconds, client, f"/{name}/")
        entry = partial(_pay, name, count())
        begins: dict[str, Callable[[], None]] = {"first": _forget, "after_entry": entry}
        begins |= {"after_request": partial(_ask, count()), "after_award": partial(_move, entry)}
        for what, begin in begins.items():
            spent, login = _costs(partial(_begun, begin, look))
            yield measure("portal", f"{name}_{what}", min(spent) / login, "ratio")
        _, login = _costs(look)
        spent = [_words(client, f"/{name}/?q=b700", language) for language in ("vi", "ko")]
        yield measure("portal", f"{name}_words_first", min(spent) / login, "ratio")
    for name in ("running_home", "fund_home"):
        client = Client(headers={"host": "localhost"})
        client.post(f"/demo/{PAGES[name][0]}/")
        look = partial(_seconds, client, "/home/")
        spent, login = _costs(partial(_begun, partial(_pay, name, count()), look))
        yield measure("portal", f"{name}_after_entry", min(spent) / login, "ratio")


def _begun(begin: Callable[[], None], look: Callable[[], float]) -> float:
    """CPU seconds of a look after something else."""
    begin()
    return look()


def _words(client: Any, where: str, language: str) -> float:
    """CPU seconds of a search by a reader of another language."""
    client.cookies["django_language"] = language
    client.get("/home/")
    return _seconds(client, where)


def _forget() -> None:
    """Let this process know as little of awards and decisions as one that was just started.

    What it knows of the policy stays: a worker reads that for its first page, of whatever kind.
    """
    from headgate.site.desk import invoices
    from headgate.site.portal import reading
    from headgate.site.recent import Recent

    for one in gc.get_objects():
        if isinstance(one, Recent):
            one.clear()
    reading._SEEN.clear()
    invoices._stand.cache_clear()


def _pay(name: str, numbers: Iterator[int]) -> None:
    """One more entry of the journal: something was paid."""
    from headgate.core.policy.dated import at
    from headgate.site.actions.post import post
    from headgate.site.desk.office import SITE
    from headgate.site.portal import reading
    from headgate.steps.agenda import first_day
    from headgate.steps.term import DUE, PAID, chart_of, single

    stood = reading.programme()
    assert stood is not None
    policy, held = at(stood.document, first_day(stood.document)).policy, stood.holdings[-1]
    ((latest,),) = SITE.rows("SELECT max(latest) FROM entry", [])
    ends = PAID.format(support=held.support), DUE.format(award=held.award)
    paid = single(
        f"pay:{name}-{next(numbers)}", *ends, 1, policy.programme.money.unit, latest, "bench"
    )
    post(SITE, chart_of(policy), [paid])


def _ask(numbers: Iterator[int]) -> None:
    """Somebody asks for something more."""
    from headgate.site.desk.models import Asking, Dossier

    one = Dossier.objects.filter(code__startswith="B").order_by("-pk")[next(numbers)]
    asked = {"months": 1}
    Asking.objects.create(
        dossier=one, change="longer", asked=asked, text="more", at=datetime.now(UTC)
    )


def _move(entry: Callable[[], None]) -> None:
    """One award ends on another day: the lines of all are kept anew, as an event keeps them."""
    from headgate.core import canonical
    from headgate.site.desk.office import SITE
    from headgate.site.portal import reading

    entry()
    stood = reading.programme()
    assert stood is not None
    first, *others = stood.holdings
    moved = replace(first, ends=first.ends + timedelta(days=1))
    every = canonical.lines((moved, *others)).decode()
    with SITE.writing():
        SITE.insert(
            "kept", ("kind", "key", "seq", "data"), [("holdings", "", stood.size - 1, every)]
        )


def _after_deed(client: Any, where: str) -> float:
    """CPU seconds of the look right after somebody did one more thing."""
    _deed()
    return _seconds(client, where)


def _deed() -> None:
    """One more thing that somebody did: what was kept of all that people did is of another time."""
    from headgate.site.desk.models import Deed

    Deed.objects.create(action="look", about="bench", at=datetime.now(UTC))


def enlarge(address: str) -> str:
    """Multiply what a term left, by the ledger's and the desk's own writers; one own award."""
    from headgate.site.serving import prepare

    prepare(address, "localhost", "korea-2025", demo=True)
    from headgate.site.portal import reading
    from headgate.site.records.database import opened

    opened(address)
    stood = reading.programme()
    assert stood is not None
    fees = (one for one in reading.decisions() if one.step == "fee")
    billed = {one.subject: one for one in fees if one.result["amount"] > 0}
    models = [one for one in stood.holdings if one.award in billed]
    more = [
        (replace(one, award=f"B{n}"), billed[one.award])
        for n, one in enumerate(islice(cycle(models), AWARDS - len(stood.holdings)))
    ]
    _kept(stood, more)
    return _desk([*stood.holdings, *(held for held, _ in more)])


def _kept(stood: Any, more: list[tuple[Any, Any]]) -> None:
    """Each award with its bill: what is due stands in the ledger, and was decided."""
    from headgate.core import canonical
    from headgate.core.ledger.transfer import Outcome
    from headgate.core.policy.dated import at
    from headgate.site.actions.post import post
    from headgate.site.desk.office import SITE
    from headgate.steps.agenda import first_day
    from headgate.steps.term import DUE, INCOME, chart_of, single

    policy = at(stood.document, first_day(stood.document)).policy
    unit, chart = policy.programme.money.unit, chart_of(policy)
    ((before, latest),) = SITE.rows("SELECT max(seq), max(latest) FROM entry", [])
    moves = [
        single(
            f"fee:{held.award}",
            DUE.format(award=held.award),
            INCOME.format(support=held.support),
            made.result["amount"],
            unit,
            latest,
            made.rule,
        )
        for held, made in more
    ]
    assert {Outcome.CREATED} == set(post(SITE, chart, moves))
    rows = [
        ("decision", f"{seq:012}", seq, made.line.replace(made.subject, held.award) + "\n")
        for seq, (held, made) in enumerate(more, before + 1)
    ]
    every = b"".join(map(canonical.line, (*stood.holdings, *(held for held, _ in more))))
    rows.append(("holdings", "", before + len(more), every.decode()))
    with SITE.writing():
        SITE.insert("kept", ("kind", "key", "seq", "data"), rows)


def _desk(holdings: list[Any]) -> str:
    """Who holds each award, what is asked of some, and what other programmes gave."""
    from headgate.site.desk.grant_models import OutsideGrant, OutsideList
    from headgate.site.desk.models import Acting, Asking, AwardList, Dossier, Organisation, State
    from headgate.site.portal.models import Person

    now = datetime.now(UTC)
    body = partial(Organisation, kind="company", size="small")
    bodies = Organisation.objects.bulk_create(
        body(code=f"B{n}", name=f"Body {n}", registered=f"{n:010}") for n in range(ORGANISATIONS)
    )
    applicant = Person.objects.get(username="applicant")
    Acting.objects.create(person=applicant, organisation=bodies[-1], since=now)
    received = _received({one.call for one in holdings})
    there = {*Dossier.objects.filter(code__isnull=False).values_list("code", flat=True)}
    dossiers = Dossier.objects.bulk_create(
        Dossier(
            call=one.call,
            lead=bodies[n % ORGANISATIONS],
            title=f"Work {one.award}",
            state=State.SUBMITTED,
            code=one.award,
            line=received[one.call],
            at=now,
        )
        for n, one in enumerate(one for one in holdings if one.award not in there)
    )
    Asking.objects.bulk_create(
        Asking(dossier=one, change="longer", asked={"months": 1}, text="more", at=now)
        for one in dossiers[:PENDING]
    )
    AwardList.objects.bulk_create(
        AwardList(call=call, digest="0" * 64, proposal="", told=now)
        for call in received.keys() - AwardList.objects.values_list("call", flat=True)
    )
    listed = OutsideList.objects.create(source="elsewhere", digest="0", at=now)
    since, until = date(2026, 1, 1), date(2026, 12, 31)
    grant = partial(OutsideGrant, listed=listed, amount=1, unit="GPU", since=since, until=until)
    OutsideGrant.objects.bulk_create(
        grant(number=f"{n}", registered=f"{n % ORGANISATIONS:010}", title=f"Grant b{n}")
        for n in range(GRANTS)
    )
    return next(one.code or "" for one in dossiers if one.lead == bodies[-1])


def _received(calls: set[str]) -> dict[str, str]:
    """The line of one application of each call, as it was received."""
    from headgate.core import canonical
    from headgate.site.desk.office import SITE
    from headgate.site.records.kept import stored_facts

    facts = stored_facts(SITE)
    values = {call: facts[f"applications/{call}"].values[0] for call in calls}
    return {call: canonical.line(one).decode() for call, one in values.items()}
