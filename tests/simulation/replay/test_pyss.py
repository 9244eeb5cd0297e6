"""Plain EASY against a simulator that others wrote, by the starts that it gave once."""

import hashlib
from pathlib import Path

from headgate.simulation.replay import fast
from tests.simulation.replay.worlds import plain_pool


def test_plain_easy_starts_every_job_when_pyss_does() -> None:
    """10,000 of 10,000 starts are those of pyss; how they were made stands beside them."""
    folder = Path(__file__).parent / "pyss"
    text = (folder / "starts.txt").read_text(encoding="utf-8")
    digest = hashlib.sha256(text.encode()).hexdigest()
    assert digest in (folder / "README.md").read_text(encoding="utf-8")
    result = fast.replay(plain_pool(10_000, 256, "easy", guessed=False))
    assert result.ahead.sum() > 1000
    assert list(map(int, text.split())) == result.started.tolist()
