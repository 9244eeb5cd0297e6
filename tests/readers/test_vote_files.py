"""Votes in other houses' layouts: the same votes, each trap refused by its name at its line."""

import json
from pathlib import Path
from typing import Any

import pytest

from headgate.core.evaluation.evidence import Preferred, Vote
from headgate.core.faults import Faulty
from headgate.readers.evidence_csv import Code
from headgate.readers.vote_files import Asked, read_styles, read_vote_file

TEAMS = {"model-a": "a", "model-b": "b"}
PAIRS = """pair_id,prompt_id,system_left,system_right,voter,winner
0,p1,model-a,model-b,7,left
1,p1,model-b,model-a,8,left
2,p2,model-a,model-b,7,tie
"""
STYLES = """prompt_id,system,length,rate,bold
p1,model-a,120,0.5,1
p1,model-b,340,1.5,0
p2,model-a,10,,0
p2,model-b,20,,0
"""
PROVOKED = {
    Code.UNREADABLE, Code.NOT_JSON, Code.VOTER_MISSING, Code.NOT_BLIND, Code.SYSTEM_UNKNOWN,
    Code.STYLE_MISSING,
}  # fmt: skip
"""Faults that only votes in another layout have: each is provoked here."""


def arena(**changes: Any) -> str:
    """One vote of an arena as a line; a field of None is left out."""
    vote = {
        "question_id": "q1",
        "model_a": "model-a",
        "model_b": "model-b",
        "winner": "model_a",
        "judge": "arena_user_7",
        "anony": True,
        "conv_metadata": {
            "sum_assistant_a_tokens": 120,
            "sum_assistant_b_tokens": 340,
            "header_count_a": {"h1": 1, "h2": 2},
            "header_count_b": {"h1": 0, "h2": 0},
            "list_count_a": {"ordered": 0, "unordered": 4},
            "list_count_b": {"ordered": 1, "unordered": 0},
            "bold_count_a": {"**": 2, "__": 0},
            "bold_count_b": {"**": 0, "__": 0},
        },
        **changes,
    }
    return json.dumps({key: value for key, value in vote.items() if value is not None}) + "\n"


def read(tmp_path: Path, text: str, *styles: str, table: str = "") -> tuple[Vote, ...]:
    """The votes of a file of this text."""
    path = tmp_path / "votes"
    path.write_text(text, "utf-8")
    told = read_styles(table.encode(), "styles.csv", styles) if table else {}
    return read_vote_file(path, "votes", Asked("chat", styles, TEAMS, told))


def codes(tmp_path: Path, text: str, *styles: str, table: str = "") -> set[tuple[str, int]]:
    """The faults of a file, each with its line."""
    with pytest.raises(Faulty) as faulty:
        read(tmp_path, text, *styles, table=table)
    return {(fault.code, fault.line) for fault in faulty.value.faults}


def test_pairs_of_a_crowd_are_read_with_styles_from_a_table(tmp_path: Path) -> None:
    """Left is first; systems become teams; columns that no style asks for are passed over."""
    found = read(tmp_path, PAIRS, "length", "side", table=STYLES)
    assert found == (
        Vote("chat", "p1", "7", "a", "b", Preferred.FIRST, (("length", 120, 340),)),
        Vote("chat", "p1", "8", "b", "a", Preferred.FIRST, (("length", 340, 120),)),
        Vote("chat", "p2", "7", "a", "b", Preferred.TIE, (("length", 10, 20),)),
    )


def test_an_arenas_lines_are_read_with_the_styles_that_they_count(tmp_path: Path) -> None:
    """Length, headers, lists and bold come with each vote, and "both bad" is a tie."""
    text = arena() + arena(winner="tie (bothbad)", judge=None, evaluation_session_id="s1")
    first, second = read(tmp_path, text, "length", "headers", "lists", "bold")
    counts = (("length", 120, 340), ("headers", 3, 0), ("lists", 4, 1), ("bold", 2, 0))
    assert Vote("chat", "q1", "arena_user_7", "a", "b", Preferred.FIRST, counts) == first
    assert ("s1", Preferred.TIE) == (second.voter, second.preferred)


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        (PAIRS + "3,p1,model-b,model-a,7,right\n", Code.ROW_TWICE, 5),
        (PAIRS + "3,p3,model-a,model-a,7,tie\n", Code.VOTE_ON_ITSELF, 5),
        (PAIRS + "3,p3,model-a,model-z,7,tie\n", Code.SYSTEM_UNKNOWN, 5),
        (PAIRS + "3,p3,model-a,model-b,,tie\n", Code.VOTER_MISSING, 5),
        (PAIRS + "3,p3,model-a,model-b,7,maybe\n", Code.PREFERRED_BAD, 5),
        (PAIRS.replace("voter", "who"), Code.COLUMN_MISSING, 1),
        (PAIRS.split("\n", maxsplit=1)[0] + "\n", Code.NO_ROWS, 0),
        (arena() + arena(), Code.ROW_TWICE, 2),
        (arena() + arena(judge=None), Code.VOTER_MISSING, 2),
        (arena() + arena(judge="u2", anony=False), Code.NOT_BLIND, 2),
        (arena() + arena(judge="u2", winner=7), Code.PREFERRED_BAD, 2),
        (arena() + arena(judge="u2", model_a=["x"]), Code.NAME_BAD, 2),
        (arena() + '{"cut', Code.NOT_JSON, 2),
        (arena() + "[1]\n", Code.NOT_JSON, 2),
        (arena() + "[" * 100_000 + "\n", Code.NOT_JSON, 2),
    ],
)
def test_every_trap_is_refused_at_its_line(
    text: str, code: Code, line: int, tmp_path: Path
) -> None:
    """Nothing of a vote is guessed or left out unsaid."""
    assert (code.value, line) in codes(tmp_path, text)


def test_a_style_that_is_not_told_is_refused(tmp_path: Path) -> None:
    """A style without a count for an answer, in the table or the vote, is no zero."""
    short = "\n".join(STYLES.split("\n")[:4]) + "\n"
    assert {(Code.STYLE_MISSING.value, 4)} == codes(tmp_path, PAIRS, "length", table=short)
    told = {"sum_assistant_a_tokens": 3}
    lines = arena() + arena(judge="u2", conv_metadata=told)
    assert {(Code.STYLE_MISSING.value, 2)} == codes(tmp_path, lines, "length")
    assert {(Code.STYLE_MISSING.value, 1)} == codes(tmp_path, arena(), "humour")


def test_a_table_of_styles_is_checked_like_any_other(tmp_path: Path) -> None:
    """A row twice, a number that is none, a column that is not there."""
    twice = STYLES + "p1,model-a,1,1,1\n"
    assert {(Code.ROW_TWICE.value, 6)} == codes(tmp_path, PAIRS, "length", table=twice)
    word = STYLES.replace("120", "long")
    assert {(Code.NOT_A_NUMBER.value, 2)} == codes(tmp_path, PAIRS, "length", table=word)
    assert {(Code.COLUMN_MISSING.value, 1)} == codes(tmp_path, PAIRS, "words", table=STYLES)


def test_all_faults_come_at_once(tmp_path: Path) -> None:
    """Who mends a file wants the list, not its first line."""
    bad = "3,p1,model-b,model-a,7,right\n4,p3,model-a,model-z,,maybe\n5,p9,x,y,1,tie\n"
    row, voter, winner, system = (
        code.value
        for code in (Code.ROW_TWICE, Code.VOTER_MISSING, Code.PREFERRED_BAD, Code.SYSTEM_UNKNOWN)
    )
    assert {(row, 5), (voter, 6), (winner, 6), (system, 7)} == codes(tmp_path, PAIRS + bad)


def test_a_file_that_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    """A name without a file is a fault like another."""
    with pytest.raises(Faulty, match="cannot be read"):
        read_vote_file(tmp_path / "none", "none", Asked("chat", (), TEAMS))
