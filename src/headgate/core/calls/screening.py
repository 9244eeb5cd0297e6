"""Step 2, first half: who may apply at all, with the rule behind every refusal.

Eligibility is decided from the policy's rules alone, before anybody is scored, and the answer names
every rule that refuses, not the first.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from headgate.core.calls.application import Application, GateFinding
from headgate.core.calls.case import application_case
from headgate.core.policy.rules import holder_of, refusals
from headgate.core.policy.schema import Call, Policy
from headgate.core.quantities import instant


class Refusal(StrEnum):
    """Why an application does not reach the reviewers, in order of precedence."""

    LATE = "late"
    DUPLICATE = "duplicate"
    UNKNOWN_CLASS = "unknown_class"
    REQUEST_NOT_POSITIVE = "request_not_positive"
    ABOVE_CAP = "above_cap"
    TERM_TOO_LONG = "term_too_long"
    NO_HOLDER = "no_holder"
    HOLDER_NOT_INVITED = "holder_not_invited"
    RULE = "rule"
    GATE = "gate"


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


def by_arrival(applications: Iterable[Application]) -> list[Application]:
    """Applications as they were handed in; those of one instant stay as they were received."""
    return sorted(applications, key=lambda application: application.at)


def screen(
    policy: Policy,
    call_id: str,
    applications: Iterable[Application],
    gates: Iterable[GateFinding],
    taken: Iterable[str] = (),
) -> tuple[Screening, ...]:
    """Screen every application of a call, in order of their ids.

    `taken` are ids that applications of earlier calls have: an id names one application only, as
    its award, its quota and its accounts bear it. Of several with one id the first handed in
    stands, and its screening comes first. A finding on a gate that the call does not have is no
    ground to refuse.
    """
    found: dict[tuple[str, str], bool] = {}
    for given in gates:
        key = given.subject, given.gate
        found[key] = found.get(key, True) and given.passed
    ordered = sorted(by_arrival(applications), key=lambda a: a.id)
    seen = set(taken)
    screenings = []
    for application in ordered:
        repeated = application.id in seen
        seen.add(application.id)
        asked = sorted(gate.id for gate in policy.calls[call_id].gates)
        gate_ids = tuple(gate for gate in asked if not found.get((application.id, gate), True))
        screenings.append(_screen_one(policy, call_id, application, repeated, gate_ids))
    return tuple(screenings)


def _screen_one(
    policy: Policy, call_id: str, application: Application, repeated: bool, gates: tuple[str, ...]
) -> Screening:
    call = policy.calls[call_id]
    facts = application_case(application, call.closes)
    holder, fault = holder_of(policy.holders, facts)
    findings = [*_form(call, application)]
    if repeated:
        findings.append(Finding(Refusal.DUPLICATE, application.id))
    if holder is None:
        findings.append(Finding(Refusal.NO_HOLDER, fault))
    elif holder not in call.holders:
        findings.append(Finding(Refusal.HOLDER_NOT_INVITED, holder))
    findings += [Finding(Refusal.RULE, rule) for rule in refusals(call.eligibility, facts)]
    findings += [Finding(Refusal.GATE, gate) for gate in gates]
    order = list(Refusal)
    findings.sort(key=lambda f: (order.index(f.refusal), f.rule))
    return Screening(application.id, holder, tuple(findings))


def _form(call: Call, application: Application) -> Iterable[Finding]:
    """What is wrong with the request itself, whoever asks."""
    if application.at >= instant(date.fromordinal(call.closes.toordinal() + 1)):
        yield Finding(Refusal.LATE, application.at)
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
    if not application.requests:
        yield Finding(Refusal.REQUEST_NOT_POSITIVE, "")


def eligible(screenings: Iterable[Screening]) -> Mapping[str, str]:
    """The holder class of every application that goes on."""
    return {s.application: s.holder for s in screenings if s.eligible and s.holder is not None}
