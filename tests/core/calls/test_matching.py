"""A reviewer is found by what they know, however it is written in three languages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.calls.matching import (
    coverage,
    each_findable,
    findable,
    fold,
    likeness,
    places,
    stand_in,
    terms,
    words_of,
)


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        ("mo hinh ngon ngu", "Đào tạo mô hình ngôn ngữ lớn tiếng Việt"),
        ("Đà Nẵng", "trung tâm dữ liệu tại da nang"),
        ("컴퓨팅자원", "국가 컴퓨팅 자원을 지원합니다"),
        ("언어모델", "한국어 언어 모델의 학습"),
        ("GPU", "ＧＰＵ를 위한 gpu"),
        ("Straße", "STRASSE"),
    ],
)
def test_what_is_meant_is_found(wanted: str, text: str) -> None:
    """Marks, spaces, endings, width and case do not hide a word; at least two terms in three."""
    assert 660 <= coverage(terms(wanted), terms(text))


def test_other_words_are_not_found() -> None:
    """What shares no word shares nothing."""
    assert 0 == coverage(terms("단백질 구조"), terms("국가 컴퓨팅 자원을 지원합니다"))
    assert 0 == coverage(frozenset(), terms("anything"))
    assert 0 == likeness(frozenset(), frozenset())


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    """A folded text is its own form, and a text is wholly like itself."""
    assert terms(text) == terms(fold(text))
    said = terms(text)
    assert (1000 if said else 0) == likeness(said, said)


@given(
    st.lists(st.text() | st.sampled_from(["\u0301", "가", " 가", "가 나", "Å", "A", "\0", "ａ"]))
)
def test_many_texts_are_made_ready_as_each_is(texts: list[str]) -> None:
    """Nothing of one runs over into the next: no mark, no syllable, no sign that stands between."""
    assert [findable(text) for text in texts] == each_findable(texts)


_SOME = st.lists(st.sampled_from(["ab", "b", "한국", "한국을", "한", "국을"])).map(" ".join)


@given(st.lists(_SOME), _SOME)
def test_many_texts_are_looked_through_as_each_is(texts: list[str], query: str) -> None:
    """The places of those that have every word, in their order."""
    wholes, words = [findable(text) for text in texts], words_of(query)
    expected = [at for at, whole in enumerate(wholes) if stand_in(whole, words)]
    assert expected == places(wholes, words)


@given(_SOME, st.text("a한국을", min_size=1))
def test_an_ending_of_one_or_two_syllables_may_be_missing(text: str, word: str) -> None:
    """A word is found whole, and without an ending of Hangul where two syllables of it are left."""
    ends = [at for at in (0, 1, 2) if at == 0 or (len(word) >= at + 2 and "a" not in word[-at:])]
    found = any(word[: len(word) - at] in findable(text) for at in ends)
    assert found == stand_in(findable(text), words_of(word))
