"""What members of a group do with the group itself: give it another name, leave it, or put something to the vote."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sandbox import chance, clock, groups, ids, inbound, world
from sandbox.happenings import Payload, handles
from sandbox.models import Chat
from sandbox.people import answers, habits
from sandbox.people.words import GROUP_NAMES, POLLS


@handles("people.move_in_group")
def _move(payloads: Sequence[Payload]) -> None:
    seed = world.current().seed
    for payload in payloads:
        chat = Chat.objects.select_related("line", "peer").filter(id=UUID(payload["chat"]), left_at=None).first()
        members = answers.others([chat.id]).get(chat.id, []) if chat else []
        if chat is None or not members or chat.service != "iMessage":
            continue
        member = chance.one_of(members, seed, "who moves", chat.id, chat.outbound)
        if member.person is None:
            continue
        habit = habits.of(member.person)
        if chance.share(seed, "renames", chat.id, chat.outbound) < habit.renames:
            name = chance.one_of(GROUP_NAMES, seed, "group name", chat.id, chat.outbound)
            groups.rename(chat, name, ids.trace(), by=member.handle)
        elif len(members) >= groups.LEAST_MEMBERS and (
            chance.share(seed, "leaves", chat.id, chat.outbound) < habit.leaves
        ):
            groups.part(chat, member.handle, "left", ids.trace())
        elif chance.share(seed, "polls", chat.id, chat.outbound) < habit.polls:
            options = chance.one_of(POLLS, seed, "poll", chat.id, chat.outbound)
            inbound.receive([inbound.Said(chat, member, "", poll=options)], clock.now())
