"""The commands on a policy and on what was published of it: no database, nothing to install."""

import shlex
from collections.abc import Iterator
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from headgate.cli.shared import (
    EvidenceOption,
    OverlayOption,
    ProgrammeArgument,
    SeedOption,
    TermsOption,
    TraceOption,
    UsageOption,
    fault,
    mendable,
    refuse_taken,
    say,
    steps,
)
from headgate.cli.site import check_site, through_portal

if TYPE_CHECKING:
    from headgate.demo import Choices
    from headgate.evaluating import Evaluated
    from headgate.whatif import Try


class Language(StrEnum):
    """A language of the reports."""

    EN = "en"
    VI = "vi"
    KO = "ko"


def demo(
    out: Annotated[Path, typer.Option(help="The folder of the public bundle.")] = Path(
        "headgate-demo"
    ),
    programme: Annotated[
        str, typer.Option(help="A programme's folder, or its name.")
    ] = "korea-2025",
    overlay: OverlayOption = None,
    trace: TraceOption = None,
    usage: UsageOption = None,
    evidence: EvidenceOption = None,
    seed: SeedOption = "headgate",
    terms: TermsOption = 1,
    portal: Annotated[
        bool, typer.Option("--portal", help="Keep the term for `headgate serve --demo` too.")
    ] = False,
) -> None:
    """Take a programme through whole terms and publish what a stranger needs to check them."""
    with mendable("demo"), through_portal(programme, wanted=portal) as run, steps() as progress:
        from headgate.demo import Choices, publish, rehearse
        from headgate.report.pages import pages

        choices = Choices(tuple(overlay or ()), trace, usage, evidence, seed, terms=terms)
        rehearsal = rehearse(programme, choices, progress, run)
        progress("publishing")
        for line in publish(rehearsal, pages(rehearsal.term, rehearsal.data), out):
            say(line)


def check(
    programme: Annotated[
        str | None, typer.Argument(help="A programme's folder or file, or its name.")
    ] = None,
    overlay: OverlayOption = None,
    adopt: Annotated[bool, typer.Option("--adopt", help="Ask whether it may be adopted.")] = False,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema and stop.")
    ] = False,
    deploy: Annotated[
        bool, typer.Option("--deploy", help="Check a site, not a programme, before it opens.")
    ] = False,
    database: Annotated[
        str | None, typer.Option(envvar="HEADGATE_DATABASE", help="The site's, with --deploy.")
    ] = None,
) -> None:
    """Check a programme file, or a site: every fault at once, and what would mend it."""
    with mendable(f"check {'site' if deploy else programme or ''}".strip()):
        from headgate.checking import check_programme, schema_text

        if schema:
            say(schema_text())
            return
        if deploy:
            check_site(database)
            return
        if programme is None:
            mend = "Name a programme's folder, or say --deploy to check a site."
            raise fault("PROGRAMME", "programme-missing", "nothing to check was named", mend)
        for line in check_programme(programme, tuple(overlay or ()), adopt=adopt):
            say(line)


def explain(
    programme: ProgrammeArgument,
    path: Annotated[str, typer.Argument(help="A value or rule, such as calls.open-1.fee.")],
    on: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day.")] = None,
    given: Annotated[
        list[str] | None, typer.Option(help="An input of the rule, as name=value; repeat it.")
    ] = None,
    overlay: OverlayOption = None,
) -> None:
    """Say where a value comes from: value, rule, article, inputs, each with file and line."""
    with mendable(f"explain {programme}"):
        from headgate.checking import explain_path

        day: date | None = on.date() if on else None
        for line in explain_path(programme, path, day, given or [], tuple(overlay or ())):
            say(line)


def simulate(
    programme: ProgrammeArgument,
    overlay: OverlayOption = None,
    trace: TraceOption = None,
    strict: Annotated[
        bool,
        typer.Option(
            "--strict",
            help="Refuse a trace with a row that cannot be read, or without what is named.",
        ),
    ] = False,
    spot: Annotated[
        list[str] | None,
        typer.Option(help="A kind, QOS, partition or queue of the trace whose jobs are spot."),
    ] = None,
    inference: Annotated[
        list[str] | None,
        typer.Option(help="A kind, QOS, partition or queue of the trace that is inference."),
    ] = None,
    seed: SeedOption = "headgate",
    seeds: Annotated[
        int, typer.Option(min=0, max=1000, help="Draw the trace's weeks again, so many times.")
    ] = 0,
    term: Annotated[
        bool, typer.Option("--term/--no-term", help="Rehearse a term of each variant too.")
    ] = True,
    borrow: Annotated[
        int | None, typer.Option(min=0, help="An envelope borrows up to this % of its quota.")
    ] = None,
    lend: Annotated[
        int | None,
        typer.Option(min=0, max=100, help="An envelope lends up to this % of its quota."),
    ] = None,
    reclaim: Annotated[
        bool | None, typer.Option("--reclaim/--no-reclaim", help="Owners take back what they lent.")
    ] = None,
    checkpoint: Annotated[
        int | None, typer.Option(min=0, help="Seconds between a job's checkpoints; 0 for none.")
    ] = None,
    restart: Annotated[
        int | None, typer.Option(min=0, help="Seconds that starting again takes a stopped job.")
    ] = None,
    look_ahead: Annotated[
        int | None, typer.Option(min=-1, help="Waiting jobs that backfill looks at; -1 for all.")
    ] = None,
    half_life: Annotated[
        int | None,
        typer.Option(min=1, max=8760, help="Order by past use that halves in so many hours."),
    ] = None,
    nodes: Annotated[
        bool | None,
        typer.Option("--nodes/--no-nodes", help="Jobs are packed onto whole nodes."),
    ] = None,
    load: Annotated[
        int | None, typer.Option(min=1, max=1000, help="Repeat or thin the trace to this % load.")
    ] = None,
    largest: Annotated[
        int | None, typer.Option(min=1, help="Only so many jobs, those with the most GPU time.")
    ] = None,
    plain: Annotated[
        bool, typer.Option("--plain", help="Replay by the rules in plain Python; slow.")
    ] = False,
    shards: Annotated[
        int | None, typer.Option(min=1, max=10_000, help="Write a sweep of so many shards to OUT.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the comparison as JSON.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="A new folder for the comparison, with pages of a trace.")
    ] = None,
) -> None:
    """Compare the policy as it stands with each overlay: a term of it, and a trace's jobs.

    A sweep (--shards) is done by `headgate simulate shard` and put together by `... merge`.
    """
    with mendable(f"simulate {programme}"), steps() as progress:
        from headgate.comparing import compare, text_of, write
        from headgate.core.policy.sharing import Nodes, Turns
        from headgate.demo import Choices
        from headgate.whatif import Try

        words = {
            "borrow_percent": borrow,
            "lend_percent": lend,
            "reclaim": reclaim,
            "checkpoint_seconds": checkpoint,
            "restart_seconds": restart,
            "look_ahead": look_ahead,
            "nodes": None if nodes is None else Nodes.PACKED if nodes else Nodes.COUNTED,
            "turns": None if half_life is None else Turns.PAST_USE,
            "half_life_hours": half_life,
        }
        said = {name: value for name, value in words.items() if value is not None}
        drawn = tuple(f"{seed}/{number}" for number in range(1, seeds + 1))
        load_per_mille = None if load is None else load * 10
        how = Try(said, load_per_mille, drawn, plain, largest)
        named = {"spot": spot or [], "inference": inference or []}
        choices = Choices(tuple(overlay or ()), trace, None, None, seed, strict=strict, named=named)
        refuse_taken(out)
        if trace is None and not term and shards is None:
            what, mend = "nothing is left to compare", "say --trace, or leave --no-term out"
            raise fault("--no-term", "nothing-to-try", what, mend)
        if shards is not None:
            for line in _planned(programme, choices, how, shards, out):
                say(line)
            return
        compared = compare(programme, choices, how, term, progress)
        if out is not None:
            write(compared, out)
        for line in [text_of(compared)] if as_json else compared.lines:
            say(line)


def _planned(
    programme: str, choices: "Choices", how: "Try", shards: int, out: Path | None
) -> list[str]:
    """Write a sweep instead of doing it; raises Faulty where its trace or folder is not said."""
    from headgate.sweeping import plan

    if out is None or choices.trace is None:
        what, mend = "a sweep needs a trace and a folder", "say --trace and --out too"
        raise fault("--shards", "sweep-incomplete", what, mend)
    return plan(programme, choices, how, shards, out)


def demand(
    file: Annotated[Path, typer.Argument(help="A CSV table, plain or packed (gz, bz2, xz, zst).")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Say what walls left idle while others waited, from what tenants ran and waited for."""
    with mendable(f"demand {file}"):
        from headgate.comparing import demand_lines

        for line in demand_lines(file, as_json=as_json):
            say(line)


def foresee(
    round_id: Annotated[str, typer.Argument(metavar="ROUND", help="A round of the policy.")],
    programme: Annotated[str, typer.Option(help="A programme's folder or file, or its name.")],
    overlay: OverlayOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Say how often a round's rule would send the wrong team home, from its plan alone."""
    with mendable(f"foresee {round_id}"):
        from headgate.cli.rounds_told import forecast_lines
        from headgate.evaluating import forecast

        told = forecast(programme, round_id, tuple(overlay or ()))
        if as_json:
            say(told.result().decode().rstrip())
            return
        for line in forecast_lines(told):
            say(line)


def freeze(
    round_id: Annotated[str, typer.Argument(metavar="ROUND", help="A round of the policy.")],
    programme: Annotated[str, typer.Option(help="A programme's folder or file, or its name.")],
    overlay: OverlayOption = None,
    team: Annotated[str | None, typer.Option(help="Print what this team signs.")] = None,
    lot: Annotated[
        str, typer.Option(help="SHA-256 of the secret that the team shows if a lot is drawn.")
    ] = "",
    target: Annotated[
        list[str] | None, typer.Option(help="What the team declares, as bar=points; repeat it.")
    ] = None,
    key: Annotated[
        Path | None, typer.Option(help="The team's own Ed25519 key (PEM): sign with it.")
    ] = None,
    known: Annotated[
        Path | None, typer.Option(help="Print digests of the known answers in this folder.")
    ] = None,
) -> None:
    """Print a round as it is frozen, or the statement that one team signs."""
    with mendable(f"freeze {round_id}"):
        from headgate.core.evaluation.freeze import Signed
        from headgate.evaluating import freeze_lines, known_lines

        if known is not None:
            for line in known_lines(round_id, known):
                say(line)
            return
        if team is None and (lot or target or key):
            raise fault("--team", "team-unnamed", "nobody is named who signs", "Name the team.")
        pairs = [text.partition("=") for text in target or []]
        if any(not points.isdecimal() for _, _, points in pairs):
            raise fault("--target", "target-wrong", "a target is no number", "Write bar=points.")
        targets = {bar: int(points) for bar, _, points in pairs}
        signer = Signed(team, "", "", lot, targets) if team is not None else None
        for line in freeze_lines(programme, round_id, tuple(overlay or ()), signer, key):
            say(line)


def evaluate(
    round_id: Annotated[str, typer.Argument(metavar="ROUND", help="A round of the policy.")],
    programme: Annotated[str, typer.Option(help="A programme's folder or file, or its name.")],
    evidence: Annotated[
        Path, typer.Option(help="A folder with evidence.yaml and logs, or a CSV file a pillar.")
    ],
    overlay: OverlayOption = None,
    seed: Annotated[
        str | None, typer.Option(help="A hexadecimal digest, such as a checkpoint's root.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="A new folder for result, evidence and public report.")
    ] = None,
    private: Annotated[
        Path | None, typer.Option(help="A new folder for each team's own report.")
    ] = None,
    language: Annotated[
        list[Language] | None, typer.Option(help="A language of the reports; all without it.")
    ] = None,
    keys: Annotated[
        Path | None, typer.Option(help="Sign that folder with the journal's keys in this one.")
    ] = None,
    earlier: Annotated[
        list[Path] | None,
        typer.Option(help="The folder of an earlier round or term, for the history; repeat it."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Judge a round from logs of evaluation tools and CSV files, by the cycle's own rules."""
    with mendable(f"evaluate {round_id}"):
        from headgate.cli.rounds_told import lines_of
        from headgate.evaluating import evaluate_folder

        evaluated = evaluate_folder(programme, round_id, evidence, tuple(overlay or ()), seed)
        if earlier:
            from headgate.reporting import with_earlier

            with steps() as progress:
                evaluated = with_earlier(evaluated, earlier, progress)
        for line in _reported(evaluated, (out, private), language, keys):
            typer.echo(line, err=True)
        if as_json:
            say(evaluated.result().decode().rstrip())
            return
        for line in lines_of(evaluated):
            say(line)
        if out is not None:
            words = ["evaluate", round_id, "--programme", programme, "--evidence", str(out)]
            words += [word for one in overlay or () for word in ("--overlay", str(one))]
            words += ["--seed", seed] if seed else []
            say(f"again  headgate {shlex.join(words)}")
            say(f"check  headgate {shlex.join(['verify', str(out)])}")


def _reported(
    evaluated: "Evaluated",
    folders: tuple[Path | None, Path | None],
    language: list[Language] | None,
    keys: Path | None,
) -> Iterator[str]:
    """Write the folders that were asked for: the public one, and that of the teams' own reports."""
    if any(folders):
        from headgate.journal.keys import load
        from headgate.reporting import write_reports

        languages = tuple(one.value for one in dict.fromkeys(language or Language))
        signers = None if keys is None else load(keys).signers
        yield from write_reports(evaluated, *folders, languages, signers)
