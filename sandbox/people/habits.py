"""What a simulated person tends to do with a message, drawn once from the world's seed and their handle."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from sandbox import chance
from sandbox.models import Person
from sandbox.people.names import FIRST_NAMES, LAST_NAMES


@dataclass(frozen=True)
class Habits:
    """Shares are from 0 to 1, delays are seconds, each counted from the step before it."""

    kind: str
    reads: float = 1.0
    replies: float = 1.0
    reacts: float = 0.0
    fastest: float = 1.0  # every delay of this person is multiplied by a number
    slowest: float = 1.0  # from `fastest` to `slowest`
    reachable: bool = True


# Most people are quick, so that a visitor sees the whole story within ten seconds.
KINDS = {
    "friendly": Habits("friendly", fastest=0.7, slowest=1.1, reacts=0.15),
    "slow": Habits("slow", replies=0.7, fastest=5, slowest=20, reacts=0.05),
    "reader": Habits("reader", replies=0.0, fastest=1, slowest=2),
    "silent": Habits("silent", reads=0.0, replies=0.0),
    "unreachable": Habits("unreachable", reachable=False),
}
# How many of a hundred people are of each kind; "unreachable" people are only made on purpose.
MIX = (("friendly", 84), ("slow", 7), ("reader", 6), ("silent", 3))
SERVICE_MIX = (("iMessage", 84), ("RCS", 9), ("SMS", 7))


def draw(mix: Iterable[tuple[str, int]], seed: int, *purpose: object) -> str:
    """One of a mix of a hundred."""
    point = chance.share(seed, *purpose) * 100
    for name, weight in mix:
        point -= weight
        if point < 0:
            return name
    raise ValueError("The shares of a mix must make a hundred.")


def of(person: Person) -> Habits:
    """The habits kept with a person."""
    return Habits(**person.habits)


def new_person(handle: str, seed: int, *, service: str | None = None, kind: str | None = None) -> Person:
    """A person nobody has met yet, unsaved; the same for the same seed and handle.

    Whoever has an e-mail address as a handle uses iMessage, since nothing else knows such handles.
    """
    drawn = "iMessage" if "@" in handle else draw(SERVICE_MIX, seed, "service", handle)
    return Person(
        id=chance.identifier(seed, "person", handle),
        handle=handle,
        first_name=chance.one_of(FIRST_NAMES, seed, "first name", handle),
        last_name=chance.one_of(LAST_NAMES, seed, "last name", handle),
        service=service or drawn,
        habits=asdict(KINDS[kind or draw(MIX, seed, "kind", handle)]),
    )


def meet(handles: Iterable[str], seed: int) -> dict[str, Person]:
    """The people behind these handles; who is not known yet is made."""
    wanted = list(dict.fromkeys(handles))
    found = {person.handle: person for person in Person.objects.filter(handle__in=wanted)}
    missing = [handle for handle in wanted if handle not in found]
    if missing:
        # Two requests may meet the same stranger at once: the first row stands.
        Person.objects.bulk_create([new_person(handle, seed) for handle in missing], ignore_conflicts=True)
        found |= {person.handle: person for person in Person.objects.filter(handle__in=missing)}
    return found
