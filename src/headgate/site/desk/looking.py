"""How words are looked for: among what a process keeps, among rows of a table, in the journal.

Wherever they are looked for, those are named that are shown, and the others no more than counted.
"""

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial, reduce
from itertools import chain, compress, filterfalse, islice, repeat
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
        standing = cache(_standing)
        having = [*self._having(words, told, lambda w: [standing(text, w) for text in self.each])]
        if True not in having:
            return 0, ()
        first = self._having(words, called, lambda word: [standing(self.each[0], word)])
        places = range(len(having))
        return having.count(True), first_of(compress(places, first), compress(places, having))

    def _having(
        self,
        words: Words,
        told: Callable[[Said], str],
        standing: Callable[[str], Sequence[Sequence[bool]]],
    ) -> Iterable[bool]:
        """Of each thing whether each word is told of it, or stands in one of other texts of it.

        What many say is looked through once for all of them.
        """
        said = each_findable([told(one) for one in self.many])

        def one(word: str) -> Iterable[bool]:
            has = [word in text for text in said]
            ways = [way for way in standing(word) if way]
            many = [map(has.__getitem__, self.which)] if any(has) or not ways else []
            return reduce(partial(map, or_), [*ways, *many])

        return reduce(partial(map, and_), map(one, words))


def _standing(together: str, word: str) -> list[bool]:
    """In which of some texts that lie together a word stands; nothing where it does in none."""
    texts = together.split(_BETWEEN) if word in together else []
    return [*map(contains, texts, repeat(word))]


_BETWEEN: Final = "\0"


def kept_of(names: Sequence[str], says: Iterable[Said], numbers: Iterable[int] = ()) -> Kept:
    """What is kept of some things: what they are called, what each says, and their numbers."""
    many = dict[Said, int]()
    which = array("I", (many.setdefault(one, len(many)) for one in says))
    folded = _BETWEEN.join(each_findable(names))
    return Kept(names, (folded, _BETWEEN.join(map(str, numbers))), [*many], which)


def entries(words: Words) -> Iterator[Hit]:
    """The newest entries of the journal whose kind or subject has all words: one query."""
    where = " AND ".join(map(_of_entry, words))
    likes = map(_like, words)
    among, number, asked = _among(words) if reading.DATABASE.vendor == "sqlite" else _EVERY
    sql = _NEWEST.format(among=among, where=where, number=number)
    for seq, kind, at, subject in reading.DATABASE.rows(sql, [*asked, *likes, SHOWN_MOST]):
        address = f"{reverse('entries')}?before={seq + 1}"
        yield Hit(f"{seq} {kind}", f"{subject} – {day(at)}", address)


_NEWEST: Final = """
    SELECT seq, kind, at, subject FROM entry WHERE seq IN
        (SELECT seq FROM {among} {where} ORDER BY {number} DESC LIMIT %s) ORDER BY seq DESC
"""
"""An index has the subjects of all entries, and their lines need not be read to look through it."""

Among = tuple[str, str, Sequence[str]]
"""Among which entries words are looked for, how their numbers are called, and what is asked."""

_EVERY: Final[Among] = ("entry WHERE", "seq", ())
_OTHER_SIGNS: Final[Among] = (
    "entry INDEXED BY entry_other_signs WHERE subject GLOB '*[^ -~]*' AND",
    "seq",
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
    return _INDEXED, "entry_words.rowid", (" ".join(f'"{one}"' for one in quoted),)


def _of_entry(word: str) -> str:
    """How a word is looked for in an entry; few are in the word for a kind.

    SQLite compares in either case by itself, and takes thrice as long where each text is folded.
    """
    like = "ILIKE" if reading.DATABASE.vendor == "postgresql" else "LIKE"
    kinds = "".join(f" OR kind = '{kind.value}'" for kind in Kind if word in kind.value)
    return f"(subject {like} %s ESCAPE '!'{kinds})"


def _like(word: str) -> str:
    """What has a word in it, for a database; no sign of the word stands for others."""
    plain = word.replace("!", "!!").replace("%", "!%").replace("_", "!_")
    return f"%{plain}%"
