"""What is promised of metering: every GPU-second is billed once, or refused by name."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.ledger.chart import Chart, Limit, Pattern
from headgate.core.ledger.layers import Layers
from headgate.core.ledger.post import Balance, Books, post_all
from headgate.core.ledger.transfer import Outcome, Phase, Transfer
from headgate.core.metering.judge import Finding, Scope
from headgate.core.metering.meter import Known, Metered, Taken, meter
from headgate.core.metering.usage import Usage
from headgate.core.quantities import instant_of, seconds_of
from headgate.core.supports.kind import JOULE, Accounts

ACCOUNTS = Accounts("compute")
START = "2026-03-09T00:00:00Z"


def at(seconds: int) -> str:
    """The instant some seconds into the term."""
    return instant_of(seconds_of(START) + seconds)


def unit(support_class: str) -> str:
    """The ledger unit of a class."""
    return f"gpu_second.{support_class}"


def scope(now: int) -> Scope:
    """Two awards of h200 and one cluster of 64 GPUs, at some second of the term."""
    awards = {"a": frozenset({"h200"}), "b": frozenset({"h200"})}
    clusters = {"c": {"h200": 64, "b200": 8}}
    return Scope(ACCOUNTS, unit, awards, clusters, START, at(now))


def books(**grants: int) -> Books:
    """Books in which each award has been granted some GPU-seconds of h200."""
    kept = Limit.DEBITS_MUST_NOT_EXCEED_CREDITS
    patterns = (
        Pattern(ACCOUNTS.capacity("{class}"), unit("{class}")),
        Pattern(ACCOUNTS.award("{award}", "{class}"), unit("{class}"), kept),
        Pattern(ACCOUNTS.use("{cluster}", "{class}"), unit("{class}")),
        Pattern(ACCOUNTS.overuse("{award}", "{class}"), unit("{class}")),
        Pattern(ACCOUNTS.energy("{award}", "{class}"), JOULE),
        Pattern(ACCOUNTS.drawn("{cluster}", "{class}"), JOULE),
    )
    granted = [
        Transfer(
            f"grant:{award}",
            ACCOUNTS.capacity("h200"),
            ACCOUNTS.award(award, "h200"),
            amount,
            unit("h200"),
            Phase.SINGLE,
            None,
            START,
            "call",
        )
        for award, amount in grants.items()
    ]
    return post_all(Books(Chart(patterns)), granted).books


def row(start: int, end: int | None, seen: int, **changed: object) -> Usage:
    """One attempt of job j of award a on one GPU."""
    ended = None if end is None else at(end)
    record = Usage("c", "j", 1, "a", "h200", 1, at(start), ended, at(seen))
    return replace(record, **changed)  # type: ignore[arg-type]


class Meter:
    """Imports one after another, each posted at once and checked on the way."""

    def __init__(self, **grants: int) -> None:
        self.books = books(**grants)
        self.known: Known = Layers()
        self.rows = 0
        self.counts: Counter[Taken] = Counter()

    def take(self, now: int, records: Sequence[Usage]) -> Metered:
        """Import records at a second of the term; every transfer made must be created."""
        answer = meter(scope(now), self.books, self.known, records, "import")
        posted = post_all(self.books, answer.transfers)
        assert {Outcome.CREATED} >= set(posted.outcomes)
        self.books, self.known = posted.books, answer.known
        self.rows += len(records)
        self.counts.update(answer.counts)
        assert self.rows == sum(self.counts.values())
        return answer

    def state(self, award: str = "a") -> tuple[int, int, int]:
        """Posted to the award, reserved from it, and booked as overuse."""
        account = self.books.chart.account(ACCOUNTS.award(award, "h200"), unit("h200"))
        over = self.books.chart.account(ACCOUNTS.overuse(award, "h200"), unit("h200"))
        balance, beyond = self.books.balance(account), self.books.balance(over)
        return balance.debits_posted, balance.debits_pending, beyond.debits_posted

    def joules(self) -> int:
        """What the first award has drawn."""
        account = self.books.chart.account(ACCOUNTS.energy("a", "h200"), JOULE)
        balance = self.books.balance(account)
        return balance.debits_posted - balance.credits_posted


def test_ended_attempt_is_one_transfer_under_its_outside_fact() -> None:
    """An auditor finds the job by its own name: allocated GPUs times seconds, once."""
    answer = Meter(a=1000).take(50, [row(0, 30, 50, gpus=8)])
    expected = Transfer(
        "use:c/j/1",
        "compute/award/a/h200",
        "compute/use/c/h200",
        240,
        "gpu_second.h200",
        Phase.SINGLE,
        None,
        at(50),
        "import",
    )
    assert (expected,) == answer.transfers


def test_energy_is_one_transfer_more_and_what_is_told_later_is_the_difference() -> None:
    """An auditor finds what a job drew by its name, once, however often and late it is told."""
    told = Meter(a=1000)
    told.take(10, [row(0, None, 10, joules=3)])
    assert 0 == told.joules()
    first = told.take(50, [row(0, 30, 40)])
    assert (["use:c/j/1"], 0) == ([t.id for t in first.transfers[1:]], told.joules())
    (moved,) = told.take(50, [row(0, 30, 45, joules=9_000)]).transfers
    assert ("energy:c/j/1", "compute/energy/a/h200", "compute/drawn/c/h200", 9_000, "joule") == (
        moved.id,
        moved.debit,
        moved.credit,
        moved.amount,
        moved.unit,
    )
    for seen, joules, expected in ((45, 9_000, 9_000), (48, 7_000, 7_000), (49, None, 7_000)):
        told.take(50, [row(0, 30, seen, joules=joules)])
        assert expected == told.joules()
    (moved,) = told.take(50, [row(0, 30, 50, joules=8_000)]).transfers
    assert f"correct:energy:c/j/1:{at(50)}:8000" == moved.id
    assert (2, 30) == (told.counts[Taken.MEASURED] - 1, told.state()[0])


def test_energy_that_no_chip_could_draw_is_left_out_and_the_use_billed() -> None:
    """A counter that ran over costs nobody anything, is told, and is mended by a later look."""
    told = Meter(a=1000)
    answer = told.take(50, [row(0, 30, 40, joules=10**15)])
    assert [Finding.ENERGY_ABSURD] == [found.finding for found in answer.findings]
    assert ((30, 0, 0), 0) == (told.state(), told.joules())
    told.take(50, [row(0, 30, 50, joules=9_000)])
    assert 9_000 == told.joules()


@given(st.permutations(list(zip(range(40, 46), (5, None, 0, 9, 0, 7), strict=True))))
def test_the_latest_look_at_energy_counts_whenever_it_arrives(
    looks: list[tuple[int, int | None]],
) -> None:
    """However looks at one attempt arrive, the award has drawn what the latest of them told."""
    told = Meter(a=1000)
    for seen, joules in looks:
        told.take(50, [row(0, 30, seen, joules=joules)])
    assert (7, 30) == (told.joules(), told.state()[0])


def test_energy_that_was_taken_back_to_nothing_can_be_told_again() -> None:
    """The first amount keeps its name, and what follows is a correction even of nothing."""
    told = Meter(a=1000)
    moved = [
        [t.id for t in told.take(50, [row(0, 30, seen, joules=joules)]).transfers[-1:]]
        for seen, joules in ((40, 9_000), (41, 0), (42, 500))
    ]
    again = [f"correct:energy:c/j/1:{at(41)}:0", f"correct:energy:c/j/1:{at(42)}:500"]
    assert ([["energy:c/j/1"], *([one] for one in again)], 500) == (moved, told.joules())


def test_running_attempt_reserves_and_its_end_gives_back() -> None:
    """While a job runs its use cannot be spent again; its end leaves one posted amount."""
    told = Meter(a=1000)
    told.take(10, [row(0, None, 10)])
    assert (0, 10, 0) == told.state()
    told.take(40, [row(0, None, 40)])
    assert (0, 40, 0) == told.state()
    told.take(60, [row(0, 55, 60)])
    assert (55, 0, 0) == told.state()


def test_runaway_attempt_is_mended_by_its_true_end() -> None:
    """A run that the cluster had lost sight of costs its holder only what it really lasted."""
    told = Meter(a=1000)
    told.take(500, [row(0, None, 500)])
    told.take(600, [row(0, 20, 600)])
    assert (20, 0, 0) == told.state()


def test_use_beyond_the_balance_is_booked_and_reported() -> None:
    """Nothing used is lost: what the award does not cover is overuse, and somebody is told."""
    told = Meter(a=25)
    answer = told.take(50, [row(0, 30, 50)])
    assert (25, 0, 5) == told.state()
    assert [(Finding.OVERUSE, 5)] == [
        (found.finding, found.gpu_seconds) for found in answer.findings
    ]
    assert ["use:c/j/1", "use:c/j/1:over"] == [move.id for move in answer.transfers]


def test_overuse_of_a_running_attempt_is_settled_at_its_end() -> None:
    """Slices that were beyond the balance are given back too, and the end is split anew."""
    told = Meter(a=25)
    told.take(20, [row(0, None, 20)])
    told.take(40, [row(0, None, 40)])
    assert (0, 25, 0) == told.state()
    told.take(50, [row(0, 22, 50)])
    assert (22, 0, 0) == told.state()


def test_reservation_of_one_job_is_not_there_for_another() -> None:
    """What a long job is using up counts against the award before the job has ended."""
    told = Meter(a=25)
    told.take(20, [row(0, None, 20), row(0, 10, 20, job="k")])
    assert (5, 20, 5) == told.state()
    told.take(21, [row(0, 21, 21)])
    assert (25, 0, 6) == told.state()


REFUSED: dict[Finding, list[Usage]] = {
    Finding.BAD_NAME: [row(0, 9, 9, job="a\nb")],
    Finding.UNKNOWN_CLUSTER: [row(0, 9, 9, cluster="d")],
    Finding.UNKNOWN_AWARD: [row(0, 9, 9, award="z")],
    Finding.UNKNOWN_CLASS: [row(0, 9, 9, support_class="b200")],
    Finding.BAD_ATTEMPT: [row(0, 9, 9, attempt=-1)],
    Finding.NO_GPUS: [row(0, 9, 9, gpus=0)],
    Finding.ABOVE_CLUSTER: [row(0, 9, 9, gpus=65)],
    Finding.BAD_INSTANT: [row(0, 9, 9, started="2026-03-09")],
    Finding.SEEN_IN_FUTURE: [row(0, 9, 101)],
    Finding.STARTED_IN_FUTURE: [row(10, None, 9)],
    Finding.ENDED_IN_FUTURE: [row(0, 10, 9)],
    Finding.ENDED_BEFORE_STARTED: [row(9, 8, 10)],
    Finding.ZERO_DURATION: [row(9, 9, 10)],
    Finding.LONGER_THAN_WINDOW: [row(-1, 100, 100)],
    Finding.CONTRADICTS: [row(0, 9, 9), row(0, 8, 9)],
    Finding.OVERLAPS_ATTEMPT: [row(0, 9, 9), row(8, 10, 10, attempt=2)],
}


BILLED = {Finding.ENERGY_ABSURD, Finding.OVERUSE}
"""What is found in a row that is billed all the same."""


@pytest.mark.parametrize("finding", [item for item in Finding if item not in BILLED])
def test_absurd_row_is_refused_by_name_and_never_billed(finding: Finding) -> None:
    """Every absurdity has a name, is provoked here, and moves nothing in the ledger."""
    told = Meter(a=1000)
    answer = told.take(100, REFUSED[finding])
    assert [finding] == [found.finding for found in answer.findings]
    assert (1, len(REFUSED[finding]) - 1) == (
        answer.counts[Taken.REFUSED],
        answer.counts[Taken.CLOSED],
    )
    assert len(REFUSED[finding]) - 1 == len(answer.transfers)


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        (row(0, 9, 9), row(0, 10, 10)),
        (row(0, 9, 9), row(0, None, 10)),
        (row(0, None, 9), row(0, 8, 8)),
        (row(0, None, 9), row(0, None, 10, gpus=2)),
        (row(0, None, 9), row(1, None, 10)),
        (row(0, 9, 9), row(0, 9, 9, award="b")),
    ],
)
def test_row_with_another_body_is_refused(earlier: Usage, later: Usage) -> None:
    """A second story about an attempt does not change the first; both tellers are named."""
    told = Meter(a=1000, b=1000)
    told.take(50, [earlier])
    before = told.state()
    answer = told.take(60, [later])
    assert [Finding.CONTRADICTS] == [found.finding for found in answer.findings]
    assert before == told.state()


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        (row(0, 9, 9), row(0, 9, 9)),
        (row(0, 9, 9), row(0, 9, 50)),
        (row(0, 9, 50), row(0, None, 20)),
        (row(0, None, 30), row(0, None, 20)),
        (row(0, None, 30), row(0, None, 30)),
    ],
)
def test_old_news_is_counted_and_changes_nothing(earlier: Usage, later: Usage) -> None:
    """Windows may overlap: a row that is known already is existing, not an error."""
    told = Meter(a=1000)
    told.take(50, [earlier])
    answer = told.take(60, [later])
    assert ((), (), 1) == (answer.transfers, answer.findings, answer.counts[Taken.EXISTING])


def test_refused_row_is_taken_once_it_is_mended() -> None:
    """A refusal is not remembered: the next overlapping window heals what was wrong."""
    told = Meter(a=1000)
    told.take(50, [row(0, None, 50)])
    second = row(30, 45, 50, attempt=2)
    assert (second,) == tuple(found.record for found in told.take(60, [second]).findings)
    told.take(70, [row(0, 30, 70), second])
    assert (45, 0, 0) == told.state()


def test_attempt_may_begin_in_the_second_in_which_the_last_one_ended() -> None:
    """A preempted job that is started again at once has two attempts, both billed."""
    first, second = row(0, 30, 50), row(30, 45, 50, attempt=2)
    for order in ([first, second], [second, first]):
        told = Meter(a=1000)
        for record in order:
            told.take(50, [record])
        assert (45, 0, 0) == told.state()


def test_names_with_signs_of_the_ids_stay_apart() -> None:
    """A job that is named like another job's transfer is still another job."""
    told = Meter(a=1000)
    names = ["j", "j/1", "j/1:over", f"j/1:open:{at(9)}", "use:c/j", "j:over", "j/1/1"]
    told.take(9, [row(0, None, 9, job=name) for name in names])
    told.take(20, [row(0, 10, 20, job=name) for name in names])
    assert (10 * len(names), 0, 0) == told.state()


attempts = st.tuples(
    st.sampled_from(["j", "k", "l"]),
    st.sampled_from(["a", "b"]),
    st.integers(1, 8),
    st.integers(1, 40),
    st.integers(1, 40),
)


def life(number: int, attempt: tuple[str, str, int, int, int]) -> list[Usage]:
    """All that a meter can have seen of one attempt: three looks while it ran, and its end."""
    job, award, gpus, start, length = attempt
    base = row(start, start + length, 100, job=f"{job}{number}", award=award, gpus=gpus)
    looks = sorted({start + 1 + length * part // 4 for part in range(3)})
    running = [replace(base, ended=None, seen=at(look)) for look in looks]
    return [record for record in running if record.seen <= (base.ended or "")] + [base]


@given(
    st.lists(attempts, min_size=1, max_size=6),
    st.integers(1, 500),
    st.integers(1, 500),
    st.randoms(use_true_random=False),
)
def test_totals_do_not_depend_on_how_rows_arrive(
    lives: list[tuple[str, str, int, int, int]], grant_a: int, grant_b: int, random: Random
) -> None:
    """Often, in any order, in overlapping windows: each award ends with the same three amounts."""
    rows = [record for number, attempt in enumerate(lives) for record in life(number, attempt)]
    told = Meter(a=grant_a, b=grant_b)
    arrivals = rows + random.choices(rows, k=len(rows))
    random.shuffle(arrivals)
    while arrivals:
        count = random.randint(1, len(arrivals))
        told.take(100, arrivals[:count])
        arrivals = arrivals[count:]
    told.take(100, rows)
    for award, grant in (("a", grant_a), ("b", grant_b)):
        used = sum(gpus * length for _, name, gpus, _, length in lives if name == award)
        assert (min(used, grant), 0, max(0, used - grant)) == told.state(award)


@given(
    st.lists(attempts, max_size=6), st.sampled_from([300, 10**9]), st.randoms(use_true_random=False)
)
def test_an_import_in_parts_leaves_the_balances_of_one_whole_import(
    lives: list[tuple[str, str, int, int, int]], grant: int, random: Random
) -> None:
    """However rows are cut into parts, and in whatever order they come, every account agrees.

    Where a grant falls short this holds for attempts that have ended: of two that run, the one that
    is told first has the rest of the award reserved.
    """
    parts: dict[int, list[Usage]] = {}
    for number, attempt in enumerate(lives):
        runs_on = grant == 10**9 and random.random() < 0.5
        for record in life(number, attempt):
            if not (runs_on and record.ended is not None):
                parts.setdefault(random.randrange(4), []).append(record)
    told, whole = Meter(a=grant, b=grant), Meter(a=grant, b=grant)
    whole.take(100, [record for part in parts.values() for record in part])
    for part in parts.values():
        told.take(100, part)
    assert moved(whole.books) == moved(told.books)


def moved(books: Books) -> dict[str, Balance]:
    """Every account with anything in it."""
    return {path: balance for path, balance in books.balances.items() if balance != Balance()}


@given(st.lists(attempts, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_one_import_does_not_depend_on_the_order_of_its_rows(
    lives: list[tuple[str, str, int, int, int]], random: Random
) -> None:
    """Sorted or not, an import gives the same transfers in the same order, byte for byte."""
    rows = [record for number, attempt in enumerate(lives) for record in life(number, attempt)]
    rows += [replace(record, gpus=record.gpus + 1) for record in rows[:2]]
    first = _import(rows)
    random.shuffle(rows)
    assert first == _import(rows)


def _import(rows: Iterable[Usage]) -> Metered:
    return meter(scope(100), books(a=300, b=300), Layers(), rows, "import")


wild = st.builds(
    row,
    st.integers(-5, 60),
    st.none() | st.integers(-5, 120),
    st.integers(-5, 120),
    attempt=st.integers(-1, 3),
    gpus=st.integers(-1, 70),
    award=st.sampled_from(["a", "b", "z"]),
    job=st.sampled_from(["j", "k", ""]),
    joules=st.none() | st.integers(-1, 9) | st.just(10**17),
)


@given(st.lists(st.lists(wild, max_size=12), max_size=4))
def test_every_row_is_accounted_for(imports: list[list[Usage]]) -> None:
    """Rows in = closed + reserved + existing + refused, and each refused row has its finding."""
    told = Meter(a=400, b=400)
    for rows in imports:
        answer = told.take(100, rows)
        assert len(rows) == sum(answer.counts.values())
        refusals = [item for item in answer.findings if item.finding not in BILLED]
        assert answer.counts[Taken.REFUSED] == len(refusals)
        repeated = meter(scope(100), told.books, told.known, rows, "import")
        assert () == repeated.transfers
