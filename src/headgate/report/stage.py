"""The report of one round: what it found and how surely, what was decided by which rule, and why.

`stage_files` makes it in every language asked for, as a page and as a print of the same blocks.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from headgate.core.evaluation.decide import Decision
from headgate.core.faults import Fault
from headgate.core.policy.schema import Policy
from headgate.report import pages, section_round
from headgate.report.blocks import (
    Block,
    Cell,
    Code,
    Document,
    Head,
    Items,
    Note,
    Numbers,
    Paragraph,
    Section,
    Table,
    table,
)
from headgate.report.pdf import pdf
from headgate.report.section_conduct import conduct
from headgate.report.section_grounds import foreseen, grounds
from headgate.report.section_history import Past, history
from headgate.report.section_restored import restored
from headgate.report.section_rights import rights
from headgate.report.speaker import Speaker, lookup, speaker_of, words_of
from headgate.report.summary import Assumption, RoundSummary


@dataclass(frozen=True, slots=True)
class Counted:
    """How much evidence a pillar has: rows, what they are of, and from how many raters or voters.

    `kind` is items, ratings or votes; `judges` is 0 for items, which nobody judges.
    """

    pillar: str
    kind: str
    rows: int
    subjects: int
    judges: int


@dataclass(frozen=True, slots=True)
class Stage:
    """A round with all that its report tells.

    `digests` are those of policy, evidence and result, and the seed of the draws, by name; without
    any, the report says nothing of how to check it. `flags` are None where nobody looked for any.
    `earlier` are the rounds before it, in the order of their closing.
    """

    policy: Policy
    evaluation: RoundSummary
    counted: tuple[Counted, ...] = ()
    flags: tuple[Fault, ...] | None = None
    assumptions: tuple[Assumption, ...] = ()
    digests: Mapping[str, str] = field(default_factory=dict)
    earlier: tuple[Past, ...] = ()


Made = Callable[[Speaker], Document]


def stage_files(told: Stage, languages: Sequence[str], *, prints: bool) -> dict[str, bytes]:
    """The public report by file name; `prints` says whether as PDF too."""
    return files_of(told.policy, lambda say: document(told, say), languages, prints=prints)


def files_of(
    policy: Policy, made: Made, languages: Sequence[str], *, prints: bool
) -> dict[str, bytes]:
    """A document in each language: `report.html`, `report.vi.pdf` and the like."""
    files = {}
    for language in languages:
        say = speaker_of(policy, language)
        name, told = pages.file_of(language), made(say)
        files[name] = pages.laid_out(say, told, languages)
        if prints:
            files[name.removesuffix("html") + "pdf"] = pdf(told, language)
    return files


def document(told: Stage, say: Speaker) -> Document:
    """The report's parts, what was decided first."""
    evaluation = told.evaluation
    subtitle = say.say("stage.subtitle", day=evaluation.section.on, round=named(told, say))
    parts = (
        ("brief", _brief(told, say)),
        ("standings", _standings(evaluation, say)),
        ("history", _history(told, say)),
        ("line", _line(evaluation, say)),
        ("conditions", _conditions(evaluation, say)),
        ("conduct", conduct(evaluation, say)),
        ("evidence", _evidence(told, say)),
        ("foreseen", foreseen(evaluation, say, titled=False)),
        ("rights", rights(evaluation, say, titled=False)),
        ("check", checked(told, say)),
    )
    blocks = ((name, tuple(found)) for name, found in parts)
    sections = (Section(n, say.say(f"stage.{n}"), found) for n, found in blocks if found)
    name, footer = say.text(told.policy.programme.name), say.say("stage.footer")
    return Document(name, subtitle, footer, evaluation.section.on, tuple(sections))


def named(told: Stage, say: Speaker) -> str:
    """The round's own name."""
    return say.text(told.evaluation.section.name)


def _of(evaluation: RoundSummary, *decisions: Decision) -> list[str]:
    return [one.team for one in evaluation.outcome.decisions if one.decision in decisions]


def _brief(told: Stage, say: Speaker) -> Iterator[Block]:
    evaluation = told.evaluation
    yield Paragraph(" ".join(_sentences(evaluation, say)), "lead")
    yield Numbers(tuple(_numbers(evaluation, say)))
    yield _rule(evaluation, say)
    yield from section_round.decisions(evaluation, say, {}, titled=False)
    yield from restored(evaluation, say)


def _sentences(evaluation: RoundSummary, say: Speaker) -> Iterator[str]:
    groups = (
        ("stage.go_on", (Decision.ADVANCE, Decision.WILDCARD)),
        ("stage.undecided", (Decision.TIE,)),
        ("stage.leave", (Decision.CUT,)),
        ("stage.out", (Decision.DISQUALIFIED, Decision.STOP)),
    )
    for key, decisions in groups:
        if teams := _of(evaluation, *decisions):
            yield say.say(key, n=len(teams), names=", ".join(teams))


def _numbers(evaluation: RoundSummary, say: Speaker) -> Iterator[tuple[str, str]]:
    whole, section = say.locale.whole, evaluation.section
    yield say.say("stage.teams"), whole(len(evaluation.outcome.decisions))
    yield say.say("stage.places"), whole(section.stay.most)
    yield say.say("stage.goes"), whole(len(_of(evaluation, Decision.ADVANCE, Decision.WILDCARD)))
    yield say.say("stage.waits"), whole(len(_of(evaluation, Decision.TIE)))
    left = _of(evaluation, Decision.CUT, Decision.DISQUALIFIED, Decision.STOP)
    yield say.say("stage.leaves"), whole(len(left))
    yield say.say("stage.confidence"), say.locale.percent(section.confidence, 0)


def _rule(evaluation: RoundSummary, say: Speaker) -> Note:
    """By which rule the line was drawn, and why that one."""
    outcome, section = evaluation.outcome, evaluation.section
    texts = [say.say("stage.gates_first")]
    last = evaluation.standings.last_staying
    qualified = sum(one.qualified for one in evaluation.standings.standings)
    if outcome.remedy_applied is not None:
        remedy = say.code("remedy", outcome.remedy_applied)
        texts.append(say.say("stage.by_remedy", n=section.stay.most, remedy=remedy))
    elif last is not None and qualified > section.stay.most:
        texts.append(say.say("stage.by_points", n=section.stay.most))
    else:
        texts.append(say.say("stage.by_places", n=section.stay.most))
    return Note(say.say("stage.rule"), tuple(texts))


def _standings(evaluation: RoundSummary, say: Speaker) -> Iterator[Block]:
    if not evaluation.standings.standings:
        return
    yield from section_round.standings(evaluation, say, {})
    yield from section_round.pillars(evaluation, say, {})
    yield from section_round.places(evaluation, say, {})


def _history(told: Stage, say: Speaker) -> Iterator[Block]:
    """Standings over the rounds, once there is more than one."""
    if told.earlier:
        yield from history((*told.earlier, told.evaluation), say)


def _line(evaluation: RoundSummary, say: Speaker) -> Iterator[Block]:
    """How far each team is from the last that stays, and how often such a rule errs."""
    last, points = evaluation.standings.last_staying, say.locale.points
    rows: list[tuple[Cell, ...]] = []
    for team, (distance, low, high) in distances(evaluation).items():
        spread = say.say("standings.range", low=points(low), high=points(high))
        apart = evaluation.standings.are_separated(team, last or "")
        word = say.say("stage.apart" if apart else "stage.chance")
        rows.append((team, points(distance), spread, word))
    if rows and last is not None:
        yield Paragraph(say.say("stage.line_text", team=last))
        heads = say.heads("team", "distance", "interval", "finding")
        title = say.say("stage.distances", team=last)
        yield table("distances", title, heads, rows, texts=frozenset({3}))
    yield from section_round.errors(evaluation, say)


def distances(evaluation: RoundSummary) -> dict[str, tuple[int, int, int]]:
    """Points from each team down to the last that stays, with limits; negative is below it."""
    last, found = evaluation.standings.last_staying, {}
    for one in evaluation.standings.differences:
        if last == one.second:
            found[one.first] = (one.points_milli, one.low_milli, one.high_milli)
        elif last == one.first:
            found[one.second] = (-one.points_milli, -one.high_milli, -one.low_milli)
    return found


def _conditions(evaluation: RoundSummary, say: Speaker) -> Iterator[Block]:
    if not evaluation.gate_findings:
        yield Paragraph(say.say("stage.no_gates"))
    yield from section_round.gates(evaluation, say, {})
    yield from section_round.bars(evaluation, say, {})


def _evidence(told: Stage, say: Speaker) -> Iterator[Block]:
    """What came in, how far raters agree, and what was flagged."""
    names = say.names(told.evaluation.section.pillars)
    whole = say.locale.whole
    rows = [
        (
            names.get(one.pillar, one.pillar),
            say.say(f"counted.{one.kind}"),
            whole(one.rows),
            whole(one.subjects),
            whole(one.judges) if one.judges else say.say("none"),
        )
        for one in told.counted
    ]
    heads = say.heads("pillar", "kind", "rows", "subjects", "judges")
    if rows:
        yield table("counted", say.say("stage.counted"), heads, rows, texts=frozenset({1}))
    yield from grounds(told.evaluation, say, {})
    if told.flags is not None:
        yield from flagged(told.flags, say)


def flagged(flags: Sequence[Fault], say: Speaker) -> Iterator[Block]:
    """What the readers of the logs found worth a question."""
    if not flags:
        yield Paragraph(say.say("flagged.none"))
        return
    yield Paragraph(say.say("flagged.text", n=len(flags)))
    heads = (
        Head(say.say("col.flag")),
        Head(say.say("col.file")),
        Head(say.say("col.finding"), long=True),
    )
    rows = tuple((_flag(flag.code, say), flag.file, _flag_said(flag, say)) for flag in flags)
    yield Table("flagged", say.say("flagged.title"), heads, rows)


def _flag(code: str, say: Speaker) -> str:
    """The word for a flag; a reader's newest flag has its code alone."""
    name, known = code.replace("-", "_"), lookup(say.words, "flag")
    return say.say(f"flag.{name}") if name in known else code


def _flag_said(flag: Fault, say: Speaker) -> Markup | str:
    """What a flag says, in the reader's language where its English is of the form that is known.

    What was published of a round holds the English alone.
    """
    name, forms = flag.code.replace("-", "_"), lookup(words_of("en"), "flag_said")
    blanks = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+)", re.escape(forms.get(name, "")))
    found = re.fullmatch(blanks, flag.what) if blanks else None
    if found is None:
        return _english(flag.what)
    return say.say(f"flag_said.{name}", **found.groupdict())


def _english(text: str) -> Markup:
    return Markup('<span lang="en">{}</span>').format(text)


def checked(told: Stage, say: Speaker) -> Iterator[Block]:
    """What the result was made from, and how anybody makes it again."""
    if not told.digests:
        return
    yield Paragraph(say.say("check.round"))
    seed, words = told.digests["seed"], f"headgate evaluate {told.evaluation.id}"
    yield Code(f"{words} --programme PROGRAMME --evidence FOLDER --seed {seed}")
    names = {name: say.say(f"digest.{name}") for name in told.digests}
    lines = (f"{digest}  {names[name]}" for name, digest in told.digests.items())
    yield Code("\n".join(lines))
    if told.assumptions:
        yield Paragraph(say.say("stage.assumed", n=len(told.assumptions)))
        yield Items(tuple(_assumed(one) for one in told.assumptions))


def _assumed(one: Assumption) -> Markup:
    """A path of the policy with the article that says why; articles stand in their own words."""
    return Markup("{}: {}").format(one.path, _english(one.title))
