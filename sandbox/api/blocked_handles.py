"""The account's blocklist."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from chats.v3.handles import InvalidHandle, clean_sender
from chats.v3.times import format_time
from sandbox import blocklist
from sandbox.api import base
from sandbox.api.errors import ApiError
from sandbox.models import BlockedHandle

# Assumption (8.2 10): the longest reason.
MAX_REASON = 500


class BlockedHandles(base.ApiView):
    """GET, POST and DELETE /v3/blocked_handles; DELETE takes a JSON body."""

    def get(self, request: Request) -> Response:
        """The whole list, newest first."""
        rows = BlockedHandle.objects.order_by("-blocked_at", "-id")
        return Response({"blocked_handles": [_shape(row) for row in rows]})

    def post(self, request: Request) -> Response:
        """Block a handle, or keep it blocked. Assumption (8.2 1): 200."""
        body = base.json_object(request)
        row = blocklist.block(_sender(body.get("handle")), _reason(body.get("reason")))
        return Response({"blocked_handle": _shape(row)})

    def delete(self, request: Request) -> Response:
        """Let a handle in again: 204, whether it was blocked or not."""
        blocklist.unblock(_sender(base.json_object(request).get("handle")))
        return Response(status=204)


def _sender(value: object) -> str:
    """A handle, a short code or an alphanumeric sender, in the one form it is compared in."""
    if value is None:
        raise ApiError(1001, "handle is required")
    if not isinstance(value, str):
        raise ApiError(1003, "handle must be a string")
    try:
        return clean_sender(value.strip())
    except InvalidHandle as wrong:
        raise ApiError(1002, f"handle: {wrong}") from None


def _reason(value: object) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise ApiError(1003, "reason must be a string")
    if len(value) > MAX_REASON or not base.is_clean(value):
        raise ApiError(1005, f"reason must have at most {MAX_REASON} characters")
    return value


def _shape(row: BlockedHandle) -> dict[str, Any]:
    return {"handle": row.handle, "blocked_at": format_time(row.blocked_at), "reason": row.reason}
