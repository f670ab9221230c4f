"""The words that schemas are written in: JSON Schema as OpenAPI 3.1 uses it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chats.v3.handles import EMAIL, MAX_EMAIL_LENGTH, PHONE

Schema = dict[str, Any]

TRACE: Schema = {"type": "string", "pattern": "^[0-9a-f]{32}$"}
UUID: Schema = {
    "type": "string",
    "format": "uuid",
    "pattern": "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
}
TIME: Schema = {
    "type": "string",
    "format": "date-time",
    "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?Z$",
}
TEXT: Schema = {"type": "string"}
BOOL: Schema = {"type": "boolean"}
COUNT: Schema = {"type": "integer", "minimum": 0}
PHONE_NUMBER: Schema = {"type": "string", "pattern": f"^{PHONE.pattern}$"}
HANDLE: Schema = {
    "type": "string",
    "maxLength": MAX_EMAIL_LENGTH,
    "anyOf": [{"pattern": f"^{PHONE.pattern}$"}, {"pattern": f"^{EMAIL.pattern}$"}],
}
SERVICE: Schema = {"type": "string", "enum": ["iMessage", "RCS", "SMS"]}
LINE_TYPE: Schema = {"type": "string", "enum": ["iMessage", "RCS"]}
RANGE: Schema = {"type": "array", "items": COUNT, "minItems": 2, "maxItems": 2}
WEB_ADDRESS: Schema = {"type": "string", "pattern": "^https?://"}


def ref(name: str) -> Schema:
    """A schema that is kept among the components."""
    return {"$ref": f"#/components/schemas/{name}"}


def exactly(required: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None) -> Schema:
    """An object of an answer: these properties, and no others."""
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }


def given(required: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None, **flags: Schema) -> Schema:
    """An object of a request: these properties; others are ignored.

    What is optional may be null as well, a flag may only be left out.
    """
    schema: Schema = {
        "type": "object",
        "properties": {**required, **{name: nullable(each) for name, each in (optional or {}).items()}, **flags},
    }
    return schema | ({"required": list(required)} if required else {})


def nullable(schema: Schema) -> Schema:
    """This, or null."""
    if set(schema) & {"$ref", "anyOf", "oneOf", "enum", "const"} or not isinstance(schema.get("type"), str):
        return {"anyOf": [schema, {"type": "null"}]}
    return {**schema, "type": [schema["type"], "null"]}


def many(schema: Schema, *, least: int = 0, most: int | None = None) -> Schema:
    """A list of these."""
    bounds = {"minItems": least} if least else {}
    return {"type": "array", "items": schema, **bounds, **({} if most is None else {"maxItems": most})}


def text(*, least: int = 0, most: int | None = None, pattern: str | None = None) -> Schema:
    """A string with bounds."""
    found: Schema = {"type": "string"}
    if least:
        found["minLength"] = least
    if most is not None:
        found["maxLength"] = most
    if pattern is not None:
        found["pattern"] = pattern
    return found


def one_of(*words: str) -> Schema:
    """One of these words."""
    return {"type": "string", "enum": list(words)}


def always(value: object) -> Schema:
    """This value and no other."""
    return {"const": value}
