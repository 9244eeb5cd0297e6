"""An explanation leads from a value to the rule, the article and the inputs it rests on."""

from collections.abc import Iterator
from datetime import date

from headgate.core.policy.dated import at
from headgate.core.policy.explain import Explanation, explain
from headgate.core.policy.jsonschema import json_schema
from tests.core.policy.small import SMALL, small

DAY = date(2026, 3, 1)


def lines(step: Explanation, depth: int = 0) -> Iterator[tuple[int, str, str, str, int]]:
    """An explanation's steps in reading order."""
    yield depth, step.role, step.title, step.says, step.line
    for inner in step.rests_on:
        yield from lines(inner, depth + 1)


def test_an_answer_is_explained_by_rule_article_and_inputs() -> None:
    """Value, rule with its article, and the facts that were read."""
    given = {"applicant": {"kind": "firm", "size": "small"}}
    step = explain(at(small(), DAY), "holders", given)
    assert [
        (0, "value", "holders", '"business"', 23),
        (1, "rule", "holders.business", 'applicant.kind == "firm"', 24),
        (2, "article", "Article 1", "The state gives.", 3),
        (1, "article", "Article 1", "The state gives.", 3),
        (1, "input", "applicant.kind", '"firm"', 0),
    ] == list(lines(step))
    assert "in force" == step.status


def test_a_value_is_explained_where_it_is_written() -> None:
    """A part that rests on another article is shown under its whole."""
    text = SMALL.replace("node_gpus: 8", "node_gpus: {value: 8, source: law/act.md#art-2}")
    step = explain(at(small(text), DAY), "supports.compute")
    assert ["Article 1", "supports.compute.node_gpus"] == [inner.title for inner in step.rests_on]
    assert ["And takes."] == [inner.says for inner in step.rests_on[1].rests_on]


def test_a_path_that_is_not_there_is_explained_too() -> None:
    """A misspelled path gets the nearest name, not an empty tree."""
    step = explain(at(small(), DAY), "holder")
    assert "there is no such value: did you mean `holders`?" == step.says


def test_the_published_schema_lets_any_value_be_dated() -> None:
    """Editors accept plain values, dated values and histories, and provenance on sections."""
    schema = json_schema()
    plain, dated, history = schema["properties"]["headgate"]["anyOf"]
    assert "integer" == plain["type"]
    assert {"value", "from", "until", "source", "status", "note"} == set(dated["properties"])
    assert dated == history["items"]
    assert {"from", "source", "status", "note"} <= set(schema["$defs"]["Call"]["properties"])
    assert schema["additionalProperties"] is False
