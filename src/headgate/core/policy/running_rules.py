"""What an award that runs may ask for, what it owes, and from which day its time counts.

A call without this section lets nothing of its awards be changed and asks for no report.
"""

from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field

from headgate.core.policy.primitives import Identifier, Natural, Positive, Share
from headgate.core.supports.kind import Section
from headgate.core.supports.text import Text


class Explanation(Section):
    """The holder of an idle award explains within `days` of the notice.

    An explanation that is accepted spares at most `spares_most` of what the table would take.
    """

    days: Positive
    spares_most: Share


class Acceptance(Section):
    """An award's time begins when it can be used: the holder says so, or is silent for some days.

    The days until then are added at its end.
    """

    silent_days: Positive


class Overdue(StrEnum):
    """What follows from a report that is due and not accepted."""

    IS_SHOWN = "is_shown"
    BARS_CHANGES = "bars_changes"
    ENDS_AWARD = "ends_award"


class Report(Section):
    """A report that a holder owes: so many months after the award's start, or days after its end.

    `holds` says what it must have in it. ENDS_AWARD lets the award go into no further term.
    """

    id: Identifier
    name: Text
    holds: Text
    after_months: Positive | None = None
    after_end_days: Natural | None = None
    overdue: Overdue = Overdue.IS_SHOWN


class Running(Section):
    """The rules of a call for its awards that run: a request is answered within `answer_days`.

    An award may be longer by `longer_months_most` in all, may change its class or its members, and
    may give blocks back; each only where the policy says so.
    """

    answer_days: Annotated[int, Field(gt=0, le=366)]
    acceptance: Acceptance | None = None
    longer_months_most: Natural = 0
    change_class: bool = False
    change_members: bool = False
    give_back: bool = False
    reports: tuple[Report, ...] = ()


NO_RULES: Final = Running(answer_days=1)
"""Those of a call without the section: nothing can be changed, and no report is asked for."""
