"""What the pages say of the command line and what it takes are the same."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from headgate.cli import app

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
TEXTS = {page: page.read_text(encoding="utf-8").replace("\\\n", " ") for page in PAGES}
TYPED = re.compile(r"""(?<![\w./-])headgate((?: +[^\s`|)"']+)+)""")


def commands(group: TyperGroup, path: tuple[str, ...] = ()) -> Iterator[tuple[str, TyperCommand]]:
    """Every command by its words; the policy of `simulate` goes without a word."""
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from commands(command, (*path, name))
        elif isinstance(command, TyperCommand):
            yield " ".join((*path, name)).removesuffix(" policy"), command


def options(command: TyperCommand) -> set[str]:
    """The long options that a command takes."""
    named = {name for one in command.params for name in (*one.opts, *one.secondary_opts)}
    return {name for name in named if name.startswith("--")}


def taken() -> dict[str, set[str]]:
    """The options of every command."""
    group = get_command(app)
    assert isinstance(group, TyperGroup)
    return {words: options(command) for words, command in commands(group)}


TAKEN = taken()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_what_a_page_types_is_taken(page: Path) -> None:
    """Whoever types what a page shows is not told that there is no such option."""
    unknown = []
    for typed in TYPED.findall(TEXTS[page]):
        words = typed.split()
        known = next((" ".join(words[:n]) for n in (2, 1) if " ".join(words[:n]) in TAKEN), None)
        asked = {found for word in words if (found := word.partition("=")[0].strip("[](),.;:…"))}
        strays = {word for word in asked if word.startswith("--")} - TAKEN.get(known or "", asked)
        unknown += [f"{known} {word}" for word in sorted(strays - {"--help", "--"})]
    assert [] == unknown


@pytest.mark.parametrize("words", TAKEN)
def test_what_is_taken_stands_on_a_page(words: str) -> None:
    """Every command and every option of it is told of somewhere."""
    everything = " ".join(TEXTS.values())
    last = words.rsplit(maxsplit=1)[-1]
    assert words in everything or f"`{last}`" in everything
    told = set(re.findall(r"--[a-z][a-z-]*[a-z]", everything))
    assert set() == {one for one in TAKEN[words] if one not in told and f"no-{one}" not in told}
