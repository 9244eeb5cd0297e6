"""Taking in what an agent brings: rows of use and reports, each once however often it comes."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from hashlib import sha256
from operator import attrgetter
from typing import Final

from django.db.models import QuerySet

from headgate.core import canonical
from headgate.core.enforcement.receipt import ReadBack, Report
from headgate.core.metering.usage import Usage
from headgate.core.quantities import seconds_of
from headgate.cycle import may_be_done, take
from headgate.engines.drive import Enforced
from headgate.readers.facts import Recorded
from headgate.site.actions.take import change
from headgate.site.agents.models import Agent, Attempt, Returned
from headgate.site.agents.reading import BACK, newest_back, report_of
from headgate.site.desk.office import SITE, instant
from headgate.site.desk.refusals import DeskRefusal, refuse
from headgate.site.records.kept import kept_term
from headgate.steps.event import Event, What, receipts_name
from headgate.steps.term import Term

READ: Final = frozenset(
    each.value for each in (Enforced.NOTHING_TO_DO, Enforced.CONVERGED, Enforced.DRIFTING)
)
"""The outcomes after which a cluster was read back."""

_FIELDS: Final = ("award", "support_class", "gpus", "started", "ended", "seen", "joules")
_same = attrgetter("award", "support_class", "gpus", "started", "ended")

Key = tuple[str, int]


def take_use(agent: Agent, rows: Sequence[Usage], now: datetime) -> list[Key]:
    """Keep rows as they were last seen; those whose time has not come here are to come again.

    A row that was seen earlier than what is kept changes nothing, and neither does the same twice.
    """
    moment = instant(now)
    later = [(row.job, row.attempt) for row in rows if max(row.started, row.ended or "") > moment]
    fit = {(r.job, r.attempt): r for r in sorted(rows, key=attrgetter("seen"))}
    for key in later:
        fit.pop(key, None)
    with SITE.writing():
        kept = _kept(agent.site, [job for job, _ in fit])
        news = [
            Attempt(
                site=agent.site,
                job=row.job,
                attempt=row.attempt,
                arrived=moment,
                **_told(row, moment, kept.get(key)),
            )
            for key, row in fit.items()
            if _is_news(kept.get(key), row, moment)
        ]
        Attempt.objects.bulk_create(
            news,
            update_conflicts=True,
            unique_fields=["site", "job", "attempt"],
            update_fields=[*_FIELDS, "arrived", "begin", "until"],
        )
    return later


def _kept(site: str, jobs: Iterable[str]) -> dict[Key, Attempt]:
    listed, found = sorted(set(jobs)), {}
    for start in range(0, len(listed), 500):
        some = listed[start : start + 500]
        for one in Attempt.objects.filter(site=site, job__in=some):
            found[one.job, one.attempt] = one
    return found


def _told(row: Usage, moment: str, kept: Attempt | None) -> dict[str, object]:
    seen = min(row.seen, moment)
    until = seconds_of(row.ended or seen)
    told = {name: getattr(row, name) for name in _FIELDS}
    if row.joules is None and kept is not None:
        told["joules"] = kept.joules
    return {**told, "seen": seen, "begin": seconds_of(row.started), "until": until}


def _is_news(kept: Attempt | None, row: Usage, moment: str) -> bool:
    if kept is None:
        return True
    seen = min(row.seen, moment)
    if seen == kept.seen or (row.ended and kept.ended):
        energy = row.joules not in (None, kept.joules)
        return seen >= kept.seen and (energy or _same(kept) != _same(row))
    return seen > kept.seen


def take_report(agent: Agent, report: Report, now: datetime) -> None:
    """Keep a report, and what was read back where it says something new: for the journal."""
    back = report.back
    with SITE.writing():
        agent.refresh_from_db()
        before = report_of(agent)
        if before is None or before.back.at <= back.at:
            agent.report = report.line().decode()
            agent.looked = max(agent.looked, min(report.looked, instant(now)))
            if agent.word and report.waits != agent.word:
                agent.word = ""
            agent.save(update_fields=["report", "looked", "word"])
        if back.outcome in READ and _says_more(newest_back(agent.site), back):
            line = canonical.line(back)
            told = {"line": line.decode(), "arrived": now}
            digest = sha256(line).hexdigest()
            Returned.objects.get_or_create(site=agent.site, digest=digest, defaults=told)


def waiting() -> "QuerySet[Returned]":
    """What was read back and is not on record yet; most reports bring nothing that is."""
    return Returned.objects.filter(event="")


def _says_more(last: ReadBack | None, back: ReadBack) -> bool:
    """Whether something was changed, or the cluster holds or follows something else than before."""
    if last is None or back.changes:
        return True
    return (last.orders, last.held) != (back.orders, back.held) and last.at <= back.at


class _NothingWaits(Exception):
    """Another process has put it on record meanwhile."""


def journal_returned(now: datetime) -> bool:
    """Put what was read back on record; whether there was anything, and a programme for it."""
    begun = waiting().exists() and kept_term(SITE) is not None

    def action(before: Term | None) -> Term:
        if before is None:
            refuse(DeskRefusal.NO_PROGRAMME)
        rows = list(waiting())
        if not rows:
            raise _NothingWaits
        name = f"agents-{rows[0].pk}-{rows[-1].pk}"
        world = Recorded({receipts_name(name): [BACK.validate_json(row.line) for row in rows]})
        event = Event(may_be_done(before, _today(now)), What.ENFORCE, name)
        after = take(before, world, event)
        Returned.objects.filter(pk__in=[row.pk for row in rows]).update(event=name)
        return after

    if begun:
        with suppress(_NothingWaits):
            change(SITE, action)
    return begun


def _today(now: datetime) -> date:
    return now.astimezone(UTC).date()
