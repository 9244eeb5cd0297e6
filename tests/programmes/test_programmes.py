"""The programmes that ship: they load, their cases hold, and what they call law can be found."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from headgate.core.policy.cases import run_cases
from headgate.core.policy.check import check
from headgate.core.policy.dated import at
from headgate.core.policy.document import Document
from headgate.core.policy.primitives import share_of
from headgate.core.policy.schema import Policy
from headgate.core.supports import Compute
from headgate.readers.policy_files import read_programme
from headgate.simulation.population import read_population
from headgate.simulation.totals import check_population

ROOT = Path(__file__).parents[2]
PROGRAMMES = sorted(path for path in (ROOT / "programmes").iterdir() if path.is_dir())
KOREA = ROOT / "programmes" / "korea-2025"

READ = {"L", "P"}
GRADES = READ | {"S", "D", "A"}

each_programme = pytest.mark.parametrize("folder", PROGRAMMES, ids=lambda path: path.name)


def sections(folder: Path) -> dict[str, str]:
    """Every anchored section of a programme's law, as `law/file.md#anchor` -> its text."""
    found = {}
    for file in sorted(folder.glob("law/*.md")):
        parts = re.split(r"^## .*\{#(.+)\}$", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
        for anchor, text in zip(parts[1::2], parts[2::2], strict=True):
            found[f"law/{file.name}#{anchor}"] = text
    return found


def facts(section: str) -> dict[str, str]:
    """The list under a section of law: grade, publisher, date, address."""
    return dict(re.findall(r"^- (\w+): (.+)$", section, flags=re.MULTILINE))


def plain(file: Path) -> Any:
    """A YAML file as plain values, read without Headgate's own loader."""
    return YAML(typ="safe", pure=True).load(file.read_text(encoding="utf-8"))


def leaves(node: Any, path: str, status: str, source: str) -> Iterator[tuple[str, str, str]]:
    """Every value of a policy file with the status and source nearest around it."""
    if isinstance(node, dict):
        status, source = node.get("status", status), node.get("source", source)
        for key, value in node.items():
            if key not in {"status", "source", "from", "until", "note"}:
                inner = path if key == "value" else f"{path}.{key}"
                yield from leaves(value, inner, status, source)
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from leaves(value, f"{path}.{index}", status, source)
    else:
        yield path, status, source


def texts(node: Any) -> Iterator[Mapping[str, str]]:
    """Every text of a file that is written in more languages than one."""
    if isinstance(node, dict):
        if "en" in node:
            yield node
        for value in node.values():
            yield from texts(value)
    elif isinstance(node, list):
        for value in node:
            yield from texts(value)


def policy_at(folder: Path, day: date) -> Policy:
    """What a shipped programme says on a day."""
    return at(read_programme(folder), day).policy


@each_programme
def test_a_shipped_programme_has_no_faults(folder: Path) -> None:
    """Whoever copies a shipped programme starts from a file that checks clean."""
    document = read_programme(folder)
    assert isinstance(document, Document)
    assert [] == [str(fault) for fault in check(document)]


@each_programme
def test_every_case_holds_and_every_rule_is_fired(folder: Path) -> None:
    """A reader sees each rule at work in a case, and the policy does what the case says."""
    run = run_cases(read_programme(folder))
    assert run.results
    assert [] == [(result.case.case, result.answer) for result in run.results if not result.right]
    assert () == run.unfired


@each_programme
def test_every_source_can_be_looked_up(folder: Path) -> None:
    """Every source named in policy, data or law is a section of the programme's own law."""
    files = [*folder.glob("*.yaml"), *folder.glob("data/*.yaml"), *folder.glob("law/*.md")]
    named = {
        source
        for file in files
        for source in re.findall(r"law/[\w.-]+#[\w-]+", file.read_text(encoding="utf-8"))
    }
    assert named
    assert set() == named - sections(folder).keys()


@each_programme
def test_every_section_of_law_says_what_it_rests_on(folder: Path) -> None:
    """A stranger learns how well each fact is known, and where it was published."""
    for name, section in sections(folder).items():
        found = facts(section)
        assert found["grade"] in GRADES, name
        if found["grade"] != "A":
            assert {"grade", "publisher", "date", "address"} == found.keys(), name


@each_programme
def test_what_is_in_force_was_read_at_its_source(folder: Path) -> None:
    """Nothing second hand, derived or assumed is passed off as the rule of a state."""
    grade = {name: facts(section)["grade"] for name, section in sections(folder).items()}
    values = list(leaves(plain(folder / "programme.yaml"), "", "assumed", ""))
    in_force = [(path, source) for path, status, source in values if status == "in force"]
    assert in_force
    assert [] == [(path, source) for path, source in in_force if grade[source] not in READ]


@each_programme
def test_every_assumption_is_marked_assumed(folder: Path) -> None:
    """What rests on our own choice or arithmetic says so, for every output to show."""
    grade = {name: facts(section)["grade"] for name, section in sections(folder).items()}
    values = list(leaves(plain(folder / "programme.yaml"), "", "assumed", ""))
    ours = [(p, status) for p, status, source in values if grade.get(source, "A") in {"A", "D"}]
    assert ours
    assert [] == [(path, status) for path, status in ours if status != "assumed"]


@each_programme
def test_every_text_is_written_in_three_languages(folder: Path) -> None:
    """Civil servants in Hanoi and in Seoul read the programme in their own language."""
    for file in [folder / "programme.yaml", *folder.glob("data/*.yaml")]:
        for text in texts(plain(file)):
            assert {"en", "vi", "ko"} == text.keys(), text["en"]


@each_programme
def test_applicants_can_be_drawn_from_every_data_file(folder: Path) -> None:
    """The data of a call fits the call: its groups, words, forms and totals."""
    document = read_programme(folder)
    files = [file for file in folder.glob("data/*.yaml") if file.name != "published.yaml"]
    assert files
    for file in files:
        name = file.relative_to(folder).as_posix()
        population = read_population(name, file.read_text(encoding="utf-8"))
        call_day = plain(folder / "programme.yaml")["calls"][population.call]["closes"]
        day = call_day["value"] if isinstance(call_day, dict) else call_day
        policy = at(document, day).policy
        call = policy.calls[population.call]
        assert () == check_population(file.stem, population, call, policy.organisations)


def test_koreas_lots_add_up_to_what_was_published() -> None:
    """13,136 GPUs were bought, and 10,456 of them serve the state."""
    compute = policy_at(KOREA, date(2026, 3, 16)).supports["compute"]
    assert isinstance(compute, Compute)
    lots = compute.lots.values()
    assert (13_136, 10_456) == (sum(lot.gpus for lot in lots), sum(lot.state_gpus for lot in lots))
    assert {"h200": 2_296, "b200": 8_160} == compute.supply(date(2026, 3, 16))
    assert {"h200": 0, "b200": 0} == compute.supply(date(2026, 2, 28))


def test_koreas_first_awards_wait_for_the_end_of_objections() -> None:
    """No award of the example begins before its result was published and could be objected to."""
    policy = policy_at(KOREA, date(2026, 3, 16))
    call = policy.calls["open-1"]
    assert call.appeals is not None
    assert (call.starts - call.decides).days > call.appeals.object_days.count
    assert policy.programme.calendar.first == call.starts


def test_koreas_split_says_when_it_became_sure() -> None:
    """The split was under review in December 2025 and confirmed in January 2026."""
    document = read_programme(KOREA)
    days = [date(2025, 8, 4), date(2025, 12, 18), date(2026, 1, 11), date(2026, 1, 12)]
    found = [at(document, day).provenance["envelopes.compute.shares"].status for day in days]
    assert ["assumed", "announced", "announced", "in force"] == found


def test_the_published_drift_is_what_its_numbers_give() -> None:
    """Shares and excess shown beside Headgate's own figures follow from the published GPUs."""
    drift = plain(KOREA / "data" / "published.yaml")["drift"]
    groups, selected = drift["shares_of_selected"], drift["gpus_selected"]
    assert selected == sum(group["gpus"] for group in groups.values())
    for group in groups.values():
        assert share_of(group["share"]) == round(Fraction(group["gpus"], selected), 3)
    held = groups["academia"]["gpus"] + groups["research"]["gpus"]
    assert drift["held_academia_gpus"] == held
    assert drift["planned_academia_gpus"] == round(Fraction(drift["base_gpus"] * 20, 100))
    assert drift["over_plan_gpus"] == held - drift["planned_academia_gpus"]


def test_the_groups_of_the_first_call_add_up_to_its_result() -> None:
    """528 servers were awarded: the three groups' servers, and the drift's GPUs in eights."""
    file = KOREA / "data" / "open-1.yaml"
    population = read_population("data/open-1.yaml", file.read_text(encoding="utf-8"))
    blocks = {group.id: group.selected_blocks for group in population.groups}
    assert {"academia": 328, "industry": 161, "research": 39} == blocks
    assert population.selected.blocks == sum(n for n in blocks.values() if n is not None)
    drift = plain(KOREA / "data" / "published.yaml")["drift"]["shares_of_selected"]
    assert {name: 8 * n for name, n in blocks.items() if n} == {
        name: group["gpus"] for name, group in drift.items()
    }


def test_the_american_table_changes_with_the_allocation_year() -> None:
    """A dated history carries three published tables of reduction; no code knows any of them."""
    folder = ROOT / "programmes" / "us-alcc-2026"
    days = [date(2026, 1, 21), date(2026, 11, 1), date(2027, 3, 1)]
    tables = [policy_at(folder, day).reclaim["compute"].steps for day in days]
    tenth, quarter, half = Fraction(1, 10), Fraction(1, 4), Fraction(1, 2)
    early = [(tenth, quarter), (quarter, Fraction(15, 100))]
    assert [early, early, [(quarter, half), (half, quarter)]] == [
        [(step.used_below, step.loses) for step in steps] for steps in tables
    ]
