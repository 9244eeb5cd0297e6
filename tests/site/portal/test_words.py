"""Three languages, complete: a word that is not translated cannot be merged."""

import ast
import re
from pathlib import Path

import polib
import pytest
from django.test import Client
from django.utils.translation.template import templatize

from headgate.report.speaker import words_of
from headgate.site.portal.models import Person
from headgate.site.portal.pages import PAGES, service
from headgate.site.portal.roles import Role
from headgate.site.portal.words import STEPS
from tests.site.portal.asking import LANGUAGES, address, enter, speak, text_of

PORTAL = Path(__file__).parents[3] / "src" / "headgate" / "site" / "portal"
TRANSLATED = ("vi", "ko")
MARKED = re.compile(
    r"""\b(n?gettext|_)\(\s*u?("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
    r"""(?:\s*,\s*u?("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'))?"""
)
NAMES = ("_", "lazy", "gettext", "gettext_lazy")


def in_templates() -> set[str]:
    """Every text that a template marks for translation."""
    found = set()
    for path in sorted(PORTAL.rglob("*.html")):
        code = templatize(path.read_text(encoding="utf-8"), origin=str(path))
        found |= {ast.literal_eval(match[2]) for match in MARKED.finditer(code)}
    return found


def in_python() -> set[str]:
    """Every text that a module of the portal or the settings marks for translation."""
    found = set()
    for path in [*sorted(PORTAL.rglob("*.py")), PORTAL.parent / "settings.py"]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id=name), args=[ast.Constant(value=str(text))]):
                    found |= {text} if name in NAMES else set()
    return found


def catalogue(language: str) -> polib.POFile:
    """The catalogue of a language as people write it."""
    return polib.pofile(str(PORTAL / "locale" / language / "LC_MESSAGES" / "django.po"))


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_text_is_translated(language: str) -> None:
    """Whatever templates and modules say, they say in this language too."""
    told = {entry.msgid: entry for entry in catalogue(language) if not entry.obsolete}
    missing = [text for text in sorted(in_templates() | in_python()) if text not in told]
    assert [] == missing
    assert [] == [t.msgid for t in told.values() if not t.translated() or t.fuzzy]


@pytest.mark.parametrize("language", TRANSLATED)
def test_translations_have_the_values_of_their_text(language: str) -> None:
    """No value is lost or invented in a translation."""
    for entry in catalogue(language):
        for text in entry.msgstr_plural.values() if entry.msgid_plural else [entry.msgstr]:
            assert _values(entry.msgid) == _values(text), entry.msgid


def test_korean_chooses_no_particle_for_the_reader() -> None:
    """What follows a name depends on its last sound: no sentence offers both, one in brackets."""
    package = PORTAL.parents[1]
    told = [*package.rglob("locale/ko/LC_MESSAGES/*.po"), package / "report" / "words" / "ko.yaml"]
    assert 5 == len(told)
    both = re.compile(r"\((?:은|는|이|가|을|를|와|과|으)\)")
    found = [line for path in told for line in path.read_text("utf-8").splitlines()]
    assert [] == [line for line in found if both.search(line)]


def _values(text: str) -> set[str]:
    return set(re.findall(r"%\((\w+)\)s", text))


@pytest.mark.parametrize("language", TRANSLATED)
def test_what_is_read_is_what_was_written(language: str) -> None:
    """The compiled catalogue says what the written one says."""
    written = catalogue(language)
    compiled = polib.mofile(str(PORTAL / "locale" / language / "LC_MESSAGES" / "django.mo"))
    expected = {(e.msgctxt, e.msgid): e.msgstr or e.msgstr_plural for e in written}
    assert expected == {(e.msgctxt, e.msgid): e.msgstr or e.msgstr_plural for e in compiled}


def test_no_template_says_anything_outside_its_marks() -> None:
    """A word typed into a template without a mark would be English for everybody."""
    found = []
    for path in sorted(PORTAL.rglob("*.html")):
        text = path.read_text(encoding="utf-8")
        text = re.sub(r"{% blocktranslate.*?endblocktranslate %}", "", text, flags=re.DOTALL)
        text = re.sub(r"<(pre|title|script)\b.*?</\1>", "", text, flags=re.DOTALL)
        text = re.sub(r"{%.*?%}|{{.*?}}|{#.*?#}", "", text, flags=re.DOTALL)
        text = re.sub(r"<[^>]*>", " ", text)
        words = [word for word in re.findall(r"[^\W\d_]{2,}", text) if word != "Headgate"]
        found += [f"{path.name}: {word}" for word in words]
    assert [] == found


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_say_which_language_they_are_in(portal: Client, language: str) -> None:
    """A screen reader chooses its voice by the page's language."""
    speak(portal, language)
    for page in PAGES:
        if page.methods == ("GET", "HEAD") and page not in service.PAGES:
            enter(portal, min(page.roles, default=Role.AUDITOR))
            assert f'<html class="govuk-template" lang="{language}">' in text_of(
                portal.get(address(page))
            )


@pytest.mark.parametrize(
    "where",
    [
        *("login/", "password/change/", "password/reset/", "2fa/", "2fa/totp/activate/"),
        *("sessions/", "logout/", "reauthenticate/", "signup/"),
    ],
)
def test_pages_of_signing_in_are_vietnamese(portal: Client, where: str) -> None:
    """allauth has no Vietnamese; what its pages show here is ours."""
    speak(portal, "vi")
    if where not in ("login/", "password/reset/", "signup/"):
        portal.force_login(_person())
        portal.post("/account/reauthenticate/", {"password": "a long phrase of words"})
    shown = text_of(portal.get(f"/account/{where}", follow=True))
    main = re.sub(r"(?s)^.*<main|</main>.*$|<svg.*?</svg>|<[^>]*>", " ", shown)
    main = re.sub(r"\S*[@.:/]\S*", " ", main)
    english = re.findall(r"\b(?:the|your|you|password|sign|code|session|this|please|app)\b", main)
    assert [] == english, main


def _person() -> Person:
    return Person.objects.create_user("minh", password="a long phrase of words")


def test_pages_and_reports_know_the_same_steps() -> None:
    """A step of the cycle that a page can name, a report can; so that none is shown as its id."""
    assert STEPS.keys() == words_of("en")["step"].keys()


@pytest.mark.parametrize(
    ("language", "word", "called"),
    [("ko", "journal", "기록부"), ("ko", "ledger", "원장"), ("vi", "journal", "nhật ký")],
)
def test_journal_and_ledger_are_called_as_the_glossary_has_them(
    language: str, word: str, called: str
) -> None:
    """Two things have two names on every page: who reads of one must not look for the other."""
    said = [
        (entry.msgid, " ".join([entry.msgstr, *entry.msgstr_plural.values()]).lower())
        for path in sorted(PORTAL.parent.glob(f"*/locale/{language}/LC_MESSAGES/django.po"))
        for entry in polib.pofile(str(path))
    ]
    wrong = [
        (text, told)
        for text, told in said
        if re.search(rf"(?<!\()\b{word}\b(?!\))", text, re.IGNORECASE) and called not in told
    ]
    assert said
    assert [] == wrong
