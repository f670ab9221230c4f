"""The OpenAPI document at `/schema`: complete, sound, and about every address there is."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from jsonschema import Draft202012Validator

from sandbox.schema.operations import OPERATIONS
from tests.sandbox_server import SandboxServer

METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module")
def document(server: SandboxServer) -> Any:
    answer = requests.get(f"{server.url}/schema", timeout=60)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/vnd.oai.openapi+json"
    return answer.json()


def operations(document: Any) -> dict[tuple[str, str], Any]:
    return {
        (path, method.upper()): operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    }


def test_every_route_has_a_row_and_every_row_a_route(document: Any) -> None:
    # A route without a row would have failed the request: the document is made from the routes.
    assert set(operations(document)) == {(f"/v3/{path}", method) for path, method in OPERATIONS}
    assert document["openapi"] == "3.1.0"


def test_every_operation_has_a_name_of_its_own(document: Any) -> None:
    names = [operation["operationId"] for operation in operations(document).values()]
    assert len(set(names)) == len(names) == len(OPERATIONS)


def test_everything_wants_the_bearer_token_and_names_its_refusal(document: Any) -> None:
    assert document["components"]["securitySchemes"] == {"bearer": {"type": "http", "scheme": "bearer"}}
    for operation in operations(document).values():
        assert operation["security"] == [{"bearer": []}]
        assert {"401", "429", "500"} <= set(operation["responses"])


def test_every_schema_is_sound_and_leads_somewhere(document: Any) -> None:
    components = document["components"]["schemas"]

    def names(value: Any) -> list[str]:
        if isinstance(value, dict):
            here = [value["$ref"].removeprefix("#/components/schemas/")] if "$ref" in value else []
            return here + [name for each in value.values() for name in names(each)]
        return [name for each in value for name in names(each)] if isinstance(value, list) else []

    for schema in components.values():
        Draft202012Validator.check_schema(schema)
    assert set(names(document)) == set(components)


def test_only_what_has_a_body_says_so(document: Any) -> None:
    for key, operation in operations(document).items():
        row = OPERATIONS[key[0].removeprefix("/v3/"), key[1]]
        assert ("requestBody" in operation) == (row.body is not None), key
