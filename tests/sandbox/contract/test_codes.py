"""Every code there is, and where each is shown to come by itself."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from linq import LinqAPIV3

from chats.v3.codes import CODES
from sandbox.schema.operations import OPERATIONS
from tests.sandbox.contract import test_errors, test_methods
from tests.sandbox.contract.conftest import Caller
from tests.sandbox_server import SandboxServer

HERE = Path(__file__).parent
# Refusals that need more than one call of the SDK, or other means, and the test of each.
ELSEWHERE = {
    (401, 2004): "contract/test_errors.py::test_nothing_is_answered_without_a_token",
    (404, 2001): "contract/test_errors.py::test_what_is_not_there_is_not_found",
    (404, 1003): "test_envelope.py::test_an_error_comes_in_the_envelope",
    (409, 2009): "test_chats.py::test_creates_at_once_make_one_chat",
    (409, 2027): "test_line_selection.py::test_no_line_that_can_send_is_a_conflict",
    (413, 5001): "test_voice_memos.py::test_a_memo_over_ten_megabytes_is_too_large",
    (429, 1007): "test_capability.py::test_one_check_every_ten_seconds",
    (500, 3006): "test_faults.py::test_errors_are_answered_instead",
    (503, 4004): "test_capability.py::test_a_line_may_be_unable_to_check_for_rcs",
    (503, 4009): "test_capability.py::test_a_line_may_be_unable_to_check_for_rcs",
    (503, 4010): "test_capability.py::test_a_line_may_be_unable_to_check_for_rcs",
}
# What only the real remote has a reason for: a shared line, its own faults.
BY_CONTROL = {(403, 2008), (500, 2022), (500, 3001), (500, 3002), (500, 3003), (500, 3004)}
# Methods that ask nothing of the API.
LOCAL = {"webhooks.unwrap": "test_webhooks.py::test_deliveries_are_signed_in_both_ways"}


@pytest.fixture
def faulty(sandbox: SandboxServer) -> Iterator[SandboxServer]:
    """A world whose faults end with the test."""
    yield sandbox
    sandbox.reset("empty")


def test_every_code_can_come_and_is_as_documented(
    faulty: SandboxServer, sync_caller: Caller, async_caller: Caller
) -> None:
    """Some codes only the real remote has a reason for; the control API lets any of them happen."""
    for code in sorted(number for number, row in CODES.items() if row.status is not None):
        faulty.control("faults", {"error_rate": 1, "error_codes": [code]})
        expected = (CODES[code].status, code)
        assert sync_caller.refused("chats.list_chats") == expected
        assert async_caller.refused("chats.list_chats") == expected


def methods(resource: object, prefix: str = "") -> Iterator[str]:
    """The names of all methods of the SDK's resources, such as `chats.messages.send`."""
    for name, member in sorted(vars(type(resource)).items()):
        if name.startswith(("_", "with_")):
            continue
        if inspect.isfunction(member):
            yield prefix + name
        elif type(getattr(resource, name)).__name__.endswith("Resource"):
            yield from methods(getattr(resource, name), f"{prefix}{name}.")


def test_every_method_of_the_sdk_is_shown() -> None:
    with LinqAPIV3(api_key="none", base_url="http://127.0.0.1:9") as client:
        every = {name for name in methods(client) if "." in name}
    tests = vars(test_methods).values()
    shown = frozenset().union(*(test.shows for test in tests if hasattr(test, "shows")))
    not_ours = {call[0] for call, _, code in test_errors.ROWS if code == 2011} - shown
    assert shown | not_ours | set(LOCAL) == every
    assert {name.partition(".")[0] for name in not_ours} == {
        "experiences", "messages", "payment_handles", "payment_providers", "payment_requests", "payments",
    }  # fmt: skip


def test_every_documented_refusal_is_shown() -> None:
    documented = set().union(*(operation.refusals() for operation in OPERATIONS.values()))
    shown = {(status, code) for _, status, code in test_errors.ROWS}
    assert shown | set(ELSEWHERE) | BY_CONTROL == documented
    assert not shown & (set(ELSEWHERE) | BY_CONTROL)


@pytest.mark.parametrize("named", sorted({*ELSEWHERE.values(), *LOCAL.values()}))
def test_what_is_shown_elsewhere_is_there(named: str) -> None:
    file, _, name = named.partition("::")
    assert re.search(rf"^def {name}\(", (HERE.parent / file).read_text(), re.MULTILINE), named
