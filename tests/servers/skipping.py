"""A server for tests, or the reason why those that need it are skipped."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from tests.servers.slurm import Lab, Shape, Unavailable, private_slurm


@contextmanager
def slurm_or_skip(shape: Shape) -> Iterator[Lab]:
    """A private Slurm for the length of the block; where none can be started, a skip that says why.

    What is raised in the block itself is not taken for a reason.
    """
    with ExitStack() as held:
        try:
            lab = held.enter_context(private_slurm(shape))
        except Unavailable as reason:
            pytest.skip(str(reason))
        yield lab
