"""Messages: sending, limits, opt-outs, and where each service ends."""

from __future__ import annotations

import pytest
import requests

from tests.sandbox.conftest import ANA, BEN, CARA, LINES, open_chat, refused, text
from tests.sandbox_server import SandboxServer, wait_for

MAIL = "ana@example.com"  # whoever has an e-mail address as a handle uses iMessage


def send(server: SandboxServer, chat: str, value: str = "Hello", **more: object) -> requests.Response:
    return server.api("POST", f"chats/{chat}/messages", {"message": text(value), **more})


def status_of(server: SandboxServer, message_id: str) -> str:
    return str(server.api("GET", f"messages/{message_id}").json()["delivery_status"])


def test_a_send_answers_with_the_message_and_its_chat(sandbox: SandboxServer) -> None:
    chat = open_chat(sandbox, MAIL)["id"]
    body = {"message": text("Party!", effect={"type": "screen", "name": "confetti"}, preferred_service="iMessage")}
    answer = sandbox.api("POST", f"chats/{chat}/messages", body)
    assert answer.status_code == 202
    assert sorted(answer.json()) == ["chat_id", "message"]
    assert answer.json()["chat_id"] == chat
    message = answer.json()["message"]
    assert set(message) == {
        "id", "created_at", "delivery_status", "is_read", "parts", "sent_at", "delivered_at", "effect",
        "from_handle", "preferred_service", "reply_to", "service",
    }  # fmt: skip
    assert message["effect"] == {"type": "screen", "name": "confetti"}
    assert message["preferred_service"] == "iMessage"
    whole = sandbox.api("GET", f"messages/{message['id']}").json()
    assert set(whole) == {
        "id", "chat_id", "created_at", "updated_at", "delivery_status", "is_from_me", "is_delivered", "is_read",
        "from", "from_handle", "parts", "sent_at", "delivered_at", "read_at", "effect", "reply_to",
        "preferred_service", "service",
    }  # fmt: skip
    assert (whole["from"], whole["is_from_me"]) == (LINES[0], True)


def test_a_reply_names_a_message_of_the_same_chat(sandbox: SandboxServer) -> None:
    chat = open_chat(sandbox, MAIL)
    other = open_chat(sandbox, "ben@example.com")
    body = {"message": text("As I said", reply_to={"message_id": chat["message"]["id"]})}
    answer = sandbox.api("POST", f"chats/{chat['id']}/messages", body)
    assert answer.json()["message"]["reply_to"] == {"message_id": chat["message"]["id"], "part_index": 0}
    refused(sandbox.api("POST", f"chats/{other['id']}/messages", body), 404, 2002)


def test_the_thirty_first_message_in_a_minute_has_to_wait(sandbox: SandboxServer) -> None:
    chat = open_chat(sandbox, ANA)["id"]
    for _ in range(29):
        assert send(sandbox, chat).status_code == 202
    error = refused(send(sandbox, chat), 429, 1007)
    assert 1 <= error["retry_after"] <= 60
    assert error["message"] == f"Rate limited. Try again in {error['retry_after']} seconds."
    assert sandbox.stats()["accepted"]["total"] == 30
    assert open_chat(sandbox, ANA, line=LINES[1])["id"] != chat  # another pair is not limited


def test_a_keyword_stops_every_send_to_them_until_they_write_again(sandbox: SandboxServer) -> None:
    chat = open_chat(sandbox, MAIL)["id"]
    sandbox.say(MAIL, " STOP ", chat_id=chat)
    assert sandbox.api("GET", f"chats/{chat}").json()["health_status"]["status"] == "OPTED_OUT"
    refused(send(sandbox, chat), 403, 2024)
    body = {"from": LINES[1], "to": [MAIL], "message": text("Hello")}
    refused(sandbox.api("POST", "chats", body), 403, 2024)
    assert send(sandbox, chat, "Bye then", override_optout=True).status_code == 202
    assert open_chat(sandbox, MAIL, "ben@example.com")["is_group"] is True  # groups are never blocked
    sandbox.say(MAIL, "On second thought", line=LINES[2])
    assert send(sandbox, chat).status_code == 202


@pytest.mark.parametrize("words", ["please stop", "Stop", "stop."])
def test_other_words_do_not_stop_anything(sandbox: SandboxServer, words: str) -> None:
    chat = open_chat(sandbox, MAIL)["id"]
    sandbox.say(MAIL, words, chat_id=chat)
    assert send(sandbox, chat).status_code == 202


def test_a_message_to_an_sms_person_stops_at_sent(demo: SandboxServer) -> None:
    person = next(each for each in demo.people() if each["service"] == "SMS")
    chat = next(
        each
        for each in demo.api("GET", "chats", params={"to": person["handle"]}).json()["chats"]
        if not each["is_group"]
    )
    sent = send(demo, chat["id"], "Is this seat taken?").json()["message"]
    wait_for(lambda: status_of(demo, sent["id"]) == "sent", what="sent")
    # The answer of the person ends the story: nothing was delivered or read in between.
    newest = wait_for(
        lambda: (
            [m for m in demo.api("GET", f"chats/{chat['id']}/messages").json()["messages"] if not m["is_from_me"]][0][
                "created_at"
            ]
            > sent["created_at"]
        ),
        what="an answer",
    )
    assert newest
    message = demo.api("GET", f"messages/{sent['id']}").json()
    assert (message["delivery_status"], message["service"]) == ("sent", "SMS")
    assert (message["is_delivered"], message["is_read"]) == (False, False)


def test_imessage_or_nothing_fails_for_an_sms_person(demo: SandboxServer) -> None:
    person = next(each for each in demo.people() if each["service"] == "SMS")
    chat = open_chat(demo, person["handle"], line=LINES[0])["id"]
    body = {"message": text("Blue or nothing", preferred_service="iMessage")}
    sent = demo.api("POST", f"chats/{chat}/messages", body).json()["message"]
    wait_for(lambda: status_of(demo, sent["id"]) == "failed", what="failed")


def test_a_group_stops_at_sent(sandbox: SandboxServer) -> None:
    group = open_chat(sandbox, MAIL, "ben@example.com")
    direct = open_chat(sandbox, MAIL)
    # Sent at the same time to the same person: where there are receipts it gets this far.
    wait_for(lambda: status_of(sandbox, direct["message"]["id"]) == "read", what="read")
    assert status_of(sandbox, group["message"]["id"]) == "sent"


def test_a_mention_needs_a_group_and_a_member(sandbox: SandboxServer) -> None:
    mention = {"message": {"parts": [{"type": "text", "value": "Ben", "mention": BEN}]}}
    direct = open_chat(sandbox, BEN)["id"]
    refused(sandbox.api("POST", f"chats/{direct}/messages", mention), 409, 2023)
    group = open_chat(sandbox, ANA, BEN)["id"]
    part = sandbox.api("POST", f"chats/{group}/messages", mention).json()["message"]["parts"][0]
    assert part["mentions"] == [{"handle": BEN, "is_me": False, "range": [0, 3]}]
    stranger = {"message": {"parts": [{"type": "text", "value": "Cara", "mention": CARA}]}}
    refused(sandbox.api("POST", f"chats/{group}/messages", stranger), 409, 2023)


def test_typing_is_taken_in_any_chat(sandbox: SandboxServer) -> None:
    for chat in (open_chat(sandbox, ANA)["id"], open_chat(sandbox, ANA, BEN)["id"]):
        assert sandbox.api("POST", f"chats/{chat}/typing").status_code == 204
        assert sandbox.api("DELETE", f"chats/{chat}/typing").status_code == 204
