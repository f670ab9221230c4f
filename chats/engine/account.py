"""What is set for the whole account at the remote: the contact cards of its lines, and the block list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from chats import clock
from chats.engine import store
from chats.models import Handle, Line
from chats.v3 import resources
from chats.v3.client import Client
from chats.v3.errors import Refused

T = TypeVar("T")
# The remote's clock and ours are not the same.
CLOCKS_DIFFER_BY = timedelta(minutes=1)


@dataclass(frozen=True)
class Reading:
    """What the remote said; None for what this account may not read."""

    at: datetime
    cards: list[resources.ContactCard] | None
    blocked: list[resources.BlockedHandle] | None


def read(client: Client) -> Reading:
    """Ask the remote. Raises `RemoteError` when it cannot be asked now."""
    at = clock.now()
    return Reading(at, _unless_refused(client.contact_cards.retrieve), _unless_refused(client.blocked_handles.list))


def save(reading: Reading) -> None:
    """Write a reading into our rows, inside the caller's transaction, the lines saved before."""
    if reading.cards is not None:
        _save_cards(reading.cards, at=reading.at)
    if reading.blocked is not None:
        _save_blocked(reading.blocked, at=reading.at)


def _save_cards(cards: Sequence[resources.ContactCard], *, at: datetime) -> None:
    by_number = {card.phone_number: card for card in cards if card.is_active}
    for line in Line.objects.filter(is_active=True).order_by("pk"):
        card = by_number.get(line.phone_number)
        store.save_card(
            line,
            first_name=card.first_name if card else "",
            last_name=(card.last_name or "") if card else "",
            image_url=(card.image_url or "") if card else "",
            at=at,
        )


def _save_blocked(blocked: Sequence[resources.BlockedHandle], *, at: datetime) -> None:
    entries = {one.handle[:320]: one for one in blocked}
    # One that was blocked from here while the list was on its way is not on it yet.
    gone = Handle.objects.filter(blocked_at__lt=at - CLOCKS_DIFFER_BY).exclude(value__in=entries)
    gone.update(blocked_at=None, block_reason="")
    for value, entry in sorted(entries.items()):
        handle = store.handle_of(value)
        if handle.blocked_at is None:
            Handle.objects.filter(pk=handle.pk).update(
                blocked_at=entry.blocked_at or at, block_reason=(entry.reason or "")[:500]
            )


def _unless_refused(ask: Callable[[], T]) -> T | None:
    try:
        return ask()
    except Refused as problem:
        # A part of the account that is switched off, or not ours to read, holds up nothing else.
        if problem.status in {403, 404}:
            return None
        raise
