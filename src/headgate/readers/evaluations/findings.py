"""Everything that a log, or the logs of a round together, can be refused or flagged for."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from headgate.core.faults import Fault


class Code(StrEnum):
    """Every finding, in the order in which they are met; the value is its published code."""

    MANIFEST_WRONG = "manifest-wrong"
    LOG_MISSING = "log-missing"
    LOG_OUTSIDE = "log-outside"
    LOG_UNREADABLE = "log-unreadable"
    LOG_TOO_LARGE = "log-too-large"
    LOG_NOT_UTF8 = "log-not-utf8"
    LOG_NOT_JSON = "log-not-json"
    LOG_TOO_DEEP = "log-too-deep"
    KEY_TWICE = "log-key-twice"
    ZIP_BAD = "log-zip-bad"
    ZIP_NAME = "log-zip-name"
    FORMAT_UNKNOWN = "log-format-unknown"
    VERSION_OTHER = "log-version-other"
    LIBRARY_MISSING = "log-library-missing"
    PARQUET_BAD = "log-parquet-bad"
    TOTALS_ONLY = "log-totals-only"
    SHAPE = "log-shape"
    NOT_FINISHED = "log-not-finished"
    INVALIDATED = "log-invalidated"
    PARTIAL = "log-partial"
    UNSCORED = "log-unscored"
    METRIC_UNCHOSEN = "log-metric-unchosen"
    SCORE_BAD = "log-score-bad"
    CLUSTER_MISSING = "log-cluster-missing"
    ITEM_TWICE = "log-item-twice"
    TOTAL_DIFFERS = "log-total-differs"
    MODEL_OTHER = "log-model-other"
    TASK_NOT_RUN = "task-not-run"
    TASK_TWICE = "task-run-twice"
    TASK_HASH_DIFFERS = "task-hash-differs"
    SETTINGS_DIFFER = "settings-differ"
    TOOL_DIFFERS = "tool-differs"
    PROMPT_DIFFERS = "prompt-differs"
    SCORE_EDITED = "score-edited"
    SETTINGS_UNSTATED = "settings-unstated"
    TASK_UNUSED = "task-unused"


FLAGS: Final = frozenset(
    {
        Code.TOOL_DIFFERS,
        Code.PROMPT_DIFFERS,
        Code.SCORE_EDITED,
        Code.SETTINGS_UNSTATED,
        Code.TASK_UNUSED,
    }
)
"""What is said beside the result and does not refuse it."""

MENDS: Final[Mapping[Code, str]] = {
    Code.MANIFEST_WRONG: "Write evidence.yaml as docs/using/evidence.md has it.",
    Code.LOG_MISSING: "Put the log there, or correct its name in evidence.yaml.",
    Code.LOG_OUTSIDE: "Name logs that lie in the folder of evidence.yaml, without links out of it.",
    Code.LOG_UNREADABLE: "Make the file readable and send it whole.",
    Code.LOG_TOO_LARGE: "Split the log by task, or write its items as a CSV file of the pillar.",
    Code.LOG_NOT_UTF8: "Export the log again as UTF-8.",
    Code.LOG_NOT_JSON: "Send the log as its tool wrote it, whole.",
    Code.LOG_TOO_DEEP: "Send the log as its tool wrote it: none nests so deeply.",
    Code.KEY_TWICE: "Keep the one value that is true, or have the tool write the log again.",
    Code.ZIP_BAD: "Have the tool write the log again and send it whole.",
    Code.ZIP_NAME: "Have the tool write the log again: it writes no such name.",
    Code.FORMAT_UNKNOWN: "Send a log of a tool that is read, or a CSV file of the pillar.",
    Code.VERSION_OTHER: "Run the task again with a version that is read, or write a CSV file.",
    Code.LIBRARY_MISSING: "Install headgate[parquet], or write the items as a CSV file.",
    Code.PARQUET_BAD: "Have the tool write its details again and send them whole.",
    Code.TOTALS_ONLY: "Write the score of each item as a CSV file of the pillar.",
    Code.SHAPE: "Send the log as its tool wrote it, in a version that is read.",
    Code.NOT_FINISHED: "Run the task to its end and send that log.",
    Code.INVALIDATED: "Send a log that its own keeper has not declared invalid.",
    Code.PARTIAL: "Run the task without a limit, on every item.",
    Code.UNSCORED: "Score every item, then send the log.",
    Code.METRIC_UNCHOSEN: "Name one of them in evidence.yaml, under `metric` or `filter`.",
    Code.SCORE_BAD: "Give each item a finite score from 0 to 1.",
    Code.CLUSTER_MISSING: "Name a field under `cluster` that every item has, or leave it out.",
    Code.ITEM_TWICE: "Keep each item once in the task.",
    Code.TOTAL_DIFFERS: "Send results and items of one and the same run.",
    Code.MODEL_OTHER: "Send logs of the team's final model, or name it under `models`.",
    Code.TASK_NOT_RUN: "Send the team's log of the task.",
    Code.TASK_TWICE: "Keep the one run that counts; state private trials elsewhere.",
    Code.TASK_HASH_DIFFERS: "Run every team on one version of the task.",
    Code.SETTINGS_DIFFER: "Run every team with the settings that were fixed before the round.",
    Code.TOOL_DIFFERS: "Say in the report why versions differ, or run with one version.",
    Code.PROMPT_DIFFERS: "Say in the report why prompts differ, such as a model's own template.",
    Code.SCORE_EDITED: "Say in the report who edited the scores, and why.",
    Code.SETTINGS_UNSTATED: "Keep the tool's configuration of the run beside the report.",
    Code.TASK_UNUSED: "Leave the log out, or name its task in evidence.yaml.",
}


def finding(file: str, code: Code, what: str, line: int = 0) -> Fault:
    """One finding at its place."""
    return Fault(file, line, 1 if line else 0, code.value, what, MENDS[code])
