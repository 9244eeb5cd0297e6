"""Running Slurm's programs: one at a time, with a time limit, and no shell between."""

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from headgate.core.enforcement.engine import EngineDown

SECONDS_MOST: Final = 60
LOAD_SECONDS_MOST: Final = 900
"""A load file is one transaction of many minutes at worst; any other call is short."""

Run = Callable[[Sequence[str], str], "Answer"]


class Answer(str):
    """What a program printed; `failed` is its complaint where it did not end well."""

    __slots__ = ("failed",)

    def __new__(cls, text: str, failed: str = "") -> "Answer":
        """The text with the complaint beside it."""
        answer = super().__new__(cls, text)
        answer.failed = failed
        return answer

    failed: str


def runner(reach: Sequence[str], environment: Mapping[str, str]) -> Run:
    """A runner of programs behind a prefix, such as ssh, and with an environment."""

    def run(command: Sequence[str], text: str) -> Answer:
        seconds = LOAD_SECONDS_MOST if "load" in command else SECONDS_MOST
        try:
            done = subprocess.run(
                [*reach, *command],
                input=text,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=seconds,
                check=False,
                env={**os.environ, "LC_ALL": "C", **environment},
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise EngineDown(f"{command[0]}: {error}") from error
        said = " ".join((done.stderr or done.stdout).split())[:300]
        return (
            Answer(done.stdout, said or "no reason given")
            if done.returncode
            else Answer(done.stdout)
        )

    return run
