"""A programme that lets users vote: its round is decided, published and derived again."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from headgate.bundle.verify import verify
from headgate.core import canonical
from headgate.core.evaluation.evidence import Evidence, Vote
from headgate.evaluating import evaluate_folder, rows_of
from headgate.readers.facts import Recorded, read_facts
from tests.bundle.test_forged import resigned
from tests.whole.small import pages
from tests.whole.voted import voted, voted_bundle, voted_programme


def evidence() -> Evidence:
    """The round's evidence as it stands in the term's facts."""
    facts = {
        name: read_facts(name, name.split("/")[0], fact.data)
        for name, fact in voted().term.facts.items()
    }
    return Recorded(facts).evidence("stage", ())


def test_votes_are_kept_as_facts_and_come_back_as_they_were() -> None:
    """Every vote stands in the bundle with voter, prompt, pair, choice and style, and is read."""
    votes = evidence().votes["votes"]
    rows: list[Any] = list(voted().term.facts["evidence/stage"].values)
    assert [row["vote"] for row in rows if "vote" in row] == list(votes)
    assert {"chat", "code"} == {vote.task for vote in votes}
    assert all(("length",) == tuple(name for name, _, _ in vote.style) for vote in votes)
    assert all(isinstance(vote, Vote) for vote in votes)


def test_the_bundle_is_verified() -> None:
    """A stranger derives every decision again, the one that rests on votes among them."""
    verdict = verify(voted_bundle(), pages)
    assert () == verdict.faults
    assert len(voted().term.decisions) == sum(verdict.decisions.values())


def test_one_vote_turned_round_is_caught() -> None:
    """A forger who changes a choice and makes all digests and signatures fit has other numbers."""
    files, path = voted_bundle(), "facts/evidence/stage.jsonl"
    before = files[path]
    files[path] = before.replace(b'"preferred":"first"', b'"preferred":"second"', 1)
    told = {canonical.digest(before): canonical.digest(files[path])}
    entries = [
        replace(entry, fields=tuple(told.get(field, field) for field in entry.fields))
        for entry in voted().term.entries
    ]
    verdict = verify(resigned(files, entries), pages)
    assert "decisions/standings.jsonl" in {fault.file for fault in verdict.faults}


def test_the_cycles_votes_give_the_cycles_decision_from_a_folder(tmp_path: Path) -> None:
    """The same rows as CSV files and the same seed: the same standings, to the byte."""
    term, found = voted().term, evidence()
    first = reversed(term.decisions)
    kept: dict[str, Any] = {f"{d.step}/{d.subject}": d.result for d in first}
    findings: list[Any] = list(term.facts["findings/stage"].values)
    teams = tuple(sorted({row.team for row in found.items["items"]}))
    folder = tmp_path / "rows"
    folder.mkdir()
    for name, data in rows_of(teams, found, findings).items():
        (folder / name).write_bytes(data)
    seed = kept["standings/stage"].seed
    again = evaluate_folder(str(voted_programme(tmp_path)), "stage", folder, (), seed)
    assert canonical.line(kept["standings/stage"]) == canonical.line(again.judged.standings)
    assert canonical.line(kept["round/stage"]) == canonical.line(again.judged.outcome)
    assert set(found.votes["votes"]) == set(again.evidence.votes["votes"])
