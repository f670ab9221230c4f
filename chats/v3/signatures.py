"""Webhook signatures: making them (the sandbox) and checking them (the webhook door).

Every delivery carries two sets of headers: Standard Webhooks (`webhook-id`, `webhook-timestamp`,
`webhook-signature`), the one to check, and a deprecated older set, which is only ever written here.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets as random
from collections.abc import Iterable, Mapping
from typing import Final

PREFIX: Final = "whsec_"
SECRET_BYTES: Final = 32
# Seconds a delivery may lie in the past or the future: Standard Webhooks' own five minutes.
TOLERANCE: Final = 300


class BadSignature(Exception):
    """A delivery that must not be believed. `str()` is one sentence and never holds a secret."""


def new_secret() -> str:
    """A signing secret in the remote's form: `whsec_` and the base64 of 32 random bytes."""
    return PREFIX + base64.b64encode(random.token_bytes(SECRET_BYTES)).decode()


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """The `webhook-signature` of a delivery: `v1,` and base64 of HMAC-SHA256 over `id.timestamp.body`.

    `timestamp` is in whole seconds since 1970. Raises `ValueError` for a secret that is not base64.
    """
    return "v1," + base64.b64encode(_digest(_key(secret), message_id, str(timestamp), body)).decode()


def verify(
    secrets: Iterable[str], headers: Mapping[str, str], body: bytes, *, now: float, tolerance: float = TOLERANCE
) -> None:
    """Check that a delivery was signed with one of the secrets, at most `tolerance` seconds from `now`.

    `now` is in seconds since 1970. The names of headers match in any case; the signature header may hold
    several signatures, of which one must match (that is how a secret is rotated). Raises `BadSignature`,
    and nothing else whatever the headers hold.
    """
    given = {name.lower(): value for name, value in headers.items()}
    message_id, timestamp, signatures = (given.get(f"webhook-{part}", "") for part in ("id", "timestamp", "signature"))
    if not (message_id and timestamp and signatures):
        raise BadSignature("The delivery has no webhook-id, webhook-timestamp or webhook-signature header.")
    if not re.fullmatch(r"[0-9]{1,12}", timestamp):
        raise BadSignature("The webhook-timestamp header is not a number of seconds.")
    if abs(now - int(timestamp)) > tolerance:
        raise BadSignature(f"The delivery was signed more than {tolerance:g} seconds away from now.")
    received = [digest for digest in map(_received_digest, signatures.split()) if digest is not None]
    if not received:
        raise BadSignature("The webhook-signature header holds no signature of version v1.")
    keys = [key for key in map(_key_or_none, secrets) if key is not None]
    if not keys:
        raise BadSignature("No usable signing secret is stored to check the delivery against.")
    # No early exit: how long this takes must not tell which secret or signature came close.
    matches = [
        hmac.compare_digest(_digest(key, message_id, timestamp, body), digest) for key in keys for digest in received
    ]
    if not any(matches):
        raise BadSignature("No signature of the delivery matches a stored secret.")


def legacy_headers(secret: str, event_type: str, subscription_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The deprecated second set of headers: hex HMAC-SHA256 over `timestamp.body`, keyed by the whole secret text."""
    digest = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256)
    return {
        "X-Webhook-Event": event_type,
        "X-Webhook-Subscription-ID": subscription_id,
        "X-Webhook-Timestamp": str(timestamp),
        "X-Webhook-Signature": digest.hexdigest(),
    }


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except ValueError:  # binascii.Error is one
        key = b""
    if not key:  # an empty key would sign, and anyone could forge what it signs
        raise ValueError("A signing secret must be whsec_ followed by base64.")
    return key


def _key_or_none(secret: str) -> bytes | None:
    try:
        return _key(secret)
    except ValueError:
        return None


def _received_digest(signature: str) -> bytes | None:
    version, _, encoded = signature.partition(",")
    if version != "v1":
        return None
    try:
        return base64.b64decode(encoded, validate=True)
    except ValueError:
        return None


def _digest(key: bytes, message_id: str, timestamp: str, body: bytes) -> bytes:
    # surrogatepass: a header that is not valid text must fail to match, not crash.
    signed = f"{message_id}.{timestamp}.".encode(errors="surrogatepass") + body
    return hmac.new(key, signed, hashlib.sha256).digest()
