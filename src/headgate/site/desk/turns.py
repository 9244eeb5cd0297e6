"""Who is asked to take an award: the winners of a list, then turn by turn who moves up for them.

A turn begins when everybody who was asked before has answered or let the days pass, so that what
falls free is given down the list and not to whoever was nearest when the first of them wrote.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from headgate.site.desk.agreement import unsigned
from headgate.site.desk.models import Acceptance, AwardList
from headgate.site.desk.office import CallNow


@dataclass(frozen=True, slots=True)
class Turn:
    """Some who were asked at once: when they were told, and who had given up for them to be."""

    told: datetime
    who: tuple[str, ...]
    left: tuple[str, ...] = ()


def turns_of(listed: AwardList) -> list[Turn]:
    """The winners of a list that was told, and whoever moved up; nobody before it was told."""
    if listed.told is None:
        return []
    later = (
        Turn(datetime.fromisoformat(one["told"]), tuple(one["awards"]), tuple(one["left"]))
        for one in listed.turns
    )
    return [Turn(listed.told, tuple(listed.winners)), *later]


def turn_of(listed: AwardList, code: str | None) -> Turn | None:
    """The turn in which an application was asked; None for one that was not."""
    return next((turn for turn in turns_of(listed) if code in turn.who), None)


def accept_by(rules: CallNow, told: datetime | None) -> date | None:
    """The last day on which an award that was told of may be taken; None where there is none."""
    if rules.call.standby is None or told is None:
        return None
    return rules.last_day(told, rules.call.standby.accept_days)


def is_over(last: date | None, rules: CallNow, now: datetime) -> bool:
    """Whether a last day has passed."""
    return last is not None and rules.day(now) > last


@dataclass(frozen=True)
class Asked:
    """How those who were asked have answered by a moment; what is read is read once."""

    rules: CallNow
    listed: AwardList
    now: datetime

    @cached_property
    def turns(self) -> list[Turn]:
        """Everybody who was asked, turn by turn."""
        return turns_of(self.listed)

    @cached_property
    def last(self) -> date | None:
        """The last day of the newest turn."""
        return accept_by(self.rules, self.turns[-1].told)

    @cached_property
    def answers(self) -> Mapping[str, bool]:
        """Who took the award, and who gave it or the place on standby up."""
        given = Acceptance.objects.filter(dossier__call=self.rules.id)
        return {code or "": yes for code, yes in given.values_list("dossier__code", "accepted")}

    @cached_property
    def before(self) -> frozenset[str]:
        """Whose award or place others were asked for."""
        return frozenset(code for turn in self.turns for code in turn.left)

    @cached_property
    def silent(self) -> list[str]:
        """Who of the newest turn has not answered."""
        return [code for code in self.turns[-1].who if code not in self.answers]

    @cached_property
    def unsigned(self) -> list[str]:
        """Who took the award, and an agreement on it lacks a signature."""
        return [code for code in unsigned(self.rules, self.listed) if code not in self.before]

    @cached_property
    def left(self) -> frozenset[str]:
        """Who gave up since others were asked, whoever let the days pass among them."""
        gone = {code for code, accepted in self.answers.items() if not accepted}
        if is_over(self.last, self.rules, self.now):
            gone.update(self.silent, self.unsigned)
        return frozenset(gone & {*self.listed.winners, *self.listed.standby}) - self.before

    @cached_property
    def everybody(self) -> frozenset[str]:
        """All who were asked."""
        return frozenset(code for turn in self.turns for code in turn.who)

    @property
    def makes_room(self) -> bool:
        """Whether an award is free that nobody else was asked to take."""
        return not self.left.isdisjoint(self.everybody)

    @property
    def is_open(self) -> bool:
        """Whether the newest turn must be waited for."""
        if is_over(self.last, self.rules, self.now):
            return False
        return bool((self.silent and self.last is not None) or self.unsigned)

    @property
    def declined(self) -> list[frozenset[str]]:
        """Who gave up turn by turn, as the journal has it."""
        found = [frozenset(turn.left) for turn in self.turns[1:]]
        return [*found, self.left] if self.left or not found else found
