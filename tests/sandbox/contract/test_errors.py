"""Every error that the API documents, as the official SDK raises it and as the wire has it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from sandbox.schema.operations import OPERATIONS, UNAVAILABLE
from tests.sandbox.conftest import ANA, BEN, CARA, DEV, ELLA, LINES, open_chat, refused, text
from tests.sandbox.contract.conftest import Caller
from tests.sandbox.uploads import announce
from tests.sandbox_server import TOKEN, SandboxServer, wait_for

UNKNOWN = "00000000-0000-4000-8000-000000000000"
# what an address answers for an id that is well-formed and of nothing; where the body is looked at first, with it
MISSING = {
    "chatId": (404, 2001),
    "messageId": (404, 2002),
    "attachmentId": (404, 2003),
    "subscriptionId": (404, 2010),
    "phoneNumberId": (404, 2019),
    "auditId": (404, 2019),
}
KEYS = [key for key in sorted(OPERATIONS) if key not in UNAVAILABLE]
# what looks at the body before it looks whether there is what the address names
READ_FIRST = [key for key in KEYS if OPERATIONS[key].body and "subscriptionId" not in key[0] and "poll/" not in key[0]]
LINK = {"parts": [{"type": "link", "value": "https://example.com"}]}
MEDIA = {"type": "media", "attachment_id": UNKNOWN}
CARD = {
    "type": "imessage_app",
    "app": {"name": "Game", "team_id": "ABCDE12345", "bundle_id": "com.example.game"},
    "layout": {"caption": "Play"},
}
CLIP = {"type": "app_clip", "value": "https://clip.example.com/a"}


def named(key: tuple[str, str]) -> str:
    return f"{key[1]} {key[0]}"


def address(path: str, identifier: str = UNKNOWN) -> str:
    """The path with its variables filled in; `identifier` stands for ids, and numbers are our own."""
    filled = path.replace("{phoneNumber}", LINES[0])
    return "/".join(identifier if step.startswith("{") else step for step in filled.split("/"))


@pytest.fixture(scope="module")
def world(server: SandboxServer) -> Iterator[dict[str, Any]]:
    """One world for all: a chat of every kind, people who stopped or are blocked, a line that is flagged."""
    server.reset("empty")
    direct, group = open_chat(server, ANA), open_chat(server, ANA, BEN, CARA)
    left, flagged = open_chat(server, ANA, BEN, DEV), open_chat(server, ANA, line=LINES[4])
    small = open_chat(server, ANA, BEN)
    stopped = open_chat(server, DEV)
    server.say(DEV, "STOP", chat_id=stopped["id"])
    blocked = open_chat(server, ELLA)
    server.api("POST", "blocked_handles", {"handle": ELLA})
    server.api("POST", f"chats/{left['id']}/leave")
    wait_for(lambda: server.control(f"chats/{left['id']}")["handles"][0]["status"] == "left", what="our leaving")
    plain = next(
        chat
        for number in range(100, 200)
        if (chat := open_chat(server, f"+13055556{number}", line=LINES[3]))["service"] == "SMS"
    )
    heard = server.say(BEN, "Hello", line=LINES[1])
    gone = open_chat(server, CARA)["message"]["id"]
    server.api("DELETE", f"messages/{gone}")
    server.api("POST", "contact_card", {"phone_number": LINES[0], "first_name": "Desk"})
    server.control(f"lines/{LINES[4]}/flag", {})
    yield {
        "direct": direct["id"],
        "message": direct["message"]["id"],
        "group": group["id"],
        "small": small["id"],
        "left": left["id"],
        "flagged": flagged["id"],
        "stopped": stopped["id"],
        "blocked": blocked["id"],
        "plain": plain["id"],
        "heard": heard["message"]["id"],
        "gone": gone,
        "waiting": announce(server, "a.png", "image/png", 4)["attachment_id"],
    }
    server.reset("empty")


def at(name: str, *path: Any, **options: Any) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
    """A call of the SDK; an argument `<name>` stands for something of the world."""
    return name, path, options


ROWS: list[tuple[tuple[str, tuple[Any, ...], dict[str, Any]], int, int]] = [
    (at("chats.create", from_=LINES[0], to=None, message=text("Hi")), 400, 1001),
    (at("chats.create", from_=LINES[0], to=["305 555 0120"], message=text("Hi")), 400, 1002),
    (at("chats.create", from_=LINES[0], to=["+13055550777"], message=LINK), 400, 1005),
    (at("chats.create", from_="+12025559999", to=[ANA], message=text("Hi")), 403, 2006),
    (at("chats.create", from_=LINES[0], to=[DEV], message=text("Hi")), 403, 2024),
    (at("chats.create", from_=LINES[0], to=[ELLA], message=text("Hi")), 403, 2026),
    (at("chats.create", from_=LINES[4], to=[ANA], message=text("Hi")), 403, 2027),
    (at("chats.create", from_=LINES[0], to=[ANA], message={"parts": [MEDIA]}), 404, 2003),
    (at("chats.messages.send", "<direct>", message="Hi"), 400, 1003),
    (at("chats.messages.send", "<direct>", message={"parts": [*LINK["parts"], *text("Hi")["parts"]]}), 400, 1004),
    (at("chats.messages.send", "<direct>", message=text("")), 400, 1005),
    (at("chats.messages.send", "<direct>", message={"parts": [{**CARD, "app": {}}]}), 400, 1008),
    (at("chats.messages.send", "<direct>", message={"parts": [CARD]}), 403, 2011),
    (at("chats.messages.send", "<direct>", message={"parts": [CARD], "preferred_service": "SMS"}), 409, 2018),
    (at("chats.messages.send", "<direct>", message={"parts": [CLIP], "preferred_service": "RCS"}), 409, 2028),
    (at("chats.messages.send", "<direct>", message={"parts": [{"type": "text", "value": "@Ana", "mention": ANA}]}),
     409, 2023),
    (at("chats.messages.send", "<direct>", message=text("Hi", reply_to={"message_id": UNKNOWN})), 404, 2002),
    (at("chats.messages.send", "<direct>", message={"parts": [{"type": "media", "attachment_id": "<waiting>"}]}),
     404, 2007),
    (at("chats.messages.send", "<left>", message=text("Hi")), 409, 2013),
    (at("chats.messages.send", "<stopped>", message=text("Hi")), 403, 2024),
    (at("chats.messages.send", "<blocked>", message=text("Hi")), 403, 2026),
    (at("chats.messages.send", "<flagged>", message=text("Hi")), 403, 2027),
    (at("messages.create", to=[DEV], message=text("Hi")), 403, 2024),
    (at("messages.create", to=["+13055550778"], message=text("Hi"), exclude_from=LINES), 400, 1005),
    (at("messages.create", to=["+13055550778"], message=text("Hi"), exclude_from=["12"]), 400, 1002),
    (at("chats.update", "<direct>", display_name="Ana"), 409, 1006),
    (at("chats.update", "<group>", group_chat_icon="http://example.com/a.png"), 400, 5007),
    (at("chats.update", "<group>", group_chat_icon="https://example.com/a.pdf"), 400, 5006),
    (at("chats.leave_chat", "<direct>"), 409, 1006),
    (at("chats.leave_chat", "<small>"), 409, 2015),
    (at("chats.participants.add", "<direct>", handle=BEN), 409, 1006),
    (at("chats.participants.add", "<group>", handle=BEN), 409, 2015),
    (at("chats.participants.remove", "<group>", handle=ELLA), 400, 1005),
    (at("chats.participants.remove", "<small>", handle=BEN), 409, 2015),
    (at("chats.typing.start", "<flagged>"), 403, 2027),
    (at("chats.share_contact_card", "<plain>"), 404, 2012),
    (at("chats.send_voicememo", "<direct>"), 400, 1001),
    (at("chats.send_voicememo", "<direct>", attachment_id=UNKNOWN), 404, 2003),
    (at("chats.send_voicememo", "<direct>", attachment_id="<waiting>"), 404, 2007),
    (at("chats.send_voicememo", "<stopped>", voice_memo_url="https://example.com/a.m4a"), 403, 2024),
    (at("chats.send_voicememo", "<direct>", voice_memo_url="https://example.com/a.flac"), 400, 5004),
    (at("chats.location.request", "<group>"), 409, 2016),
    (at("chats.location.request", "<plain>"), 409, 2017),
    (at("chats.location.stop", "<direct>", handle=ANA), 404, 2015),
    (at("chats.background.set", "<direct>", type="photo", image_url="http://example.com/a.png"), 400, 5007),
    (at("chats.background.set", "<direct>", type="color", variant="beige"), 400, 1005),
    (at("chats.polls.create", "<plain>", poll={"options": [{"text": "A"}, {"text": "B"}]}), 409, 2017),
    (at("chats.polls.create", "<direct>", poll={"options": [{"text": "A"}]}), 400, 1005),
    (at("messages.update", "<heard>", text="Mine"), 403, 2005),
    (at("messages.update", "<message>", text=""), 400, 1005),
    (at("messages.update", "<gone>", text="Again"), 409, 2015),
    (at("messages.delete", "<gone>"), 404, 2002),
    (at("messages.add_reaction", "<gone>", operation="add", type="love"), 409, 2015),
    (at("messages.add_reaction", "<message>", operation="remove", type="sticker", emoji="🎉"), 400, 1004),
    (at("messages.add_reaction", "<message>", operation="add", type="custom"), 400, 1001),
    (at("messages.update_sticker_placement", UNKNOWN, message_id="<message>", placement={"x": 0}), 404, 2002),
    (at("messages.update_app_card", "<message>", layout={"caption": "New"}), 403, 2011),
    (at("messages.update_app_card", "<message>", layout={}), 400, 1008),
    (at("messages.poll.retrieve", "<message>"), 404, 2002),
    (at("attachments.create", filename="a.exe", content_type="image/png", size_bytes=4), 400, 5004),
    (at("attachments.create", filename="a.png", content_type="image/png", size_bytes=104_857_601), 400, 5005),
    (at("phone_numbers.update", UNKNOWN, forwarding_number=DEV), 404, 2019),
    (at("available_number.retrieve", exclude_from=LINES), 400, 1005),
    (at("available_number.retrieve", type="RCS"), 503, 4002),
    (at("capability.check_RCS", address="ana@example.com"), 400, 1002),
    (at("contact_card.create", phone_number=LINES[0], first_name="Again"), 409, 2014),
    (at("contact_card.create", phone_number="+12025559999", first_name="Other"), 403, 2005),
    (at("contact_card.update", phone_number=LINES[2], first_name="None"), 404, 2012),
    (at("contact_card.retrieve", phone_number=LINES[2]), 404, 2012),
    (at("blocked_handles.block", handle="+1"), 400, 1002),
    (at("webhook_subscriptions.create", target_url="http://example.com", subscribed_events=["message.sent"]),
     400, 1005),
    (at("webhook_subscriptions.create", target_url="https://example.com", subscribed_events=["message.eaten"]),
     400, 1005),
    (at("webhook_subscriptions.retrieve", UNKNOWN), 404, 2010),
    (at("experiences.list"), 403, 2011),
    (at("experiences.retrieve", "checkers"), 403, 2011),
    (at("payments.create", amount_cents=100, currency="usd", handle=ANA), 403, 2011),
    (at("payments.retrieve", UNKNOWN), 403, 2011),
    (at("payments.cancel", UNKNOWN), 403, 2011),
    (at("payments.credentials", UNKNOWN), 403, 2011),
    (at("payment_requests.create", amount=100, payer_handle=ANA), 403, 2011),
    (at("payment_requests.list"), 403, 2011),
    (at("payment_requests.retrieve", UNKNOWN), 403, 2011),
    (at("payment_requests.cancel", UNKNOWN), 403, 2011),
    (at("payment_handles.connect", ANA), 403, 2011),
    (at("payment_handles.connection", ANA), 403, 2011),
    (at("payment_handles.revoke", ANA), 403, 2011),
    (at("payment_handles.verify", ANA, code="123456", connect_id=UNKNOWN), 403, 2011),
    (at("payment_providers.connect", "stripe", return_url="https://example.com"), 403, 2011),
    (at("payment_providers.retrieve", "stripe"), 403, 2011),
]  # fmt: skip


def of_the_world(value: Any, world: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        return {key: of_the_world(each, world) for key, each in value.items()}
    if isinstance(value, list):
        return [of_the_world(each, world) for each in value]
    is_name = isinstance(value, str) and value.startswith("<") and value.endswith(">")
    return world[value[1:-1]] if is_name else value


@pytest.mark.parametrize(("call", "status", "code"), ROWS, ids=[f"{call[0]} {code}" for call, _, code in ROWS])
def test_the_sdk_raises_what_is_documented(
    world: dict[str, Any],
    sync_caller: Caller,
    async_caller: Caller,
    call: tuple[str, tuple[Any, ...], dict[str, Any]],
    status: int,
    code: int,
) -> None:
    name, path, options = call
    arguments = [of_the_world(each, world) for each in path]
    keywords = of_the_world(options, world)
    assert sync_caller.refused_as_documented(name, *arguments, **keywords) == (status, code)
    assert async_caller.refused_as_documented(name, *arguments, **keywords) == (status, code)


@pytest.mark.parametrize("key", sorted(OPERATIONS), ids=named)
def test_nothing_is_answered_without_a_token(
    world: dict[str, Any], server: SandboxServer, key: tuple[str, str]
) -> None:
    path, method = key
    refused(requests.request(method, f"{server.base_url}/v3/{address(path)}", timeout=10), 401, 2004)


@pytest.mark.parametrize("key", [key for key in KEYS if "Id}" in key[0]], ids=named)
def test_an_id_that_is_none_is_refused(world: dict[str, Any], server: SandboxServer, key: tuple[str, str]) -> None:
    path, method = key
    # A card is changed only by a body that is sound by itself.
    body = {"layout": {"caption": "New"}} if path.endswith("/update") else {}
    refused(server.api(method, address(path, "not-an-id"), body), 400, 1005)


@pytest.mark.parametrize("key", READ_FIRST, ids=named)
def test_a_body_that_is_no_json_object_is_refused(
    world: dict[str, Any], server: SandboxServer, key: tuple[str, str]
) -> None:
    path, method = key
    filled = address(path, world["message"]) if "{messageId}" in path else address(path, world["group"])
    if key == ("contact_card", "PATCH"):
        filled = f"{path}?phone_number={LINES[0].replace('+', '%2B')}"
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    for body in ("{", "[]", '"text"'):
        answer = requests.request(method, f"{server.base_url}/v3/{filled}", data=body, headers=headers, timeout=10)
        refused(answer, 400, 1003)


@pytest.mark.parametrize(
    "key", [key for key in KEYS if "Id}" in key[0] and not OPERATIONS[key].body], ids=named
)  # fmt: skip
def test_what_is_not_there_is_not_found(world: dict[str, Any], server: SandboxServer, key: tuple[str, str]) -> None:
    path, method = key
    variable = path[path.index("{") + 1 : path.index("}")]
    variable = "auditId" if variable == "phoneNumber" else variable
    refused(server.api(method, address(path)), *MISSING[variable])
