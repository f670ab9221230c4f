"""The OpenAPI document at `/schema`: complete, sound, and about every address there is."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from jsonschema import Draft202012Validator

from chats.v3.envelope import EVENT_TYPES
from sandbox.schema.event_data import DATA
from sandbox.schema.operations import OPERATIONS
from tests.sandbox.contract.calls import UNKNOWN
from tests.sandbox.documented import fits_the_document
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


def test_the_events_are_there_in_both_versions(document: Any) -> None:
    assert set(document["webhooks"]) == set(DATA) < EVENT_TYPES
    names = [item["post"]["operationId"] for item in document["webhooks"].values()]
    assert len(set(names)) == len(names)
    for event_type, item in document["webhooks"].items():
        bodies = item["post"]["requestBody"]["content"]["application/json"]["schema"]["oneOf"]
        versions = ["2026-02-03"] if event_type == "message.edited" else ["2026-02-03", "2025-01-01"]
        assert [body["$ref"].rpartition("/")[2] for body in bodies] == [f"{event_type}.{each}" for each in versions]


def test_what_the_sandbox_has_no_reason_to_send_is_not_described() -> None:
    assert {name.partition(".")[0] for name in EVENT_TYPES - set(DATA)} == {
        "api_token", "call", "connection", "environment", "payment", "team_member", "zero_day_retention",
    }  # fmt: skip


def test_an_event_that_is_not_as_described_is_found_out() -> None:
    event = {
        "api_version": "v3", "webhook_version": "2026-02-03", "event_type": "phone_number.assigned",
        "event_id": UNKNOWN, "created_at": "2026-03-02T14:00:00Z", "trace_id": "0" * 32, "partner_id": UNKNOWN,
        "data": {"phone_number": "+12025550101", "changed_at": "2026-03-02T14:00:00Z"},
    }  # fmt: skip
    fits_the_document(event)
    for wrong in ({**event, "more": 1}, {**event, "data": {}}, {**event, "webhook_version": "2025-01-01", "data": []}):
        with pytest.raises(AssertionError, match="phone_number.assigned"):
            fits_the_document(wrong)
