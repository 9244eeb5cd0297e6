"""An award that runs: what is left, for how long, how it ran down, and what idleness would cost."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from markupsafe import Markup

from headgate.core.metering.idle import Grant, Idle, at_pace
from headgate.core.policy.dated import at
from headgate.core.policy.reclaim import Reclaimed, reclaim
from headgate.core.policy.schema import Against, Reclaim
from headgate.core.quantities import instant, seconds_of
from headgate.core.supports.kind import Accounts
from headgate.report import charts
from headgate.report.blocks import Drawing
from headgate.report.charts import WIDE, Tick
from headgate.report.drawings import drawing, ticks
from headgate.report.speaker import Speaker, shown_units
from headgate.site.portal import reading
from headgate.site.portal.clock import today
from headgate.site.portal.registry import Page
from headgate.site.records.kept import Stands
from headgate.site.reports.burndown import Day, days, left_at
from headgate.site.reports.statement import accounts
from headgate.steps.event import What
from headgate.steps.term import Holding

WEEKS_MOST: Final = 104
"""Steps of the chart: an award of more than two years is shown by its last two."""

_STEP: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Warned:
    """What an award's pace comes to, and what the rule would take if it looked now, on `looks`."""

    idle: Idle
    taken: Reclaimed
    looks: date
    notice: date


def running(request: HttpRequest, call: str, application: str) -> HttpResponse:
    """One award that runs, as its holder needs to see it; public like its statement."""
    stood = reading.programme()
    if stood is None:
        return render(request, "portal/not_begun.html")
    named = (h for h in stood.holdings if (h.call, h.award) == (call, application))
    held = next(named, None)
    if held is None:
        raise Http404
    policy, on = reading.policy_of(stood), today(stood)
    say = reading.speaker_of(policy, get_language() or "en")
    moved = days(reading.DATABASE, held.support, held.award, held.support_class)
    support = policy.supports[held.support]
    unit = support.unit(held.support_class)
    warned = warning(stood, held, moved, on)
    title = _("Left of %(award)s, in %(unit)s") % {"award": held.award, "unit": say.unit(unit)}
    path = held.support, held.award, held.support_class
    told = {
        "held": held,
        "call_name": say.text(policy.calls[call].name) if call in policy.calls else call,
        "support": say.text(support.name),
        "ends": say.locale.day(held.ends),
        "figures": [*_figures(held, moved, unit, on, say), *drawn(*path, say)],
        "warned": _told(warned, unit, say) if warned else None,
        "drawing": _drawn(moved, unit, on, title, say) if moved else None,
        "lines": [_line(day, say) for day in reversed(moved)],
        "title": title,
    }
    return render(request, "portal/running.html", told)


def warning(stood: Stands, held: Holding, moved: Sequence[Day] | None, on: date) -> Warned | None:
    """What the rule on idle rights would do on a day; None where it will not look this term.

    The same functions decide on the day itself.
    """
    due = (one.event for one in reading.due(stood, on) if one.state != "done")
    looks = next((e.day for e in due if (e.what, e.about) == (What.RECLAIM, held.support)), None)
    rule = at(stood.document, looks).policy.reclaim.get(held.support) if looks else None
    if looks is None or rule is None:
        return None
    term = stood.standing.starts, stood.standing.ends
    return Warned(
        *looked(rule, held, moved or (), term, on), looks, looks - timedelta(days=rule.notice_days)
    )


def looked(
    rule: Reclaim, held: Holding, moved: Sequence[Day], term: tuple[date, date], on: date
) -> tuple[Idle, Reclaimed]:
    """What the rule finds and takes if it looks on a day of a term.

    A meter looks back: what moved on the term's first day was used in the term before. What is
    reserved is use by jobs that still run.
    """
    starts, ends = term
    used = sum(day.used + day.reserved + day.over for day in moved if day.day > starts)
    span = instant(max(held.starts, starts)), instant(min(held.ends, ends))
    grant = Grant(held.award, held.support_class, held.amount, *span)
    found = at_pace(grant, used, seconds_of(instant(on)))
    whole = rule.against is Against.ALLOCATION and held.starts < on
    granted = held.amount if whole else found.gpu_seconds_granted
    left = moved[-1].left if moved else 0
    return found, reclaim(rule.steps, granted=granted, used=used, balance=left)


def _figures(
    held: Holding, moved: Sequence[Day], unit: str, on: date, say: Speaker
) -> list[tuple[str, str]]:
    remain = max((held.ends - on).days, 0)
    over = sum(day.over for day in moved)
    found = [
        (
            say.amount(moved[-1].left if moved else 0, unit),
            _("%(unit)s left") % {"unit": say.unit(unit)},
        ),
        (say.locale.whole(remain), ngettext("day left", "days left", remain)),
        (
            say.amount(sum(day.used for day in moved), unit),
            _("%(unit)s used so far") % {"unit": say.unit(unit)},
        ),
    ]
    if over:
        words = _("%(unit)s used beyond the right") % {"unit": say.unit(unit)}
        found.append((say.amount(over, unit), words))
    return found


def drawn(support: str, award: str, support_class: str, say: Speaker) -> Iterator[tuple[str, str]]:
    """What an award's jobs drew; nothing where no cluster of it accounts for energy."""
    path = Accounts(support).energy(award, support_class)
    for account in accounts(reading.DATABASE, [path]):
        joules = account.balance.debits_posted - account.balance.credits_posted
        what = _("%(unit)s that its jobs drew") % {"unit": say.unit(account.unit)}
        yield say.amount(joules, account.unit), what


def _told(warned: Warned, unit: str, say: Speaker) -> dict[str, Any]:
    return {
        "due": say.amount(warned.idle.gpu_seconds_granted, unit),
        "used": say.amount(warned.idle.gpu_seconds_used, unit),
        "unit": say.unit(unit),
        "looks": say.locale.day(warned.looks),
        "notice": say.locale.day(warned.notice),
        "step": warned.taken.step,
        "taken": say.amount(warned.taken.gpu_seconds, unit),
    }


def _line(day: Day, say: Speaker) -> tuple[str, list[str]]:
    amounts = (day.granted, day.used, day.over, day.returned, day.corrected, day.left)
    return say.locale.day(day.day), [say.amount(amount, day.unit) for amount in amounts]


def _drawn(moved: Sequence[Day], unit: str, on: date, title: str, say: Speaker) -> Drawing:
    """What was left at the end of each week, as stairs."""
    last = max(on, moved[-1].day)
    weeks = min((last - moved[0].day).days // _STEP.days + 1, WEEKS_MOST)
    closes = [last - _STEP * n for n in reversed(range(weeks))]
    left = [max(shown_units(amount, unit), 0) for amount in left_at(moved, closes)]
    up = ticks(max(left), 4, say.locale.whole)
    told = _("From %(most)s at most to %(now)s on %(day)s") % {
        "most": say.locale.whole(max(left)),
        "now": say.locale.whole(left[-1]),
        "day": say.locale.day(last),
    }

    def draw(width: int) -> tuple[int, Markup]:
        every = max(-(-weeks // (6 if width == WIDE else 3)), 1)
        shown = enumerate(closes)
        across = [Tick(n, say.locale.day_short(day)) for n, day in shown if n % every == 0]
        return charts.area([left], across, up, width)

    return drawing("left", title, told, draw)


PAGES: Final = (
    Page(
        "calls/<slug:call>/<slug:application>/running/",
        "running",
        running,
        sample=(("call", "open-1"), ("application", "open-1-0001")),
    ),
)
