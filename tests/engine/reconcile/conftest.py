from __future__ import annotations

from typing import Any

import pytest

from chats.models import Chat, Message, SyncRun
from tests import wire
from tests.engine.worker import Clock, moment, wakes
from tests.people import NOON
from tests.remote import Answer, Asked, Remote, remote, remote_server, wrong

__all__ = ["moment", "remote", "remote_server", "wakes"]


class Account:
    """The remote's chats, newest first and two to a page, and the messages of each."""

    def __init__(self, remote: Remote) -> None:
        self.chats: dict[str, dict[str, Any]] = {}
        self.messages: dict[str, list[dict[str, Any]]] = {}
        self.remote = remote
        self.newest_first = True
        remote.on("GET", "/v3/chats", self.list_chats)
        remote.on("GET", "/v3/chats/[^/]+", lambda asked: Answer(body=self.chats[asked.path.split("/")[3]]))
        remote.on("GET", "/v3/chats/[^/]+/messages", self.list_messages)

    def has(self, chat: Chat, *, updated_at: Any = NOON, **more: Any) -> dict[str, Any]:
        """Let the remote have one of our chats, changed at a moment."""
        told = wire.chat_of(chat, updated_at=wire.at(updated_at), **more)
        self.chats[str(chat.remote_id)] = told
        self.messages.setdefault(str(chat.remote_id), [])
        return told

    def says(self, chat: Chat, message_id: str, text: str = "Hello", **more: Any) -> dict[str, Any]:
        told = wire.message(message_id, str(chat.remote_id), text, **more)
        self.messages[str(chat.remote_id)].insert(0, told)
        return told

    def list_chats(self, asked: Asked) -> Answer:
        start = int(asked.query.get("cursor", "0"))
        rows = sorted(self.chats.values(), key=lambda one: one["updated_at"], reverse=self.newest_first)
        cursor = str(start + 2) if start + 2 < len(rows) else None
        return Answer(body={"chats": rows[start : start + 2], "next_cursor": cursor})

    def list_messages(self, asked: Asked) -> Answer:
        chat_id = asked.path.split("/")[3]
        if chat_id not in self.messages:
            return Answer(404, wrong(2001))
        start = int(asked.query.get("cursor", "0"))
        rows = self.messages[chat_id]
        cursor = str(start + 50) if start + 50 < len(rows) else None
        return Answer(body={"messages": rows[start : start + 50], "next_cursor": cursor})

    @property
    def calls(self) -> list[str]:
        """What was asked, as a word each, since this was read last."""
        words = {3: "chats", 4: "chat", 5: "messages"}
        asked = [words[len(one.path.split("/"))] for one in self.remote.asked]
        self.remote.asked.clear()
        return asked


@pytest.fixture
def account(remote: Remote, moment: Clock, wakes: list[Any], db: None) -> Account:
    """An account that was read once, an hour ago."""
    hour_ago = moment.now.replace(hour=11)
    SyncRun.objects.create(state="finished", stage="done", started_at=hour_ago, finished_at=hour_ago)
    return Account(remote)


def settled(chat: Chat, account: Account) -> None:
    """Nothing of this chat is unknown here."""
    told = account.has(chat)
    Chat.objects.filter(pk=chat.pk).update(
        messages_synced_at=NOON, messages_read_as_of=told["updated_at"], remote_updated_at=told["updated_at"]
    )


def our_message(chat: Chat, remote_id: str, **fields: Any) -> Message:
    return Message.objects.create(
        **{
            "chat": chat,
            "remote_id": remote_id,
            "direction": "outbound",
            "parts": [{"type": "text", "value": "Hello"}],
            "text": "Hello",
            "delivery_status": "sent",
            "happened_at": NOON,
            "sent_at": NOON,
            "service": "iMessage",
        }
        | fields
    )
