"""What a search finds is what looking through everything by hand finds, in the same order."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from django.test import override_settings

from headgate.core.calls.matching import Words, has_words, words_of
from headgate.site.actions.people import act_for
from headgate.site.actions.post import post
from headgate.site.desk.clock import now
from headgate.site.desk.looking import SHOWN_MOST
from headgate.site.desk.models import Acting, Alliance, Dossier, Member, Organisation, State
from headgate.site.desk.searching import search
from headgate.site.portal import reading
from headgate.site.portal.models import Person
from headgate.site.portal.outcomes import applicants
from headgate.site.portal.roles import NAMES, OFFICE, Role, roles_of
from headgate.site.portal.words import STEPS, outcome_word
from headgate.steps.agenda import agenda
from headgate.steps.event import What
from tests.core.ledger.builders import CHART, grant
from tests.site.desk.cast import Cast, facts_of, somebody
from tests.whole.small import small

SEED: Final = 7
LOOKS: Final = 60
TYPED: Final = (
    "open", "OPEN-0001", "o", "a", "1", "12", "2", "0", "-", "%", "_", "!", "\\", '"', "'", "/",
    "auditor", "Auditor one", "company", "policy", "policy-adopted", "screening", "transfer", ":",
    "song hong", "hong da nang", "liên minh", "연구원을", "연구원", "학습", "거점", "거점을", "use",
    "서울", "서울에", "đầu", "울", "서울 lô",
    "open quetzal", "O 1 open", 'x" OR "y', 'a"b', "zebra", "nguyen", "NEAR", "open AND", "*",
    "facts receiv", "zz", "đ",
)  # fmt: skip
"""What somebody types, and what no database should take for a sign."""

LATER: Final = "2099-01-01T00:00:00Z"
"""When entries are written that people of the cast write none after."""

Told = tuple[int, list[str]]


@dataclass(frozen=True)
class Hand:
    """Somebody who reads everything that they may see, to look through it by hand."""

    person: Person

    def applications(self) -> Iterator[tuple[str, Sequence[str]]]:
        """What the reader leads, and what the office was handed in, of which it may hide texts."""
        roles = roles_of(self.person)
        acting = Acting.objects.filter(person=self.person, until__isnull=True)
        own = {one.organisation_id for one in acting}
        for one in Dossier.objects.select_related("lead", "alliance"):
            members = Member.objects.filter(alliance=one.alliance, left__isnull=True)
            within = one.lead_id in own or own & {m.organisation_id for m in members}
            leads = one.lead_id in own and Role.APPLICANT in roles
            if leads or (roles & OFFICE and one.state == State.SUBMITTED):
                shut = bool(within) and not leads
                name = (one.code or "") if shut else str(one)
                more = () if shut else (one.summary, one.alliance.name if one.alliance else "")
                yield name, (name, one.code or "", one.call, one.lead.name, *more)

    def organisations(self) -> Iterator[tuple[str, Sequence[str]]]:
        """The register."""
        for one in Organisation.objects.order_by("pk"):
            yield one.name, (one.name, one.code, one.region)

    def people(self) -> Iterator[tuple[str, Sequence[str]]]:
        """Everybody with an account."""
        for one in Person.objects.order_by("username"):
            groups = {*one.groups.values_list("name", flat=True)}
            yield (
                str(one),
                (str(one), one.username, *(str(NAMES[r]) for r in Role if r.value in groups)),
            )

    def awards(self, calls: Iterable[str], holder: Callable[[str], str]) -> Iterator[Any]:
        """What became of every application."""
        for one in (a for call in calls for a in applicants(reading.decisions(), call).values()):
            yield (
                one.id,
                (one.id, one.call, holder(one.holder), str(outcome_word(one.outcome)), one.pool),
            )

    def decisions(self) -> Iterator[tuple[str, Sequence[str]]]:
        """Every decision, the newest before others."""
        for one in reversed(reading.decisions()):
            step = str(STEPS.get(one.step, one.step))
            more = (one.step, one.subject, one.rule, one.at[:10])
            yield f"{step}: {one.subject}", (str(one.seq), step, *more)

    def everything(self) -> dict[str, list[tuple[str, Sequence[str]]]]:
        """What each thing is called, and the texts in one of which a word may stand, by kind."""
        stood = reading.programme()
        assert stood is not None
        policy = reading.policy_of(stood)
        found = {"Applications": [*self.applications()]}
        if roles_of(self.person) & OFFICE:
            found["Organisations"] = [*self.organisations()]
            found["People"] = [*self.people()]
            found["Decisions"] = [*self.decisions()]
        holder = reading.speaker_of(policy, "en").holder
        return found | {"Results and awards": [*self.awards(policy.calls, holder)]}


def by_hand(things: Iterable[tuple[str, Sequence[str]]], words: Words) -> Told:
    """How many have every word in one of their texts, and the first, by what they are called."""

    def has(texts: Sequence[str]) -> bool:
        return all(any(has_words(text, (word,)) for text in texts) for word in words)

    some = [name for name, texts in things if has(texts)]
    order = sorted(range(len(some)), key=lambda at: not has((some[at],)))
    return len(some), [some[at] for at in order][:SHOWN_MOST]


def entries(words: Words) -> Told:
    """The newest entries, by kind and by subject in either case."""
    sql = "SELECT seq, kind, subject FROM entry ORDER BY seq DESC"
    found = [
        f"{seq} {kind}"
        for seq, kind, subject in reading.DATABASE.rows(sql)
        if all(word in subject.lower() or word in kind for word in words)
    ]
    return len(found[:SHOWN_MOST]), found[:SHOWN_MOST]


def same(person: Person, queries: Iterable[str]) -> set[str]:
    """See that a search finds what a reader finds by hand; the kinds of which something was."""
    everything, kinds = Hand(person).everything(), set[str]()
    for query in queries:
        words = words_of(query)
        told = {kind: by_hand(things, words) for kind, things in everything.items()}
        if roles_of(person) & OFFICE:
            told["Entries"] = entries(words)
        told = {kind: one for kind, one in told.items() if one[0]}
        assert told == searched(person, query), (person, query)
        kinds |= told.keys()
    return kinds


def searched(person: Person, query: str) -> dict[str, Told]:
    """The same by the search; calls, rounds and seats are few, and told by other tests."""
    stood = reading.programme()
    assert stood is not None
    say = reading.speaker_of(reading.policy_of(stood), "en")
    found = search(query, person, stood, say)
    told = {str(one.kind): (one.count, [hit.title for hit in one.hits]) for one in found}
    return {kind: one for kind, one in told.items() if kind not in ("Calls", "Rounds", "Reviews")}


def crowded(cast: Cast) -> list[Person]:
    """More of everything than is shown, names in three languages, and readers of each sort."""
    for event in agenda(cast.document):
        cast.live(event)
        if event.what is What.DECIDE_CALL:
            break
    first, second = Dossier.objects.filter(state=State.SUBMITTED).order_by("pk")[:2]
    first.alliance = Alliance.objects.create(name="Liên minh Sông Hồng", lead=first.lead)
    first.save()
    names = ("Viện 연구원", "서울 거점", "Delta WORKS", 'O\'Neill "x"', "100%_a!b\\")
    post(reading.DATABASE, CHART, [grant(id=f"Lô {n}/đầu 서울", at=LATER) for n in range(3)])
    Organisation.objects.bulk_create(
        Organisation(code=f"Z{n}", name=f"{names[n % 5]} {n}", region=names[n % 3], kind="company")
        for n in range(30)
    )
    partner = Organisation.objects.get(code="Z1")
    Member.objects.create(alliance=first.alliance, organisation=partner, entered=now())
    bodies = [second.lead, partner]
    for n in range(24):
        Dossier.objects.create(
            call="open", lead=bodies[n % 2], title=("", f"Bản nháp {n}", f"거점 모델 {n}")[n % 3],
            code=f"extra-{n}" if n % 4 else None, at=now() if n % 4 else None,
            state=State.SUBMITTED if n % 4 else State.DRAFT, summary=names[n % 5],
        )  # fmt: skip
    officer = somebody("officer of a member", Role.AGENCY_OFFICER)
    both = somebody("officer and applicant", Role.AGENCY_OFFICER, Role.APPLICANT)
    for person in (officer, both):
        act_for(cast.officer, person, partner.code, now())
    somebody("đỗ", Role.AUDITOR)
    for username, name in (("a zebra", "Plain"), ("b", "Zebra")):
        named = somebody(username)
        named.first_name, named.last_name = name, "Nguyễn"
        named.save()
    some = [somebody("one", Role.AUDITOR), cast.persons[second.lead.code], officer, both]
    return [Person.objects.get(pk=one.pk) for one in some]


def typed() -> Iterator[str]:
    """What is typed: signs and words that mean something to a database, and parts of any text."""
    yield from TYPED
    random = Random(SEED)
    texts = [
        one for each in Dossier.objects.values_list("title", "summary", "code") for one in each
    ]
    texts += [one for each in Organisation.objects.values_list("name", "code") for one in each]
    texts += [f"{one.subject} {one.rule} {one.seq} {one.at[:10]}" for one in reading.decisions()]
    texts += [subject for (subject,) in reading.DATABASE.rows("SELECT subject FROM entry")]
    some = sorted({text for text in texts if text})
    for _ in range(LOOKS):
        parts = []
        for text in random.sample(some, random.choice((1, 1, 2))):
            begin = random.randrange(len(text))
            parts.append(text[begin : begin + random.randint(1, 8)])
        yield " ".join(parts).strip() or "zz"


def changed() -> None:
    """Other names and titles, as people give them; one application less."""
    for one in Alliance.objects.all():
        one.name = "Liên minh Sông Đà"
        one.save()
    body = Organisation.objects.get(code="Z4")
    body.name = "narwhal"
    body.save()
    draft, other = Dossier.objects.filter(code="extra-3").get(), Dossier.objects.get(code="extra-1")
    draft.title = "bluefin"
    draft.save()
    other.state = State.WITHDRAWN
    other.save()


def test_a_search_finds_what_looking_through_everything_by_hand_finds(site: str) -> None:
    """On each database, for each sort of reader: how many, which, and in which order; and so again
    once an alliance has another name, a draft a title, and an application is withdrawn.
    """
    del site
    with override_settings(HEADGATE_DEMO=True):
        readers = crowded(Cast(small().term.document, facts_of(small().term)))
        found = [same(person, typed()) for person in readers]
        kinds = {"Applications", "Organisations", "People", "Decisions", "Entries"}
        assert kinds | {"Results and awards"} == found[0]
        changed()
        assert kinds <= same(readers[0], ("song hong", "song da", "narwhal", "bluefin", "o"))
