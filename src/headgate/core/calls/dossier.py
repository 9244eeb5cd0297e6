"""One dossier for all open calls: what may these organisations apply for, and is it asked twice?

Nothing here decides: the rules are those of screening, tried on a draft before it is handed in.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from headgate.core.calls.application import Application, Organisation, Request
from headgate.core.calls.matching import likeness, terms
from headgate.core.calls.screening import Finding, Refusal, screen
from headgate.core.calls.window import window
from headgate.core.policy.schema import Call, Policy

DRAFT = "draft"
"""The id of an application that has none yet."""


def draft_findings(policy: Policy, call_id: str, draft: Application) -> tuple[Finding, ...]:
    """What a call's form and rules have against a draft, which met no gate yet."""
    (screening,) = screen(policy, call_id, [replace(draft, id=DRAFT)], ())
    return tuple(f for f in screening.findings if f.refusal is not Refusal.GATE)


class Welcome(StrEnum):
    """What a call says to an organisation before it has answered any question of the form."""

    OPEN = "open"
    DEPENDS = "depends"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Invitation:
    """A call that is open now, for one organisation: the answer, and the rules it rests on.

    `alliance` is the one that it leads and for which the answer is, where alone it is refused.
    """

    call: str
    organisation: str
    welcome: Welcome
    findings: tuple[Finding, ...]
    alliance: str = ""


Allied = Mapping[str, Mapping[str, Sequence[Organisation]]]
"""Alliances by the id of their lead and their own, each with its other members."""


def invitations(
    policy: Policy, organisations: Sequence[Organisation], now: str, allied: Allied
) -> tuple[Invitation, ...]:
    """Every call that is open at an instant, for each organisation: alone, or where that is refused
    with the first of its alliances that is not.

    The smallest request is tried. What a rule asks of the form is not answered yet, so a rule that
    finds no answer says that it depends on one; other members may change an answer too.
    """
    return tuple(
        _invitation(policy, call_id, organisation, now, allied.get(organisation.id, {}))
        for call_id, call in policy.calls.items()
        if is_open(call, policy.programme.timezone, now)
        for organisation in organisations
    )


def is_open(call: Call, timezone: str, now: str) -> bool:
    """Whether a call takes applications at an instant."""
    opens, closed = window(call, timezone)
    return opens <= now < closed


def _invitation(
    policy: Policy,
    call_id: str,
    organisation: Organisation,
    now: str,
    alliances: Mapping[str, Sequence[Organisation]],
) -> Invitation:
    alone = _answered(policy, call_id, organisation, now)
    if alone.welcome is not Welcome.REFUSED:
        return alone
    tried = (
        replace(_answered(policy, call_id, organisation, now, tuple(members)), alliance=alliance)
        for alliance, members in alliances.items()
    )
    return next((one for one in tried if one.welcome is not Welcome.REFUSED), alone)


def _answered(
    policy: Policy,
    call_id: str,
    organisation: Organisation,
    now: str,
    members: tuple[Organisation, ...] = (),
) -> Invitation:
    smallest = (Request(next(iter(policy.calls[call_id].classes)), 1, 1),)
    draft = Application(DRAFT, call_id, now, organisation, members, smallest, 1, {})
    findings = draft_findings(policy, call_id, draft)
    certain = [finding for finding in findings if not _waits(finding)]
    welcome = Welcome.REFUSED if certain else Welcome.DEPENDS if findings else Welcome.OPEN
    return Invitation(call_id, organisation.id, welcome, tuple(certain or findings))


def _waits(finding: Finding) -> bool:
    """Whether a finding says only that something was not answered yet."""
    open_rule = finding.refusal in (Refusal.RULE, Refusal.NO_HOLDER)
    return open_rule and "? " in finding.rule


@dataclass(frozen=True, slots=True)
class Double:
    """Another application with an organisation of this one, and how alike the two are (‰)."""

    application: str
    call: str
    organisations: tuple[str, ...]
    per_mille: int


def doubles(
    mine: Application, text: str, others: Iterable[tuple[Application, str]]
) -> tuple[Double, ...]:
    """What may be funded twice: applications that share an organisation, the most alike first.

    Each application comes with the text that tells what it is for.
    """
    involved, said = _involved(mine), terms(text)
    found = []
    for other, its_text in others:
        shared = tuple(sorted(involved & _involved(other)))
        if other.id != mine.id and shared:
            found.append(Double(other.id, other.call, shared, likeness(said, terms(its_text))))
    return tuple(sorted(found, key=lambda double: (-double.per_mille, double.application)))


def _involved(application: Application) -> set[str]:
    return {one.id for one in (application.applicant, *application.members)}
