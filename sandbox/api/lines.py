"""Phone numbers: the lines of the account."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from sandbox.api import base, shapes
from sandbox.models import Line


class PhoneNumbers(base.ApiView):
    """GET /v3/phone_numbers."""

    def get(self, request: Request) -> Response:
        """All lines; there are no pages."""
        return Response({"phone_numbers": [shapes.line(row) for row in Line.objects.order_by("phone_number")]})
