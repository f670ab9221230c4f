"""Attachments: announced, uploaded to a signed address, downloaded, deleted."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
import requests
from linq import LinqAPIV3

from tests.sandbox.conftest import open_chat, refused
from tests.sandbox.uploads import PNG, announce, put, upload
from tests.sandbox_server import SandboxServer

MAIL = "ana@example.com"


def test_a_file_goes_up_and_comes_back(sandbox: SandboxServer, sdk: LinqAPIV3) -> None:
    slot = sdk.attachments.create(filename="A picture.png", content_type="image/png", size_bytes=len(PNG))
    assert slot.http_method == "PUT"
    assert slot.required_headers == {"Content-Type": "image/png", "Content-Length": str(len(PNG))}
    assert slot.upload_url.startswith(f"{sandbox.url}/attachments/partners/")
    pending = sdk.attachments.retrieve(slot.attachment_id)
    assert (pending.status, pending.download_url) == ("pending", slot.download_url)
    assert round((slot.expires_at - pending.created_at).total_seconds()) == 15 * 60
    assert requests.get(slot.download_url, timeout=10).status_code == 404

    answer = requests.put(slot.upload_url, data=PNG, headers=slot.required_headers, timeout=10)
    assert (answer.status_code, answer.content) == (200, b"")
    whole = sdk.attachments.retrieve(slot.attachment_id)
    assert whole.to_dict() | {"created_at": None} == {
        "id": slot.attachment_id,
        "filename": "A picture.png",
        "content_type": "image/png",
        "size_bytes": len(PNG),
        "status": "complete",
        "created_at": None,
        "download_url": slot.download_url,
    }
    got = requests.get(slot.download_url, timeout=10)  # without a token
    assert (got.status_code, got.content, got.headers["Content-Type"]) == (200, PNG, "image/png")


def test_a_large_file_comes_back_whole(sandbox: SandboxServer) -> None:
    content = bytes(range(256)) * 12_000
    slot = announce(sandbox, "song.wav", "audio/x-wav", len(content))
    assert put(slot, content).status_code == 200
    assert requests.get(slot["download_url"], timeout=10).content == content


@pytest.mark.parametrize("name", ["../../etc/passwd", "ünïcode 😀.png", "a%2Fb?c#d.png", "x" * 251 + ".png"])
def test_any_name_is_only_a_name(sandbox: SandboxServer, name: str) -> None:
    slot = announce(sandbox, name, "image/png", len(PNG))
    assert put(slot, PNG).status_code == 200
    assert requests.get(slot["download_url"], timeout=10).content == PNG
    assert sandbox.api("GET", f"attachments/{slot['attachment_id']}").json()["filename"] == name


def test_an_upload_must_be_the_one_that_was_announced(sandbox: SandboxServer) -> None:
    slot = announce(sandbox, "a.png", "image/png", len(PNG))
    headers = slot["required_headers"]
    assert put(slot, PNG + b"!").status_code == 403
    assert put(slot, PNG[:-1]).status_code == 403
    assert put(slot, PNG, {**headers, "Content-Type": "image/jpeg"}).status_code == 403
    assert put({**slot, "upload_url": slot["download_url"]}, PNG).status_code == 403
    assert put({**slot, "upload_url": slot["upload_url"][:-1] + "x"}, PNG).status_code == 403
    assert requests.post(slot["upload_url"], data=PNG, timeout=10).status_code == 405
    other = announce(sandbox, "a.png", "image/png", len(PNG))
    query = slot["upload_url"].partition("?")[2]
    assert put({**slot, "upload_url": f"{other['download_url']}?{query}"}, PNG).status_code == 403
    for each in (slot, other):
        assert sandbox.api("GET", f"attachments/{each['attachment_id']}").json()["status"] == "pending"
    assert put(slot, PNG).status_code == 200


def test_the_address_to_upload_to_lasts_a_quarter_of_an_hour(sandbox: SandboxServer) -> None:
    slot = announce(sandbox, "a.png", "image/png", len(PNG))
    sandbox.control("clock", {"advance_seconds": 14 * 60})
    assert put(slot, PNG).status_code == 200
    late = announce(sandbox, "b.png", "image/png", len(PNG))
    sandbox.control("clock", {"advance_seconds": 15 * 60 + 1})
    refused(put(late, PNG), 403, 5001)
    assert sandbox.api("GET", f"attachments/{late['attachment_id']}").json()["status"] == "failed"
    assert requests.get(slot["download_url"], timeout=10).content == PNG


def test_a_deleted_file_is_gone_and_its_messages_stay(sandbox: SandboxServer, sdk: LinqAPIV3) -> None:
    slot = upload(sandbox, "a.png", "image/png", PNG)
    chat = open_chat(sandbox, MAIL, message={"parts": [{"type": "media", "attachment_id": slot["attachment_id"]}]})
    sdk.attachments.delete(slot["attachment_id"])
    refused(sandbox.api("GET", f"attachments/{slot['attachment_id']}"), 404, 2003)
    refused(sandbox.api("DELETE", f"attachments/{slot['attachment_id']}"), 404, 2003)
    assert requests.get(slot["download_url"], timeout=10).status_code == 404
    assert put(slot, PNG).status_code == 404
    part = sandbox.api("GET", f"messages/{chat['message']['id']}").json()["parts"][0]
    assert (part["type"], part["filename"], part["id"], part["url"]) == ("media", "a.png", "", "")
    sdk.messages.retrieve(chat["message"]["id"])
    body = {"message": {"parts": [{"type": "media", "attachment_id": slot["attachment_id"]}]}}
    refused(sandbox.api("POST", f"chats/{chat['id']}/messages", body), 404, 2003)


def test_a_new_world_has_no_files(sandbox: SandboxServer) -> None:
    slot = upload(sandbox, "a.png", "image/png", PNG)
    sandbox.reset("empty")
    assert requests.get(slot["download_url"], timeout=10).status_code == 404


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"content_type": "image/png", "size_bytes": 5}, 1001),
        ({"filename": "a.png", "size_bytes": 5}, 1001),
        ({"filename": "a.png", "content_type": "image/png"}, 1001),
        ({"filename": 5, "content_type": "image/png", "size_bytes": 5}, 1003),
        ({"filename": "a.png", "content_type": "image/png", "size_bytes": "5"}, 1003),
        ({"filename": "a.png", "content_type": "image/png", "size_bytes": True}, 1003),
        ({"filename": "", "content_type": "image/png", "size_bytes": 5}, 1005),
        ({"filename": "x" * 256, "content_type": "image/png", "size_bytes": 5}, 1005),
        ({"filename": "a\x00.png", "content_type": "image/png", "size_bytes": 5}, 1005),
        ({"filename": "a.png", "content_type": "image/png", "size_bytes": 0}, 1005),
        ({"filename": "a.png", "content_type": "image/png", "size_bytes": 100 * 1024 * 1024 + 1}, 5005),
        ({"filename": "a.ogg", "content_type": "audio/ogg", "size_bytes": 5}, 5004),
        ({"filename": "a.exe", "content_type": "application/zip", "size_bytes": 5}, 5004),
    ],
)
def test_a_bad_announcement_is_refused(sandbox: SandboxServer, body: dict[str, Any], code: int) -> None:
    refused(sandbox.api("POST", "attachments", body), 400, code)


def test_what_is_not_ours_is_not_there(sandbox: SandboxServer) -> None:
    stranger = str(uuid.uuid4())
    refused(sandbox.api("GET", f"attachments/{stranger}"), 404, 2003)
    refused(sandbox.api("DELETE", f"attachments/{stranger}"), 404, 2003)
    refused(sandbox.api("GET", "attachments/nonsense"), 400, 1005)
    refused(sandbox.api("DELETE", "attachments/nonsense"), 400, 1005)
    refused(requests.post(f"{sandbox.base_url}/v3/attachments", json={}, timeout=10), 401, 2004)
    # An address with another account in it is no address of ours.
    slot = upload(sandbox, "a.png", "image/png", PNG)
    assert requests.get(slot["download_url"].replace("a.png", "b.png"), timeout=10).status_code == 404
    partner = slot["download_url"].split("/")[5]
    assert requests.get(slot["download_url"].replace(partner, stranger), timeout=10).status_code == 404


def test_files_are_there_after_a_restart() -> None:
    server = SandboxServer()
    try:
        server.start("empty")
        slot = upload(server, "a.png", "image/png", PNG)
        assert server.end() == 0
        server.start("empty")
        assert requests.get(slot["download_url"], timeout=10).content == PNG
        assert server.api("GET", f"attachments/{slot['attachment_id']}").json()["status"] == "complete"
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("asked", "status", "first", "last"),
    [
        ("bytes=0-9", 206, 0, 10),
        ("bytes=10-", 206, 10, None),
        ("bytes=-5", 206, -5, None),
        ("bytes=60-9999", 206, 60, None),
        ("bytes=-9999", 200, 0, None),
        ("bytes=0-", 200, 0, None),
        ("bytes=9-3", 200, 0, None),
        ("bytes=-", 200, 0, None),
        ("bytes=0-1,4-5", 200, 0, None),
        ("lines=0-1", 200, 0, None),
    ],
)
def test_a_part_of_a_file_can_be_asked_for(
    sandbox: SandboxServer, asked: str, status: int, first: int, last: int | None
) -> None:
    slot = upload(sandbox, "a.png", "image/png", PNG)
    wanted = PNG[first:last]
    for method, content in (("GET", wanted), ("HEAD", b"")):
        answer = requests.request(method, slot["download_url"], headers={"Range": asked}, timeout=10)
        assert (answer.status_code, answer.content) == (status, content)
        assert (answer.headers["Content-Length"], answer.headers["Accept-Ranges"]) == (str(len(wanted)), "bytes")
        begin = PNG.index(wanted)
        shown = f"bytes {begin}-{begin + len(wanted) - 1}/{len(PNG)}" if status == 206 else None
        assert answer.headers.get("Content-Range") == shown


@pytest.mark.parametrize("asked", ["bytes=9999-", "bytes=9999-10000", "bytes=-0"])
def test_a_part_that_is_not_there_cannot_be_given(sandbox: SandboxServer, asked: str) -> None:
    slot = upload(sandbox, "a.png", "image/png", PNG)
    answer = requests.get(slot["download_url"], headers={"Range": asked}, timeout=10)
    assert (answer.status_code, answer.content) == (416, b"")
    assert answer.headers["Content-Range"] == f"bytes */{len(PNG)}"


def test_a_download_goes_on_only_with_the_same_file(sandbox: SandboxServer) -> None:
    slot = upload(sandbox, "a.png", "image/png", PNG)
    tag = requests.head(slot["download_url"], timeout=10).headers["ETag"]
    for given, status in ((tag, 206), ('"another"', 200)):
        headers = {"Range": "bytes=5-", "If-Range": given}
        assert requests.get(slot["download_url"], headers=headers, timeout=10).status_code == status
    assert requests.head(slot["download_url"] + "x", timeout=10).status_code == 404
