"""What the sandbox's world is made of, one module per concept."""

from __future__ import annotations

from sandbox.models.attachment import Attachment
from sandbox.models.audit import Audit
from sandbox.models.chat import Chat, Participant
from sandbox.models.consent import BlockedHandle, OptOutOverride
from sandbox.models.contact_card import ContactCard
from sandbox.models.happening import Answer, Happening
from sandbox.models.line import CardShare, Line, LineHour, Person
from sandbox.models.location import LocationShare
from sandbox.models.message import Message, Reaction
from sandbox.models.poll import PollOption, PollVote
from sandbox.models.use import Use
from sandbox.models.webhook import Delivery, Event, RoutingToken, Subscription
from sandbox.models.world import World

__all__ = [
    "Answer",
    "Attachment",
    "Audit",
    "BlockedHandle",
    "CardShare",
    "Chat",
    "ContactCard",
    "Delivery",
    "Event",
    "Happening",
    "Line",
    "LineHour",
    "LocationShare",
    "Message",
    "OptOutOverride",
    "Participant",
    "Person",
    "PollOption",
    "PollVote",
    "Reaction",
    "RoutingToken",
    "Subscription",
    "Use",
    "World",
]
