"""The account's blocklist, kept in memory, because every send and everything heard asks for it.

One process serves the sandbox, so what it keeps is right as long as every change goes through here.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable

from django.db import transaction

from sandbox import clock
from sandbox.models import BlockedHandle

_lock = threading.Lock()
_blocked: frozenset[str] | None = None


def block(handle: str, reason: str | None) -> BlockedHandle:
    """Block a cleaned handle. One that is blocked already keeps its moment; a new reason replaces the old."""
    with transaction.atomic():
        row, made = BlockedHandle.objects.get_or_create(
            handle=handle, defaults={"reason": reason, "blocked_at": clock.now()}
        )
        if not made and reason is not None:
            row.reason = reason
            row.save(update_fields=["reason"])
    forget()
    return row


def unblock(handle: str) -> None:
    """Let a cleaned handle in again; nothing happens when it was not blocked."""
    with transaction.atomic():
        BlockedHandle.objects.filter(handle=handle).delete()
    forget()


def is_in_use() -> bool:
    """Whether anybody is blocked at all."""
    return bool(_all())


def is_blocked(handle: str) -> bool:
    """Whether nothing from this handle is heard."""
    return handle in _all()


def all_blocked(handles: Iterable[str]) -> bool:
    """Whether every one of these handles is blocked."""
    found = _all()
    return all(handle in found for handle in handles)


def forget() -> None:
    """Read the list anew when it is next asked for."""
    global _blocked
    with _lock:
        _blocked = None


def _all() -> frozenset[str]:
    global _blocked
    found = _blocked
    if found is None:
        # Under the lock, so that a list read before a change is not kept after it.
        with _lock:
            found = _blocked = frozenset(BlockedHandle.objects.values_list("handle", flat=True))
    return found
