"""An applicant's outcome as one sentence in the page's language, made from the codes."""

from dataclasses import replace

from headgate.core.awards.reasons import Change, Outcome, Reason
from headgate.core.awards.sentences import cutoff_line
from headgate.core.awards.sentences import sentence as english
from headgate.core.calls.field import Standing
from headgate.core.calls.screening import SILENT, Finding, Refusal
from headgate.core.policy.schema import Call
from headgate.report.speaker import Speaker
from headgate.report.summary_calls import Why, because


def told(section: Call, why: Why, say: Speaker) -> str:
    """Why the applicant has what it has: the rule, the line to reach, and the nearest change."""
    if why.reason is not None:
        return sentence(why.reason, say)
    if why.findings:
        grounds = (ground(section, finding, say) for finding in why.findings)
        return say.say("reason.refused", grounds="; ".join(grounds))
    place = why.place
    if place is None or place.standing is Standing.NOT_SCORED:
        return say.say("reason.not_scored")
    own = say.say("none") if why.milli_points is None else _points(why.milli_points, say)
    needed = _points(place.milli_points_needed, say)
    if place.standing is Standing.BELOW_PASS_MARK:
        return say.say("reason.below_pass_mark", own=own, needed=needed)
    stage = _stage(section, place.stage, say)
    return say.say("reason.out_at_stage", own=own, needed=needed, stage=stage)


def _stage(section: Call, stage: str, say: Speaker) -> str:
    """A stage by its place and day, because a policy names none; its id where it has none such."""
    for number, one in enumerate(section.stages, start=1):
        if one.id == stage:
            return say.say("reason.stage", n=number, day=one.on)
    return stage


def ground(section: Call, finding: Finding, say: Speaker) -> str:
    """One ground of refusal in the policy's own words, or in ours where it has none."""
    words = because(section, finding)
    if words is not None:
        text = say.text(words).rstrip(".")
        if finding.refusal is not Refusal.GATE:
            return text
        silent = finding.rule.endswith(SILENT)
        return say.say("refusal.gate_silent" if silent else "refusal.gate", rule=text)
    uninvited = finding.refusal is Refusal.HOLDER_NOT_INVITED
    rule = say.holder(finding.rule) if uninvited else finding.rule
    return say.say(f"refusal.{finding.refusal.name.lower()}", rule=rule)


def sentence(reason: Reason, say: Speaker) -> str:
    """A reason of the award list; the English one is the sentence of the decision itself.

    In every language a class, or a class of holders, has its name before the code that the decision
    has, and a limit on concentration says of whom it is.
    """
    reason = _named(reason, say)
    if say.language == "en":
        return english(reason)
    rule = reason.rules[0] if reason.rules else ""
    blocks = say.locale.whole(reason.blocks)
    asked = say.locale.whole(reason.blocks_asked)
    key = f"outcome.{reason.outcome.name.lower()}"
    words = say.say(key, blocks=blocks, asked=asked, pool=reason.pool, rule=rule)
    if reason.outcome in (Outcome.AWARDED, Outcome.AWARDED_IN_PART, Outcome.DECLINED):
        return words
    parts = [words]
    if reason.cutoff is not None:
        own, cutoff = _points(reason.score, say), _points(reason.cutoff, say)
        line = cutoff_line(reason.score, reason.cutoff)
        parts.append(say.say(f"outcome.{line.name.lower()}", own=own, cutoff=cutoff))
    return " ".join([*parts, *(_change(change, say) for change in reason.nearest)])


def _named(reason: Reason, say: Speaker) -> Reason:
    return replace(
        reason,
        pool=say.class_known(reason.pool),
        rules=tuple(_rule(rule, say) for rule in reason.rules),
        nearest=tuple(replace(one, pool=say.class_known(one.pool)) for one in reason.nearest),
    )


def _rule(rule: str, say: Speaker) -> str:
    limit, group, whose = rule.partition(":")
    if group:
        return say.say("limit_of", limit=limit, whose=whose)
    known = say.holders.get(rule)
    return f"{say.text(known)} ({rule})" if known else say.class_known(rule)


def _points(milli_points: int, say: Speaker) -> str:
    """Points without needless zeros, as `core.awards.sentences` writes them."""
    head, point, tail = say.locale.points(milli_points, 3).rpartition(say.locale.point)
    kept = tail.rstrip("0")
    return f"{head}{point}{kept}" if kept else head


def _change(change: Change, say: Speaker) -> str:
    key = f"change.{change.kind.name.lower()}"
    displaced = say.say("change.displaced", award=change.displaced) if change.displaced else ""
    higher = change.kind.name == "HIGHER_SCORE"
    return say.say(
        key,
        pool=change.pool,
        value=_points(change.value, say) if higher else say.locale.whole(change.value),
        instead=say.locale.whole(change.instead),
        short=_points(change.value - change.instead, say) if higher else "",
        displaced=displaced,
    )
