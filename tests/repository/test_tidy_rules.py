"""Each rule of the tidy test catches what it is there to catch, and passes what is right."""

import pytest

from tests.repository import tidy

SCRIPTS = '[project.scripts]\nheadgate = "headgate.cli:main"\n'
MAKEFILE = ".PHONY: run test\nrun: ## Run it\n\ttrue\ntest: run ## Test it\n\ttrue\n"
SECTIONS = "".join(f"## {section}\n" for section in tidy.DECISION_SECTIONS)
GLOSSARY = (
    "| English | In the code | Tiếng Việt | 한국어 | Meaning |\n|---|---|---|---|---|\n"
    + "".join(f"| {word} | `{word}` | từ | 말 | A word. |\n" for word in tidy.GLOSSARY_WORDS)
)


def function(name: str, lines: int) -> str:
    """A function of so many lines, its docstring not counted."""
    return f'def {name}():\n    """Say\n    why.\n    """\n' + "    x = 1\n" * (lines - 1)


def functions(*lengths: int) -> str:
    """A module of functions with these lengths."""
    return "".join(function(f"f{number}", lines) for number, lines in enumerate(lengths))


# Rule -> a tree that keeps it, a tree that breaks it, and what the rule must say of the second.
PLANTED: dict[str, tuple[dict[str, str], dict[str, str], list[str]]] = {
    "long_lines": (
        {"a.sh": "x" * 100, "b.md": "|" + "x" * 200, "c.yaml": "https://x" + "x" * 100},
        {"a.md": "\n" + "x" * 101, "Makefile": "x" * 102},
        ["a.md:2: 101 columns", "Makefile:1: 102 columns"],
    ),
    "long_files": ({"a.py": "\n" * 499}, {"a.py": "\n" * 500}, ["a.py:1: 500 lines"]),
    "long_functions": (
        {"a.py": function("f", 70)},
        {"a.py": function("f", 71)},
        ["a.py:1: f has 71 lines"],
    ),
    "long_functions_usually": (
        {"src/a/b.py": functions(12, 12, 12, 60, 60), "src/c/d.py": functions(13, 13, 13, 13)},
        {"src/a/b.py": functions(5, 5, 13), "src/a/c.py": functions(13, 13)},
        ["src/a: median function has 13 lines"],
    ),
    "leftover_markers": (
        {"a.md": "todo lists are fine"},
        {"a.sh": f"true # {tidy.MARKERS[0]}: later\n", "b.md": f"({tidy.MARKERS[1]})"},
        [f"a.sh:1: {tidy.MARKERS[0]}", f"b.md:1: {tidy.MARKERS[1]}"],
    ),
    "internal_names": (
        {"a.md": "framework/main, farming, farmer, my.library"},
        {"a.md": f"see {tidy.INTERNAL_NAMES[0]}main\n\nthe {tidy.INTERNAL_NAMES[2]} says"},
        [f"a.md:1: {tidy.INTERNAL_NAMES[0]}", f"a.md:3: {tidy.INTERNAL_NAMES[2]}"],
    ),
    "untidy_text": (
        {"a.md": "Tiếng Việt, 한국어\n", "empty": "", "tests/bad/a.yaml": "a: \r\n"},
        {"a.md": "a \n", "b.md": "a\r\n", "c.md": "\udcff\n", "d.md": "a\nb"},
        [
            "a.md:1: blanks or CR at the end of the line",
            "b.md:1: blanks or CR at the end of the line",
            "c.md:1: not UTF-8",
            "d.md:2: no newline at the end",
        ],
    ),
    "dead_modules": (
        {
            "pyproject.toml": SCRIPTS,
            "src/headgate/cli.py": "def main():\n    import headgate.core.a\n",
            "src/headgate/core/__init__.py": "import headgate.b",
            "src/headgate/core/a.py": "x = 1",
            "src/headgate/b.py": "x = 1",
            "src/headgate/empty/__init__.py": "",
            "src/headgate/site/settings.py": "x = 1",
            "src/headgate/site/records/settings.py": "x = 1",
            "src/headgate/site/actions/post.py": "x = 1",
            "src/headgate/site/records/migrations/0001_a.py": "x = 1",
        },
        {
            "pyproject.toml": SCRIPTS,
            "src/headgate/cli.py": "x = 1",
            "src/headgate/a.py": "import headgate.b",
            "src/headgate/b.py": "import headgate.a",
        },
        ["src/headgate/a.py:1: nothing imports it", "src/headgate/b.py:1: nothing imports it"],
    ),
    "floats_in_core": (
        {
            "src/headgate/core/a.py": "def f(x: object) -> bool:\n    return isinstance(x, float)",
            "src/headgate/core/awards/solve.py": "x = 0.5",
            "src/headgate/core/evaluation/a.py": "x = float('1')",
            "src/headgate/report.py": "x = 0.5",
        },
        {
            "src/headgate/core/a.py": "x = 0.5\ny = float('1')\nz: list[float] = []\n",
            "src/headgate/core/b.py": "def f(x: float) -> int: ...\ndef g() -> float | None: ...\n",
        },
        [
            "src/headgate/core/a.py:1: a float",
            "src/headgate/core/a.py:2: a float",
            "src/headgate/core/a.py:3: a float",
            "src/headgate/core/b.py:1: a float",
            "src/headgate/core/b.py:2: a float",
        ],
    ),
    "impure_core": (
        {
            "src/headgate/core/a.py": "default_rng(7)\ndate(2026, 1, 1)\ntuple(x for x in y)\n",
            "src/headgate/cli.py": "print(open('x'))",
        },
        {
            "src/headgate/core/a.py": "print(1)\ndate.today()\ndatetime.now(UTC)\n",
            "src/headgate/core/b.py": "numpy.random.default_rng()\npath.read_text()\n",
        },
        [
            "src/headgate/core/a.py:1: print() reads or writes the world",
            "src/headgate/core/a.py:2: today() reads or writes the world",
            "src/headgate/core/a.py:3: now() reads or writes the world",
            "src/headgate/core/b.py:1: default_rng() reads or writes the world",
            "src/headgate/core/b.py:2: read_text() reads or writes the world",
        ],
    ),
    "open_dataclasses": (
        {"src/headgate/core/a.py": "@dataclass(slots=True, frozen=True)\nclass A:\n    x: int\n"},
        {
            "src/headgate/core/a.py": "@dataclass\nclass A:\n    x: int\n",
            "src/headgate/core/b.py": "@dataclass(frozen=True, slots=False)\nclass B: ...\n",
        },
        [
            "src/headgate/core/a.py:2: A is not frozen and slotted",
            "src/headgate/core/b.py:2: B is not frozen and slotted",
        ],
    ),
    "decisions_in_order": (
        {"docs/decisions/0000-template.md": SECTIONS, "docs/decisions/0001-a.md": SECTIONS},
        {"docs/decisions/0000-template.md": SECTIONS[11:], "docs/decisions/0002-a.md": SECTIONS},
        [
            "docs/decisions/0000-template.md:1: section 'Context' is missing",
            "docs/decisions/0002-a.md:1: number 0001 was expected here",
        ],
    ),
    "commands_in_readme": (
        {"README.md": "To make sure: `make run`\n```\nmake test\n```\n", "Makefile": MAKEFILE},
        {"README.md": "`make run` and `make tea`", "Makefile": MAKEFILE},
        ["README.md: `make tea` is not a target", "README.md: `make test` is not named"],
    ),
    "makefile_helps": (
        {"Makefile": MAKEFILE + "PYTHON := python3\n"},
        {"Makefile": MAKEFILE + "tea: run # Make tea\n"},
        ["Makefile: tea has no help", "Makefile: tea is not .PHONY"],
    ),
    "glossary_gaps": (
        {"GLOSSARY.md": GLOSSARY},
        {
            "GLOSSARY.md": GLOSSARY.replace("| award |", "| prize |")
            + "| lot | `lot` | lô | | A purchase. |\n| cap | `cap` | 상한 | trần | Most. |\n"
            + "| call | `call` | từ | 말 | Again. |\n"
        },
        [
            "GLOSSARY.md: call stands twice",
            "GLOSSARY.md: award is missing",
            "GLOSSARY.md: lot needs five cells",
            "GLOSSARY.md: cap has its languages in the wrong columns",
        ],
    ),
}


def test_every_rule_has_a_planted_violation() -> None:
    """No rule is taken on trust: a new one comes with a case that it refuses."""
    assert set(tidy.RULES) == set(PLANTED)


@pytest.mark.parametrize("name", PLANTED)
def test_rule_passes_what_keeps_it(name: str) -> None:
    """A rule does not stand in the way of text that keeps it."""
    keeps, _, _ = PLANTED[name]
    assert [] == tidy.RULES[name](keeps)


@pytest.mark.parametrize("name", PLANTED)
def test_rule_names_what_breaks_it(name: str) -> None:
    """A rule says where and what the violation is, all of them at once."""
    _, breaks, expected = PLANTED[name]
    assert expected == tidy.RULES[name](breaks)
