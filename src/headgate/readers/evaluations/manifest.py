"""`evidence.yaml`: whose a log is, which task of the policy it is of, and what gates found.

Checked like the policy: every fault at once, each at its line with what mends it.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any, Final

from headgate.core.calls.application import GateFinding
from headgate.core.faults import Fault, Faulty
from headgate.core.ledger.text import is_name
from headgate.core.policy.tree import BYTES_MOST, Node, parse
from headgate.readers.evaluations.findings import Code
from headgate.readers.evaluations.run import Wanted

MANIFEST: Final = "evidence.yaml"


@dataclass(frozen=True, slots=True)
class Team:
    """One team: the models that are its own, by the names that logs give them, and its logs.

    `trained_until` is the last day of which its model may have seen anything, where it says so.
    """

    name: str
    models: tuple[str, ...]
    logs: tuple[str, ...]
    line: int
    trained_until: date | None = None


@dataclass(frozen=True, slots=True)
class VoteFile:
    """A file of votes on a task of a pillar, and the table of styles beside it, if any."""

    pillar: str
    task: str
    file: str
    styles: str | None
    line: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """A whole manifest; `wanted` may be empty where every pillar comes as a CSV file."""

    teams: tuple[Team, ...]
    wanted: tuple[Wanted, ...] = ()
    findings: tuple[GateFinding, ...] = ()
    votes: tuple[VoteFile, ...] = ()

    def trained_until(self) -> Mapping[str, date]:
        """The end of training of each team that states it."""
        return {team.name: team.trained_until for team in self.teams if team.trained_until}

    def pillars(self) -> set[str]:
        """The pillars for which it names files."""
        return {one.pillar for one in self.wanted} | {one.pillar for one in self.votes}

    def team_of(self) -> Mapping[str, str]:
        """Whose each system is, by every name that it has."""
        named = {model: team.name for team in self.teams for model in team.models}
        return {**named, **{team.name: team.name for team in self.teams}}


def read_manifest(path: Path) -> Manifest:
    """Read a manifest; raises `Faulty` with every fault of it."""
    try:
        with path.open("rb") as stream:
            data = stream.read(BYTES_MOST + 1)
        text = data.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Code.MANIFEST_WRONG.alone(path.name, f"It cannot be read: {error}.") from error
    node, faults = parse(path.name, text)
    if node is None or faults:
        raise Faulty(faults or [Code.MANIFEST_WRONG.of(path.name, "It says nothing.")])
    reader = _Reader()
    root = reader.parts(node, {"teams", "tasks", "votes", "gates"})
    teams = tuple(reader.teams(root.get("teams"), node))
    wanted = tuple(reader.tasks(root.get("tasks")))
    votes = tuple(reader.votes(root.get("votes")))
    findings = tuple(reader.gates(root.get("gates"), {team.name for team in teams}))
    if reader.faults:
        raise Faulty(reader.faults)
    return Manifest(teams, wanted, findings, votes)


@dataclass(slots=True)
class _Reader:
    """Values out of the tree; every fault is noted and the rest read on."""

    faults: list[Fault] = field(default_factory=list)

    def bad(self, node: Node, what: str) -> None:
        self.faults.append(Code.MANIFEST_WRONG.at(node, what))

    def parts(self, node: Node | None, known: set[str] | None = None) -> Mapping[str, Node]:
        """The entries of a mapping; `known` are those it may have."""
        if node is None:
            return {}
        if not isinstance(node.data, Mapping):
            self.bad(node, "Here a mapping of names is meant.")
            return {}
        for key, value in node.data.items():
            if known is None and not is_name(key):
                self.bad(value, f"{key[:40]!r} is no name.")
            if known is not None and key not in known:
                self.bad(value, f"{key[:40]!r} is none of {', '.join(sorted(known))}.")
        return node.data

    def one(self, parts: Mapping[str, Node], key: str, right: Callable[[Any], bool]) -> Any:
        """A scalar, or None where it is missing or wrong."""
        node = parts.get(key)
        if node is None:
            return None
        if not right(node.data):
            self.bad(node, f"{key} is not of its kind.")
            return None
        return node.data

    def texts(self, parts: Mapping[str, Node], key: str) -> tuple[str, ...]:
        """One text or a list of texts."""
        node = parts.get(key)
        if node is None:
            return ()
        nodes = node.data if isinstance(node.data, tuple) else (node,)
        wrong = [one for one in nodes if not isinstance(one.data, str | int) or one.data is True]
        for one in wrong:
            self.bad(one, f"{key} is a text or a list of texts.")
        return tuple(str(one.data) for one in nodes if one not in wrong)

    def teams(self, node: Node | None, root: Node) -> Iterator[Team]:
        own = self.parts(node)
        if not own:
            self.bad(node or root, "No team is named under `teams`.")
        for name, entry in own.items():
            parts = self.parts(entry, {"models", "logs", "trained_until"})
            models, logs = self.texts(parts, "models"), self.texts(parts, "logs")
            if logs and not models:
                self.bad(entry, f"{name} has logs, and `models` does not say of which model.")
            for log in logs:
                self.inside(parts["logs"], log)
            day = self.one(parts, "trained_until", _is_day)
            until = None if day is None else date.fromisoformat(str(day))
            yield Team(name, models, logs, entry.line, until)

    def inside(self, node: Node, file: str) -> None:
        path = PurePosixPath(file)
        if path.is_absolute() or ".." in path.parts or "\\" in file or "\0" in file:
            self.bad(node, f"{file[:80]!r} leaves the folder.")

    def votes(self, node: Node | None) -> Iterator[VoteFile]:
        for pillar, tasks in self.parts(node).items():
            for task, entry in self.parts(tasks).items():
                parts = self.parts(entry, {"file", "styles"})
                file, styles = (self.one(parts, key, _is_text) for key in ("file", "styles"))
                if "file" not in parts:
                    self.bad(entry, "`file` is missing: the file of the votes.")
                for name in (name for name in (file, styles) if name):
                    self.inside(entry, name)
                yield VoteFile(pillar, task, str(file), styles, entry.line)

    def tasks(self, node: Node | None) -> Iterator[Wanted]:
        known = {"log_task", "metric", "filter", "cluster", "items"}
        for pillar, tasks in self.parts(node).items():
            for task, entry in self.parts(tasks).items():
                parts = self.parts(entry, known)
                metric, kept, cluster = (
                    self.one(parts, key, _is_text) for key in ("metric", "filter", "cluster")
                )
                name = self.one(parts, "log_task", _is_text) or task
                items = self.one(parts, "items", lambda value: type(value) is int and value > 0)
                yield Wanted(pillar, task, str(name), metric, kept, cluster, items)

    def gates(self, node: Node | None, teams: set[str]) -> Iterator[GateFinding]:
        for gate, by_team in self.parts(node).items():
            for team, entry in self.parts(by_team).items():
                parts = self.parts(entry, {"passed", "remark", "evidence", "replied"})
                if team not in teams:
                    self.bad(entry, f"{team!r} is no team of this file.")
                if "passed" not in parts:
                    self.bad(entry, "`passed` is missing: true or false.")
                evidence = self.texts(parts, "evidence")
                if not all(re.fullmatch("[0-9a-f]{64}", digest) for digest in evidence):
                    self.bad(entry, "`evidence` is a list of SHA-256 digests of documents.")
                passed, replied = (
                    bool(self.one(parts, key, lambda value: isinstance(value, bool)))
                    for key in ("passed", "replied")
                )
                remark = str(self.one(parts, "remark", _is_text) or "")
                yield GateFinding(team, gate, passed, remark, evidence, replied)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and is_name(value)


def _is_day(value: Any) -> bool:
    try:
        return date.fromisoformat(str(value)).isoformat() == str(value)
    except ValueError:
        return False


def manifest_text(
    teams: Sequence[str],
    findings: Sequence[GateFinding],
    until: Mapping[str, date] = MappingProxyType({}),
) -> str:
    """A manifest for evidence that lies there as CSV files alone, as `read_manifest` reads it."""
    days = {team: f"trained_until: {day}" for team, day in until.items()}
    lines = ["teams:", *(f"  {_quoted(team)}: {{{days.get(team, '')}}}" for team in teams)]
    gates = list(dict.fromkeys(one.gate for one in findings))
    lines += ["gates:"] if gates else []
    for gate in gates:
        lines.append(f"  {_quoted(gate)}:")
        for one in (one for one in findings if one.gate == gate):
            remark = f", remark: {_quoted(one.remark)}" if one.remark else ""
            evidence = ", ".join(map(_quoted, one.evidence))
            lines.append(
                f"    {_quoted(one.subject)}: {{passed: {str(one.passed).lower()}{remark},"
                f" evidence: [{evidence}], replied: {str(one.replied).lower()}}}"
            )
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
