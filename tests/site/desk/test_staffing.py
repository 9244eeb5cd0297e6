"""Organisations, accounts, roles, reviewers and ties, kept through the pages."""

from collections.abc import Callable

import pytest
from allauth.account.models import EmailAddress
from django.test import Client, override_settings
from django.urls import reverse

from headgate.core.ledger.refused import Refused
from headgate.site.actions.people import (
    Registered,
    act_for,
    make_account,
    register,
    send_away,
    set_roles,
)
from headgate.site.desk.clock import now
from headgate.site.desk.models import Acting, Alliance, Deed, Dossier, Organisation, Reviewer, Tie
from headgate.site.desk.refusals import DeskRefusal
from headgate.site.portal.models import Person
from headgate.site.portal.roles import Role, roles_of
from headgate.steps.event import What
from tests.site.desk.cast import Cast, browser, somebody


def name_taken(cast: Cast) -> None:
    """An account under a name that somebody has, in other letters."""
    make_account(cast.owner, "OFFICER", "A B", "", [], now())


def roles_apart(cast: Cast) -> None:
    """An auditor who decides."""
    set_roles(cast.owner, cast.officer, [Role.AUDITOR, Role.AGENCY_OFFICER], now())


def sent_away(cast: Cast) -> None:
    """A role for somebody whose account was closed."""
    send_away(cast.owner, cast.officer, now())
    set_roles(cast.owner, cast.officer, [Role.OPERATOR], now())


STAFFED: dict[DeskRefusal, Callable[[Cast], None]] = {
    DeskRefusal.NAME_TAKEN: name_taken,
    DeskRefusal.ROLES_APART: roles_apart,
    DeskRefusal.SENT_AWAY: sent_away,
}


@pytest.mark.parametrize("reason", STAFFED)
def test_a_refusal_about_people_is_named(shown: Cast, reason: DeskRefusal) -> None:
    """The reason is the one that was meant."""
    with pytest.raises(Refused) as caught:
        STAFFED[reason](shown)
    assert reason is caught.value.reason


def organisation(**changed: str) -> dict[str, str]:
    """What an officer types of an organisation."""
    told = {"code": "ORG-7", "name": "Lúa Việt", "kind": "firm", "size": "small"}
    more = {"region": "Huế", "founded": "2019-04-01", "parent": "", "fact-youth_led": "yes"}
    return {**told, **more, **changed}


def test_an_organisation_is_registered_and_corrected(shown: Cast) -> None:
    """What is wrong is told at its field and nothing is lost; what is right stands in the list."""
    officer = browser(shown.officer)
    new = reverse("new_organisation")
    wrong = organisation(code="=1+1", kind="ministry", founded="tomorrow", name="<b>Lúa</b>")
    page = officer.post(new, wrong).content.decode()
    assert 3 == page.count("govuk-error-message")
    assert "&lt;b&gt;Lúa&lt;/b&gt;" in page
    assert not Organisation.objects.exists()
    officer.post(new, organisation())
    made = Organisation.objects.get()
    assert ({"youth_led": True}, "Huế") == (made.facts, made.region)
    assert "this code already" in officer.post(new, organisation()).content.decode()
    own = reverse("organisation", args=(made.pk,))
    assert "Lúa Việt" in officer.get(own).content.decode()
    officer.post(own, organisation(code="another", size="large"))
    assert [("ORG-7", "large")] == list(Organisation.objects.values_list("code", "size"))
    below = organisation(code="ORG-8", parent="ORG-7")
    officer.post(new, below)
    circle = officer.post(own, organisation(parent="ORG-8")).content.decode()
    assert "stands below" in circle
    assert "ORG-8" in officer.get(reverse("organisations") + "?format=csv").content.decode()
    assert 403 == browser(somebody("nobody", Role.APPLICANT)).get(own).status_code


def test_a_person_is_let_in_acts_and_leaves(shown: Cast) -> None:
    """From an account without a password to every access taken away, all at one page."""
    owner, officer = browser(shown.owner), browser(shown.officer)
    account = {"username": "minh", "name": "Trần Minh", "email": "minh@example.org"}
    owner.post(reverse("new_person"), {**account, "roles": ["applicant"]})
    minh = Person.objects.get(username="minh")
    assert (frozenset({Role.APPLICANT}), "Trần Minh") == (roles_of(minh), minh.get_full_name())
    officer.post(reverse("new_organisation"), organisation())
    own = reverse("person", args=(minh.pk,))
    officer.post(own, {"deed": "act", "organisation": "ORG-7"})
    assert [minh.pk] == list(Acting.objects.values_list("person", flat=True))
    officer.post(own, {"deed": "roles", "roles": ["policy_owner"]})
    assert frozenset({Role.APPLICANT}) == roles_of(Person.objects.get(username="minh"))
    owner.post(own, {"deed": "roles", "roles": ["operator", "nonsense"]})
    assert frozenset({Role.OPERATOR}) == roles_of(Person.objects.get(username="minh"))
    officer.post(own, {"deed": "stop", "organisation": "ORG-7"})
    assert not Acting.objects.filter(until=None).exists()
    owner.post(own, {"deed": "away"})
    assert not Person.objects.get(username="minh").is_active
    assert EmailAddress.objects.filter(user=minh, verified=True).exists()
    owner.post(own, {"deed": "forget"})
    assert "Minh" not in owner.get(own).content.decode()
    assert not EmailAddress.objects.filter(user=minh).exists()
    assert not Deed.objects.filter(about="minh").exists()


def test_a_link_sets_the_first_password_once(shown: Cast) -> None:
    """Whoever is let in gets a link; outside the demo it is the only way in, and works once."""
    with override_settings(HEADGATE_DEMO=False):
        owner = browser(shown.owner)
        owner.post(reverse("new_person"), {"username": "minh", "name": "Minh", "roles": []})
        minh = Person.objects.get(username="minh")
        page = owner.get(reverse("person", args=(minh.pk,))).content.decode()
        (path,) = {part.split("<")[0] for part in page.split("http://testserver")[1:]}
        guest = Client()
        form = guest.get(path, follow=True)
        where = form.redirect_chain[-1][0]
        words = {"password1": "a long phrase of words", "password2": "a long phrase of words"}
        done = guest.post(where, words, follow=True)
        assert (reverse("home"), 302) == done.redirect_chain[-1], "let in at once"
        assert Person.objects.get(username="minh").check_password("a long phrase of words")
        assert "password1" not in Client().get(path, follow=True).content.decode()
        assert (
            "password/reset/key"
            not in owner.get(reverse("person", args=(minh.pk,))).content.decode()
        )


def test_nobody_is_seated_near_what_they_are_tied_to(shown: Cast) -> None:
    """A tie that the office or the reviewer tells of is a conflict when seats are given."""
    shown.until(What.CLOSE_CALL, "alliance")
    application = shown.facts["applications/open"][0]
    shown.hand_in(application)
    code = application.applicant.id
    person = somebody("expert", Role.REVIEWER)
    own = reverse("person", args=(person.pk,))
    officer, expert = browser(shown.officer), browser(person)
    assert "Ties" in expert.get(reverse("ties")).content.decode()
    officer.post(own, {"deed": "appoint", "code": "=x", "expertise": ""})
    assert not Reviewer.objects.exists()
    officer.post(own, {"deed": "appoint", "code": "REV-9", "expertise": "Kiểm toán"})
    expert.post(reverse("ties"), {"organisation": code, "why": "I own shares of it."})
    assert ["I own shares of it."] == list(Tie.objects.values_list("why", flat=True))
    assert "I own shares of it." in officer.get(own).content.decode()


def test_what_was_typed_outlives_the_session(shown: Cast) -> None:
    """Signed out in the middle of a sheet, one signs in and finds the text where it was."""
    person = shown.officer
    client = browser(person)
    new = reverse("new_organisation")
    client.logout()
    answer = client.post(new, organisation(name="A name that took long to write"))
    assert f"/account/login/?next={new}" == answer.headers["Location"]
    assert "What you typed is kept" in client.get(answer.headers["Location"]).content.decode()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    assert "A name that took long to write" in client.get(new).content.decode()
    assert "A name that took long to write" not in client.get(new).content.decode()
    assert not Organisation.objects.exists()


@pytest.mark.usefixtures("shown")
def test_what_was_refused_is_shown_again() -> None:
    """A refusal costs nobody their text."""
    person = somebody("expert", Role.REVIEWER)
    client = browser(person)
    client.post(reverse("ties"), {"organisation": "none", "why": "My sister leads it."})
    page = client.get(reverse("ties")).content.decode()
    assert "My sister leads it." in page
    assert "Ask the policy owner" in page


@pytest.mark.usefixtures("shown")
def test_what_was_picked_is_picked_again() -> None:
    """Of thousands nobody looks for the same one twice; and no name is taken for marks."""
    for code in ("B-10", "B-1"):
        Organisation.objects.create(code=code, name=f"<b>{code} & sons", kind="firm", size="small")
    person, where = somebody("expert", Role.REVIEWER), reverse("ties")
    client = Client()
    client.post(where, {"organisation": "B-1", "why": "I own shares of it."})
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    picked, other = (f"B-1{end} – &lt;b&gt;B-1{end} &amp; sons</option>" for end in ("", "0"))
    page = client.get(where).content.decode()
    assert f'<option value="B-1" selected>{picked}<option value="B-10">{other}' in page


def test_sending_a_form_twice_is_sending_it_once(shown: Cast) -> None:
    """A double click on any form that begins something begins one thing."""
    shown.until(What.CLOSE_CALL, "alliance")
    given = Registered("ORG-7", "Lúa", "firm", "small", facts={"youth_led": True})
    register(shown.officer, given, now())
    person = somebody("minh", Role.APPLICANT)
    act_for(shown.officer, person, "ORG-7", now())
    client = browser(person)
    for _ in range(2):
        client.post(reverse("applications"), {"deed": "form", "lead": "ORG-7", "name": "Two"})
        client.post(reverse("begin_application", args=("open", "ORG-7")))
    assert (1, 1) == (Alliance.objects.count(), Dossier.objects.count())
