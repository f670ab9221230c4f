"""The latest requests to the API, kept in memory for whoever wonders what their program sent."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chats.v3.times import format_time
from sandbox import clock

KEPT = 500


@dataclass(frozen=True)
class Seen:
    """One request and how it was answered; status 0: its connection was cut without an answer."""

    at: datetime
    method: str
    path: str
    status: int
    code: int | None
    trace_id: str
    ms: float

    def as_json(self) -> dict[str, Any]:
        """The request as the control API shows it."""
        return {
            "at": format_time(self.at),
            "method": self.method,
            "path": self.path,
            "status": self.status,
            "code": self.code,
            "trace_id": self.trace_id,
            "ms": round(self.ms, 1),
        }


_seen: deque[Seen] = deque(maxlen=KEPT)


def note(*, method: str, path: str, status: int, content: bytes, trace_id: str, ms: float) -> None:
    """Keep a request."""
    code = _code(content) if status >= 400 else None
    _seen.append(Seen(clock.now(), method, path, status, code, trace_id, ms))


def latest(most: int = 100) -> list[Seen]:
    """The latest requests, newest first."""
    return list(_seen)[::-1][:most]


def forget() -> None:
    """Forget them: the world was replaced."""
    _seen.clear()


def _code(content: bytes) -> int | None:
    try:
        return int(json.loads(content)["error"]["code"])
    except (ValueError, KeyError, TypeError):
        return None
