"""Every applicant once, with its outcome and its reason, at an anchor that a letter can link to."""

import re
from collections.abc import Iterable, Mapping

from markupsafe import Markup

from headgate.report.blocks import Folded, Head, Paragraph, Table, link
from headgate.report.reasons import told
from headgate.report.speaker import Speaker
from headgate.report.summary_calls import Applicant, CallSummary, Fate

Anchors = Mapping[tuple[str, str], str]
"""The anchor of each (call, application)."""


def anchors_of(calls: Iterable[CallSummary], taken: Iterable[str]) -> Anchors:
    """An anchor for each application: its id in small letters, made unique where it is not."""
    used, found = set(taken), {}
    for call in calls:
        for person in call.applicants:
            plain = re.sub(r"[^a-z0-9._-]+", "-", person.id.lower()).strip("-") or "application"
            name, number = plain, 1
            while name in used:
                number += 1
                name = f"{plain}.{number}"
            used.add(name)
            found[call.id, person.id] = name
    return found


def reference(call_id: str, application: str, anchors: Anchors) -> str | Markup:
    """An application's id, linked to its reason where this page has it."""
    anchor = anchors.get((call_id, application))
    return link(f"#{anchor}", application) if anchor else application


def applicants(call: CallSummary, say: Speaker, anchors: Anchors) -> Folded:
    """The table of all applicants of a call, folded."""
    heads = (
        Head(say.say("col.application")),
        Head(say.say("col.holder")),
        Head(say.say("col.score"), figure=True),
        Head(say.say("col.outcome")),
        Head(say.say("col.reason"), long=True),
    )
    rows = tuple(
        (
            person.id,
            say.holder(person.holder),
            say.locale.points(person.score.milli_points) if person.score else say.say("none"),
            outcome(person, say),
            told(call.section, person.why, say),
        )
        for person in call.applicants
    )
    ids = tuple(anchors[call.id, person.id] for person in call.applicants)
    caption = say.say("applicants.title", n=len(rows))
    full = Table(f"applicants-{call.id}", caption, heads, rows, (), ids)
    return Folded(
        say.say("applicants.open", n=len(rows)), (Paragraph(say.say("applicants.note")), full)
    )


def outcome(person: Applicant, say: Speaker) -> str:
    """The outcome in a word or two."""
    if person.blocks:
        return say.say("fate.promoted" if person.promoted else "fate.awarded")
    if person.declined:
        return say.say("fate.declined")
    if person.fate is Fate.IN_FIELD:
        return say.say("fate.not_awarded")
    return say.code("fate", person.fate)
