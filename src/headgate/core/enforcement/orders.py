"""Order lists: all that one site's cluster shall hold, signed by the programme's keys.

A list is one canonical line, an empty line, and the signed head of a tree of which that line is the
only leaf; the head's origin is `<log>/orders/<site>`, so that it can never be taken for a head of
the journal or for another site's list, and its size is that of the journal from which the list was
derived. Whoever holds the log's public keys needs to trust neither the portal nor the way.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Final

from pydantic import TypeAdapter, ValidationError

from headgate.core import canonical
from headgate.core.enforcement.clusters.kind import Said
from headgate.core.enforcement.engine import Order
from headgate.core.ledger.checkpoint import (
    Checkpoint,
    NoteRefusal,
    Signer,
    Verifier,
    claimed,
    open_note,
    sign,
)
from headgate.core.ledger.refused import Refused
from headgate.core.ledger.tree import root

FORMAT: Final = 1


class OrdersRefusal(Enum):
    """Why an order list is not followed, in order of precedence."""

    FORM_BAD = "an order list is one line, an empty line and a signed note"
    UNSIGNED = "the programme's keys have not both signed it"
    SIGNATURE_WRONG = "a signature does not belong to the list and the programme's keys"
    FOREIGN = "it is for another site, or another programme's"
    OTHER_LIST = "what was signed is another list"
    CHECKPOINT_BAD = "the checkpoint that it derives from is not signed, or is of another size"
    OLDER = "a newer list was followed already"


@dataclass(frozen=True, slots=True)
class OrderList:
    """What one site shall hold; `checkpoint` is the signed note of the journal it derives from.

    `at` is when it was derived. `spent` is what the ledger knows to be used there, in GPU-seconds
    by award and class: a cluster's own counter is held against it. `told` is what its agent has
    told beyond that; all use before `until` is in one of the two. `sharing` is what the policy says
    of sharing there, if it does. `gone` are the numbers of people who may run no longer, each with
    the award, or "" for every one.
    """

    headgate: int
    programme: str
    site: str
    at: str
    checkpoint: str
    orders: tuple[Order, ...]
    envelopes: tuple[Order, ...]
    spent: tuple[tuple[str, str, int], ...]
    sharing: tuple[Said, ...] = ()
    told: tuple[tuple[str, str, int], ...] = ()
    until: str = ""
    gone: tuple[tuple[str, int], ...] = ()

    def line(self) -> bytes:
        """The canonical line."""
        return canonical.line(self)


@dataclass(frozen=True, slots=True)
class Sealed:
    """An order list as it was signed: `size` counts the journal's entries, `digest` names it."""

    listed: OrderList
    size: int
    digest: str

    @property
    def age(self) -> tuple[int, str]:
        """What a newer list is never less than."""
        return self.size, self.listed.at


def seal(listed: OrderList, size: int, signers: Sequence[Signer]) -> bytes:
    """The list as it is handed out, signed by every key that must sign."""
    line, log = listed.line(), signers[0].name
    return line + b"\n" + sign(_head(log, listed.site, size, line), signers, log=log)


def unseal(
    data: bytes, site: str, keys: Sequence[Verifier], last: tuple[int, str] = (0, "")
) -> Sealed:
    """The list that all of `keys` have signed for `site`, not older than `last`, an `age`.

    Raises `Refused`.
    """
    line, gap, note = data.partition(b"\n\n")
    line += b"\n"
    head = claimed(note)
    if not gap or (isinstance(head, NoteRefusal) and head is not NoteRefusal.NOTE_UNSIGNED):
        raise Refused(OrdersRefusal.FORM_BAD, _why(head))
    if isinstance(head, NoteRefusal):
        raise Refused(OrdersRefusal.UNSIGNED, head.value)
    log = keys[0].name
    if head.origin != f"{log}/orders/{site}":
        raise Refused(OrdersRefusal.FOREIGN, f"{head.origin}, and not {log}/orders/{site}")
    signed = open_note(note, keys, log=log)
    if signed is NoteRefusal.SIGNATURE_WRONG:
        raise Refused(OrdersRefusal.SIGNATURE_WRONG, head.origin)
    if isinstance(signed, NoteRefusal):
        raise Refused(OrdersRefusal.UNSIGNED, signed.value)
    if head != _head(log, site, head.size, line):
        raise Refused(OrdersRefusal.OTHER_LIST, head.origin)
    found = Sealed(_read(line, site), head.size, canonical.digest(line))
    base = open_note(found.listed.checkpoint.encode(), keys)
    if not isinstance(base, Checkpoint) or base.size != head.size:
        raise Refused(OrdersRefusal.CHECKPOINT_BAD, _why(base))
    if found.age < last:
        about = f"{found.size} entries at {found.listed.at}, followed {last[0]} entries"
        raise Refused(OrdersRefusal.OLDER, f"{about} at {last[1]}")
    return found


def _read(line: bytes, site: str) -> OrderList:
    try:
        listed = _form().validate_json(line)
    except ValidationError as error:
        raise Refused(OrdersRefusal.FORM_BAD, error.errors()[0]["msg"]) from None
    if listed.line() != line or listed.headgate != FORMAT:
        raise Refused(OrdersRefusal.FORM_BAD, "it is not as it was written")
    if any(order.cluster != site for order in (*listed.orders, *listed.envelopes)):
        raise Refused(OrdersRefusal.FOREIGN, "an order in it is for another site")
    return listed


def _head(log: str, site: str, size: int, line: bytes) -> Checkpoint:
    return Checkpoint(f"{log}/orders/{site}", size, root([line]))


def _why(found: Checkpoint | NoteRefusal) -> str:
    return found.value if isinstance(found, NoteRefusal) else f"{found.size} entries"


@cache
def _form() -> TypeAdapter[OrderList]:
    """What reads a list, made when there is one to read: most commands see none."""
    return TypeAdapter(OrderList)
