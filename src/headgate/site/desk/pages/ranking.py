"""The list of a call as it would be decided now: every application, its outcome and reason."""

from typing import Any, Final

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as lazy

from headgate.core.policy.schema import Call
from headgate.report.reasons import told
from headgate.report.speaker import Speaker
from headgate.site.desk.board import Board, Place, preview, shown
from headgate.site.desk.clock import now
from headgate.site.desk.office import CallNow, call_now
from headgate.site.desk.pages.moving import moved, nothing_new
from headgate.site.desk.pages.telling import at_the_desk, words
from headgate.site.desk.remembered import seen
from headgate.site.portal import reading
from headgate.site.portal.lists import (
    Choice,
    Column,
    Kept,
    download,
    journal_state,
    kept,
    listing,
)
from headgate.site.portal.registry import Page
from headgate.site.portal.roles import OFFICE
from headgate.site.portal.words import language, outcome_tag, outcome_word


@at_the_desk
def ranking(request: HttpRequest, call: str) -> HttpResponseBase:
    """Who would be awarded, who would wait, and why others would not; nothing before it closed."""
    rules = call_now(call)
    context: dict[str, Any] = {"call": rules, "name": words(rules.call.name)}
    if rules.received and not rules.decided:
        if request.GET.get("format"):
            found = preview(call, now(rules), rules=rules)
            rows, columns, choices = _listed(rules, found)
            name = f"list-{call}"
            if file := download(request, name, rows, columns, choices, journal_state):
                return file
        (last,) = seen(rules, now(rules), shown())
        told = moved(request, last)
        if told is None:
            return nothing_new()
        context |= told
        if last.made is not None:
            found, _signed = last.made
            context |= {"board": found, "listing": listing(request, *_listed(rules, found))}
    return render(request, "desk/ranking.html", context)


def _listed(rules: CallNow, found: Board) -> tuple[Kept[Place], list[Column[Place]], list[Choice]]:
    """The rows of a board, its columns, and what it is filtered by."""
    columns = _columns(rules.call, reading.speaker_of(rules.policy, language()))
    said = tuple((one, outcome_word(one)) for one in found.outcomes)
    rows = kept(f"list {rules.id}", found.digest, lambda: found.places)
    return rows, columns, [Choice("outcome", lazy("Outcome"), said)]


def _columns(section: Call, say: Speaker) -> list[Column[Place]]:
    def points(one: Place) -> str:
        return say.locale.points(one.score, 2) if one.score else say.say("none")

    def whole(amount: int) -> str:
        return say.locale.whole(amount) if amount else ""

    known: dict[int, str] = {}

    def reason(one: Place) -> str:
        if one.said not in known:
            known[one.said] = told(section, one.why, say)
        return known[one.said]

    return [
        Column(
            "application",
            lazy("Application"),
            lambda p: p.application,
            address=lambda p: reverse("doubles", args=(p.application,)),
        ),
        Column("outcome", lazy("Outcome"), lambda p: p.outcome, lambda p: outcome_tag(p.outcome)),
        Column(
            "class",
            lazy("Class"),
            lambda p: p.pool,
            lambda p: say.class_known(p.pool),
            roomy=True,
        ),
        Column("blocks", lazy("Blocks"), lambda p: p.blocks, lambda p: whole(p.blocks), True),
        Column("score", lazy("Score"), lambda p: p.score, points, True),
        Column(
            "standby", lazy("On standby"), lambda p: p.standby, lambda p: whole(p.standby), True
        ),
        Column("reason", lazy("Reason"), reason),
    ]


PAGES: Final = (
    Page("boards/<slug:call>/list/", "ranking", ranking, OFFICE, sample=(("call", "open-1"),)),
)
