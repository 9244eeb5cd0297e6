"""Checks of what a round says: contradictions that would only show when thousands of GPUs hang on
them.
"""

from itertools import pairwise

from headgate.core.faults import Sentence
from headgate.core.policy.codes import Code
from headgate.core.policy.schema import (
    Calendar,
    Call,
    PillarKind,
    Policy,
    Remedy,
    Round,
    Scaling,
)
from headgate.core.policy.spots import (
    FULL_POINTS,
    Found,
    Spots,
    in_order,
    name_known,
    weigh_whole,
    within_whole,
)
from headgate.core.policy.values import Loc
from headgate.core.quantities import add_days, add_months


def round_faults(policy: Policy, spots: Spots) -> Found:
    """Everything that a day's rounds contradict themselves in, or each other."""
    for name, evaluation in policy.rounds.items():
        here = ("rounds", name)
        path = (*here, "call")
        yield from name_known(spots, path, evaluation.call, ("calls",), Code.CALL_UNKNOWN)
        yield from in_order(spots, (*here, "stay"), evaluation.stay.least, evaluation.stay.most)
        weights = [pillar.weight for pillar in evaluation.pillars]
        yield from weigh_whole(spots, (*here, "pillars"), weights)
        confidence = (*here, "confidence")
        yield from within_whole(spots, confidence, evaluation.confidence, below_one=True)
        for check in (_parts, _tie_breakers, _plan, _bars, _raters, _wildcard):
            yield from check(evaluation, spots, here)
        if (call := policy.calls.get(evaluation.call)) is not None:
            yield from _days(evaluation, call, spots, here)
        yield from _window(evaluation, policy.programme.calendar, spots, here)
    yield from _stages(policy, spots)


def _days(evaluation: Round, call: Call, spots: Spots, here: Loc) -> Found:
    """Awards begin, the method is signed, models come in, the round closes: in that order."""
    if evaluation.on <= call.starts:
        words = {"day": evaluation.on, "call": evaluation.call, "starts": call.starts}
        yield (*here, "on"), Code.ROUND_BEFORE_START.at(spots.at(*here, "on"), **words)
    frozen, handed_in = evaluation.freeze, evaluation.submissions
    if frozen is not None and not call.decides < frozen.on < evaluation.on:
        words = {"day": frozen.on, "decides": call.decides, "on": evaluation.on}
        path = (*here, "freeze", "on")
        yield path, Code.FREEZE_DATE.at(spots.at(*path), **words)
    if handed_in is None:
        return
    path = (*here, "submissions", "by")
    earliest = frozen.on if frozen is not None else call.starts
    if not earliest < handed_in.by <= evaluation.on:
        words = {"day": handed_in.by, "after": earliest, "on": evaluation.on}
        yield path, Code.SUBMISSION_DATE.at(spots.at(*path), **words)
    had = (handed_in.by - call.starts).days
    if had < evaluation.equal_development_days:
        words = {"had": had, "days": evaluation.equal_development_days}
        yield path, Code.DEVELOPMENT_SHORT.at(spots.at(*path), **words)


def _window(evaluation: Round, calendar: Calendar, spots: Spots, here: Loc) -> Found:
    """What fills a place or a tie must find what was freed not yet held by others.

    An objection may be upheld later: then it is owed and given out of what is free.
    """
    if evaluation.on <= calendar.first:
        return
    months = (evaluation.on.year - calendar.first.year) * 12 + evaluation.on.month
    terms = (months - calendar.first.month) // calendar.months
    turns = (add_months(calendar.first, calendar.months * (terms + more)) for more in (0, 1))
    turn = next(day for day in turns if day >= evaluation.on)
    days: dict[Loc, int] = {}
    if evaluation.wildcard is not None:
        days["wildcard", "open_days"] = evaluation.wildcard.open_days
    if evaluation.remedy is Remedy.MORE_ITEMS:
        days["remedy",] = 1
    for inner, count in days.items():
        if (last := add_days(evaluation.on, count)) > turn:
            path, words = (*here, *inner), {"on": evaluation.on, "last": last, "turn": turn}
            yield path, Code.WINDOW_OUTLASTS_TERM.at(spots.at(*path), **words)


def _stages(policy: Policy, spots: Spots) -> Found:
    """Rounds of one call come on days of their own, and none lets more stay than the last."""
    for call in dict.fromkeys(each.call for each in policy.rounds.values()):
        named = [(n, r) for n, r in policy.rounds.items() if r.call == call]
        for (first, before), (name, after) in pairwise(sorted(named, key=lambda one: one[1].on)):
            here = ("rounds", name)
            words: dict[str, object] = {"name": name, "first": first}
            if after.on == before.on:
                place = spots.at(*here, "on")
                yield (*here, "on"), Code.ROUNDS_SAME_DAY.at(place, **words, day=after.on)
            elif after.stay.most > before.stay.most:
                words |= {"most": after.stay.most, "before": before.stay.most}
                path = (*here, "stay", "most")
                yield path, Code.ROUND_WIDENS.at(spots.at(*path), **words)


def _bars(evaluation: Round, spots: Spots, here: Loc) -> Found:
    """A bar asks for one thing, of the whole or of a pillar that the round has."""
    items = {pillar.id for pillar in evaluation.pillars if pillar.kind is PillarKind.ITEMS}
    for bar in evaluation.bars:
        path = (*here, "bars", bar.id)
        place = spots.at(*path)
        if bar.pillar is not None:
            among = (*here, "pillars")
            inner = (*path, "pillar")
            yield from name_known(spots, inner, bar.pillar, among, Code.PILLAR_UNKNOWN)
        if (bar.points is None) is not bar.declared:
            yield path, Code.BAR_ASKS.at(place, name=bar.id)
        if bar.points is not None and bar.points > FULL_POINTS and bar.reference is None:
            words = {"path": ".".join((*path, "points")), "value": bar.points}
            yield path, Code.RANGE_WRONG.at(place, **words, range=Sentence("points from 1 to 100"))
        if bar.reference is not None and (bar.pillar not in items or bar.declared):
            yield path, Code.BAR_REFERENCE.at(place, name=bar.id)
        if bar.declared and evaluation.freeze is None:
            yield path, Code.BAR_UNSIGNED.at(place, name=bar.id)


def _raters(evaluation: Round, spots: Spots, here: Loc) -> Found:
    """Rules stand where somebody rates, or an evaluator runs; agreement is that of marks."""
    for pillar in evaluation.pillars:
        if pillar.runner is not None and pillar.kind is not PillarKind.ITEMS:
            path = (*here, "pillars", pillar.id, "runner")
            yield path, Code.RUNNER_ASTRAY.at(spots.at(*path), name=pillar.id)
        if pillar.raters is None:
            continue
        path = (*here, "pillars", pillar.id, "raters")
        if pillar.kind is PillarKind.ITEMS:
            yield path, Code.RATERS_ASTRAY.at(spots.at(*path), name=pillar.id)
        if pillar.kind is PillarKind.VOTES and pillar.raters.agreement is not None:
            inner = (*path, "agreement")
            yield inner, Code.AGREEMENT_ASTRAY.at(spots.at(*inner), name=pillar.id)
        if pillar.raters.known is not None and pillar.raters.attention is None:
            inner = (*path, "known")
            yield inner, Code.KNOWN_ASTRAY.at(spots.at(*inner), name=pillar.id)
        for name, share in (
            ("attention", pillar.raters.attention),
            ("agreement", pillar.raters.agreement),
        ):
            if share is not None:
                yield from within_whole(spots, (*path, name), share)


def _wildcard(evaluation: Round, spots: Spots, here: Loc) -> Found:
    """A wildcard call fills places up to the least that stay, so there must be some."""
    if evaluation.wildcard is None:
        return
    path = (*here, "wildcard")
    yield from within_whole(spots, (*path, "majority"), evaluation.wildcard.majority)
    if evaluation.stay.least == 0:
        yield path, Code.WILDCARD_NEVER.at(spots.at(*path))


def _parts(evaluation: Round, spots: Spots, here: Loc) -> Found:
    """What is freed goes somewhere whole, and an anchored pillar has its anchor."""
    parts = evaluation.reallocation
    total = parts.survivors + parts.wildcard + parts.pool
    if total != parts.of:
        path = (*here, "reallocation")
        yield path, Code.PARTS_SUM.at(spots.at(*path), sum=total, of=parts.of)
    for pillar in evaluation.pillars:
        if pillar.scaling is Scaling.ANCHORED and pillar.anchor is None:
            place = spots.at(*here, "pillars", pillar.id)
            yield (*here, "pillars"), Code.ANCHOR_MISSING.at(place, name=pillar.id)
        if pillar.style and pillar.kind is not PillarKind.VOTES:
            place = spots.at(*here, "pillars", pillar.id)
            words = {"name": pillar.id, "kind": pillar.kind.value}
            yield (*here, "pillars"), Code.STYLE_ASTRAY.at(place, **words)


def _tie_breakers(evaluation: Round, spots: Spots, here: Loc) -> Found:
    """Tie-breakers are pillars, and go with the remedy that asks for them."""
    remedy, named = evaluation.remedy, evaluation.tie_breakers
    for index, name in enumerate(named):
        path = (*here, "tie_breakers", str(index))
        yield from name_known(spots, path, name, (*here, "pillars"), Code.PILLAR_UNKNOWN)
    kinds = {pillar.kind for pillar in evaluation.pillars}
    if remedy is Remedy.MORE_ITEMS and PillarKind.ITEMS not in kinds:
        yield here, Code.ITEMS_OF_NOTHING.at(spots.at(*here, "remedy"))
    if (remedy is Remedy.NAMED_TIE_BREAKERS) != bool(named):
        place = spots.at(*here, "remedy")
        yield here, Code.TIE_BREAKERS_ASTRAY.at(place, remedy=remedy.value, count=len(named))


def _plan(evaluation: Round, spots: Spots, here: Loc) -> Found:
    """A plan sizes every pillar of the round and no other, and its shares are parts of a whole."""
    if evaluation.plan is None:
        return
    path = (*here, "plan")
    for name, planned in evaluation.plan.pillars.items():
        place = (*path, "pillars", name)
        yield from name_known(spots, place, name, (*here, "pillars"), Code.PILLAR_UNKNOWN)
        yield from within_whole(spots, (*place, "spread"), planned.spread)
    yield from within_whole(spots, (*path, "level"), evaluation.plan.level)
    for index, gap in enumerate(evaluation.plan.gaps):
        yield from within_whole(spots, (*path, "gaps", str(index)), gap)
    named = [pillar.id for pillar in evaluation.pillars]
    if missing := [name for name in named if name not in evaluation.plan.pillars]:
        place = (*path, "pillars")
        yield place, Code.PLAN_PILLARS.at(spots.at(*place), names=", ".join(missing))
