"""What people can rely on at the desk beside what is refused."""

from dataclasses import replace

import pytest
from django.test import override_settings

from headgate.core import canonical
from headgate.core.calls.dossier import Welcome, invitations
from headgate.core.calls.harshness import groups
from headgate.core.calls.screening import Refusal
from headgate.core.ledger.refused import Refused
from headgate.site.actions.alliance import enter_alliance, leave_alliance
from headgate.site.actions.assign_reviewers import assign_reviewers
from headgate.site.actions.consent import consent
from headgate.site.actions.declare_conflict import declare_conflict
from headgate.site.actions.find_gate import find_gate
from headgate.site.actions.people import appoint, forget, send_away
from headgate.site.actions.save_draft import save_draft
from headgate.site.actions.submit import submit
from headgate.site.actions.take_due import take_due
from headgate.site.actions.withdraw import withdraw
from headgate.site.desk.board import preview
from headgate.site.desk.dossiers import absent, answer, because, body_of, doubles_of
from headgate.site.desk.models import Acting, Conflict, Dossier, Organisation, Review, State
from headgate.site.desk.office import SITE, call_now, instant
from headgate.site.desk.pages.telling import told_finding
from headgate.site.desk.refusals import DeskRefusal
from headgate.site.desk.world import ELSEWHERE, Desk
from headgate.site.portal.models import Person
from headgate.site.portal.roles import roles_of
from headgate.site.records.kept import stored_facts
from headgate.steps.event import What
from tests.site.actions.metered import root_of
from tests.site.desk.cast import Cast, at, browser, somebody


def test_a_receipt_names_the_line_that_is_published(cast: Cast) -> None:
    """The digest on the receipt is that of the application's line in the call's facts."""
    application = cast.facts["applications/alliance"][0]
    cast.until(What.CLOSE_CALL, "alliance")
    receipt = cast.hand_in(application)
    assert canonical.digest(canonical.line(application)) == receipt.digest


def test_the_instant_answer_gives_the_rule_and_its_words(cast: Cast) -> None:
    """A large firm learns before it hands in which rule refuses it, in the policy's own words."""
    cast.until(What.CLOSE_CALL, "open")
    application = cast.facts["applications/open"][0]
    person = cast.register(application.applicant)
    code = application.applicant.id
    Organisation.objects.filter(code=code).update(kind="firm", size="large")
    now = at(application.at)
    dossier = save_draft(person, cast.draft(application), now)
    rules = call_now("open")
    said = answer(rules, dossier, now)
    assert not said.ready
    (finding,) = said.findings
    assert (Refusal.RULE, "large") == (finding.refusal, finding.rule)
    words = because(rules.policy, "open", finding)
    assert words is not None
    assert "Large firms pay for themselves." == words.en
    assert "Large firms pay for themselves." == told_finding(rules, finding), "and no code"


def test_what_may_we_apply_for_is_answered_for_all_open_calls(cast: Cast) -> None:
    """Each call that is open today, for each organisation, with the rule where the answer is no."""
    cast.until(What.CLOSE_CALL, "alliance")
    rules, now = call_now("open"), "2026-01-10T00:00:00Z"
    for application in cast.facts["applications/open"]:
        cast.register(application.applicant)
    bodies = [body_of(rules.policy, one) for one in Organisation.objects.order_by("code")]
    found = invitations(rules.policy, bodies, now, {})
    assert {"alliance", "open"} == {one.call for one in found}
    for one in found:
        body = next(body for body in bodies if body.id == one.organisation)
        barred = one.call == "open" and (body.kind, body.size) == ("firm", "large")
        assert (Welcome.REFUSED if barred else Welcome.OPEN) == one.welcome
    assert () == invitations(rules.policy, bodies, "2025-01-10T00:00:00Z", {})


def test_a_withdrawn_application_is_not_received(cast: Cast) -> None:
    """Its text stays a draft that can be sent again under the same id; else it is not there."""
    cast.until(What.CLOSE_CALL, "alliance")
    application = cast.facts["applications/alliance"][0]
    cast.hand_in(application)
    dossier = Dossier.objects.get()
    person, now = cast.persons[application.applicant.id], at(application.at)
    withdraw(person, dossier.pk, now)
    assert State.WITHDRAWN == Dossier.objects.get().state
    saved = save_draft(person, cast.draft(application), now, dossier.pk, dossier.version)
    assert (dossier.code, 2) == (saved.code, saved.version)
    submit(person, saved.pk, saved.version, now)
    withdraw(person, dossier.pk, now)
    assert [] == list(Desk(ELSEWHERE, now).applications("alliance"))


def test_consent_is_to_one_version(cast: Cast) -> None:
    """Who agreed to a text has not agreed to the next one, nor to another alliance."""
    cast.until(What.CLOSE_CALL, "open")
    first, second = cast.facts["applications/open"][:2]
    now = at(first.at)
    person, other = cast.register(first.applicant), cast.register(second.applicant)
    code, name = second.applicant.id, str(Organisation.objects.get(code=second.applicant.id))
    alliance = cast.ally(first, person, now)
    for parts, shares in ((0, {}), (2, {"compute": 0}), (2, {"gold": 1})):
        with pytest.raises(Refused, match=DeskRefusal.PARTS_WRONG.name):
            enter_alliance(person, alliance, code, "data", parts, now, shares)
    member = enter_alliance(person, alliance, code, "data", 2, now, {"compute": 3})
    assert [3, 2] == [member.parts_of(support) for support in ("compute", "datasets")]
    with override_settings(HEADGATE_DEMO=True, ALLOWED_HOSTS=["*"]):
        page = browser(person).get("/applications/").content.decode()
    assert "data (parts: 2; GPU computing: 3)" in page
    draft = cast.draft(first, alliance)
    dossier = save_draft(person, draft, now)
    assert (name,) == absent(dossier)
    for _ in range(2):
        consent(other, dossier.pk, code, dossier.version, now)
    assert () == absent(dossier)
    same = save_draft(person, draft, now, dossier.pk, dossier.version)
    assert (1, ()) == (same.version, absent(same))
    changed = replace(draft, title="Another text")
    again = save_draft(person, changed, now, dossier.pk, dossier.version)
    assert (name,) == absent(again)
    leave_alliance(other, alliance, code, now)
    dossier.refresh_from_db()
    assert (3, ()) == (dossier.version, absent(dossier))
    with pytest.raises(Refused, match=DeskRefusal.STALE.name):
        submit(person, dossier.pk, again.version, now)


def seated(cast: Cast, ties: int, reviewers: int = 5) -> list[tuple[str, str]]:
    """The open call closed, some reviewers, of whom the first is tied to some applicants."""
    cast.until(What.DECIDE_CALL, "alliance")
    now = cast.closing("open")
    for finding in cast.facts["gates/open"]:
        cast.find(finding, now)
    codes = sorted({one.lead.code for one in Dossier.objects.filter(call="open")})
    for number in range(reviewers):
        tied = dict.fromkeys(codes[:ties], "adviser") if number == 0 else {}
        cast.reviewers[f"REV-{number}"] = somebody(f"rev-{number}")
        person = cast.reviewers[f"REV-{number}"]
        appoint(cast.officer, person, f"REV-{number}", "", tied, now)
    return list(assign_reviewers(cast.officer, "open", now).pairs)


def test_assignment_avoids_conflicts_and_balances(cast: Cast) -> None:
    """Nobody reads where they are tied; the others share the work within one application."""
    pairs = seated(cast, ties=2)
    leads = {one.code: one.lead.code for one in Dossier.objects.filter(call="open")}
    tied = {one.dossier.code for one in Conflict.objects.all()}
    assert tied
    assert not {code for code, reviewer in pairs if reviewer == "REV-0"} & tied
    loads = [sum(r == f"REV-{n}" for _, r in pairs) for n in range(1, 5)]
    assert max(loads) - min(loads) <= 1
    assert {3} == {sum(a == code for a, _ in pairs) for code in leads if code in dict(pairs)}


def test_a_panel_whose_harshness_is_taken_out_hangs_together(cast: Cast) -> None:
    """Of many reviewers with few seats the solution falls into parts, and the panel does not."""
    pairs = seated(cast, ties=1, reviewers=14)
    assert pairs
    panel = call_now("open").call.panel
    assert panel is not None
    assert panel.adjust_harshness
    assert 1 == len(groups((reviewer, code) for code, reviewer in pairs))


def test_a_declared_conflict_frees_the_seat_for_another(cast: Cast) -> None:
    """The seat is filled anew by somebody else, and never offered to the same person again."""
    code, reviewer = seated(cast, ties=0)[0]
    now = cast.closing("open")
    declare_conflict(cast.reviewers[reviewer], code, "my former student", now)
    assert not Review.objects.filter(dossier__code=code, reviewer__code=reviewer).exists()
    again = assign_reviewers(cast.officer, "open", now)
    assert (code, reviewer) not in again.pairs
    assert 3 == sum(a == code for a, _ in again.pairs)


def test_a_preview_leaves_nothing_and_a_variant_is_no_second_rule(cast: Cast) -> None:
    """The board is the decision, taken and thrown away; a what-if is one under an overlay."""
    cast.until(What.DECIDE_CALL, "open")
    cast.judge("open")
    now, before = cast.closing("open"), root_of(SITE)
    board = preview("open", now)
    overlay = (
        "overlay: fewer\nbecause: {en: One block at most.}\nfrom: 2026-01-01\nonwards: true\n"
        "set:\n  calls.open.classes.h200.offered: 8\n"
    )
    fewer = preview("open", now, {"fewer.yaml": overlay})
    assert before == root_of(SITE)
    assert sum(award.blocks for award in fewer.plan["awards"]) <= 1
    assert board.digest != fewer.digest
    assert board.digest == preview("open", now).digest
    assert {one.application for one in board.places if one.why.reason} >= set(board.winners)


def test_who_is_sent_away_can_do_nothing_from_then_on(cast: Cast) -> None:
    """The account, the roles and every organisation are gone at once; what was done stays."""
    cast.until(What.CLOSE_CALL, "alliance")
    application = cast.facts["applications/alliance"][0]
    cast.hand_in(application)
    person, now = cast.persons[application.applicant.id], at(application.at)
    send_away(cast.owner, person, now)
    assert frozenset() == roles_of(person)
    assert not Acting.objects.filter(person=person, until=None).exists()
    with pytest.raises(Refused, match=DeskRefusal.ROLE_MISSING.name):
        withdraw(person, Dossier.objects.get().pk, now)


def test_who_is_forgotten_leaves_no_name(cast: Cast) -> None:
    """Erasure touches the desk and not the journal, which never had the name."""
    cast.until(What.DECIDE_CALL, "alliance")
    before = root_of(SITE)
    person = next(iter(cast.persons.values()))
    name = person.username
    forget(cast.owner, person, cast.closing("open"))
    assert not Person.objects.filter(username=name).exists()
    assert before == root_of(SITE)
    told = b"".join(fact.data for fact in stored_facts(SITE).values())
    assert name.encode() not in told


def test_doubles_are_shown_to_officers(cast: Cast) -> None:
    """Two applications of one organisation are named to each other, with how alike they are."""
    cast.until(What.CLOSE_CALL, "alliance")
    application = cast.facts["applications/open"][0]
    person, now = cast.register(application.applicant), at(application.at)
    drafts = []
    for _ in range(2):
        drafts.append(dossier := save_draft(person, cast.draft(application), now))
        submit(person, dossier.pk, dossier.version, now, despite=True)
    (double,) = doubles_of(Dossier.objects.get(code="open-0001"))
    assert ("open-0002", 1000) == (double.application, double.per_mille)
    with override_settings(HEADGATE_DEMO=True, ALLOWED_HOSTS=["*"]):
        page = browser(person).get(f"/applications/{drafts[1].pk}/").content.decode()
    assert f"(The open call): {drafts[1].lead} – texts alike by 100.0%" in page, "in names"
    assert instant(now) == application.at


@pytest.mark.parametrize("passed", [True, False])
def test_what_changed_after_two_signatures_is_not_decided(cast: Cast, passed: bool) -> None:
    """The decision makes the very entry that was signed, or it is not taken."""
    cast.until(What.DECIDE_CALL, "open")
    cast.judge("open")
    now = at("2026-02-20T00:00:00Z")
    cast.settle("open", now)
    winner = preview("open", now).winners[0]
    find_gate(cast.officer, winner, "audit", passed, "seen again", (), now)
    before = root_of(SITE)
    with pytest.raises(Refused, match=DeskRefusal.LIST_CHANGED.name):
        take_due(cast.officer, "decide call open", now)
    assert before == root_of(SITE)
