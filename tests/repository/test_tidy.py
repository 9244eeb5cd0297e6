"""The repository keeps its own house rules (STYLE.md names the rule behind each)."""

import subprocess
from pathlib import Path

import pytest

from tests.repository import tidy

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def tree() -> dict[str, str]:
    """Every text file of the repository."""
    return tidy.read_tree(ROOT)


@pytest.mark.parametrize("name", tidy.RULES)
def test_repository_keeps_rule(name: str, tree: dict[str, str]) -> None:
    """A reader may count on this rule anywhere in the repository."""
    found = tidy.RULES[name](tree)
    assert [] == found, "\n".join(found)


def test_bare_make_prints_every_target_with_its_help() -> None:
    """Who types `make` and nothing else learns everything it can do."""
    printed = subprocess.run(
        ["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    expected = tidy.makefile_targets((ROOT / "Makefile").read_text(encoding="utf-8"))
    lines = [line.split(maxsplit=2) for line in printed.splitlines() if line.startswith("  make ")]
    assert expected == {target: told for _, target, told in lines}


def test_style_guide_names_every_rule(tree: dict[str, str]) -> None:
    """Each check that can refuse a change is explained, with its reason, in STYLE.md."""
    assert [] == [name for name in tidy.RULES if f"`{name}`" not in tree["STYLE.md"]]
