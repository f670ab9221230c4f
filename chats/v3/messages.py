"""The remote's messages: sending, reading, editing, and reacting to them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal

from chats.v3.resources import Accepted, Message, Page, RoutedMessage, Sent
from chats.v3.transport import Transport, given, path


class Messages:
    """`client.messages`. A `message` is what `content.check_message` checks; its own `idempotency_key` makes
    a repeat safe.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def send(self, chat_id: str, message: Mapping[str, object], *, override_optout: bool = False) -> Sent:
        """Send a message into a chat. `override_optout` sends once to somebody who opted out."""
        body = given(message=message, override_optout=override_optout or None)
        answer = self._transport.request("POST", path("chats", chat_id, "messages"), body=body)
        return answer.read(lambda data: Sent.from_json(data, answer.trace_id))

    def create(
        self,
        *,
        to: Collection[str],
        message: Mapping[str, object],
        continuation_text: str | None = None,
        exclude_from: Collection[str] = (),
        override_optout: bool = False,
    ) -> RoutedMessage:
        """Send a message to one or more handles and let the remote choose the line.

        `continuation_text` replaces the message when the chat has to move to another line. `exclude_from` names
        lines that are not to be chosen for a new chat.
        """
        body = given(
            to=list(to),
            message=message,
            continuation_message=None if continuation_text is None else {"text": continuation_text},
            exclude_from=list(exclude_from) or None,
            override_optout=override_optout or None,
        )
        answer = self._transport.request("POST", "/v3/messages", body=body)
        return answer.read(lambda data: RoutedMessage.from_json(data, answer.trace_id))

    def list(self, chat_id: str, *, limit: int | None = None, cursor: str | None = None) -> Page[Message]:
        """One page of a chat's messages. `limit` is 1 to 100, 50 by default. The order is not promised."""
        answer = self._transport.request(
            "GET", path("chats", chat_id, "messages"), query={"limit": limit, "cursor": cursor}
        )
        return answer.read(lambda data: Page.from_json(data, "messages", Message.from_json))

    def retrieve(self, message_id: str) -> Message:
        """One message. Code 2002 when it does not exist, was deleted or has expired."""
        return self._transport.request("GET", path("messages", message_id)).read(Message.from_json)

    def edit(self, message_id: str, text: str, *, part_index: int | None = None) -> Message:
        """Change a text part of our own iMessage: at most 5 times, within 15 minutes. An event confirms it."""
        answer = self._transport.request(
            "PATCH", path("messages", message_id), body=given(text=text, part_index=part_index)
        )
        return answer.read(Message.from_json)

    def delete(self, message_id: str) -> Accepted:
        """Remove a message from the remote's records. It stays on people's devices."""
        answer = self._transport.request("DELETE", path("messages", message_id))
        return Accepted.from_json(answer.data, answer.trace_id)

    def thread(
        self,
        message_id: str,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        order: Literal["asc", "desc"] | None = None,
    ) -> Page[Message]:
        """One page of the message that began a thread and its replies; any message of the thread names it."""
        answer = self._transport.request(
            "GET",
            path("messages", message_id, "thread"),
            query={"limit": limit, "cursor": cursor, "order": order},
        )
        return answer.read(lambda data: Page.from_json(data, "messages", Message.from_json))

    def react(
        self,
        message_id: str,
        *,
        operation: Literal["add", "remove"],
        type: str,
        custom_emoji: str | None = None,
        part_index: int | None = None,
    ) -> Accepted:
        """Add or take back a tapback (`content.TAPBACKS`, or custom with an emoji). An event confirms it."""
        body = given(operation=operation, type=type, custom_emoji=custom_emoji, part_index=part_index)
        answer = self._transport.request("POST", path("messages", message_id, "reactions"), body=body)
        return Accepted.from_json(answer.data, answer.trace_id)
