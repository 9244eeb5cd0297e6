"""A team's own report of a round: its marks, how surely they hold, and what it may do by when.

Of other teams it says nothing: not their names, marks or findings.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from headgate.core.calls.application import GateFinding
from headgate.core.evaluation.decide import Decision, TeamDecision
from headgate.core.evaluation.estimate import Standing
from headgate.report import section_round
from headgate.report.blocks import (
    Block,
    Document,
    Head,
    Heading,
    Items,
    Note,
    Numbers,
    Paragraph,
    Section,
    Table,
    table,
)
from headgate.report.charts import Part, Row
from headgate.report.drawings import bars
from headgate.report.section_conduct import submitted
from headgate.report.section_grounds import chance, share
from headgate.report.section_restored import restored
from headgate.report.section_rights import rights, window_of
from headgate.report.speaker import Speaker
from headgate.report.stage import Stage, checked, distances, files_of, named


@dataclass(frozen=True, slots=True)
class OwnMark:
    """What a team got in one task or criterion: millionths of full marks, in so many rows.

    `judges` counts raters or voters; 0 for items, which nobody judges.
    """

    pillar: str
    task: str
    ppm: int
    rows: int
    judges: int


Marks = Mapping[str, Sequence[OwnMark]]


def team_files(
    told: Stage, marks: Marks, languages: Sequence[str], *, prints: bool
) -> dict[str, bytes]:
    """The report of every team, each in a folder of its own."""
    files: dict[str, bytes] = {}
    for number, one in enumerate(told.evaluation.outcome.decisions, 1):
        made = _Own(told, one, tuple(marks.get(one.team, ())))
        found = files_of(told.policy, made.document, languages, prints=prints)
        files |= {f"{folder_of(number, one.team)}/{name}": data for name, data in found.items()}
    return files


def team_document(told: Stage, team: str, say: Speaker) -> Document:
    """A team's own report without its single marks; raises StopIteration for a team not judged."""
    decided = next(one for one in told.evaluation.outcome.decisions if one.team == team)
    return _Own(told, decided, ()).document(say)


def folder_of(number: int, team: str) -> str:
    """A team's folder: its number among all, and its name as far as a folder can hold it."""
    plain = re.sub(r"[^a-z0-9]+", "-", team.lower()).strip("-")[:40].rstrip("-")
    return f"{number:02d}-{plain}" if plain else f"{number:02d}"


@dataclass(frozen=True, slots=True)
class _Own:
    """One team's view of the round."""

    told: Stage
    decided: TeamDecision
    marks: tuple[OwnMark, ...]

    @property
    def standing(self) -> Standing | None:
        """The team's standing; None where it was not measured."""
        all_of = self.told.evaluation.standings.standings
        return next((one for one in all_of if one.team == self.decided.team), None)

    @property
    def findings(self) -> list[GateFinding]:
        """What was found on the team's gates."""
        rows = self.told.evaluation.gate_findings
        return [row for row in rows if row.subject == self.decided.team]

    def document(self, say: Speaker) -> Document:
        """The report's parts, what was decided first."""
        section = self.told.evaluation.section
        parts = (
            ("brief", self._brief(say)),
            ("marks", self._marks(say)),
            ("line", self._line(say)),
            ("conditions", self._conditions(say)),
            ("conduct", submitted(self.told.evaluation, say, self.decided.team)),
            ("rights", self._rights(say)),
            ("check", checked(replace(self.told, assumptions=()), say)),
        )
        blocks = ((name, tuple(found)) for name, found in parts)
        sections = (Section(n, say.say(f"own.{n}"), found) for n, found in blocks if found)
        subtitle = say.say("own.subtitle", round=named(self.told, say), day=section.on)
        title = say.say("own.title", team=self.decided.team)
        return Document(title, subtitle, say.say("own.footer"), section.on, tuple(sections))

    def _brief(self, say: Speaker) -> Iterator[Block]:
        evaluation, decided = self.told.evaluation, self.decided
        word = say.code("decision", decided.decision)
        reason = section_round.why(evaluation.section, decided, say)
        yield Paragraph(say.say("own.decided", decision=word, reason=reason), "lead")
        if self.standing is not None:
            yield Numbers(tuple(self._numbers(self.standing, say)))
        yield from restored(evaluation, say, decided.team)
        yield Note(say.say("own.private"), (say.say("own.private_text"),))

    def _numbers(self, own: Standing, say: Speaker) -> Iterator[tuple[str, str]]:
        evaluation, points = self.told.evaluation, say.locale.points
        spread = say.say("standings.range", low=points(own.low_milli), high=points(own.high_milli))
        yield say.say("col.points"), points(own.total_milli)
        confidence = say.locale.percent(evaluation.section.confidence, 0)
        yield say.say("own.interval", confidence=confidence), spread
        count = len(evaluation.standings.standings)
        yield say.say("own.place", n=count), say.locale.whole(own.place)
        yield say.say("col.stays"), chance(evaluation, own, say)
        distance, _, _ = distances(evaluation).get(own.team, (0, 0, 0))
        yield say.say("own.distance"), points(distance)
        yield say.say("stage.places"), say.locale.whole(evaluation.section.stay.most)

    def _marks(self, say: Speaker) -> Iterator[Block]:
        if self.standing is None:
            yield Paragraph(say.say("own.not_measured"))
            return
        yield from self._pillars(self.standing, say)
        names = say.names(self.told.evaluation.section.pillars)
        whole, none = say.locale.whole, say.say("none")
        rows = [
            (
                names.get(one.pillar, one.pillar),
                names.get(one.task, one.task),
                share(one.ppm, say),
                whole(one.rows),
                whole(one.judges) if one.judges else none,
            )
            for one in self.marks
        ]
        heads = say.heads("pillar", "task", "mark", "rows", "judges")
        if rows:
            title = say.say("own.tasks")
            yield table("own-tasks", title, heads, rows, texts=frozenset({1}))
            yield Paragraph(say.say("own.tasks_note"), "quiet")

    def _pillars(self, own: Standing, say: Speaker) -> Iterator[Block]:
        """Own points by pillar beside the mean of all teams and what could be had."""
        evaluation, points = self.told.evaluation, say.locale.points
        weights = {p.id: (say.text(p.name), p.weight) for p in evaluation.section.pillars}
        everybody = evaluation.standings.standings
        rows, cells = [], []
        for pillar, milli in own.points_milli:
            name, weight = weights[pillar]
            total = sum(dict(one.points_milli)[pillar] for one in everybody)
            mean = round(Fraction(total, len(everybody)))
            parts = (Part(0, milli, points(milli)), Part(5, mean, points(mean)))
            rows.append(Row(name, parts))
            cells.append((name, points(milli), points(mean), say.locale.whole(weight)))
        title = say.say("own.pillars")
        legend = [say.say("own.yours"), say.say("own.mean")]
        yield bars("own-pillars", title, rows, legend, styles=(0, 5))
        heads = [say.say("col.pillar"), *legend, say.say("col.weight")]
        yield table("own-pillars", title, heads, cells)

    def _line(self, say: Speaker) -> Iterator[Block]:
        """How far the team is from the last place that stays, and what would tell them apart."""
        own, evaluation = self.standing, self.told.evaluation
        if own is None or evaluation.standings.last_staying is None:
            return
        if own.team == evaluation.standings.last_staying:
            yield Paragraph(say.say("own.is_last"))
        elif own.team in (found := distances(evaluation)):
            distance, low, high = found[own.team]
            points = say.locale.points
            spread = say.say("standings.range", low=points(low), high=points(high))
            side = "own.above" if distance >= 0 else "own.below"
            yield Paragraph(say.say(side, points=points(abs(distance)), spread=spread))
            last = evaluation.standings.last_staying
            apart = evaluation.standings.are_separated(own.team, last)
            yield Paragraph(say.say("own.apart" if apart else "own.chance"))
        yield Paragraph(say.say("own.stays", share=chance(evaluation, own, say)))
        for one in evaluation.grounds.needed:
            if one.second == own.team and one.power.times_milli is not None:
                times = say.locale.fixed(Fraction(one.power.times_milli, 1000), 1)
                yield Paragraph(say.say("own.needed", times=times))

    def _conditions(self, say: Speaker) -> Iterator[Block]:
        """Own gates with the evidence each finding rests on, and own bars."""
        gates = {gate.id: gate for gate in self.told.evaluation.section.gates}
        if not self.findings:
            yield Paragraph(say.say("stage.no_gates"))
        for row in self.findings:
            gate = gates.get(row.gate)
            name = say.text(gate.name) if gate else row.gate
            yield Heading(3, f"{name}: {section_round.found(row, say)}")
            if row.remark:
                yield Paragraph(say.say("own.remark", remark=row.remark))
            yield Paragraph(say.say("own.replied" if row.replied else "own.not_replied"))
            if row.evidence:
                yield Paragraph(say.say("own.documents"))
                yield Items(row.evidence)
        yield from self._bars(say)

    def _bars(self, say: Speaker) -> Iterator[Block]:
        points = say.locale.points
        rows = tuple(
            (
                one.bar,
                points(one.margin_milli),
                points(one.margin_low_milli),
                say.say("bars.met" if one.met else "bars.missed"),
            )
            for one in self.told.evaluation.standings.bars
            if one.team == self.decided.team
        )
        heads = say.heads("bar", "margin", "margin_low", "finding")
        shown = tuple(Head(head, figure=0 < n < 3) for n, head in enumerate(heads))
        if rows:
            yield Table("own-bars", say.say("bars.title"), shown, rows)

    def _rights(self, say: Speaker) -> Iterator[Block]:
        window = window_of(self.told.evaluation.section)
        stays = self.decided.decision in (Decision.ADVANCE, Decision.WILDCARD)
        if window is not None and not stays:
            text = say.say("own.object_by", last=window.object_by)
            yield Note(say.say("own.object"), (text,))
        yield from rights(self.told.evaluation, say, titled=False)
