"""Search over everything that one may see: what a reader's pages would show them, and no more.

Each kind is read as the pages that its hits lead to read it, under those pages' own rules, and
looked through in the reader's words; so a hit is never older than its page. A process keeps nothing
but what decisions are found by, which are only ever added to.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import starmap
from typing import Any, Final, TypeVar

from django.db.models import Q
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from headgate.core.calls.matching import Words, each_findable, findable, places, words_of
from headgate.core.policy.schema import Call, Policy, Round
from headgate.core.supports.text import Text
from headgate.report.speaker import Speaker
from headgate.site.desk.looking import Hit, Kept, Said, Several, Stored, entries, first_of, kept_of
from headgate.site.desk.models import Acting, Dossier, Review, State
from headgate.site.desk.office import part_of
from headgate.site.portal import reading
from headgate.site.portal.lists import kept
from headgate.site.portal.models import Person
from headgate.site.portal.outcomes import applicants
from headgate.site.portal.registry import sees
from headgate.site.portal.roles import NAMES, Role
from headgate.site.portal.words import STEPS, day, outcome_word
from headgate.site.records.database import Row
from headgate.site.records.kept import Stands

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Found:
    """What was found of one kind."""

    kind: Promise
    hits: tuple[Hit, ...]
    count: int

    @property
    def body(self) -> SafeString:
        """The hits as the page has them; they are many, at which templates are slow."""
        return format_html_join("", _HIT, ((h.address, h.title, h.note) for h in self.hits))


_HIT: Final = '<li><a class="govuk-link" href="{}">{}</a> <span class="hg-quiet">{}</span></li>'


def search(query: str, person: Any, stood: Stands, say: Speaker) -> list[Found]:
    """What has all words of a query, by kind; nothing where there is no word."""
    words = words_of(query)
    if not words:
        return []
    looking = _Looking(words, person, stood, reading.policy_of(stood), say)
    each = ((kind, several(looking)) for kind, several in KINDS)
    found = [Found(kind, tuple(some[1]), some[0]) for kind, some in each if some and some[0]]
    if sees(person, "entries") and (newest := tuple(entries(words))):
        found.append(Found(_("Entries"), newest, len(newest)))
    return found


@dataclass
class _Looking:
    """Who looks, for which words, through what."""

    words: Words
    person: Any
    stood: Stands
    policy: Policy
    say: Speaker

    def several(
        self,
        rows: Sequence[T],
        said: Callable[[T], str],
        called: Callable[[T], str],
        told: Callable[[T], tuple[str, str]],
    ) -> Several:
        """Of rows that are there those of which what is said has all words; `told` is the note and
        the address of one.
        """
        having = [rows[at] for at in self.places(map(said, rows))]
        first = self.places(map(called, having))
        shown = (having[at] for at in first_of(first, range(len(having))))
        return len(having), (Hit(called(one), *told(one)) for one in shown)

    def places(self, texts: Iterable[str]) -> list[int]:
        """Which of some texts have all words."""
        return places(each_findable([*texts]), self.words)

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


def _calls(looking: _Looking) -> Several:
    return _named(looking, looking.policy.calls, "call")


def _rounds(looking: _Looking) -> Several:
    return _named(looking, looking.policy.rounds, "round")


def _named(looking: _Looking, parts: Mapping[str, Call | Round], page: str) -> Several:
    return looking.several(
        [*parts],
        lambda name: f"{name} {_all(parts[name].name)}",
        lambda name: looking.say.text(parts[name].name),
        lambda name: (name, _at(page, name)),
    )


def _all(text: Text) -> str:
    """A name of the policy in every language that it has."""
    return " ".join(filter(None, text.model_dump().values()))


def _at(name: str, *parts: object) -> str:
    return _address(name, len(parts)).format(*parts)


@cache
def _address(name: str, parts: int) -> str:
    """The address of a page with a place for each part: a search leads to more than a hundred.

    A part is a number or a name of the programme, of which an address changes no sign.
    """
    return reverse(name, args=(_PART,) * parts).replace(_PART, "{}")


_PART: Final = "0"
"""A part that every page takes; the address of no page has it otherwise."""


def _dossiers(looking: _Looking) -> Several | None:
    """Applications with their texts: one's own, and those handed in for the office.

    Of one that the reader has a part in, the office's page shows the code alone, and so does this.
    """
    own, office = sees(looking.person, "application"), sees(looking.person, "doubles")
    if not (own or office):
        return None
    its = looking.own if own else []
    hidden = _parts_of(looking.own, its) if looking.own else ""
    may = [f"one.state = '{State.SUBMITTED.value}'"] if office else []
    may += [f"one.lead_id IN ({', '.join(map(str, its))})"] if its else []

    def said(word: str) -> str:
        whole = """one.findable HAS
            OR one.alliance_id IN (SELECT id FROM desk_alliance WHERE called HAS)"""
        if word.isdecimal():
            whole += " OR one.title = '' AND one.code IS NULL AND CAST(one.id AS text) HAS"
        code = "lower(one.code) HAS OR lower(one.call) HAS"
        seen = f"CASE WHEN {hidden} THEN {code} ELSE {whole} END" if hidden else whole
        return f"{seen} OR one.lead_id IN (SELECT id FROM desk_organisation WHERE called HAS)"

    def hit(row: Row) -> Hit:
        pk, code, call, title, lead_id, lead, shut = row
        name = (code or "") if shut else title or code or f"{call} {pk}"
        if lead_id in its:
            return Hit(name, f"{code or call} – {lead}", _at("application", pk))
        return Hit(name, f"{code} – {lead}", _at("doubles", code))

    shut = hidden or "1 = 0"
    count, rows = Stored(
        "desk_dossier",
        f"one.id, one.code, one.call, one.title, one.lead_id, lead.name, {shut}",
        said,
        f"""CASE WHEN {shut} THEN lower(one.code) WHEN one.title <> '' THEN one.called
            ELSE lower(coalesce(one.code, one.call || ' ' || one.id)) END""",
        "one.at, one.code, one.id",
        " OR ".join(may) or "1 = 0",
        "JOIN desk_organisation lead ON lead.id = one.lead_id",
    ).found(looking.words)
    return count, map(hit, rows)


def _parts_of(own: Sequence[int], led: Sequence[int]) -> str:
    """Which applications some organisations have a part in and do not lead, for the database."""
    parts = Dossier.objects.filter(part_of(own) & ~Q(lead__in=led)).order_by().values("pk")
    sql, values = parts.query.sql_with_params()
    return f"one.id IN ({sql % tuple(map(int, values))})"


def _reviews(looking: _Looking) -> Several | None:
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

    return looking.several([*mine.select_related("dossier__lead")], said, called, told)


def _organisations(looking: _Looking) -> Several | None:
    if not sees(looking.person, "organisation"):
        return None
    named = Stored(
        "desk_organisation",
        "one.name, one.code, one.id",
        lambda _word: "one.findable HAS",
        "one.called",
        "one.id",
    )
    count, rows = named.found(looking.words)
    return count, (Hit(name, code, _at("organisation", pk)) for name, code, pk in rows)


def _people(looking: _Looking) -> Several | None:
    """Accounts, in the order of their names, by the words for their roles too."""
    if not sees(looking.person, "person"):
        return None
    names = {role.value: str(NAMES[role]) for role in Role}

    def said(word: str) -> str:
        roles = (f"'{role}'" for role, name in names.items() if word in findable(name))
        return f"one.findable HAS OR one.id IN ({_HAVING.format(roles=', '.join(roles) or 'NULL')})"

    def hit(pk: int, username: str, first: str, last: str) -> Hit:
        name = str(Person(username=username, first_name=first, last_name=last))
        there = (told for role, told in names.items() if (pk, role) in having)
        return Hit(name, ", ".join(there), _at("person", pk))

    told = "one.id, one.username, one.first_name, one.last_name"
    called = "CASE one.called WHEN '' THEN one.findable ELSE one.called END"
    count, rows = Stored("person", told, said, called, "one.username").found(looking.words)
    groups = Person.groups.through.objects.filter(person__in=[pk for pk, *_name in rows])
    having = {*groups.values_list("person_id", "group__name")} if rows else set()
    return count, starmap(hit, rows)


_HAVING: Final = """
    SELECT person_id FROM person_groups JOIN auth_group role ON role.id = group_id
    WHERE role.name IN ({roles})
"""


def _known(looking: _Looking) -> tuple[Kept, Kept]:
    """What decisions are found by, and what became of all applications."""
    made, calls = looking.made, tuple(looking.policy.calls)

    def known() -> tuple[Kept, Kept]:
        every = [one for call in calls for one in applicants(made, call).values()]
        became = ((one.call, one.holder, one.outcome, one.pool) for one in every)
        newest = made[::-1]
        says = ((one.step, one.rule, one.at[:10]) for one in newest)
        subjects, numbers = [one.subject for one in newest], (one.seq for one in newest)
        return kept_of(subjects, says, numbers), kept_of([one.id for one in every], became)

    decided, became = kept("searched", (*reading.followed(made), calls), known).rows
    return decided, became


def _awards(looking: _Looking) -> Several:
    """What became of every application: public, and by pseudonym."""
    became, holder = _known(looking)[1], looking.say.holder

    def told(said: Said) -> str:
        call, of, outcome, pool = said
        return f"{call} {holder(of)} {outcome_word(outcome)} {pool}"

    def hit(at: int) -> Hit:
        call, of, outcome, _pool = became.many[became.which[at]]
        name = became.names[at]
        return Hit(name, f"{outcome_word(outcome)} – {holder(of)}", _at("award", call, name))

    count, first = became.found(looking.words, told, lambda _said: "")
    return count, map(hit, first)


def _decisions(looking: _Looking) -> Several | None:
    """Every decision, the newest before others."""
    if not sees(looking.person, "decision"):
        return None
    steps = {step: str(told) for step, told in STEPS.items()}
    decided, made = _known(looking)[0], looking.made

    def told(said: Said) -> str:
        step, rule, on = said
        return f"{steps.get(step, step)} {step} {rule} {on}"

    def hit(at: int) -> Hit:
        one = made[-1 - at]
        name = f"{steps.get(one.step, one.step)}: {one.subject}"
        return Hit(name, day(one.at), _at("decision", one.seq))

    def called(said: Said) -> str:
        return f"{steps.get(said[0], said[0])}:"

    count, first = decided.found(looking.words, told, called)
    return count, map(hit, first)


KINDS: Final[tuple[tuple[Promise, Callable[[_Looking], Several | None]], ...]] = (
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
