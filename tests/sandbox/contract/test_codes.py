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
from tests.sandbox.conftest import ANA, LINES
from tests.sandbox.contract import test_errors, test_methods
from tests.sandbox.contract.calls import UNKNOWN, Call, at
from tests.sandbox.contract.conftest import Caller, operation_of
from tests.sandbox_server import SandboxServer

HERE = Path(__file__).parent
Key = tuple[str, str]
# What everything can be refused with, and where that is shown.
EVERYWHERE_SHOWN = {
    (401, 2004): "contract/test_errors.py::test_nothing_is_answered_without_a_token",
    (404, 1003): "test_envelope.py::test_an_error_comes_in_the_envelope",
    (429, 1007): "test_capability.py::test_one_check_every_ten_seconds",
    (500, 3006): "test_faults.py::test_errors_are_answered_instead",
}
SEND, CREATE, PICK = ("chats/{chatId}/messages", "POST"), ("chats", "POST"), ("messages", "POST")
MEMO, POLL = ("chats/{chatId}/voicememo", "POST"), ("chats/{chatId}/polls", "POST")
RCS = ("capability/check_rcs", "POST")
# Refusals that need more than one call of the SDK, or other means, and the test of each.
ELSEWHERE: dict[tuple[Key, int, int], str] = {
    (CREATE, 409, 2009): "test_chats.py::test_creates_at_once_make_one_chat",
    (PICK, 409, 2027): "test_line_selection.py::test_no_line_that_can_send_is_a_conflict",
    (SEND, 400, 5005): "test_fetching.py::test_what_is_there_decides",
    (SEND, 400, 5006): "test_fetching.py::test_what_is_there_decides",
    (MEMO, 413, 5001): "test_voice_memos.py::test_a_memo_over_ten_megabytes_is_too_large",
    (POLL, 404, 2002): "test_polls.py::test_a_key_makes_one_poll",
    (RCS, 503, 4004): "test_capability.py::test_a_line_may_be_unable_to_check_for_rcs",
    (RCS, 503, 4009): "test_capability.py::test_a_line_may_be_unable_to_check_for_rcs",
    (RCS, 503, 4010): "test_capability.py::test_a_line_may_be_unable_to_check_for_rcs",
}
_HI = {"parts": [{"type": "text", "value": "Hi"}]}
# What only the real remote has a reason for, or what was shown of the same rule elsewhere: the control API makes it.
BY_CONTROL: list[tuple[Call, tuple[int, ...]]] = [
    (at("chats.create", from_=LINES[0], to=[ANA], message=_HI), (5005, 5006)),
    (at("chats.messages.send", UNKNOWN, message=_HI), (2009, 2015)),
    (at("messages.create", to=[ANA], message=_HI), (2009, 2027, 5005, 5006)),
    (at("chats.send_voicememo", UNKNOWN, attachment_id=UNKNOWN), (5006,)),
    (at("messages.update_sticker_placement", UNKNOWN, message_id=UNKNOWN, placement={"x": 0}), (2005,)),
    (at("phone_numbers.update", UNKNOWN, forwarding_number=ANA), (2005,)),
    (at("capability.check_i_message", address=ANA), (1005,)),
    (at("capability.check_RCS", address=ANA), (1005,)),
    (at("contact_card.create", phone_number=LINES[0], first_name="A"), (2022, 4004)),
    (at("contact_card.update", phone_number=LINES[0], first_name="A"), (2022, 4004)),
    (at("blocked_handles.unblock", handle=ANA), (1005,)),
    (at("webhook_subscriptions.update", UNKNOWN, is_active=True), (1001,)),
]
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


def shown_by_rows() -> set[tuple[Key, int, int]]:
    return {(operation_of(call), status, code) for call, status, code in test_errors.ROWS}


def shown_by_tests_of_all() -> set[tuple[Key, int, int]]:
    """What the tests that go through the whole document show of each address."""
    found: set[tuple[Key, int, int]] = set()
    for key in test_errors.KEYS:
        variables = [name for name in test_errors.MISSING if f"{{{name}}}" in key[0]]
        if variables:
            found.add((key, 400, 1005))
        if not OPERATIONS[key].body:
            found |= {(key, *test_errors.MISSING[name]) for name in variables}
    found |= {(key, 400, 1003) for key in test_errors.READ_FIRST}
    return found


def test_every_refusal_of_every_address_is_shown() -> None:
    documented = {(key, *refusal) for key in test_errors.KEYS for refusal in OPERATIONS[key].refusals()}
    everywhere = set(EVERYWHERE_SHOWN) | {(500, code) for code in (3001, 3002, 3003, 3004)}
    by_control = {(operation_of(call), CODES[code].status, code) for call, codes in BY_CONTROL for code in codes}
    own = {each for each in documented if each[1:] not in everywhere}
    shown = shown_by_rows() | shown_by_tests_of_all() | set(ELSEWHERE) | by_control
    assert own - shown == set()
    assert {each for each in shown if each[0] in test_errors.KEYS} <= documented


@pytest.mark.parametrize(("call", "codes"), BY_CONTROL, ids=[call[0] for call, _ in BY_CONTROL])
def test_the_control_api_makes_what_only_the_remote_has_a_reason_for(
    faulty: SandboxServer, sync_caller: Caller, async_caller: Caller, call: Call, codes: tuple[int, ...]
) -> None:
    name, path, options = call
    for code in codes:
        faulty.control("faults", {"error_rate": 1, "error_codes": [code]})
        for caller in (sync_caller, async_caller):
            assert caller.refused_as_documented(name, *path, **options) == (CODES[code].status, code)


@pytest.mark.parametrize("named", sorted({*EVERYWHERE_SHOWN.values(), *ELSEWHERE.values(), *LOCAL.values()}))
def test_what_is_shown_elsewhere_is_there(named: str) -> None:
    file, _, name = named.partition("::")
    assert re.search(rf"^def {name}\(", (HERE.parent / file).read_text(), re.MULTILINE), named
