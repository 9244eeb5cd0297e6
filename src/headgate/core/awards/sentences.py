"""A reason as one plain English sentence; other languages translate from the codes."""

from enum import Enum

from headgate.core.awards.reasons import Change, ChangeKind, Outcome, Reason


class CutoffLine(Enum):
    """How the lowest score awarded stands to a refused one: above it, equal to it, or below it.

    Only the first is a line that was missed. The others were awarded what the refused request could
    not have taken over, and the sentence says so.
    """

    CUTOFF = "lowest score awarded there {cutoff}, its score is {own}"
    CUTOFF_EQUAL = (
        "its score is {own}, and so is the lowest awarded there: for requests before it in the "
        "published order, or that it could not replace without a loss of worth, or in another class"
    )
    CUTOFF_BELOW = (
        "its score is {own}; scores down to {cutoff} were awarded there, but only for requests "
        "that it could not replace without a loss of worth, or in another class"
    )


_BECAUSE = {
    Outcome.NOTHING_TO_GIVE: "{rule} has nothing to give, not one block",
    Outcome.TOO_LARGE: "its minimum request is more than {rule} could ever give",
    Outcome.CONCENTRATION_LIMIT: "nothing is left under the concentration limit {rule}",
    Outcome.CAP_REACHED: "nothing is left under the cap {rule}",
    Outcome.ENVELOPE_SPENT: "the envelope {rule} is spent",
    Outcome.POOL_SPENT: "the pool {rule} is spent",
    Outcome.BELOW_MINIMUM_FIT: "what is left under {rule} is less than its minimum request",
    Outcome.FLOOR_RESERVED: "what is left is needed to keep the floor {rule}",
}


def sentence(reason: Reason) -> str:
    """Tell a candidate what happened, which rule decided, and what would have changed it."""
    if reason.outcome is Outcome.AWARDED:
        return f"{reason.application} is awarded {_blocks(reason.blocks, reason.pool)}, as asked."
    if reason.outcome is Outcome.AWARDED_IN_PART:
        got = f"{_blocks(reason.blocks, reason.pool)} of the {reason.blocks_asked} asked"
        return f"{reason.application} is awarded {got}; {reason.rules[0]} leaves no room for more."
    if reason.outcome is Outcome.DECLINED:
        return f"{reason.application} declined its award."
    because = _BECAUSE[reason.outcome].format(rule=reason.rules[0])
    told = f"{reason.application} is not awarded: {because}{_cutoff(reason)}."
    return " ".join([told, *(_change(change) for change in reason.nearest)])


def _blocks(count: int, pool: str) -> str:
    return f"{count} block{'' if count == 1 else 's'} of {pool}"


def _cutoff(reason: Reason) -> str:
    if reason.cutoff is None:
        return ""
    line = cutoff_line(reason.score, reason.cutoff).value
    return f" ({line.format(own=points(reason.score), cutoff=points(reason.cutoff))})"


def cutoff_line(score: int, cutoff: int) -> CutoffLine:
    """How to speak of a cut-off (milli-points) to one with that score."""
    if score == cutoff:
        return CutoffLine.CUTOFF_EQUAL
    return CutoffLine.CUTOFF if score < cutoff else CutoffLine.CUTOFF_BELOW


def _change(change: Change) -> str:
    displaced = f", in place of {change.displaced}" if change.displaced else ""
    match change.kind:
        case ChangeKind.FEWER_BLOCKS:
            asked = f"{_blocks(change.value, change.pool)} instead of {change.instead}"
            return f"With {asked} it would have been awarded{displaced}."
        case ChangeKind.HIGHER_SCORE:
            short = points(change.value - change.instead)
            won = f"would have won an award of {change.pool}{displaced}"
            return f"It was {short} points short of {points(change.value)}, which {won}."
        case ChangeKind.OTHER_POOL:
            got = _blocks(change.value, change.pool)
            return f"Had it named {change.pool} too, it would have been awarded {got}{displaced}."


def points(milli_points: int) -> str:
    """Milli-points as points, without needless zeros: 80500 is 80.5."""
    whole, rest = divmod(milli_points, 1000)
    return f"{whole}.{rest:03}".rstrip("0").rstrip(".")
