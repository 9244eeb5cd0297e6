"""Checks of a call's fee: whatever rule settles it, what is owed is a share of the price.

A table's values may be anything, so that the models leave them alone; what a fee makes of them is
said here, before the first award is billed.
"""

from collections.abc import Iterator

from pydantic_core import PydanticCustomError

from headgate.core.faults import Fault, Sentence
from headgate.core.policy.codes import Code
from headgate.core.policy.primitives import share_of
from headgate.core.policy.schema import Policy, Table
from headgate.core.policy.spots import Found, Spots
from headgate.core.policy.values import Loc, Value


def fee_faults(root: Value) -> Iterator[Fault]:
    """The base and the exceptions of every call's fee that are no share from 0 to 100 %."""
    calls = root.part("calls")
    for name, call in calls.parts() if calls is not None else ():
        fee = call.part("fee")
        for key, value in _values(fee) if fee is not None else ():
            yield from _fault(f"calls.{name}.fee.{key}", value)


def _values(fee: Value) -> Iterator[tuple[str, Value]]:
    """Every value that a fee may settle on, by its path in the fee."""
    if (base := fee.part("base")) is not None:
        yield "base", base
    exceptions = fee.part("exceptions")
    for name, exception in exceptions.parts() if exceptions is not None else ():
        if (then := exception.part("then")) is not None:
            yield f"exceptions.{name}.then", then


def unpriced(policy: Policy, spots: Spots) -> Found:
    """Classes of a call with a fee that have no price: a share of nothing would be billed."""
    for name, call in policy.calls.items():
        support = policy.supports.get(call.support)
        if support is None or call.fee is None or not _asks(call.fee):
            continue
        for kind in call.classes:
            subject: Loc = ("supports", call.support, support.classes_at, kind)
            if kind in support.classes and support.price(kind, 1) is None:
                place = spots.at("calls", name, "classes", kind)
                yield subject, Code.FEE_WITHOUT_PRICE.at(place, name=kind, price=support.price_at)


def _asks(fee: Table) -> bool:
    """Whether anybody owes anything; values that are no shares are told elsewhere."""
    for value in (fee.base, *(one.then for one in fee.exceptions)):
        try:
            if share_of(value):
                return True
        except PydanticCustomError:
            continue
    return False


def _fault(path: str, value: Value) -> Iterator[Fault]:
    try:
        share = share_of(value.data)
    except PydanticCustomError:
        yield Code.SHARE_WRONG.at(value.provenance, path=path)
        return
    if not 0 <= share <= 1:
        words = {"path": path, "value": value.data, "range": Sentence("a share from 0 to 100 %")}
        yield Code.RANGE_WRONG.at(value.provenance, **words)
