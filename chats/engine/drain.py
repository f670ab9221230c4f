"""Draining a lane: carrying out what is due, one operation after the other."""

from __future__ import annotations

import time

from chats.engine import batches, carry, claims, lanes, wake


def drain(lane_id: int, *, seconds: float) -> int:
    """Carry out what is due on a lane, for at most about `seconds`. Returns how many operations were handled.

    Does nothing when another worker is at it. What becomes due while the lease is being given back
    is looked for once more, and what is left when time is up is handed to the next tick.
    """
    handled = 0
    stop_at = time.monotonic() + seconds
    while True:
        fence = lanes.take(lane_id)
        if fence is None:
            return handled
        try:
            handled += _work(lane_id, fence, stop_at)
        finally:
            lanes.release(lane_id, fence)
        if not claims.anything_due(lane_id):
            return handled
        if time.monotonic() >= stop_at:
            wake.send_task(wake.DRAIN_LANE, lane_id)
            return handled


def _work(lane_id: int, fence: int, stop_at: float) -> int:
    """Carry out what may leave now, in batches where the lane allows it and one by one where not."""
    handled, tempo = 0, batches.Tempo()
    while time.monotonic() < stop_at:
        batch = batches.take(lane_id, fence, most=tempo.most)
        if batch is not None:
            handled += batches.carry_out(batch, tempo)
            continue
        claim = claims.claim_next(lane_id, fence)
        if claim is None:
            break
        began = time.monotonic()
        carry.carry_out(claim)
        tempo.learn(handled=1, of=1, seconds=time.monotonic() - began)
        handled += 1
    return handled
