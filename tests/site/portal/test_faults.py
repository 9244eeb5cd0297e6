"""What is wrong with a file is told in the reader's language: no sentence of it is English for all.

Readers and rules make faults in English, for terminals and logs. A page says the same sentence in
its reader's language; names and pieces of the file stay as they are.
"""

from dataclasses import replace
from functools import cache

import polib
import pytest
from django.test import Client
from django.test.utils import override_settings
from django.utils.translation import override

from headgate.core.faults import Fault, Sentence
from headgate.core.policy.document import Document
from headgate.readers.policy_files import read_programme
from headgate.site.desk.pages import calendar
from headgate.site.portal import reading
from headgate.site.portal.roles import Role
from headgate.site.portal.words import told, told_fault
from tests.bad.test_bad_programmes import BAD, expected_of
from tests.bad.test_bad_programmes import told as against
from tests.report.builders import ROOT, SMALL
from tests.site.portal.asking import enter, speak, text_of
from tests.site.portal.test_words import TRANSLATED
from tests.site.said import SOURCE, abouts, english, loose, sentences, stiff


def catalogues(language: str) -> dict[str, str]:
    """Every text of the site in a language."""
    files = sorted(SOURCE.glob(f"site/*/locale/{language}/LC_MESSAGES/django.po"))
    return {entry.msgid: entry.msgstr for file in files for entry in polib.pofile(str(file))}


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_sentence_of_a_fault_is_translated_with_its_values(language: str) -> None:
    """Whatever can be wrong with what a person sent, in each language and with the same values."""
    texts = catalogues(language)
    assert [] == sorted({form for form in sentences() if not texts.get(form)})
    values = {name: f"<{name}>" for name in ("key", "path", "name", "value")}
    for form in set(sentences()):
        found = _Asked(values)
        form.format_map(found)
        said = _Asked(values)
        texts[form].format_map(said)
        assert set(found.asked) == set(said.asked), form


class _Asked(dict[str, str]):
    """Values that remember which of them were asked for."""

    def __init__(self, values: dict[str, str]) -> None:
        super().__init__(values)
        self.asked: list[str] = []

    def __getitem__(self, name: str) -> str:
        self.asked.append(name)
        return "…"


def test_no_sentence_of_a_fault_is_put_together_in_english() -> None:
    """A sentence with its values set in cannot be said in another language any more."""
    names = ("core/evaluation/freeze:", "simulation/replay/supply:")  # Statements that are signed.
    assert [] == [found for found in stiff() if not found.startswith(names)]


@pytest.mark.parametrize("language", TRANSLATED)
def test_what_a_refusal_is_about_is_translated(language: str) -> None:
    """Words beside the reason are a sentence that the language has; codes are no words."""
    texts = catalogues(language)
    assert [] == sorted(form for form in abouts() if "{about}" != form and not texts.get(form))
    assert [] == list(loose())


@cache
def faults() -> tuple[Fault, ...]:
    """What stands against every second bad programme, one fault of a kind."""
    found: dict[str, Fault] = {}
    for path in BAD[::2]:
        text = path.read_text("utf-8")
        if {entry.split()[0] for entry in expected_of(text)} - found.keys():
            found |= {fault.code: fault for fault in against(text)[0]}
    return tuple(found.values())


@pytest.mark.parametrize("language", TRANSLATED)
def test_what_keeps_a_policy_from_being_adopted_is_told_in_the_readers_language(
    language: str,
) -> None:
    """Every kind of fault that a policy can have: what is wrong and what mends it."""
    with override(language):
        for fault in faults():
            assert "" == english(told(fault.what), fault.what), fault
            assert "" == english(told(fault.mend), fault.mend), fault
    assert len(faults()) > 40


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_page_of_the_adoption_tells_faults_in_the_readers_language(
    portal: Client, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one page on which a policy's faults are read before a programme begins."""

    def broken() -> tuple[Document, list[Fault]]:
        return Document.read({}), list(faults()[:20])

    monkeypatch.setattr(reading, "programme", lambda: None)
    monkeypatch.setattr(calendar, "_policy", broken)
    speak(portal, language)
    enter(portal, Role.POLICY_OWNER)
    shown = text_of(portal.get("/calendar/"))
    main = shown.partition("<main")[2].partition("</main>")[0]
    assert "programme.yaml" in main
    assert "" == english(main, "")


def test_only_a_rehearsal_may_rest_on_what_is_assumed(
    empty_portal: Client,
) -> None:
    """A real site shows what `headgate check --adopt` says, and its button is not there."""
    enter(empty_portal, Role.POLICY_OWNER)
    with override_settings(HEADGATE_DEMO=True, HEADGATE_PROGRAMME=str(ROOT / SMALL)):
        assert "Adopt this policy" in text_of(empty_portal.get("/calendar/"))
    with override_settings(HEADGATE_DEMO=False, HEADGATE_PROGRAMME=str(ROOT / SMALL)):
        shown = text_of(empty_portal.get("/calendar/"))
        digest = read_programme(ROOT / SMALL).digest
        refused = text_of(empty_portal.post("/calendar/", {"digest": digest}, follow=True))
    assert "Adopt this policy" not in shown
    for page in (shown, refused):
        assert "no case fires the rule `holders.national`" in page


def test_a_sentence_reads_as_before_to_whoever_reads_english() -> None:
    """It is a text: it compares and prints as its English, and is pickled with its values."""
    import pickle

    made = Sentence("{column} is {value!r}", column="amount", value="-4")
    assert "amount is '-4'" == made
    again = pickle.loads(pickle.dumps(made))
    assert (made, made.form, made.values) == (again, again.form, again.values)
    assert Sentence.of("{braces} stay") == "{braces} stay"
    with override("ko"):
        assert "amount 값이 '-4'입니다" == told(made)
        assert "" == told("")
        nested = Sentence("`{name}`: {mend}", name="x", mend=Sentence("a text"))
        assert "`x`: 글" == told(nested)
    with override("vi"):
        large = Sentence("the file has {n} bytes, more than {most}", n=12_345, most=10_000)
        assert "tệp có 12.345 byte, nhiều hơn 10.000" == told(large)


def test_what_a_hostile_file_holds_is_cut_and_cleaned_inside_a_sentence() -> None:
    """A value of any length, or of what a terminal obeys, is shown short and printable."""
    inner = Sentence("did you mean `{name}`?", name="a\x1b[31m" + "b" * 1000)
    made = Sentence("{key}: {mend}", key="k", mend=inner).printable()
    assert "\x1b" not in made
    assert len(made) < 340


@override("en")
def test_a_fault_is_told_with_its_line_and_column() -> None:
    """Who holds the file finds the place; a column says nothing where it is the first."""
    made = Fault("programme.yaml", 3, 8, "yaml-syntax", "a text", "a text")
    assert "programme.yaml:3:8: a text – a text" == told_fault(made)
    assert told_fault(replace(made, column=1)).startswith("programme.yaml:3: ")
    assert "a text – a text" == told_fault(replace(made, file="facts/x"))
