"""A round conducted by its rules: every team signs, hands in one model in time, and is rated blind.

Keys, secrets and models are made from the seed: they show the way that real ones go, and nothing
else.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from headgate.core.evaluation.conduct import Attention, Conduct, HandOver, Submission
from headgate.core.evaluation.evidence import Evidence
from headgate.core.evaluation.freeze import Frozen, Signed, statement
from headgate.core.policy.schema import Call, Round

TARGET, CHECKS, TRIALS = 30, 10, 3
"""What every team declares in points, how many attention checks there are, private trials."""


def secret(team: str, seed: str) -> str:
    """What a team will show when a lot is drawn."""
    return _made("secret", team, seed).hex()


def _made(what: str, team: str, seed: str) -> bytes:
    return hashlib.sha256(f"{what}/{team}/{seed}".encode()).digest()


def signatures(
    evaluation: Round, frozen: Frozen, teams: Sequence[str], seed: str
) -> tuple[Signed, ...]:
    """Each team's signature, with a modest target where a bar asks for one."""
    targets = {bar.id: TARGET for bar in evaluation.bars if bar.declared}
    made = []
    for team in sorted(teams):
        key = Ed25519PrivateKey.from_private_bytes(_made("key", team, seed))
        lot = hashlib.sha256(secret(team, seed).encode()).hexdigest()
        own = Signed(team, key.public_key().public_bytes_raw().hex(), "", lot, targets)
        made.append(replace(own, signature=key.sign(statement(frozen, own)).hex()))
    return tuple(made)


def conduct(call: Call, evaluation: Round, made: Evidence, teams: Sequence[str]) -> Conduct:
    """Everything in time and attentive."""
    rule = evaluation.submissions
    models: tuple[Submission, ...] = ()
    if rule is not None:
        trials = TRIALS if rule.trials_most is None else min(TRIALS, rule.trials_most)
        models = tuple(
            Submission(team, _made("model", team, evaluation.call).hex(), rule.by, trials)
            for team in teams
        )
    given = tuple(HandOver(team, call.starts) for team in teams) if rule is not None else ()
    rated = [pillar for pillar in evaluation.pillars if pillar.raters is not None]
    return Conduct(
        hand_overs=given,
        submissions=models,
        blind=tuple(pillar.id for pillar in rated if pillar.raters and pillar.raters.blind),
        attention=tuple(_attention([pillar.id for pillar in rated], made)),
    )


def _attention(pillars: Sequence[str], made: Evidence) -> Iterator[Attention]:
    for pillar in pillars:
        raters = {row.rater for row in made.ratings.get(pillar, ())}
        raters |= {row.voter for row in made.votes.get(pillar, ())}
        yield from (Attention(pillar, rater, CHECKS, CHECKS) for rater in sorted(raters))
