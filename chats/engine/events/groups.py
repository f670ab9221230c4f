"""Events of chats and groups: made, renamed, given a picture, joined, left."""

from __future__ import annotations

from datetime import datetime, timedelta

from chats import clock, live
from chats.engine import adopt, settle, store, titles
from chats.engine.events import confirm, find
from chats.models import Chat, Operation, Participant, WebhookEvent
from chats.models.common import Service
from chats.models.operation import Kind, State
from chats.v3 import events

# The remote's clock and ours are not the same.
CLOCKS_DIFFER_BY = timedelta(seconds=10)


def chat_created(event: WebhookEvent) -> None:
    theirs = events.read_chat_created(find.envelope_of(event))
    if store.uuid_of(theirs.id) is None:
        raise find.Unusable("The event does not name a chat.")
    line = find.line_of(event, theirs.own_handle.handle if theirs.own_handle else None)
    if line is None:
        raise find.Unusable("The chat is on a line that is not ours.")
    # One start at a time on a line, as in the action: our own chat may be waiting for this very id.
    adopt.hold_starts(line.pk)
    if not Chat.objects.filter(remote_id=theirs.id).exists():
        others = {one.handle for one in theirs.handles if not one.is_me}
        starting = adopt.chat_being_started(line.pk, others)
        if starting is not None:
            adopt.take_remote_chat(starting, theirs)
    for row in store.save_chats([theirs]):
        event.chat = row
        live.announce("chat", line_id=row.line_id, chat_id=row.pk)


def name_or_icon_updated(event: WebhookEvent) -> None:
    told = events.read_group_changed(find.envelope_of(event))
    chat = find.chat_of(event, told.chat_id)
    value = told.new_value or ""
    field = "display_name" if told.field == "name" else "icon_url"
    moment_field = "name_changed_at" if told.field == "name" else "icon_changed_at"
    moment, known_since = told.updated_at or event.happened_at, getattr(chat, moment_field)
    if moment is None or known_since is None or moment >= known_since:
        setattr(chat, field, value[:400] if told.field == "name" else value)
        setattr(chat, moment_field, moment)
        chat.save(update_fields=[field, moment_field])
        titles.refresh([chat.pk])
    if told.field == "name":
        _confirm(chat, Kind.RENAME_GROUP, display_name=value)
    elif told.changed_by in {None, chat.line.phone_number}:
        # The remote may give the picture an address of its own, so the oldest request is the one that is done.
        _confirm(chat, Kind.SET_GROUP_ICON)
    live.announce("chat", line_id=chat.line_id, chat_id=chat.pk)


def name_or_icon_failed(event: WebhookEvent) -> None:
    told = events.read_group_change_failed(find.envelope_of(event))
    chat = find.chat_of(event, told.chat_id)
    kind = Kind.RENAME_GROUP if told.field == "name" else Kind.SET_GROUP_ICON
    rows = Operation.objects.select_for_update().filter(
        chat=chat, kind=kind, state__in=[State.SENDING, State.UNKNOWN, State.ACCEPTED], due_at__isnull=False
    )
    # The event does not say which request it means; those that left later cannot be the one.
    if told.failed_at is not None:
        rows = rows.filter(first_sent_at__lte=told.failed_at + CLOCKS_DIFFER_BY)
    operation = rows.order_by("pk").first()
    if operation is None:
        return
    settle.fail(operation, sentence=f"{told.sentence} Try again.", code=told.code, trace_id=told.trace_id)
    live.announce("chat", line_id=chat.line_id, chat_id=chat.pk)


def participant_changed(event: WebhookEvent) -> None:
    told = events.read_participant(find.envelope_of(event))
    chat = find.chat_of(event, told.chat_id)
    _put_participant(chat, told, at=told.changed_at or event.happened_at or clock.now())
    if told.added:
        _confirm(chat, Kind.ADD_PARTICIPANT, handle=told.handle)
    elif told.handle == chat.line.phone_number:
        _confirm(chat, Kind.LEAVE_GROUP)
    else:
        _confirm(chat, Kind.REMOVE_PARTICIPANT, handle=told.handle)
    titles.refresh([chat.pk])
    live.announce("chat", line_id=chat.line_id, chat_id=chat.pk)


def _put_participant(chat: Chat, told: events.ParticipantEvent, *, at: datetime) -> None:
    """Put a person's coming or going into their row, unless we know of something later."""
    row, _ = Participant.objects.select_for_update().get_or_create(chat=chat, handle=store.handle_of(told.handle))
    known_since = max((moment for moment in (row.joined_at, row.left_at) if moment is not None), default=None)
    if known_since is not None and at < known_since:
        return
    row.is_me = row.is_me or told.handle == chat.line.phone_number
    if told.participant is not None:
        row.service = store.known(told.participant.service, Service) or row.service
        row.remote_id = store.uuid_of(told.participant.id) or row.remote_id
    if told.added:
        row.status, row.joined_at, row.left_at = Participant.Status.ACTIVE, at, None
    else:
        word = store.known(told.participant.status if told.participant else "", Participant.Status)
        row.status = Participant.Status.LEFT if word == Participant.Status.LEFT else Participant.Status.REMOVED
        row.left_at = at
    row.save()
    if row.is_me:
        chat.left_at = None if told.added else at
        chat.save(update_fields=["left_at"])


def _confirm(chat: Chat, kind: Kind, **payload: str) -> None:
    """Confirm the oldest operation of this kind that asked for this."""
    wanted = {f"payload__{key}": value for key, value in payload.items()}
    confirm.oldest(Operation.objects.filter(chat=chat, kind=kind, **wanted))
