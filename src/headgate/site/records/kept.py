"""A term, read from where it is kept and written back: what lies between two actions.

Everything is one or more canonical lines by sort and key, pinned to the entry after which it held;
the newest holds. What was received and decided has its digest in the journal; what follows from it
(holdings, what the meters know, the tree) can be derived again, and `verify` does.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property, lru_cache, partial
from hashlib import sha256
from itertools import chain
from operator import attrgetter
from typing import Any, Final, cast

from headgate.core import canonical
from headgate.core.ledger.chart import Chart
from headgate.core.ledger.entry import decode
from headgate.core.ledger.frontier import Frontier
from headgate.core.ledger.layers import Layers
from headgate.core.ledger.post import Books
from headgate.core.ledger.text import is_name
from headgate.core.metering.meter import Held
from headgate.core.policy.dated import at as policy_at
from headgate.core.policy.document import Document
from headgate.rings import undisturbed
from headgate.site.recent import Recent
from headgate.site.records.books import Looked, Stored, stored
from headgate.site.records.database import BLOCK_BYTES, Database, Row
from headgate.site.records.journal import head
from headgate.site.records.sorts import Sort, value
from headgate.steps.agenda import first_day
from headgate.steps.term import Closed, Holding, Owed, Received, Term, chart_of


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a programme stands between two actions; `roots` are the journal's frontier in hex."""

    index: int
    starts: date
    ends: date
    events: int
    day: date
    done: int
    next_blocks: Mapping[str, int]
    size: int
    roots: tuple[str, ...]
    closed: Mapping[str, Closed] = field(default_factory=dict)
    owed: tuple[Owed, ...] = ()


@dataclass(frozen=True)
class StoredFact:
    """A set of facts whose lines are read when they are asked for."""

    database: Database
    name: str
    seq: int
    digest: str
    lines: str | None = field(default=None, compare=False)

    @property
    def data(self) -> bytes:
        """The canonical lines."""
        if self.lines is not None:
            return self.lines.encode()
        sql = "SELECT data FROM kept WHERE kind = %s AND key = %s AND seq = %s"
        text: str = self.database.rows(sql, [Sort.FACT.value, self.name, self.seq])[0][0]
        return text.encode()

    @cached_property
    def values(self) -> tuple[object, ...]:
        """The values of the lines."""
        # Who only plans reads no facts, and the kinds of all of them take as long as a whole plan.
        from headgate.readers.facts import read_facts

        kind = self.name.split("/", maxsplit=1)[0]
        return read_facts(f"facts/{self.name}.jsonl", kind, self.data)


_HELD = """
    SELECT data FROM kept WHERE kind = %s AND key = '' ORDER BY seq DESC LIMIT 1
"""
_NEWEST = """
    SELECT key, data FROM kept k WHERE kind = %s AND seq =
        (SELECT max(seq) FROM kept m WHERE m.kind = k.kind AND m.key = k.key)
    ORDER BY key
"""
_KNOWN = """
    WITH wanted (key) AS (VALUES {keys})
    SELECT k.key, k.data FROM wanted JOIN kept k ON k.kind = 'known' AND k.key = wanted.key
        AND k.seq = (SELECT max(seq) FROM kept m WHERE m.kind = 'known' AND m.key = wanted.key)
"""
_TOLD = """
    SELECT k.key, k.data FROM kept k JOIN entry e ON e.seq = k.seq
    WHERE k.kind = 'known' AND e.at > %s AND k.seq =
        (SELECT max(seq) FROM kept m WHERE m.kind = 'known' AND m.key = k.key)
"""
_FACTS = """
    SELECT k.key, k.seq, e.line FROM kept k JOIN entry e ON e.seq = k.seq
    WHERE k.kind = 'fact'{some}
"""


def newest(database: Database, sort: Sort) -> dict[str, str]:
    """Everything of a sort that holds now, by key."""
    return dict(database.rows(_NEWEST, [sort.value]))


def held(database: Database, sort: Sort) -> str | None:
    """What holds now of a sort that has but one key; None where there is nothing yet."""
    rows = database.rows(_HELD, [sort.value])
    found: str | None = rows[0][0] if rows else None
    return found


def events(database: Database) -> bytes:
    """What happened, in order: one canonical line an event."""
    sql = "SELECT data FROM kept WHERE kind = %s ORDER BY seq, key"
    return "".join(data or "\n" for (data,) in database.rows(sql, [Sort.EVENT.value])).encode()


def document(database: Database) -> Document | None:
    """The policy as adopted, or None before that."""
    texts = {name: text or "" for name, text in newest(database, Sort.POLICY).items()}
    return read_texts(tuple(sorted(texts.items()))) if texts else None


@lru_cache(maxsize=4)
def read_texts(texts: tuple[tuple[str, str], ...]) -> Document:
    """The policy of texts by file name; to read it takes longer than most actions that ask for it.

    The adopted one is asked for by every page, so a few what-ifs beside it do not displace it.
    """
    return Document.read(dict(texts))


_STANDS: Final = """
    SELECT kind, key, CASE WHEN kind != 'holdings' THEN data WHEN seq = %s THEN '' ELSE {held} END,
        (SELECT max(seq) + 1 FROM entry), seq,
        (SELECT line FROM entry e WHERE e.seq = k.seq AND kind = 'holdings')
    FROM kept k WHERE kind IN ('policy', 'term', 'holdings') AND seq =
        (SELECT max(seq) FROM kept m WHERE m.kind = k.kind AND m.key = k.key)
"""


STAGES: Final = ("applications", "declined")
"""The facts of a call that say how far it has come: it was received, it was decided."""

_STAGES: Final = """
    SELECT kind, key, data FROM kept k WHERE kind IN ('policy', 'term') AND seq =
        (SELECT max(seq) FROM kept m WHERE m.kind = k.kind AND m.key = k.key)
    UNION ALL SELECT kind, key, '' FROM kept WHERE kind = 'fact' AND (key LIKE %s OR key LIKE %s)
    UNION ALL SELECT 'entries', '', CAST(max(seq) AS text) FROM entry
    UNION ALL SELECT 'beside', '', CAST(({beside}) AS text)
"""


@dataclass(frozen=True, slots=True)
class Stages:
    """How far the calls of a programme have come: what was `received` of each says it.

    `moved` is another value whenever the journal is another, or what was asked beside it.
    """

    document: Document
    standing: Standing
    received: frozenset[str]
    moved: tuple[str, ...]


def stages(database: Database, beside: str) -> Stages | None:
    """How far every call has come, by one query; None before a programme was begun.

    `beside` is a query for the one value that moves with what people do beside the journal.
    """
    sql = _STAGES.format(beside=beside)
    found: dict[str, dict[str, str]] = {}
    for kind, key, data in database.rows(sql, [f"{kind}/%" for kind in STAGES]):
        found.setdefault(kind, {})[key] = data or ""
    texts, term = found.get("policy"), found.get("term")
    if not texts or not term:
        return None
    standing: Standing = value(Sort.TERM, Standing, term[""])
    moved = _moved(database, standing, found["entries"][""], found["beside"][""])
    adopted = read_texts(tuple(sorted(texts.items())))
    return Stages(adopted, standing, frozenset(found.get("fact", ())), moved)


def _moved(database: Database, standing: Standing, newest: str, beside: str) -> tuple[str, ...]:
    """What is another after every entry of a database, and after what was asked beside them."""
    return (*database.where, *standing.roots, newest, beside)


@dataclass(frozen=True, slots=True)
class Stands:
    """Where a programme stands, without its books: what a reader of pages asks for first.

    `moved` is another value whenever the journal is another.
    """

    document: Document
    standing: Standing
    holdings: tuple[Holding, ...]
    size: int
    moved: tuple[str, ...]

    def runs(self, award: str | None) -> bool:
        """Whether there is an award of that name that runs."""
        return any(one.award == award for one in self.holdings)


_Lines = tuple[int, str | None, tuple[Holding, ...]]
"""Awards as they are kept: their entry's number, its line, and they themselves."""

_LAST: Final = Recent[_Lines](4)


def stands(database: Database, *, afresh: bool = False) -> Stands | None:
    """Where a programme stands, by one query; None before one was begun.

    The lines of ten thousand awards take as long as half a page, so whoever saw them asks no more
    than whether they are still the same, unless told to read `afresh`.
    """
    last = None if afresh else _LAST.get(database.where)
    found: dict[str, dict[str, str]] = {sort.value: {} for sort in Sort}
    now: _Lines = -1, None, ()
    size = 0
    for kind, key, data, entries, seq, line in database.rows(
        _STANDS.format(held=_where(database)), [last[0] if last else -1]
    ):
        found[kind][key], size = data or "", entries
        if kind == Sort.HOLDINGS:
            same = last is not None and last[0] == seq
            now = seq, line, last[2] if same and last else _awards(database, data)
    texts, standing = found[Sort.POLICY.value], found[Sort.TERM.value].get("")
    if last and last[0] == now[0] and last[1] != now[1]:
        return stands(database, afresh=True)
    if not texts or standing is None:
        return None
    _LAST.keep(database.where, now)
    adopted, term = read_texts(tuple(sorted(texts.items()))), value(Sort.TERM, Standing, standing)
    return Stands(adopted, term, now[2], size, _moved(database, term, str(size), ""))


_Pieces = dict[bytes, tuple[Holding, ...]]
"""Awards by the SHA-256 of some of their lines."""

_HOLDINGS: Final = Recent[tuple[tuple[Holding, ...], _Pieces]](8)
"""Awards by those of all their lines: as many as a list needs that has those that ended too."""


def _where(database: Database) -> str:
    """How a query asks for awards that are read next: SQLite's lines by their place."""
    return "CAST(rowid AS text)" if database.vendor == "sqlite" else "data"


def _awards(database: Database, told: str | None) -> tuple[Holding, ...]:
    """The awards that a query named or read: SQLite would hold all their lines twice at a time."""
    if database.vendor != "sqlite":
        return _holdings(told or "")
    return _read(database.blocks("kept", "data", int(told)) if told else ())


def _holdings(text: str) -> tuple[Holding, ...]:
    """The awards of these lines."""
    return _read(_blocks(text))


def _blocks(text: str) -> Iterator[bytes]:
    return (text[at : at + BLOCK_BYTES].encode() for at in range(0, len(text), BLOCK_BYTES))


def _read(blocks: Iterable[bytes]) -> tuple[Holding, ...]:
    """The awards of some lines; every page asks, and they are others only after an event.

    Most events move few of them: lines that were read before are not read again, and what they say
    is held once. They are not kept either: those of ten thousand awards are as large as the awards.
    """
    known = dict(chain.from_iterable(pieces.items() for _, pieces in _HOLDINGS.values()))
    digests, pieces, alike = list[bytes](), _Pieces(), dict[Any, Any]()
    with undisturbed():
        for piece in canonical.pieces(blocks):
            digests.append(digest := sha256(piece).digest())
            pieces[digest] = known.get(digest) or tuple(_some_holdings(piece, alike))
    found = _HOLDINGS.get(tuple(digests))
    if found is None:
        found = tuple(chain.from_iterable(pieces[digest] for digest in digests)), pieces
        _HOLDINGS.keep(tuple(digests), found)
    return found[0]


_NO_PARTS: Final[Mapping[str, int]] = {}
"""What all requests have that change no members."""


def _some_holdings(piece: bytes, alike: dict[Any, Any]) -> Iterable[Holding]:
    """The awards of some lines; one that was made to hold two is read alone, and refused.

    What many have `alike` is held once, before anybody sees it: a fourth of ten thousand awards.
    """
    lines = piece.splitlines()
    found = value(Sort.HOLDINGS, tuple[Holding, ...], b"[%b]" % b",".join(lines))
    if len(found) != len(lines):
        found = [value(Sort.HOLDINGS, Holding, line) for line in lines]
    _share(found, ("amount", "starts", "ends"), alike)
    amended = list(chain.from_iterable(one.amended for one in found))
    _share(amended, ("asked", "day", "words", "reason", "usable"), alike)
    for one in amended:
        if not one.parts:
            object.__setattr__(one, "parts", _NO_PARTS)
    return cast(Iterable[Holding], found)


def _share(values: Iterable[object], names: tuple[str, ...], alike: dict[Any, Any]) -> None:
    told, write, known = attrgetter(*names), object.__setattr__, alike.setdefault
    for one in values:
        for name, having in zip(names, told(one), strict=True):
            write(one, name, known(having, having))


_ENDED: Final = """
    SELECT (SELECT {held} FROM kept h WHERE h.kind = 'holdings' AND h.key = '' AND h.seq < e.seq
        ORDER BY h.seq DESC LIMIT 1)
    FROM kept e WHERE e.kind = 'event' AND e.data LIKE %s ORDER BY e.seq
"""


def ended(database: Database, running: Iterable[Holding]) -> tuple[Holding, ...]:
    """The awards that ended as a term turned, each as it was last; one query."""
    now = {holding.award for holding in running}
    found: dict[str, Holding] = {}
    for (text,) in database.rows(_ENDED.format(held=_where(database)), ['%"what":"turn"%']):
        found |= {one.award: one for one in _awards(database, text) if one.award not in now}
    return tuple(found.values())


def kept_term(database: Database, *, afresh: bool = True) -> Term | None:
    """The term as it stands, to be looked at; None before a programme was begun."""
    return load(database, stored(database), head(database).latest, afresh=afresh)


def load(database: Database, ledger: Stored, latest: str, *, afresh: bool = True) -> Term | None:
    """The term as it is kept, with nothing added to it yet; None before a programme was begun.

    Whoever only shows it need not read all awards `afresh`: see `stands`.
    """
    stood = stands(database, afresh=afresh)
    if stood is None:
        return None
    return _term(database, stood, ledger.books(_chart(stood), latest), stored_facts(database))


def _chart(stood: Stands) -> Chart:
    adopted = stood.document
    return chart_of(policy_at(adopted, first_day(adopted)).policy)


def _term(database: Database, stood: Stands, books: Books, facts: Looked[str, Received]) -> Term:
    adopted, standing = stood.document, stood.standing
    return Term(
        adopted,
        standing.index,
        standing.starts,
        standing.ends,
        books,
        Frontier(standing.size, tuple(map(bytes.fromhex, standing.roots))),
        facts=Layers(base=facts),
        holdings={holding.award: holding for holding in stood.holdings},
        known=Layers(base=_known(database)),
        next_blocks=standing.next_blocks,
        closed=standing.closed,
        owed=standing.owed,
        day=standing.day,
        done=standing.done,
    )


_AHEAD: Final = Recent[tuple[int, Mapping[str, Received]]](2)

_WHOLE: Final = """
    SELECT kind, key, data, seq, '' FROM kept k WHERE kind IN ('policy', 'term', 'holdings')
        AND seq = (SELECT max(seq) FROM kept m WHERE m.kind = k.kind AND m.key = k.key)
    UNION ALL SELECT 'fact', k.key, CASE WHEN k.key LIKE %s AND k.seq > %s THEN k.data END, k.seq,
        e.line FROM kept k JOIN entry e ON e.seq = k.seq WHERE k.kind = 'fact'
    UNION ALL SELECT 'entries', '', latest, seq, '' FROM entry
        WHERE seq = (SELECT max(seq) FROM entry)
    UNION ALL SELECT 'beside', '', CAST(({beside}) AS text), 0, ''
"""


def whole(database: Database, beside: str, ahead: str) -> tuple[Stages, Term] | None:
    """How far every call has come, and the term as it is kept: both by one query, or None.

    `beside` is as for `stages`; `ahead` is how the names of those facts begin that are read with
    their lines, once in a process: what was received stays as it is.
    """
    found: dict[str, dict[str, Row]] = {sort.value: {} for sort in Sort}
    last, known = _AHEAD.get((database.where, ahead)) or (-1, {})
    told = database.rows(_WHOLE.format(beside=beside), [f"{ahead}%", last])
    for kind, key, *row in sorted(told, key=_seq_of):
        found.setdefault(kind, {})[key] = (*row,)
    texts = {name: text or "" for name, (text, *_) in found[Sort.POLICY.value].items()}
    if not texts or not found[Sort.TERM.value]:
        return None
    adopted = read_texts(tuple(sorted(texts.items())))
    standing: Standing = value(Sort.TERM, Standing, found[Sort.TERM.value][""][0])
    held, *_ = found[Sort.HOLDINGS.value].get("", ("",))
    latest, newest, _ = found["entries"][""]
    moved = _moved(database, standing, str(newest), found["beside"][""][0] or "")
    stood = Stands(adopted, standing, _holdings(held or ""), newest + 1, moved)
    facts = found[Sort.FACT.value].items()
    received = {name: _fact(database, name, seq, line, data) for name, (data, seq, line) in facts}
    received |= {name: fact for name, fact in known.items() if received.get(name) == fact}
    read = {name: fact for name, fact in received.items() if name.startswith(ahead)}
    _AHEAD.keep((database.where, ahead), (newest, read))
    far = Stages(adopted, standing, frozenset(received), moved)
    books = stored(database).books(_chart(stood), latest)
    all_facts = Looked(
        lambda names: {n: received[n] for n in names if n in received}, lambda: received
    )
    return far, _term(database, stood, books, all_facts)


def _seq_of(row: Row) -> int:
    """The entry after which a row of the whole holds."""
    seq: int = row[3]
    return seq


def _fact(database: Database, name: str, seq: int, line: str, data: str | None = None) -> Received:
    """What was received, from the entry with its digest; its lines too, where they were read."""
    return StoredFact(database, name, seq, decode(line.encode()).fields[1], data)


def stored_facts(database: Database) -> Looked[str, Received]:
    """Everything that was received, by name; all of it in the order in which it first came."""

    def found(rows: list[Row]) -> dict[str, Received]:
        return {row[0]: _fact(database, *row) for row in rows}

    def look_up(names: list[str]) -> dict[str, Received]:
        sql = _FACTS.format(some=" AND k.key IN ({keys})")
        return found(database.among(sql, filter(is_name, names)))

    def every() -> dict[str, Received]:
        return found(database.rows(_FACTS.format(some=" ORDER BY k.seq")))

    return Looked(look_up, every)


class _Jobs(Looked[tuple[str, str], tuple[Held, ...]]):
    """What the meters know of each job, of which the newest may be asked for alone."""

    def __init__(self, database: Database, *looked: Any) -> None:
        super().__init__(*looked)
        self._database = database

    def after(self, when: str) -> Mapping[tuple[str, str], tuple[Held, ...]]:
        """The jobs that were told of after an instant."""
        return _jobs(self._database.rows(_TOLD, [when]))


def _jobs(rows: list[Row]) -> dict[tuple[str, str], tuple[Held, ...]]:
    read = partial(value, Sort.KNOWN, tuple[Held, ...])
    named = ((key.partition("\t"), data) for key, data in rows)
    return {(cluster, job): read(data) for (cluster, _, job), data in named}


def _known(database: Database) -> _Jobs:
    def look_up(jobs: list[tuple[str, str]]) -> dict[tuple[str, str], tuple[Held, ...]]:
        named = ("\t".join(job) for job in jobs if all(map(is_name, job)))
        return _jobs(database.among(_KNOWN, named, each="(%s)"))

    return _Jobs(database, look_up, lambda: _jobs(database.rows(_NEWEST, [Sort.KNOWN.value])))
