"""What a policy says on a day, and what each value rests on."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.faults import Faulty
from headgate.core.policy.check import check
from headgate.core.policy.dated import at, changes, find
from headgate.core.policy.document import Document
from tests.core.policy.small import SMALL, small, with_lines

HISTORY = with_lines(
    "reclaim:",
    "  compute:",
    "    elapsed: 1/2",
    "    notice_days:",
    "      - {value: 7, until: 2026-02-01, status: assumed}",
    "      - {value: 14, from: 2026-02-01, until: 2026-05-01}",
    "      - {value: 21, from: 2026-05-01, source: law/act.md#art-2, status: announced}",
    "    steps: []",
)


@pytest.mark.parametrize(
    ("day", "days"),
    [
        (date(2025, 1, 1), 7),
        (date(2026, 1, 31), 7),
        (date(2026, 2, 1), 14),
        (date(2026, 4, 30), 14),
        (date(2026, 5, 1), 21),
        (date(2099, 1, 1), 21),
    ],
)
def test_a_dated_value_holds_from_its_day_until_the_day_it_no_longer_does(
    day: date, days: int
) -> None:
    """`from` is the first day of a value, `until` the first day without it."""
    assert days == at(small(HISTORY), day).policy.reclaim["compute"].notice_days


def test_every_value_knows_its_line_source_and_status() -> None:
    """The side table says of each path where it stands and what it rests on."""
    own = at(small(HISTORY), date(2026, 6, 1)).provenance["reclaim.compute.notice_days"]
    assert ("programme.yaml", 32, 9) == (own.file, own.line, own.column)
    assert (date(2026, 5, 1), "law/act.md#art-2", "announced") == (
        own.from_, own.source, own.status,
    )  # fmt: skip


def test_what_stands_around_a_value_holds_for_it_until_something_nearer_says_otherwise() -> None:
    """Source and status are inherited from the nearest enclosing section."""
    resolved = at(small(HISTORY), date(2026, 3, 1))
    own = resolved.provenance["reclaim.compute.notice_days"]
    assert ("law/act.md#art-1", "in force") == (own.source, own.status)


def test_an_assumed_value_does_not_borrow_a_source() -> None:
    """A value that says it is assumed does not rest on the article that stands around it."""
    own = at(small(HISTORY), date(2026, 1, 1)).provenance["reclaim.compute.notice_days"]
    assert (None, "assumed") == (own.source, own.status)


def test_values_that_rest_on_nothing_are_listed_as_widely_as_possible() -> None:
    """Every page that shows such a value can say so."""
    resolved = at(small(HISTORY), date(2026, 1, 1))
    assert ("reclaim.compute.notice_days",) == resolved.assumed()
    assert () == resolved.assumed(("holders", "supports"))
    bare = SMALL.replace("status: in force\n", "").replace("source: law/act.md#art-1\n", "")
    assert ("supports",) == at(small(bare), date(2026, 1, 1)).assumed(("supports",))


def test_a_section_begins_on_its_day() -> None:
    """A rule with a `from` is no rule before that day."""
    text = SMALL.replace("  - {id: academia,", "  - {from: 2026-07-01, id: academia,")
    document = small(text)
    assert 1 == len(at(document, date(2026, 6, 30)).policy.holders)
    assert 2 == len(at(document, date(2026, 7, 1)).policy.holders)


def test_a_form_field_may_be_called_note() -> None:
    """Keys that carry provenance are no trap for names that a country chooses."""
    field = "  fields: {note: {kind: text, name: {en: Note}}}\nholders:"
    policy = at(small(SMALL.replace("holders:", field)), date(2026, 1, 1)).policy
    assert ["note"] == list(policy.organisations.fields)


def test_a_policy_that_has_not_begun_says_so() -> None:
    """Asking too early is a named fault, not an empty policy."""
    with pytest.raises(Faulty) as raised:
        at(small("from: 2026-01-01\n" + SMALL), date(2025, 12, 31))
    assert ["policy-not-yet"] == [fault.code for fault in raised.value.faults]


def test_list_items_are_called_by_their_ids_and_names_may_have_dots() -> None:
    """Paths are what a person would write."""
    text = SMALL.replace("chips: {h200:", "chips: {h200.v2: {name: X}, h200:")
    resolved = at(small(text), date(2026, 1, 1))
    found = find(resolved.value, "holders.academia.when")
    assert found is not None
    assert 'applicant.kind == "university"' == found.data
    dotted = find(resolved.value, "supports.compute.chips.h200.v2.name")
    assert dotted is not None
    assert "X" == dotted.data


def test_changes_are_the_days_on_which_the_policy_says_something_new() -> None:
    """A simulation need look at the policy on these days only."""
    assert (date(2026, 2, 1), date(2026, 5, 1)) == changes(small(HISTORY).programme)


@given(st.lists(st.integers(0, 2000), min_size=1, max_size=6, unique=True), st.integers(0, 2500))
def test_a_history_without_hole_has_exactly_one_value_on_each_day(
    starts: list[int], offset: int
) -> None:
    """On any day after the first, the value is that of the latest entry begun."""
    first, day = date(2020, 1, 1).toordinal(), date.fromordinal(737425 + offset)
    days = [date.fromordinal(first + start) for start in sorted(starts)]
    ends = [f", until: {later}" for later in days[1:]] + [""]
    entries = [
        f"{{value: {index}, from: {begins}{end}}}"
        for index, (begins, end) in enumerate(zip(days, ends, strict=True))
    ]
    lines = ["reclaim:", "  compute:", "    elapsed: 1/2", "    steps: []"]
    text = with_lines(*lines, "    notice_days: [" + ", ".join(entries) + "]")
    begun = [index for index, begins in enumerate(days) if begins <= day]
    if begun:
        assert begun[-1] == at(small(text), day).policy.reclaim["compute"].notice_days
    else:
        with pytest.raises(Faulty):
            at(small(text), day)


def test_the_digest_names_every_byte_of_every_file() -> None:
    """Any change of the policy, its law or its cases is another policy; order of files is not."""
    texts = {"programme.yaml": SMALL, "law/act.md": "# A\n", "cases/c.yaml": "[]\n"}
    digests = {Document.read(texts).digest}
    digests |= {Document.read({**texts, name: body + " "}).digest for name, body in texts.items()}
    assert 4 == len(digests)
    assert Document.read(dict(reversed(texts.items()))).digest == Document.read(texts).digest
    assert Document.read({**texts, "data/x.yaml": "a"}).digest == Document.read(texts).digest


def test_a_document_knows_where_a_path_is_written() -> None:
    """The place of a path, whatever the day, for an editor to jump to."""
    place = small(HISTORY).place("reclaim.compute.notice_days")
    assert place is not None
    assert ("programme.yaml", 29) == (place.file, place.line)
    assert small().place("reclaim.compute") is None


@pytest.mark.parametrize("day", ["2025-06-01", "2026-03-01", "2026-09-01"])
def test_a_fault_is_told_whichever_day_it_holds_on(day: str) -> None:
    """A check looks at every version: before the first change, between two, and after the last."""
    wrong = {"2025-06-01": 0, "2026-03-01": 1, "2026-09-01": 2}[day]
    days = ["false" if index == wrong else "7" for index in range(3)]
    text = with_lines(
        "reclaim:",
        "  compute:",
        "    elapsed: 1/2",
        "    steps: []",
        "    notice_days:",
        f"      - {{value: {days[0]}, until: 2026-01-01}}",
        f"      - {{value: {days[1]}, from: 2026-01-01, until: 2026-06-01}}",
        f"      - {{value: {days[2]}, from: 2026-06-01}}",
    )
    assert [("type-wrong", 31 + wrong)] == [(f.code, f.line) for f in check(small(text))]
    with pytest.raises(Faulty):
        at(small(text), date.fromisoformat(day))
