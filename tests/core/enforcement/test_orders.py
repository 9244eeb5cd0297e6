"""An order list is followed as the programme's keys signed it, for this site, and the newest."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from headgate.core.enforcement.clusters.kind import Said
from headgate.core.enforcement.engine import Order, Quota, QuotaState
from headgate.core.enforcement.orders import OrderList, OrdersRefusal, seal, unseal
from headgate.core.ledger.checkpoint import Algorithm, Checkpoint, Signer, sign
from headgate.core.ledger.refused import Refused

LOG, SIZE = "example.org/log", 41
QUOTA = Quota(
    "a-1", "h200", 8, 3_600, "2026-03-01T00:00:00Z", "2026-09-01T00:00:00Z", QuotaState.OPEN
)


def signers(log: str = LOG, secret: int = 1) -> list[Signer]:
    """The two keys of a log, made from one byte."""
    return [Signer(log, algorithm, bytes([secret]) * 32) for algorithm in Algorithm]


KEYS = [signer.verifier() for signer in signers()]


def note(size: int = SIZE, by: list[Signer] | None = None) -> str:
    """A signed checkpoint of the journal."""
    return sign(Checkpoint(LOG, size, bytes(32)), by or signers()).decode()


def listed(site: str = "north", at: str = "2026-03-02T00:00:00Z", of: str = "north") -> OrderList:
    """A list of one order."""
    order = Order(of, QUOTA, "calls.open")
    spent, shares = (("a-1", "h200", 7),), (Said(True, 50, None, True),)
    return OrderList(1, "small", site, at, note(), (order,), (), spent, shares)


LIST = listed()
GOOD = seal(LIST, SIZE, signers())
HEAD, _, SIGNED = GOOD.partition(b"\n\n")


LAST = (SIZE, LIST.at)
"""The age of what was followed before."""


BAD: dict[OrdersRefusal, list[Callable[[], bytes]]] = {
    OrdersRefusal.FORM_BAD: [
        lambda: b"",
        lambda: HEAD + b"\n\nno head\n\n" + SIGNED.partition(b"\n\n")[2],
        lambda: seal(replace(LIST, headgate=2), SIZE, signers()),
    ],
    OrdersRefusal.UNSIGNED: [
        lambda: b"{}\n\nnonsense",
        lambda: GOOD.replace(b"\n\n", b"\n", 1),
        lambda: HEAD + b"\n\n" + SIGNED.partition(b"\n\n")[0] + b"\n",
        lambda: GOOD.rpartition("\u2014".encode())[0],
        lambda: seal(LIST, SIZE, signers(secret=2)),
    ],
    OrdersRefusal.SIGNATURE_WRONG: [
        lambda: GOOD.replace(b"\n41\n", b"\n42\n"),
    ],
    OrdersRefusal.FOREIGN: [
        lambda: seal(listed("south"), SIZE, signers()),
        lambda: seal(LIST, SIZE, signers("example.org/other")),
        lambda: seal(listed(of="south"), SIZE, signers()),
        lambda: HEAD + b"\n\n" + note().encode(),
    ],
    OrdersRefusal.OTHER_LIST: [
        lambda: GOOD.replace(b'"gpus_most":8', b'"gpus_most":9'),
    ],
    OrdersRefusal.CHECKPOINT_BAD: [
        lambda: seal(LIST, SIZE + 1, signers()),
        lambda: seal(replace(LIST, checkpoint=note(by=signers(secret=3))), SIZE, signers()),
        lambda: seal(replace(LIST, checkpoint=""), SIZE, signers()),
    ],
    OrdersRefusal.OLDER: [
        lambda: seal(replace(LIST, at="2026-03-01T23:59:59Z"), SIZE, signers()),
        lambda: seal(replace(LIST, checkpoint=note(40)), 40, signers()),
    ],
}


def test_a_list_comes_back_as_it_was_signed() -> None:
    """What is followed is what was signed, as of the journal that was signed."""
    found = unseal(GOOD, "north", KEYS, LAST)
    assert (LIST, SIZE) == (found.listed, found.size)


@pytest.mark.parametrize("refusal", OrdersRefusal)
def test_every_refusal_has_its_name(refusal: OrdersRefusal) -> None:
    """Unsigned, wrongly signed, foreign, swapped and older lists are each told apart."""
    for made in BAD[refusal]:
        with pytest.raises(Refused) as caught:
            unseal(made(), "north", KEYS, LAST)
        assert refusal is caught.value.reason


def test_no_byte_of_a_list_can_be_another() -> None:
    """Whatever single byte is changed, the list is refused."""
    for place in range(0, len(GOOD), 7):
        spoilt = GOOD[:place] + bytes([GOOD[place] ^ 1]) + GOOD[place + 1 :]
        with pytest.raises(Refused):
            unseal(spoilt, "north", KEYS)
