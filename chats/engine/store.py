"""Writing the remote's chats and lines into our rows. Safe to repeat: the same reading changes nothing."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache

from django.db import transaction

from chats import clock, live
from chats.engine import bulk, titles
from chats.models import Chat, Handle, Line, Participant
from chats.models.common import Health, Service
from chats.v3 import resources

log = logging.getLogger(__name__)

_CHAT_FIELDS = [
    "display_name",
    "icon_url",
    "service",
    "is_archived",
    "is_group",
    "left_at",
    "health_status",
    "health_doc_url",
    "health_status_at",
    "health_score",
    "health_reason",
    "health_score_at",
    "remote_created_at",
    "remote_updated_at",
]


def save_lines(numbers: Sequence[resources.PhoneNumber]) -> None:
    """Add and update the account's lines; one that is no longer listed stays, with `is_active` False."""
    now = clock.now()
    with transaction.atomic():
        for number in numbers:
            Line.objects.update_or_create(
                remote_id=uuid.UUID(number.id),
                defaults={
                    "phone_number": number.phone_number,
                    "line_type": known(number.line_type, Line.Type),
                    "reputation": known(number.reputation, Line.Reputation),
                    "reputation_doc_url": (number.reputation_doc_url or "")[:300],
                    "forwarding_number": number.forwarding_number or "",
                    "is_active": True,
                    "synced_at": now,
                },
            )
        listed = [uuid.UUID(number.id) for number in numbers]
        Line.objects.exclude(remote_id__in=listed).update(is_active=False)


def save_card(line: Line, *, first_name: str, last_name: str, image_url: str, at: datetime) -> None:
    """Write a line's contact card unless we know of a later one. Empty names: it has none."""
    row = Line.objects.select_for_update(no_key=True).get(pk=line.pk)
    if not _is_news(at, row.card_known_at):
        return
    row.card_first_name, row.card_last_name = first_name[:255], last_name[:255]
    row.card_image_url, row.card_known_at = image_url, at
    row.save(update_fields=["card_first_name", "card_last_name", "card_image_url", "card_known_at"])
    live.announce("line", line_id=row.pk)


def save_forwarding(line: Line, number: str, *, at: datetime) -> None:
    """Write where calls to a line go unless we know of a later change. Empty: nowhere."""
    row = Line.objects.select_for_update(no_key=True).get(pk=line.pk)
    if not _is_news(at, row.forwarding_changed_at):
        return
    row.forwarding_number, row.forwarding_changed_at = number[:16], at
    row.save(update_fields=["forwarding_number", "forwarding_changed_at"])
    live.announce("line", line_id=row.pk)


def save_chats(chats: Sequence[resources.Chat]) -> list[Chat]:
    """Add and update chats with their participants, in a fixed number of queries.

    Chats of a line that we do not know are left out: they belong to somebody else's part of the account.
    Returns our rows of those that were saved.
    """
    with transaction.atomic():
        # Chats are locked before anything else, and in one order: an event locks its chat first too.
        known_chats = Chat.objects.select_for_update(no_key=True).filter(
            remote_id__in=[uuid.UUID(chat.id) for chat in chats]
        )
        rows = {row.remote_id: row for row in known_chats.order_by("pk")}
        handles = _handles(chats)
        lines = {line.phone_number: line for line in Line.objects.all()}
        new, old, kept = [], [], []
        for chat in chats:
            line = next((lines[h.handle] for h in chat.handles if h.is_me and h.handle in lines), None)
            row = rows.get(uuid.UUID(chat.id))
            if line is None and row is None:
                log.info("Chat %s is on a line that is not ours.", chat.id)
                continue
            if row is None:
                assert line is not None  # noqa: S101
                row = Chat(line=line, remote_id=uuid.UUID(chat.id), sort_at=chat.updated_at or clock.now())
                new.append(row)
                rows[row.remote_id] = row
            elif row not in new:
                old.append(row)
            apply_chat(row, chat)
            kept.append((row, chat))
        bulk.add(new, unique="remote_id")
        Chat.objects.bulk_update(old, _CHAT_FIELDS, batch_size=200)
        # A copy of this running beside us may have been first; its rows are the ones that count then. They are locked
        # like all others before what belongs to them is written.
        ids = [row.remote_id for row, _ in kept]
        there = Chat.objects.select_for_update(no_key=True).filter(remote_id__in=ids).order_by("pk")
        found = {row.remote_id: row for row in there}
        saved = [(found[row.remote_id], chat) for row, chat in kept if row.remote_id in found]
        _save_participants(saved, handles)
        titles.refresh({row.pk for row, _ in saved})
    return [row for row, _ in saved]


def apply_chat(row: Chat, chat: resources.Chat) -> None:
    """Put what the remote says of a chat into its row, without saving it."""
    if row.name_changed_at is None or chat.updated_at is None or chat.updated_at >= row.name_changed_at:
        row.display_name = (chat.display_name or "")[:400]
    if chat.group_chat_icon is not None:
        # Answers to a first message and chat.created carry no picture; that it was taken away has an event.
        row.icon_url = chat.group_chat_icon
    row.service = known(chat.service, Service)
    row.is_archived = bool(chat.is_archived)
    row.is_group = chat.is_group
    row.remote_created_at = chat.created_at or row.remote_created_at
    row.remote_updated_at = chat.updated_at or row.remote_updated_at
    apply_health(row, chat.health_status, chat.health_score)
    ours = next((handle for handle in chat.handles if handle.is_me), None)
    if ours is not None and ours.status in {Participant.Status.LEFT, Participant.Status.REMOVED}:
        row.left_at = row.left_at or ours.left_at or clock.now()
    elif ours is not None and not _is_older(chat.updated_at, row.left_at):
        # A reading that was on its way while our line left must not undo the event of it.
        row.left_at = None


def apply_health(
    row: Chat, status: resources.HealthStatus | None, score: resources.HealthScore | None = None
) -> list[str]:
    """Put a health reading into the row unless we have a later one. Returns the fields that it set."""
    changed = []
    if status is not None and _is_news(status.updated_at, row.health_status_at):
        row.health_status = known(status.status, Health)
        row.health_doc_url = (status.doc_url or "")[:300]
        row.health_status_at = status.updated_at
        changed += ["health_status", "health_doc_url", "health_status_at"]
    if score is not None and _is_news(score.updated_at, row.health_score_at):
        row.health_score = round(score.score) if 0 <= score.score <= 100 else None
        row.health_reason = (score.reason or "")[:300]
        row.health_score_at = score.updated_at
        changed += ["health_score", "health_reason", "health_score_at"]
    return changed


def known(value: object, choices: type) -> str:
    """The remote's word when it is one we know, else empty; a new word of theirs must not break a row."""
    return str(value) if value in _words_of(choices) else ""


@cache
def _words_of(choices: type) -> frozenset[object]:
    return frozenset(choices.values)  # type: ignore[attr-defined]


def handle_of(value: str) -> Handle:
    return Handle.objects.get_or_create(value=value[:320])[0]


def handles_of(services: Mapping[str, str]) -> dict[str, Handle]:
    """The rows of these handles. Those that are missing are added with the service that stands beside them."""
    handles = {handle.value: handle for handle in Handle.objects.filter(value__in=services).order_by("pk")}
    missing = sorted(services.keys() - handles.keys())
    if missing:
        # Sorted, so that two copies of this lock the same rows in the same order. A copy beside us may be first.
        new = [Handle(value=value, service=services[value]) for value in missing]
        Handle.objects.bulk_create(new, ignore_conflicts=True)
        handles |= {handle.value: handle for handle in Handle.objects.filter(value__in=missing).order_by("pk")}
    return handles


def _is_news(theirs: datetime | None, ours: datetime | None) -> bool:
    return theirs is None or ours is None or theirs >= ours


def _is_older(theirs: datetime | None, ours: datetime | None) -> bool:
    return theirs is not None and ours is not None and theirs < ours


def _handles(chats: Iterable[resources.Chat]) -> dict[str, Handle]:
    services = {handle.handle[:320]: known(handle.service, Service) for chat in chats for handle in chat.handles}
    handles = handles_of(services)
    # Most readings say nothing new of a person, and a service that the remote leaves out is not unlearnt.
    moved = [handle for value, handle in handles.items() if services[value] and handle.service != services[value]]
    for handle in moved:
        handle.service = services[handle.value]
    Handle.objects.bulk_update(moved, ["service"], batch_size=200)
    return handles


def _save_participants(saved: Iterable[tuple[Chat, resources.Chat]], handles: dict[str, Handle]) -> None:
    known_since: dict[tuple[int, int], datetime] = {
        (chat_id, handle_id): max(moment for moment in (joined_at, left_at) if moment is not None)
        for chat_id, handle_id, joined_at, left_at in Participant.objects.filter(
            chat__in=[row.pk for row, _ in saved]
        ).values_list("chat", "handle", "joined_at", "left_at")
        if joined_at or left_at
    }
    rows = []
    for row, chat in saved:
        for theirs in {one.handle: one for one in chat.handles}.values():
            handle = handles[theirs.handle[:320]]
            # A reading that was on its way while somebody came or went must not undo the event of it.
            since = known_since.get((row.pk, handle.pk))
            if since is None or chat.updated_at is None or chat.updated_at >= since:
                rows.append(participant_row(row, handle, theirs))
    Participant.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["chat", "handle"],
        update_fields=["remote_id", "is_me", "status", "service", "joined_at", "left_at"],
    )


def participant_row(chat: Chat, handle: Handle, theirs: resources.ChatHandle) -> Participant:
    status = known(theirs.status or "active", Participant.Status) or Participant.Status.ACTIVE
    return Participant(
        chat=chat,
        handle=handle,
        remote_id=uuid_of(theirs.id),
        is_me=bool(theirs.is_me),
        status=status,
        service=known(theirs.service, Service),
        joined_at=theirs.joined_at,
        # Those who are in carry no time of leaving, whatever the remote sends along.
        left_at=theirs.left_at if status != Participant.Status.ACTIVE else None,
    )


def uuid_of(text: str | None) -> uuid.UUID | None:
    """The id, or None for one that is missing or malformed."""
    try:
        return uuid.UUID(text) if text else None
    except ValueError:
        return None
