"""What an organisation may apply for: alone, and with an alliance that it leads."""

from datetime import date

from headgate.core.calls.application import Organisation
from headgate.core.calls.dossier import Welcome, invitations
from headgate.core.policy.dated import at
from headgate.readers.policy_files import read_programme
from tests.report.builders import ROOT

FIRM, LAB, HOUSE = (
    Organisation(name, kind, size, "VN-HN", date(2019, 4, 1), {})
    for name, kind, size in (
        ("FIRM", "firm", "small"),
        ("LAB", "institute", "large"),
        ("HOUSE", "university", "large"),
    )
)
NOW = "2026-12-10T00:00:00Z"


def test_a_call_for_alliances_is_open_to_who_leads_one() -> None:
    """Vietnam's call asks for two members: the lead of such an alliance is welcome with it, and is
    told with which; a smaller one, and who leads none, read the rule.
    """
    document = read_programme(ROOT / "programmes" / "vietnam-2027")
    policy = at(document, date(2026, 12, 10)).policy
    allied = {"FIRM": {"small": [LAB], "whole": [LAB, HOUSE]}}
    found = {
        (one.call, one.organisation): one for one in invitations(policy, [FIRM, LAB], NOW, allied)
    }
    ours = found["vietnamese-models", "FIRM"]
    assert (Welcome.OPEN, "whole", ()) == (ours.welcome, ours.alliance, ours.findings)
    theirs = found["vietnamese-models", "LAB"]
    assert (Welcome.REFUSED, "") == (theirs.welcome, theirs.alliance)
    assert ["alone"] == [finding.rule for finding in theirs.findings]
    alone = found["vouchers", "FIRM"]
    assert (Welcome.OPEN, "") == (alone.welcome, alone.alliance), "nobody is asked to share it"
