"""Who speaks on a page: the fixed words of one language, and how it writes figures.

Words are YAML files with the same keys in every language; a word with `{n}` in it may have the two
forms `one` and `other`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from fractions import Fraction
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Protocol

from ruamel.yaml import YAML

from headgate.core.policy.schema import Policy
from headgate.core.quantities import (
    DAY_SECONDS,
    HOUR_SECONDS,
    KILOWATT_HOUR_JOULES,
    half_even_part,
)
from headgate.core.supports import PLACES
from headgate.core.supports.kind import JOULE, Kind
from headgate.core.supports.text import Text
from headgate.report.locale import LOCALES, Locale

Value = int | str | date
_BLOCKS = ("gpu", "gpu_hour", "weighted_gpu", "weighted_gpu_hour")
_PLACES = tuple(unit for kind in PLACES for unit in kind.block_units)
"""Their blocks are told by how many places they come to."""

_SHOWN: Mapping[str, tuple[str, int]] = {
    "gpu_second": ("gpu_hours", HOUR_SECONDS),
    "weighted_gpu_second": ("weighted_gpu_hours", HOUR_SECONDS),
    JOULE: ("kilowatt_hours", KILOWATT_HOUR_JOULES),
    **{f"{one.block_units[0]}_second": (f"{one.block_units[1]}s", DAY_SECONDS) for one in PLACES},
}
"""The word for what a reader counts of a ledger unit, and how much of the unit that is."""


class Named(Protocol):
    """A part of the policy that has a name for people: a pillar, a gate, a class of holders."""

    @property
    def id(self) -> str:
        """What the policy calls it."""

    @property
    def name(self) -> Text:
        """What people call it."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """One language: `say` is for fixed words, the rest for figures and the policy's own names."""

    locale: Locale
    words: Mapping[str, Any]
    holders: Mapping[str, Text]
    currency: str
    supports: Mapping[str, Kind]

    @property
    def language(self) -> str:
        """The ISO 639-1 code."""
        return self.locale.language

    def say(self, key: str, **values: Value) -> str:
        """A fixed word with its values set in, integers and days as the language writes them."""
        word = lookup(self.words, key)
        if isinstance(word, Mapping):
            word = word["one" if values.get("n") == 1 else "other"]
        shown = {name: self._value(value) for name, value in values.items()}
        return str(word).format_map(shown)

    def _value(self, value: Value) -> str:
        match value:
            case int():
                return self.locale.whole(value)
            case date():
                return self.locale.day(value)
        return value

    def heads(self, *names: str) -> list[str]:
        """The heads of columns: words under `col`, or, with a dot, wherever they stand."""
        return [self.say(name if "." in name else f"col.{name}") for name in names]

    def names(self, parts: Iterable[Named]) -> dict[str, str]:
        """The names of parts of the policy, by id."""
        return {part.id: self.text(part.name) for part in parts}

    def code(self, group: str, member: Enum) -> str:
        """The word for a member of a closed enumeration."""
        return self.say(f"{group}.{member.name.lower()}")

    def text(self, text: Text) -> str:
        """A name of the policy in this language."""
        return text.say(self.language)

    def holder(self, holder: str) -> str:
        """The name of a class of holders."""
        name = self.holders.get(holder)
        return self.text(name) if name else self.say("holder_unknown")

    def class_of(self, support: Kind, name: str) -> str:
        """A class of a support by its name, and the code by which lists and reasons know it."""
        given = getattr(support.classes.get(name), "name", None)
        own = self.text(given) if isinstance(given, Text) else given
        return f"{own} ({name})" if own and own != name else name

    def class_known(self, name: str) -> str:
        """The same, of whichever support has such a class; what none has stays as it is."""
        kind = next((kind for kind in self.supports.values() if name in kind.classes), None)
        return self.class_of(kind, name) if kind else name

    def amount(self, amount: int, unit: str) -> str:
        """An amount of a ledger unit as a reader counts it: GPU-seconds as whole GPU-hours."""
        return self.locale.whole(shown_units(amount, unit))

    def unit(self, unit: str) -> str:
        """The name of what `amount` counts."""
        word, _ = _SHOWN.get(unit.partition(".")[0], ("", 1))
        return self.say(f"unit.{word}") if word else unit

    def block(self, block: Mapping[str, int], blocks: int) -> str:
        """So many blocks, as the policy counts them."""
        name, size = next(iter(block.items()))
        if name in _PLACES:
            return self.say(f"block.{name}", n=blocks * size)
        known = name if name in _BLOCKS else "other"
        return self.say(f"block.{known}", n=blocks, size=size, unit=name)

    def blocks_of(self, block: Mapping[str, int]) -> str:
        """What the policy's blocks are, for a title or a column."""
        name, size = next(iter(block.items()))
        known = name in ("gpu", "gpu_hour", *_PLACES)
        return self.say(f"blocks_of.{name if known else 'other'}", n=size, size=size, unit=name)

    def percent(self, part: int, whole: int) -> str:
        """A part of a whole in percent to one place; a dash of nothing."""
        return self.locale.percent(Fraction(part, whole)) if whole else self.say("none")


def shown_units(amount: int, unit: str) -> int:
    """An amount as a reader counts it, to the nearest whole one, halves to the even one."""
    _, size = _SHOWN.get(unit.partition(".")[0], ("", 1))
    return half_even_part(amount, size)


def shown_parts(amounts: Sequence[int], unit: str, whole: int) -> list[int]:
    """Some amounts as a reader counts them, so that they add up to their sum's count, `whole`.

    Each is rounded down, and what is missing goes to the largest remainders, one each. `whole` must
    be their sum rounded up or down.
    """
    _, size = _SHOWN.get(unit.partition(".")[0], ("", 1))
    counted, rests = zip(*(divmod(amount, size) for amount in amounts), strict=True)
    up = sorted(range(len(amounts)), key=lambda place: -rests[place])[: whole - sum(counted)]
    return [count + (place in up) for place, count in enumerate(counted)]


def lookup(words: Mapping[str, Any], key: str) -> Any:
    """The word at a dotted key; raises KeyError naming the whole key."""
    found: Any = words
    for part in key.split("."):
        if not isinstance(found, Mapping) or part not in found:
            raise KeyError(key)
        found = found[part]
    return found


@cache
def words_of(language: str) -> Mapping[str, Any]:
    """The fixed words of a language."""
    text = files("headgate.report").joinpath("words", f"{language}.yaml").read_text("utf-8")
    words: Mapping[str, Any] = YAML(typ="safe", pure=True).load(text)
    return words


def speaker(
    language: str,
    holders: Mapping[str, Text],
    currency: str,
    supports: Mapping[str, Kind] = MappingProxyType({}),
) -> Speaker:
    """The speaker of a language for one programme."""
    return Speaker(LOCALES[language], words_of(language), holders, currency, supports)


def speaker_of(policy: Policy, language: str) -> Speaker:
    """The speaker of a language for the programme of a policy."""
    holders = {holder.id: holder.name for holder in policy.holders}
    return speaker(language, holders, policy.programme.currency, policy.supports)
