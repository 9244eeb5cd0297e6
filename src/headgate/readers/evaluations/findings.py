"""Everything that a log, or the logs of a round together, can be refused or flagged for."""

from typing import Final

from headgate.core.faults import Mended


class Code(Mended):
    """Every finding, in the order in which they are met; the value is its published code."""

    MANIFEST_WRONG = "manifest-wrong", "Write evidence.yaml as docs/using/evidence.md has it."
    LOG_MISSING = "log-missing", "Put the log there, or correct its name in evidence.yaml."
    LOG_OUTSIDE = (
        "log-outside",
        "Name logs that lie in the folder of evidence.yaml, without links out of it.",
    )
    LOG_UNREADABLE = "log-unreadable", "Make the file readable and send it whole."
    LOG_TOO_LARGE = (
        "log-too-large",
        "Split the log by task, or write its items as a CSV file of the pillar.",
    )
    LOG_NOT_UTF8 = "log-not-utf8", "Export the log again as UTF-8."
    LOG_NOT_JSON = "log-not-json", "Send the log as its tool wrote it, whole."
    LOG_TOO_DEEP = "log-too-deep", "Send the log as its tool wrote it: none nests so deeply."
    KEY_TWICE = (
        "log-key-twice",
        "Keep the one value that is true, or have the tool write the log again.",
    )
    ZIP_BAD = "log-zip-bad", "Have the tool write the log again and send it whole."
    ZIP_NAME = "log-zip-name", "Have the tool write the log again: it writes no such name."
    FORMAT_UNKNOWN = (
        "log-format-unknown",
        "Send a log of a tool that is read, or a CSV file of the pillar.",
    )
    VERSION_OTHER = (
        "log-version-other",
        "Run the task again with a version that is read, or write a CSV file.",
    )
    LIBRARY_MISSING = (
        "log-library-missing",
        "Install headgate[parquet], or write the items as a CSV file.",
    )
    PARQUET_BAD = "log-parquet-bad", "Have the tool write its details again and send them whole."
    TOTALS_ONLY = "log-totals-only", "Write the score of each item as a CSV file of the pillar."
    SHAPE = "log-shape", "Send the log as its tool wrote it, in a version that is read."
    NOT_FINISHED = "log-not-finished", "Run the task to its end and send that log."
    INVALIDATED = "log-invalidated", "Send a log that its own keeper has not declared invalid."
    PARTIAL = "log-partial", "Run the task without a limit, on every item."
    UNSCORED = "log-unscored", "Score every item, then send the log."
    METRIC_UNCHOSEN = (
        "log-metric-unchosen",
        "Name one of them in evidence.yaml, under `metric` or `filter`.",
    )
    SCORE_BAD = "log-score-bad", "Give each item a finite score from 0 to 1."
    CLUSTER_MISSING = (
        "log-cluster-missing",
        "Name a field under `cluster` that every item has, or leave it out.",
    )
    ITEM_TWICE = "log-item-twice", "Keep each item once in the task."
    TOTAL_DIFFERS = "log-total-differs", "Send results and items of one and the same run."
    MODEL_OTHER = (
        "log-model-other",
        "Send logs of the team's final model, or name it under `models`.",
    )
    TASK_NOT_RUN = (
        "task-not-run",
        "Send the team's log of the task, or give the task's name in the logs under `log_task`.",
    )
    TASK_TWICE = "task-run-twice", "Keep the one run that counts; state private trials elsewhere."
    TASK_HASH_DIFFERS = "task-hash-differs", "Run every team on one version of the task."
    SETTINGS_DIFFER = (
        "settings-differ",
        "Run every team with the settings that were fixed before the round.",
    )
    TOOL_DIFFERS = "tool-differs", "Say in the report why versions differ, or run with one version."
    PROMPT_DIFFERS = (
        "prompt-differs",
        "Say in the report why prompts differ, such as a model's own template.",
    )
    SCORE_EDITED = "score-edited", "Say in the report who edited the scores, and why."
    SETTINGS_UNSTATED = (
        "settings-unstated",
        "Keep the tool's configuration of the run beside the report.",
    )
    TASK_UNUSED = "task-unused", "Leave the log out, or name its task in evidence.yaml."
    SENT_HOME = "sent-home-before", "Take its rows out, or say by which decision it came back."


FLAGS: Final = frozenset(
    {
        Code.TOOL_DIFFERS,
        Code.PROMPT_DIFFERS,
        Code.SCORE_EDITED,
        Code.SETTINGS_UNSTATED,
        Code.TASK_UNUSED,
        Code.SENT_HOME,
    }
)
"""What is said beside the result and does not refuse it."""
