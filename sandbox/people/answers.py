"""What people do about a message they have read: answer, react, opt out, report; and in groups, rename and leave."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sandbox import alarms, bulk, chance, happenings, health, ids, polls, reputation, tally, world
from sandbox.event_shapes import reaction_news, typing_news
from sandbox.events import tell
from sandbox.happenings import Payload, handles, happening
from sandbox.inbound import COUNTERS, Said, receive
from sandbox.models import Chat, Happening, Line, Message, Participant, Reaction
from sandbox.people import habits, hours, words
from sandbox.people.habits import Habits
from sandbox.people.pace import ANSWER, GROUP_ANSWER, REACTION, SMS_ANSWER, TYPING, quick

GROUP_ANSWERS_SHARE = 0.6
TAPBACKS = ("love", "like", "laugh", "emphasize")


def of_one(message: Message, at: datetime, *, sms: bool) -> list[Happening]:
    """What the person of a direct chat is going to do about a message that they read at this moment."""
    chat, peer, seed = message.chat, message.chat.peer, world.current().seed
    assert peer is not None  # noqa: S101 - of a direct chat
    habit = habits.of(peer)
    if chat.stance != "open":
        return []

    def happens(what: str, share: float) -> bool:
        return chance.share(seed, what, peer.handle, chat.outbound) < share

    # Every message that they have not answered makes it likelier that they have had enough.
    if chat.inbound == 0 and happens("reports", habit.reports * max(1, chat.unanswered)):
        return [_act("people.report", alarms.later(at, 5), message)]
    if happens("opts out", habit.opts_out * max(1, chat.unanswered)):
        return [_act("people.opt_out", alarms.later(at, _pause(ANSWER, habit, message, "opt out")), message)]
    due = []
    if not sms and happens("reacts", habit.reacts):
        due.append(_act("people.react", alarms.later(at, _pause(REACTION, habit, message, "react")), message))
    if happens("replies", habit.replies * habit.patience ** max(0, chat.unanswered - 1)):
        due.append(_answer_to_come(message, habit, at, sms=sms))
    return due


def _answer_to_come(message: Message, habit: Habits, at: datetime, *, sms: bool) -> Happening:
    if habit.reply_after:
        begin = alarms.later(at, _pause(TYPING, habit, message, "type", of=habit.reply_after))
        begin = hours.awake_at(begin, habit.zone, habit.wakes, habit.sleeps)
    elif sms:
        return _planned_answer(message, alarms.later(at, _pause(SMS_ANSWER, habit, message, "sms")))
    else:
        begin = alarms.later(at, _pause(TYPING, habit, message, "type"))
    if sms:
        return _planned_answer(message, begin)
    # One answer at a time per chat: a burst of messages is answered once.
    return _act("people.type", begin, message, key=f"type:{_turn(message)}")


def _pause(step: tuple[float, float], habit: Habits, message: Message, what: str, *, of: float = 0.0) -> float:
    """Seconds before the next step: about `of`, or those of a quick person."""
    chat, peer = message.chat, message.chat.peer
    assert peer is not None  # noqa: S101 - of a direct chat
    if of:
        return chance.around(of, 1.0, world.current().seed, what, peer.handle, chat.outbound)
    return quick(step, habit, peer, chat, what)


def _act(kind: str, at: datetime, message: Message, *, key: str | None = None) -> Happening:
    return happening(kind, at, key=key, message=str(message.id), subject=str(message.chat_id))


def _planned_answer(message: Message, at: datetime) -> Happening:
    return _act("people.answer", at, message, key=f"answer:{_turn(message)}")


def _turn(message: Message) -> UUID:
    """What is answered once: a chat, however much was said in it, and every poll."""
    return message.id if message.kind == "poll" else message.chat_id


def of_a_group(message: Message, at: datetime) -> list[Happening]:
    """What the members of a group are going to do about a message."""
    chat, seed = message.chat, world.current().seed
    name = chat.reuse_key or chat.id
    due = []
    if chance.share(seed, "group answers", chat.reuse_key, chat.outbound) < GROUP_ANSWERS_SHARE:
        delay = chance.between(*GROUP_ANSWER, seed, "group answer", chat.reuse_key, chat.outbound)
        due.append(_planned_answer(message, alarms.later(at, delay)))
    delay = chance.between(60, 3600, seed, "group moves", name, chat.outbound)
    due.append(happening("people.move_in_group", alarms.later(at, delay), key=f"move:{chat.id}", chat=str(chat.id)))
    return due


@handles("people.type", together=True)
def _type(payloads: Sequence[Payload]) -> None:
    due, news = [], []
    times = _moments(payloads)
    messages = find(times)
    members = others(message.chat_id for message in messages)
    for message in messages:
        chat, peer, at = message.chat, message.chat.peer, times[message.id]
        assert peer is not None  # noqa: S101 - nobody is seen typing in a group
        habit = habits.of(peer)
        shows = chance.share(world.current().seed, "types", peer.handle, chat.outbound) < habit.types
        if message.service == "iMessage" and shows:
            news.append(replace(typing_news(chat, members[chat.id][0], True, ids.trace()), at=at))
        typing = 6.0 if habit.reply_after else 0.0
        due.append(_planned_answer(message, alarms.later(at, _pause(ANSWER, habit, message, "answer", of=typing))))
    tell(news)
    happenings.plan(due)


@handles("people.answer", together=True)
def _answer(payloads: Sequence[Payload]) -> None:
    seed = world.current().seed
    times = _moments(payloads)
    messages = find(times)
    members = others(message.chat_id for message in messages)
    said, typed = [], []
    for message in messages:
        chat, at = message.chat, times[message.id]
        choices = [each for each in members.get(chat.id, []) if each.person]
        if chat.left_at is not None or not choices or chat.stance != "open":
            continue
        sender = chance.one_of(choices, seed, "who answers", chat.reuse_key, chat.outbound)
        if message.kind == "poll":
            polls.answer(message, sender, at)
        else:
            text = words.answer_to(message.parts, seed, sender.handle, chat.outbound)
            said.append(Said(chat, sender, text, at))
        if not chat.is_group and message.service == "iMessage":
            typed.append(replace(typing_news(chat, sender, False, ids.trace()), at=at))
    if said:
        receive(said, said[0].at or times[messages[0].id])
    tell(typed)


@handles("people.react", together=True)
def _react(payloads: Sequence[Payload]) -> None:
    seed = world.current().seed
    times = _moments(payloads)
    messages = find(times)
    members = others(message.chat_id for message in messages)
    tapbacks = []
    for message in messages:
        participant = members[message.chat_id][0]
        kind = chance.one_of(TAPBACKS, seed, "tapback", participant.handle, message.chat.outbound)
        tapbacks.append(Tapback(message, participant, kind, times[message.id]))
    react(tapbacks)


@dataclass(frozen=True)
class Tapback:
    """Somebody's reaction to a message of ours."""

    message: Message
    participant: Participant
    kind: str
    at: datetime
    emoji: str | None = None


def react(tapbacks: Sequence[Tapback]) -> list[Reaction]:
    """People put tapbacks on our messages, which count as replies. Whoever did so already leaves theirs as it is."""
    known = set(
        Reaction.objects.filter(message__in=[each.message for each in tapbacks], part_index=0).values_list(
            "message_id", "participant_id"
        )
    )
    new = [each for each in tapbacks if (each.message.id, each.participant.id) not in known]
    reactions = [
        Reaction(
            id=ids.new(),
            message=each.message,
            participant=each.participant,
            type=each.kind,
            custom_emoji=each.emoji,
            created_at=each.at,
        )
        for each in new
    ]
    Reaction.objects.bulk_create(reactions)
    for each in new:
        chat = each.message.chat
        chat.tapbacks += 1
        health.answered(chat)
        health.note(chat, each.at)
    bulk.save([each.message.chat for each in new], ["tapbacks", *COUNTERS])
    tally.add(tally.Of(each.message.chat.line_id, each.at, received=1) for each in new)
    tell(
        [
            replace(reaction_news(each.message.chat, each.message, reaction, ids.trace()), at=each.at)
            for each, reaction in zip(new, reactions, strict=True)
        ]
    )
    return reactions


def take_back(message: Message, participant: Participant) -> bool:
    """Somebody takes their tapback off a message of ours; false when they have none there."""
    row = message.reactions.filter(participant=participant, part_index=0).exclude(type="sticker").first()
    if row is None:
        return False
    row.participant, news = participant, []
    if message.kind != "poll":  # there is no event for it
        news = [reaction_news(message.chat, message, row, ids.trace(), removed=True)]
    row.delete()
    tell(news)
    return True


@handles("people.opt_out", together=True)
def _opt_out(payloads: Sequence[Payload]) -> None:
    seed = world.current().seed
    times = _moments(payloads)
    messages = find(times)
    members = others(message.chat_id for message in messages)
    for message in messages:
        sender = members[message.chat_id][0]
        habit = habits.of(sender.person) if sender.person else None
        keyword = habit is None or chance.share(seed, "keyword", sender.handle) < habit.keyword
        opt_out(message.chat, sender, times[message.id], keyword=keyword)


def opt_out(chat: Chat, sender: Participant, at: datetime, *, keyword: bool) -> Message | None:
    """A person asks us to stop, by a keyword or in words, and reads no more. Returns what they said, if heard."""
    choices = words.KEYWORDS if keyword else words.STOP_WORDS
    text = chance.one_of(choices, world.current().seed, "stop", sender.handle, chat.outbound)
    heard = receive([Said(chat, sender, text, at)], at)
    if not chat.is_group:
        chat.stance = "stopped"
        bulk.save([chat], ["stance"])
    return heard[0] if heard else None


@handles("people.report", together=True)
def _report(payloads: Sequence[Payload]) -> None:
    times = _moments(payloads)
    for message in find(times):
        report(message.chat, times[message.id])


def report(chat: Chat, at: datetime) -> None:
    """A person reports our line as junk, and blocks it: nothing of ours arrives there any more."""
    chat.stance = "blocked"
    bulk.save([chat], ["stance"])
    tally.add([tally.Of(chat.line_id, at, reports=1)])
    happenings.plan([reputation.review_soon(chat.line_id, at)])


def find(wanted: Iterable[UUID], *, status: str | None = None) -> list[Message]:
    """These messages with chat, line, peer and sender, in the order they came; chats are shared objects."""
    rows = Message.objects.filter(id__in=list(wanted)).select_related("chat__peer", "sender")
    if status:
        rows = rows.filter(delivery_status=status)
    chats: dict[UUID, Chat] = {}
    messages = list(rows.order_by("created_at", "id"))
    for message in messages:
        message.chat = chats.setdefault(message.chat_id, message.chat)
    # Few lines have many chats, so they are read by themselves rather than with each message.
    lines = Line.objects.in_bulk({chat.line_id for chat in chats.values()})
    for chat in chats.values():
        chat.line = lines[chat.line_id]
    return messages


def others(chat_ids: Iterable[UUID]) -> dict[UUID, list[Participant]]:
    """Who else is in these chats now, in the order of their handles."""
    found: dict[UUID, list[Participant]] = {}
    rows = Participant.objects.filter(chat_id__in=set(chat_ids), is_me=False, status="active")
    for row in rows.select_related("person").order_by("handle"):
        found.setdefault(row.chat_id, []).append(row)
    return found


def _moments(payloads: Sequence[Payload]) -> dict[UUID, datetime]:
    return {UUID(payload["message"]): payload["at"] for payload in payloads}
