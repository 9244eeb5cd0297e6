"""Facts of a call: who applies for what, and what the reviewers said.

Facts come from outside and are kept as they came; a decision reads them and never changes them.
Ids are pseudonyms: nothing here is personal data.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

Fact = bool | int | str
"""What one answer of a form may hold; dates are written as ISO 8601 text."""


@dataclass(frozen=True, slots=True)
class Organisation:
    """An applicant or a member of an alliance, with the facts that the policy's rules ask for."""

    id: str
    kind: str
    size: str
    region: str
    founded: date | None
    facts: Mapping[str, Fact]


@dataclass(frozen=True, slots=True)
class Request:
    """One acceptable way to be helped: `blocks_least` to `blocks_most` of a class."""

    support_class: str
    blocks_least: int
    blocks_most: int


@dataclass(frozen=True, slots=True)
class Application:
    """One request for support; the requests are alternatives, at most one is awarded.

    An alliance is an application with members; `applicant` is its lead. `at` is the instant it was
    handed in (UTC, ISO 8601).
    """

    id: str
    call: str
    at: str
    applicant: Organisation
    members: tuple[Organisation, ...]
    requests: tuple[Request, ...]
    months: int
    fields: Mapping[str, Fact]


@dataclass(frozen=True, slots=True)
class Mark:
    """One reviewer's mark on one criterion of one application, from 0 to full marks."""

    application: str
    criterion: str
    reviewer: str
    points: int


@dataclass(frozen=True, slots=True)
class GateFinding:
    """What was found on a gate, on which evidence, and whether the subject replied."""

    subject: str
    gate: str
    passed: bool
    remark: str
    evidence: tuple[str, ...]
    replied: bool
