"""The grammar's models on one day's tree: each complaint as a fault at its line.

Everything wrong is wanted at once, and what the sections say together can only be asked of sections
that are well formed. So faulty parts are pruned and the rest is validated again: `pruned` says
which paths fell, and a later check leaves alone whatever they touch.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from headgate.core.faults import Fault, Sentence
from headgate.core.policy.clocks import DAYS
from headgate.core.policy.codes import Code
from headgate.core.policy.names import meant
from headgate.core.policy.primitives import DAY_LEAST, DAY_MOST, timezones
from headgate.core.policy.rates import whole_rates
from headgate.core.policy.schema import Policy
from headgate.core.policy.tree import Node
from headgate.core.policy.values import Loc, Tree, Value

_SECTION = ("this is no section", "write a section: names, each with a colon and a value")
_TYPES = {
    "int": (
        "this is no whole number",
        "write a whole number, without quotes, unit or fraction",
    ),
    "string": (
        "this is no text",
        "write one text; put a number, a day or what has a comma in it into quotes",
    ),
    "bool": ("this is neither true nor false", "write true or false"),
    "date": ("this is no day", "write a day that exists as YYYY-MM-DD"),
    "dict": _SECTION,
    "model": _SECTION,
    "tuple": ("this is no list", "write a list: items that begin with a dash, or [a, b]"),
}
"""By the first word of a complaint's kind: what is wrong, and what mends it."""

_RANGES = {
    "greater_than": "a number above {gt}",
    "greater_than_equal": "a number of at least {ge}",
    "less_than": "a number below {lt}",
    "less_than_equal": "a number of at most {le}",
}
_REASONS = {
    "string_pattern_mismatch": "the text does not match {pattern}",
    "string_too_long": "the text has more than {max_length} characters",
    "string_too_short": "the text is empty",
    "too_long": "there are more than {max_length}",
    "days_wrong": DAYS,
}


_PATTERNS = {
    "^[a-z]{2}$": "a language is written as its two small letters, such as en",
    "^[A-Z]{2}$": "a country is written as its two capital letters, such as KR",
    "^[A-Z]{3}$": "a currency is written as its three capital letters, such as EUR",
}
"""What a text should have been, of patterns whose letters say nothing to a reader."""

PRUNINGS_MOST = 64


@dataclass(frozen=True, slots=True)
class Checked:
    """The typed policy of a tree, its faults, and the paths that had to fall to make it typed.

    `waits` are values that the grammar needs and that only begin later.
    """

    policy: Policy | None
    faults: tuple[Fault, ...]
    pruned: frozenset[Loc]
    waits: tuple[Node, ...]


def validated(tree: Tree) -> Checked:
    """Validate a tree; where it has faults, what is left of it when the faulty parts are pruned."""
    plain: Any = tree.value.plain()
    faults: tuple[Fault, ...] = ()
    pruned: set[Loc] = set()
    policy, details = _tried(plain)
    waits = tuple(tree.pending[loc] for d in details if (loc := _loc(d)) in tree.pending)
    if details:
        found = (fault for detail in details for fault in _faults(detail, tree))
        faults = tuple(dict.fromkeys(found))
    for _ in range(PRUNINGS_MOST):
        falls = (_fall(detail, plain) for detail in details)
        fallen = {fall for fall in falls if fall is not None}
        if not fallen:
            break
        pruned |= fallen
        plain = _without(plain, (), fallen)
        policy, details = _tried(plain)
    return Checked(policy, faults, frozenset(pruned), waits)


def _tried(plain: Any) -> tuple[Policy | None, list[ErrorDetails]]:
    """The typed policy of plain data, or what the models say against it."""
    try:
        return Policy.model_validate_json(json.dumps(plain)), []
    except ValidationError as error:
        return None, [_untagged(detail) for detail in error.errors(include_url=False)]


def _untagged(detail: ErrorDetails) -> ErrorDetails:
    """A complaint about a section of some kind, as if there were but that kind.

    Pydantic puts the kind into the place, and speaks of its own of a kind that there is not.
    """
    loc, context = detail["loc"], detail.get("ctx", {})
    if detail["type"] == "union_tag_not_found":
        return {**detail, "type": "missing", "loc": (*loc, "kind")}
    if detail["type"] == "union_tag_invalid":
        expected = {"expected": context["expected_tags"]}
        told = {"type": "literal_error", "loc": (*loc, "kind"), "ctx": expected}
        return {**detail, **told, "input": context["tag"]}  # type: ignore[typeddict-item]
    if loc[:1] == ("supports",):
        return {**detail, "loc": (*loc[:2], *loc[3:])}
    return detail


def _loc(detail: ErrorDetails) -> Loc:
    return tuple(str(step) for step in detail["loc"])


def _faults(detail: ErrorDetails, tree: Tree) -> Iterator[Fault]:
    """The fault, or none where the missing value only begins later or has its own fault."""
    loc = _loc(detail)
    spot, path = _spot(tree.value, loc)
    kind = detail["type"]
    name = ".".join(path) or Sentence("the programme")
    context: dict[str, Any] = detail.get("ctx", {})
    if kind == "missing":
        yield from _missing(loc, spot, name, tree)
    elif kind == "extra_forbidden":
        known = known_keys(loc[:-1])
        yield Code.KEY_UNKNOWN.at(spot, key=loc[-1], mend=meant(loc[-1], known))
    elif kind in ("enum", "literal_error"):
        choices = context["expected"].replace(" or ", ", ")
        yield Code.CHOICE_WRONG.at(spot, path=name, value=detail["input"], choices=choices)
    elif kind == "string_pattern_mismatch" and context["pattern"].startswith("^[a-z0-9]["):
        yield Code.NAME_WRONG.at(spot, value=detail["input"])
    elif kind.startswith(("greater_than", "less_than")):
        yield Code.RANGE_WRONG.at(spot, path=name, value=detail["input"], range=_range(detail))
    elif kind == "too_short":
        # Entries that are faulty themselves are told where they are.
        if not detail["input"]:
            yield Code.EMPTY_SECTION.at(spot, path=name)
    elif kind == "timezone_unknown":
        mend = meant(detail["input"], sorted(timezones()))
        yield Code.TIMEZONE_UNKNOWN.at(spot, name=detail["input"], mend=mend)
    elif kind == "share_wrong":
        yield Code.SHARE_WRONG.at(spot, path=name)
    elif (family := kind.split("_")[0]) in _TYPES and kind != "string_pattern_mismatch":
        wrong, mends = _TYPES[family]
        reason = Sentence(_REASONS.get(kind, wrong), **context)
        mend = whole_rates(tree.value, loc) or Sentence(mends)
        yield Code.TYPE_WRONG.at(spot, path=name, reason=reason, mend=mend)
    else:
        form = _PATTERNS.get(context.get("pattern", ""), _REASONS.get(kind))
        reason = Sentence(form, **context) if form else Sentence.of(detail["msg"].lower())
        yield Code.VALUE_WRONG.at(spot, path=name, reason=reason)


def _range(detail: ErrorDetails) -> Sentence:
    """What a number or a day may be."""
    if isinstance(detail["input"], str):
        return Sentence("a day from {least} to {most}", least=DAY_LEAST, most=DAY_MOST)
    return Sentence(_RANGES[detail["type"]], **detail["ctx"])


def _missing(loc: Loc, spot: "_Spot", name: str, tree: Tree) -> Iterator[Fault]:
    if loc in tree.ended:
        yield Code.DATE_EMPTY.at(tree.ended[loc], path=".".join(loc), day=tree.day)
    elif loc in tree.pending:
        return
    elif loc[-1] == "en":
        yield Code.TEXT_WITHOUT_ENGLISH.at(spot, path=name)
    else:
        yield Code.KEY_MISSING.at(spot, path=name, key=loc[-1])


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where a complaint points."""

    file: str
    line: int
    column: int


def _spot(root: Value, loc: Loc) -> tuple[_Spot, Loc]:
    """The deepest written value along a model's location, and its path by names."""
    value = root
    path: Loc = ()
    for step in loc:
        for index, (name, part) in enumerate(value.parts()):
            if step == (str(index) if isinstance(value.data, tuple) else name):
                value, path = part, (*path, name)
                break
    own = value.provenance
    return _Spot(own.file, own.line, own.column), path


def _fall(detail: ErrorDetails, plain: Any) -> Loc | None:
    """The path to prune for one complaint: the deepest one that exists; None for the root."""
    path: Loc = ()
    for step in detail["loc"]:
        listed = isinstance(plain, list) and isinstance(step, int) and step < len(plain)
        if listed or (isinstance(plain, dict) and step in plain):
            plain, path = plain[step], (*path, str(step))
    if detail["type"] == "missing" and not path:
        return (str(detail["loc"][0]),)
    return path or None


_STAND_INS: Mapping[str, Any] = {
    "headgate": 1,
    "programme": {
        "id": "pruned",
        "name": {"en": "pruned"},
        "country": "XX",
        "currency": "XXX",
        "timezone": "UTC",
        "calendar": {"first": "2000-01-01", "months": 6},
    },
    "supports": {
        "pruned": {
            "kind": "compute",
            "name": {"en": "pruned"},
            "chips": {},
            "rates": {},
            "measure_by": "count",
            "node_gpus": 1,
            "lots": {},
        }
    },
    "organisations": {"kinds": ["pruned"], "sizes": ["pruned"]},
    "holders": [{"id": "pruned", "name": {"en": "pruned"}, "when": "false"}],
}


def _without(plain: Any, path: Loc, fallen: set[Loc]) -> Any:
    """The plain tree without the fallen paths; required sections get an empty stand-in."""
    if isinstance(plain, list):
        kept = [(str(index), item) for index, item in enumerate(plain)]
        return [_without(v, (*path, k), fallen) for k, v in kept if (*path, k) not in fallen]
    if not isinstance(plain, dict):
        return plain
    stand_ins = {} if path else {k: v for k, v in _STAND_INS.items() if (k,) in fallen}
    kept = [(k, v) for k, v in plain.items() if (*path, k) not in fallen]
    return {k: _without(v, (*path, k), fallen) for k, v in kept} | stand_ins


@lru_cache(maxsize=1)
def grammar() -> Mapping[str, Any]:
    """The JSON Schema of a policy at one date."""
    return Policy.model_json_schema()


def known_keys(loc: Loc) -> list[str]:
    """The keys that the grammar knows at a model's location."""
    waiting = [grammar()]
    for step in (*loc, None):
        waiting = [option for schema in waiting for option in _options(schema)]
        if step is not None:
            waiting = [inner for schema in waiting if (inner := _inner(schema, step)) is not None]
    return [key for schema in waiting for key in schema.get("properties", {})]


def _options(schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """A schema with its references and alternatives followed."""
    if "$ref" in schema:
        return _options(grammar()["$defs"][schema["$ref"].rsplit("/", 1)[1]])
    alternatives = schema.get("anyOf", schema.get("oneOf", ()))
    return [option for inner in alternatives for option in _options(inner)] or [schema]


def _inner(schema: Mapping[str, Any], step: str) -> Mapping[str, Any] | None:
    """The schema of one key or item."""
    if step in (properties := schema.get("properties", {})):
        found: Mapping[str, Any] = properties[step]
        return found
    for patterned in schema.get("patternProperties", {}).values():
        return patterned if isinstance(patterned, Mapping) else None
    inner = schema.get("items" if step.isdigit() else "additionalProperties")
    return inner if isinstance(inner, Mapping) else None
