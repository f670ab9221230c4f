"""The simulated people: they receive, read, type, answer and introduce themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import requests

from sandbox import chance
from tests.sandbox.conftest import LINES, open_chat, refused, text
from tests.sandbox.receiver import Receiver
from tests.sandbox_server import SandboxServer, wait_for

Subscribe = Callable[..., dict[str, Any]]
STORY = [
    "message.sent",
    "message.delivered",
    "message.read",
    "chat.typing_indicator.started",
    "message.received",
    "chat.typing_indicator.stopped",
]


def friend(server: SandboxServer) -> dict[str, Any]:
    """A quick person with iMessage and a direct chat of theirs."""
    chats = server.api("GET", "chats", params={"limit": 100}).json()["chats"]
    people = {person["handle"]: person for person in server.people()}
    for chat in chats:
        person = people[chat["handles"][1]["handle"]]
        if not chat["is_group"] and person["service"] == "iMessage" and person["habits"]["kind"] == "friendly":
            return {"chat": chat, "person": person}
    raise AssertionError("Nobody friendly has a chat.")


def test_a_message_meets_a_whole_story(demo: SandboxServer, receiver: Receiver, subscribe: Subscribe) -> None:
    subscribe(*STORY)
    met = friend(demo)
    chat, handle = met["chat"]["id"], met["person"]["handle"]
    sent = demo.api("POST", f"chats/{chat}/messages", {"message": text("Shall we meet at noon?")}).json()["message"]
    receiver.wait("chat.typing_indicator.stopped", seconds=20)
    wait_for(lambda: len(receiver.got) == len(STORY), what="the whole story")
    in_order = sorted(receiver.got, key=lambda each: (each.event["created_at"], STORY.index(each.type)))
    assert [each.type for each in in_order] == STORY
    for each in in_order[:3]:
        assert each.data["id"] == sent["id"]
    answer = receiver.of("message.received")[0].data
    assert (answer["direction"], answer["sender_handle"]["handle"]) == ("inbound", handle)
    assert answer["chat"]["id"] == chat
    assert answer["parts"][0]["value"]
    assert receiver.of("chat.typing_indicator.started")[0].data["actor_handle"]["handle"] == handle
    message = demo.api("GET", f"messages/{sent['id']}").json()
    assert (message["delivery_status"], message["is_delivered"], message["is_read"]) == ("read", True, True)


def test_some_messages_get_a_tapback(demo: SandboxServer, receiver: Receiver, subscribe: Subscribe) -> None:
    subscribe("reaction.added")
    people = {person["handle"]: person for person in demo.people()}
    for chat in demo.api("GET", "chats", params={"limit": 100}).json()["chats"]:
        person = people[chat["handles"][1]["handle"]]
        if chat["is_group"] or person["habits"]["kind"] != "friendly" or person["service"] != "iMessage":
            continue
        # Chance repeats itself, so it can be told beforehand whom the next message will please.
        following = demo.control(f"chats/{chat['id']}")["outbound"] + 1
        if chance.share(7, "reacts", person["handle"], following) < person["habits"]["reacts"]:
            break
    else:
        raise AssertionError("Nobody would react.")
    sent = demo.api("POST", f"chats/{chat['id']}/messages", {"message": text("Look!")}).json()["message"]
    data = receiver.wait("reaction.added").data
    assert set(data) == {
        "chat_id", "message_id", "part_index", "reaction_type", "custom_emoji", "is_from_me", "from", "from_handle",
        "reaction_id", "service", "reacted_at", "sticker",
    }  # fmt: skip
    assert (data["chat_id"], data["message_id"], data["part_index"]) == (chat["id"], sent["id"], 0)
    assert (data["from"], data["is_from_me"]) == (person["handle"], False)
    reactions = demo.api("GET", f"messages/{sent['id']}").json()["parts"][0]["reactions"]
    assert [(each["id"], each["type"], each["is_me"]) for each in reactions] == [
        (data["reaction_id"], data["reaction_type"], False)
    ]


def test_a_member_may_speak_in_a_group(sandbox: SandboxServer, receiver: Receiver, subscribe: Subscribe) -> None:
    subscribe("message.received")
    group = open_chat(sandbox, "ana@example.com", "ben@example.com")["id"]
    said = sandbox.say("ben@example.com", "Shall we?", chat_id=group)
    data = receiver.wait("message.received", lambda data: data["id"] == said["message"]["id"]).data
    assert (data["chat"]["id"], data["chat"]["is_group"]) == (group, True)
    assert data["sender_handle"]["handle"] == "ben@example.com"


def test_somebody_out_of_reach_gets_nothing(demo: SandboxServer, receiver: Receiver, subscribe: Subscribe) -> None:
    subscribe("message.failed")
    person = next(each for each in demo.people() if each["habits"]["kind"] == "unreachable")
    chat = open_chat(demo, person["handle"])
    data = receiver.wait("message.failed").data
    assert set(data) == {"message_id", "chat_id", "code", "reason", "failed_at", "service", "preferred_service"}
    assert (data["message_id"], data["chat_id"], data["code"]) == (chat["message"]["id"], chat["id"], 4001)
    assert data["reason"] == "Message send failed"


def test_everybody_introduces_themselves_to_a_new_subscription(
    demo: SandboxServer, receiver: Receiver, subscribe: Subscribe
) -> None:
    subscribe("contact_card.received", phone_numbers=[LINES[0]])
    people = {person["handle"]: person for person in demo.people()}
    with_line = set()
    cursor: str | None = ""
    while cursor is not None:
        query = {"from": LINES[0], "limit": 100, **({"cursor": cursor} if cursor else {})}
        page = demo.api("GET", "chats", params=query).json()
        cursor = page["next_cursor"]
        with_line |= {each["handle"] for chat in page["chats"] for each in chat["handles"] if not each["is_me"]}
    wait_for(lambda: len(receiver.got) == len(with_line), what="the cards")
    cards = {each.data["sender_handle"]: each.data for each in receiver.got}
    assert set(cards) == with_line
    for handle, card in cards.items():
        assert card == {
            "owner_handle": LINES[0],
            "sender_handle": handle,
            "first_name": people[handle]["first_name"],
            "last_name": people[handle]["last_name"],
            "media_url": None,
        }


def test_a_stranger_introduces_themselves_with_their_first_message(
    sandbox: SandboxServer, receiver: Receiver, subscribe: Subscribe
) -> None:
    subscribe("contact_card.received", "message.received", "chat.created")
    said = sandbox.say("new@example.com", "Is this the shop?", line=LINES[0])
    card = receiver.wait("contact_card.received").data
    assert (card["owner_handle"], card["sender_handle"]) == (LINES[0], "new@example.com")
    received = receiver.wait("message.received").data
    assert received["id"] == said["message"]["id"]
    assert received["chat"]["id"] == said["chat_id"]
    assert receiver.wait("chat.created").data["id"] == said["chat_id"]
    sandbox.say("new@example.com", "Hello?", line=LINES[0])
    wait_for(lambda: len(receiver.of("message.received")) == 2)
    assert len(receiver.of("contact_card.received")) == 1


def test_a_person_can_be_made_to_read_and_type(demo: SandboxServer, receiver: Receiver, subscribe: Subscribe) -> None:
    person = next(each for each in demo.people() if each["habits"]["kind"] == "silent")
    chat = open_chat(demo, person["handle"])
    subscribe("message.read", "chat.typing_indicator.started", "chat.typing_indicator.stopped")
    path = f"people/{person['handle']}"

    def delivered() -> bool:
        message = demo.api("GET", f"messages/{chat['message']['id']}").json()
        return bool(message["delivery_status"] == "delivered")

    wait_for(delivered, what="delivered")
    assert demo.control(f"{path}/read", {"chat_id": chat["id"]})["read"] >= 1
    receiver.wait("message.read", lambda data: data["id"] == chat["message"]["id"])
    demo.control(f"{path}/typing", {"chat_id": chat["id"]})
    started = receiver.wait("chat.typing_indicator.started").data
    assert (started["chat_id"], started["actor_handle"]["handle"]) == (chat["id"], person["handle"])
    demo.control(f"{path}/typing", {"chat_id": chat["id"], "started": False})
    receiver.wait("chat.typing_indicator.stopped")


def test_health_follows_the_answers(demo: SandboxServer) -> None:
    handle = next(each["handle"] for each in demo.people() if each["habits"]["kind"] == "silent")
    theirs = demo.api("GET", "chats", params={"to": handle, "limit": 100}).json()["chats"]
    line = next(number for number in LINES if number not in {chat["handles"][0]["handle"] for chat in theirs})
    chat = open_chat(demo, handle, line=line)["id"]
    seen = ["HEALTHY"]
    for _ in range(9):
        assert demo.api("POST", f"chats/{chat}/messages", {"message": text("Anyone?")}).status_code == 202
        status = demo.api("GET", f"chats/{chat}").json()["health_status"]["status"]
        if status != seen[-1]:
            seen.append(status)
    assert seen == ["HEALTHY", "AT_RISK", "CRITICAL"]
    for words in ("Sorry, here I am", "What is it?", "Tell me"):
        demo.say(handle, words, chat_id=chat)
    whole = demo.control(f"chats/{chat}")
    assert (whole["outbound"], whole["inbound"], whole["unanswered"]) == (10, 3, 0)
    assert whole["health_status"]["status"] == "HEALTHY"


def test_nobody_can_speak_where_they_are_not(sandbox: SandboxServer) -> None:
    chat = open_chat(sandbox, "ana@example.com")["id"]
    answer = requests.post(
        f"{sandbox.url}/sandbox/people/ben@example.com/say", json={"chat_id": chat, "text": "Me too"}, timeout=10
    )
    refused(answer, 400, 1005)
