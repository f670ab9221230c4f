"""Every method that the official SDK has too asks the remote for exactly the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from linq import LinqAPIV3

from chats.v3.client import Client
from tests.v3 import samples
from tests.v3.conftest import TOKEN, Recorder
from tests.v3.samples import AUDIT_ID, CHAT_ID, FILE_ID, LINE_ID, MESSAGE_ID, SUBSCRIPTION_ID

HELLO = {"parts": [{"type": "text", "value": "Héllo 😀"}], "idempotency_key": "key-1"}
RICH = {
    "parts": [
        {"type": "text", "value": "Look", "text_decorations": [{"range": [0, 4], "style": "bold"}]},
        {"type": "media", "attachment_id": FILE_ID},
    ],
    "effect": {"name": "slam", "type": "bubble"},
    "reply_to": {"message_id": MESSAGE_ID, "part_index": 1},
    "preferred_service": "iMessage",
}
LINE, ANN, MAIL = "+12025550100", "+12025550123", "ann+tag@example.com"
TARGET = "https://console.example.com/hook?version=2026-02-03"
MESSAGES = {"messages": [samples.MESSAGE], "next_cursor": None}


class Case(NamedTuple):
    name: str
    ours: Callable[[Client], object]
    theirs: Callable[[LinqAPIV3], object]
    answer: object
    """What the remote answers; None for 204."""


CASES = [
    Case(
        "chats.create",
        lambda ours: ours.chats.create(from_=LINE, to=[ANN, MAIL], message=HELLO),
        lambda sdk: sdk.chats.create(from_=LINE, to=[ANN, MAIL], message=HELLO),
        {"chat": {**samples.CHAT, "message": samples.SENT}},
    ),
    Case(
        "chats.create with override",
        lambda ours: ours.chats.create(from_=LINE, to=[ANN], message=RICH, override_optout=True),
        lambda sdk: sdk.chats.create(from_=LINE, to=[ANN], message=RICH, override_optout=True),
        {"chat": {**samples.CHAT, "message": samples.SENT}},
    ),
    Case(
        "chats.list",
        lambda ours: ours.chats.list(),
        lambda sdk: sdk.chats.list_chats(),
        {"chats": [samples.CHAT], "next_cursor": None},
    ),
    Case(
        "chats.list filtered",
        lambda ours: ours.chats.list(from_=LINE, to=MAIL, limit=100, cursor="a/b+c="),
        lambda sdk: sdk.chats.list_chats(from_=LINE, to=MAIL, limit=100, cursor="a/b+c="),
        {"chats": [samples.CHAT], "next_cursor": "20"},
    ),
    Case(
        "chats.retrieve",
        lambda ours: ours.chats.retrieve(CHAT_ID),
        lambda sdk: sdk.chats.retrieve(CHAT_ID),
        samples.CHAT,
    ),
    Case(
        "chats.update name",
        lambda ours: ours.chats.update(CHAT_ID, display_name="Crew"),
        lambda sdk: sdk.chats.update(CHAT_ID, display_name="Crew"),
        {"chat_id": CHAT_ID, "status": "pending"},
    ),
    Case(
        "chats.update icon",
        lambda ours: ours.chats.update(CHAT_ID, group_chat_icon="https://example.com/i.png"),
        lambda sdk: sdk.chats.update(CHAT_ID, group_chat_icon="https://example.com/i.png"),
        {"chat_id": CHAT_ID, "status": "pending"},
    ),
    Case(
        "chats.mark_as_read",
        lambda ours: ours.chats.mark_as_read(CHAT_ID),
        lambda sdk: sdk.chats.mark_as_read(CHAT_ID),
        None,
    ),
    Case(
        "chats.leave",
        lambda ours: ours.chats.leave(CHAT_ID),
        lambda sdk: sdk.chats.leave_chat(CHAT_ID),
        samples.ACCEPTED,
    ),
    Case(
        "chats.share_contact_card",
        lambda ours: ours.chats.share_contact_card(CHAT_ID),
        lambda sdk: sdk.chats.share_contact_card(CHAT_ID),
        None,
    ),
    Case(
        "chats.send_voice_memo by URL",
        lambda ours: ours.chats.send_voice_memo(CHAT_ID, voice_memo_url="https://example.com/a.m4a"),
        lambda sdk: sdk.chats.send_voicememo(CHAT_ID, voice_memo_url="https://example.com/a.m4a"),
        samples.VOICE_MEMO,
    ),
    Case(
        "chats.send_voice_memo by attachment",
        lambda ours: ours.chats.send_voice_memo(CHAT_ID, attachment_id=FILE_ID, override_optout=True),
        lambda sdk: sdk.chats.send_voicememo(CHAT_ID, attachment_id=FILE_ID, override_optout=True),
        samples.VOICE_MEMO,
    ),
    Case(
        "participants.add",
        lambda ours: ours.participants.add(CHAT_ID, ANN),
        lambda sdk: sdk.chats.participants.add(CHAT_ID, handle=ANN),
        samples.ACCEPTED,
    ),
    Case(
        "participants.remove",
        lambda ours: ours.participants.remove(CHAT_ID, MAIL),
        lambda sdk: sdk.chats.participants.remove(CHAT_ID, handle=MAIL),
        samples.ACCEPTED,
    ),
    Case(
        "typing.start",
        lambda ours: ours.typing.start(CHAT_ID),
        lambda sdk: sdk.chats.typing.start(CHAT_ID),
        None,
    ),
    Case(
        "typing.stop",
        lambda ours: ours.typing.stop(CHAT_ID),
        lambda sdk: sdk.chats.typing.stop(CHAT_ID),
        None,
    ),
    Case(
        "location.request",
        lambda ours: ours.location.request(CHAT_ID),
        lambda sdk: sdk.chats.location.request(CHAT_ID),
        {"success": True, "message": "Location request sent"},
    ),
    Case(
        "location.retrieve",
        lambda ours: ours.location.retrieve(CHAT_ID),
        lambda sdk: sdk.chats.location.retrieve(CHAT_ID),
        {"success": True, "data": {"type": "FeatureCollection", "features": []}},
    ),
    Case(
        "location.stop",
        lambda ours: ours.location.stop(CHAT_ID, ANN),
        lambda sdk: sdk.chats.location.stop(CHAT_ID, handle=ANN),
        {"success": True, "message": "ok"},
    ),
    Case(
        "messages.send",
        lambda ours: ours.messages.send(CHAT_ID, RICH),
        lambda sdk: sdk.chats.messages.send(CHAT_ID, message=RICH),
        {"chat_id": CHAT_ID, "message": samples.SENT},
    ),
    Case(
        "messages.send with override",
        lambda ours: ours.messages.send(CHAT_ID, HELLO, override_optout=True),
        lambda sdk: sdk.chats.messages.send(CHAT_ID, message=HELLO, override_optout=True),
        {"chat_id": CHAT_ID, "message": samples.SENT},
    ),
    Case(
        "messages.create",
        lambda ours: ours.messages.create(to=[ANN], message=HELLO),
        lambda sdk: sdk.messages.create(to=[ANN], message=HELLO),
        samples.ROUTED,
    ),
    Case(
        "messages.create with everything",
        lambda ours: ours.messages.create(
            to=[ANN, MAIL], message=HELLO, continuation_text="It is us", exclude_from=[LINE], override_optout=True
        ),
        lambda sdk: sdk.messages.create(
            to=[ANN, MAIL],
            message=HELLO,
            continuation_message={"text": "It is us"},
            exclude_from=[LINE],
            override_optout=True,
        ),
        samples.ROUTED,
    ),
    Case(
        "messages.list",
        lambda ours: ours.messages.list(CHAT_ID),
        lambda sdk: sdk.chats.messages.list(CHAT_ID),
        MESSAGES,
    ),
    Case(
        "messages.list paged",
        lambda ours: ours.messages.list(CHAT_ID, limit=7, cursor="50"),
        lambda sdk: sdk.chats.messages.list(CHAT_ID, limit=7, cursor="50"),
        MESSAGES,
    ),
    Case(
        "messages.retrieve",
        lambda ours: ours.messages.retrieve(MESSAGE_ID),
        lambda sdk: sdk.messages.retrieve(MESSAGE_ID),
        samples.MESSAGE,
    ),
    Case(
        "messages.edit",
        lambda ours: ours.messages.edit(MESSAGE_ID, "Better"),
        lambda sdk: sdk.messages.update(MESSAGE_ID, text="Better"),
        samples.MESSAGE,
    ),
    Case(
        "messages.edit of a part",
        lambda ours: ours.messages.edit(MESSAGE_ID, "Better", part_index=0),
        lambda sdk: sdk.messages.update(MESSAGE_ID, text="Better", part_index=0),
        samples.MESSAGE,
    ),
    Case(
        "messages.delete",
        lambda ours: ours.messages.delete(MESSAGE_ID),
        lambda sdk: sdk.messages.delete(MESSAGE_ID),
        None,
    ),
    Case(
        "messages.thread",
        lambda ours: ours.messages.thread(MESSAGE_ID, limit=5, cursor="c", order="desc"),
        lambda sdk: sdk.messages.list_messages_thread(MESSAGE_ID, limit=5, cursor="c", order="desc"),
        MESSAGES,
    ),
    Case(
        "messages.react",
        lambda ours: ours.messages.react(MESSAGE_ID, operation="add", type="love", part_index=0),
        lambda sdk: sdk.messages.add_reaction(MESSAGE_ID, operation="add", type="love", part_index=0),
        samples.ACCEPTED,
    ),
    Case(
        "messages.react with an emoji",
        lambda ours: ours.messages.react(MESSAGE_ID, operation="remove", type="custom", custom_emoji="🦊"),
        lambda sdk: sdk.messages.add_reaction(MESSAGE_ID, operation="remove", type="custom", custom_emoji="🦊"),
        samples.ACCEPTED,
    ),
    Case(
        "attachments.request",
        lambda ours: ours.attachments.request(filename="cat.png", content_type="image/png", size_bytes=4),
        lambda sdk: sdk.attachments.create(filename="cat.png", content_type="image/png", size_bytes=4),
        samples.SLOT,
    ),
    Case(
        "attachments.retrieve",
        lambda ours: ours.attachments.retrieve(FILE_ID),
        lambda sdk: sdk.attachments.retrieve(FILE_ID),
        samples.ATTACHMENT,
    ),
    Case(
        "attachments.delete",
        lambda ours: ours.attachments.delete(FILE_ID),
        lambda sdk: sdk.attachments.delete(FILE_ID),
        None,
    ),
    Case(
        "phone_numbers.list",
        lambda ours: ours.phone_numbers.list(),
        lambda sdk: sdk.phone_numbers.list(),
        {"phone_numbers": []},
    ),
    Case(
        "phone_numbers.update",
        lambda ours: ours.phone_numbers.update(LINE_ID, forwarding_number=ANN),
        lambda sdk: sdk.phone_numbers.update(LINE_ID, forwarding_number=ANN),
        {"id": LINE_ID, "phone_number": LINE, "forwarding_number": ANN},
    ),
    Case(
        "phone_numbers.update to none",
        lambda ours: ours.phone_numbers.update(LINE_ID, forwarding_number=None),
        lambda sdk: sdk.phone_numbers.update(LINE_ID, forwarding_number=None),
        {"id": LINE_ID, "phone_number": LINE, "forwarding_number": None},
    ),
    Case(
        "reputation_audits.start",
        lambda ours: ours.reputation_audits.start(LINE),
        lambda sdk: sdk.phone_numbers.start_reputation_audit(LINE),
        {"audit_id": AUDIT_ID, "status": "pending"},
    ),
    Case(
        "reputation_audits.retrieve",
        lambda ours: ours.reputation_audits.retrieve(LINE, AUDIT_ID),
        lambda sdk: sdk.phone_numbers.get_reputation_audit(AUDIT_ID, phone_number=LINE),
        {"audit_id": AUDIT_ID, "status": "pending"},
    ),
    Case(
        "available_number.retrieve",
        lambda ours: ours.available_number.retrieve(),
        lambda sdk: sdk.available_number.retrieve(),
        {"phone_number": LINE, "vcf_url": "https://cdn.linqapp.com/a.vcf"},
    ),
    Case(
        "available_number.retrieve filtered",
        lambda ours: ours.available_number.retrieve(to=[ANN, MAIL], exclude_from=[LINE], type="RCS"),
        lambda sdk: sdk.available_number.retrieve(to=[ANN, MAIL], exclude_from=[LINE], type="RCS"),
        {"phone_number": LINE, "vcf_url": "https://cdn.linqapp.com/a.vcf"},
    ),
    Case(
        "capability.check_imessage",
        lambda ours: ours.capability.check_imessage(MAIL, from_=LINE),
        lambda sdk: sdk.capability.check_i_message(address=MAIL, from_=LINE),
        {"address": MAIL, "available": True},
    ),
    Case(
        "capability.check_rcs",
        lambda ours: ours.capability.check_rcs(ANN),
        lambda sdk: sdk.capability.check_RCS(address=ANN),
        {"address": ANN, "available": False, "reason": "not_supported"},
    ),
    Case(
        "contact_cards.create",
        lambda ours: ours.contact_cards.create(phone_number=LINE, first_name="Harbor", last_name="Desk"),
        lambda sdk: sdk.contact_card.create(phone_number=LINE, first_name="Harbor", last_name="Desk"),
        samples.CARD,
    ),
    Case(
        "contact_cards.retrieve",
        lambda ours: ours.contact_cards.retrieve(),
        lambda sdk: sdk.contact_card.retrieve(),
        {"contact_cards": [samples.CARD]},
    ),
    Case(
        "contact_cards.retrieve of a line",
        lambda ours: ours.contact_cards.retrieve(phone_number=LINE),
        lambda sdk: sdk.contact_card.retrieve(phone_number=LINE),
        {"contact_cards": [samples.CARD]},
    ),
    Case(
        "contact_cards.update",
        lambda ours: ours.contact_cards.update(phone_number=LINE, image_url="https://example.com/i.png"),
        lambda sdk: sdk.contact_card.update(phone_number=LINE, image_url="https://example.com/i.png"),
        samples.CARD,
    ),
    Case(
        "blocked_handles.list",
        lambda ours: ours.blocked_handles.list(),
        lambda sdk: sdk.blocked_handles.list(),
        {"blocked_handles": []},
    ),
    Case(
        "blocked_handles.block",
        lambda ours: ours.blocked_handles.block(ANN, reason="Abuse"),
        lambda sdk: sdk.blocked_handles.block(handle=ANN, reason="Abuse"),
        {"blocked_handle": {"handle": ANN, "reason": "Abuse", "blocked_at": "2026-10-02T09:00:00Z"}},
    ),
    Case(
        "blocked_handles.unblock",
        lambda ours: ours.blocked_handles.unblock(ANN),
        lambda sdk: sdk.blocked_handles.unblock(handle=ANN),
        None,
    ),
    Case(
        "webhook_subscriptions.create",
        lambda ours: ours.webhook_subscriptions.create(target_url=TARGET, subscribed_events=["message.sent"]),
        lambda sdk: sdk.webhook_subscriptions.create(target_url=TARGET, subscribed_events=["message.sent"]),
        {**samples.SUBSCRIPTION, "signing_secret": "whsec_c2VjcmV0"},
    ),
    Case(
        "webhook_subscriptions.create for lines",
        lambda ours: ours.webhook_subscriptions.create(
            target_url=TARGET, subscribed_events=["message.sent"], phone_numbers=[LINE]
        ),
        lambda sdk: sdk.webhook_subscriptions.create(
            target_url=TARGET, subscribed_events=["message.sent"], phone_numbers=[LINE]
        ),
        {**samples.SUBSCRIPTION, "signing_secret": "whsec_c2VjcmV0"},
    ),
    Case(
        "webhook_subscriptions.list",
        lambda ours: ours.webhook_subscriptions.list(),
        lambda sdk: sdk.webhook_subscriptions.list(),
        {"subscriptions": [samples.SUBSCRIPTION]},
    ),
    Case(
        "webhook_subscriptions.retrieve",
        lambda ours: ours.webhook_subscriptions.retrieve(SUBSCRIPTION_ID),
        lambda sdk: sdk.webhook_subscriptions.retrieve(SUBSCRIPTION_ID),
        samples.SUBSCRIPTION,
    ),
    Case(
        "webhook_subscriptions.update",
        lambda ours: ours.webhook_subscriptions.update(SUBSCRIPTION_ID, is_active=False, phone_numbers=[]),
        lambda sdk: sdk.webhook_subscriptions.update(SUBSCRIPTION_ID, is_active=False, phone_numbers=[]),
        samples.SUBSCRIPTION,
    ),
    Case(
        "webhook_subscriptions.delete",
        lambda ours: ours.webhook_subscriptions.delete(SUBSCRIPTION_ID),
        lambda sdk: sdk.webhook_subscriptions.delete(SUBSCRIPTION_ID),
        None,
    ),
    Case(
        "webhook_events.list",
        lambda ours: ours.webhook_events.list(),
        lambda sdk: sdk.webhook_events.list(),
        {"events": ["message.sent"], "doc_url": "https://docs.linqapp.com/"},
    ),
]


@pytest.fixture
def sdk(remote: Recorder) -> Iterator[LinqAPIV3]:
    with LinqAPIV3(api_key=TOKEN, base_url=remote.base_url, max_retries=0) as sdk:
        yield sdk


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_asks_exactly_as_the_official_sdk_does(case: Case, remote: Recorder, client: Client, sdk: LinqAPIV3) -> None:
    remote.answer(case.answer if case.answer is not None else b"", 200 if case.answer is not None else 204)
    case.ours(client)
    case.theirs(sdk)
    ours, theirs = remote.asked
    assert (ours.method, ours.path, ours.query) == (theirs.method, theirs.path, theirs.query)
    assert ours.json == theirs.json
    assert ours.headers["authorization"] == theirs.headers["authorization"] == f"Bearer {TOKEN}"
    assert not {"idempotency-key", "cookie"} & ours.headers.keys()


def test_every_method_of_the_client_stands_beside_the_sdk() -> None:
    """Uploading and fetching bytes is all that the SDK leaves to its user."""
    client = Client("http://127.0.0.1:1", TOKEN)
    groups: dict[str, Any] = {name: group for name, group in vars(client).items() if not name.startswith("_")}
    methods = {
        f"{name}.{method}" for name, group in groups.items() for method in dir(group) if not method.startswith("_")
    }
    assert methods == {case.name.split(" ")[0] for case in CASES} | {
        f"attachments.{method}" for method in ("upload", "fetch", "fetch_into", "keeps")
    }
