"""Every refusal twice: the rules refuse the transfer, and the schema refuses its rows.

The rules are `core/ledger/post.py`, asked by the one action that posts; the schema is asked
directly, with the rows that somebody would write who does not ask the rules. What only the rules
refuse is listed with its reason, and the list is held against what the schema does.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import pytest
from django.db import DatabaseError

from headgate.core.ledger.post import AMOUNT_MAX, Books, post_all
from headgate.core.ledger.transfer import Outcome, Phase, Refusal, Transfer
from headgate.site.actions.post import post
from headgate.site.records.books import stored
from headgate.site.records.database import Database, opened
from headgate.site.records.journal import head
from tests.core.ledger.builders import CHART, NOON, grant, reserve, settle, use
from tests.site.histories.forger import Value, forged, insert

BEFORE: Final = "2026-03-09T11:59:59Z"
HUGE: Final = AMOUNT_MAX - 50

BASE: Final = (
    grant(),
    grant(id="grant-b", credit="award/b"),
    use(1, id="single"),
    reserve(),
    reserve(id="reserve-b", debit="award/b"),
    reserve(id="posted"),
    settle(id="posting", pending="posted"),
    reserve(id="voided"),
    settle(id="voiding", phase=Phase.VOID, pending="voided"),
    reserve(id="expired"),
    settle(id="expiring", phase=Phase.EXPIRE, pending="expired"),
    grant(10, id="lent", debit="loan/b", credit="supply/seoul"),
    grant(HUGE, id="huge", debit="supply/big", credit="use/big"),
    grant(1, id="won", debit="fund/msit", credit="fund/natif", unit="krw"),
)
"""What is in the books before each attempt: every fate of a reservation, every kind of limit."""

FOREIGN: Final = "FOREIGN KEY constraint failed"


@dataclass(frozen=True, slots=True)
class Case:
    """A transfer that breaks one rule alone, and the constraint that refuses its rows.

    SQLite names its checks and nothing else; `sqlite` is what it says of the others. `frees` and
    `changed` are what the forger needs in order to break nothing else.
    """

    refusal: Refusal
    transfer: Transfer
    constraint: str
    sqlite: str = ""
    frees: str | None = None
    changed: Mapping[tuple[str, str], Value] = field(default_factory=dict)


TABLE: Final = (
    Case(Refusal.ID_BAD, use(id=""), "entry_subject"),
    Case(Refusal.ID_BAD, use(id="x" * 1_001), "entry_subject"),
    Case(Refusal.ID_BAD, use(id="a\tb"), "entry_fields"),
    Case(Refusal.ID_BAD, use(id="line\u2028break"), "entry_plain"),
    Case(
        Refusal.EXISTS_WITH_DIFFERENT_BODY,
        use(id="single", amount=2),
        "entry_transfer_once",
        "UNIQUE constraint failed: entry.subject",
    ),
    Case(Refusal.AT_BAD, use(at="noon"), "entry_at"),
    Case(Refusal.AT_BAD, use(at="2026-03-09T12:00:00+00:00"), "entry_at"),
    Case(Refusal.AT_BAD, use(at="２026-03-09T12:00:00Z"), "entry_at"),
    Case(Refusal.WHY_BAD, use(why=""), "entry_why"),
    Case(Refusal.WHY_BAD, use(why="line\nbreak"), "entry_plain"),
    Case(Refusal.WHY_BAD, use(why="\u202eback"), "entry_plain"),
    Case(Refusal.WHY_BAD, use(why="x" * 1_001), "entry_why"),
    Case(Refusal.AMOUNT_NOT_POSITIVE, use(0), "entry_amount"),
    Case(Refusal.AMOUNT_NOT_POSITIVE, use(-1), "leg_least"),
    Case(Refusal.SAME_ACCOUNT, use(credit="award/a"), "entry_accounts"),
    Case(Refusal.UNIT_MISMATCH, use(unit="krw"), "leg_follows", FOREIGN),
    Case(
        Refusal.UNIT_MISMATCH,
        use(credit="fund/msit"),
        "entry_credits",
        FOREIGN,
        changed={("credit", "unit"): "krw"},
    ),
    Case(
        Refusal.UNIT_MISMATCH,
        grant(id="won-in", debit="fund/msit"),
        "entry_debits",
        FOREIGN,
        changed={("debit", "unit"): "krw"},
    ),
    Case(Refusal.PENDING_MUST_BE_ABSENT, use(pending="reserve"), "entry_pending"),
    Case(Refusal.PENDING_MUST_BE_ABSENT, reserve(id="r2", pending="reserve"), "entry_pending"),
    Case(Refusal.PENDING_MUST_BE_NAMED, settle(pending=None), "entry_pending"),
    Case(Refusal.PENDING_NOT_FOUND, settle(pending="lost"), "entry_pending"),
    Case(
        Refusal.PENDING_NOT_FOUND,
        settle(pending="lost"),
        "entry_resolves",
        FOREIGN,
        frees="reserve",
    ),
    Case(Refusal.PENDING_NOT_PENDING, settle(1, pending="single"), "entry_frees_debit", FOREIGN),
    Case(Refusal.PENDING_NOT_PENDING, settle(pending="posting"), "entry_frees_debit", FOREIGN),
    Case(Refusal.PENDING_NOT_PENDING, settle(pending="voiding"), "entry_frees_debit", FOREIGN),
    Case(
        Refusal.PENDING_HAS_DIFFERENT_ACCOUNTS,
        settle(debit="award/b"),
        "entry_frees_debit",
        FOREIGN,
    ),
    Case(
        Refusal.PENDING_HAS_DIFFERENT_ACCOUNTS,
        settle(credit="use/busan"),
        "leg_least",
    ),
    Case(
        Refusal.PENDING_ALREADY_POSTED,
        settle(pending="posted"),
        "entry_resolved_once",
        "UNIQUE constraint failed: entry.pending_seq",
    ),
    Case(
        Refusal.PENDING_ALREADY_VOIDED,
        settle(pending="voided"),
        "entry_resolved_once",
        "UNIQUE constraint failed: entry.pending_seq",
    ),
    Case(
        Refusal.PENDING_ALREADY_EXPIRED,
        settle(pending="expired", phase=Phase.VOID),
        "entry_resolved_once",
        "UNIQUE constraint failed: entry.pending_seq",
    ),
    Case(Refusal.EXCEEDS_PENDING_AMOUNT, settle(11), "entry_effect"),
    Case(Refusal.PENDING_HAS_DIFFERENT_AMOUNT, settle(9, phase=Phase.VOID), "entry_effect"),
    Case(Refusal.PENDING_HAS_DIFFERENT_AMOUNT, settle(11, phase=Phase.EXPIRE), "entry_effect"),
    Case(
        Refusal.OVERFLOWS_ACCOUNT,
        reserve(51, id="r2", debit="supply/big", credit="supply/seoul"),
        "bigint out of range",
        "CHECK constraint failed: leg_most",
    ),
    Case(
        Refusal.OVERFLOWS_ACCOUNT,
        reserve(51, id="r2", debit="supply/seoul", credit="use/big"),
        "bigint out of range",
        "CHECK constraint failed: leg_most",
    ),
    Case(Refusal.EXCEEDS_CREDITS, use(80), "leg_bound"),
    Case(Refusal.EXCEEDS_CREDITS, reserve(80, id="r2"), "leg_bound"),
    Case(Refusal.EXCEEDS_DEBITS, use(11, credit="loan/b"), "leg_bound"),
    Case(Refusal.EXCEEDS_DEBITS, reserve(11, id="r2", credit="loan/b"), "leg_bound"),
    Case(Refusal.TIME_RUNS_BACKWARDS, use(at=BEFORE), "entry_time"),
    Case(Refusal.TIME_RUNS_BACKWARDS, settle(at=BEFORE), "entry_time"),
)

NOT_IN_THE_SCHEMA: Final = {
    Refusal.LINKED_TRANSFER_REFUSED: "a refused group has no rows that could be refused",
    Refusal.DEBIT_ACCOUNT_UNKNOWN: "the chart follows from the policy and is not in the database",
    Refusal.CREDIT_ACCOUNT_UNKNOWN: "the chart follows from the policy and is not in the database",
}
"""What no row can be refused for; who verifies posts the journal again under the chart."""

LET_THROUGH: Final = (
    (Refusal.DEBIT_ACCOUNT_UNKNOWN, use(debit="nowhere")),
    (Refusal.CREDIT_ACCOUNT_UNKNOWN, use(credit="nowhere")),
    # The schema knows how an instant is written; which days there are, the rules know.
    (Refusal.AT_BAD, use(at="2026-13-40T12:00:00Z")),
    # An account's first leg says its unit and its limit; which they should be, the chart knows.
    (Refusal.UNIT_MISMATCH, use(debit="use/new", credit="supply/new", unit="krw")),
    (Refusal.EXCEEDS_CREDITS, use(1, debit="award/new")),
)
"""Rows that break a rule and that the schema takes all the same: what only `verify` reveals."""


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def based(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Database:
    """A database with `BASE` in its books, to which nothing is added."""
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        path = shutil.copy(template, tmp_path_factory.mktemp("based") / "ledger.db")
        return filled(f"sqlite:///{path}", "based-sqlite")
    cluster = request.getfixturevalue("postgres")
    cluster.create("based", request.getfixturevalue("postgres_template"))
    return filled(cluster.url("based", "site"), "based-postgresql")


def filled(address: str, alias: str) -> Database:
    """A database with `BASE` posted to it."""
    database = opened(address, alias)
    assert (Outcome.CREATED,) * len(BASE) == post(database, CHART, BASE)
    return database


def everything(database: Database) -> tuple[list[object], ...]:
    """All rows of the ledger."""
    return tuple(
        list(database.rows(f"SELECT * FROM {table} ORDER BY 1"))
        for table in ("entry", "leg", "kept", "checkpoint")
    )


def complaint(error: DatabaseError) -> str:
    """What a database names as broken: the constraint where it names one, else its message."""
    diagnosis = getattr(error.__cause__, "diag", None)
    name = diagnosis.constraint_name if diagnosis is not None else None
    return name or str(error)


CASES = pytest.mark.parametrize(
    "case", TABLE, ids=[f"{case.refusal.name}-{place}" for place, case in enumerate(TABLE)]
)


@CASES
def test_transfer_is_refused_by_name_and_leaves_no_row(based: Database, case: Case) -> None:
    """Whoever posts to a database learns the broken rule by its name, and nothing was written."""
    before = everything(based)
    assert (case.refusal,) == post(based, CHART, [case.transfer])
    assert before == everything(based)


@CASES
def test_rows_of_a_refused_transfer_are_refused_by_the_schema(based: Database, case: Case) -> None:
    """Whoever writes past the rules meets the same rule as a constraint, and nothing is written."""
    before = everything(based)
    forgery = forged(based, case.transfer, case.frees, case.changed)
    with pytest.raises(DatabaseError) as refused, based.writing():
        insert(based, forgery)
    wanted = case.constraint
    if based.vendor == "sqlite":
        wanted = case.sqlite or f"CHECK constraint failed: {case.constraint}"
    assert wanted in complaint(refused.value)
    assert before == everything(based)


def test_linked_group_is_refused_by_name_and_leaves_no_row(based: Database) -> None:
    """When one of a group is refused, the others of the group leave no trace either."""
    before = everything(based)
    group = [grant(1, id="one"), use(81, id="two"), grant(1, id="three")]
    linked = Refusal.LINKED_TRANSFER_REFUSED
    assert (linked, Refusal.EXCEEDS_CREDITS, linked) == post(based, CHART, group, linked=True)
    assert before == everything(based)


@pytest.mark.parametrize(("refusal", "transfer"), LET_THROUGH)
def test_what_the_schema_takes_and_the_rules_refuse_is_known(
    address: str, refusal: Refusal, transfer: Transfer
) -> None:
    """The published limits of the schema are its limits: this is what only verifying reveals."""
    database = filled(address, "let-through")
    assert (refusal,) == post(database, CHART, [transfer])
    with database.writing():
        insert(database, forged(database, transfer))
    assert len(BASE) + 1 == head(database).size


def test_schema_takes_every_phase_from_the_forger_too(address: str) -> None:
    """The forger's rows are refused for what is wrong with them, not for being the forger's."""
    database = filled(address, "forged")
    rightful = (
        grant(5, id="g2"),
        use(79),
        reserve(1, id="r2", debit="award/b"),
        settle(4),
        settle(1, id="void", phase=Phase.VOID, pending="r2", debit="award/b"),
        settle(id="expire", phase=Phase.EXPIRE, pending="reserve-b", debit="award/b"),
    )
    for transfer in rightful:
        with database.writing():
            insert(database, forged(database, transfer))
    pure = post_all(post_all(Books(CHART), BASE).books, rightful)
    assert (Outcome.CREATED,) * len(rightful) == pure.outcomes
    kept = stored(database).books(CHART, NOON)
    assert dict(pure.books.balances.items()) == dict(kept.balances.items())
    assert (Outcome.EXISTS,) * len(rightful) == post(database, CHART, rightful)


def test_every_refusal_is_provoked_in_both_writings_or_listed() -> None:
    """No rule stands in one writing alone without a reason that is written down."""
    in_the_schema = {case.refusal for case in TABLE}
    assert set(Refusal) == in_the_schema | set(NOT_IN_THE_SCHEMA)
    assert set() == in_the_schema & set(NOT_IN_THE_SCHEMA)
    rows = {refusal for refusal in NOT_IN_THE_SCHEMA if "rows" not in NOT_IN_THE_SCHEMA[refusal]}
    assert rows <= {refusal for refusal, _ in LET_THROUGH}


def test_each_case_breaks_one_rule_alone() -> None:
    """What the rules refuse first is all that is wrong, so the schema is asked about that rule."""
    books = post_all(Books(CHART), BASE).books
    honest = replace(use(), id="honest")
    assert (Outcome.CREATED,) == post_all(books, [honest]).outcomes
    for case in TABLE:
        assert (case.refusal,) == post_all(books, [case.transfer]).outcomes
