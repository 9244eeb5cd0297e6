"""What if: a year of jobs under today's policy and under what the sliders say, side by side.

The address holds what was moved, so that an answer can be passed on. Nothing is kept, and nothing
decided: what was tried can be taken home as an overlay, a file that `headgate simulate` takes.
"""

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from headgate.core.faults import Faulty
from headgate.core.policy.dated import at
from headgate.core.policy.document import Document
from headgate.core.quantities import HOUR_SECONDS
from headgate.readers.policy_files import read_programme
from headgate.readers.programmes import find
from headgate.report.blocks import Numbers
from headgate.report.speaker import Speaker
from headgate.report.trial import AS_IT_STANDS, Column, Trial, parts_of, ranged
from headgate.site.portal import reading
from headgate.site.portal.levers import (
    Board,
    Group,
    Lever,
    Wrong,
    board,
    moved,
    overlay,
    values_of,
)
from headgate.site.portal.registry import Page
from headgate.site.portal.replaying import (
    SEED,
    SEEDS,
    TRIED,
    Answered,
    Busy,
    GettingReady,
    allowed,
    answer,
    called,
)
from headgate.site.portal.words import language, told_fault
from headgate.steps.agenda import first_day

PARTS: Final = ("use", "waits", "changes", "months")
FILE: Final = "what-if.yaml"
MADE_ON: Final = "policy"
"""What a lasting address calls the policy that it was made on."""
TOO_MANY, UNAVAILABLE = 429, 503


@dataclass(frozen=True, slots=True)
class Slider:
    """A lever as it is drawn: where it stands, and whether it moved by itself."""

    lever: Lever
    value: int
    shown: str
    follows: bool


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a policy: its levers, where they stand, and the overlay that makes."""

    document: Document
    levers: Board
    values: dict[str, int]
    wrong: list[tuple[Lever, Wrong]]
    changed: dict[str, int]
    text: str
    say: Speaker
    chance: bool


def _question(request: HttpRequest) -> Question | None:
    """What an address asks; None where the policy has nothing that can be replayed."""
    stood = reading.programme()
    document = stood.document if stood else _draft()
    first: date = first_day(document)
    policy = at(document, first).policy
    say = reading.speaker_of(policy, language())
    levers = board(policy, first, say)
    if levers is None:
        return None
    values, wrong = values_of(levers.levers, request.GET.dict())
    changed = moved(levers.levers, values)
    text = overlay(levers, changed) if changed else ""
    chance = request.GET.get("chance") == "1"
    return Question(document, levers, values, wrong, changed, text, say, chance)


def _now(question: Question) -> str:
    """The beginning of the digest of the policy that is asked about."""
    return question.document.digest[:12]


def _draft() -> Document:
    """The policy that waits to be adopted, as its files are now."""
    folder = find(settings.HEADGATE_PROGRAMME)
    files = sorted(folder.rglob("*.*")) if folder.is_dir() else [folder]
    return _read(folder, tuple(file.stat().st_mtime_ns for file in files))


@lru_cache(maxsize=2)
def _read(folder: Path, _: tuple[int, ...]) -> Document:
    return read_programme(folder)


def what_if(request: HttpRequest) -> HttpResponse:
    """The sliders with the answer; to a moved slider, the answer alone."""
    part = bool(request.headers.get("HX-Request")) and request.headers.get("HX-Target") == "answer"
    try:
        question = _question(request)
    except Faulty as faulty:
        return render(
            request, "portal/what_if.html", {"none": [told_fault(f) for f in faulty.faults]}
        )
    if question is None:
        none = [_("The policy has no GPUs that a cluster is kept to.")]
        return render(request, "portal/what_if.html", {"none": none})
    if request.GET.get("format") == "yaml":
        return _draft_file(question)
    told, status = _answered(request, question)
    sliders = _sliders(question, request)
    query = urlencode(question.changed)
    asked = {**question.changed, "chance": 1}
    lasting = {**(asked if question.chance else question.changed), MADE_ON: _now(question)}
    told |= {
        "groups": [(GROUPS[group], [s for s in sliders if s.lever.group is group])
                   for group in Group],
        "sliders": sliders,
        "was": "-".join(str(s.value) for s in sliders if s.lever.group is Group.SHARES),
        "wrong": [f"{lever.label}: {_(why.value)}" for lever, why in question.wrong],
        "changed": [s for s in sliders if s.lever.name in question.changed],
        "overlay": question.text,
        "query": query,
        "chance": question.chance,
        "chance_query": urlencode(asked),
        "lasting": urlencode(lasting),
        "link": request.build_absolute_uri(f"{request.path}?{urlencode(lasting)}"),
        "other_policy": request.GET.get(MADE_ON, _now(question)) != _now(question),
        "made_on": _now(question),
        "seed": SEED,
        "part": part,
    }  # fmt: skip
    if not part:
        return render(request, "portal/what_if.html", told, status=status)
    response = render(request, "portal/what_if_answer.html", told)
    response["HX-Replace-Url"] = f"{request.path}?{told['lasting']}" if query else request.path
    return response


GROUPS: Final = {
    Group.SHARES: lazy("Envelopes"),
    Group.SHARING: lazy("Borrowing and caps"),
    Group.SUPPLY: lazy("Supply"),
}


def _sliders(question: Question, request: HttpRequest) -> list[Slider]:
    found = []
    for lever in question.levers.levers:
        value = question.values[lever.name]
        asked = request.GET.get(lever.name, "").strip()
        follows = lever.group is Group.SHARES and bool(asked) and asked != str(value)
        found.append(Slider(lever, value, lever.shown(value), follows))
    return found


def _answered(request: HttpRequest, question: Question) -> tuple[dict[str, Any], int]:
    """What the page shows of the answer, and the status of a page that shows nothing else."""
    cost = (len(SEEDS) + 1) * (1 + bool(question.text)) if question.chance else 1
    if (question.text or question.chance) and not allowed(request, cost):
        return {
            "busy": _("You asked often within a minute. Wait a little, then move on.")
        }, TOO_MANY
    try:
        found = answer(question.document, question.text, chance=question.chance)
    except GettingReady:
        return {"getting_ready": True}, 200
    except Busy:
        busy = _("Others are being answered. Ask again in a moment.")
        return {"busy": busy, "again": True}, UNAVAILABLE
    except Faulty as faulty:
        return {"why": [told_fault(fault) for fault in faulty.faults]}, 200
    trial = called(found.trial, _("tried here"))
    return {
        "figures": Numbers(tuple(_figures(trial, question.say))),
        "sections": list(parts_of(trial, question.say, _parts(trial))),
        "sources": [(_named(name), digest) for name, digest in found.trial.sources],
        "about": _about(found, question.say),
        "slow": found.slow,
        "command": _command(found, bool(question.text)),
        "histories": found.trial.histories,
    }, 200


def _named(source: str) -> str:
    """What the page was made from: a variant of the policy in the reader's words, or a file."""
    told = {AS_IT_STANDS: _("The policy as it stands"), TRIED: _("The policy as it was tried")}
    return told.get(source.removesuffix(" (policy)"), source)


def _parts(trial: Trial) -> list[str]:
    """The parts that are shown: nobody gains by sharing where all keep what is idle."""
    shared = any(column.shared for column in trial.columns)
    return [part for part in PARTS if shared or part != "changes"]


def _figures(trial: Trial, say: Speaker) -> list[tuple[str, str]]:
    """What is looked at first, today's and what was tried."""
    told = {
        _("of the GPU-hours promised are used"): _used,
        _("GPU-hours idle while others waited"): _fillable,
        _("hours of waiting, mean"): _waited,
        _("GPU-hours lost to stops"): _lost,
    }
    return [
        (what, " → ".join(write(column, say) for column in trial.columns))
        for what, write in told.items()
    ]


def _used(column: Column, say: Speaker) -> str:
    offered = column.figures["offered"]
    held = column.figures["held"]
    parts = [1000 * one // max(whole, 1) for one, whole in zip(held, offered, strict=True)]
    return ranged((parts[0], parts[1], parts[2]), lambda n, to: to.percent(n, 1000), say)


def _fillable(column: Column, say: Speaker) -> str:
    return ranged(column.figures["fillable"], _gpu_hours, say)


def _waited(column: Column, say: Speaker) -> str:
    return ranged(column.figures["mean"], _hours, say)


def _lost(column: Column, say: Speaker) -> str:
    return ranged(column.figures["lost"], _gpu_hours, say)


def _gpu_hours(amount: int, say: Speaker) -> str:
    return say.amount(amount, "gpu_second")


def _hours(seconds: int, say: Speaker) -> str:
    return say.locale.fixed(Fraction(seconds, HOUR_SECONDS), 1)


def _about(found: Answered, say: Speaker) -> str:
    ready = found.workload
    return _(
        "%(jobs)s jobs of %(days)s days: of %(all)s jobs those with the most GPU time, which have "
        "%(part)s of it. %(large)s of them are larger than their envelope anywhere: left out."
    ) % {
        "jobs": say.locale.whole(ready.jobs),
        "days": say.locale.whole(ready.days),
        "all": say.locale.whole(ready.whole_jobs),
        "part": say.percent(ready.per_mille, 1000),
        "large": say.locale.whole(found.trial.left_out["too_large"]),
    }


def _command(found: Answered, laid: bool) -> str:
    """What gives the same figures at a terminal."""
    ready = found.workload
    words = ["headgate simulate PROGRAMME", f"--overlay {FILE}" if laid else "", "--no-term"]
    words += [f"--trace {ready.name}", f"--largest {ready.largest}", f"--seed {SEED}"]
    words += [f"--seeds {found.trial.histories - 1}"] if found.trial.histories > 1 else []
    return " ".join(word for word in words if word)


def _draft_file(question: Question) -> HttpResponse:
    """What was tried as an overlay: a file for `headgate simulate` and for whoever drafts."""
    response = HttpResponse(question.text, content_type="application/yaml; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{FILE}"'
    return response


PAGES: Final = (Page("what-if/", "try", what_if, title=lazy("What if?")),)
