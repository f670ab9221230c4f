"""Contact cards: the name and picture a line has, and sharing them in a chat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from rest_framework.request import Request
from rest_framework.response import Response

from sandbox import account_events, clock, limits
from sandbox.api import base, pictures, sending
from sandbox.api.chats import find_chat
from sandbox.api.errors import ApiError
from sandbox.events import tell
from sandbox.models import ContactCard, Line

# Assumption (8.2 10): the longest name.
MAX_NAME = 255
NO_CARD = "There is no active contact card for this number"


class ContactCards(base.ApiView):
    """GET, POST and PATCH /v3/contact_card."""

    def get(self, request: Request) -> Response:
        """The cards, all or of one number."""
        rows = ContactCard.objects.select_related("line").order_by("line__phone_number")
        if "phone_number" in request.query_params:
            number = base.phone(request.query_params["phone_number"], "phone_number")
            rows = rows.filter(line__phone_number=number)
            if not rows:
                raise ApiError(2012, NO_CARD)
        return Response({"contact_cards": [_shape(row) for row in rows]})

    def post(self, request: Request) -> Response:
        """A line's first card. Assumption (8.2 1): 200."""
        body = base.json_object(request)
        number = base.phone(body.get("phone_number"), "phone_number")
        names = _names(body)
        if not names.get("first_name"):
            raise ApiError(1001, "first_name is required")
        with transaction.atomic():
            line = Line.objects.filter(phone_number=number).first()
            if line is None:
                raise ApiError(2005, "Access denied - this number is not yours")
            if ContactCard.objects.filter(line=line).exists():
                raise ApiError(2014, "A contact card exists for this number; change it with PATCH")
            limits.spend(limits.CARD_CHANGE, number)
            card = ContactCard(line=line, created_at=clock.now(), **names)
            try:
                with transaction.atomic():
                    card.save()
            except IntegrityError:  # made by somebody else in this very moment
                raise ApiError(2014, "A contact card exists for this number; change it with PATCH") from None
            tell([account_events.card_created(card, base.trace_id(request))])
        return Response(_shape(card))

    def patch(self, request: Request) -> Response:
        """Change what is named of a line's card; the number is in the query."""
        number = base.phone(request.query_params.get("phone_number"), "phone_number")
        names = _names(base.json_object(request))
        if not names:
            raise ApiError(1001, "first_name, last_name or image_url is required")
        with transaction.atomic():
            rows = ContactCard.objects.select_related("line").select_for_update(of=("self",))
            card = rows.filter(line__phone_number=number).first()
            if card is None:
                raise ApiError(2012, NO_CARD)
            limits.spend(limits.CARD_CHANGE, number)
            change = {
                name: {"from": getattr(card, name), "to": value}
                for name, value in names.items()
                if getattr(card, name) != value
            }
            if change:
                for name, value in names.items():
                    setattr(card, name, value)
                card.save(update_fields=list(names))
                tell([account_events.card_updated(card, change, base.trace_id(request))])
        return Response(_shape(card))


class ShareContactCard(base.ApiView):
    """POST /v3/chats/{chatId}/share_contact_card."""

    def post(self, request: Request, chat_id: str) -> Response:
        """Show a line's name and picture to the people of an iMessage chat: 204. Nothing confirms that it was saved."""
        chat = find_chat(chat_id)
        sending.check_open(chat)
        if not ContactCard.objects.filter(line=chat.line).exists():
            raise ApiError(2012, NO_CARD)
        if chat.service != "iMessage":
            raise ApiError(2017, "A contact card can be shared in iMessage chats only")
        if not chat.outbound:
            # Assumption (8.2 3): the code of what the chat's state does not allow yet.
            raise ApiError(2015, "Send a message in this chat before you share a contact card")
        with transaction.atomic():
            limits.spend(limits.CARD_SHARE, str(chat.id))
        return Response(status=204)


def _names(body: Mapping[str, Any]) -> dict[str, str | None]:
    """What a request says of a card. An empty last name or picture takes it away."""
    found: dict[str, str | None] = {}
    for name in ("first_name", "last_name"):
        value = body.get(name)
        if value is None:
            continue
        if not isinstance(value, str):
            raise ApiError(1003, f"{name} must be a string")
        value = value.strip()
        if len(value) > MAX_NAME or not base.is_clean(value) or (name == "first_name" and not value):
            raise ApiError(1005, f"{name} must have from 1 to {MAX_NAME} characters")
        found[name] = value or None
    if body.get("image_url") is not None:
        found["image_url"] = pictures.address(body["image_url"], "image_url") if body["image_url"] != "" else None
    return found


def _shape(card: ContactCard) -> dict[str, Any]:
    return {
        "phone_number": card.line.phone_number,
        "first_name": card.first_name,
        "last_name": card.last_name,
        "image_url": card.image_url,
        "is_active": True,
    }
