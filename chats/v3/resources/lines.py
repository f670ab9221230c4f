"""Lines and what belongs to them: reputation, contact cards, the blocklist, files."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from chats.v3.resources.reading import Json, Unreadable, flag, need, number, optional_object, text
from chats.v3.times import parse_optional_time


@dataclass(frozen=True)
class PhoneNumber:
    """A line of the account."""

    id: str
    phone_number: str
    reputation: str | None
    """HEALTHY, AT_RISK or CRITICAL; None in the answer to an update."""
    reputation_doc_url: str | None
    forwarding_number: str | None
    """Where calls to the line go."""
    line_type: str | None
    """iMessage or RCS."""

    @classmethod
    def from_json(cls, data: Json) -> PhoneNumber:
        """Read one line. Until June 2026 its reputation came as `health_status`."""
        reputation = optional_object(data, "reputation") or optional_object(data, "health_status") or {}
        status = text(reputation, "status")
        return cls(
            id=need(data, "id"),
            phone_number=need(data, "phone_number"),
            reputation=status.upper() if status else None,
            reputation_doc_url=text(reputation, "doc_url"),
            forwarding_number=text(data, "forwarding_number") or None,
            line_type=text(data, "line_type"),
        )


@dataclass(frozen=True)
class AvailableNumber:
    """The line that the remote would choose now. Not a reservation."""

    phone_number: str
    vcf_url: str | None
    """A contact file to hand out; it expires."""

    @classmethod
    def from_json(cls, data: Json) -> AvailableNumber:
        """Read the answer of GET /v3/available_number."""
        return cls(need(data, "phone_number"), text(data, "vcf_url"))


@dataclass(frozen=True)
class Capability:
    """Whether an address can be reached by a service."""

    address: str
    available: bool
    reason: str | None
    """not_supported, where it cannot."""
    selected_service: str | None

    @classmethod
    def from_json(cls, data: Json) -> Capability:
        """Read the answer of a capability check."""
        if not isinstance(data.get("available"), bool):
            raise Unreadable("The field available is missing.")
        return cls(need(data, "address"), flag(data, "available"), text(data, "reason"), text(data, "selected_service"))


@dataclass(frozen=True)
class ContactCard:
    """The name and photo of a line that people on iMessage can take over."""

    phone_number: str
    first_name: str
    last_name: str | None
    image_url: str | None
    is_active: bool

    @classmethod
    def from_json(cls, data: Json) -> ContactCard:
        """Read one card."""
        return cls(
            phone_number=need(data, "phone_number"),
            first_name=text(data, "first_name") or "",
            last_name=text(data, "last_name"),
            image_url=text(data, "image_url"),
            is_active=flag(data, "is_active"),
        )


@dataclass(frozen=True)
class BlockedHandle:
    """Somebody whose messages the remote drops, on every line of the account."""

    handle: str
    reason: str | None
    blocked_at: datetime | None

    @classmethod
    def from_json(cls, data: Json) -> BlockedHandle:
        """Read one entry of the blocklist."""
        return cls(need(data, "handle"), text(data, "reason"), parse_optional_time(data.get("blocked_at")))


@dataclass(frozen=True)
class ReputationAudit:
    """An examination of why a line's reputation is what it is. Readable for 24 hours."""

    audit_id: str
    status: str
    """pending, complete or error."""
    error: str | None
    phone_number: str | None
    generated_at: datetime | None
    report: dict[str, object] | None
    """severity, primary_driver, drivers, action_items, evidence and summary_markdown, as the remote sent them."""
    trace_id: str | None

    @classmethod
    def from_json(cls, data: Json, trace_id: str | None) -> ReputationAudit:
        """Read the answer that starts an audit or the one that tells how it stands."""
        report = optional_object(data, "report")
        return cls(
            audit_id=need(data, "audit_id"),
            status=need(data, "status"),
            error=text(data, "error"),
            phone_number=text(data, "phone"),
            generated_at=parse_optional_time(data.get("generated_at")),
            report=dict(report) if report else None,
            trace_id=trace_id,
        )


@dataclass(frozen=True)
class UploadSlot:
    """Where to put a file that will be sent, and for how long."""

    attachment_id: str
    upload_url: str = field(repr=False)  # whoever has it can put a file there
    expires_at: datetime | None
    required_headers: dict[str, str] = field(repr=False)
    """To be sent exactly as they are."""
    download_url: str | None
    trace_id: str | None

    @classmethod
    def from_json(cls, data: Json, trace_id: str | None) -> UploadSlot:
        """Read the answer of POST /v3/attachments."""
        headers = optional_object(data, "required_headers") or {}
        return cls(
            attachment_id=need(data, "attachment_id"),
            upload_url=need(data, "upload_url"),
            expires_at=parse_optional_time(data.get("expires_at")),
            required_headers={name: str(value) for name, value in headers.items()},
            download_url=text(data, "download_url"),
            trace_id=trace_id,
        )


@dataclass(frozen=True)
class Attachment:
    """A file that the remote keeps. Its URL expires; the id does not."""

    id: str
    filename: str | None
    content_type: str | None
    size_bytes: int | None
    status: str | None
    """pending, complete or failed."""
    download_url: str | None
    created_at: datetime | None

    @classmethod
    def from_json(cls, data: Json) -> Attachment:
        """Read the answer of GET /v3/attachments/{id}."""
        return cls(
            id=need(data, "id"),
            filename=text(data, "filename"),
            content_type=text(data, "content_type"),
            size_bytes=number(data, "size_bytes"),
            status=text(data, "status"),
            download_url=text(data, "download_url"),
            created_at=parse_optional_time(data.get("created_at")),
        )
