"""What simulated people answer: short, friendly, and fitting the kind of message."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sandbox import chance

GREETINGS = (
    "Hi! Good to hear from you.",
    "Hey there!",
    "Hello! How are things?",
    "Hi, thanks for writing.",
    "Hey! What's up?",
)
YES_NO = (
    "Yes, that works for me.",
    "Yes please!",
    "Sounds good to me.",
    "I think so, let me check and get back to you.",
    "Not this time, sorry. Maybe next week?",
    "Sure, count me in.",
    "Yes, no problem at all.",
)
WHEN = (
    "Tomorrow after three would be great.",
    "Any time before noon works.",
    "Thursday suits me best.",
    "Let's say half past five?",
    "I'm free most of the weekend.",
)
QUESTIONS = (
    "Good question. I'll have a look and tell you tonight.",
    "I'm not sure yet, can I let you know tomorrow?",
    "The blue one, I think.",
    "Just the usual, please.",
    "Two should be enough.",
)
THANKS = (
    "You're welcome!",
    "Any time.",
    "No worries at all.",
    "Happy to help. Thanks to you too!",
)
APOLOGIES = (
    "No problem, these things happen.",
    "That's alright, thanks for letting me know.",
    "Don't worry about it.",
)
PLAIN = (
    "Got it, thanks!",
    "Great, thank you.",
    "Perfect.",
    "Okay, good to know.",
    "Thanks for the update!",
    "Lovely, see you then.",
    "Noted. Have a nice day!",
    "Alright, talk soon.",
    "That's great news.",
    "Thanks, that helps a lot.",
)
PICTURES = ("Oh, that looks great!", "Nice picture!", "Love it.", "Got the file, thank you.")
LINKS = ("Thanks, I'll read it tonight.", "Opening it now.", "Got the link, thanks!")

# the exact keywords (linq-v3, 6.2), and what people say instead
KEYWORDS = ("STOP", "STOP", "STOP", "UNSUBSCRIBE", "QUIT", "opt out")
STOP_WORDS = (
    "please stop texting me",
    "Take me off your list",
    "Not interested, please stop.",
    "Don't text me again",
    "Wrong number",
    "Leave me alone",
)
# what members call their groups
GROUP_NAMES = ("The usual suspects", "Weekend plans", "Us again", "Early birds", "Second helpings", "Chat of chats")

# what they put to the vote
POLLS = (
    ("Friday", "Saturday", "Sunday"),
    ("Pizza", "Noodles", "Something green"),
    ("At my place", "In the park"),
    ("Seven", "Half past seven", "Eight"),
)

_RULES: Sequence[tuple[re.Pattern[str], Sequence[str]]] = (
    (re.compile(r"\b(sorry|apolog)", re.IGNORECASE), APOLOGIES),
    (re.compile(r"\b(what time|when|which day)\b.*\?", re.IGNORECASE | re.DOTALL), WHEN),
    (
        re.compile(r"\b(are|is|do|does|did|can|could|would|will|shall|should|have|has)\b[^?]*\?", re.IGNORECASE),
        YES_NO,
    ),
    (re.compile(r"\?"), QUESTIONS),
    (re.compile(r"\b(thank|thanks|appreciate)", re.IGNORECASE), THANKS),
    (re.compile(r"^\s*(hi|hello|hey|good (morning|afternoon|evening))\b", re.IGNORECASE), GREETINGS),
)


def answer_to(parts: Sequence[dict[str, Any]], seed: int, *purpose: object) -> str:
    """What a person says to a message with these parts; the same for the same seed and purpose."""
    text = " ".join(part["value"] for part in parts if part["type"] == "text")
    choices = next((answers for pattern, answers in _RULES if text and pattern.search(text)), None)
    if choices is None:
        kinds = {part["type"] for part in parts}
        choices = LINKS if "link" in kinds else PICTURES if "media" in kinds else PLAIN
    return chance.one_of(choices, seed, "answer", *purpose)
