"""What wakes the background threads the moment something is due."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta


class Alarm:
    """Wakes one waiting thread. A ring while nobody waits is not lost."""

    def __init__(self) -> None:
        self._rung = threading.Event()

    def ring(self) -> None:
        """Wake the thread."""
        self._rung.set()

    def wait(self, seconds: float) -> None:
        """Wait for a ring, at most so many real seconds."""
        self._rung.wait(seconds)
        self._rung.clear()


def later(moment: datetime, seconds: float) -> datetime:
    """The moment so many seconds of the world later."""
    return moment + timedelta(seconds=seconds)


happenings = Alarm()
post = Alarm()
