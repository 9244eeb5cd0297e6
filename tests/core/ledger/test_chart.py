"""The chart of accounts: paths, units, limits, and charts that contradict themselves."""

import pytest

from headgate.core.faults import Faulty
from headgate.core.ledger.chart import (
    Account,
    AccountRefusal,
    Chart,
    ChartFault,
    Limit,
    Pattern,
)
from headgate.core.ledger.post import Books
from headgate.core.ledger.refused import Refused

DEBITS = Limit.DEBITS_MUST_NOT_EXCEED_CREDITS


def test_path_that_fits_a_pattern_is_an_account_with_its_unit_and_limit() -> None:
    """A unit may follow from the path, so that chips never mix in one account."""
    chart = Chart((Pattern("award/{award}/{chip}", "gpu_second.{chip}", DEBITS),))
    expected = Account("award/2026-017/h200", "gpu_second.h200", DEBITS)
    assert expected == chart.account("award/2026-017/h200", "gpu_second.h200")


def test_fixed_segments_tell_patterns_apart() -> None:
    """Supports can share a stem as long as a fixed word differs."""
    chart = Chart(
        (Pattern("pool/compute/{to}", "gpu_second"), Pattern("pool/vouchers/{to}", "krw"))
    )
    assert "krw" == chart.account("pool/vouchers/sme", "krw").unit


@pytest.mark.parametrize(
    "path",
    [
        "",
        "award",
        "award/",
        "award/a/",
        "/award/a",
        "award/a/b/c",
        "Award/a",
        "award/\t",
        "award/a\n",
    ],
)
def test_unknown_path_is_refused(path: str) -> None:
    """A mistyped account is an error, not a new account."""
    chart = Chart((Pattern("award/{award}", "gpu_second"),))
    assert chart.find(path) is None
    with pytest.raises(Refused) as refused:
        chart.account(path, "gpu_second")
    assert AccountRefusal.PATH_UNKNOWN is refused.value.reason


def test_every_account_refusal_can_be_provoked() -> None:
    """Each reason for not giving an account has its name."""
    chart = Chart((Pattern("fund/{ministry}", "krw"),))
    provoked = set()
    for asked in (
        lambda: chart.account("fund", "krw"),
        lambda: chart.account("fund/msit", "vnd"),
        lambda: Books(chart).available(chart.account("fund/msit", "krw")),
    ):
        with pytest.raises(Refused) as refused:
            asked()
        provoked.add(refused.value.reason)
    assert set(AccountRefusal) == provoked


def test_faulty_chart_tells_all_its_faults_at_once() -> None:
    """Whoever writes a support sees every fault of its patterns, each with what would mend it."""
    with pytest.raises(Faulty) as faulty:
        Chart(
            (
                Pattern("award//{award}", "gpu_second"),
                Pattern("award/{Award}", "gpu_second"),
                Pattern("lease/{to}/{to}", "gpu_second"),
                Pattern("use/{site}", "gpu_second.{chip}"),
                Pattern("seat/{body}", ""),
                Pattern("fund/{ministry}", "krw"),
                Pattern("{any}/msit", "krw"),
            )
        )
    codes = sorted(fault.code for fault in faulty.value.faults)
    assert 2 == codes.count(ChartFault.SEGMENT_BAD.value)
    assert 2 == codes.count(ChartFault.UNIT_BAD.value)
    assert {fault.value for fault in ChartFault} == set(codes)
    assert all(fault.mend for fault in faulty.value.faults)


@pytest.mark.parametrize(
    ("one", "other"), [("a/{x}", "a/b"), ("{x}/b", "a/{y}"), ("a/b", "a/b"), ("{x}", "{y}")]
)
def test_patterns_that_could_fit_one_path_are_refused(one: str, other: str) -> None:
    """An account can never have two units or two limits."""
    with pytest.raises(Faulty):
        Chart((Pattern(one, "krw"), Pattern(other, "krw")))


def test_an_account_whose_unit_would_be_no_name_does_not_exist() -> None:
    """A unit that a path forms keeps to what may be named, or there is no such account."""
    chart = Chart((Pattern("award/{award}", "{award}{award}"),))
    assert chart.find("award/" + "a" * 500) is not None
    assert chart.find("award/" + "a" * 501) is None
