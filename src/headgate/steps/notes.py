"""Notes: what in a world stands in for something else, as codes that every page can translate."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class NoteCode(StrEnum):
    """Every note there is; its words in three languages stand with the report's."""

    REHEARSAL = "rehearsal"
    TOTALS_MATCHED = "totals_matched"
    REHEARSAL_ENGINE = "rehearsal_engine"
    USAGE_FILE = "usage_file"
    TRACE_ROWS = "trace_rows"
    TRACE_JOBS = "trace_jobs"
    TRACE_DEALT = "trace_dealt"
    BENCHMARK_ITEMS = "benchmark_items"
    BENCHMARK_PLACES = "benchmark_places"
    EVIDENCE_FILES = "evidence_files"
    EVIDENCE_FLAGGED = "evidence_flagged"


@dataclass(frozen=True, slots=True)
class Note:
    """One note with the numbers and names that it mentions."""

    code: NoteCode
    values: Mapping[str, int | str]


def note(code: NoteCode, **values: int | str) -> Note:
    """A note in short."""
    return Note(code, values)
