"""What a stranger writes first, from a programme's published rules, is told what to write instead.

Each row was met while the rules of another country's programme were written down.
"""

import pytest

from headgate.core.policy.check import check
from headgate.core.policy.document import PROGRAMME, Document
from tests.bad.test_bad_programmes import good

MENDS = [
    # Published rates are fractions of a reference chip.
    (
        "rates: {h200: 4, a100: 1}",
        "rates: {h200: 1.6, a100: 0.25}",
        "write rates in whole numbers of the same proportion: h200: 32, a100: 5",
    ),
    (
        "rates: {h200: 4, a100: 1}",
        "rates: {h200: 1.6, a100: many}",
        "write a whole number, without quotes, unit or fraction",
    ),
    (
        "rates: {h200: 4, a100: 1}",
        "rates: {h200: 0.000000001, a100: 123456789.1}",
        "write a whole number, without quotes, unit or fraction",
    ),
    # A word for what has another name here: all names are shown, not the first few.
    ("    fee:\n", "    subsidy: 40 %\n    fee:\n", "fee, invoice"),
    # A fact that no form asks for yet.
    (
        'applicant.size == "large"',
        "application.high_risk",
        "what else a form asks stands in `calls.CALL.fields`",
    ),
    (
        'applicant.size == "large"',
        "applicant.women_led",
        "what else a form asks stands in `organisations.fields`",
    ),
    ('applicant.size == "large"', 'applicant.sizes == "large"', "did you mean `size`?"),
]


@pytest.mark.parametrize(("old", "new", "mend"), MENDS)
def test_the_mend_says_what_to_write(old: str, new: str, mend: str) -> None:
    """Every fault of the changed programme has the sentence that helps."""
    text = good()[PROGRAMME]
    assert old in text
    found = check(Document.read({**good(), PROGRAMME: text.replace(old, new, 1)}))
    told = [fault for fault in found if fault.file == PROGRAMME]
    assert told
    assert [] == [fault for fault in told if mend not in fault.mend]


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("country: KR", "country: Korea", "two capital letters"),
        ("currency: KRW", "currency: won", "three capital letters"),
        ("{en: Effect}", "{en: Effect, eng: Effect}", "two small letters"),
    ],
)
def test_a_code_is_asked_for_in_words(old: str, new: str, what: str) -> None:
    """No reader of a policy has to know what ^[A-Z]{3}$ is."""
    text = good()[PROGRAMME]
    assert old in text
    found = check(Document.read({**good(), PROGRAMME: text.replace(old, new, 1)}))
    assert [True] == [what in fault.what for fault in found]
