"""The policy on a day: typed, with the provenance of every value beside it."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache

from headgate.core.faults import Fault, Faulty
from headgate.core.policy.codes import Code
from headgate.core.policy.document import Document
from headgate.core.policy.overlay import said, unreadable
from headgate.core.policy.schema import Policy
from headgate.core.policy.tree import Node
from headgate.core.policy.validate import validated
from headgate.core.policy.values import Provenance, Value, changes, day_of, find, take, walk

__all__ = ["Provenance", "Resolved", "Value", "at", "changes", "find", "take", "walk"]


@dataclass(frozen=True, slots=True)
class Resolved:
    """The policy in force on a day, typed, and its values with their provenance."""

    document: Document
    day: date
    policy: Policy
    value: Value

    @property
    def provenance(self) -> Mapping[str, Provenance]:
        """The provenance of every path, dotted, list items by their ids."""
        return {".".join(path): value.provenance for path, value in walk(self.value)}

    def assumed(self, prefixes: Iterable[str] = ("",)) -> tuple[str, ...]:
        """Paths under the prefixes, as wide as possible, that rest on no source in force."""
        found = []
        for prefix in prefixes:
            value = find(self.value, prefix)
            found += _unsettled(value, prefix) if value is not None else []
        return tuple(dict.fromkeys(found))


def _unsettled(value: Value, path: str) -> list[str]:
    """The widest paths below, themselves included, of which no leaf is settled."""
    leaves = [leaf for _, leaf in walk(value) if not isinstance(leaf.data, Mapping | tuple)]
    if not any(leaf.provenance.settled for leaf in leaves):
        return [path] if leaves or not value.provenance.settled else []
    found: list[str] = []
    for name, part in value.parts():
        found += _unsettled(part, f"{path}.{name}" if path else name)
    return found


@lru_cache(maxsize=64)
def at(document: Document, day: date) -> Resolved:
    """The policy on a day; raises Faulty with every fault of the grammar on that day.

    What the sections say together is `headgate.core.policy.check`'s work. Days between which
    nothing begins or ends share one policy: whoever looks on every day of a term holds it once.
    """
    if faults := unreadable(document):
        raise Faulty(faults)
    since = max((one for one in versions(document) if one <= day), default=day)
    with suppress(Faulty):  # Its faults are told of the day that was asked for.
        if since < day:
            return replace(at(document, since), day=day)
    tree, faults = said(document, day)
    if tree is None:
        raise Faulty([_not_yet(document.programme, day)])
    checked = validated(tree)
    if checked.policy is None or checked.faults or faults:
        raise Faulty([*faults, *checked.faults])
    if checked.waits:
        raise Faulty(_not_yet(node, day) for node in checked.waits)
    return Resolved(document, day, checked.policy, tree.value)


@lru_cache(maxsize=16)
def versions(document: Document) -> frozenset[date]:
    """The days on which anything of a policy or its overlays begins or ends."""
    trees = [tree for _, tree in document.overlays]
    ends = {day for tree in trees if (day := day_of(tree, "until")) is not None}
    return frozenset(ends.union(*map(changes, (document.programme, *trees))))


def _not_yet(node: Node, day: date) -> Fault:
    """The fault of asking before a needed value begins."""
    first = min((begins for begins in changes(node) if begins > day), default=day)
    return Code.POLICY_NOT_YET.at(node, day=day, first=first)
