"""Every error that the API documents, as the official SDK raises it and as the wire has it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from sandbox.schema.operations import OPERATIONS, UNAVAILABLE
from tests.sandbox.conftest import LINES, refused
from tests.sandbox.contract.calls import UNKNOWN, Call
from tests.sandbox.contract.conftest import Caller
from tests.sandbox.contract.refused_calls import CALLS
from tests.sandbox.contract.refused_sends import SENDS
from tests.sandbox.contract.refusing_world import refusing_world
from tests.sandbox_server import TOKEN, SandboxServer

ROWS = [*SENDS, *CALLS]
# what an address answers for an id that is well-formed and of nothing; where the body is looked at first, with it
MISSING = {
    "chatId": (404, 2001),
    "messageId": (404, 2002),
    "attachmentId": (404, 2003),
    "subscriptionId": (404, 2010),
    "phoneNumberId": (404, 2019),
    "auditId": (404, 2019),
}
KEYS = [key for key in sorted(OPERATIONS) if key not in UNAVAILABLE]
# what looks at the body before it looks whether there is what the address names
READ_FIRST = [key for key in KEYS if OPERATIONS[key].body and "subscriptionId" not in key[0] and "poll/" not in key[0]]


def named(key: tuple[str, str]) -> str:
    return f"{key[1]} {key[0]}"


def address(path: str, identifier: str = UNKNOWN) -> str:
    """The path with its variables filled in; `identifier` stands for ids, and numbers are our own."""
    filled = path.replace("{phoneNumber}", LINES[0])
    return "/".join(identifier if step.startswith("{") else step for step in filled.split("/"))


@pytest.fixture(scope="module")
def world(server: SandboxServer) -> Iterator[dict[str, Any]]:
    """One world for all."""
    with refusing_world(server) as found:
        yield found


def of_the_world(value: Any, world: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        return {key: of_the_world(each, world) for key, each in value.items()}
    if isinstance(value, list):
        return [of_the_world(each, world) for each in value]
    is_name = isinstance(value, str) and value.startswith("<") and value.endswith(">")
    return world[value[1:-1]] if is_name else value


@pytest.mark.parametrize(("call", "status", "code"), ROWS, ids=[f"{call[0]} {code}" for call, _, code in ROWS])
def test_the_sdk_raises_what_is_documented(
    world: dict[str, Any],
    sync_caller: Caller,
    async_caller: Caller,
    call: Call,
    status: int,
    code: int,
) -> None:
    name, path, options = call
    arguments = [of_the_world(each, world) for each in path]
    keywords = of_the_world(options, world)
    assert sync_caller.refused_as_documented(name, *arguments, **keywords) == (status, code)
    assert async_caller.refused_as_documented(name, *arguments, **keywords) == (status, code)


@pytest.mark.parametrize("key", sorted(OPERATIONS), ids=named)
def test_nothing_is_answered_without_a_token(
    world: dict[str, Any], server: SandboxServer, key: tuple[str, str]
) -> None:
    path, method = key
    refused(requests.request(method, f"{server.base_url}/v3/{address(path)}", timeout=10), 401, 2004)


@pytest.mark.parametrize("key", [key for key in KEYS if "Id}" in key[0]], ids=named)
def test_an_id_that_is_none_is_refused(world: dict[str, Any], server: SandboxServer, key: tuple[str, str]) -> None:
    path, method = key
    # A card is changed only by a body that is sound by itself.
    body = {"layout": {"caption": "New"}} if path.endswith("/update") else {}
    refused(server.api(method, address(path, "not-an-id"), body), 400, 1005)


@pytest.mark.parametrize("key", READ_FIRST, ids=named)
def test_a_body_that_is_no_json_object_is_refused(
    world: dict[str, Any], server: SandboxServer, key: tuple[str, str]
) -> None:
    path, method = key
    filled = address(path, world["message"]) if "{messageId}" in path else address(path, world["group"])
    if key == ("contact_card", "PATCH"):
        filled = f"{path}?phone_number={LINES[0].replace('+', '%2B')}"
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    for body in ("{", "[]", '"text"'):
        answer = requests.request(method, f"{server.base_url}/v3/{filled}", data=body, headers=headers, timeout=10)
        refused(answer, 400, 1003)


@pytest.mark.parametrize(
    "key", [key for key in KEYS if "Id}" in key[0] and not OPERATIONS[key].body], ids=named
)  # fmt: skip
def test_what_is_not_there_is_not_found(world: dict[str, Any], server: SandboxServer, key: tuple[str, str]) -> None:
    path, method = key
    variable = path[path.index("{") + 1 : path.index("}")]
    variable = "auditId" if variable == "phoneNumber" else variable
    refused(server.api(method, address(path)), *MISSING[variable])
