"""All attacks under their headings, and the page on which their outcome is published."""

import sys
from collections.abc import Mapping
from typing import Final

from tests.site.attacks import additions, changes
from tests.site.attacks.audit import NO_CHANGE, OUTSIDE_ONLY
from tests.site.attacks.changes import Change
from tests.site.attacks.expected import EXPECTED

WHO: Final = ("SQLite", "PostgreSQL: the service", "its owner", "a superuser")
USERS: Final = ("sqlite", "site", "owner", "admin")
"""The same four as the tests call them."""


def _added(lies: additions.Lies) -> Mapping[str, Change]:
    return {name: Change(scripts, scripts) for name, scripts in lies.items()}


ATTACKS: Final[Mapping[str, Mapping[str, Change]]] = {
    "Entries that are added to the journal": _added(additions.JOURNAL),
    "Transfers that are added": _added(additions.LEDGER),
    "Reservations that are resolved": _added(additions.RESERVATIONS),
    "Values, decisions and checkpoints that are added": _added(additions.VALUES),
    "Changes with all guards on": changes.STANDING,
    "Changes with a guard switched off": changes.SWITCHED,
    "History written again, all consistent, the triggers put back": changes.HISTORY,
}

INTRODUCTION: Final = """\
# What the database refuses, and what only outsiders can reveal

Below is every dishonest statement that we could think of, tried on a small honest ledger: on SQLite
with the file in one's hands, and on PostgreSQL as the service's role (it may read and add rows), as
the owner of the tables, and as a superuser. `tests/site/attacks` tries them all at every change, in
each way that a lie can be told, and this page is compared with what came of them, byte for byte.

- **refused**: the statement fails, whatever program sends it. The names are those of the rules in
  `src/headgate/site/records/guards/schema.sql`; "append-only" and "guards off" are triggers,
  "permission" is PostgreSQL's, and SQLite does not say which foreign key it was. A REPLACE meets
  `checkpoint_root`, by which SQLite's triggers see whether constraints hold.
- **revealed**: it is written, and whoever looks into the database finds it: a guard is missing or
  another, an entry of the journal is none or not the next one, the ledger's rows are not those that
  follow from the journal's lines under the chart, a kept value is not the one that was digested or
  that the events give when they are taken again, a signed checkpoint is not of this journal.
- **only outside**: all that is inside agrees with itself. Whoever holds a checkpoint that left the
  house, a witness or the reader of an award letter, finds that the journal is another.

What a schema can do: hold every program to the rules of posting, ours and anybody's, also one with
a bug; make each change of the past take somebody who first switches guards off; and make an edit of
one row impossible without an edit of all that rest on it. Balances cannot be edited, because there
are none: each leg carries its account's totals, pinned to those before.

What a schema cannot do: stop whoever owns the file or the server. They can rewrite everything from
some entry on, put each guard back, and sign it with the house's keys. That is what checkpoints are
for, and why they must leave the house soon and often: publish, and let others run
`headgate witness`. Between two checkpoints that left the house, history can be rewritten unseen.
No schema and no checkpoint can tell whether what was entered is true.

Not in the table, because they are statements of no database: another file in the place of SQLite's,
or a server's files changed underneath it. They can do what a superuser can, and are revealed alike.
A lie that can be told in several ways may be refused by several rules; each way was refused.
"""

_FOUND: Final = {
    "": "n/a",
    NO_CHANGE: "nothing changes",
    OUTSIDE_ONLY: "**only outside**",
}


def page() -> str:
    """The page, from what is expected of each attack."""
    parts = [INTRODUCTION]
    for heading, attacks in ATTACKS.items():
        head = (f"\n## {heading}\n", f"| What is tried | {' | '.join(WHO)} |", "|---" * 5 + "|")
        rows = [f"| {' | '.join((_sentence(name), *cells(name)))} |" for name in attacks]
        parts += [*head, *rows]
    return "\n".join(parts) + "\n"


def cells(name: str) -> list[str]:
    """What is expected of an attack, for each of the four, as the page says it."""
    told = [_cell(expected(name, place)) for place in range(len(WHO))]
    return ["the same" if place and told[place - 1] == t else t for place, t in enumerate(told)]


def expected(name: str, place: int) -> str:
    """What is expected of an attack for one of the four; who is not named differs from nobody."""
    told = EXPECTED[name]
    return told[min(place, len(told) - 1)]


def _cell(words: str) -> str:
    refused = [_told(word) for word in words.split() if not word.startswith("+")]
    found = [word for word in words.split() if word.startswith("+")]
    revealed = [word[1:] for word in found if word not in _FOUND]
    parts = [f"refused: {', '.join(refused)}"] if refused else []
    parts += [f"revealed: {', '.join(revealed)}"] if revealed else []
    parts += [_FOUND[word] for word in found if word in _FOUND]
    return "; ".join(parts) or _FOUND[""]


def _told(word: str) -> str:
    return (
        f"`{word}`"
        if "_" in word or "(" in word
        else word.replace("-", " ")
        if word != "append-only"
        else word
    )


def _sentence(name: str) -> str:
    return name[0].upper() + name[1:]


if __name__ == "__main__":
    sys.stdout.write(page())
