"""What stands around the award list of a call: outside grants before it, and what follows it."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from headgate.core.policy.clocks import Clock, Rest
from headgate.core.policy.primitives import Identifier, Share
from headgate.core.quantities import add_days
from headgate.core.supports.kind import Section
from headgate.core.supports.text import Text


class TieBreak(StrEnum):
    """What decides between equal scores, in the order the policy lists them."""

    SMALLER_REQUEST = "smaller_request"
    FIRST_COME = "first_come"
    LOT = "lot"


class OutsideGrants(Section):
    """A gate of the call is shut where another programme pays for the same in the same time.

    The same are an organisation of the application and words that are `alike`, at least. Without
    this section grants of other programmes are shown, and nothing follows from them.
    """

    gate: Identifier
    alike: Share


class Standby(Section):
    """Ranked but not yet awarded: how long a winner may think before the next is asked."""

    accept_days: Clock


class Heard(Section):
    """The clocks of a call's result: objections to it, the answer to one, and its own notice.

    The result is told within `notice_days` of the list's first signature.
    """

    object_days: Clock
    answer_days: Clock
    notice_days: Clock | None = None


class Agreement(Section):
    """What a winner and the office both sign, with its obligations, before an award may begin.

    It is signed within the days that a winner has to answer; who has not signed has declined.
    """

    obligations: Annotated[Mapping[Identifier, Text], Field(min_length=1)]


class Invoice(Section):
    """By when a fee is paid, once it is owed; a call without this section writes no invoices.

    An award may be suspended once an invoice is not paid `suspend_days` after its last day, and
    runs again when it is; without them nothing follows from a fee that is overdue.
    """

    due_days: Clock
    suspend_days: Clock | None = None

    def suspends_from(self, due: date, rest: Rest | None) -> date | None:
        """The first day on which what was due lets an award be suspended; None where it never does.

        `rest` are the programme's days of rest.
        """
        if self.suspend_days is None:
            return None
        return add_days(self.suspend_days.after(due, rest), 1)
