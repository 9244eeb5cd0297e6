"""One side signs the agreement on an award: the holder, or the office."""

from collections.abc import Mapping
from datetime import datetime

from headgate.site.desk.agreement import agreement_of
from headgate.site.desk.dossiers import need_apart
from headgate.site.desk.models import AgreementSignature, AwardList, Dossier, Side
from headgate.site.desk.office import acts_for, call_now, doing_each, handed_in, need, of_many
from headgate.site.desk.refusals import DeskRefusal, refuse
from headgate.site.desk.turns import accept_by, is_over, turn_of
from headgate.site.portal.models import Person
from headgate.site.portal.roles import Role


def sign_agreement(
    person: Person, code: str, side: Side, digest: str, now: datetime
) -> AgreementSignature:
    """Sign exactly the text that was read; signed twice it is one signature. Raises `Refused`."""
    (signed,) = sign_agreements(person, {code: digest}, side, now)
    return signed


def sign_agreements(
    person: Person, digests: Mapping[str, str], side: Side, now: datetime
) -> list[AgreementSignature]:
    """The same for many awards by the text of each, all or none. Raises `Refused`, noting which."""
    with doing_each(person, f"sign agreement as {side}", [*digests], now):
        return [_signed(person, code, side, digest, now) for code, digest in digests.items()]


def _signed(
    person: Person, code: str, side: Side, digest: str, now: datetime
) -> AgreementSignature:
    with of_many(code):
        dossier = handed_in(code)
        _need_side(person, dossier, side)
        rules = call_now(dossier.call)
        listed = AwardList.objects.filter(call=dossier.call, told__isnull=False).first()
        agreed = agreement_of(rules, dossier, listed) if listed is not None else None
        if listed is None or agreed is None:
            refuse(DeskRefusal.NO_AGREEMENT, code)
        rules.need_under_review()
        turn = turn_of(listed, code)
        if is_over(accept_by(rules, turn.told if turn else None), rules, now):
            refuse(DeskRefusal.WINDOW_CLOSED, code)
        if digest != agreed.digest:
            refuse(DeskRefusal.TEXT_CHANGED, code)
        signed, _ = AgreementSignature.objects.get_or_create(
            dossier=dossier, side=side, digest=digest, defaults={"person": person, "at": now}
        )
        return signed


def _need_side(person: Person, dossier: Dossier, side: Side) -> None:
    """The holder is signed for by who acts for the lead, the office by who has no part in it."""
    if side is Side.HOLDER:
        need(person, Role.APPLICANT)
        if not acts_for(person, dossier.lead):
            refuse(DeskRefusal.NOT_YOURS, dossier.code)
        return
    need(person, Role.AGENCY_OFFICER, Role.POLICY_OWNER)
    need_apart(person, [dossier], dossier.code)
