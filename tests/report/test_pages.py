"""The pages: complete, self-contained, the same everywhere, and proof against hostile names."""

import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from fractions import Fraction
from functools import cache
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from headgate.core import canonical
from headgate.core.calls.screening import Finding, Refusal
from headgate.core.evaluation.cut_errors import ErrorRow
from headgate.core.supports.text import Text
from headgate.report.blocks import Table
from headgate.report.pages import page, pages
from headgate.report.reasons import ground
from headgate.report.section_applicants import anchors_of
from headgate.report.section_shares import shares
from headgate.report.speaker import speaker, speaker_of
from headgate.report.summary import Summary
from headgate.steps.adopt import adopt
from headgate.steps.notes import NoteCode, note
from tests.report.builders import ROOT, SHIPPED, SMALL, rehearsal, summary

KOREA = SHIPPED[0]
LANGUAGES = {"report.html": "en", "report.vi.html": "vi", "report.ko.html": "ko"}
BYTES_MOST = 1_500_000
BAD = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>&amp;"
VOID = {"meta", "path", "rect", "circle", "img", "br"}

each = pytest.mark.parametrize("folder", [SMALL, *SHIPPED])
each_language = pytest.mark.parametrize("name", LANGUAGES)


class Reader(HTMLParser):
    """What a browser would find: elements with their attributes, and text outside `lang="en"`."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, Mapping[str, str | None]]] = []
        self.words: list[str] = []
        self.open: list[tuple[str, bool]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element; what lies in code, style or English is not this language's text."""
        found = dict(attrs)
        self.elements.append((tag, found))
        foreign = tag in ("code", "style") or (tag != "html" and "lang" in found)
        if tag not in VOID:
            self.open.append((tag, foreign))

    def handle_endtag(self, tag: str) -> None:
        """Every end closes what was opened last."""
        assert self.open, tag
        assert tag == self.open.pop()[0]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Elements that close themselves."""
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Keep the text in the page's own language."""
        if not any(foreign for _, foreign in self.open):
            self.words.append(data)

    def values(self, attribute: str) -> list[str]:
        """Every value of an attribute."""
        return [str(found[attribute]) for _, found in self.elements if attribute in found]


@cache
def made(folder: str) -> Mapping[str, bytes]:
    """The pages of a programme's term."""
    return pages(*rehearsal(folder))


def read(folder: str, name: str = "report.html") -> Reader:
    """One page of them."""
    return Reader(made(folder)[name].decode())


@each
def test_every_programme_has_a_page_in_every_language(folder: str) -> None:
    """Reader, journalist and lawyer of any programme find the page, small enough to be sent."""
    assert set(LANGUAGES) == set(made(folder))
    for name, language in LANGUAGES.items():
        reader = read(folder, name)
        assert [] == reader.open
        assert ("html", {"lang": language}) == reader.elements[0]
        assert set(LANGUAGES) - {name} <= set(reader.values("href"))
        assert len(made(folder)[name]) <= BYTES_MOST


@each
def test_the_same_term_gives_the_same_bytes(folder: str) -> None:
    """`headgate verify` makes the pages again and finds them unchanged."""
    assert made(folder) == pages(*rehearsal(folder))


def test_another_process_gives_the_same_bytes() -> None:
    """No order of a set or hash of a run leaves its trace on a page."""
    script = (
        "from tests.report.builders import SMALL, rehearsal\n"
        "from headgate.report.pages import pages\n"
        "from headgate.core import canonical\n"
        "print([canonical.digest(p) for p in pages(*rehearsal(SMALL)).values()])"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "4711", "LC_ALL": "C", "TZ": "Asia/Seoul"}
    answer = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, check=True
    )
    digests = [canonical.digest(data) for data in made(SMALL).values()]
    assert str(digests) == answer.stdout.decode().strip()


@each
@each_language
def test_every_applicant_stands_on_the_page_once(folder: str, name: str) -> None:
    """Each application has exactly one line, at an anchor of its own that a letter can link to."""
    reader = read(folder, name)
    lines = Counter(found["id"] for tag, found in reader.elements if tag == "tr" and "id" in found)
    expected = {person.id.lower() for call in summary(folder).calls for person in call.applicants}
    assert expected == set(lines)
    assert {1} == set(lines.values())


@each
@each_language
def test_anchors_are_unique_and_every_link_has_its_target(folder: str, name: str) -> None:
    """No link of the page leads nowhere, and no two elements have one name."""
    reader = read(folder, name)
    ids = Counter(reader.values("id"))
    assert [] == [anchor for anchor, count in ids.items() if count > 1]
    wanted = {target[1:] for target in reader.values("href") if target.startswith("#")}
    wanted |= {one for value in reader.values("aria-labelledby") for one in value.split()}
    assert set() == wanted - set(ids)


@each
def test_the_page_needs_nothing_from_elsewhere(folder: str) -> None:
    """No script, no handler, no style, font or picture from outside: it can be kept for ever."""
    for name, data in made(folder).items():
        reader = read(folder, name)
        assert {"script", "link", "img", "iframe", "object"}.isdisjoint(
            t for t, _ in reader.elements
        )
        assert [] == reader.values("src")
        assert [] == [a for _, found in reader.elements for a in found if a.startswith("on")]
        assert set(re.findall(rb"url\(([^)]*)\)", data)) <= {b"#p%d" % n for n in range(2, 7)}
        assert b"@import" not in data
        assert b"://" not in data


@each
@each_language
def test_headings_and_tables_are_in_order(folder: str, name: str) -> None:
    """One first heading, no level left out, and every table with a caption and column heads."""
    elements = read(folder, name).elements
    levels = [int(tag[1]) for tag, _ in elements if re.fullmatch("h[1-6]", tag)]
    assert 1 == levels.count(1) == levels[0]
    assert all(after <= before + 1 for before, after in pairwise(levels))
    tags = Counter(tag for tag, _ in elements)
    assert tags["table"] == tags["caption"] == tags["thead"]
    assert all("scope" in found for tag, found in elements if tag == "th")
    assert 1 == tags["main"] == tags["header"] == tags["footer"]


@pytest.mark.parametrize("name", ["report.vi.html", "report.ko.html"])
def test_a_translated_page_is_translated_throughout(name: str) -> None:
    """Nothing but names and what is quoted as English is left in English."""
    words = " ".join(read(KOREA, name).words)
    assert [] == re.findall(r"\b(?:the|of|and|was|were|with|is|not|from|this)\b", words)


def test_the_sums_of_the_page_are_the_ledgers() -> None:
    """The total that a reader sees under use is the ledger's, in whole hours."""
    term, _ = rehearsal(KOREA)
    credited = sum(
        balance.credits_posted + balance.credits_pending
        for path, balance in term.books.balances.items()
        if path.startswith("compute/use/")
    )
    hours = f"{round(credited / 3600):,}"
    words = "|".join(read(KOREA).words)
    assert 3 <= words.count(f"|{hours}|")


def test_the_page_says_that_it_is_a_rehearsal_and_what_is_assumed() -> None:
    """Nobody can take the synthetic applicants for real ones, or an assumption for law."""
    reader = read(KOREA)
    words = " ".join(reader.words)
    assert "This is a rehearsal" in words
    assert f"rests on {summary(KOREA).assumption_count} values" in words
    assert "#assumptions" in reader.values("href")
    assert (
        "4,224 GPUs, of which Universities 62.1%, Businesses 30.5%, Research institutes 7.4%"
        in words
    )


def test_the_page_says_how_to_check_it() -> None:
    """The journal's size and root, the policy's digest and the command stand on the page."""
    text = made(KOREA)["report.html"].decode()
    term, _ = rehearsal(KOREA)
    for part in ("headgate verify .", term.root().hex(), term.document.digest):
        assert f"<code>{part}</code>" in text
    assert f"{len(term.entries):,} entries" in text


def hostile() -> Summary:
    """A summary in which every name that comes from outside tries to become markup."""
    found = summary(KOREA)
    call = found.calls[-1]
    first, *others = call.applicants
    people = (replace(first, id=BAD, holder=BAD), *others)
    groups = tuple(replace(group, name=Text(en=BAD)) for group in call.groups)
    notes = (note(NoteCode.TRACE_DEALT, dealt=BAD),)
    calls = (*found.calls[:-1], replace(call, applicants=people, groups=groups))
    programme = found.policy.programme.model_copy(update={"name": Text(en=BAD)})
    holders = [one.model_copy(update={"name": Text(en=BAD)}) for one in found.policy.holders]
    policy = found.policy.model_copy(update={"programme": programme, "holders": tuple(holders)})
    return replace(found, policy=policy, calls=calls, notes=notes)


@pytest.mark.parametrize("language", ["en", "vi", "ko"])
def test_hostile_names_stay_names(language: str) -> None:
    """No name from a file, an applicant or a note can run anything on a reader's machine."""
    text = page(hostile(), language).decode()
    reader = Reader(text)
    assert {"script", "img"}.isdisjoint(tag for tag, _ in reader.elements)
    assert [] == [a for _, found in reader.elements for a in found if a.startswith("on")]
    assert 5 < text.count("&lt;script&gt;")
    assert re.fullmatch("[a-z0-9.-]+", anchors_of(hostile().calls, ())[hostile().calls[-1].id, BAD])


def test_anchors_never_collide() -> None:
    """Ids that look alike, or like a part of the page, get anchors of their own."""
    call = summary(SMALL).calls[0]
    person = call.applicants[0]
    names = ("A b", "a-b", "use", "한국")
    people = tuple(replace(person, id=name) for name in names)
    anchors = anchors_of([replace(call, applicants=people)], ["use"])
    assert ["a-b", "a-b.2", "use.2", "application"] == [anchors[call.id, name] for name in names]


def test_a_term_in_which_nothing_happened_has_pages() -> None:
    """Every part of the page says so where there is nothing to show."""
    term, _ = rehearsal(SMALL)
    adopted = adopt(term.document, date(2026, 1, 5), date(2026, 3, 1), "policy owner")
    for name, data in pages(adopted, {}).items():
        say = speaker(LANGUAGES[name], {}, "KRW")
        words = " ".join(Reader(data.decode()).words)
        for key in ("calls.none", "fees.none", "round.none", "use.nothing", "assumptions.none"):
            assert say.say(key) in words


def test_a_programme_without_data_files_has_pages() -> None:
    """Where nothing was published there is no comparison, and the page says so."""
    term, _ = rehearsal(KOREA)
    words = " ".join(Reader(pages(term, {})["report.html"].decode()).words)
    assert "What the real selection did" not in words
    assert "No totals were published" in words


def test_a_call_without_any_award_is_shown() -> None:
    """A call that nobody won has its funnel and refusals, and says that nobody was awarded."""
    found = summary(SMALL)
    call = found.calls[0]
    losers = tuple(replace(person, reason=None) for person in call.applicants)
    nobody = replace(call, applicants=losers, funnel=(*call.funnel[:4], 0))
    text = page(replace(found, calls=(nobody,)), "en").decode()
    assert "No application was awarded." in " ".join(Reader(text).words)


@pytest.mark.parametrize("language", ["en", "vi", "ko"])
def test_the_cost_of_a_rule_for_the_line_is_shown(language: str) -> None:
    """Where a round leaves somebody out, the reader sees how often such a cut is wrong."""
    found = summary(KOREA)
    rows = (ErrorRow(0, 1_000_000, 285_714), ErrorRow(1_960, 0, None))
    measured = replace(found.rounds[0], errors=rows)
    reader = Reader(page(replace(found, rounds=(measured,)), language).decode())
    say = speaker(language, {}, "KRW")
    for words in (say.say("errors.title"), say.locale.percent(Fraction(2, 7)), say.say("none")):
        assert words in reader.words


def test_a_support_without_envelopes_has_no_empty_columns() -> None:
    """Where nothing was promised there is no promise to compare with, in words or in dashes."""
    whole = summary(SHIPPED[0])
    support = whole.supports[0]
    lines = tuple(replace(line, blocks=None, promised=None) for line in support.holders)
    bare = replace(whole, supports=(replace(support, block=None, holders=lines),), calls=())
    for said, heads in ((whole, 7), (bare, 4)):
        told = shares(replace(said, calls=()), speaker_of(whole.policy, "en"))
        (found,) = (block for block in told.blocks if isinstance(block, Table))
        assert heads == len(found.heads) == len(found.foot)
        assert {heads} == {len(row) for row in found.rows}
        assert (said is whole) == ("promised" in str(told).lower())


def test_a_class_of_holders_that_is_not_invited_has_its_name() -> None:
    """A reader knows no ids: the refusal says who is not invited as everything else does."""
    whole = summary(SHIPPED[0])
    say, holder = speaker_of(whole.policy, "vi"), whole.policy.holders[0]
    told = ground(whole.calls[0].section, Finding(Refusal.HOLDER_NOT_INVITED, holder.id), say)
    assert holder.name.say("vi") in told
    assert holder.id not in told


def test_the_steps_of_the_cycle_have_names() -> None:
    """What was decided is counted by step, in words."""
    whole = summary(SHIPPED[0])
    for language in ("vi", "ko"):
        shown = page(whole, language).decode()
        assert all(f">{step}<" not in shown for step in whole.decisions)
