"""Polls: made, added to, voted on. iMessage only; options are only ever added (linq-v3, 1.6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sandbox import chance, clock, ids, world
from sandbox.events import tell
from sandbox.models import Chat, Message, Participant, PollOption, PollVote
from sandbox.poll_shapes import poll_updated_news, vote_news


def poll_part(texts: Sequence[str]) -> dict[str, Any]:
    """What a poll's message is kept as: its options make it the same as another, or not."""
    return {"type": "poll", "options": list(texts)}


def put_options(message: Message, creator: Participant, texts: Sequence[str]) -> list[PollOption]:
    """Add options after those a poll has."""
    taken = message.poll_options.count()
    return PollOption.objects.bulk_create(
        [
            PollOption(message=message, creator=creator, position=taken + number, text=text)
            for number, text in enumerate(texts)
        ]
    )


def add_options(
    chat: Chat, me: Participant, message: Message, creator: Participant, texts: Sequence[str], trace_id: str
) -> None:
    """Somebody in the chat adds options. `me` is our line in it."""
    added = put_options(message, creator, texts)
    _touch(message, clock.now())
    tell([poll_updated_news(chat, me, message, creator, added, trace_id)])


def vote(
    chat: Chat, me: Participant, option: PollOption, voter: Participant, at: datetime, trace_id: str, *, add: bool
) -> bool:
    """Somebody votes for an option or takes their vote back. What is so already stays so, and nobody is told.

    `me` is our line in the chat. Returns whether anything changed.
    """
    if add:
        _, changed = PollVote.objects.get_or_create(option=option, participant=voter, defaults={"voted_at": at})
    else:
        changed = bool(PollVote.objects.filter(option=option, participant=voter).delete()[0])
    if changed:
        _touch(option.message, at)
        tell([replace(vote_news(chat, me, option, voter, trace_id, added=add), at=at)])
    return changed


def answer(message: Message, voter: Participant, at: datetime) -> None:
    """A simulated person answers a poll of ours: with a vote for one of its options."""
    options = list(message.poll_options.select_related("message__sender").order_by("position"))
    chosen = chance.one_of(options, world.current().seed, "vote", voter.handle, message.chat.outbound)
    vote(message.chat, message.sender, chosen, voter, at, ids.trace(), add=True)


def _touch(message: Message, at: datetime) -> None:
    message.updated_at = at
    message.save(update_fields=["updated_at"])
