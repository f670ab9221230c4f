"""Every method of the official SDK that the sandbox answers, with both of its clients."""

from __future__ import annotations

import pytest
import requests

from tests.sandbox.conftest import ANA, BEN, CARA, DEV, LINES, text
from tests.sandbox.contract.conftest import Caller, shows
from tests.sandbox_server import SandboxServer, wait_for

PNG = b"\x89PNG\r\n\x1a\n"


def active(server: SandboxServer, chat: str) -> list[str]:
    handles = server.api("GET", f"chats/{chat}").json()["handles"]
    return [each["handle"] for each in handles if each["status"] == "active"]


@shows(
    "chats.create", "chats.retrieve", "chats.list_chats", "chats.mark_as_read", "chats.messages.send",
    "chats.messages.list", "chats.typing.start", "chats.typing.stop", "messages.retrieve", "messages.update",
    "messages.delete", "messages.list_messages_thread",
)  # fmt: skip
def test_a_conversation(sandbox: SandboxServer, caller: Caller) -> None:
    created = caller("chats.create", from_=LINES[0], to=[ANA], message=text("Hello there")).chat
    assert (created.is_group, created.message.delivery_status) == (False, "pending")
    assert caller("chats.retrieve", created.id).id == created.id
    assert [chat.id for chat in caller("chats.list_chats", from_=LINES[0], to=ANA, limit=5).chats] == [created.id]
    caller("chats.typing.start", created.id)
    caller("chats.typing.stop", created.id)
    reply = text("As I said", reply_to={"message_id": created.message.id})
    sent = caller("chats.messages.send", created.id, message=reply)
    assert sent.chat_id == created.id
    caller("chats.mark_as_read", created.id)
    ours = [m.id for m in caller("chats.messages.list", created.id, limit=50).messages if m.is_from_me]
    assert ours == [sent.message.id, created.message.id]
    assert caller("messages.retrieve", sent.message.id).reply_to.message_id == created.message.id
    thread = caller("messages.list_messages_thread", sent.message.id, order="asc").messages
    assert [message.id for message in thread] == [created.message.id, sent.message.id]
    edited = caller("messages.update", sent.message.id, text="As I wrote")
    assert edited.parts[0].value == "As I wrote"
    assert caller("messages.delete", sent.message.id) is None
    assert caller.refused("messages.retrieve", sent.message.id) == (404, 2002)


@shows("messages.create")
def test_a_send_to_people(sandbox: SandboxServer, caller: Caller) -> None:
    first = caller("messages.create", to=[ANA, BEN], message=text("Hello"), exclude_from=[LINES[0]])
    assert (first.created_new_chat, first.from_selection.reason) == (True, "new_best_number")
    assert first.from_ != LINES[0]
    again = caller("messages.create", to=[BEN, ANA], message=text("More"), idempotency_key="k1")
    assert (again.chat_id, again.from_selection.reason) == (first.chat_id, "reused_active_chat")
    assert caller("messages.create", to=[BEN, ANA], message=text("More"), idempotency_key="k1") == again


@shows("chats.update", "chats.participants.add", "chats.participants.remove", "chats.leave_chat")
def test_a_group(sandbox: SandboxServer, caller: Caller) -> None:
    chat = caller("chats.create", from_=LINES[0], to=[ANA, BEN, CARA], message=text("Hello all")).chat.id
    changed = caller("chats.update", chat, display_name="Book club")
    assert (changed.chat_id, changed.status) == (chat, "pending")
    wait_for(lambda: caller("chats.retrieve", chat).display_name == "Book club", what="the name")
    assert caller("chats.participants.add", chat, handle=DEV).status == "accepted"
    wait_for(lambda: DEV in active(sandbox, chat), what="the newcomer")
    assert caller("chats.participants.remove", chat, handle=BEN).status == "accepted"
    wait_for(lambda: BEN not in active(sandbox, chat), what="the removal")
    assert caller("chats.leave_chat", chat).status == "accepted"
    wait_for(lambda: LINES[0] not in active(sandbox, chat), what="our leaving")
    assert caller.refused("chats.messages.send", chat, message=text("Still here?")) == (409, 2013)


@shows("messages.add_reaction", "messages.update_sticker_placement")
def test_reactions(sandbox: SandboxServer, caller: Caller) -> None:
    message = caller("chats.create", from_=LINES[0], to=[ANA], message=text("Look")).chat.message.id
    assert caller("messages.add_reaction", message, operation="add", type="love").status == "accepted"
    added = caller("messages.add_reaction", message, operation="add", type="sticker", emoji="🎉")
    assert added.message == "Reaction processed"

    def ours() -> dict[str, str]:
        found = caller("messages.retrieve", message).parts[0].reactions or []
        return {reaction.type: reaction.id for reaction in found if reaction.is_me}

    wait_for(lambda: set(ours()) == {"love", "sticker"}, what="both")
    moved = caller(
        "messages.update_sticker_placement", ours()["sticker"], message_id=message, placement={"x": 0.5, "scale": 9}
    )
    assert moved.success is True
    caller("messages.add_reaction", message, operation="remove", type="love")
    wait_for(lambda: set(ours()) == {"sticker"}, what="the removal")


@shows("chats.polls.create", "messages.poll.retrieve", "messages.poll.add_options", "messages.poll.vote")
def test_a_poll(sandbox: SandboxServer, caller: Caller) -> None:
    chat = caller("chats.create", from_=LINES[0], to=[ANA, BEN, CARA], message=text("When?")).chat.id
    made = caller("chats.polls.create", chat, poll={"options": [{"text": "Today"}, {"text": "Tomorrow"}]})
    assert [option.text for option in made.poll.options] == ["Today", "Tomorrow"]
    more = caller("messages.poll.add_options", made.message_id, options=[{"text": "Never"}])
    option = more.poll.options[2]
    voted = caller("messages.poll.vote", made.message_id, operation="add", option_id=option.option_id)
    assert [voter.handle for voter in voted.poll.options[2].voters] == [LINES[0]]
    caller("messages.poll.vote", made.message_id, operation="remove", option_id=option.option_id)
    read = caller("messages.poll.retrieve", made.message_id)
    assert read.poll.options[2].voters == []


@shows("chats.background.set", "chats.background.remove", "chats.location.request", "chats.location.retrieve",
       "chats.location.stop")  # fmt: skip
def test_a_background_and_a_location(sandbox: SandboxServer, caller: Caller) -> None:
    chat = caller("chats.create", from_=LINES[0], to=[ANA], message=text("Where are you?")).chat.id
    caller("chats.background.set", chat, type="dynamic", style="sky", variant="dusk")
    caller("chats.background.remove", chat)
    assert caller("chats.location.request", chat).success is True
    sandbox.control(f"people/{ANA}/share_location", {"line": LINES[0]})
    (feature,) = caller("chats.location.retrieve", chat).data.features
    assert feature.properties.handle == ANA
    assert caller("chats.location.stop", chat, handle=ANA).success is True
    wait_for(lambda: caller("chats.location.retrieve", chat).data.features == [], what="the end of it")


@shows("attachments.create", "attachments.retrieve", "attachments.delete", "chats.send_voicememo")
def test_files_and_a_voice_memo(sandbox: SandboxServer, caller: Caller) -> None:
    def upload(filename: str, content_type: str) -> str:
        slot = caller("attachments.create", filename=filename, content_type=content_type, size_bytes=len(PNG))
        put = requests.put(slot.upload_url, data=PNG, headers=slot.required_headers, timeout=10)
        assert put.status_code == 200, put.text
        return str(slot.attachment_id)

    chat = caller("chats.create", from_=LINES[0], to=[ANA], message=text("Listen")).chat.id
    picture = upload("a.png", "image/png")
    read = caller("attachments.retrieve", picture)
    assert (read.filename, read.status) == ("a.png", "complete")
    sent = caller("chats.messages.send", chat, message={"parts": [{"type": "media", "attachment_id": picture}]})
    assert sent.message.parts[0].id == picture
    memo = caller("chats.send_voicememo", chat, attachment_id=upload("a.m4a", "audio/x-m4a")).voice_memo
    assert (memo.from_, memo.to, memo.voice_memo.filename) == (LINES[0], [ANA], "a.m4a")
    caller("attachments.delete", picture)
    assert caller.refused("attachments.retrieve", picture) == (404, 2003)


@shows("phone_numbers.list", "phone_numbers.update", "phone_numbers.start_reputation_audit",
       "phone_numbers.get_reputation_audit", "phonenumbers.list", "available_number.retrieve")  # fmt: skip
def test_lines(sandbox: SandboxServer, caller: Caller) -> None:
    line = caller("phone_numbers.list").phone_numbers[0]
    assert (line.phone_number, line.reputation.status, line.line_type) == (LINES[0], "HEALTHY", "iMessage")
    assert caller("phone_numbers.update", line.id, forwarding_number=DEV).forwarding_number == DEV
    with pytest.deprecated_call():
        older = caller("phonenumbers.list").phone_numbers
    assert [each.phone_number for each in older] == LINES
    found = caller("available_number.retrieve", to=[ANA], exclude_from=LINES[:2], type="iMessage")
    assert found.phone_number in LINES[2:]
    assert requests.get(found.vcf_url, timeout=10).text.startswith("BEGIN:VCARD")
    audit = caller("phone_numbers.start_reputation_audit", LINES[0]).audit_id
    sandbox.control("clock", {"advance_seconds": 10})
    wait_for(
        lambda: caller("phone_numbers.get_reputation_audit", audit, phone_number=LINES[0]).status == "complete",
        what="the report",
    )
    assert caller("phone_numbers.get_reputation_audit", audit, phone_number=LINES[0]).report.severity == "HEALTHY"


@shows("contact_card.create", "contact_card.retrieve", "contact_card.update", "chats.share_contact_card")
def test_a_contact_card(sandbox: SandboxServer, caller: Caller) -> None:
    made = caller("contact_card.create", phone_number=LINES[0], first_name="Front", last_name="Desk")
    assert (made.first_name, made.last_name, made.is_active) == ("Front", "Desk", True)
    assert caller("contact_card.update", phone_number=LINES[0], first_name="Back").first_name == "Back"
    assert [card.first_name for card in caller("contact_card.retrieve").contact_cards] == ["Back"]
    chat = caller("chats.create", from_=LINES[0], to=[ANA], message=text("My card")).chat.id
    assert caller("chats.share_contact_card", chat) is None


@shows("capability.check_i_message", "capability.check_RCS", "blocked_handles.block", "blocked_handles.list",
       "blocked_handles.unblock")  # fmt: skip
def test_people(sandbox: SandboxServer, caller: Caller) -> None:
    assert caller("capability.check_i_message", address="ana@example.com").available is True
    sandbox.control("clock", {"advance_seconds": 10})
    assert caller("capability.check_RCS", address=ANA, from_=LINES[1]).address == ANA
    assert caller("blocked_handles.block", handle=BEN, reason="Spam").blocked_handle.handle == BEN
    assert [each.reason for each in caller("blocked_handles.list").blocked_handles] == ["Spam"]
    caller("blocked_handles.unblock", handle=BEN)
    assert caller("blocked_handles.list").blocked_handles == []


@shows("webhook_events.list", "webhook_subscriptions.create", "webhook_subscriptions.retrieve",
       "webhook_subscriptions.update", "webhook_subscriptions.list", "webhook_subscriptions.delete")  # fmt: skip
def test_webhooks(sandbox: SandboxServer, caller: Caller) -> None:
    assert "message.sent" in caller("webhook_events.list").events
    made = caller(
        "webhook_subscriptions.create",
        target_url="https://hooks.example.com/in?version=2026-02-03",
        subscribed_events=["phone_number.assigned"],
        phone_numbers=[LINES[0]],
    )
    assert made.signing_secret.startswith("whsec_")
    assert caller("webhook_subscriptions.retrieve", made.id).phone_numbers == [LINES[0]]
    assert caller("webhook_subscriptions.update", made.id, is_active=False).is_active is False
    assert [each.id for each in caller("webhook_subscriptions.list").subscriptions] == [made.id]
    caller("webhook_subscriptions.delete", made.id)
    assert caller("webhook_subscriptions.list").subscriptions == []
