"""A house for every test of the runner."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running.house import House, house


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """An evaluator's house with three teams' models on loopback."""
    monkeypatch.setenv("TINY_KEY", "a key")
    with house(tmp_path) as made:
        yield made
