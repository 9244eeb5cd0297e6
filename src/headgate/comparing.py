"""What `headgate simulate` says: the policy as it stands beside each overlay.

One term of the real cycle is rehearsed under each, and where a trace is given its jobs are replayed
under the envelopes of each, behind walls and shared.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

from headgate.beside import of_jobs, of_term, side_by_side
from headgate.core import canonical
from headgate.core.faults import Fault, Faulty
from headgate.core.policy.check import untriable
from headgate.core.policy.dated import at, versions
from headgate.core.policy.document import Document
from headgate.core.policy.overlay import unreadable
from headgate.core.policy.schema import Policy
from headgate.core.quantities import DAY_SECONDS, HOUR_SECONDS, half_even
from headgate.demo import Choices, rehearse, workload
from headgate.outcomes import Outcome, judged, moves, outcome_of, with_moves
from headgate.readers.demand_csv import read_demand
from headgate.readers.policy_files import read_programme
from headgate.readers.programmes import find
from headgate.readers.trace_kept import Kept, told
from headgate.report.trial import AS_IT_STANDS, trial_pages
from headgate.report.trial_awards import Listed, Lists
from headgate.steps.agenda import first_day
from headgate.whatif import (
    AS_IT_CAME,
    Run,
    Try,
    all_runs,
    asked,
    columns,
    replays,
    slowly,
    sources_of,
    trial_of,
    tried,
)

Variants = Mapping[str, Sequence[Path]]


@dataclass(frozen=True, slots=True)
class Compared:
    """The lines of a comparison, the same as JSON, and its pages by file name."""

    lines: tuple[str, ...]
    report: Mapping[str, Any]
    pages: Mapping[str, bytes]


def compare(
    programme: str, choices: Choices, how: Try, term: bool, progress: Callable[[str], None]
) -> Compared:
    """Lay variants side by side: a term of each where `term` is asked for, and a trace's jobs.

    Raises Faulty where the trace alone is asked for and a variant has nothing to replay it on.
    """
    variants, documents = _variants(choices.overlays), documents_of(programme, choices, term=term)
    report = head_of(programme, choices, documents)
    lines, lists, same = list[str](), None, _same(report)
    if term:
        seed = documents[AS_IT_STANDS].digest
        rehearsed = [_term(programme, choices, name, variants[name], progress) for name in variants]
        outcomes = [judged(one, documents[one.variant], seed) for one in rehearsed]
        moved = tuple(moves(outcomes))
        report |= {"outcomes": canonical.plain(outcomes), "moved": canonical.plain(moved)}
        lines += side_by_side(of_term(with_moves(each, moved) for each in outcomes))
        lists = _lists(documents, outcomes, report["files"], tuple(report["unchanged"]))
    if choices.trace is None:
        return Compared((*lines, *same), report, trial_pages(None, lists))
    try:
        replayed = replayed_of(documents, workload(choices), report, how, progress, lists=lists)
    except Faulty as nothing:
        if not term or not any("replay-no-envelopes" == fault.code for fault in nothing.faults):
            raise
        told = (*lines, *same, "", f"not replayed: {nothing}")
        return Compared(told, report, trial_pages(None, lists))
    return Compared((*lines, *replayed.lines), replayed.report, replayed.pages)


def replayed_of(
    documents: Mapping[str, Document],
    kept: Kept,
    head: Mapping[str, Any],
    how: Try,
    progress: Callable[[str], None],
    runs: Mapping[tuple[str, str], Run] | None = None,
    lists: Lists | None = None,
) -> Compared:
    """A trace's jobs under each variant, from runs where they are made already.

    `lists` are what their award lists and cuts would be, for the page.

    Raises Faulty where a variant offers nothing to replay on.
    """
    what = asked(documents, kept.trace, how)
    made = dict(replays(what, how, all_runs(documents, how), progress)) if runs is None else runs
    if not all((name, AS_IT_CAME) in made for name in documents):
        mend = "Ask for a higher load, or for a trace with more jobs."
        raise Faulty([Fault("--load", 0, 0, "replay-no-jobs", "no job is left to replay", mend)])
    found = tried(documents, what, made, how)
    shown = tuple(columns(found, AS_IT_STANDS))
    lines = [*_same(head), "", *told(kept), "", *side_by_side(of_jobs(shown))]
    if large := found[0].runs[0].too_large:
        lines += ["", f"{large:,} jobs are larger than their envelope in any pool"]
    if why := slowly():
        lines += ["", f"the replay was {why}"]
    files = {**head["files"], kept.name: kept.digest}
    report = {
        **head,
        "files": files,
        "trace": canonical.plain(kept.trace.notes),
        "replays": canonical.plain(found),
        "settings": canonical.plain(how),
    }
    pages = trial_pages(trial_of(documents, kept, files, how, (found, shown)), lists)
    return Compared(tuple(lines), report, pages)


def write(compared: Compared, out: Path) -> None:
    """A new folder with the comparison as JSON and its pages; raises OSError where there is one."""
    out.mkdir(parents=True)
    (out / "comparison.json").write_text(text_of(compared) + "\n", encoding="utf-8")
    for name, page in compared.pages.items():
        (out / name).write_bytes(page)


def text_of(compared: Compared) -> str:
    """The comparison as JSON, without a last newline."""
    return json.dumps(compared.report, indent=2, ensure_ascii=False)


def demand_lines(path: Path, *, as_json: bool) -> Iterator[str]:
    """What the walls of a table of demand left; raises Faulty with everything wrong in it."""
    left = read_demand(path.read_bytes(), path.name)
    if as_json:
        yield json.dumps(canonical.plain(left), indent=2)
        return
    yield f"{left.tenants} tenants, {left.seconds // DAY_SECONDS} days, {left.rows:,} changes"
    if left.bad:
        yield f"{left.bad:,} rows cannot be read and changed nothing; the first of their faults:"
        yield from map(str, left.faults)
    amounts = {
        "owned": left.owned,
        "run": left.run,
        "idle": left.idle,
        "waited for": left.waited,
        "idle that would have served what waited": left.fillable,
    }
    for name, amount in amounts.items():
        yield f"{half_even(Fraction(amount, HOUR_SECONDS)):>14,} GPU-hours {name}"
    yield f"{_percent(left.waited_seconds, left.seconds):>14} of the time somebody waited"
    covered = _percent(left.covered_seconds, left.waited_seconds)
    yield f"{covered:>14} of that time all that waited would have fitted what was idle"


def _percent(part: int, whole: int) -> str:
    return f"{half_even(Fraction(1000 * part, max(whole, 1))) / 10:.1f} %"


def _variants(overlays: Sequence[Path]) -> dict[str, Sequence[Path]]:
    """The policy as it stands and each overlay, by names that differ."""
    named: dict[str, Sequence[Path]] = {AS_IT_STANDS: ()}
    for overlay in overlays:
        name, number = overlay.stem, 2
        while name in named:
            name, number = f"{overlay.stem}-{number}", number + 1
        named[name] = (overlay,)
    return named


def _document(programme: str, overlays: Sequence[Path]) -> Document:
    return read_programme(find(programme), overlays)


def documents_of(programme: str, choices: Choices, *, term: bool) -> dict[str, Document]:
    """The policy as it stands and with each overlay, by name; raises Faulty with all their faults.

    A rehearsal takes long: nobody waits for one only to hear what is wrong with another variant. A
    replay alone asks less of a policy, such as one whose calls offer what arrives later.
    """
    variants = _variants(choices.overlays)
    documents = {name: _document(programme, laid) for name, laid in variants.items()}
    wrong = untriable if term else unreadable
    if found := dict.fromkeys(fault for each in documents.values() for fault in wrong(each)):
        raise Faulty(found)
    return documents


def _same(head: Mapping[str, Any]) -> list[str]:
    """Lines about overlays that change nothing; a sweep of an older version tells of none."""
    names = head.get("unchanged", ())
    return [f"{name} changes nothing: it sets what the policy says already" for name in names]


def head_of(programme: str, choices: Choices, documents: Mapping[str, Document]) -> dict[str, Any]:
    """What a comparison is made from, each by its digest, and what of it changes nothing."""
    return {
        "seed": choices.seed,
        "policy": _document(programme, ()).digest,
        "files": {file.name: canonical.digest(file.read_bytes()) for file in choices.overlays},
        "unchanged": list(unchanged(documents)),
    }


def _term(
    programme: str,
    choices: Choices,
    variant: str,
    overlays: Sequence[Path],
    progress: Callable[[str], None],
) -> Outcome:
    """One term of a variant, on the same world and seed as the others.

    Award lists are made by linear relaxation and refill, which is quick and stays within about a
    hundredth of the list that a real decision would be held to.
    """
    progress(variant)
    fast = replace(choices, overlays=overlays, fast=True)
    return outcome_of(variant, rehearse(programme, fast, progress))


def unchanged(documents: Mapping[str, Document]) -> tuple[str, ...]:
    """Overlays under which the policy says on every day what it says without them."""
    base = documents[AS_IT_STANDS]
    others = (name for name in documents if name != AS_IT_STANDS)
    return tuple(name for name in others if _says_the_same(base, documents[name]))


def _says_the_same(base: Document, other: Document) -> bool:
    days = {first_day(base), *versions(base), *versions(other)}
    return all(_said(base, day) == _said(other, day) for day in sorted(days))


def _said(document: Document, day: date) -> Policy | None:
    """The policy on a day; None where it does not speak yet."""
    try:
        return at(document, day).policy
    except Faulty:
        return None


def _lists(
    documents: Mapping[str, Document],
    outcomes: Sequence[Outcome],
    files: Mapping[str, str],
    same: tuple[str, ...],
) -> Lists:
    """What the page shows of award lists and cuts."""
    first = documents[AS_IT_STANDS]
    listed = (
        Listed(
            "" if x.variant == AS_IT_STANDS else x.variant,
            x.blocks,
            x.awards,
            x.cut_rules,
            x.short,
            x.drawn,
        )
        for x in outcomes
    )
    policy = at(first, first_day(first)).policy
    return Lists(policy, tuple(listed), sources_of(documents, files), same)
