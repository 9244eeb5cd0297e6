"""The command `headgate` of this checkout, in a process of its own."""

import os
import sys
from pathlib import Path
from typing import Final

SOURCE: Final = Path(__file__).parents[1] / "src"
RUN: Final = "from headgate.cli import main; main()"
HEADGATE: Final = (sys.executable, "-c", RUN)
"""What comes before the words that a person types after `headgate`."""


def environment(**told: str) -> dict[str, str]:
    """This process's environment with these settings of Headgate's and no others."""
    ours = ("HEADGATE_", "DJANGO_")
    plain = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
    return {**plain, "PYTHONPATH": str(SOURCE), **told}


def program(folder: Path) -> Path:
    """The command as a program of a new folder, for whoever finds it by its PATH."""
    path = folder / "headgate"
    folder.mkdir()
    path.write_text(
        f"#!/bin/sh\nPYTHONPATH={SOURCE} exec {sys.executable} -c '{RUN}' \"$@\"\n",
        encoding="utf-8",
    )
    path.chmod(0o755)
    return path
