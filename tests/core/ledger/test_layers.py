"""The map beneath the books: a value, whatever is put on top of it."""

from hypothesis import given
from hypothesis import strategies as st

from headgate.core.ledger.layers import Layers

additions = st.lists(st.dictionaries(st.sampled_from("abcdefghij"), st.integers()), max_size=30)


@given(additions)
def test_map_equals_a_dictionary_and_every_older_map_keeps_its_content(
    added: list[dict[str, int]],
) -> None:
    """Each map answers as the dictionary of that moment would, in the same order, for ever."""
    layers: Layers[str, int] = Layers()
    expected: dict[str, int] = {}
    moments = [(layers, dict(expected))]
    for addition in added:
        layers = layers.under(dict(addition))
        expected.update(addition)
        moments.append((layers, dict(expected)))
    for moment, content in moments:
        assert list(content.items()) == list(moment.items())
        assert [content.get(key) for key in "abcdefghijk"] == [
            moment.get(key) for key in "abcdefghijk"
        ]


@given(st.lists(st.integers(1, 40), max_size=60))
def test_look_up_passes_few_dictionaries(sizes: list[int]) -> None:
    """However books were posted, a look-up stays logarithmic in what they hold."""
    layers: Layers[str, int] = Layers()
    count = 0
    for size in sizes:
        layers = layers.under({f"key {count + n}": n for n in range(size)})
        count += size
    assert len(layers.stack) <= count.bit_length()
