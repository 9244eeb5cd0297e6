"""The desk speaks three languages, refusals and reasons included."""

import ast
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polib
import pytest

from headgate.site.desk.deeds import DEEDS
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


def _said(entries: Iterable[Any]) -> dict[str, Any]:
    """What a catalogue says, of one and of many."""
    return {entry.msgid: entry.msgstr_plural or entry.msgstr for entry in entries}


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
    written, read = polib.pofile(str(folder / "django.po")), polib.mofile(str(folder / "django.mo"))
    assert set() == texts - {entry.msgid for entry in written}
    assert all(entry.translated() for entry in written)
    assert _said(written) == _said(read)
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


def _deeds() -> set[str]:
    """The name of every deed that is kept, where an action writes it out."""
    found: set[str] = set()
    for path in sorted(portal.PORTAL.parent.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id="doing"), args=[_, named, *_]):
                    found |= _written(named)
                case ast.keyword(arg="action", value=named):
                    found |= _written(named)
    return found


def _written(named: ast.expr) -> set[str]:
    match named:
        case ast.Constant(value=str(text)):
            return {text}
        case ast.IfExp(body=one, orelse=other):
            return _written(one) | _written(other)
        case ast.JoinedStr(values=[ast.Constant(value=str(start)), *_]):
            return {start}
    return set()


def test_every_deed_has_words() -> None:
    """Whoever looks at what a person did reads words; a deed that is new has some too."""
    found = _deeds()
    assert {"sign", "decline", "record payment", "ask ", "take"} <= found
    assert set() == {one for one in found if not any(name.startswith(one) for name in DEEDS)}
