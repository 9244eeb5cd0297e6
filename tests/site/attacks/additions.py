"""Dishonest rows, added by whoever may add: each is one lie, told in every way that it can be."""

from typing import Final

from headgate.core.ledger.entry import Entry, Kind
from headgate.core.ledger.transfer import Phase
from headgate.site.records.journal import ENTRY_COLUMNS, LEG_COLUMNS
from tests.site.attacks.forging import (
    SIZE,
    Script,
    Sql,
    forged,
    insertion,
    literal,
    move,
    next_rows,
    received,
    resolve,
)
from tests.site.attacks.honest import honest

MOST: Final = 2**63 - 1

_OPEN: Final = honest().number("open-a")
_OTHER_OPEN: Final = honest().number("open-b")
_GRANT: Final = honest().number("grant-a")
_JOB: Final = honest().number("job-0")

_UNSIGNED: Final = {"size": 50, "last_seq": 49, "root": "0" * 64, "note": "n"}
_FACT: Final = {"kind": "fact", "key": "applications/call-1"}

Lies = dict[str, tuple[Script, ...]]

_NEXT_LINE: Final = next_rows(move())[1][0]["line"]
_OTHER_LINE: Final = next_rows(received())[1][0]["line"]
_HALF: Final = 2 * SIZE


def _says(old: str, new: str) -> Script:
    return forged(move(), entry={"line": _NEXT_LINE.replace(old, new)})


JOURNAL: Final[Lies] = {
    "leave a gap in the numbering": (
        forged(received(), entry={"seq": SIZE + 5, "was_seq": SIZE + 4}),
        forged(received(), entry={"seq": SIZE + 5}),
        forged(received(), entry={"seq": -1, "was_seq": -2}),
        forged(received(), entry={"was_seq": None, "was_latest": None}),
    ),
    "fork the journal: a second entry of one number, or after one": (
        forged(received(), entry={"seq": SIZE - 1, "was_seq": SIZE - 2}),
        forged(received(), entry={"seq": 0, "was_seq": None, "was_latest": None, "latest": ""}),
        forged(received(), entry={"was_seq": SIZE - 2}),
    ),
    "date a transfer before the one before it": (
        forged(move(at="2026-03-08T00:00:00Z")),
        forged(move(at="2026-03-08T00:00:00Z"), entry={"was_latest": "2026-03-07T00:00:00Z"}),
        forged(move(), entry={"latest": "2026-03-08T00:00:00Z"}),
        forged(received(), entry={"latest": "2026-03-08T00:00:00Z"}),
    ),
    "write an instant that is none": (
        forged(move(at="noon")),
        forged(received(at="2026-03-09t12:00:00z")),
        forged(received(at="aaaa-bb-ccTdd:ee:ffZ")),
        forged(received(at="2026-03-09T12:00:00Z ")),
    ),
    "write a day that no calendar has": (forged(received(at="2026-02-30T00:00:00Z")),),
    "let the line say something else than the columns": (
        _says("\t1\t", "\t2\t"),
        _says("award/a", "award/b"),
        _says("forged", "honest"),
        _says("rule-1", "rule-2"),
        _says("single", "pending"),
        _says("headgate-1", "headgate-2"),
        forged(received(), entry={"subject": "applications/call-3", "line": _OTHER_LINE}),
    ),
    "write a line that can be read in two ways": (
        forged(move(), entry={"subject": "a\tb"}),
        forged(move(), entry={"why": "a\tb"}),
        forged(received(fields=("call-2", "f" * 64, "more"))),
        forged(received(fields=("call-2\tmore", "f" * 64))),
        forged(received(), entry={"kind": "gift"}),
        forged(received(), entry={"kind": "Transfer"}),
    ),
    "write a character that breaks or reorders a line": (
        forged(move(id="a\nb")),
        forged(move(why="a\rb")),
        forged(received(subject="a\x01b")),
        forged(received(subject="a\x7f")),
        forged(received(fields=("\u202ecall-2", "f" * 64))),
        forged(received(fields=("Hà Nội\u2028", "f" * 64))),
    ),
    "write a line that is too long to publish": (
        forged(received(fields=("x" * 70_000, "f" * 64))),
        forged(received(fields=("서" * 30_000, "f" * 64))),
    ),
    "write an empty or endless subject or reason": (
        forged(move(id="")),
        forged(move(why="")),
        forged(received(subject="")),
        forged(move(id="x" * 1_001)),
        forged(move(why="x" * 1_001)),
    ),
    "leave out what an entry must say": tuple(
        forged(move(), entry={"line": _NEXT_LINE} | {column: None})
        for column in ENTRY_COLUMNS
        if next_rows(move())[1][0][column] is not None and column != "seq"
    ),
    "give an entry of another kind a transfer's columns": tuple(
        forged(received(), entry={column: value, "line": _OTHER_LINE})
        for row in (next_rows(resolve())[1][0], next_rows(move())[1][0])
        for column, value in row.items()
        if next_rows(received())[1][0][column] is None and value is not None
    ),
    "write a value of another type": (
        forged(move(), entry={"amount": "many", "line": _NEXT_LINE}),
        forged(move(), entry={"amount": Sql("1.5"), "line": _NEXT_LINE}),
        forged(move(), debit={"posted": "many"}),
        forged(move(), debit={"posted": Sql("1.5")}),
        forged(move(), entry={"why": Sql("{blob}"), "line": _NEXT_LINE}),
    ),
    "write bytes that are no text": (
        forged(received(), entry={"line": Sql(f"{literal(_OTHER_LINE)} || {{not_text}}")}),
        forged(received(), entry={"line": Sql(f"{literal(_OTHER_LINE)} || {{nul}}")}),
    ),
}

LEDGER: Final[Lies] = {
    "post an id twice": (
        forged(move(id="grant-a")),
        forged(move(id="open-a", phase=Phase.PENDING)),
    ),
    "move nothing, or less": (
        forged(move(amount=0)),
        forged(move(amount=-1)),
        forged(move(amount=0, phase=Phase.PENDING)),
        forged(move(amount=-5, phase=Phase.PENDING)),
    ),
    "move from an account to itself": (forged(move(credit="award/a")),),
    "invent a phase": (
        forged(move(), entry={"phase": "gift"}),
        forged(move(), entry={"phase": ""}),
        forged(move(), entry={"phase": "Single"}),
    ),
    "exceed a limit": (
        forged(move(amount=100_000)),
        forged(move(amount=100_000, phase=Phase.PENDING)),
        forged(move(debit="award/b", credit="loan/b", amount=500)),
        forged(move(debit="award/new")),
    ),
    "exceed a limit by an overflow": (
        forged(move(amount=MOST)),
        forged(move(debit="supply/a", credit="award/b", amount=MOST)),
        forged(move(debit="supply/x", credit="use/x", amount=MOST), move(amount=2**62)),
        forged(
            move(debit="supply/x", credit="use/x", amount=MOST),
            move(id="more", debit="supply/x", credit="use/y", amount=1),
        ),
        forged(
            move(debit="supply/x", credit="use/x", amount=MOST, phase=Phase.PENDING),
            move(id="more", debit="supply/y", credit="use/x", amount=MOST, phase=Phase.PENDING),
        ),
        forged(
            move(debit="supply/x", credit="use/x", amount=MOST),
            move(id="more", debit="supply/x", credit="use/y", amount=1, phase=Phase.PENDING),
        ),
        forged(move(), debit={"debits_posted": Sql("9223372036854775808")}),
    ),
    "lift an account's limit, or change it, midway": (
        forged(move(amount=100_000), debit={"bound": "none"}),
        forged(move(), debit={"bound": "credits"}),
        forged(move(), debit={"bound": "no limit"}),
        forged(move(debit="supply/new"), debit={"bound": ""}),
        forged(move(debit="supply/new"), debit={"bound": "no limit"}),
    ),
    "change an account's unit midway": (
        forged(move(unit="krw")),
        forged(move(), debit={"unit": "krw"}),
        forged(move(), entry={"unit": "krw"}),
    ),
    "post one leg without the other": (
        forged(move(), without=("credit",)),
        forged(move(), without=("debit",)),
        forged(move(), without=("debit", "credit")),
        forged(move(), without=("entry",)),
        forged(move(), without=("entry", "credit")),
    ),
    "post a third leg": (
        (*forged(move()), insertion("leg", next_rows(move())[0][0])),
        (*forged(move()), insertion("leg", next_rows(move())[0][0] | {"half": _HALF + 2})),
        (*forged(move()), insertion("leg", next_rows(move())[0][0] | {"half": _HALF + 4})),
        (*forged(move()), insertion("leg", next_rows(move())[0][1] | {"was_half": _HALF + 1})),
    ),
    "post legs for an entry that is no transfer": (
        (*forged(move(), without=("entry",)), *forged(received())),
        (insertion("leg", next_rows(move())[0][0] | {"half": 0, "seq": 0}),),
    ),
    "let a leg say something else than its transfer": (
        forged(move(), debit={"posted": 2}),
        forged(move(), credit={"account": "use/busan"}),
        forged(move(), debit={"side": "credit"}),
        forged(move(), debit={"reserves": 1, "debits_pending": 21}),
        forged(move(), entry={"amount": 2}),
        forged(move(), entry={"posted": 2}),
        forged(move(), entry={"reserves": -20}),
        forged(move(), entry={"moved": SIZE - 1}),
        forged(move(), entry={"debit_half": 2 * _GRANT, "credit_half": 2 * _GRANT + 1}),
    ),
    "edit a balance on the way": (
        forged(move(), debit={"debits_posted": 0}),
        forged(move(), debit={"was_credits_posted": 9_000, "credits_posted": 9_000}),
        forged(move(), debit={"was_debits_pending": 0, "debits_pending": 0}),
        forged(move(), credit={"was_credits_posted": -5, "credits_posted": -4}),
    ),
    "fork an account's history": (
        forged(move(), debit={"was_half": 2 * _GRANT + 1}),
        forged(move(), debit={"was_half": 2 * _JOB}),
    ),
    "begin an account twice": (
        forged(move(debit="supply/a", credit="use/x"), debit={"was_half": None}),
        forged(
            move(debit="supply/a", credit="use/x"),
            debit={"was_half": None, "was_debits_posted": 0, "debits_posted": 1},
        ),
    ),
    "let an account's legs follow each other in a circle": (
        forged(move(debit="supply/x"), debit={"was_half": _HALF}),
        forged(move(debit="supply/x"), debit={"was_half": _HALF + 2}),
        forged(
            move(debit="supply/x", credit="use/x"),
            move(id="more", debit="supply/x", credit="use/y"),
            debit={"was_half": _HALF + 2},
        ),
    ),
    "leave out what a leg must say": tuple(
        forged(move(), debit={column: None})
        for column in LEG_COLUMNS
        if column not in ("half", "was_half")
    ),
}

RESERVATIONS: Final[Lies] = {
    "resolve a reservation twice": (
        forged(resolve(), resolve(id="again")),
        forged(move(pending="job-0", phase=Phase.VOID, amount=9)),
    ),
    "resolve another amount than was reserved": (
        forged(resolve(amount=21)),
        forged(resolve(Phase.VOID, amount=19)),
        forged(resolve(Phase.EXPIRE, amount=21)),
        forged(resolve(), entry={"reserved": 40, "reserves": -40}),
        forged(resolve(), debit={"reserves": -1, "debits_pending": 19}),
    ),
    "resolve a reservation between other accounts": (
        forged(resolve(debit="award/b")),
        forged(resolve(credit="use/busan")),
        forged(resolve(debit="use/seoul", credit="award/a")),
    ),
    "resolve a reservation in another unit": (forged(resolve(unit="krw")),),
    "resolve what was not reserved": (
        forged(resolve(pending="grant-a", debit="supply/a", credit="award/a", amount=1_000)),
        forged(resolve(Phase.VOID, pending="job-0/post", amount=5)),
        forged(resolve(pending="run-0/void", debit="award/b", credit="use/busan", amount=4)),
    ),
    "resolve under another reservation's number or name": (
        forged(resolve(), entry={"pending": "open-b"}),
        forged(resolve(), entry={"pending_seq": _OTHER_OPEN}),
        forged(
            resolve(),
            entry={
                "pending_seq": _OTHER_OPEN,
                "pending_debit_half": 2 * _OTHER_OPEN,
                "pending_credit_half": 2 * _OTHER_OPEN + 1,
            },
        ),
        forged(
            resolve(),
            entry={
                "pending": "forged",
                "pending_seq": SIZE,
                "pending_debit_half": 2 * SIZE,
                "pending_credit_half": 2 * SIZE + 1,
            },
        ),
        forged(resolve(), entry={"pending_debit_half": 2 * _OPEN + 1}),
    ),
    "say only half of what is resolved": tuple(
        forged(resolve(), entry={column: None})
        for column in (
            *("pending", "pending_seq", "pending_debit_half", "pending_credit_half"),
            *("pending_posted", "reserved"),
        )
    ),
    "resolve something with a transfer that resolves nothing": tuple(
        forged(move(), entry={column: value})
        for column, value in next_rows(resolve())[1][0].items()
        if column.startswith("pending") or column == "reserved"
    ),
}

VALUES: Final[Lies] = {
    "keep a value twice, or of an entry that is not there": (
        (insertion("kept", {"kind": "term", "key": "", "seq": 40, "data": "{}"}),),
        (insertion("kept", {"kind": "term", "key": "", "seq": SIZE, "data": "{}"}),),
    ),
    "sign a size twice, or of a journal that is not there": (
        (insertion("checkpoint", _UNSIGNED | {"size": 40, "last_seq": 39}),),
        (insertion("checkpoint", _UNSIGNED | {"last_seq": 39}),),
        (insertion("checkpoint", _UNSIGNED | {"size": SIZE + 1, "last_seq": SIZE}),),
        (insertion("checkpoint", _UNSIGNED | {"root": "0"}),),
    ),
    "leave out what a value or a checkpoint must say": (
        *(
            (insertion("kept", {"kind": "term", "key": "", "seq": 50, "data": "{}"} | lie),)
            for lie in ({"kind": None}, {"key": None}, {"seq": None}, {"data": None})
        ),
        *(
            (insertion("checkpoint", _UNSIGNED | lie),)
            for lie in ({"last_seq": None}, {"root": None}, {"note": None})
        ),
    ),
    "add a checkpoint that was never signed": ((insertion("checkpoint", _UNSIGNED),),),
    "supersede a received fact by another": (
        (insertion("kept", _FACT | {"seq": 1, "data": "{}\n"}),),
    ),
    "supersede what an award holds": (
        (
            *forged(received(subject="note/1")),
            insertion("kept", {"kind": "holdings", "key": "", "seq": SIZE, "data": "{}\n"}),
        ),
        (insertion("kept", {"kind": "holdings", "key": "", "seq": 5, "data": "{}\n"}),),
    ),
    "enter a decision that nobody made": (
        forged(Entry(Kind.DECISION_MADE, received().at, "award/c", ("award", *["0" * 64] * 4))),
    ),
    "use an account that the chart does not have": (
        forged(move(debit="pocket/mine", credit="use/seoul")),
    ),
    "open an account without the limit that the chart gives it": (
        forged(move(debit="award/new", amount=500), debit={"bound": "none"}),
    ),
}
