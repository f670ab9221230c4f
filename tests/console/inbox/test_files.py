"""Files over HTTP: who may attach, see and remove them; how they are given out; what a bubble shows of them."""

from __future__ import annotations

import json
import re
import uuid
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from chats.models import Attachment, Chat, MediaCopy, Message, Operation
from chats.queries.groups import groups_page
from chats.queries.inbox import InboxFilters
from tests.console.inbox.words import HTMX, THREAD, send, write
from tests.files import PDF, PNG, pick, send_files
from tests.people import make_chat, make_handle, make_person, signed_in
from tests.remote import Answer, Remote, remote, remote_server, wrong

__all__ = ["remote", "remote_server"]
pytestmark = pytest.mark.django_db
REMOTE_ID = "3f0d1a52-6a35-4a1c-9c55-0d3a1a2b3c4d"


def upload(client: Client, chat: Chat, name: str = "photo.png", content: bytes = PNG) -> Any:
    return client.post(f"/inbox/{chat.pk}/files/", {"file": SimpleUploadedFile(name, content)})


def body(response: Any) -> bytes:
    return b"".join(response.streaming_content)


def address(message: Message, index: int = 0) -> str:
    return f"/inbox/{message.chat_id}/messages/{message.pk}/files/{index}/"


def media_part(remote: Remote | None = None, **more: Any) -> dict[str, Any]:
    part = {"type": "media", "id": REMOTE_ID, "filename": "cat.png", "mime_type": "image/png", "size_bytes": len(PNG)}
    return part | ({"url": f"{remote.origin}/old/cat.png"} if remote else {}) | more


@pytest.fixture
def client(agent: User) -> Client:
    return signed_in(agent)


@pytest.fixture
def stored(remote: Remote, monkeypatch: pytest.MonkeyPatch) -> Remote:
    """A remote that has the file of `REMOTE_ID`, at an address that only asking tells."""
    remote.on(
        "GET",
        f"/v3/attachments/{REMOTE_ID}",
        Answer(200, {"id": REMOTE_ID, "download_url": f"{remote.origin}/now/cat"}),
    )
    remote.on("GET", "/now/cat", Answer(200, {"not": "really a picture"}, {"Content-Type": "text/html"}))
    return remote


CONTENT = json.dumps({"not": "really a picture"}).encode()


# Taking files in


@pytest.mark.parametrize("who", ["agent", "manager", "administrator"])
def test_every_role_attaches_sees_and_removes_its_own(request: pytest.FixtureRequest, chat: Chat, who: str) -> None:
    client = signed_in(request.getfixturevalue(who))
    response = upload(client, chat)
    row = Attachment.objects.get()
    assert response.status_code == 201
    assert response.json() == {
        "id": row.pk,
        "name": "photo.png",
        "size": len(PNG),
        "kind": "image",
        "url": f"/inbox/files/{row.pk}/",
    }
    assert (row.line, row.uploaded_by.get_username(), row.state, row.message) == (chat.line, who, "stored", None)
    assert body(client.get(f"/inbox/files/{row.pk}/")) == PNG
    assert client.post(f"/inbox/files/{row.pk}/discard/").status_code == 204
    assert Attachment.objects.count() == 0
    assert not default_storage.exists(row.file.name)
    assert client.post(f"/inbox/files/{row.pk}/discard/").status_code == 404


def test_nobody_attaches_without_a_sign_in(client: Client, chat: Chat, agent: User) -> None:
    row = pick(chat, agent)
    anonymous = Client()
    assert upload(anonymous, chat).status_code == 302
    assert anonymous.get(f"/inbox/files/{row.pk}/").status_code == 302
    assert anonymous.post(f"/inbox/files/{row.pk}/discard/").status_code == 302
    assert list(Attachment.objects.all()) == [row]


def test_an_outsider_attaches_nothing_and_finds_nothing(outsider: User, chat: Chat, agent: User) -> None:
    row = pick(chat, agent)
    client = signed_in(outsider)
    assert upload(client, chat).status_code == 404
    assert client.get(f"/inbox/files/{row.pk}/").status_code == 404
    assert client.post(f"/inbox/files/{row.pk}/discard/").status_code == 404
    assert list(Attachment.objects.all()) == [row]
    assert default_storage.exists(row.file.name)


@pytest.mark.parametrize("who", ["manager", "administrator"])
def test_what_was_picked_and_not_sent_is_nobody_elses(
    request: pytest.FixtureRequest, chat: Chat, agent: User, who: str
) -> None:
    row = pick(chat, agent)
    client = signed_in(request.getfixturevalue(who))
    assert client.get(f"/inbox/files/{row.pk}/").status_code == 404
    assert client.post(f"/inbox/files/{row.pk}/discard/").status_code == 404
    response = client.post(
        f"/inbox/{chat.pk}/send/", {"text": "Mine", "key": str(uuid.uuid4()), "seen": 0, "file": row.pk}, headers=HTMX
    )
    assert response.status_code == 422
    assert (Message.objects.count(), Operation.objects.count(), Attachment.objects.get().message) == (0, 0, None)


def test_a_line_that_was_taken_away_takes_the_files_along(client: Client, chat: Chat, agent: User) -> None:
    row = pick(chat, agent)
    agent.line_access.all().delete()
    assert client.get(f"/inbox/files/{row.pk}/").status_code == 404
    assert client.post(f"/inbox/files/{row.pk}/discard/").status_code == 404


def test_a_reader_attaches_nothing(chat: Chat) -> None:
    reader = make_person("reader", "", chat.line)
    reader.user_permissions.add(Permission.objects.get(codename="read_chats"))
    assert upload(signed_in(reader), chat).status_code == 403
    assert Attachment.objects.count() == 0


def test_a_file_from_another_site_is_refused(agent: User, chat: Chat) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(agent)
    assert upload(client, chat).status_code == 403
    assert Attachment.objects.count() == 0


@pytest.mark.parametrize("path", ["{chat}/files/", "files/1/discard/"])
def test_nothing_is_attached_or_removed_by_a_get(client: Client, chat: Chat, path: str) -> None:
    assert client.get("/inbox/" + path.format(chat=chat.pk)).status_code == 405


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("run.exe", b"MZ\x90", "“run.exe”: files of this type cannot be sent."),
        ("song.ogg", b"OggS", "“song.ogg”: files of this type cannot be sent."),
        ("fake.png", b"MZ\x90 not a picture", "“fake.png” is not what its name says it is."),
        ("page.pdf", b"<html>", "“page.pdf” is not what its name says it is."),
        ("binary.txt", b"a\x00b", "“binary.txt” is not what its name says it is."),
        ("nameless", b"some words", "“nameless”: files of this type cannot be sent."),
    ],
)
def test_what_cannot_be_sent_is_refused_with_a_sentence(
    client: Client, chat: Chat, name: str, content: bytes, sentence: str
) -> None:
    response = upload(client, chat, name, content)
    assert (response.status_code, response.json()) == (422, {"problem": sentence})
    assert Attachment.objects.count() == 0


def test_an_empty_file_and_none_at_all(client: Client, chat: Chat) -> None:
    assert upload(client, chat, content=b"").json() == {"problem": "“photo.png”: the file is empty."}
    assert client.post(f"/inbox/{chat.pk}/files/").json() == {"problem": "No file arrived. Attach it again."}


def test_a_file_that_is_too_large_is_refused_by_the_server_too(
    client: Client, chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chats.v3.content.MAX_UPLOAD_BYTES", 10)
    assert upload(client, chat).json() == {"problem": "“photo.png”: the file is larger than 100 MB."}
    assert Attachment.objects.count() == 0


def test_a_name_loses_what_cannot_be_shown_and_keeps_its_ending(client: Client, chat: Chat) -> None:
    upload(client, chat, "a\u202egnp.png")
    upload(client, chat, "x" * 300 + ".png")
    upload(client, chat, "nameless-picture")
    names = list(Attachment.objects.order_by("pk").values_list("name", "content_type"))
    assert names[0] == ("agnp.png", "image/png")
    assert (names[1][0][-8:], len(names[1][0]) <= 255) == ("xxxx.png", True)
    assert names[2] == ("nameless-picture", "image/png")


def test_nobody_fills_the_disk(client: Client, chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chats.actions.attachments.MOST_UNSENT", 2)
    assert [upload(client, chat).status_code for _ in "123"] == [201, 201, 422]


# Sending


def test_a_message_of_files_alone_shows_them_at_once(client: Client, chat: Chat, agent: User) -> None:
    photo, paper = pick(chat, agent), pick(chat, agent, "a paper.pdf", PDF)
    data = {"text": "", "key": str(uuid.uuid4()), "seen": 0, "file": [photo.pk, paper.pk, photo.pk]}
    response = client.post(f"/inbox/{chat.pk}/send/", data, headers=HTMX)
    message = Message.objects.get()
    html = response.content.decode()
    assert response.status_code == 200
    assert f'src="{address(message)}" alt="Picture: photo.png" width="240" height="180" loading="lazy"' in html
    assert f'<a class="file" href="{address(message, 1)}" download>' in html
    assert "“photo.png” is uploaded first; the message leaves once the remote has it." in html
    assert [(one.part, one.message) for one in Attachment.objects.order_by("pk")] == [(0, message), (1, message)]


def test_what_is_no_longer_there_is_refused_and_everything_stays(client: Client, chat: Chat, agent: User) -> None:
    row = pick(chat, agent)
    for file in ("999999", str(row.pk)):
        if file == str(row.pk):
            other = make_chat(agent.line_access.get().line, make_handle("+14155550198"))
            send_files(other, agent, row)
        before = (Message.objects.count(), Operation.objects.count())
        response = client.post(
            f"/inbox/{chat.pk}/send/", {"text": "Hi", "key": str(uuid.uuid4()), "seen": 0, "file": file}, headers=HTMX
        )
        assert response.status_code == 422
        assert "A file is no longer here" in response.content.decode()
        assert (Message.objects.count(), Operation.objects.count()) == before


def test_more_files_than_a_message_may_have(client: Client, chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chats.actions.attachments.MOST_FILES", 1)
    data = {"text": "Hi", "key": str(uuid.uuid4()), "seen": 0, "file": [1, 2]}
    response = client.post(f"/inbox/{chat.pk}/send/", data, headers=HTMX)
    assert "A message can have 1 files at the most." in response.content.decode()
    assert Message.objects.count() == 0


def test_the_composer_says_what_may_be_attached(client: Client, chat: Chat) -> None:
    html = client.get(f"/inbox/{chat.pk}/").content.decode()
    assert f'data-upload="/inbox/{chat.pk}/files/" data-largest="104857600" data-most="20"' in html
    assert re.search(r'data-endings="[^"]*\bheic\b[^"]*\bpdf\b', html)


# Giving files out


@pytest.mark.parametrize("who", ["agent", "manager", "administrator"])
def test_every_role_of_the_line_sees_what_was_sent(
    request: pytest.FixtureRequest, chat: Chat, agent: User, who: str
) -> None:
    message = send_files(chat, agent)
    response = signed_in(request.getfixturevalue(who)).get(address(message))
    assert (response.status_code, body(response)) == (200, PNG)
    assert {name: response.headers[name] for name in HEADS} == HEADS


HEADS = {
    "Content-Type": "image/png",
    "Content-Length": str(len(PNG)),
    "Content-Disposition": 'inline; filename="photo.png"',
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-cache",
    "Accept-Ranges": "bytes",
}


def test_nobody_else_sees_it(chat: Chat, agent: User, outsider: User) -> None:
    message = send_files(chat, agent)
    assert Client().get(address(message)).status_code == 302
    client = signed_in(outsider)
    there, nowhere = client.get(address(message)), client.get(address(message).replace(f"/{chat.pk}/", "/9999/"))
    assert there.status_code == nowhere.status_code == 404
    assert not there.streaming
    assert signed_in(make_person("roleless", "", chat.line)).get(address(message)).status_code == 403


def test_a_file_of_another_chat_is_not_reached_through_ones_own(
    agent: User, chat: Chat, outsider: User, other_line: Any
) -> None:
    message = send_files(chat, agent)
    theirs = make_chat(other_line, make_handle("+14155550999"))
    client = signed_in(outsider)
    assert client.get(f"/inbox/{theirs.pk}/messages/{message.pk}/files/0/").status_code == 404
    # nor by a part that names a file of another line
    forged = write(theirs, parts=[{"type": "media", "attachment": Attachment.objects.get().pk}])
    assert client.get(address(forged)).status_code == 404


@pytest.mark.parametrize("index", [1, 999_999])
def test_a_part_that_is_no_file_or_not_there(client: Client, chat: Chat, agent: User, index: int) -> None:
    message = send_files(chat, agent)
    assert client.get(address(message, index)).status_code == 404
    text = write(chat, "Hello")
    assert client.get(address(text)).status_code == 404


@pytest.mark.parametrize(
    ("asked", "status", "told", "content"),
    [
        ("bytes=0-3", 206, f"bytes 0-3/{len(PDF)}", PDF[:4]),
        ("bytes=10-", 206, f"bytes 10-{len(PDF) - 1}/{len(PDF)}", PDF[10:]),
        ("bytes=-5", 206, f"bytes {len(PDF) - 5}-{len(PDF) - 1}/{len(PDF)}", PDF[-5:]),
        ("bytes=0-99999", 200, None, PDF),
        ("bytes=99999-", 416, f"bytes */{len(PDF)}", b""),
        ("bytes=5-2", 416, f"bytes */{len(PDF)}", b""),
        ("bytes=-0", 416, f"bytes */{len(PDF)}", b""),
        ("bytes=0-1,4-5", 200, None, PDF),
        ("pages=1-2", 200, None, PDF),
    ],
)
def test_ranges(
    client: Client, chat: Chat, agent: User, asked: str, status: int, told: str | None, content: bytes
) -> None:
    message = send_files(chat, agent, pick(chat, agent, "a.pdf", PDF))
    response = client.get(address(message), headers={"Range": asked})
    assert (response.status_code, response.headers.get("Content-Range")) == (status, told)
    assert (body(response) if response.streaming else response.content) == content


def test_a_browser_that_has_it_asks_and_is_told_so(client: Client, chat: Chat, agent: User) -> None:
    message = send_files(chat, agent)
    tag = client.get(address(message)).headers["ETag"]
    response = client.get(address(message), headers={"If-None-Match": tag})
    assert (response.status_code, response.content) == (304, b"")
    other = client.get(address(message), headers={"Range": "bytes=0-3", "If-Range": '"another"'})
    assert other.status_code == 200
    agent.line_access.all().delete()
    assert client.get(address(message), headers={"If-None-Match": tag}).status_code == 404


@pytest.mark.parametrize(
    ("name", "content", "content_type", "disposition"),
    [
        ("a.html", b"<script>alert(1)</script>", "application/octet-stream", "attachment"),
        ("a.svg", b"<svg onload='alert(1)'/>", "application/octet-stream", "attachment"),
        ("a.pdf", PDF, "application/pdf", "attachment"),
        ("a.mp3", b"ID3\x04", "audio/mpeg", "inline"),
        ("a.mov", b"\x00\x00\x00\x14ftypqt  ", "video/quicktime", "inline"),
    ],
)
def test_only_what_is_harmless_is_shown_within_a_page(
    client: Client, chat: Chat, agent: User, name: str, content: bytes, content_type: str, disposition: str
) -> None:
    message = send_files(chat, agent, pick(chat, agent, name, content))
    response = client.get(address(message))
    assert (response.headers["Content-Type"], response.headers["Content-Disposition"]) == (
        content_type,
        f'{disposition}; filename="{name}"',
    )


def test_a_file_that_the_storage_lost(client: Client, chat: Chat, agent: User) -> None:
    message = send_files(chat, agent)
    default_storage.delete(Attachment.objects.get().file.name)
    assert client.get(address(message)).status_code == 404


# What the remote has


def test_what_came_in_is_fetched_once_and_kept(client: Client, chat: Chat, stored: Remote) -> None:
    message = write(chat, "Photo", parts=[media_part(stored)])
    html = client.get(f"/inbox/{chat.pk}/", headers=THREAD).content.decode()
    assert f'<img src="{address(message)}" alt="Picture: cat.png"' in html
    assert stored.origin not in html
    for _ in "12":
        response = client.get(address(message))
        assert (response.status_code, body(response)) == (200, CONTENT)
        # as the message says; what the storage says of it is not believed
        assert response.headers["Content-Type"] == "image/png"
    assert [asked.path for asked in stored.asked] == [f"/v3/attachments/{REMOTE_ID}", "/now/cat"]
    assert "authorization" not in stored.asked[1].headers
    assert MediaCopy.objects.get().state == "kept"


def test_without_a_word_of_the_remotes_the_messages_own_address_counts(
    client: Client, chat: Chat, remote: Remote
) -> None:
    remote.on("GET", "/v3/attachments/.+", Answer(404, wrong(2003)))
    remote.on("GET", "/old/cat.png", Answer(200, {}))
    message = write(chat, "Photo", parts=[media_part(remote)])
    assert body(client.get(address(message))) == b"{}"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9/secret",
        "http://169.254.169.254/latest/meta-data",
        "https://cdn.linqapp.com.example.com/a.png",
        "https://cdn.linqapp.com@example.com/a.png",
        "http://cdn.linqapp.com/a.png",
        "file:///etc/passwd",
        "https://[",
    ],
)
def test_nothing_is_fetched_from_elsewhere(client: Client, chat: Chat, remote: Remote, url: str) -> None:
    message = write(chat, "Photo", parts=[media_part(url=url)])
    assert client.get(address(message)).status_code == 404
    assert remote.asked == []
    assert MediaCopy.objects.count() == 0
    # nor when the remote itself gave such an address out
    remote.on("GET", f"/v3/attachments/{REMOTE_ID}", Answer(200, {"id": REMOTE_ID, "download_url": url}))
    other = write(chat, "Photo", parts=[media_part()])
    assert client.get(address(other)).status_code == 404
    assert MediaCopy.objects.get().state == "gone"


def test_what_the_remote_no_longer_has_is_asked_for_once(client: Client, chat: Chat, remote: Remote) -> None:
    remote.on("GET", "/v3/attachments/.+", Answer(404, wrong(2003)))
    message = write(chat, "Photo", parts=[media_part()])
    assert [client.get(address(message)).status_code for _ in "12"] == [404, 404]
    assert len(remote.asked) == 1


def test_a_file_that_is_too_large_is_not_kept(
    client: Client, chat: Chat, stored: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chats.engine.media.MAX_UPLOAD_BYTES", 5)
    message = write(chat, "Photo", parts=[media_part(stored)])
    assert client.get(address(message)).status_code == 404
    assert not MediaCopy.objects.exclude(file="").exists()


def test_nobody_else_makes_it_fetch(chat: Chat, outsider: User, remote: Remote) -> None:
    message = write(chat, "Photo", parts=[media_part()])
    assert Client().get(address(message)).status_code == 302
    assert signed_in(outsider).get(address(message)).status_code == 404
    assert (remote.asked, MediaCopy.objects.count()) == ([], 0)


def test_every_kind_has_its_place_and_hostile_names_are_text(client: Client, chat: Chat, remote: Remote) -> None:
    hostile = '"><script>alert(1)</script>'
    types = ["image/png", "video/mp4", "audio/mpeg", "application/pdf", "image/svg+xml", hostile]
    write(chat, "All", parts=[media_part(mime_type=one, filename=hostile) for one in types])
    html = client.get(f"/inbox/{chat.pk}/", headers=THREAD).content.decode()
    assert "<script>" not in html
    assert [len(re.findall(f"<{tag}[ >]", html)) for tag in ("img", "video", "audio")] == [1, 1, 1]
    assert html.count('<a class="file" href="/inbox/') == 3
    assert html.count('preload="none"') == 2


@pytest.mark.parametrize("number", [1, 40])
def test_a_page_of_pictures_costs_the_same_as_one(
    client: Client, chat: Chat, agent: User, number: int, remote: Remote, django_assert_num_queries: Any
) -> None:
    for _ in range(number):
        write(chat, "Photo", parts=[media_part(remote), media_part(attachment=7)])
    # session, person, two for the rights; chat, participants, messages, reactions, changes of these; the panel:
    # what is pending, places that are shared, what has failed
    with django_assert_num_queries(12):
        client.get(f"/inbox/{chat.pk}/", headers=THREAD)
    send_files(chat, agent)
    # and what the first message that waits is waiting for: its lane, earlier ones, its files
    with django_assert_num_queries(15):
        client.get(f"/inbox/{chat.pk}/", headers=THREAD)
    assert remote.asked == []


def test_an_ordinary_message_still_leaves_as_text(client: Client, chat: Chat) -> None:
    send(client, chat, "Hello")
    assert Message.objects.get().parts == [{"type": "text", "value": "Hello"}]


def test_the_activity_names_the_file_and_no_group_shows_it_as_a_change(group: Chat, agent: User, manager: User) -> None:
    send_files(group, agent)
    upload_of_it = Operation.objects.get(kind="upload_attachment")
    client = signed_in(manager)
    assert "Upload “photo.png”" in client.get("/activity/").content.decode()
    html = client.get(f"/activity/operations/{upload_of_it.pk}/").content.decode()
    assert "Upload “photo.png”" in html
    assert "Upload" not in client.get(f"/inbox/{group.pk}/panel/").content.decode()
    assert "data-pending" not in client.get(f"/inbox/{group.pk}/panel/").content.decode()
    [row] = groups_page(manager, InboxFilters()).rows
    assert (row.pk, row.has_pending) == (group.pk, False)  # type: ignore[attr-defined]
