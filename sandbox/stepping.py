"""Moving the world's time by hand: everything due on the way is carried out, in order, before the call returns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox import background, clock, happenings, post, world


@dataclass(frozen=True)
class Advanced:
    """What happened on the way."""

    happenings: int
    deliveries: int


def advance(seconds: float) -> Advanced:
    """Move the time on by so many seconds of the world.

    The world's own happenings come first, each at its moment; then webhooks are delivered in the order in which they
    fell due, and their retries with them, and their answers are awaited. What a receiver does about a delivery
    therefore falls after the step: whoever wants answers within the minute takes steps of a minute.
    """
    with background.paused():
        before = clock.setting()
        target = clock.now() + timedelta(seconds=seconds)
        clock.stop()
        try:
            post.wait_idle()
            done = happenings.carry_out_until(target)
            delivered = post.deliver_until(target)
        finally:
            if not before.stepped:
                clock.run(before.speed)
            world.keep_clock()
    return Advanced(done, delivered)


def run(speed: float) -> None:
    """Let the time run at this speed."""
    with background.paused():
        clock.run(speed)
        world.keep_clock()
    background.wake()


def stop(at: datetime | None = None) -> None:
    """Stop the time, so that it is moved by hand. Waits for what is under way."""
    with background.paused():
        post.wait_idle()
        clock.stop(at)
        world.keep_clock()
