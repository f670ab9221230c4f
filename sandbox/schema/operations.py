"""Every address of the API, by its path under `/v3/` and its method."""

from __future__ import annotations

from sandbox.schema.account_operations import ACCOUNT
from sandbox.schema.chat_operations import CHATS
from sandbox.schema.message_operations import MESSAGES
from sandbox.schema.operation import Operation

Key = tuple[str, str]

# Named in the reference, and not part of this account: each answers 403 with code 2011 (linq-v3, 1.13).
_ABSENT: tuple[tuple[str, str], ...] = (
    ("POST", "payment_requests"),
    ("GET", "payment_requests"),
    ("GET", "payment_requests/{paymentRequestId}"),
    ("POST", "payment_requests/{paymentRequestId}/cancel"),
    ("POST", "payments"),
    ("GET", "payments/{paymentId}"),
    ("GET", "payments/{paymentId}/credentials"),
    ("POST", "payments/{paymentId}/cancel"),
    ("POST", "payments/handles/{handle}/connect"),
    ("POST", "payments/handles/{handle}/verify"),
    ("GET", "payments/handles/{handle}/connection"),
    ("DELETE", "payments/handles/{handle}/connection"),
    ("GET", "payments/providers/{provider}"),
    ("POST", "payments/providers/{provider}/connect"),
    ("GET", "experiences"),
    ("GET", "experiences/{experience}"),
)


def _absent(method: str, path: str) -> Operation:
    words = [word.strip("{}") for word in path.split("/")]
    variables = {word.strip("{}"): {"type": "string", "minLength": 1} for word in path.split("/") if word[0] == "{"}
    name = method.lower() + "".join(word[0].upper() + word[1:] for word in words)
    return Operation(id=name, summary="Not available for this account.", answers={}, errors=(2011,), path=variables)


UNAVAILABLE: dict[Key, Operation] = {(path, method): _absent(method, path) for method, path in _ABSENT}
OPERATIONS: dict[Key, Operation] = {**CHATS, **MESSAGES, **ACCOUNT, **UNAVAILABLE}
