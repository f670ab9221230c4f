"""Polls in the shapes of the API and of events (linq-v3, 1.6 and 4.5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from chats.v3.times import format_time
from sandbox.api import shapes
from sandbox.events import News
from sandbox.models import Chat, Message, Participant, PollOption, Reaction

# which moments each stage of a poll names
_STAGES = {
    "sent": ("sent_at",),
    "delivered": ("sent_at", "delivered_at"),
    "read": ("sent_at", "delivered_at", "read_at"),
}
_MOMENTS = _STAGES["read"]


def envelope(chat: Chat, message: Message) -> dict[str, Any]:
    """A PollEnvelope: what every endpoint of polls answers."""
    reactions = Reaction.objects.filter(message=message).select_related("participant").order_by("created_at", "id")
    return {
        "chat_id": str(chat.id),
        "message_id": str(message.id),
        "created_at": format_time(message.created_at),
        "updated_at": format_time(message.updated_at),
        "poll": poll(chat, message),
        "reactions": [shapes.reaction(row) for row in reactions],
    }


def poll(chat: Chat, message: Message) -> dict[str, Any]:
    """The options of a poll in their order, and how many people voted at all."""
    shown = _options(chat, message.poll_options.all())
    voters = {voter["handle"] for option in shown for voter in option["voters"]}
    return {"options": shown, "total_voters": len(voters)}


def _options(chat: Chat, rows: Any) -> list[dict[str, Any]]:
    found = rows.select_related("creator").prefetch_related("votes__participant").order_by("position")
    return [
        {
            "option_id": str(row.id),
            "text": row.text,
            # Assumption (8.2): options are only ever added, so none can be edited.
            "can_be_edited": False,
            "creator_handle": shapes.handle(row.creator, chat.line.line_type),
            "voters": [
                {"handle": vote.participant.handle, "voted_at": format_time(vote.voted_at)}
                for vote in sorted(row.votes.all(), key=lambda vote: (vote.voted_at, vote.id))
            ],
        }
        for row in found
    ]


def poll_stage_news(stage: str, chat: Chat, me: Participant, message: Message, sender: Participant) -> News:
    """`poll.sent`, `.received`, `.delivered` or `.read`; the same in both versions."""
    data = {
        **_about(chat, me, message, sender),
        "poll": poll(chat, message),
        "created_at": format_time(message.created_at),
        "updated_at": format_time(message.updated_at),
    }
    if stage == "received":
        # The SDK's type names this moment, and none of the others.
        data["received_at"] = format_time(message.created_at)
    else:
        named = _STAGES[stage]
        data |= {name: shapes.when(getattr(message, name)) if name in named else None for name in _MOMENTS}
    return replace(_news(f"poll.{stage}", chat, message.trace_id, data), actor=None if sender.is_me else sender.handle)


def poll_failed_news(chat: Chat, message: Message, code: int, reason: str, at: datetime) -> News:
    """`poll.failed`."""
    me = message.sender
    data = _about(chat, me, message, me)
    data |= {
        "poll": poll(chat, message),
        "error": {"code": code, "message": reason},
        "failed_at": format_time(at),
    }
    return _news("poll.failed", chat, message.trace_id, data)


def poll_updated_news(
    chat: Chat, me: Participant, message: Message, creator: Participant, added: Sequence[PollOption], trace_id: str
) -> News:
    """`poll.updated`: these options were added by `creator`.

    The sender is our line whoever it was, and the direction is that of the update (the SDK's words for this event).
    """
    rows = PollOption.objects.filter(id__in=[option.id for option in added])
    data = {**_about(chat, me, message, me), "added_options": _options(chat, rows)}
    data["direction"] = "outbound" if creator.is_me else "inbound"
    return replace(_news("poll.updated", chat, trace_id, data), actor=creator.handle)


def vote_news(
    chat: Chat, me: Participant, option: PollOption, voter: Participant, trace_id: str, *, added: bool
) -> News:
    """`poll.vote.added` or `poll.vote.removed`; the sender is the voter, and `me` our line in the chat."""
    data = {**_about(chat, me, option.message, voter), "option_id": str(option.id)}
    # The direction is that of the vote, not of the poll.
    data["direction"] = "outbound" if voter.is_me else "inbound"
    return replace(_news(f"poll.vote.{'added' if added else 'removed'}", chat, trace_id, data), actor=voter.handle)


def _about(chat: Chat, me: Participant, message: Message, sender: Participant) -> dict[str, Any]:
    return {
        "message_id": str(message.id),
        "chat": {
            "id": str(chat.id),
            "is_group": chat.is_group,
            "owner_handle": shapes.handle(me, chat.line.line_type),
        },
        "direction": "outbound" if message.is_from_me else "inbound",
        "sender_handle": shapes.handle(sender, chat.line.line_type),
        "service": message.service or chat.service,
    }


def _news(kind: str, chat: Chat, trace_id: str, data: dict[str, Any]) -> News:
    return News(type=kind, phone_number=chat.line.phone_number, trace_id=trace_id, chat_id=chat.id, data=data)
