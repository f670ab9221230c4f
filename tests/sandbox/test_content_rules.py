"""Every rule about the content of a message, over the wire: its code where it is broken, 202 where it just holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.conftest import LINES, open_chat, refused, text
from tests.sandbox.uploads import PNG, upload
from tests.sandbox_server import SandboxServer

A, B, C, OUT = (f"{name}@example.com" for name in ("ann", "bob", "cem", "out"))
UNKNOWN = "00000000-0000-4000-8000-000000000000"
URL = {"type": "media", "url": "https://files.example.com/a.png"}
LINK = {"type": "link", "value": "https://example.com/page"}
CARD = {
    "type": "imessage_app",
    "app": {"name": "Game", "team_id": "ABCDE12345", "bundle_id": "com.example.game"},
    "layout": {"caption": "Play"},
}


def one(value: str = "Hello there", **more: Any) -> dict[str, Any]:
    """A message of one text part."""
    return {"parts": [{"type": "text", "value": value, **more}]}


def decorated(*decorations: dict[str, Any], value: str = "Hello there") -> dict[str, Any]:
    return one(value, text_decorations=list(decorations))


def look(start: int, end: int, **how: str) -> dict[str, Any]:
    return {"range": [start, end], **how}


def stuck(*stickers: dict[str, Any], value: str = "Hello there", **more: Any) -> dict[str, Any]:
    return one(value, inline_stickers=list(stickers), **more)


def sticker(start: int, end: int, image: str = "<image>") -> dict[str, Any]:
    return {"range": [start, end], "attachment_id": image}


def alternating(number: int) -> list[dict[str, Any]]:
    """So many parts, texts and files in turn; the files are attachments."""
    files = {"type": "media", "attachment_id": "<image>"}
    return [{"type": "text", "value": "x"} if index % 2 else files for index in range(number)]


BROKEN: list[tuple[str, dict[str, Any], int, int]] = [
    # 3.1, what a message is made of
    ("no parts", {}, 400, 1001),
    ("an empty list of parts", {"parts": []}, 400, 1004),
    ("101 parts", {"parts": alternating(101)}, 400, 1005),
    ("41 files by address", {"parts": [URL] * 41}, 400, 1005),
    ("parts and an experience", {**text("Hi"), "experience": {"name": "a", "action": "b"}}, 400, 1004),
    ("two texts in a row", {"parts": [*text("a")["parts"], *text("b")["parts"]]}, 400, 1004),
    ("a link that is not alone", {"parts": [LINK, *text("Hi")["parts"]]}, 400, 1004),
    ("a card that is not alone", {"parts": [CARD, *text("Hi")["parts"]]}, 400, 1004),
    ("an App Clip that is not alone",
     {"parts": [{"type": "app_clip", "value": "https://clip.example.com/a"}, *text("Hi")["parts"]]}, 400, 1004),
    ("an unknown type of part", {"parts": [{"type": "hologram"}]}, 400, 1005),
    ("no type of part", {"parts": [{"value": "Hi"}]}, 400, 1001),
    ("an empty text", text(""), 400, 1005),
    ("a text of 10,001", text("x" * 10_001), 400, 1005),
    ("a link of 2,049", {"parts": [{**LINK, "value": "https://example.com/".ljust(2_049, "x")}]}, 400, 1005),
    ("a link without a scheme", {"parts": [{**LINK, "value": "example.com"}]}, 400, 1005),
    ("a file by both", {"parts": [{**URL, "attachment_id": UNKNOWN}]}, 400, 1004),
    ("a file by neither", {"parts": [{"type": "media"}]}, 400, 1001),
    ("a file over http", {"parts": [{"type": "media", "url": "http://files.example.com/a.png"}]}, 400, 1005),
    ("a file of a refused type", {"parts": [{"type": "media", "url": "https://files.example.com/a.flac"}]}, 400, 5004),
    ("a key of 256", text("Hi", idempotency_key="k" * 256), 400, 1005),
    ("an unknown service", text("Hi", preferred_service="fax"), 400, 1005),
    ("a reply to no id", text("Hi", reply_to={"message_id": "first"}), 400, 1005),
    ("a reply to a part below 0", text("Hi", reply_to={"message_id": UNKNOWN, "part_index": -1}), 400, 1005),
    ("a reply to nothing", text("Hi", reply_to={"message_id": UNKNOWN}), 404, 2002),
    # 3.2, decorations in UTF-16 units
    ("a range past the end", decorated(look(0, 12, style="bold")), 400, 1005),
    ("a range past an emoji's end", decorated(look(0, 4, style="bold"), value="a🎉"), 400, 1005),
    ("a range backwards", decorated(look(4, 2, style="bold")), 400, 1005),
    ("no style and no animation", decorated({"range": [0, 2]}), 400, 1004),
    ("a style and an animation", decorated(look(0, 2, style="bold", animation="big")), 400, 1004),
    ("an unknown style", decorated(look(0, 2, style="wobbly")), 400, 1005),
    ("an unknown animation", decorated(look(0, 2, animation="wobble")), 400, 1005),
    ("an animation over a style", decorated(look(0, 4, style="bold"), look(2, 6, animation="big")), 400, 1005),
    ("two animations over each other", decorated(look(0, 4, animation="nod"), look(2, 6, animation="big")), 400, 1005),
    ("101 decorations", decorated(*[look(0, 2, style="bold")] * 101), 400, 1005),
    # 3.2, mentions
    ("a mention of who is not there", one("@Out", mention=OUT), 409, 2023),
    ("a mention of no handle", one("@Out", mention="12"), 400, 1002),
    ("a range of no mention", one("@Ann", mention_range=[0, 4]), 400, 1004),
    ("a mention past the end", one("@Ann", mention=A, mention_range=[0, 5]), 400, 1005),
    # 3.2, inline stickers
    ("a sticker and a mention", stuck(sticker(0, 1), mention=A), 400, 1004),
    ("stickers over each other", stuck(sticker(0, 3), sticker(2, 5)), 400, 1005),
    ("a sticker over a decoration", stuck(sticker(0, 3), text_decorations=[look(2, 5, style="bold")]), 400, 1005),
    ("a sticker in half a character", stuck(sticker(1, 2), value="🎉 party"), 400, 1005),
    ("101 stickers", stuck(*[sticker(each, each + 1) for each in range(101)], value="x" * 200), 400, 1005),
    ("11 different images",
     stuck(*[sticker(each, each + 1, UNKNOWN[:-2] + f"{each:02d}") for each in range(11)], value="x" * 20), 400, 1005),
    ("a sticker of no image", stuck({"range": [0, 1]}), 400, 1001),
    ("a sticker from elsewhere", stuck({"range": [0, 1], "url": "https://files.example.com/a.png"}), 400, 1005),
    # 3.3 and 3.4
    ("an effect of no kind", text("Hi", effect={"name": "confetti"}), 400, 1001),
    ("an effect of an unknown kind", text("Hi", effect={"name": "confetti", "type": "sky"}), 400, 1005),
    ("a bubble effect on the screen", text("Hi", effect={"name": "slam", "type": "screen"}), 400, 1005),
    # 3.5
    ("a card with a bad team", {"parts": [{**CARD, "app": {**CARD["app"], "team_id": "short"}}]}, 400, 1008),  # type: ignore[dict-item]
    ("a card without a layout", {"parts": [{**CARD, "layout": {}}]}, 400, 1008),
    ("a card by SMS", {"parts": [CARD], "preferred_service": "SMS"}, 409, 2018),
]  # fmt: skip
SOUND: list[tuple[str, dict[str, Any]]] = [
    ("100 parts", {"parts": alternating(100)}),
    ("40 files by address and one of ours", {"parts": [URL] * 40 + [{"type": "media", "attachment_id": "<image>"}]}),
    ("a text between files", {"parts": [*text("a")["parts"], URL, *text("b")["parts"]]}),
    ("a link alone", {"parts": [LINK]}),
    ("a link of 2,048", {"parts": [{**LINK, "value": "https://example.com/".ljust(2_048, "x")}]}),
    ("a text of 10,000", text("x" * 10_000)),
    ("a key of 255", text("Hi", idempotency_key="k" * 255)),
    ("an emoji counts two", decorated(look(1, 3, animation="big"), value="a🎉")),
    ("styles over each other", decorated(look(0, 4, style="bold"), look(2, 6, style="italic"))),
    ("100 decorations", decorated(*[look(0, 2, style="bold")] * 100)),
    ("a mention", one("Ann, look", mention=A, mention_range=[0, 3])),
    ("100 stickers of one image", stuck(*[sticker(each, each + 1) for each in range(100)], value="x" * 200)),
    ("an effect nobody knows", text("Hi", effect={"name": "glitter", "type": "screen"})),
    ("a file as a sticker", {"parts": [{"type": "media", "attachment_id": "<image>", "sticker": True}]}),
]  # fmt: skip


@pytest.fixture(scope="module")
def group(server: SandboxServer) -> Iterator[tuple[str, str]]:
    """The ids of a group and of an uploaded image."""
    server.reset("empty")
    server.control("clock", {"speed": 10_000})  # no limit lasts
    yield (
        str(open_chat(server, A, B, C, line=LINES[0])["id"]),
        str(upload(server, "a.png", "image/png", PNG)["attachment_id"]),
    )
    server.reset("empty")


def filled(value: Any, image: str) -> Any:
    if isinstance(value, dict):
        return {key: filled(each, image) for key, each in value.items()}
    if isinstance(value, list):
        return [filled(each, image) for each in value]
    return image if value == "<image>" else value


@pytest.mark.parametrize(("message", "status", "code"), [row[1:] for row in BROKEN], ids=[row[0] for row in BROKEN])
def test_a_broken_rule_has_its_code(
    server: SandboxServer, group: tuple[str, str], message: dict[str, Any], status: int, code: int
) -> None:
    chat, image = group
    answer = server.api("POST", f"chats/{chat}/messages", {"message": filled(message, image)})
    refused(answer, status, code)


@pytest.mark.parametrize("message", [row[1] for row in SOUND], ids=[row[0] for row in SOUND])
def test_what_just_holds_is_taken(server: SandboxServer, group: tuple[str, str], message: dict[str, Any]) -> None:
    chat, image = group
    answer = server.api("POST", f"chats/{chat}/messages", {"message": filled(message, image)})
    assert answer.status_code == 202, answer.text


def test_the_first_message_of_a_chat_may_hold_less(server: SandboxServer, group: tuple[str, str]) -> None:
    def first(message: dict[str, Any]) -> Any:
        return server.api("POST", "chats", {"from": LINES[1], "to": [OUT], "message": message})

    refused(first({"parts": [LINK]}), 400, 1005)
    refused(first(text("Look at https://example.com")), 400, 1005)
    refused(first(text("Hi", effect={"name": "confetti", "type": "screen"})), 400, 1005)
    refused(first(text("Hi", reply_to={"message_id": UNKNOWN})), 400, 1005)
    assert server.api("POST", "messages", {"to": [OUT], "message": {"parts": [LINK]}}).status_code == 202


def test_a_group_has_at_most_thirty_one_recipients(server: SandboxServer, group: tuple[str, str]) -> None:
    many = [f"p{number}@example.com" for number in range(32)]
    for path, more in (("chats", {"from": LINES[0]}), ("messages", {})):
        refused(server.api("POST", path, {**more, "to": many, "message": text("Hi")}), 400, 1005)
        refused(server.api("POST", path, {**more, "to": [], "message": text("Hi")}), 400, 1005)
    assert server.api("POST", "chats", {"from": LINES[0], "to": many[:31], "message": text("Hi")}).status_code == 201


def test_a_mention_in_a_direct_chat_is_refused(server: SandboxServer, group: tuple[str, str]) -> None:
    chat = open_chat(server, A, line=LINES[2])["id"]
    refused(server.api("POST", f"chats/{chat}/messages", {"message": one("@Ann", mention=A)}), 409, 2023)
