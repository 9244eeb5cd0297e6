"""Search finds what one may see, however it is written, and tells of nothing else."""

import re
from collections.abc import Iterator
from html import unescape

import pytest
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from headgate.site.actions.assign_reviewers import seat
from headgate.site.actions.declare_conflict import declare_conflict
from headgate.site.actions.people import act_for, appoint, give_roles
from headgate.site.actions.take_due import take_due
from headgate.site.desk.clock import coming, now
from headgate.site.desk.models import Dossier, Organisation
from headgate.site.desk.office import call_now
from headgate.site.portal import reading
from headgate.site.portal.models import Person
from headgate.site.portal.roles import Role
from headgate.steps.agenda import agenda
from headgate.steps.event import What
from tests.site.desk.cast import Cast, browser, facts_of, somebody
from tests.whole.small import small

HIT = re.compile(
    '<li><a class="govuk-link" href="([^"]+)">([^<]*)</a> <span class="hg-quiet">', re.ASCII
)
SECRETS = ("quetzal", "bluefin", "narwhal", "ocelot")
"""Words that stand in one object each."""


def scene() -> Cast:
    """The cast with two applications of the open call under review and one that is a draft."""
    cast = Cast(small().term.document, facts_of(small().term))
    cast.until(What.CLOSE_CALL, "alliance")
    for number in (0, 1):
        cast.hand_in(cast.facts["applications/open"][number])
    first, second = Dossier.objects.filter(call="open").order_by("pk")
    first.title, first.summary = f"{SECRETS[0]} Đào tạo mô hình ngôn ngữ", "한국어 언어 모델을 학습"
    second.title, second.summary = SECRETS[1], "국가 컴퓨팅 자원을 신청"
    second.lead.name = f"{SECRETS[2]} Đà Nẵng"
    for one in (first, second, second.lead):
        one.save()
    owner = cast.persons[first.lead.code]
    owner.first_name = SECRETS[3]
    owner.save()
    return cast


@pytest.fixture
def full(site: str) -> Iterator[Cast]:
    """The same on each database, before a portal whose clock stands where the programme does."""
    del site
    with override_settings(HEADGATE_DEMO=True, ALLOWED_HOSTS=["*"]):
        yield scene()


@pytest.fixture
def lone(copied: Cast) -> Cast:
    """The same on one database."""
    return copied


def hits(client: Client, query: str) -> dict[str, str]:
    """What a search finds: the titles by their addresses."""
    answer = client.get(reverse("search"), {"q": query})
    assert 200 == answer.status_code
    found = HIT.findall(answer.content.decode())
    return {unescape(where): unescape(title) for where, title in found}


FOUND = (
    "mô hình ngôn ngữ",
    "mo hinh ngon ngu",
    "dao tao",
    "ĐÀO TẠO",
    "언어모델",
    "언어 모델",
    "언어모델을",
    "한국",
    "학습을",
    "quet",
    "open-0001",
    "open-0001 quetzal",
)


def test_a_text_is_found_however_it_is_typed(lone: Cast) -> None:
    """Without accents, in the middle of a word, with or without spaces and endings in Korean.

    Every word must be there, no sign stands for others, and a query comes back as text.
    """
    client = browser(lone.officer)
    assert list(FOUND) == [q for q in FOUND if "/doubles/open-0001/" in hits(client, q)]
    for query in ("quetzal bluefin", "mô hình ảnh", "단백질", "%", "_", "'; --"):
        assert {} == hits(client, query), query
    script = "<script>alert(1)</script>"
    page = client.get(reverse("search"), {"q": script + "x" * 5_000}).content.decode()
    assert "Nothing that you may see has all of" in page
    assert script not in page


def test_both_databases_find_the_same(full: Cast) -> None:
    """Texts, names, decisions and entries, each where it leads to."""
    client = browser(full.officer)
    assert "/doubles/open-0002/" in hits(client, "컴퓨팅자원")
    assert [f"{SECRETS[2]} Đà Nẵng"] == [
        t for a, t in hits(client, "da nang").items() if "org" in a
    ]
    assert ["/people/"] == [a[:8] for a in hits(client, SECRETS[3])]
    assert any(a.startswith("/entries/?before=") for a in hits(client, "policy"))
    assert "/calls/open/" in hits(Client(), "the open call")
    assert {} == hits(Client(), "da nang")


def readers(cast: Cast) -> dict[str, Client]:
    """Somebody of each role, applicants with and without a part, reviewers at each step."""
    while not call_now("open").received:
        event, moment = coming()
        take_due(cast.officer, str(event), moment)
    found = {"nobody": Client()}
    for role in Role:
        found[role.value] = browser(somebody(f"plain-{role}", role))
    for number, name in enumerate(("seated", "cleared", "conflicted")):
        person = somebody(name)
        appoint(cast.officer, person, f"REV-{number}", "", {}, now())
        seat(cast.officer, "open-0001", f"REV-{number}", now())
        found[name] = browser(Person.objects.get(pk=person.pk))
    declare_conflict(Person.objects.get(username="cleared"), "open-0001", "", now())
    declare_conflict(Person.objects.get(username="conflicted"), "open-0001", "a tie", now())
    lead = Dossier.objects.get(code="open-0001").lead.code
    found["applicant of the first"] = browser(cast.persons[lead])
    two = somebody("an officer with a part", Role.AGENCY_OFFICER)
    act_for(cast.officer, two, lead, now())
    found["officer with a part"] = browser(Person.objects.get(pk=two.pk))
    both = somebody("reviewer and applicant", Role.REVIEWER, Role.APPLICANT)
    act_for(cast.officer, both, lead, now())
    found["reviewer and applicant"] = browser(Person.objects.get(pk=both.pk))
    gone = somebody("gone", Role.AUDITOR)
    found["somebody without roles"] = browser(gone)
    give_roles(gone, [])
    gone.groups.clear()
    return found


def test_search_tells_nothing_that_its_page_does_not(lone: Cast) -> None:
    """Every reader, every object: what is found leads to a page that shows that very word."""
    finders: dict[str, set[str]] = {word: set() for word in SECRETS}
    for name, client in readers(lone).items():
        for word in (*SECRETS, "open-0001", "open", "한국어"):
            for address in hits(client, word):
                answer = client.get(address)
                assert 200 == answer.status_code, (name, address)
                seen = unescape(answer.content.decode()).replace("&#x27;", "'")
                if word in SECRETS:
                    assert word in seen, (name, word, address)
                    finders[word].add(name)
    office = {"policy_owner", "agency_officer", "auditor"}
    own = {"applicant of the first", "reviewer and applicant"}
    assert office | own | {"cleared"} == finders[SECRETS[0]]
    assert office | {"officer with a part"} == finders[SECRETS[1]]
    assert office | {"officer with a part"} == finders[SECRETS[2]]
    assert office | {"officer with a part"} == finders[SECRETS[3]]


def test_a_search_asks_few_questions(lone: Cast) -> None:
    """At most 12 queries for somebody with nearly every role, and 3 for the public."""
    person = somebody("all", *(set(Role) - {Role.AUDITOR}))
    act_for(lone.officer, person, Dossier.objects.get(code="open-0001").lead.code, now())
    client = browser(Person.objects.get(pk=person.pk))
    for asking, most in ((client, 12), (Client(), 3)):
        hits(asking, "open")
        with CaptureQueriesContext(connection) as asked:
            hits(asking, "open")
        assert most >= len(asked), [one["sql"][:90] for one in asked.captured_queries]


def test_a_decision_is_found_by_all_that_is_said_of_it(shown: Cast) -> None:
    """By its number, or its subject with its step or day, and as soon as it is made."""
    client = browser(shown.officer)
    known: set[int] = set()
    for event in agenda(shown.document):
        shown.live(event)
        for one in reading.decisions():
            if one.seq not in known:
                said = f"{one.seq}", f"{one.subject} {one.at[:10]}", f"{one.step} {one.subject}"
                page = reverse("decision", args=[one.seq])
                assert [*said] == [words for words in said if page in hits(client, words)]
                assert {} == hits(client, f"{one.subject} {SECRETS[0]}")
        known |= {one.seq for one in reading.decisions()}
        if event.what is What.DECIDE_CALL:
            break
    assert {"screening", "award"} <= {one.step for one in reading.decisions()}
    assert {} == hits(client, "screening envelopes")


def test_of_many_hits_some_are_shown(lone: Cast) -> None:
    """How many there are is said, and those come first that are called by the words."""
    some = [Organisation(code=f"O{n:02}", name=f"Body {n}", region="Delta") for n in range(30)]
    some[-1].name = "Delta works"
    Organisation.objects.bulk_create(some)
    page = browser(lone.officer).get(reverse("search"), {"q": "delta"}).content.decode()
    titles = [title for _where, title in HIT.findall(page)]
    assert ["Delta works", *(f"Body {n}" for n in range(19))] == titles
    assert "30" in page
