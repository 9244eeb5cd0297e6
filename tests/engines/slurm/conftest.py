"""The Slurm that the tests of this folder share, and the words in which they speak to it."""

import os
from collections.abc import Iterator

import pytest

from tests.engines.slurm.lab import Lab, private_slurm


@pytest.fixture(scope="package")
def lab() -> Iterator[Lab]:
    """A private Slurm, started when first asked for."""
    if os.geteuid() != 0:
        pytest.skip("a private Slurm needs root for its namespaces")
    with private_slurm() as running:
        yield running
