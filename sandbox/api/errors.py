"""Errors in the remote's envelope. Every answer carries a trace id, errors also in their body."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response

from chats.v3.codes import CODES

log = logging.getLogger(__name__)

# where the sandbox's door puts the request's trace id
TRACE_KEY = "sandbox.trace_id"


class ApiError(Exception):
    """An answer that is an error. `status` is that of the code where it is not given."""

    def __init__(self, code: int, message: str, *, status: int | None = None, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status or CODES[code].status or 500
        self.retry_after = retry_after


def envelope(error: ApiError, trace_id: str) -> dict[str, Any]:
    """The body of an error: `success`, `error` and `trace_id`."""
    inner: dict[str, Any] = {
        "status": error.status,
        "code": error.code,
        "message": error.message,
        "doc_url": f"https://docs.linqapp.com/error/codes/{error.code // 1000}xxx/{error.code}/",
    }
    if error.retry_after is not None:
        inner["retry_after"] = error.retry_after
    return {"success": False, "error": inner, "trace_id": trace_id}


def headers(error: ApiError) -> dict[str, str]:
    """`Retry-After`, in whole seconds, where there is something to wait for."""
    return {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}


def answer_exception(exception: Exception, context: Mapping[str, Any]) -> Response:
    """Whatever a view raised, as an answer in the envelope (REST framework calls this)."""
    trace_id = context["request"].META[TRACE_KEY]
    error = _as_api_error(exception)
    return Response(envelope(error, trace_id), status=error.status, headers=headers(error))


def _as_api_error(exception: Exception) -> ApiError:
    if isinstance(exception, ApiError):
        return exception
    # Assumption (8.2 3): a request that names no resource or a wrong method has code 1003, as a malformed one.
    if isinstance(exception, exceptions.MethodNotAllowed):
        return ApiError(1003, "This method is not allowed here.", status=405)
    if isinstance(exception, exceptions.UnsupportedMediaType):
        return ApiError(1003, "The body must be JSON, sent as application/json.")
    if isinstance(exception, exceptions.ParseError):
        return ApiError(1003, "The body is not valid JSON.")
    if isinstance(exception, exceptions.APIException):
        return ApiError(1003, str(exception.detail), status=exception.status_code)
    log.error("A view failed", exc_info=exception)
    return ApiError(3006, "Internal server error")


def not_found(request: HttpRequest, exception: Exception) -> JsonResponse:
    """The answer for an address that leads nowhere."""
    return JsonResponse(envelope(ApiError(1003, "Resource not found", status=404), request.META[TRACE_KEY]), status=404)


def server_error(request: HttpRequest) -> JsonResponse:
    """The answer for a failure outside any view."""
    return JsonResponse(envelope(ApiError(3006, "Internal server error"), request.META[TRACE_KEY]), status=500)
