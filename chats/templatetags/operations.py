"""Tags about operations and events: what one does, in words."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

from django import template
from django.contrib.auth.models import User

from chats.models import Operation
from chats.models.operation import Kind, State
from chats.queries import access

register = template.Library()


@register.filter
def describe(operation: Operation) -> str:
    """What an operation asks for, with its object: "Rename to “Crew”", "Add +14155550111"."""
    payload = operation.payload
    if operation.kind == Kind.RENAME_GROUP and payload.get("display_name"):
        return f"Rename to “{payload['display_name']}”"
    if operation.kind == Kind.ADD_PARTICIPANT and payload.get("handle"):
        return f"Add {payload['handle']}"
    if operation.kind == Kind.REMOVE_PARTICIPANT and payload.get("handle"):
        return f"Remove {payload['handle']}"
    if operation.kind == Kind.UPLOAD_ATTACHMENT and payload.get("file"):
        return f"Upload “{payload['file']}”"
    return str(operation.get_kind_display())


@register.filter
def can_be_taken_back_by(operation: Operation, user: User) -> bool:
    """Whether a button for it is worth showing; the action decides again."""
    return operation.can_be_taken_back and access.has_a_say(user, operation)


@register.filter
def can_be_retried_by(operation: Operation, user: User) -> bool:
    """Whether buttons to try it again or to dismiss it are worth showing; the actions decide again."""
    return operation.state == State.FAILED and access.has_a_say(user, operation)


@register.filter
def event_words(event_type: str) -> str:
    """What an event tells, from its type: "chat.group_name_updated" becomes "Chat group name updated"."""
    return re.sub(r"[._]+", " ", event_type).strip().capitalize() or "Event without a type"


@register.filter
def pretty(value: Any) -> str:
    """JSON for people to read. Plain text: the template escapes it."""
    return json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True, default=str)


@register.filter
def span(length: timedelta | None) -> str:
    """A length of time: "8 s", "3 min 20 s", "2 h 5 min"."""
    if length is None:
        return ""
    seconds = max(0, int(length.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60} min"
