"""What the control API asked to go wrong."""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from chats.v3.codes import CODES


class BadFaults(ValueError):
    """The faults asked for cannot be: a sentence says which."""


@dataclass(frozen=True)
class Faults:
    """Rates are from 0 to 1, times in milliseconds. Everything is off by default."""

    error_rate: float = 0.0  # API requests answered with an error instead
    error_codes: list[int] = field(default_factory=lambda: [3006])
    drop_before_rate: float = 0.0  # writes whose connection is cut before anything is done
    drop_after_rate: float = 0.0  # writes that are carried out, then cut before the answer
    latency_ms: float = 0.0  # every API request waits so long, plus or minus the jitter
    latency_jitter_ms: float = 0.0
    rate_limit: float | None = None  # writes a second for the whole account; above it 429
    webhook_duplicate_rate: float = 0.0
    webhook_shuffle: bool = False  # each delivery is held back by up to a second, so they overtake one another
    webhook_drop_rate: float = 0.0
    webhook_delay_ms: float = 0.0

    @classmethod
    def from_json(cls, body: object) -> Faults:
        """The faults of a control request; what it does not name is off. Raises `BadFaults`."""
        if not isinstance(body, dict):
            raise BadFaults("The faults must be an object.")
        known = {item.name for item in fields(cls)}
        for name, value in body.items():
            if name not in known:
                raise BadFaults(f"There is no fault called {name}.")
            _check(name, value)
        return cls(**body)

    def as_json(self) -> dict[str, Any]:
        """All of them, also those that are off."""
        return asdict(self)


def _check(name: str, value: object) -> None:
    if name == "error_codes":
        if (
            not isinstance(value, list)
            or not value
            or any(not isinstance(code, int) or code not in CODES for code in value)
        ):
            raise BadFaults("error_codes must be a list of error codes of the API.")
    elif name == "webhook_shuffle":
        if not isinstance(value, bool):
            raise BadFaults("webhook_shuffle must be true or false.")
    elif name == "rate_limit" and value is None:
        return
    elif not isinstance(value, int | float) or isinstance(value, bool) or value < 0:
        raise BadFaults(f"{name} must be a number that is not negative.")
    elif name.endswith("_rate") and value > 1:
        raise BadFaults(f"{name} must be from 0 to 1.")


class _InForce:
    """The faults in force in this process, with the chance they are drawn by."""

    def __init__(self) -> None:
        self.faults = Faults()
        self._random = random.Random(0)  # noqa: S311 - chance of a simulation
        self._writes: deque[float] = deque()
        self._lock = threading.Lock()

    def put(self, faults: Faults, seed: int) -> None:
        """Replace the faults; the draws start over, so the same requests meet the same luck."""
        with self._lock:
            self.faults = faults
            self._random = random.Random(seed)  # noqa: S311 - chance of a simulation
            self._writes.clear()

    def happens(self, rate: float) -> bool:
        """Whether a thing of this rate happens now."""
        return rate > 0 and self._random.random() < rate

    def pick_code(self) -> int:
        """One of the error codes."""
        return self._random.choice(self.faults.error_codes)

    def latency(self) -> float:
        """Seconds this request has to wait."""
        faults = self.faults
        if not faults.latency_ms and not faults.latency_jitter_ms:
            return 0.0
        jitter = self._random.uniform(-faults.latency_jitter_ms, faults.latency_jitter_ms)
        return max(0.0, faults.latency_ms + jitter) / 1000

    def delivery_delay(self) -> float:
        """Seconds a webhook delivery is held back."""
        faults = self.faults
        return faults.webhook_delay_ms / 1000 + (self._random.random() if faults.webhook_shuffle else 0.0)

    def over_rate(self) -> bool:
        """Count a write; true when it is one too many within the last real second."""
        limit = self.faults.rate_limit
        if limit is None:
            return False
        now = time.monotonic()
        with self._lock:
            while self._writes and self._writes[0] <= now - 1:
                self._writes.popleft()
            if len(self._writes) >= limit:
                return True
            self._writes.append(now)
        return False


in_force = _InForce()
