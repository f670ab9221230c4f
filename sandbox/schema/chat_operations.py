"""The document's rows for chats and what is in them (linq-v3, 1.2, 1.5 to 1.7)."""

from __future__ import annotations

from sandbox.schema.answers import accepted, page
from sandbox.schema.kinds import HANDLE, PHONE_NUMBER, TEXT, UUID, Schema, always, exactly, many, ref
from sandbox.schema.operation import IDEMPOTENCY_KEY, Error, Operation, query

CHAT = {"chatId": UUID}
LIMIT: Schema = {"type": "integer", "minimum": 1, "maximum": 100}
PAGE = (query("limit", LIMIT), query("cursor", TEXT, "Where the page before ended; whoever keeps one knows it."))

# What a message may be refused for, by its content, its recipients and its chat.
CONTENT: tuple[Error, ...] = (
    1001,
    1002,
    1003,
    1004,
    1005,
    1008,
    2002,
    2003,
    2007,
    2018,
    2023,
    2028,
    5002,
    5004,
    5005,
    5006,
)
SENDING: tuple[Error, ...] = (*CONTENT, 2008, 2011, 2024, 2026, 2027)
OPEN: tuple[Error, ...] = (2001, 2013, 2027)
STOPPED = exactly({"success": always(True), "message": TEXT})

CHATS: dict[tuple[str, str], Operation] = {
    ("chats", "GET"): Operation(
        id="listChats",
        summary="Chats, the one that changed last first.",
        query=(
            query("from", PHONE_NUMBER, "Only chats of this line."),
            query("to", HANDLE, "Only chats in which this handle is."),
            *PAGE,
        ),
        answers={200: page("chats", ref("Chat"))},
        errors=(1002, 1005),
    ),
    ("chats", "POST"): Operation(
        id="createChat",
        summary="Send from a line to a set of people, in their chat or in a new one.",
        body="CreateChat",
        query=(IDEMPOTENCY_KEY,),
        answers={201: exactly({"chat": ref("CreatedChat")})},
        errors=(*SENDING, 2006, 2009),
    ),
    ("chats/{chatId}", "GET"): Operation(
        id="getChat", summary="One chat.", path=CHAT, answers={200: ref("Chat")}, errors=(2001,)
    ),
    ("chats/{chatId}", "PUT"): Operation(
        id="updateChat",
        summary="Ask for another name or icon of a group; an event tells what became of it.",
        path=CHAT,
        body="UpdateChat",
        answers={200: exactly({"chat_id": UUID, "status": always("pending")})},
        errors=(*OPEN, 1006, 5006, 5007),
    ),
    ("chats/{chatId}/read", "POST"): Operation(
        id="markChatRead", summary="Mark what came in as read.", path=CHAT, answers={204: None}, errors=OPEN
    ),
    ("chats/{chatId}/leave", "POST"): Operation(
        id="leaveChat",
        summary="Take the line out of a group.",
        path=CHAT,
        answers={202: accepted("Leave group chat queued")},
        errors=(*OPEN, 1006, 2015, 2017),
    ),
    ("chats/{chatId}/participants", "POST"): Operation(
        id="addParticipant",
        summary="Ask for somebody to be added to a group.",
        path=CHAT,
        body="Participant",
        answers={202: accepted("Participant addition queued")},
        errors=(*OPEN, 1002, 1006, 2008, 2015, 2017),
    ),
    ("chats/{chatId}/participants", "DELETE"): Operation(
        id="removeParticipant",
        summary="Ask for somebody to be removed from a group.",
        path=CHAT,
        body="Participant",
        answers={202: accepted("Participant removal queued")},
        errors=(*OPEN, 1002, 1006, 2015, 2017),
    ),
    ("chats/{chatId}/typing", "POST"): Operation(
        id="startTyping", summary="Start typing.", path=CHAT, answers={204: None}, errors=OPEN
    ),
    ("chats/{chatId}/typing", "DELETE"): Operation(
        id="stopTyping", summary="Stop typing.", path=CHAT, answers={204: None}, errors=OPEN
    ),
    ("chats/{chatId}/messages", "GET"): Operation(
        id="listMessages",
        summary="The messages of a chat, newest first.",
        path=CHAT,
        query=PAGE,
        answers={200: page("messages", ref("Message"))},
        errors=(2001,),
    ),
    ("chats/{chatId}/messages", "POST"): Operation(
        id="sendToChat",
        summary="Send into a chat.",
        path=CHAT,
        body="SendToChat",
        query=(IDEMPOTENCY_KEY,),
        answers={202: exactly({"chat_id": UUID, "message": ref("SentMessage")})},
        errors=(*SENDING, 2001, 2009, 2013, 2015),
    ),
    ("chats/{chatId}/voicememo", "POST"): Operation(
        id="sendVoiceMemo",
        summary="Send a sound file that plays in place.",
        path=CHAT,
        body="SendVoiceMemo",
        answers={202: exactly({"voice_memo": ref("VoiceMemo")})},
        errors=(*OPEN, 1004, 2003, 2007, 2008, 2024, 2026, (5001, 413), 5002, 5004, 5006),
    ),
    ("chats/{chatId}/share_contact_card", "POST"): Operation(
        id="shareContactCard",
        summary="Show the line's name and picture in an iMessage chat.",
        path=CHAT,
        answers={204: None},
        errors=(*OPEN, 2012, 2015, 2017),
    ),
    ("chats/{chatId}/location", "GET"): Operation(
        id="getLocation",
        summary="Where the people of a chat are who share it.",
        path=CHAT,
        answers={
            200: exactly(
                {
                    "success": always(True),
                    "data": exactly({"type": always("FeatureCollection"), "features": many(ref("Feature"))}),
                }
            )
        },
        errors=(2001,),
    ),
    ("chats/{chatId}/location", "DELETE"): Operation(
        id="stopLocation",
        summary="Stop seeing where somebody is, in every chat with them.",
        path=CHAT,
        body="Participant",
        answers={202: STOPPED},
        errors=(*OPEN, 1002, (2015, 404)),
    ),
    ("chats/{chatId}/location/request", "POST"): Operation(
        id="requestLocation",
        summary="Ask the person of a direct chat to share their location.",
        path=CHAT,
        answers={200: STOPPED},
        errors=(2001, 2015, 2016, 2017, 2027),
    ),
    ("chats/{chatId}/background", "POST"): Operation(
        id="setBackground",
        summary="Ask for a background.",
        path=CHAT,
        body="Background",
        answers={202: accepted("Background update queued")},
        errors=(*OPEN, 5006, 5007),
    ),
    ("chats/{chatId}/background", "DELETE"): Operation(
        id="removeBackground",
        summary="Ask for no background.",
        path=CHAT,
        answers={202: accepted("Background removal queued")},
        errors=OPEN,
    ),
    ("chats/{chatId}/polls", "POST"): Operation(
        id="createPoll",
        summary="Send a poll into an iMessage chat.",
        path=CHAT,
        body="CreatePoll",
        query=(IDEMPOTENCY_KEY,),
        answers={201: ref("Poll")},
        errors=(*OPEN, 2002, 2008, 2017, 2024, 2026),
    ),
}
