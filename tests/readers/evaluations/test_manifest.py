"""A manifest that is written for publication is the one that is read again."""

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.core.calls.application import GateFinding
from headgate.core.ledger.text import is_name
from headgate.readers.evaluations.manifest import manifest_text, read_manifest

NAMES = st.lists(
    st.text(min_size=1, max_size=12).filter(is_name), min_size=1, max_size=3, unique=True
)


@settings(max_examples=100, deadline=None)
@given(NAMES, NAMES, st.booleans())
def test_any_teams_and_findings_come_back(teams: list[str], gates: list[str], passed: bool) -> None:
    """Whatever a team or gate is called, in whatever script, its finding is read as it was."""
    findings = tuple(
        GateFinding(team, gate, passed, teams[0], ("ab" * 32,), not passed)
        for gate in gates
        for team in teams
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "evidence.yaml"
        path.write_text(manifest_text(teams, findings), encoding="utf-8")
        manifest = read_manifest(path)
    assert teams == [team.name for team in manifest.teams]
    assert findings == manifest.findings
