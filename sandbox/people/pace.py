"""How long the steps of a quick person take, in seconds: a visitor of the demo world sees the whole story in ten."""

from __future__ import annotations

from sandbox import chance, world
from sandbox.models import Chat, Person
from sandbox.people.habits import Habits

Step = tuple[float, float]

SENT: Step = (0.05, 0.2)
DELIVERED: Step = (0.3, 0.9)
READ: Step = (0.8, 2.0)
TYPING: Step = (0.5, 1.2)
ANSWER: Step = (1.0, 2.2)
REACTION: Step = (0.5, 1.5)
GROUP_ANSWER: Step = (2.5, 5.0)
SMS_ANSWER: Step = (3.0, 5.0)


def quick(step: Step, habit: Habits, person: Person, chat: Chat, purpose: str) -> float:
    """Seconds this person takes for a step when nothing keeps them."""
    seed = world.current().seed
    pace = chance.between(habit.fastest, habit.slowest, seed, "pace", purpose, person.handle, chat.outbound)
    return pace * chance.between(*step, seed, purpose, person.handle, chat.outbound)
