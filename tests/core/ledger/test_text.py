"""What text may stand in the journal."""

import pytest

from headgate.core.ledger.text import NAME_LENGTH_MAX, is_instant, is_name, is_plain


@pytest.mark.parametrize("text", ["", "job 7", "국가과제/서울", "Viện Công nghệ", "—", "👩‍🔬"])
def test_words_of_any_language_are_plain(text: str) -> None:
    """Names in Korean and Vietnamese can be entered as they are written."""
    assert is_plain(text)


@pytest.mark.parametrize(
    "character",
    [
        "\t",
        "\n",
        "\r",
        "\0",
        "\x1b",
        "\x7f",
        "\x85",
        "\u061c",
        "\u2028",
        "\u2029",
        "\u202e",
        "\u2066",
        "\ud800",
    ],
)
def test_characters_that_break_or_disguise_a_line_are_not_plain(character: str) -> None:
    """No entry can pretend to be two lines, or read otherwise than it is stored."""
    assert not is_plain(f"a{character}b")
    assert not is_plain(f"가{character}나")


def test_name_is_neither_empty_nor_endless() -> None:
    """A name has 1 to 1,000 characters, so that a transfer always fits into an entry."""
    assert [False, True, True, False] == [
        is_name("x" * length) for length in (0, 1, NAME_LENGTH_MAX, NAME_LENGTH_MAX + 1)
    ]


@pytest.mark.parametrize("text", ["2026-03-09T00:00:00Z", "2028-02-29T23:59:59Z"])
def test_utc_seconds_are_an_instant(text: str) -> None:
    """The one form of an instant is UTC in whole seconds."""
    assert is_instant(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-03-09",
        "2026-03-09 00:00:00Z",
        "2026-03-09T00:00:00",
        "2026-03-09T00:00:00z",
        "2026-03-09T00:00:00.5Z",
        "2026-03-09T09:00:00+09:00",
        "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-03-09T24:00:00Z",
        "2026-03-09T23:59:60Z",
        "2026-W11-1T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "٢٠٢٦-03-09T00:00:00Z",
        "2026-03-09T00:00:00Z\n",
    ],
)
def test_any_other_form_is_no_instant(text: str) -> None:
    """Instants sort as text, so no second form, zone or impossible date gets in."""
    assert not is_instant(text)


def test_a_names_length_is_told_in_bytes() -> None:
    """A name that fits is kept by every database: 333 syllables of Hangul fit, 334 do not."""
    assert [True, False] == [is_name("각" * count) for count in (333, 334)]
