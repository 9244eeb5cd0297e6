"""Sentences of faults that a page may show: where they are written, and which they are."""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from headgate.steps.event import EventRefusal

SOURCE: Final = Path(__file__).parents[2] / "src" / "headgate"
WRITTEN: Final = (
    *("core/policy/" + name for name in (
        "ask", "cases", "check", "clocks", "codes", "document", "fee_checks", "names", "overlay",
        "round_checks", "rule_checks", "spots", "structure", "together", "tree", "validate",
    )),
    *("core/evaluation/" + name for name in (
        "composite", "conduct", "evidence", "freeze", "hearings", "method", "runs",
    )),
    *("core/duties/amendment", "core/duties/payments"),
    *("readers/evidence_csv", "readers/grants", "readers/policy_files", "readers/tables"),
    *("readers/" + name for name in ("trace_layouts", "trace_log", "trace_swf", "traces")),
    *("simulation/clusters", "site/portal/replaying/__init__", "site/portal/replaying/replays"),
    *("simulation/replay/supply", "site/actions/take"),
    *("steps/amend", "steps/event", "steps/hear", "steps/placing"),
)  # fmt: skip
"""The modules whose faults reach a page."""

NO_SENTENCE: Final = re.compile(
    r"\(\?|\\d|^\^| \| None$|^Scalar \||CC BY|^LiveCodeBench|^Prompt|^\W*$"
    r"|^(open|close|decide|freeze|draw) (call|round|lot)$|^Connection\[|^a trace cannot be mapped"
)
"""Texts with a blank in them that nobody is told: expressions, types, names of events."""


def sentences() -> Iterator[str]:
    """Every form of these modules, and every text that says what is wrong or what mends it."""
    for name in WRITTEN:
        tree = ast.parse((SOURCE / f"{name}.py").read_text(encoding="utf-8"))
        told = _unsaid(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                text = node.value
                if " " in text.strip() and id(node) not in told and not NO_SENTENCE.search(text):
                    yield text
    yield from (refusal.name.lower().replace("_", " ") for refusal in EventRefusal)


def stiff() -> Iterator[str]:
    """Sentences of these modules that have their values in them already: no language can say them
    but English.
    """
    for name in WRITTEN:
        for node in ast.walk(ast.parse((SOURCE / f"{name}.py").read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = (part.value for part in node.values if isinstance(part, ast.Constant))
                text = "{}".join(map(str, parts))
                if re.search(r"[^\W\d]{2,} |[^\W\d] [^\W\d]{2,}", text):
                    yield f"{name}:{node.lineno}: {text}"


def abouts() -> Iterator[str]:
    """Every sentence that the site's own modules say beside a refusal."""
    for _name, node in _calls("Sentence"):
        yield from (str(one.value) for one in node.args if isinstance(one, ast.Constant))


def loose() -> Iterator[str]:
    """Words of English that a refusal has beside its reason and that are no sentence."""
    for name, node in _calls("refuse"):
        told = (*_of(node, "Sentence"), *_of(node, "_"))
        said = {id(part) for one in told for part in ast.walk(one)}
        texts = _texts(node.args[1:]) if "DeskRefusal" in ast.dump(node.args[0]) else ()
        for text in texts:
            if id(text) not in said and re.search("[a-z]{2}", str(text.value)):
                yield f"{name}:{text.lineno}: {text.value!r}"


def _texts(nodes: Iterable[ast.AST]) -> Iterator[ast.Constant]:
    parts = (part for node in nodes for part in ast.walk(node))
    return (part for part in parts if isinstance(part, ast.Constant))


def _calls(what: str) -> Iterator[tuple[str, ast.Call]]:
    for path in sorted((SOURCE / "site").glob("*/**/*.py")):
        if path.parent.name in ("actions", "desk", "pages"):
            yield from ((path.name, one) for one in _of(ast.parse(path.read_text("utf-8")), what))


def _of(tree: ast.AST, what: str) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and what == getattr(node.func, "id", ""):
            yield node


def _unsaid(tree: ast.Module) -> set[int]:
    """Constants that are documentation, or pieces of a text that is put together."""
    found = set()
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant() as text):
                found.add(id(text))
            case ast.JoinedStr(values=parts):
                found |= {id(part) for part in parts}
    return found


_ENGLISH: Final = re.compile(
    r"\b(?:the|is|are|was|were|not|of|has|have|write|give|name|that|there|which|and|it|its)\b", re.I
)
_QUOTED: Final = re.compile(r"`[^`]*`|'[^']*'|\"[^\"]*\"|<[^>]*>|\S*[:/=_.(]\S+|&[^;]*;")


def english(text: str, source: str) -> str:
    """The English words of a text, quotations left aside; all of it where nothing was said anew."""
    if text and text == source and re.search(r"[a-z]{3} [a-z]{2}", source):
        return text
    return " ".join(_ENGLISH.findall(_QUOTED.sub(" ", text)))
