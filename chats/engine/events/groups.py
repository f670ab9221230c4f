"""Events of chats and groups: made, renamed, given a picture, joined, left."""

from __future__ import annotations

from datetime import datetime

from chats import clock, live
from chats.engine import adopt, settle, store, titles
from chats.engine.events import find
from chats.models import Chat, Line, Operation, Participant, WebhookEvent
from chats.models.common import Service
from chats.models.operation import Kind, State
from chats.v3 import resources
from chats.v3.times import parse_time

# An event may come while the answer to our own call is still on its way.
MAY_BE_CONFIRMED = [State.QUEUED, State.SENDING, State.UNKNOWN, State.ACCEPTED, State.FAILED]


def chat_created(event: WebhookEvent) -> None:
    theirs = resources.Chat.from_json(find.data_of(event))
    ours = next((one.handle for one in theirs.handles if one.is_me), "")
    line = find.line_of(event, ours)
    if line is None:
        raise find.Unusable("The chat is on a line that is not ours.")
    # One start at a time on a line, as in the action: our own chat may be waiting for this very id.
    Line.objects.select_for_update().get(pk=line.pk)
    if not Chat.objects.filter(remote_id=theirs.id).exists():
        others = {one.handle for one in theirs.handles if not one.is_me}
        starting = adopt.chat_being_started(line.pk, others)
        if starting is not None:
            adopt.take_remote_chat(starting, theirs)
    for row in store.save_chats([theirs]):
        event.chat = row
        live.announce("chat", line_id=row.line_id, chat_id=row.pk)


def name_updated(event: WebhookEvent) -> None:
    data = find.data_of(event)
    chat = find.chat_of(event, data.get("chat_id"))
    name = str(data.get("new_value") or "")[:400]
    if _is_stale(event, chat):
        _confirm(chat, Kind.RENAME_GROUP, display_name=name)
        return
    chat.display_name = name
    chat.remote_updated_at = _moment(data, event)
    chat.save(update_fields=["display_name", "remote_updated_at"])
    titles.refresh([chat.pk])
    _confirm(chat, Kind.RENAME_GROUP, display_name=name)
    live.announce("chat", line_id=chat.line_id, chat_id=chat.pk)


def icon_updated(event: WebhookEvent) -> None:
    data = find.data_of(event)
    chat = find.chat_of(event, data.get("chat_id"))
    if not _is_stale(event, chat):
        chat.icon_url = str(data.get("new_value") or "")
        chat.remote_updated_at = _moment(data, event)
        chat.save(update_fields=["icon_url", "remote_updated_at"])
    # The remote may give the picture an address of its own, so the oldest request is the one that is done.
    if not data.get("changed_by_handle") or data.get("changed_by_handle") == chat.line.phone_number:
        _confirm(chat, Kind.SET_GROUP_ICON)
    live.announce("chat", line_id=chat.line_id, chat_id=chat.pk)


def name_failed(event: WebhookEvent) -> None:
    _failed(event, Kind.RENAME_GROUP, "The remote could not change the group's name.")


def icon_failed(event: WebhookEvent) -> None:
    _failed(event, Kind.SET_GROUP_ICON, "The remote could not change the group's picture.")


def participant_added(event: WebhookEvent) -> None:
    data = find.data_of(event)
    chat = find.chat_of(event, data.get("chat_id"))
    value = _participant(chat, data, came=True)
    _confirm(chat, Kind.ADD_PARTICIPANT, handle=value)
    titles.refresh([chat.pk])
    live.announce("chat", line_id=chat.line_id, chat_id=chat.pk)


def participant_removed(event: WebhookEvent) -> None:
    data = find.data_of(event)
    chat = find.chat_of(event, data.get("chat_id"))
    value = _participant(chat, data, came=False)
    if value == chat.line.phone_number:
        _confirm(chat, Kind.LEAVE_GROUP)
    else:
        _confirm(chat, Kind.REMOVE_PARTICIPANT, handle=value)
    titles.refresh([chat.pk])
    live.announce("chat", line_id=chat.line_id, chat_id=chat.pk)


def _participant(chat: Chat, data: dict[str, object], *, came: bool) -> str:
    """Put a person's coming or going into their row, unless we know of something later. Returns the handle."""
    theirs = data.get("participant")
    person = resources.ChatHandle.from_json(theirs) if isinstance(theirs, dict) else None
    value = str(person.handle if person is not None else data.get("handle") or "")[:320]
    if not value:
        raise find.Unusable("The event does not name a participant.")
    at = parse_time(str(data[key])) if data.get(key := "added_at" if came else "removed_at") else clock.now()
    handle = store.handle_of(value)
    row, _ = Participant.objects.select_for_update().get_or_create(chat=chat, handle=handle)
    row.is_me = row.is_me or value == chat.line.phone_number
    known_since = max((moment for moment in (row.joined_at, row.left_at) if moment is not None), default=None)
    if known_since is not None and at < known_since:
        return value
    if person is not None and person.service:
        row.service = store.known(person.service, Service)
    if came:
        row.status, row.joined_at, row.left_at = Participant.Status.ACTIVE, at, None
    else:
        told = store.known(person.status if person is not None else "", Participant.Status)
        row.status = told if told and told != Participant.Status.ACTIVE else Participant.Status.REMOVED
        row.left_at = at
    row.save()
    if row.is_me:
        chat.left_at = None if came else at
        chat.save(update_fields=["left_at"])
    return value


def _confirm(chat: Chat, kind: Kind, **payload: str) -> None:
    """Confirm the oldest operation of this kind that asked for this."""
    wanted = {f"payload__{key}": value for key, value in payload.items()}
    rows = Operation.objects.select_for_update().filter(chat=chat, kind=kind, state__in=MAY_BE_CONFIRMED, **wanted)
    # One that never left cannot be what the remote has carried out.
    operation = rows.filter(first_sent_at__isnull=False).order_by("pk").exclude(state=State.FAILED).first()
    if operation is None:
        operation = rows.filter(state=State.FAILED, accepted_at__isnull=False).order_by("-pk").first()
    if operation is not None:
        settle.confirm(operation)


def _failed(event: WebhookEvent, kind: Kind, sentence: str) -> None:
    data = find.data_of(event)
    chat = find.chat_of(event, data.get("chat_id"))
    rows = Operation.objects.select_for_update().filter(
        chat=chat, kind=kind, state__in=[State.SENDING, State.UNKNOWN, State.ACCEPTED]
    )
    failed_at = _moment(data, event)
    operation = rows.filter(first_sent_at__lte=failed_at).order_by("pk").first() if failed_at else rows.first()
    if operation is None:
        return
    code = data.get("error_code")
    settle.fail(
        operation,
        sentence=f"{sentence} Try again.",
        code=code if isinstance(code, int) else None,
        trace_id=event.trace_id,
    )
    live.announce("chat", line_id=chat.line_id, chat_id=chat.pk)


def _moment(data: dict[str, object], event: WebhookEvent) -> datetime | None:
    text = data.get("updated_at") or data.get("failed_at")
    return parse_time(str(text)) if text else event.happened_at


def _is_stale(event: WebhookEvent, chat: Chat) -> bool:
    moment = _moment(find.data_of(event), event)
    return moment is not None and chat.remote_updated_at is not None and moment < chat.remote_updated_at
