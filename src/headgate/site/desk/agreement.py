"""The agreement on an award: what it says as plain values, its digest, and who has not signed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from headgate.core import canonical
from headgate.core.awards.plan import Proposal
from headgate.readers.facts import read_facts
from headgate.site.desk.dossiers import read_line
from headgate.site.desk.models import Acceptance, AgreementSignature, AwardList, Dossier, Side
from headgate.site.desk.office import CallNow


@dataclass(frozen=True, slots=True)
class Agreed:
    """What an agreement says: values that no language changes, and the SHA-256 that is signed."""

    says: Mapping[str, Any]

    @property
    def digest(self) -> str:
        """What a signature names."""
        return canonical.digest(canonical.line(self.says))


def proposed(signed: AwardList) -> Proposal:
    """The proposal of a list that is being signed."""
    (found,) = read_facts(f"proposal/{signed.call}", "proposal", signed.proposal.encode())
    proposal: Proposal = found
    return proposal


def has_agreement(rules: CallNow, dossier: Dossier, listed: AwardList) -> bool:
    """Whether there is an agreement: the call has one, and the award of the list was taken."""
    if rules.call.agreement is None or dossier.code not in listed.winners:
        return False
    return Acceptance.objects.filter(dossier=dossier, accepted=True).exists()


def agreement_of(rules: CallNow, dossier: Dossier, listed: AwardList) -> Agreed | None:
    """The agreement on an award that was taken; none where the call has none or it was not."""
    if not has_agreement(rules, dossier, listed):
        return None
    return _agreed(rules, dossier, _awards(listed))


def _awards(listed: AwardList) -> dict[str, tuple[str, int]]:
    """Class and blocks of every award of a list that is being signed."""
    return {code: (pool, blocks) for code, pool, blocks in proposed(listed).blocks}


def _agreed(
    rules: CallNow, dossier: Dossier, awards: Mapping[str, tuple[str, int]]
) -> Agreed | None:
    code, agreement = dossier.code or "", rules.call.agreement
    if agreement is None or code not in awards:
        return None
    support_class, blocks = awards[code]
    made = read_line(dossier)
    return Agreed(
        {
            "programme": rules.policy.programme.id,
            "call": rules.id,
            "application": code,
            "received": canonical.digest(dossier.line.encode()),
            "holder": made.applicant.id,
            "members": _members(dossier, [one.id for one in made.members], rules.call.support),
            "class": support_class,
            "blocks": blocks,
            "block": dict(rules.call.block),
            "starts": rules.call.starts.isoformat(),
            "months": made.months,
            "obligations": {
                name: text.model_dump(exclude_none=True)
                for name, text in agreement.obligations.items()
            },
        }
    )


def _members(dossier: Dossier, codes: list[str], support: str) -> list[dict[str, Any]]:
    """The members as they were when it was handed in, with role and parts of the support."""
    if dossier.alliance is None:
        return []
    listed = dossier.alliance.members.filter(organisation__code__in=codes)
    found = {one.organisation.code: one for one in listed.select_related("organisation")}
    return [
        {"organisation": code, "role": found[code].role, "parts": found[code].parts_of(support)}
        for code in codes
        if code in found
    ]


def sides(dossier: Dossier, digest: str) -> dict[str, AgreementSignature]:
    """Who has signed exactly this text, by side."""
    signed = AgreementSignature.objects.filter(dossier=dossier, digest=digest)
    return {one.side: one for one in signed.select_related("person")}


def unsigned(rules: CallNow, listed: AwardList) -> list[str]:
    """Winners that have taken their award but whose agreement lacks a signature."""
    if rules.call.agreement is None:
        return []
    taken = Dossier.objects.filter(code__in=listed.winners, acceptance__accepted=True)
    awards, found = _awards(listed), []
    for one in taken.select_related("alliance"):
        agreed = _agreed(rules, one, awards)
        if agreed is not None and set(sides(one, agreed.digest)) != set(Side.values):
            found.append(one.code or "")
    return found
