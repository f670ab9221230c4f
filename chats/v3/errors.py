"""What can go wrong when the remote is asked for something, as exceptions that say what to do.

Three things can happen instead of a good answer:

- `Refused`: the remote answered, with an error.
- `NoAnswer`: the request may have arrived, and no whole answer came back.
- `NotReached`: nothing was sent at all.

Each has `advice` for the engine and `sentence` for a person. A sentence is made of our own words only: the
remote's text may quote a message, so it is kept apart in `message` for the record of the operation.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Final

from chats.v3.codes import CODES, REMEDIES, Advice, Code

__all__ = ["CODES", "Advice", "Code", "NoAnswer", "NotReached", "Refused", "RemoteError", "from_response"]

# Requests that change nothing: repeating one is always safe.
SAFE_METHODS: Final = frozenset({"GET", "HEAD"})
MAX_BODY_READ: Final = 64 * 1024
MAX_MESSAGE_LENGTH: Final = 500
# No wait is longer than the remote's longest window, an account's daily allowance.
MAX_RETRY_AFTER: Final = 24 * 60 * 60.0

_STATUS_MEANINGS: Final = {
    400: "The remote did not accept the request",
    401: "The API key is missing or was refused",
    403: "The remote does not allow this",
    404: "The remote does not have this",
    408: "The remote did not receive the whole request in time",
    409: "It does not fit what the remote has now",
    413: "The file or the request is too large",
    422: "The remote did not accept the request",
    429: "Too many requests in a short time",
    501: "The remote cannot do this",
}


class RemoteError(Exception):
    """A request to the remote that brought no result."""

    def __init__(
        self,
        meaning: str,
        *,
        advice: Advice,
        remedy: str = "",
        status: int | None = None,
        code: int | None = None,
        message: str = "",
        trace_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        self.status = status
        self.code = code
        self.message = message
        """The remote's own words, at most 500 characters, or "". It may quote what was sent."""
        self.trace_id = trace_id
        self.retry_after = retry_after
        """Seconds to wait before trying again, where the remote or its table of codes says so."""
        self.advice = advice
        self.meaning = meaning
        """What happened, a sentence without its full stop."""
        self.sentence = f"{meaning}. {remedy or REMEDIES[advice]}"
        """What happened and what to do, for a person. Never holds anything that was sent or received."""
        super().__init__(self.sentence)

    @property
    def was_turned_away(self) -> bool:
        """Whether the request certainly had no effect.

        A 4xx, 501 or 503 refuses it before anything is done. Any other 5xx says only that it failed, perhaps
        half-way, whatever code it carries.
        """
        if self.advice is Advice.OUTCOME_UNKNOWN or self.status is None:
            return False
        return self.status < 500 or self.status in (501, 503)

    def __str__(self) -> str:
        facts = [f"{name} {value}" for name, value in (("status", self.status), ("code", self.code)) if value]
        return f"{self.sentence} ({', '.join(facts)})" if facts else self.sentence


class Refused(RemoteError):
    """The remote answered with an error."""


class NoAnswer(RemoteError):
    """The request may have reached the remote, and no whole answer came: a timeout or a cut.

    Nobody can tell whether it was carried out, so after a write the advice is `OUTCOME_UNKNOWN`; a read can
    simply be repeated.
    """

    def __init__(self, meaning: str, *, method: str, status: int | None = None, trace_id: str | None = None) -> None:
        advice = Advice.RETRY_LATER if method.upper() in SAFE_METHODS else Advice.OUTCOME_UNKNOWN
        super().__init__(meaning, advice=advice, status=status, trace_id=trace_id)


class NotReached(RemoteError):
    """No connection could be made, so the remote cannot have received anything."""

    def __init__(self, meaning: str) -> None:
        super().__init__(meaning, advice=Advice.RETRY_LATER)

    @property
    def was_turned_away(self) -> bool:
        return True


def from_response(status: int, headers: Mapping[str, str], body: bytes, *, method: str) -> Refused:
    """Read an answer that is not a success, however badly it is formed.

    A code of the table decides, whatever the status says; without one the status does:

    - 429 waits, 408 retries, any other 4xx and any redirect gives up.
    - A 5xx without a known code did not come from the remote's own error handling but from something in
      front of it, or from a crash half-way. After a write its outcome is unknown: a gateway gives up on
      answers (502, 504), it does not undo work. Only a 503 with `Retry-After` says plainly that the request
      was turned away, and is retried.
    - A 5xx with code 3001 to 3006 is the remote's own word that the operation failed; it is retried, with
      the same idempotency key where the request has one.
    """
    lowered = {name.lower(): value for name, value in headers.items()}
    envelope = _envelope(body)
    error = envelope.get("error")
    details: Mapping[str, object] = error if isinstance(error, dict) else {}
    number = _whole_number(details.get("code"))
    code = CODES.get(number) if number is not None else None
    message = details.get("message") or (error if isinstance(error, str) else None)
    trace_id = envelope.get("trace_id") or lowered.get("x-trace-id")
    asked_wait = _retry_after(lowered, details.get("retry_after"))
    advice = _advice(status, code, method=method, turned_away="retry-after" in lowered)
    wait = asked_wait if asked_wait is not None else (code.wait if code else None)
    return Refused(
        code.meaning if code else _status_meaning(status),
        remedy=code.remedy if code and code.advice is advice else "",
        advice=advice,
        status=status,
        code=number,
        message=str(message or "")[:MAX_MESSAGE_LENGTH],
        trace_id=trace_id if isinstance(trace_id, str) and len(trace_id) <= 100 else None,
        retry_after=wait if advice in (Advice.WAIT, Advice.RETRY_LATER, Advice.LINE_NOT_ELIGIBLE) else None,
    )


def _advice(status: int, code: Code | None, *, method: str, turned_away: bool) -> Advice:
    if code is not None:
        # The one code with two lives: 5001 is a failed upload (500, retry) and a voice memo that is too
        # large (413, give up). In general a 4xx says that the same request will not work.
        if code.advice is Advice.RETRY_LATER and 400 <= status < 500 and status not in (408, 429):
            return Advice.GIVE_UP
        return code.advice
    if status == 429:
        return Advice.WAIT
    if status == 408:
        return Advice.RETRY_LATER
    if status < 500 or status == 501:
        return Advice.GIVE_UP
    if method.upper() in SAFE_METHODS or (status == 503 and turned_away):
        return Advice.RETRY_LATER
    return Advice.OUTCOME_UNKNOWN


def _status_meaning(status: int) -> str:
    if 300 <= status < 400:
        return "The remote answered with a redirect, so its base URL in the settings is not right"
    if status >= 500 and status != 501:
        return f"The remote, or something in front of it, failed with status {status}"
    return _STATUS_MEANINGS.get(status, f"The remote refused with status {status}")


def _envelope(body: bytes) -> Mapping[str, object]:
    try:
        parsed = json.loads(body[:MAX_BODY_READ])
    except (ValueError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _whole_number(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 9:
        return int(value)
    return None


def _retry_after(headers: Mapping[str, str], in_body: object) -> float | None:
    """Seconds to wait: the header as whole seconds or an HTTP date, else the body's `retry_after`.

    A date is measured against the answer's own `Date`, so a local clock that is wrong changes nothing.
    """
    header = headers.get("retry-after", "").strip()
    seconds: float | None = _whole_number(header)
    if seconds is None and header:
        try:
            until, since = parsedate_to_datetime(header), parsedate_to_datetime(headers.get("date", ""))
            seconds = (until - since).total_seconds()
        except (ValueError, TypeError, OverflowError):
            seconds = None
    if seconds is None:
        seconds = _whole_number(in_body)
    return None if seconds is None else min(max(float(seconds), 0.0), MAX_RETRY_AFTER)
