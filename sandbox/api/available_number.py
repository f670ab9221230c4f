"""The line to write from next, and its vCard."""

from __future__ import annotations

from datetime import timedelta

from django.core import signing
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from sandbox import choosing, clock, vcards, world
from sandbox.api import base
from sandbox.api.errors import ApiError
from sandbox.models import Line

# Assumption (8.2): how long the address of a vCard works.
VCARD_LASTS = timedelta(hours=1)
SALT = "sandbox.vcard"
TYPES = {"rcs": "RCS", "imessage": "iMessage"}


class AvailableNumber(base.ApiView):
    """GET /v3/available_number."""

    def get(self, request: Request) -> Response:
        """A line to send from, and where to get its vCard. Nothing is reserved."""
        handles = [base.handle(each, "to") for each in base.many(request, "to")]
        excluded = [base.phone(each, "exclude_from") for each in base.many(request, "exclude_from")]
        kind = _type(request)
        with transaction.atomic():
            lines = choosing.usable(excluded=excluded, line_type=kind)
            if not lines:
                raise _nothing_left(kind)
            chat = choosing.chat_with(handles, lines) if handles else None
            chosen = chat.line if chat else lines[0]
            choosing.suggest(chosen)
        backups = [line.phone_number for line in lines if line.id != chosen.id]
        return Response({"phone_number": chosen.phone_number, "vcf_url": _address(request, chosen, backups)})


def _type(request: Request) -> str | None:
    value = request.query_params.get("type")
    if value is None:
        return None
    if value.lower() not in TYPES:
        raise ApiError(1005, "type must be RCS or iMessage")
    return TYPES[value.lower()]


def _nothing_left(kind: str | None) -> ApiError:
    """400 when the request left every line out that there was; else there is none: 503 (Assumption 8.2 3: 4002)."""
    if choosing.usable(line_type=kind):
        return ApiError(1005, "exclude_from leaves no line to choose")
    return ApiError(4002, "No line of this kind is available", status=503)


def _address(request: Request, chosen: Line, backups: list[str]) -> str:
    until = (clock.now() + VCARD_LASTS).timestamp()
    token = signing.dumps([world.current().seed, chosen.phone_number, backups, until], salt=SALT, compress=True)
    return request.build_absolute_uri(f"/vcards/{token}.vcf")


def vcard(request: HttpRequest, token: str) -> HttpResponse:
    """The vCard behind a `vcf_url`, without a token of the API; 404 once its time is over."""
    try:
        seed, number, backups, until = signing.loads(token, salt=SALT)
    except signing.BadSignature:
        return HttpResponse(status=404)
    line = Line.objects.select_related("contactcard").filter(phone_number=number).first()
    if line is None or seed != world.current().seed or until <= clock.now().timestamp():
        return HttpResponse(status=404)
    return HttpResponse(vcards.write(line, backups), content_type="text/vcard; charset=utf-8")
