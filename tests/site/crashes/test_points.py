"""Killed at every named moment of every flow, nothing is lost, doubled or half there.

SIGKILL ends a process as a crash of it does; what the disk does when the power goes is the
database's own promise, which `synchronous` and `fsync` ask for.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL
from typing import Final

import pytest

from headgate.core.ledger.tree import root
from headgate.journal import keys
from headgate.journal.points import Point
from headgate.site.verifying import verify_database
from tests.site.agents.test_real import METERING, STARTING
from tests.site.crashes.flows import BATCH, FLOWS, kinds
from tests.site.crashes.nursery import NEVER, Nursery, Request, said, visits
from tests.site.crashes.stage import CORRECTABLE, IMPORTABLE, TERM, Scene, Stage
from tests.site.crashes.state import (
    fingerprint,
    kept_lines,
    public_checkpoint,
    public_files,
    reopened,
)
from tests.site.proof import never, record

BEFORE: Final[Mapping[str, str]] = {
    "post one": "published",
    "post linked": "published",
    f"post {BATCH:,}": "published",
    "begin a programme": "empty",
    **{f"event: {what}": f"before event {number}" for what, number in kinds().items()},
    "event: correct": CORRECTABLE,
    "import use": IMPORTABLE,
    "first start": "ledger",
    "publish": "ledger and keys",
    "publish growth": "grown",
    "change keys": "grown",
    "bundle": TERM,
}
"""The scene before each flow."""

TRANSACTION: Final = {Point.BEGUN, Point.LOCKED, Point.COMMITTED}
POSTING: Final = {*TRANSACTION, Point.JUDGED, Point.LEGS_WRITTEN, Point.ENTRIES_WRITTEN}
TAKING: Final = {*POSTING, Point.STATE_WRITTEN}
FILES: Final = {Point.DRAFT_WRITTEN, Point.FILE_WRITTEN}
PUBLISHING: Final = {*TRANSACTION, *FILES, Point.TILES_WRITTEN, Point.SEALED, Point.PUBLISHED}

REACHED: Final[Mapping[str, set[Point]]] = {
    **dict.fromkeys(BEFORE, TAKING),
    "post one": POSTING,
    "post linked": POSTING,
    f"post {BATCH:,}": POSTING,
    "first start": {*PUBLISHING, Point.RING_DRAFTED},
    "publish": PUBLISHING,
    "publish growth": {*PUBLISHING, Point.TILES_CLEARED},
    "change keys": {
        *PUBLISHING,
        *(Point.TILES_CLEARED, Point.RING_DRAFTED, Point.ROTATION_BEGUN, Point.SEED_DESTROYED),
    },
    "bundle": {*PUBLISHING, Point.LEGS_WRITTEN, Point.ENTRIES_WRITTEN},
}
"""The points that each flow comes to: who places a new one, or drops one, says so here."""

LAST_TOO: Final = {"import use", "publish growth", "change keys"}
"""The flows in which the last visit of a point is another moment than the first."""

OUTSIDE: Final = {Point.NOTE_SEEN, Point.KEYS_TRUSTED, Point.NOTE_ACCEPTED}
"""The points of a witness, who has no database; tests/journal/test_witness.py kills him there."""

AGENTS: Final = {
    *(Point.LIST_FOLLOWED, Point.PLAN_INTENDED, Point.PLAN_APPLIED, Point.USE_KEPT),
    *(Point.REPORT_KEPT, Point.USE_SENT, Point.REPORT_SENT),
}
"""The points of a site's agent; tests/site/agents/test_real.py kills it there."""

CLASSES: Final = ("before the commit", "after the commit")


@dataclass(frozen=True, slots=True)
class Survey:
    """A flow that nothing stopped: what the database held at first and after each commit."""

    visits: Mapping[Point, int]
    states: tuple[str, ...]
    root: bytes
    public: Mapping[str, bytes]

    def moments(self, *, last: bool) -> Iterator[tuple[Point, int]]:
        """Every point at its first visit, and where that is wanted at its last."""
        for point, count in self.visits.items():
            yield from ((point, visit) for visit in sorted({1, count if last else 1}))


def survey(stage: Stage, nursery: Nursery, flow: str) -> Survey:
    """Let a flow come to its end; where it began and where it ended, all verifies."""
    with stage.scene(BEFORE[flow]) as scene:
        verified(scene)
        crash = f"{Point.BEGUN.name}:{NEVER}"
        assert 0 == nursery.run(Request(flow, scene.address, str(scene.folder), crash))
        lines = kept_lines(reopened(scene.address))
        public_checkpoint(scene.folder, lines)
        verified(scene)
        told, visited = said(scene.folder), visits(scene.folder)
        public = public_files(scene.folder)
    if visited[Point.COMMITTED] >= len(told):
        between = [committed(stage, nursery, flow, n) for n in range(1, visited[Point.COMMITTED])]
        told = [told[0], *between, *told[1:]]
    return Survey(visited, tuple(told), root(lines), public)


def committed(stage: Stage, nursery: Nursery, flow: str, number: int) -> str:
    """The state after a commit that a flow is not told of; all verifies there too."""
    with stage.scene(BEFORE[flow]) as scene:
        crash = f"{Point.COMMITTED.name}:{number}"
        assert -SIGKILL == nursery.run(Request(flow, scene.address, str(scene.folder), crash))
        verified(scene)
        return fingerprint(reopened(scene.address))


def verified(scene: Scene) -> None:
    """Nothing is wrong with the database, nor with what was published of it."""
    note, ring = scene.folder / "public/checkpoint", scene.folder / "ring"
    notes = [note.read_bytes()] if note.exists() else []
    held = keys.load(ring).keys if ring.exists() else None
    database = reopened(scene.address)
    assert () == verify_database(database, notes=notes, keys=held).faults
    database.connection.close()


def killed(nursery: Nursery, scene: Scene, flow: str, crash: str, found: Survey) -> str:
    """Kill a flow at a moment, look, and run it again to its end; what the kill came before."""
    request = Request(flow, scene.address, str(scene.folder), crash)
    assert -SIGKILL == nursery.run(request)
    database, told = reopened(scene.address), len(said(scene.folder))
    state = fingerprint(database)
    assert state in found.states[told:]
    where = CLASSES[0] if state == found.states[told] else CLASSES[1]
    public_checkpoint(scene.folder, kept_lines(database))
    database.connection.close()

    assert 0 == nursery.run(Request(flow, scene.address, str(scene.folder)))
    database = reopened(scene.address)
    lines = kept_lines(database)
    assert (found.root, found.states[-1]) == (root(lines), fingerprint(database))
    public_checkpoint(scene.folder, lines)
    assert found.public == public_files(scene.folder)
    return where


def crash_everywhere(stage: Stage, nursery: Nursery, flow: str) -> Counter[str]:
    """Kill a flow at each of its moments, each on a scene of its own."""
    found, counts = survey(stage, nursery, flow), Counter[str]()
    assert REACHED[flow] == set(found.visits)
    for point, visit in found.moments(last=flow in LAST_TOO):
        with stage.scene(BEFORE[flow]) as scene:
            counts[killed(nursery, scene, flow, f"{point.name}:{visit}", found)] += 1
            counts[point.name] += 1
    return counts


@pytest.mark.parametrize("flow", BEFORE)
def test_killed_at_every_moment(flow: str, stage: Stage, nursery: Nursery) -> None:
    """The database is as before the action or as after it, and asking again ends the same."""
    counts = crash_everywhere(stage, nursery, flow)
    record(f"Crash points, {flow}, {type(stage).__name__}", counts)
    assert [] == never(counts, CLASSES)


@pytest.mark.parametrize("flow", ["post linked", "event: decide call", "publish growth"])
def test_killed_where_every_commit_goes_to_the_disk(
    flow: str, durable_stage: Stage, nursery: Nursery
) -> None:
    """The same on a PostgreSQL as it is run in earnest."""
    counts = crash_everywhere(durable_stage, nursery, flow)
    record(f"Crash points, {flow}, durable", counts)
    assert [] == never(counts, CLASSES)


def test_every_flow_and_every_point_is_killed_somewhere() -> None:
    """A point or a flow that is new is placed here, or the run is red."""
    assert {*FLOWS} == {*BEFORE, "mixed"}
    assert set(BEFORE) == set(REACHED)
    assert set(Point) == set().union(OUTSIDE, AGENTS, *REACHED.values())
    assert not (OUTSIDE | AGENTS) & set().union(*REACHED.values())
    witness = (Path(__file__).parents[2] / "journal/test_witness.py").read_text(encoding="utf-8")
    assert [] == [point for point in OUTSIDE if f"Point.{point.name}," not in witness]
    assert {*STARTING, *METERING} == AGENTS
