"""Stickers: peeled onto a message, stacked, moved, never removed."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from linq import LinqAPIV3

from sandbox.api import placement
from sandbox.api.errors import ApiError
from tests.sandbox.conftest import LINES, refused
from tests.sandbox.receiver import Receiver
from tests.sandbox.uploads import PNG, announce, upload
from tests.sandbox_server import SandboxServer, wait_for

MAIL = "ana@example.com"


def stick(server: SandboxServer, message: str, **more: Any) -> Any:
    body = {"operation": "add", "type": "sticker", **more}
    return server.api("POST", f"messages/{message}/reactions", body)


def stickers(server: SandboxServer, message: str) -> list[dict[str, Any]]:
    return list(server.api("GET", f"messages/{message}").json()["parts"][0]["reactions"] or [])


def heard(server: SandboxServer) -> str:
    return str(server.say(MAIL, "Hello", line=LINES[0])["message"]["id"])


def test_a_picture_is_peeled_onto_a_message(
    sandbox: SandboxServer, sdk: LinqAPIV3, receiver: Receiver, subscribe: Callable[..., Any]
) -> None:
    subscribe("reaction.added")
    slot = upload(sandbox, "star.png", "image/png", PNG)
    message = heard(sandbox)
    sdk.messages.add_reaction(
        message,
        operation="add",
        type="sticker",
        attachment_id=slot["attachment_id"],
        placement={"x": 0.5, "y": -0.5, "scale": 9, "rotation": 30},
    )
    data = receiver.wait("reaction.added").data
    expected = {
        "url": slot["download_url"],
        "file_name": "star.png",
        "mime_type": "image/png",
        "width": None,
        "height": None,
    }
    assert (data["reaction_type"], data["sticker"], data["is_from_me"]) == ("sticker", expected, True)
    [shown] = stickers(sandbox, message)
    assert (shown["id"], shown["sticker"]) == (data["reaction_id"], expected)
    sdk.messages.retrieve(message)


def test_stickers_stack_beside_a_tapback(sandbox: SandboxServer) -> None:
    message = heard(sandbox)
    url = upload(sandbox, "star.png", "image/png", PNG)["download_url"]
    assert stick(sandbox, message, emoji="⭐").status_code == 202
    assert stick(sandbox, message, emoji="⭐").status_code == 202
    assert stick(sandbox, message, url=url).status_code == 202
    body = {"operation": "add", "type": "love"}
    assert sandbox.api("POST", f"messages/{message}/reactions", body).status_code == 202
    found = wait_for(lambda: len(stickers(sandbox, message)) == 4 and stickers(sandbox, message), what="four")
    assert sorted(each["type"] for each in found) == ["love", "sticker", "sticker", "sticker"]
    emoji = next(each["sticker"] for each in found if each["type"] == "sticker" and each["sticker"]["url"] is None)
    assert emoji["file_name"] == "⭐.png"


def test_a_sticker_is_moved(sandbox: SandboxServer, sdk: LinqAPIV3) -> None:
    message = heard(sandbox)
    stick(sandbox, message, emoji="⭐")
    [shown] = wait_for(lambda: stickers(sandbox, message), what="the sticker")
    answer = sdk.messages.with_raw_response.update_sticker_placement(
        shown["id"], message_id=message, placement={"x": 1, "scale": 0.01}
    )
    assert answer.status_code == 202
    assert answer.json() == {"status": "accepted", "success": True, "trace_id": answer.headers["X-Trace-ID"]}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {"x": 0.1, "y": 0.2, "scale": 1.5, "rotation": 10.0}),
        ({"x": -1, "rotation": 400}, {"x": -1.0, "y": 0.2, "scale": 1.5, "rotation": 400.0}),
        ({"scale": 9}, {"x": 0.1, "y": 0.2, "scale": 2.5, "rotation": 10.0}),
        ({"scale": 0}, {"x": 0.1, "y": 0.2, "scale": 0.05, "rotation": 10.0}),
    ],
)
def test_what_a_placement_leaves_out_stays_and_the_scale_is_bounded(
    given: dict[str, float], expected: dict[str, float]
) -> None:
    before = {"x": 0.1, "y": 0.2, "scale": 1.5, "rotation": 10.0}
    assert placement.read(given, before) == expected


def test_an_emoji_begins_at_half_the_size_of_a_picture() -> None:
    middle = {"x": 0.0, "y": 0.0, "rotation": 0.0}
    assert placement.default(is_emoji=True) == middle | {"scale": 0.5}
    assert placement.default(is_emoji=False) == middle | {"scale": 1.0}


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ([], 1003),
        ({"x": 1.1}, 1005),
        ({"y": -2}, 1005),
        ({"scale": "1"}, 1005),
        ({"rotation": True}, 1005),
        ({"rotation": 10**400}, 1005),
    ],
)
def test_a_placement_that_cannot_be_is_refused(given: object, code: int) -> None:
    with pytest.raises(ApiError) as caught:
        placement.read(given, placement.default(is_emoji=False))
    assert caught.value.code == code


def test_only_our_own_stickers_can_be_moved(sandbox: SandboxServer) -> None:
    message = heard(sandbox)
    where = {"placement": {"x": 0}}
    body = {"operation": "add", "type": "love"}
    assert sandbox.api("POST", f"messages/{message}/reactions", body).status_code == 202
    [tapback] = wait_for(lambda: stickers(sandbox, message), what="the tapback")
    refused(sandbox.api("PATCH", f"messages/{message}/reactions/{tapback['id']}", where), 400, 1005)
    refused(sandbox.api("PATCH", f"messages/{message}/reactions/{uuid.uuid4()}", where), 404, 2002)
    refused(sandbox.api("PATCH", f"messages/{message}/reactions/nonsense", where), 400, 1005)
    refused(sandbox.api("PATCH", f"messages/{message}/reactions/{tapback['id']}", {}), 400, 1001)
    refused(sandbox.api("PATCH", f"messages/{uuid.uuid4()}/reactions/{tapback['id']}", where), 404, 2002)
    assert sandbox.api("DELETE", f"messages/{message}").status_code == 204
    refused(sandbox.api("PATCH", f"messages/{message}/reactions/{tapback['id']}", where), 409, 2015)


def test_a_bad_sticker_is_refused(sandbox: SandboxServer) -> None:
    message = heard(sandbox)
    slot = upload(sandbox, "star.png", "image/png", PNG)
    song = upload(sandbox, "a.mp3", "audio/mpeg", b"la la")["attachment_id"]
    refused(stick(sandbox, message), 400, 1001)
    refused(stick(sandbox, message, emoji="⭐", attachment_id=slot["attachment_id"]), 400, 1004)
    refused(stick(sandbox, message, emoji="⭐", custom_emoji="⭐"), 400, 1004)
    refused(stick(sandbox, message, emoji="star"), 400, 1005)
    refused(stick(sandbox, message, url="https://files.example.com/star.png"), 400, 1005)
    refused(stick(sandbox, message, attachment_id="nonsense"), 400, 1005)
    refused(stick(sandbox, message, attachment_id=str(uuid.uuid4())), 404, 2003)
    pending = announce(sandbox, "b.png", "image/png", 5)["attachment_id"]
    refused(stick(sandbox, message, attachment_id=pending), 404, 2007)
    refused(stick(sandbox, message, attachment_id=song), 400, 5004)
    refused(stick(sandbox, message, emoji="⭐", placement={"x": 5}), 400, 1005)
    refused(stick(sandbox, message, operation="remove", emoji="⭐"), 400, 1004)
    assert stickers(sandbox, message) == []


def test_stickers_are_for_imessage_only(demo: SandboxServer) -> None:
    person = next(each["handle"] for each in demo.people() if each["service"] == "RCS")
    message = demo.say(person, "Hello", line=LINES[0])["message"]["id"]
    refused(stick(demo, message, emoji="⭐"), 409, 2017)
