"""Two persons sign an award list: the very journal entry that the decision will make."""

from collections import Counter
from datetime import datetime
from typing import Final

from headgate.site.actions.assign_reviewers import eligible_now
from headgate.site.desk.agreement import taken
from headgate.site.desk.board import look
from headgate.site.desk.dossiers import need_apart
from headgate.site.desk.models import (
    AgreementSignature,
    AwardList,
    Dossier,
    Review,
    Signature,
)
from headgate.site.desk.office import CallNow, call_now, doing, need
from headgate.site.desk.refusals import DeskRefusal, refuse
from headgate.site.portal.models import Person
from headgate.site.portal.roles import Role

SHORT_NAMED: Final = 5
"""Applications that a refusal names; the rest are counted."""


def sign(person: Person, call_id: str, digest: str, now: datetime) -> AwardList:
    """Sign the list that was seen, told by its digest; with the second name the result is told.

    Where anything changed since, that list is no more: the signatures on it fall, and with another
    list those on agreements of which it says other things. Raises `Refused`.
    """
    with doing(person, "sign", f"{call_id} {digest}", now):
        need(person, Role.AGENCY_OFFICER, Role.POLICY_OWNER)
        rules = call_now(call_id)
        rules.need_under_review()
        need_impartial(person, rules)
        need_read(rules, now)
        board = look(call_id, now)
        if board.digest != digest:
            refuse(DeskRefusal.LIST_CHANGED, rules.call.name)
        listed = AwardList.objects.filter(call=call_id).first()
        if listed is not None and listed.digest != digest:
            listed.delete()
            listed = None
        if listed is None:
            listed = AwardList.objects.create(
                call=call_id,
                digest=digest,
                proposal=board.proposal,
                winners=board.winners,
                awards={one.application: (one.pool, one.blocks) for one in board.plan["awards"]},
                standby=board.standby,
            )
        if listed.signatures.filter(person=person).exists():
            refuse(DeskRefusal.ALREADY_SIGNED, rules.call.name)
        Signature.objects.create(award_list=listed, person=person, at=now)
        if listed.signatures.count() == 2:
            listed.told = now
            listed.save()
            _let_others_fall(rules, listed)
        return listed


def sign_now(person: Person, call_id: str, digest: str, now: datetime) -> bool:
    """The same for whoever needs no list of thousands: whether the result is told now."""
    return sign(person, call_id, digest, now).told is not None


def _let_others_fall(rules: CallNow, listed: AwardList) -> None:
    """Of the signatures on agreements keep those on what they say by the list that is told now."""
    said = {(one.pk, agreed.digest) for one, agreed in taken(rules, listed)}
    signed = AgreementSignature.objects.filter(dossier__call=rules.id)
    gone = [one.pk for one in signed if (one.dossier_id, one.digest) not in said]
    AgreementSignature.objects.filter(pk__in=gone).delete()


def need_read(rules: CallNow, now: datetime) -> None:
    """Refuse while an eligible application has fewer sheets than the policy's panel gives at least.

    It would be told a no, or a yes, that the panel never came to.
    """
    panel = rules.call.panel
    if panel is None:
        return
    marked = Review.objects.filter(dossier__call=rules.id, marked__isnull=False)
    sheets = Counter(marked.values_list("dossier__code", flat=True))
    codes = sorted(dossier.code or "" for dossier in eligible_now(rules, now))
    short = [f"{code} {sheets[code]}/{panel.least}" for code in codes if sheets[code] < panel.least]
    if short:
        more = f" + {len(short) - SHORT_NAMED}" if len(short) > SHORT_NAMED else ""
        refuse(DeskRefusal.SHEETS_MISSING, ", ".join(short[:SHORT_NAMED]) + more)


def need_impartial(person: Person, rules: CallNow) -> None:
    """Refuse whoever reviewed for the call, or acts for anybody with a part in an application."""
    if Review.objects.filter(dossier__call=rules.id, reviewer__person=person).exists():
        refuse(DeskRefusal.REVIEWED, rules.call.name)
    dossiers = Dossier.objects.filter(call=rules.id).select_related("lead")
    need_apart(person, dossiers, rules.call.name)
