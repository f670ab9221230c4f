"""What is done when Redis does not answer: nobody who waits for a page waits for it, and not once per event.

A frozen Redis still takes connections and swallows what is sent, so each asking costs a whole timeout. After the
first one everything that can be lost without harm (live events, wake-ups of lanes) is left out for a moment.
"""

from __future__ import annotations

import time

ANSWER_WITHIN = 0.5
"""Seconds; Redis answers within a millisecond or two."""
LEFT_ALONE_FOR = 1.0
"""Seconds after a failure; the sweep wakes every lane again within two."""

_until = 0.0


def lasts() -> bool:
    """Whether Redis failed a moment ago. By the machine's own clock: it measures the machine, not the business."""
    return time.monotonic() < _until


def notice() -> None:
    """Redis has just failed."""
    global _until
    _until = time.monotonic() + LEFT_ALONE_FOR
