"""The remote's chats: making, reading and changing them, the people in them, typing and location."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from chats.v3.resources import Accepted, Chat, CreatedChat, Json, Location, Page, VoiceMemo
from chats.v3.resources.reading import need_object, objects
from chats.v3.transport import Transport, given, path


class Chats:
    """`client.chats`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(
        self, *, from_: str, to: Collection[str], message: Mapping[str, object], override_optout: bool = False
    ) -> CreatedChat:
        """Send a message from a line to 1 to 31 handles, in the chat of exactly these, which is made if needed.

        Two or more make a group. `override_optout` sends once to somebody who opted out; the remote records it.
        """
        body = given(from_=from_, to=list(to), message=message, override_optout=override_optout or None)
        answer = self._transport.request("POST", "/v3/chats", body=body)
        return answer.read(lambda data: CreatedChat.from_json(data, answer.trace_id))

    def list(
        self, *, from_: str | None = None, to: str | None = None, limit: int | None = None, cursor: str | None = None
    ) -> Page[Chat]:
        """One page of chats, of one line or all, with one person or anybody. `limit` is 1 to 100, 20 by default."""
        query = {"from": from_, "to": to, "limit": limit, "cursor": cursor}
        answer = self._transport.request("GET", "/v3/chats", query=query)
        return answer.read(lambda data: Page.from_json(data, "chats", Chat.from_json))

    def retrieve(self, chat_id: str) -> Chat:
        """One chat. Code 2001 when it does not exist."""
        return self._transport.request("GET", path("chats", chat_id)).read(Chat.from_json)

    def update(self, chat_id: str, *, display_name: str | None = None, group_chat_icon: str | None = None) -> Accepted:
        """Ask for a group's new name or icon (a public https URL of an image). An event tells the outcome."""
        body = given(display_name=display_name, group_chat_icon=group_chat_icon)
        return self._change("PUT", path("chats", chat_id), body)

    def mark_as_read(self, chat_id: str) -> Accepted:
        """Mark everything in a chat as read. Without effect in groups."""
        return self._change("POST", path("chats", chat_id, "read"))

    def leave(self, chat_id: str) -> Accepted:
        """Ask to take our line out of an iMessage group, of which at least three people remain."""
        return self._change("POST", path("chats", chat_id, "leave"))

    def share_contact_card(self, chat_id: str) -> Accepted:
        """Offer the line's contact card to the people of an iMessage chat, at most once in five minutes."""
        return self._change("POST", path("chats", chat_id, "share_contact_card"))

    def send_voice_memo(
        self,
        chat_id: str,
        *,
        voice_memo_url: str | None = None,
        attachment_id: str | None = None,
        override_optout: bool = False,
    ) -> VoiceMemo:
        """Send a recording of at most 10 MB, given by exactly one of an https URL and an attachment.

        It takes no idempotency key, so a repeat sends it twice. Raises `ValueError` for both or neither.
        """
        if (voice_memo_url is None) == (attachment_id is None):
            raise ValueError("A voice memo needs either a URL or an attachment.")
        body = given(
            voice_memo_url=voice_memo_url, attachment_id=attachment_id, override_optout=override_optout or None
        )
        answer = self._transport.request("POST", path("chats", chat_id, "voicememo"), body=body)
        return answer.read(lambda data: VoiceMemo.from_json(data, answer.trace_id))

    def _change(self, method: str, where: str, body: Json | None = None) -> Accepted:
        answer = self._transport.request(method, where, body=body)
        return Accepted.from_json(answer.data, answer.trace_id)


class Participants:
    """`client.participants`: the people of an iMessage group. Events tell the outcome; no event tells a failure."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def add(self, chat_id: str, handle: str) -> Accepted:
        """Ask to add somebody who uses the group's service, to a group of at least three."""
        return self._change("POST", chat_id, handle)

    def remove(self, chat_id: str, handle: str) -> Accepted:
        """Ask to remove somebody else than ourselves, from a group in which at least three remain."""
        return self._change("DELETE", chat_id, handle)

    def _change(self, method: str, chat_id: str, handle: str) -> Accepted:
        answer = self._transport.request(method, path("chats", chat_id, "participants"), body={"handle": handle})
        return Accepted.from_json(answer.data, answer.trace_id)


class Typing:
    """`client.typing`: the dots that others see, on iMessage, for about 85 seconds after a start."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def start(self, chat_id: str) -> Accepted:
        """Show the dots. Sending a message clears them."""
        answer = self._transport.request("POST", path("chats", chat_id, "typing"))
        return Accepted.from_json(answer.data, answer.trace_id)

    def stop(self, chat_id: str) -> Accepted:
        """Take the dots away."""
        answer = self._transport.request("DELETE", path("chats", chat_id, "typing"))
        return Accepted.from_json(answer.data, answer.trace_id)


class Locations:
    """`client.location`: where the people of an iMessage chat are, if they share it."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def request(self, chat_id: str) -> Accepted:
        """Ask the person of a direct chat to share. Code 2016 in groups, 2017 on SMS and RCS."""
        answer = self._transport.request("POST", path("chats", chat_id, "location", "request"))
        return Accepted.from_json(answer.data, answer.trace_id)

    def retrieve(self, chat_id: str) -> list[Location]:
        """Everybody who shares now; empty when nobody does. Not to be asked more than every few minutes."""
        answer = self._transport.request("GET", path("chats", chat_id, "location"))
        features = answer.read(lambda data: objects(need_object(data, "data"), "features"))
        return [place for place in map(Location.from_json, features) if place is not None]

    def stop(self, chat_id: str, handle: str) -> Accepted:
        """End what a person shares with us, in every chat with them. An event tells when it is done."""
        answer = self._transport.request("DELETE", path("chats", chat_id, "location"), body={"handle": handle})
        return Accepted.from_json(answer.data, answer.trace_id)
