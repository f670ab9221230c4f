"""What a member does with a group: gives it a name or an icon, adds somebody, leaves."""

from __future__ import annotations

from django.db import transaction
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from sandbox import groups, ids
from sandbox.api import base, pictures
from sandbox.api.errors import ApiError
from sandbox.control import who


class RenameGroup(APIView):
    """POST /sandbox/people/{handle}/rename_group `{chat_id, name}`."""

    def post(self, request: Request, handle: str) -> Response:
        """Let a member give a group another name."""
        body = base.json_object(request)
        name = body.get("name")
        if not isinstance(name, str) or not name:
            raise ApiError(1001, "name is required")
        with transaction.atomic():
            chat, member = who.group_member(body, base.handle(handle, "handle"))
            groups.rename(chat, name, ids.trace(), by=member.handle)
        return Response({"chat_id": str(chat.id), "display_name": chat.display_name})


class ChangeIcon(APIView):
    """POST /sandbox/people/{handle}/change_icon `{chat_id, url}`."""

    def post(self, request: Request, handle: str) -> Response:
        """Let a member give a group another icon."""
        body = base.json_object(request)
        url = pictures.address(body.get("url"), "url")
        with transaction.atomic():
            chat, member = who.group_member(body, base.handle(handle, "handle"))
            groups.change_icon(chat, url, ids.trace(), by=member.handle)
        return Response({"chat_id": str(chat.id), "group_chat_icon": chat.icon})


class Add(APIView):
    """POST /sandbox/people/{handle}/add `{chat_id, handle}`."""

    def post(self, request: Request, handle: str) -> Response:
        """Let a member add somebody to an iMessage group: a person, or our line, which left it."""
        body = base.json_object(request)
        newcomer = base.handle(body.get("handle"), "handle")
        with transaction.atomic():
            chat, _ = who.group_member(body, base.handle(handle, "handle"))
            if newcomer == chat.line.phone_number and chat.left_at is not None:
                groups.require_members_can_change(chat)
            else:
                groups.check_add(chat, newcomer)
            groups.add(chat, newcomer, ids.trace())
        return Response({"chat_id": str(chat.id), "added": newcomer})


class Leave(APIView):
    """POST /sandbox/people/{handle}/leave `{chat_id}`."""

    def post(self, request: Request, handle: str) -> Response:
        """Let a member leave a group."""
        with transaction.atomic():
            chat, member = who.group_member(base.json_object(request), base.handle(handle, "handle"))
            groups.part(chat, member.handle, "left", ids.trace())
        return Response({"chat_id": str(chat.id), "left": member.handle})
