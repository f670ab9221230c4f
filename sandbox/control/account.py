"""What a line can do, and who was written to against their wish."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chats.v3.times import format_time
from sandbox.api import base
from sandbox.api.errors import ApiError
from sandbox.models import Line, OptOutOverride

CHOICES = {"line_type": ("iMessage", "RCS"), "rcs": ("ready", "off", "no_account", "failing")}


class LineSettings(APIView):
    """POST /sandbox/lines/{number}/settings `{line_type, rcs}`."""

    def post(self, request: Request, number: str) -> Response:
        """Change what a line is, or what a check for RCS from it meets; what is not named stays."""
        body = base.json_object(request)
        line = Line.objects.filter(phone_number=number).first()
        if line is None:
            raise ApiError(2019, f"There is no line {number}")
        for name, value in body.items():
            if name not in CHOICES or value not in CHOICES[name]:
                raise ApiError(
                    1005, f"Set line_type to one of {CHOICES['line_type']} or rcs to one of {CHOICES['rcs']}"
                )
            setattr(line, name, value)
        line.save(update_fields=list(body))
        return Response({"phone_number": line.phone_number, "line_type": line.line_type, "rcs": line.rcs})


class OptOutOverrides(APIView):
    """GET /sandbox/optout_overrides."""

    def get(self, request: Request) -> Response:
        """Every send that overrode an opt-out, newest first."""
        return Response(
            {
                "overrides": [
                    {
                        "handle": row.handle,
                        "key_hint": row.key_hint,
                        "trace_id": row.trace_id,
                        "at": format_time(row.at),
                    }
                    for row in OptOutOverride.objects.order_by("-at", "-id")
                ]
            }
        )
