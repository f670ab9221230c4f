"""What drf-spectacular is told about the document as a whole."""

from __future__ import annotations

from typing import Any

from sandbox.schema.answers import COMPONENTS as ANSWERS
from sandbox.schema.requests import COMPONENTS as REQUESTS

SPECTACULAR: dict[str, Any] = {
    "TITLE": "Linq Partner API v3, as the sandbox speaks it",
    "VERSION": "3",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/v3",
    "SERVERS": [{"url": "/api/partner"}, {"url": "/"}],
    "PREPROCESSING_HOOKS": ["sandbox.schema.inspector.endpoints_of_the_api"],
    "POSTPROCESSING_HOOKS": [],
    "SERVE_INCLUDE_SCHEMA": False,
    "APPEND_COMPONENTS": {
        "schemas": {**ANSWERS, **REQUESTS},
        "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
    },
}
