"""The three languages say the same things, all of them, and each in its own words."""

import re
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

from headgate.core.awards.reasons import ChangeKind, Outcome
from headgate.core.awards.sentences import CutoffLine
from headgate.core.calls.screening import Refusal
from headgate.core.evaluation.decide import Decision, Reason
from headgate.core.metering.judge import Finding
from headgate.core.reallocation.formula import Destination
from headgate.report.locale import LOCALES
from headgate.report.speaker import Speaker, lookup, speaker, words_of
from headgate.report.summary_calls import Fate

OWN_SENTENCES = ("outcome", "change")
"""What English takes from the decision itself, so that the words stand in the others only."""

SAME_EVERYWHERE = {
    "none", "block.other", "standings.range", "panel.range", "drift.group", "decided.named",
}  # fmt: skip
"""Patterns without a word in them."""

FORMS = {"one", "other"}
SOURCE = Path(__file__).parents[2] / "src" / "headgate" / "report"


def leaves(words: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, list[str]]]:
    """Every word by its dotted key, in each of its forms."""
    for key, word in words.items():
        place = f"{path}.{key}" if path else str(key)
        if isinstance(word, Mapping) and not FORMS >= word.keys():
            yield from leaves(word, place)
        else:
            yield place, [*map(str, word.values())] if isinstance(word, Mapping) else [str(word)]


def blanks(forms: list[str]) -> set[str]:
    """The values that a word leaves blank, over all its forms."""
    return {name for form in forms for name in re.findall(r"\{(\w+)\}", form)}


def speaks(language: str) -> Speaker:
    """A speaker without a programme."""
    return speaker(language, {}, "KRW")


def test_every_language_has_every_word() -> None:
    """No reader meets a gap: a key of one language is a key of all."""
    keys = {language: set(dict(leaves(words_of(language)))) for language in LOCALES}
    assert keys["vi"] == keys["ko"]
    others = {key for key in keys["ko"] if not key.startswith(OWN_SENTENCES)}
    assert keys["en"] == others


@pytest.mark.parametrize("language", ["vi", "ko"])
def test_every_translation_sets_in_the_same_values(language: str) -> None:
    """No translation drops a figure that the English sentence gives, or adds one."""
    english = dict(leaves(words_of("en")))
    for key, forms in leaves(words_of(language)):
        if key in english:
            assert blanks(english[key]) == blanks(forms), key


@pytest.mark.parametrize("language", ["vi", "ko"])
def test_nothing_is_left_in_english(language: str) -> None:
    """A translated page holds no untranslated word."""
    english = dict(leaves(words_of("en")))
    same = {key for key, forms in leaves(words_of(language)) if forms == english.get(key)}
    assert same <= SAME_EVERYWHERE


def test_korean_words_are_korean() -> None:
    """Every Korean word with letters in it has Hangul in it, names and units aside."""
    names = re.compile(r"\{\w+\}|GPU|SHA-256|Headgate")
    for key, forms in leaves(words_of("ko")):
        for form in forms:
            rest = names.sub("", form)
            assert not re.search(r"[A-Za-z]", rest), key
            assert key in SAME_EVERYWHERE or re.search(r"[가-힣]", rest) or not rest.strip(" ×"), (
                key
            )


@pytest.mark.parametrize("language", LOCALES)
@pytest.mark.parametrize(
    ("group", "members"),
    [
        ("finding", Finding),
        ("refusal", Refusal),
        ("decision", Decision),
        ("why", Reason),
        ("fate", set(Fate) - {Fate.IN_FIELD}),
        ("destination", set(Destination) - {Destination.SURVIVOR}),
    ],
)
def test_every_code_has_a_word(language: str, group: str, members: set[Enum]) -> None:
    """Whatever is decided or found, the page has a word for it in the reader's language."""
    known = set(lookup(words_of(language), group))
    assert {member.name.lower() for member in members} <= known


@pytest.mark.parametrize("language", ["vi", "ko"])
def test_every_outcome_of_a_list_has_a_sentence(language: str) -> None:
    """Every outcome and every nearest change can be told in the applicant's language."""
    outcomes, changes = (set(lookup(words_of(language), name)) for name in OWN_SENTENCES)
    lines = {line.name.lower() for line in CutoffLine}
    assert {outcome.name.lower() for outcome in Outcome} | lines == outcomes
    assert {kind.name.lower() for kind in ChangeKind} | {"displaced"} == changes


def test_no_word_is_kept_that_nothing_says() -> None:
    """The files hold what the pages use, so that translators work on nothing else."""
    programs = [*SOURCE.glob("*.py"), *SOURCE.glob("templates/*.j2")]
    source = "\n".join(path.read_text("utf-8") for path in programs)
    said = set(re.findall(r"[\"']([a-z_]+(?:\.[a-z_]+)?)[\"']", source))
    groups = set(re.findall(r"f\"([a-z_]+)\.\{", source)) | set(
        re.findall(r"code\(\"(\w+)\"", source)
    )
    unused = {key for key, _ in leaves(words_of("ko")) if key not in said}
    assert set() == {key for key in unused if key.partition(".")[0] not in groups}


def test_one_and_many() -> None:
    """English speaks of one application and of two applications, not of 1 applications."""
    say = speaks("en")
    assert "1 node of 8 GPUs" == say.block({"gpu": 8}, 1)
    assert "1,307 nodes of 8 GPUs" == say.block({"gpu": 8}, 1307)


def test_amounts_are_whole_hours() -> None:
    """GPU-seconds are shown as GPU-hours; an unknown unit is shown as the ledger has it."""
    say = speaks("vi")
    assert "1.234" == say.amount(1234 * 3600 + 1799, "gpu_second.h200")
    assert "giờ GPU quy đổi" == say.unit("weighted_gpu_second")
    assert ("5.000", "voucher") == (say.amount(5000, "voucher"), say.unit("voucher"))
    assert "220 × 8 GPU quy đổi" == say.block({"weighted_gpu": 8}, 220)
    assert "3 × 2 ghế" == say.block({"ghế": 2}, 3)
    assert "6 tài khoản" == say.block({"seat": 2}, 3)


def test_a_part_of_nothing_is_a_dash() -> None:
    """Where nothing was granted there is no share of it."""
    assert "–" == speaks("en").percent(0, 0)


def test_a_missing_word_is_named() -> None:
    """A word that is not there fails loudly, with its whole key."""
    with pytest.raises(KeyError, match=r"verdict\.nothing"):
        speaks("en").say("verdict.nothing")
