"""Search over everything that one may see: what a reader's pages would show them, and no more.

Nothing is kept for it. Each kind is read as the pages that its hits lead to read it, under those
pages' own rules, and looked through in the reader's words; so a hit is never older than its page.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from headgate.core.calls.matching import Words, has_words, words_of
from headgate.core.policy.schema import Policy
from headgate.core.supports.text import Text
from headgate.report.speaker import Speaker
from headgate.site.desk.models import Acting, Dossier, Member, Organisation, Review, State
from headgate.site.portal import reading
from headgate.site.portal.models import Person
from headgate.site.portal.outcomes import applicants
from headgate.site.portal.registry import sees
from headgate.site.portal.roles import NAMES, Role
from headgate.site.portal.words import STEPS, day, outcome_word
from headgate.site.records.kept import Stands

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

    def finds(self, *said: object) -> bool:
        """Whether what is said of a thing has all words."""
        return has_words(" ".join(map(str, said)), self.words)

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
    for name, call in looking.policy.calls.items():
        if looking.finds(name, _all(call.name)):
            yield Hit(looking.say.text(call.name), name, _at("call", name))


def _rounds(looking: _Looking) -> Hits:
    for name, one in looking.policy.rounds.items():
        if looking.finds(name, _all(one.name)):
            yield Hit(looking.say.text(one.name), name, _at("round", name))


def _all(text: Text) -> str:
    """A name of the policy in every language that it has."""
    return " ".join(filter(None, text.model_dump().values()))


def _awards(looking: _Looking) -> Hits:
    """What became of every application: public, and by pseudonym."""
    for call in looking.policy.calls:
        for one in applicants(looking.made, call).values():
            holder, outcome = looking.say.holder(one.holder), str(outcome_word(one.outcome))
            if looking.finds(one.id, call, holder, outcome, one.pool):
                yield Hit(one.id, f"{outcome} – {holder}", _at("award", call, one.id))


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
    listed = Dossier.objects.filter(mine | theirs).annotate(part=part)
    told = "pk", "code", "call", "title", "summary", "lead_id", "lead__name", "alliance__name"
    for pk, code, call, title, summary, lead_id, lead, alliance, part in listed.values_list(
        *told, "part"
    ):
        its = own and lead_id in looking.own
        hidden = not its and (lead_id in looking.own or part)
        name = code or "" if hidden else title or code or f"{call} {pk}"
        rest = () if hidden else (alliance or "", summary)
        if not looking.finds(*(() if hidden else (name,)), code or "", call, lead, *rest):
            continue
        if its:
            yield Hit(name, f"{code or call} – {lead}", _at("application", pk))
        else:
            yield Hit(name, f"{code} – {lead}", _at("doubles", code))


def _at(name: str, *parts: object) -> str:
    return reverse(name, args=parts)


def _reviews(looking: _Looking) -> Hits:
    """A reviewer's seats; the text only once they declared to have no conflict."""
    if not sees(looking.person, "review"):
        return
    mine = Review.objects.filter(reviewer__person=looking.person)
    for one in mine.select_related("dossier__lead"):
        dossier, code = one.dossier, one.dossier.code or ""
        if one.cleared is None:
            if looking.finds(code, dossier.lead):
                yield Hit(code, str(dossier.lead), _at("review", code))
        elif looking.finds(code, dossier, dossier.summary):
            yield Hit(str(dossier), code, _at("review", code))


def _organisations(looking: _Looking) -> Hits:
    if not sees(looking.person, "organisation"):
        return
    for pk, *said in Organisation.objects.values_list("pk", "code", "name", "region"):
        if looking.finds(*said):
            yield Hit(said[1], said[0], _at("organisation", pk))


def _people(looking: _Looking) -> Hits:
    if not sees(looking.person, "person"):
        return
    for one in Person.objects.prefetch_related("groups").order_by("username"):
        name = str(one)
        groups = {group.name for group in one.groups.all()}
        held = ", ".join(str(NAMES[role]) for role in Role if role.value in groups)
        if looking.finds(name, one.username, held):
            yield Hit(name, held, _at("person", one.pk))


def _decisions(looking: _Looking) -> Hits:
    if not sees(looking.person, "decision"):
        return
    steps = {step: str(told) for step, told in STEPS.items()}
    for one in reversed(looking.made):
        step = steps.get(one.step, one.step)
        if looking.finds(one.seq, step, one.step, one.subject, one.rule, one.at[:10]):
            yield Hit(f"{step}: {one.subject}", day(one.at), _at("decision", one.seq))


def _entries(words: Words) -> Found:
    """The newest entries of the journal whose kind or subject has all words: one query."""
    told = " AND ".join(f"({' OR '.join([_LIKE] * len(forms))})" for forms in words)
    sql = f"SELECT seq, kind, at, subject FROM entry WHERE {told} ORDER BY seq DESC LIMIT %s"
    likes = [f"%{_plain(form)}%" for forms in words for form in forms]
    rows = reading.DATABASE.rows(sql, [*likes, SHOWN_MOST])
    hits = tuple(
        Hit(f"{seq} {kind}", f"{subject} – {day(at)}", f"{reverse('entries')}?before={seq + 1}")
        for seq, kind, at, subject in rows
    )
    return Found(_("Entries"), hits, len(hits))


_LIKE: Final = "lower(kind || ' ' || subject) LIKE %s ESCAPE '!'"


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
