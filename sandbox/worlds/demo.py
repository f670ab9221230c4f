"""The demo world: 5 lines, 60 people, 200 chats of which 12 are groups, and some thousand messages.

It is the same for the same seed, but for its times, which count back from the moment it was made.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

from chats.v3.opt_out import is_opt_out
from sandbox import chance, clock, groups, health, tally
from sandbox.inbound import text_part
from sandbox.models import CardShare, Chat, Line, Message, Participant, Person, Reaction
from sandbox.models.chat import identity
from sandbox.people import habits
from sandbox.people.names import FIRST_NAMES, LAST_NAMES
from sandbox.worlds.conversations import DIRECT, FOLLOW_UPS, GROUP, GROUP_NAMES, Turn
from sandbox.worlds.empty import make_lines

PEOPLE = 60
DIRECT_CHATS = 188
AREA_CODES = ("212", "312", "415", "512", "617", "206")
# how many chats end in messages that nobody answered, and how many such messages
AT_RISK_CHATS, AT_RISK_TAIL = 14, 6
CRITICAL_CHATS, CRITICAL_TAIL = 6, 10
# group, number of members, service of all of them
GROUP_SERVICES = ("iMessage",) * 10 + ("RCS", "SMS")
GROUP_SIZES = (3, 4, 5, 6, 4, 3, 7, 5, 4, 6, 3, 3)
WITH_ICON = frozenset({0, 2, 4, 6})
UNREAD_WITHIN = timedelta(hours=30)


@dataclass
class _Draft:
    """A chat being written."""

    chat: Chat
    me: Participant
    others: list[Participant]
    said: list[tuple[Participant, str]] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)


class _Writer:
    """Writes the world. One stream of chance, drawn in a fixed order, decides everything."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.now = clock.now()
        self.random = random.Random(seed)  # noqa: S311 - chance of a simulation
        self.drafts: list[_Draft] = []
        self.reactions: list[Reaction] = []

    def people(self) -> list[Person]:
        """Sixty people: mostly quick, a few slow, silent or out of reach; most with iMessage."""
        names = self.random.sample([(first, last) for first in FIRST_NAMES for last in LAST_NAMES], PEOPLE)
        rows = []
        for index, (first, last) in enumerate(names):
            service = "RCS" if index % 10 == 8 else "SMS" if index % 10 == 9 else "iMessage"
            kind = {7: "slow", 23: "slow", 31: "reader", 42: "silent", 53: "unreachable"}.get(index, "friendly")
            handle = f"+1{AREA_CODES[index % len(AREA_CODES)]}55501{index + 10:02d}"
            person = habits.new_person(handle, self.seed, service=service, kind=kind)
            person.first_name, person.last_name = first, last
            rows.append(person)
        return rows

    def direct_chats(self, lines: list[Line], people: list[Person]) -> None:
        """Chats of a line with one person each; everybody is in at least one."""
        pairs = [(line, person) for person in people for line in lines]
        firsts = [(lines[index % len(lines)], person) for index, person in enumerate(people)]
        taken = {(line.id, person.id) for line, person in firsts}
        rest = self.random.sample(
            [pair for pair in pairs if (pair[0].id, pair[1].id) not in taken], DIRECT_CHATS - len(firsts)
        )
        chosen = firsts + rest
        for index, (line, person) in enumerate(chosen):
            draft = self._draft(line, [person], service=person.service)
            for script in self.random.sample(DIRECT, self.random.randint(2, 4)):
                self._say(draft, script)
            self._end(draft, index)

    def _end(self, draft: _Draft, index: int) -> None:
        """How a direct chat stands today."""
        person = draft.chat.peer
        silent_tail = 0
        if index < AT_RISK_CHATS:
            silent_tail = AT_RISK_TAIL
        elif index < AT_RISK_CHATS + CRITICAL_CHATS:
            silent_tail = CRITICAL_TAIL
        elif index == AT_RISK_CHATS + CRITICAL_CHATS and person:
            draft.said.append((draft.me, "Shall we send you the list for next month too?"))
            draft.said.append((draft.others[0], "STOP"))
            person.opted_out_at = self.now - timedelta(hours=20)
        first_name = person.first_name if person else ""
        draft.said += [(draft.me, text.format(name=first_name)) for text in FOLLOW_UPS[:silent_tail]]

    def group_chats(self, lines: list[Line], people: list[Person]) -> None:
        """Twelve groups: ten with a name, two where names and members cannot be changed (RCS, SMS)."""
        for index, (service, size) in enumerate(zip(GROUP_SERVICES, GROUP_SIZES, strict=True)):
            able = [person for person in people if person.service == service and person.habits["reachable"]]
            members = self.random.sample(able, size)
            draft = self._draft(lines[index % len(lines)], members, service=service)
            if index < len(GROUP_NAMES):
                draft.chat.display_name, draft.chat.reuse_key = GROUP_NAMES[index], None
            if index in WITH_ICON:
                draft.chat.icon = f"https://images.example.com/groups/{index}.png"
            for script in self.random.sample(GROUP, self.random.randint(4, 6)):
                self._say(draft, script)

    def _draft(self, line: Line, people: list[Person], *, service: str) -> _Draft:
        handles = [person.handle for person in people]
        key = identity(line.phone_number, handles)
        is_group = len(people) > 1
        chat = Chat(
            id=chance.identifier(self.seed, "chat", key),
            line=line,
            is_group=is_group,
            peer=None if is_group else people[0],
            service=groups.service_of([service]),
            reuse_key=key,
        )
        me, *others = [
            Participant(
                id=chance.identifier(self.seed, "participant", key, handle),
                chat=chat,
                person=person,
                handle=handle,
                is_me=person is None,
                service=chat.service,
            )
            for person, handle in [(None, line.phone_number), *((person, person.handle) for person in people)]
        ]
        draft = _Draft(chat, me, others)
        self.drafts.append(draft)
        return draft

    def _say(self, draft: _Draft, script: Iterable[Turn]) -> None:
        peer = draft.chat.peer
        for who, text in script:
            sender = draft.me
            if who == "<":
                sender = draft.others[0]
            elif who.isdigit():
                sender = draft.others[(int(who) - 1) % len(draft.others)]
            draft.said.append((sender, text.format(name=peer.first_name) if peer else text))

    def messages(self) -> None:
        """Give every chat its times and its rows."""
        order = list(range(len(self.drafts)))
        self.random.shuffle(order)
        for place, index in enumerate(order):
            draft = self.drafts[index]
            # The busiest chat spoke minutes ago, the quietest eleven days ago.
            age = timedelta(minutes=4) + timedelta(days=11) * (place / len(order)) ** 1.6
            self._write(draft, self._times(len(draft.said), self.now - age))

    def _times(self, count: int, last: datetime) -> list[datetime]:
        """Moments of a conversation that ended at `last`: minutes within a talk, hours between talks."""
        moments = [last]
        for index in range(count - 1):
            pause = self.random.uniform(40, 400) if index % 7 else self.random.uniform(3, 16) * 3600
            moments.append(moments[-1] - timedelta(seconds=round(pause, 3)))
        return moments[::-1]

    def _write(self, draft: _Draft, times: list[datetime]) -> None:
        chat = draft.chat
        for index, ((sender, text), at) in enumerate(zip(draft.said, times, strict=True)):
            draft.messages.append(self._message(draft, index, sender, text, at))
        self._receipts(draft)
        chat.created_at = times[0] - timedelta(seconds=1)
        chat.updated_at = times[-1]
        ours = [message for message in draft.messages if message.is_from_me]
        chat.outbound, chat.inbound = len(ours), len(draft.messages) - len(ours)
        chat.first_outbound_at = ours[0].created_at if ours else None
        for message, following in pairwise([*draft.messages[::-1], None]):
            if message is None or not message.is_from_me:
                break
            chat.unanswered += 1
            chat.health_at = message.created_at
            if following is None:
                break
        chat.opted_out = not chat.is_group and is_opt_out(draft.said[-1][1])
        if chat.opted_out or not chat.unanswered:
            chat.health_at = times[-1] if chat.opted_out else chat.created_at
        chat.health = health.of(chat).status
        chat.last_sent_at = ours[-1].created_at if ours else None
        for participant in [draft.me, *draft.others]:
            participant.joined_at = chat.created_at

    def _message(self, draft: _Draft, index: int, sender: Participant, text: str, at: datetime) -> Message:
        outbound = sender.is_me
        return Message(
            id=self._id("message", draft, index),
            chat=draft.chat,
            sender=sender,
            is_from_me=outbound,
            parts=[text_part(text)],
            service=draft.chat.service,
            delivery_status="sent" if outbound else "received",
            created_at=at,
            updated_at=at,
            sent_at=at + timedelta(milliseconds=200 if outbound else 0),
            trace_id=self._id("trace", draft, index).hex,
        )

    def _receipts(self, draft: _Draft) -> None:
        """Who has seen what: by service, and for the newest messages by whether anybody answered since."""
        direct = not draft.chat.is_group
        last_inbound = max((m.created_at for m in draft.messages if not m.is_from_me), default=None)
        unreachable = direct and draft.chat.peer is not None and not draft.chat.peer.habits["reachable"]
        for index, message in enumerate(draft.messages):
            at = message.created_at
            if not message.is_from_me:
                message.delivered_at = at
                answered = any(later.is_from_me for later in draft.messages[index + 1 :])
                if direct and draft.chat.service != "SMS" and (answered or self.now - at > UNREAD_WITHIN):
                    message.read_at, message.delivery_status = at + timedelta(minutes=2), "read"
            elif unreachable and index == len(draft.messages) - 1:
                message.delivery_status, message.sent_at = "failed", None
            elif direct and draft.chat.service != "SMS":
                message.delivered_at, message.delivery_status = at + timedelta(seconds=1), "delivered"
                if last_inbound and at < last_inbound:
                    message.read_at, message.delivery_status = at + timedelta(seconds=25), "read"
                    self._maybe_react(draft, message, index)

    def _maybe_react(self, draft: _Draft, message: Message, index: int) -> None:
        if draft.chat.service == "iMessage" and self.random.random() < 0.04:
            self.reactions.append(
                Reaction(
                    id=self._id("reaction", draft, index),
                    message=message,
                    participant=draft.others[0],
                    type=self.random.choice(("love", "like", "laugh")),
                    created_at=message.created_at + timedelta(seconds=40),
                )
            )

    def _id(self, what: str, draft: _Draft, index: int) -> UUID:
        return chance.identifier(self.seed, what, draft.chat.id, index)


def fill(seed: int) -> None:
    """Write the demo world."""
    writer = _Writer(seed)
    lines = make_lines(seed)
    people = writer.people()
    writer.direct_chats(lines, people)
    writer.group_chats(lines, people)
    writer.messages()
    _store(writer, lines, people)


def _store(writer: _Writer, lines: list[Line], people: list[Person]) -> None:
    Person.objects.bulk_create(people)
    Chat.objects.bulk_create([draft.chat for draft in writer.drafts])
    Participant.objects.bulk_create(
        [participant for draft in writer.drafts for participant in [draft.me, *draft.others]]
    )
    Message.objects.bulk_create([message for draft in writer.drafts for message in draft.messages], batch_size=1000)
    Reaction.objects.bulk_create(writer.reactions)
    tally.add(
        tally.Of(
            draft.chat.line_id, message.created_at, sent=int(message.is_from_me), received=int(not message.is_from_me)
        )
        for draft in writer.drafts
        for message in draft.messages
    )
    # Everybody has introduced themselves to the lines they talk to.
    shared: dict[tuple[Any, Any], CardShare] = {}
    for draft in writer.drafts:
        line, since = draft.chat.line, draft.chat.created_at
        for participant in draft.others:
            key = (participant.person_id, line.id)
            shared.setdefault(key, CardShare(person=participant.person, line=line, shared_at=since))
    CardShare.objects.bulk_create(shared.values())
    flagged = lines[-1]
    flagged.reputation = flagged.pinned_reputation = "AT_RISK"
    flagged.save(update_fields=["reputation", "pinned_reputation"])
