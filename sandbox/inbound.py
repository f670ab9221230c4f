"""What people say to our lines: the message, the chat's counters, opt-outs, and the events of it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from chats.v3.opt_out import is_opt_out
from sandbox import blocklist, bulk, health, ids, tally
from sandbox.event_shapes import card_news, message_news
from sandbox.events import News, tell
from sandbox.models import CardShare, Chat, Message, Participant, Person
from sandbox.polls import poll_part, put_options

# what an answer changes in a chat, beside the answer itself
COUNTERS = ("unanswered", "rapid", "undelivered", "health", "health_at")


@dataclass(frozen=True)
class Said:
    """Something a participant says in a chat."""

    chat: Chat
    sender: Participant
    text: str
    # when; None: at the moment given to `receive`
    at: datetime | None = None
    # what it is made of; None: the text
    parts: tuple[dict[str, Any], ...] | None = None
    # the options of a poll, where it is one
    poll: tuple[str, ...] = ()


def text_part(text: str) -> dict[str, Any]:
    """A text part as it is kept."""
    return {
        "type": "text",
        "value": text,
        "text_decorations": None,
        "inline_stickers": None,
        "mentions": None,
        "mention": None,
        "mention_range": None,
    }


def receive(said: Sequence[Said], at: datetime) -> list[Message]:
    """Let people say things. Call it in a transaction; the chats come with their line and peer loaded.

    What comes from a blocked handle is dropped here without a trace: no message, no event, no end of an opt-out.
    Returns the messages that were heard.
    """
    said = [each for each in said if not blocklist.is_blocked(each.sender.handle)]
    messages = [
        Message(
            id=ids.new(),
            chat=each.chat,
            sender=each.sender,
            is_from_me=False,
            parts=_parts(each),
            kind="poll" if each.poll else "message",
            service=each.sender.service,
            delivery_status="received",
            created_at=each.at or at,
            updated_at=each.at or at,
            sent_at=each.at or at,
            delivered_at=each.at or at,
            trace_id=ids.trace(),
        )
        for each in said
    ]
    Message.objects.bulk_create(messages)
    for each, message in zip(said, messages, strict=True):
        if each.poll:
            put_options(message, each.sender, each.poll)
    people: list[Person] = []
    for each in said:
        _count(each, each.at or at)
        people += _opted(each, each.at or at)
    bulk.save([each.chat for each in said], ["inbound", *COUNTERS, "opted_out", "asked_to_stop", "updated_at"])
    tally.add(
        tally.Of(each.chat.line_id, each.at or at, received=1, opt_outs=int(each.chat.opted_out)) for each in said
    )
    if people:
        bulk.save(people, ["opted_out_at"])
    owners = _owners([each.chat for each in said])
    news = [
        replace(message_news("received", each.chat, owners[each.chat.id], message, each.sender), at=message.created_at)
        for each, message in zip(said, messages, strict=True)
    ]
    tell(news + _first_cards(said, at))
    return messages


def _parts(said: Said) -> list[dict[str, Any]]:
    if said.poll:
        return [poll_part(said.poll)]
    return [text_part(said.text)] if said.parts is None else list(said.parts)


def _owners(chats: Sequence[Chat]) -> dict[uuid.UUID, Participant]:
    found = Participant.objects.filter(chat__in=chats, is_me=True)
    return {participant.chat_id: participant for participant in found}


def _count(said: Said, at: datetime) -> None:
    chat = said.chat
    chat.inbound += 1
    health.answered(chat)
    chat.asked_to_stop = health.asks_to_stop(said.text)
    chat.opted_out = not chat.is_group and is_opt_out(said.text)
    chat.updated_at = at
    health.note(chat, at)


def _opted(said: Said, at: datetime) -> list[Person]:
    """The person, when their message changes whether they opted out. A reply in any conversation opts back in."""
    person = said.sender.person
    if person is None:
        return []
    leaves = not said.chat.is_group and is_opt_out(said.text)
    if leaves == (person.opted_out_at is not None):
        return []
    person.opted_out_at = at if leaves else None
    return [person]


def _first_cards(said: Sequence[Said], at: datetime) -> list[News]:
    """Assumption (8.2): a person shares their contact card with a line together with their first message to it."""
    pairs = {(each.sender.person_id, each.chat.line_id): each for each in said if each.sender.person_id}
    known = set(
        CardShare.objects.filter(person_id__in={person for person, _ in pairs}).values_list("person_id", "line_id")
    )
    new = {pair: each for pair, each in pairs.items() if pair not in known}
    CardShare.objects.bulk_create(
        [CardShare(person_id=person, line_id=line, shared_at=each.at or at) for (person, line), each in new.items()],
        ignore_conflicts=True,
    )
    return [
        replace(card_news(each.sender.person, each.chat.line.phone_number, ids.trace()), at=each.at or at)
        for each in new.values()
        if each.sender.person
    ]
