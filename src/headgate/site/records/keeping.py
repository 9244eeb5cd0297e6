"""What an action changed of a term, written beside the journal: what `kept` reads back."""

from collections.abc import Iterator

from headgate.core import canonical
from headgate.core.ledger.entry import Kind
from headgate.site.records.database import Database
from headgate.site.records.journal import Head
from headgate.site.records.kept import Standing, held
from headgate.site.records.sorts import Sort, value
from headgate.steps.term import Term


def keep(database: Database, before: Term | None, after: Term, at: Head) -> None:
    """Keep what an action changed; its entries have been appended, and `at` is where they end."""
    counted = _event_count(database)
    first, last = at.size - len(after.entries), at.size - 1
    rows = list(_received_and_decided(after, first))
    if before is None:
        rows += [(Sort.POLICY, n, last, text) for n, text in after.document.texts.items()]
    for number, event in enumerate(after.taken, counted):
        rows.append((Sort.EVENT, f"{number:09}", last, canonical.line(event).decode()))
    if before is None or before.holdings != after.holdings:
        lines = canonical.lines(after.holdings.values())
        rows.append((Sort.HOLDINGS, "", last, lines.decode()))
    for (cluster, job), known in after.known.added().items():
        rows.append((Sort.KNOWN, f"{cluster}\t{job}", last, canonical.line(known).decode()))
    rows.append((Sort.TERM, "", last, _standing(after, counted).decode()))
    kept = [(sort.value, key, seq, data) for sort, key, seq, data in rows]
    database.insert("kept", ("kind", "key", "seq", "data"), kept)


def _event_count(database: Database) -> int:
    told = held(database, Sort.TERM)
    standing: Standing | None = value(Sort.TERM, Standing, told) if told else None
    return standing.events if standing else 0


def _standing(term: Term, counted: int) -> bytes:
    return canonical.line(
        Standing(
            term.index,
            term.starts,
            term.ends,
            counted + len(term.taken),
            term.day,
            term.done,
            term.next_blocks,
            term.tree.size,
            tuple(root.hex() for root in term.tree.roots),
            term.closed,
            term.owed,
        )
    )


def _received_and_decided(after: Term, first: int) -> Iterator[tuple[Sort, str, int, str]]:
    """Facts and decisions, each with the entry that has its digest."""
    facts, decisions = after.facts.added(), iter(after.decisions)
    for seq, entry in enumerate(after.entries, first):
        if entry.kind is Kind.FACTS_RECEIVED and facts[entry.subject].digest == entry.fields[1]:
            yield Sort.FACT, entry.subject, seq, facts[entry.subject].data.decode()
        elif entry.kind is Kind.DECISION_MADE:
            yield Sort.DECISION, f"{seq:012}", seq, next(decisions).line().decode()
