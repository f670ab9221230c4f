"""A world by size: so many lines, people, chats and messages, with everyday people.

It is for measuring and for rehearsals. Its texts repeat, and its messages lie evenly over the last weeks; a tenth of
the people answer hardly ever, so that there is some bad health in it, and every twentieth chat is a group.
The same seed makes the same world, but for its times, which count back from the moment it was made.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import connection

from sandbox import chance, clock, groups, health, tally
from sandbox.copying import Table, text
from sandbox.inbound import text_part
from sandbox.models import Chat, Line, LineHour, Message, Participant, Person
from sandbox.models.chat import identity
from sandbox.people import habits, words
from sandbox.worlds.conversations import FOLLOW_UPS
from sandbox.worlds.empty import LINE_NUMBERS

MOST = {"lines": 500, "people": 500_000, "chats": 1_000_000, "messages": 10_000_000}
DEFAULTS = {"lines": 5, "people": 0, "chats": 0, "messages": 0}
GROUP_EVERY = 20
GROUP_MEMBERS = 3
OLDEST_DAYS, YOUNGEST_DAYS = 40.0, 3.0  # when a chat began

# Lines and people have area codes of their own. The first hundred numbers of each are those set aside for fiction
# (555-0100 to 0199); beyond them come others of the exchange 555, which is given to nobody who could be called.
LINE_AREAS = ("202", "771", "227", "240", "301", "410")
_AREAS = (
    "201 203 205 206 207 208 209 210 212 213 214 215 216 217 218 219 224 225 228 229 231 234 239 248 251 252 253 254 "
    "256 260 262 267 269 270 276 281 302 303 304 305 307 308 309 310 312 313 314 315 316 317 318 319 320 321 323 325 "
    "330 331 334 336 337 339 347 351 352 360 361 386 401 402 404 405 406 407 408 409 412 413 414 415 417 419 423 424 "
    "425 432 434 435 440 443 456 469 478 479 480 484 501 502 503 504 505 507 508 509 510 512 513 515 516 517 518 520"
)
PEOPLE_AREAS = tuple(_AREAS.split())


class BadSize(ValueError):
    """The size asked for cannot be: a sentence says why."""


@dataclass(frozen=True)
class Size:
    """How much there is of everything."""

    lines: int = 5
    people: int = 0
    chats: int = 0
    messages: int = 0

    @classmethod
    def read(cls, value: Mapping[str, object]) -> Size:
        """The size that a mapping names; what it does not name is 5 lines and nothing else. Raises `BadSize`."""
        names = [field.name for field in fields(cls)]
        for name, number in value.items():
            if name not in names:
                raise BadSize(f"A world's size has {', '.join(names)}, and no {name}.")
            if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number <= MOST[name]:
                raise BadSize(f"{name} must be a whole number from 0 to {MOST[name]}.")
        size = cls(**{name: int(str(value.get(name, DEFAULTS[name]))) for name in names})
        if size.lines < 1:
            raise BadSize("A world has at least one line.")
        if size.chats > size.lines * size.people:
            raise BadSize("There can be no more chats than pairs of a line and a person.")
        if size.messages < size.chats or (size.messages and not size.chats):
            raise BadSize("Every chat has at least one message, and messages need a chat.")
        return size

    @classmethod
    def read_text(cls, value: str) -> Size:
        """The size in the writing of the command line: `lines=5,people=100,chats=120,messages=900`."""
        pairs = [part.partition("=") for part in value.split(",")]
        try:
            return cls.read({name.strip(): int(number) for name, _, number in pairs})
        except ValueError as wrong:
            if isinstance(wrong, BadSize):
                raise
            raise BadSize("A size looks like lines=5,people=100,chats=120,messages=900.") from None

    def as_json(self) -> dict[str, int]:
        """The size as it is kept and shown."""
        return asdict(self)


def line_number(index: int) -> str:
    """The number of a line."""
    if index < len(LINE_NUMBERS):
        return LINE_NUMBERS[index]
    return f"+1{LINE_AREAS[index // 99]}55501{1 + index % 99:02d}"


def person_number(index: int) -> str:
    """The number of a person."""
    block = index // len(PEOPLE_AREAS)
    subscriber = 100 + block  # 0100 to 0199, then on
    return f"+1{PEOPLE_AREAS[index % len(PEOPLE_AREAS)]}555{subscriber:04d}"


@dataclass
class _Draft:
    """A chat with its messages, on its way to the tables."""

    chat: Chat
    members: list[tuple[UUID, Person | None, str]]  # participant's id, the person (none: our line), the handle
    messages: list[tuple[float, bool]]  # seconds since the epoch, ours or theirs


class _Writer:
    def __init__(self, seed: int, size: Size, manners: str) -> None:
        self.seed, self.size = seed, size
        self.now = clock.now()
        self.random = random.Random(seed)  # noqa: S311 - chance of a simulation
        self.lines = Line.objects.bulk_create(
            Line(id=chance.identifier(seed, "line", number), phone_number=number)
            for number in (line_number(index) for index in range(size.lines))
        )
        self.people = [habits.new_person(person_number(i), seed, manners=manners) for i in range(size.people)]
        # theirs and ours, ready for the table
        self.theirs = [text([text_part(each)]) for each in (*words.PLAIN, *words.YES_NO, *words.GREETINGS)]
        self.ours = [text([text_part(each.replace("Hi {name}, ", "Hi, "))]) for each in FOLLOW_UPS]
        self.hours: dict[tuple[UUID, datetime], list[int]] = {}

    def identifier(self) -> UUID:
        return uuid.UUID(int=self.random.getrandbits(128), version=4)

    def write_people(self) -> None:
        table = Table(Person, "id", "handle", "first_name", "last_name", "service", "habits")
        table.write((str(p.id), p.handle, p.first_name, p.last_name, p.service, text(p.habits)) for p in self.people)

    def drafts(self) -> list[_Draft]:
        """Chat by chat: each person with one line, then each with the next one, every twentieth as a group."""
        people, lines, made = self.people, self.lines, []
        share, rest = divmod(self.size.messages, max(1, self.size.chats))
        for index in range(self.size.chats):
            turn, place = divmod(index, len(people))
            others = [people[place]]
            if index % GROUP_EVERY == GROUP_EVERY - 1 and len(people) > GROUP_MEMBERS:
                others = [people[(place + step) % len(people)] for step in range(GROUP_MEMBERS)]
            count = share + (index < rest)
            if share > 2 and index % 2:  # some chats say more, some less; two and two make the same
                count += share // 2
            elif share > 2 and index + 1 < self.size.chats:
                count -= share // 2
            made.append(self._draft(lines[(place + turn) % len(lines)], others, count))
        return made

    def _draft(self, line: Line, others: list[Person], count: int) -> _Draft:
        draw = self.random.random
        is_group = len(others) > 1
        handles = [each.handle for each in others]
        began = self.now.timestamp() - 86_400 * (YOUNGEST_DAYS + (OLDEST_DAYS - YOUNGEST_DAYS) * draw())
        times = sorted([began, *(began + (self.now.timestamp() - 60 - began) * draw() for _ in range(count - 1))])
        # A tenth hardly ever answers; for the others every second message or so is theirs.
        theirs = 0.08 if draw() < 0.1 else 0.45
        chat = Chat(
            id=self.identifier(),
            line=line,
            is_group=is_group,
            peer=None if is_group else others[0],
            service=groups.service_of([each.service for each in others]),
            reuse_key=identity(line.phone_number, handles),
        )
        members: list[tuple[UUID, Person | None, str]] = [(self.identifier(), None, line.phone_number)]
        members += [(self.identifier(), each, each.handle) for each in others]
        draft = _Draft(chat, members, [(at, index == 0 or draw() >= theirs) for index, at in enumerate(times)])
        self._count(draft)
        return draft

    def _count(self, draft: _Draft) -> None:
        chat = draft.chat
        for at, ours in draft.messages:
            hour = self.hours.setdefault((chat.line_id, tally.hour_of(_moment(at))), [0, 0])
            hour[0 if ours else 1] += 1
            chat.outbound += ours
            chat.inbound += not ours
            chat.unanswered = chat.unanswered + 1 if ours else 0
        chat.created_at = _moment(draft.messages[0][0]) - timedelta(seconds=1)
        chat.first_outbound_at = _moment(draft.messages[0][0])
        chat.updated_at = chat.health_at = chat.last_sent_at = _moment(draft.messages[-1][0])
        health.note(chat, chat.updated_at)

    def write_chats(self, drafts: list[_Draft]) -> None:
        columns = (
            "id", "line_id", "is_group", "peer_id", "service", "reuse_key", "created_at", "updated_at",
            "first_outbound_at", "outbound", "inbound", "unanswered", "last_sent_at", "health", "health_at",
        )  # fmt: skip
        Table(Chat, *columns).write([text(getattr(draft.chat, name)) for name in columns] for draft in drafts)
        members = Table(Participant, "id", "chat_id", "person_id", "handle", "is_me", "service", "joined_at")
        members.write(
            (
                str(key), str(draft.chat.id), text(person.id if person else None), handle, text(person is None),
                draft.chat.service, text(draft.chat.created_at),
            )
            for draft in drafts
            for key, person, handle in draft.members
        )  # fmt: skip

    def write_messages(self, drafts: list[_Draft]) -> None:
        table = Table(
            Message, "id", "chat_id", "trace_id", "service", "sender_id", "is_from_me", "parts", "delivery_status",
            "created_at", "updated_at", "sent_at", "delivered_at", "read_at",
        )  # fmt: skip
        table.write(row for draft in drafts for row in self._rows(draft))

    def _rows(self, draft: _Draft) -> Iterator[tuple[str, ...]]:
        chat, bits, draw = str(draft.chat.id), self.random.getrandbits, self.random.random
        service = draft.chat.service
        me, *others = [str(key) for key, _, _ in draft.members]
        receipts = not draft.chat.is_group and service != "SMS"
        answered = max((at for at, ours in draft.messages if not ours), default=0.0)
        for index, (at, ours) in enumerate(draft.messages):
            when = _moment(at).isoformat()
            head = (str(uuid.UUID(int=bits(128), version=4)), chat, f"{bits(128):032x}", service)
            if not ours:
                sender = others[index % len(others)]
                said = self.theirs[int(draw() * len(self.theirs))]
                yield (*head, sender, "f", said, "read", when, when, when, when, when)
                continue
            said = self.ours[int(draw() * len(self.ours))]
            if not receipts:
                yield (*head, me, "t", said, "sent", when, when, when, "\\N", "\\N")
            elif at < answered:
                yield (*head, me, "t", said, "read", when, when, when, when, when)
            else:
                yield (*head, me, "t", said, "delivered", when, when, when, when, "\\N")

    def write_hours(self) -> None:
        table = Table(LineHour, "line_id", "hour", "sent", "received")
        table.write(
            (str(line), text(hour), str(sent), str(received))
            for (line, hour), (sent, received) in sorted(self.hours.items())
        )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def fill(seed: int, size: Size, manners: str) -> None:
    """Write the world."""
    writer = _Writer(seed, size, manners)
    _trust_references()
    writer.write_people()
    drafts = writer.drafts()
    writer.write_chats(drafts)
    writer.write_messages(drafts)
    writer.write_hours()


def _trust_references() -> None:
    """Where the database lets us, do not look up each of the millions of references: all are to rows written here."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT usesuper FROM pg_user WHERE usename = current_user")
        if cursor.fetchone() == (True,):
            cursor.execute("SET LOCAL session_replication_role = replica")
