"""What is promised of an import of use: every row once, wherever it is stopped, or every fault."""

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headgate.core.faults import Faulty
from headgate.core.quantities import instant
from headgate.readers.usage_csv import read_usage
from headgate.site.actions.usage import import_usage
from headgate.site.records.database import Database, opened
from headgate.site.records.kept import kept_term
from headgate.site.reports.statement import summaries
from headgate.site.verifying import verify_database
from headgate.steps.meter import meter as meter_step
from tests.site.actions.metered import DAY, balances, root_of, rows, usage_file


def silent(_: str) -> None:
    """Nobody looks."""


def in_memory(database: Database, path: Path) -> dict[str, tuple[int, ...]]:
    """The totals that the pure meter comes to when it takes the whole file at once."""
    term = kept_term(database)
    assert term is not None
    metered = meter_step(term, read_usage(path.read_bytes(), path.name), DAY, "whole")
    told = metered.books.balances.items()
    return {
        account: (b.debits_posted, b.credits_posted, b.debits_pending, b.credits_pending)
        for account, b in told
    }


def test_parts_come_to_what_the_whole_file_comes_to(
    begun_on_each: Database, tmp_path: Path
) -> None:
    """Cut into parts or taken at once by the pure rules, a file moves the same."""
    path = usage_file(tmp_path, rows(230))
    expected = in_memory(begun_on_each, path)
    imported = import_usage(begun_on_each, path, DAY, silent, rows_most=50)
    assert expected == balances(begun_on_each)
    assert (230, 230) == (imported.rows, imported.taken)
    assert {"closed": 197, "reserved": 33, "existing": 0, "refused": 0} == imported.counts


def test_the_same_file_again_is_nothing_to_do(begun: Database, tmp_path: Path) -> None:
    """Whoever does not know whether an import ended runs it again, and no entry is added."""
    path = usage_file(tmp_path, rows(60))
    import_usage(begun, path, DAY, silent, rows_most=50)
    before = root_of(begun)
    again = import_usage(begun, path, DAY, silent, rows_most=50)
    assert (60, 0) == (again.rows, again.taken)
    assert before == root_of(begun)


def test_the_same_rows_in_another_file_move_nothing(begun: Database, tmp_path: Path) -> None:
    """Rows that came before are known by their outside ids, whatever file they come in again."""
    import_usage(begun, usage_file(tmp_path, rows(60)), DAY, silent)
    before = balances(begun)
    other = usage_file(tmp_path, rows(50, first=5), "overlap.csv")
    imported = import_usage(begun, other, DAY, silent, rows_most=7)
    assert {"closed": 0, "reserved": 0, "existing": 50, "refused": 0} == imported.counts
    assert before == balances(begun)


def test_what_was_told_after_an_instant_is_read_alone(
    begun_on_each: Database, tmp_path: Path
) -> None:
    """A plan reads the jobs of its term and not those of all years, each as it was told last."""
    first, later = rows(9), [row.replace(",,2026-03-30", ",,2026-03-31") for row in rows(9)]
    import_usage(begun_on_each, usage_file(tmp_path, first), DAY, silent)
    following = DAY + timedelta(days=1)
    import_usage(begun_on_each, usage_file(tmp_path, later, "later.csv"), following, silent)
    term = kept_term(begun_on_each)
    assert term is not None
    told = [[held.record for held in of_job] for of_job in term.known.after(instant(DAY))]
    assert [("job-3", "2026-03-31T00:00:00Z")] == [(r.job, r.seen) for (r,) in told]
    assert 9 == sum(1 for _ in term.known.after(instant(DAY - timedelta(days=1))))
    assert [] == list(term.known.after(instant(following)))


def test_energy_is_in_the_statement_and_the_database_verifies(
    begun: Database, tmp_path: Path
) -> None:
    """What an award's jobs drew is an account of it; a later file with other joules corrects it."""
    plain = [row for row in rows(8) if ",,2026" not in row]
    jobs = sum("open-0001" in row for row in plain)
    for joules, hour in ((9_000, "01"), (8_000, "02")):
        lines = [row.replace("-30T00", f"-30T{hour}")[:-1] + f",{joules}\n" for row in plain]
        path = usage_file(tmp_path, lines, f"{hour}.csv")
        path.write_text(path.read_text().replace("seen\n", "seen,joules\n"))
        import_usage(begun, path, DAY, silent)
        told = {one.account.path: one for one in summaries(begun, "open-0001")}
        drawn = told["compute/energy/open-0001/h200"]
        expected = (jobs * 9_000, jobs * (9_000 - joules), None)
        assert expected == (drawn.used, drawn.corrected, drawn.left)
    assert () == verify_database(begun).faults


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stops=st.lists(st.integers(1, 60), max_size=4))
def test_parts_of_any_size_and_order_of_stops_end_alike(
    begun_template: Path, tmp_path_factory: pytest.TempPathFactory, stops: list[int]
) -> None:
    """An import that was stopped goes on after its last part, whatever the size of parts then."""
    folder = tmp_path_factory.mktemp("stops")
    (folder / "begun.db").write_bytes(begun_template.read_bytes())
    database = opened(f"sqlite:///{folder}/begun.db")
    path = usage_file(folder, rows(120))
    expected = in_memory(database, path)
    left = 120
    for stop in stops:
        left = stopped(database, path, rows_most=stop, left=left)
    last = import_usage(database, path, DAY, silent, rows_most=33)
    assert left == last.taken
    assert expected == balances(database)


class Stop(Exception):
    """Somebody pressed a key."""


def stopped(database: Database, path: Path, rows_most: int, left: int) -> int:
    """Import one part and stop; how many rows are left."""

    def stop(told: str) -> None:
        if "left" in told:
            raise Stop

    if left:
        with pytest.raises(Stop):
            import_usage(database, path, DAY, stop, rows_most=rows_most)
    return max(0, left - rows_most)


@pytest.mark.parametrize("point", ["JUDGED:3", "LEGS_WRITTEN:3", "STATE_WRITTEN:2", "COMMITTED:2"])
def test_killed_and_run_again_is_as_if_never_killed(
    point: str, begun_address: str, begun_template: Path, tmp_path: Path
) -> None:
    """A machine that stops costs a part at most; the journal ends the same, byte for byte."""
    path = usage_file(tmp_path, rows(90))
    other = tmp_path / "other.db"
    other.write_bytes(begun_template.read_bytes())
    honest = opened(f"sqlite:///{other}", "honest")
    import_usage(honest, path, DAY, silent, rows_most=20)
    script = (
        "import sys; from datetime import date; from pathlib import Path\n"
        "from headgate.site.records.database import opened\n"
        "from headgate.site.actions.usage import import_usage\n"
        "import_usage(opened(sys.argv[1]), Path(sys.argv[2]), date(2026, 3, 31), print, 20)\n"
    )
    words = [sys.executable, "-c", script, begun_address, str(path)]
    killed = subprocess.run(
        words, env={**os.environ, "HEADGATE_CRASH": point}, capture_output=True, check=False
    )
    assert -signal.SIGKILL == killed.returncode, killed.stderr
    subprocess.run(words, check=True, capture_output=True)
    assert root_of(honest) == root_of(opened(begun_address))


def test_no_row_goes_in_before_every_row_was_read(begun: Database, tmp_path: Path) -> None:
    """A bad row at the end of a file is told, with the others, before anything is written."""
    good = rows(40)
    path = usage_file(tmp_path, [*good, good[3], good[39].replace(",open-0001,", ",,")])
    with pytest.raises(Faulty) as expected:
        read_usage(path.read_bytes(), path.name)
    before = root_of(begun)
    with pytest.raises(Faulty) as caught:
        import_usage(begun, path, DAY, silent, rows_most=10)
    assert expected.value.faults == caught.value.faults
    assert [(42, "usage-repeated"), (42, "usage-unsorted"), (43, "usage-name-bad")] == [
        (fault.line, fault.code) for fault in caught.value.faults
    ]
    assert before == root_of(begun)


def test_rows_seen_later_than_the_day_wait_for_a_later_day(begun: Database, tmp_path: Path) -> None:
    """A day that was mistyped refuses the file and names the day that would do."""
    with pytest.raises(Faulty, match=r"usage-seen-later[^-]*\n.*--on 2026-03-31"):
        import_usage(begun, usage_file(tmp_path, rows(3)), date(2026, 3, 29), silent)
    assert "usage" not in {row[0] for row in begun.rows("SELECT kind FROM entry")}


def test_a_file_without_rows_is_nothing_to_do(begun: Database, tmp_path: Path) -> None:
    """A cluster that ran nothing sends a header and no rows."""
    imported = import_usage(begun, usage_file(tmp_path, []), DAY, silent)
    assert (0, 0) == (imported.rows, imported.taken)


def test_refused_rows_are_counted_by_what_was_found(begun: Database, tmp_path: Path) -> None:
    """A row that cannot be true is not billed, and whoever imports it is told so."""
    unknown = rows(1, first=90)[0].replace(",alliance-0002,", ",nobody,")
    imported = import_usage(begun, usage_file(tmp_path, [*rows(10), unknown]), DAY, silent)
    assert 1 == imported.counts["refused"]
    assert {"unknown_award": 1} == imported.findings


def test_progress_says_how_far_how_fast_and_how_long(begun: Database, tmp_path: Path) -> None:
    """Whoever waits for a million rows sees them go by."""
    told: list[str] = []
    import_usage(begun, usage_file(tmp_path, rows(30)), DAY, told.append, rows_most=20)
    assert ["20 of 30 rows", "30 of 30 rows"] == [text.split(",")[0] for text in told]
    assert all("rows/s" in text and text.endswith(" left") for text in told)


def test_a_part_asks_the_database_as_often_however_many_rows_it_has(
    begun_on_each: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a part will look into is asked for at once: a distant database is not asked by row."""
    asked = Counter[str]()
    for name in ("rows", "answers"):
        monkeypatch.setattr(Database, name, counted(asked, getattr(Database, name)))
    counts = []
    for first, count in ((0, 20), (100, 200), (300, 200), (500, 20)):
        asked.clear()
        path = usage_file(tmp_path, rows(count, first=first), f"{first}.csv")
        import_usage(begun_on_each, path, DAY, silent)
        counts.append(asked.total())
    assert max(counts) - min(counts) <= 2
    assert max(counts) < 40


def counted(asked: Counter[str], method: Callable[..., Any]) -> Callable[..., Any]:
    """A method that counts how often it is called."""

    def counting(*words: Any) -> Any:
        asked[method.__name__] += 1
        return method(*words)

    return counting
