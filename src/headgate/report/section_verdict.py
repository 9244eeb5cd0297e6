"""The page's opening: what happened in one paragraph, six numbers, and what they are not."""

from collections.abc import Iterator

from headgate.report.blocks import Block, Note, Numbers, Paragraph, Section, link
from headgate.report.speaker import Speaker
from headgate.report.summary import RoundSummary, Summary
from headgate.report.summary_calls import CallSummary


def verdict(summary: Summary, say: Speaker) -> Section:
    """What a minister reads: the outcome, the six numbers, and the label of a rehearsal."""
    words = " ".join(_sentences(summary, say))
    blocks: tuple[Block, ...] = (
        rehearsal(summary, say),
        Paragraph(words, "lead"),
        Numbers(tuple(_six(summary, say))),
    )
    return Section("verdict", say.say("verdict.title"), blocks)


def rehearsal(summary: Summary, say: Speaker) -> Note:
    """That nobody real applied, which totals are real, and how much is assumed."""
    matched = [say.text(call.name) for call in summary.calls if call.groups]
    key = "rehearsal.matched" if matched else "rehearsal.none"
    told = say.say(key, calls=", ".join(matched))
    count = summary.assumption_count
    assumed = [link("#assumptions", say.say("rehearsal.assumed", n=count))] if count else []
    return Note(say.say("rehearsal.title"), (say.say("rehearsal.text"), told, *assumed))


def _sentences(summary: Summary, say: Speaker) -> Iterator[str]:
    applied = sum(call.funnel[0] for call in summary.calls)
    awarded = sum(call.funnel[4] for call in summary.calls)
    days = {"starts": summary.past.starts, "ends": summary.past.ends}
    if not summary.calls:
        yield say.say("verdict.no_calls", **days)
    else:
        yield say.say("verdict.applied", n=applied, awarded=awarded, **days)
    for support in summary.supports:
        granted = sum(line.granted_units for line in support.holders)
        used = sum(line.used_units for line in support.holders)
        back = sum(line.back_units for line in support.holders)
        if granted:
            unit = say.unit(support.unit)
            yield say.say(
                "verdict.used",
                used=say.percent(used, granted),
                granted=say.amount(granted, support.measure),
                unit=unit,
            )
            if back:
                yield say.say("verdict.back", back=say.amount(back, support.measure), unit=unit)
    for call in summary.calls:
        yield from _drift(summary, call, say)
    for evaluation in summary.rounds:
        yield _stayed(evaluation, say)


def _drift(summary: Summary, call: CallSummary, say: Speaker) -> Iterator[str]:
    """The envelope that the published selection went furthest beyond, if any."""
    envelopes, published = summary.envelopes_of(call), call.published
    beyond = {h: n - envelopes[h] for h, n in published.items() if h in envelopes}
    if beyond and max(beyond.values()) > 0:
        holder = max(beyond, key=lambda h: (beyond[h], h))
        yield say.say(
            "verdict.drift",
            holder=say.holder(holder),
            published=say.block(call.section.block, published[holder]),
            promised=say.block(call.section.block, envelopes[holder]),
            awarded=say.block(call.section.block, call.blocks_by("holder").get(holder, 0)),
        )


def _stayed(evaluation: RoundSummary, say: Speaker) -> str:
    leaving = {team for team, blocks in evaluation.blocks_next.items() if blocks == 0}
    teams = len(evaluation.outcome.decisions)
    name = say.text(evaluation.section.name)
    return say.say("verdict.stayed", n=teams - len(leaving), teams=teams, round=name)


def _six(summary: Summary, say: Speaker) -> Iterator[tuple[str, str]]:
    """Six figures; what was granted and used is of the support that the policy names first."""
    lines = summary.supports[0].holders if summary.supports else ()
    granted = sum(line.granted_units for line in lines)
    used = sum(line.used_units for line in lines)
    measure = summary.supports[0].unit if summary.supports else ""
    unit = say.unit(measure)
    whole = say.locale.whole
    yield say.say("six.applied"), whole(sum(call.funnel[0] for call in summary.calls))
    yield say.say("six.awarded"), whole(sum(call.funnel[4] for call in summary.calls))
    yield say.say("six.granted", unit=unit), say.amount(granted, measure)
    yield say.say("six.used"), say.percent(used, granted)
    back = sum(line.back_units for line in lines)
    yield say.say("six.back", unit=unit), say.amount(back, measure)
    yield say.say("six.decisions"), whole(summary.decision_count)
