"""Programmes of countries that nobody here has in mind, each run for a whole term and verified."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from headgate.bundle.verify import verify
from headgate.bundle.write import bundle_files
from headgate.checking import check_programme
from headgate.comparing import compare
from headgate.core.calls.application import Application, GateFinding
from headgate.core.calls.screening import screen
from headgate.core.decision import Decision
from headgate.core.ledger.checkpoint import Algorithm, Signer
from headgate.core.policy.dated import at
from headgate.core.quantities import instant
from headgate.cycle import run
from headgate.demo import Choices, rehearse
from headgate.readers.policy_files import read_programme
from headgate.simulation import workload
from headgate.simulation.world import Simulated
from headgate.steps.agenda import first_day
from headgate.steps.term import Term, term_days
from headgate.whatif import Try

PROGRAMME = """
headgate: 1
from: 2026-01-01
source: law/act.md#act
status: in force
programme:
  id: elsewhere.1-x
  name: {en: Elsewhere}
  country: VN
  currency: VND
  timezone: Asia/Ho_Chi_Minh
  calendar: {first: 2027-01-01, months: 6}
supports:
  compute:
    kind: compute
    name: {en: GPU computing}
    chips: {h200: {name: H200}}
    rates: {h200: 4}
    measure_by: count
    node_gpus: 8
    lots:
      north: {site: north, operator: N, chip: h200, gpus: 80, state_gpus: 80, usable: 2026-06-01}
organisations: {kinds: [firm, university], sizes: [small, large]}
holders:
  - {id: business, name: {en: Business}, when: 'applicant.kind == "firm"'}
  - {id: academia, name: {en: Academia}, when: 'applicant.kind != "firm"'}
envelopes:
  compute:
    of: 100
    shares: {business: 60, academia: 40}
    block: {gpu: 8}
    method: largest_remainder
calls:
  main:
    name: {en: Main call}
    support: compute
    opens: 2026-09-01
    closes: 2026-10-05
    decides: 2026-12-01
    starts: 2027-01-01
    months_most: 12
    holders: [business, academia]
    block: {gpu: 8}
    classes: {h200: {offered: 80, cap_blocks: 2}}
    criteria: [{id: merit, name: {en: Merit}, weight: 100, full: 100}]
    panel: {least: 3, most: 3, adjust_harshness: false}
    partial_awards: true
"""

TRAINING = """  training:
    kind: people
    name: {en: Training places}
    classes: {chips: {name: {en: Chip design}}}
    lots: {first: {of: chips, places: 80, usable: 2026-06-01, site: school, operator: S}}
"""

LAW = "# Act\n\n## act\n\nWhat the law says.\n"

ROUND = """
rounds:
  half-way: &
    name: {en: Half way}
    call: main
    on: 2027-03-31
    stay: {least: 0, most: 3}
    gates: []
    pillars:
      - {id: items, name: {en: Items}, kind: items, weight: 100, scaling: share_of_maximum}
    confidence: 95 %
    replicates: 200
    remedy: lot
    equal_development_days: 0
    reallocation: {of: 1, survivors: 1, wildcard: 0, pool: 0, divide: equally}
""".replace(" &", "")

SECOND_ROUND = ROUND.replace("\nrounds:\n", "").replace("half-way", "end").replace("03-31", "06-30")
SECOND_ROUND = SECOND_ROUND.replace("most: 3}", "most: 2}")


@pytest.fixture(autouse=True)
def _few_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty jobs an award say as much of a policy's shape as thousands."""
    monkeypatch.setattr(workload, "_JOBS_EACH_MOST", 40)


def written(folder: Path, *changes: tuple[str, str], more: str = "") -> Path:
    """The programme above with parts of its text put differently, as a folder."""
    text = PROGRAMME
    for old, new in changes:
        assert 1 == text.count(old)
        text = text.replace(old, new)
    (folder / "law").mkdir()
    (folder / "law" / "act.md").write_text(LAW, encoding="utf-8")
    (folder / "programme.yaml").write_text(text + more, encoding="utf-8")
    return folder


def no_pages(_term: Term, _data: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """Pages are tried elsewhere."""
    return {}


def whole_term(folder: Path, *overlays: Path) -> Term:
    """Check a programme, run its term, publish it and derive it again without a difference."""
    assert list(check_programme(str(folder), overlays, adopt=False))
    done = rehearse(str(folder), Choices(overlays), lambda _: None)
    signers = [Signer("test/x", algorithm, bytes(32)) for algorithm in Algorithm]
    verdict = verify(bundle_files(done.term, done.data, {}, signers), no_pages)
    assert () == verdict.faults
    assert len(done.term.decisions) == sum(verdict.decisions.values())
    return done.term


SHAPES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "part of a node": (("    block: {gpu: 8}\n    classes", "    block: {gpu: 1}\n    classes"),),
    "hours over a year": (
        ("months: 6}", "months: 12}"),
        ("    block: {gpu: 8}\n    classes", "    block: {gpu_hour: 500}\n    classes"),
        ("offered: 80, cap_blocks: 2", "offered: 500000, cap_blocks: 200"),
    ),
    "two years, far east of Greenwich": (
        ("months: 6}", "months: 24}"),
        ("Asia/Ho_Chi_Minh", "Pacific/Kiritimati"),
    ),
    "the end of a month": (
        ("first: 2027-01-01, months: 6", "first: 2027-01-31, months: 1"),
        ("starts: 2027-01-01", "starts: 2027-01-31"),
    ),
    "a holder with nothing": (("business: 60, academia: 40", "business: 100, academia: 0"),),
    "an envelope by rates": (("measure_by: count", "measure_by: rates"),),
    "whole awards only": (("partial_awards: true", "partial_awards: false"),),
    "a block more is worth half": (
        ("partial_awards: true", "partial_awards: true\n    extra_block_worth: '0.5'"),
    ),
    "a quarter of a million GPUs": (
        ("gpus: 80, state_gpus: 80", "gpus: 260000, state_gpus: 260000"),
        ("offered: 80, cap_blocks: 2", "offered: 260000, cap_blocks: 4000"),
    ),
    "no envelopes": (
        (PROGRAMME[PROGRAMME.index("envelopes:") : PROGRAMME.index("calls:")], "envelopes: {}\n"),
    ),
    "a call that comes again every two months": (
        ("  main:\n", "  main:\n    repeat: {months: 2, times: 3}\n"),
        ("offered: 80, cap_blocks: 2", "offered: 24, cap_blocks: 2"),
    ),
    "nobody is let in": (
        (
            "    criteria: [",
            "    eligibility: [{id: no, when: 'true', because: {en: No.}}]\n    criteria: [",
        ),
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_programme_of_any_shape_goes_through_a_term(shape: str, tmp_path: Path) -> None:
    """Another country's policy needs no Python: it is checked, run, published and derived again."""
    term = whole_term(written(tmp_path, *SHAPES[shape]))
    assert 1 == term.index


def awarded(term: Term) -> int:
    """The blocks of the first award list, before anybody declined."""
    (listed,) = (_result(d) for d in term.decisions if d.step == "award-list")
    return sum(award.blocks for award in listed["awards"])


def test_what_a_round_frees_stays_with_the_leavers_class_of_holders(tmp_path: Path) -> None:
    """Universities' nodes do not go to firms by the back door: the law's shares bind in a round."""
    term = whole_term(written(tmp_path, more=ROUND))
    holders = {d.subject: _result(d)["holder"] for d in term.decisions if d.step == "screening"}
    (listed,) = (_result(d) for d in term.decisions if d.step == "award-list")
    *_, moved = (_result(d) for d in term.decisions if d.step == "reallocation")
    held = {award.application: award.blocks for award in listed["awards"]}
    changed = {"business": 0, "academia": 0}
    for team, blocks in moved["blocks_next"].items():
        changed[holders[team]] += blocks - held[team]
    assert {holders[team] for team, n in moved["blocks_next"].items() if n} == changed.keys()
    assert {"business": 0, "academia": 0} == changed


def _result(decision: Decision) -> Mapping[str, Any]:
    """What a decision says, by name."""
    assert isinstance(decision.result, Mapping)
    return decision.result


def test_who_left_at_a_round_is_not_judged_again(tmp_path: Path) -> None:
    """A team that one round ended is no team of the next, and nobody returns by way of it."""
    term = whole_term(written(tmp_path, more=ROUND + SECOND_ROUND))
    judged = [d for d in term.decisions if d.step == "go-on"]
    first = {d.subject for d in judged if d.rule == "rounds.half-way"}
    second = {d.subject for d in judged if d.rule == "rounds.end"}
    assert (len(first) > 3, 3) == (True, len(second))
    assert term.holdings.keys() < second


def test_a_round_without_a_team_is_closed(tmp_path: Path) -> None:
    """Where a call awarded nobody, its round says so; the programme's term goes on."""
    nobody = SHAPES["nobody is let in"]
    term = whole_term(written(tmp_path, *nobody, more=ROUND))
    (decision,) = (d for d in term.decisions if d.step == "round")
    assert b'"decisions":[]' in decision.line()


def test_a_rule_of_concentration_may_be_called_holder(tmp_path: Path) -> None:
    """The name of a rule limits only what the rule is about, whatever other names there are."""
    rule = "    concentration: [{id: holder, by: applicant.size, share: 50 %}]\n    criteria: ["
    folder = written(
        tmp_path,
        ("business: 60, academia: 40", "business: 100, academia: 0"),
        ("    criteria: [", rule),
    )
    assert 10 == awarded(whole_term(folder))


def test_an_overlay_may_move_the_first_term(tmp_path: Path) -> None:
    """A what-if that moves the calendar moves both ends of the term."""
    folder = written(tmp_path)
    overlay = tmp_path / "later.yaml"
    overlay.write_text(
        "overlay: later\nbecause: {en: Why not.}\nfrom: 2026-01-01\nonwards: true\n"
        "set:\n  programme.calendar.first: 2027-02-01\n",
        encoding="utf-8",
    )
    document = read_programme(folder, [overlay])
    first = first_day(document)
    assert term_days(at(document, first).policy, 0)[0] == first
    assert "2027-02-01" == first.isoformat()


def test_a_finding_on_a_gate_that_the_call_does_not_have_refuses_nobody(tmp_path: Path) -> None:
    """Nobody is turned away on a ground that the policy does not state."""
    document = read_programme(written(tmp_path))
    policy = at(document, first_day(document)).policy
    (application, *_) = Simulated(policy, {}, "seed").applications("main")
    found = GateFinding(application.id, "unheard-of", False, "", (), True)
    (screening,) = screen(policy, "main", [application], [found])
    assert () == screening.findings


def test_an_award_that_begins_on_the_day_of_a_reclaim_loses_nothing(tmp_path: Path) -> None:
    """Who has had nothing to use yet has left nothing unused."""
    folder = written(
        tmp_path,
        ("    closes: 2026-10-05\n    decides: 2026-12-01\n", "    closes: 2027-02-01\n"),
        ("    starts: 2027-01-01\n", "    decides: 2027-03-01\n    starts: 2027-04-02\n"),
        more="reclaim:\n  compute:\n    elapsed: 1/2\n    against: allocation\n    notice_days: 1\n"
        "    steps: [{id: all, used_below: 100 %, loses: 100 %}]\n",
    )
    term = whole_term(folder)
    taken = [d for d in term.decisions if d.step == "reclaim"]
    assert {instant(date(2027, 4, 2))} == {d.at for d in taken}
    assert all(b'"taken":{"gpu_seconds":0,"step":null}' in d.line() for d in taken)


class Nobody(Simulated):
    """A world in which nobody applies."""

    def applications(self, call: str) -> tuple[Application, ...]:
        """None."""
        return tuple(a for a in super().applications(call) if not a.id)


def test_a_call_to_which_nobody_applies_ends_without_awards(tmp_path: Path) -> None:
    """Silence is an outcome, not a fault."""
    document = read_programme(written(tmp_path, more=ROUND))
    policy = at(document, first_day(document)).policy
    term = run(document, Nobody(policy, {}, "seed"))
    assert {} == term.holdings


def test_jobs_beside_a_programme_without_gpus_are_not_replayed_and_its_term_is(
    tmp_path: Path,
) -> None:
    """A programme of training places: asked about a trace, a comparison tells its term all the
    same, and says why the jobs were left.
    """
    place = written(
        tmp_path,
        (PROGRAMME[PROGRAMME.index("  compute:\n") : PROGRAMME.index("organisations:")], TRAINING),
        (PROGRAMME[PROGRAMME.index("envelopes:") : PROGRAMME.index("calls:")], ""),
        ("support: compute", "support: training"),
        ("block: {gpu: 8}\n    classes: {h200: ", "block: {person: 10}\n    classes: {chips: "),
    )
    made = tmp_path / "jobs.csv"
    made.write_text("submit_time,duration,num_gpus,vc\n2027-01-01 00:00:00,60,1,a\n", "utf-8")
    found = compare(str(place), Choices(trace=made), Try(), True, lambda _: None)
    assert "not replayed" in found.lines[-1]
    assert "[replay-no-envelopes]" in found.lines[-1]
    assert any(line.startswith("main: awarded") for line in found.lines)
    assert {"outcomes"} == {"outcomes", "replays"} & found.report.keys()
