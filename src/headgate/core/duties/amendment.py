"""What is asked of a running award, and how it was answered: one shape for every kind of request.

A request is a kind, what is asked, and an answer with its reason. Words stay with whoever wrote
them; the journal has their SHA-256. What an answer changes follows from the kind alone, so that
anybody can derive it again.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final

from headgate.core import canonical
from headgate.core.duties.finding import Finding
from headgate.core.duties.reports import Accepted, overdue
from headgate.core.faults import Sentence
from headgate.core.policy.award_rules import Invoice
from headgate.core.policy.running_rules import Explanation, Overdue, Running
from headgate.core.policy.schema import Reclaim
from headgate.core.quantities import add_days

_SHA256: Final = re.compile("[0-9a-f]{64}")
PERCENT: Final = 100


class Change(StrEnum):
    """What can be asked of a running award."""

    EXPLANATION = "explanation"
    LONGER = "longer"
    GIVE_BACK = "give-back"
    CLASS = "class"
    MEMBERS = "members"
    HAND_OVER = "hand-over"
    REPORT = "report"
    SUSPENSION = "suspension"
    LEAD = "lead"


@dataclass(frozen=True, slots=True)
class Amendment:
    """One request about an award, answered on `day`; a refusal has its own parts all the same.

    `asked` is the day on which it was asked for; of a hand-over, the day on which the operator
    handed over, while `usable` is the one from which the holder could use it and `silent` says that
    the holder did not answer. `words` and `reason` are SHA-256 of what was asked and answered.
    `parts` are an alliance's members, each with its parts of the whole; `lead` is the one of them
    that shall lead it from now on.
    """

    award: str
    call: str
    change: Change
    asked: date
    day: date
    granted: bool
    words: str
    reason: str
    spares_percent: int = 0
    months: int = 0
    blocks: int = 0
    support_class: str = ""
    parts: Mapping[str, int] = field(default_factory=dict)
    usable: date | None = None
    silent: bool = False
    report: str = ""
    lead: str | None = field(default=None, metadata=canonical.UNTOLD)


@dataclass(frozen=True, slots=True)
class Runs:
    """How an award stands when something is asked of it.

    `amended` are the changes granted so far, oldest first. `classes` are the classes of its call
    with the blocks that its own would come to there; `idle` is its support's rule on idle rights,
    and `looks` the day on which that rule looks next in this term. `judged` says that a round has
    decided what it holds in the next term. `suspends` is the first day on which a fee that is
    overdue lets it be suspended, if any is. `against` are the rules of its call that stand against
    whoever is asked to lead it; None where that is nobody who was judged with it and is in it.
    """

    starts: date
    ends: date
    support_class: str
    blocks: int
    by_time: bool
    running: Running
    amended: tuple[Amendment, ...] = ()
    classes: Mapping[str, int] = field(default_factory=dict)
    idle: Reclaim | None = None
    looks: date | None = None
    judged: bool = False
    invoice: Invoice | None = None
    suspends: date | None = None
    suspended: bool = False
    against: tuple[str, ...] | None = None

    def accepted(self) -> tuple[Accepted, ...]:
        """The reports that were accepted."""
        return accepted(self.amended)


class AmendmentFault(StrEnum):
    """Every way in which a request can be no request, or one that cannot be granted."""

    AWARD_NOT_RUNNING = "award-not-running"
    NOT_FORESEEN = "not-foreseen"
    PART_ASTRAY = "part-astray"
    WORDS_MISSING = "words-missing"
    DAYS_WRONG = "days-wrong"
    REPORT_OVERDUE = "report-overdue"
    EXPLAINED_OUT_OF_TIME = "explained-out-of-time"
    SPARES_TOO_MUCH = "spares-too-much"
    MONTHS_TOO_MANY = "months-too-many"
    BLOCKS_WRONG = "blocks-wrong"
    CLASS_WRONG = "class-wrong"
    MEMBERS_WRONG = "members-wrong"
    ROUND_HAS_DECIDED = "round-has-decided"
    USABLE_WRONG = "usable-wrong"
    HANDED_OVER_ALREADY = "handed-over-already"
    REPORT_UNKNOWN = "report-unknown"
    REPORT_ACCEPTED_ALREADY = "report-accepted-already"
    SUPPLY_SHORT = "supply-short"
    SUSPENDED_ALREADY = "suspended-already"
    FEE_NOT_OVERDUE = "fee-not-overdue"
    LEAD_WRONG = "lead-wrong"
    LEAD_NOT_ELIGIBLE = "lead-not-eligible"


Found = Iterator[Finding[AmendmentFault]]
_PARTS: Final[Mapping[Change, frozenset[str]]] = {
    Change.EXPLANATION: frozenset({"spares_percent"}),
    Change.LONGER: frozenset({"months"}),
    Change.GIVE_BACK: frozenset({"blocks"}),
    Change.CLASS: frozenset({"support_class"}),
    Change.MEMBERS: frozenset({"parts"}),
    Change.HAND_OVER: frozenset({"usable", "silent"}),
    Change.REPORT: frozenset({"report"}),
    Change.SUSPENSION: frozenset(),
    Change.LEAD: frozenset({"lead"}),
}
"""What each kind of request brings, and no other."""


def accepted(amended: tuple[Amendment, ...]) -> tuple[Accepted, ...]:
    """The reports that were accepted, each with the day on which it was handed in."""
    return tuple(Accepted(a.report, a.asked) for a in amended if a.change is Change.REPORT)


def check_amendment(runs: Runs, asked: Amendment) -> tuple[Finding[AmendmentFault], ...]:
    """Everything that keeps a request from being put on record, and granted where it is; sorted."""
    found = [*_check_form(asked)]
    if asked.granted:
        found += _check_foreseen(runs, asked)
        found += _CHECKS[asked.change](runs, asked)
    return tuple(sorted(found))


def _check_form(asked: Amendment) -> Found:
    for name in sorted(frozenset().union(*_PARTS.values()) - _PARTS[asked.change]):
        if getattr(asked, name):
            what = Sentence(
                "A request of the kind {change} has no {name}.", change=asked.change, name=name
            )
            mend = "Ask for one thing at a time."
            yield Finding(AmendmentFault.PART_ASTRAY, what, mend)
    silent = asked.change is Change.HAND_OVER and asked.silent
    told = [asked.reason] if silent else [asked.words, asked.reason]
    if not all(map(_SHA256.fullmatch, told)):
        what = Sentence("The request or its answer has no words.")
        mend = "Give SHA-256 of each in lower-case hex."
        yield Finding(AmendmentFault.WORDS_MISSING, what, mend)
    if asked.asked > asked.day:
        what = Sentence(
            "It was asked on {asked} and answered on {day}.", asked=asked.asked, day=asked.day
        )
        yield Finding(AmendmentFault.DAYS_WRONG, what, "Answer what has been asked.")


def _check_foreseen(runs: Runs, asked: Amendment) -> Found:
    """The policy lets it be asked, and no report stands in its way."""
    rule = runs.running
    foreseen = {
        Change.EXPLANATION: runs.idle is not None and runs.idle.explanation is not None,
        Change.LONGER: rule.longer_months_most > 0,
        Change.GIVE_BACK: rule.give_back,
        Change.CLASS: rule.change_class,
        Change.MEMBERS: rule.change_members,
        Change.HAND_OVER: rule.acceptance is not None,
        Change.REPORT: bool(rule.reports),
        Change.SUSPENSION: runs.invoice is not None and runs.invoice.suspend_days is not None,
        Change.LEAD: rule.change_members,
    }
    if not foreseen[asked.change]:
        what = Sentence(
            "The policy foresees no {change} for awards of this call.", change=asked.change
        )
        mend = "Let the policy owner add it to the call's `running` or `invoice`, or to `reclaim`."
        yield Finding(AmendmentFault.NOT_FORESEEN, what, mend)
    if asked.change in (Change.LONGER, Change.CLASS, Change.MEMBERS):
        owed = overdue(rule.reports, runs.starts, runs.ends, runs.accepted(), asked.day)
        for late in (one for one in owed if one.report.overdue is not Overdue.IS_SHOWN):
            what = Sentence(
                "The report {report} was due on {day}.", report=late.report.id, day=late.day
            )
            mend = "Hand it in and have it accepted first."
            yield Finding(AmendmentFault.REPORT_OVERDUE, what, mend)


def _check_explanation(runs: Runs, asked: Amendment) -> Found:
    rule = runs.idle.explanation if runs.idle is not None else None
    if runs.idle is None or rule is None:
        return
    if runs.looks is None or runs.looks < asked.day:
        what, mend = "The rule does not look at idle rights again.", "Explain before it looks."
        yield Finding(AmendmentFault.EXPLAINED_OUT_OF_TIME, what, mend)
        return
    first, last = days_to_explain(runs.idle, rule, runs.looks)
    if not first <= asked.asked <= last:
        what = Sentence(
            "It was explained on {asked}, not from {first} to {last}.",
            asked=asked.asked,
            first=first,
            last=last,
        )
        mend = "Explain after the notice and within its days."
        yield Finding(AmendmentFault.EXPLAINED_OUT_OF_TIME, what, mend)
    most = int(rule.spares_most * PERCENT)
    if not 1 <= asked.spares_percent <= most:
        what = Sentence(
            "{spares_percent} % would be spared; the policy spares 1 to {most} %.",
            spares_percent=asked.spares_percent,
            most=most,
        )
        yield Finding(
            AmendmentFault.SPARES_TOO_MUCH, what, Sentence("Spare {most} % at most.", most=most)
        )


def days_to_explain(idle: Reclaim, rule: Explanation, looks: date) -> tuple[date, date]:
    """From when to when a holder may explain why an award lies idle, before a rule looks."""
    first = add_days(looks, -idle.notice_days)
    return first, min(add_days(first, rule.days), looks)


def _check_longer(runs: Runs, asked: Amendment) -> Found:
    most = runs.running.longer_months_most
    before = sum(one.months for one in runs.amended)
    if asked.months < 1 or before + asked.months > most:
        what = Sentence(
            "{months} months after {before}; the policy gives {most} in all.",
            months=asked.months,
            before=before,
            most=most,
        )
        mend = Sentence("Ask for 1 to {most} months.", most=max(most - before, 0))
        yield Finding(AmendmentFault.MONTHS_TOO_MANY, what, mend)


def _check_give_back(runs: Runs, asked: Amendment) -> Found:
    if not 1 <= asked.blocks < runs.blocks:
        what = Sentence(
            "{blocks} of {all} blocks would be given back.", blocks=asked.blocks, all=runs.blocks
        )
        mend = "Give at least one block back, and keep at least one."
        yield Finding(AmendmentFault.BLOCKS_WRONG, what, mend)
    yield from _check_unjudged(runs)


def _check_unjudged(runs: Runs) -> Found:
    if runs.judged:
        what = "A round has decided what the award holds in the next term."
        yield Finding(AmendmentFault.ROUND_HAS_DECIDED, what, "Ask once the term turned.")


def _check_class(runs: Runs, asked: Amendment) -> Found:
    wanted = asked.support_class
    comes_to = runs.classes.get(wanted, 0)
    if wanted == runs.support_class or comes_to < 1 or not runs.by_time:
        what = Sentence(
            "{blocks} blocks come to {comes_to} blocks of {wanted!r}.",
            blocks=runs.blocks,
            comes_to=comes_to,
            wanted=wanted[:64],
        )
        mend = "Name another class of the call, for an award that is held over time."
        yield Finding(AmendmentFault.CLASS_WRONG, what, mend)
    yield from _check_unjudged(runs)


def _check_members(_: Runs, asked: Amendment) -> Found:
    if not asked.parts or min(asked.parts.values()) < 1:
        what, mend = "A member has no part of the award.", "Name each member with its parts."
        yield Finding(AmendmentFault.MEMBERS_WRONG, what, mend)


def _check_hand_over(runs: Runs, asked: Amendment) -> Found:
    rule = runs.running.acceptance
    if rule is None:
        return
    usable = asked.usable
    due = add_days(asked.asked, rule.silent_days)
    if usable is None or not asked.asked <= usable <= asked.day or (asked.silent and usable < due):
        what = Sentence(
            "Handed over on {asked}, usable from {usable}, on record on {day}.",
            asked=asked.asked,
            usable=usable,
            day=asked.day,
        )
        mend = "Give a day from the hand-over on; of a silent holder, the end of its days."
        yield Finding(AmendmentFault.USABLE_WRONG, what, mend)
    elif usable >= runs.ends:
        what, mend = (
            Sentence("The award ends on {ends}.", ends=runs.ends),
            "Decide the call's awards anew.",
        )
        yield Finding(AmendmentFault.USABLE_WRONG, what, mend)
    if any(one.change is Change.HAND_OVER for one in runs.amended):
        what, mend = (
            Sentence("The award's time runs already."),
            "Correct what was moved, if it was wrong.",
        )
        yield Finding(AmendmentFault.HANDED_OVER_ALREADY, what, mend)


def _check_report(runs: Runs, asked: Amendment) -> Found:
    reports = runs.running.reports
    if asked.report not in [one.id for one in reports]:
        what = Sentence("The call asks for no report {report!r}.", report=asked.report[:64])
        mend = Sentence(
            "Name one of: {names}.", names=", ".join(one.id for one in reports) or "none"
        )
        yield Finding(AmendmentFault.REPORT_UNKNOWN, what, mend)
    if asked.report in [one.report for one in runs.accepted()]:
        what = Sentence("The report {report} was accepted before.", report=asked.report)
        yield Finding(AmendmentFault.REPORT_ACCEPTED_ALREADY, what, "Keep the one that holds.")


def _check_suspension(runs: Runs, asked: Amendment) -> Found:
    if runs.suspended:
        what, mend = "The award is suspended already.", "Wait until its fee is paid."
        yield Finding(AmendmentFault.SUSPENDED_ALREADY, what, mend)
    elif runs.suspends is None or asked.day < runs.suspends:
        owed = (
            Sentence("no fee is overdue")
            if runs.suspends is None
            else Sentence("it may be from {suspends}", suspends=runs.suspends)
        )
        what = Sentence("On {day} nothing suspends it: {owed}.", day=asked.day, owed=owed)
        yield Finding(AmendmentFault.FEE_NOT_OVERDUE, what, "Wait for that day.")


def _check_lead(runs: Runs, asked: Amendment) -> Found:
    """Who leads from now on was judged with the application, and would have passed as its lead."""
    named = (asked.lead or "")[:64]
    if runs.against is None:
        what = Sentence("{lead!r} is no member that could lead the award.", lead=named)
        mend = "Name another that was in the application and has a part of the award."
        yield Finding(AmendmentFault.LEAD_WRONG, what, mend)
    elif runs.against:
        rules = ", ".join(runs.against)
        what = Sentence("With {lead!r} as its lead: {rules}.", lead=named, rules=rules)
        mend = "Name a member that the call would have let in as the lead."
        yield Finding(AmendmentFault.LEAD_NOT_ELIGIBLE, what, mend)


_CHECKS: Final[Mapping[Change, Callable[[Runs, Amendment], Found]]] = {
    Change.EXPLANATION: _check_explanation,
    Change.LONGER: _check_longer,
    Change.GIVE_BACK: _check_give_back,
    Change.CLASS: _check_class,
    Change.MEMBERS: _check_members,
    Change.HAND_OVER: _check_hand_over,
    Change.REPORT: _check_report,
    Change.SUSPENSION: _check_suspension,
    Change.LEAD: _check_lead,
}
