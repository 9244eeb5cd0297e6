"""A command searches seldom for rings of objects; a process that answers for weeks, as usual."""

import gc
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress

import pytest

from headgate import rings

FRESH = "import gc; print(gc.get_threshold())"


@pytest.fixture(autouse=True)
def thresholds() -> Iterator[None]:
    """What a test sets is undone."""
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()
    gc.enable()


def pythons_own() -> tuple[int, ...]:
    """The thresholds of a Python in which nobody set any."""
    said = subprocess.run([sys.executable, "-c", FRESH], capture_output=True, text=True, check=True)
    return tuple(int(each) for each in said.stdout.strip(" ()\n").split(","))


def test_a_process_that_answers_searches_as_python_does_whatever_the_command_set() -> None:
    """`serve` is a command first: its own seldom search must not be what it goes back to."""
    rings.seldom()
    assert gc.get_threshold()[0] > 10 * pythons_own()[0]
    rings.usually()
    assert gc.get_threshold() == pythons_own()
    assert gc.get_freeze_count() > 1_000


def test_serving_by_the_command_line_ends_at_pythons_own_numbers() -> None:
    """The order of imports decides what `usually` knows: tried in a process of its own."""
    code = (
        "import gc, headgate.site.serving, headgate.cli as c, headgate.rings as r\n"
        "c.app = lambda: r.usually()\n"
        "c.main()\n"
        f"{FRESH}"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert tuple(int(each) for each in said.stdout.strip(" ()\n").split(",")) == pythons_own()


@pytest.mark.parametrize("searched", [True, False])
def test_undisturbed_work_leaves_the_search_as_it_was(searched: bool) -> None:
    """Also where the work fails."""
    (gc.enable if searched else gc.disable)()
    with rings.undisturbed():
        assert not gc.isenabled()
    assert gc.isenabled() is searched
    with suppress(ZeroDivisionError), rings.undisturbed():
        raise ZeroDivisionError
    assert gc.isenabled() is searched
