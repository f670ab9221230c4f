"""What is refused of messages, voice memos and polls, for each way to send them."""

from __future__ import annotations

from typing import Any

from tests.sandbox.conftest import ANA, DEV, ELLA, LINES, text
from tests.sandbox.contract.calls import UNKNOWN, Row, at

LINK = {"parts": [{"type": "link", "value": "https://example.com"}]}
MEDIA = {"type": "media", "attachment_id": UNKNOWN}
CARD = {
    "type": "imessage_app",
    "app": {"name": "Game", "team_id": "ABCDE12345", "bundle_id": "com.example.game"},
    "layout": {"caption": "Play"},
}
CLIP = {"type": "app_clip", "value": "https://clip.example.com/a"}
SHY = "shy@example.com"
OPTIONS = {"options": [{"text": "A"}, {"text": "B"}]}
MEMO = "https://files.example.com/a.m4a"


def media(**of: Any) -> dict[str, Any]:
    """A message of one file."""
    return {"parts": [{"type": "media", **of}]}


# the same for all three ways to send a message
CONTENT: list[tuple[Any, int, int]] = [
    (None, 400, 1001),
    ("Hi", 400, 1003),
    ({"parts": [*LINK["parts"], *text("Hi")["parts"]]}, 400, 1004),
    (text(""), 400, 1005),
    ({"parts": [{**CARD, "app": {}}]}, 400, 1008),
    ({"parts": [CARD]}, 403, 2011),
    ({"parts": [CARD], "preferred_service": "SMS"}, 409, 2018),
    ({"parts": [CLIP], "preferred_service": "RCS"}, 409, 2028),
    ({"parts": [{"type": "text", "value": "@Ana", "mention": ANA}]}, 409, 2023),
    ({"parts": [{"type": "text", "value": "@Ana", "mention": "12"}]}, 400, 1002),
    (text("Hi", reply_to={"message_id": UNKNOWN}), 404, 2002),
    (media(attachment_id=UNKNOWN), 404, 2003),
    (media(attachment_id="<waiting>"), 404, 2007),
    (media(url="https://files.invalid/a.png"), 500, 5002),
    (media(url="https://files.example.com/a.flac"), 400, 5004),
]

SENDS: list[Row] = [
    *((at("chats.create", from_=LINES[0], to=[ANA], message=message), *refusal) for message, *refusal in CONTENT),
    *((at("chats.messages.send", "<direct>", message=message), *refusal) for message, *refusal in CONTENT),
    *((at("messages.create", to=[ANA], message=message), *refusal) for message, *refusal in CONTENT),
    (at("chats.create", from_=LINES[0], to=None, message=text("Hi")), 400, 1001),
    (at("chats.create", from_=LINES[0], to=["305 555 0120"], message=text("Hi")), 400, 1002),
    (at("chats.create", from_=LINES[0], to=["+13055550777"], message=LINK), 400, 1005),
    (at("chats.create", from_="+12025559999", to=[ANA], message=text("Hi")), 403, 2006),
    (at("chats.create", from_=LINES[0], to=[DEV], message=text("Hi")), 403, 2024),
    (at("chats.create", from_=LINES[0], to=[ELLA], message=text("Hi")), 403, 2026),
    (at("chats.create", from_=LINES[4], to=[ANA], message=text("Hi")), 403, 2027),
    (at("chats.messages.send", "<left>", message=text("Hi")), 409, 2013),
    (at("chats.messages.send", "<stopped>", message=text("Hi")), 403, 2024),
    (at("chats.messages.send", "<blocked>", message=text("Hi")), 403, 2026),
    (at("chats.messages.send", "<flagged>", message=text("Hi")), 403, 2027),
    (at("messages.create", to=[DEV], message=text("Hi")), 403, 2024),
    (at("messages.create", to=["+13055550778"], message=text("Hi"), exclude_from=LINES), 400, 1005),
    (at("messages.create", to=["+13055550778"], message=text("Hi"), exclude_from=["12"]), 400, 1002),
    (at("chats.send_voicememo", "<direct>"), 400, 1001),
    (at("chats.send_voicememo", "<direct>", attachment_id=UNKNOWN), 404, 2003),
    (at("chats.send_voicememo", "<direct>", attachment_id="<waiting>"), 404, 2007),
    (at("chats.send_voicememo", "<stopped>", voice_memo_url="https://example.com/a.m4a"), 403, 2024),
    (at("chats.send_voicememo", "<direct>", voice_memo_url="https://example.com/a.flac"), 400, 5004),
    (at("chats.polls.create", "<plain>", poll={"options": [{"text": "A"}, {"text": "B"}]}), 409, 2017),
    (at("chats.polls.create", "<direct>", poll={"options": [{"text": "A"}]}), 400, 1005),
    (at("chats.create", from_=LINES[2], to=[SHY], message=text("Hi")), 403, 2008),
    (at("chats.messages.send", "<shy>", message=text("Hi")), 403, 2008),
    (at("messages.create", to=[SHY], message=text("Hi")), 403, 2008),
    (at("messages.create", to=None, message=text("Hi")), 400, 1001),
    (at("messages.create", to=[ELLA], message=text("Hi")), 403, 2026),
    (at("chats.send_voicememo", "<direct>", voice_memo_url=MEMO, attachment_id=UNKNOWN), 400, 1004),
    (at("chats.send_voicememo", "<shy>", voice_memo_url=MEMO), 403, 2008),
    (at("chats.send_voicememo", "<left>", voice_memo_url=MEMO), 409, 2013),
    (at("chats.send_voicememo", "<blocked>", voice_memo_url=MEMO), 403, 2026),
    (at("chats.send_voicememo", "<flagged>", voice_memo_url=MEMO), 403, 2027),
    (at("chats.send_voicememo", "<direct>", voice_memo_url="https://files.invalid/a.m4a"), 500, 5002),
    (at("chats.polls.create", "<direct>", poll=None), 400, 1001),
    (at("chats.polls.create", "<shy>", poll=OPTIONS), 403, 2008),
    (at("chats.polls.create", "<left>", poll=OPTIONS), 409, 2013),
    (at("chats.polls.create", "<stopped>", poll=OPTIONS), 403, 2024),
    (at("chats.polls.create", "<blocked>", poll=OPTIONS), 403, 2026),
    (at("chats.polls.create", "<flagged>", poll=OPTIONS), 403, 2027),
]  # fmt: skip
