"""What a team may do about a round: reply to what was found on a gate, object, and by when."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from headgate.core.policy.schema import Round
from headgate.report.blocks import Block, Heading, Items, Paragraph
from headgate.report.speaker import Speaker
from headgate.report.summary import RoundSummary


@dataclass(frozen=True, slots=True)
class Window:
    """The last day for an objection to a round, and for the answer to one made on that day."""

    object_by: date
    answer_by: date


def window_of(section: Round) -> Window | None:
    """The days of a round by its policy, counted from its day; None where the policy has none."""
    if section.appeals is None:
        return None
    last = section.on + timedelta(days=section.appeals.object_days)
    return Window(last, last + timedelta(days=section.appeals.answer_days))


def rights(evaluation: RoundSummary, say: Speaker, *, titled: bool = True) -> Iterator[Block]:
    """What may be objected to and by when, and how long a reply to a gate's finding has."""
    if titled:
        yield Heading(4, say.say("rights.title"))
    window = window_of(evaluation.section)
    if window is None:
        yield Paragraph(say.say("rights.none"))
    else:
        days = {"last": window.object_by, "answer": window.answer_by}
        yield Paragraph(say.say("rights.window", day=evaluation.section.on, **days))
        yield Paragraph(say.say("rights.what"))
        yield Items(tuple(say.say(f"rights.{name}") for name in ("evidence", "gate", "rule")))
    replies = [
        say.say("rights.reply", gate=say.text(gate.name), n=gate.reply_days)
        for gate in evaluation.section.gates
    ]
    if replies:
        yield Paragraph(say.say("rights.replies"))
        yield Items(tuple(replies))


def heard(evaluation: RoundSummary, say: Speaker) -> Iterator[Block]:
    """Why it stands otherwise than on its day: every hearing by which it was decided again."""
    for one in evaluation.heard:
        day = one.objected or evaluation.section.on
        key = f"heard.{one.ground.name.lower()}"
        yield Paragraph(say.say(key, team=one.objector, day=day))
