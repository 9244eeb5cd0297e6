"""What is promised of corrections: all or none, once, and named after what they mend."""

from pathlib import Path

import pytest

from headgate.core.faults import Faulty
from headgate.core.ledger.correct import Correction
from headgate.site.actions.correct import correct
from headgate.site.actions.usage import import_usage
from headgate.site.records.database import Database
from headgate.steps.term import LedgerRefused
from tests.site.actions.metered import DAY, balances, root_of, rows, usage_file

JOB = "use:north/job-0/0"


@pytest.fixture
def used(begun: Database, tmp_path: Path) -> Database:
    """A ledger in which one file of use was imported."""
    import_usage(begun, usage_file(tmp_path, rows(10)), DAY, lambda _: None)
    return begun


def test_a_correction_moves_back_and_says_of_what(used: Database) -> None:
    """The award has its GPU-seconds again, and the journal says why."""
    before = balances(used)["compute/award/alliance-0002/b200"]
    (moved,) = correct(used, "node-7", [Correction(JOB, 10, "node 7 had failed")], DAY)
    after = balances(used)["compute/award/alliance-0002/b200"]
    assert f"correct:{JOB}:1" == moved.id
    assert f"corrects {JOB}: node 7 had failed" == moved.why
    assert (before[0], before[1] + 10) == after[:2]


def test_a_name_is_taken_once(used: Database) -> None:
    """The same correction sent twice is in already; another under its name is refused."""
    correct(used, "node-7", [Correction(JOB, 10, "node 7 had failed")], DAY)
    before = root_of(used)
    assert () == correct(used, "node-7", [Correction(JOB, 10, "node 7 had failed")], DAY)
    with pytest.raises(Faulty, match="event-name-taken"):
        correct(used, "node-7", [Correction(JOB, 11, "node 7 had failed")], DAY)
    assert before == root_of(used)


def test_one_bad_correction_of_many_stops_them_all(used: Database) -> None:
    """Every fault is told by its line, and nothing is received."""
    before = root_of(used)
    corrections = [
        Correction(JOB, 10, "node 7 had failed"),
        Correction("use:north/nobody/0", 10, "node 7 had failed"),
        Correction(JOB, 1_000_000, "node 7 had failed"),
    ]
    with pytest.raises(Faulty) as caught:
        correct(used, "node-7", corrections, DAY)
    assert [(2, "correction-transfer-unknown"), (3, "correction-exceeds-transfer")] == [
        (fault.line, fault.code) for fault in caught.value.faults
    ]
    assert before == root_of(used)


def test_what_was_used_cannot_be_taken_back_from_an_award(used: Database) -> None:
    """A correction is held to the accounts' limits like every transfer, and all or none."""
    sql = "SELECT subject, amount FROM entry WHERE credit = %s AND phase = 'single' ORDER BY seq"
    name, amount = used.rows(sql, ["compute/award/alliance-0002/b200"])[0]
    before = root_of(used)
    with pytest.raises(LedgerRefused, match="exceed"):
        correct(used, "grant", [Correction(name, amount, "granted by mistake")], DAY)
    assert before == root_of(used)
