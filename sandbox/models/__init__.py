"""What the sandbox's world is made of, one module per concept."""

from __future__ import annotations

from sandbox.models.chat import Chat, Participant
from sandbox.models.happening import Answer, Happening
from sandbox.models.line import CardShare, Line, Person
from sandbox.models.message import Message, Reaction
from sandbox.models.webhook import Delivery, Event, Subscription
from sandbox.models.world import World

__all__ = [
    "Answer",
    "CardShare",
    "Chat",
    "Delivery",
    "Event",
    "Happening",
    "Line",
    "Message",
    "Participant",
    "Person",
    "Reaction",
    "Subscription",
    "World",
]
