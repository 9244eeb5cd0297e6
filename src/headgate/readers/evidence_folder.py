"""A folder of evidence for a round: CSV files by pillar, logs of evaluation tools by a manifest, or
a public benchmark that stands in.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from headgate.core.evaluation.evidence import Evidence, ItemScore, Rating, Vote
from headgate.core.faults import Fault, Faulty
from headgate.core.policy.schema import PillarKind, Round
from headgate.readers.evaluations.findings import Code
from headgate.readers.evaluations.logs import Logs, read_logs
from headgate.readers.evaluations.manifest import MANIFEST, Manifest, read_manifest
from headgate.readers.evidence_csv import (
    Benchmark,
    read_items,
    read_livecodebench,
    read_ratings,
    read_votes,
)
from headgate.readers.vote_files import Asked, read_bytes, read_styles, read_vote_file
from headgate.steps.notes import Note, NoteCode, note

BENCHMARK = "execution.csv"
Row = TypeVar("Row", ItemScore, Rating, Vote)


@dataclass(frozen=True, slots=True)
class Folder:
    """Evidence as it lies in a folder: files by pillar, or one public benchmark."""

    path: Path
    files: Mapping[str, bytes]
    benchmark: Benchmark | None
    manifest: Manifest | None = None
    logs: Logs = field(default_factory=Logs)

    def evidence(
        self, evaluation: Round, teams: Sequence[str], tasks: Mapping[str, Sequence[str]]
    ) -> tuple[Evidence, tuple[Note, ...]]:
        """The evidence for those pillars of a round that the folder has, and what must be said of
        it.

        A public benchmark stands in for the first pillar of items. Raises Faulty with every fault.
        """
        pillars = {pillar.id: pillar.kind for pillar in evaluation.pillars}
        if self.benchmark is not None:
            name = next((p for p, kind in pillars.items() if kind is PillarKind.ITEMS), "")
            if not name:
                what = "The round has no pillar of items for which a benchmark could stand in."
                mend = "Put the evidence there as one file for each pillar."
                raise Faulty([Fault(str(self.path), 0, 0, "evidence-unused", what, mend)])
            items = {name: self.benchmark.stand_in(teams, tasks[name])}
            return Evidence(items), self.benchmark.notes(len(teams))
        if faults := tuple(self._strays(pillars, tasks)):
            raise Faulty(faults)
        items, ratings = self.logs.items(), dict[str, tuple[Rating, ...]]()
        votes: dict[str, tuple[Vote, ...]] = {}
        for pillar in evaluation.pillars:
            name, data = pillar.id, self.files.get(pillar.id)
            if pillar.kind is PillarKind.VOTES and (read := self._votes(name, pillar.style)):
                votes[name] = read
            if data is None:
                continue
            if pillar.kind is PillarKind.ITEMS:
                items[name] = (*items.get(name, ()), *read_items(data, f"{name}.csv"))
            elif pillar.kind is PillarKind.VOTES:
                own = read_votes(data, f"{name}.csv", pillar.style)
                votes[name] = (*votes.get(name, ()), *own)
            else:
                ratings[name] = read_ratings(data, f"{name}.csv")
        named = self.manifest is not None and {t.name for t in self.manifest.teams} == set(teams)
        items = {name: rows for name, rows in items.items() if name in pillars}
        given = Evidence(items, ratings, votes)
        found = given if named else _renamed(given, teams)
        return found, tuple(self._notes({*items, *ratings, *votes}))

    def _votes(self, pillar: str, styles: Sequence[str]) -> tuple[Vote, ...]:
        """The votes of the files that the manifest names for a pillar; raises `Faulty`."""
        if self.manifest is None:
            return ()
        found: list[Vote] = []
        for one in (one for one in self.manifest.votes if one.pillar == pillar):
            path, table = self.path / one.file, dict[tuple[str, str], Mapping[str, int]]()
            for file in (one.file, one.styles):
                if file and not (self.path / file).resolve().is_relative_to(self.path.resolve()):
                    what = f"{file[:80]!r} lies outside of the folder."
                    raise Faulty([Code.LOG_OUTSIDE.of(MANIFEST, what, one.line)])
            if one.styles:
                data = read_bytes(self.path / one.styles, one.styles)
                table.update(read_styles(data, one.styles, styles))
            asked = Asked(one.task, styles, self.manifest.team_of(), table)
            found += read_vote_file(path, one.file, asked)
        return tuple(found)

    def _notes(self, pillars: Iterable[str]) -> Iterator[Note]:
        """What a reader of the results must be told."""
        if used := ", ".join(sorted(pillars)):
            yield note(NoteCode.EVIDENCE_FILES, pillars=used)
        if flags := self.logs.flags:
            codes = ", ".join(sorted({flag.code for flag in flags}))
            yield note(NoteCode.EVIDENCE_FLAGGED, count=len(flags), codes=codes)

    def _strays(
        self, pillars: Mapping[str, PillarKind], tasks: Mapping[str, Sequence[str]]
    ) -> Iterator[Fault]:
        """What a manifest asks logs for and the round does not know."""
        votes = self.manifest.votes if self.manifest else ()
        for vote in (vote for vote in votes if vote.pillar in pillars):
            kind = pillars[vote.pillar]
            if kind is not PillarKind.VOTES or vote.task not in tasks[vote.pillar]:
                what = f"The pillar {vote.pillar!r} has no task {vote.task!r} of votes."
                mend = "Name a task of the policy under `votes`."
                yield Fault(MANIFEST, vote.line, 0, "evidence-unused", what, mend)
        for one in self.manifest.wanted if self.manifest else ():
            if one.pillar not in pillars:
                continue
            if pillars[one.pillar] is not PillarKind.ITEMS or one.task not in tasks[one.pillar]:
                what = f"The pillar {one.pillar!r} has no task {one.task!r} of items."
                mend = "Name a task of the policy under `tasks`."
                yield Fault(MANIFEST, 0, 0, "evidence-unused", what, mend)


def read_folder(path: Path, pillars: Iterable[str]) -> Folder:
    """Read `<pillar>.csv` files, or the public benchmark's; raises Faulty where there are none."""
    pillars = tuple(pillars)
    if not pillars:
        what, mend = "The policy has no round that evidence could be for.", "Leave the folder out."
        raise Faulty([Fault(str(path), 0, 0, "evidence-unused", what, mend)])
    manifest = read_manifest(path / MANIFEST) if (path / MANIFEST).is_file() else None
    if manifest is None and (path / BENCHMARK).is_file():
        data = (path / BENCHMARK).read_bytes()
        return Folder(path, {}, read_livecodebench(data, BENCHMARK))
    files = {name: path / f"{name}.csv" for name in pillars}
    found = {name: file.read_bytes() for name, file in files.items() if file.is_file()}
    wanted = set[str]() if manifest is None else manifest.pillars()
    if strays := sorted(wanted - set(pillars)):
        what = f"No round of the policy has the pillar {', '.join(strays)}."
        mend = "Name a pillar of the policy under `tasks`."
        raise Faulty([Fault(MANIFEST, 0, 0, "evidence-unused", what, mend)])
    if not found and not wanted:
        what = "The folder has no evidence for any pillar of the round."
        mend = f"Put {MANIFEST}, {', '.join(f'{name}.csv' for name in files)} or {BENCHMARK} there."
        raise Faulty([Fault(str(path), 0, 0, "evidence-missing", what, mend)])
    logs = Logs() if manifest is None else read_logs(path, manifest)
    return Folder(path, found, None, manifest, logs)


def _renamed(evidence: Evidence, teams: Sequence[str]) -> Evidence:
    """Each pillar under the teams' names: as it is, or, where all differ, in sorted order."""
    return Evidence(
        {name: _under(rows, teams, ("team",)) for name, rows in evidence.items.items()},
        {name: _under(rows, teams, ("team",)) for name, rows in evidence.ratings.items()},
        {name: _under(rows, teams, ("first", "second")) for name, rows in evidence.votes.items()},
    )


def _under(rows: Sequence[Row], teams: Sequence[str], columns: Sequence[str]) -> tuple[Row, ...]:
    names = sorted({getattr(row, column) for row in rows for column in columns})
    if set(names) & set(teams) or len(names) != len(teams):
        return tuple(rows)
    team_of = dict(zip(names, sorted(teams), strict=True))
    return tuple(
        replace(row, **{column: team_of[getattr(row, column)] for column in columns})
        for row in rows
    )
