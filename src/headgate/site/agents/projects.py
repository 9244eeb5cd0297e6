"""What each project holds on each site, and why its next job would wait, in words."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

from django.db.models import BigIntegerField, F, Q, Sum
from django.db.models.functions import Greatest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from headgate.core.enforcement.engine import Order, Quota
from headgate.core.enforcement.orders import OrderList
from headgate.core.enforcement.receipt import Report
from headgate.core.enforcement.waiting import Standing, Wait, Waiting, spent_at, told, wait
from headgate.core.metering.usage import Usage
from headgate.core.quantities import instant, seconds_of
from headgate.core.quick import quick
from headgate.site.actions.take_in import READ
from headgate.site.agents.models import Agent, Attempt, Outage
from headgate.site.agents.reading import report_of, signed_lists, usage_of
from headgate.site.desk.invoices import suspended_now
from headgate.site.desk.models import Dossier
from headgate.site.desk.office import with_part
from headgate.site.portal.clock import today
from headgate.site.portal.lists import Kept, kept
from headgate.site.portal.models import Person
from headgate.site.portal.reading import DATABASE, Made, decisions
from headgate.site.portal.roles import is_staff
from headgate.site.portal.words import day, whole
from headgate.site.records.kept import Stands, kept_term
from headgate.steps.enforce import metered_of, orders_of

SAID: Final[dict[Wait, str]] = {
    Wait.NOT_BEGUN: noop("It begins on %(starts)s."),
    Wait.ENDED: noop("It ended on %(ends)s: apply to the next call."),
    Wait.SUSPENDED: noop("It is suspended: ask the agency why."),
    Wait.BUDGET_SPENT: noop(
        "Its budget of the term was spent on %(spent)s: wait for the next term, apply to the next"
        " call, or ask the agency for a transfer."
    ),
    Wait.OUTAGE: noop("The site is away: see what its operator has announced."),
    Wait.NOT_APPLIED: noop("Its cluster does not hold the order yet: ask the site's operator."),
    Wait.AT_MOST: noop("It runs on all the GPUs it may hold at once: its own jobs must end first."),
    Wait.NOTHING_OURS: noop("Nothing of the award holds it back: it waits for free GPUs."),
    Wait.BUDGET_KEPT: noop(
        "What is left of its budget is kept for jobs that run, or does not hold it for as long as"
        " it may run: wait for them, or ask for fewer GPUs or less time."
    ),
    Wait.NO_ROOM: noop(
        "It asks for more GPUs than are free of those that it, or its class of holders, may hold at"
        " once: wait for their jobs, or ask for fewer."
    ),
    Wait.TOO_LARGE: noop(
        "It asks for more than its award holds in all, and can never begin: ask for fewer GPUs or"
        " less time."
    ),
    Wait.NO_LIMIT: noop(
        "It does not say how long it runs at most: label it"
        " kueue.x-k8s.io/max-exec-time-seconds and send it again."
    ),
    Wait.LOGIN_GONE: noop(
        "Whoever sent it runs under the award no longer: ask the agency, or cancel it."
    ),
    Wait.OLD_TERM: noop(
        "It waits under the budget of a term that is over: cancel it and send it again."
    ),
    Wait.SITES_LIMIT: noop("A limit that the site has set holds it back: ask the site's operator."),
    Wait.SITE_HOLDS: noop(
        "The site keeps the nodes for something, or they are down: see what its operator has"
        " announced, or ask."
    ),
    Wait.OWN_WORD: noop("Its own word holds it back: another job, a time, a hold."),
    Wait.OTHER: noop("The cluster says this of it; ask the site's operator what it means."),
}
"""Why a job waits, and what to do."""

Key = tuple[str, str, str]
"""Site, award, class."""


@dataclass(frozen=True, slots=True)
class Project:
    """One award's quota of one class on one site, as it stands."""

    site: str
    quota: Quota
    standing: Standing
    why: Wait
    spent: str
    """The instant at which its budget was spent; empty where that is not known."""
    joules: int | None = None
    """What its jobs of the term drew; None where the site does not account for energy."""

    waiting: tuple[Waiting, ...] = ()
    """What the cluster says of the jobs that wait now, the most of them first."""

    @property
    def name(self) -> str:
        """The award; on another site or of another class it is another row."""
        return self.quota.award


def words() -> Callable[[Project], str]:
    """Why a job waits, in the reader's language, with the name that the cluster gives it.

    The jobs of most projects wait for the same: that is put into words once.
    """

    @cache
    def told(why: Wait, waiting: tuple[Waiting, ...], **days: str) -> str:
        said = _(SAID[why]) % {name: day(at) if at else "?" for name, at in days.items()}
        names = [f"{one.reason} × {whole(one.jobs)}" for one in waiting]
        return f"{said} ({'; '.join(names) or why.value.partition(',')[0]})"

    def words_of(one: Project) -> str:
        quota = one.quota
        days = {"starts": quota.starts, "ends": quota.ends, "spent": one.spent}
        return told(one.why, one.waiting, **days)

    return words_of


def projects(
    person: Person, now: str, lists: Sequence[OrderList] | None = None
) -> Iterator[Project]:
    """Everything that was ordered, for whoever runs the programme; for others what they act for.

    `lists` spares reading what was signed.
    """
    own = None if is_staff(person) else _own(person)
    lists = signed_lists() if lists is None else lists
    orders = [
        order
        for listed in lists
        for order in listed.orders
        if own is None or order.quota.award in own
    ]
    known = {(one.site, award, kind): used for one in lists for award, kind, used in one.spent}
    reports = {agent.site: report_of(agent) for agent in Agent.objects.filter(revoked__isnull=True)}
    away = set(_away(now))
    running = _running()
    used = _told(min((order.quota.starts for order in orders), default=now))
    standings = {
        _key(order): Standing(
            max(known.get(_key(order), 0), used.get(_key(order), _NOTHING)[0]),
            running.get(_key(order), 0),
            _is_applied(reports.get(order.cluster), order),
            order.cluster in away,
        )
        for order in orders
    }
    waiting = _waiting(reports)
    whys = {
        key: told(waiting[key][0].reason, o.quota, standings[key], now)
        if key in waiting
        else wait(o.quota, standings[key], now)
        for o in orders
        for key in [_key(o)]
    }
    spent = _spent([order for order in orders if whys[_key(order)] is Wait.BUDGET_SPENT])
    for order in orders:
        key = _key(order)
        why, at, jobs = whys[key], spent.get(key, ""), waiting.get(key, ())
        joules = used.get(key, _NOTHING)[1]
        yield Project(order.cluster, order.quota, standings[key], why, at, joules, jobs)


def on_record(person: Person, stood: Stands) -> Kept[Project]:
    """The same where no agent follows signed orders: as the programme's journal knows it.

    They are made anew when awards, suspensions, orders or what meters saw are others: most entries
    of the journal move none of these.
    """
    made, now = decisions(), instant(today(stood))
    seen = next((one.seq for one in reversed(made) if one.step in _MOVE), None)
    follows = *DATABASE.where, now, seen, stood.document, stood.standing.index, stood.holdings
    found = kept("ordered", (*follows, suspended_now(stood)), lambda: _ordered(now, made))
    if is_staff(person):
        return found
    own = _own(person)
    return Kept([one for one in found.rows if one.quota.award in own])


_MOVE: Final = ("order", "metering")
"""The steps whose decisions say how an order stands, and how much of it was used."""


def _ordered(now: str, made: Sequence[Made]) -> list[Project]:
    """Every order of the running term, with what the ledger has of its use, and whether it stood
    when its cluster was read last.
    """
    if (term := kept_term(DATABASE, afresh=False)) is None:
        return []
    stood = {
        (told["cluster"], told["quota"]["award"], told["quota"]["support_class"]): found["stands"]
        for found in (one.result for one in made if one.step == "order")
        for told in [found["order"]]
    }
    used = {
        (site, *owner): seconds
        for site, (spent, _booked) in metered_of(term).items()
        for owner, seconds in spent.items()
    }
    return [
        _project(order.cluster, order.quota, standing, wait(order.quota, standing, now), "")
        for order in orders_of(term)
        for key in [_key(order)]
        for standing in [_standing(used.get(key, 0), 0, stood.get(key, False), False)]
    ]


_project: Final = quick(Project)
_standing: Final = lru_cache(maxsize=2**10)(Standing)


def _waiting(reports: Mapping[str, Report | None]) -> Mapping[Key, tuple[Waiting, ...]]:
    """What waits under each award, as each site's agent has told last: the most jobs first."""
    found: dict[Key, tuple[Waiting, ...]] = {}
    for site, report in reports.items():
        for one in report.waiting if report is not None else ():
            key = site, one.award, one.support_class
            most = sorted((*found.get(key, ()), one), key=lambda each: (-each.jobs, each.reason))
            found[key] = tuple(most)
    return found


def _key(order: Order) -> Key:
    return order.cluster, order.quota.award, order.quota.support_class


def _own(person: Person) -> set[str]:
    """The awards of organisations that somebody acts for, as leads or as members."""
    found = Dossier.objects.filter(pk__in=with_part(person), code__isnull=False)
    return {code for code in found.values_list("code", flat=True) if code}


def _running() -> dict[Key, int]:
    rows = Attempt.objects.filter(ended__isnull=True).values_list("site", "award", "support_class")
    return {(site, award, kind): gpus for site, award, kind, gpus in rows.annotate(Sum("gpus"))}


_NOTHING: Final = (0, None)


def _told(since: str) -> dict[Key, tuple[int, int | None]]:
    """GPU-seconds and joules that agents have told since the term's first instant; one query."""
    begin = Greatest(F("begin"), seconds_of(since))
    used = Sum((F("until") - begin) * F("gpus"), output_field=BigIntegerField())
    rows = Attempt.objects.filter(until__gt=seconds_of(since))
    found = rows.values_list("site", "award", "support_class").annotate(
        used=used, drawn=Sum("joules")
    )
    return {(site, award, kind): (int(s), joules) for site, award, kind, s, joules in found}


def _away(now: str) -> Iterable[str]:
    moment = f"{now[:-1]}+00:00"
    found = Outage.objects.filter(Q(ends__isnull=True) | Q(ends__gt=moment), begins__lte=moment)
    return found.values_list("site", flat=True)


def _is_applied(report: Report | None, order: Order) -> bool:
    """Whether the site's agent has read the order back; another list than ours says nothing."""
    if report is None or report.back.outcome not in READ:
        return False
    drifting = {(change.award, change.support_class) for change in report.drift}
    held = {(quota.award, quota.support_class) for quota in report.back.held}
    return (order.quota.award, order.quota.support_class) in held - drifting


def _spent(orders: Iterable[Order]) -> Mapping[Key, str]:
    """When each budget was spent, from what agents told; one query for all."""
    quotas = {_key(order): order.quota for order in orders}
    rows: dict[Key, list[Usage]] = {key: [] for key in quotas}
    for one in Attempt.objects.filter(award__in={key[1] for key in quotas}):
        key = one.site, one.award, one.support_class
        if key in rows:
            rows[key].append(usage_of(one))
    found = {key: spent_at(rows[key], quota) for key, quota in quotas.items()}
    return {key: at for key, at in found.items() if at is not None and seconds_of(at)}
