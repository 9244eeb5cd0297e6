"""Statements: pages that fit together, periods, and what an award was granted and has used."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from headgate.core.ledger.chart import Chart, Limit, Pattern
from headgate.core.ledger.correct import Correction, correct
from headgate.core.ledger.post import Balance
from headgate.core.ledger.refused import Refused
from headgate.core.ledger.transfer import Phase, Transfer
from headgate.core.supports.kind import Accounts
from headgate.site.actions.post import post
from headgate.site.records.books import stored
from headgate.site.records.database import Database, opened
from headgate.site.records.journal import head
from headgate.site.reports import statement
from headgate.site.reports.statement import Line, StatementRefusal, Summary
from headgate.steps.term import DUE, INCOME
from tests.site.actions.metered import begin
from tests.site.reports.ledgers import Told, history, moved, posted

QUERIES_MOST = 5

KEPT = Accounts("compute")
RIGHT, OVER, FEES = KEPT.award("a", "h200"), KEPT.overuse("a", "h200"), DUE.format(award="a")
BANK, USE = KEPT.capacity("h200"), KEPT.use("north", "h200")
UNIT = "gpu_second"
AWARDS = Chart(
    (
        Pattern(KEPT.capacity("{class}"), UNIT),
        Pattern(KEPT.award("{award}", "{class}"), UNIT, Limit.DEBITS_MUST_NOT_EXCEED_CREDITS),
        Pattern(KEPT.use("{cluster}", "{class}"), UNIT),
        Pattern(KEPT.overuse("{award}", "{class}"), UNIT),
        Pattern(KEPT.lapsed("{class}"), UNIT),
        Pattern(DUE, "krw"),
        Pattern(INCOME, "krw"),
    )
)


def expected_lines(told: Told, path: str) -> list[Line]:
    """An account's lines, oldest first, by adding its transfers up as a stranger would."""
    found, totals, reserved = list[Line](), [0, 0, 0, 0], dict[str, int]()
    for transfer in told.transfers:
        reserved[transfer.id] = transfer.amount
        for side, account in enumerate((transfer.debit, transfer.credit)):
            if account == path:
                posts = transfer.phase in (Phase.SINGLE, Phase.POST)
                freed = reserved[transfer.pending] if transfer.pending else 0
                reserves = transfer.amount if transfer.phase is Phase.PENDING else -freed
                totals[side] += transfer.amount if posts else 0
                totals[2 + side] += reserves
                found.append(line(transfer, side, reserves, Balance(*totals)))
    return found


def line(transfer: Transfer, side: int, reserves: int, after: Balance) -> Line:
    """A line without its numbers, which depend on what else the journal has."""
    posts = transfer.phase in (Phase.SINGLE, Phase.POST)
    paths = (transfer.debit, transfer.credit)
    return Line(
        *(0, 0, transfer.at, transfer.id, paths[side], transfer.unit, ("debit", "credit")[side]),
        *(paths[1 - side], transfer.phase.value, transfer.amount if posts else 0, reserves),
        after=after,
        why=transfer.why,
    )


def unnumbered(found: Line) -> Line:
    """A line as `line` makes one."""
    parts = {name: getattr(found, name) for name in Line.__slots__}
    return Line(**{**parts, "half": 0, "entry": 0})


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    """The queries that are put to a database meanwhile."""
    asked: list[str] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        asked.append(sql)
        return execute(sql, params, many, context)

    with database.connection.execute_wrapper(note):
        yield asked


def test_pages_tell_every_line_once_and_fit_together(address: str) -> None:
    """Newest first, page after page: nothing is lost or doubled, and each page opens where the
    next one closes, down to nothing.
    """
    database = opened(address, "statement")
    told = history(database, range(4))
    for path, balance in told.balances.items():
        found, pages, before = list[Line](), 0, None
        closing = balance
        while pages == 0 or before is not None:
            page = statement.page(database, path, before, limit=3)
            assert (path, balance) == (page.account.path, page.account.balance)
            assert closing == page.closing
            found, pages = [*found, *page.lines], pages + 1
            before, closing = page.before, page.opening
        assert expected_lines(told, path) == [unnumbered(one) for one in reversed(found)]
        assert -(-len(found) // 3) == pages
        assert Balance() == closing
        assert [2 * one.entry + (one.side == "credit") for one in found] == [o.half for o in found]


def test_what_is_owed_since_an_entry_brings_an_earlier_look_up(address: str) -> None:
    """Whoever looked after any entry and asks for what moved since knows what a new look would."""
    database = opened(address, "statement")
    at, owed = "2026-03-09T00:00:00Z", dict[str, int]()
    a, b, income, bank = "due/u/a", "due/u/b", "in/u", "bank/u"
    for number, (debit, credit) in enumerate([(a, income), (b, income), (bank, a), (bank, income)]):
        posted(database, [moved(f"x{number}", debit, credit, number + 1, at)])
        newer = statement.owed_on(database, "due/", number)
        assert set(newer) == {debit, credit} & {a, b}
        owed |= newer
        assert statement.owed_on(database, "due/") == owed
    assert {a: 1 - 3, b: 2} == owed


def test_before_the_first_line_there_is_an_empty_page(sqlite_address: str) -> None:
    """Asking on below the oldest line gives no line and totals of nothing."""
    database = opened(sqlite_address, "statement")
    posted(database, [moved("x", "a/u", "b/u", 5, "2026-03-09T00:00:00Z")])
    page = statement.page(database, "a/u", before=0)
    assert ((), None, Balance(), Balance()) == (page.lines, page.before, page.opening, page.closing)
    assert Balance(debits_posted=5) == page.account.balance


def test_a_page_costs_the_same_on_every_account(address: str) -> None:
    """However many lines there are, also those of others that are newer: few queries, and each goes
    through the index to what it wants.
    """
    database = opened(address, "statement")
    at = "2026-03-09T00:00:00Z"
    for path, size in (("one", 1), ("busy", 3_000), ("later", 3_000)):
        made = [moved(f"{path}:{n}", f"{path}/u", f"{path}'s/u", 1, at) for n in range(size)]
        posted(database, made)
    # The owner's statistics, with which PostgreSQL plans from then on.
    owner = opened(address.replace("_site@", "_owner@"), "owner")
    with owner.connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    marks = {"sqlite": "(account=? and half>? and half<?)", "postgresql": "leg_account_half_"}
    explain = "EXPLAIN QUERY PLAN " if database.vendor == "sqlite" else "EXPLAIN "
    for path, size in (("one", 1), ("busy", 50)):
        with counted(database) as asked:
            assert size == len(statement.page(database, f"{path}/u").lines)
        assert len(asked) <= QUERIES_MOST
        plan = str(database.rows(explain + asked[-1], [f"{path}/u", 0, f"{path}/u", 2**63 - 1, 51]))
        assert marks[database.vendor] in plan.lower()
        assert "leg_pkey" not in plan


def test_every_refusal_is_met(address: str) -> None:
    """What nobody has an account of is named, also where no database could even be asked."""
    database = opened(address, "statement")
    posted(database, [moved("x", "a/u", "b/u", 5, "2026-03-09T00:00:00Z")])
    met = set()
    for path in ("", "a", "nowhere/u", "\x00", "\ud800", "a/u\n", "x" * 5_000, "' OR 1=1 --", "%s"):
        met.add(refusal(lambda path=path: statement.page(database, path)))
        assert [] == statement.accounts(database, [path])
        assert [] == list(statement.lines(database, [path]))
    assert {StatementRefusal.ACCOUNT_UNKNOWN} == met
    for award in ("", "a", "u", "\x00", "\ud800", "a/b", "%"):
        met.add(refusal(lambda award=award: statement.of_award(database, award)))
        met.add(refusal(lambda award=award: statement.summaries(database, award)))
    for before in (-1, 2**63, 2**200):
        met.add(refusal(lambda before=before: statement.page(database, "a/u", before)))
    for limit in (-1, 0, statement.PAGE_LINES_MOST + 1, 2**63):
        met.add(refusal(lambda limit=limit: statement.page(database, "a/u", None, limit)))
    assert set(StatementRefusal) == met


def refusal(ask: Any) -> StatementRefusal:
    """Why there is no statement."""
    with pytest.raises(Refused) as refused:
        ask()
    assert isinstance(refused.value.reason, StatementRefusal)
    return refused.value.reason


def test_a_period_holds_what_happened_in_it(address: str) -> None:
    """From an instant up to before another, account by account, whatever other entries there are;
    the periods of a year add up to the year.
    """
    database = opened(address, "statement")
    told = history(database, range(3))
    paths = sorted(told.balances)[::4]
    instants = sorted({transfer.at for transfer in told.transfers})
    third, later = instants[len(instants) // 3], instants[2 * len(instants) // 3]
    periods = [("", None), ("", third), (third, later), (later, None), (later, third)]
    periods += [
        (third, third),
        ("2026", "2027"),
        ("9999", None),
        ("", "0"),
        (third[:13], later[:13]),
    ]
    for since, until in periods:
        end = until if until is not None else "~"
        expected = [
            one for path in paths for one in expected_lines(told, path) if since <= one.at < end
        ]
        with database.reading():
            found = list(statement.lines(database, paths, since, until))
        assert expected == [unnumbered(one) for one in found], (since, until)


def test_the_last_instant_of_all_is_in_the_statement(sqlite_address: str) -> None:
    """A statement without an end leaves nothing out."""
    database = opened(sqlite_address, "statement")
    posted(database, [moved("x", "a/u", "b/u", 5, "9999-12-31T23:59:59Z")])
    with database.reading():
        assert 1 == len(list(statement.lines(database, ["a/u"])))


def test_every_account_is_told_once(address: str) -> None:
    """An export has the totals of more accounts than are asked for at once."""
    database = opened(address, "statement")
    at = "2026-03-09T00:00:00Z"
    many = [moved(f"{n}", f"{n}가/u", f"{n}É/u", n + 1, at) for n in range(600)]
    told = posted(database, many)
    found = list(statement.all_accounts(database))
    assert len(found) == len({one.path for one in found})
    assert told.balances == {one.path: one.balance for one in found}


def award_transfers() -> list[Transfer]:
    """Two months of an award: what can happen to its accounts, each with other amounts."""

    def at(
        day: str, *parts: Any, phase: Phase = Phase.SINGLE, pending: str | None = None
    ) -> Transfer:
        name, debit, credit, amount = parts
        unit = "krw" if debit.startswith("due") else UNIT
        return Transfer(
            name, debit, credit, amount, unit, phase, pending, f"2026-{day}T00:00:00Z", "x"
        )

    return [
        at("03-01", "grant:a:0", BANK, RIGHT, 1_000),
        at("03-01", "grant:other:0", BANK, KEPT.award("other", "h200"), 77),
        at("03-01", "fee", FEES, INCOME.format(support="compute"), 5_000),
        at("03-02", "one", RIGHT, USE, 100),
        at("03-03", "held", RIGHT, USE, 60, phase=Phase.PENDING),
        at("03-04", "gone", RIGHT, USE, 50, phase=Phase.PENDING),
        at("03-05", "gone:void", RIGHT, USE, 50, phase=Phase.VOID, pending="gone"),
        at("03-31", "two", RIGHT, USE, 200),
        at("04-01", "held:post", RIGHT, USE, 40, phase=Phase.POST, pending="held"),
        at("04-02", "over", OVER, USE, 9),
        at("04-03", "more", BANK, RIGHT, 500),
        at("04-04", "back", RIGHT, BANK, 30),
        at("04-05", "still", RIGHT, USE, 25, phase=Phase.PENDING),
        at("04-06", "CORRECT:not", RIGHT, USE, 1),
    ]


def made(told: list[Summary]) -> dict[str, tuple[int | None, ...]]:
    """What a period made of each account, without the totals."""
    return {
        one.account.path: (
            *(one.granted, one.used, one.returned, one.corrected, one.reserved, one.left),
        )
        for one in told
    }


def test_an_award_is_told_what_it_was_granted_and_what_it_used(address: str) -> None:
    """Month by month and in all; corrections and what went back stand apart from use."""
    database = opened(address, "statement")
    posted(database, award_transfers(), AWARDS)
    correct_some(database)
    lapse = moved("lapse", RIGHT, KEPT.lapsed("h200"), 1_000, "2026-04-30T00:00:00Z")
    post(database, AWARDS, [Transfer(**{**slots(lapse), "unit": UNIT})])
    assert [RIGHT, OVER, FEES] == [one.path for one in statement.of_award(database, "a")]
    march = made(statement.summaries(database, "a", "", "2026-04"))
    assert (1_000, 300, 0, 0, 60, 640) == march[RIGHT]
    assert (0, 0, 0, 0, 0, None) == march[OVER]
    assert (0, 5_000, 0, 0, 0, None) == march[FEES]
    april = made(statement.summaries(database, "a", "2026-04", "2026-05"))
    assert (500, 41, 1_030, 70 - 3, 25, 171) == april[RIGHT]
    assert (0, 9, 0, 4, 0, None) == april[OVER]
    assert (0, 0, 0, 0, 0, None) == april[FEES]
    assert (1_500, 341, 1_030, 67, 25, 171) == made(statement.summaries(database, "a"))[RIGHT]
    for since, until in (("", None), ("", "2026-04"), ("2026-03-03", "2026-04-05"), ("2027", None)):
        for one in statement.summaries(database, "a", since, until):
            grown = one.granted + one.corrected - one.used - one.returned
            assert grown == net(one.closing) - net(one.opening)


def correct_some(database: Database) -> None:
    """Take back some use, some overuse, and a little of what was granted."""
    books = stored(database).books(AWARDS, head(database).latest)
    wrong = [
        Correction("two", 70, "idle node"),
        Correction("over", 4, "x"),
        Correction("more", 3, "x"),
    ]
    transfers = correct(books, wrong, "2026-04-10T00:00:00Z")
    post(database, AWARDS, transfers)


def slots(transfer: Transfer) -> dict[str, Any]:
    """A transfer's fields by name."""
    return {name: getattr(transfer, name) for name in Transfer.__slots__}


def net(balance: Balance) -> int:
    """Credits less debits."""
    return balance.credits_posted - balance.debits_posted


def test_a_programmes_award_is_found_by_its_name(sqlite_address: str) -> None:
    """The accounts that the cycle itself has made: an award has what it was granted, unused."""
    database = opened(sqlite_address, "statement")
    begin(database)
    every = stored(database).books(AWARDS, "").history()
    grants = [transfer for transfer in every if transfer.id.startswith("grant:")]
    assert len(grants) > 5
    for grant in grants:
        _, award, _ = grant.id.split(":")
        told = {one.account.path: one for one in statement.summaries(database, award)}
        right = told[grant.credit]
        assert (grant.amount, grant.amount, 0) == (right.granted, right.left, right.used)
