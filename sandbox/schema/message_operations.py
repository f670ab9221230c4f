"""The document's rows for messages, polls and files (linq-v3, 1.3, 1.4, 1.6)."""

from __future__ import annotations

from sandbox.schema.answers import accepted, page
from sandbox.schema.chat_operations import PAGE, SENDING
from sandbox.schema.kinds import BOOL, PHONE_NUMBER, SERVICE, TRACE, UUID, always, exactly, many, nullable, one_of, ref
from sandbox.schema.operation import IDEMPOTENCY_KEY, Error, Operation, query

MESSAGE = {"messageId": UUID}
# the chat of the message is open to us
OPEN: tuple[Error, ...] = (2002, 2013, 2027)

MESSAGES: dict[tuple[str, str], Operation] = {
    ("messages", "POST"): Operation(
        id="sendMessage",
        summary="Send to a set of people; the line and the chat are chosen for it.",
        body="Send",
        query=(IDEMPOTENCY_KEY,),
        answers={
            202: exactly(
                {
                    "chat_id": UUID,
                    "created_new_chat": BOOL,
                    "from": PHONE_NUMBER,
                    "from_selection": exactly(
                        {
                            "reason": one_of("reused_active_chat", "new_best_number", "failover_flagged"),
                            "reused_existing_chat": BOOL,
                        }
                    ),
                    "handles": many(ref("ChatHandle"), least=2),
                    "is_group": BOOL,
                    "message": ref("SentMessage"),
                    "service": nullable(SERVICE),
                    "previous_chat_id": nullable(UUID),
                }
            )
        },
        errors=(*SENDING, 2009, (2027, 409)),
    ),
    ("messages/{messageId}", "GET"): Operation(
        id="getMessage", summary="One message.", path=MESSAGE, answers={200: ref("Message")}, errors=(2002,)
    ),
    ("messages/{messageId}", "PATCH"): Operation(
        id="editMessage",
        summary="Change a text that was sent by iMessage in the last 15 minutes, at most five times.",
        path=MESSAGE,
        body="Edit",
        answers={200: ref("Message")},
        errors=(*OPEN, 1004, 2005, 2015),
    ),
    ("messages/{messageId}", "DELETE"): Operation(
        id="deleteMessage",
        summary="Take a message out of the records; the people keep it.",
        path=MESSAGE,
        answers={204: None},
        errors=(2002,),
    ),
    ("messages/{messageId}/thread", "GET"): Operation(
        id="getThread",
        summary="The message a thread began with, and its replies.",
        path=MESSAGE,
        query=(query("order", one_of("asc", "desc"), "asc, unless it is named: the oldest first."), *PAGE),
        answers={200: page("messages", ref("Message"))},
        errors=(2002,),
    ),
    ("messages/{messageId}/reactions", "POST"): Operation(
        id="react",
        summary="Add or remove a reaction.",
        path=MESSAGE,
        body="React",
        answers={202: accepted("Reaction processed")},
        errors=(*OPEN, 1004, 2003, 2007, 2015, 2017, 5004),
    ),
    ("messages/{messageId}/reactions/{reactionId}", "PATCH"): Operation(
        id="placeSticker",
        summary="Move, resize or turn a sticker.",
        path={**MESSAGE, "reactionId": UUID},
        body="PlaceSticker",
        answers={202: exactly({"status": always("accepted"), "success": always(True), "trace_id": TRACE})},
        errors=(*OPEN, 2005, 2015),
    ),
    ("messages/{messageId}/poll", "GET"): Operation(
        id="getPoll", summary="A poll with its votes.", path=MESSAGE, answers={200: ref("Poll")}, errors=(2002,)
    ),
    ("messages/{messageId}/poll/options", "POST"): Operation(
        id="addPollOptions",
        summary="Add options to a poll.",
        path=MESSAGE,
        body="AddOptions",
        answers={200: ref("Poll")},
        errors=OPEN,
    ),
    ("messages/{messageId}/poll/votes", "POST"): Operation(
        id="votePoll",
        summary="Add or remove the line's vote for an option.",
        path=MESSAGE,
        body="Vote",
        answers={200: ref("Poll")},
        errors=OPEN,
    ),
    ("messages/{messageId}/update", "POST"): Operation(
        id="updateAppCard",
        summary="App cards are not available for this account.",
        path=MESSAGE,
        body="UpdateCard",
        answers={},
        errors=(1008, 2002, 2011),
    ),
    ("attachments", "POST"): Operation(
        id="createAttachment",
        summary="Announce a file and learn where to put it.",
        body="CreateAttachment",
        answers={200: ref("UploadSlot")},
        errors=(5004, 5005),
    ),
    ("attachments/{attachmentId}", "GET"): Operation(
        id="getAttachment",
        summary="What is known of a file.",
        path={"attachmentId": UUID},
        answers={200: ref("Attachment")},
        errors=(2003,),
    ),
    ("attachments/{attachmentId}", "DELETE"): Operation(
        id="deleteAttachment",
        summary="Delete a file for good.",
        path={"attachmentId": UUID},
        answers={204: None},
        errors=(2003,),
    ),
}
