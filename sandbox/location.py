"""Where people are, and whom they let see it (linq-v3, 1.5).

A person shares their location with a line; every chat of that line in which they are shows it. What the API asks of
them (a request) they answer after some seconds, by their habits. Where they are is made up: a place in a town of
their own, that moves a little every quarter of an hour.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q

from chats.v3.times import format_time
from sandbox import alarms, blocklist, chance, clock, happenings, ids, world
from sandbox.events import News, tell
from sandbox.happenings import Payload, handles, happening
from sandbox.models import Chat, Line, LocationShare, Person
from sandbox.people import habits

ANSWER = (2.0, 20.0)  # seconds until a person answers the prompt
STOP = (0.3, 0.9)
SHARES = 0.7  # how many of those who can be reached agree
QUARTER = 15 * 60
WANDERING = 0.004  # degrees a person may be from the place where they belong
TOWNS = (
    ("Springfield", 39.7990, -89.6440),
    ("Riverside", 33.9533, -117.3962),
    ("Fairview", 35.9820, -87.1214),
    ("Georgetown", 30.6333, -97.6780),
    ("Salem", 44.9429, -123.0351),
)
STREETS = ("Main Street", "Oak Avenue", "Maple Street", "Park Road", "Station Road")


def start_sharing(
    person: Person, line: Line, chat: Chat | None = None, *, seconds: float | None = None
) -> LocationShare:
    """A person shares their location with a line, from a chat or from elsewhere; for some time, or until it is ended.

    Somebody who shares already goes on as before. Call it in a transaction.
    """
    now = clock.now()
    end_what_is_over([line])
    share, made = LocationShare.objects.get_or_create(
        person=person,
        line=line,
        defaults={
            "chat": chat,
            "began_at": now,
            "ends_at": alarms.later(now, seconds) if seconds is not None else None,
        },
    )
    if made:
        if share.ends_at is not None:
            happenings.plan([happening("location.end", share.ends_at, share=str(share.id))])
        tell([_news("started", share, {"ends_at": _or_null(share.ends_at)})])
    return share


def stop_sharing(share: LocationShare, at: datetime) -> None:
    """End a share now, in every chat with this person. Call it in a transaction."""
    taken, _ = LocationShare.objects.filter(id=share.id).delete()
    if taken:
        tell([_news("stopped", share, {"ended_at": format_time(at)})])


def _news(what: str, share: LocationShare, more: dict[str, Any]) -> News:
    """`location.sharing.started` or `.stopped`."""
    return News(
        type=f"location.sharing.{what}",
        actor=share.person.handle,
        phone_number=share.line.phone_number,
        trace_id=ids.trace(),
        chat_id=share.chat_id,
        data={
            "shared_by": share.person.handle,
            "shared_with": share.line.phone_number,
            "began_at": format_time(share.began_at),
            "chat_id": str(share.chat_id) if share.chat_id else None,
            **more,
        },
    )


def _or_null(moment: datetime | None) -> str | None:
    return None if moment is None else format_time(moment)


def shares_in(chat: Chat) -> list[LocationShare]:
    """The shares that a chat shows: of everybody who is in it, with its line."""
    running = LocationShare.objects.filter(Q(ends_at=None) | Q(ends_at__gt=clock.now()), line=chat.line)
    members = chat.participants.filter(is_me=False, status="active").values("person_id")
    rows = running.filter(person_id__in=members).select_related("person", "line").order_by("began_at", "id")
    return [row for row in rows if not blocklist.is_blocked(row.person.handle)]


def feature(share: LocationShare) -> dict[str, Any]:
    """Where a person is, as a GeoJSON feature."""
    seed, handle, now = world.current().seed, share.person.handle, clock.now()
    quarter = int(now.timestamp()) // QUARTER
    town, latitude, longitude = chance.one_of(TOWNS, seed, "town", handle)
    north = chance.between(-0.03, 0.03, seed, "north", handle)
    east = chance.between(-0.03, 0.03, seed, "east", handle)
    north += chance.between(-WANDERING, WANDERING, seed, "wanders north", handle, quarter)
    east += chance.between(-WANDERING, WANDERING, seed, "wanders east", handle, quarter)
    street = chance.one_of(STREETS, seed, "street", handle, quarter)
    number = 1 + int(chance.share(seed, "house", handle, quarter) * 200)
    updated_at = max(share.began_at, now - timedelta(seconds=now.timestamp() % QUARTER))
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [round(longitude + east, 6), round(latitude + north, 6)]},
        "properties": {
            "handle": handle,
            "address": f"{number} {street}",
            "locality": town,
            "updated_at": format_time(updated_at),
        },
    }


def ask(chat: Chat) -> None:
    """Prompt the person of a direct chat. Call it in a transaction."""
    delay = chance.between(*ANSWER, world.current().seed, "answers the prompt", chat.reuse_key)
    happenings.plan([happening("location.answer", alarms.later(clock.now(), delay), chat=str(chat.id))])


def ask_to_stop(share: LocationShare) -> None:
    """Plan the end of a share, at our wish. Call it in a transaction."""
    delay = chance.between(*STOP, world.current().seed, "stops sharing", share.person.handle)
    happenings.plan([happening("location.end", alarms.later(clock.now(), delay), share=str(share.id))])


def agrees(person: Person, seed: int) -> bool:
    """Whether this person shares their location when they are asked."""
    return habits.of(person).reachable and chance.share(seed, "shares location", person.handle) < SHARES


@handles("location.answer")
def _answer(payloads: Sequence[Payload]) -> None:
    for payload in payloads:
        chat = Chat.objects.select_related("line", "peer").get(id=UUID(payload["chat"]))
        if chat.peer and chat.left_at is None and agrees(chat.peer, world.current().seed):
            start_sharing(chat.peer, chat.line, chat)


@handles("location.end")
def _end(payloads: Sequence[Payload]) -> None:
    ids = [UUID(payload["share"]) for payload in payloads]
    for share in LocationShare.objects.filter(id__in=ids).select_related("person", "line").order_by("began_at", "id"):
        stop_sharing(share, clock.now())


def end_what_is_over(lines: Iterable[Line]) -> None:
    """End the shares whose time has come but whose end has not been carried out yet."""
    now = clock.now()
    for share in LocationShare.objects.filter(line__in=lines, ends_at__lte=now).select_related("person", "line"):
        stop_sharing(share, share.ends_at or now)
