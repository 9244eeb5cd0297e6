"""Search over everything that one may see: what a reader's pages would show them, and no more.

Nothing is kept for it. Each kind is read as the pages that its hits lead to read it, under those
pages' own rules, and looked through in the reader's words; so a hit is never older than its page.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import chain, islice
from typing import Any, Final, TypeVar

from django.db.models import Exists, IntegerField, OuterRef, Q, QuerySet
from django.db.models.functions import Cast
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from headgate.core.calls.matching import (
    Words,
    each_findable,
    findable,
    has_words,
    places,
    words_of,
)
from headgate.core.ledger.entry import Kind
from headgate.core.policy.schema import Call, Policy, Round
from headgate.core.supports.text import Text
from headgate.report.speaker import Speaker
from headgate.site.desk.models import Acting, Dossier, Member, Organisation, Review, State
from headgate.site.portal import reading
from headgate.site.portal.findable import Looked, has_all
from headgate.site.portal.models import Person
from headgate.site.portal.outcomes import Applicant, applicants
from headgate.site.portal.registry import sees
from headgate.site.portal.roles import NAMES, Role
from headgate.site.portal.words import STEPS, day, outcome_word
from headgate.site.records.kept import Stands

T = TypeVar("T")

SHOWN_MOST: Final = 20
"""Hits of a kind that are shown; how many there are is said beside them."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing that was found: what it is called, what else is said of it, and where it is."""

    title: str
    note: str
    address: str


@dataclass(frozen=True, slots=True)
class Found:
    """What was found of one kind."""

    kind: Promise
    hits: tuple[Hit, ...]
    count: int


Hits = Iterator[Hit]
"""What has all words of all of a kind that the reader may see; of the rest nothing is made."""


def search(query: str, person: Any, stood: Stands, say: Speaker) -> list[Found]:
    """What has all words of a query, by kind; nothing where there is no word."""
    words = words_of(query)
    if not words:
        return []
    looking = _Looking(words, person, stood, reading.policy_of(stood), say)
    found = [_found(kind, hits(looking), words) for kind, hits in KINDS]
    if sees(person, "entries"):
        found.append(_entries(words))
    return [one for one in found if one.count]


def _found(kind: Promise, hits: Iterable[Hit], words: Words) -> Found:
    """The hits, those with all words in what they are called first."""
    first = sorted(hits, key=lambda hit: not has_words(hit.title, words))
    return Found(kind, tuple(first[:SHOWN_MOST]), len(first))


@dataclass
class _Looking:
    """Who looks, for which words, through what."""

    words: Words
    person: Any
    stood: Stands
    policy: Policy
    say: Speaker

    def found(self, rows: Iterable[T], said: Callable[[T], str]) -> Iterator[T]:
        """Of some things those of which what is said has all words."""
        every = list(rows)
        texts = each_findable([said(one) for one in every])
        return (every[at] for at in places(texts, self.words))

    def narrowed(self, query: "QuerySet[Any, Any]", *fields: Looked) -> "QuerySet[Any, Any]":
        """The rows that may be found, by what a database looks through faster than we do."""
        return query.filter(has_all(query.model, self.words, fields, {}, {}))

    @cached_property
    def made(self) -> list[reading.Made]:
        """Every decision."""
        return reading.decisions()

    @cached_property
    def own(self) -> list[int]:
        """The organisations that the reader acts for."""
        if not isinstance(self.person, Person):
            return []
        acting = Acting.objects.filter(person=self.person, until__isnull=True)
        return list(acting.values_list("organisation_id", flat=True))


def _calls(looking: _Looking) -> Hits:
    return _named(looking, looking.policy.calls, "call")


def _rounds(looking: _Looking) -> Hits:
    return _named(looking, looking.policy.rounds, "round")


def _named(looking: _Looking, parts: Mapping[str, Call | Round], page: str) -> Hits:
    told = looking.found(parts.items(), lambda part: f"{part[0]} {_all(part[1].name)}")
    for name, one in told:
        yield Hit(looking.say.text(one.name), name, _at(page, name))


def _all(text: Text) -> str:
    """A name of the policy in every language that it has."""
    return " ".join(filter(None, text.model_dump().values()))


def _awards(looking: _Looking) -> Hits:
    """What became of every application: public, and by pseudonym."""

    def said(one: Applicant) -> str:
        return f"{one.id} {one.call} {holder(one.holder)} {outcome(one.outcome)} {one.pool}"

    holder, outcome = cache(looking.say.holder), cache(outcome_word)
    calls = (applicants(looking.made, call).values() for call in looking.policy.calls)
    for one in looking.found(chain.from_iterable(calls), said):
        note = f"{outcome(one.outcome)} – {holder(one.holder)}"
        yield Hit(one.id, note, _at("award", one.call, one.id))


def _dossiers(looking: _Looking) -> Hits:
    """Applications with their texts: one's own, and those handed in for the office.

    Of one that the reader has a part in, the office's page shows the code alone, and so does this.
    """
    own, office = sees(looking.person, "application"), sees(looking.person, "doubles")
    if not (own or office):
        return
    mine = Q(lead__in=looking.own) if own and looking.own else Q(pk__in=())
    theirs = Q(state=State.SUBMITTED) if office else Q(pk__in=())
    inside = Member.objects.filter(organisation__in=looking.own, left__isnull=True)
    part = Exists(inside.filter(alliance=OuterRef("alliance")))
    # An alliance's name is folded nowhere, and a draft without a title is called by its number.
    unfolded = Q(alliance__isnull=False) | Q(title="", code__isnull=True)
    kept = "findable", "lead__findable", lambda _form: unfolded
    listed = looking.narrowed(Dossier.objects.filter(mine | theirs), *kept)
    told = "pk", "code", "call", "title", "summary", "lead_id", "lead__name", "alliance__name"
    rows = listed.values_list(*told, Cast(part, IntegerField()))
    its = frozenset(looking.own) if own else frozenset()

    def parts(row: _Row) -> tuple[str, tuple[str, ...]]:
        """What it is called, and what else its reader may find it by."""
        pk, code, call, title, summary, lead_id, lead, alliance, part = row
        if lead_id not in its and (part or lead_id in looking.own):
            return code or "", (code or "", call, lead)
        name = title or code or f"{call} {pk}"
        return name, (name, code or "", call, lead, alliance or "", summary)

    for row in looking.found(rows, lambda row: " ".join(parts(row)[1])):
        pk, code, call, _title, _summary, lead_id, lead, *_rest = row
        name, _found_by = parts(row)
        if lead_id in its:
            yield Hit(name, f"{code or call} – {lead}", _at("application", pk))
        else:
            yield Hit(name, f"{code} – {lead}", _at("doubles", code))


_Row = tuple[Any, ...]


def _at(name: str, *parts: object) -> str:
    return reverse(name, args=parts)


def _reviews(looking: _Looking) -> Hits:
    """A reviewer's seats; the text only once they declared to have no conflict."""
    if not sees(looking.person, "review"):
        return
    mine = Review.objects.filter(reviewer__person=looking.person)

    def said(one: Review) -> str:
        dossier, code = one.dossier, one.dossier.code or ""
        return f"{code} {dossier.lead if one.cleared is None else f'{dossier} {dossier.summary}'}"

    for one in looking.found(mine.select_related("dossier__lead"), said):
        dossier, code = one.dossier, one.dossier.code or ""
        told = (code, str(dossier.lead)) if one.cleared is None else (str(dossier), code)
        yield Hit(*told, _at("review", code))


def _organisations(looking: _Looking) -> Hits:
    if not sees(looking.person, "organisation"):
        return
    bodies = looking.narrowed(Organisation.objects.all(), "findable")
    rows = bodies.values_list("pk", "code", "name", "region")
    for pk, code, name, _region in looking.found(rows, lambda row: " ".join(row[1:])):
        yield Hit(name, code, _at("organisation", pk))


def _people(looking: _Looking) -> Hits:
    if not sees(looking.person, "person"):
        return

    def roles(one: Person) -> str:
        groups = {group.name for group in one.groups.all()}
        return ", ".join(names[role] for role in Role if role.value in groups)

    def called(form: str) -> Q:
        roles = [role.value for role, name in names.items() if form in findable(name)]
        return Q(pk__in=Person.objects.filter(groups__name__in=roles).values("pk"))

    names = {role: str(NAMES[role]) for role in Role}
    people = looking.narrowed(Person.objects.order_by("username"), "findable", called)
    people = people.prefetch_related("groups")
    for one in looking.found(people, lambda one: f"{one} {one.username} {roles(one)}"):
        yield Hit(str(one), roles(one), _at("person", one.pk))


def _decisions(looking: _Looking) -> Hits:
    if not sees(looking.person, "decision"):
        return
    steps = {step: str(told) for step, told in STEPS.items()}

    def said(one: reading.Made) -> str:
        step = steps.get(one.step, one.step)
        return f"{one.seq} {step} {one.step} {one.subject} {one.rule} {one.at[:10]}"

    for one in looking.found(reversed(looking.made), said):
        title = f"{steps.get(one.step, one.step)}: {one.subject}"
        yield Hit(title, day(one.at), _at("decision", one.seq))


def _entries(words: Words) -> Found:
    """The newest entries of the journal whose kind or subject has all words: one query."""
    told, likes = zip(*(_of_entry(form) for forms in words for form in forms), strict=True)
    each = iter(told)
    where = " AND ".join(f"({' OR '.join(islice(each, len(forms)))})" for forms in words)
    rows = reading.DATABASE.rows(_NEWEST.format(where=where), [*likes, SHOWN_MOST])
    hits = tuple(
        Hit(f"{seq} {kind}", f"{subject} – {day(at)}", f"{reverse('entries')}?before={seq + 1}")
        for seq, kind, at, subject in rows
    )
    return Found(_("Entries"), hits, len(hits))


_NEWEST: Final = """
    SELECT seq, kind, at, subject FROM entry WHERE seq IN
        (SELECT seq FROM entry WHERE {where} ORDER BY seq DESC LIMIT %s) ORDER BY seq DESC
"""
"""An index has the subjects of all entries, and their lines need not be read to look through it."""


def _of_entry(form: str) -> tuple[str, str]:
    """How a form is looked for in an entry, and its pattern; few are in the word for a kind."""
    kinds = ", ".join(f"'{kind.value}'" for kind in Kind if form in kind.value)
    subject = "lower(subject) LIKE %s ESCAPE '!'"
    return f"{subject} OR kind IN ({kinds})" if kinds else subject, f"%{_plain(form)}%"


def _plain(form: str) -> str:
    """A form of a word in which no sign stands for others."""
    return form.replace("!", "!!").replace("%", "!%").replace("_", "!_")


KINDS: Final[tuple[tuple[Promise, Callable[[_Looking], Hits]], ...]] = (
    (_("Calls"), _calls),
    (_("Rounds"), _rounds),
    (_("Applications"), _dossiers),
    (_("Reviews"), _reviews),
    (_("Organisations"), _organisations),
    (_("People"), _people),
    (_("Results and awards"), _awards),
    (_("Decisions"), _decisions),
)
"""What there is to be found, in the order in which it is shown."""
