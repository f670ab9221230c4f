"""What drf-spectacular is told about the document as a whole."""

from __future__ import annotations

from typing import Any

from sandbox.schema.account_answers import COMPONENTS as ACCOUNT_ANSWERS
from sandbox.schema.answers import COMPONENTS as ANSWERS
from sandbox.schema.events import COMPONENTS as EVENTS
from sandbox.schema.requests import COMPONENTS as REQUESTS

COMPONENTS: dict[str, Any] = {**ANSWERS, **ACCOUNT_ANSWERS, **EVENTS, **REQUESTS}

SPECTACULAR: dict[str, Any] = {
    "TITLE": "Linq Partner API v3, as the sandbox speaks it",
    "VERSION": "3",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/v3",
    "SERVERS": [{"url": "/api/partner"}, {"url": "/"}],
    "PREPROCESSING_HOOKS": ["sandbox.schema.inspector.endpoints_of_the_api"],
    "POSTPROCESSING_HOOKS": ["sandbox.schema.events.add_webhooks"],
    "SERVE_INCLUDE_SCHEMA": False,
    "APPEND_COMPONENTS": {
        "schemas": COMPONENTS,
        "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
    },
}
