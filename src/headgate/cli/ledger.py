"""The commands on a kept ledger: `headgate ledger create | rehearse | meter | ...`."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from headgate.cli.shared import (
    EvidenceOption,
    OverlayOption,
    SeedOption,
    TermsOption,
    TraceOption,
    UsageOption,
    database_at,
    fault,
    ledger_at,
    mendable,
    say,
    steps,
    written,
)

if TYPE_CHECKING:
    from headgate.journal.keys import Ring
    from headgate.site.records.database import Database

ledger = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Keep a programme in a database."
)

AddressArgument = Annotated[
    str, typer.Argument(help="sqlite:///file.db or postgresql://user@host/name.")
]
DatabaseOption = Annotated[
    str, typer.Option("--database", envvar="HEADGATE_DATABASE", help="The ledger's address.")
]
KeysOption = Annotated[
    Path, typer.Option("--keys", envvar="HEADGATE_KEYS", help="The folder of the journal's keys.")
]
DayOption = Annotated[
    datetime, typer.Option("--on", formats=["%Y-%m-%d"], help="The day, as of its beginning (UTC).")
]


@ledger.command()
def create(
    address: AddressArgument,
    keys: Annotated[
        Path | None, typer.Option(envvar="HEADGATE_KEYS", help="Make the keys in this folder.")
    ] = None,
    origin: Annotated[
        str | None, typer.Option(help="The name that the journal signs with, for ever.")
    ] = None,
) -> None:
    """Make the tables with their guards, and the keys of the journal."""
    with mendable("ledger create"), database_at(address) as database:
        from headgate.journal.keys import create as create_ring
        from headgate.site.records.database import create as create_tables

        if origin is not None and keys is None:
            mend = "Say in which folder: --keys FOLDER."
            raise fault("--origin", "keys-unnamed", "the keys have a name but no folder", mend)
        ring = _ring(keys, origin) if keys is not None else None
        create_tables(database)
        say("the ledger is there, and every guard with it")
        if keys is not None:
            for key in (ring or create_ring(keys, origin or "")).keys.listed:
                say(f"signs as {key.pin()}")


def _ring(folder: Path, origin: str | None) -> "Ring | None":
    """The keys that are there, or None where they can be made under that name."""
    from headgate.core.ledger.checkpoint import NoteRefusal, is_key_name
    from headgate.core.ledger.refused import Refused
    from headgate.journal.keys import RingRefusal, load

    try:
        ring = load(folder)
    except Refused as error:
        if error.reason is not RingRefusal.RING_MISSING:
            raise
        if origin is None:
            mend = "Name the journal as the programme's own address: --origin example.org/log."
            raise fault("--origin", "origin-missing", "new keys need a name", mend) from None
        if not is_key_name(origin):
            raise Refused(NoteRefusal.NAME_BAD, repr(origin[:80])) from None
        return None
    if origin is not None and ring.keys.origin != origin:
        what = f"the keys in {folder} are of {ring.keys.origin}"
        raise fault("--origin", "origin-other", what, "Name that origin, or another folder.")
    return ring


@ledger.command()
def rehearse(
    address: AddressArgument,
    programme: Annotated[
        str, typer.Option(help="A programme's folder, or its name.")
    ] = "korea-2025",
    overlay: OverlayOption = None,
    trace: TraceOption = None,
    usage: UsageOption = None,
    evidence: EvidenceOption = None,
    seed: SeedOption = "headgate",
    terms: TermsOption = 1,
) -> None:
    """Take a programme through whole terms in the database, with a simulated world.

    Killed, the same command goes on from where it was.
    """
    with mendable("ledger rehearse"), steps() as progress, ledger_at(address) as database:
        from functools import partial

        from headgate.demo import Choices
        from headgate.demo import rehearse as rehearse_programme
        from headgate.site.actions.take import rehearse as rehearse_kept

        choices = Choices(tuple(overlay or ()), trace, usage, evidence, seed, terms=terms)
        rehearse_programme(programme, choices, progress, partial(rehearse_kept, database))
        _tell_standing(database)


@ledger.command()
def meter(
    file: Annotated[Path, typer.Argument(help="Metered rows as a CSV file, of any size.")],
    on: DayOption,
    database: DatabaseOption,
) -> None:
    """Import use. Every fault of the file at once, or all its rows; killed, run it again."""
    with mendable(f"ledger meter {file}"), steps() as progress, ledger_at(database) as kept:
        from headgate.site.actions.usage import import_usage

        imported = import_usage(kept, file, on.date(), progress)
        if not imported.taken:
            say(f"nothing to do: the {imported.rows:,} rows of {file.name} are in")
            return
        say(f"{imported.taken:,} of {imported.rows:,} rows taken")
        for name, count in {**imported.counts, **imported.findings}.items():
            say(f"{count:>12,}  {name}")


@ledger.command()
def correct(
    transfer: Annotated[str, typer.Argument(help="The id of the transfer that was wrong.")],
    amount: Annotated[int, typer.Argument(help="How much of it is taken back, in its unit.")],
    because: Annotated[str, typer.Option(help="Why: a finding or a decision, never a person.")],
    on: DayOption,
    database: DatabaseOption,
    name: Annotated[
        str | None, typer.Option(help="The correction's name; made of what it says if not given.")
    ] = None,
) -> None:
    """Take back what a transfer moved, or a part of it, by a new transfer that says why."""
    with mendable("ledger correct"), ledger_at(database) as kept:
        from headgate.core import canonical
        from headgate.core.ledger.correct import Correction
        from headgate.site.actions.correct import correct as correct_kept

        correction = Correction(transfer, amount, because)
        named = name or f"c-{canonical.digest(canonical.line(correction))[:16]}"
        posted = correct_kept(kept, named, [correction], on.date())
        if not posted:
            say("this very correction is in already: nothing to do")
        for moved in posted:
            say(f"{moved.id}: {moved.amount:,} {moved.unit} from {moved.debit} to {moved.credit}")


@ledger.command()
def hear(
    round_id: Annotated[str, typer.Argument(metavar="ROUND", help="A round that was closed.")],
    name: Annotated[str, typer.Argument(help="A hearing of the folder's round.yaml, by name.")],
    evidence: Annotated[Path, typer.Option(help="The folder that round.yaml lies in.")],
    database: DatabaseOption,
) -> None:
    """Hear a round again: an objection upheld, further items, a lot, a wildcard's votes."""
    with mendable("ledger hear"), ledger_at(database) as kept:
        from headgate.readers.evaluations.round_file import read_round_file
        from headgate.site.actions.rounds import hear as hear_kept

        named = {one.name: one for one in read_round_file(evidence, round_id).hearings}
        if name not in named:
            told = ", ".join(named) or "none"
            mend = "Write it under `hearings`, or name one that is there."
            raise fault(str(evidence), "hearing-unknown", f"the hearings are: {told}", mend)
        for each in hear_kept(kept, named[name].hearing, name, named[name].on):
            say(f"{each.team}: {each.decision.value}, {each.reason.value}")


@ledger.command(name="round")
def take_round(
    round_id: Annotated[str, typer.Argument(metavar="ROUND", help="The round that is due.")],
    evidence: Annotated[Path, typer.Option(help="The folder of evidence, with round.yaml.")],
    database: DatabaseOption,
) -> None:
    """Take what is due of a round: its freeze, its decision, or its lot."""
    with mendable("ledger round"), ledger_at(database) as kept:
        from headgate.site.actions.rounds import take_round as take_kept

        event, decisions = take_kept(kept, round_id, evidence)
        say(f"{event} on {event.day}")
        for each in decisions:
            say(f"{each.team}: {each.decision.value}, {each.reason.value}")


@ledger.command()
def publish(
    folder: Annotated[Path, typer.Argument(help="The folder that a web server hands out.")],
    keys: KeysOption,
    database: DatabaseOption,
) -> None:
    """Bring the public journal to where the ledger stands, signed by every key that must sign."""
    with mendable("ledger publish"), ledger_at(database) as kept:
        from headgate.site.actions.publish import publish as publish_journal

        note = publish_journal(kept, folder, keys)
        say(note.decode().partition("\n\n")[0])


@ledger.command()
def prove(
    entry: Annotated[
        str, typer.Argument(help="A transfer's id, a decision's subject, or an entry's number.")
    ],
    journal: Annotated[Path, typer.Option(help="The folder that `publish` brought up to date.")],
    keys: KeysOption,
    database: DatabaseOption,
    out: Annotated[
        Path, typer.Option(help="The file of the proof, to be given with a letter.")
    ] = Path("entry.tlog-proof"),
) -> None:
    """Prove that an entry stands under the published checkpoint, in one file for its holder."""
    with mendable("ledger prove"), ledger_at(database) as kept:
        from headgate.journal.keys import load
        from headgate.site.actions.publish import prove as prove_entry

        proof = prove_entry(kept, journal, load(keys).keys, entry)
        with written(out) as file:
            file.write(proof)
        say(f"check    headgate verify {out} --journal URL")


@ledger.command()
def keys(
    folder: KeysOption,
    rotate: Annotated[
        bool, typer.Option("--rotate", help="Make new keys; the next `publish` hands over to them.")
    ] = False,
) -> None:
    """Say which keys sign, oldest first, or make new ones."""
    with mendable("ledger keys"):
        from headgate.journal.keys import load
        from headgate.journal.keys import rotate as rotate_ring

        ring = rotate_ring(folder) if rotate else load(folder)
        for number, pair in enumerate(ring.keys.pairs, start=1):
            for key in pair:
                word = "signs as" if key in ring.keys.signing else "signed as"
                say(f"{number}  {word} {key.pin()}")
        if ring.keys.retiring:
            say("both pairs sign the next checkpoint: headgate ledger publish FOLDER")


@ledger.command()
def bundle(
    folder: Annotated[Path, typer.Argument(help="The folder of the public bundle.")],
    keys: KeysOption,
    database: DatabaseOption,
    programme: Annotated[
        str | None, typer.Option(help="Whose published data files are shown beside the decisions.")
    ] = None,
) -> None:
    """Publish what a stranger needs to derive every decision of every term so far again."""
    with mendable("ledger bundle"), steps() as progress, ledger_at(database) as kept:
        from headgate.readers.programmes import data_files, find
        from headgate.report.pages import pages
        from headgate.site.publication import publish_bundle

        data = data_files(find(programme)) if programme is not None else {}
        publish_bundle(kept, keys, folder, data, pages, progress)
        say(f"check    headgate verify {folder}")


@ledger.command()
def status(database: DatabaseOption) -> None:
    """Where the journal and the programme stand."""
    with mendable("ledger status"), ledger_at(database) as kept:
        _tell_standing(kept)


def _tell_standing(database: "Database") -> None:
    from headgate.site.status import status_lines

    for line in status_lines(database):
        say(line)
