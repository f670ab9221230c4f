"""Files named by an address on this machine: fetched, looked at, kept; and addresses that lead nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.sandbox.conftest import open_chat, refused
from tests.sandbox.file_server import File, FileServer
from tests.sandbox.uploads import PNG
from tests.sandbox_server import SandboxServer

MAIL = "ana@example.com"
TEN = 10 * 1024 * 1024
FILES = {
    "/a.png": File(PNG, "image/png; charset=binary"),
    "/photo.php": File(PNG, "image/png"),
    "/b.jpg": File(b"jpeg", "application/octet-stream"),
    "/ten.wav": File(bytes(TEN), "audio/x-wav"),
    "/more.wav": File(bytes(TEN + 1), "audio/x-wav"),
    "/memo": File(b"la la", "audio/mp4"),
    "/song.ogg": File(b"ogg", "image/png"),
    "/page": File(b"#!", "application/x-sh"),
    "/no-name": File(b"x", ""),
    "/lies.png": File(b"la la", "audio/mpeg"),
    "/empty.png": File(b"", "image/png"),
    "/moved.png": File(b"", "image/png", 302),
    "/broken.png": File(b"", "image/png", 500),
    "/short.png": File(PNG, "image/png", declared=1000),
}


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[FileServer]:
    """Where the files are."""
    serving = FileServer(FILES)
    yield serving
    serving.close()


def send(server: SandboxServer, chat: str, url: str, **more: Any) -> requests.Response:
    message = {"parts": [{"type": "media", "url": url}], **more}
    return server.api("POST", f"chats/{chat}/messages", {"message": message})


@pytest.mark.parametrize(
    ("path", "mime_type", "content"),
    [
        ("/a.png", "image/png", PNG),
        ("/photo.php", "image/png", PNG),
        ("/b.jpg", "image/jpeg", b"jpeg"),
        ("/ten.wav", "audio/x-wav", bytes(TEN)),
    ],
)
def test_it_is_fetched_and_kept(
    sandbox: SandboxServer, elsewhere: FileServer, path: str, mime_type: str, content: bytes
) -> None:
    chat = open_chat(sandbox, MAIL)["id"]
    answer = send(sandbox, chat, elsewhere.url(path))
    assert answer.status_code == 202, answer.text
    part = answer.json()["message"]["parts"][0]
    assert (part["filename"], part["mime_type"], part["size_bytes"]) == (path[1:], mime_type, len(content))
    assert part["url"].startswith(f"{sandbox.url}/attachments/partners/")
    assert requests.get(part["url"], timeout=10).content == content
    assert sandbox.api("GET", f"attachments/{part['id']}").json()["status"] == "complete"


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/more.wav", 400, 5005),
        ("/song.ogg", 400, 5004),
        ("/page", 400, 5004),
        ("/no-name", 400, 5004),
        ("/lies.png", 400, 5006),
        ("/nothing.png", 500, 5002),
        ("/empty.png", 500, 5002),
        ("/moved.png", 500, 5002),
        ("/broken.png", 500, 5002),
        ("/short.png", 500, 5002),
    ],
)
def test_what_is_there_decides(
    sandbox: SandboxServer, elsewhere: FileServer, path: str, status: int, code: int
) -> None:
    chat = open_chat(sandbox, MAIL)["id"]
    refused(send(sandbox, chat, elsewhere.url(path)), status, code)
    assert len(sandbox.control(f"chats/{chat}")["messages"]) == 1


@pytest.mark.parametrize("url", ["https://127.0.0.1:9/a.png", "https://files.invalid/a.png"])
def test_where_nobody_answers_nothing_is_downloaded(sandbox: SandboxServer, url: str) -> None:
    chat = open_chat(sandbox, MAIL)["id"]
    refused(send(sandbox, chat, url), 500, 5002)
    assert len(sandbox.control(f"chats/{chat}")["messages"]) == 1


def test_a_repeated_request_fetches_nothing_again(sandbox: SandboxServer, elsewhere: FileServer) -> None:
    chat = open_chat(sandbox, MAIL)["id"]
    before = len(elsewhere.asked)
    first, again = (send(sandbox, chat, elsewhere.url("/a.png"), idempotency_key="k1") for _ in range(2))
    assert (again.status_code, again.json()) == (202, first.json())
    assert len(elsewhere.asked) == before + 1


def test_a_voice_memo_is_fetched_too(sandbox: SandboxServer, elsewhere: FileServer) -> None:
    chat = open_chat(sandbox, MAIL)["id"]

    def memo(path: str) -> requests.Response:
        return sandbox.api("POST", f"chats/{chat}/voicememo", {"voice_memo_url": elsewhere.url(path)})

    sent = memo("/memo").json()["voice_memo"]["voice_memo"]
    assert (sent["filename"], sent["mime_type"], sent["size_bytes"]) == ("memo", "audio/mp4", 5)
    assert requests.get(sent["url"], timeout=10).content == b"la la"
    refused(memo("/more.wav"), 413, 5001)
    refused(memo("/a.png"), 400, 5004)
    refused(memo("/nothing.m4a"), 500, 5002)
    assert len(sandbox.control(f"chats/{chat}")["messages"]) == 2
