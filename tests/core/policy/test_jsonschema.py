"""The published JSON Schema, held against an independent validator: what editors see."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from ruamel.yaml import YAML

from headgate.core.policy.jsonschema import json_schema

PROGRAMMES = sorted((Path(__file__).parents[3] / "programmes").glob("*/programme.yaml"))
VALIDATOR = Draft202012Validator(json_schema(), format_checker=FormatChecker())
Section = Callable[[Any], Any]


def as_an_editor_reads(file: Path) -> Any:
    """A programme as editors' YAML support reads it: days are texts."""
    read = YAML(typ="safe", pure=True).load(file.read_text(encoding="utf-8"))
    return json.loads(json.dumps(read, default=str))


def first(section: Any) -> Any:
    """The first section in a section or a list; a source or a status beside it is none."""
    parts = section.values() if isinstance(section, dict) else section
    return next(part for part in parts if isinstance(part, dict))


def test_the_schema_is_one() -> None:
    """The published file keeps to JSON Schema 2020-12."""
    Draft202012Validator.check_schema(json_schema())


@pytest.mark.parametrize("file", PROGRAMMES, ids=lambda file: file.parent.name)
def test_a_shipped_programme_is_accepted(file: Path) -> None:
    """An editor underlines nothing in a programme that Headgate accepts."""
    found = VALIDATOR.iter_errors(as_an_editor_reads(file))
    assert [] == [f"{error.json_path}: {error.message[:200]}" for error in found]


@pytest.mark.parametrize("file", PROGRAMMES, ids=lambda file: file.parent.name)
@pytest.mark.parametrize(
    "section",
    [
        lambda programme: programme,
        lambda programme: programme["programme"],
        lambda programme: programme["organisations"],
        lambda programme: first(programme["holders"]),
        lambda programme: first(programme["calls"]),
        lambda programme: first(programme["calls"])["classes"],
        lambda programme: first(first(programme["calls"])["classes"]),
    ],
    ids=["root", "programme", "organisations", "holder", "call", "classes", "class"],
)
def test_a_planted_key_is_refused(file: Path, section: Section) -> None:
    """An editor underlines a misspelled key while it is being written."""
    programme = as_an_editor_reads(file)
    section(programme)["plantd"] = 1
    assert not VALIDATOR.is_valid(programme)


def test_a_day_that_does_not_exist_is_refused() -> None:
    """An editor underlines the thirtieth of February, also inside a dated value."""
    programme = as_an_editor_reads(PROGRAMMES[0])
    first(programme["calls"])["closes"] = {"value": "2026-02-30", "from": "2026-01-01"}
    assert not VALIDATOR.is_valid(programme)
