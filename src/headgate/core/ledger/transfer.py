"""One movement between two accounts, and every way in which it can be refused.

The shape follows TigerBeetle's transfers: an amount is debited from one account and credited to
another of the same unit, at once (single) or in two phases (pending, then post, void or expire).
The id comes from the outside fact, so the same fact told twice moves nothing twice. Nothing is
edited: a correction is a new transfer whose `why` names the transfer it corrects.
"""

from dataclasses import dataclass
from enum import Enum


class Phase(Enum):
    """Whether a transfer stands alone, reserves, or resolves a reservation."""

    SINGLE = "single"
    PENDING = "pending"
    POST = "post"
    VOID = "void"
    EXPIRE = "expire"


@dataclass(frozen=True, slots=True)
class Transfer:
    """One movement.

    `debit` and `credit` are account paths, `amount` is a positive integer of `unit`, `pending` is
    the id of the reservation that a post, void or expire resolves and None otherwise, `at` is UTC
    ("2026-03-09T00:00:00Z"), and `why` names the decision, rule or corrected transfer behind it.
    A post moves its amount and frees the rest; a void or an expire repeats the reserved amount.
    """

    id: str
    debit: str
    credit: str
    amount: int
    unit: str
    phase: Phase
    pending: str | None
    at: str
    why: str


class Outcome(Enum):
    """What became of a transfer that was not refused."""

    CREATED = "the transfer is in the books"
    EXISTS = "the same transfer was in the books already; nothing moved"


class Refusal(Enum):
    """Why a transfer was not posted, in order of precedence: the first that applies is given."""

    LINKED_TRANSFER_REFUSED = "another transfer of the same linked group was refused"
    ID_BAD = "the id is empty, too long or not plain text"
    EXISTS_WITH_DIFFERENT_BODY = "another transfer with this id is in the books"
    AT_BAD = "the instant is not of the form 2026-03-09T00:00:00Z"
    WHY_BAD = "the reason is empty, too long or not plain text"
    AMOUNT_NOT_POSITIVE = "the amount is not an integer above zero"
    SAME_ACCOUNT = "a transfer cannot debit and credit one account"
    DEBIT_ACCOUNT_UNKNOWN = "the chart has no such account to debit"
    CREDIT_ACCOUNT_UNKNOWN = "the chart has no such account to credit"
    UNIT_MISMATCH = "both accounts must be kept in the transfer's unit"
    PENDING_MUST_BE_ABSENT = "only a post, a void or an expire names a pending transfer"
    PENDING_MUST_BE_NAMED = "a post, a void and an expire name the pending transfer they resolve"
    PENDING_NOT_FOUND = "no transfer has the id named as pending"
    PENDING_NOT_PENDING = "the transfer named as pending is not a reservation"
    PENDING_HAS_DIFFERENT_ACCOUNTS = "the reservation stands between two other accounts"
    PENDING_ALREADY_POSTED = "the reservation has been posted"
    PENDING_ALREADY_VOIDED = "the reservation has been voided"
    PENDING_ALREADY_EXPIRED = "the reservation has expired"
    EXCEEDS_PENDING_AMOUNT = "a post cannot move more than was reserved"
    PENDING_HAS_DIFFERENT_AMOUNT = "a void and an expire repeat the reserved amount"
    OVERFLOWS_ACCOUNT = "a total of an account would pass 2^63 - 1"
    EXCEEDS_CREDITS = "the debited account's debits would exceed its credits"
    EXCEEDS_DEBITS = "the credited account's credits would exceed its debits"
    TIME_RUNS_BACKWARDS = "the instant is before the latest transfer in the books"
