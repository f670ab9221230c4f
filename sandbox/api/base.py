"""What every view of the API shares: the token, reading of the body and the query, whole handles and ids."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import QueryDict
from rest_framework.request import Request
from rest_framework.views import APIView

from chats.v3.handles import InvalidHandle, clean_handle, is_phone
from chats.v3.times import format_time, parse_time
from sandbox.api.errors import TRACE_KEY, ApiError


class ApiView(APIView):
    """A view of the v3 API: refuses a request without a known token before it looks at anything else."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Check the bearer token."""
        if not is_known(token_of(request)):
            raise ApiError(2004, "Unauthorized - missing or invalid authentication token")


def token_of(request: Request) -> str:
    """The bearer token of a request; empty when it has none."""
    return token_in(request.META.get("HTTP_AUTHORIZATION", ""))


def token_in(authorization: str) -> str:
    """The bearer token in the value of an Authorization header; empty when there is none."""
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def is_known(token: str) -> bool:
    """Whether this is one of the account's tokens."""
    given = token.encode()
    return any(secrets.compare_digest(given, each.encode()) for each in settings.TOKENS)


def trace_id(request: Request) -> str:
    """The trace id of this request."""
    return str(request.META[TRACE_KEY])


def accepted(request: Request, message: str) -> dict[str, Any]:
    """The body of an answer that only says that something will be done."""
    return {"message": message, "status": "accepted", "trace_id": trace_id(request)}


def json_object(request: Request) -> Mapping[str, Any]:
    """The body, which must be a JSON object. No body at all reads as an empty one."""
    data = request.data
    if isinstance(data, QueryDict):
        return {}
    if not isinstance(data, dict):
        raise ApiError(1003, "The body must be a JSON object.")
    return data


def identifier(text: str, name: str) -> UUID:
    """An id from the address; `name` is what the address calls it."""
    try:
        if len(text) != 36:
            raise ValueError(text)
        return UUID(text)
    except ValueError:
        raise ApiError(1005, f"invalid {name} format: must be a valid UUID") from None


def handle(value: object, field: str) -> str:
    """A cleaned handle (E.164 or e-mail) from the body."""
    if value is None:
        raise ApiError(1001, f"{field} is required")
    if not isinstance(value, str):
        raise ApiError(1003, f"{field} must be a string")
    try:
        return clean_handle(value)
    except InvalidHandle as wrong:
        raise ApiError(1002, f"{field}: {wrong}") from None


def phone(value: object, field: str) -> str:
    """A phone number in E.164."""
    if value is None:
        raise ApiError(1001, f"{field} is required")
    if not is_phone(value):
        raise ApiError(1002, f"{field}: Phone number must be in E.164 format")
    return str(value)


def whole_number(request: Request, name: str, *, default: int, most: int) -> int:
    """A number of the query from 1 to `most`."""
    text = request.query_params.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= most:
        raise ApiError(1005, f"{name} must be a whole number from 1 to {most}")
    return int(text)


def many(request: Request, name: str) -> list[str]:
    """The values of a parameter of the query that may be repeated, or joined with commas as the SDKs do."""
    return [each.strip() for text in request.query_params.getlist(name) for each in text.split(",") if each.strip()]


def is_clean(text: str) -> bool:
    """Whether a text can be kept and sent: nothing in it is NUL or half of a character."""
    return "\x00" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def boolean(body: Mapping[str, Any], name: str, default: bool = False) -> bool:
    """A true or false of the body."""
    value = body.get(name, default)
    if not isinstance(value, bool):
        raise ApiError(1003, f"{name} must be true or false")
    return value


# Assumption (8.2 4): a cursor is opaque; ours names the last row of the page, so pages stay whole while
# new rows arrive at the front.
def read_cursor(request: Request) -> tuple[datetime, UUID] | None:
    """Where the page before ended, or None for the first page."""
    text = request.query_params.get("cursor")
    if not text:
        return None
    try:
        moment, _, row = text.partition("_")
        return parse_time(moment), UUID(row)
    except ValueError:
        raise ApiError(1005, "cursor is not one of ours") from None


def write_cursor(moment: datetime, row: UUID) -> str:
    """The cursor that continues after this row."""
    return f"{format_time(moment)}_{row}"
