"""The document's `webhooks`: every event that the sandbox sends, in both versions of its payload (linq-v3, 4)."""

from __future__ import annotations

from typing import Any

from sandbox.schema.event_data import DATA, DATA_2025, NEWER_ONLY
from sandbox.schema.kinds import TIME, TRACE, UUID, Schema, always, exactly, ref, text
from sandbox.versions import NEW_VERSION, OLD_VERSION

_HEADERS = {
    "webhook-id": ("The event's id, the same on every try: what was seen before is to be ignored.", UUID),
    "webhook-timestamp": ("When this try was made, in seconds since 1970.", text(pattern="^[0-9]+$")),
    "webhook-signature": (
        "`v1,` and the HMAC-SHA256 of id, timestamp and body, joined with dots, in base64; several with spaces.",
        text(pattern=r"^v1,[A-Za-z0-9+/]{43}=( v1,[A-Za-z0-9+/]{43}=)*$"),
    ),
    "X-Webhook-Event": ("The event's name.", text(least=1)),
    "X-Webhook-Subscription-ID": ("The subscription it was sent for.", UUID),
    "X-Webhook-Timestamp": ("As `webhook-timestamp`.", text(pattern="^[0-9]+$")),
    "X-Webhook-Signature": ("The older signature, in hexadecimal.", text(pattern="^[0-9a-f]{64}$")),
}


def component(event_type: str, version: str) -> str:
    """The name of the component that an event has in a version."""
    return f"{event_type}.{version}"


def _envelope(event_type: str, version: str, data: Schema) -> Schema:
    return exactly(
        {
            "api_version": always("v3"),
            "webhook_version": always(version),
            "event_type": always(event_type),
            "event_id": UUID,
            "created_at": TIME,
            "trace_id": TRACE,
            "partner_id": UUID,
            "data": data,
        }
    )


def _versions(event_type: str) -> tuple[str, ...]:
    return (NEW_VERSION,) if event_type in NEWER_ONLY else (NEW_VERSION, OLD_VERSION)


def _data(event_type: str, version: str) -> Schema:
    older: Schema | None = DATA_2025.get(event_type) if version == OLD_VERSION else None
    newest: Schema = DATA[event_type]
    return older or newest


COMPONENTS: dict[str, Any] = {
    component(event_type, version): _envelope(event_type, version, _data(event_type, version))
    for event_type in sorted(DATA)
    for version in _versions(event_type)
}


def add_webhooks(result: dict[str, Any], **_: object) -> dict[str, Any]:
    """Put the events into the document that drf-spectacular has made."""
    result["webhooks"] = {event_type: {"post": _operation(event_type)} for event_type in sorted(DATA)}
    return result


def _operation(event_type: str) -> dict[str, Any]:
    bodies = [ref(component(event_type, version)) for version in _versions(event_type)]
    words = event_type.replace(".", "_").split("_")
    return {
        "operationId": "on" + "".join(word[0].upper() + word[1:] for word in words),
        "summary": f"{event_type}, as the `version` in the target's address asks for it.",
        "tags": ["webhooks"],
        "security": [],
        "parameters": [
            {"name": name, "in": "header", "required": True, "description": what, "schema": schema}
            for name, (what, schema) in _HEADERS.items()
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": {"oneOf": bodies}}}},
        "responses": {
            "2XX": {"description": "Taken, within ten seconds."},
            "429": {"description": "Tried again, for half an hour, as after any 5XX and no answer at all."},
            "4XX": {"description": "Never tried again."},
        },
    }
