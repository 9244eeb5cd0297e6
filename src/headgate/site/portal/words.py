"""The reader's language, and words of closed enumerations: a colour never speaks alone."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Final

from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from headgate.core.faults import Fault, Sentence
from headgate.core.policy.schema import Call
from headgate.core.supports.text import Text
from headgate.report.locale import LOCALES
from headgate.site.portal.reading import zone


def language() -> str:
    """The reader's language, as the reports have it."""
    return (get_language() or "en")[:2]


OUTCOMES: Final[dict[str, tuple[Promise, str]]] = {
    "awarded": (_("Awarded"), "green"),
    "awarded-in-part": (_("Awarded in part"), "green"),
    "declined": (_("Declined"), "grey"),
    "nothing-to-give": (_("Nothing to give"), "grey"),
    "too-large": (_("Request too large"), "orange"),
    "concentration-limit": (_("Limit of one group reached"), "orange"),
    "cap-reached": (_("Cap reached"), "orange"),
    "envelope-spent": (_("Envelope spent"), "orange"),
    "pool-spent": (_("Capacity spent"), "orange"),
    "below-minimum-fit": (_("Less left than its minimum"), "orange"),
    "floor-reserved": (_("Kept for a promised floor"), "orange"),
    "refused": (_("Refused before review"), "red"),
    "not-scored": (_("Not scored"), "grey"),
    "below-pass-mark": (_("Below the pass mark"), "orange"),
    "out-at-stage": (_("Out at a stage"), "orange"),
    "not-in-field": (_("Not in the field"), "grey"),
}
"""What became of an application: the word, and the colour of its tag."""

STATES: Final[dict[str, tuple[Promise, str]]] = {
    "done": (_("Done"), "green"),
    "overdue": (_("Overdue"), "red"),
    "today": (_("Due today"), "orange"),
    "coming": (_("Coming"), "blue"),
}

EVENTS: Final[dict[str, Promise]] = {
    "open call": _("Open the call"),
    "close call": _("Close the call"),
    "decide call": _("Decide the award list"),
    "meter": _("Meter the use"),
    "reclaim": _("Look at idle rights"),
    "enforce": _("Give orders to the clusters"),
    "freeze round": _("Freeze the round's method"),
    "close round": _("Evaluate the round"),
    "draw lot": _("Draw the lot"),
    "turn": _("Turn the term"),
    "correct": _("Correct"),
    "hear": _("Hear the round again"),
    "amend": _("Answer what was asked of an award"),
    "pay": _("Record what was paid"),
}
"""What the calendar of a term holds."""

KINDS: Final[dict[str, Promise]] = {
    "policy-adopted": _("Policy adopted"),
    "call-opened": _("Call opened"),
    "facts-received": _("Facts received"),
    "score-given": _("Score given"),
    "decision-made": _("Decision made"),
    "transfer": _("Transfer"),
    "order-given": _("Order given"),
    "usage-imported": _("Use imported"),
    "round-closed": _("Round closed"),
    "file-published": _("File published"),
}
"""The kinds of entries of the journal."""

STEPS: Final[dict[str, Promise]] = {
    "envelopes": _("Envelopes"),
    "screening": _("Screening"),
    "score": _("Score"),
    "panel": _("Panel"),
    "award-list": _("Award list"),
    "award": _("Award"),
    "acceptance": _("Acceptance"),
    "fee": _("Fee"),
    "order": _("Order"),
    "metering": _("Metering"),
    "reclaim": _("Reclaim"),
    "look": _("Look at idle rights"),
    "amendment": _("Change of a running award"),
    "report": _("Report not handed in"),
    "standings": _("Standings"),
    "grounds": _("Grounds of the standings"),
    "cut-rule-foreseen": _("Errors of the cut rule, as foreseen"),
    "cut-rule-errors": _("Errors of the cut rule"),
    "round": _("Round"),
    "conducted": _("How the round was conducted"),
    "go-on": _("Going on"),
    "wildcard": _("Wildcard"),
    "reallocation": _("Reallocation"),
}
"""The steps of the cycle that decide."""


def tag(word: str | Promise, colour: str) -> SafeString:
    """A word in a coloured tag."""
    return format_html('<strong class="govuk-tag govuk-tag--{}">{}</strong>', colour, word)


def outcome_word(outcome: str) -> str | Promise:
    """The word for what became of an application."""
    return OUTCOMES[outcome][0] if outcome in OUTCOMES else outcome


def outcome_tag(outcome: str) -> SafeString:
    """The same as a tag."""
    return tag(outcome_word(outcome), OUTCOMES.get(outcome, ("", "grey"))[1])


def state_tag(state: str) -> SafeString:
    """How something of the calendar stands."""
    return tag(*STATES[state])


def entry_kind(kind: str) -> str | Promise:
    """The word for a kind of entry."""
    return KINDS.get(kind, kind)


def instant(at: str) -> str:
    """An instant of the journal, which is UTC, as the reader's language has it."""
    return f"{day(at)}, {at[11:19]}"


def day(when: date | str) -> str:
    """A day, or the day of an instant as journals write it, as the reader's language has it."""
    found = date.fromisoformat(when[:10]) if isinstance(when, str) else when
    return LOCALES[language()].day(found)


def next_call(calls: Iterable[Call], on: date) -> tuple[str, str] | None:
    """The call that opens next after a day, by its name, and its day; None where none is foreseen.

    Who finds no call open, or no award running, asks this first.
    """
    coming = min((one for one in calls if one.opens > on), key=lambda c: c.opens, default=None)
    return (coming.name.say(language()), day(coming.opens)) if coming else None


def whole(number: int) -> str:
    """A count, as the reader's language groups its digits."""
    return LOCALES[language()].whole(number)


def told(text: str) -> str:
    """A sentence of a fault in the reader's language, its figures and days as the language writes
    them; a name or a piece of a file that stands in it stays as it is.
    """
    if not isinstance(text, Sentence):
        return gettext(text) if text else ""
    return gettext(text.form).format_map({name: _value(it) for name, it in text.values.items()})


def _value(value: object) -> object:
    match value:
        case Sentence():
            return told(value)
        case date():
            return day(value)
        case Text():
            return value.say(language())
        case int() if not isinstance(value, bool):
            return whole(value)
    return value


def told_fault(fault: Fault) -> str:
    """A fault of an input as a page tells it: where, what, and what mends it."""
    sent = fault.line and not fault.file.startswith("facts/")  # What people did is in no file.
    column = f":{fault.column}" if fault.column > 1 else ""
    where = f"{fault.file}:{fault.line}{column}: " if sent else ""
    return f"{where}{told(fault.what)} – {told(fault.mend)}"


def moment(when: datetime) -> str:
    """An instant to the second where the programme is, as the reader's language has it."""
    there = when.astimezone(zone())
    return f"{day(there.date())}, {there:%H:%M:%S} {zone_name(there)}"


def zone_name(there: datetime) -> str:
    """The short name of a moment's zone; where it has none, how far it is from UTC."""
    name = there.tzname() or ""
    return f"UTC{name}" if name.startswith(("+", "-")) else name
