"""An award begins once both sides have signed exactly the same text, and not otherwise."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache

import pytest
from django.urls import reverse

from headgate.core.ledger.refused import Refused
from headgate.core.policy.document import Document
from headgate.site.actions.accept import accept
from headgate.site.actions.ask_next import ask_next
from headgate.site.actions.find_gate import find_gate
from headgate.site.actions.people import act_for
from headgate.site.actions.sign import sign
from headgate.site.actions.sign_agreement import sign_agreement, sign_agreements
from headgate.site.actions.take_due import take_due
from headgate.site.desk import agreement
from headgate.site.desk.agreement import agreement_of, moved_up, unsigned
from headgate.site.desk.board import preview
from headgate.site.desk.clock import coming
from headgate.site.desk.models import AgreementSignature, AwardList, Dossier, Side
from headgate.site.desk.office import call_now
from headgate.site.desk.refusals import DeskRefusal
from headgate.site.portal.models import Person
from headgate.site.portal.roles import Role
from headgate.steps.event import What
from tests.report.checking import findings
from tests.site.desk.cast import Cast, allied_with, at, browser, facts_of, somebody
from tests.whole.small import small

AGREED = """overlay: agreement
because: {en: An agreement of the tests.}
from: 2026-01-01
onwards: true
set:
  calls.open.standby: {accept_days: 5}
  calls.open.appeals: {object_days: 10, answer_days: 30}
  calls.open.agreement:
    obligations:
      report: {en: Report every six months., ko: 6개월마다 보고한다.}
      open: {en: Publish what was learnt.}
"""
DECIDES = "2026-02-20T00:00:00Z"


@cache
def agreed() -> Document:
    """The small programme whose open call has an agreement."""
    return Document.read({**small().term.document.texts, "overlays/agreement.yaml": AGREED})


def scene() -> Cast:
    """The open call's list was signed by two and told; no winner has answered."""
    cast = Cast(agreed(), facts_of(small().term))
    cast.until(What.DECIDE_CALL, "open")
    cast.judge("open")
    board = preview("open", moment())
    for person in (cast.owner, cast.officer):
        sign(person, "open", board.digest, moment())
    return cast


@pytest.fixture
def told(copied: Cast) -> Cast:
    """The same, for one test."""
    return copied


def moment() -> datetime:
    """The day on which the open call is decided."""
    return at(DECIDES)


def answered(cast: Cast) -> list[str]:
    """Every winner takes the award."""
    winners = list(AwardList.objects.get(call="open").winners)
    for code in winners:
        accept(cast.applicant_of(code), code, True, moment())
    return winners


def text_of(code: str) -> str:
    """The digest of an agreement as it stands."""
    listed, dossier = AwardList.objects.get(call="open"), Dossier.objects.get(code=code)
    found = agreement_of(call_now("open"), dossier, listed)
    assert found is not None
    return found.digest


def both(cast: Cast, code: str) -> None:
    """Both sides sign."""
    sign_agreement(cast.applicant_of(code), code, Side.HOLDER, text_of(code), moment())
    sign_agreement(cast.officer, code, Side.OFFICE, text_of(code), moment())


def test_a_call_is_decided_once_every_agreement_is_signed(told: Cast) -> None:
    """Before that it says which are open; signed twice is signed once."""
    winners = answered(told)
    for code in winners:
        with pytest.raises(Refused, match=f"ANSWERS_OPEN.*{code}"):
            take_due(told.officer, "decide call open", moment())
        both(told, code)
        both(told, code)
    assert 2 * len(winners) == AgreementSignature.objects.count()
    term = take_due(told.officer, "decide call open", moment())
    assert set(winners) <= {holding.award for holding in term.holdings.values()}


def test_agreements_signed_together_are_all_signed_or_none(told: Cast) -> None:
    """One whose text is another by now leaves the others unsigned, and the refusal says which."""
    first, second, *_ = answered(told)
    texts = {first: text_of(first), second: "0" * 64}
    with pytest.raises(Refused) as caught:
        sign_agreements(told.officer, texts, Side.OFFICE, moment())
    assert DeskRefusal.TEXT_CHANGED is caught.value.reason
    assert [second] == caught.value.__notes__
    assert not AgreementSignature.objects.exists()
    sign_agreements(told.officer, {**texts, second: text_of(second)}, Side.OFFICE, moment())
    assert 2 == AgreementSignature.objects.count()


def test_a_member_signs_its_parts_of_the_support_that_the_call_gives(told: Cast) -> None:
    """Three of computing, though it has one of all else: what is signed is what is divided by."""
    code = answered(told)[0]
    dossier, rules = Dossier.objects.select_related("lead").get(code=code), call_now("open")
    others = (one.applicant for one in told.facts["applications/open"])
    other = next(one for one in others if one.id != dossier.lead.code)
    member = allied_with(dossier, other, moment())
    member.shares = {rules.call.support: 3}
    member.save()
    agreed = agreement_of(rules, dossier, AwardList.objects.get(call="open"))
    assert agreed is not None
    assert [(other.id, 3)] == [(m["organisation"], m["parts"]) for m in agreed.says["members"]]
    page = browser(told.officer).get(reverse("agreement", args=(code,))).content.decode()
    parts = re.findall(r"numeric.>(\d)</td>", page.partition("Who the award is for")[2])
    assert ["1", "3"] == parts[:2], "the lead has one"
    assert "Lead of the alliance" in page


def test_who_has_not_signed_in_time_has_given_the_award_up(
    told: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the days are over, an agreement that lacks one side begins nothing; whoever decides is
    told beforehand how many awards that costs.
    """
    winners = answered(told)
    for code in winners[1:]:
        both(told, code)
    sign_agreement(
        told.applicant_of(winners[0]), winners[0], Side.HOLDER, text_of(winners[0]), moment()
    )
    listed = AwardList.objects.get(call="open")
    assert [winners[0]] == unsigned(call_now("open"), listed)
    late, office = moment() + timedelta(days=6), browser(told.officer)
    assert "gave it up" not in office.get(reverse("calendar")).content.decode()
    monkeypatch.setattr("headgate.site.desk.pages.calendar.coming", lambda: (coming()[0], late))
    costs = f"Of the {len(winners)} who were awarded, 1 gave it up, let the days to answer pass"
    page = office.get(reverse("calendar")).content.decode()
    assert costs in page
    assert f"The next on standby are asked first: {len(listed.standby)} stand by." in page
    AwardList.objects.update(standby=[winners[0]])
    assert "Nobody on standby can take it" in office.get(reverse("calendar")).content.decode()
    AwardList.objects.update(standby=listed.standby)
    asked = ask_next("open", late)
    assert asked is not None
    came = list(moved_up(asked))
    for code in came:
        accept(told.applicant_of(code), code, True, late)
        both(told, code)
    term = take_due(told.officer, "decide call open", late)
    held = {holding.award for holding in term.holdings.values()}
    assert winners[0] not in held
    assert {*winners[1:], *came} <= held


def no_agreement(cast: Cast, code: str) -> None:
    """Nobody has taken the award yet."""
    sign_agreement(cast.officer, code, Side.OFFICE, "", moment())


def text_changed(cast: Cast, code: str) -> None:
    """Another text than the one that is there now."""
    accept(cast.applicant_of(code), code, True, moment())
    sign_agreement(cast.officer, code, Side.OFFICE, "ab" * 32, moment())


AGREEMENTS: dict[DeskRefusal, Callable[[Cast, str], None]] = {
    DeskRefusal.NO_AGREEMENT: no_agreement,
    DeskRefusal.TEXT_CHANGED: text_changed,
}


def test_what_cannot_be_signed_is_refused_by_name(told: Cast) -> None:
    """No award taken, another text, another's side, a part in it, too late: nothing is signed."""
    code = AwardList.objects.get(call="open").winners[0]
    for reason, provoke in AGREEMENTS.items():
        with pytest.raises(Refused) as caught:
            provoke(told, code)
        assert reason is caught.value.reason
    digest, lead = text_of(code), Dossier.objects.get(code=code).lead.code
    partial = somebody("partial", Role.AGENCY_OFFICER)
    act_for(told.officer, partial, lead, moment())
    late = moment() + timedelta(days=6)
    for person, side, when, reason in (
        (somebody("stranger", Role.APPLICANT), Side.HOLDER, moment(), DeskRefusal.NOT_YOURS),
        (told.applicant_of(code), Side.OFFICE, moment(), DeskRefusal.ROLE_MISSING),
        (told.officer, Side.HOLDER, moment(), DeskRefusal.ROLE_MISSING),
        (partial, Side.OFFICE, moment(), DeskRefusal.CONFLICT),
        (told.officer, Side.OFFICE, late, DeskRefusal.WINDOW_CLOSED),
    ):
        with pytest.raises(Refused) as caught:
            sign_agreement(person, code, side, digest, when)
        assert reason is caught.value.reason
    assert 0 == AgreementSignature.objects.count()


def test_an_agreement_is_read_printed_and_signed_at_the_portal(told: Cast) -> None:
    """By its holder and the office, in three languages; nobody else has it."""
    code = answered(told)[0]
    where = reverse("agreement", args=(code,))
    holder, officer = browser(told.applicant_of(code)), browser(told.officer)
    own = reverse("application", args=(Dossier.objects.get(code=code).pk,))
    assert where in holder.get(own).content.decode()
    assert where in officer.get(reverse("doubles", args=(code,))).content.decode()
    page = holder.get(where).content.decode()
    assert "Report every six months." in page
    assert text_of(code) in page
    for language in ("en", "vi", "ko"):
        asked = holder.get(where, {"format": "pdf"}, headers={"accept-language": language})
        assert [] == findings(asked.content)
    assert (
        "6개월마다 보고한다."
        in holder.get(where, headers={"accept-language": "ko"}).content.decode()
    )
    for client in (holder, officer):
        assert "Sign this agreement" in client.get(where).content.decode()
        client.post(where, {"digest": text_of(code)})
        assert "Sign this agreement" not in client.get(where).content.decode()
    assert ["holder", "office"] == sorted(AgreementSignature.objects.values_list("side", flat=True))
    for person in (somebody("x", Role.APPLICANT), somebody("y", Role.REVIEWER), told.operator):
        assert 404 == browser(person).get(where).status_code
    auditor = browser(somebody("z", Role.AUDITOR))
    AgreementSignature.objects.filter(side=Side.OFFICE).delete()
    for read in (where, reverse("answers", args=("open",))):
        page = auditor.get(read).content.decode()
        assert code in page
        assert "Sign th" not in page, "nobody is shown a button that the action refuses them"
    auditor.post(where, {"digest": text_of(code)})
    assert 1 == AgreementSignature.objects.count()


def test_whose_award_became_another_is_reminded_to_sign_anew(
    told: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is told a list with another amount for them signs that, and nobody else anew; the
    office is not asked for a signature on a text that no longer holds.
    """
    gone, other, same = answered(told)
    for code in (gone, other, same):
        sign_agreement(told.applicant_of(code), code, Side.HOLDER, text_of(code), moment())
    assert "The open call: 3 agreements wait" in home(told.officer)
    before, awards = text_of(same), agreement.awards_of

    def more(listed: AwardList) -> dict[str, tuple[str, int]]:
        return {code: (pool, n + (code == other)) for code, (pool, n) in awards(listed).items()}

    monkeypatch.setattr(agreement, "awards_of", more)
    find_gate(told.officer, gone, "audit", False, "Not there", ["ab" * 32], moment())
    for person in (told.owner, told.officer):
        sign(person, "open", preview("open", moment()).digest, moment())
    for code, reminded in ((gone, False), (other, True), (same, False)):
        reminds = f"{code}: last day to sign the agreement"
        assert reminded == (reminds in home(told.applicant_of(code))), code
    assert [(same, before)] == list(
        AgreementSignature.objects.values_list("dossier__code", "digest")
    )
    assert "The open call: 1 agreement waits" in home(told.officer)


def home(person: Person) -> str:
    """What somebody has to do today."""
    return browser(person).get(reverse("home")).content.decode()
