"""Somebody is writing. Nothing is stored: it is told to the open pages and forgotten."""

from __future__ import annotations

from datetime import timedelta

from chats import clock, live
from chats.engine.events import find
from chats.models import WebhookEvent

# An indicator shows for about 90 s at the remote, but news of one that old is no news.
STILL_NEWS = timedelta(seconds=30)


def started(event: WebhookEvent) -> None:
    _tell(event, on=True)


def stopped(event: WebhookEvent) -> None:
    _tell(event, on=False)


def _tell(event: WebhookEvent, *, on: bool) -> None:
    chat = find.chat_of(event, find.data_of(event).get("chat_id"))
    if event.happened_at is None or clock.now() - event.happened_at < STILL_NEWS:
        live.announce_typing(line_id=chat.line_id, chat_id=chat.pk, on=on)
