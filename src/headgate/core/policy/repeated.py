"""Calls that repeat: written once, and meant as so many calls that follow each other.

    calls:
      fast-lane:
        opens: 2026-01-05
        repeat: {months: 2, times: 6}

are the calls fast-lane, fast-lane-2 to fast-lane-6, each with every day, those of its stages too,
so many months later than the one before it; a day that a month has not is its last. With `days`
they are so many days apart. Each stands where the one is written, so that a fault, a source or an
assumption of it is found there.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Final

from pydantic import ValidationError

from headgate.core.faults import Fault
from headgate.core.policy.clocks import Repeat
from headgate.core.policy.primitives import DAY_MOST
from headgate.core.policy.tree import Node
from headgate.core.policy.values import Loc, Tree, Value

DAYS: Final = ("opens", "closes", "decides", "starts")


def spelled(tree: Tree) -> Tree:
    """What a programme says on a day, its repeating calls as the calls they mean.

    A call whose `repeat` cannot be followed keeps it, for the checks to say why.
    """
    calls = tree.value.part("calls")
    if calls is None or not isinstance(calls.data, Mapping):
        return tree
    told, parts = calls.data, dict(tree.value.parts())
    every = {name: (base, one) for base in told for name, one in _each(base, told)}
    written = {name: one for name, (_, one) in every.items()}
    of = {name: base for name, (base, _) in every.items() if name != base}
    return replace(
        tree,
        value=replace(tree.value, data={**parts, "calls": replace(calls, data=written)}),
        ended=_copied(tree.ended, of),
        pending=_copied(tree.pending, of),
    )


def told_once(programme: Node, faults: Iterable[Fault]) -> Iterator[Fault]:
    """Faults, those of a call that repeats for the one that is written and not for each it means.

    What only a later one of them has is kept.
    """
    calls = programme.get("calls")
    written = calls.data if calls is not None and isinstance(calls.data, Mapping) else {}
    bases = "|".join(re.escape(name) for name, one in written.items() if one.get("repeat"))
    later = re.compile(rf"`calls\.({bases})-\d+(?=[.`])") if bases else None
    found = [*dict.fromkeys(faults)]
    known = {replace(fault, what=str(fault.what)) for fault in found}
    for fault in found:
        base = later.sub(r"`calls.\1", fault.what) if later is not None else fault.what
        if base == fault.what or replace(fault, what=base) not in known:
            yield fault


def _copied(places: Mapping[Loc, Node], of: Mapping[str, str]) -> Mapping[Loc, Node]:
    """Places in a call, for each call that is meant by it as well."""
    return {
        **places,
        **{
            ("calls", name, *loc[2:]): node
            for name, base in of.items()
            for loc, node in places.items()
            if loc[:2] == ("calls", base)
        },
    }


def _each(base: str, told: Mapping[str, Value]) -> Iterator[tuple[str, Value]]:
    call, repeat = told[base], _asked(told[base])
    names = [f"{base}-{at}" for at in range(2, repeat.times + 1)] if repeat is not None else []
    if repeat is None or not told.keys().isdisjoint(names):
        yield base, call
        return
    yield base, _later(call, repeat, 0)
    for at, name in enumerate(names, 1):
        yield name, _later(call, repeat, at)


def _asked(call: Value) -> Repeat | None:
    """How a call comes again; None where it does not, or where grammar refuses what it says."""
    repeat, days = call.part("repeat"), [call.part(name) for name in DAYS]
    if repeat is None or not all(day is not None and isinstance(day.data, date) for day in days):
        return None
    try:
        told = Repeat.model_validate(repeat.plain())
    except ValidationError:
        return None
    return told if told.clear else None


def _later(call: Value, repeat: Repeat, times: int) -> Value:
    """One of the calls: its days so many times later, its name with its number."""
    parts = {n: _moved(part, repeat, times) for n, part in call.parts() if n != "repeat"}
    if times and "name" in parts:
        parts["name"] = _marked(parts["name"], f" ({times + 1})")
    return replace(call, data=parts)


def _moved(value: Value, repeat: Repeat, times: int) -> Value:
    """A value with every day in it so many times later."""
    match value.data:
        case date() if value.data <= DAY_MOST:
            return replace(value, data=repeat.later(value.data, times))
        case Mapping():
            parts = value.data.items()
            return replace(value, data={k: _moved(v, repeat, times) for k, v in parts})
        case tuple():
            return replace(value, data=tuple(_moved(each, repeat, times) for each in value.data))
    return value


def _marked(name: Value, mark: str) -> Value:
    """A name in every language with a mark behind it."""
    if isinstance(name.data, Mapping):
        return replace(name, data={key: _marked(part, mark) for key, part in name.data.items()})
    return replace(name, data=f"{name.data}{mark}") if isinstance(name.data, str) else name
