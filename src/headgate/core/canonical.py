"""The one way a decision or a fact becomes bytes, so that a digest means the same everywhere.

Canonical lines are JSON without spaces, keys in the order the value's class declares them, UTF-8,
ended by one newline. Floats have no canonical form and are refused: a measured number is written as
an integer of a stated unit, as a fraction "a/b" or as a decimal string.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from functools import cache
from json.encoder import encode_basestring
from operator import attrgetter
from typing import Any, Final

_AS_IT_IS = frozenset({type(None), bool, int, str})

_ENCODER: Final = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), allow_nan=False, check_circular=False
)

UNTOLD: Final = {"headgate": "untold"}
"""The metadata of a field that came later: where it is None it is left out of the line, so that
what was written before there was such a field has the digest that it had."""


def plain(value: object) -> Any:
    """Turn a frozen value into JSON's types; raises TypeError for a float or an unknown type."""
    kind: Any = type(value)
    if kind in _AS_IT_IS:
        return value
    if names := _fields(kind):
        return _plain_fields(kind, names, value)
    match value:
        case Enum():
            return value.value
        case str():  # A sentence of a fault: its English, whoever else it can be told to.
            return str(value)
        case Fraction():
            return f"{value.numerator}/{value.denominator}"
        case Decimal():
            return str(value)
        case datetime() | date():
            return value.isoformat()
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
        case set() | frozenset():
            return sorted(plain(item) for item in value)
    raise TypeError(f"{type(value).__name__} has no canonical form")


def _plain_fields(kind: Any, names: tuple[str, ...], value: object) -> dict[str, Any]:
    told = dict(zip(names, _values(kind)(value), strict=True))
    for name in _later(kind):
        if told[name] is None:
            del told[name]
    if _AS_IT_IS.issuperset(map(type, told.values())):
        return told
    return {name: it if type(it) in _AS_IT_IS else plain(it) for name, it in told.items()}


@cache
def _fields(kind: type[Any]) -> tuple[str, ...]:
    """The fields of a dataclass; () for any other type."""
    return tuple(field.name for field in fields(kind)) if is_dataclass(kind) else ()


@cache
def _values(kind: Any) -> Callable[[Any], tuple[Any, ...]]:
    """What gives the values of those fields, in their order."""
    names = _fields(kind)
    if len(names) > 1:
        return attrgetter(*names)
    return lambda value: (getattr(value, names[0]),)


@cache
def _later(kind: type[Any]) -> frozenset[str]:
    """The fields of a dataclass that are left out where they are None."""
    return frozenset(field.name for field in fields(kind) if field.metadata.get("headgate"))


@cache
def _heads(kind: Any) -> tuple[tuple[str, bool], ...]:
    """How each field of a dataclass begins in its line, and whether it is told where it is None."""
    return tuple((f'"{name}":', name not in _later(kind)) for name in _fields(kind))


def line(value: object) -> bytes:
    """The canonical line of a value, newline included."""
    return f"{_text(value)}\n".encode()


def _text(value: Any) -> str:
    """What the encoder makes of `plain`, at once: a million lines are fields of few classes."""
    kind: Any = type(value)
    if kind is str:
        return encode_basestring(value)
    if kind is int:
        return int.__repr__(value)
    if value is None:
        return "null"
    if heads := _heads(kind):
        said = [
            head + (encode_basestring(it) if type(it) is str else _text(it))
            for (head, always), it in zip(heads, _values(kind)(value), strict=True)
            if always or it is not None
        ]
        return f"{{{','.join(said)}}}"
    if kind is tuple or kind is list:
        return f"[{','.join(map(_text, value))}]"
    if kind is dict and all(type(key) is str for key in value):
        return f"{{{','.join([f'{encode_basestring(key)}:{_text(value[key])}' for key in value])}}}"
    return _ENCODER.encode(plain(value))


def digest(data: bytes) -> str:
    """SHA-256 of exact bytes, in lower-case hexadecimal (FIPS 180-4)."""
    return hashlib.sha256(data).hexdigest()
