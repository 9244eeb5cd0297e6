"""What an operator is told of a program that fails: which one, and the daemon that it asks."""

import re

import pytest

from headgate.core.enforcement.engine import EngineDown
from headgate.engines.slurm.command import asked, runner


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("sacctmgr", "sacctmgr, which asks slurmdbd and its database: "),
        ("sbatch", "sbatch, which asks slurmctld: "),
        ("sprio", "sprio: "),
    ],
)
def test_whatever_cannot_be_reached_is_told_with_the_program_that_was_meant(
    program: str, said: str
) -> None:
    """The way to the cluster is missing; its path alone would not say what was wanted there."""
    run = runner(("/no/such/way",), {})
    with pytest.raises(EngineDown, match=re.escape(f"{said}[Errno 2]")):
        run((program, "--version"), "")


def test_what_does_not_end_well_is_told_in_its_own_words() -> None:
    """A program that ends by another code than 0 has said why, or that is told of it."""
    run = runner((), {})
    assert "all is well\n" == asked(run, ("sh", "-s"), "echo all is well")
    for script, why in (("echo not now >&2; exit 3", "not now"), ("exit 3", "no reason given")):
        with pytest.raises(EngineDown, match=f"^sh: {why}$"):
            asked(run, ("sh", "-s"), script)
