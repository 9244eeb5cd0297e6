"""Votes as other houses keep them, read into votes of the round's teams.

Two layouts, told by what the file holds.

* A CSV with prompt_id, system_left, system_right, voter, winner (left, right or tie), as LLMFAO has
  it (D. Ustalov, CC BY 4.0), beside its pair_id if there.
* JSON Lines of an arena: question_id (or id), model_a, model_b, winner, and who voted as judge or
  evaluation_session_id. Length, headers, lists and bold come from conv_metadata; a vote for which
  names were shown (anony false) is refused.

Styles of a CSV, and others of JSON Lines, come from a table of styles: prompt_id, system, and one
column of whole numbers for each. Systems are known by the names that evidence.yaml gives the teams.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from headgate.core.evaluation.evidence import Preferred, Vote
from headgate.core.evaluation.method import SIDE
from headgate.core.faults import Fault, Faulty
from headgate.core.ledger.text import is_name
from headgate.readers.evidence_csv import (
    BYTES_MOST,
    MENDS,
    NUMBER_MOST,
    Code,
    EvidenceValues,
    vote_neighbours,
)
from headgate.readers.tables import Bad, Found, Layout, read_table

PAIR_COLUMNS: Final = ("prompt_id", "system_left", "system_right", "voter", "winner")
STYLE_KEYS: Final = ("prompt_id", "system")
_PAIRS: Final = Layout(Code, MENDS, PAIR_COLUMNS, ("pair_id",))
_WINNERS: Final = {
    "left": Preferred.FIRST, "model_a": Preferred.FIRST,
    "right": Preferred.SECOND, "model_b": Preferred.SECOND,
    "tie": Preferred.TIE, "tie (bothbad)": Preferred.TIE, "both_bad": Preferred.TIE,
}  # fmt: skip
_COUNTED: Final[Mapping[str, Callable[[Mapping[str, Any], str], Any]]] = {
    "length": lambda told, side: told[f"sum_assistant_{side}_tokens"],
    "headers": lambda told, side: sum(told[f"header_count_{side}"].values()),
    "lists": lambda told, side: sum(told[f"list_count_{side}"].values()),
    "bold": lambda told, side: sum(told[f"bold_count_{side}"].values()),
}
"""What conv_metadata counts of each answer, by the name of the style."""

Styles = Mapping[tuple[str, str], Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a file: the task its votes are on, the pillar's styles, and whose a system
    is.
    """

    task: str
    styles: Sequence[str]
    team_of: Mapping[str, str]
    table: Styles = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Row:
    """A vote before its systems are teams'."""

    line: int
    prompt: str
    voter: str
    first: str
    second: str
    preferred: Preferred
    told: Mapping[str, Any]


def read_vote_file(path: Path, file: str, asked: Asked) -> tuple[Vote, ...]:
    """The votes of a file, in its order; raises `Faulty` with every fault of it."""
    faults: list[Fault] = []
    data = read_bytes(path, file)
    rows = list((_lines if data[:1] == b"{" else _table)(data, file, faults))
    if not rows and not faults:
        faults.append(_PAIRS.fault(file, 0, Code.NO_ROWS, "there is no vote"))
    faults += _unknown(rows, file, asked)
    known, neighbours, votes = asked.team_of, vote_neighbours(), []
    for row in rows:
        try:
            style = tuple(_styles(row, asked))
        except Bad as bad:
            faults += [_PAIRS.fault(file, row.line, code, what) for code, what in bad.found]
            continue
        first, second = known.get(row.first, row.first), known.get(row.second, row.second)
        vote = Vote(asked.task, row.prompt, row.voter, first, second, row.preferred, style)
        votes.append(vote)
        against = list(neighbours.against(vote))
        if first == second:
            against.append((Code.VOTE_ON_ITSELF, f"{first!r} was set against itself"))
        faults += [_PAIRS.fault(file, row.line, code, what) for code, what in against]
    if faults:
        raise Faulty(faults)
    return tuple(votes)


def read_bytes(path: Path, file: str) -> bytes:
    """A file's bytes, if it is of a size to be held; raises `Faulty`."""
    try:
        with path.open("rb") as stream:
            data = stream.read(BYTES_MOST + 1)
    except OSError as error:
        what = f"it cannot be read: {error.strerror}"
        raise Faulty([_PAIRS.fault(file, 0, Code.UNREADABLE, what)]) from error
    if len(data) > BYTES_MOST:
        what = f"the file has more than {BYTES_MOST} bytes"
        raise Faulty([_PAIRS.fault(file, 0, Code.TOO_LARGE, what)])
    return data


def read_styles(data: bytes, file: str, styles: Sequence[str]) -> Styles:
    """A table of styles, by prompt and system; raises `Faulty` with every fault of it."""
    header = data.split(b"\n", 1)[0].decode("utf-8", "replace").strip("\ufeff\r")
    others = [name.strip() for name in header.split(",")]
    named = [name for name in styles if name not in (*_COUNTED, SIDE) or name in others]
    layout = Layout(Code, MENDS, (*STYLE_KEYS, *named), [n for n in others if n not in named])
    table = read_table(data, file, layout, BYTES_MOST)
    found: dict[tuple[str, str], dict[str, int]] = {}

    def build(row: Mapping[str, str]) -> tuple[tuple[str, str], dict[str, int]]:
        values = EvidenceValues(Code, row)
        key = (values.name("prompt_id"), values.name("system"))
        counts = {name: values.number(name, 0, NUMBER_MOST) for name in named}
        values.done()
        return key, counts

    def against(row: tuple[tuple[str, str], dict[str, int]]) -> Iterator[Found]:
        if row[0] in found:
            yield Code.ROW_TWICE, f"{row[0]} has a row already"
        found[row[0]] = row[1]

    table.rows(build, against)
    return found


def _unknown(rows: Sequence[_Row], file: str, asked: Asked) -> Iterator[Fault]:
    """Each system that is no team's, once, at the first vote on it."""
    first: dict[str, int] = {}
    for row in rows:
        for system in (row.first, row.second):
            if system not in asked.team_of:
                first.setdefault(system, row.line)
    for system, line in first.items():
        yield _PAIRS.fault(file, line, Code.SYSTEM_UNKNOWN, f"{system[:80]!r} is no team's system")


def _styles(row: _Row, asked: Asked) -> Iterator[tuple[str, int, int]]:
    """How much of each style both answers had; raises `Bad` where that is not said."""
    for name in (name for name in asked.styles if name != SIDE):
        pair = [_style(name, row, side, asked.table) for side in ("a", "b")]
        if not all(type(value) is int and 0 <= value <= NUMBER_MOST for value in pair):
            what = f"style {name!r} of an answer to {row.prompt[:40]!r} is not told"
            raise Bad([(Code.STYLE_MISSING, what)])
        yield name, pair[0], pair[1]


def _style(name: str, row: _Row, side: str, table: Styles) -> Any:
    system = row.first if side == "a" else row.second
    if name in table.get((row.prompt, system), {}):
        return table[row.prompt, system][name]
    try:
        return _COUNTED[name](row.told, side)
    except (KeyError, TypeError, AttributeError):
        return None


def _table(data: bytes, file: str, faults: list[Fault]) -> Iterator[_Row]:
    table = read_table(data, file, _PAIRS, BYTES_MOST)
    for number, line in enumerate(table.lines, table.header + 1):
        try:
            row = table.split(line)
            names = [row["prompt_id"], row["voter"], row["system_left"], row["system_right"]]
            yield _row(number, names, row["winner"], {})
        except Bad as bad:
            faults += [_PAIRS.fault(file, number, code, what) for code, what in bad.found]


def _lines(data: bytes, file: str, faults: list[Fault]) -> Iterator[_Row]:
    for number, line in enumerate(data.split(b"\n"), 1):
        if line.strip():
            try:
                yield _arena(number, line)
            except Bad as bad:
                faults += [_PAIRS.fault(file, number, code, what) for code, what in bad.found]


def _arena(number: int, line: bytes) -> _Row:
    try:
        vote = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise Bad([(Code.NOT_JSON, f"no JSON: {str(error)[:80]}")]) from None
    if not isinstance(vote, dict):
        raise Bad([(Code.NOT_JSON, "the line is no object")])
    if vote.get("anony") is False:
        raise Bad([(Code.NOT_BLIND, "the voter saw the systems' names")])
    prompt = vote.get("question_id", vote.get("id"))
    voter = vote.get("judge", vote.get("evaluation_session_id"))
    names = [prompt, voter, vote.get("model_a"), vote.get("model_b")]
    return _row(number, names, vote.get("winner"), vote.get("conv_metadata") or {})


def _row(number: int, names: Sequence[Any], winner: Any, told: Mapping[str, Any]) -> _Row:
    texts = [str(name) if isinstance(name, str | int) else "" for name in names]
    found: list[Found] = [
        (Code.VOTER_MISSING if what == "voter" else Code.NAME_BAD, f"{what} is {name[:40]!r}")
        for what, name in zip(("prompt", "voter", "first", "second"), texts, strict=True)
        if not is_name(name)
    ]
    preferred = _WINNERS.get(winner) if isinstance(winner, str) else None
    if preferred is None:
        found.append((Code.PREFERRED_BAD, f"winner is {str(winner)[:40]!r}"))
    if found or preferred is None:
        raise Bad(found)
    prompt, voter, first, second = texts
    return _Row(number, prompt, voter, first, second, preferred, told)
