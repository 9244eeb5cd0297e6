"""The freeze: a round as the policy has it, part by part by its digest, signed by every team.

What a team signs is a short text that it can read, with the digest of the whole round, its own
declared targets and the digest of a secret that it keeps for the lot. Any Ed25519 tool signs it;
the signature is checked again when the round is judged, so that nothing can have changed between.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from headgate.core import canonical
from headgate.core.evaluation.method import WEIGHT_TOTAL, Finding, repeated
from headgate.core.faults import Sentence
from headgate.core.policy.schema import Round

_HEX = {length: re.compile(f"[0-9a-f]{{{2 * length}}}") for length in (32, 64)}


@dataclass(frozen=True, slots=True)
class Signed:
    """One team's signature under its own statement; key, signature and digest in lower-case hex.

    `lot` is SHA-256 of the secret that the team will show if a lot is drawn, or empty. `targets`
    are what the team declares for bars that ask for it, in points of 100.
    """

    team: str
    key: str
    signature: str
    lot: str = ""
    targets: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Frozen:
    """A round that was frozen: the digests of its parts and of all of them, and who signed."""

    programme: str
    round: str
    method: str
    parts: Mapping[str, str]
    signed: tuple[Signed, ...] = ()

    def of(self, team: str) -> Signed | None:
        """What a team signed."""
        return next((each for each in self.signed if each.team == team), None)


class FreezeFault(StrEnum):
    """Every way in which a freeze can be refused."""

    NOT_FROZEN = "not-frozen"
    FROZEN_FOR_ANOTHER = "frozen-for-another"
    METHOD_DIFFERS = "method-differs"
    NOT_SIGNED = "not-signed"
    SIGNED_TWICE = "signed-twice"
    KEY_SHARED = "key-shared"
    SIGNATURE_WRONG = "signature-wrong"
    COMMITMENT_BAD = "commitment-bad"
    TARGET_MISSING = "target-missing"
    TARGET_UNKNOWN = "target-unknown"
    TARGET_OUT_OF_RANGE = "target-out-of-range"


def unsigned(programme: str, round_id: str, evaluation: Round) -> Frozen:
    """A round of the policy as it would be frozen: each part of it by its digest."""
    parts = {
        name: canonical.digest(canonical.line(value))
        for name, value in evaluation.model_dump().items()
    }
    method = canonical.digest(canonical.line([programme, round_id, parts]))
    return Frozen(programme, round_id, method, parts)


def statement(frozen: Frozen, signer: Signed) -> bytes:
    """The exact text that a team signs, with Ed25519 (RFC 8032)."""
    lines = [
        "headgate-freeze-1",
        f"programme {frozen.programme}",
        f"round {frozen.round}",
        f"method {frozen.method}",
        f"team {signer.team}",
        f"lot {signer.lot or '-'}",
        *(f"target {bar} {points}" for bar, points in sorted(signer.targets.items())),
    ]
    return "".join(f"{line}\n" for line in lines).encode()


def check_frozen(found: Frozen | None, wanted: Frozen, teams: Sequence[str]) -> Iterator[Finding]:
    """What keeps a round from being judged by the method that was frozen; parts are named."""
    if found is None:
        mend = "Let every team sign: headgate freeze prints what."
        yield Finding(FreezeFault.NOT_FROZEN, "freeze", "The method was never signed.", mend)
        return
    if (found.programme, found.round) != (wanted.programme, wanted.round):
        what = Sentence(
            "It is of {round} of {programme}.", round=found.round, programme=found.programme
        )
        mend = "Sign the round that is judged."
        yield Finding(FreezeFault.FROZEN_FOR_ANOTHER, "freeze", what, mend)
    mend = "Judge by the policy that was signed, or let every team sign the new one."
    for name in sorted(found.parts.keys() | wanted.parts.keys()):
        if found.parts.get(name) != wanted.parts.get(name):
            what = Sentence("`{name}` is not what the teams signed.", name=name)
            yield Finding(FreezeFault.METHOD_DIFFERS, f"rounds.{wanted.round}.{name}", what, mend)
    if found.parts == wanted.parts and found.method != wanted.method:
        what = Sentence("The digest that was signed is not that of its parts.")
        yield Finding(FreezeFault.METHOD_DIFFERS, "freeze", what, mend)
    yield from _check_signers(found, teams)


def check_signer(signer: Signed, evaluation: Round) -> Iterator[Finding]:
    """What is wrong in a statement before anybody signs it; what is not declared yet is not."""
    yield from _check_lot(signer)
    yield from _check_declared(signer, evaluation, ())


def _check_lot(signer: Signed) -> Iterator[Finding]:
    if signer.lot and _HEX[32].fullmatch(signer.lot) is None:
        mend = "Give SHA-256 of the secret in lower-case hex."
        what = "What stands for the lot is no digest."
        yield Finding(FreezeFault.COMMITMENT_BAD, f"freeze/{signer.team}", what, mend)


def _check_signers(found: Frozen, teams: Sequence[str]) -> Iterator[Finding]:
    names = [each.team for each in found.signed]
    said = (
        (
            FreezeFault.NOT_SIGNED,
            sorted(set(teams) - set(names)),
            ("The team has not signed.", "Let the team sign."),
        ),
        (
            FreezeFault.SIGNED_TWICE,
            repeated(names),
            ("The team has signed twice.", "Keep one signature a team."),
        ),
    )
    for code, listed, (what, mend) in said:
        for team in listed:
            yield Finding(code, f"freeze/{team}", what, mend)
    for key in repeated(each.key for each in found.signed):
        what = Sentence("Several teams sign with {key}.", key=key[:16])
        yield Finding(FreezeFault.KEY_SHARED, "freeze", what, "Give each team a key of its own.")
    for each in found.signed:
        place = f"freeze/{each.team}"
        yield from _check_lot(each)
        if not _is_signed(found, each):
            mend = "Sign the statement that headgate freeze prints for the team."
            what = "The signature is not of this key over the team's statement."
            yield Finding(FreezeFault.SIGNATURE_WRONG, place, what, mend)


def _is_signed(found: Frozen, signer: Signed) -> bool:
    if not (_HEX[32].fullmatch(signer.key) and _HEX[64].fullmatch(signer.signature)):
        return False
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(signer.key))
        key.verify(bytes.fromhex(signer.signature), statement(found, signer))
    except (InvalidSignature, ValueError):
        return False
    return True


def check_targets(found: Frozen, evaluation: Round, teams: Sequence[str]) -> Iterator[Finding]:
    """Every team has declared a target for every bar that asks for one, and for no other."""
    for each in found.signed:
        yield from _check_declared(each, evaluation, teams)


def _check_declared(each: Signed, evaluation: Round, teams: Sequence[str]) -> Iterator[Finding]:
    asked = {bar.id for bar in evaluation.bars if bar.declared}
    place = f"freeze/{each.team}"
    for bar in sorted(asked - each.targets.keys() if each.team in teams else ()):
        what = Sentence("The team has declared nothing for the bar {bar}.", bar=bar)
        mend = "Let the team sign with its target."
        yield Finding(FreezeFault.TARGET_MISSING, place, what, mend)
    for bar in sorted(each.targets.keys() - asked):
        what = Sentence("No bar {bar!r} asks for a declared target.", bar=bar)
        yield Finding(FreezeFault.TARGET_UNKNOWN, place, what, "Sign without it.")
    for bar, points in sorted(each.targets.items()):
        if not 0 < points <= WEIGHT_TOTAL:
            what = Sentence("The target for {bar} is {points}.", bar=bar, points=points)
            mend = Sentence("Declare from 1 to {most} points.", most=WEIGHT_TOTAL)
            yield Finding(FreezeFault.TARGET_OUT_OF_RANGE, place, what, mend)
