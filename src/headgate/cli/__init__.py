"""The command line: `headgate demo | verify | simulate | ledger | plan | agent | serve | ...`.

Bad input ends with exit code 2 and the list of its faults, never with a traceback. Everything heavy
is imported by the command that needs it, so that `headgate --help` answers at once.
"""

import os
from pathlib import Path

import typer

from headgate.cli.admit import admit
from headgate.cli.agents import agent, enrol, orders, revoke
from headgate.cli.backup import backup, restore
from headgate.cli.clusters import apply, plan
from headgate.cli.journal import verify, witness
from headgate.cli.kueue import manifests
from headgate.cli.ledger import ledger
from headgate.cli.programme import check, demand, demo, evaluate, explain, foresee, freeze
from headgate.cli.shared import mendable
from headgate.cli.site import migrate, owner, serve, worker
from headgate.cli.statements import export, statement
from headgate.cli.suites import suites
from headgate.cli.sweeps import simulations
from headgate.cli.usage import reconcile, usage
from headgate.rings import seldom

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="One policy file, a whole national AI programme, decisions that anyone can derive again.",
)
_COMMANDS = (
    *(demo, verify, check, explain, demand, foresee, freeze, evaluate, witness),
    *(plan, apply, manifests, admit, usage, reconcile, agent, serve, worker, migrate, owner),
    *(backup, restore),
)
for command in _COMMANDS:
    app.command()(command)
ledger.command()(statement)
ledger.command()(export)
app.add_typer(simulations, name="simulate")
app.add_typer(suites, name="suite")
ledger.command()(enrol)
ledger.command()(revoke)
ledger.command()(orders)
ledger.command()(backup)
ledger.command()(restore)
app.add_typer(ledger, name="ledger")


@app.callback()
def database_of_secrets() -> None:
    """Every command finds the database where the service does, if a file of secrets names it."""
    folder = os.environ.get("HEADGATE_SECRETS")
    with mendable("HEADGATE_SECRETS"):
        kept = Path(folder, "HEADGATE_DATABASE") if folder else None
        if kept and kept.is_file() and not os.environ.get("HEADGATE_DATABASE"):
            os.environ["HEADGATE_DATABASE"] = kept.read_text("utf-8").strip()


def main() -> None:
    """The entry point."""
    seldom()
    app()
