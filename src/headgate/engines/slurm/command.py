"""Running Slurm's programs: one at a time, with a time limit, and no shell between.

What does not answer is named as its operator knows it: by the daemon that the program asks. A hung
slurmdbd, or a database that hangs behind it, keeps sacctmgr and sacct waiting without an end.
"""

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from headgate.core.enforcement.engine import EngineDown

SECONDS_MOST: Final = 60
SECONDS_MOST_BY_WORD: Final = {"show": 30, "load": 900}
"""What is shown comes at once or not at all; a load file is one transaction of many minutes at
worst. Any other call is short, but that Slurm takes 40 s to give a hung controller up.
"""

ASKED: Final = {
    **dict.fromkeys(("sacctmgr", "sacct", "sreport"), "slurmdbd and its database"),
    **dict.fromkeys(("scontrol", "squeue", "scancel", "sbatch"), "slurmctld"),
}
"""Whom each program asks."""

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


def down(command: Sequence[str], what: str) -> EngineDown:
    """What is raised where a program failed, with whom it asks."""
    program = next((word for word in command if word in ASKED), "")
    if not program:
        return EngineDown(f"{command[0]}: {what}")
    return EngineDown(f"{program}, which asks {ASKED[program]}: {what}")


def asked(run: Run, command: Sequence[str], text: str = "") -> str:
    """What a program says that must end well; raises EngineDown."""
    answer = run(command, text)
    if answer.failed:
        raise down(command, answer.failed)
    return answer


def runner(reach: Sequence[str], environment: Mapping[str, str]) -> Run:
    """A runner of programs behind a prefix, such as ssh, and with an environment."""

    def run(command: Sequence[str], text: str) -> Answer:
        words = SECONDS_MOST_BY_WORD.items()
        seconds = next((most for word, most in words if word in command), SECONDS_MOST)
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
        except subprocess.TimeoutExpired as error:
            raise down(command, f"no answer within {seconds} s") from error
        except OSError as error:
            raise down(command, str(error)) from error
        said = " ".join((done.stderr or done.stdout).split())[:300]
        return (
            Answer(done.stdout, said or "no reason given")
            if done.returncode
            else Answer(done.stdout)
        )

    return run
