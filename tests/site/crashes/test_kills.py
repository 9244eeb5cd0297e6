"""Killed from outside at any moment of mixed work, the ledger is one of two, and goes on.

The work is a list made from a seed, so that its journal after every step is known from the pure
rules alone. A process does it until it is killed; another goes on from the last answer that came,
and asks again for what was not answered. The moment of a kill is nobody's choice; after a hundred
of them every class of moment must have occurred.
"""

from collections import Counter
from dataclasses import dataclass
from functools import cache
from random import Random
from signal import SIGKILL
from typing import Final

from headgate.core.ledger.entry import encode, transfer_entry
from headgate.core.ledger.frontier import Frontier
from headgate.core.ledger.post import Books, post_all
from headgate.core.ledger.transfer import Outcome
from headgate.cycle import begin, take
from headgate.readers.facts import Recorded
from tests.core.ledger.builders import CHART
from tests.site.actions.metered import facts
from tests.site.crashes.flows import WORKS, due
from tests.site.crashes.nursery import Nursery, Request, said
from tests.site.crashes.stage import Scene, Stage
from tests.site.crashes.state import kept_lines, public_checkpoint, reopened
from tests.site.crashes.test_points import verified
from tests.site.proof import never, record, times
from tests.whole.small import small

KILLS: Final = 50
"""For each database."""

KILLS_MOST: Final = 4 * KILLS
"""By when every class of moment must have occurred."""

SECONDS_MAX: Final = 0.3
"""The longest that a process is left alone."""

BEFORE, AFTER = "before the commit", "after the commit, before the answer"
CLASSES: Final = tuple(
    f"{kind}: {moment}" for kind in ("batch", "event", "publish") for moment in (BEFORE, AFTER)
)
"""What was under way, and how far it was: every one of them must be met.

Batches of each size are counted too, but a small one is over in a millisecond on a quiet machine,
and whether a kill finds it is chance.
"""

HEADS = tuple[tuple[int, bytes], ...]


@cache
def programme_heads() -> HEADS:
    """The small programme's journal after its beginning and after each event."""
    term = begin(small().term.document)
    heads = [(term.tree.size, term.root())]
    for event in due():
        term = take(term, Recorded(facts()), event)
        heads.append((term.tree.size, term.root()))
    return tuple(heads)


def heads_of(work: int, seed: int) -> HEADS:
    """The size and root of the journal before the work and after each step of it, in memory."""
    books, tree, events = Books(CHART), Frontier(), 0
    heads = [(0, tree.root())]
    for name, transfers in WORKS[work](seed):
        if name == "event":
            heads.append(programme_heads()[events])
            events += 1
            continue
        posted = post_all(books, transfers)
        assert {Outcome.CREATED} >= set(posted.outcomes)
        books = posted.books
        tree = tree.grown(encode(transfer_entry(transfer)) for transfer in transfers)
        heads.append((tree.size, tree.root()) if transfers else heads[-1])
    return tuple(heads)


@dataclass(frozen=True, slots=True)
class Life:
    """One ledger on which one list of work is done, however often its processes are killed."""

    scene: Scene
    work: int
    seed: int
    heads: HEADS
    nursery: Nursery

    def kill(self, number: int, random: Random) -> tuple[str, str] | None:
        """Let a process go on for a while and kill it: what was under way, and how far it was.

        None if the work came to its end. Whatever the process was told stands in the database, and
        at most one step that it was not told of.
        """
        told = len(said(self.scene.folder))
        arguments = {"work": self.work, "seed": self.seed, "start": told, "turn": number}
        request = Request("mixed", self.scene.address, str(self.scene.folder), "", arguments)
        ended = self.nursery.run(request, random.random() * SECONDS_MAX)
        steps = WORKS[self.work](self.seed)
        told = len(said(self.scene.folder))
        committed = self.look(told, steps[told][0] if told < len(steps) else "")
        assert ended in (-SIGKILL, 0)
        if told == len(steps):
            return None
        assert ended == -SIGKILL
        return steps[told][0], AFTER if committed else BEFORE

    def look(self, told: int, name: str) -> bool:
        """Open the ledger again: whether the step after those that were told is done."""
        database = reopened(self.scene.address)
        lines = kept_lines(database)
        database.connection.close()
        found = (len(lines), Frontier().grown(lines).root())
        public = public_checkpoint(self.scene.folder, lines)
        assert found in self.heads[told : told + 2]
        published = [
            n for n, step in enumerate(WORKS[self.work](self.seed)) if step[0] == "publish"
        ]
        seen = [self.heads[n][0] for n in published if n < told]
        assert (public.size if public else 0) >= max(seen, default=0)
        if name == "publish":
            return public is not None and public.size == len(lines)
        return found != self.heads[told]


def lives(stage: Stage, nursery: Nursery, kills: int, kills_most: int) -> Counter[str]:
    """Live one life after another until there were kills enough of every class."""
    counts, seed = Counter[str](), 0
    while counts["kills"] < (kills_most if never(counts, CLASSES) else kills):
        with stage.scene("keys") as scene:
            work = seed % len(WORKS)
            life = Life(scene, work, seed, heads_of(work, seed), nursery)
            while met := life.kill(counts["kills"], Random(f"{seed} {counts['kills']}")):
                name, moment = met
                counts.update(("kills", name, f"{name.split(' of ')[0]}: {moment}"))
            lines = kept_lines(reopened(scene.address))
            assert life.heads[-1] == (len(lines), Frontier().grown(lines).root())
            verified(scene)
        seed += 1
    return counts + Counter({"lives, from the seeds 0, 1, ...": seed})


def test_killed_at_random(stage: Stage, nursery: Nursery) -> None:
    """Nothing that was answered is lost, nothing is doubled, and the end is the pure rules' end."""
    counts = lives(stage, nursery, KILLS * times(), KILLS_MOST * times())
    record(f"Random kills, {type(stage).__name__}", counts)
    assert [] == never(counts, CLASSES)
