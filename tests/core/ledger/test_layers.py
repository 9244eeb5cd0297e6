"""The map beneath the books: a value, whatever is put on top of it."""

from collections.abc import Iterable, Iterator, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.ledger.layers import Layers

KEYS = "abcdefghijk"
content = st.dictionaries(st.sampled_from(KEYS[:-1]), st.none() | st.integers())
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


class Watched(Mapping[str, int | None]):
    """What a database stands for: it counts how often it is asked, and how often read through."""

    def __init__(self, held: dict[str, int | None]) -> None:
        self.held = held
        self.asked: list[str] = []
        self.read_through = 0

    def __getitem__(self, key: str) -> int | None:
        self.asked.append(key)
        return self.held[key]

    def __iter__(self) -> Iterator[str]:
        self.read_through += 1
        return iter(self.held)

    def __len__(self) -> int:
        self.read_through += 1
        return len(self.held)


@given(content, st.lists(content, max_size=12))
def test_a_map_on_a_base_equals_their_merged_dictionaries(
    held: dict[str, int | None], added: list[dict[str, int | None]]
) -> None:
    """Every law of a mapping holds as for one dictionary of base and additions; None is a value."""
    layers: Layers[str, int | None] = Layers(base=Watched(dict(held)))
    expected = dict(held)
    for addition in added:
        layers = layers.under(dict(addition))
        expected |= addition
    assert list(expected.items()) == list(layers.items())
    assert (list(expected), list(expected.values())) == (list(layers), list(layers.values()))
    assert len(expected) == len(layers)
    assert layers == expected
    assert bool(expected) == bool(layers)
    for key in KEYS:
        assert (key in expected) == (key in layers)
        assert expected.get(key, -1) == layers.get(key, -1)
        if key in expected:
            assert expected[key] == layers[key]
        else:
            with pytest.raises(KeyError):
                layers[key]


@given(content, st.lists(content, max_size=12))
def test_what_was_added_is_known_exactly_and_the_base_stays_as_it_was(
    held: dict[str, int | None], added: list[dict[str, int | None]]
) -> None:
    """What must be written to a database is all that was added, each key once, and no more."""
    base = Watched(dict(held))
    layers: Layers[str, int | None] = Layers(base=base)
    expected: dict[str, int | None] = {}
    for addition in added:
        layers = layers.under(dict(addition))
        expected |= addition
    assert list(expected.items()) == list(layers.added().items())
    assert (held, [], 0) == (base.held, base.asked, base.read_through)
    assert base is layers.base


def test_a_look_up_asks_the_base_for_nothing_but_its_key() -> None:
    """Books kept in a database are read where they are looked into: never through, never twice."""
    base = Watched({"a": 1, "b": 2})
    layers = Layers(base=base).under({"b": 3, "c": None})
    assert (3, None, None) == (layers.get("b", 9), layers["c"], layers.get("c", 9))
    assert [] == base.asked
    assert (1, 9, 1) == (layers.get("a"), layers.get("d", 9), layers["a"])
    assert "e" not in layers
    assert (["a", "d", "a", "e"], 0) == (base.asked, base.read_through)


def test_nothing_added_is_the_same_map() -> None:
    """A batch in which all was refused makes no layer to be passed by every later look-up."""
    layers = Layers(base={"a": 1}).under({"b": 2})
    assert layers is layers.under({})


class Foretold(dict[str, int]):
    """A base that is glad to hear which keys it will be asked for."""

    def prefetch(self, keys: Iterable[str]) -> None:
        """Remember what was said."""
        self["said"] = len(list(keys))


def test_a_base_hears_which_keys_it_will_be_asked_for() -> None:
    """What a batch will look into can be read at once; a plain base needs no such word."""
    base = Foretold()
    Layers(base=base).under({"a": 1}).prefetch(iter("abc"))
    assert {"said": 3} == base
    plain: Layers[str, int] = Layers()
    plain.prefetch("abc")
    assert [] == list(plain)


class Told(dict[str, str]):
    """A base whose values are the instants at which they were told."""

    def after(self, when: str) -> Mapping[str, str]:
        """Those after an instant."""
        return {key: told for key, told in self.items() if told > when}


def test_a_base_that_knows_when_spares_what_was_told_before() -> None:
    """What was added lies on top, each key once; a base that does not know gives all it has."""
    base = Told(a="1", b="3", c="4")
    assert ["9", "4"] == list(Layers(base=base).under({"b": "9"}).after("2"))
    plain = Layers(base=dict(base)).under({"b": "9"})
    assert ["9", "1", "4"] == list(plain.after("2"))
