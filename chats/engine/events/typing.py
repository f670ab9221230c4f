"""Somebody is writing. Nothing is stored: it is told to the open pages and forgotten."""

from __future__ import annotations

from datetime import timedelta

from chats import clock, live
from chats.engine.events import find
from chats.models import WebhookEvent
from chats.v3.events import read_typing

# An indicator shows for about 90 s at the remote, but news of one that old is no news.
STILL_NEWS = timedelta(seconds=30)


def typing_changed(event: WebhookEvent) -> None:
    told = read_typing(find.envelope_of(event))
    chat = find.chat_of(event, told.chat_id)
    if event.happened_at is None or clock.now() - event.happened_at < STILL_NEWS:
        live.announce_typing(line_id=chat.line_id, chat_id=chat.pk, on=told.started)
