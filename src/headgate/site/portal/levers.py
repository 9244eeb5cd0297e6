"""What can be tried of a policy with a slider, and the overlay that the sliders come to.

The overlay is the text that `headgate simulate --overlay` takes: the page has no rules of its own.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as named

from headgate.core.policy.schema import Envelopes, Policy
from headgate.core.policy.sharing import Idle, Sharing
from headgate.core.quantities import DAY_SECONDS, HOUR_SECONDS, add_months
from headgate.core.seats import Method, apportion
from headgate.core.supports.compute import Compute, Lot
from headgate.report.speaker import Speaker

PERCENT: Final = 100
BORROW_MOST, SHARING_STEP = 200, 5
CAP_MOST: Final = 50
LATER_MOST: Final = 12
SUPPLY_MOST, SUPPLY_STEP = 200, 5
SHARE: Final = "share-"
WAS: Final = "was"


class Group(StrEnum):
    """What levers are about, in the page's order."""

    SHARES = "shares"
    SHARING = "sharing"
    SUPPLY = "supply"


class Wrong(StrEnum):
    """Why a value of an address cannot be tried; the policy's own stands in its place."""

    NOT_A_NUMBER = named("is no whole number")
    OUT_OF_RANGE = named("is out of the slider's range")


@dataclass(frozen=True, slots=True)
class Lever:
    """One slider: its name in the address, its words, the policy's value and its range.

    At its `top` and `bottom` a slider says so in words, such as that there is no limit.
    """

    name: str
    group: Group
    label: str
    unit: str
    value: int
    high: int
    step: int = 1
    low: int = 0
    top: str = ""
    bottom: str = ""
    hint: str = ""

    def shown(self, value: int) -> str:
        """A value as the page writes it beside the slider."""
        if self.bottom and value <= self.low:
            return self.bottom
        return self.top if self.top and value >= self.high else f"{value} {self.unit}".strip()


@dataclass(frozen=True, slots=True)
class Board:
    """All levers of a policy, which is tried from `first` on, on `support`."""

    policy: Policy
    support: str
    first: date
    levers: tuple[Lever, ...]

    @property
    def envelopes(self) -> Envelopes | None:
        """How the policy divides it, if it does."""
        return self.policy.envelopes.get(self.support)


def board(policy: Policy, first: date, say: Speaker) -> Board | None:
    """The levers of a policy in the reader's language; None where nothing of it can be replayed."""
    section = policy.supports.get(policy.replayed)
    if not isinstance(section, Compute):
        return None
    made = list[Lever]()
    if policy.divided:
        made += _shares(policy, policy.divided, say)
        made += _sharing(policy, policy.divided, section, first)
    return Board(policy, policy.replayed, first, (*made, *_supply(section)))


def _shares(policy: Policy, support: str, say: Speaker) -> Iterator[Lever]:
    shares, of = policy.envelopes[support].shares, policy.envelopes[support].of
    whole, unit = sum(shares.values()), "%" if of == PERCENT else _("of %(whole)s") % {"whole": of}
    for holder, share in shares.items() if len(shares) > 1 else ():
        label = say.holder(holder) if holder in say.holders else holder
        yield Lever(f"{SHARE}{holder}", Group.SHARES, label, unit, share, whole)


def _sharing(policy: Policy, support: str, section: Compute, first: date) -> Iterator[Lever]:
    said = policy.envelopes[support].sharing or Sharing()
    most = max(BORROW_MOST, said.borrow_percent or 0) + SHARING_STEP
    borrows = most if said.borrow_percent is None else said.borrow_percent
    walls = said.idle is Idle.KEPT
    label = _("An envelope may borrow, % of its quota")
    hint = _("Behind walls nobody uses what another leaves idle.")
    yield Lever("borrow", Group.SHARING, label, "%", 0 if walls else borrows, most,
                _step(borrows), top=_("no limit"), bottom=_("walls"), hint=hint)  # fmt: skip
    label = _("An envelope lends, % of its quota")
    yield Lever("lend", Group.SHARING, label, "%", said.lend_percent, PERCENT,
                _step(said.lend_percent))  # fmt: skip
    label = _("Owners take back at once what they lent")
    yield Lever(
        "reclaim", Group.SHARING, label, "", int(said.reclaim), 1, top=_("yes"), bottom=_("no")
    )
    hours = said.budgets.gpu_hours if said.budgets else None
    whole = _term_hours(policy, section, first)
    cap = CAP_MOST + 1 if hours is None else _within(hours * PERCENT // max(whole, 1))
    label = _("Cap of one award, % of all GPU-hours of a term")
    yield Lever("cap", Group.SHARING, label, "%", cap, CAP_MOST + 1, low=1, top=_("no cap"))


def _within(cap: int) -> int:
    return min(max(cap, 1), CAP_MOST)


def _step(value: int) -> int:
    """Steps on which the policy's own value lies: a browser would move it to the nearest."""
    return 1 if value % SHARING_STEP else SHARING_STEP


def _term_hours(policy: Policy, section: Compute, first: date) -> int:
    """GPU-hours of one term, as the supply of the first day has them, or else the largest."""
    gpus = sum(section.supply(first).values()) or sum(x.state_gpus for x in section.lots.values())
    days = (add_months(first, policy.programme.calendar.months) - first).days
    return gpus * days * DAY_SECONDS // HOUR_SECONDS


def _supply(section: Compute) -> Iterator[Lever]:
    for chip, one in section.chips.items():
        if any(lot.chip == chip for lot in section.lots.values()):
            label = _("%(chip)s arrives later, months") % {"chip": one.name}
            yield Lever(f"later-{chip}", Group.SUPPLY, label, "", 0, LATER_MOST)
            label = _("Supply of %(chip)s, %% of what is bought") % {"chip": one.name}
            yield Lever(f"supply-{chip}", Group.SUPPLY, label, "%", PERCENT, SUPPLY_MOST,
                        SUPPLY_STEP)  # fmt: skip


def values_of(
    levers: Sequence[Lever], given: Mapping[str, str]
) -> tuple[dict[str, int], list[tuple[Lever, Wrong]]]:
    """The value of each lever as an address has it, and what of it cannot be tried."""
    values, wrong = {lever.name: lever.value for lever in levers}, []
    for lever in levers:
        said = given.get(lever.name, "").strip()
        if not said:
            continue
        if not said.isascii() or not said.isdecimal() or len(said) > 9:
            wrong.append((lever, Wrong.NOT_A_NUMBER))
        elif not lever.low <= int(said) <= lever.high:
            wrong.append((lever, Wrong.OUT_OF_RANGE))
        else:
            values[lever.name] = int(said)
    return _whole(levers, values, given.get(WAS, "")), wrong


def _whole(levers: Sequence[Lever], values: Mapping[str, int], was: str) -> dict[str, int]:
    """The values with the shares summing up to what the policy's do.

    What was moved keeps its place; the others divide what it leaves in proportion to what they had,
    by largest remainder. Where that cannot be, all are scaled.
    """
    shares = [lever for lever in levers if lever.group is Group.SHARES]
    known = was.split("-")
    fits = len(known) == len(shares) and all(x.isascii() and x.isdecimal() for x in known)
    before = {x.name: int(known[n][:9]) if fits else x.value for n, x in enumerate(shares)}
    whole, now = sum(lever.value for lever in shares), {x.name: values[x.name] for x in shares}
    if sum(now.values()) == whole:
        return dict(values)
    moved = {name: value for name, value in now.items() if value != before[name]}
    others, left = {n: before[n] for n in now if n not in moved}, whole - sum(moved.values())
    if left < 0 or not others:
        moved, others, left = {}, now, whole
    others = others if any(others.values()) else dict.fromkeys(others, 1)
    return {**values, **moved, **apportion(left, others, Method.LARGEST_REMAINDER)}


def moved(levers: Sequence[Lever], values: Mapping[str, int]) -> dict[str, int]:
    """What is otherwise than in the policy: what a lasting address has."""
    return {x.name: values[x.name] for x in levers if values[x.name] != x.value}


def overlay_text(
    name: str, because: str, first: date, changes: Mapping[str, int | str | date | None]
) -> str:
    """Changes of values by their paths as an overlay from a day on."""
    lines = [f"  {path}: {'null' if new is None else new}" for path, new in changes.items()]
    head = (f"overlay: {name}", f"because: {{en: {because}}}")
    return "\n".join([*head, f"from: {first}", "onwards: true", "set:", *lines, ""])


def overlay(levers: Board, changed: Mapping[str, int]) -> str:
    """The overlay that moved levers come to."""
    changes: dict[str, int | str | date | None] = {}
    base = f"envelopes.{levers.support}"
    for name, value in changed.items():
        if name.startswith(SHARE):
            changes[f"{base}.shares.{name.removeprefix(SHARE)}"] = value
    said = _words(levers, changed)
    if said and levers.envelopes and levers.envelopes.sharing is None:
        listed = ", ".join(f"{word}: {value}" for word, value in said.items() if value is not None)
        changes[f"{base}.sharing"] = f"{{{listed}}}"
    else:
        changes |= {f"{base}.sharing.{word}": value for word, value in said.items()}
    changes |= _supplied(levers, changed)
    return overlay_text("what-if", "Tried on the what-if page.", levers.first, changes)


def _words(levers: Board, changed: Mapping[str, int]) -> dict[str, int | str | None]:
    """Words of sharing that are said otherwise; None for one that is no longer said."""
    said = levers.envelopes.sharing if levers.envelopes else None
    found: dict[str, int | str | None] = {}
    if "borrow" in changed:
        borrow = changed["borrow"]
        top = next(lever.high for lever in levers.levers if lever.name == "borrow")
        found["idle"] = "lent" if borrow else "kept"
        if 0 < borrow < top:
            found["borrow_percent"] = borrow
        elif borrow and said is not None and said.borrow_percent is not None:
            found["borrow_percent"] = None
    if "lend" in changed:
        found["lend_percent"] = changed["lend"]
    if "reclaim" in changed:
        found["reclaim"] = "true" if changed["reclaim"] else "false"
    if "cap" in changed:
        hours = _cap_hours(levers, changed["cap"])
        if said is not None and said.budgets is not None:
            found["budgets.gpu_hours"] = hours
        else:
            found["budgets"] = f"{{gpu_hours: {hours}}}"
    return found


def _cap_hours(levers: Board, cap: int) -> int | None:
    """What an award may use of a term; None where nothing bounds it any longer."""
    section = levers.policy.supports[levers.support]
    if cap > CAP_MOST or not isinstance(section, Compute):
        return None
    return max(_term_hours(levers.policy, section, levers.first) * cap // PERCENT, 1)


def _supplied(levers: Board, changed: Mapping[str, int]) -> dict[str, int | str | date | None]:
    """Lots that come later, or are larger or smaller; what is divided grows with what is there."""
    section = levers.policy.supports[levers.support]
    assert isinstance(section, Compute)
    found: dict[str, int | str | date | None] = {}
    more = 0
    for name, lot in section.lots.items():
        path = f"supports.{levers.support}.lots.{name}"
        later = changed.get(f"later-{lot.chip}", 0)
        if later:
            found[f"{path}.usable"] = add_months(max(lot.usable, levers.first), later)
        gpus = _scaled(lot, section.node_gpus, changed.get(f"supply-{lot.chip}", PERCENT))
        if gpus != lot.state_gpus:
            more += gpus - lot.state_gpus
            found[f"{path}.state_gpus"] = gpus
        if gpus > lot.gpus:
            found[f"{path}.gpus"] = gpus
    base = levers.envelopes.base if levers.envelopes else None
    if more and base is not None:
        found[f"envelopes.{levers.support}.base"] = max(base + more, 1)
    return found


def _scaled(lot: Lot, node: int, percent: int) -> int:
    """A lot's GPUs at a part of what they are, in whole nodes."""
    if percent == PERCENT:
        return lot.state_gpus
    return lot.state_gpus * percent // PERCENT // node * node
