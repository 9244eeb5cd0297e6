"""No damage to a programme's text makes the check fail: it always ends in a list of faults."""

import json
import random
import re
from datetime import date
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.core.policy.check import adoptable, check
from headgate.core.policy.document import PROGRAMME, Document
from headgate.core.policy.values import take

GOOD = Path(__file__).parent / "good"
TEXT = (GOOD / PROGRAMME).read_text("utf-8")
CASES = (GOOD / "cases" / "cases.yaml").read_text("utf-8")
LAW = (GOOD / "law" / "act.md").read_text("utf-8")
SHARDS = [
    "0", "-1", "99999999999999999999", "1.5", "1/0", "100 %", "null", "true", "[]", "{}", "[[1]]",
    "{value: 1}", "{value: 1, from: 2026-05-01}", "[{value: 1, from: 2026-01-01}]", "9999-12-31",
    "0001-01-01", "2026-02-30", '""', "'x", "&a", "*a", "!!t", "|", ">-", "\t", "# x", ": ", "- ",
    "{en: x}", "applicant", "&&", "(", "id: x", "from: 2026-03-01", "until: 2026-01-02",
    "source: x#y", "status: assumed", "status: [1]", "from: {a: 1}", "\x00", "\ud800", "é", "？",
]  # fmt: skip


VALUES: list[Any] = [
    None, True, 0, -1, 1, 7, 10**17, 10**25, "", "x", "10 %", "1/3", "9999-12-31", "0001-01-01",
    "2026-04-01", [], {}, [1], [[]], {"value": 1}, {"en": "x"}, {"id": "x"}, [{"id": "x"}],
    {"value": 1, "from": "2026-04-01"}, [{"value": 1, "until": "2026-04-01"}], {"value": None},
    {"gpu_hour": 1}, "applicant.kind", "true", "1/0 == 1", "applicant.x.y.z", "business", "open",
    [{"value": 8, "until": "2026-04-01"}, {"value": 9, "from": "2026-04-01"}],
    {"status": "assumed"},
]  # fmt: skip


def plain(text: str) -> Any:
    """A text's values, as JSON has them."""
    name = PROGRAMME if text == TEXT else "cases/cases.yaml"
    tree = take(Document.read({name: text}).trees[name], date.max)
    assert tree is not None
    return tree.value.plain()


def altered(value: Any, chance: random.Random) -> None:
    """One value somewhere below replaced, lost, doubled or put under another name."""
    if not value:
        return
    key = chance.choice(list(value) if isinstance(value, dict) else range(len(value)))
    inner = value[key]
    if isinstance(inner, dict | list) and inner and chance.random() < 0.8:
        altered(inner, chance)
        return
    match chance.randrange(5):
        case 0:
            del value[key]
        case 1 if isinstance(value, list):
            value.append(json.loads(json.dumps(value[key])))
        case 2 if isinstance(value, dict):
            value[
                chance.choice(["id", "from", "value", "source", "status", "when", "x y", "z"])
            ] = inner
        case 3:
            value[key] = {"value": inner, "from": chance.choice(["2026-01-01", "2026-05-01"])}
        case _:
            value[key] = json.loads(json.dumps(chance.choice(VALUES)))


def dated(text: str) -> str:
    """JSON's text as YAML, with days as days again."""
    return re.sub(r'"(\d{4}-\d\d-\d\d)"', r"\1", text)


def damaged(text: str, seed: int, wounds: int) -> str:
    """The text with some lines lost, doubled, moved or overwritten by a shard."""
    chance = random.Random(seed)
    lines = text.splitlines()
    for _ in range(wounds):
        index = chance.randrange(len(lines))
        shard = chance.choice(SHARDS)
        match chance.randrange(7):
            case 0:
                del lines[index]
            case 1:
                lines.insert(chance.randrange(len(lines)), lines[index])
            case 2:
                lines[index] = lines[index].partition(":")[0] + ": " + shard
            case 3:
                words = lines[index].split(" ")
                words[chance.randrange(len(words))] = shard
                lines[index] = " ".join(words)
            case 4:
                lines[index] = " " * chance.randrange(8) + lines[index].strip()
            case 5:
                place = chance.randrange(len(lines[index]) + 1)
                lines[index] = lines[index][:place] + shard + lines[index][place:]
            case _:
                lines[index] = lines[index].replace(", ", ": ", 1)
    return "\n".join(lines)


@settings(max_examples=60)
@given(st.integers(0, 2**32), st.integers(1, 4), st.booleans())
def test_a_damaged_programme_is_told_its_faults(seed: int, wounds: int, cases: bool) -> None:
    """Any wound gives faults with a place and a mend, or a policy that is still whole."""
    programme = TEXT if cases else damaged(TEXT, seed, wounds)
    tried = damaged(CASES, seed, wounds) if cases else CASES
    texts = {PROGRAMME: programme, "law/act.md": LAW, "cases/cases.yaml": tried}
    document = Document.read({name: text.replace("\ud800", "?") for name, text in texts.items()})
    faults = check(document)
    assert all(fault.what and fault.mend and fault.line >= 0 for fault in faults)
    if not faults:
        adoptable(document, date(2026, 3, 1))


@settings(max_examples=60)
@given(st.integers(0, 2**32), st.integers(1, 5), st.booleans())
def test_a_programme_of_wrong_values_is_told_its_faults(
    seed: int, wounds: int, cases: bool
) -> None:
    """Well-formed YAML of the wrong shapes, names, days and numbers is told like any other."""
    chance = random.Random(seed)
    programme, tried = plain(TEXT), plain(CASES)
    for _ in range(wounds):
        altered(tried if cases else programme, chance)
    texts = {PROGRAMME: dated(json.dumps(programme)), "cases/cases.yaml": dated(json.dumps(tried))}
    document = Document.read(texts)
    faults = check(document)
    assert all(fault.what and fault.mend and fault.line >= 0 for fault in faults)
    if not faults:
        adoptable(document, date(2026, 3, 1))
