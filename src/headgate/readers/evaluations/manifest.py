"""`evidence.yaml`: whose a log is, which task of the policy it is of, and what gates found.

Checked like the policy: every fault at once, each at its line with what mends it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Annotated, Final, Self, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from headgate.core.calls.application import GateFinding
from headgate.core.faults import Faulty
from headgate.core.ledger.text import is_name
from headgate.core.policy.primitives import Positive
from headgate.core.supports.kind import Section
from headgate.readers.evaluations.findings import Code
from headgate.readers.evaluations.run import Wanted
from headgate.readers.sections import at, read_tree, sections

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


def _named(text: str) -> str:
    if not is_name(text):
        raise ValueError(f"{text[:40]!r} is no name")
    return text


def _inside(file: str) -> str:
    path = PurePosixPath(file)
    if path.is_absolute() or ".." in path.parts or "\\" in file or "\0" in file:
        raise ValueError(f"{file[:80]!r} leaves the folder")
    return file


def _listed(value: object) -> object:
    """One text, or a list of texts; a number is its digits."""
    listed = value if isinstance(value, list) else [value]
    return tuple(str(one) if type(one) is int else one for one in listed)


Name = Annotated[str, AfterValidator(_named)]
File = Annotated[str, AfterValidator(_inside)]
Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Kind = TypeVar("Kind")
Listed = Annotated[tuple[Kind, ...], BeforeValidator(_listed)]


class _Team(Section):
    models: Listed[str] = ()
    logs: Listed[File] = ()
    trained_until: date | None = None

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.logs and not self.models:
            raise ValueError("it has logs, and `models` does not say of which model")
        return self


class _Votes(Section):
    file: Annotated[Name, AfterValidator(_inside)]
    styles: Annotated[Name, AfterValidator(_inside)] | None = None


class _Task(Section):
    log_task: Name | None = None
    metric: Name | None = None
    filter: Name | None = None
    cluster: Name | None = None
    items: Positive | None = None

    def of(self, pillar: str, task: str) -> Wanted:
        """What it asks of the task's logs, which know the task by its own name if by no other."""
        name = self.log_task or task
        return Wanted(pillar, task, name, self.metric, self.filter, self.cluster, self.items)


class _Gate(Section):
    passed: bool
    remark: Name | None = None
    evidence: Listed[Digest] = ()
    replied: bool = False


class _File(Section):
    """The whole file: teams by name, tasks and votes by pillar and task, findings by gate."""

    teams: Annotated[Mapping[Name, _Team], Field(min_length=1)]
    tasks: Mapping[Name, Mapping[Name, _Task]] = {}
    votes: Mapping[Name, Mapping[Name, _Votes]] = {}
    gates: Mapping[Name, Mapping[Name, _Gate]] = {}


def read_manifest(path: Path) -> Manifest:
    """Read a manifest; raises `Faulty` with every fault of it."""
    wrong = Code.MANIFEST_WRONG
    tree = read_tree(path, wrong)
    file = sections(tree, _File, lambda one: wrong.at(one.node, f"{one.what}."))
    if strangers := [
        wrong.at(at(tree, "gates", gate, team), f"{team!r} is no team of this file.")
        for gate, by_team in file.gates.items()
        for team in by_team
        if team not in file.teams
    ]:
        raise Faulty(strangers)
    return Manifest(
        tuple(
            Team(name, one.models, one.logs, at(tree, "teams", name).line, one.trained_until)
            for name, one in file.teams.items()
        ),
        tuple(one.of(pillar, task) for pillar, task, one in _flat(file.tasks)),
        tuple(
            GateFinding(team, gate, one.passed, one.remark or "", one.evidence, one.replied)
            for gate, team, one in _flat(file.gates)
        ),
        tuple(
            VoteFile(pillar, task, one.file, one.styles, at(tree, "votes", pillar, task).line)
            for pillar, task, one in _flat(file.votes)
        ),
    )


def _flat(parts: Mapping[str, Mapping[str, Kind]]) -> Iterator[tuple[str, str, Kind]]:
    return ((first, second, one) for first, by in parts.items() for second, one in by.items())


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
