"""Where the people of a chat are."""

from __future__ import annotations

from django.db import transaction
from rest_framework.request import Request
from rest_framework.response import Response

from sandbox import limits, location
from sandbox.api import base, sending
from sandbox.api.chats import find_chat
from sandbox.api.errors import ApiError


class Location(base.ApiView):
    """GET and DELETE /v3/chats/{chatId}/location."""

    def get(self, request: Request, chat_id: str) -> Response:
        """Everybody in the chat who shares their location; nobody is no error."""
        features = [location.feature(share) for share in location.shares_in(find_chat(chat_id))]
        return Response({"success": True, "data": {"type": "FeatureCollection", "features": features}})

    def delete(self, request: Request, chat_id: str) -> Response:
        """Stop seeing where somebody is, in every chat with them: 202."""
        chat = find_chat(chat_id)
        handle = base.handle(base.json_object(request).get("handle"), "handle")
        sending.check_open(chat)
        share = next((each for each in location.shares_in(chat) if each.person.handle == handle), None)
        if share is None:
            # Assumption (8.2 3): no code is documented for this; it conflicts with the state of the chat.
            raise ApiError(2015, f"{handle} is not sharing their location", status=404)
        with transaction.atomic():
            location.ask_to_stop(share)
        return Response({"success": True, "message": "Location sharing stop queued"}, status=202)


class LocationRequest(base.ApiView):
    """POST /v3/chats/{chatId}/location/request."""

    def post(self, request: Request, chat_id: str) -> Response:
        """Ask the person of a direct chat to share their location. Assumption (8.2 1): 200."""
        chat = find_chat(chat_id)
        if chat.is_group:
            raise ApiError(2016, "Location cannot be requested in a group")
        if chat.service != "iMessage":
            raise ApiError(2017, "Location can be requested in iMessage chats only")
        sending.check_open(chat)
        if location.shares_in(chat):
            raise ApiError(2015, "The recipient is already sharing their location")
        with transaction.atomic():
            limits.spend(limits.LOCATION_REQUEST, str(chat.id))
            location.ask(chat)
        return Response({"success": True, "message": "Location request sent"})
