"""Health, reputation and flags follow the published drivers, on the world's own time."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import requests

from chats.v3.times import parse_time
from tests.sandbox.conftest import LINES, open_chat, refused, text
from tests.sandbox.receiver import Receiver
from tests.sandbox.test_clock import advance, events, stopped
from tests.sandbox_server import SandboxServer

Subscribe = Callable[..., dict[str, Any]]
DAY = 86_400
SILENT = {"replies": 0, "reacts": 0, "opts_out": 0, "reports": 0}


def line(server: SandboxServer, number: str = LINES[0]) -> dict[str, Any]:
    """A line with its drivers."""
    shown: dict[str, Any] = server.control(f"lines/{number}/reputation")
    return shown


def send(server: SandboxServer, chat: str, words: str) -> requests.Response:
    """Send into a chat."""
    return server.api("POST", f"chats/{chat}/messages", {"message": text(words)})


def changes(server: SandboxServer) -> list[dict[str, Any]]:
    """Every change of a line's state."""
    return [each["data"] for each in events(server) if each["event_type"] == "phone_number.status_updated"]


def test_an_opt_out_and_its_end(sandbox: SandboxServer) -> None:
    stopped(sandbox)
    first = open_chat(sandbox, "ana@example.com")["id"]
    second = open_chat(sandbox, "ana@example.com", line=LINES[1])["id"]
    advance(sandbox, 30)
    said = sandbox.control("people/ana@example.com/opt_out", {"chat_id": first})["message"]["parts"][0]["value"]
    assert said in {"STOP", "UNSUBSCRIBE", "QUIT", "opt out"}
    assert sandbox.api("GET", f"chats/{first}").json()["health_status"]["status"] == "OPTED_OUT"
    assert sandbox.api("GET", f"chats/{second}").json()["health_status"]["status"] == "HEALTHY"
    for chat in (first, second):
        refused(send(sandbox, chat, "One more thing"), 403, 2024)
    assert sandbox.people()[0]["opted_out_at"] is not None
    sandbox.say("ana@example.com", "Sorry, I am back", chat_id=second)
    assert sandbox.people()[0]["opted_out_at"] is None
    assert send(sandbox, first, "Welcome back").status_code == 202


def test_words_that_are_no_keyword_hurt_but_do_not_opt_out(sandbox: SandboxServer) -> None:
    stopped(sandbox)
    chat = open_chat(sandbox, "ana@example.com")["id"]
    sandbox.control("people/ana@example.com/opt_out", {"chat_id": chat, "keyword": False})
    shown = sandbox.api("GET", f"chats/{chat}").json()
    assert (shown["health_status"]["status"], shown["health_score"]["reason"]) == (
        "AT_RISK",
        "The recipient asked you to stop",
    )
    assert sandbox.people()[0]["opted_out_at"] is None
    advance(sandbox, 1)
    assert send(sandbox, chat, "Are you sure?").status_code == 202
    advance(sandbox, DAY)
    # They have made up their mind, and read no more.
    assert sandbox.control(f"chats/{chat}")["messages"][-1]["delivery_status"] == "delivered"


def test_fifty_new_conversations_in_a_day_put_a_line_at_risk_by_themselves(sandbox: SandboxServer) -> None:
    stopped(sandbox)
    for number in range(49):
        open_chat(sandbox, f"p{number}@example.com")
    advance(sandbox, 60)
    assert (line(sandbox)["reputation"], line(sandbox)["drivers"]["new_conversations_24h"]) == ("HEALTHY", 49)
    open_chat(sandbox, "p50@example.com")
    advance(sandbox, 60)
    assert line(sandbox)["reputation"] == "AT_RISK"
    assert line(sandbox, LINES[1])["reputation"] == "HEALTHY"
    advance(sandbox, DAY)
    assert (line(sandbox)["reputation"], line(sandbox)["drivers"]["new_conversations_24h"]) == ("HEALTHY", 0)
    assert [(each["previous_reputation"], each["new_reputation"]) for each in changes(sandbox)] == [
        ("HEALTHY", "AT_RISK"),
        ("AT_RISK", "HEALTHY"),
    ]


def test_a_flagged_line_and_its_recovery(sandbox: SandboxServer, receiver: Receiver, subscribe: Subscribe) -> None:
    stopped(sandbox)
    subscribe("phone_number.status_updated")
    chat = open_chat(sandbox, "ana@example.com")["id"]
    shown = sandbox.control(f"lines/{LINES[0]}/flag", {})
    assert (shown["status"], shown["reputation"]) == ("FLAGGED", "CRITICAL")
    refused(send(sandbox, chat, "Hello?"), 403, 2027)
    data = receiver.wait("phone_number.status_updated").data  # what is due at once is not kept waiting for a step
    advance(sandbox, 20 * 3600)
    assert len(receiver.got) == 1
    assert data == {
        "phone_number": LINES[0],
        "previous_status": "ACTIVE", "new_status": "FLAGGED",
        "previous_reputation": "HEALTHY", "new_reputation": "CRITICAL",
        "changed_at": "2026-03-02T14:00:00Z",
    }  # fmt: skip
    advance(sandbox, 8 * 3600)
    assert (line(sandbox)["status"], line(sandbox)["reputation"]) == ("ACTIVE", "HEALTHY")
    ended = receiver.got[1].data
    flagged_for = parse_time(ended["changed_at"]) - parse_time(data["changed_at"])
    assert timedelta(hours=21) <= flagged_for <= timedelta(hours=27)
    assert send(sandbox, chat, "Hello again").status_code == 202
    sandbox.control(f"lines/{LINES[0]}/flag", {"seconds": 3600})
    assert sandbox.control(f"lines/{LINES[0]}/unflag", {})["status"] == "ACTIVE"


def test_reports_lead_to_a_flag(sandbox: SandboxServer) -> None:
    stopped(sandbox)
    sandbox.control("habits", {"replies": 0, "reacts": 0})
    chats = {f"p{number}@example.com": open_chat(sandbox, f"p{number}@example.com")["id"] for number in range(5)}
    for index, (handle, chat) in enumerate(chats.items()):
        assert line(sandbox)["status"] == "ACTIVE", index
        sandbox.control(f"people/{handle}/report", {"chat_id": chat})
        advance(sandbox, 10)
    assert line(sandbox)["status"] == "FLAGGED"
    # Who reported has blocked the line: nothing arrives any more.
    sandbox.control(f"lines/{LINES[0]}/unflag", {})
    send(sandbox, chats["p0@example.com"], "Why?")
    advance(sandbox, DAY)
    assert sandbox.control(f"chats/{chats['p0@example.com']}")["messages"][-1]["delivery_status"] == "sent"


def test_a_fortnight_in_which_a_line_slides(sandbox: SandboxServer) -> None:
    began = time.monotonic()
    stopped(sandbox)
    people = [f"p{number}@example.com" for number in range(12)]
    chats = [open_chat(sandbox, handle)["id"] for handle in people]
    states = []
    for day in range(14):
        if day == 4:  # people stop replying
            sandbox.control("habits", SILENT)
        for chat in chats:
            assert send(sandbox, chat, f"How is day {day}?").status_code == 202
        advance(sandbox, DAY)
        states.append(line(sandbox)["reputation"])
    assert states[:5] == ["HEALTHY"] * 5
    assert states[-1] == "CRITICAL"
    # It slid by degrees and never recovered on the way.
    order = ["HEALTHY", "AT_RISK", "CRITICAL"]
    assert [order.index(each) for each in states] == sorted(order.index(each) for each in states)
    assert "AT_RISK" in states
    assert [each["new_reputation"] for each in changes(sandbox)] == ["AT_RISK", "CRITICAL"]
    assert all(sandbox.api("GET", f"chats/{chat}").json()["health_status"]["status"] == "CRITICAL" for chat in chats)
    # It recovers by itself as the windows roll on, when nobody writes.
    advance(sandbox, 8 * DAY)
    assert line(sandbox)["reputation"] == "HEALTHY"
    assert time.monotonic() - began < 60


def test_fewer_than_five_unhealthy_chats_are_ignored(sandbox: SandboxServer) -> None:
    stopped(sandbox)
    sandbox.control("habits", SILENT)
    for number in range(4):
        chat = open_chat(sandbox, f"p{number}@example.com")["id"]
        for words in range(9):
            send(sandbox, chat, f"Hello {words}")
    advance(sandbox, 3 * 3600)
    shown = line(sandbox)
    assert (shown["drivers"]["active_chats"], shown["drivers"]["critical_chats"]) == (4, 4)
    assert shown["reputation"] == "HEALTHY"


def test_several_times_the_usual_volume_counts_while_few_answer(sandbox: SandboxServer) -> None:
    stopped(sandbox)
    chats = [open_chat(sandbox, f"p{number}@example.com")["id"] for number in range(45)]
    advance(sandbox, 9 * DAY)
    sandbox.control("habits", SILENT)
    for chat in chats:
        for words in range(3):
            send(sandbox, chat, f"Offer {words}")
    advance(sandbox, 3700)
    shown = line(sandbox)
    assert (shown["drivers"]["sent_24h"], shown["drivers"]["received_7d"]) == (135, 0)
    assert shown["drivers"]["volume"] == shown["drivers"]["remembered_volume"] == 4.5
    assert shown["drivers"]["unhealthy_share"] < 1 / 3
    assert (shown["drivers"]["few_replies"], shown["reputation"]) == (True, "AT_RISK")
    for number, chat in enumerate(chats):
        sandbox.say(f"p{number}@example.com", "Sorry, I was away", chat_id=chat)
    advance(sandbox, 3600)
    shown = line(sandbox)
    assert (shown["drivers"]["few_replies"], shown["reputation"]) == (False, "HEALTHY")


def test_somebody_who_blocks_gets_nothing_and_says_nothing(sandbox: SandboxServer) -> None:
    stopped(sandbox)
    chat = open_chat(sandbox, "ana@example.com")["id"]
    advance(sandbox, 60)
    sandbox.control("people/ana@example.com/habits", {"blocks": True})
    for number in range(3):
        send(sandbox, chat, f"Still there? {number}")
    advance(sandbox, DAY)
    messages = sandbox.control(f"chats/{chat}")["messages"]
    assert [each["delivery_status"] for each in messages if each["is_from_me"]] == ["read", "sent", "sent", "sent"]


def test_a_tapback_counts_as_a_reply(sandbox: SandboxServer) -> None:
    stopped(sandbox)
    sandbox.control("habits", SILENT)
    chat = open_chat(sandbox, "ana@example.com")["id"]
    for number in range(5):
        send(sandbox, chat, f"Hello {number}")
    advance(sandbox, 60)
    low = sandbox.api("GET", f"chats/{chat}").json()["health_score"]["score"]
    newest = sandbox.control(f"chats/{chat}")["messages"][-1]["id"]
    sandbox.control("people/ana@example.com/react", {"message_id": newest, "type": "laugh"})
    shown = sandbox.control(f"chats/{chat}")
    assert shown["unanswered"] == 0
    assert shown["health_score"]["score"] > low


def test_a_reputation_given_by_hand_stays(sandbox: SandboxServer) -> None:
    stopped(sandbox)
    sandbox.control(f"lines/{LINES[0]}/reputation", {"reputation": "HEALTHY"})
    for number in range(55):
        open_chat(sandbox, f"p{number}@example.com")
    advance(sandbox, 7200)
    assert (line(sandbox)["reputation"], line(sandbox)["pinned"]) == ("HEALTHY", True)
    assert sandbox.control(f"lines/{LINES[0]}/reputation", {"reputation": None})["reputation"] == "AT_RISK"


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("lines/+12025559999/flag", {}, 404, 2019),
        (f"lines/{LINES[0]}/flag", {"seconds": -1}, 400, 1005),
        (f"lines/{LINES[0]}/reputation", {}, 400, 1001),
        (f"lines/{LINES[0]}/reputation", {"reputation": "GOOD"}, 400, 1005),
        ("habits", {"kindness": 1}, 400, 1005),
        ("habits", {"replies": 2}, 400, 1005),
        ("people/nobody@example.com/habits", {"replies": 1}, 400, 1005),
        ("people/ana@example.com/react", {"message_id": "x"}, 400, 1005),
        ("people/ana@example.com/react", {"type": "wave"}, 400, 1005),
        ("people/ana@example.com/say", {"line": LINES[0]}, 400, 1001),
        ("people/ana@example.com/say", {"line": LINES[0], "parts": []}, 400, 1004),
        ("people/ana@example.com/say", {"text": "Hello"}, 400, 1001),
        ("people/ana@example.com/share_location", {"line": LINES[0], "seconds": 0}, 400, 1005),
    ],
)
def test_control_that_cannot_be_is_refused(
    sandbox: SandboxServer, path: str, body: dict[str, Any], status: int, code: int
) -> None:
    answer = requests.post(f"{sandbox.url}/sandbox/{path}", json=body, timeout=10)
    refused(answer, status, code)
    assert sandbox.stats()["messages"] == 0
