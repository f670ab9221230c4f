"""What the console knows: a cache of the remote's chats, and our own intent."""

from chats.models.attachment import Attachment, MediaCopy
from chats.models.audience import Label, ListedPerson, PeopleList, RejectedRow, SavedText, Segment
from chats.models.audit import AuditRecord
from chats.models.campaign import Campaign, CampaignLine, CampaignRules, CampaignStep, CampaignVariant
from chats.models.chat import Chat, Participant
from chats.models.contact import Contact, Handle
from chats.models.lane import Lane
from chats.models.line import Line, ReputationAudit
from chats.models.location import SharedLocation
from chats.models.message import Message, Reaction
from chats.models.operation import Operation
from chats.models.pacing import Departure, FirstContact, LineFailure
from chats.models.recipient import CampaignMessage, Recipient, RecipientCount
from chats.models.reconcile import Heartbeat, Reconciliation
from chats.models.retention import Retention
from chats.models.sync import SyncPart, SyncRun
from chats.models.team import LineAccess
from chats.models.webhook import WebhookEvent, WebhookSubscription

__all__ = [
    "Attachment",
    "AuditRecord",
    "Campaign",
    "CampaignLine",
    "CampaignMessage",
    "CampaignRules",
    "CampaignStep",
    "CampaignVariant",
    "Chat",
    "Contact",
    "Departure",
    "FirstContact",
    "Handle",
    "Heartbeat",
    "Label",
    "Lane",
    "Line",
    "LineAccess",
    "LineFailure",
    "ListedPerson",
    "MediaCopy",
    "Message",
    "Operation",
    "Participant",
    "PeopleList",
    "Reaction",
    "Recipient",
    "RecipientCount",
    "Reconciliation",
    "RejectedRow",
    "ReputationAudit",
    "Retention",
    "SavedText",
    "Segment",
    "SharedLocation",
    "SyncPart",
    "SyncRun",
    "WebhookEvent",
    "WebhookSubscription",
]
