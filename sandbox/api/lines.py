"""Phone numbers: the lines of the account."""

from __future__ import annotations

from django.db import transaction
from rest_framework.request import Request
from rest_framework.response import Response

from sandbox import account_events
from sandbox.api import base, shapes
from sandbox.api.errors import ApiError
from sandbox.events import tell
from sandbox.models import Line


class PhoneNumbers(base.ApiView):
    """GET /v3/phone_numbers."""

    def get(self, request: Request) -> Response:
        """All lines; there are no pages."""
        return Response({"phone_numbers": [shapes.line(row) for row in Line.objects.order_by("phone_number")]})


class OnePhoneNumber(base.ApiView):
    """PUT /v3/phone_numbers/{phoneNumberId}."""

    def put(self, request: Request, phone_number_id: str) -> Response:
        """Forward calls to another number, or with null or "" to none. Assumption (8.2 1): 200."""
        identifier = base.identifier(phone_number_id, "phoneNumberId")
        body = base.json_object(request)
        if "forwarding_number" not in body:
            raise ApiError(1001, "forwarding_number is required")
        wanted = body["forwarding_number"]
        number = None if wanted is None or wanted == "" else base.phone(wanted, "forwarding_number")
        with transaction.atomic():
            line = Line.objects.select_for_update().filter(id=identifier).first()
            if line is None:
                raise ApiError(2019, "Phone number not found")
            before = line.forwarding_number
            if number != before:
                line.forwarding_number = number
                line.save(update_fields=["forwarding_number"])
                tell([account_events.forwarding_updated(line, before, base.trace_id(request))])
        return Response(
            {"id": str(line.id), "phone_number": line.phone_number, "forwarding_number": line.forwarding_number}
        )


class DeprecatedPhoneNumbers(base.ApiView):
    """GET /v3/phonenumbers, deprecated."""

    def get(self, request: Request) -> Response:
        """All lines in the older shape."""
        return Response(
            {
                "phone_numbers": [
                    {
                        "id": str(row.id),
                        "phone_number": row.phone_number,
                        "capabilities": {"sms": True, "mms": True, "voice": True},
                        "country_code": None,
                        "type": None,
                    }
                    for row in Line.objects.order_by("phone_number")
                ]
            }
        )
