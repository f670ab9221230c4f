"""What a simulated person tends to do with a message, drawn once from the world's seed and their handle.

People are drawn in one of two manners. The `friendly` ones of the demo world are quick, so that a visitor sees the
whole story within ten seconds. `everyday` people are as a campaign meets them: many never answer, most take minutes
or hours and sleep at night, and now and then one opts out, reports, or has a dead number.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from sandbox import chance, world
from sandbox.models import Person
from sandbox.people import hours
from sandbox.people.names import FIRST_NAMES, LAST_NAMES


@dataclass(frozen=True)
class Habits:
    """Shares are from 0 to 1 and hold for each message, delays are seconds, counted from the step before."""

    kind: str
    reads: float = 1.0
    replies: float = 1.0
    types: float = 1.0  # shows that they type before they answer
    reacts: float = 0.0
    fastest: float = 1.0  # every short delay of this person is multiplied by a number
    slowest: float = 1.0  # from `fastest` to `slowest`
    reachable: bool = True  # messages to a dead number fail
    blocks: bool = False  # our lines are blocked: messages stay sent and never arrive
    # half the messages are read, and answered, within these; 0: after the short delays of quick people
    read_after: float = 0.0
    reply_after: float = 0.0
    # each message left unanswered before multiplies the share of replies by this
    patience: float = 1.0
    # each of them multiplies by how many are unanswered
    opts_out: float = 0.0
    keyword: float = 0.5  # of those who opt out, the share that uses a keyword rather than words
    reports: float = 0.0  # only who never wrote in the chat can report it
    # of groups
    renames: float = 0.0
    leaves: float = 0.0
    polls: float = 0.0  # asks everybody something
    # awake between these hours of the day in this time zone; no zone: always
    zone: str = ""
    wakes: float = 0.0
    sleeps: float = 24.0


FRIENDLY = {
    "friendly": Habits("friendly", fastest=0.7, slowest=1.1, reacts=0.15),
    "slow": Habits("slow", replies=0.7, fastest=5, slowest=20, reacts=0.05),
    "reader": Habits("reader", replies=0.0, fastest=1, slowest=2),
    "silent": Habits("silent", reads=0.0, replies=0.0),
    "unreachable": Habits("unreachable", reachable=False),
}
# How many of a hundred people are of each kind; "unreachable" people are only made on purpose.
MIX = (("friendly", 84), ("slow", 7), ("reader", 6), ("silent", 3))
SERVICE_MIX = (("iMessage", 84), ("RCS", 9), ("SMS", 7))

# Everyday people: what share of messages each kind answers, from and to.
EVERYDAY_MIX = (("talker", 25), ("answers", 40), ("seldom", 31), ("dead", 2), ("blocker", 2))
EVERYDAY_REPLIES = {"talker": (0.6, 0.9), "answers": (0.2, 0.5), "seldom": (0.0, 0.06)}
EVERYDAY_SERVICE_MIX = (("iMessage", 66), ("RCS", 20), ("SMS", 14))

_SHARES = (
    "reads",
    "replies",
    "types",
    "reacts",
    "patience",
    "opts_out",
    "keyword",
    "reports",
    "renames",
    "leaves",
    "polls",
)
_SECONDS = ("fastest", "slowest", "read_after", "reply_after")
_SWITCHES = ("reachable", "blocks")


class BadHabits(ValueError):
    """The habits asked for cannot be: a sentence says which."""


def draw(mix: Iterable[tuple[str, int]], seed: int, *purpose: object) -> str:
    """One of a mix of a hundred."""
    point = chance.share(seed, *purpose) * 100
    for name, weight in mix:
        point -= weight
        if point < 0:
            return name
    raise ValueError("The shares of a mix must make a hundred.")


def everyday(kind: str, handle: str, seed: int) -> Habits:
    """The habits of an everyday person of this kind."""

    def between(low: float, high: float, what: str) -> float:
        return round(chance.between(low, high, seed, what, handle), 4)

    low, high = EVERYDAY_REPLIES.get(kind, (0.0, 0.0))
    return Habits(
        kind,
        reads=between(0.6, 0.98, "reads"),
        replies=between(low, high, "replies"),
        types=0.8,
        reacts=between(0.0, 0.12, "reacts"),
        reachable=kind != "dead",
        blocks=kind == "blocker",
        read_after=round(chance.around(480, 1.0, seed, "read after", handle), 1),
        reply_after=round(chance.around(300, 1.2, seed, "reply after", handle), 1),
        patience=between(0.5, 0.9, "patience"),
        opts_out=between(0.001, 0.012, "opts out"),
        keyword=0.5,
        reports=between(0.0, 0.0015, "reports"),
        renames=between(0.0, 0.01, "renames"),
        leaves=between(0.0, 0.01, "leaves"),
        polls=between(0.0, 0.02, "polls"),
        zone=hours.zone_of(handle, seed),
        wakes=between(6.5, 9, "wakes"),
        sleeps=between(20.5, 23.5, "sleeps"),
    )


def of(person: Person) -> Habits:
    """The habits of a person: those drawn for them, and over them those that everybody was given."""
    return _made(tuple(sorted({**person.habits, **world.current().habits}.items())))


@functools.lru_cache(maxsize=4096)
def _made(pairs: tuple[tuple[str, Any], ...]) -> Habits:
    return Habits(**dict(pairs))


def checked(changes: Mapping[str, object]) -> dict[str, Any]:
    """Habits that somebody asked for. Raises `BadHabits`."""
    for name, value in changes.items():
        if name in _SWITCHES:
            if not isinstance(value, bool):
                raise BadHabits(f"{name} must be true or false.")
        elif name in _SHARES or name in _SECONDS:
            most = 1.0 if name in _SHARES else 30 * 86_400.0
            if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= most:
                raise BadHabits(f"{name} must be a number from 0 to {most:g}.")
        else:
            known = ", ".join(field.name for field in fields(Habits) if field.name in _SHARES + _SECONDS + _SWITCHES)
            raise BadHabits(f"There is no habit called {name}; there are {known}.")
    return dict(changes)


def new_person(
    handle: str, seed: int, *, service: str | None = None, kind: str | None = None, manners: str = "friendly"
) -> Person:
    """A person nobody has met yet, unsaved; the same for the same seed and handle.

    Whoever has an e-mail address as a handle uses iMessage, since nothing else knows such handles.
    """
    if manners == "everyday":
        habit = everyday(kind or draw(EVERYDAY_MIX, seed, "kind", handle), handle, seed)
        services = EVERYDAY_SERVICE_MIX
    else:
        habit = FRIENDLY[kind or draw(MIX, seed, "kind", handle)]
        services = SERVICE_MIX
    return Person(
        id=chance.identifier(seed, "person", handle),
        handle=handle,
        first_name=chance.one_of(FIRST_NAMES, seed, "first name", handle),
        last_name=chance.one_of(LAST_NAMES, seed, "last name", handle),
        service=service or ("iMessage" if "@" in handle else draw(services, seed, "service", handle)),
        habits=asdict(habit),
    )


def meet(handles: Iterable[str], seed: int) -> dict[str, Person]:
    """The people behind these handles; who is not known yet is made."""
    wanted = list(dict.fromkeys(handles))
    found = {person.handle: person for person in Person.objects.filter(handle__in=wanted)}
    missing = [handle for handle in wanted if handle not in found]
    if missing:
        manners = world.current().manners
        # Two requests may meet the same stranger at once: the first row stands.
        Person.objects.bulk_create(
            [new_person(handle, seed, manners=manners) for handle in missing], ignore_conflicts=True
        )
        found |= {person.handle: person for person in Person.objects.filter(handle__in=missing)}
    return found
