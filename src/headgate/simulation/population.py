"""Who applied to a call, as far as it was published: totals by group, and weights for the gaps.

The file says what is known (`null`: not published) and who the groups are; the applicants drawn
from it are synthetic, and their totals are the published ones exactly.
"""

import json
import re
from collections.abc import Mapping, Sequence
from io import StringIO
from typing import Annotated, Any

from pydantic import Field, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent

from headgate.core.faults import Fault, Faulty
from headgate.core.policy.schema import Call, Identifier, Natural, Positive
from headgate.core.supports.kind import Section
from headgate.core.supports.text import Text

_LETTERS_MOST = 1_000_000


class Count(Section):
    """So many applications, asking for so many blocks; None where it was not published."""

    applications: Natural | None
    blocks: Natural | None


class Range(Section):
    """From `least` to `most`, both included."""

    least: Positive
    most: Positive


class Profile(Section):
    """What an organisation of a group is."""

    kind: Identifier
    size: Identifier


class Variant(Profile):
    """One sort of organisation in a group, with its answers to the forms, and how common it is."""

    facts: Mapping[Identifier, bool | int | str] = {}
    fields: Mapping[Identifier, bool | int | str] = {}
    weight: Positive = 1


class Group(Section):
    """A group of applicants: what was published of it, and its weight where totals must be filled.

    `members` says that it applies as alliances, and of how many members beside the lead.
    """

    id: Identifier
    name: Text
    holder: Identifier
    organisation: Profile
    applications: Natural | None
    blocks: Natural | None
    selected_blocks: Natural | None
    weight: Positive
    variants: tuple[Variant, ...] = ()
    members: Range | None = None

    @property
    def sorts(self) -> tuple[Variant, ...]:
        """The group's sorts of organisation; where none are listed, the one it is described by."""
        one = Variant(kind=self.organisation.kind, size=self.organisation.size)
        return self.variants or (one,)


class Population(Section):
    """What was published of a call's applicants and of its result, with weights for the rest.

    `regions` are weights by region code; where there are none, regions are those that the call's
    own rules name.
    """

    call: Identifier
    source: Annotated[str, Field(min_length=1)]
    applied: Count
    groups: Annotated[tuple[Group, ...], Field(min_length=1)]
    selected: Count
    announced_plan: Mapping[Identifier, Natural] = {}
    regions: Mapping[str, Positive] = {}


def read_population(file: str, text: str) -> Population:
    """The population a data file states; raises Faulty with every fault of the file."""
    tree, as_json = _tree(file, text)
    try:
        return Population.model_validate_json(as_json)
    except ValidationError as error:
        raise Faulty(_fault(file, tree, item) for item in error.errors()) from None


def _tree(file: str, text: str) -> tuple[Any, str]:
    """The file's tree, whose nodes know their lines, and the same as JSON; raises Faulty."""
    mend = "Write plain YAML 1.2: texts as keys and each once, spaces for indents, no aliases."
    if len(text) > _LETTERS_MOST:
        raise Faulty([Fault(file, 0, 0, "too-large", f"Over {_LETTERS_MOST} letters.", mend)])
    try:
        if any(isinstance(event, AliasEvent) for event in YAML().parse(StringIO(text))):
            raise Faulty([Fault(file, 0, 0, "alias", "The file has an alias.", mend)])
        tree = YAML().load(StringIO(text))
        return tree, json.dumps(tree, default=str)
    except MarkedYAMLError as error:
        mark = error.problem_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        what = str(error.problem or "This is not YAML.")
        raise Faulty([Fault(file, line, column, "not-yaml", what, mend)]) from None
    except (YAMLError, TypeError, ValueError, RecursionError) as error:
        if isinstance(error, Faulty):
            raise
        what = next(iter(str(error).splitlines()), "This is not YAML.")
        raise Faulty([Fault(file, 0, 0, "not-yaml", what, mend)]) from None


def _fault(file: str, tree: Any, error: Any) -> Fault:
    """One of pydantic's errors at the line of the nearest node that exists."""
    path: Sequence[int | str] = error["loc"]
    line, column, node = 1, 1, tree
    for part in path:
        place = _position(node, part)
        if place is None:
            break
        line, column = place[0] + 1, place[1] + 1
        node = node[part]
    name = ".".join(str(part) for part in path)
    what = f"`{name}`: {error['msg']}."
    mend = "Write the keys and types of population data; null says that it was not published."
    return Fault(file, line, column, str(error["type"]).replace("_", "-"), what, mend)


def _position(node: Any, part: int | str) -> tuple[int, int] | None:
    """Where a child of a YAML node stands, counted from 0; None where there is no such child."""
    try:
        node[part]
        place = node.lc.key(part) if isinstance(part, str) else node.lc.item(part)
    except (AttributeError, IndexError, KeyError, TypeError):
        return None
    return place[0], place[1]


def regions_of(call: Call) -> Mapping[str, int]:
    """Weights of the regions that the call's rules name, and of one they do not.

    64 in 100 fall on those named, as the capital area's share of applications to a Korean national
    voucher call of 2022 (64.3 %, asiatoday 2022-05-05); the first named is the most common.
    """
    rules = [rule.when for rule in call.eligibility] + [floor.when for floor in call.floors]
    compared = " ".join(text for rule in rules for text in _REGION.findall(rule))
    found = list(dict.fromkeys(_REGION_NAME.findall(compared)))
    if not found:
        return {"capital": 64, "elsewhere": 36}
    shares = [2 if index == 0 else 1 for index in range(len(found))]
    weights = {name: 64 * share for name, share in zip(found, shares, strict=True)}
    return {**weights, "elsewhere": 36 * sum(shares)}


_REGION = re.compile(r"""region\s*(?:==|!=|in)\s*(\[[^\]]*\]|"[^"]*"|'[^']*')""")
_REGION_NAME = re.compile(r"""["']([^"']+)["']""")
