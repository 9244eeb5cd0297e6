"""The agreement on an award: what it says as plain values, its digest, and who has not signed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Prefetch, prefetch_related_objects

from headgate.core import canonical
from headgate.core.awards.plan import Proposal
from headgate.readers.facts import read_facts
from headgate.site.desk.dossiers import read_line
from headgate.site.desk.models import Acceptance, AgreementSignature, AwardList, Dossier, Side
from headgate.site.desk.office import CallNow

WITH_MEMBERS: Final = "alliance__members__organisation"
WITH_SIGNED: Final = Prefetch("agreed", AgreementSignature.objects.select_related("person"))


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
    if rules.call.agreement is None or dossier.code not in awards_of(listed):
        return False
    return Acceptance.objects.filter(dossier=dossier, accepted=True).exists()


def agreement_of(rules: CallNow, dossier: Dossier, listed: AwardList) -> Agreed | None:
    """The agreement on an award that was taken; none where the call has none or it was not."""
    if not has_agreement(rules, dossier, listed):
        return None
    return _agreed(rules, dossier, awards_of(listed))


def moved_up(listed: AwardList) -> dict[str, tuple[str, int]]:
    """Class and blocks of every award that somebody on standby was asked to take."""
    return {code: (pool, n) for turn in listed.turns for code, (pool, n) in turn["awards"].items()}


def awards_of(listed: AwardList) -> dict[str, tuple[str, int]]:
    """Class and blocks of every award of a list that is being signed, and of who moved up."""
    return {code: (pool, n) for code, (pool, n) in listed.awards.items()} | moved_up(listed)


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
    prefetch_related_objects([dossier], WITH_MEMBERS)
    found = {one.organisation.code: one for one in dossier.alliance.members.all()}
    return [
        {"organisation": code, "role": found[code].role, "parts": found[code].parts_of(support)}
        for code in codes
        if code in found
    ]


def sides(dossier: Dossier, digest: str) -> dict[str, AgreementSignature]:
    """Who has signed exactly this text, by side."""
    prefetch_related_objects([dossier], WITH_SIGNED)
    return {one.side: one for one in dossier.agreed.all() if one.digest == digest}


def taken(rules: CallNow, listed: AwardList) -> Iterator[tuple[Dossier, Agreed]]:
    """Every award of a list that was taken, with its agreement; none where the call has none."""
    if rules.call.agreement is None:
        return
    awards = awards_of(listed)
    found = Dossier.objects.filter(code__in=awards, acceptance__accepted=True)
    for one in found.select_related("lead", "alliance").prefetch_related(WITH_MEMBERS, WITH_SIGNED):
        if (agreed := _agreed(rules, one, awards)) is not None:
            yield one, agreed


def unsigned(rules: CallNow, listed: AwardList) -> list[str]:
    """Whoever has taken an award whose agreement lacks a signature."""
    every = set(Side.values)
    return [
        one.code or ""
        for one, agreed in taken(rules, listed)
        if set(sides(one, agreed.digest)) != every
    ]
