"""POST /v3/messages: a send that names the people only; line and chat are chosen for it (linq-v3, 1.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from chats.v3.content import check_message
from sandbox import choosing
from sandbox.api import answers, base, sending, shapes
from sandbox.api.chats import make_chat, own_handle, recipients
from sandbox.api.errors import ApiError
from sandbox.event_shapes import chat_created_news
from sandbox.events import tell
from sandbox.models import Chat, Line
from sandbox.models.chat import identity

REUSED, NEW, FAILOVER = "reused_active_chat", "new_best_number", "failover_flagged"


@dataclass(frozen=True)
class Choice:
    """The chat a message goes into, and why that one."""

    chat: Chat
    reason: str
    previous: Chat | None = None


class Messages(base.ApiView):
    """POST /v3/messages."""

    def post(self, request: Request) -> Response:
        """Send to a set of people, in the chat they have or in a new one on the best line: always 202."""
        body = base.json_object(request)
        message = sending.message_of(body)
        handles = recipients(body)
        is_group = len(handles) > 1
        sending.check_content(message, opens_chat=False, is_group=is_group)
        continuation = _continuation(body)
        excluded = _excluded(body)
        override = base.boolean(body, "override_optout")
        key = answers.key_of(request, message)

        def act() -> answers.Outcome:
            choice = _choose(handles, excluded, message)
            chat = choice.chat
            sent = message if choice.previous is None or continuation is None else continuation
            everybody = [chat.line.phone_number, *handles]
            sending.check_content(sent, opens_chat=False, is_group=is_group, participants=everybody)
            sending.check_may_send(request, chat, override_optout=override)
            row = sending.take(request, chat, own_handle(chat), sent, key)
            members = list(chat.participants.order_by("-is_me", "joined_at", "handle"))
            if choice.reason != REUSED:
                tell([chat_created_news(chat, members, base.trace_id(request))])
            return answers.Outcome(
                202,
                {
                    "chat_id": str(chat.id),
                    "created_new_chat": choice.reason != REUSED,
                    "from": chat.line.phone_number,
                    "from_selection": {"reason": choice.reason, "reused_existing_chat": choice.reason == REUSED},
                    "handles": [shapes.handle(each, chat.line.line_type) for each in members],
                    "is_group": chat.is_group,
                    "message": shapes.sent_message(row, members[0]),
                    "service": chat.service,
                    "previous_chat_id": None if choice.previous is None else str(choice.previous.id),
                },
            )

        # A family of its own: its answers have another shape than those of the other two sends.
        return answers.once("sends", key, act)


def _choose(handles: list[str], excluded: Sequence[str], message: Mapping[str, Any]) -> Choice:
    """The chat with exactly these people that was active last, on a line that can send, or else a new one.

    A line that is excluded is only passed over where another chat can be used; a live chat is never abandoned.
    """
    keys = [identity(number, handles) for number in Line.objects.values_list("phone_number", flat=True)]
    theirs = list(Chat.objects.select_related("line", "peer").filter(reuse_key__in=keys).order_by("-updated_at", "-id"))
    usable = [chat for chat in theirs if chat.line.status != "FLAGGED"]
    if usable:
        kept = [chat for chat in usable if chat.line.phone_number not in excluded]
        return Choice((kept or usable)[0], REUSED)
    line = _best_line(excluded, message)
    chat = make_chat(line, handles, identity(line.phone_number, handles))
    return Choice(chat, FAILOVER, theirs[0]) if theirs else Choice(chat, NEW)


def _best_line(excluded: Sequence[str], message: Mapping[str, Any]) -> Line:
    """The line for a new chat. One of the type RCS never sends iMessage, so it is no choice where that is asked for."""
    wanted = "iMessage" if message.get("preferred_service") == "iMessage" else None
    usable = choosing.usable(line_type=wanted)
    if not usable:
        # Assumption (8.2 2): the code of a line that cannot send, with the status that is documented for this.
        raise ApiError(2027, "No line can send right now", status=409)
    kept = [line for line in usable if line.phone_number not in excluded]
    if not kept:
        raise ApiError(1005, "exclude_from leaves no line to send from")
    return kept[0]


def _continuation(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The message that goes out instead when the line had to be changed: one text, checked here at once.

    Assumption (8.2): nothing of the message is kept for it, neither an effect nor the service preferred.
    """
    given = body.get("continuation_message")
    if given is None:
        return None
    if not isinstance(given, dict):
        raise ApiError(1003, "continuation_message must be an object")
    if given.get("text") is None:
        raise ApiError(1001, "continuation_message.text is required")
    message = {"parts": [{"type": "text", "value": given["text"]}]}
    for wrong in check_message(message):
        raise ApiError(wrong.code, f"continuation_message: {wrong.message}")
    return message


def _excluded(body: Mapping[str, Any]) -> list[str]:
    given = body.get("exclude_from")
    if given is None:
        return []
    if not isinstance(given, list):
        raise ApiError(1003, "exclude_from must be a list of phone numbers")
    return [base.phone(each, "exclude_from") for each in given]
