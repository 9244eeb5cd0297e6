"""What follows the award list of a call: answers, notice and objections, agreement, invoices."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from headgate.core.policy.clocks import Clock
from headgate.core.policy.primitives import Identifier
from headgate.core.supports.kind import Section
from headgate.core.supports.text import Text


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
    """By when a fee is paid, once it is owed; a call without this section writes no invoices."""

    due_days: Clock
