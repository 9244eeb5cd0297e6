"""What an evaluator ran for a round, signed: models by their hash, and the rows that came of them.

The evaluator runs the tasks of a suite on the teams' models, on its own machines, so that hidden
items never leave. What leaves are rows (items by content hash) and this log, whose lines stand
under one checkpoint that the evaluator's two keys signed. Whoever judges the round holds the rows
against it: a row that was changed, a model that is not the final one, or a trial untold is named.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from headgate.core import canonical
from headgate.core.evaluation.evidence import Evidence, ItemScore, item_order
from headgate.core.evaluation.method import Finding
from headgate.core.faults import Sentence
from headgate.core.ledger.checkpoint import (
    Checkpoint,
    Signer,
    Verifier,
    open_note,
    parse_vkeys,
    sign,
)
from headgate.core.ledger.refused import Refused
from headgate.core.ledger.tree import Tree
from headgate.core.policy.round_rules import OtherModels, Runner
from headgate.core.policy.schema import Pillar, Round


@dataclass(frozen=True, slots=True)
class Ran:
    """One model on one task: `logs` is a digest over the tool's files, which the evaluator keeps.

    `final` says whether it is the model that the team is judged by; any other was a trial. `tries`
    counts how often the task was begun on it.
    """

    team: str
    model: str
    task: str
    tool: str
    final: bool
    tries: int
    logs: str


@dataclass(frozen=True, slots=True)
class Scored:
    """The rows of one task of a pillar, all teams together, by their digest."""

    pillar: str
    task: str
    rows: str


@dataclass(frozen=True, slots=True)
class Runs:
    """The log of one suite's runs, under a note that the evaluator's keys signed.

    `suite` is the digest of the suite with its task files, `keys` are the evaluator's public keys.
    """

    suite: str
    ran: tuple[Ran, ...]
    scored: tuple[Scored, ...]
    keys: tuple[str, ...] = ()
    note: str = ""

    def lines(self) -> list[bytes]:
        """What is signed, a line each: the suite, every run, the rows of every task."""
        parts = ([{"suite": self.suite}], self.ran, self.scored)
        return [canonical.line(one) for part in parts for one in part]

    def trials(self, team: str) -> set[str]:
        """The models of a team that were run and are not its final one."""
        return {one.model for one in self.ran if one.team == team and not one.final}

    def finals(self, team: str) -> set[str]:
        """The models that were run as a team's final one."""
        return {one.model for one in self.ran if one.team == team and one.final}


class RunsFault(StrEnum):
    """Every reason for which signed runs do not serve a round."""

    RUNS_MISSING = "runs-missing"
    SIGNATURE_WRONG = "runs-signature-wrong"
    KEYS_OTHER = "runs-keys-other"
    SUITE_OTHER = "runs-suite-other"
    ROWS_OTHER = "runs-rows-other"
    TASK_UNSIGNED = "runs-task-unsigned"
    RUN_MISSING = "runs-model-missing"
    MODEL_OTHER = "runs-model-other"
    TRIALS_UNTOLD = "runs-trials-untold"
    TRIAL_REFUSED = "runs-trial-refused"


@dataclass(frozen=True, slots=True)
class Final:
    """What a team handed in: its model by hash, and how many private trials are told of it."""

    team: str
    model: str
    trials: int


def rows_digest(rows: Iterable[ItemScore]) -> str:
    """The digest of a task's rows, in whatever order they are handed in."""
    return canonical.digest(canonical.line(sorted(rows, key=item_order)))


def by_task(rows: Iterable[ItemScore]) -> Mapping[str, Sequence[ItemScore]]:
    """The rows of each task."""
    found: dict[str, list[ItemScore]] = defaultdict(list)
    for row in rows:
        found[row.task].append(row)
    return dict(found)


def signed(runs: Runs, signers: Sequence[Signer]) -> Runs:
    """The same runs with the evaluator's keys and their note."""
    tree = Tree(runs.lines())
    note = sign(Checkpoint(signers[0].name, len(tree), tree.root()), signers)
    keys = tuple(signer.verifier().vkey() for signer in signers)
    return Runs(runs.suite, runs.ran, runs.scored, keys, note.decode())


def check_runs(
    evaluation: Round,
    evidence: Evidence,
    told: Sequence[Runs],
    finals: Sequence[Final],
    teams: Sequence[str],
) -> Iterator[Finding]:
    """What keeps a round from being judged by its signed runs, or for want of them."""
    for number, runs in enumerate(told, 1):
        yield from _check_signed(runs, evidence, f"runs/{number}")
    for pillar in evaluation.pillars:
        if pillar.runner is not None:
            yield from _check_pillar(pillar, pillar.runner, told, teams)
    handed = {one.team: one for one in finals}
    for team in teams:
        if team in handed:
            yield from _check_model(told, handed[team])


def _check_signed(runs: Runs, evidence: Evidence, place: str) -> Iterator[Finding]:
    mend = "Take the folder again as the evaluator wrote it."
    if (wrong := _wrong(runs)) is not None:
        yield Finding(RunsFault.SIGNATURE_WRONG, place, f"{wrong}.", mend)
    tasks = {name: by_task(evidence.items.get(name, ())) for name in _pillars(runs)}
    for one in runs.scored:
        rows = tasks[one.pillar].get(one.task, ())
        if rows_digest(rows) != one.rows:
            what = Sentence(
                "{n} rows of {task} are not those that the evaluator signed.",
                n=len(rows),
                task=one.task,
            )
            yield Finding(RunsFault.ROWS_OTHER, f"{place}/{one.pillar}/{one.task}", what, mend)


def _pillars(runs: Runs) -> set[str]:
    return {one.pillar for one in runs.scored}


def _wrong(runs: Runs) -> str | None:
    """Why a note does not show that the keys signed the lines, or None where it does."""
    try:
        verifiers = _verifiers(runs)
        name = verifiers[0].name
        opened = open_note(runs.note.encode(), verifiers, name)
    except (Refused, ValueError) as error:
        return Sentence("The keys cannot be read: {error}", error=error)
    if not isinstance(opened, Checkpoint):
        return Sentence("The note cannot be taken: {opened}", opened=opened.value)
    tree = Tree(runs.lines())
    if (opened.size, opened.root) != (len(tree), tree.root()):
        return "The lines are not those that were signed"
    return None


def _verifiers(runs: Runs) -> tuple[Verifier, ...]:
    return tuple(parse_vkeys("".join(f"{key}\n" for key in runs.keys).encode()))


def _check_pillar(
    pillar: Pillar, rule: Runner, told: Sequence[Runs], teams: Sequence[str]
) -> Iterator[Finding]:
    """The pillar's rows come from runs that the policy's own evaluator signed, every one."""
    mine = [runs for runs in told if pillar.id in _pillars(runs)]
    if not mine:
        what = "The policy has the pillar run by its evaluator, and nothing signed is handed in."
        mend = "Run its suite: headgate suite run; or put the section `runs` into round.yaml."
        yield Finding(RunsFault.RUNS_MISSING, f"runs/{pillar.id}", what, mend)
        return
    for runs in mine:
        yield from _check_rule(pillar, rule, runs)
    covered = {one.task for runs in mine for one in runs.scored if one.pillar == pillar.id}
    ran = {(one.team, one.task) for runs in mine for one in runs.ran if one.final}
    for task in pillar.tasks or {pillar.id: 1}:
        place = f"runs/{pillar.id}/{task}"
        if task not in covered:
            what, mend = "No signed rows of the task.", "Run the whole suite, then hand it in."
            yield Finding(RunsFault.TASK_UNSIGNED, place, what, mend)
            continue
        for team in sorted(set(teams) - {t for t, of in ran if of == task}):
            what = Sentence("The final model of {team} was not run.", team=team)
            yield Finding(RunsFault.RUN_MISSING, f"{place}/{team}", what, "Run it too.")


def _check_rule(pillar: Pillar, rule: Runner, runs: Runs) -> Iterator[Finding]:
    place = f"runs/{pillar.id}"
    if set(rule.keys) != _pins(runs):
        mend = "Have the evaluator sign that the policy names, or name its new keys in time."
        what = "They are not signed by the keys that the policy names."
        yield Finding(RunsFault.KEYS_OTHER, place, what, mend)
    if rule.suite is not None and rule.suite != runs.suite:
        what = Sentence(
            "The suite that was run is {suite}; the policy fixed {wanted}.",
            suite=runs.suite[:16],
            wanted=rule.suite[:16],
        )
        mend = "Run the suite that was fixed before the stage."
        yield Finding(RunsFault.SUITE_OTHER, place, what, mend)
    if rule.others is OtherModels.REFUSED:
        for team, model in sorted({(one.team, one.model) for one in runs.ran if not one.final}):
            what = Sentence(
                "The model {model} of {team} was run and is not its final one.",
                model=model[:16],
                team=team,
            )
            mend = "Judge by a log in which the evaluator ran final models alone."
            yield Finding(RunsFault.TRIAL_REFUSED, f"{place}/{team}", what, mend)


def _pins(runs: Runs) -> set[str]:
    try:
        return {verifier.pin() for verifier in _verifiers(runs)}
    except (Refused, ValueError):
        return set()


def _check_model(told: Sequence[Runs], handed: Final) -> Iterator[Finding]:
    """One final model a team: what it handed in is what was run, and its trials are told."""
    place = f"submissions/{handed.team}"
    for model in sorted({m for runs in told for m in runs.finals(handed.team)} - {handed.model}):
        what = Sentence(
            "The evaluator ran {model} as the final model; {other} came in.",
            model=model[:16],
            other=handed.model[:16],
        )
        mend = "Run the model that was handed in, or correct its hash."
        yield Finding(RunsFault.MODEL_OTHER, place, what, mend)
    trials = {model for runs in told for model in runs.trials(handed.team)} - {handed.model}
    if trials and len(trials) > handed.trials:
        what = Sentence(
            "The evaluator ran {n} trials; {trials} are told.", n=len(trials), trials=handed.trials
        )
        yield Finding(RunsFault.TRIALS_UNTOLD, place, what, "Tell every trial that was run.")
