"""What is done for the agents: enrolled, handed their lists, allowed a plan, told of outages."""

import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Final, NoReturn

from headgate.core.enforcement.balance import told_of
from headgate.core.enforcement.orders import FORMAT, OrderList, seal
from headgate.core.enforcement.receipt import Report
from headgate.core.ledger.refused import Refused
from headgate.core.policy.schema import Policy
from headgate.core.quantities import instant as to_instant
from headgate.core.quantities import seconds_of
from headgate.journal.keys import load
from headgate.site.agents.gone import departed
from headgate.site.agents.models import Agent, Attempt, Outage, SignedList
from headgate.site.agents.reading import list_of, report_of, usage_of
from headgate.site.agents.refusals import AgentRefusal
from headgate.site.desk.office import doing, instant, need
from headgate.site.portal.models import Person
from headgate.site.portal.roles import Role
from headgate.site.records.database import Database
from headgate.site.records.journal import head
from headgate.site.records.kept import kept_term
from headgate.steps.enforce import (
    Booked,
    Spent,
    envelopes_of,
    metered_of,
    orders_of,
    sharing_of,
)
from headgate.steps.event import What
from headgate.steps.term import Holding, Term

_SITE: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_OUTAGE_LETTERS_MOST: Final = 500
_NONE: Final[tuple[Spent, Booked]] = ({}, {})

Metered = Mapping[str, tuple[Spent, Booked]]
"""What the ledger knows to be used, by site."""


def enrol(database: Database, site: str, now: datetime) -> str:
    """Give a site's agent a new credential, which is told once; an older one ends with it."""
    if _SITE.fullmatch(site) is None:
        _refuse(AgentRefusal.SITE_BAD, repr(site[:80]))
    token = f"hga_{secrets.token_urlsafe(32)}"
    with database.writing():
        term = kept_term(database)
        if term is not None and site not in (known := _sites(term)):
            _refuse(AgentRefusal.SITE_UNKNOWN, f"{site}: {', '.join(sorted(known))}")
        given = {"token": digest_of(token), "enrolled": now, "revoked": None}
        Agent.objects.using(database.alias).update_or_create(site=site, defaults=given)
    return token


def revoke(database: Database, site: str, now: datetime) -> None:
    """End a site's credential; what its agent brought stays."""
    with database.writing():
        found = Agent.objects.using(database.alias).filter(site=site, revoked__isnull=True)
        if not found.update(revoked=now):
            _refuse(AgentRefusal.NOT_ENROLLED, site)


def digest_of(token: str) -> str:
    """What is kept of a credential."""
    return sha256(token.encode()).hexdigest()


def sign_orders(
    database: Database, ring: Path, now: datetime, *, news: bool = False
) -> list[SignedList]:
    """Sign what every site shall hold, as it follows from the newest signed checkpoint.

    Nothing is signed of a journal that has grown since: what nobody can look up orders nothing. As
    `news`, what says no more than the list of this day stays as it was signed.
    """
    signers = load(ring).signers
    with database.writing():
        term, size = kept_term(database), head(database).size
        if term is None:
            _refuse(AgentRefusal.NO_PROGRAMME, "0 entries")
        newest = "SELECT size, note FROM checkpoint ORDER BY size DESC LIMIT 1"
        notes = database.rows(newest)
        if not notes or notes[0][0] != size:
            published = notes[0][0] if notes else 0
            _refuse(AgentRefusal.NOT_PUBLISHED, f"{published} of {size} entries")
        made, metered = [], metered_of(term)
        for bare in _lists(database, term, metered, notes[0][1], instant(now)):
            before = SignedList.objects.using(database.alias).filter(site=bare.site).first()
            if news and before is not None and not _says_more(before, bare, now):
                continue
            listed = _with_told(database, term, metered, bare)
            data = seal(listed, size, signers)
            told = {"size": size, "data": data.decode(), "at": now}
            told["digest"] = sha256(listed.line()).hexdigest()
            lists = SignedList.objects.using(database.alias)
            made.append(lists.update_or_create(site=listed.site, defaults=told)[0])
    return made


def sites_of(policy: Policy, starts: date, holdings: Iterable[Holding]) -> set[str]:
    """The sites that the policy's lots name in a term from its first day, for the awards in it."""
    days = {starts, *(max(held.starts, starts) for held in holdings)}
    return {
        site
        for support in policy.supports.values()
        for day in days
        for of_class in support.sites(day).values()
        for site in of_class
    }


def _sites(term: Term) -> set[str]:
    return sites_of(term.policy(term.starts), term.starts, term.holdings.values())


def _says_more(before: SignedList, listed: OrderList, now: datetime) -> bool:
    """Whether a list orders otherwise than the one that was signed, or that one is a day old."""
    told = list_of(before)
    same = replace(told, at=listed.at, checkpoint=listed.checkpoint)
    same = replace(same, told=listed.told, until=listed.until)
    return same != listed or now - before.at >= timedelta(days=1)


def _lists(
    database: Database, term: Term, metered: Metered, note: str, at: str
) -> Iterator[OrderList]:
    """What every site shall hold, but for what its agent has told beyond the ledger."""
    programme, left = term.policy(term.starts).programme.id, departed(database)
    orders, envelopes = orders_of(term), envelopes_of(term)
    for site in sorted(_sites(term)):
        mine = tuple(order for order in orders if order.cluster == site)
        yield OrderList(
            *(FORMAT, programme, site, at, note, mine),
            tuple(order for order in envelopes if order.cluster == site),
            _lines(metered.get(site, _NONE)[0]),
            sharing_of(term, site, at),
            gone=left.of({order.quota.award for order in mine}),
        )


def _with_told(database: Database, term: Term, metered: Metered, listed: OrderList) -> OrderList:
    """A list with what its site's agent has told of use that the ledger has not booked."""
    site, begun = listed.site, to_instant(term.starts)
    until = _told_until(database, term, site)
    rows = Attempt.objects.using(database.alias).filter(site=site, until__gt=seconds_of(begun))
    _, booked = metered.get(site, _NONE)
    told = told_of(map(usage_of, rows.iterator()), booked, begun, until)
    return replace(listed, told=_lines(told), until=until)


def _lines(used: Spent) -> tuple[tuple[str, str, int], ...]:
    return tuple((*owner, seconds) for owner, seconds in sorted(used.items()))


def _told_until(database: Database, term: Term, site: str) -> str:
    """Up to when all use of a site is known: as its agent says; else as it was last metered."""
    agent = Agent.objects.using(database.alias).filter(site=site).first()
    metered = (one.day for one in term.taken if one.what is What.METER)
    begun = max([term.starts, *metered])
    return agent.looked if agent is not None and agent.looked else to_instant(begun)


def allow(person: Person, site: str, plan: str, now: datetime) -> None:
    """An operator's word for a plan that takes much away: this very plan and no other."""
    with doing(person, "allow plan", f"{site} {plan}", now):
        need(person, Role.OPERATOR)
        agent = Agent.objects.filter(site=site, revoked__isnull=True).first()
        if agent is None:
            _refuse(AgentRefusal.NOT_ENROLLED, site)
        told: Report | None = report_of(agent)
        if told is None or not plan or told.waits != plan:
            _refuse(AgentRefusal.PLAN_OTHER, site)
        agent.word = plan
        agent.save(update_fields=["word"])


def announce(
    person: Person,
    site: str,
    begins: datetime | None,
    ends: datetime | None,
    text: str,
    now: datetime,
) -> Outage:
    """Announce maintenance, or an outage that has begun, for everybody to see; twice is once."""
    with doing(person, "announce outage", site, now):
        need(person, Role.OPERATOR)
        known = Agent.objects.filter(site=site).exists()
        words = text.strip()[:_OUTAGE_LETTERS_MOST]
        if not known or begins is None or not words or (ends is not None and ends <= begins):
            _refuse(AgentRefusal.OUTAGE_BAD, site)
        told = {"begins": begins, "ends": ends, "text": words}
        first = {"person": person, "at": now, "planned": begins > now}
        return Outage.objects.get_or_create(site=site, **told, defaults=first)[0]


def end_outage(person: Person, outage: int, now: datetime) -> None:
    """Say that an outage is over, or will not come."""
    with doing(person, "end outage", outage, now):
        need(person, Role.OPERATOR)
        found = Outage.objects.filter(pk=outage).first()
        if found is None or (found.ends is not None and found.ends <= now):
            _refuse(AgentRefusal.OUTAGE_OVER, outage)
        found.ends = max(now, found.begins)
        found.save(update_fields=["ends"])


def _refuse(reason: AgentRefusal, about: object) -> NoReturn:
    raise Refused(reason, str(about))
