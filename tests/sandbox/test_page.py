"""The sandbox's page, and what keeps other sites out of it and of the control API."""

from __future__ import annotations

import pytest
import requests

from tests.sandbox.conftest import LINES, open_chat, refused
from tests.sandbox_server import SandboxServer

HOSTILE = "<script>alert(1)</script>"


def test_the_page_shows_the_world(demo: SandboxServer) -> None:
    demo.api("GET", "chats/nonsense")
    demo.control("faults", {"latency_ms": 3})
    page = requests.get(demo.url, timeout=20)
    assert page.status_code == 200
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    for words in (*LINES, "AT_RISK", "Moving day", "GET /api/partner/v3/chats/nonsense", "1005", "latency_ms 3"):
        assert words in page.text, words
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http://" not in page.text.replace("http://127.0.0.1", "")
    assert "https://" not in page.text


def test_the_page_brings_its_own_files(sandbox: SandboxServer) -> None:
    assert requests.get(f"{sandbox.url}/page.css", timeout=10).headers["Content-Type"] == "text/css; charset=utf-8"
    assert "panels" in requests.get(f"{sandbox.url}/page.js", timeout=10).text


def test_what_people_say_is_escaped(sandbox: SandboxServer) -> None:
    group = open_chat(sandbox, "ana@example.com", "ben@example.com")["id"]
    sandbox.control("people/ana@example.com/rename_group", {"chat_id": group, "name": HOSTILE})
    page = requests.get(sandbox.url, timeout=10).text
    assert HOSTILE not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_anybody_can_be_made_to_speak(sandbox: SandboxServer) -> None:
    form = {"handle": "ana@example.com", "where": LINES[0], "text": "Anybody there?"}
    answer = requests.post(f"{sandbox.url}/say", data=form, headers={"Origin": sandbox.url}, timeout=10)
    assert answer.history[0].status_code == 303
    assert "Said." in answer.text
    chat = sandbox.api("GET", "chats").json()["chats"][0]["id"]
    assert sandbox.control(f"chats/{chat}")["messages"][0]["parts"][0]["value"] == "Anybody there?"


def test_a_mistake_in_the_form_is_said_and_kept(sandbox: SandboxServer) -> None:
    form = {"handle": "not a handle", "where": LINES[0], "text": "Hello"}
    answer = requests.post(f"{sandbox.url}/say", data=form, timeout=10)
    assert answer.status_code == 400
    assert 'value="not a handle"' in answer.text
    assert sandbox.api("GET", "chats").json()["chats"] == []


def test_the_time_can_be_moved_on_the_page(sandbox: SandboxServer) -> None:
    requests.post(f"{sandbox.url}/clock", data={"to": "stop"}, timeout=10)
    before = sandbox.control("clock")
    assert before["mode"] == "step"
    requests.post(f"{sandbox.url}/clock", data={"to": "hour"}, timeout=10)
    assert sandbox.control("clock")["now"][11:13] == f"{(int(before['now'][11:13]) + 1) % 24:02d}"
    requests.post(f"{sandbox.url}/clock", data={"to": "run"}, timeout=10)
    assert sandbox.control("clock")["mode"] == "running"
    assert requests.post(f"{sandbox.url}/clock", data={"to": "back"}, timeout=10).status_code == 400


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Host": "rebound.example"},
        {"Host": "rebound.example:4010"},
        {"Host": "127.0.0.1.rebound.example"},
        {"Host": ""},
    ],
)
@pytest.mark.parametrize("path", ["sandbox/reset", "sandbox/faults", "say"])
def test_other_sites_are_kept_out(sandbox: SandboxServer, path: str, headers: dict[str, str]) -> None:
    open_chat(sandbox, "ana@example.com")
    answer = requests.post(f"{sandbox.url}/{path}", json={}, headers=headers, timeout=10)
    refused(answer, 403, 2005)
    assert len(sandbox.api("GET", "chats").json()["chats"]) == 1


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "[::1]", "sandbox.localhost"])
def test_loopback_names_are_let_in(sandbox: SandboxServer, name: str) -> None:
    host = f"{name}:{sandbox.port}"
    headers = {"Host": host, "Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"}
    assert requests.post(f"{sandbox.url}/sandbox/faults", json={}, headers=headers, timeout=10).status_code == 200


def test_the_api_itself_needs_only_its_token(sandbox: SandboxServer) -> None:
    assert sandbox.api("GET", "chats", headers={"Host": "gateway.example"}).status_code == 200
