"""How much is proved, and where it is written down: one size and one page for all proofs.

HEADGATE_PROOF_TIMES multiplies the size of every proof (1 where it is not set), and every proof
appends one dated line with its counts to the page that HEADGATE_PROOF_FILE names, if it names one.
"""

import os
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from textwrap import fill
from typing import Final

TIMES: Final = "HEADGATE_PROOF_TIMES"
FILE: Final = "HEADGATE_PROOF_FILE"


def times() -> int:
    """How many times as much as in every change's run; raises ValueError for no whole number."""
    told = os.environ.get(TIMES, "1")
    if not told.isdecimal() or int(told) == 0:
        raise ValueError(f"{TIMES}={told} is not a whole number above zero")
    return int(told)


def record(name: str, counts: Mapping[str, int]) -> None:
    """Print what a proof met, most frequent first; append it to the page as one item of its list.

    The item goes out in one write, so that those of parallel runs do not mix.
    """
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    for what, count in ordered:
        print(f"{count:10,}  {what}")  # noqa: T201
    told = "; ".join(f"{count:,} {what}" for what, count in ordered)
    if page := os.environ.get(FILE):
        head = f"- {datetime.now(UTC).date()}, {name}, {times()} times: "
        item = fill(head + told, 99, subsequent_indent="  ", break_long_words=False)
        with Path(page).open("a", encoding="utf-8") as file:
            file.write(f"{item}\n")


def never(counts: Mapping[str, int], classes: Iterable[str]) -> list[str]:
    """The classes that a proof was to meet and did not: a blind proof proves nothing."""
    return sorted(what for what in classes if not counts.get(what))
