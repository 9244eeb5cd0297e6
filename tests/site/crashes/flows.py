"""What a child of the nursery does: every flow that writes, each so that it can be run again.

Whoever was not answered asks again, so a flow begins by looking at how far it came; where the
action itself is idempotent, it simply asks.
"""

import gc
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial
from importlib import import_module
from itertools import islice
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Final

from headgate.core.ledger.correct import Correction
from headgate.core.ledger.entry import Kind, as_transfer
from headgate.core.ledger.transfer import Transfer
from headgate.journal import keys
from headgate.readers.facts import Recorded, read_events
from headgate.site.actions.correct import correct
from headgate.site.actions.post import post
from headgate.site.actions.publish import publish
from headgate.site.actions.take import begin_programme, take_event
from headgate.site.actions.usage import import_usage
from headgate.site.publication import publish_bundle
from headgate.site.records.database import Database, create, opened, set_up
from headgate.site.records.journal import head
from headgate.site.records.kept import events
from headgate.steps.agenda import agenda
from headgate.steps.event import Event, What
from tests.core.ledger.builders import CHART, grant, reserve, settle, use
from tests.site.actions.metered import DAY, facts, rows, usage_file
from tests.whole.small import pages, small

ORIGIN: Final = "example.org/headgate"
PART_ROWS, PARTS = 30, 4
BATCH: Final = 1_000
SIZES: Final = {1: 12, 7: 8, 500: 3}
"""Transfers in the batches of mixed work, and how many there are of each."""

PUBLICATIONS: Final = 4

Say = Callable[..., None]
Flow = Callable[..., None]


def prepare() -> None:
    """Do once in one process what each child would else do again: load, parse, compile."""
    set_up()
    import_module("django.db.backends.postgresql.base")
    with TemporaryDirectory() as folder:
        database = opened(f"sqlite:///{folder}/ledger.db")
        create(database)
        begin(database, Path(folder), lambda: None)
        for number in range(len(due())):
            event(number, database, Path(folder), lambda: None)
        publishing(database, Path(folder), lambda: None)
        database.connection.close()
    gc.freeze()


def due() -> Sequence[Event]:
    """The events of the small programme, in order."""
    return agenda(small().term.document)


def batch(size: int, word: str) -> list[Transfer]:
    """So many transfers of one award, which can pay for all of them."""
    return [grant(size, id=word), *(use(1, id=f"{word}/{n}") for n in range(1, size))]


def linked() -> list[Transfer]:
    """A grant, a reservation that it pays for and what was used of it."""
    return [grant(50, id="more"), reserve(40, id="held"), settle(30, id="used", pending="held")]


def posting(
    transfers: Sequence[Transfer], database: Database, _: Path, say: Say, *, linked: bool = False
) -> None:
    """Post; what is there already moves nothing."""
    post(database, CHART, transfers, linked=linked)
    say()


def begin(database: Database, _: Path, say: Say) -> None:
    """Begin the small programme, unless it has begun."""
    if head(database).size == 0:
        begin_programme(database, small().term.document)
    say()


def event(number: int, database: Database, _: Path, say: Say) -> None:
    """Take the event of that number on the calendar, unless it was taken."""
    if number == taken(database):
        take_event(database, Recorded(facts()), due()[number])
    say()


def taken(database: Database) -> int:
    """How many events of the calendar have happened."""
    return sum(not event.at_will for event in read_events("events", events(database)))


def correction() -> Correction:
    """Half of what was first metered was not used."""
    moved = (as_transfer(e) for e in small().term.entries if e.kind is Kind.TRANSFER)
    wrong = next(transfer for transfer in moved if transfer.id.startswith("use:"))
    return Correction(wrong.id, 1, "the meter counted twice")


def correcting(database: Database, _: Path, say: Say) -> None:
    """Correct what was metered wrongly, unless that was done."""
    done = read_events("events", events(database))
    if all(event.what is not What.CORRECT for event in done):
        correct(database, "meter-fault", [correction()], date(2026, 4, 2))
    say()


def importing(database: Database, folder: Path, say: Say) -> None:
    """Import a file of use in parts; those that are in are passed over."""
    file = usage_file(folder, rows(PART_ROWS * PARTS))
    import_usage(database, file, DAY, lambda _: say(), PART_ROWS)


def publishing(database: Database, folder: Path, say: Say) -> None:
    """Publish, with keys that are made on the first start."""
    if not (folder / "ring/1").exists():
        keys.create(folder / "ring", ORIGIN)
    publish(database, folder / "public", folder / "ring")
    say()


def rotating(database: Database, folder: Path, say: Say) -> None:
    """Change the keys, unless that was begun, and publish."""
    if len(keys.load(folder / "ring").keys.pairs) == 1:
        keys.rotate(folder / "ring")
    publishing(database, folder, say)


def bundling(database: Database, folder: Path, say: Say) -> None:
    """Publish the bundle of a finished term, and then the journal, which it made longer."""
    if not (folder / "out/journal/checkpoint").exists():
        publish_bundle(database, folder / "ring", folder / "out", {}, pages)
    publishing(database, folder, say)


def kinds() -> Mapping[str, int]:
    """The first event of each kind, by number."""
    numbered = {event.what: number for number, event in reversed(list(enumerate(due())))}
    return {what.value: number for what, number in numbered.items()}


def plan(seed: int) -> list[tuple[str, list[Transfer]]]:
    """Mixed work on a ledger without a programme: batches of three sizes, and publishing."""
    sizes = [0] * PUBLICATIONS + [size for size, often in SIZES.items() for _ in range(often)]
    Random(seed).shuffle(sizes)
    return [
        (f"batch of {size}" if size else "publish", batch(size, f"{seed}-{n}") if size else [])
        for n, size in enumerate((1, *sizes))
    ]


def calendar(seed: int) -> list[tuple[str, list[Transfer]]]:
    """Mixed work on the small programme: its beginning, its events, and publishing between them."""
    random = Random(seed)
    names = ["event"]
    for _ in due():
        names += ["event", *["publish"] * (random.random() < 0.3)]
    return [(name, []) for name in names]


WORKS: Final = (plan, calendar)
"""What is done in one life after another."""


def mixed(
    database: Database, folder: Path, say: Say, *, work: int, seed: int, start: int, turn: int
) -> None:
    """Go on with mixed work; an answer takes up to as long on its way as the work took."""
    random = Random(f"{seed} {turn}")
    told = enumerate(WORKS[work](seed))
    for number, (name, transfers) in islice(told, start, None):
        began = time.monotonic()
        if transfers:
            post(database, CHART, transfers)
        elif name == "publish":
            publish(database, folder / "public", folder / "ring")
        else:
            step = sum(other == "event" for other, _ in calendar(seed)[:number])
            step_of_programme(database, step)
        time.sleep(random.random() * (time.monotonic() - began))
        say(name)


def step_of_programme(database: Database, step: int) -> None:
    """Begin the small programme, or take the event of that step, unless it was done."""
    if step == 0:
        begin(database, Path(), lambda: None)
    else:
        event(step - 1, database, Path(), lambda: None)


FLOWS: Final[Mapping[str, Flow]] = {
    "post one": partial(posting, [use(1, id="one")]),
    "post linked": partial(posting, linked(), linked=True),
    f"post {BATCH:,}": partial(posting, batch(BATCH, "many")),
    "begin a programme": begin,
    **{f"event: {what}": partial(event, number) for what, number in kinds().items()},
    "event: correct": correcting,
    "import use": importing,
    "first start": publishing,
    "publish": publishing,
    "publish growth": publishing,
    "change keys": rotating,
    "bundle": bundling,
    "mixed": mixed,
}
