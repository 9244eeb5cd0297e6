"""The commands of whoever does not take our word: verify what is given out, watch the journal."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from headgate.cli.shared import BAD_INPUT, complain, fault, ledger_at, mendable, say, steps

if TYPE_CHECKING:
    from headgate.bundle.verify import Verdict


def verify(
    target: Annotated[
        str, typer.Argument(help="A public bundle's folder, a ledger's address, or a .tlog-proof.")
    ],
    key: Annotated[
        list[str] | None,
        typer.Option(help="A key that must have signed, as the programme publishes it elsewhere."),
    ] = None,
    note: Annotated[
        list[Path] | None,
        typer.Option(help="A checkpoint kept elsewhere, to which a ledger must hold; repeat it."),
    ] = None,
    keys: Annotated[
        Path | None,
        typer.Option(envvar="HEADGATE_KEYS", help="The folder of keys that signed a ledger's own."),
    ] = None,
    journal: Annotated[
        str | None, typer.Option(help="Where the journal that a proof is of is published.")
    ] = None,
) -> None:
    """Derive every decision again and compare the bytes."""
    is_address = ":/" in target or target.startswith(("postgres//", "postgresql//", "sqlite//"))
    # An address may have a password in it, and what a command complains of is shown to others.
    with mendable("verify" if is_address else f"verify {target}"):
        if is_address:
            _verify_ledger(target, note or [], keys)
        elif target.endswith(".tlog-proof"):
            _verify_proof(Path(target), journal, key or [])
        else:
            _verify_bundle(Path(target), key or [])


def _verify_ledger(address: str, notes: list[Path], ring: Path | None) -> None:
    with steps() as progress, ledger_at(address) as database:
        from headgate.journal.keys import load
        from headgate.site.verifying import verify_database

        kept = [path.read_bytes() for path in notes]
        signing = load(ring).keys if ring is not None else None
        verdict = verify_database(database, progress, notes=kept, keys=signing)
    if verdict.faults:
        complain(verdict.faults, "the ledger is NOT what it says")
        raise typer.Exit(BAD_INPUT)
    _tell_decisions(verdict.decisions)
    say(f"{verdict.events:>8,}  events taken again")
    say(f"{verdict.transfers:>8,}  transfers posted again")
    say(f"{verdict.entries:>8,}  journal entries")
    say(f"{verdict.checkpoints:>8,}  checkpoints are heads of this journal")
    say(f"root {verdict.root}")


def _verify_proof(file: Path, journal: str | None, pins: list[str]) -> None:
    from headgate.core.ledger.entry import decode
    from headgate.journal.fetch import reader
    from headgate.journal.proof import proved

    if journal is None:
        mend = "Say where the log publishes its keys: --journal URL."
        raise fault("--journal", "journal-unnamed", "a proof is checked with the log's keys", mend)
    shown = proved(file.read_bytes(), reader(journal), pins)
    entry = decode(shown.entry)
    say(f"entry {entry.kind.value} of {entry.at}: {entry.subject}")
    for name, value in entry.named().items():
        say(f"    {name} {value}")
    say(f"stands among the {shown.checkpoint.size:,} entries of {shown.checkpoint.origin}")
    say(f"root {shown.checkpoint.root.hex()}")
    for signer in shown.keys:
        say(f"signed by {signer.pin()}")


def _verify_bundle(folder: Path, keys: list[str]) -> None:
    with steps() as progress:
        from headgate.reporting import verified

        verdict = verified(folder, progress)
    pins = [name.replace("+", "+sha256:") for name in verdict.keys]
    missing = [wanted for wanted in keys if wanted not in (*pins, *verdict.keys)]
    if verdict.faults or missing:
        complain(verdict.faults, f"{folder} is NOT what was published")
        for wanted in missing:
            typer.echo(f"the key {wanted} has not signed", err=True)
        raise typer.Exit(BAD_INPUT)
    _tell_bundle(verdict)


def _tell_bundle(verdict: "Verdict") -> None:
    _tell_decisions(verdict.decisions)
    say(f"{verdict.transfers:>8,}  transfers posted again")
    say(f"{verdict.entries:>8,}  journal entries")
    say(f"root {verdict.root}")
    for name in verdict.keys:
        say(f"signed by {name.replace('+', '+sha256:')}")


def _tell_decisions(decisions: Mapping[str, int]) -> None:
    for step, count in decisions.items():
        say(f"{count:>8,}  {step}")
    say(f"{sum(decisions.values()):>8,}  decisions derived again, byte for byte")


def witness(
    url: Annotated[str, typer.Argument(help="Where the journal is published, or its folder.")],
    keep: Annotated[Path, typer.Option(help="The witness's own folder: what it saw, and its key.")],
    key: Annotated[
        list[str] | None,
        typer.Option(help="A key to trust from the first visit on: NAME+sha256:..."),
    ] = None,
    trust_first: Annotated[
        bool, typer.Option("--trust-first", help="Trust the keys that the first visit finds.")
    ] = False,
    name: Annotated[
        str, typer.Option(help="What the witness calls itself; used when its key is made.")
    ] = "headgate-witness",
) -> None:
    """Visit a published journal: it may only have grown since the last visit. For auditors."""
    with mendable(f"witness {url}"):
        from headgate.journal.witness import witness_lines

        for line in witness_lines(url, keep, key or [], trust_first, name):
            say(line)
