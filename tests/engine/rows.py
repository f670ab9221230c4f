"""All that events leave behind, to compare two ways of telling the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction
from django.db.models import Model

from chats.models import Chat, FirstContact, Handle, Line, Message, Operation, Participant, Reaction


def columns(model: type[Model], *names: str, without: str = "") -> list[tuple[Any, ...]]:
    """All rows by their own columns but for ids of ours and the times of our writing, and what else is named."""
    left_out = {"id", "created_at", "synced_at", "search", "remote_created_at", "remote_updated_at", *without.split()}
    own = [field.attname for field in model._meta.concrete_fields if not field.is_relation]
    kept = [name for name in own if name not in left_out]
    rows = model._default_manager.values_list(*names, *kept)
    return sorted(
        ([(name, str(value)) for name, value in zip([*names, *kept], row, strict=True)] for row in rows), key=str
    )


def everything() -> dict[str, Any]:
    return {
        "chats": columns(Chat),
        "people": columns(Participant, "chat__remote_id", "handle__value"),
        "messages": columns(Message, "chat__remote_id", "sender__value"),
        "reactions": columns(Reaction, "message__remote_id", "handle__value"),
        # Whoever is fetched is told with a service, and an event does not tell it.
        "handles": columns(Handle, "contact__name", without="service"),
        "operations": columns(Operation, "chat__remote_id", "message__remote_id", without="key fence"),
        "line": columns(Line, without="failing_since"),
        "met": columns(FirstContact, "line__phone_number", "handle__value", without="at"),
    }


@contextmanager
def undone() -> Iterator[None]:
    """What happens in here has not happened afterwards."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def differences(found: dict[str, Any], wanted: dict[str, Any]) -> list[str]:
    return [
        f"{table}: {sorted(set(row) ^ set(other))}"
        for table in wanted
        for row, other in zip(found[table], wanted[table], strict=True)
        if row != other
    ]
