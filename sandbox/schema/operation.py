"""One row of the document: an address, a method, and everything that may be answered there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

from chats.v3.codes import CODES
from sandbox.schema.kinds import TEXT, TRACE, UUID, Schema, always, exactly, ref, text

# What every address can answer (linq-v3, 1): no token, too many requests, a passing fault.
EVERYWHERE = (2004, 1007, 3001, 3002, 3003, 3004, 3006)
Error = int | tuple[int, int]
"""A code with its own status, or with another one."""


@dataclass(frozen=True)
class Operation:
    """What one method of one address takes and answers.

    `answers` is the schema of each successful status, None for an empty body; `errors` are the codes besides those
    that are everywhere.
    """

    id: str
    summary: str
    answers: Mapping[int, Schema | None]
    errors: tuple[Error, ...] = ()
    body: str | None = None
    """The component of requests that the body is."""
    query: tuple[OpenApiParameter, ...] = ()
    path: Mapping[str, Schema] = field(default_factory=dict)
    """The schemas of the variables in the address."""
    deprecated: bool = False

    def request(self) -> Schema | None:
        """The schema of the body."""
        return None if self.body is None else ref(self.body)

    def parameters(self) -> list[OpenApiParameter]:
        """Variables of the address, the query, and the headers of answers."""
        variables = [
            OpenApiParameter(name, dict(schema), OpenApiParameter.PATH, required=True)
            for name, schema in self.path.items()
        ]
        return [*variables, *self.query, *_HEADERS]

    def responses(self) -> dict[int, OpenApiResponse]:
        """Every status with its schema."""
        found = {
            status: OpenApiResponse(schema, description="What was asked for.")
            for status, schema in self.answers.items()
        }
        for status, codes in sorted(_by_status(self._all_errors()).items()):
            meanings = "; ".join(f"{code}: {CODES[code].meaning}" for code in codes)
            found[status] = OpenApiResponse(error(status, codes), description=meanings)
        return found

    def refusals(self) -> set[tuple[int, int]]:
        """Every status and code that this can be refused with."""
        return {(status, code) for code, status in map(_pair, self._all_errors())}

    def _all_errors(self) -> list[Error]:
        # a variable that is no id, and one with a slash in it, which leads nowhere
        of_address: list[Error] = [(1003, 404)] if self.path else []
        if UUID in self.path.values():
            of_address.append(1005)
        of_body: list[Error] = [1001, 1003, 1005] if self.body else []
        return [*EVERYWHERE, *of_address, *of_body, *self.errors]


def error(status: int, codes: Iterable[int]) -> Schema:
    """The envelope of an error with this status and one of these codes (linq-v3, 2.1)."""
    inner: dict[str, Schema] = {
        "status": always(status),
        "code": {"type": "integer", "enum": sorted(set(codes))},
        "message": text(least=1),
        "doc_url": text(pattern=r"^https://docs\.linqapp\.com/error/codes/[1-5]xxx/[1-5][0-9]{3}/$"),
    }
    if status == 429:
        inner["retry_after"] = {"type": "integer", "minimum": 1}
    return exactly({"success": always(False), "error": exactly(inner), "trace_id": TRACE})


def query(
    name: str, schema: Schema, description: str = "", *, required: bool = False, several: bool = False
) -> OpenApiParameter:
    """A parameter of the query; of several values each is a parameter of its own."""
    return OpenApiParameter(
        name,
        {"type": "array", "items": schema} if several else schema,
        OpenApiParameter.QUERY,
        required=required,
        description=description,
        style="form" if several else None,
        explode=True if several else None,
    )


_HEADERS = [
    OpenApiParameter(
        "X-Trace-ID",
        dict(TRACE),
        OpenApiParameter.HEADER,
        required=True,
        response=True,
        description="Identifies the request; quote it when you ask for help.",
    ),
    OpenApiParameter(
        "Retry-After",
        {"type": "integer", "minimum": 1},
        OpenApiParameter.HEADER,
        required=True,
        response=[429],
        description="Seconds to wait.",
    ),
]

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {**TEXT, "maxLength": 255},
    OpenApiParameter.HEADER,
    description="A repeated request with the same key gets the first answer, and nothing happens twice.",
)


def _pair(given: Error) -> tuple[int, int]:
    return given if isinstance(given, tuple) else (given, CODES[given].status or 500)


def _by_status(errors: Iterable[Error]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for code, status in sorted({_pair(each) for each in errors}):
        found.setdefault(status, []).append(code)
    return found
