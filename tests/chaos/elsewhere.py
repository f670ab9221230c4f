"""A remote in memory for the state machine: it knows keys, keeps messages, and makes events of all that happens.

It stands in for the transport, below everything that the engine calls; what is to go wrong is put into `troubles`.
"""

from __future__ import annotations

import json
import uuid
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from chats import clock
from chats.v3.errors import NoAnswer, NotReached, from_response
from chats.v3.times import parse_time
from chats.v3.transport import Answer
from tests import wire
from tests.remote import TRACE, wrong

Trouble = Literal["error", "limited", "unreachable", "cut before", "cut after", "killed before", "killed after"]
STATUS = {3006: 500, 1007: 429, 2002: 404, 2001: 404}
AFTER = {
    "pending": ("sent", "failed"),
    "sent": ("delivered", "failed"),
    "delivered": ("read",),
    "failed": ("delivered",),
}


class Killed(BaseException):
    """What `kill -9` is to the code that it hits: nothing after it runs."""


@dataclass
class Message:
    """A message, as the remote has it."""

    id: str
    chat_id: str
    text: str
    at: datetime
    key: str = ""
    sender: str = ""
    status: str = "pending"
    times: dict[str, datetime] = field(default_factory=dict)

    def told(self) -> dict[str, Any]:
        """As it is listed."""
        times = {f"{name}_at": wire.at(self.times.get(name)) for name in ("sent", "delivered", "read")}
        return wire.message(self.id, self.chat_id, self.text, sender=self.sender) | {
            "delivery_status": self.status,
            "created_at": wire.at(self.at),
            **times,
        }


class Elsewhere:
    """The remote of one line."""

    def __init__(self, line: str) -> None:
        self.line = line
        self.chats: dict[str, dict[str, Any]] = {}
        self.messages: dict[str, Message] = {}
        self.events: list[tuple[str, str, dict[str, Any], datetime]] = []
        """What happened and may be delivered: an id, a type, data, and when."""
        self.troubles: deque[Trouble] = deque()
        self._changed_at = clock.now()
        self.accepted: list[str] = []
        """The keys of all sends that were carried out, in their order."""

    def request(self, method: str, path: str, *, query: Any = None, body: Any = None) -> Answer:
        """What `Transport.request` does."""
        trouble = self.troubles.popleft() if self.troubles else None
        if trouble == "killed before":
            raise Killed
        if trouble == "unreachable":
            raise NotReached("The remote could not be reached")
        if trouble in {"error", "limited"}:
            raise self._refusal(3006 if trouble == "error" else 1007, method)
        if trouble == "cut before":
            raise NoAnswer("The connection to the remote broke before it answered", method=method)
        done = self._do(method, path.removeprefix("/v3/").split("/"), query or {}, body or {})
        if isinstance(done, int):
            raise self._refusal(done, method)
        if trouble == "killed after":
            raise Killed
        if trouble == "cut after":
            raise NoAnswer("The connection to the remote broke before it answered", method=method)
        return Answer(method, 200, done, TRACE)

    def has_chat(self, chat_id: str, *people: str, **more: Any) -> str:
        """Let there be a chat with these people."""
        self.chats[chat_id] = wire.new_chat(chat_id, self.line, *people, **more)
        self._touch(chat_id)
        return chat_id

    def move(self, message: Message, status: str) -> None:
        """Let a message of ours come further, or fail."""
        now = clock.now()
        message.status = status
        message.times[status] = now
        if status == "failed":
            data = {"message_id": message.id, "chat_id": message.chat_id, "code": 4001, "failed_at": wire.at(now)}
            self._tell("message.failed", data)
        else:
            self._tell(f"message.{status}", self._event(message))
        self._touch(message.chat_id)

    def hear(self, chat_id: str, text: str) -> None:
        """Let somebody write in a chat."""
        sender = next(one["handle"] for one in self.chats[chat_id]["handles"] if not one["is_me"])
        now = clock.now()
        message = Message(str(uuid.uuid4()), chat_id, text, now, sender=sender, status="received", times={"sent": now})
        self.messages[message.id] = message
        self._tell("message.received", self._event(message))
        self._touch(chat_id)

    def of_key(self, key: str) -> Message | None:
        return next((one for one in self.messages.values() if one.key == key), None)

    def _do(self, method: str, path: list[str], query: Any, body: Any) -> Any:
        match method, *path:
            case "POST", "chats":
                people = set(body["to"])
                found = next((one for one in self.chats.values() if _others(one) == people), None)
                chat_id = found["id"] if found else self.has_chat(str(uuid.uuid4()), *body["to"])
                if found is None:
                    self._tell("chat.created", self.chats[chat_id])
                message = self._send(chat_id, body["message"])
                return {"chat": {**self.chats[chat_id], "message": wire.sent(message.id)}}
            case "GET", "chats":
                wanted = query.get("to")
                rows = [one for one in self.chats.values() if not wanted or wanted in _others(one)]
                rows.sort(key=lambda one: parse_time(one["updated_at"]), reverse=True)
                return {"chats": rows, "next_cursor": None}
            case _, "chats", chat_id, *_ if chat_id not in self.chats:
                return 2001
            case "GET", "chats", chat_id:
                return self.chats[chat_id]
            case "PUT", "chats", chat_id:
                self._rename(chat_id, body["display_name"])
                return {"trace_id": TRACE}
            case "POST", "chats", chat_id, "messages":
                return {"chat_id": chat_id, "message": wire.sent(self._send(chat_id, body["message"]).id)}
            case "GET", "chats", chat_id, "messages":
                rows = [one.told() for one in self.messages.values() if one.chat_id == chat_id]
                return {"messages": rows[::-1], "next_cursor": None}
            case "GET", "messages", message_id:
                return self.messages[message_id].told() if message_id in self.messages else 2002
        raise AssertionError(f"Nobody should ask for {method} {path}")

    def _send(self, chat_id: str, content: dict[str, Any]) -> Message:
        key = content["idempotency_key"]
        known = self.of_key(key)
        if known is not None:
            return known
        message = Message(str(uuid.uuid4()), chat_id, content["parts"][0]["value"], clock.now(), key=key)
        self.messages[message.id] = message
        self.accepted.append(key)
        self._touch(chat_id)
        return message

    def _rename(self, chat_id: str, name: str) -> None:
        now = clock.now()
        old = self.chats[chat_id]["display_name"]
        self.chats[chat_id]["display_name"] = name
        self._touch(chat_id)
        data = {"chat_id": chat_id, "updated_at": wire.at(now), "old_value": old, "new_value": name}
        self._tell("chat.group_name_updated", {**data, "changed_by_handle": wire.handle(self.line, me=True)})

    def _event(self, message: Message) -> dict[str, Any]:
        times = {f"{name}_at": wire.at(message.times.get(name)) for name in ("sent", "delivered", "read")}
        data = wire.message_event(
            message.chat_id, message.id, text=message.text, sender=message.sender, key=message.key, **times
        )
        data["chat"]["is_group"] = self.chats[message.chat_id]["is_group"]
        return data

    def _tell(self, event_type: str, data: dict[str, Any]) -> None:
        self.events.append((str(uuid.uuid4()), event_type, data, clock.now()))

    def _touch(self, chat_id: str) -> None:
        # No two changes at the same moment, so that a change always shows.
        self._changed_at = max(clock.now(), self._changed_at + timedelta(microseconds=1))
        self.chats[chat_id]["updated_at"] = wire.at(self._changed_at)

    def _refusal(self, code: int, method: str) -> Exception:
        headers = {"Retry-After": "5"} if code == 1007 else {}
        return from_response(STATUS[code], headers, json.dumps(wrong(code)).encode(), method=method)


def _others(chat: dict[str, Any]) -> set[str]:
    return {one["handle"] for one in chat["handles"] if not one["is_me"]}
