"""What a stranger sends costs little memory, and never more than it says."""

import json
import tracemalloc
from pathlib import Path

import pytest

from headgate.readers.evaluations.findings import Code
from headgate.readers.evaluations.reading import (
    ENTRY_BYTES_MOST,
    LINE_BYTES_MOST,
    Archive,
    Found,
    whole,
)
from tests.readers.evaluations import made

TEAM = "teams: {a: {models: model-a, logs: a}}\n"


@pytest.mark.parametrize("zstd", [False, True])
def test_a_zip_bomb_is_refused_before_it_has_burst(zstd: bool, tmp_path: Path) -> None:
    """An entry that unpacks beyond the limit is given up there, whatever its directory says."""
    bomb = b'"' + b"0" * (4 * ENTRY_BYTES_MOST) + b'"'
    (tmp_path / "a").mkdir()
    log = tmp_path / "a" / "x.eval"
    log.write_bytes(made.zipped({"header.json": bomb}, zstd=zstd))
    size = log.stat().st_size
    del bomb
    tracemalloc.start()
    found = made.codes(tmp_path, TEAM)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert Code.LOG_TOO_LARGE.value in found
    assert size < ENTRY_BYTES_MOST / 8
    assert peak < 3 * ENTRY_BYTES_MOST


def test_an_endless_line_is_refused_by_its_first_part(tmp_path: Path) -> None:
    """A line of samples is never read beyond its limit."""
    made.lm_eval(tmp_path / "a", made.lm_eval_samples())
    lines = tmp_path / "a" / "samples_quiz_2026.jsonl"
    lines.write_bytes(lines.read_bytes() + b'{"a": "' + b"0" * (LINE_BYTES_MOST + 9))
    assert Code.LOG_TOO_LARGE.value in made.codes(tmp_path, TEAM)


def test_a_check_sum_that_is_wrong_is_refused(tmp_path: Path) -> None:
    """An entry that was changed on its way is no evidence."""
    entries = made.inspect_eval(made.inspect_header(), made.inspect_samples())
    data = bytearray(made.zipped(entries, zstd=True))
    at = data.index(b"PK\1\2")
    data[at + 16] ^= 1
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.eval").write_bytes(bytes(data))
    assert Code.ZIP_BAD.value in made.codes(tmp_path, TEAM)


@pytest.mark.parametrize("name", ["/x", "../x", "a/../../x", "a\\x", "C:x"])
def test_a_name_that_leaves_the_zip_is_refused(name: str, tmp_path: Path) -> None:
    """Nothing is unpacked to disk, and a zip that would like to be is refused all the same."""
    path = tmp_path / "x.eval"
    path.write_bytes(made.zipped({name: b"{}"}))
    with path.open("rb") as stream, pytest.raises(Found) as found:
        Archive(stream, "x.eval")
    assert found.value.code is Code.ZIP_NAME


def test_deep_samples_are_refused_and_not_followed(tmp_path: Path) -> None:
    """A value nested without end inside of one sample ends in a finding."""
    made.lm_eval(tmp_path / "a", made.lm_eval_samples())
    deep = json.dumps(made.lm_eval_samples()[0]).replace('"secret 0"', "[" * 99_999 + "]" * 99_999)
    (tmp_path / "a" / "samples_quiz_2026.jsonl").write_text(deep + "\n", encoding="utf-8")
    assert Code.LOG_TOO_DEEP.value in made.codes(tmp_path, TEAM)


def test_a_file_that_cannot_be_read_is_a_finding(tmp_path: Path) -> None:
    """A file that is gone when it is opened ends in no traceback."""
    with pytest.raises(Found) as found:
        whole(tmp_path / "gone", "gone")
    assert found.value.code is Code.LOG_UNREADABLE


def test_any_byte_of_a_log_changed_is_read_or_refused(tmp_path: Path) -> None:
    """Whatever one byte is turned into, the log is read or refused by name."""
    entries = made.inspect_eval(made.inspect_header(), made.inspect_samples())
    good = made.zipped(entries, zstd=True)
    (tmp_path / "a").mkdir()
    log = tmp_path / "a" / "x.eval"
    for at in range(0, len(good), 7):
        data = bytearray(good)
        data[at] ^= 0xFF
        log.write_bytes(bytes(data))
        assert set(made.codes(tmp_path, TEAM)) <= {code.value for code in Code}
