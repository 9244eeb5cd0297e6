"""A round in lines for a terminal: what its rule would do, what was found, what was decided."""

from collections.abc import Iterator

from headgate.core import canonical
from headgate.core.evaluation.contamination import Screened
from headgate.core.evaluation.cut_errors import Chance, told_of
from headgate.core.evaluation.earlier import Earlier
from headgate.core.evaluation.grounds import Grounds
from headgate.core.evaluation.power import Power
from headgate.evaluating import Evaluated, Forecast


def forecast_lines(told: Forecast) -> Iterator[str]:
    """The forecast for a person: each rule and remedy for each difference that was assumed."""
    if not told.tables:
        yield "Every team of the plan has a place: the round cuts nobody."
    for table in told.tables:
        error = _milli(table.standard_error_milli)
        yield f"neighbours differ by {_milli(table.gap_milli)} points, error {error}"
        for row in table.errors:
            rule = "always" if not row.threshold_milli else f">= {row.threshold_milli / 1000:.2f}"
            own = "  (the round's own rule)" if row.own else ""
            cuts, wrong = map(_chance, row.told(told.rounds))
            yield f"  cut {rule:<8} cuts {cuts}, wrong {wrong}{own}"
        for remedy in table.remedies:
            shares = told_of(remedy.leave_ppm, remedy.wrong_ppm, told.rounds)
            leave, wrong = map(_chance, shares)
            remain = f"{_milli(remedy.remain_milli)} remain"
            yield f"  tie {remedy.remedy.value}: leaves {leave}, wrong {wrong}, {remain}"
        yield from (f"  {line}" for line in _power(table.power))
    yield f"policy  {told.policy}"
    yield f"method  {told.method}"


def _ppm(share: int | None) -> str:
    return "   none" if share is None else f"{share / 10_000:5.1f} %"


def _chance(told: Chance | None) -> str:
    if told is None:
        return "   none"
    sign, ppm = told
    return f"{sign and sign + ' '}{ppm / 10_000:{3 if sign else 5}.1f} %"


def lines_of(evaluated: Evaluated) -> Iterator[str]:
    """The round for a person: what was found, standings, weights, the rule and what it decided."""
    standings, outcome = evaluated.judged.standings, evaluated.judged.outcome
    replicates = evaluated.resolved.policy.rounds[evaluated.round_id].replicates
    after = evaluated.after
    for pillar, items in after.evidence.items.items():
        count = len({(row.task, row.item) for row in items})
        yield f"{pillar}: {count} items, {len({row.team for row in items})} teams"
    for pillar, ratings in after.evidence.ratings.items():
        raters = len({row.rater for row in ratings})
        yield f"{pillar}: {len(ratings)} ratings by {raters} raters"
    for pillar, votes in after.evidence.votes.items():
        yield f"{pillar}: {len(votes)} votes by {len({vote.voter for vote in votes})} voters"
    yield from evaluated.logs
    yield from (f"flagged  {flag}" for flag in evaluated.flags)
    yield "place  points  from–to  stays  team"
    for one in standings.standings:
        interval = f"{_milli(one.low_milli)}–{_milli(one.high_milli)}"
        sign, ppm = standings.chance(one, replicates)
        stays = f"{sign and sign + ' '}{ppm / 10_000:.1f} %"
        yield f"{one.place:>5}  {_milli(one.total_milli)}  {interval}  {stays}  {one.team}"
    for weight in standings.effective_weights:
        share = weight.lead_share_ppm
        lead = "no lead" if share is None else f"{share / 10_000:.1f} % of the lead"
        yield f"weight  {weight.pillar}: {weight.weight} of 100, {lead}"
    yield from _grounds(evaluated.judged.grounds)
    for gate in after.findings:
        yield f"gate  {gate.gate}: {gate.subject} {'passed' if gate.passed else 'failed'}"
    yield from map(_screened, evaluated.screened)
    remedy = outcome.remedy_applied
    yield f"rule  {'the line was clear' if remedy is None else f'tie: {remedy.value}'}"
    for each in outcome.decisions:
        names = f" ({', '.join(each.names)})" if each.names else ""
        yield f"decided  {each.team}: {each.decision.value}, {each.reason.value}{names}"
    yield from _conducted(evaluated)
    yield from map(_earlier, evaluated.earlier)
    yield f"seed  {evaluated.seed}"
    if evaluated.seed_given:
        yield f"seed  {evaluated.seed} was given: hold it against a root published before"
    yield f"digest  {canonical.digest(evaluated.result())}"


def _earlier(one: Earlier) -> str:
    """A round before this one, from a folder that was verified."""
    told = {each.team: each for each in one.standings.standings}
    words = [
        f"{each.team} {_milli(told[each.team].total_milli)}"
        if each.team in told
        else f"{each.team} {each.decision.value}"
        for each in one.outcome.decisions
    ]
    return f"before  {one.round} on {one.on}: {', '.join(words)}; root {one.root[:16]}"


def _conducted(evaluated: Evaluated) -> Iterator[str]:
    """Who could work until when, what each handed in, whose rows do not count, what was heard."""
    conducted = evaluated.judged.conducted
    yield from (f"last day  {team}: {day}" for team, day in conducted.last_days.items())
    for one in conducted.submissions:
        yield f"model  {one.team}: {one.model[:16]}, {one.private_trials} private trials"
    for aside in conducted.set_aside:
        about = f" on {aside.team}" if aside.team else ""
        yield f"aside  {aside.pillar}: {aside.rows} rows of {aside.source}{about}, {aside.why}"
    for each in evaluated.asked.told.hearings:
        yield f"heard  {each.name}: {each.hearing.ground.value}, on {each.on}; decided again"


def _screened(one: Screened) -> str:
    """What the screen for seen items says of a team: a question to it, never a cut."""
    place = f"screen  {one.pillar}: {one.team}, {one.known} items known before, {one.fresh} fresh"
    if one.points_milli is None or one.z_milli is None:
        return f"{place}: too few to say anything"
    asked = "; to be heard on it" if one.hearing else ""
    points, z = one.points_milli / 1_000, one.z_milli / 1_000
    return f"{place}: {points:+.2f} points on the fresh, {z:+.1f} errors{asked}"


def _grounds(told: Grounds) -> Iterator[str]:
    for panel in told.panels:
        alpha = "none" if panel.alpha_ppm is None else f"{panel.alpha_ppm / 1_000_000:.2f}"
        yield f"panel  {panel.pillar}: {panel.raters} raters, agreement {alpha}"
        if panel.shares is not None:
            subjects, raters = _ppm(panel.shares.subjects_ppm), _ppm(panel.shares.raters_ppm)
            rest = _ppm(panel.shares.rest_ppm)
            yield f"panel  {panel.pillar}: teams {subjects}, raters {raters}, rest {rest}"
    for ballot in told.ballots:
        yield f"votes  {ballot.task}: {ballot.ties} ties, first preferred {ballot.first_preferred}"
        for effect in ballot.effects:
            at, error = effect.milli / 1000, effect.standard_error_milli / 1000
            yield f"votes  {ballot.task}: style {effect.name} adds {at:.2f}, error {error:.2f}"
    for need in told.needed:
        yield f"apart  {need.first} and {need.second} in four of five rounds:"
        yield from (f"apart  {line}" for line in _power(need.power))


def _power(power: Power) -> Iterator[str]:
    if power.times_milli is not None:
        yield f"all evidence times {power.times_milli / 1_000:.1f}"
    for one in power.pillars:
        enough = "no number would do" if one.needed is None else f"{one.needed} would do"
        yield f"{one.pillar}: {one.clusters} clusters; {enough}"


def _milli(points: int) -> str:
    return f"{points / 1_000:.2f}"
