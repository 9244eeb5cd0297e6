"""The chart of accounts: which accounts there may be, in which unit, and how far they may go.

Each support contributes patterns; an account exists as soon as a path fits one. A path fits at
most one pattern, so an account has exactly one unit and one limit, whoever asks. The chart as a
checked pattern of fixed and variable segments is Formance's, the limits are TigerBeetle's.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cache
from itertools import combinations
from typing import Final

from headgate.core.faults import Fault, Faulty, Mended
from headgate.core.ledger.refused import Refused
from headgate.core.ledger.text import is_name

_VARIABLE: Final = re.compile(r"\{([a-z][a-z0-9_]*)\}")


class Limit(Enum):
    """How far an account may go; pending amounts count against it, so a post never breaks it."""

    NONE = "none"
    DEBITS_MUST_NOT_EXCEED_CREDITS = "debits must not exceed credits"
    CREDITS_MUST_NOT_EXCEED_DEBITS = "credits must not exceed debits"


class ChartFault(Mended):
    """What can be wrong with a pattern of a chart; the value is the fault's published code."""

    SEGMENT_BAD = (
        "chart-segment-bad",
        'write each segment as a word or as one variable, "{like_this}"',
    )
    VARIABLE_REPEATED = "chart-variable-repeated", "give each variable of a path its own name"
    UNIT_BAD = "chart-unit-bad", "write a unit whose variables all stand in the path"
    PATTERNS_OVERLAP = "chart-patterns-overlap", "make one segment differ by a fixed word"


class AccountRefusal(Enum):
    """Why an account cannot be given."""

    PATH_UNKNOWN = "no pattern of the chart fits the path"
    UNIT_MISMATCH = "the account is kept in another unit"
    LIMIT_NONE = "the account has no limit, so nothing is available or unavailable"


@dataclass(frozen=True, slots=True)
class Account:
    """One account: its path, the unit its amounts are counted in, and its limit."""

    id: str
    unit: str
    limit: Limit


@dataclass(frozen=True, slots=True)
class Pattern:
    """A family of accounts, such as `Pattern("award/{award}/{chip}", "gpu_second.{chip}", limit)`.

    A segment is fixed or is one variable in braces, which any text without "/" fits. The unit may
    use the path's variables. Patterns are checked together, by the `Chart` that holds them.
    """

    path: str
    unit: str
    limit: Limit = Limit.NONE

    def segments(self) -> tuple[tuple[str, bool], ...]:
        """Each segment's text (a variable without its braces) and whether it is a variable."""
        return _segments(self.path)

    def account(self, path: str) -> Account | None:
        """The account at a path if it fits, else None."""
        parts, segments = path.split("/"), self.segments()
        if len(parts) != len(segments):
            return None
        bound: dict[str, str] = {}
        for part, (text, variable) in zip(parts, segments, strict=True):
            if not (part if variable else part == text):
                return None
            if variable:
                bound[text] = part
        return Account(path, _VARIABLE.sub(lambda found: bound[found[1]], self.unit), self.limit)


@dataclass(frozen=True, slots=True)
class Chart:
    """All patterns of a programme; raises `Faulty` with every fault if they do not make a chart."""

    patterns: tuple[Pattern, ...]

    def __post_init__(self) -> None:
        faults = [fault for pattern in self.patterns for fault in _pattern_faults(pattern)]
        faults += _overlap_faults(self.patterns)
        if faults:
            raise Faulty(faults)

    def find(self, path: str) -> Account | None:
        """The account at a path, or None when no pattern fits it or path or unit are no names."""
        if not is_name(path):
            return None
        found = (pattern.account(path) for pattern in self.patterns)
        account = next(filter(None, found), None)
        return account if account is not None and is_name(account.unit) else None

    def account(self, path: str, unit: str) -> Account:
        """The account at a path in the unit the caller means; raises `Refused` for any other."""
        account = self.find(path)
        if account is None:
            raise Refused(AccountRefusal.PATH_UNKNOWN, path)
        if account.unit != unit:
            raise Refused(AccountRefusal.UNIT_MISMATCH, f"{path} is kept in {account.unit}")
        return account


@cache
def _segments(path: str) -> tuple[tuple[str, bool], ...]:
    return tuple(
        (match[1], True) if (match := _VARIABLE.fullmatch(segment)) else (segment, False)
        for segment in path.split("/")
    )


def _pattern_faults(pattern: Pattern) -> Iterator[Fault]:
    segments = pattern.segments()
    variables = [text for text, variable in segments if variable]
    where = f"chart: {pattern.path}"
    for text, variable in segments:
        if not variable and (not is_name(text) or "{" in text or "}" in text):
            yield ChartFault.SEGMENT_BAD.of(where, f'the segment "{text}" is no name')
    if len(set(variables)) < len(variables):
        yield ChartFault.VARIABLE_REPEATED.of(where, "a variable stands twice in the path")
    unbound = set(_VARIABLE.findall(pattern.unit)) - set(variables)
    rest = _VARIABLE.sub("", pattern.unit)
    if unbound or "{" in rest or "}" in rest or not is_name(pattern.unit):
        yield ChartFault.UNIT_BAD.of(where, f'the unit "{pattern.unit}" cannot be formed')


def _overlap_faults(patterns: tuple[Pattern, ...]) -> Iterator[Fault]:
    for one, other in combinations(patterns, 2):
        pairs = list(zip(one.segments(), other.segments(), strict=False))
        same_length = one.path.count("/") == other.path.count("/")
        if same_length and all(a == b or a[1] or b[1] for a, b in pairs):
            what = f'a path could fit this pattern and "{other.path}" alike'
            yield ChartFault.PATTERNS_OVERLAP.of(f"chart: {one.path}", what)
