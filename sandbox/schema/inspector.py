"""How drf-spectacular finds out what a view takes and answers: it looks into `operations`."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiResponse

from sandbox.schema.operation import Operation
from sandbox.schema.operations import OPERATIONS, UNAVAILABLE

PREFIX = "/v3/"
Endpoint = tuple[str, str, str, Callable[..., Any]]


def endpoints_of_the_api(endpoints: list[Endpoint]) -> list[Endpoint]:
    """The endpoints that the document is about, each once and in the writing of the reference (`{chatId}`)."""
    kept = []
    for path, regex, method, callback in endpoints:
        if not path.startswith(PREFIX):
            continue
        if "(?:" in regex:  # the one address that stands for many
            kept += [(PREFIX + each, f"{PREFIX}{each}", way, callback) for each, way in UNAVAILABLE if way == method]
        else:
            kept.append((_as_in_the_reference(path), regex, method, callback))
    return kept


def _as_in_the_reference(path: str) -> str:
    return re.sub(r"_([a-z])(?=[a-z_]*\})", lambda found: found[1].upper(), path)


class Inspector(AutoSchema):
    """Describes a view from its row in `operations`; a view without one is a mistake."""

    @property
    def row(self) -> Operation:
        """The row of this address and method."""
        return OPERATIONS[self.path.removeprefix(PREFIX), self.method]

    def get_operation_id(self) -> str:
        """The name that the reference has for it."""
        return self.row.id

    def get_summary(self) -> str:
        """What it does."""
        return self.row.summary

    def get_description(self) -> str:  # type: ignore[override]
        """Nothing but the summary: the docstrings of views are for those who read the code."""
        return ""

    def get_tags(self) -> list[str]:
        """The resource, which is the first word of the address."""
        return [self.path.removeprefix(PREFIX).partition("/")[0]]

    def is_deprecated(self) -> bool:
        """Whether something else should be used."""
        return self.row.deprecated

    def get_auth(self) -> list[dict[str, list[str]]]:
        """A bearer token, everywhere."""
        return [{"bearer": []}]

    def get_override_parameters(self) -> list[Any]:
        """Variables of the address, the query, and the headers of answers."""
        return self.row.parameters()

    def get_response_serializers(self) -> dict[int, OpenApiResponse]:  # type: ignore[override]
        """Every status with its schema."""
        return self.row.responses()

    def _get_request_body(self, direction: str = "request") -> dict[str, Any] | None:
        # unlike REST framework's, some of these DELETEs have a body
        schema = self.row.request()
        return None if schema is None else {"content": {"application/json": {"schema": schema}}, "required": True}
