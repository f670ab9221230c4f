"""Phone numbers, forwarding, and what cannot be had here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests
from linq import APIStatusError, LinqAPIV3
from linq.types import PhoneNumberForwardingUpdatedWebhookEvent

from tests.sandbox.conftest import ANA, LINES, open_chat, refused, text
from tests.sandbox.receiver import Receiver
from tests.sandbox_server import SandboxServer, wait_for

Subscribe = Callable[..., dict[str, Any]]
EVENT = "phone_number.forwarding_updated"
UNKNOWN = "00000000-0000-4000-8000-000000000000"


def test_lines_have_a_reputation_and_a_type(sandbox: SandboxServer, sdk: LinqAPIV3) -> None:
    rows = sdk.phone_numbers.list().phone_numbers
    assert [row.phone_number for row in rows] == LINES
    for row in rows:
        assert (row.reputation.status, row.line_type, row.forwarding_number) == ("HEALTHY", "iMessage", None)
        assert row.reputation.doc_url.endswith("#healthy")


def test_the_older_list_is_still_there(sandbox: SandboxServer, sdk: LinqAPIV3) -> None:
    with pytest.warns(DeprecationWarning, match="deprecated"):
        rows = sdk.phonenumbers.list().phone_numbers
    assert [row.phone_number for row in rows] == LINES
    assert {row.id for row in rows} == {row.id for row in sdk.phone_numbers.list().phone_numbers}
    assert [(row.country_code, row.type) for row in rows] == [(None, None)] * 5
    assert set(sandbox.api("GET", "phonenumbers").json()["phone_numbers"][0]) == {
        "id", "phone_number", "capabilities", "country_code", "type",
    }  # fmt: skip


def test_calls_are_forwarded_and_no_longer(
    sandbox: SandboxServer, sdk: LinqAPIV3, receiver: Receiver, subscribe: Subscribe
) -> None:
    subscribe(EVENT, phone_numbers=[LINES[0]])
    line = sdk.phone_numbers.list().phone_numbers[0]
    answer = sdk.phone_numbers.update(line.id, forwarding_number="+13055550123")
    assert (answer.id, answer.phone_number, answer.forwarding_number) == (line.id, LINES[0], "+13055550123")
    assert sdk.phone_numbers.list().phone_numbers[0].forwarding_number == "+13055550123"
    told = receiver.wait(EVENT)
    PhoneNumberForwardingUpdatedWebhookEvent.model_validate(told.event)
    data = told.data
    assert set(data) == {"summary", "occurred_at", "actor", "origin", "phone_number", "change"}
    assert (data["phone_number"], data["change"]) == (LINES[0], {"from": None, "to": "+13055550123"})
    sdk.phone_numbers.update(line.id, forwarding_number="+13055550123")  # nothing changes, so nothing is told
    cleared = sandbox.api("PUT", f"phone_numbers/{line.id}", {"forwarding_number": ""})
    assert cleared.json() == {"id": line.id, "phone_number": LINES[0], "forwarding_number": None}
    wait_for(lambda: len(receiver.got) == 2, what="the second event")
    changes = sorted((each.data["change"] for each in receiver.got), key=lambda change: change["from"] is not None)
    assert changes == [{"from": None, "to": "+13055550123"}, {"from": "+13055550123", "to": None}]


@pytest.mark.parametrize(
    ("line", "body", "status", "code"),
    [
        (UNKNOWN, {"forwarding_number": None}, 404, 2019),
        ("none", {"forwarding_number": None}, 400, 1005),
        (None, {}, 400, 1001),
        (None, {"forwarding_number": "3055550123"}, 400, 1002),
        (None, {"forwarding_number": 3055550123}, 400, 1002),
    ],
)
def test_a_bad_forwarding_is_refused(
    sandbox: SandboxServer, line: str | None, body: dict[str, Any], status: int, code: int
) -> None:
    first = sandbox.api("GET", "phone_numbers").json()["phone_numbers"][0]
    refused(sandbox.api("PUT", f"phone_numbers/{line or first['id']}", body), status, code)
    assert sandbox.api("GET", "phone_numbers").json()["phone_numbers"][0]["forwarding_number"] is None


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "experiences"),
        ("GET", "experiences/quiz"),
        ("POST", "payment_requests"),
        ("GET", f"payment_requests/{UNKNOWN}"),
        ("POST", f"payment_requests/{UNKNOWN}/cancel"),
        ("GET", "payments"),
        ("GET", f"payments/{UNKNOWN}/credentials"),
        ("POST", "payments/handles/+13055550123/connect"),
        ("GET", "payments/providers/stripe"),
    ],
)
def test_what_the_account_does_not_have_says_so(sandbox: SandboxServer, method: str, path: str) -> None:
    refused(sandbox.api(method, path, {} if method == "POST" else None), 403, 2011)
    refused(sandbox.api(method, path, headers={"Authorization": "Bearer wrong"}), 401, 2004)


def test_the_sdk_hears_that_experiences_are_not_available(sandbox: SandboxServer, sdk: LinqAPIV3) -> None:
    with pytest.raises(APIStatusError) as missing:
        sdk.experiences.list()
    assert missing.value.status_code == 403


def test_a_line_of_the_type_rcs_never_sends_imessage(demo: SandboxServer, sdk: LinqAPIV3) -> None:
    demo.control(f"lines/{LINES[0]}/settings", {"line_type": "RCS"})
    assert sdk.phone_numbers.list().phone_numbers[0].line_type == "RCS"
    phones = [row["handle"] for row in demo.people() if row["service"] == "iMessage"][:3]
    chat = open_chat(demo, *phones, line=LINES[0])
    assert (chat["service"], chat["handles"][0]["line_type"]) == ("RCS", "RCS")
    assert {each["service"] for each in chat["handles"]} == {"RCS"}


def test_a_line_has_known_settings_only(sandbox: SandboxServer) -> None:
    for path, body in ((LINES[0], {"rcs": "maybe"}), (LINES[0], {"color": "red"}), ("+13055550199", {"rcs": "off"})):
        answer = requests.post(f"{sandbox.url}/sandbox/lines/{path}/settings", json=body, timeout=10)
        refused(answer, *((400, 1005) if path == LINES[0] else (404, 2019)))


def test_a_line_is_assigned_and_released(
    sandbox: SandboxServer, receiver: Receiver, subscribe: Callable[..., Any]
) -> None:
    subscribe("phone_number.assigned", "phone_number.released", "contact_card.deleted")
    number = "+12025550106"
    assert sandbox.control("lines", {"phone_number": number, "line_type": "RCS"})["phone_number"] == number
    data = receiver.wait("phone_number.assigned").data
    assert set(data) == {"phone_number", "changed_at"}
    assert data["phone_number"] == number
    shown = sandbox.api("GET", "phone_numbers").json()["phone_numbers"]
    assert [each["line_type"] for each in shown if each["phone_number"] == number] == ["RCS"]
    refused(sandbox.control_answer("lines", {"phone_number": number}), 409, 2015)
    refused(sandbox.control_answer("lines", {"phone_number": "+12025550107", "line_type": "fax"}), 400, 1005)

    sandbox.api("POST", "contact_card", {"phone_number": number, "first_name": "Desk"})
    chat = open_chat(sandbox, ANA, line=number)["id"]
    assert sandbox.control(f"lines/{number}/release", {}) == {"phone_number": number}
    assert receiver.wait("phone_number.released").data["phone_number"] == number
    gone = receiver.wait("contact_card.deleted").data
    assert (gone["contact_card"]["first_name"], gone["actor"], gone["origin"]) == ("Desk", {"type": "system"}, "linq")
    assert len(sandbox.api("GET", "phone_numbers").json()["phone_numbers"]) == len(LINES)
    refused(sandbox.api("GET", f"chats/{chat}"), 404, 2001)
    refused(sandbox.api("POST", "chats", {"from": number, "to": [ANA], "message": text("Hi")}), 403, 2006)
    refused(sandbox.control_answer(f"lines/{number}/release", {}), 404, 2019)
