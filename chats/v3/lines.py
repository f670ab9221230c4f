"""The account's lines, their contact cards and reputation; what reaches whom; and the blocklist."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from chats.v3.resources import (
    Accepted,
    AvailableNumber,
    BlockedHandle,
    Capability,
    ContactCard,
    PhoneNumber,
    ReputationAudit,
)
from chats.v3.resources.reading import Page, need_object
from chats.v3.transport import Transport, given, path


class PhoneNumbers:
    """`client.phone_numbers`: the lines. Only Linq adds and removes them."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self) -> list[PhoneNumber]:
        """Every line of the account."""
        answer = self._transport.request("GET", "/v3/phone_numbers")
        return answer.read(lambda data: Page.from_json(data, "phone_numbers", PhoneNumber.from_json)).items

    def update(self, phone_number_id: str, *, forwarding_number: str | None) -> PhoneNumber:
        """Set where calls to a line go; None ends the forwarding. Code 2019 for an unknown id."""
        answer = self._transport.request(
            "PUT", path("phone_numbers", phone_number_id), body={"forwarding_number": forwarding_number}
        )
        return answer.read(PhoneNumber.from_json)


class ReputationAudits:
    """`client.reputation_audits`: asking why a line's reputation is what it is."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def start(self, phone_number: str) -> ReputationAudit:
        """Start an audit of a line, or get the one that runs. After one, the remote wants a pause (code 1007)."""
        answer = self._transport.request("POST", path("phone_numbers", phone_number, "reputation_audit"))
        return answer.read(lambda data: ReputationAudit.from_json(data, answer.trace_id))

    def retrieve(self, phone_number: str, audit_id: str) -> ReputationAudit:
        """How an audit stands, with its report when it is complete."""
        answer = self._transport.request("GET", path("phone_numbers", phone_number, "reputation_audit", audit_id))
        return answer.read(lambda data: ReputationAudit.from_json(data, answer.trace_id))


class AvailableNumbers:
    """`client.available_number`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def retrieve(
        self,
        *,
        to: Collection[str] = (),
        exclude_from: Collection[str] = (),
        type: Literal["iMessage", "RCS"] | None = None,
    ) -> AvailableNumber:
        """The line that the remote would choose for these people. It is told, not reserved, and counts as use."""
        answer = self._transport.request(
            "GET",
            "/v3/available_number",
            query={"to": list(to), "exclude_from": list(exclude_from), "type": type},
        )
        return answer.read(AvailableNumber.from_json)


class Capabilities:
    """`client.capability`: one call in 10 seconds. Answers are good for minutes, errors for nothing."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def check_imessage(self, address: str, *, from_: str | None = None) -> Capability:
        """Whether a phone number or e-mail address has iMessage."""
        return self._check("check_imessage", address, from_)

    def check_rcs(self, address: str, *, from_: str | None = None) -> Capability:
        """Whether a phone number has RCS. Codes 4004, 4009 and 4010 mean that nobody knows."""
        return self._check("check_rcs", address, from_)

    def _check(self, service: str, address: str, from_: str | None) -> Capability:
        answer = self._transport.request("POST", path("capability", service), body=given(address=address, from_=from_))
        return answer.read(Capability.from_json)


class ContactCards:
    """`client.contact_cards`: the name and photo of a line. Three changes in 10 minutes for each line."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(
        self, *, phone_number: str, first_name: str, last_name: str | None = None, image_url: str | None = None
    ) -> ContactCard:
        """Make the card of a line that has none (code 2014 if it has). 2022: stored, not applied, call again."""
        body = given(phone_number=phone_number, first_name=first_name, last_name=last_name, image_url=image_url)
        return self._transport.request("POST", "/v3/contact_card", body=body).read(ContactCard.from_json)

    def retrieve(self, *, phone_number: str | None = None) -> list[ContactCard]:
        """The cards of all lines, or of one (code 2012 when it has none)."""
        answer = self._transport.request("GET", "/v3/contact_card", query={"phone_number": phone_number})
        return answer.read(lambda data: Page.from_json(data, "contact_cards", ContactCard.from_json)).items

    def update(
        self,
        *,
        phone_number: str,
        first_name: str | None = None,
        last_name: str | None = None,
        image_url: str | None = None,
    ) -> ContactCard:
        """Change what is given on the card of a line."""
        answer = self._transport.request(
            "PATCH",
            "/v3/contact_card",
            query={"phone_number": phone_number},
            body=given(first_name=first_name, last_name=last_name, image_url=image_url),
        )
        return answer.read(ContactCard.from_json)


class BlockedHandles:
    """`client.blocked_handles`: whose messages the remote drops, without any event, on every line."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self) -> list[BlockedHandle]:
        """Everybody on the list, newest first."""
        answer = self._transport.request("GET", "/v3/blocked_handles")
        return answer.read(lambda data: Page.from_json(data, "blocked_handles", BlockedHandle.from_json)).items

    def block(self, handle: str, *, reason: str | None = None) -> BlockedHandle:
        """Put a handle, short code or alphanumeric sender on the list. Doing so twice is the same as once."""
        answer = self._transport.request("POST", "/v3/blocked_handles", body=given(handle=handle, reason=reason))
        return answer.read(lambda data: BlockedHandle.from_json(need_object(data, "blocked_handle")))

    def unblock(self, handle: str) -> Accepted:
        """Take a handle off the list."""
        answer = self._transport.request("DELETE", "/v3/blocked_handles", body={"handle": handle})
        return Accepted.from_json(answer.data, answer.trace_id)
