"""The desk speaks three languages, refusals and reasons included."""

import ast
from pathlib import Path

import polib
import pytest

from headgate.site.desk.pages.telling import ANSWERED, SCREENED
from headgate.site.desk.refusals import DeskRefusal
from tests.site.portal import test_words as portal

DESK = portal.PORTAL.parent / "desk"


def in_python(folder: Path) -> set[str]:
    """Every text that a module of a folder marks for translation."""
    found = set()
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id=name), args=[ast.Constant(value=str(text))]):
                    found |= {text} if name in (*portal.NAMES, "noop") else set()
    return found


@pytest.mark.parametrize("language", portal.TRANSLATED)
def test_every_text_of_the_desk_is_translated(
    language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages, refusals with their mends, and reasons of screening: none is English for all."""
    monkeypatch.setattr(portal, "PORTAL", DESK)
    texts = portal.in_templates() | in_python(DESK)
    texts |= {reason.value for reason in DeskRefusal}
    texts |= {*SCREENED.values(), *ANSWERED.values()}
    folder = DESK / "locale" / language / "LC_MESSAGES"
    told = {entry.msgid: entry.msgstr for entry in polib.pofile(str(folder / "django.po"))}
    assert set() == texts - told.keys()
    assert all(told.values())
    assert told == {entry.msgid: entry.msgstr for entry in polib.mofile(str(folder / "django.mo"))}
    portal.test_translations_have_the_values_of_their_text(language)
    portal.test_no_template_says_anything_outside_its_marks()


@pytest.mark.parametrize("language", portal.TRANSLATED)
def test_every_text_of_the_notices_is_translated(
    language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages and letters: whoever chose a language is written to in it whole."""
    folder = portal.PORTAL.parent / "notices"
    monkeypatch.setattr(portal, "PORTAL", folder)
    texts = portal.in_templates() | in_python(folder)
    portal.test_translations_have_the_values_of_their_text(language)
    portal.test_what_is_read_is_what_was_written(language)
    told = {entry.msgid: entry for entry in portal.catalogue(language)}
    assert set() == texts - told.keys()
    assert all(entry.translated() for entry in told.values())
