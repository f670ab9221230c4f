"""The rules of a message: each broken one is found, named by its part, and has its code."""

from __future__ import annotations

import re
from time import process_time
from typing import get_args
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from linq.types.supported_content_type import SupportedContentType

from chats.v3.content import (
    ATTACHMENT_CONTENT_TYPES,
    BUBBLE_EFFECTS,
    MAX_LINK_LENGTH,
    MAX_PARTS,
    MAX_TEXT_LENGTH,
    SCREEN_EFFECTS,
    check_attachment,
    check_message,
    has_link,
    plain_text,
    text_message,
    utf16_length,
)

ID = "550e8400-e29b-41d4-a716-446655440000"
ANN, BOB = "+12025550123", "bob@example.com"
APP = {"name": "Trip", "team_id": "A1B2C3D4E5", "bundle_id": "com.example.trip"}


def text(value: str, **more: object) -> dict[str, object]:
    return {"type": "text", "value": value, **more}


def media(**more: object) -> dict[str, object]:
    return {"type": "media", **(more or {"attachment_id": ID})}


def card(**more: object) -> dict[str, object]:
    return {"type": "imessage_app", "app": APP, "layout": {"caption": "Trip"}, **more}


def parts(*given_parts: object, **more: object) -> dict[str, object]:
    return {"parts": list(given_parts), **more}


def styled(start: object, end: object, style: str = "bold") -> dict[str, object]:
    return {"range": [start, end], "style": style}


def moving(start: object, end: object, animation: str = "shake") -> dict[str, object]:
    return {"range": [start, end], "animation": animation}


def sticker(start: object, end: object, attachment_id: str = ID) -> dict[str, object]:
    return {"range": [start, end], "attachment_id": attachment_id}


GOOD = {
    "a text": parts(text("Hello")),
    "a text of the greatest length": parts(text("é" * MAX_TEXT_LENGTH)),
    "as many parts as may be": parts(*[media()] * MAX_PARTS),
    "texts with a file between": parts(text("a"), media(), text("b")),
    "a file by URL": parts(media(url="https://example.com/photo.php?size=2")),
    "forty files by URL": parts(*[media(url="https://example.com/a.jpg")] * 40),
    "more than forty files of the remote's own": parts(*[media(url="https://cdn.linqapp.com/a.jpg")] * 41),
    "a sticker": parts(media(attachment_id=ID, sticker=True)),
    "a link": parts({"type": "link", "value": "https://example.com/a?b=c#d"}),
    "a link of the greatest length": parts({"type": "link", "value": "https://e.co/".ljust(MAX_LINK_LENGTH, "x")}),
    "an ftp link": parts({"type": "link", "value": "FTP://example.com/file"}),
    "a link in a text": parts(text("See https://example.com")),
    "styles that overlap": parts(text("Hello", text_decorations=[styled(0, 5), styled(2, 4, "italic")])),
    "animations side by side": parts(text("Hello", text_decorations=[moving(0, 2), moving(2, 5, "big")])),
    "a range around an emoji": parts(text("a😀b", text_decorations=[styled(1, 3)])),
    "a range to the end of an emoji": parts(text("😀", text_decorations=[styled(0, 2)])),
    "a hundred decorations": parts(text("Hello", text_decorations=[styled(0, 1)] * 100)),
    "no decorations": parts(text("Hello", text_decorations=[])),
    "a mention": parts(text("Ann", mention=ANN)),
    "a mention with a range": parts(text("Hi Ann", mention="Bob@Example.com", mention_range=[3, 6])),
    "inline stickers": parts(text("a 🎂 b 🎂", inline_stickers=[sticker(2, 4), sticker(7, 9)])),
    "an effect": parts(text("Hello"), effect={"name": "confetti", "type": "screen"}),
    "an effect nobody knows yet": parts(text("Hello"), effect={"name": "snow", "type": "screen"}),
    "a reply": parts(text("Hello"), reply_to={"message_id": ID.upper(), "part_index": 0}),
    "a key": parts(text("Hello"), idempotency_key="k" * 255),
    "a service": parts(text("Hello"), preferred_service="SMS"),
    "an app card": parts(card(url="https://example.com/x"), preferred_service="iMessage"),
    "an app card with data": parts(card(url="data:" + "x" * 10_000)),
    "an App Clip": parts({"type": "app_clip", "value": "https://example.com/clip", "caption": "Pay"}),
    "an experience": {"experience": {"name": "agentpay", "action": "request", "params": {"a": 1}}},
    "fields nobody knows": parts(text("Hello", colour="red"), mood="fine"),
    "nothing where nothing is needed": parts(
        text("Hello", text_decorations=None, mention=None, mention_range=None, inline_stickers=None),
        effect=None,
        reply_to={"message_id": ID, "part_index": None},
        idempotency_key=None,
        preferred_service=None,
        experience=None,
    ),
}


@pytest.mark.parametrize("message", GOOD.values(), ids=GOOD.keys())
def test_a_good_message_breaks_no_rule(message: dict[str, object]) -> None:
    assert check_message(message) == []


# What is wrong: the message, the code, the field, and the whole sentence.
BAD: list[tuple[object, int, str | None, str]] = [
    ("Hello", 1004, None, "The message must be an object."),
    ({}, 1001, "parts", "The message has no parts."),
    ({"parts": None}, 1001, "parts", "The message has no parts."),
    ({"parts": []}, 1004, "parts", "The parts must be a list with at least one part."),
    ({"parts": {"type": "text"}}, 1004, "parts", "The parts must be a list with at least one part."),
    (
        parts(*[media()] * 101),
        1005,
        "parts",
        "A message may have at most 100 parts, and this one has 101.",
    ),
    (
        parts(*[media(url="https://example.com/a.jpg")] * 41),
        1005,
        "parts",
        "At most 40 files may be given by URL, and this message has 41.",
    ),
    (parts("Hello"), 1004, "parts[0]", "Part 1: a part must be an object."),
    (parts({"value": "Hello"}), 1001, "parts[0].type", "Part 1: the type is missing."),
    (
        parts({"type": "poll"}),
        1005,
        "parts[0].type",
        "Part 1: the type must be one of text, media, link, imessage_app, app_clip.",
    ),
    (
        parts({"type": ["text"]}),
        1005,
        "parts[0].type",
        "Part 1: the type must be one of text, media, link, imessage_app, app_clip.",
    ),
    (
        parts(text("a"), text("b")),
        1004,
        "parts[1]",
        "Part 2: two texts may not follow each other; join them into one.",
    ),
    (
        parts(text("a"), {"type": "link", "value": "https://example.com"}),
        1004,
        "parts[1]",
        "Part 2: a link must be the only part.",
    ),
    (parts(card(), text("a")), 1004, "parts[0]", "Part 1: an app card must be the only part."),
    (
        parts(media(), {"type": "app_clip", "value": "https://example.com"}),
        1004,
        "parts[1]",
        "Part 2: an App Clip must be the only part.",
    ),
    # Text.
    (parts({"type": "text"}), 1001, "parts[0].value", "Part 1: the text is missing."),
    (parts({"type": "text", "value": 5}), 1005, "parts[0].value", "Part 1: the text must be a string."),
    (parts(text("")), 1005, "parts[0].value", "Part 1: the text is empty."),
    (
        parts(text("x" * 10_001)),
        1005,
        "parts[0].value",
        "Part 1: the text has 10,001 characters, and 10,000 is the most.",
    ),
    (parts(text("a\x00b")), 1005, "parts[0].value", "Part 1: the text holds a character that cannot be sent."),
    (parts(text("a\ud83d")), 1005, "parts[0].value", "Part 1: the text holds a character that cannot be sent."),
    # Decorations.
    (
        parts(text("Hello", text_decorations="bold")),
        1005,
        "parts[0].text_decorations",
        "Part 1: the decorations must be a list.",
    ),
    (
        parts(text("Hello", text_decorations=[styled(0, 1)] * 101)),
        1005,
        "parts[0].text_decorations",
        "Part 1: 100 decorations are the most.",
    ),
    (
        parts(text("Hello", text_decorations=["bold"])),
        1005,
        "parts[0].text_decorations[0]",
        "Part 1: decoration 1 must be an object.",
    ),
    (
        parts(text("Hello", text_decorations=[{"range": [0, 1]}])),
        1004,
        "parts[0].text_decorations[0]",
        "Part 1: decoration 1 needs either a style or an animation, not both.",
    ),
    (
        parts(text("Hello", text_decorations=[{**styled(0, 1), "animation": "big"}])),
        1004,
        "parts[0].text_decorations[0]",
        "Part 1: decoration 1 needs either a style or an animation, not both.",
    ),
    (
        parts(text("Hello", text_decorations=[styled(0, 1), styled(0, 1, "shake")])),
        1005,
        "parts[0].text_decorations[1].style",
        "Part 1: the style of decoration 2 is not known.",
    ),
    (
        parts(text("Hello", text_decorations=[moving(0, 1, "bold")])),
        1005,
        "parts[0].text_decorations[0].animation",
        "Part 1: the animation of decoration 1 is not known.",
    ),
    (
        parts(text("Hello", text_decorations=[{"style": "bold"}])),
        1001,
        "parts[0].text_decorations[0].range",
        "Part 1: decoration 1 needs a range of two whole numbers, such as [0, 5].",
    ),
    (
        parts(text("Hello", text_decorations=[styled(0, True)])),
        1005,
        "parts[0].text_decorations[0].range",
        "Part 1: decoration 1 needs a range of two whole numbers, such as [0, 5].",
    ),
    (
        parts(text("Hello", text_decorations=[styled(3, 3)])),
        1005,
        "parts[0].text_decorations[0].range",
        "Part 1: decoration 1 has a range that ends before it begins.",
    ),
    (
        parts(text("a😀", text_decorations=[styled(0, 4)])),
        1005,
        "parts[0].text_decorations[0].range",
        "Part 1: decoration 1 has a range that ends at 4, after the end of the text at 3.",
    ),
    (
        parts(text("a😀", text_decorations=[styled(0, 2)])),
        1005,
        "parts[0].text_decorations[0].range",
        "Part 1: decoration 1 has a range that splits a character in two.",
    ),
    (
        parts(text("Hello", text_decorations=[styled(0, 3), moving(2, 5)])),
        1005,
        "parts[0].text_decorations",
        "Part 1: an animation may not overlap another animation or a style.",
    ),
    (
        parts(text("Hello", text_decorations=[moving(0, 3), moving(2, 5, "big")])),
        1005,
        "parts[0].text_decorations",
        "Part 1: an animation may not overlap another animation or a style.",
    ),
    # Inline stickers.
    (
        parts(text("a 🎂", inline_stickers={})),
        1005,
        "parts[0].inline_stickers",
        "Part 1: the inline stickers must be a list.",
    ),
    (
        parts(text("a" * 202, inline_stickers=[sticker(n, n + 1) for n in range(101)])),
        1005,
        "parts[0].inline_stickers",
        "Part 1: 100 inline stickers are the most.",
    ),
    (
        parts(text("a" * 11, inline_stickers=[sticker(n, n + 1, str(n)) for n in range(11)])),
        1005,
        "parts[0].inline_stickers",
        "Part 1: 10 different sticker images are the most.",
    ),
    (
        parts(text("ab", inline_stickers=[{"range": [0, 1]}])),
        1001,
        "parts[0].inline_stickers[0]",
        "Part 1: inline sticker 1 needs either a URL or an attachment, and only one of them.",
    ),
    (
        parts(text("ab", inline_stickers=[{**sticker(0, 1), "url": "https://cdn.linqapp.com/a"}])),
        1004,
        "parts[0].inline_stickers[0]",
        "Part 1: inline sticker 1 needs either a URL or an attachment, and only one of them.",
    ),
    (
        parts(text("a 🎂", inline_stickers=[sticker(2, 3)])),
        1005,
        "parts[0].inline_stickers[0].range",
        "Part 1: inline sticker 1 has a range that splits a character in two.",
    ),
    (
        parts(text("abc", inline_stickers=[sticker(0, 2), sticker(1, 3)])),
        1005,
        "parts[0].inline_stickers",
        "Part 1: inline stickers may not overlap each other.",
    ),
    (
        parts(text("abc", inline_stickers=[sticker(0, 2)], text_decorations=[styled(1, 3)])),
        1005,
        "parts[0].inline_stickers",
        "Part 1: an inline sticker may not overlap a decoration.",
    ),
    # Mentions.
    (
        parts(text("Ann", mention="Ann")),
        1002,
        "parts[0].mention",
        "Part 1: the person mentioned must be a phone number or an e-mail address.",
    ),
    (
        parts(text("Ann", mention_range=[0, 3])),
        1004,
        "parts[0].mention_range",
        "Part 1: a range to highlight needs somebody to mention.",
    ),
    (
        parts(text("Ann", mention=ANN, mention_range=[0, 9])),
        1005,
        "parts[0].mention_range",
        "Part 1: the mention has a range that ends at 9, after the end of the text at 3.",
    ),
    (
        parts(text("Ann", mention=ANN, inline_stickers=[sticker(0, 1)])),
        1004,
        "parts[0].mention",
        "Part 1: a mention and inline stickers cannot go together.",
    ),
    # Files.
    (parts({"type": "media"}), 1001, "parts[0]", "Part 1: a file needs a URL or an attachment."),
    (
        parts(media(attachment_id=ID, url="https://example.com/a.jpg")),
        1004,
        "parts[0]",
        "Part 1: a file needs either a URL or an attachment, not both.",
    ),
    (
        parts(media(url="http://example.com/a.jpg")),
        1005,
        "parts[0].url",
        "Part 1: the file's URL must begin with https://.",
    ),
    (parts(media(url="https://")), 1005, "parts[0].url", "Part 1: the file's URL must begin with https://."),
    (
        parts(media(url="https://example.com/a/setup.EXE?x=.jpg")),
        5004,
        "parts[0].url",
        "Part 1: files of this type cannot be sent.",
    ),
    (
        parts(media(attachment_id="7")),
        1005,
        "parts[0].attachment_id",
        "Part 1: the attachment must be named by its id.",
    ),
    (
        parts(media(attachment_id=ID, sticker="yes")),
        1005,
        "parts[0].sticker",
        "Part 1: whether it is a sticker must be true or false.",
    ),
    # Links.
    (parts({"type": "link"}), 1001, "parts[0].value", "Part 1: the link is missing."),
    *[
        (
            parts({"type": "link", "value": value}),
            1005,
            "parts[0].value",
            "Part 1: a link must be a whole URL, such as https://example.com/page.",
        )
        for value in ("", "example.com", "javascript:alert(1)", "https://", "https://a b", "http://[", 7, "https://a\n")
    ],
    (
        parts({"type": "link", "value": "https://e.co/".ljust(2049, "x")}),
        1005,
        "parts[0].value",
        "Part 1: a link may have at most 2,048 characters.",
    ),
    # Cards.
    (parts(card(app=None)), 1008, "parts[0].app", "Part 1: the app card does not say which app it belongs to."),
    (parts(card(app={**APP, "name": ""})), 1008, "parts[0].app.name", "Part 1: the app card's app has no name."),
    (
        parts(card(app={**APP, "team_id": "a1b2c3d4e5"})),
        1008,
        "parts[0].app.team_id",
        "Part 1: the app card's team must be 10 capital letters and digits.",
    ),
    (
        parts(card(app={**APP, "bundle_id": "com:x"})),
        1008,
        "parts[0].app.bundle_id",
        "Part 1: the app card's bundle must be a name without a colon.",
    ),
    (parts(card(layout=None)), 1008, "parts[0].layout", "Part 1: the app card has no layout."),
    (parts(card(layout={})), 1008, "parts[0].layout", "Part 1: the app card needs a caption or an image."),
    (
        parts(card(layout={"caption": "a", "image_title": "b"})),
        1008,
        "parts[0].layout.image_url",
        "Part 1: an image title or subtitle needs an image.",
    ),
    (
        parts(card(url="http://example.com")),
        1008,
        "parts[0].url",
        "Part 1: the app card's URL must begin with https:// or data:.",
    ),
    (
        parts(card(url="data:" + "x" * 16_384)),
        1008,
        "parts[0].url",
        "Part 1: the app card's URL may have at most 16,384 characters.",
    ),
    (parts({"type": "app_clip"}), 1001, "parts[0].value", "Part 1: the App Clip's link is missing."),
    (
        parts({"type": "app_clip", "value": "http://example.com"}),
        1005,
        "parts[0].value",
        "Part 1: the App Clip's link must begin with https://.",
    ),
    (
        parts({"type": "app_clip", "value": "https://example.com", "caption": 1}),
        1005,
        "parts[0].caption",
        "Part 1: the caption must be a string.",
    ),
    (
        parts(card(), preferred_service="SMS"),
        2018,
        "preferred_service",
        "An app card cannot be sent by SMS.",
    ),
    (
        parts({"type": "app_clip", "value": "https://example.com"}, preferred_service="RCS"),
        2028,
        "preferred_service",
        "An App Clip cannot be sent by RCS.",
    ),
    # Experiences.
    (
        parts(text("Hello"), experience={"name": "a", "action": "b"}),
        1004,
        "parts",
        "A message has either parts or an experience, not both.",
    ),
    ({"experience": "agentpay"}, 1004, "experience", "The experience must be an object."),
    ({"experience": {"name": "a"}}, 1001, "experience.action", "The experience has no action."),
    (
        {"experience": {"name": "", "action": "b"}},
        1005,
        "experience.name",
        "The experience's name must be a string that is not empty.",
    ),
    (
        {"experience": {"name": "a", "action": "b", "params": []}},
        1005,
        "experience.params",
        "The experience's params must be an object.",
    ),
    (
        {"experience": {"name": "a", "action": "b"}, "preferred_service": "SMS"},
        2018,
        "preferred_service",
        "An app card cannot be sent by SMS.",
    ),
    # The whole message.
    *[
        (
            parts(text("Hello"), preferred_service=service),
            1005,
            "preferred_service",
            "The preferred service must be iMessage, RCS or SMS.",
        )
        for service in ("auto", "imessage", "", 7, ["SMS"])
    ],
    (
        parts(text("Hello"), effect="confetti"),
        1005,
        "effect",
        "The effect must be an object with a name and a type.",
    ),
    (parts(text("Hello"), effect={"type": "screen"}), 1001, "effect.name", "The effect has no name."),
    (
        parts(text("Hello"), effect={"name": 7, "type": "screen"}),
        1005,
        "effect.name",
        "The effect's name must be a string that is not empty.",
    ),
    (parts(text("Hello"), effect={"name": "slam"}), 1001, "effect.type", "The effect has no type."),
    (
        parts(text("Hello"), effect={"name": "slam", "type": "loud"}),
        1005,
        "effect.type",
        "The effect's type must be screen or bubble.",
    ),
    *[
        (
            parts(text("Hello"), effect={"name": name, "type": "bubble"}),
            1005,
            "effect.type",
            f"The effect {name} is a screen effect.",
        )
        for name in SCREEN_EFFECTS
    ],
    *[
        (
            parts(text("Hello"), effect={"name": name, "type": "screen"}),
            1005,
            "effect.type",
            f"The effect {name} is a bubble effect.",
        )
        for name in BUBBLE_EFFECTS
    ],
    (
        parts(text("Hello"), reply_to=ID),
        1005,
        "reply_to",
        "The reply must be an object that names a message.",
    ),
    (
        parts(text("Hello"), reply_to={}),
        1001,
        "reply_to.message_id",
        "The reply does not say which message it answers.",
    ),
    (
        parts(text("Hello"), reply_to={"message_id": "7"}),
        1005,
        "reply_to.message_id",
        "The message that is replied to must be named by its id.",
    ),
    *[
        (
            parts(text("Hello"), reply_to={"message_id": ID, "part_index": index}),
            1005,
            "reply_to.part_index",
            "The part that is replied to must be a whole number from 0.",
        )
        for index in (-1, True, 1.0, "0")
    ],
    *[
        (
            parts(text("Hello"), idempotency_key=key),
            1005,
            "idempotency_key",
            "The idempotency key must have between 1 and 255 characters.",
        )
        for key in ("", "k" * 256, 7)
    ],
]


@pytest.mark.parametrize(("message", "code", "field", "sentence"), BAD)
def test_each_broken_rule_is_one_clear_sentence(
    message: dict[str, object], code: int, field: str | None, sentence: str
) -> None:
    found = [(violation.code, violation.field, violation.message) for violation in check_message(message)]
    assert found == [(code, field, sentence)]


def test_every_broken_rule_is_told_at_once_in_order() -> None:
    message = parts(text(""), text("x"), media(), {"type": "link", "value": "nowhere"}, effect={"type": "screen"})
    assert [(violation.code, violation.part) for violation in check_message(message)] == [
        (1005, 1),
        (1004, 2),
        (1004, 4),
        (1005, 4),
        (1001, None),
    ]


@pytest.mark.parametrize("part", [text("see example.com"), {"type": "link", "value": "https://example.com"}])
def test_the_first_message_of_a_chat_holds_no_link(part: dict[str, object]) -> None:
    assert check_message(parts(part)) == []
    (violation,) = check_message(parts(part), opens_chat=True)
    assert violation.code == 1005
    assert violation.message == "Part 1: the first message of a chat may not hold a link."
    assert (violation.part, violation.field) == (1, "parts[0].value")


def test_the_first_message_of_a_chat_has_no_effect_and_is_no_reply() -> None:
    message = parts(text("Hello"), effect={"name": "slam", "type": "bubble"}, reply_to={"message_id": ID})
    assert check_message(message) == []
    assert [(found.code, found.message) for found in check_message(message, opens_chat=True)] == [
        (1005, "The first message of a chat may not have an effect."),
        (1005, "The first message of a chat cannot be a reply."),
    ]


@pytest.mark.parametrize(
    "value",
    [
        "https://example.com",
        "HTTP://EXAMPLE.COM/x",
        "look:http://10.0.0.1/",
        "ftp://files",
        "www.example.museum",
        "(example.com)",
        "go to my-shop.co.uk now",
        "bit.ly/abc",
        "example.com.",
        "one\nexample.org\ntwo",
        "«example.com»",
    ],
)
def test_a_link_in_a_text_is_seen(value: str) -> None:
    assert has_link(value)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "Hello",
        "Hi.How are you",
        "ann@example.com",
        "It costs 3.50",
        "e.g. this",
        "https://",
        "www.",
        "a.b.c",
        "…co",
    ],
)
def test_what_is_no_link_is_not(value: str) -> None:
    assert not has_link(value)


def test_a_mention_depends_on_the_chat() -> None:
    message = parts(text("Ann", mention=ANN))
    assert check_message(message, is_group=True) == []
    assert check_message(message, is_group=True, participants=[ANN, BOB]) == []
    assert [(found.code, found.message) for found in check_message(message, is_group=False)] == [
        (2023, "Part 1: people can be mentioned only in a group.")
    ]
    assert [(found.code, found.message) for found in check_message(message, is_group=True, participants=[BOB])] == [
        (2023, "Part 1: the person mentioned is not in this group.")
    ]
    assert check_message(parts(text("Bob", mention="BOB@example.com")), participants=["Bob@Example.com"]) == []


def test_an_experience_goes_to_one_person() -> None:
    message = {"experience": {"name": "a", "action": "b"}}
    assert check_message(message, is_group=False) == []
    assert [(found.code, found.message) for found in check_message(message, is_group=True)] == [
        (2016, "An experience can be sent to one person only.")
    ]


def test_the_content_types_are_those_of_the_official_sdk() -> None:
    assert get_args(SupportedContentType)
    assert set(get_args(SupportedContentType)) == ATTACHMENT_CONTENT_TYPES


@pytest.mark.parametrize(
    ("filename", "content_type", "size", "found"),
    [
        ("cat.png", "image/png", 1, []),
        ("c" * 255, "image/png", 104_857_600, []),
        ("", "image/png", 1, [(1005, "The file name must have between 1 and 255 characters.")]),
        ("c" * 256, "image/png", 1, [(1005, "The file name must have between 1 and 255 characters.")]),
        ("song.flac", "audio/flac", 1, [(5004, "Files of this type cannot be sent.")]),
        ("cat.exe", "image/png", 1, [(5004, "Files of this type cannot be sent.")]),
        ("cat.png", "image/png", 0, [(1005, "The file is empty.")]),
        ("cat.png", "image/png", 104_857_601, [(5005, "The file is larger than 100 MB.")]),
    ],
)
def test_the_rules_of_a_file(filename: str, content_type: str, size: int, found: list[tuple[int, str]]) -> None:
    violations = check_attachment(filename=filename, content_type=content_type, size_bytes=size)
    assert [(violation.code, violation.message) for violation in violations] == found


def test_a_text_message_carries_its_key() -> None:
    assert text_message("Hello", key="k1") == {"parts": [{"type": "text", "value": "Hello"}], "idempotency_key": "k1"}


@pytest.mark.parametrize(
    ("given_parts", "line"),
    [
        ([text("Hello\n  there")], "Hello there"),
        ([text("Look"), media(mime_type="image/png"), text("nice")], "Look Photo nice"),
        ([media(mime_type="image/png")] * 3, "3 photos"),
        ([media(mime_type="video/mp4"), media(mime_type="audio/mp4")], "Video Audio"),
        ([media(mime_type="audio/mp4")] * 2, "Audio"),
        ([media(mime_type="application/pdf")] * 2, "2 attachments"),
        ([media()], "Attachment"),
        ([media(sticker=True, mime_type="image/png")], "Sticker"),
        ([text("a"), text("a")], "a a"),
        ([{"type": "link", "value": "https://example.com"}], "https://example.com"),
        ([card()], "Trip"),
        ([card(fallback_text="Your trip")], "Your trip"),
        ([{"type": "imessage_app"}], "App card"),
        ([{"type": "app_clip", "value": "https://e.co", "title": "Pay"}], "Pay"),
        ([{"type": "app_clip", "value": "https://e.co"}], "https://e.co"),
        ([{"type": "text", "value": None}, {"type": "hologram"}, "x", None], ""),
        ([], ""),
        (None, ""),
        ("text", ""),
        ({"type": "text"}, ""),
    ],
)
def test_an_inbox_shows_one_line(given_parts: object, line: str) -> None:
    assert plain_text(given_parts) == line


FIELDS = re.findall(
    r"\w+",
    "parts type value text_decorations range style animation mention mention_range inline_stickers url attachment_id "
    "sticker app layout effect name reply_to message_id part_index idempotency_key preferred_service experience action "
    "params caption",
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 300) | st.floats() | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(FIELDS),
            inner
            | st.sampled_from(
                ["text", "media", "link", "imessage_app", "app_clip", "bold", "shake", "screen", "SMS", ANN]
            ),
            max_size=6,
        )
    ),
    max_leaves=25,
)


@given(JSON, st.booleans(), st.none() | st.booleans())
def test_any_json_is_judged_and_nothing_raises(message: object, opens: bool, is_group: bool | None) -> None:
    for violation in check_message(message, opens_chat=opens, is_group=is_group, participants=[ANN]):  # type: ignore[arg-type]
        assert re.fullmatch(r"[A-Z][^\n]*\.", violation.message)
        assert (violation.part is not None) == violation.message.startswith("Part ")
    assert isinstance(plain_text(message), str)


@given(st.lists(JSON, max_size=4))
def test_any_parts_are_judged_and_shown_on_one_line(given_parts: list[object]) -> None:
    check_message({"parts": given_parts})
    assert "\n" not in plain_text(given_parts)


TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=30)


@given(TEXT)
def test_lengths_are_those_of_utf16(value: str) -> None:
    assert utf16_length(value) == len(value.encode("utf-16-le")) // 2


@given(TEXT, st.data())
def test_a_range_is_good_exactly_when_utf16_can_be_cut_there(value: str, data: st.DataObject) -> None:
    units = value.encode("utf-16-le")
    length = len(units) // 2
    start, end = data.draw(st.integers(-1, length + 1)), data.draw(st.integers(-1, length + 1))
    good = 0 <= start < end <= length
    if good:
        try:
            for piece in (units[: 2 * start], units[2 * start : 2 * end], units[2 * end :]):
                piece.decode("utf-16-le")
        except UnicodeDecodeError:
            good = False
    message = parts(text(value, text_decorations=[styled(start, end)]))
    assert (check_message(message) == []) is good


@given(TEXT)
def test_every_text_of_a_composer_is_a_good_message(value: str) -> None:
    message = text_message(value, key=str(uuid4()))
    assert check_message(message) == []
    assert plain_text(message["parts"]) == " ".join(value.split())


@given(st.lists(st.sampled_from(["text", "media"]), min_size=1, max_size=8))
def test_texts_may_stand_anywhere_but_side_by_side(kinds: list[str]) -> None:
    message = parts(*[text("a") if kind == "text" else media() for kind in kinds])
    touching = [index + 1 for index in range(1, len(kinds)) if kinds[index - 1] == kinds[index] == "text"]
    assert [(violation.code, violation.part) for violation in check_message(message)] == [
        (1004, part) for part in touching
    ]


def test_a_hostile_text_costs_little() -> None:
    """A text made to make the search for links slow is still searched at once."""
    began = process_time()
    for value in ("a." * 5000, "-" * 10_000, "a-" * 5000, "www." * 2500, "http:/" * 1600, "x" * 5_000_000):
        check_message(parts(text(value, text_decorations=[styled(0, 1)] * 100)), opens_chat=True)
    assert process_time() - began < 1.0
