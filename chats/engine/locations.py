"""Who shares where they are with which line: what events and readings say, in whatever order they come."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from chats import clock, live
from chats.engine import store
from chats.models import Chat, Handle, Line, Participant, SharedLocation
from chats.v3 import resources

MOST_CHATS = 50


def began(line: Line, handle: Handle, *, at: datetime, ends_at: datetime | None) -> None:
    """Somebody began to share. One that we know to have ended since stays ended."""
    row = _row(line, handle, at)
    if row.ended_at is not None and at > row.ended_at:
        row.ended_at = None
    if at >= row.began_at:
        row.began_at, row.ends_at = at, ends_at
    row.save()
    _announce(line, handle)


def ended(line: Line, handle: Handle, *, began_at: datetime | None, at: datetime) -> None:
    """Somebody shares no more; the end of an earlier share says nothing of a later one."""
    row = _row(line, handle, began_at or at)
    if row.began_at <= at and (began_at is None or began_at >= row.began_at):
        row.ended_at = at
        _forget_place(row)
        row.save()
        _announce(line, handle)


def put_places(chat_id: int, places: Sequence[resources.Location]) -> None:
    """What a reading of a chat's location showed: those who are in it share, the others of the chat do not."""
    chat = Chat.objects.select_related("line").get(pk=chat_id)
    now = clock.now()
    seen = {one.handle: one for one in places}
    for value, place in sorted(seen.items()):
        row = _row(chat.line, store.handle_of(value), place.updated_at or now)
        if not row.is_running(now):
            row.began_at, row.ends_at, row.ended_at = now, None, None
        row.latitude, row.longitude = place.latitude, place.longitude
        row.place = ", ".join(filter(None, (place.address, place.locality)))[:300]
        row.seen_at, row.read_at = place.updated_at, now
        row.save()
    people = Participant.objects.filter(chat=chat, is_me=False).values("handle")
    for row in SharedLocation.objects.filter(line=chat.line, handle__in=people, ended_at__isnull=True).exclude(
        handle__value__in=seen
    ):
        row.ended_at = now
        _forget_place(row)
        row.save()
    live.announce("chat", line_id=chat.line_id, chat_id=chat.pk)


def _row(line: Line, handle: Handle, at: datetime) -> SharedLocation:
    row, _ = SharedLocation.objects.select_for_update(of=("self",)).get_or_create(
        line=line, handle=handle, defaults={"began_at": at}
    )
    return row


def _forget_place(row: SharedLocation) -> None:
    """Where somebody was is kept only while they share it."""
    row.latitude = row.longitude = row.seen_at = None
    row.place = ""


def _announce(line: Line, handle: Handle) -> None:
    chats = Chat.objects.filter(line=line, participants__handle=handle).order_by("-sort_at")
    for pk in chats.values_list("pk", flat=True)[:MOST_CHATS]:
        live.announce("chat", line_id=line.pk, chat_id=pk)
