"""Changing an app card: checked, then refused, because this account has no app cards."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from chats.v3.card_rules import check_app_card
from chats.v3.violation import Place
from sandbox.api import base
from sandbox.api.errors import ApiError
from sandbox.api.messages import find_message

# What the request leaves out comes from the card that is changed.
INHERITED = {"name": "App", "team_id": "AAAAAAAAAA", "bundle_id": "app"}


class UpdateCard(base.ApiView):
    """POST /v3/messages/{messageId}/update."""

    def post(self, request: Request, message_id: str) -> Response:
        """Always an error: of the body, of the message, or that the feature is not available."""
        body = base.json_object(request)
        if body.get("layout") is None:
            raise ApiError(1001, "layout is required")
        card = {"app": body.get("app", INHERITED), "layout": body["layout"], "url": body.get("url")}
        for wrong in check_app_card(card, Place(0)):
            raise ApiError(wrong.code, wrong.message)
        base.boolean(body, "interactive", True)
        find_message(message_id)
        raise ApiError(2011, "App cards are not available for this account")
