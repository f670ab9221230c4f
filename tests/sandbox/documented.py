"""Events held against the document that describes them."""

from __future__ import annotations

import functools
from typing import Any

from jsonschema import Draft202012Validator

from sandbox.schema.configuration import COMPONENTS
from sandbox.schema.events import component


@functools.cache
def _validator(name: str) -> Draft202012Validator:
    whole = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": COMPONENTS}}
    return Draft202012Validator(whole)


def fits_the_document(event: dict[str, Any]) -> None:
    """Fail unless an event, in its envelope, is as the document says."""
    wrong = [
        f"{'/'.join(str(step) for step in error.absolute_path)}: {error.message[:300]}"
        for error in _validator(component(event["event_type"], event["webhook_version"])).iter_errors(event)
    ]
    assert not wrong, f"{event['event_type']} {event['webhook_version']}: {wrong}"
