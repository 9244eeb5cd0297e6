"""What a policy's forms say together: names that clash, labels of nothing, documents of no type."""

import pytest

from headgate.core.policy.check import check
from tests.core.policy.small import SMALL, small
from tests.core.policy.test_together import call, lot

DOCUMENT = "{name: {en: A plan}, types: [pdf], megabytes_most: 5}"


def faults(attachments: str, labels: str = "") -> list[tuple[str, str]]:
    """The faults of a programme whose call asks for documents: codes and what they are about."""
    text = SMALL.replace("    lots: {}\n", f"    lots:\n{lot('a', 80)}")
    text = text.replace("organisations:\n", f"organisations:\n  labels: {{{labels}}}\n", 1)
    asked = "    fields: {staff: {kind: integer, name: {en: Staff?}}}\n"
    asked += f"    attachments: {{{attachments}}}\n"
    found = check(small(f"{text}calls:\n{call('one', 80, 'gpu: 8')}{asked}"))
    return [(fault.code, fault.what) for fault in found]


@pytest.mark.parametrize(
    ("attachments", "expected"),
    [
        (f"plan: {DOCUMENT}", []),
        (f"staff: {DOCUMENT}", ["fields-clash"]),
        (f"months: {DOCUMENT}", ["fields-clash"]),
        ("plan: {name: {en: A plan}, types: [exe], megabytes_most: 5}", ["choice-wrong"]),
        ("plan: {name: {en: A plan}, types: [], megabytes_most: 5}", ["empty-section"]),
        ("plan: {name: {en: A plan}, types: [pdf], megabytes_most: 26}", ["range-wrong"]),
        ("plan: {name: {en: A plan}, types: [pdf], megabytes_most: 0}", ["range-wrong"]),
        ("plan: {name: {en: A plan}}", ["key-missing", "key-missing"]),
    ],
)
def test_what_a_document_may_be_is_checked_when_the_policy_is(
    attachments: str, expected: list[str]
) -> None:
    """Types, sizes and names that clash with an answer's are faults, all at once."""
    assert expected == [code for code, _ in faults(attachments)]


def test_a_label_of_no_kind_is_a_fault() -> None:
    """A word that nothing would ever show is most likely misspelt."""
    assert [] == faults(f"plan: {DOCUMENT}", "firm: {en: Firm}")
    ((code, what),) = faults(f"plan: {DOCUMENT}", "frim: {en: Firm}")
    assert ("key-unknown", True) == (code, "frim" in what)
