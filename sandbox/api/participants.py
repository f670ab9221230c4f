"""Participants of a group, and typing."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from sandbox import groups
from sandbox.api import base, eligibility, sending
from sandbox.api.chats import find_chat


class Participants(base.ApiView):
    """POST and DELETE /v3/chats/{chatId}/participants; both take a JSON body."""

    def post(self, request: Request, chat_id: str) -> Response:
        """Ask for somebody to be added."""
        chat = find_chat(chat_id)
        handle = base.handle(base.json_object(request).get("handle"), "handle")
        sending.check_open(chat)
        groups.check_add(chat, handle)
        if chat.line.inbound_first:  # whoever is added is written to by the next message
            eligibility.check_they_wrote(chat, handle)
        groups.ask_for("group.add", chat, base.trace_id(request), handle=handle)
        return Response(base.accepted(request, "Participant addition queued"), status=202)

    def delete(self, request: Request, chat_id: str) -> Response:
        """Ask for somebody to be removed."""
        chat = find_chat(chat_id)
        handle = base.handle(base.json_object(request).get("handle"), "handle")
        sending.check_open(chat)
        groups.check_remove(chat, handle)
        groups.ask_for("group.remove", chat, base.trace_id(request), handle=handle)
        return Response(base.accepted(request, "Participant removal queued"), status=202)


class Typing(base.ApiView):
    """POST and DELETE /v3/chats/{chatId}/typing: our line types. Nobody is told of it by an event."""

    def post(self, request: Request, chat_id: str) -> Response:
        """Start typing."""
        sending.check_open(find_chat(chat_id))
        return Response(status=204)

    def delete(self, request: Request, chat_id: str) -> Response:
        """Stop typing."""
        sending.check_open(find_chat(chat_id))
        return Response(status=204)
