"""The rules of `pool` as plain Python: slow, readable, and what defines the result.

`loop` keeps arrays and must agree with this on every field of every gang and step.
"""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from headgate.simulation.replay.layout import NEVER, WHOLE_BITS
from headgate.simulation.replay.plain_state import Award, Envelope, Gang, Nodes, Reservation
from headgate.simulation.replay.pool import Pool, Replayed, check

COLUMNS = (
    "started", "ended", "stops", "lost", "overhead", "held", "ahead", "borrowed", "unpaid", "cut",
    "went",
)  # fmt: skip


def _over_quota(envelope: Envelope, use: int) -> Fraction:
    return Fraction(use, envelope.quota) if envelope.quota else Fraction(0)


def replay(pool: Pool) -> Replayed:
    """Replay a pool by the rules; raises Unreplayable where they do not cover it."""
    check(pool)
    return Moments(pool).run()


class Moments:
    """A pool from moment to moment."""

    def __init__(self, pool: Pool) -> None:
        self.pool, self.rules = pool, pool.rules
        columns = pool.gangs
        rows = zip(
            columns.envelope.tolist(),
            columns.gpus.tolist(),
            columns.seconds.tolist(),
            columns.limit.tolist(),
            columns.seconds.tolist(),
            strict=True,
        )
        self.gangs = [Gang(number, *row) for number, row in enumerate(rows)]
        self.envelopes = [Envelope(number) for number in range(pool.steps.quota.shape[1])]
        budgets = pool.budgets
        count = 0 if budgets is None else budgets.amount.shape[1]
        self.awards = [Award() for _ in range(count)]
        self.award_of = [] if budgets is None else budgets.award.tolist()
        self.by_start: list[Gang] = []
        self.nodes, self.split = Nodes(pool.node_gpus), 0
        self.now, self.step, self.gpus, self.arrived = int(pool.steps.at[0]), -1, 0, 0
        shape = pool.steps.quota.shape
        self.by_envelope = np.zeros((*shape, 5), np.int64)
        self.by_step = np.zeros((shape[0], 4), np.int64)

    def run(self) -> Replayed:
        """Go from moment to moment until nothing more happens."""
        while (moment := self.next_moment()) < NEVER:
            self._pass_time(moment)
            for gang in [gang for gang in self.by_start if gang.ends == moment]:
                self._end(gang)
            self._change_supply()
            self._end_spent()
            self._submit()
            self._bring_back()
            self._go_elsewhere()
            self._shrink()
            waiting = self._start_heads()
            self._backfill(waiting)
            self.split = self._split(waiting)
        return self._result()

    def next_moment(self) -> int:
        """When something happens next: an end, a submission, or a change of supply."""
        ends = [gang.ends for gang in self.by_start]
        due = [int(at) for at in self.pool.steps.at[self.step + 1 : self.step + 2]]
        coming = [int(at) for at in self.pool.gangs.submitted[self.arrived : self.arrived + 1]]
        waits = any(queue for queue in (*self._queues(), *(a.unpaid for a in self.awards)))
        spent = [
            self.now - (award.spent - award.budget) // award.used
            for award in self.awards
            if self.rules.ends_spent and award.running and award.budget < NEVER
        ]
        due = due if ends or coming or waits else []
        going = [self._patient_until(gang) + 1 for gang in self.gangs[: self.arrived]]
        return min([*ends, *coming, *due, *spent, *going, NEVER])

    def _patient_until(self, gang: Gang) -> int:
        """Until when a gang waits to be started for the first time."""
        patience = self.rules.patience_seconds
        if patience < 0 or gang.started >= 0 or gang.asked:
            return NEVER
        return int(self.pool.gangs.submitted[gang.number]) + patience

    def _go_elsewhere(self) -> None:
        """Whoever never started and has waited longer than its patience leaves, asked once."""
        for gang in self.gangs[: self.arrived]:
            queue = self.envelopes[gang.envelope].queue
            if self._patient_until(gang) < self.now:
                gang.asked = True
                if gang in queue:
                    queue.remove(gang)
                    gang.went = self.now

    def _queues(self) -> Iterator[list[Gang]]:
        return (envelope.queue for envelope in self.envelopes)

    def _pass_time(self, moment: int) -> None:
        """Count what was held, borrowed, waited for and idle since the last moment."""
        seconds, idle = moment - self.now, self.idle()
        if self.step >= 0 and seconds:
            waited_for = sum(envelope.waited_for for envelope in self.envelopes)
            unfilled = [idle, idle if waited_for else 0, min(idle, waited_for), self.split]
            self.by_step[self.step] += np.array(unfilled, np.int64) * seconds
            for envelope in self.envelopes:
                above = max(0, envelope.used - envelope.quota)
                seen = [envelope.used, above, envelope.waited_for, 0, 0]
                amounts = np.array(seen, np.int64) * seconds
                self.by_envelope[self.step, envelope.number] += amounts
            if self.rules.credits:
                self._lend(seconds)
        for award in self.awards:
            award.spent += award.used * seconds
            for gang in award.unpaid:
                self.by_envelope[self.step, gang.envelope, 4] += gang.gpus * seconds
        self._remember(moment)
        self.now = moment

    def _lend(self, seconds: int) -> None:
        """What is held above quotas is owed to those who hold less, the deepest in debt first."""
        owed = 0
        for envelope in self.envelopes:
            above = max(0, envelope.used - envelope.quota)
            envelope.debt += above * seconds
            owed += above
        lenders = [e for e in self.envelopes if e.used < e.quota]
        for lender in sorted(lenders, key=lambda e: (-_over_quota(e, e.debt_hours), e.number)):
            lent = min(lender.quota - lender.used, owed)
            owed -= lent
            lender.debt -= lent * seconds
            self.by_envelope[self.step, lender.number, 3] += lent * seconds

    def _remember(self, moment: int) -> None:
        """Add to past use, which fades at every turn of the fair share's clock."""
        turn = self.rules.turn_seconds
        while turn and self.now < moment:
            edge = min(moment, (self.now // turn + 1) * turn)
            for envelope in self.envelopes:
                envelope.past += envelope.used * (edge - self.now)
                if edge % turn == 0:
                    envelope.past = envelope.past * self.rules.turn_keeps >> WHOLE_BITS
            self.now = edge

    def _change_supply(self) -> None:
        steps = self.pool.steps
        while self.step + 1 < len(steps.at) and steps.at[self.step + 1] <= self.now:
            self.step += 1
            self.gpus = int(steps.gpus[self.step])
            self.rules = self.pool.later.get(self.step, self.rules)
            for envelope in self.envelopes:
                place = self.step, envelope.number
                envelope.quota = int(steps.quota[place])
                envelope.keeps = int(steps.keeps[place])
                envelope.ceiling = int(steps.ceiling[place])

            self._budget()

    def _budget(self) -> None:
        """Give every award the budget of the step, anew where the step renews."""
        budgets = self.pool.budgets
        for number, award in enumerate(self.awards if budgets is not None else []):
            award.budget = int(budgets.amount[self.step, number]) if budgets else NEVER
            award.spent = 0 if budgets and budgets.renews[self.step] else award.spent

    def _submit(self) -> None:
        submitted = self.pool.gangs.submitted
        while self.arrived < len(self.gangs) and submitted[self.arrived] <= self.now:
            gang = self.gangs[self.arrived]
            self.envelopes[gang.envelope].queue.append(gang)
            self.arrived += 1

    def idle(self) -> int:
        """GPUs that nobody holds."""
        return self.gpus - sum(envelope.used for envelope in self.envelopes)

    def _room(self, mine: int, used: dict[int, int], idle: int) -> int:
        """What an envelope may take of what is idle, when all hold what `used` says."""
        others = (e for e in self.envelopes if e.number != mine)
        return idle - sum(max(0, e.keeps - used[e.number]) for e in others)

    def _used(self) -> dict[int, int]:
        return {envelope.number: envelope.used for envelope in self.envelopes}

    def _shrink(self) -> None:
        while self.idle() < 0 or not self.nodes.resized(self.gpus):
            above = {e.number for e in self.envelopes if e.used > e.quota}
            newest = [gang for gang in self.by_start if not above or gang.envelope in above]
            self._stop(newest[-1])

    def _in_turn(self, *, within: bool | None = None) -> list[Envelope]:
        """Envelopes with a queue, by use over quota; those without a quota last."""

        def turn(envelope: Envelope) -> tuple[bool, Fraction, int]:
            use = envelope.past if self.rules.turn_seconds else envelope.used
            use = envelope.debt_hours if self.rules.credits else use
            return envelope.quota == 0, _over_quota(envelope, use), envelope.number

        waiting = [e for e in self.envelopes if e.queue]
        if within is not None:
            waiting = [e for e in waiting if (e.used + e.queue[0].gpus <= e.quota) is within]
        return sorted(waiting, key=turn)

    def _start_heads(self) -> Gang | None:
        """Start what is first in its queue and may; the first that waits for room is returned."""
        while True:
            self._send_unpaid()
            waiting: Gang | None = None
            for envelope, within in self._heads():
                head = envelope.queue[0]
                if envelope.used + head.gpus > envelope.ceiling:
                    continue
                behind = waiting is not None and not within
                if not behind and (self._fits(head) or (within and self._reclaim(head))):
                    self._start(head)
                    break
                waiting = waiting or head
            else:
                return waiting

    def _send_unpaid(self) -> None:
        for envelope in self.envelopes:
            while envelope.queue and not self._pays(envelope.queue[0]):
                self._send_away(envelope.queue[0])

    def _heads(self) -> Iterator[tuple[Envelope, bool]]:
        for within in (True, False):
            for envelope in self._in_turn(within=within):
                yield envelope, within

    def _has_room(self, gang: Gang) -> bool:
        return gang.gpus <= self._room(gang.envelope, self._used(), self.idle())

    def _fits(self, gang: Gang) -> bool:
        return self._has_room(gang) and self.nodes.found(gang.gpus) is not None

    def _split(self, waiting: Gang | None) -> int:
        """GPUs that the first that waits does not get only because they stand on other nodes."""
        fragments = waiting and self._has_room(waiting) and not self._fits(waiting)
        return waiting.gpus if waiting and fragments else 0

    def _reclaim(self, head: Gang) -> bool:
        """Stop others' gangs, newest first, if that makes room; else stop none."""
        used, idle, chosen = self._used(), self.idle(), []
        nodes = Nodes(self.nodes.each, dict(self.nodes.free))
        for gang in reversed(self.by_start if self.rules.reclaim else []):
            mine = gang.envelope == head.envelope
            if mine or used[gang.envelope] <= self.envelopes[gang.envelope].quota:
                continue
            chosen.append(gang)
            used[gang.envelope] -= gang.gpus
            idle += gang.gpus
            nodes.change(gang.nodes, 1)
            room = self._room(head.envelope, used, idle)
            if head.gpus <= room and nodes.found(head.gpus) is not None:
                for each in chosen:
                    self._stop(each)
                return True
        return False

    def _start(self, gang: Gang) -> None:
        envelope = self.envelopes[gang.envelope]
        envelope.queue.remove(gang)
        gang.borrowed += envelope.used + gang.gpus > envelope.quota
        gang.paid = self.rules.restart_seconds if gang.stops else 0
        gang.began, gang.ends = self.now, self.now + gang.paid + gang.left
        gang.started = self.now if gang.started < 0 else gang.started
        envelope.running.append(gang)
        self.by_start.append(gang)
        gang.nodes = self.nodes.found(gang.gpus) or {}
        self.nodes.change(gang.nodes, -1)
        if (award := self._award(gang)) is not None:
            award.running.append(gang)

    def _leave(self, gang: Gang) -> None:
        self.envelopes[gang.envelope].running.remove(gang)
        self.by_start.remove(gang)
        self.nodes.change(gang.nodes, 1)
        if (award := self._award(gang)) is not None:
            award.running.remove(gang)
        gang.held += self.now - gang.began
        gang.overhead += min(gang.paid, self.now - gang.began)

    def _end(self, gang: Gang) -> None:
        self._leave(gang)
        gang.ended, gang.left = self.now, 0

    def _stop(self, gang: Gang) -> None:
        """What was done since the last checkpoint is lost; it is first in its queue again."""
        self._leave(gang)
        done = max(0, self.now - gang.began - gang.paid)
        every = self.rules.checkpoint_seconds
        before = gang.seconds - gang.left
        kept = (before + done) // every * every if every else 0
        kept = max(kept, before)
        gang.lost += before + done - kept
        gang.left = gang.seconds - kept
        gang.stops += 1
        self.envelopes[gang.envelope].queue.insert(0, gang)

    def _award(self, gang: Gang) -> Award | None:
        return self.awards[self.award_of[gang.number]] if self.awards else None

    def _left(self, award: Award) -> int:
        """What an award can still pay; where spent budgets end what runs: anything, or nothing."""
        if self.rules.ends_spent:
            return NEVER if award.spent < award.budget else 0
        promised = sum(g.gpus * (self._limit_end(g) - self.now) for g in award.running)
        return award.budget - award.spent - promised

    def _costs(self, gang: Gang) -> int:
        """What an award must be able to pay for a gang to start."""
        if self.rules.ends_spent:
            return 1
        return gang.gpus * gang.limit_left(self.rules.restart_seconds)

    def _pays(self, gang: Gang) -> bool:
        award = self._award(gang)
        if award is None or award.budget == NEVER:
            return True
        return self._costs(gang) <= self._left(award)

    def _send_away(self, gang: Gang) -> None:
        """A gang that its award cannot pay leaves its queue."""
        self.envelopes[gang.envelope].queue.remove(gang)
        self.awards[self.award_of[gang.number]].unpaid.append(gang)
        gang.unpaid_since = self.now

    def _bring_back(self) -> None:
        """Whom what is left pays for comes to the front of the queue, in order."""
        for award in self.awards:
            left, back = self._left(award), list[Gang]()
            for gang in award.unpaid:
                if award.budget < NEVER and self._costs(gang) > left:
                    break
                left -= self._costs(gang)
                back.append(gang)
            for gang in reversed(back):
                award.unpaid.remove(gang)
                gang.unpaid += self.now - gang.unpaid_since
                self.envelopes[gang.envelope].queue.insert(0, gang)

    def _end_spent(self) -> None:
        """Where spent budgets end what runs, it ends, its work undone."""
        for award in self.awards if self.rules.ends_spent else []:
            for gang in list(award.running) if award.spent >= award.budget else []:
                self._leave(gang)
                gang.left -= max(0, self.now - gang.began - gang.paid)
                gang.cut, gang.ended = gang.left, self.now

    def _limit_end(self, gang: Gang) -> int:
        done = gang.seconds - gang.left
        return gang.began + gang.paid + gang.limit - done

    def _reserved(self, head: Gang, *, pool: bool) -> Reservation:
        """When a gang that waits will fit, by the limits of what runs: in the pool, or its own."""
        used, idle = self._used(), self.idle()
        ceiling = self.envelopes[head.envelope].ceiling
        nodes = Nodes(self.nodes.each, dict(self.nodes.free))
        for at in sorted({self._limit_end(gang) for gang in self.by_start}):
            for gang in self.by_start:
                if self._limit_end(gang) == at:
                    used[gang.envelope] -= gang.gpus
                    idle += gang.gpus
                    nodes.change(gang.nodes, 1)
            spare = self._room(head.envelope, used, idle) - head.gpus if pool else NEVER
            own = ceiling - used[head.envelope] - head.gpus
            stands = not pool or nodes.found(head.gpus) is not None
            if spare >= 0 and own >= 0 and stands:
                return Reservation(head, at, spare, own, nodes if pool else None)
        return Reservation(head, NEVER, NEVER, NEVER, None)

    def _backfill(self, waiting: Gang | None) -> None:
        """Start gangs behind those that wait, where that delays nobody who has a reservation."""
        if self.idle() <= 0 or self.rules.look_ahead == 0:
            return
        ahead = self._reserved(waiting, pool=True) if waiting else None
        looked = 0
        for envelope in self._in_turn():
            head = envelope.queue[0]
            kept = [] if ahead is None else [ahead]
            if envelope.used + head.gpus > envelope.ceiling:
                kept.append(self._reserved(head, pool=False))
            for gang in [g for g in envelope.queue if g not in [each.gang for each in kept]]:
                if looked == self.rules.look_ahead:
                    return
                looked += 1
                if not self._fits(gang) or envelope.used + gang.gpus > envelope.ceiling:
                    continue
                if not all(self._harmless(gang, each) for each in kept):
                    continue
                if not self._pays(gang):
                    self._send_away(gang)
                    continue
                kept = [self._less(gang, each) for each in kept]
                ahead = kept[0] if ahead else None
                gang.ahead += 1
                self._start(gang)

    def _over(self, gang: Gang, kept: Reservation) -> bool:
        """Whether a gang that starts now may still run when the reservation begins."""
        return self.now + gang.limit_left(self.rules.restart_seconds) > kept.at

    def _harmless(self, gang: Gang, kept: Reservation) -> bool:
        own = kept.own if gang.envelope == kept.gang.envelope else NEVER
        if not self._over(gang, kept):
            return True
        nodes = self._nodes_less(gang, kept)
        stands = nodes is None or nodes.found(kept.gang.gpus) is not None
        return gang.gpus <= min(kept.spare, own) and stands

    def _nodes_less(self, gang: Gang, kept: Reservation) -> Nodes | None:
        """The reservation's nodes without those on which a gang would stand from now on."""
        return kept.nodes and kept.nodes.without(self.nodes.found(gang.gpus) or {})

    def _less(self, gang: Gang, kept: Reservation) -> Reservation:
        if not self._over(gang, kept):
            return kept
        mine = gang.gpus if gang.envelope == kept.gang.envelope else 0
        nodes = self._nodes_less(gang, kept)
        return Reservation(kept.gang, kept.at, kept.spare - gang.gpus, kept.own - mine, nodes)

    def _result(self) -> Replayed:
        columns = {
            name: np.array([getattr(gang, name) for gang in self.gangs], np.int64)
            for name in COLUMNS
        }
        return Replayed(**columns, by_envelope=self.by_envelope, by_step=self.by_step)
