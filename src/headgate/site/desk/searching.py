"""Search over everything that one may see: what a reader's pages would show them, and no more.

Each kind is read as the pages that its hits lead to read it, under those pages' own rules, and
looked through in the reader's words; so a hit is never older than its page. Kept is nothing but the
subjects of decisions, which are only ever added to.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import chain, filterfalse, islice
from operator import attrgetter, itemgetter
from typing import Any, Final, Generic, TypeVar

from django.db.models import Case, Q, QuerySet, Value, When
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
from headgate.site.desk.models import Acting, Dossier, Organisation, Review, State
from headgate.site.desk.office import led_by, part_of
from headgate.site.portal import reading
from headgate.site.portal.findable import Looked, has_all
from headgate.site.portal.lists import kept
from headgate.site.portal.models import Person
from headgate.site.portal.outcomes import Applicant, applicants
from headgate.site.portal.registry import sees
from headgate.site.portal.roles import NAMES, Role
from headgate.site.portal.words import STEPS, day, outcome_word
from headgate.site.records.database import Row
from headgate.site.records.kept import Stands

T = TypeVar("T")

SHOWN_MOST: Final = 20
"""Hits of a kind that are shown; how many there are is said beside them."""

AT_ONCE: Final = 500
"""Texts that are put into words and folded at a time: those of all at once would take 10 MiB."""


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


@dataclass(frozen=True, slots=True)
class Several(Generic[T]):
    """All of a kind that the reader may see and that has all words; a hit is made of what is shown.

    What one is `called` says whether it comes first; `told` is its note and its address.
    """

    rows: Sequence[T]
    called: Callable[[T], str]
    told: Callable[[T], tuple[str, str]]

    def shown(self, words: Words) -> tuple[Hit, ...]:
        """The first hits, those with all words in what they are called before others."""
        first = places(each_findable([self.called(one) for one in self.rows]), words)
        others = filterfalse({*first}.__contains__, range(len(self.rows)))
        some = (self.rows[at] for at in islice(chain(first, others), SHOWN_MOST))
        return tuple(Hit(self.called(one), *self.told(one)) for one in some)


def search(query: str, person: Any, stood: Stands, say: Speaker) -> list[Found]:
    """What has all words of a query, by kind; nothing where there is no word."""
    words = words_of(query)
    if not words:
        return []
    looking = _Looking(words, person, stood, reading.policy_of(stood), say)
    each = ((kind, several(looking)) for kind, several in KINDS)
    found = [Found(k, s.shown(words), len(s.rows)) for k, s in each if s is not None and s.rows]
    if sees(person, "entries") and (entries := _entries(words)):
        found.append(Found(_("Entries"), entries, len(entries)))
    return found


@dataclass
class _Looking:
    """Who looks, for which words, through what."""

    words: Words
    person: Any
    stood: Stands
    policy: Policy
    say: Speaker

    def found(
        self, rows: Iterable[T], said: Callable[[T], str], sure: Callable[[T], bool] | None = None
    ) -> list[T]:
        """Of some things those of which what is said has all words; it is not asked of one that is
        `sure` to have them.
        """
        having, left = list[T](), iter(rows)
        while some := list(islice(left, AT_ONCE)):
            asked = [at for at, one in enumerate(some) if sure is None or not sure(one)]
            texts = each_findable([said(some[at]) for at in asked])
            gone = {*asked}.difference(asked[at] for at in places(texts, self.words))
            having += [one for at, one in enumerate(some) if at not in gone] if gone else some
        return having

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


def _calls(looking: _Looking) -> Several[Any]:
    return _named(looking, looking.policy.calls, "call")


def _rounds(looking: _Looking) -> Several[Any]:
    return _named(looking, looking.policy.rounds, "round")


def _named(looking: _Looking, parts: Mapping[str, Call | Round], page: str) -> Several[str]:
    return Several(
        looking.found(parts, lambda name: f"{name} {_all(parts[name].name)}"),
        lambda name: looking.say.text(parts[name].name),
        lambda name: (name, _at(page, name)),
    )


def _all(text: Text) -> str:
    """A name of the policy in every language that it has."""
    return " ".join(filter(None, text.model_dump().values()))


def _awards(looking: _Looking) -> Several[Applicant]:
    """What became of every application: public, and by pseudonym."""

    def said(one: Applicant) -> str:
        return f"{one.id} {one.call} {holder(one.holder)} {outcome(one.outcome)} {one.pool}"

    def told(one: Applicant) -> tuple[str, str]:
        return f"{outcome(one.outcome)} – {holder(one.holder)}", _at("award", one.call, one.id)

    holder, outcome = cache(looking.say.holder), cache(lambda one: str(outcome_word(one)))
    calls = (applicants(looking.made, call).values() for call in looking.policy.calls)
    every = looking.found(chain.from_iterable(calls), said)
    return Several(every, attrgetter("id"), told)


def _dossiers(looking: _Looking) -> Several[Row] | None:
    """Applications with their texts: one's own, and those handed in for the office.

    Of one that the reader has a part in, the office's page shows the code alone, and so does this.
    """
    own, office = sees(looking.person, "application"), sees(looking.person, "doubles")
    if not (own or office):
        return None
    mine = Q(lead__in=looking.own) if own and looking.own else Q(pk__in=())
    theirs = Q(state=State.SUBMITTED) if office else Q(pk__in=())
    its = frozenset(looking.own) if own else frozenset()
    # An alliance's name is folded nowhere, and a draft without a title is called by its number.
    unfolded = Q(alliance__isnull=False) | Q(title="", code__isnull=True)
    kept = "findable", led_by, lambda _form: unfolded
    listed = looking.narrowed(Dossier.objects.filter(mine | theirs), *kept)
    whole = When(has_all(Dossier, looking.words, ("findable",), {}, {}), then=Value("whole"))
    inside = part_of(looking.own) & ~Q(lead__in=its) if looking.own else Q(pk__in=())
    told = "pk", "code", "call", "title", "summary", "lead_id", "lead__name", "alliance__name"
    how = Case(When(inside, then=Value("hidden")), whole, default=Value(""))
    rows = listed.values_list(*told, how)

    def called(row: Row) -> str:
        pk, code, call, title, *_, how = row
        return (code or "") if how == "hidden" else title or code or f"{call} {pk}"

    def said(row: Row) -> str:
        _pk, code, call, _title, summary, _lead_id, lead, alliance, how = row
        more = () if how == "hidden" else (alliance or "", summary)
        return " ".join((called(row), code or "", call, lead, *more))

    def noted(row: Row) -> tuple[str, str]:
        pk, code, call, _title, _summary, lead_id, lead, *_rest = row
        if lead_id in its:
            return f"{code or call} – {lead}", _at("application", pk)
        return f"{code} – {lead}", _at("doubles", code)

    every = looking.found(rows, said, lambda row: bool(row[-1] == "whole"))
    return Several(every, called, noted)


def _at(name: str, *parts: object) -> str:
    return reverse(name, args=parts)


def _reviews(looking: _Looking) -> Several[Review] | None:
    """A reviewer's seats; the text only once they declared to have no conflict."""
    if not sees(looking.person, "review"):
        return None
    mine = Review.objects.filter(reviewer__person=looking.person)

    def said(one: Review) -> str:
        dossier, code = one.dossier, one.dossier.code or ""
        return f"{code} {dossier.lead if one.cleared is None else f'{dossier} {dossier.summary}'}"

    def called(one: Review) -> str:
        return (one.dossier.code or "") if one.cleared is None else str(one.dossier)

    def told(one: Review) -> tuple[str, str]:
        code = one.dossier.code or ""
        return str(one.dossier.lead) if one.cleared is None else code, _at("review", code)

    every = looking.found(mine.select_related("dossier__lead"), said)
    return Several(every, called, told)


def _organisations(looking: _Looking) -> Several[Row] | None:
    if not sees(looking.person, "organisation"):
        return None
    bodies = looking.narrowed(Organisation.objects.all(), "findable")
    rows = bodies.values_list("name", "code", "region", "pk")
    every = looking.found(rows, lambda row: " ".join(row[:3]))
    return Several(every, itemgetter(0), lambda row: (row[1], _at("organisation", row[3])))


def _people(looking: _Looking) -> Several[Person] | None:
    if not sees(looking.person, "person"):
        return None

    def roles(one: Person) -> str:
        groups = {group.name for group in one.groups.all()}
        return ", ".join(names[role] for role in Role if role.value in groups)

    def called(form: str) -> Q:
        roles = [role.value for role, name in names.items() if form in findable(name)]
        return Q(pk__in=Person.objects.filter(groups__name__in=roles).values("pk"))

    names = {role: str(NAMES[role]) for role in Role}
    people = looking.narrowed(Person.objects.order_by("username"), "findable", called)
    people = people.prefetch_related("groups")
    every = looking.found(people, lambda one: f"{one} {one.username} {roles(one)}")
    return Several(every, str, lambda one: (roles(one), _at("person", one.pk)))


def _decisions(looking: _Looking) -> Several[reading.Made] | None:
    """Every decision; a word that no step, rule or moment has is looked for in subjects alone."""
    if not sees(looking.person, "decision"):
        return None
    steps = {step: str(told) for step, told in STEPS.items()}

    def said(one: reading.Made) -> str:
        step = steps.get(one.step, one.step)
        return f"{one.seq} {step} {one.step} {one.subject} {one.rule} {one.at[:10]}"

    @cache
    def all_say(step: str, rule: str, day: str) -> bool:
        """Whether all decisions of a step, a rule and a day have the words, whomever they are
        about.
        """
        return has_words(f"{steps.get(step, step)} {step} {rule} {day}", looking.words)

    made = looking.made
    often, subjects = kept("subjects", reading.followed(made), lambda: _told_of(made)).rows
    often = f"{often} {findable(' '.join(steps.values()))}"
    own = [w for w in looking.words if not any(form in often or form.isdecimal() for form in w)]
    rare = [made[at] for at in places(subjects.split("\0"), tuple(own))] if own else made
    return Several(
        looking.found(reversed(rare), said, lambda one: all_say(one.step, one.rule, one.at[:10])),
        lambda one: f"{steps.get(one.step, one.step)}: {one.subject}",
        lambda one: (day(one.at), _at("decision", one.seq)),
    )


def _told_of(made: Sequence[reading.Made]) -> tuple[str, str]:
    """What many decisions are found by, and the subjects of all of them."""
    often = ({*map(attrgetter(name), made)} for name in ("step", "rule", "at"))
    subjects = each_findable([one.subject for one in made])
    return findable(" ".join(chain(*often))), "\0".join(subjects)


def _entries(words: Words) -> tuple[Hit, ...]:
    """The newest entries of the journal whose kind or subject has all words: one query."""
    where = " AND ".join(f"({' OR '.join(_of_entry(forms))})" for forms in words)
    likes = [f"%{_plain(form)}%" for forms in words for form in forms]
    rows = reading.DATABASE.rows(_NEWEST.format(where=where), [*likes, SHOWN_MOST])
    return tuple(
        Hit(f"{seq} {kind}", f"{subject} – {day(at)}", f"{reverse('entries')}?before={seq + 1}")
        for seq, kind, at, subject in rows
    )


_NEWEST: Final = """
    SELECT seq, kind, at, subject FROM entry WHERE seq IN
        (SELECT seq FROM entry WHERE {where} ORDER BY seq DESC LIMIT %s) ORDER BY seq DESC
"""
"""An index has the subjects of all entries, and their lines need not be read to look through it."""


def _of_entry(forms: Sequence[str]) -> Iterator[str]:
    """How one of some forms is looked for in an entry; few are in the word for a kind.

    SQLite compares in either case by itself, and takes thrice as long where each text is folded.
    """
    like = "ILIKE" if reading.DATABASE.vendor == "postgresql" else "LIKE"
    yield from (f"subject {like} %s ESCAPE '!'" for _form in forms)
    kinds = (kind.value for kind in Kind if any(form in kind.value for form in forms))
    yield from (f"kind = '{kind}'" for kind in kinds)


def _plain(form: str) -> str:
    """A form of a word in which no sign stands for others."""
    return form.replace("!", "!!").replace("%", "!%").replace("_", "!_")


KINDS: Final[tuple[tuple[Promise, Callable[[_Looking], Several[Any] | None]], ...]] = (
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
