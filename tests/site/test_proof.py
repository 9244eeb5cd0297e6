"""A proof's size and its counts: asked for in one place, written down in one place."""

from pathlib import Path

import pytest

from tests.site.proof import FILE, TIMES, never, record, times


def test_proof_is_of_its_usual_size_unless_the_environment_says_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A change is tried once; a night asks for a hundred times as much."""
    monkeypatch.delenv(TIMES, raising=False)
    assert 1 == times()
    monkeypatch.setenv(TIMES, "100")
    assert 100 == times()


@pytest.mark.parametrize("told", ["", "0", "-1", "1.5", "many"])
def test_size_that_is_no_number_is_refused(monkeypatch: pytest.MonkeyPatch, told: str) -> None:
    """A night that would have proved nothing does not pass."""
    monkeypatch.setenv(TIMES, told)
    with pytest.raises(ValueError, match=TIMES):
        times()


def test_counts_are_appended_to_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What earlier nights met stays on the page, below the newest line stands last."""
    page = tmp_path / "proof.md"
    page.write_text("- a list\n", encoding="utf-8")
    monkeypatch.setenv(FILE, str(page))
    monkeypatch.setenv(TIMES, "3")
    record("histories", {"posts": 1, "voids": 2_000})
    first, row = page.read_text(encoding="utf-8").splitlines()
    assert "- a list" == first
    assert "histories, 3 times: 2,000 voids; 1 posts" == row.partition(", ")[2]


def test_no_page_is_written_where_none_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run on somebody's desk leaves the repository as it was."""
    monkeypatch.delenv(FILE, raising=False)
    monkeypatch.chdir(tmp_path)
    record("histories", {"posts": 1})
    assert [] == list(tmp_path.iterdir())


def test_class_that_was_never_met_is_named() -> None:
    """Nobody may take a history without a single void for a proof about voids."""
    assert ["expiries", "voids"] == never({"posts": 3, "voids": 0}, ["posts", "voids", "expiries"])
