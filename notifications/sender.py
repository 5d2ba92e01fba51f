"""The sender: takes due deliveries, claims them, and has Telegram called from several threads.

One run lasts a few seconds and asks for another one while there is work, so that other work of the
queue gets its turn; when its worker is told to stop it ends with the calls under way. This thread
alone touches the database. The right to send is taken before a delivery is claimed: no lease runs
while a limit is waited for.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from concurrent import futures
from datetime import timedelta

from django.conf import settings

from config.shift import is_told_to_stop
from config.wakeups import wake
from market.clock import wall_now, wall_s
from notifications import delivery as rows
from notifications import limits
from notifications.calls import CALL_MOST_S, Outcome, Wait, send_parts
from notifications.composing import (
    CannotRender,
    Part,
    Pictures,
    compose_alert,
    compose_digest,
)
from notifications.delivery import Claim
from notifications.models import AlertRule, Delivery, Subscriber
from notifications.outcomes import record
from notifications.rules import held_until
from notifications.selectors import due_deliveries, is_anything_due, next_due_at
from notifications.telegram import get_client
from notifications.text import plain

logger = logging.getLogger(__name__)

RUN_S = 8.0
# How far ahead a run waits for what is not due yet: the first retries, a chat's next second. What
# is due later is found by the next sweep.
LOOK_AHEAD_S = 3.0
# Enough for 30 messages a second of which each takes half a second.
CALLS_AT_ONCE = 16
CANDIDATES = 200
RENEW_TURN_S = 3.0
# Evenly, not all of a second's messages at once: what the network delays a little stays in its own
# second.
LEAST_BETWEEN_S = 1 / limits.MESSAGES_PER_S
MOST_TO_CATCH_UP_S = 0.1


def deliver_due(wait: Wait = time.sleep) -> int:
    """Send what is due; return how many messages were settled. Another sender at work: none."""
    if not settings.TELEGRAM_DRY_RUN and limits.stopped_reason() is not None:
        return 0
    now = wall_now()
    if not is_anything_due(now + timedelta(seconds=LOOK_AHEAD_S)):
        return 0
    with limits.sender_turn() as turn:
        if not turn.is_held:
            return 0
        run = _Run(turn, wait)
        run.work()
    if run.may_go_on and is_anything_due(wall_now()):
        wake("notifications.tasks.deliver_due")
    return run.settled


class _Run:
    """A few seconds of sending."""

    def __init__(self, turn: limits.Turn, wait: Wait) -> None:
        self.settled = 0
        self.may_go_on = True
        self._turn = turn
        self._wait = wait
        self._ends_s = wall_s() + RUN_S
        self._renew_at_s = wall_s() + RENEW_TURN_S
        self._pictures = Pictures()
        self._calls: dict[futures.Future[Outcome], tuple[Claim, Sequence[Part]]] = {}
        self._candidates: list[Delivery] = []
        self._next_call_s = 0.0
        self._not_before_s: dict[int, float] = {}  # subscribers at a chat's limit

    def work(self) -> None:
        with futures.ThreadPoolExecutor(CALLS_AT_ONCE, "telegram") as threads:
            while self._is_on_time() and self._step(threads):
                self._record_answers()
            while self._calls:
                self._rest(CALL_MOST_S)
                self._record_answers()

    def _is_on_time(self) -> bool:
        now_s = wall_s()
        if now_s >= self._renew_at_s:
            self._turn.renew()
            self._renew_at_s = now_s + RENEW_TURN_S
        is_over = now_s >= self._ends_s or is_told_to_stop()
        return self.may_go_on and self._turn.is_held and not is_over

    def _step(self, threads: futures.Executor) -> bool:
        """Start one message, or wait for what stands in its way; False when nothing is left."""
        if len(self._calls) >= CALLS_AT_ONCE:
            return self._rest(CALL_MOST_S)
        if not settings.TELEGRAM_DRY_RUN and (pause_s := limits.paused_s()) > 0:
            # A pause beyond this run is the next sweep's.
            self.may_go_on = wall_s() + pause_s < self._ends_s
            return self.may_go_on and self._rest(pause_s)
        candidate = self._next_candidate()
        if candidate is None:
            return self._rest_until_due()
        if not self._is_wanted_now(candidate):
            return True
        if not settings.TELEGRAM_DRY_RUN and not self._has_turn(candidate):
            return True
        claim = rows.claim(candidate)
        if claim is not None:
            self._start(claim, threads)
        return True

    def _next_candidate(self) -> Delivery | None:
        """Return the delivery due longest whose chat is neither being written to nor waiting."""
        now_s = wall_s()
        self._not_before_s = {
            subscriber: at_s for subscriber, at_s in self._not_before_s.items() if at_s > now_s
        }
        busy = {claim.first.subscriber_id for claim, _ in self._calls.values()}
        busy.update(self._not_before_s)
        if not self._candidates:
            due = due_deliveries(wall_now()).exclude(subscriber__in=busy)
            self._candidates = list(due[:CANDIDATES])
        while self._candidates:
            candidate = self._candidates.pop(0)
            if candidate.subscriber_id not in busy:
                return candidate
        return None

    def _is_wanted_now(self, candidate: Delivery) -> bool:
        """Hold back or end what the subscriber has changed their mind about since."""
        subscriber = candidate.subscriber
        rule = _rule_of(candidate)
        if subscriber.state != Subscriber.State.ACTIVE:
            rows.suppress(candidate, subscriber.state_reason or subscriber.get_state_display())
            return False
        if rule is None or not rule.is_enabled:
            rows.suppress(candidate, "these alerts were switched off")
            return False
        held = held_until(
            rule.terms(),
            zone=subscriber.zone,
            muted_until=subscriber.muted_until,
            now=wall_now(),
        )
        if held is not None:
            rows.retime(candidate, held, is_gathered=True)
            return False
        return True

    def _has_turn(self, candidate: Delivery) -> bool:
        if (early_s := self._next_call_s - wall_s()) > 0:
            self._candidates.insert(0, candidate)
            self._rest(early_s)
            return False
        wait_s = limits.take_turn(candidate.subscriber.chat_id)
        if wait_s == 0:
            # From when it should have been, so that what the database takes does not add up.
            self._next_call_s = max(
                self._next_call_s + LEAST_BETWEEN_S, wall_s() - MOST_TO_CATCH_UP_S
            )
            return True
        if limits.paused_s() > 0:
            self._candidates.insert(0, candidate)
        elif limits.is_bot_at_its_limit():
            self._candidates.insert(0, candidate)
            self._rest(wait_s)
        elif wait_s > LOOK_AHEAD_S:
            due_at = wall_now() + timedelta(seconds=wait_s)
            rows.retime(candidate, due_at, is_gathered=candidate.is_gathered)
        else:
            self._not_before_s[candidate.subscriber_id] = wall_s() + wait_s
        return False

    def _start(self, claim: Claim, threads: futures.Executor) -> None:
        prepared = self._prepared(claim)
        if prepared is None:
            return
        claim, parts = prepared
        if settings.TELEGRAM_DRY_RUN:
            rows.record_shown(claim, "\n\n".join(plain(part.text) for part in parts))
            self.settled += 1
            return
        call = threads.submit(
            send_parts,
            get_client(),
            claim.first.subscriber.chat_id,
            parts,
            already_sent=min(claim.first.parts_sent, len(parts) - 1),
            lease_until_s=claim.lease_until.timestamp(),
            wait=self._wait,
        )
        self._calls[call] = (claim, parts)

    def _prepared(self, claim: Claim) -> tuple[Claim, list[Part]] | None:
        """Word what was claimed; what cannot be worded fails, what does not fit goes back."""
        if len(claim.deliveries) == 1:
            try:
                rule = _rule_of(claim.first)
                return claim, compose_alert(claim.first, rule, self._pictures)
            except CannotRender as e:
                rows.record_failed(claim, str(e))
                return None
        digest, held, unworded = compose_digest(
            claim.deliveries, list(claim.first.subscriber.rules.all())
        )
        for delivery, error in unworded:
            rows.record_failed(rows.part_of(claim, [delivery]), str(error))
        settled = {delivery.pk for delivery in held} | {delivery.pk for delivery, _ in unworded}
        left = [delivery for delivery in claim.deliveries if delivery.pk not in settled]
        if left:
            rows.record_waiting(rows.part_of(claim, left), wall_now(), "did not fit the digest")
        return (rows.part_of(claim, held), [digest]) if held else None

    def _record_answers(self) -> None:
        for call in [call for call in self._calls if call.done()]:
            claim, parts = self._calls.pop(call)
            self.settled += 1
            if not record(claim, parts, call):
                self.may_go_on = False

    def _rest_until_due(self) -> bool:
        """Wait for calls that are out and for what is due soon; False when there is neither."""
        ahead_s = [at_s - wall_s() for at_s in self._not_before_s.values()]
        if (next_at := next_due_at(wall_now())) is not None:
            ahead_s.append(next_at.timestamp() - wall_s())
        soonest_s = min(ahead_s, default=LOOK_AHEAD_S + 1)
        if soonest_s > LOOK_AHEAD_S and not self._calls:
            return False
        return self._rest(soonest_s)

    def _rest(self, most_s: float) -> bool:
        """Wait, but no longer than until a call is answered or the run is over."""
        most_s = max(0.01, min(most_s, self._ends_s - wall_s()))
        if self._calls:
            futures.wait(self._calls, timeout=most_s, return_when=futures.FIRST_COMPLETED)
        else:
            self._wait(most_s)
        return True


def _rule_of(delivery: Delivery) -> AlertRule | None:
    return next(
        (rule for rule in delivery.subscriber.rules.all() if rule.kind == delivery.event.kind),
        None,
    )
