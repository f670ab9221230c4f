"""The life of a message after it was accepted: sent, delivered, read, answered.

The service decides how far it goes: direct iMessage and RCS messages are delivered and may be read; SMS and
groups stop at sent (linq-v3, 4.5). The person's habits decide the rest and how long each step takes.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sandbox import alarms, chance, clock, happenings, world
from sandbox.event_shapes import failed_news, message_news, reaction_news, typing_news
from sandbox.events import tell
from sandbox.happenings import Payload, handles, happening
from sandbox.inbound import Said, receive
from sandbox.models import Chat, Happening, Message, Participant, Person, Reaction
from sandbox.people import habits, words

# seconds each step takes for a person with quick habits
SENT = (0.05, 0.2)
DELIVERED = (0.3, 0.9)
READ = (0.8, 2.0)
TYPING = (0.5, 1.2)
ANSWER = (1.0, 2.2)
REACTION = (0.5, 1.5)
GROUP_ANSWER = (2.5, 5.0)
GROUP_ANSWERS_SHARE = 0.6
SMS_ANSWER = (3.0, 5.0)
TAPBACKS = ("love", "like", "laugh", "emphasize")
RECEIPTS = frozenset({"iMessage", "RCS"})


def accepted(message_id: UUID, at: datetime, *purpose: object) -> Happening:
    """What has to be planned when a message is accepted."""
    delay = chance.between(*SENT, world.current().seed, "sent", *purpose)
    return happening("message.send", alarms.later(at, delay), message=str(message_id))


@handles("message.send")
def _send(payloads: Sequence[Payload]) -> None:
    at = clock.now()
    due, news, changed = [], [], []
    for message in _messages(payloads, status="pending"):
        chat, peer = message.chat, message.chat.peer
        message.service = _service(message, chat)
        message.updated_at = at
        changed.append(message)
        if message.service is None or (peer and not habits.of(peer).reachable):
            message.service = message.service or "iMessage"
            message.delivery_status = "failed"
            news.append(failed_news(chat, message, 4001, "Message send failed", at))
            continue
        message.delivery_status = "sent"
        message.sent_at = at
        news.append(message_news("sent", chat, message.sender, message, message.sender))
        due += _after_sent(message, at)
    Message.objects.bulk_update(changed, ["service", "delivery_status", "sent_at", "updated_at"])
    tell(news)
    happenings.plan(due)


def _service(message: Message, chat: Chat) -> str | None:
    """The service a message goes by; None when it was to be iMessage or nothing and they have no iMessage."""
    best = chat.service
    preferred = message.preferred_service
    if preferred == "iMessage":
        return "iMessage" if best == "iMessage" else None
    if preferred in {"RCS", "SMS"}:
        return "SMS" if best == "SMS" else "RCS"  # SMS is upgraded to RCS where there is RCS (linq-v3, 3.4)
    return best


def _after_sent(message: Message, at: datetime) -> list[Happening]:
    chat, peer, seed = message.chat, message.chat.peer, world.current().seed
    if peer is None:
        if chance.share(seed, "group answers", chat.reuse_key, chat.outbound) >= GROUP_ANSWERS_SHARE:
            return []
        delay = chance.between(*GROUP_ANSWER, seed, "group answer", chat.reuse_key, chat.outbound)
        return [_planned_answer(message, alarms.later(at, delay))]
    habit = habits.of(peer)
    if message.service in RECEIPTS:
        delay = chance.between(*DELIVERED, seed, "delivered", peer.handle, chat.outbound)
        return [happening("message.deliver", alarms.later(at, delay), message=str(message.id))]
    if chance.share(seed, "replies", peer.handle, chat.outbound) < habit.replies:
        return [_planned_answer(message, alarms.later(at, _delay(SMS_ANSWER, peer, chat, "sms")))]
    return []


def _planned_answer(message: Message, at: datetime) -> Happening:
    # One answer at a time per chat: a burst of messages is answered once.
    return happening("people.answer", at, key=f"answer:{message.chat_id}", message=str(message.id))


def _delay(step: tuple[float, float], person: Person, chat: Chat, purpose: str) -> float:
    """Seconds this person takes for a step."""
    seed, habit = world.current().seed, habits.of(person)
    pace = chance.between(habit.fastest, habit.slowest, seed, "pace", purpose, person.handle, chat.outbound)
    return pace * chance.between(*step, seed, purpose, person.handle, chat.outbound)


@handles("message.deliver")
def _deliver(payloads: Sequence[Payload]) -> None:
    at, seed = clock.now(), world.current().seed
    due, news = [], []
    messages = _messages(payloads, status="sent")
    for message in messages:
        chat, peer = message.chat, message.chat.peer
        assert peer is not None  # noqa: S101 - only direct chats get here
        message.delivery_status = "delivered"
        message.delivered_at = message.updated_at = at
        news.append(message_news("delivered", chat, message.sender, message, message.sender))
        if chance.share(seed, "reads", peer.handle, chat.outbound) < habits.of(peer).reads:
            delay = _delay(READ, peer, chat, "read")
            due.append(happening("message.read", alarms.later(at, delay), message=str(message.id)))
    Message.objects.bulk_update(messages, ["delivery_status", "delivered_at", "updated_at"])
    tell(news)
    happenings.plan(due)


@handles("message.read")
def _read(payloads: Sequence[Payload]) -> None:
    due = mark_read(_messages(payloads, status="delivered"))
    happenings.plan(due)


def mark_read(messages: Sequence[Message]) -> list[Happening]:
    """The person reads these delivered messages. Returns what they are going to do about them."""
    at, seed = clock.now(), world.current().seed
    due, news = [], []
    for message in messages:
        chat, peer = message.chat, message.chat.peer
        assert peer is not None  # noqa: S101 - only direct chats have receipts
        message.delivery_status = "read"
        message.read_at = message.updated_at = at
        news.append(message_news("read", chat, message.sender, message, message.sender))
        habit = habits.of(peer)
        if chance.share(seed, "reacts", peer.handle, chat.outbound) < habit.reacts:
            delay = _delay(REACTION, peer, chat, "react")
            due.append(happening("people.react", alarms.later(at, delay), message=str(message.id)))
        if chance.share(seed, "replies", peer.handle, chat.outbound) < habit.replies:
            delay = _delay(TYPING, peer, chat, "type")
            key = f"type:{chat.id}"
            due.append(happening("people.type", alarms.later(at, delay), key=key, message=str(message.id)))
    Message.objects.bulk_update(messages, ["delivery_status", "read_at", "updated_at"])
    tell(news)
    return due


@handles("people.type")
def _type(payloads: Sequence[Payload]) -> None:
    at = clock.now()
    due, news = [], []
    messages = _messages(payloads)
    others = _others(message.chat_id for message in messages)
    for message in messages:
        chat, peer = message.chat, message.chat.peer
        assert peer is not None  # noqa: S101 - nobody is seen typing in a group
        if message.service == "iMessage":
            news.append(typing_news(chat, others[chat.id][0], True, secrets.token_hex(16)))
        due.append(_planned_answer(message, alarms.later(at, _delay(ANSWER, peer, chat, "answer"))))
    tell(news)
    happenings.plan(due)


@handles("people.answer")
def _answer(payloads: Sequence[Payload]) -> None:
    at, seed = clock.now(), world.current().seed
    messages = _messages(payloads)
    others = _others(message.chat_id for message in messages)
    said, typed = [], []
    for message in messages:
        chat = message.chat
        choices = [each for each in others.get(chat.id, []) if each.person]
        if chat.left_at is not None or not choices:
            continue
        sender = chance.one_of(choices, seed, "who answers", chat.reuse_key, chat.outbound)
        text = words.answer_to(message.parts, seed, sender.handle, chat.outbound)
        said.append(Said(chat, sender, text))
        if not chat.is_group and message.service == "iMessage":
            typed.append(typing_news(chat, sender, False, secrets.token_hex(16)))
    receive(said, at)
    tell(typed)


@handles("people.react")
def _react(payloads: Sequence[Payload]) -> None:
    at, seed = clock.now(), world.current().seed
    messages = _messages(payloads)
    others = _others(message.chat_id for message in messages)
    reactions, news = [], []
    for message in messages:
        participant = others[message.chat_id][0]
        kind = chance.one_of(TAPBACKS, seed, "tapback", participant.handle, message.chat.outbound)
        reaction = Reaction(message=message, participant=participant, type=kind, created_at=at)
        reactions.append(reaction)
        news.append(reaction_news(message.chat, message, reaction, secrets.token_hex(16)))
    Reaction.objects.bulk_create(reactions, ignore_conflicts=True)
    tell(news)


def _messages(payloads: Sequence[Payload], *, status: str | None = None) -> list[Message]:
    """The messages of a batch with chat, line, peer and sender, in the order they came; chats are shared objects."""
    ids = [UUID(payload["message"]) for payload in payloads]
    rows = Message.objects.filter(id__in=ids).select_related("chat__line", "chat__peer", "sender")
    if status:
        rows = rows.filter(delivery_status=status)
    chats: dict[UUID, Chat] = {}
    messages = list(rows.order_by("created_at", "id"))
    for message in messages:
        message.chat = chats.setdefault(message.chat_id, message.chat)
    return messages


def _others(chat_ids: Iterable[UUID]) -> dict[UUID, list[Participant]]:
    """Who else is in these chats now, in the order of their handles."""
    found: dict[UUID, list[Participant]] = {}
    rows = Participant.objects.filter(chat_id__in=set(chat_ids), is_me=False, status="active")
    for row in rows.select_related("person").order_by("handle"):
        found.setdefault(row.chat_id, []).append(row)
    return found
