"""The life of a message after it was accepted: sent, delivered, read. What people then do is in `answers`.

The service decides how far it goes: direct iMessage and RCS messages are delivered and may be read; SMS and
groups stop at sent (linq-v3, 4.5). The person's habits decide the rest and how long each step takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sandbox import alarms, bulk, chance, happenings, health, reputation, tally, world
from sandbox.event_shapes import failed_news, message_news
from sandbox.events import tell
from sandbox.happenings import Payload, handles, happening
from sandbox.models import Chat, Happening, Message
from sandbox.people import answers, habits, hours
from sandbox.people.pace import DELIVERED, READ, SENT, quick

RECEIPTS = frozenset({"iMessage", "RCS"})


def accepted(message: Message) -> Happening:
    """What has to be planned when a message is accepted, before the chat counts it."""
    chat = message.chat
    delay = chance.between(*SENT, world.current().seed, "sent", chat.reuse_key, chat.outbound + 1)
    return _step("message.send", alarms.later(message.created_at, delay), message)


@handles("message.send", together=True)
def _send(payloads: Sequence[Payload]) -> None:
    due, news, changed, opened = [], [], [], []
    times = moments(payloads)
    messages = find(payloads, status="pending")
    for message in messages:
        chat, peer, at = message.chat, message.chat.peer, times[message.id]
        habit = habits.of(peer) if peer else None
        message.service = _service(message, chat)
        message.updated_at = at
        changed.append(message)
        if chat.first_outbound_at == message.created_at:
            opened.append((chat.line_id, at))
        if message.service is None or (habit and not habit.reachable):
            message.service = message.service or "iMessage"
            message.delivery_status = "failed"
            _count(chat, at, arrives=False)
            news.append(replace(failed_news(chat, message, 4001, "Message send failed", at), at=at))
            continue
        message.delivery_status = "sent"
        message.sent_at = at
        arrives = habit is None or not (habit.blocks or chat.stance == "blocked")
        _count(chat, at, arrives=arrives)
        news.append(replace(message_news("sent", chat, message.sender, message, message.sender), at=at))
        if arrives:
            due += _after_sent(message, habit, at)
    bulk.save(changed, ["service", "delivery_status", "sent_at", "updated_at"])
    bulk.save([each.chat for each in changed], ["rapid", "undelivered", "last_sent_at", "health", "health_at"])
    tally.add(
        tally.Of(each.chat.line_id, times[each.id], sent=1, failed=int(each.delivery_status == "failed"))
        for each in changed
    )
    tell(news)
    sent = [(each.chat.line_id, times[each.id]) for each in changed]
    happenings.plan(due + reputation.after_sending(sent, opened))


def _count(chat: Chat, at: datetime, *, arrives: bool) -> None:
    rapid = chat.last_sent_at is not None and at - chat.last_sent_at < health.MODEL.rapid_within and chat.unanswered > 1
    chat.rapid = chat.rapid + 1 if rapid else 0
    chat.undelivered = 0 if arrives else chat.undelivered + 1
    chat.last_sent_at = at
    health.note(chat, at)


def _service(message: Message, chat: Chat) -> str | None:
    """The service a message goes by; None when it was to be iMessage or nothing and they have no iMessage."""
    best = chat.service
    preferred = message.preferred_service
    if preferred == "iMessage":
        return "iMessage" if best == "iMessage" else None
    if preferred in {"RCS", "SMS"}:
        return "SMS" if best == "SMS" else "RCS"  # SMS is upgraded to RCS where there is RCS (linq-v3, 3.4)
    return best


def _after_sent(message: Message, habit: habits.Habits | None, at: datetime) -> list[Happening]:
    chat, peer, seed = message.chat, message.chat.peer, world.current().seed
    if peer is None or habit is None:
        return answers.of_a_group(message, at)
    if message.service in RECEIPTS:
        delay = chance.between(*DELIVERED, seed, "delivered", peer.handle, chat.outbound)
        return [_step("message.deliver", alarms.later(at, delay), message)]
    # There are no receipts on SMS, but they read it all the same.
    return answers.of_one(message, read_at(message, habit, at), sms=True) if _reads(message, habit) else []


def _reads(message: Message, habit: habits.Habits) -> bool:
    chat, peer = message.chat, message.chat.peer
    if peer is None or chat.stance != "open":
        return False
    return chance.share(world.current().seed, "reads", peer.handle, chat.outbound) < habit.reads


def read_at(message: Message, habit: habits.Habits, at: datetime) -> datetime:
    """When the person reads a message that reached them at this moment."""
    chat, peer = message.chat, message.chat.peer
    assert peer is not None  # noqa: S101 - of a direct chat
    if habit.read_after:
        delay = chance.around(habit.read_after, 1.0, world.current().seed, "read", peer.handle, chat.outbound)
        return hours.awake_at(alarms.later(at, delay), habit.zone, habit.wakes, habit.sleeps)
    if message.service not in RECEIPTS:
        return at
    return alarms.later(at, quick(READ, habit, peer, chat, "read"))


def _step(kind: str, at: datetime, message: Message) -> Happening:
    return happening(kind, at, message=str(message.id), subject=str(message.chat_id))


@handles("message.deliver", together=True)
def _deliver(payloads: Sequence[Payload]) -> None:
    due, news = [], []
    times = moments(payloads)
    messages = find(payloads, status="sent")
    for message in messages:
        chat, peer, at = message.chat, message.chat.peer, times[message.id]
        assert peer is not None  # noqa: S101 - only direct chats get here
        habit = habits.of(peer)
        message.delivery_status = "delivered"
        message.delivered_at = message.updated_at = at
        news.append(replace(message_news("delivered", chat, message.sender, message, message.sender), at=at))
        if _reads(message, habit):
            due.append(_step("message.read", read_at(message, habit, at), message))
    bulk.save(messages, ["delivery_status", "delivered_at", "updated_at"])
    tell(news)
    happenings.plan(due)


@handles("message.read", together=True)
def _read(payloads: Sequence[Payload]) -> None:
    happenings.plan(mark_read(find(payloads, status="delivered"), moments(payloads)))


def mark_read(messages: Sequence[Message], times: dict[UUID, datetime]) -> list[Happening]:
    """The person reads these delivered messages. Returns what they are going to do about them."""
    due, news = [], []
    for message in messages:
        chat, at = message.chat, times[message.id]
        message.delivery_status = "read"
        message.read_at = message.updated_at = at
        news.append(replace(message_news("read", chat, message.sender, message, message.sender), at=at))
        due += answers.of_one(message, at, sms=False)
    bulk.save(messages, ["delivery_status", "read_at", "updated_at"])
    tell(news)
    return due


def moments(payloads: Sequence[Payload]) -> dict[UUID, datetime]:
    """When each message's happening is."""
    return {UUID(payload["message"]): payload["at"] for payload in payloads}


def find(payloads: Sequence[Payload], *, status: str | None = None) -> list[Message]:
    """The messages of a batch with chat, line, peer and sender, in the order they came; chats are shared objects."""
    return answers.find([UUID(payload["message"]) for payload in payloads], status=status)
