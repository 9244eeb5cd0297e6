"""Ledgers to report on: generated histories, and names that a program could take for syntax."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from headgate.core.ledger.chart import Chart, Pattern
from headgate.core.ledger.frontier import Frontier
from headgate.core.ledger.post import AMOUNT_MAX, Balance, Books, post_all
from headgate.core.ledger.text import NAME_LENGTH_MAX
from headgate.core.ledger.transfer import Outcome, Phase, Transfer
from headgate.core.quantities import seconds_of
from headgate.site.actions.post import post
from headgate.site.records.database import Database
from tests.site.histories.generator import Author
from tests.site.histories.pair import Pair, live

START: Final = seconds_of("2026-03-09T00:00:00Z")

NAMED: Final = Chart(
    (Pattern("{name}/{unit}", "{unit}"), Pattern("{name}/{unit}/{more}", "{unit}"))
)
"""Accounts and units of any name, and accounts whose path begins with another account's path."""

HOSTILE: Final = (
    *("=1+1", "+1", "-1", "@SUM(A1)", "'=1", "＝1＋1", " =1+1", "\u200b=1", "%3B", "%", "~", "a~b"),
    *(
        "; note",
        "# note",
        "* cleared",
        "! pending",
        "(code)",
        "(virtual)",
        "[virtual]",
        "<deferred>",
    ),
    *("a  two blanks", " blank ", "a:b:c", ":tag:", "key: value", "date:2026-01-01", "a|b", "a,b"),
    *('"quoted"', "'single'", "`", "\\", "{1}", "$5", "5 EUR", "1e5", "007", "2026-01-01", "= 5"),
    *("include x", "end comment", "comment", "~ monthly", "P 2026-01-01 a 1", "D 1.000,00 a"),
    *("Đại học Bách khoa Hà Nội", "서울대학교 AI 대학원", "🚀", "e\u0301", "\u3000wide", "_x0041_"),
    *("<b>&amp;<i>", "\ufffe\uffff", "x" * 400, "가" * 150, "😀" * 100, ".", "-", "NULL"),
)
"""Each could be a formula, a comment, a directive, an amount, or more than a line can hold."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a ledger was told: every transfer in order, and every account's totals after all."""

    transfers: list[Transfer]
    balances: dict[str, Balance]


def history(database: Database, seeds: Iterable[int]) -> Told:
    """Generated histories, which pure books and the database have both lived, one on the other."""
    told, grown, start = Told([], {}), Frontier(), START
    for seed in seeds:
        pair = Pair(database, grown)
        live(Author(seed, start), pair)
        grown, start = pair.kept, seconds_of(pair.books.at)
        told.transfers.extend(pair.books.history())
        told.balances.update(pair.books.balances.added())
    return told


def moved(transfer: str, debit: str, credit: str, amount: int, at: str, **other: str) -> Transfer:
    """A movement at once between two accounts of the chart of any names."""
    unit, why = debit.split("/")[1], other.get("why", "a reason")
    return Transfer(transfer, debit, credit, amount, unit, Phase.SINGLE, None, at, why)


def hostile_transfers() -> list[Transfer]:
    """Every hostile text as an id, a reason, an account, a nested account and a unit."""
    at, made = "2026-03-09T12:34:56Z", []
    for place, text in enumerate(HOSTILE):
        one, other = f"{text}/{text}", f"{text}/{text}/{text}"
        if len(other.encode()) > NAME_LENGTH_MAX:
            other = f"{text}/{text}/more"
        made.append(moved(text, one, other, place + 1, at, why=text))
        made.append(moved(f"{text} back", other, f"plain/{text}", 3, at, why=f"{text} {text}"))
    longest = "가" * ((NAME_LENGTH_MAX - 2) // 3)
    made.append(moved(longest, f"{longest}/u", "plain/u", 5, at, why=longest))
    made.append(moved("long unit", f"a/{longest}", f"b/{longest}", AMOUNT_MAX, at))
    return made


def extreme_transfers() -> list[Transfer]:
    """The first and last instants there are, and balances at both ends of 64 bits."""
    first, last = "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"
    one, other = "rich/token", "poor/token"
    return [
        moved("first", one, other, 1, first),
        moved("much", one, other, AMOUNT_MAX - 1, last),
        moved("back", other, one, AMOUNT_MAX - 2, last),
        moved("all", other, "third/token", 2, last),
        moved("again", "third/token", "fourth/token", AMOUNT_MAX, last),
    ]


def posted(database: Database, transfers: Sequence[Transfer], chart: Chart = NAMED) -> Told:
    """Post transfers to pure books and to the database; none may be refused."""
    pure = post_all(Books(chart), transfers)
    told = zip(transfers, pure.outcomes, strict=True)
    assert [] == [(t, outcome) for t, outcome in told if outcome is not Outcome.CREATED]
    assert pure.outcomes == post(database, chart, transfers)
    return Told(list(transfers), pure.books.balances.added())
