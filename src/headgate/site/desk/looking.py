"""How words are looked for: among what a process keeps, among rows of a table, in the journal.

Wherever they are looked for, those are named that are shown, and the others no more than counted.
"""

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, reduce
from itertools import chain, compress, filterfalse, islice, repeat, starmap
from operator import and_, contains, or_
from typing import Final

from django.urls import reverse

from headgate.core.calls.matching import Words, each_findable
from headgate.core.ledger.entry import Kind
from headgate.site.portal import reading
from headgate.site.portal.words import day
from headgate.site.records.database import Row

SHOWN_MOST: Final = 20
"""Hits of a kind that are shown; how many there are is said beside them."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing that was found: what it is called, what else is said of it, and where it is."""

    title: str
    note: str
    address: str


Several = tuple[int, Iterable[Hit]]
"""How many of a kind the reader may see that have all words, and the first of them: those that have
all words in what they are called come before others.
"""


def first_of(called: Iterable[int], others: Iterable[int]) -> Iterable[int]:
    """The places of those that are shown, the ones that are called by the words before others."""
    first = [*islice(called, SHOWN_MOST)]
    return islice(chain(first, filterfalse({*first}.__contains__, others)), SHOWN_MOST)


@dataclass(frozen=True, slots=True)
class Stored:
    """Rows of a table, of which a database names those to be shown, and counts the others.

    Where a word stands in what is `said` of a row is told in the database's words, in which HAS
    stands for having it; so is what a row is `called`, and which may be seen at all.
    """

    table: str
    told: str
    said: Callable[[str], str]
    called: str
    order: str
    seen: str = "1 = 1"
    beside: str = ""

    def found(self, words: Words) -> tuple[int, list[Row]]:
        """How many rows have all words, and what is `told` of the first; one query."""
        where, values = _all(self.said, words)
        first, named = _all(lambda _word: f"{self.called} HAS", words)
        sql = _STORED.format(
            table=f"{self.table} one",
            told=self.told,
            beside=self.beside,
            where=f"({self.seen}) AND {where}",
            order=f"CASE WHEN {first} THEN 0 ELSE 1 END, {self.order}",
            most=SHOWN_MOST,
        )
        rows = reading.DATABASE.rows(sql, [*values, *values, *named, *named])
        return (rows[0][0] if rows else 0), [row[1:] for row in rows]


_STORED: Final = """
    SELECT CASE WHEN count(*) OVER () < {most} THEN count(*) OVER ()
        ELSE (SELECT count(*) FROM {table} WHERE {where}) END, {told}
    FROM {table} {beside} WHERE one.id IN
        (SELECT one.id FROM {table} WHERE {where} ORDER BY {order} LIMIT {most})
    ORDER BY {order}
"""
"""What lies beside them is read of the rows that are shown alone, and the others are counted only
where there are more than these.
"""


def _all(said: Callable[[str], str], words: Words) -> tuple[str, list[str]]:
    """The condition that each word stands in what is said, and its values."""
    every = [(word, said(word)) for word in words]
    values = [_like(word) for word, told in every for _ in range(told.count("HAS"))]
    where = " AND ".join(f"({told})" for _word, told in every)
    return where.replace("HAS", "LIKE %s ESCAPE '!'"), values


Said = tuple[str, ...]
"""What many things say: a few texts."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Things that a process keeps, by what they are found by.

    That is what each is called, and beside it its number where it has one, each sort as one text,
    folded; and the few things that `many` say, with `which` of these each thing says.
    """

    names: Sequence[str]
    each: tuple[str, ...]
    many: Sequence[Said]
    which: Sequence[int]

    def found(
        self, words: Words, told: Callable[[Said], str], called: Callable[[Said], str]
    ) -> tuple[int, Iterable[int]]:
        """How many have every word in what is told of them, and the first of them.

        Those come first that have it in what they are called: their name, and what is said before.
        """
        texts = cache(_texts)
        standing = cache(lambda text, word: _standing(texts, text, word))
        having = self._having(words, told, lambda w: [standing(text, w) for text in self.each])
        if not having:
            return 0, ()
        first = self._having(words, called, lambda word: [standing(self.each[0], word)])
        return having.bit_count(), first_of(self._places(having & first), self._places(having))

    def _having(
        self,
        words: Words,
        told: Callable[[Said], str],
        standing: Callable[[str], Iterable["_Marks"]],
    ) -> "_Marks":
        """The things of each of which every word is told, or stands in one of its other texts.

        What many say is looked through once for all of them.
        """
        said = each_findable([told(one) for one in self.many])

        def one(word: str) -> _Marks:
            has = [word in text for text in said]
            many = _marks(map(has.__getitem__, self.which)) if any(has) else 0
            return reduce(or_, standing(word), many)

        return reduce(and_, map(one, words))

    def _places(self, having: "_Marks") -> Iterable[int]:
        """The places of the things that are marked."""
        size = len(self.which)
        return compress(range(size), having.to_bytes(size, "little"))


_Marks = int
"""Some of many things: a number with a byte for each, 1 or 0. Sets of them meet in no time."""


def _marks(having: Iterable[bool]) -> _Marks:
    return int.from_bytes(bytes(having), "little")


def _standing(texts: Callable[[str], Sequence[str]], together: str, word: str) -> _Marks:
    """In which of some texts that lie together a word stands."""
    return _marks(map(contains, texts(together), repeat(word))) if word in together else 0


def _texts(together: str) -> list[str]:
    """The texts that lie together."""
    return together.split(_BETWEEN)


_BETWEEN: Final = "\0"


def kept_of(names: Sequence[str], says: Iterable[Said], numbers: Iterable[int] = ()) -> Kept:
    """What is kept of some things: what they are called, what each says, and their numbers."""
    many = dict[Said, int]()
    which = array("I", (many.setdefault(one, len(many)) for one in says))
    folded = _BETWEEN.join(each_findable(names))
    return Kept(names, (folded, _BETWEEN.join(map(str, numbers))), [*many], which)


def entries(words: Words) -> Iterator[Hit]:
    """The newest entries of the journal whose kind or subject has all words: one query."""
    among, asked = _among(words) if reading.DATABASE.vendor == "sqlite" else _EVERY
    some = " UNION ".join(starmap(_SOME.format, _ways(words, among)))
    found = reading.DATABASE.rows(_NEWEST.format(some), [*asked, *map(_like, words)])
    every = reverse("entries")
    for seq, kind, at, subject in found:
        yield Hit(f"{seq} {kind}", f"{subject} – {day(at)}", f"{every}?before={seq + 1}")


_NEWEST: Final = f"""
    SELECT seq, kind, at, subject FROM entry
    WHERE seq IN ({{}}) ORDER BY seq DESC LIMIT {SHOWN_MOST}
"""
"""An index has the subjects of all entries, and their lines need not be read to look through it."""
_SOME: Final = f"""
    SELECT seq FROM (SELECT entry.seq FROM {{}} {{}} ORDER BY {{}} DESC LIMIT {SHOWN_MOST}) newest
"""


def _ways(words: Words, among: str) -> Iterator[tuple[str, str, str]]:
    """Each way to the newest entries that have all words: among which, the condition, the order.

    A word in the names of some kinds, of which no transfer is, is looked for in subjects, which an
    index has, and among the entries of those kinds, which are few: beside each other.
    """
    number = "entry_words.rowid" if among == _INDEXED else "entry.seq"
    kinds = [kind for kind in Kind if words[0] in kind.value]
    if len(words) > 1 or among != _EVERY[0] or not kinds or Kind.TRANSFER in kinds:
        yield among, " AND ".join(map(_of_entry, words)), number
        return
    yield among, _of_subject(), number
    named = ", ".join(f"'{kind.value}'" for kind in kinds)
    yield among, f"moved IS NULL AND kind IN ({named})", number


Among = tuple[str, Sequence[str]]
"""Among which entries words are looked for, and what is asked for that."""

_EVERY: Final[Among] = ("entry WHERE", ())
_OTHER_SIGNS: Final[Among] = (
    "entry INDEXED BY entry_other_signs WHERE subject GLOB '*[^ -~]*' AND",
    (),
)
_INDEXED: Final = "entry_words CROSS JOIN entry ON seq = entry_words.rowid WHERE words MATCH %s AND"
_SIGNS: Final = 3
"""The shortest words that SQLite has an index of."""


def _among(words: Words) -> Among:
    """Among which entries SQLite need look: those that have all words of its index, as whatever is
    not too short for that and is no part of the word for a transfer; those that have other signs
    than ASCII, where a word has; every one else, until enough are found.
    """
    has = [one for one in words if len(one) >= _SIGNS and one not in Kind.TRANSFER.value]
    if not has:
        return _EVERY if all(map(str.isascii, words)) else _OTHER_SIGNS
    quoted = (one.replace('"', '""') for one in has)
    return _INDEXED, (" ".join(f'"{one}"' for one in quoted),)


def _of_entry(word: str) -> str:
    """How a word is looked for in an entry; few are in the word for a kind."""
    kinds = "".join(f" OR kind = '{kind.value}'" for kind in Kind if word in kind.value)
    return f"({_of_subject()}{kinds})"


def _of_subject() -> str:
    """How a word is looked for in what an entry is about.

    SQLite compares in either case by itself, and takes thrice as long where each text is folded.
    """
    like = "ILIKE" if reading.DATABASE.vendor == "postgresql" else "LIKE"
    return f"subject {like} %s ESCAPE '!'"


def _like(word: str) -> str:
    """What has a word in it, for a database; no sign of the word stands for others."""
    plain = word.replace("!", "!!").replace("%", "!%").replace("_", "!_")
    return f"%{plain}%"
