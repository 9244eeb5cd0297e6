"""The report of a round: it says what was decided, how surely, and what may be done by when."""

import io
import re
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import pytest
from pypdf import PdfReader

from headgate.core.evaluation.conduct import Conducted, SetAside, Submission, Why
from headgate.core.evaluation.decide import Decision, Reason, RoundOutcome, TeamDecision
from headgate.core.faults import Fault
from headgate.core.policy.schema import Remedy
from headgate.readers.evaluations.findings import FLAGS, Code
from headgate.report.blocks import Document
from headgate.report.locale import LOCALES
from headgate.report.pages import file_of, laid_out
from headgate.report.section_rights import window_of
from headgate.report.speaker import Speaker, speaker
from headgate.report.stage import Stage, document, stage_files
from headgate.report.stage_team import OwnMark, folder_of, team_document, team_files
from headgate.report.summary import Assumption
from tests.readers.evaluations import made
from tests.report.builders import SHIPPED, rehearsal, summary
from tests.report.checking import findings

FLAG = Fault("logs/a", 0, 0, "prompt-differs", "Prompts differ between teams.", "Say why.")
NEW_FLAG = replace(FLAG, code="newest-of-all", what="<b>Nobody</b> knows it yet.")


@cache
def told() -> Stage:
    """The round of Korea's rehearsal, with a flag, an assumption and digests."""
    term = rehearsal(SHIPPED[0])[0]
    digests = {"policy": "a" * 64, "evidence": "b" * 64, "seed": "c" * 64, "result": "d" * 64}
    assumed = (Assumption("rounds.stage.confidence", "law/x.md#y", "How the round decides"),)
    return Stage(
        term.policy(term.starts),
        summary(SHIPPED[0]).rounds[0],
        flags=(FLAG, NEW_FLAG),
        assumptions=assumed,
        digests=digests,
    )


def says(language: str) -> Speaker:
    """A speaker of the programme."""
    return speaker(language, {}, "KRW")


def page_of(made: Document, language: str = "en") -> str:
    """A document as its page."""
    return laid_out(says(language), made).decode()


def printed(data: bytes) -> str:
    """A print as another program reads it."""
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages)
    return "".join(text.split())


@pytest.mark.parametrize("language", LOCALES)
def test_the_report_is_whole_in_every_language(language: str) -> None:
    """Each part has its title, each team its points, and nothing runs or is loaded."""
    say = says(language)
    page = page_of(document(told(), say), language)
    parts = ("brief", "standings", "line", "conditions", "evidence", "foreseen", "rights", "check")
    for part in parts:
        assert f'<h2 id="{part}"' in page
        assert say.say(f"stage.{part}") in page
    for one in told().evaluation.standings.standings:
        assert one.team in page
        assert say.locale.points(one.total_milli) in page
    assert not re.search(r"<script|https?://(?!www\.w3\.org)|onerror=", page)


@pytest.mark.parametrize("language", LOCALES)
def test_page_and_print_say_the_same(language: str) -> None:
    """Who reads the print reads every team, decision, reason and day of the page."""
    files = stage_files(told(), [language], prints=True)
    name, say = file_of(language), says(language)
    data = files[name.replace("html", "pdf")]
    assert [] == findings(data)
    page, text = files[name].decode(), printed(data)
    window = window_of(told().evaluation.section)
    assert window is not None
    words = [say.locale.day(window.object_by), say.locale.day(window.answer_by), "c" * 64]
    for one in told().evaluation.outcome.decisions:
        words += [one.team, say.code("decision", one.decision), say.code("why", one.reason)]
    for word in words:
        assert word in page, word
        assert "".join(word.split()) in text, word


def test_languages_that_were_not_asked_for_are_not_linked() -> None:
    """A folder of one language has no dead link."""
    files = stage_files(told(), ["vi"], prints=False)
    assert {"report.vi.html"} == files.keys()
    assert "report.ko.html" not in files["report.vi.html"].decode()


def test_days_follow_the_policys_clock() -> None:
    """Ten days from the round's own day to object, thirty more for the last answer."""
    section = told().evaluation.section
    window = window_of(section)
    assert window is not None
    days = (window.object_by - section.on, window.answer_by - section.on)
    assert (timedelta(10), timedelta(40)) == days
    without = section.model_copy(update={"appeals": None})
    silent = replace(told(), evaluation=replace(told().evaluation, section=without))
    assert "sets no days for objections" in page_of(document(silent, says("en")))


@pytest.mark.parametrize("remedy", Remedy)
def test_the_rule_that_drew_the_line_is_named(remedy: Remedy) -> None:
    """By a remedy of ties, the remedy; with places for all, that nobody was cut by points."""
    evaluation = told().evaluation
    tied = replace(evaluation, outcome=replace(evaluation.outcome, remedy_applied=remedy))
    page = page_of(document(replace(told(), evaluation=tied), says("en")))
    assert says("en").code("remedy", remedy) in page
    assert "remedy that was agreed beforehand applies" in page
    assert "Nobody was cut by points" in page_of(document(told(), says("en")))


def test_each_kind_of_decision_opens_the_report() -> None:
    """Who goes on, who is undecided, who leaves and who is out by a gate: each in a sentence."""
    kinds = (Decision.ADVANCE, Decision.TIE, Decision.CUT, Decision.DISQUALIFIED)
    decisions = tuple(
        TeamDecision(f"team-{kind.value}", kind, Reason.TIED_AND_STAYS) for kind in kinds
    )
    evaluation = replace(told().evaluation, outcome=RoundOutcome(decisions, 0, None))
    page = page_of(document(replace(told(), evaluation=evaluation), says("en")))
    for sentence in (
        "1 team goes on: team-advance.",
        "1 team is undecided: team-tie.",
        "1 team leaves: team-cut.",
        "1 team is out by a gate or a bar: team-disqualified.",
    ):
        assert sentence in page


def test_flags_are_told_and_the_newest_has_its_code() -> None:
    """What readers of logs flagged stands in the report, in its own words and as text."""
    page = page_of(document(told(), says("ko")), "ko")
    assert says("ko").say("flag.prompt_differs") in page
    assert "newest-of-all" in page
    assert '<span lang="en">Nobody ' not in page
    assert '<span lang="en">&lt;b&gt;Nobody&lt;/b&gt; knows it yet.</span>' in page
    assert "<b>Nobody" not in page
    unread = page_of(document(replace(told(), flags=None), says("en")))
    assert "flagged" not in unread.lower()


@pytest.mark.parametrize("language", LOCALES)
def test_every_flag_of_the_readers_is_told_in_the_readers_language(
    language: str, tmp_path: Path
) -> None:
    """What the readers of logs really write is of the forms that the words know."""
    one, two, three = (tmp_path / name for name in ("one", "two", "three"))
    made.lm_eval(one / "a", made.lm_eval_samples())
    other = [{**s, "prompt_hash": made.sha(s["doc_hash"])} for s in made.lm_eval_samples()]
    made.lm_eval(one / "b", other, model_name="model-b", lm_eval_version="0.4.12")
    teams = "teams: {a: {models: model-a, logs: a}, b: {models: model-b, logs: b}}\n"
    edited = made.inspect_samples()
    edited[0]["scores"]["match"]["history"] = [{"author": "x"}]
    made.inspect_json(two / "a" / "log.json", made.inspect_header(), edited)
    unused = made.inspect_header(eval={**made.inspect_header()["eval"], "task": "other"})
    made.inspect_json(two / "a" / "other.json", unused, [])
    made.opencompass(three / "a", made.opencompass_details())
    alone = teams.partition(", b:")[0] + "}\n"
    logs = [made.read(one, teams), made.read(two, alone), made.read(three, alone)]
    before = Code.SENT_HOME.of("earlier.json", "a was sent home in stage on 2026-07-20.")
    flags = (*(flag for each in logs for flag in each.flags), before)
    assert {code.value for code in FLAGS} == {flag.code for flag in flags}
    page = page_of(document(replace(told(), flags=flags), says(language)), language)
    assert '<span lang="en">' not in page.partition('id="flagged"')[2].partition("</table>")[0]
    assert "0.4.13" in page
    assert "bench/quiz" in page
    assert all(says(language).say(f"flag.{f.code.replace('-', '_')}") in page for f in flags)


def test_a_team_reads_of_itself_alone() -> None:
    """A team's folder names no other team, in no language and no form."""
    teams = [one.team for one in told().evaluation.outcome.decisions]
    marks = {team: [OwnMark("benchmark", "quiz", 712_345, 40, 0)] for team in teams}
    files = team_files(told(), marks, ["en", "ko"], prints=True)
    assert 4 * len(teams) == len(files)
    for name, data in files.items():
        own = next(team for team in teams if team in name)
        text = printed(data) if name.endswith("pdf") else data.decode()
        assert own in text
        assert not [team for team in teams if team != own and team in text], name
        assert "71.2%" in text


def test_who_leaves_is_told_until_when_to_object() -> None:
    """A team that is out by a gate sees its finding, whether its reply counted, and its day."""
    out = next(
        one.team
        for one in told().evaluation.outcome.decisions
        if one.decision is Decision.DISQUALIFIED
    )
    page = page_of(team_document(told(), out, says("en")))
    last = says("en").locale.day(date(2026, 8, 17))
    assert f"Your objection must be in by {last}" in page
    assert "Independence of the model: Failed" in page
    assert 1 == len(re.findall("Independence of the model: (?:Failed|Passed)", page))
    assert re.search("You were heard before|No reply of yours was received", page)


def test_a_team_that_was_not_measured_has_a_report() -> None:
    """Without marks there is no place and no distance, and the report says so."""
    lost = TeamDecision("lost", Decision.STOP, Reason.NOTHING_MEASURED)
    evaluation = replace(told().evaluation, outcome=RoundOutcome((lost,), 0, None))
    page = page_of(team_document(replace(told(), evaluation=evaluation), "lost", says("en")))
    assert "You were not measured in this round" in page
    assert 'id="line"' not in page


@pytest.mark.parametrize(
    ("team", "folder"),
    [("Đội 1/../x", "01-i-1-x"), ("한국", "01"), ("a" * 200, f"01-{'a' * 40}"), ("../..", "01")],
)
def test_a_teams_folder_is_a_name_that_any_system_can_hold(team: str, folder: str) -> None:
    """A name leads nowhere, and two teams never share a folder."""
    assert folder == folder_of(1, team)


def conducted() -> Stage:
    """A round with last days, models and rows that do not count, after one before it."""
    first, second = (one.team for one in told().evaluation.outcome.decisions[:2])
    evaluation = told().evaluation
    days = {first: date(2026, 7, 14), second: date(2026, 7, 16)}
    models = (Submission(first, "ab" * 32, date(2026, 7, 13), 4),)
    aside = (
        SetAside("expert", "EXP-7", Why.INATTENTIVE, rows=12),
        SetAside("expert", "EXP-2", Why.CONFLICT, second, 3),
    )
    now = replace(evaluation, conducted=Conducted(days, models, aside))
    return replace(told(), evaluation=now, earlier=(replace(evaluation, id="before"),))


@pytest.mark.parametrize("language", LOCALES)
def test_the_report_says_whose_rows_do_not_count_and_how_teams_stood_before(language: str) -> None:
    """Raters by pseudonym with the rule, models by hash, trials, last days, earlier rounds."""
    say, stage = says(language), conducted()
    page = page_of(document(stage, say), language)
    days = stage.evaluation.conducted.last_days.values()
    asides = (say.say(f"conduct.{why.value}") for why in (Why.INATTENTIVE, Why.CONFLICT))
    for word in ("EXP-7", "EXP-2", "ab" * 8, *map(say.locale.day, days), *asides):
        assert word in page, word
    assert '<h2 id="history"' in page
    assert '<h2 id="conduct"' in page
    assert '<h2 id="history"' not in page_of(document(told(), say), language)


def test_a_team_reads_its_own_days_and_model_and_no_raters_name() -> None:
    """Its last day, its model and its trials; nobody else's, and nobody who was left out."""
    stage = conducted()
    first, second = (one.team for one in stage.evaluation.outcome.decisions[:2])
    page = page_of(team_document(stage, first, says("en")))
    assert "ab" * 8 in page
    assert LOCALES["en"].day(date(2026, 7, 14)) in page
    for other in (second, "EXP-7", "EXP-2", LOCALES["en"].day(date(2026, 7, 16))):
        assert other not in page
