"""What was published of a call's applicants is read exactly, or every fault of it is shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.faults import Fault, Faulty
from headgate.simulation.population import read_population, regions_of
from tests.simulation.builders import call_with

GOOD = """\
call: open
source: law/open.md#result
applied: {applications: 10, blocks: 30}
groups:
  - id: academia
    name: {en: Universities, ko: 학계}
    holder: academia
    organisation: {kind: university, size: not-applicable}
    applications: null
    blocks: 18
    selected_blocks: 5
    weight: 60
  - id: industry
    name: {en: Firms}
    holder: business
    organisation: {kind: firm, size: small}
    applications: 4
    blocks: null
    selected_blocks: null
    weight: 40
    variants:
      - {kind: firm, size: small, facts: {supplier: true}, weight: 1}
      - {kind: firm, size: large, weight: 9}
selected: {applications: 3, blocks: 9}
announced_plan: {business: 60, academia: 40}
"""


def test_what_is_published_is_read() -> None:
    """Numbers come out as they stand, null as not published, sorts with their weights."""
    population = read_population("open.yaml", GOOD)
    academia, industry = population.groups
    assert (10, 30) == (population.applied.applications, population.applied.blocks)
    assert (None, 18) == (academia.applications, academia.blocks)
    assert ["university"] == [sort.kind for sort in academia.sorts]
    assert [1, 9] == [sort.weight for sort in industry.sorts]
    assert {"supplier": True} == industry.sorts[0].facts


@pytest.mark.parametrize(
    ("old", "new", "line", "code"),
    [
        ("blocks: 18", "blocks: many", 10, "int-type"),
        ("blocks: 18", "blocks: 1.5", 10, "int-type"),
        ("source: law", "source: !!python/object:os.system law", 2, "tag"),
        ("blocks: 18", "blocks: -18", 10, "greater-than-equal"),
        ("weight: 60", "weight: 0", 12, "greater-than"),
        ("weight: 60", "wieght: 60", 5, "missing"),
        ("call: open\n", "call: open\ncolour: red\n", 2, "extra-forbidden"),
        ("facts: {supplier: true}", "facts: [1]", 22, "dict-type"),
        ("blocks: 18", "blocks: 18\n    blocks: 19", 11, "duplicate"),
        ("blocks: 18", "\tblocks: 18", 10, "yaml"),
        ("announced_plan: {business: 60, academia: 40}", "announced_plan: *x", 0, "alias"),
        ("weight: 40", "weight: 40\n    ? [a, b]\n    : 1", 0, "key"),
    ],
)
def test_every_fault_has_its_place(old: str, new: str, line: int, code: str) -> None:
    """A person is led to the line that must be mended."""
    assert old in GOOD
    with pytest.raises(Faulty) as caught:
        read_population("open.yaml", GOOD.replace(old, new, 1))
    places = {(fault.line, fault.code) for fault in caught.value.faults}
    assert any((not line or line == at) and code in name for at, name in places), places
    assert all(fault.mend for fault in caught.value.faults)


def test_all_faults_are_shown_at_once() -> None:
    """Two faults far from each other are both reported."""
    bad = GOOD.replace("weight: 60", "weight: 0").replace("blocks: 9}", "blocks: x}")
    with pytest.raises(Faulty) as caught:
        read_population("open.yaml", bad)
    assert [12, 24] == [fault.line for fault in caught.value.faults]


def test_a_file_that_is_too_large_is_not_parsed() -> None:
    """Two megabytes of brackets costs nothing."""
    with pytest.raises(Faulty, match="large"):
        read_population("open.yaml", "[" * 2_000_001)


@given(st.integers(0, len(GOOD)), st.integers(0, 40), st.text(max_size=12))
def test_no_text_is_a_traceback(start: int, length: int, put: str) -> None:
    """Whatever an editor or an attacker leaves in the file, the answer is a list of faults."""
    text = GOOD[:start] + put + GOOD[start + length :]
    found: tuple[Fault, ...] = ()
    try:
        read_population("open.yaml", text)
    except Faulty as faulty:
        found = faulty.faults
    assert all(fault.file == "open.yaml" and fault.what for fault in found)


def test_an_empty_file_is_a_fault() -> None:
    """A file that was never written is not a population of nobody."""
    with pytest.raises(Faulty, match="empty"):
        read_population("open.yaml", "")


def test_deep_nesting_is_a_fault() -> None:
    """A file that nests deeper than anyone reads is refused, not crashed on."""
    with pytest.raises(Faulty):
        read_population("open.yaml", "a: " + "[" * 20_000)


def test_regions_are_those_the_rules_name() -> None:
    """A floor for a region finds applicants inside it and outside it."""
    regions = regions_of(call_with())
    assert ["KR-11", "KR-41", "elsewhere"] == list(regions)
    assert 64 * sum(regions.values()) == 100 * (regions["KR-11"] + regions["KR-41"])
    assert ["capital", "elsewhere"] == list(regions_of(call_with(floors=[])))
    rule = [{"id": "north", "when": "applicant.region == 'north'", "because": {"en": "No."}}]
    assert ["north", "elsewhere"] == list(regions_of(call_with(floors=[], eligibility=rule)))
