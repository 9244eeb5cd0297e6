"""What a cluster holds of our quotas, and where another hand has changed them: pure.

Only fields that Headgate writes are compared; what Kueue adds (status, defaults, finalizers) is
its own. Who owns a field is read from the API server's record of it, `metadata.managedFields`
(Kubernetes, "Server-Side Apply").
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import Enum
from typing import Any, Final

from headgate.core.enforcement.engine import Quota, QuotaState
from headgate.engines.kueue.manifests import Maker, Manifest, key, told
from headgate.engines.kueue.names import MANAGER, is_marked

Live = Mapping[tuple[str, str, str], Mapping[str, Any]]
"""Every object of our kinds that a cluster holds, ours or not, by its key."""

_QUANTITY: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)(?:([kMGTPE]i?|Ki|[num])|[eE]([0-9]{1,2}))?")
_SUFFIXES: Final = {
    **{sign: Decimal(1000) ** -power for power, sign in enumerate(("", "m", "u", "n"))},
    **{sign: Decimal(1000) ** power for power, sign in enumerate("kMGTPE", 1)},
    **{f"{sign}i": Decimal(1024) ** power for power, sign in enumerate("KMGTPE", 1)},
}


MERGED: Final = "admissionChecks"


class What(Enum):
    """How an object differs from what was ordered."""

    MISSING = "it is not there"
    NOT_OURS = "it was made by others, so Headgate leaves it as it is"
    UNREADABLE = "its note of what it holds cannot be read, so Headgate leaves it as it is"
    CHANGED = "a field is not as it was ordered"


@dataclass(frozen=True, slots=True)
class Drift:
    """One difference; `field` is "" for the object as a whole, `owners` those who set the field."""

    thing: tuple[str, str, str]
    what: What
    field: str = ""
    found: str = ""
    wanted: str = ""
    owners: tuple[str, ...] = ()

    def __str__(self) -> str:
        kind, namespace, title = self.thing
        where = f"{kind} {namespace}/{title}" if namespace else f"{kind} {title}"
        if not self.field:
            return f"{where}: {self.what.value}"
        by = ", ".join(map(ascii, self.owners)) or "nobody"
        return f"{where}: {self.field}: {self.found} -> {self.wanted} (set by {by})"


def held(live: Live, maker: Maker) -> tuple[Quota, ...]:
    """The quotas that a cluster holds; one whose objects differ in any way is PARTIAL."""
    ours = told_all(live, maker)
    loose = {d.thing for thing in maker.shared(ours) for d in differences(thing, live, maker)}
    common = loose - {("Cohort", "", maker.cohort(quota.holder)) for quota in ours if quota.holder}
    found = (_held(quota, live, maker, loose, bool(common)) for quota in ours)
    return tuple(sorted(found, key=_order))


def drift(live: Live, maker: Maker, orders: Iterable[Quota] = ()) -> tuple[Drift, ...]:
    """Every difference between a cluster and what its own notes say, or what is ordered of it."""
    ours = {_order(quota): quota for quota in (*told_all(live, maker), *orders)}
    things = {key(thing): thing for thing in maker.shared(ours.values())}
    for quota in ours.values():
        if quota.award and quota.support_class in maker.settings.chips:
            things |= {key(thing): thing for thing in maker.own(quota)}
    unreadable = [
        Drift(title, What.UNREADABLE)
        for title, thing in live.items()
        if title[0] in ("ClusterQueue", "Cohort") and title not in things
        if is_marked(thing, maker.arrangement.programme) and told(thing, maker) is None
    ]
    found = [d for thing in things.values() for d in differences(thing, live, maker)]
    return tuple(sorted([*found, *unreadable], key=lambda d: (d.thing, d.field)))


def differences(wanted: Manifest, live: Live, maker: Maker) -> Iterator[Drift]:
    """Where one object is not as it is wanted."""
    title = key(wanted)
    there = live.get(title)
    if there is None or "deletionTimestamp" in there["metadata"]:
        yield Drift(title, What.MISSING)
    elif not is_marked(there, maker.arrangement.programme):
        yield Drift(title, What.NOT_OURS)
    else:
        managed = there["metadata"].get("managedFields") or ()
        for path, found, value in _changed(wanted, there, ()):
            field = ".".join(path)
            yield Drift(
                title, What.CHANGED, field, _shown(found), _shown(value), owners(managed, path)
            )
        for path in sorted(_given_up(wanted, managed)):
            found = _value(there, path)
            field = ".".join(path)
            yield Drift(title, What.CHANGED, field, _shown(found), _shown(None), (MANAGER,))


def owners(managed: Iterable[Mapping[str, Any]], path: tuple[str, ...]) -> tuple[str, ...]:
    """Who set a field, sorted: those whose record reaches it or ends in a whole above it."""
    return tuple(sorted({one["manager"] for one in managed if _reaches(one, path)}))


def _reaches(managed: Mapping[str, Any], path: tuple[str, ...]) -> bool:
    fields = managed.get("fieldsV1") or {}
    for step in path:
        if f"f:{step}" not in fields:
            return False
        fields = fields[f"f:{step}"]
        if not fields:
            return True
    return True


def _given_up(wanted: Manifest, managed: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, ...]]:
    """The fields that Headgate has set by an earlier apply and no longer wants to."""
    for one in managed:
        if one["manager"] == MANAGER and one.get("subresource") is None:
            yield from _unwanted(one.get("fieldsV1") or {}, wanted, ())


def _unwanted(
    fields: Mapping[str, Any], wanted: Any, path: tuple[str, ...]
) -> Iterator[tuple[str, ...]]:
    for name, inner in fields.items():
        if name.startswith("f:"):
            step = name[2:]
            if not isinstance(wanted, Mapping) or step not in wanted:
                yield (*path, step)
            elif isinstance(wanted[step], Mapping):
                yield from _unwanted(inner, wanted[step], (*path, step))


def _value(thing: Any, path: tuple[str, ...]) -> Any:
    for step in path:
        thing = thing.get(step) if isinstance(thing, Mapping) else None
    return thing


def _changed(
    wanted: Any, found: Any, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    """The fields of `wanted` that are otherwise in `found`; lists are compared as a whole.

    Others may have checks of their own on a queue: the API server merges that list by name.
    """
    if path and path[-1] == MERGED and isinstance(found, list):
        found = [one for one in found if one in wanted]
    if isinstance(wanted, Mapping) and isinstance(found, Mapping):
        for name, value in wanted.items():
            yield from _changed(value, found.get(name), (*path, name))
    elif _canonical(wanted) != _canonical(found):
        yield path, found, wanted


def _canonical(value: Any) -> Any:
    """A value with every quantity as a number: an API server may write 1000 as 1k.

    An empty list is none, because Kueue leaves it out when it writes an object.
    """
    if isinstance(value, Mapping):
        return {name: _canonical(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_canonical(inner) for inner in value] or None
    if value is None or isinstance(value, bool):
        return value
    return quantity(str(value)) if _QUANTITY.fullmatch(str(value)) else value


def quantity(text: str) -> Decimal:
    """A Kubernetes quantity as a number; raises ValueError for what is none."""
    found = _QUANTITY.fullmatch(text)
    if found is None:
        raise ValueError(f"{text[:40]!r} is no quantity")
    return Decimal(found[1]) * _SUFFIXES[found[2] or ""] * Decimal(10) ** int(found[3] or 0)


def told_all(live: Live, maker: Maker) -> tuple[Quota, ...]:
    """Every quota that objects of ours say they hold."""
    return tuple(quota for _, thing in sorted(live.items()) for quota in told(thing, maker) or ())


def _held(
    quota: Quota, live: Live, maker: Maker, loose: set[tuple[str, str, str]], common: bool
) -> Quota:
    """A quota as it is held, looking at its own objects, its Cohort and what all share."""
    partial = common or ("Cohort", "", maker.cohort(quota.holder)) in loose
    if quota.support_class not in maker.settings.chips:
        partial = True
    elif quota.award and not partial:
        partial = any(True for thing in maker.own(quota) for _ in differences(thing, live, maker))
    return replace(quota, state=QuotaState.PARTIAL) if partial else quota


def _order(quota: Quota) -> tuple[str, str, str]:
    return quota.award, quota.support_class, quota.holder if not quota.award else ""


def _shown(value: Any) -> str:
    if isinstance(value, list):
        found = _limits(value)
        if found:
            return found
    return ascii(value) if not isinstance(value, str) or not value.isalnum() else value


def _limits(groups: list[Any]) -> str:
    """The limits of a queue's groups, each on its own, or "" for another kind of list."""
    told = []
    for group in groups:
        if not isinstance(group, Mapping) or "flavors" not in group:
            return ""
        for flavor in group["flavors"]:
            for resource in flavor.get("resources", ()):
                limits = [f"{k} {v}" for k, v in sorted(resource.items()) if k != "name"]
                told.append(f"{flavor['name']}: {', '.join(limits)}")
    return "; ".join(told)
