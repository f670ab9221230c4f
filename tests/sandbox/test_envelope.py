"""The token, the error envelope and the trace id on every answer."""

from __future__ import annotations

import re

import pytest
import requests

from tests.sandbox.conftest import LINES, refused
from tests.sandbox_server import SandboxServer

UNKNOWN = "00000000-0000-4000-8000-000000000000"


@pytest.mark.parametrize("prefix", ["/api/partner/v3", "/v3"])
def test_it_answers_under_both_addresses(sandbox: SandboxServer, prefix: str) -> None:
    answer = requests.get(
        f"{sandbox.url}{prefix}/phone_numbers", headers={"Authorization": "Bearer sandbox-token"}, timeout=10
    )
    assert answer.status_code == 200
    assert [line["phone_number"] for line in answer.json()["phone_numbers"]] == LINES


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic sandbox-token"}])
def test_a_request_without_a_known_token_is_refused(sandbox: SandboxServer, header: dict[str, str]) -> None:
    answer = requests.get(f"{sandbox.base_url}/v3/chats", headers=header, timeout=10)
    refused(answer, 401, 2004)


def test_another_token_of_the_settings_is_taken(sandbox: SandboxServer) -> None:
    answer = sandbox.api("GET", "chats", headers={"Authorization": "Bearer second-token"})
    assert answer.json() == {"chats": [], "next_cursor": None}


def test_a_line_has_all_its_fields(sandbox: SandboxServer) -> None:
    line = sandbox.api("GET", "phone_numbers").json()["phone_numbers"][0]
    assert line.pop("id")
    assert line == {
        "phone_number": LINES[0],
        "reputation": {
            "status": "HEALTHY",
            "doc_url": "https://docs.linqapp.com/channel/imessage/guides/phone-numbers/phone-reputation#healthy",
        },
        "forwarding_number": None,
        "line_type": "iMessage",
    }


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "nowhere", 404, 1003),
        ("PATCH", "chats", 405, 1003),
        ("GET", f"chats/{UNKNOWN}", 404, 2001),
        ("GET", "chats/not-a-uuid", 400, 1005),
        ("GET", f"messages/{UNKNOWN}", 404, 2002),
        ("GET", f"webhook-subscriptions/{UNKNOWN}", 404, 2010),
        ("GET", "chats?limit=0", 400, 1005),
        ("GET", "chats?limit=101", 400, 1005),
        ("GET", "chats?cursor=20", 400, 1005),
        ("GET", "chats?from=2025550101", 400, 1002),
    ],
)
def test_an_error_comes_in_the_envelope(sandbox: SandboxServer, method: str, path: str, status: int, code: int) -> None:
    refused(sandbox.api(method, path), status, code)


def test_a_body_that_is_no_json_is_refused(sandbox: SandboxServer) -> None:
    answer = requests.post(
        f"{sandbox.base_url}/v3/chats",
        data="{",
        headers={"Authorization": "Bearer sandbox-token", "Content-Type": "application/json"},
        timeout=10,
    )
    refused(answer, 400, 1003)


def test_every_answer_has_a_trace_id_of_its_own(sandbox: SandboxServer) -> None:
    answers = [sandbox.api("GET", path) for path in ("chats", "chats", "nowhere", "webhook-events")]
    traces = [answer.headers["X-Trace-ID"] for answer in answers]
    assert all(re.fullmatch(r"[0-9a-f]{32}", trace) for trace in traces)
    assert len(set(traces)) == 4


def test_an_empty_answer_has_a_trace_id_too(sandbox: SandboxServer) -> None:
    chat_id = sandbox.say("+13055550120", "Hi", line=LINES[0])["chat_id"]
    answer = sandbox.api("POST", f"chats/{chat_id}/read")
    assert answer.status_code == 204
    assert answer.content == b""
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["X-Trace-ID"])


def test_readiness_needs_no_token(sandbox: SandboxServer) -> None:
    answer = requests.get(f"{sandbox.url}/sandbox/ready", timeout=10)
    assert answer.json() == {"name": "sandbox", "world": "empty", "seed": 7}
