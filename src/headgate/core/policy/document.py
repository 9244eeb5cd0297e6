"""A programme's files as one document: what was written, where, and the digest that names it.

A document is made of texts, not of paths: reading files is `headgate.readers.policy_files`' work.
It holds everything that was written, at all dates; `headgate.core.policy.dated` says what of it is
in force on a day.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from headgate.core import canonical
from headgate.core.faults import Fault, Sentence
from headgate.core.policy.codes import Code
from headgate.core.policy.law import Article, articles
from headgate.core.policy.tree import Node, Place, parse

PROGRAMME = "programme.yaml"
_SUFFIX = {"": PROGRAMME, "law": ".md", "cases": ".yaml", "overlays": ".yaml"}


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """The files of a programme, parsed; `faults` are those of the texts themselves.

    `texts` and `trees` are by file name: `programme.yaml`, `law/*.md`, `cases/*.yaml` and
    `overlays/*.yaml`, which are laid over the programme in the order of their names.
    """

    texts: Mapping[str, str]
    trees: Mapping[str, Node]
    faults: tuple[Fault, ...]

    @classmethod
    def read(cls, texts: Mapping[str, str]) -> "Document":
        """Parse a programme's texts by file name; faults are kept in the document, never raised.

        Files of other names are no part of the policy and are left out.
        """
        known = (name for name in texts if name.endswith(_SUFFIX.get(_folder(name), "/")))
        ours = {name: texts[name] for name in sorted(known)}
        trees: dict[str, Node] = {}
        faults: list[Fault] = []
        for name in (name for name in ours if name.endswith(".yaml")):
            tree, found = parse(name, ours[name])
            wrong = _shape(name, tree, faulty=bool(found))
            faults += [*found, *wrong]
            if tree is not None and not wrong:
                trees[name] = tree
        if PROGRAMME not in ours:
            faults.append(Code.FILE_MISSING.at(Place(PROGRAMME)))
        return cls(ours, trees, tuple(sorted(faults)))

    def laid(self, name: str, text: str) -> "Document":
        """The same with one more overlay, `overlays/NAME.yaml`; only that text is parsed."""
        place = f"overlays/{len(self.overlays) + 1:02}-{name}.yaml"
        tree, found = parse(place, text)
        wrong = _shape(place, tree, faulty=bool(found))
        trees = dict(self.trees) if tree is None or wrong else {**self.trees, place: tree}
        texts = {**self.texts, place: text}
        ordered = {each: texts[each] for each in sorted(texts)}
        known = {each: trees[each] for each in ordered if each in trees}
        return Document(ordered, known, tuple(sorted([*self.faults, *found, *wrong])))

    @property
    def programme(self) -> Node:
        """The programme's tree; an empty mapping where the file could not be understood."""
        return self.trees.get(PROGRAMME, Node(PROGRAMME, 0, 0, 0, {}))

    @property
    def cases(self) -> tuple[tuple[str, Node], ...]:
        """The trees of the case files, by name."""
        return self._of("cases")

    @property
    def overlays(self) -> tuple[tuple[str, Node], ...]:
        """The trees of the overlays, in the order in which they are laid."""
        return self._of("overlays")

    def _of(self, folder: str) -> tuple[tuple[str, Node], ...]:
        return tuple((name, tree) for name, tree in self.trees.items() if _folder(name) == folder)

    @property
    def digest(self) -> str:
        """SHA-256 over the canonical listing of all files' names and digests, overlays in order."""
        listing = {name: canonical.digest(text.encode()) for name, text in self.texts.items()}
        laid = [digest for name, digest in listing.items() if _folder(name) == "overlays"]
        own = {name: digest for name, digest in listing.items() if _folder(name) != "overlays"}
        base = canonical.digest(canonical.line(own))
        return canonical.digest(canonical.line({"base": base, "overlays": laid})) if laid else base

    def article(self, source: str) -> Article | None:
        """The article that a source such as `law/split.md#shares` names, if it is there."""
        file, _, anchor = source.partition("#")
        return articles(file, self.texts[file]).get(anchor) if file in self.texts else None

    def place(self, path: str) -> Place | None:
        """Where a dotted path is written, through every dated entry that says something of it."""
        node = _written(self.programme, path)
        return Place(node.file, node.line, node.column) if node else None


def _shape(name: str, tree: Node | None, *, faulty: bool) -> list[Fault]:
    """A programme and an overlay are mappings, a case file is a list; an empty text is neither."""
    if tree is None or tree.data is None:
        return [] if faulty else [Code.YAML_EMPTY.at(Place(name))]
    listed = _folder(name) == "cases"
    if isinstance(tree.data, tuple if listed else Mapping):
        return []
    return [Code.YAML_SHAPE.at(tree, shape=Sentence("a list of cases" if listed else "a mapping"))]


def _folder(name: str) -> str:
    """The folder of a file's name; the programme itself lies in none."""
    return name.rpartition("/")[0]


def _written(node: Node, path: str) -> Node | None:
    """The first node written for a dotted path, whatever its date; names may have dots in them."""
    if not path:
        return node
    for inner in _undated(node):
        for name, child in named(inner):
            if path == name or path.startswith(name + "."):
                found = _written(child, path[len(name) + 1 :])
                if found is not None:
                    return found
    return None


def _undated(node: Node) -> list[Node]:
    """The node, or the values of its dated entries."""
    if isinstance(node.data, tuple) and any(item.get("value") for item in node.data):
        return [value for item in node.data if (value := item.get("value"))]
    value = node.get("value")
    return [value] if value else [node]


def named(node: Node) -> list[tuple[str, Node]]:
    """A container's parts by name: keys, or a list's ids, or places where an item has no id."""
    if isinstance(node.data, Mapping):
        return list(node.data.items())
    if isinstance(node.data, tuple):
        return [(item_name(item, index), item) for index, item in enumerate(node.data)]
    return []


def item_name(item: Node, index: int) -> str:
    """A list item is called by its id, and by its number only where it has none."""
    inner = item.get("value") or item
    identity = inner.get("id")
    text = identity.data if identity else None
    return text if isinstance(text, str) else str(index)
