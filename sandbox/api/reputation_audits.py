"""Reputation audits of a line."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from rest_framework.request import Request
from rest_framework.response import Response

from chats.v3.times import format_time
from sandbox import audits
from sandbox.api import base
from sandbox.api.errors import ApiError
from sandbox.models import Line


class StartAudit(base.ApiView):
    """POST /v3/phone_numbers/{phoneNumber}/reputation_audit."""

    def post(self, request: Request, phone_number: str) -> Response:
        """Start an audit, or name the one that runs: 202."""
        line = _line(phone_number)
        with transaction.atomic():
            audit = audits.start(line)
        return Response({"audit_id": str(audit.id), "status": "pending"}, status=202)


class OneAudit(base.ApiView):
    """GET /v3/phone_numbers/{phoneNumber}/reputation_audit/{auditId}."""

    def get(self, request: Request, phone_number: str, audit_id: str) -> Response:
        """An audit and, once it is complete, its report."""
        line = _line(phone_number)
        audit = audits.find(line, base.identifier(audit_id, "auditId"))
        if audit is None:
            # Assumption (8.2 3): no code is documented for an unknown audit; this is the number's.
            raise ApiError(2019, "Reputation audit not found")
        shape: dict[str, Any] = {"audit_id": str(audit.id), "status": "pending", "phone": line.phone_number}
        if audit.generated_at is not None:
            shape |= {
                "status": "complete",
                "generated_at": format_time(audit.generated_at),
                "report": audit.report,
            }
        return Response(shape)


def _line(phone_number: str) -> Line:
    line = Line.objects.filter(phone_number=base.phone(phone_number, "phoneNumber")).first()
    if line is None:
        raise ApiError(2019, "Phone number not found")
    return line
