"""Messages as they are read, and what comes back when one is sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chats.v3.resources.chats import Chat, ChatHandle, read_handle
from chats.v3.resources.reading import (
    Json,
    flag,
    need,
    need_object,
    number,
    objects,
    optional_object,
    text,
    texts,
)
from chats.v3.times import parse_optional_time


@dataclass(frozen=True)
class ReplyTo:
    """The message, and the part of it counted from 0, that another message answers."""

    message_id: str
    part_index: int

    @classmethod
    def read(cls, data: Json) -> ReplyTo | None:
        """The reply of the message in `data`, where it is one."""
        reply = optional_object(data, "reply_to")
        message_id = text(reply, "message_id") if reply else None
        return cls(message_id, number(reply, "part_index") or 0) if reply and message_id else None


@dataclass(frozen=True)
class Effect:
    """An iMessage effect: `type` is screen or bubble."""

    name: str
    type: str

    @classmethod
    def read(cls, data: Json) -> Effect | None:
        """The effect of the message in `data`, where it has one."""
        effect = optional_object(data, "effect")
        name = text(effect, "name") if effect else None
        return cls(name, text(effect, "type") or "") if effect and name else None


@dataclass(frozen=True)
class Reaction:
    """A tapback or sticker on a part of a message."""

    type: str
    """love, like, dislike, laugh, emphasize, question, custom or sticker."""
    handle: ChatHandle | None
    is_me: bool
    id: str | None
    custom_emoji: str | None
    sticker: dict[str, object] | None
    """url (good for an hour), file_name, mime_type, width, height."""

    @classmethod
    def from_json(cls, data: Json) -> Reaction:
        """Read one entry of a part's `reactions`."""
        sticker = optional_object(data, "sticker")
        return cls(
            type=need(data, "type"),
            handle=read_handle(data, "handle"),
            is_me=flag(data, "is_me"),
            id=text(data, "id"),
            custom_emoji=text(data, "custom_emoji"),
            sticker=dict(sticker) if sticker else None,
        )


@dataclass(frozen=True)
class Message:
    """A message as the remote keeps it."""

    id: str
    chat_id: str
    is_from_me: bool
    from_handle: ChatHandle | None
    delivery_status: str
    """pending, queued, sent, delivered, received (an inbound one), read or failed."""
    parts: list[dict[str, object]]
    """As the remote sent them, see `content.plain_text`. Empty when the line keeps nothing."""
    service: str | None
    preferred_service: str | None
    effect: Effect | None
    reply_to: ReplyTo | None
    created_at: datetime | None
    updated_at: datetime | None
    sent_at: datetime | None
    delivered_at: datetime | None
    read_at: datetime | None
    reconciled_at: datetime | None
    """When it was recovered after having been missed; then it is history, and `sent_at` is much earlier."""

    @classmethod
    def from_json(cls, data: Json) -> Message:
        """Read a message of a list, a thread or its own."""
        return cls(
            id=need(data, "id"),
            chat_id=need(data, "chat_id"),
            is_from_me=flag(data, "is_from_me"),
            from_handle=read_handle(data, "from_handle"),
            delivery_status=text(data, "delivery_status") or "",
            parts=objects(data, "parts"),
            service=text(data, "service"),
            preferred_service=text(data, "preferred_service"),
            effect=Effect.read(data),
            reply_to=ReplyTo.read(data),
            created_at=parse_optional_time(data.get("created_at")),
            updated_at=parse_optional_time(data.get("updated_at")),
            sent_at=parse_optional_time(data.get("sent_at")),
            delivered_at=parse_optional_time(data.get("delivered_at")),
            read_at=parse_optional_time(data.get("read_at")),
            reconciled_at=parse_optional_time(data.get("reconciled_at")),
        )

    @property
    def reactions(self) -> list[tuple[int, Reaction]]:
        """Every reaction, with the index from 0 of the part it is on."""
        return [
            (index, Reaction.from_json(reaction))
            for index, part in enumerate(self.parts)
            for reaction in objects(part, "reactions")
            if text(reaction, "type")
        ]


@dataclass(frozen=True)
class SentMessage:
    """A message that the remote has just accepted."""

    id: str
    delivery_status: str
    parts: list[dict[str, object]]
    from_handle: ChatHandle | None
    service: str | None
    """None while the remote has not decided."""
    preferred_service: str | None
    effect: Effect | None
    reply_to: ReplyTo | None
    created_at: datetime | None
    sent_at: datetime | None
    """None while it is queued."""
    delivered_at: datetime | None

    @classmethod
    def from_json(cls, data: Json) -> SentMessage:
        """Read the object under `message` of an answer to a send."""
        return cls(
            id=need(data, "id"),
            delivery_status=text(data, "delivery_status") or "pending",
            parts=objects(data, "parts"),
            from_handle=read_handle(data, "from_handle"),
            service=text(data, "service"),
            preferred_service=text(data, "preferred_service"),
            effect=Effect.read(data),
            reply_to=ReplyTo.read(data),
            created_at=parse_optional_time(data.get("created_at")),
            sent_at=parse_optional_time(data.get("sent_at")),
            delivered_at=parse_optional_time(data.get("delivered_at")),
        )


@dataclass(frozen=True)
class Sent:
    """The answer to a message sent into a chat."""

    chat_id: str
    message: SentMessage
    trace_id: str | None

    @classmethod
    def from_json(cls, data: Json, trace_id: str | None) -> Sent:
        """Read the answer of POST /v3/chats/{chatId}/messages."""
        return cls(need(data, "chat_id"), SentMessage.from_json(need_object(data, "message")), trace_id)


@dataclass(frozen=True)
class CreatedChat:
    """The answer to a message that opened a chat, or went into the chat that was there already."""

    chat: Chat
    message: SentMessage
    trace_id: str | None

    @classmethod
    def from_json(cls, data: Json, trace_id: str | None) -> CreatedChat:
        """Read the answer of POST /v3/chats."""
        chat = need_object(data, "chat")
        return cls(Chat.from_json(chat), SentMessage.from_json(need_object(chat, "message")), trace_id)


@dataclass(frozen=True)
class RoutedMessage:
    """The answer to a message for which the remote chose the line."""

    chat_id: str
    message: SentMessage
    from_: str
    """The line it left from."""
    reason: str
    """reused_active_chat, new_best_number or failover_flagged."""
    created_new_chat: bool
    previous_chat_id: str | None
    """The chat that was given up because its line cannot send."""
    handles: list[ChatHandle]
    is_group: bool
    service: str | None
    trace_id: str | None

    @classmethod
    def from_json(cls, data: Json, trace_id: str | None) -> RoutedMessage:
        """Read the answer of POST /v3/messages."""
        return cls(
            chat_id=need(data, "chat_id"),
            message=SentMessage.from_json(need_object(data, "message")),
            from_=need(data, "from"),
            reason=text(optional_object(data, "from_selection") or {}, "reason") or "",
            created_new_chat=flag(data, "created_new_chat"),
            previous_chat_id=text(data, "previous_chat_id"),
            handles=[ChatHandle.from_json(handle) for handle in objects(data, "handles")],
            is_group=flag(data, "is_group"),
            service=text(data, "service"),
            trace_id=trace_id,
        )


@dataclass(frozen=True)
class VoiceMemo:
    """The answer to a voice memo. What becomes of it is told by the usual message events."""

    id: str
    """The id of the message."""
    chat_id: str
    status: str
    from_: str | None
    to: list[str]
    service: str | None
    created_at: datetime | None
    file: dict[str, object]
    """id, filename, mime_type, size_bytes, url, duration_ms."""
    trace_id: str | None

    @classmethod
    def from_json(cls, data: Json, trace_id: str | None) -> VoiceMemo:
        """Read the answer of POST /v3/chats/{chatId}/voicememo."""
        memo = need_object(data, "voice_memo")
        return cls(
            id=need(memo, "id"),
            chat_id=need(need_object(memo, "chat"), "id"),
            status=text(memo, "status") or "",
            from_=text(memo, "from"),
            to=texts(memo, "to"),
            service=text(memo, "service"),
            created_at=parse_optional_time(memo.get("created_at")),
            file=dict(optional_object(memo, "voice_memo") or {}),
            trace_id=trace_id,
        )


@dataclass(frozen=True)
class Accepted:
    """The answer to a change that brings no resource back.

    Most are carried out later: an event confirms a new name, icon or participant.
    """

    status: str
    """accepted or pending, as the remote says; done when its answer has no body."""
    trace_id: str | None

    @classmethod
    def from_json(cls, data: Json, trace_id: str | None) -> Accepted:
        """Read any such answer, an empty one too."""
        return cls(text(data, "status") or ("accepted" if data else "done"), trace_id)
