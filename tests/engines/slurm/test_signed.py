"""What an operator types for a real Slurm: plan, read, sign, apply; a removal needs its word."""

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from typer.testing import CliRunner, Result

from headgate.cli import app
from headgate.cli.clusters import CHANGES, REFUSED
from headgate.engines.drive import Enforced
from headgate.engines.slurm.names import account_of, qos_of
from headgate.operating import (
    Job,
    Written,
    carried_out,
    carried_out_as_written,
    planned,
    read_plan,
)
from headgate.steps.term import Term
from tests.engines.slurm.site import STARTS, Site
from tests.engines.slurm.test_slurm import HOSTILE
from tests.whole.korea import korea

NAMES: Final = (*HOSTILE[:-1], "-rf", "' or 1=1; drop table leg; --", "\t\\", "한" * 200)
AT: Final = "2026-04-01T00:00:00Z"
CLUSTERS: Final = """headgate: 1
clusters:
  lab:
    engine: slurm
    site: naver-cloud
    cluster: lab
    lock: {folder}/lock
    environment: {{PATH: "{programs}:/usr/bin:/bin"}}
    programme: {programme}
    sectors: {{national: "{programme}_n", business: "{programme}_b", academia: "{programme}_a"}}
    chips: {{h200: {{gres: "gpu:h200"}}}}
    standby: false
"""


def called(names: Iterable[str]) -> Term:
    """A term of the real programme whose awards on one site are called so."""
    term = korea().term
    one = next(h for h in term.holdings.values() if h.parts[0].site == "naver-cloud")
    part = one.parts[0]
    held = {n: replace(one, award=n, parts=(replace(part, award=n),)) for n in names}
    return replace(term, holdings=held)


class Operator:
    """Somebody who has a clusters file and types commands."""

    def __init__(self, site: Site, folder: Path) -> None:
        self.clusters, self.signed = folder / "clusters.yaml", folder / "plan.json"
        own = {"programs": site.lab.programs, "programme": site.section.programme}
        self.clusters.write_text(CLUSTERS.format(folder=folder, **own), encoding="utf-8")

    def types(self, *words: str) -> Result:
        """What a command ended with; what it says never leaves its line, nor hides in it."""
        result = CliRunner().invoke(app, [*words, "--clusters", str(self.clusters)])
        assert all(line.isprintable() for line in result.output.split("\n")), result.output
        return result

    def plans(self, *words: str) -> Result:
        """A plan by the decisions, written to be signed."""
        return self.types("plan", "published", "--at", AT, "--out", str(self.signed), *words)

    def applies(self) -> Result:
        """The plan that was written, under the digest of what was read."""
        name = [line for line in self.plans().output.split("\n") if line.startswith("digest")]
        return self.types("apply", str(self.signed), "--expect", name[0].split()[1])


@pytest.fixture
def operator(site: Site, tmp_path: Path) -> Operator:
    """An operator of that Slurm."""
    return Operator(site, tmp_path)


def test_no_name_is_syntax_from_the_plan_to_the_second_look(
    operator: Operator, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wicked names are shown on their line, signed, held, read back to the letter, and then quiet:
    a second plan has nothing to do, and each award has the account that is its own.
    """
    monkeypatch.setattr("headgate.cli.clusters.term_of", lambda *_, **__: called(NAMES))
    assert CHANGES == operator.plans().exit_code
    applied = operator.applies()
    assert (0, True) == (applied.exit_code, "lab: the cluster holds" in applied.output), (
        applied.output
    )
    again = operator.plans()
    assert (0, True) == (again.exit_code, "nothing to do" in again.output), again.output
    programme = site.section.programme
    show = ("-nP", "show", "account", "format=account,organization")
    rows = site.lab.run("sacctmgr", *show).split()
    mine = {row.partition("|")[0] for row in rows if row.endswith(f"headgate-{programme}")}
    assert {account_of(programme, name, "h200") for name in NAMES} <= mine


def test_a_signed_plan_holds_where_slurm_has_lost_count_of_another_award(site: Site) -> None:
    """The ledger knows of use that Slurm does not: that award's limit is lowered by it, which no
    plan of another award may stumble over, nor raise again.
    """
    spent = {("b", "h200"): 600}
    kept = Job("c", site.section, (site.order("a"), site.order("b")), spent, None)
    assert Enforced.CONVERGED is carried_out(kept, expect=None, mass_removal=False).outcome
    budget = qos_of(site.account("b"), STARTS)
    lowered = site.minutes(budget)
    changed = replace(kept, orders=(site.order("a", gpus_most=16), site.order("b")))
    written = planned(changed)
    assert isinstance(written, Written)
    assert ["a"] == [change.award for change in written.plan.changes]
    (signed,) = read_plan("plan", written.line())
    receipt = carried_out_as_written(signed, {"c": site.section}, expect=written.digest)
    assert (Enforced.CONVERGED, (110, 0)) == (receipt.outcome, lowered)
    assert lowered == site.minutes(budget)


def test_a_mass_removal_says_what_would_go_and_which_word_lets_it(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A source that lost its awards takes nothing away until the operator has said that it may."""
    awards = [f"award-{n}" for n in range(6)]
    monkeypatch.setattr("headgate.cli.clusters.term_of", lambda *_, **__: called(awards))
    assert (CHANGES, 0) == (operator.plans().exit_code, operator.applies().exit_code)
    monkeypatch.setattr("headgate.cli.clusters.term_of", lambda *_, **__: called(awards[:1]))
    planned = operator.plans()
    assert REFUSED == planned.exit_code
    assert "5 of " in planned.output
    assert "award-1 h200; award-2 h200; award-3 h200; 2 more" in planned.output
    assert "--mass-removal" in planned.output
    assert CHANGES == operator.plans("--mass-removal").exit_code
    changes = json.loads(operator.signed.read_text(encoding="utf-8"))["plan"]["changes"]
    assert {"remove"} == {one["action"] for one in changes if one["award"]}
    assert 0 == operator.types("apply", str(operator.signed)).exit_code
    assert "nothing to do" in operator.plans().output
