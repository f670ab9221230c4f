"""What befalls a line: it is assigned and released, flagged, and given a reputation by hand."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.db import transaction
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from sandbox import account_events, clock, ids, reputation
from sandbox.api import base, shapes
from sandbox.api.errors import ApiError
from sandbox.control.account import CHOICES
from sandbox.event_shapes import line_news
from sandbox.events import tell
from sandbox.models import ContactCard, Happening, Line

MOST_FLAGGED = 30 * 86_400


class Assign(APIView):
    """POST /sandbox/lines `{phone_number, line_type = "iMessage"}`."""

    def post(self, request: Request) -> Response:
        """Give the account one more line: 201."""
        body = base.json_object(request)
        number, kind = base.phone(body.get("phone_number"), "phone_number"), body.get("line_type", "iMessage")
        if kind not in CHOICES["line_type"]:
            raise ApiError(1005, f"line_type must be one of {', '.join(map(str, CHOICES['line_type']))}")
        if Line.objects.filter(phone_number=number).exists():
            raise ApiError(2015, f"{number} is a line of the account already")
        with transaction.atomic():
            line = Line.objects.create(phone_number=number, line_type=kind, created_at=clock.now())
            tell([line_news("assigned", line, clock.now())])
        return Response(line_shape(line), status=201)


class Release(APIView):
    """POST /sandbox/lines/{number}/release."""

    def post(self, request: Request, number: str) -> Response:
        """Take a line from the account, with its card and its chats, which are then not found."""
        with transaction.atomic():
            line = _line(number)
            card = ContactCard.objects.filter(line=line).select_related("line").first()
            if card is not None:
                tell([account_events.card_deleted(card, ids.trace())])
            of_its_chats = [str(each) for each in line.chat_set.values_list("id", flat=True)]
            for name in ("chat", "subject"):  # nothing is left for them to happen to
                Happening.objects.filter(**{f"payload__{name}__in": of_its_chats}).delete()
            tell([line_news("released", line, clock.now())])
            line.delete()
        return Response({"phone_number": number})


class Flag(APIView):
    """POST /sandbox/lines/{number}/flag `{seconds}`."""

    def post(self, request: Request, number: str) -> Response:
        """Flag a line: it cannot send and is CRITICAL at once, for about a day unless said otherwise."""
        seconds = base.json_object(request).get("seconds")
        if seconds is not None and (
            not isinstance(seconds, int | float) or isinstance(seconds, bool) or not 0 < seconds <= MOST_FLAGGED
        ):
            raise ApiError(1005, f"seconds must be a number above 0 and up to {MOST_FLAGGED}")
        with transaction.atomic():
            line = _line(number)
            reputation.flag(line, clock.now(), seconds)
        return Response(line_shape(line))


class Unflag(APIView):
    """POST /sandbox/lines/{number}/unflag."""

    def post(self, request: Request, number: str) -> Response:
        """End a flag; the reputation is reckoned anew."""
        with transaction.atomic():
            line = _line(number)
            reputation.unflag(line, clock.now())
        return Response(line_shape(line))


class Reputation(APIView):
    """GET and POST /sandbox/lines/{number}/reputation."""

    def get(self, request: Request, number: str) -> Response:
        """The line with the drivers that its reputation is reckoned from."""
        return Response(line_shape(_find(number)))

    def post(self, request: Request, number: str) -> Response:
        """`{reputation}`: give the line this one, which then stays; null lets it be reckoned again."""
        body = base.json_object(request)
        if "reputation" not in body:
            raise ApiError(1001, "reputation is required; null lets it be reckoned again")
        wanted = body["reputation"]
        if wanted is not None and wanted not in reputation.REPUTATIONS:
            raise ApiError(1005, f"reputation must be one of {', '.join(reputation.REPUTATIONS)}, or null")
        with transaction.atomic():
            line = _line(number)
            reputation.pin(line, wanted, clock.now())
        return Response(line_shape(line))


def _find(number: str) -> Line:
    line = Line.objects.filter(phone_number=number).first()
    if line is None:
        raise ApiError(2019, f"There is no line {number}")
    return line


def _line(number: str) -> Line:
    """The line, held until the end of the transaction."""
    _find(number)
    return Line.objects.select_for_update(no_key=True).get(phone_number=number)


def line_shape(line: Line) -> dict[str, Any]:
    """A line with its drivers."""
    found = reputation.drivers(line, clock.now())
    return {
        "phone_number": line.phone_number,
        "status": line.status,
        "flagged_until": shapes.when(line.flagged_until),
        "reputation": line.reputation,
        "pinned": line.pinned_reputation is not None,
        "drivers": {
            **asdict(found),
            "norm": round(found.norm, 2),
            "unhealthy_share": round(found.unhealthy_share, 4),
            "critical_share": round(found.critical_share, 4),
            "volume": round(found.volume, 2),
            "remembered_volume": round(line.spike, 2),
            "few_replies": found.few_replies,
        },
    }
