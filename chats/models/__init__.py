"""What the console knows: a cache of the remote's chats, and our own intent."""

from chats.models.attachment import Attachment, MediaCopy
from chats.models.audit import AuditRecord
from chats.models.chat import Chat, Participant
from chats.models.contact import Contact, Handle
from chats.models.lane import Lane
from chats.models.line import Line
from chats.models.message import Message, Reaction
from chats.models.operation import Operation
from chats.models.pacing import Departure, FirstContact, LineFailure
from chats.models.reconcile import Heartbeat, Reconciliation
from chats.models.retention import Retention
from chats.models.sync import SyncPart, SyncRun
from chats.models.team import LineAccess
from chats.models.webhook import WebhookEvent, WebhookSubscription

__all__ = [
    "Attachment",
    "AuditRecord",
    "Chat",
    "Contact",
    "Departure",
    "FirstContact",
    "Handle",
    "Heartbeat",
    "Lane",
    "Line",
    "LineAccess",
    "LineFailure",
    "MediaCopy",
    "Message",
    "Operation",
    "Participant",
    "Reaction",
    "Reconciliation",
    "Retention",
    "SyncPart",
    "SyncRun",
    "WebhookEvent",
    "WebhookSubscription",
]
