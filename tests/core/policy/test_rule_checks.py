"""A fault inside an expression is told at its own line and column, however it is written."""

import pytest

from headgate.core.policy.check import check
from tests.core.policy.small import SMALL, small

FIRST = '  - {id: business, name: {en: Firms}, when: applicant.kind == "firm"}\n'


@pytest.mark.parametrize(
    ("written", "line", "column"),
    [
        ("    when: applicant.knd == 'x'", 26, 21),
        ("    when: 'applicant.knd == 1'", 26, 22),
        ('    when: "applicant.knd == 1"', 26, 22),
        ("    when: |\n      applicant.kind == 'x'\n      && applicant.knd == 'y'", 28, 20),
        ("    when: >-\n      applicant.kind == 'x' &&\n      applicant.knd == 'y'", 28, 17),
        ("    when: applicant.kind == 'x'\n      && applicant.knd == 'y'", 27, 20),
    ],
)
def test_a_wrong_name_is_pointed_at(written: str, line: int, column: int) -> None:
    """Plain, quoted, literal, folded and continued texts all lead to the very letter."""
    text = SMALL.replace(FIRST, f"  - id: business\n    name: {{en: Firms}}\n{written}\n")
    faults = [(f.code, f.line, f.column, f.mend) for f in check(small(text))]
    assert [("rule-name", line, column, "did you mean `kind`?")] == faults


def test_a_syntax_error_is_pointed_at_in_its_line() -> None:
    """The engine's own line and column are carried over into the file's."""
    when = "    when: |\n      applicant.kind ==\n      )"
    text = SMALL.replace(FIRST, f"  - id: business\n    name: {{en: Firms}}\n{when}\n")
    assert [("rule-syntax", 28, 7)] == [(f.code, f.line, f.column) for f in check(small(text))]
