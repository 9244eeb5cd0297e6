"""The small programme with a third pillar, of votes: its term and bundle, made on first use."""

import shutil
import tempfile
from functools import cache
from pathlib import Path

from headgate.demo import Choices, Rehearsed, rehearse
from tests.whole.small import PROGRAMME, bundle_of, trace_text

EXPERTS = "{id: experts, name: {en: Experts}, kind: experts, weight: 40, scaling: share_of_maximum}"
VOTED = """{id: experts, name: {en: Experts}, kind: experts, weight: 20, scaling: share_of_maximum}
      - id: votes
        name: {en: Votes of users}
        kind: votes
        weight: 20
        scaling: best_is_full
        tasks: {chat: 2, code: 1}
        style: [length, side]"""
PLAN = """    remedy: lot
    plan:
      teams: 4
      gaps: [1 %, 3 %]
      pillars:
        items: {clusters: 40, spread: 30 %}
        experts: {clusters: 10, spread: 15 %}
        votes: {clusters: 120, spread: 35 %}
"""


def voted_programme(folder: Path) -> Path:
    """The small programme's folder with the third pillar, copied."""
    copied = Path(shutil.copytree(PROGRAMME, folder / "voted"))
    text = (copied / "programme.yaml").read_text("utf-8")
    assert 1 == text.count(EXPERTS)
    text = text.replace(EXPERTS, VOTED).replace("    remedy: lot\n", PLAN)
    (copied / "programme.yaml").write_text(text, "utf-8")
    return copied


@cache
def voted() -> Rehearsed:
    """The term with votes, run once."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        trace = folder / "workload.swf"
        trace.write_text(trace_text(), "utf-8")
        programme = voted_programme(folder)
        return rehearse(str(programme), Choices(trace=trace), lambda _: None)


@cache
def _voted_bundle() -> dict[str, bytes]:
    return bundle_of(voted())


def voted_bundle() -> dict[str, bytes]:
    """Its bundle, to be changed at will."""
    return dict(_voted_bundle())
