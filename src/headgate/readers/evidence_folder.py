"""A folder of evidence for a round: per-pillar CSV files, or a public benchmark that stands in."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from headgate.core.evaluation.evidence import Evidence, ItemScore, Rating
from headgate.core.faults import Fault, Faulty
from headgate.core.policy.schema import PillarKind, Round
from headgate.readers.evidence_csv import Benchmark, read_items, read_livecodebench, read_ratings
from headgate.steps.notes import Note, NoteCode, note

BENCHMARK = "execution.csv"
Row = TypeVar("Row", ItemScore, Rating)


@dataclass(frozen=True, slots=True)
class Folder:
    """Evidence as it lies in a folder: files by pillar, or one public benchmark."""

    path: Path
    files: Mapping[str, bytes]
    benchmark: Benchmark | None

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
        found = Evidence(
            {
                name: _renamed(read_items(self.files[name], f"{name}.csv"), teams)
                for name, kind in pillars.items()
                if kind is PillarKind.ITEMS and name in self.files
            },
            {
                name: _renamed(read_ratings(self.files[name], f"{name}.csv"), teams)
                for name, kind in pillars.items()
                if kind is not PillarKind.ITEMS and name in self.files
            },
        )
        used = ", ".join(sorted({*found.items, *found.ratings}))
        return found, (note(NoteCode.EVIDENCE_FILES, pillars=used),) if used else ()


def read_folder(path: Path, pillars: Iterable[str]) -> Folder:
    """Read `<pillar>.csv` files, or the public benchmark's; raises Faulty where there are none."""
    pillars = tuple(pillars)
    if not pillars:
        what, mend = "The policy has no round that evidence could be for.", "Leave the folder out."
        raise Faulty([Fault(str(path), 0, 0, "evidence-unused", what, mend)])
    if (path / BENCHMARK).is_file():
        data = (path / BENCHMARK).read_bytes()
        return Folder(path, {}, read_livecodebench(data, BENCHMARK))
    files = {name: path / f"{name}.csv" for name in pillars}
    found = {name: file.read_bytes() for name, file in files.items() if file.is_file()}
    if not found:
        what = "The folder has no evidence for any pillar of the round."
        mend = f"Put {', '.join(f'{name}.csv' for name in files)} or {BENCHMARK} there."
        raise Faulty([Fault(str(path), 0, 0, "evidence-missing", what, mend)])
    return Folder(path, found, None)


def _renamed(rows: Sequence[Row], teams: Sequence[str]) -> tuple[Row, ...]:
    """Rows under the teams' names: as they are, or, where all names differ, in sorted order."""
    names = sorted({row.team for row in rows})
    if set(names) & set(teams) or len(names) != len(teams):
        return tuple(rows)
    team_of = dict(zip(names, sorted(teams), strict=True))
    return tuple(replace(row, team=team_of[row.team]) for row in rows)
