"""Names on a cluster: two awards never share one, none is syntax, and each can be read back."""

import base64
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.engines.slurm.names import account_of, mark, marked, plain, qos_of, safe

NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)


@given(NAMES, NAMES)
def test_whatever_an_award_is_called_its_account_is_a_plain_word(award: str, kind: str) -> None:
    """Small letters, digits and lines below, short enough for every version of Slurm."""
    name = account_of("korea-2025", award, kind)
    assert re.fullmatch("[a-z][a-z0-9_]{1,60}", name)
    assert safe(name) == name
    assert qos_of(name, "2026-03-16T00:00:00Z") == f"{name}_20260316"


@given(NAMES, NAMES)
def test_a_mark_comes_back_to_the_letter(award: str, holder: str) -> None:
    """Also after Slurm has written it in small letters."""
    facts = {"award": award, "holder": holder, "budget": 7}
    assert facts == marked(mark(facts).lower())
    assert safe(mark(facts)) == mark(facts)


@given(st.binary(min_size=1, max_size=40), st.integers(1, 7))
def test_a_mark_is_read_as_the_library_reads_base32(data: bytes, cut: int) -> None:
    """Every length, every letter; what was cut off is a damaged mark where the library says so."""
    whole = base64.b32encode(data).decode().rstrip("=").lower()
    text = whole[: len(whole) - cut % len(whole)]
    for told in (whole, text):
        try:
            expected = base64.b32decode(told.upper() + "=" * (-len(told) % 8))
        except ValueError:
            with pytest.raises(ValueError, match="Base32"):
                plain(told)
        else:
            assert expected == plain(told)


def test_names_that_look_alike_stay_apart() -> None:
    """What plain letters cannot tell apart, the digest does; programmes have names of their own."""
    names = [account_of(p, a, c) for p in "pq" for a in ("a b", "a-b", "A B") for c in ("x", "y")]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("description", ["", "Normal QOS default", "headgate2.x"])
def test_what_has_no_mark_is_not_ours(description: str) -> None:
    """A description of another's is no mark, and a damaged mark says nothing."""
    assert marked(description) is None
    for text in ("notbase32!", "", "+7", "a_a", " aa", "aaaaaaaaé"):
        assert {} == marked(f"headgate1.{text}")


@pytest.mark.parametrize("word", ["a b", "a'b", "$x", "a;b", "a\nb", "`a`", "ế", "a|b"])
def test_a_word_that_could_be_syntax_is_refused(word: str) -> None:
    """The last gate before a command line."""
    with pytest.raises(ValueError, match="command line"):
        safe(word)
