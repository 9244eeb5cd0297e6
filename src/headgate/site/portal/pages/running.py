"""An award that runs: what is left, for how long, how it ran down, and what idleness would cost."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from markupsafe import Markup

from headgate.core.supports.kind import Accounts
from headgate.report import charts
from headgate.report.blocks import Drawing
from headgate.report.drawings import dates, drawing, ticks
from headgate.report.speaker import Speaker, shown_units
from headgate.site.portal import reading
from headgate.site.portal.clock import today
from headgate.site.portal.idle import Warned, warning
from headgate.site.portal.registry import Page
from headgate.site.portal.words import language
from headgate.site.reports.burndown import Day, days, left_at
from headgate.site.reports.statement import Account, accounts
from headgate.steps.term import Holding

WEEKS_MOST: Final = 104
"""Steps of the chart: an award of more than two years is shown by its last two."""

_STEP: Final = timedelta(days=7)


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
    say = reading.speaker_of(policy, language())
    moved = days(reading.DATABASE, held.support, held.award, held.support_class)
    support = policy.supports[held.support]
    unit = support.unit(held.support_class)
    warned = warning(stood, held, moved, on)
    title = _("Left of %(award)s, in %(unit)s") % {"award": held.award, "unit": say.unit(unit)}
    path = Accounts(held.support).energy(held.award, held.support_class)
    energy = [drawn(account, say) for account in accounts(reading.DATABASE, [path])]
    told = {
        "held": held,
        "call_name": say.text(policy.calls[call].name) if call in policy.calls else call,
        "support": say.text(support.name),
        "class": say.class_of(support, held.support_class),
        "ends": say.locale.day(held.ends),
        "figures": [*_figures(held, moved, unit, on, say), *energy],
        "warned": _told(warned, unit, say) if warned else None,
        "drawing": _drawn(moved, unit, on, title, say) if moved else None,
        "lines": [_line(day, say) for day in reversed(moved)],
        "title": title,
    }
    return render(request, "portal/running.html", told)


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


def drawn(account: Account, say: Speaker) -> tuple[str, str]:
    """What an award's jobs drew, by its account of energy: the amount, and what it is."""
    joules = account.balance.debits_posted - account.balance.credits_posted
    what = _("%(unit)s that its jobs drew") % {"unit": say.unit(account.unit)}
    return say.amount(joules, account.unit), what


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
        return charts.area([left], dates(closes, width, say.locale), up, width)

    return drawing("left", title, told, draw)


PAGES: Final = (
    Page(
        "calls/<slug:call>/<slug:application>/running/",
        "running",
        running,
        sample=(("call", "open-1"), ("application", "open-1-0001")),
    ),
)
