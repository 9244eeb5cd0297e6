"""Step 2, first half: who may apply at all, with the rule behind every refusal.

Eligibility is decided from the policy's rules alone, before anybody is scored, and the answer names
every rule that refuses, not the first. Whatever one application holds, it is refused alone: the
others are screened as if it were not there.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from headgate.core import canonical
from headgate.core.calls.application import Application, GateFinding
from headgate.core.calls.case import application_case
from headgate.core.calls.window import window
from headgate.core.ledger.text import is_instant, is_name
from headgate.core.policy.expressions import given
from headgate.core.policy.rules import Facts, holder_of, holds, refusals, text_of
from headgate.core.policy.schema import Call, Organisations, Policy

ID_LENGTH_MAX: Final = 64
"""Characters in an application's id, which travels in account paths and quota names."""

SILENT: Final = "?"
"""Follows a gate's id where nothing was found on it."""

# A path's separator, white space, and marks that take no room.
_APART: Final = re.compile("[/\\s\u200b-\u200d\u2060\ufeff]")


class Refusal(StrEnum):
    """Why an application does not reach the reviewers, in order of precedence."""

    BAD_ID = "bad_id"
    BAD_INSTANT = "bad_instant"
    EARLY = "early"
    LATE = "late"
    DUPLICATE = "duplicate"
    UNKNOWN_KIND = "unknown_kind"
    UNKNOWN_CLASS = "unknown_class"
    CLASS_TWICE = "class_twice"
    REQUEST_NOT_POSITIVE = "request_not_positive"
    ABOVE_CAP = "above_cap"
    TERM_TOO_LONG = "term_too_long"
    NO_HOLDER = "no_holder"
    HOLDER_NOT_INVITED = "holder_not_invited"
    RULE = "rule"
    GATE = "gate"


_ORDER: Final = {refusal: place for place, refusal in enumerate(Refusal)}


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason against an application: the refusal's name and what it rests on."""

    refusal: Refusal
    rule: str


@dataclass(frozen=True, slots=True)
class Screening:
    """What screening said of one application; it is eligible where there are no findings."""

    application: str
    holder: str | None
    findings: tuple[Finding, ...]

    @property
    def eligible(self) -> bool:
        """Whether the application goes on to the reviewers."""
        return not self.findings


@dataclass(frozen=True, slots=True)
class Alone:
    """What a policy says of one application, whoever else applied and whatever anybody found.

    `tags` are what it counts as where awards are made: its class of holders, its groups by the
    rules on concentration, and the floors that it is for; none where it is refused.
    """

    application: Application
    holder: str | None
    findings: tuple[Finding, ...]
    tags: frozenset[str]


def by_arrival(applications: Iterable[Application]) -> list[Application]:
    """Applications as they were handed in; those of one instant stay as they were received.

    Those that give no instant come last, so that none takes another's id by giving none.
    """
    return sorted(applications, key=lambda a: (not is_instant(a.at), a.at))


def is_id(text: str) -> bool:
    """Whether a text can be an application's id: a ledger name, short, without spaces or `/`."""
    return is_name(text) and len(text) <= ID_LENGTH_MAX and _APART.search(text) is None


def subject_of(application_id: str) -> str:
    """What decisions call an application: its id, or a digest of one that no journal line can hold.

    The digest is longer than an id may be, so that nobody can apply under it.
    """
    if is_id(application_id):
        return application_id
    return f"sha256:{canonical.digest(application_id.encode(errors='surrogatepass'))}"


def screen(
    policy: Policy,
    call_id: str,
    applications: Iterable[Application],
    gates: Iterable[GateFinding],
    taken: Iterable[str] = (),
) -> tuple[Screening, ...]:
    """Screen every application of a call, as `screen_all` does what the policy says of `each`."""
    return screen_all(policy.calls[call_id], each(policy, call_id, applications), gates, taken)


def each(policy: Policy, call_id: str, applications: Iterable[Application]) -> tuple[Alone, ...]:
    """What the policy says of each application of a call by itself, in order of their ids."""
    ordered = sorted(by_arrival(applications), key=lambda a: a.id)
    return tuple(_alone(policy, call_id, one) for one in ordered)


def screen_all(
    call: Call, alone: Iterable[Alone], gates: Iterable[GateFinding], taken: Iterable[str] = ()
) -> tuple[Screening, ...]:
    """Screen every application of a call, in order of their ids.

    `taken` are ids that applications of earlier calls have: an id names one application only, as
    its award, its quota and its accounts bear it. Of several with one id the first handed in
    stands, and its screening comes first. A gate on which nothing was found refuses, because
    silence must never open it; a finding on a gate that the call does not have is no ground.
    """
    found: dict[tuple[str, str], bool] = {}
    for finding in gates:
        key = finding.subject, finding.gate
        found[key] = found.get(key, True) and finding.passed
    seen = set(taken)
    screenings = []
    for one in alone:
        name, more = one.application.id, []
        if name in seen:
            more.append(Finding(Refusal.DUPLICATE, name))
        seen.add(name)
        more += [Finding(Refusal.GATE, gate) for gate in _closed_gates(call, name, found)]
        screenings.append(Screening(name, one.holder, _in_order((*one.findings, *more))))
    return tuple(screenings)


def _in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings in the order of precedence."""
    return tuple(sorted(findings, key=lambda f: (_ORDER[f.refusal], f.rule)))


def _closed_gates(
    call: Call, application: str, found: Mapping[tuple[str, str], bool]
) -> Iterable[str]:
    """The gates that did not open, those on which nothing was found followed by `?`."""
    for gate in call.gates:
        passed = found.get((application, gate.id))
        if not passed:
            yield gate.id + SILENT if passed is None else gate.id


def _alone(policy: Policy, call_id: str, application: Application) -> Alone:
    call = policy.calls[call_id]
    asked = (
        *(one.when for one in policy.holders),
        *(rule.when for rule in call.eligibility),
        *(floor.when for floor in call.floors),
        *(rule.by for rule in call.concentration),
    )
    facts = given(application_case(application, call.closes), asked)
    holder, fault = holder_of(policy.holders, facts)
    findings = [*_handed_in(call, policy.programme.timezone, application)]
    findings += _organisations(policy.organisations, application)
    findings += _form(call, application)
    if holder is None:
        findings.append(Finding(Refusal.NO_HOLDER, fault))
    elif holder not in call.holders:
        findings.append(Finding(Refusal.HOLDER_NOT_INVITED, holder))
    findings += [Finding(Refusal.RULE, rule) for rule in refusals(call.eligibility, facts)]
    tags = frozenset() if findings or holder is None else _tags(call, holder, facts)
    return Alone(application, holder, _in_order(findings), tags)


def _tags(call: Call, holder: str, facts: Facts) -> frozenset[str]:
    tags = {f"holder:{holder}"}
    tags |= {f"group:{rule.id}:{text_of(rule.by, facts)}" for rule in call.concentration}
    tags |= {f"floor:{floor.id}" for floor in call.floors if holds(floor.when, facts)}
    return frozenset(tags)


def _handed_in(call: Call, timezone: str, application: Application) -> Iterable[Finding]:
    """What is wrong with the application's name, or with when it came in."""
    opens, closed = window(call, timezone)
    if not is_id(application.id):
        yield Finding(Refusal.BAD_ID, application.id)
    if not is_instant(application.at):
        yield Finding(Refusal.BAD_INSTANT, application.at)
    elif application.at < opens:
        yield Finding(Refusal.EARLY, application.at)
    elif application.at >= closed:
        yield Finding(Refusal.LATE, application.at)


def _organisations(known: Organisations, application: Application) -> Iterable[Finding]:
    """Kinds and sizes, of the applicant and every member, that the policy's lists do not have."""
    everyone = (application.applicant, *application.members)
    strange = {one.kind for one in everyone} - set(known.kinds)
    strange |= {one.size for one in everyone} - set(known.sizes)
    return [Finding(Refusal.UNKNOWN_KIND, name) for name in sorted(strange)]


def _form(call: Call, application: Application) -> Iterable[Finding]:
    """What is wrong with the request itself, whoever asks."""
    if application.months > call.months_most:
        yield Finding(Refusal.TERM_TOO_LONG, str(application.months))
    if application.months < 1:
        yield Finding(Refusal.REQUEST_NOT_POSITIVE, "months")
    for request in application.requests:
        name = request.support_class
        if name not in call.classes:
            yield Finding(Refusal.UNKNOWN_CLASS, name)
        elif request.blocks_least > call.classes[name].cap_blocks:
            yield Finding(Refusal.ABOVE_CAP, name)
        if not 0 < request.blocks_least <= request.blocks_most:
            yield Finding(Refusal.REQUEST_NOT_POSITIVE, name)
    named = Counter(request.support_class for request in application.requests)
    for name in (name for name, times in named.items() if times > 1):
        yield Finding(Refusal.CLASS_TWICE, name)
    if not application.requests:
        yield Finding(Refusal.REQUEST_NOT_POSITIVE, "")


def eligible(screenings: Iterable[Screening]) -> Mapping[str, str]:
    """The holder class of every application that goes on."""
    return {s.application: s.holder for s in screenings if s.eligible and s.holder is not None}
