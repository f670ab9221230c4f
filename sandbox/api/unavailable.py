"""What the API has and this account does not: payments, connections and experiences (403, code 2011)."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from sandbox.api import base
from sandbox.api.errors import ApiError


class Unavailable(base.ApiView):
    """Any address of a feature that the account does not have."""

    def _refuse(self, request: Request, **address: Any) -> Response:
        raise ApiError(2011, "This feature is not available for this account")

    get = post = put = patch = delete = _refuse
