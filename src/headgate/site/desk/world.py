"""The people of a programme as a world: what they did at the desk answers the cycle's questions.

What engines and evaluators answer comes from another world, handed in. Every answer is made of
codes, numbers and plain lines; names and texts stay at the desk.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Final

from django.db.models import BooleanField, ExpressionWrapper, IntegerField, Q, TextField, Value
from django.db.models.functions import Cast

from headgate.core.awards.plan import Plan, Proposal
from headgate.core.awards.problem import Problem
from headgate.core.awards.solve import propose
from headgate.core.calls.application import Application, GateFinding, Mark
from headgate.core.duties.amendment import Amendment
from headgate.core.duties.payments import Payment
from headgate.core.enforcement.engine import Order, Quota
from headgate.core.enforcement.receipt import ReadBack
from headgate.core.evaluation.conduct import Conduct
from headgate.core.evaluation.evidence import Evidence
from headgate.core.evaluation.freeze import Frozen, Signed
from headgate.core.evaluation.hearings import Hearing
from headgate.core.ledger.correct import Correction
from headgate.core.metering.usage import Usage
from headgate.core.quick import quick
from headgate.cycle import World
from headgate.readers.facts import Recorded
from headgate.site.desk.dossiers import read_line
from headgate.site.desk.hearing import conducted_as, found_on
from headgate.site.desk.models import (
    Dossier,
    Finding,
    Review,
    Signature,
    State,
)
from headgate.site.desk.office import CallNow, call_now
from headgate.site.desk.rating import panel_of, ratings_of, round_now
from headgate.site.desk.turns import Asked
from headgate.steps.notes import Note

ELSEWHERE: Final = Recorded({})
"""A world without engines and evaluators: to decide a call nothing is asked of them."""


class Desk:
    """The world of the people, at a moment; `rest` is the world of engines and evaluators.

    `signed` are the lists that were signed, by call: what was signed is what is proposed. For a
    call without one the solver proposes. `rules` is the call that is asked about, if it was read.
    """

    def __init__(
        self,
        rest: World,
        now: datetime,
        signed: Mapping[str, Proposal] | None = None,
        rules: CallNow | None = None,
    ) -> None:
        self._rest = rest
        self._now = now
        self._signed = signed or {}
        self._rules = rules
        self._judged: dict[str, list[tuple[Any, ...]]] = {}
        self._listed: dict[str, list[Signature]] = {}

    def _call(self, call: str) -> CallNow:
        known = self._rules
        return known if known is not None and known.id == call else call_now(call)

    def applications(self, call: str) -> Sequence[Application]:
        """What was handed in and not withdrawn, in order of arrival."""
        submitted = Dossier.objects.filter(call=call, state=State.SUBMITTED)
        return [read_line(dossier) for dossier in submitted]

    def _judgements(self, call: str) -> list[tuple[Any, ...]]:
        """Every finding, and every whole sheet that was given, read once by one query.

        A finding has whether it was passed, its remark, its evidence and whether it was replied to,
        "1" or "0" each; a sheet has nothing, nothing, its points and nothing. All are texts, which
        Django hands on as they come.
        """
        if call not in self._judged:
            found = Finding.objects.filter(dossier__call=call).order_by()
            given = Review.objects.filter(dossier__call=call, marked__isnull=False).order_by()
            no, empty = Value(None, TextField()), Value("")
            numbers = (Cast(told, IntegerField()) for told in ("passed", _REPLIED))
            passed, replied = (Cast(number, TextField()) for number in numbers)
            parts = found.values_list(
                "dossier__code", "gate", passed, "remark", _text("evidence"), replied
            )
            sheets = given.values_list(
                "dossier__code", "reviewer__code", no, empty, _text("points"), no
            )
            self._judged[call] = list(parts.union(sheets, all=True))
        return self._judged[call]

    def gate_findings(self, call: str, applications: Sequence[str]) -> Sequence[GateFinding]:
        """What officers found, in the order of the call's gates for each application."""
        order = {gate.id: at for at, gate in enumerate(self._call(call).call.gates)}
        wanted = set(applications)
        listed = [
            _finding(code or "", gate, passed == "1", remark, _evidence(evidence), replied == "1")
            for code, gate, passed, remark, evidence, replied in self._judgements(call)
            if passed is not None and code in wanted and gate in order
        ]
        return sorted(listed, key=lambda one: (one.subject, order[one.gate]))

    def marks(self, call: str, eligible: Sequence[Application]) -> Sequence[Mark]:
        """Every whole sheet that was given, by application, reviewer and criterion."""
        wanted = {one.id for one in eligible}
        given = [
            (code, reviewer, points)
            for code, reviewer, passed, _remark, points, _replied in self._judgements(call)
            if passed is None and code in wanted
        ]
        return [
            _mark(code, criterion, reviewer, count)
            for code, reviewer, points in sorted(given)
            for criterion, count in points_of(points)
        ]

    def signed_by(self, call: str) -> list[Signature]:
        """Who signed the list of a call, with the list, in their order; read once."""
        if call not in self._listed:
            given = Signature.objects.filter(award_list__call=call).order_by("id")
            self._listed[call] = list(given.select_related("award_list", "person"))
        return self._listed[call]

    def proposal(self, call: str, problem: Problem) -> Proposal:
        """The list that was signed, or the solver's."""
        return self._signed.get(call) or propose(problem)

    def declined(self, call: str, plan: Plan) -> Sequence[Collection[str]]:
        """Who gave an award or a place on standby up, and who let the days pass in silence.

        Where the list became another since it was signed, those alone who are on it still.
        """
        lists = (one.award_list for one in self.signed_by(call))
        signed = next((one for one in lists if one.told is not None), None)
        if signed is None:
            return [()]
        listed = {award.application for award in plan.awards}
        listed.update(name for line in plan.standby for name in line.applications)
        return [left & listed for left in Asked(self._call(call), signed, self._now).declined]

    def enforce(self, orders: Sequence[Order], day: date) -> Sequence[tuple[str, Quota]]:
        """What the clusters hold."""
        return self._rest.enforce(orders, day)

    def usage(self, since: date, until: date, part: str) -> Sequence[Usage]:
        """What the meters saw."""
        return self._rest.usage(since, until, part)

    def receipts(self, name: str) -> Sequence[ReadBack]:
        """What agents applied and read back."""
        return self._rest.receipts(name)

    def corrections(self, name: str) -> Sequence[Correction]:
        """What was moved wrongly."""
        return self._rest.corrections(name)

    def round_findings(self, round_id: str, teams: Sequence[str]) -> Sequence[GateFinding]:
        """What was found on a round's gates; a team's reply counts, or its days have passed."""
        found = self._rest.round_findings(round_id, teams)
        return found_on(round_now(round_id), found, self._now)

    def signatures(self, frozen: Frozen, teams: Sequence[str]) -> Sequence[Signed]:
        """How the teams signed a round."""
        return self._rest.signatures(frozen, teams)

    def conduct(self, round_id: str, teams: Sequence[str]) -> Conduct:
        """How a round was conducted, with what the desk itself knows of it."""
        return conducted_as(round_now(round_id), self._rest.conduct(round_id, teams))

    def secrets(self, round_id: str, teams: Sequence[str]) -> Mapping[str, str]:
        """What teams show for a round's lot."""
        return self._rest.secrets(round_id, teams)

    def hearing(self, name: str) -> Hearing:
        """What was heard of a round."""
        return self._rest.hearing(name)

    def amendments(self, name: str) -> Sequence[Amendment]:
        """What was asked of running awards and answered."""
        return self._rest.amendments(name)

    def payments(self, name: str) -> Sequence[Payment]:
        """What was paid of fees."""
        return self._rest.payments(name)

    def notes(self) -> Sequence[Note]:
        """What stands in for something else; people stand for themselves."""
        return self._rest.notes()

    def evidence(self, round_id: str, teams: Sequence[str]) -> Evidence:
        """What was measured of a round's teams; experts who have sheets speak for themselves."""
        measured, given = (
            self._rest.evidence(round_id, teams),
            ratings_of(panel_of(round_id), teams),
        )
        return replace(measured, ratings={**measured.ratings, **given}) if given else measured


_finding: Final = quick(GateFinding)
_mark: Final = quick(Mark)


_REPLIED: Final = ExpressionWrapper(Q(replied__isnull=False), BooleanField())


def _text(field: str) -> Cast:
    """What a column of JSON holds, as it lies there."""
    return Cast(field, TextField())


@lru_cache(maxsize=2**15)
def points_of(text: str) -> tuple[tuple[str, int], ...]:
    """The points of a sheet by criterion; most are read again at every look at a list."""
    return tuple(sorted(json.loads(text).items()))


@lru_cache(maxsize=2**12)
def _evidence(text: str) -> tuple[str, ...]:
    """The digests of what a finding rests on."""
    return tuple(json.loads(text))
