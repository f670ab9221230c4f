"""Checks of what an address can receive."""

from __future__ import annotations

from typing import Any

import pytest
from linq import APIStatusError, LinqAPIV3

from tests.sandbox.conftest import LINES, refused
from tests.sandbox_server import SandboxServer

IMESSAGE, RCS = "capability/check_imessage", "capability/check_rcs"


def check(server: SandboxServer, path: str, address: str) -> dict[str, Any]:
    server.control("clock", {"advance_seconds": 10})
    answer = server.api("POST", path, {"address": address})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def who(server: SandboxServer, service: str) -> str:
    return next(
        str(row["handle"]) for row in server.people() if row["service"] == service and row["habits"]["reachable"]
    )


def test_each_service_is_found(demo: SandboxServer) -> None:
    answers = {
        (service, path): check(demo, path, who(demo, service))
        for service in ("iMessage", "RCS", "SMS")
        for path in (IMESSAGE, RCS)
    }
    available = {key: found["available"] for key, found in answers.items()}
    assert available == {
        ("iMessage", IMESSAGE): True, ("RCS", IMESSAGE): False, ("SMS", IMESSAGE): False,
        ("iMessage", RCS): True, ("RCS", RCS): True, ("SMS", RCS): False,
    }  # fmt: skip
    sms = who(demo, "SMS")
    assert answers["SMS", RCS] == {
        "address": sms, "available": False, "reason": "not_supported", "selected_service": "SMS",
    }  # fmt: skip
    assert "reason" not in answers["RCS", RCS]


def test_the_sdk_checks_an_e_mail_address(sandbox: SandboxServer, sdk: LinqAPIV3) -> None:
    found = sdk.capability.check_i_message(address="Ana@Example.com", from_=LINES[1])
    assert (found.address, found.available, found.selected_service) == ("ana@example.com", True, "iMessage")
    assert sandbox.people() == []  # asking is not meeting


def test_somebody_out_of_reach_has_nothing(demo: SandboxServer) -> None:
    handle = next(row["handle"] for row in demo.people() if not row["habits"]["reachable"])
    assert check(demo, IMESSAGE, handle) == {"address": handle, "available": False, "reason": "not_supported"}


def test_one_check_every_ten_seconds(sandbox: SandboxServer, sdk: LinqAPIV3) -> None:
    sdk.capability.check_i_message(address="ana@example.com")
    for path in (IMESSAGE, RCS):
        error = refused(sandbox.api("POST", path, {"address": "+13055550123"}), 429, 1007)
        assert 1 <= error["retry_after"] <= 10
    sandbox.control("clock", {"advance_seconds": 10})
    sdk.capability.check_RCS(address="+13055550123")


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        (IMESSAGE, {}, 400, 1001),
        (IMESSAGE, {"address": "ana"}, 400, 1002),
        (IMESSAGE, {"address": "ana@example.com", "from": "+13055550199"}, 403, 2006),
        (IMESSAGE, {"address": "ana@example.com", "from": "3055550199"}, 400, 1002),
        (RCS, {}, 400, 1001),
        (RCS, {"address": "ana@example.com"}, 400, 1002),
    ],
)
def test_a_bad_check_is_refused_and_not_counted(
    sandbox: SandboxServer, path: str, body: dict[str, Any], status: int, code: int
) -> None:
    refused(sandbox.api("POST", path, body), status, code)
    assert sandbox.api("POST", IMESSAGE, {"address": "ana@example.com"}).status_code == 200


@pytest.mark.parametrize(("state", "code"), [("off", 4004), ("no_account", 4009), ("failing", 4010)])
def test_a_line_may_be_unable_to_check_for_rcs(sandbox: SandboxServer, sdk: LinqAPIV3, state: str, code: int) -> None:
    sandbox.control(f"lines/{LINES[1]}/settings", {"rcs": state})
    body = {"address": "+13055550123", "from": LINES[1]}
    refused(sandbox.api("POST", RCS, body), 503, code)
    sandbox.control("clock", {"advance_seconds": 10})
    with pytest.raises(APIStatusError) as unknown:
        sdk.capability.check_RCS(address="+13055550123", from_=LINES[1])
    assert unknown.value.status_code == 503
    sandbox.control("clock", {"advance_seconds": 10})
    assert sandbox.api("POST", RCS, {**body, "from": LINES[0]}).status_code == 200
