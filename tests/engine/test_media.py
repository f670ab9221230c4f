"""What comes in is kept here: fetched once, by whoever is first, again after trouble, and as long as its message."""

from __future__ import annotations

import threading
import uuid
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.storage import default_storage

from chats.actions.attachments import discard_attachment
from chats.actions.rules import Refused
from chats.engine import inflow, media, retention
from chats.models import Attachment, Chat, MediaCopy, Message, Retention
from chats.models.operation import State
from chats.v3 import resources
from tests import wire
from tests.engine.worker import Clock, at_once, hear
from tests.files import pick, send_files, sending, uploads
from tests.people import NOON
from tests.remote import Answer, Remote, wrong

pytestmark = pytest.mark.django_db
SENDER = "+14155550101"


class Held:
    """A remote that has one file."""

    def __init__(self, remote: Remote) -> None:
        self.remote = remote
        self.id = str(uuid.uuid4())
        remote.on("GET", f"/v3/attachments/{self.id}", Answer(200, self.told))
        remote.on("GET", f"/files/{self.id}", Answer(200, {"a": "file"}))

    @property
    def told(self) -> dict[str, Any]:
        return {"id": self.id, "download_url": f"{self.remote.origin}/files/{self.id}?signature=now"}

    @property
    def part(self) -> dict[str, Any]:
        url = f"{self.remote.origin}/files/{self.id}?signature=ended"
        return {
            "type": "media",
            "id": self.id,
            "filename": "a.png",
            "mime_type": "image/png",
            "size_bytes": 9,
            "url": url,
        }

    @property
    def fetched(self) -> int:
        return len(self.remote.calls("GET", f"/files/{self.id}"))


@pytest.fixture
def held(remote: Remote, moment: Clock, wakes: list[Any]) -> Held:
    return Held(remote)


def arrives(chat: Chat, held: Held, **more: Any) -> Message:
    told = wire.message_event(chat, str(uuid.uuid4()), sender=SENDER, parts=[held.part], **more)
    hear("message.received", told)
    return Message.objects.get()


def fetch() -> int:
    return media.fetch_due(seconds=20)


def test_what_comes_in_is_fetched_by_the_next_tick_and_only_once(chat: Chat, held: Held) -> None:
    message = arrives(chat, held)
    assert (message.text, MediaCopy.objects.get().state) == ("Photo", "due")
    assert (fetch(), fetch()) == (1, 0)
    copy = MediaCopy.objects.get()
    assert (copy.message, copy.part, copy.state, copy.size, copy.due_at) == (message, 0, "kept", 13, None)
    with default_storage.open(copy.file.name) as file:
        assert file.read() == b'{"a": "file"}'
    assert held.fetched == 1
    hear("message.received", wire.message_event(chat, str(message.remote_id), sender=SENDER, parts=[held.part]))
    assert (MediaCopy.objects.count(), fetch()) == (1, 0)


def test_a_reading_of_the_chat_keeps_what_is_new_and_leaves_what_is_old(chat: Chat, held: Held, moment: Clock) -> None:
    for days in (0, 3):
        at = wire.at(moment.now - timedelta(days=days))
        told = wire.message(str(uuid.uuid4()), str(chat.remote_id), sender=SENDER, parts=[held.part], sent_at=at)
        inflow.save_messages(chat, [resources.Message.from_json(told)])
    assert MediaCopy.objects.count() == 1
    assert MediaCopy.objects.get().message == Message.objects.latest("happened_at")


def test_text_and_files_on_other_servers_are_not_fetched(chat: Chat, held: Held) -> None:
    elsewhere = held.part | {"url": "https://files.example/a.png"}
    message = Message(
        chat=chat, parts=[{"type": "text", "value": "Hi"}, elsewhere, "odd", {"type": "media"}], happened_at=NOON
    )
    media.expect([message])
    assert MediaCopy.objects.count() == 0


@pytest.mark.parametrize("trouble", [Answer(503, wrong(4004)), Answer(500), Answer(200, {"a": "file"}, cut="halfway")])
def test_trouble_that_may_pass_is_tried_again_later(chat: Chat, held: Held, moment: Clock, trouble: Answer) -> None:
    held.remote.on("GET", f"/files/{held.id}", trouble, Answer(200, {"a": "file"}))
    message = arrives(chat, held)
    assert (fetch(), fetch()) == (1, 0)
    copy = MediaCopy.objects.get()
    assert (copy.state, copy.attempts, bool(copy.error), copy.file.name) == ("due", 1, True, "")
    # who looks meanwhile is told so at once, and does not ask the remote in its trouble again
    assert media.copy_of(message, 0) is None
    assert held.fetched == 1
    moment.tick(seconds=30)
    assert fetch() == 1
    assert MediaCopy.objects.get().state == "kept"


def test_after_many_tries_it_is_given_up(chat: Chat, held: Held, moment: Clock) -> None:
    held.remote.on("GET", f"/files/{held.id}", Answer(500))
    arrives(chat, held)
    for _ in range(20):
        fetch()
        moment.tick(hours=1)
    copy = MediaCopy.objects.get()
    assert (copy.state, copy.attempts, held.fetched) == ("gone", 8, 8)


def test_a_tick_that_died_is_made_up_for(chat: Chat, held: Held, moment: Clock) -> None:
    arrives(chat, held)
    assert media._take_due() is not None
    assert fetch() == 0
    moment.tick(minutes=5)
    assert fetch() == 1
    assert MediaCopy.objects.get().state == "kept"


@pytest.mark.django_db(transaction=True)
def test_two_ticks_and_somebody_who_looks_keep_one_file(chat: Chat, held: Held, tmp_path: Any, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    message = arrives(chat, held)
    results = at_once(fetch, fetch, partial(media.copy_of, message, 0), partial(media.copy_of, message, 0))
    assert [one for one in results if isinstance(one, Exception)] == []
    copy = MediaCopy.objects.get()
    assert copy.state == "kept"
    # those that came too late have taken their own files away
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [copy.file.name.split("/")[1]]


def test_files_go_with_the_messages_they_belong_to(chat: Chat, agent: User, held: Held, moment: Clock) -> None:
    Retention.objects.create(pk=1, message_days=5)
    message = arrives(chat, held)
    fetch()
    ours = send_files(chat, agent)
    Message.objects.filter(pk=ours.pk).update(delivery_status="failed", error="x", happened_at=message.happened_at)
    for operation in [sending(), *uploads()]:
        type(operation).objects.filter(pk=operation.pk).update(state=State.CANCELLED, settled_at=NOON, due_at=None)
    names = [MediaCopy.objects.get().file.name, Attachment.objects.get().file.name]
    moment.tick(hours=24 * 5 - 1)
    retention.apply(seconds=20)
    assert [default_storage.exists(name) for name in names] == [True, True]
    moment.tick(hours=2)
    retention.apply(seconds=20)
    assert (Message.objects.filter(cleared_at__isnull=False).count(), MediaCopy.objects.count()) == (2, 0)
    assert Attachment.objects.count() == 0
    assert [default_storage.exists(name) for name in names] == [False, False]


def test_what_was_picked_and_not_sent_goes_after_a_day(chat: Chat, agent: User, moment: Clock) -> None:
    old = pick(chat, agent)
    moment.tick(hours=1)
    new = pick(chat, agent)
    moment.tick(hours=23)
    assert retention.apply(seconds=20) == 0
    moment.tick(seconds=1)
    assert retention.apply(seconds=20) == 1
    assert list(Attachment.objects.all()) == [new]
    assert (default_storage.exists(old.file.name), default_storage.exists(new.file.name)) == (False, True)


@pytest.mark.django_db(transaction=True)
def test_pruning_beside_itself_deletes_each_once(chat: Chat, agent: User, moment: Clock) -> None:
    for _ in range(4):
        pick(chat, agent)
    moment.tick(hours=25)
    assert sum(at_once(partial(retention.apply, seconds=20), partial(retention.apply, seconds=20))) == 4
    assert Attachment.objects.count() == 0


def test_what_is_part_of_a_message_is_not_discarded(chat: Chat, agent: User, moment: Clock, wakes: list[Any]) -> None:
    row = pick(chat, agent)
    send_files(chat, agent, row)
    with pytest.raises(Refused, match="part of a message"):
        discard_attachment(attachment=row, by=agent)
    assert default_storage.exists(row.file.name)


def test_only_so_many_fetch_at_once_for_who_looks(chat: Chat, held: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    message = arrives(chat, held)
    monkeypatch.setattr(media, "LOOKING_SECONDS", 0.0)
    monkeypatch.setattr(media, "_looking", threading.BoundedSemaphore(1))
    with media._looking:
        assert media.copy_of(message, 0) is None
    assert (held.fetched, MediaCopy.objects.get().attempts) == (0, 0)
    monkeypatch.setattr(media, "LOOKING_SECONDS", 5.0)
    assert media.copy_of(message, 0) is not None
