"""Finding people by what is known of them: the filters of segments and campaigns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import timedelta
from typing import Any, Final

from django.db.models import Exists, OuterRef, Q, QuerySet

from chats import clock
from chats.models import Chat, Handle, Message, Participant, Recipient
from chats.models.common import Health

MOST_DAYS: Final = 3650
MOST_VALUES: Final = 1000


class WrongFilter(ValueError):
    """A filter that says nothing that could be found. `str()` is one sentence for a person."""


@dataclass(frozen=True)
class PeopleFilter:
    """All that is said must hold; of several values of one thing, one is enough. Make one with `read_filter`."""

    labels: tuple[int, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()
    lines: tuple[int, ...] = ()
    """Has a chat with them on one of these lines."""
    chats: tuple[int, ...] = ()
    """Takes part in one of these chats or groups."""
    health: tuple[str, ...] = ()
    wrote_in_days: int | None = None
    """Last wrote to us at most so many days ago."""
    silent_for_days: int | None = None
    """Did not write to us for at least so many days."""
    replied_to: int | None = None
    """Replied to this campaign."""

    def as_json(self) -> dict[str, Any]:
        """What `read_filter` reads again, without what is not said."""
        said = {name: value for name, value in asdict(self).items() if value not in ((), None)}
        if "attributes" in said:
            said["attributes"] = dict(self.attributes)
        return {name: list(value) if isinstance(value, tuple) else value for name, value in said.items()}


def read_filter(data: object) -> PeopleFilter:
    """A filter from JSON or a form. Raises `WrongFilter`."""
    if not isinstance(data, Mapping):
        raise WrongFilter("A filter is made of names and values.")
    unknown = set(data) - {one.name for one in fields(PeopleFilter)}
    if unknown:
        raise WrongFilter(f"There is no filter “{sorted(map(str, unknown))[0][:40]}”.")
    health = tuple(str(one) for one in _list(data, "health"))
    if not set(health) <= set(Health.values):
        raise WrongFilter("That is no state of health.")
    attributes = data.get("attributes") or {}
    if not isinstance(attributes, Mapping) or len(attributes) > MOST_VALUES:
        raise WrongFilter("Attributes are made of names and values.")
    return PeopleFilter(
        labels=_numbers(data, "labels"),
        attributes=tuple(sorted((str(name), str(value)) for name, value in attributes.items())),
        lines=_numbers(data, "lines"),
        chats=_numbers(data, "chats"),
        health=health,
        wrote_in_days=_days(data, "wrote_in_days"),
        silent_for_days=_days(data, "silent_for_days"),
        replied_to=next(iter(_numbers(data, "replied_to")), None),
    )


def handles_matching(wanted: PeopleFilter, *, lines: Sequence[int]) -> QuerySet[Handle]:
    """The handles of the people who take part in a chat on one of `lines` (law 11) and match the filter."""
    within = [one for one in lines if not wanted.lines or one in wanted.lines]
    taking_part = Participant.objects.filter(
        handle=OuterRef("pk"), is_me=False, status=Participant.Status.ACTIVE, chat__line__in=within
    )
    if wanted.chats:
        taking_part = taking_part.filter(chat__in=wanted.chats)
    if wanted.health:
        taking_part = taking_part.filter(chat__health_status__in=wanted.health)
    found = Handle.objects.filter(Exists(taking_part))
    if wanted.labels:
        found = found.filter(contact__labels__in=wanted.labels).distinct()
    for name, value in wanted.attributes:
        found = found.filter(contact__attributes__contains={name: value})
    if wanted.wrote_in_days is not None:
        found = found.filter(_wrote_since(wanted.wrote_in_days, lines))
    if wanted.silent_for_days is not None:
        found = found.filter(~Q(_wrote_since(wanted.silent_for_days, lines)))
    if wanted.replied_to is not None:
        replied = Recipient.objects.filter(
            handle=OuterRef("pk"), campaign=wanted.replied_to, replied_at__isnull=False, line__in=lines
        )
        found = found.filter(Exists(replied))
    return found


def _wrote_since(days: int, lines: Sequence[int]) -> Exists:
    since = clock.now() - timedelta(days=days)
    direct = Chat.objects.filter(line__in=lines, is_group=False).values("pk")
    return Exists(
        Message.objects.filter(
            sender=OuterRef("pk"), direction=Message.Direction.INBOUND, happened_at__gte=since, chat__in=direct
        )
    )


def _list(data: Mapping[Any, Any], name: str) -> list[Any]:
    value = data.get(name)
    found = list(value) if isinstance(value, list | tuple) else [] if value in (None, "") else [value]
    if len(found) > MOST_VALUES:
        raise WrongFilter(f"These are too many: {MOST_VALUES:,} are the most.")
    return found


def _numbers(data: Mapping[Any, Any], name: str) -> tuple[int, ...]:
    try:
        return tuple(sorted({int(one) for one in _list(data, name)}))
    except (TypeError, ValueError):
        raise WrongFilter(f"“{name.replace('_', ' ')}” is made of numbers.") from None


def _days(data: Mapping[Any, Any], name: str) -> int | None:
    found = _numbers(data, name)
    if not found:
        return None
    if not 0 < found[0] <= MOST_DAYS:
        raise WrongFilter(f"Days are between 1 and {MOST_DAYS:,}.")
    return found[0]
