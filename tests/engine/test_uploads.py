"""A file goes up before its message leaves: step by step, each resumed by whoever comes next, and the message once."""

from __future__ import annotations

import uuid
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import User

from chats.actions.messages import send_message
from chats.actions.operations import cancel_operation, retry_operation
from chats.actions.rules import Refused
from chats.engine import breaker, carry, drain, files, lanes, sweeps, wake
from chats.engine.kinds import uploads as kind
from chats.models import Attachment, Chat, Lane, Line, LineFailure, Message, Operation
from chats.models.operation import State
from chats.queries import waiting
from chats.v3.attachments import Attachments
from tests import wire
from tests.engine.test_exactly_once import SEND, Keys, Killed
from tests.engine.worker import Clock, at_once, hear, work
from tests.files import PDF, PNG, Storage, pick, send_files, sending, uploads
from tests.people import make_chat, make_handle
from tests.remote import Answer, Remote, wrong

pytestmark = pytest.mark.django_db


@pytest.fixture
def storage(remote: Remote, moment: Clock, wakes: list[Any]) -> Storage:
    return Storage(remote)


def go_up() -> int:
    """Work on the files alone, and not on the messages that wait for them."""
    lanes_of_files = Lane.objects.filter(name__startswith=Lane.UPLOADS).order_by("pk")
    return sum(drain.drain(pk, seconds=20) for pk in lanes_of_files.values_list("pk", flat=True))


def only() -> Attachment:
    return Attachment.objects.get()


def test_text_and_files_become_parts_in_order_and_leave_once_all_are_there(
    chat: Chat, agent: User, remote: Remote, storage: Storage
) -> None:
    keys = Keys(chat)
    remote.on("POST", SEND, keys)
    photo, paper = pick(chat, agent), pick(chat, agent, "paper.pdf", PDF)
    message = send_files(chat, agent, paper, photo, text="Both of them")
    assert [(one.kind, one.state) for one in Operation.objects.order_by("pk")] == [
        ("upload_attachment", "queued"),
        ("upload_attachment", "queued"),
        ("send_message", "queued"),
    ]
    assert (message.text, message.delivery_status) == ("Both of them Attachment Photo", "pending")
    work()
    work()
    assert [asked.body for asked in storage.announced] == [
        {"filename": "paper.pdf", "content_type": "application/pdf", "size_bytes": len(PDF)},
        {"filename": "photo.png", "content_type": "image/png", "size_bytes": len(PNG)},
    ]
    for row, content in ((paper, PDF), (photo, PNG)):
        row.refresh_from_db()
        assert (row.state, row.upload_url, row.upload_headers, row.error) == ("referenced", "", {}, "")
        assert storage.stored[str(row.remote_id)] == content
    [asked] = remote.calls("POST", SEND)
    assert asked.body["message"]["parts"] == [
        {"type": "text", "value": "Both of them"},
        {"type": "media", "attachment_id": str(paper.remote_id)},
        {"type": "media", "attachment_id": str(photo.remote_id)},
    ]
    assert {one.state for one in uploads()} == {State.ACCEPTED}
    assert sending().state == State.ACCEPTED
    assert {asked.headers.get("authorization") for asked in remote.calls("PUT", "/store/.+")} == {None}


def test_only_the_message_waits_for_its_file_and_says_so(
    chat: Chat, agent: User, remote: Remote, storage: Storage, moment: Clock
) -> None:
    keys = Keys(chat)
    remote.on("POST", SEND, keys)
    remote.on("POST", "/v3/attachments", Answer(503, wrong(4004)))
    send_files(chat, agent)
    later = send_message(chat=chat, text="After it", by=agent, key=uuid.uuid4())
    other = make_chat(chat.line, make_handle("+14155550199"))
    free = send_message(chat=other, text="Not held up", by=agent, key=uuid.uuid4())
    work()
    work()
    states = {one.message_id: one.state for one in Operation.objects.filter(message__isnull=False)}
    first = sending_of(chat)
    assert states == {first.message_id: "queued", later.pk: "queued", free.pk: "accepted"}
    upload = uploads()[0]
    assert waiting.why(first) == f"“photo.png” is uploaded first, and that did not go through yet: {upload.error}"
    assert waiting.held_up(first) == waiting.why(first)
    assert waiting.why(later.operation) == (
        "An earlier operation of the same chat has to be settled first, so that their order is kept: "
        f"“Send a message”, number {first.pk}. {waiting.why(first)}"
    )
    Storage(remote)
    remote.on("GET", "/v3/messages/.+", Answer(404, wrong(2002)))
    moment.tick(seconds=61)
    work()
    work()
    assert [asked.body["message"]["parts"][0]["type"] for asked in remote.calls("POST", SEND)] == [
        "text",
        "media",
        "text",
    ]
    assert {one.state for one in Operation.objects.all()} == {State.ACCEPTED}


def sending_of(chat: Chat) -> Operation:
    return Operation.objects.filter(chat=chat, kind="send_message").order_by("pk")[0]


def test_before_it_was_tried_it_says_what_comes_first(chat: Chat, agent: User, storage: Storage) -> None:
    send_files(chat, agent)
    assert waiting.why(sending()) == "“photo.png” is uploaded first; the message leaves once the remote has it."
    assert waiting.why(uploads()[0]) == (
        "It is due and waits for a worker, which takes a few seconds; if this lasts, check that the workers run."
    )


@pytest.mark.parametrize(
    ("killed_at", "announced", "put"),
    [
        ("before the address", 1, 1),
        ("after the address, unrecorded", 2, 1),
        ("before the bytes", 1, 1),
        ("after the bytes, unrecorded", 1, 1),
    ],
)
def test_whoever_takes_over_goes_on_where_it_stopped(
    killed_at: str,
    announced: int,
    put: int,
    chat: Chat,
    agent: User,
    remote: Remote,
    storage: Storage,
    moment: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keys = Keys(chat)
    remote.on("POST", SEND, keys)
    send_files(chat, agent)

    def die(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(lanes, "release", lambda *_: None)
        if killed_at == "before the address":
            patched.setattr(Attachments, "request", die)
        elif killed_at == "after the address, unrecorded":
            patched.setattr(kind, "_keep_slot", die)
        elif killed_at == "before the bytes":
            patched.setattr(Attachments, "upload", die)
        else:
            patched.setattr(carry, "_write", die)
        with pytest.raises(Killed):
            drain.drain(uploads()[0].lane_id, seconds=20)
    assert uploads()[0].state == State.SENDING
    assert work() == 0
    moment.tick(seconds=30)
    sweeps.sweep()
    assert uploads()[0].state == State.UNKNOWN
    work()
    work()
    assert (len(storage.announced), len(storage.put)) == (announced, put)
    assert (only().state, sending().state) == ("referenced", State.ACCEPTED)
    assert len(keys.messages) == len(remote.calls("POST", SEND)) == 1
    assert Message.objects.count() == 1


@pytest.mark.parametrize("status", [403, 400, 404])
def test_an_address_that_has_ended_is_asked_for_again(
    status: int, chat: Chat, agent: User, remote: Remote, storage: Storage, moment: Clock
) -> None:
    remote.on("POST", SEND, Keys(chat))
    storage.refuse = lambda _: Answer(503)
    send_files(chat, agent)
    work()
    old = str(only().remote_id)
    assert (only().state, uploads()[0].state) == ("requested", State.QUEUED)
    storage.refuse = lambda file_id: Answer(status) if file_id == old else None
    moment.tick(seconds=3)
    work()
    work()
    assert len(storage.announced) == 2
    assert storage.put == [old, old, str(only().remote_id)]
    assert (only().state, sending().state) == ("referenced", State.ACCEPTED)


def test_an_address_known_to_have_ended_is_not_tried(
    chat: Chat, agent: User, remote: Remote, storage: Storage, moment: Clock
) -> None:
    remote.on("POST", SEND, Keys(chat))
    storage.refuse = lambda _: Answer(503)
    send_files(chat, agent)
    go_up()
    storage.refuse = lambda _: None
    storage.expires_at = "2026-07-03T13:00:00Z"
    moment.now = moment.now.replace(minute=14, second=50)
    go_up()
    assert (len(storage.announced), len(storage.put)) == (2, 2)
    assert only().state == "uploaded"


def test_an_announcement_without_an_answer_is_looked_up_and_made_again(
    chat: Chat, agent: User, remote: Remote, storage: Storage, moment: Clock
) -> None:
    remote.on("POST", "/v3/attachments", Answer(200, {}, cut="unanswered"), storage._announce)
    send_files(chat, agent)
    go_up()
    assert uploads()[0].state == State.UNKNOWN
    moment.tick(seconds=3)
    go_up()
    assert (uploads()[0].state, only().state) == (State.ACCEPTED, "uploaded")


def test_a_file_that_is_refused_fails_its_message_and_a_retry_uploads_it_again(
    chat: Chat, agent: User, remote: Remote, storage: Storage, moment: Clock
) -> None:
    keys = Keys(chat)
    remote.on("POST", SEND, keys)
    remote.on("POST", "/v3/attachments", Answer(400, wrong(5004)))
    message = send_files(chat, agent, text="With a picture")
    work()
    message.refresh_from_db()
    sentence = "“photo.png” could not be uploaded. Files of this type cannot be sent. Choose another file."
    assert (message.delivery_status, message.error, message.error_code) == ("failed", sentence, 5004)
    assert (only().state, uploads()[0].state, sending().state) == ("failed", "failed", "failed")
    assert remote.calls("POST", SEND) == []
    for action in (retry_operation, cancel_operation):
        with pytest.raises(Refused, match="the message that it is for"):
            action(operation=uploads()[0], by=_chief(agent))
    Storage(remote)
    retry_operation(operation=sending(), by=agent)
    message.refresh_from_db()
    assert (message.delivery_status, only().state, uploads()[0].state) == ("pending", "stored", "queued")
    work()
    work()
    assert (only().state, sending().state) == ("referenced", State.ACCEPTED)
    assert list(keys.messages) == [message.key]


def _chief(user: User) -> User:
    user.is_superuser = True
    return user


def test_an_address_refused_twice_in_a_row_fails(chat: Chat, agent: User, storage: Storage) -> None:
    storage.refuse = lambda _: Answer(403)
    send_files(chat, agent)
    work()
    assert (len(storage.announced), len(storage.put)) == (1, 1)
    assert sending().error == (
        "“photo.png” could not be uploaded. The remote does not allow this. Trying again will not help."
    )


def test_a_file_that_is_not_in_the_storage_fails_its_message(chat: Chat, agent: User, storage: Storage) -> None:
    send_files(chat, agent)
    only().file.storage.delete(only().file.name)
    work()
    assert sending().error == (
        "“photo.png” could not be uploaded. The file is not in the storage that this machine sees. Attach it again."
    )


def test_a_file_that_is_not_ready_yet_waits_seconds(
    chat: Chat, agent: User, remote: Remote, storage: Storage, moment: Clock
) -> None:
    keys = Keys(chat)
    remote.on("POST", SEND, Answer(404, wrong(2007)), keys)
    send_files(chat, agent)
    work()
    work()
    assert sending().state == State.QUEUED
    moment.tick(seconds=5)
    work()
    assert sending().state == State.ACCEPTED
    assert (len(storage.announced), len(keys.messages)) == (1, 1)


def test_a_file_that_the_remote_has_lost_goes_up_again_with_a_retry(
    chat: Chat, agent: User, remote: Remote, storage: Storage
) -> None:
    remote.on("POST", SEND, Answer(404, wrong(2003)), Keys(chat))
    send_files(chat, agent)
    work()
    work()
    old = only().remote_id
    assert sending().error_code == 2003
    retry_operation(operation=sending(), by=agent)
    work()
    work()
    assert (only().state, sending().state) == ("referenced", State.ACCEPTED)
    assert only().remote_id != old
    assert len(storage.announced) == 2


def test_what_waited_for_a_day_after_its_upload_goes_up_again_first(
    chat: Chat, agent: User, remote: Remote, storage: Storage, moment: Clock
) -> None:
    remote.on("POST", SEND, Keys(chat))
    Line.objects.update(paused_at=moment.now, pause_reason="by_hand", pause_detail="x")
    send_files(chat, agent)
    work()
    assert (only().state, sending().state) == ("uploaded", State.QUEUED)
    assert waiting.why(sending()).startswith("The line is paused by hand")
    moment.tick(hours=21)
    storage.expires_at = "2026-07-05T12:00:00Z"
    breaker.resume(Line.objects.get(pk=chat.line_id))
    work()
    assert (only().state, sending().state) == ("stored", State.QUEUED)
    work()
    work()
    assert (only().state, sending().state) == ("referenced", State.ACCEPTED)
    assert len(storage.announced) == 2


def test_a_message_taken_back_takes_its_upload_along(chat: Chat, agent: User, storage: Storage) -> None:
    message = send_files(chat, agent)
    cancel_operation(operation=sending(), by=agent)
    assert [one.state for one in Operation.objects.all()] == [State.CANCELLED, State.CANCELLED]
    assert work() == 0
    message.refresh_from_db()
    assert message.error == "Taken back before it was sent."
    assert storage.announced == []


def test_a_message_that_was_not_delivered_is_sent_anew_with_the_same_file(
    chat: Chat, agent: User, remote: Remote, storage: Storage
) -> None:
    remote.on("POST", SEND, Keys(chat))
    message = send_files(chat, agent)
    work()
    work()
    message.refresh_from_db()
    failed = {"chat_id": str(chat.remote_id), "message_id": str(message.remote_id), "code": 4001, "reason": "no"}
    hear("message.failed", failed)
    again = retry_operation(operation=sending(), by=agent)
    work()
    assert Operation.objects.get(pk=again.pk).state == State.ACCEPTED
    first, second = remote.calls("POST", SEND)
    assert first.body["message"]["parts"] == second.body["message"]["parts"]
    assert first.key != second.key
    assert len(storage.announced) == 1
    assert only().message_id == again.message_id


def test_trouble_of_the_storage_pauses_no_line(chat: Chat, agent: User, remote: Remote, storage: Storage) -> None:
    remote.on("POST", "/v3/attachments", Answer(500, wrong(3006)))
    for _ in range(6):
        send_files(chat, agent)
    work()
    assert LineFailure.objects.count() == 0
    assert not Line.objects.get(pk=chat.line_id).is_paused


def test_a_paused_line_still_uploads(chat: Chat, agent: User, storage: Storage, moment: Clock) -> None:
    Line.objects.update(paused_at=moment.now, pause_reason="by_hand", pause_detail="x")
    send_files(chat, agent)
    assert "paused" not in waiting.why(uploads()[0])
    work()
    assert (only().state, sending().state) == ("uploaded", State.QUEUED)


def test_a_long_upload_keeps_its_claim(
    chat: Chat, agent: User, storage: Storage, moment: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kind, "SAY_SO_EVERY", -1.0)
    send_files(chat, agent)
    read = kind._Piecewise.read
    left: list[tuple[float, float]] = []

    def slowly(self: Any, size: int = -1) -> bytes:
        moment.tick(seconds=20)
        piece = read(self, size)
        row = uploads()[0]
        ends = (row.lease_expires_at, row.lane.lease_expires_at)
        left.append(tuple((at - moment.now).total_seconds() for at in ends if at))  # type: ignore[arg-type]
        assert sweeps.recover_expired() == 0
        return piece

    monkeypatch.setattr(kind._Piecewise, "read", slowly)
    go_up()
    assert left == [(30.0, 30.0)] * 2
    assert (uploads()[0].state, uploads()[0].attempts) == (State.ACCEPTED, 1)


def test_an_upload_that_was_taken_over_is_broken_off(
    chat: Chat, agent: User, storage: Storage, moment: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kind, "SAY_SO_EVERY", -1.0)
    send_files(chat, agent)
    read = kind._Piecewise.read

    def too_slowly(self: Any, size: int = -1) -> bytes:
        moment.tick(seconds=31)
        sweeps.recover_expired()
        return read(self, size)

    monkeypatch.setattr(kind._Piecewise, "read", too_slowly)
    drain.drain(uploads()[0].lane_id, seconds=-1)
    assert storage.stored == {}


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_upload_each_file_once(chat: Chat, agent: User, remote: Remote, storage: Storage) -> None:
    keys = Keys(chat)
    remote.on("POST", SEND, keys)
    send_files(chat, agent, *[pick(chat, agent, f"{number}.png") for number in range(4)])
    at_once(work, work)
    at_once(work, work)
    assert sorted(asked.body["filename"] for asked in storage.announced) == [f"{number}.png" for number in range(4)]
    assert len(storage.put) == 4
    assert len(remote.calls("POST", SEND)) == 1
    assert set(Operation.objects.values_list("state", "attempts")) == {(State.ACCEPTED, 1)}


@pytest.mark.django_db(transaction=True)
def test_a_double_click_sends_a_file_once(chat: Chat, agent: User, moment: Clock, wakes: list[Any]) -> None:
    file = pick(chat, agent)
    key = uuid.uuid4()
    ask = partial(send_message, chat=chat, text="", by=agent, key=key, files=[file.pk])
    first, second = at_once(ask, ask)
    assert first == second == Message.objects.get()
    assert len(uploads()) == 1


@pytest.mark.django_db(transaction=True)
def test_one_file_goes_with_one_message_only(chat: Chat, agent: User, moment: Clock, wakes: list[Any]) -> None:
    file = pick(chat, agent)
    results = at_once(
        *(partial(send_message, chat=chat, text="", by=agent, key=uuid.uuid4(), files=[file.pk]) for _ in range(2))
    )
    assert sorted(type(one).__name__ for one in results) == ["Message", "Refused"]
    assert (Message.objects.count(), len(uploads())) == (1, 1)


def test_the_last_file_wakes_the_lane_of_its_message(
    chat: Chat, agent: User, storage: Storage, wakes: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    send_files(chat, agent, pick(chat, agent, "1.png"), pick(chat, agent, "2.png"))
    lane = sending().lane_id
    drain.drain(lane, seconds=20)
    put_off = sending().due_at
    wakes.clear()
    with django_capture_on_commit_callbacks(execute=True):
        drain.drain(uploads()[0].lane_id, seconds=20)
    assert ((wake.DRAIN_LANE, lane) in wakes, sending().due_at) == (False, put_off)
    with django_capture_on_commit_callbacks(execute=True):
        drain.drain(uploads()[1].lane_id, seconds=20)
    assert (wake.DRAIN_LANE, lane) in wakes
    assert put_off is not None
    assert sending().due_at == put_off - timedelta(minutes=1)


def test_a_text_costs_no_query_more(
    chat: Chat, agent: User, moment: Clock, wakes: list[Any], django_assert_num_queries: Any
) -> None:
    message = send_message(chat=chat, text="Hello", by=agent, key=uuid.uuid4())
    with django_assert_num_queries(0):
        files.note_sent(message)
        assert files.missing(message.operation) is None
        assert files.outward(message.parts) == [{"type": "text", "value": "Hello"}]


def test_a_webhook_that_is_faster_than_the_answer_refers_to_the_file_too(
    chat: Chat, agent: User, remote: Remote, storage: Storage
) -> None:
    message = send_files(chat, agent)
    go_up()
    told = wire.message_event(chat, str(uuid.uuid4()), key=message.key or "", text="")
    hear("message.sent", told)
    assert only().state == "referenced"


@pytest.mark.django_db(transaction=True)
def test_taking_back_beside_the_upload_ends_one_way_or_the_other(
    chat: Chat, agent: User, remote: Remote, storage: Storage
) -> None:
    keys = Keys(chat)
    remote.on("POST", SEND, keys)
    for _ in range(3):
        send_files(chat, agent)
    sends = list(Operation.objects.filter(kind="send_message").order_by("pk"))
    results = at_once(*(partial(cancel_operation, operation=one, by=agent) for one in sends), work)
    assert [one for one in results if isinstance(one, Exception) and not isinstance(one, Refused)] == []
    work()
    states = dict(Operation.objects.filter(kind="send_message").values_list("pk", "state"))
    taken_back = [one.pk for one, result in zip(sends, results, strict=False) if not isinstance(result, Refused)]
    assert sorted(pk for pk, state in states.items() if state == State.CANCELLED) == taken_back
    assert len(keys.messages) == 3 - len(taken_back) == len(remote.calls("POST", SEND))
    assert set(states.values()) <= {State.CANCELLED, State.ACCEPTED}


@pytest.mark.django_db(transaction=True)
def test_two_retries_at_once_upload_once(chat: Chat, agent: User, remote: Remote, storage: Storage) -> None:
    keys = Keys(chat)
    remote.on("POST", SEND, keys)
    remote.on("POST", "/v3/attachments", Answer(400, wrong(5004)))
    send_files(chat, agent)
    work()
    before = len(remote.calls("POST", "/v3/attachments"))
    remote.on("POST", "/v3/attachments", storage._announce)
    ask = partial(retry_operation, operation=sending(), by=agent)
    results = at_once(ask, ask)
    assert sorted(type(one).__name__ for one in results) == ["Operation", "Refused"]
    work()
    work()
    assert (sending().state, only().state) == (State.ACCEPTED, "referenced")
    assert len(remote.calls("POST", "/v3/attachments")) == before + 1
