"""What expressions read of the facts, so that no more of them is handed to the engine.

Of an alliance's application a rule reads a word or two, and to hand the engine all that it says of
a dozen members costs what trying a hundred rules does. Where an expression names facts in any way
that is not known here, it reads everything; so what is left out can have no part in an answer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from headgate.core.policy.tokens import MACROS, TYPES, WORDS, Token, tokens_of

ROOTS: Final = frozenset({"applicant", "application"})
_EACH: Final = frozenset({"all", "exists", "exists_one"})
"""Macros that look at each item of a list and give no item away."""

Path = tuple[str, str]
Parts = dict[Path, set[str] | None]
"""The facts `root.name` that are read, with the names read of each item of a list; None is all."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What is read of the facts; `paths` is None where that is everything."""

    paths: Mapping[Path, frozenset[str] | None] | None

    def of(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """The facts with no more in them than is read."""
        if self.paths is None or not all(type(facts.get(root)) is dict for root in ROOTS):
            return dict(facts)
        some: dict[str, Any] = {root: {} for root in facts if root in ROOTS}
        for (root, name), names in self.paths.items():
            if name in facts[root]:
                some[root][name] = _part(facts[root][name], names)
        return some


def _part(fact: Any, names: frozenset[str] | None) -> Any:
    """A fact with, in each item of a list, the names that are read."""
    if names is None or type(fact) is not list or not all(type(one) is dict for one in fact):
        return fact
    return [{name: one[name] for name in names if name in one} for one in fact]


@lru_cache(maxsize=256)
def reading(expressions: tuple[str, ...]) -> Reading:
    """What any of the expressions reads."""
    parts: Parts = {}
    if not all(_Sentence([*tokens_of(text)], parts).is_known() for text in expressions):
        return Reading(None)
    return Reading({path: None if of is None else frozenset(of) for path, of in parts.items()})


class _Sentence:
    """An expression's words, gone through once; what it reads is added to `parts`."""

    def __init__(self, tokens: Sequence[Token], parts: Parts) -> None:
        self._tokens = tokens
        self._parts = parts
        self._bound: dict[str, Path] = {}

    def is_known(self) -> bool:
        """Whether every fact is named in a way that is known here."""
        return all(self._is_read(at) for at in range(len(self._tokens)) if self._is_name(at))

    def _text(self, at: int) -> str:
        return self._tokens[at].text if 0 <= at < len(self._tokens) else ""

    def _is_name(self, at: int) -> bool:
        return 0 <= at < len(self._tokens) and self._tokens[at].kind == "name"

    def _is_read(self, at: int) -> bool:
        """Whether the name there is no fact, or one that was noted."""
        word, whose = self._text(at), self._text(at - 2)
        if self._text(at - 1) == ".":
            return whose in {")", "]"} or (self._is_name(at - 2) and whose not in WORDS)
        if word in ROOTS or word in self._bound:
            return self._is_binding(at) or self._is_path(at)
        return word in WORDS or word in TYPES or self._text(at + 1) == "("

    def _is_binding(self, at: int) -> bool:
        """Whether a macro gives its variable a name there."""
        return self._text(at - 2) in _EACH and self._text(at + 1) == ","

    def _is_path(self, at: int) -> bool:
        """Whether a fact is read there by its name, which is then noted."""
        word, name = self._text(at), self._text(at + 2)
        named = self._text(at + 1) == "." and self._is_name(at + 2)
        if not named or self._text(at + 3) in {"(", "{"}:
            return False
        if word in self._bound:
            names = self._parts[self._bound[word]]
            if names is not None:
                names.add(name)
            return True
        return self._is_noted(at, (word, name))

    def _is_noted(self, at: int, path: Path) -> bool:
        """Whether a path was noted, with the variable of a macro over its items."""
        macro, variable = self._text(at + 4), self._text(at + 6)
        called = self._text(at + 3) == "." and self._text(at + 5) == "("
        if not (called and macro in MACROS):
            self._parts[path] = None
            return True
        is_new = self._bound.setdefault(variable, path) == path
        known = variable not in ROOTS | WORDS | TYPES and self._text(at + 7) == ","
        self._parts.setdefault(path, set())
        return is_new and known
