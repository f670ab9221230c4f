"""What a bubble of the thread shows of a message: its parts, what was done with it, and who may do what."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from typing import Any
from uuid import UUID
from zlib import crc32

from django.contrib.auth.models import User
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils import timezone

from chats.engine import media
from chats.models import Chat, Message, Operation
from chats.queries import access, waiting
from chats.templatetags.bubbles import safe_address
from chats.templatetags.console import readable
from chats.v3 import file_types

# Messages of one sender that follow each other this closely stand together.
TOGETHER = timedelta(minutes=5)
QUOTE_LENGTH = 120

# The remote's tapbacks, as people know them.
TAPBACKS = {"love": "❤️", "like": "👍", "dislike": "👎", "laugh": "😂", "emphasize": "‼️", "question": "❓"}


@dataclass(frozen=True)
class Part:
    """One part of a message. `kind` is "text", "link", "image", "video", "audio", "file" or "other".

    `address` is http(s) or empty; `source` is the console's own address of a file that it keeps or can fetch.
    """

    kind: str
    text: str = ""
    address: str = ""
    note: str = ""
    source: str = ""


@dataclass(frozen=True)
class Chip:
    """One reaction, by everybody who gave it."""

    sign: str
    word: str
    people: list[str]


@dataclass(frozen=True)
class Quote:
    """What a message answers to. Without a `pk` the console does not hold that message."""

    who: str
    text: str
    pk: int | None = None


@dataclass
class Bubble:
    """A message as the thread shows it. `order` sorts bubbles as the database does; `version` changes with the look."""

    message: Message
    who: str
    sender_key: str
    parts: list[Part]
    reactions: list[Chip]
    quote: Quote | None
    effect: str
    waits: str
    can_retry: bool
    can_cancel: bool
    order: str
    version: str = field(default="")
    starts_day: bool = True
    starts: bool = True


def bubbles_of(chat: Chat, messages: Iterable[Message], user: User) -> list[Bubble]:
    """The bubbles of these messages, oldest first. Asks once for the messages they answer to, if any do."""
    rows = sorted(messages, key=lambda one: (one.happened_at, one.pk))
    quotes = _quotes(chat, rows)
    held_up = _held_up(rows)
    bubbles = [_bubble(row, quotes, user, held_up.get(row.pk, "")) for row in rows]
    for before, one in zip(bubbles, bubbles[1:], strict=False):
        distance = one.message.happened_at - before.message.happened_at
        one.starts_day = timezone.localdate(one.message.happened_at) != timezone.localdate(before.message.happened_at)
        one.starts = one.starts_day or one.sender_key != before.sender_key or distance > TOGETHER
    return bubbles


def _held_up(rows: list[Message]) -> dict[int, str]:
    """What holds up the first message that has not left; those after it wait for it. A few queries for one."""
    for message in rows:
        operation: Operation | None = getattr(message, "operation", None)
        if operation is not None and operation.state == Operation.State.QUEUED:
            return {message.pk: waiting.held_up(operation)}
    return {}


def _bubble(message: Message, quotes: dict[UUID, Quote], user: User, held_up: str) -> Bubble:
    operation: Operation | None = getattr(message, "operation", None)
    mine = operation is not None and access.has_a_say(user, operation)
    bubble = Bubble(
        message=message,
        who=sender_of(message),
        sender_key="us" if message.is_ours else f"handle-{message.sender_id}",
        parts=_parts(message),
        reactions=_chips(message),
        quote=_quote_of(message, quotes),
        effect=_effect(message.effect),
        waits=_waits(operation, held_up),
        can_retry=mine and operation is not None and operation.state == Operation.State.FAILED,
        can_cancel=mine
        and operation is not None
        and message.delivery_status == Message.Status.PENDING
        and operation.can_be_taken_back,
        order=f"{message.happened_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}|{message.pk:019d}",
    )
    bubble.version = _version(bubble)
    return bubble


def sender_of(message: Message) -> str:
    """Whose message it is: a person's name or handle, or for our own who of the team wrote it."""
    if not message.is_ours:
        return str(message.sender) if message.sender else "Unknown sender"
    if message.author is None:
        return "Us"
    return message.author.get_full_name() or message.author.get_username()


def _waits(operation: Operation | None, held_up: str) -> str:
    """Why a message is still on its way, as a sentence; empty when it only waits for its turn."""
    if operation is None:
        return ""
    if operation.state == Operation.State.UNKNOWN:
        return "The answer of the remote never came. It is being looked up, and not sent twice."
    return held_up or (operation.error if operation.state == Operation.State.QUEUED else "")


def _version(bubble: Bubble) -> str:
    message = bubble.message
    shown = (
        message.delivery_status,
        message.happened_at,
        message.edited_at,
        message.text,
        message.error,
        message.trace_id,
        message.service,
        bubble.who,
        bubble.parts,
        bubble.reactions,
        bubble.quote,
        bubble.waits,
        bubble.can_retry,
        bubble.can_cancel,
    )
    return f"{crc32(repr(shown).encode('utf-8', 'backslashreplace')):08x}"


def _parts(message: Message) -> list[Part]:
    """The parts, whatever the remote has put there: one that makes no sense is shown as such."""
    given = message.parts if isinstance(message.parts, list) else []
    parts = [_part(one, message, index) for index, one in enumerate(given) if isinstance(one, dict)]
    if not parts and message.text:
        parts = [Part("text", text=message.text)]
    return parts


def _part(given: dict[str, Any], message: Message, index: int) -> Part:
    kind = _text(given, "type")
    if kind == "text":
        return Part("text", text=_text(given, "value"))
    if kind == "link":
        address = _text(given, "value")
        return Part("link", text=address, address=safe_address(address))
    if kind == "media":
        return _file(given, message, index)
    if kind == "app_clip":
        return Part(
            "link", text=_text(given, "title") or _text(given, "value"), address=safe_address(given.get("value"))
        )
    if kind == "imessage_app":
        return Part("other", text=_text(given, "fallback_text") or "An iMessage app", note="iMessage app")
    return Part("other", text="This part cannot be shown here.", note=kind[:40])


def _file(given: dict[str, Any], message: Message, index: int) -> Part:
    """A file: shown or given out by the console where it has it or can fetch it, else a link to where it is."""
    size = given.get("size_bytes")
    facts = [_text(given, "mime_type")[:80]]
    if isinstance(size, int) and size >= 0:
        facts.append(filesizeformat(size))
    name = (_text(given, "filename") or "Attachment")[:255]
    note = " · ".join(fact for fact in facts if fact)
    if type(given.get("attachment")) is int or media.is_remote(given):
        source = reverse("admin:message_file", args=[message.chat_id, message.pk, index])
        return Part(file_types.shown_as(_text(given, "mime_type")), text=name, note=note, source=source)
    return Part("file", text=name, address=safe_address(given.get("url")), note=note)


def _text(given: dict[str, Any], name: str) -> str:
    value = given.get(name)
    return value if isinstance(value, str) else ""


def _chips(message: Message) -> list[Chip]:
    chips: dict[str, Chip] = {}
    for reaction in message.reactions.all():
        sign = reaction.custom_emoji or TAPBACKS.get(reaction.type, "")
        word = reaction.type if reaction.type != "custom" else "a reaction"
        who = "You" if reaction.is_me else readable(reaction.handle or "Somebody")
        chips.setdefault(sign or word, Chip(sign, word, [])).people.append(who)
    return list(chips.values())


def _effect(effect: object) -> str:
    """The effect's name, e.g. "confetti"; empty for none."""
    name = effect.get("name") if isinstance(effect, dict) else None
    return name.replace("_", " ")[:40] if isinstance(name, str) else ""


def _quotes(chat: Chat, rows: Sequence[Message]) -> dict[UUID, Quote]:
    wanted = {row.reply_to_remote_id for row in rows if row.reply_to_remote_id}
    if not wanted:
        return {}
    found = Message.objects.filter(chat=chat, remote_id__in=wanted).select_related("sender__contact", "author")
    return {
        row.remote_id: Quote(sender_of(row), row.text[:QUOTE_LENGTH] or "Attachment", row.pk)
        for row in found
        if row.remote_id
    }


def _quote_of(message: Message, quotes: dict[UUID, Quote]) -> Quote | None:
    if message.reply_to_remote_id is None:
        return None
    return quotes.get(message.reply_to_remote_id) or Quote("", "An earlier message")
