"""CEL expressions: what they may name, checked when the policy is loaded, and their answers.

Source: the Common Expression Language specification, cel.dev. Expressions cannot loop without end,
read a clock or reach outside their facts. Numbers are whole: doubles are refused.
"""

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from types import ModuleType
from typing import Any, Final

# The library's own command, which it loads with itself, brings in a whole toolkit for terminals: a
# third of what every command of Headgate takes to start. Nothing here runs that command.
sys.modules.setdefault("cel.cli", ModuleType("cel.cli"))

import cel  # noqa: E402

from headgate.core.policy.reading import reading  # noqa: E402
from headgate.core.policy.tokens import MACROS, TYPES, WORDS, Token, tokens_of  # noqa: E402

LENGTH_MOST = 2000
FUNCTIONS = MACROS | {
    "has", "size", "startsWith", "endsWith", "contains", "matches", "int", "string", "type", "dyn",
    "timestamp", "duration", "getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek",
    "getDayOfYear", "getHours", "getMinutes", "getSeconds", "bool", "uint",
}  # fmt: skip


class Kind(Enum):
    """What a fact is, for checking names before there are facts."""

    PLAIN = "plain"
    APPLICANT = "applicant"
    APPLICATION = "application"
    REQUEST = "request"


Shape = tuple[Kind, bool]
"""A kind, and whether it is a list of it."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The names an expression may use: for each kind, the facts it has and what they are."""

    facts: Mapping[Kind, Mapping[str, Shape]]


@dataclass(frozen=True, slots=True)
class Stray:
    """A word of an expression that means nothing there: where it is, and what would."""

    offset: int
    word: str
    what: str
    known: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Broken:
    """Why an expression is not CEL, and where: line and column count from 1."""

    line: int
    column: int
    reason: str


class Failure(Enum):
    """Why an expression has no answer, in order of precedence."""

    SYNTAX = "syntax"
    MISSING_FACT = "missing_fact"
    UNKNOWN_NAME = "unknown_name"
    WRONG_TYPE = "wrong_type"
    ARITHMETIC = "arithmetic"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Unanswered:
    """An expression that has no answer on these facts; `detail` names the fact or the reason."""

    failure: Failure
    detail: str

    def __str__(self) -> str:
        return f"{self.failure.value}: {self.detail}"


@lru_cache(maxsize=4096)
def _compiled(expression: str) -> Any:
    """The compiled program, or what is wrong with the expression."""
    if len(expression) > LENGTH_MOST:
        return Broken(1, 1, f"it has more than {LENGTH_MOST} characters")
    try:
        return cel.compile(expression)
    except ValueError as error:
        found = re.search(r"ERROR: <input>:(\d+):(\d+): (?:Syntax error: )?([^\n]*)", str(error))
        if found is None:
            return Broken(1, 1, "it cannot be read")
        return Broken(int(found[1]), int(found[2]), found[3].partition(" expecting ")[0])


def broken(expression: str) -> Broken | None:
    """Why an expression is not CEL, or None when it is."""
    program = _compiled(expression)
    return program if isinstance(program, Broken) else None


@dataclass(frozen=True, slots=True)
class Given:
    """Facts as the engine holds them, read once for all expressions that are tried on them.

    To read an application costs some hundred times what it costs to try a rule on it. Facts with a
    number that is not exact are None; what the engine cannot read is left as it was, so that every
    expression says what is wrong with it.
    """

    context: Any
    tried: tuple[str, ...]


def given(facts: Mapping[str, Any], tried: tuple[str, ...]) -> Given:
    """Facts, ready for the expressions that will be tried on them and for no other."""
    if _is_plain(facts):
        facts = reading(tried).of(facts)
    elif not _exact(facts):
        return Given(None, tried)
    try:
        return Given(cel.Context(variables=dict(facts)), tried)
    except Exception:  # noqa: BLE001 - the engine is foreign code; its faults are answers.
        return Given(dict(facts), tried)


def evaluate(expression: str, facts: Mapping[str, Any] | Given) -> Any:
    """The answer of an expression on facts, or an `Unanswered`; never an exception."""
    program = _compiled(expression)
    if isinstance(program, Broken):
        return Unanswered(Failure.SYNTAX, program.reason)
    context = _context(expression, facts)
    if context is None:
        return Unanswered(Failure.WRONG_TYPE, "a fact is an inexact number, or beyond 64 bits")
    try:
        return program.execute(context)
    except KeyError as error:
        return Unanswered(Failure.MISSING_FACT, str(error.args[0]) if error.args else "")
    except TypeError as error:
        return Unanswered(Failure.WRONG_TYPE, str(error).partition(". ")[0])
    except ArithmeticError as error:
        return Unanswered(Failure.ARITHMETIC, str(error))
    except RuntimeError as error:
        unknown = str(error).startswith("Undefined")
        failure = Failure.UNKNOWN_NAME if unknown else Failure.OTHER
        return Unanswered(failure, str(error).partition(". ")[0])
    except Exception as error:  # noqa: BLE001 - the engine is foreign code; its faults are answers.
        return Unanswered(Failure.OTHER, f"{type(error).__name__}: {error}")


def _context(expression: str, facts: Mapping[str, Any] | Given) -> Any:
    """What the engine is handed; None for facts that are not exact.

    Raises ValueError for facts that were read for other expressions.
    """
    if not isinstance(facts, Given):
        return dict(facts) if _exact(facts) else None
    if expression not in facts.tried:
        raise ValueError(f"the facts were not read for {expression!r}")
    return facts.context


def _exact(fact: Any) -> bool:
    """Whether all numbers of a fact are whole and survive the engine's 64 bits."""
    if isinstance(fact, Mapping):
        return all(map(_exact, fact.values()))
    if isinstance(fact, list | tuple):
        return all(map(_exact, fact))
    return not isinstance(fact, float) and not (isinstance(fact, int) and abs(fact) >= 2**63)


def _is_plain(fact: Any) -> bool:
    """Whether a fact is exact and the engine can read all of it, so that nothing read is missed."""
    check = _PLAIN.get(type(fact))
    return check is not None and check(fact)


def _is_text(text: str) -> bool:
    return text.isascii() or _SURROGATES.search(text) is None


def _is_record(record: dict[Any, Any]) -> bool:
    keys = {str}.issuperset(map(type, record)) and _is_text("".join(record))
    return keys and all(map(_is_plain, record.values()))


_SURROGATES: Final = re.compile("[\ud800-\udfff]")
_PLAIN: Final[Mapping[type, Callable[[Any], bool]]] = {
    str: _is_text,
    int: lambda number: -(2**63) < number < 2**63,
    bool: lambda _: True,
    type(None): lambda _: True,
    list: lambda items: all(map(_is_plain, items)),
    dict: _is_record,
}


def strays(expression: str, vocabulary: Vocabulary) -> Iterator[Stray]:
    """The names, functions and inexact numbers of an expression that are not the grammar's."""
    tokens = [*tokens_of(expression)]
    bound: dict[str, Shape] = {}
    for index, token in enumerate(tokens):
        before = tokens[index - 1].text if index else ""
        after = tokens[index + 1].text if index + 1 < len(tokens) else ""
        if token.kind == "double" or (token.text == "double" and after == "("):
            yield Stray(token.offset, token.text, "double", ())
        elif token.kind == "name" and after == "(" and token.text not in WORDS:
            if token.text not in FUNCTIONS:
                yield Stray(token.offset, token.text, "function", tuple(sorted(FUNCTIONS)))
        elif token.kind == "name" and before != "." and token.text not in WORDS | TYPES:
            yield from _chain(tokens, index, bound, vocabulary)


def _chain(
    tokens: list[Token], index: int, bound: dict[str, Shape], vocabulary: Vocabulary
) -> Iterator[Stray]:
    """Follow `a.b.c` from its root; a macro on a list binds its variable to the list's kind."""
    root = tokens[index]
    roots: dict[str, Shape] = {
        "applicant": (Kind.APPLICANT, False),
        "application": (Kind.APPLICATION, False),
        **bound,
    }
    shape = roots.get(root.text)
    if shape is None:
        yield Stray(root.offset, root.text, "name", tuple(roots))
        return
    while [token.text for token in tokens[index + 1 : index + 2]] == ["."]:
        name = tokens[index + 2] if index + 2 < len(tokens) else root
        called = tokens[index + 3].text if index + 3 < len(tokens) else ""
        if called == "(":
            if name.text in MACROS and index + 4 < len(tokens):
                bound[tokens[index + 4].text] = (shape[0] if shape[1] else Kind.PLAIN, False)
            return
        known = vocabulary.facts.get(shape[0], {})
        if shape[1] or shape[0] is Kind.PLAIN:
            return
        if name.text not in known:
            yield Stray(name.offset, name.text, "name", tuple(known))
            return
        shape, index = known[name.text], index + 2


def names_of(expression: str, roots: Iterable[str]) -> tuple[str, ...]:
    """The facts `root.name` that an expression reads, for showing its inputs."""
    tokens = [*tokens_of(expression)]
    found = [
        f"{token.text}.{tokens[index + 2].text}"
        for index, token in enumerate(tokens[:-2])
        if token.text in roots and tokens[index + 1].text == "."
    ]
    return tuple(dict.fromkeys(found))
