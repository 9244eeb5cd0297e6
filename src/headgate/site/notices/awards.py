"""What there is to tell of awards that run: idleness, reports due, what is asked and answered."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from headgate.core.duties.amendment import Change
from headgate.site.desk.amending import Runs, all_runs
from headgate.site.desk.models import Asking, Dossier
from headgate.site.portal import reading
from headgate.site.portal.idle import Warned, warning
from headgate.site.portal.reading import Made
from headgate.site.records.kept import Stands
from headgate.site.reports.burndown import days

AHEAD: Final = timedelta(days=14)
"""How long before its last day a holder is told of a report."""


@dataclass(frozen=True, slots=True)
class OfAward:
    """One thing to tell of an award: to its holder, to the office, or to the operators."""

    key: str
    kind: str
    dossier: Dossier
    facts: dict[str, Any]
    holder: bool = True
    office: bool = False
    operators: bool = False


def of_awards(stood: Stands, on: date) -> Iterator[OfAward]:
    """Everything to tell of the awards that run, or that owe a report."""
    looked: dict[str, list[Made]] = {}
    for made in (each for each in reading.decisions() if each.step == "reclaim"):
        looked.setdefault(made.subject, []).append(made)
    few = Dossier.objects.defer("line", "requests", "answers", "summary")
    for one in all_runs(stood, few):
        yield from _reports(one, on)
        yield from (_asking(one, asking) for asking in one.askings)
        for made in looked.get(one.held.award, ()):
            yield from _taken(stood, one, made)
        if not one.has_ended:
            yield from _idle(stood, one, on)


def _facts(one: Runs, **more: Any) -> dict[str, Any]:
    return {"call": one.held.call, "code": one.held.award, **more}


def _reports(one: Runs, on: date) -> Iterator[OfAward]:
    """A report that is due soon or overdue, to its holder."""
    asked = {a.asked.get("report") for a in one.waiting if a.change == Change.REPORT}
    refused = {a.asked.get("report"): a.pk for a in one.askings if a.granted is False}
    for owed in (each for each in one.owed if each.report.id not in asked):
        late = owed.day < on
        if late or owed.day <= on + AHEAD:
            key = f"report/{one.held.award}/{owed.report.id}/{owed.day}/{'late' if late else 'due'}"
            facts = _facts(one, report=owed.report.id, day=owed.day.isoformat(), late=late)
            facts["refused"] = refused.get(owed.report.id)
            yield OfAward(key, "report", one.dossier, facts)


def _asking(one: Runs, asking: Asking) -> OfAward:
    """A request to whoever answers it, and its answer to whoever asked."""
    handed = asking.change == Change.HAND_OVER
    facts = _facts(one, change=asking.change, by=one.answer_by(asking).isoformat())
    if asking.granted is None:
        key = f"asked/{asking.pk}"
        return OfAward(key, "asked", one.dossier, facts, holder=handed, office=not handed)
    facts |= {"granted": asking.granted, "answer": asking.answer}
    key = f"amended/{asking.pk}"
    return OfAward(key, "amended", one.dossier, facts, holder=not handed, operators=handed)


def _idle(stood: Stands, one: Runs, on: date) -> Iterator[OfAward]:
    """The warning that the rule on idle rights owes a holder, from the day of its notice."""
    held = one.held
    warned = warning(stood, held, None, on)
    if warned is None or not warned.notice <= on <= warned.looks:
        return
    moved = days(reading.DATABASE, held.support, held.award, held.support_class)
    warned = warning(stood, held, moved, on)
    if warned is not None and warned.taken.step is not None:
        yield _warned(stood, one, warned)


def _taken(stood: Stands, one: Runs, made: Made) -> Iterator[OfAward]:
    """What the rule on idle rights took back, and what an explanation spared of it: whoever loses a
    right is told so.
    """
    took, spared = made.result["taken"]["gpu_seconds"], made.result.get("spared", 0)
    day = made.at[:10]
    if took or spared:
        facts = _facts(one, taken=took, spared=spared, unit=_unit(stood, one), day=day)
        yield OfAward(f"taken/{one.held.award}/{day}", "taken", one.dossier, facts)


def _unit(stood: Stands, one: Runs) -> str:
    policy = reading.policy_of(stood)
    return policy.supports[one.held.support].unit(one.held.support_class)


def _warned(stood: Stands, one: Runs, warned: Warned) -> OfAward:
    last = warned.explain_by
    facts = _facts(
        one,
        taken=warned.taken.gpu_seconds,
        unit=_unit(stood, one),
        looks=warned.looks.isoformat(),
        last=last.isoformat() if last is not None else "",
    )
    return OfAward(f"idle/{one.held.award}/{warned.looks}", "idle", one.dossier, facts)
