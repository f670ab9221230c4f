"""Somebody began or stopped to share where they are."""

from __future__ import annotations

from chats import clock
from chats.engine import locations, store
from chats.engine.events import confirm, find
from chats.models import Chat, Operation, WebhookEvent
from chats.models.operation import Kind
from chats.v3.events import read_location_sharing


def sharing_changed(event: WebhookEvent) -> None:
    told = read_location_sharing(find.envelope_of(event))
    line = find.line_of(event, told.shared_with)
    if line is None:
        raise find.Unusable("The location is shared with a line that is not ours.")
    chat_id = store.uuid_of(told.chat_id)
    if chat_id is not None:
        # Only for the record: what is shared holds in every chat with them, so a chat we lack is not fetched.
        event.chat = Chat.objects.filter(remote_id=chat_id, line=line).first()
    handle = store.handle_of(told.shared_by)
    if told.started:
        at = told.began_at or event.happened_at or clock.now()
        locations.began(line, handle, at=at, ends_at=told.ends_at)
        return
    at = told.ended_at or event.happened_at or clock.now()
    locations.ended(line, handle, began_at=told.began_at, at=at)
    confirm.oldest(Operation.objects.filter(line=line, kind=Kind.STOP_LOCATION, payload__handle=told.shared_by))
