"""What is made of the remote's answers, of today and of spring 2026."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from chats.v3.client import Client
from chats.v3.errors import NoAnswer, Refused
from chats.v3.limits import MAX_UPLOAD_BYTES
from chats.v3.resources import (
    Accepted,
    AvailableNumber,
    BlockedHandle,
    Capability,
    Chat,
    ContactCard,
    Effect,
    HealthScore,
    HealthStatus,
    Location,
    PhoneNumber,
    ReplyTo,
    UploadSlot,
)
from tests.v3 import samples
from tests.v3.conftest import Recorder
from tests.v3.samples import AUDIT_ID, CHAT_ID, FILE_ID, LINE_ID, MESSAGE_ID, TRACE_ID


def without(data: dict[str, object], *names: str) -> dict[str, object]:
    return {name: value for name, value in data.items() if name not in names}


def test_a_chat_of_today(remote: Recorder, client: Client) -> None:
    remote.answer({**samples.CHAT, "mood": "fine"})
    chat = client.chats.retrieve(CHAT_ID)
    assert (chat.id, chat.is_group, chat.display_name, chat.service) == (CHAT_ID, False, "+12025550123", "iMessage")
    assert chat.health_status == HealthStatus(
        "HEALTHY", samples.HEALTH["doc_url"], datetime(2026, 10, 2, 9, 0, 0, 500_000, tzinfo=UTC)
    )
    assert chat.health_score is None
    assert [(handle.handle, handle.is_me, handle.status) for handle in chat.handles] == [
        ("+12025550100", True, "active"),
        ("+12025550123", False, "active"),
    ]
    assert chat.handles[1].joined_at == datetime(2026, 10, 1, 8, 0, 0, 123_456, tzinfo=UTC)
    assert chat.own_handle == chat.handles[0]
    assert chat.updated_at == datetime(2026, 10, 2, 9, 0, 0, 250_000, tzinfo=UTC)


def test_a_chat_of_spring_2026_has_a_score() -> None:
    score = {"score": 35, "reason": "Not enough engagement", "updated_at": "2026-05-01T10:00:00Z"}
    chat = Chat.from_json({**without(samples.CHAT, "health_status"), "health_score": score})
    assert chat.health_score == HealthScore(35, "Not enough engagement", datetime(2026, 5, 1, 10, tzinfo=UTC))
    assert chat.health_status is None


def test_a_chat_may_have_both_or_neither() -> None:
    both = Chat.from_json({**samples.CHAT, "health_score": {"score": 100, "reason": "", "updated_at": None}})
    assert both.health_score == HealthScore(100, "", None)
    assert both.health_status is not None
    neither = Chat.from_json({"id": CHAT_ID, "health_score": None, "health_status": None})
    assert (neither.health_score, neither.health_status, neither.own_handle) == (None, None, None)


@pytest.mark.parametrize("score", [None, True, "35", -1, 101, float("nan")])
def test_a_score_that_is_none_is_not_made_up(score: object) -> None:
    assert HealthScore.from_json({"score": score}) is None


def test_a_status_in_small_letters_is_the_same() -> None:
    chat = Chat.from_json({"id": CHAT_ID, "health_status": {"status": "at_risk"}})
    assert chat.health_status == HealthStatus("AT_RISK", None, None)


def test_pages_are_walked_by_their_cursor(remote: Recorder, client: Client) -> None:
    remote.answer({"chats": [samples.CHAT], "next_cursor": "20"})
    page = client.chats.list()
    assert ([chat.id for chat in page.items], page.next_cursor) == ([CHAT_ID], "20")
    for end in (None, ""):
        remote.answer({"chats": [], "next_cursor": end})
        assert client.chats.list(cursor="20").next_cursor is None


def test_a_list_that_is_missing_is_not_an_empty_one(remote: Recorder, client: Client) -> None:
    remote.answer({"next_cursor": None})
    with pytest.raises(NoAnswer):
        client.chats.list()


def test_a_message(remote: Recorder, client: Client) -> None:
    remote.answer({"messages": [samples.MESSAGE], "next_cursor": None})
    (message,) = client.messages.list(CHAT_ID).items
    assert (message.id, message.chat_id, message.is_from_me) == (MESSAGE_ID, CHAT_ID, True)
    assert (message.delivery_status, message.service) == ("delivered", "iMessage")
    assert message.delivered_at == datetime(2026, 10, 2, 9, 0, 2, 500_000, tzinfo=UTC)
    assert (message.effect, message.reply_to) == (Effect("confetti", "screen"), ReplyTo(MESSAGE_ID, 1))
    ((index, reaction),) = message.reactions
    assert (index, reaction.type, reaction.is_me, reaction.id) == (0, "love", False, "r1")
    assert reaction.handle is not None
    assert reaction.handle.handle == "+12025550123"
    assert message.reconciled_at is None


def test_a_sent_message_carries_the_trace_id(remote: Recorder, client: Client) -> None:
    remote.answer({"chat_id": CHAT_ID, "message": samples.SENT}, 202, X_Trace_ID=TRACE_ID)
    sent = client.messages.send(CHAT_ID, {"parts": []})
    assert (sent.chat_id, sent.message.id, sent.trace_id) == (CHAT_ID, MESSAGE_ID, TRACE_ID)
    assert (sent.message.delivery_status, sent.message.service, sent.message.sent_at) == ("pending", None, None)


def test_a_created_chat_carries_its_message_and_trace_id(remote: Recorder, client: Client) -> None:
    chat = without(samples.CHAT, "created_at", "updated_at", "is_archived", "group_chat_icon")
    remote.answer({"chat": {**chat, "message": samples.SENT}}, 201, X_Trace_ID=TRACE_ID)
    created = client.chats.create(from_="+12025550100", to=["+12025550123"], message={"parts": []})
    assert (created.chat.id, created.message.id, created.trace_id) == (CHAT_ID, MESSAGE_ID, TRACE_ID)
    assert created.chat.created_at is None


def test_a_routed_message_says_which_line_and_why(remote: Recorder, client: Client) -> None:
    remote.answer({**samples.ROUTED, "previous_chat_id": CHAT_ID, "created_new_chat": True}, 202, X_Trace_ID=TRACE_ID)
    routed = client.messages.create(to=["+12025550123"], message={"parts": []})
    assert (routed.from_, routed.reason, routed.created_new_chat) == ("+12025550100", "reused_active_chat", True)
    assert (routed.previous_chat_id, routed.message.id, routed.trace_id) == (CHAT_ID, MESSAGE_ID, TRACE_ID)


def test_a_voice_memo(remote: Recorder, client: Client) -> None:
    remote.answer(samples.VOICE_MEMO, 202, X_Trace_ID=TRACE_ID)
    memo = client.chats.send_voice_memo(CHAT_ID, attachment_id=FILE_ID)
    assert (memo.id, memo.chat_id, memo.status, memo.trace_id) == (MESSAGE_ID, CHAT_ID, "queued", TRACE_ID)
    assert memo.file["duration_ms"] == 900


@pytest.mark.parametrize("given", [{}, {"voice_memo_url": "https://example.com/a.m4a", "attachment_id": FILE_ID}])
def test_a_voice_memo_needs_one_source(remote: Recorder, client: Client, given: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="either a URL or an attachment"):
        client.chats.send_voice_memo(CHAT_ID, **given)  # type: ignore[arg-type]
    assert remote.asked == []


def test_a_change_is_accepted_pending_or_done(remote: Recorder, client: Client) -> None:
    remote.answer({"chat_id": CHAT_ID, "status": "pending"}, 200, X_Trace_ID=TRACE_ID)
    assert client.chats.update(CHAT_ID, display_name="Crew") == Accepted("pending", TRACE_ID)
    remote.answer(samples.ACCEPTED, 202)  # no header: the body has the trace id too
    assert client.participants.add(CHAT_ID, "+12025550123") == Accepted("accepted", TRACE_ID)
    remote.answer({"success": True, "message": "Location request sent"}, 200, X_Trace_ID=TRACE_ID)
    assert client.location.request(CHAT_ID) == Accepted("accepted", TRACE_ID)
    remote.answer(b"", 204, X_Trace_ID=TRACE_ID)
    assert client.chats.mark_as_read(CHAT_ID) == Accepted("done", TRACE_ID)


def test_locations(remote: Recorder, client: Client) -> None:
    feature = {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [-74.5, 40.25, 12]},
        "properties": {"handle": "+12025550123", "locality": "Harbor", "updated_at": "2026-10-02T09:00:00Z"},
    }
    broken = [{}, {**feature, "properties": {}}, {**feature, "geometry": {"coordinates": ["a", "b"]}}]
    remote.answer({"success": True, "data": {"type": "FeatureCollection", "features": [feature, *broken]}})
    assert client.location.retrieve(CHAT_ID) == [
        Location("+12025550123", -74.5, 40.25, 12, None, "Harbor", datetime(2026, 10, 2, 9, tzinfo=UTC))
    ]


@pytest.mark.parametrize("field", ["reputation", "health_status"])
def test_lines_of_today_and_of_spring_2026(remote: Recorder, client: Client, field: str) -> None:
    line = {
        "id": LINE_ID,
        "phone_number": "+12025550100",
        field: {"status": "AT_RISK", "doc_url": "https://docs.linqapp.com/"},
        "forwarding_number": "",
        "line_type": "iMessage",
    }
    remote.answer({"phone_numbers": [line]})
    assert client.phone_numbers.list() == [
        PhoneNumber(LINE_ID, "+12025550100", "AT_RISK", "https://docs.linqapp.com/", None, "iMessage")
    ]


def test_the_smaller_answers(remote: Recorder, client: Client) -> None:
    remote.answer({"phone_number": "+12025550100", "vcf_url": "https://cdn.linqapp.com/a.vcf"})
    assert client.available_number.retrieve() == AvailableNumber("+12025550100", "https://cdn.linqapp.com/a.vcf")
    remote.answer({"address": "+12025550123", "available": False, "reason": "not_supported"})
    assert client.capability.check_rcs("+12025550123") == Capability("+12025550123", False, "not_supported", None)
    remote.answer({"contact_cards": [samples.CARD]})
    assert client.contact_cards.retrieve() == [ContactCard("+12025550100", "Harbor", "Desk", None, True)]
    remote.answer({"blocked_handle": {"handle": "72345", "reason": None, "blocked_at": "2026-10-02T09:00:00Z"}})
    assert client.blocked_handles.block("72345") == BlockedHandle("72345", None, datetime(2026, 10, 2, 9, tzinfo=UTC))
    remote.answer({"events": ["message.sent", "message.read"], "doc_url": "https://docs.linqapp.com/"})
    assert client.webhook_events.list() == ["message.sent", "message.read"]


def test_whether_an_address_can_be_reached_is_never_guessed(remote: Recorder, client: Client) -> None:
    remote.answer({"address": "+12025550123", "available": None})
    with pytest.raises(NoAnswer):
        client.capability.check_imessage("+12025550123")


def test_an_audit(remote: Recorder, client: Client) -> None:
    remote.answer({"audit_id": AUDIT_ID, "status": "pending"}, 202, X_Trace_ID=TRACE_ID)
    started = client.reputation_audits.start("+12025550100")
    assert (started.audit_id, started.status, started.report, started.trace_id) == (AUDIT_ID, "pending", None, TRACE_ID)
    remote.answer({"audit_id": AUDIT_ID, "status": "complete", "report": {"severity": "AT_RISK"}})
    assert client.reputation_audits.retrieve("+12025550100", AUDIT_ID).report == {"severity": "AT_RISK"}


def test_the_secret_of_a_subscription_is_told_once_and_never_shown(remote: Recorder, client: Client) -> None:
    remote.answer({**samples.SUBSCRIPTION, "signing_secret": "whsec_c2VjcmV0"}, 201, X_Trace_ID=TRACE_ID)
    created = client.webhook_subscriptions.create(target_url="https://a.example/", subscribed_events=["message.sent"])
    assert (created.signing_secret, created.trace_id) == ("whsec_c2VjcmV0", TRACE_ID)
    assert "whsec_" not in repr(created)
    assert (created.phone_numbers, created.is_active) == ([], True)
    remote.answer({"subscriptions": [samples.SUBSCRIPTION]})
    assert [known.signing_secret for known in client.webhook_subscriptions.list()] == [None]


# Files.


def slot(url: str) -> UploadSlot:
    return UploadSlot.from_json({**samples.SLOT, "upload_url": url}, TRACE_ID)


def test_a_file_is_put_where_the_remote_says_without_the_key(remote: Recorder, client: Client) -> None:
    client.attachments.upload(slot(f"{remote.address}/put?signature=abc"), b"\x89PNG")
    (asked,) = remote.asked
    assert (asked.method, asked.path, asked.query, asked.body) == ("PUT", "/put", {"signature": ["abc"]}, b"\x89PNG")
    assert (asked.headers["content-type"], asked.headers["content-length"]) == ("image/png", "4")
    assert "authorization" not in asked.headers


def test_a_failed_upload_may_be_repeated(remote: Recorder, client: Client) -> None:
    remote.answer(b"<Error/>", 502)
    with pytest.raises(Refused) as failed:
        client.attachments.upload(slot(f"{remote.address}/put"), b"\x89PNG")
    assert failed.value.advice == "retry_later"


@pytest.mark.parametrize("url", ["http://storage.example.com/put", "ftp://storage.example.com/put", "file:///tmp/x"])
def test_a_file_is_never_put_over_an_open_line(client: Client, url: str) -> None:
    with pytest.raises(ValueError, match="over https only"):
        client.attachments.upload(slot(url), b"\x89PNG")


def test_an_upload_url_is_not_shown() -> None:
    assert "signature" not in repr(slot("https://storage.example.com/put?signature=abc"))


def test_a_file_is_fetched_without_the_key(remote: Recorder, client: Client) -> None:
    remote.answer(b"\x89PNG", 200, Content_Type="image/png")
    fetched = client.attachments.fetch(f"{remote.address}/files/cat.png?signature=abc")
    assert (fetched.content, fetched.content_type) == (b"\x89PNG", "image/png")
    (asked,) = remote.asked
    assert (asked.path, asked.query) == ("/files/cat.png", {"signature": ["abc"]})
    assert "authorization" not in asked.headers


def test_a_file_that_is_longer_than_wanted_is_not_taken(remote: Recorder, client: Client) -> None:
    remote.answer(b"x" * 11)
    assert len(client.attachments.fetch(f"{remote.address}/a", longest=11).content) == 11
    with pytest.raises(NoAnswer):
        client.attachments.fetch(f"{remote.address}/a", longest=10)
    assert MAX_UPLOAD_BYTES == 104_857_600


@pytest.mark.parametrize(
    "url",
    [
        "http://cdn.linqapp.com/a.png",
        "https://cdn.linqapp.com.evil.example/a.png",
        "https://cdn.linqapp.com@evil.example/a.png",
        "https://evil.example/cdn.linqapp.com",
        "http://169.254.169.254/latest/meta-data",
        "http://127.0.0.1:1/a",
        "file:///etc/passwd",
        "//cdn.linqapp.com/a.png",
        "",
    ],
)
def test_nothing_is_fetched_from_elsewhere(remote: Recorder, client: Client, url: str) -> None:
    with pytest.raises(ValueError, match="not in the remote's storage"):
        client.attachments.fetch(url)
    assert remote.asked == []


class Piecewise:
    """A file that is read while it goes up."""

    def __init__(self, content: bytes) -> None:
        self._file = io.BytesIO(content)
        self._size = len(content)
        self.pieces = 0

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._file)

    def read(self, size: int = -1, /) -> bytes:
        self.pieces += 1
        return self._file.read(size)


def test_a_file_goes_up_piece_by_piece_with_its_length(remote: Recorder, client: Client) -> None:
    content = b"0123456789" * 50_000
    file = Piecewise(content)
    given = dataclasses.replace(slot(f"{remote.address}/put"), required_headers={"Content-Type": "image/png"})
    client.attachments.upload(given, file)
    (asked,) = remote.asked
    assert asked.body == content
    assert (asked.headers["content-length"], asked.headers.get("transfer-encoding")) == ("500000", None)
    assert file.pieces > 20


def test_a_file_is_fetched_into_another_without_the_key(remote: Recorder, client: Client) -> None:
    remote.answer(b"x" * 300_000, 200, Content_Type="image/png")
    into = io.BytesIO()
    assert client.attachments.fetch_into(into, f"{remote.address}/files/cat.png") == "image/png"
    assert into.getvalue() == b"x" * 300_000
    assert "authorization" not in remote.asked[0].headers


@pytest.mark.parametrize("longest", [0, 99_999])
def test_no_more_is_fetched_than_was_wanted(remote: Recorder, client: Client, longest: int) -> None:
    remote.answer(b"x" * 300_000, 200)
    into = io.BytesIO()
    with pytest.raises(NoAnswer) as failed:
        client.attachments.fetch_into(into, f"{remote.address}/files/cat.png", longest=longest)
    assert failed.value.advice == "retry_later"
    assert len(into.getvalue()) <= longest


def test_an_error_is_not_taken_for_a_file(remote: Recorder, client: Client) -> None:
    remote.answer({"error": {"code": 2003}}, 404)
    into = io.BytesIO()
    with pytest.raises(Refused) as failed:
        client.attachments.fetch_into(into, f"{remote.address}/files/cat.png")
    assert (failed.value.code, into.getvalue()) == (2003, b"")


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://cdn.linqapp.com/attachments/partners/a/b/cat.png", True),
        ("http://cdn.linqapp.com/cat.png", False),
        ("https://cdn.linqapp.com:444/cat.png", False),
        ("https://cdn.linqapp.com@example.com/cat.png", False),
        ("https://example.com/cdn.linqapp.com", False),
        ("http://127.0.0.1:1/cat.png", False),
        ("http://[", False),
        ("", False),
    ],
)
def test_only_the_remotes_own_storage_counts(remote: Recorder, client: Client, url: str, kept: bool) -> None:
    assert client.attachments.keeps(url) is kept
    assert client.attachments.keeps(f"{remote.address}/files/cat.png")
    if not kept:
        with pytest.raises(ValueError, match="not in the remote's storage"):
            client.attachments.fetch_into(io.BytesIO(), url)
