"""The one way a decision or a fact becomes bytes, so that a digest means the same everywhere.

Canonical lines are JSON without spaces, keys in the order the value's class declares them, UTF-8,
ended by one newline. Floats have no canonical form and are refused: a measured number is written as
an integer of a stated unit, as a fraction "a/b" or as a decimal string.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from functools import cache
from itertools import islice
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


def line(value: object) -> bytes:
    """The canonical line of a value, newline included."""
    return f"{_WRITERS[type(value)](value)}\n".encode()


def lines(values: Iterable[object]) -> bytes:
    """The canonical lines of values, one after another."""
    left = iter(values)
    batches = iter(lambda: tuple(islice(left, _TOGETHER)), ())
    return b"".join(("\n".join(_WRITERS.each(batch)) + "\n").encode() for batch in batches)


class _Writers(dict[type[Any], Callable[[Any], str]]):
    """How a value of each type is written: what the encoder makes of `plain`, at once.

    A million lines are fields of few classes, so what a class needs is made once.
    """

    def __missing__(self, kind: Any) -> Callable[[Any], str]:
        return self.setdefault(kind, self._fields_of(kind) if _fields(kind) else self._other)

    def _fields_of(self, kind: Any) -> Callable[[Any], str]:
        values, later = _values(kind), _later(kind)
        heads = [(f'"{name}":', name not in later) for name in _fields(kind)]
        template = _template(_fields(kind))

        def every(value: Any) -> str:
            return template % tuple([self[type(it)](it) for it in values(value)])

        def told(value: Any) -> str:
            said = zip(heads, values(value), strict=True)
            known = [
                head + self[type(it)](it) for (head, always), it in said if always or it is not None
            ]
            return f"{{{','.join(known)}}}"

        return told if later else every

    @staticmethod
    def _other(value: Any) -> str:
        return _ENCODER.encode(plain(value))

    def listed(self, value: Iterable[Any]) -> str:
        """A list or a tuple."""
        return f"[{','.join(self.each(tuple(value)))}]"

    def mapped(self, value: Mapping[Any, Any]) -> str:
        """A dictionary whose keys are text, or become so."""
        if not _TEXT.issuperset(map(type, value)):
            return self._other(value)
        said = [f"{encode_basestring(key)}:{self[type(it)](it)}" for key, it in value.items()]
        return f"{{{','.join(said)}}}"

    def each(self, values: Sequence[Any]) -> Iterable[str]:
        """What is written of each of some values: field by field where all have the same fields."""
        kinds = set(map(type, values))
        if len(kinds) > 1:
            return [self[type(it)](it) for it in values]
        (kind,) = kinds or {type(None)}
        if not (names := _common(kind, values)):
            return map(self[kind], values)
        rows = map(dict.values if kind is dict else _values(kind), values)
        columns = [self.each(column) for column in zip(*rows, strict=True)]
        return map(_template(names).__mod__, zip(*columns, strict=True))


def _common(kind: Any, values: Sequence[Any]) -> tuple[str, ...]:
    """The names that each of some values of a type has, in one order; () where they differ."""
    if kind is not dict:
        return () if _fields(kind) and _later(kind) else _fields(kind)
    first, *others = set(map(tuple, values))
    return first if not others and _TEXT.issuperset(map(type, first)) else ()


@cache
def _template(names: tuple[str, ...]) -> str:
    """How an object of these names is written, but for its values."""
    heads = [encode_basestring(name).replace("%", "%%") for name in names]
    return f"{{{','.join(f'{head}:%s' for head in heads)}}}"


_TOGETHER: Final = 4096
"""How many lines are written at once: enough to be quick, few enough to be held."""
_TEXT: Final = frozenset({str})
_WRITERS: Final = _Writers(
    {
        str: encode_basestring,
        int: int.__repr__,
        bool: {True: "true", False: "false"}.__getitem__,
        type(None): lambda _: "null",
    }
)
_WRITERS.update({list: _WRITERS.listed, tuple: _WRITERS.listed, dict: _WRITERS.mapped})


def digest(data: bytes) -> str:
    """SHA-256 of exact bytes, in lower-case hexadecimal (FIPS 180-4)."""
    return hashlib.sha256(data).hexdigest()


PIECE: Final = 256
"""Lines of a piece: so many are read again where one of them has moved."""


def pieces(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """A text of lines that comes in blocks, some lines at a time: all at once take thrice the room.

    A line that is another makes another piece of the one in which it stands, and of no other.
    """
    rest = b""
    for block in blocks:
        begin, rest = 0, rest + block
        while end := _end(rest, begin):
            yield rest[begin:end]
            begin = end
        rest = rest[begin:]
    if rest:
        yield rest


def _end(text: bytes, begin: int) -> int:
    """Where a piece ends; 0 where it is not whole."""
    end = begin
    for _ in range(PIECE):
        end = text.find(b"\n", end) + 1
        if not end:
            return 0
    return end
