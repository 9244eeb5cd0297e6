"""What sacctmgr lists of a tree, read as the tree it is, on old and new Slurms."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.enforcement.clusters.slurm import SlurmCluster
from headgate.core.enforcement.engine import EngineDown, Quota, QuotaState
from headgate.engines.slurm.batch import What, calls
from headgate.engines.slurm.command import Answer
from headgate.engines.slurm.engine import Slurm
from headgate.engines.slurm.observed import (
    ACCOUNT_FORMAT,
    NESTED_FORMAT,
    PARENT_FORMAT,
    QOS_FORMAT,
    Seen,
    nested,
    quotas_of,
)
from headgate.engines.slurm.things import Counted, Kind, Things, things_of
from headgate.readers.clusters import Clusters

TERM = ("2026-03-16T00:00:00Z", "2026-09-16T00:00:00Z", QuotaState.OPEN)
AWARD = Quota("a-1", "h200", 8, 7_200, *TERM, "national", ("alice",))
WALL = Quota("", "h200", 64, 0, *TERM, "national", (), 50)


@given(st.lists(st.integers(0, 40), max_size=40), st.randoms(use_true_random=False))
def test_the_parents_are_those_of_the_tree_however_it_is_listed(
    parents: list[int], order: Random
) -> None:
    """Account n stands under one of those before it; every account has a member as well."""
    above = {f"a{n}": f"a{parent % n}" if n else "" for n, parent in enumerate(parents)}
    lines = list(interval(above, "", count(1)))
    order.shuffle(lines)
    found = nested("\n".join(lines))
    assert above == {row["account"]: row["parentname"] for row in found if not row["user"]}
    assert {""} >= {row["parentname"] for row in found if row["user"]}


def interval(above: dict[str, str], parent: str, numbers: Iterator[int]) -> Iterator[str]:
    """The associations under a parent in nested intervals, each account with one member."""
    for name, its in above.items():
        if its == parent:
            left = next(numbers)
            user = f"{name}|u|{next(numbers)}|{next(numbers)}||||||"
            yield from (user, *interval(above, name, numbers))
            yield f"{name}||{left}|{next(numbers)}||||||"


def cluster() -> SlurmCluster:
    """A cluster of one class of holders, that lends."""
    section = {
        "engine": "slurm", "site": "here", "cluster": "lab", "lock": "/dev/null", "programme": "p",
        "sectors": {"national": "p_n"}, "chips": {"h200": {"gres": "gpu:h200"}}, "standby": True,
    }  # fmt: skip
    read = Clusters.model_validate({"headgate": 1, "clusters": {"c": section}}, strict=False)
    found = read.clusters["c"]
    assert isinstance(found, SlurmCluster)
    return found


def shown(things: Things, format_: str, *kinds: Kind) -> str:
    """A listing of the things of some kinds."""
    lines = []
    for (kind, name, login), fields in things.items():
        row = {**fields, "name": name, "account": name, "user": login}
        row["parentname"] = fields.get("parent", "")
        if kind in kinds:
            lines.append("|".join(row.get(field, "") for field in format_.split(",")))
    return "\n".join(lines)


def test_a_limit_that_was_changed_by_hand_is_told_as_the_budget_alone() -> None:
    """Who signs the plan reads what was changed, and not that the rest were half there too."""
    things = dict(things_of(cluster(), [AWARD, WALL], Counted()))
    ((key, budget),) = [(k, f) for k, f in things.items() if "grptresmins" in f]
    for written, told in (("gres/gpu:h200=999", 999 * 60), ("gres/gpu:h200=1", 60)):
        seen = Seen({**things, key: {**budget, "grptresmins": written}}, frozenset(), {})
        assert {WALL, replace(AWARD, gpu_seconds_budget=told)} == {*quotas_of(cluster(), seen)}


def answering(refusal: str, asked: list[Sequence[str]]) -> Slurm:
    """An engine on programs that list what two quotas need, and refuse the quick listing."""
    things = things_of(cluster(), [AWARD, WALL], Counted())

    def run(command: Sequence[str], _: str) -> Answer:
        asked.append(command)
        if f"format={NESTED_FORMAT}" in command:
            return Answer("", refusal)
        known = {
            f"format={QOS_FORMAT}": shown(things, QOS_FORMAT, Kind.QOS),
            f"format={ACCOUNT_FORMAT}": shown(things, ACCOUNT_FORMAT, Kind.ACCOUNT),
            f"format={PARENT_FORMAT}": shown(things, PARENT_FORMAT, Kind.ACCOUNT, Kind.USER),
        }
        return Answer(known.get(command[-1], ""))

    return Slurm(cluster(), run=run)


def test_a_slurm_that_keeps_its_tree_otherwise_is_asked_for_the_parents() -> None:
    """From 23.11 on there are no intervals: the same quotas are read from the slower listing."""
    asked: list[Sequence[str]] = []
    assert (WALL, AWARD) == answering("Unknown field 'lft'", asked).observe()
    assert any(f"format={PARENT_FORMAT}" in command for command in asked)


def test_any_other_refusal_is_an_outage() -> None:
    """What the database cannot say is not guessed at."""
    with pytest.raises(EngineDown, match="Connection refused"):
        answering("Connection refused", []).observe()


def test_five_thousand_further_members_are_one_call() -> None:
    """However many awards' lists grow, all that is new goes in one file; no account is sent."""
    quotas = [replace(AWARD, award=f"a-{n}") for n in range(1_000)]
    more = [replace(q, logins=("alice", *(f"u{n}" for n in range(5)))) for q in quotas]
    held = things_of(cluster(), quotas, Counted())
    seen = Seen(held, frozenset(), {}, {"alice": "a"})
    (call,) = calls("lab", seen, things_of(cluster(), more, Counted()))
    assert What.NEW is call.what
    assert 2 * 5_000 == sum(line.startswith("User - ") for line in call.lines), "and on standby"
    assert not any(line.startswith("Account - ") for line in call.lines)
