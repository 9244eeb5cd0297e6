"""Names on a cluster: two awards never share one, none is syntax, and each can be read back."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.engines.slurm.names import account_of, mark, marked, qos_of, safe

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


def test_names_that_look_alike_stay_apart() -> None:
    """What plain letters cannot tell apart, the digest does; programmes have names of their own."""
    names = [account_of(p, a, c) for p in "pq" for a in ("a b", "a-b", "A B") for c in ("x", "y")]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("description", ["", "Normal QOS default", "headgate2.x"])
def test_what_has_no_mark_is_not_ours(description: str) -> None:
    """A description of another's is no mark, and a damaged mark says nothing."""
    assert marked(description) is None
    assert {} == marked("headgate1.notbase32!") == marked("headgate1.")


@pytest.mark.parametrize("word", ["a b", "a'b", "$x", "a;b", "a\nb", "`a`", "ế", "a|b"])
def test_a_word_that_could_be_syntax_is_refused(word: str) -> None:
    """The last gate before a command line."""
    with pytest.raises(ValueError, match="command line"):
        safe(word)
