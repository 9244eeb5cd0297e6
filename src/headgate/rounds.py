"""A round that stands alone: judged and heard by the cycle's own steps, and published as a folder.

What a stranger needs is the policy, the evidence, and what was told of how the round went; all of
it lies in the folder, under a signed journal like that of a whole term, and is derived again by the
same code. The term around the round is the one that the policy opens; its only awards are those of
the teams, a block each, because what they hold decides nothing.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from headgate.bundle.verify import line_marks, lines_name
from headgate.bundle.write import signed_files
from headgate.core import canonical
from headgate.core.evaluation.conduct import Conducted
from headgate.core.evaluation.freeze import Frozen, Signed, statement
from headgate.core.faults import Fault, Faulty
from headgate.core.ledger.checkpoint import Algorithm, Signer
from headgate.core.policy.document import Document
from headgate.core.quantities import instant
from headgate.cycle import begin
from headgate.readers.evaluations.round_file import ROUND_FILE, RoundFile, Told
from headgate.steps.evaluate import Given, Judged, evaluate, round_of
from headgate.steps.hear import hear
from headgate.steps.term import Holding, Term

POLICY: Final = "policy/"


@dataclass(frozen=True, slots=True)
class Asked:
    """A round of a policy, and all that it is to be judged from; a seed of "" is its own."""

    document: Document
    round_id: str
    teams: tuple[str, ...]
    given: Given
    told: RoundFile
    seed: str


def judged_alone(asked: Asked) -> Term:
    """The round judged and heard; raises `Faulty` with all that must be mended."""
    term = _opened(asked)
    given = replace(asked.given, conduct=asked.told.conduct)
    term, _ = evaluate(
        term, asked.round_id, given, lambda known: asked.seed or seed_of(known, asked)
    )
    for one in asked.told.hearings:
        term = _heard(term, one)
    return term


def seed_of(term: Term, asked: Asked) -> str:
    """The seed where none is given: the digest of policy, round, findings and evidence."""
    facts = [term.facts[f"{name}/{asked.round_id}"].digest for name in ("findings", "evidence")]
    return canonical.digest(canonical.line([asked.document.digest, asked.round_id, *facts]))


def _opened(asked: Asked) -> Term:
    """The policy's first term, in which each team holds one block, and who has signed the round."""
    term = begin(asked.document)
    evaluation = round_of(term, asked.round_id)
    call = term.policy(term.starts).calls[evaluation.call]
    kind, first = next(iter(call.classes)), (term.starts, term.ends)
    held = (evaluation.call, call.holders[0], call.support, kind, 1, 0, *first, ())
    term = replace(term, holdings={team: Holding(team, *held) for team in asked.teams})
    frozen = asked.told.freeze
    if frozen is None:
        return term
    about = asked.round_id
    day = evaluation.freeze.on if evaluation.freeze is not None else evaluation.on
    return term.receive(f"frozen/{about}", about, [frozen], instant(day))


def _heard(term: Term, one: Told) -> Term:
    """The term after one hearing; its faults are those of the file it stands in."""
    day = max(term.day, one.on)
    if one.on < term.closed[one.hearing.round].day or one.on < term.day:
        what = f"{one.name} was heard on {one.on}, before what stands above it."
        raise Faulty([_fault(one, "hearing-before", what, "Give hearings in their order.")])
    try:
        return replace(hear(term, one.name, one.hearing, one.on), day=day)
    except Faulty as error:
        raise Faulty(_fault(one, f.code, f.what, f.mend) for f in error.faults) from error


def _fault(one: Told, code: str, what: str, mend: str) -> Fault:
    return Fault(ROUND_FILE, one.line, 1, code, f"{one.name}: {what}", mend)


def decided_last(term: Term, round_id: str) -> Judged:
    """What holds of a round, after all hearings."""
    last: dict[str, Any] = {d.step: d.result for d in term.decisions if d.subject == round_id}
    return Judged(
        last["standings"],
        last["grounds"],
        last["cut-rule-errors"],
        last["round"],
        last.get("conducted", Conducted()),
    )


def history(term: Term, round_id: str) -> list[dict[str, object]]:
    """Every decision on a round in its order: on which day, and after which hearing."""
    rounds = [d for d in term.decisions if d.step == "round" and d.subject == round_id]
    return [
        {
            "at": d.at,
            "after": [f for f in d.facts if f.startswith(("hearings/", "lots/"))],
            "outcome": d.result,
        }
        for d in rounds
    ]


def own_signers(programme: str) -> tuple[Signer, ...]:
    """Keys that are made for one folder and thrown away: it is whole, whoever made it."""
    origin = f"round.headgate/{programme}"
    return tuple(Signer(origin, algorithm, secrets.token_bytes(32)) for algorithm in Algorithm)


def signed_by(frozen: Frozen, signer: Signed, path: Path) -> Signed:
    """A team's signature with its own key; raises `Faulty` for a file that holds no such key."""
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        what = "It holds no Ed25519 key in PEM without a password."
        mend = "Make one: openssl genpkey -algorithm ed25519 -out team.pem"
        raise Faulty([Fault(str(path), 0, 0, "key-unreadable", what, mend)])
    own = replace(signer, key=key.public_key().public_bytes_raw().hex())
    return replace(own, signature=key.sign(statement(frozen, own)).hex())


def with_policy(document: Document, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """A round's files with the policy they are judged by, and a mark of every line."""
    policy = {f"{POLICY}{name}": text.encode() for name, text in document.texts.items()}
    marks = {
        lines_name(name): b"".join(mark + b"\n" for mark in line_marks(data))
        for name, data in {**files, **policy}.items()
        if name.endswith((".csv", ".yaml", ".md"))
    }
    return {**files, **policy, **marks}


def write_signed(
    term: Term, files: Mapping[str, bytes], out: Path, signers: Sequence[Signer]
) -> None:
    """Write a round's folder, signed, into one that is new or empty."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        what, mend = "There is something already.", "Name a folder that is new or empty."
        raise Faulty([Fault(str(out), 0, 0, "out-exists", what, mend)])
    for name, data in signed_files(term, files, signers).items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_bytes(data)


def document_of(files: Mapping[str, bytes]) -> Document:
    """The policy that lies in a round's folder."""
    texts = {n.removeprefix(POLICY): d for n, d in files.items() if n.startswith(POLICY)}
    return Document.read({name: data.decode() for name, data in texts.items()})
