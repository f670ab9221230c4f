"""Files against the real sandbox: up by the signed address, into a message, and back through the console."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from chats.engine import drain, inflow, lanes, media, sweeps
from chats.engine import remote as engine_remote
from chats.models import Attachment, Chat, Line, MediaCopy, Message
from chats.models.operation import State
from chats.v3 import resources
from chats.v3.attachments import Attachments
from tests.engine.test_exactly_once import Killed
from tests.engine.worker import Clock, work
from tests.files import PDF, PNG, pick, send_files, sending, uploads
from tests.people import make_chat, make_handle, signed_in
from tests.sandbox.conftest import ANA, LINES, open_chat
from tests.sandbox_server import SandboxServer

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    running = SandboxServer().start("empty")
    yield running
    running.stop()


@pytest.fixture
def sandbox(server: SandboxServer, settings: Settings, moment: Clock, wakes: list[Any]) -> Iterator[SandboxServer]:
    server.reset("empty")
    settings.LINQ_BASE_URL, settings.LINQ_API_KEY = server.base_url, "sandbox-token"
    engine_remote.client.cache_clear()
    yield server
    engine_remote.client().close()
    engine_remote.client.cache_clear()


@pytest.fixture
def known(sandbox: SandboxServer, line: Line) -> Chat:
    """A chat that the sandbox has, and the console knows of."""
    return make_chat(line, make_handle(ANA), remote_id=uuid.UUID(open_chat(sandbox, ANA, line=LINES[0])["id"]))


def parts_at(sandbox: SandboxServer, message: Message) -> list[dict[str, Any]]:
    message.refresh_from_db()
    found: list[dict[str, Any]] = sandbox.api("GET", f"messages/{message.remote_id}").json()["parts"]
    return found


def test_a_file_goes_up_into_a_message_and_comes_back_through_the_console(
    sandbox: SandboxServer, known: Chat, agent: User
) -> None:
    message = send_files(known, agent, pick(known, agent, "a.pdf", PDF), pick(known, agent), text="Both")
    work()
    work()
    assert (sending().state, {one.state for one in uploads()}) == (State.ACCEPTED, {State.ACCEPTED})
    theirs = parts_at(sandbox, message)
    assert [(part["type"], part.get("filename"), part.get("size_bytes")) for part in theirs] == [
        ("text", None, None),
        ("media", "a.pdf", len(PDF)),
        ("media", "photo.png", len(PNG)),
    ]
    # as another console of the same account sees it
    told = sandbox.api("GET", f"messages/{message.remote_id}").json() | {"id": str(uuid.uuid4())}
    [copy] = inflow.save_messages(known, [resources.Message.from_json(told)]).new
    response = signed_in(agent).get(f"/inbox/{known.pk}/messages/{copy.pk}/files/2/")
    assert b"".join(response) == PNG
    assert MediaCopy.objects.get(part=2).state == "kept"


def test_an_address_that_ended_while_nobody_worked_is_asked_for_again(
    sandbox: SandboxServer, known: Chat, agent: User, moment: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = send_files(known, agent)

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(lanes, "release", lambda *_: None)
        patched.setattr(Attachments, "upload", die)
        with pytest.raises(Killed):
            drain.drain(uploads()[0].lane_id, seconds=20)
    first = Attachment.objects.get().remote_id
    sandbox.control("clock", {"advance_seconds": 16 * 60})
    moment.tick(seconds=31)
    sweeps.sweep()
    work()
    work()
    attachment = Attachment.objects.get()
    assert (attachment.state, sending().state) == ("referenced", State.ACCEPTED)
    assert attachment.remote_id not in {None, first}
    assert [part["id"] for part in parts_at(sandbox, message)] == [str(attachment.remote_id)]


def test_a_file_that_was_deleted_there_is_gone_here(sandbox: SandboxServer, known: Chat, agent: User) -> None:
    message = send_files(known, agent)
    work()
    work()
    part = parts_at(sandbox, message)[0]
    assert sandbox.api("DELETE", f"attachments/{part['id']}").status_code == 204
    told = Message.objects.create(chat=known, direction="inbound", parts=[part], happened_at=message.happened_at)
    assert media.copy_of(told, 0) is None
    assert MediaCopy.objects.get().state == "gone"


def test_a_large_file_is_never_whole_in_memory(sandbox: SandboxServer, known: Chat, agent: User) -> None:
    content = b"%PDF-1.7\n" + bytes(range(256)) * 20_000
    send_files(known, agent, pick(known, agent, "large.pdf", content))
    read: list[int] = []
    opened = Attachments.upload

    def counted(self: Attachments, slot: Any, body: Any) -> None:
        inner = body.read
        body.read = lambda size=-1: read.append(size) or inner(size)
        opened(self, slot, body)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Attachments, "upload", counted)
        work()
    assert Attachment.objects.get().state in {"uploaded", "referenced"}
    assert max(read) <= 256 * 1024
    assert len(read) > len(content) / (256 * 1024)
