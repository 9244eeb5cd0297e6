"""What the policy takes back of a right that lies idle, by its table of steps."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from headgate.core.policy.schema import ReclaimStep
from headgate.core.quantities import floor_share


@dataclass(frozen=True, slots=True)
class Reclaimed:
    """What a rule takes back, and the step that says so; None where nothing is taken."""

    gpu_seconds: int
    step: str | None


def reclaim(steps: Iterable[ReclaimStep], *, granted: int, used: int, balance: int) -> Reclaimed:
    """Apply the lowest step that the use falls under to the unused balance, rounded down.

    `granted` is what the rule holds use `against`: the whole grant, or what of it an even pace had
    come to. The step with the lowest `used_below` above the part used applies, whatever the order
    in which the policy lists them. Nothing is taken where nothing was granted or no balance is
    left.
    """
    if granted <= 0 or balance <= 0:
        return Reclaimed(0, None)
    part = Fraction(used, granted)
    under = [step for step in steps if part < step.used_below]
    if not under:
        return Reclaimed(0, None)
    step = min(under, key=lambda step: step.used_below)
    return Reclaimed(floor_share(balance, step.loses), step.id)
