"""What a line can do, and who was written to against their wish."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chats.v3.times import format_time
from sandbox.api import base
from sandbox.api.errors import ApiError
from sandbox.models import Line, OptOutOverride

CHOICES: dict[str, tuple[object, ...]] = {
    "line_type": ("iMessage", "RCS"),
    "rcs": ("ready", "off", "no_account", "failing"),
    "inbound_first": (True, False),
}


class LineSettings(APIView):
    """POST /sandbox/lines/{number}/settings `{line_type, rcs, inbound_first}`."""

    def post(self, request: Request, number: str) -> Response:
        """Change what a line is, or what a check for RCS from it meets; what is not named stays."""
        body = base.json_object(request)
        line = Line.objects.filter(phone_number=number).first()
        if line is None:
            raise ApiError(2019, f"There is no line {number}")
        for name, value in body.items():
            # 1 and 0 are equal to true and false, and are neither
            if name not in CHOICES or (type(value), value) not in [(type(each), each) for each in CHOICES[name]]:
                choices = "; ".join(f"{each} to one of {CHOICES[each]}" for each in CHOICES)
                raise ApiError(1005, f"Set {choices}")
            setattr(line, name, value)
        line.save(update_fields=list(body))
        return Response({"phone_number": line.phone_number} | {name: getattr(line, name) for name in CHOICES})


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
