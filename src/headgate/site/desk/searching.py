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


Lines = Iterator[tuple[Hit, str]]
"""Everything of a kind that the reader may see, with the text that it is found by."""


def search(query: str, person: Any, stood: Stands, say: Speaker) -> list[Found]:
    """What has all words of a query, by kind; nothing where there is no word."""
    words = words_of(query)
    if not words:
        return []
    looking = _Looking(person, stood, reading.policy_of(stood), say)
    found = [_found(kind, lines(looking), words) for kind, lines in KINDS]
    if sees(person, "entries"):
        found.append(_entries(words))
    return [one for one in found if one.count]


def _found(kind: Promise, lines: Iterable[tuple[Hit, str]], words: Words) -> Found:
    """The hits, those with all words in what they are called first."""
    hits = [hit for hit, text in lines if has_words(text, words)]
    first = sorted(hits, key=lambda hit: not has_words(hit.title, words))
    return Found(kind, tuple(first[:SHOWN_MOST]), len(hits))


@dataclass
class _Looking:
    """Who looks, through what."""

    person: Any
    stood: Stands
    policy: Policy
    say: Speaker

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


def _calls(looking: _Looking) -> Lines:
    for name, call in looking.policy.calls.items():
        hit = Hit(looking.say.text(call.name), name, reverse("call", args=(name,)))
        yield hit, f"{name} {_all(call.name)}"


def _rounds(looking: _Looking) -> Lines:
    for name, one in looking.policy.rounds.items():
        hit = Hit(looking.say.text(one.name), name, reverse("round", args=(name,)))
        yield hit, f"{name} {_all(one.name)}"


def _all(text: Text) -> str:
    """A name of the policy in every language that it has."""
    return " ".join(filter(None, text.model_dump().values()))


def _awards(looking: _Looking) -> Lines:
    """What became of every application: public, and by pseudonym."""
    for call in looking.policy.calls:
        for one in applicants(looking.made, call).values():
            holder, outcome = looking.say.holder(one.holder), str(outcome_word(one.outcome))
            hit = Hit(one.id, f"{outcome} – {holder}", reverse("award", args=(call, one.id)))
            yield hit, f"{one.id} {call} {holder} {outcome} {one.pool}"


def _dossiers(looking: _Looking) -> Lines:
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
    whole = listed.select_related("lead", "alliance").defer("line", "answers", "requests")
    for one in whole:
        if own and one.lead_id in looking.own:
            hit = Hit(str(one), f"{one.code or one.call} – {one.lead}", _at("application", one.pk))
        else:
            hidden = one.lead_id in looking.own or one.part
            title = (one.code or "") if hidden else str(one)
            hit = Hit(title, f"{one.code} – {one.lead}", _at("doubles", one.code))
            if hidden:
                yield hit, f"{one.code} {one.call} {one.lead}"
                continue
        alliance = one.alliance or ""
        yield hit, f"{one} {one.code or ''} {one.call} {one.lead} {alliance} {one.summary}"


def _at(name: str, *parts: object) -> str:
    return reverse(name, args=parts)


def _reviews(looking: _Looking) -> Lines:
    """A reviewer's seats; the text only once they declared to have no conflict."""
    if not sees(looking.person, "review"):
        return
    mine = Review.objects.filter(reviewer__person=looking.person)
    for one in mine.select_related("dossier__lead"):
        dossier, code = one.dossier, one.dossier.code or ""
        if one.cleared is None:
            yield Hit(code, str(dossier.lead), _at("review", code)), f"{code} {dossier.lead}"
        else:
            hit = Hit(str(dossier), code, _at("review", code))
            yield hit, f"{code} {dossier} {dossier.summary}"


def _organisations(looking: _Looking) -> Lines:
    if not sees(looking.person, "organisation"):
        return
    for one in Organisation.objects.only("code", "name", "kind", "region"):
        hit = Hit(one.name, one.code, _at("organisation", one.pk))
        yield hit, f"{one.code} {one.name} {one.region}"


def _people(looking: _Looking) -> Lines:
    if not sees(looking.person, "person"):
        return
    for one in Person.objects.prefetch_related("groups").order_by("username"):
        name = str(one)
        groups = {group.name for group in one.groups.all()}
        held = ", ".join(str(NAMES[role]) for role in Role if role.value in groups)
        yield Hit(name, held, _at("person", one.pk)), f"{name} {one.username} {held}"


def _decisions(looking: _Looking) -> Lines:
    if not sees(looking.person, "decision"):
        return
    for one in reversed(looking.made):
        step = str(STEPS.get(one.step, one.step))
        hit = Hit(f"{step}: {one.subject}", day(one.at), _at("decision", one.seq))
        yield hit, f"{one.seq} {step} {one.step} {one.subject} {one.rule} {one.at[:10]}"


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


KINDS: Final[tuple[tuple[Promise, Callable[[_Looking], Lines]], ...]] = (
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
