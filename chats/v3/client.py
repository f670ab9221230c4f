"""The client of the remote's API: one typed method for each endpoint, grouped by resource."""

from __future__ import annotations

from chats.v3.attachments import Attachments
from chats.v3.chats import Chats, Locations, Participants, Typing
from chats.v3.lines import (
    AvailableNumbers,
    BlockedHandles,
    Capabilities,
    ContactCards,
    PhoneNumbers,
    ReputationAudits,
)
from chats.v3.messages import Messages
from chats.v3.transport import Transport
from chats.v3.webhooks import WebhookEvents, WebhookSubscriptions


class Client:
    """The remote, at a base URL without `/v3`, as the owner of an API key.

    `timeout` is in seconds, for making a connection and for each wait on an answer. A body that is still coming
    after both together is given up, so a call lasts at most about the first and twice the second.

    A client may be shared by threads. It follows no redirect, repeats nothing, logs no body and no token. Every
    method raises a `chats.v3.errors.RemoteError` that says what to do; the constructor raises `ValueError` for a
    base URL or key that cannot be right.
    """

    def __init__(self, base_url: str, api_key: str, *, timeout: tuple[float, float] = (5, 30)) -> None:
        self._transport = Transport(base_url, api_key, timeout=timeout)
        self.chats = Chats(self._transport)
        self.participants = Participants(self._transport)
        self.typing = Typing(self._transport)
        self.location = Locations(self._transport)
        self.messages = Messages(self._transport)
        self.attachments = Attachments(self._transport)
        self.phone_numbers = PhoneNumbers(self._transport)
        self.reputation_audits = ReputationAudits(self._transport)
        self.available_number = AvailableNumbers(self._transport)
        self.capability = Capabilities(self._transport)
        self.contact_cards = ContactCards(self._transport)
        self.blocked_handles = BlockedHandles(self._transport)
        self.webhook_subscriptions = WebhookSubscriptions(self._transport)
        self.webhook_events = WebhookEvents(self._transport)

    def __repr__(self) -> str:
        return f"Client({self._transport.base_url!r})"

    def close(self) -> None:
        """Close the connections that this thread keeps open."""
        self._transport.close()
