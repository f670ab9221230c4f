"""What the inbox shows and searches of a chat: its title, and the words that find it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable

from django.db import connection, transaction

from chats.models import Chat, Handle, Participant

# Shorter pieces of a number would find half of all chats.
SHORTEST_NUMBER_PIECE = 3


@transaction.atomic(savepoint=False)
def refresh(chat_ids: Collection[int]) -> None:
    """Work out title and search words of these chats again, after names or participants changed.

    A piece from anywhere in a phone number finds it, because every tail of the number is a word of
    its own and the search matches the beginnings of words.
    """
    if not chat_ids:
        return
    chats = lock(chat_ids)
    people: dict[int, list[Handle]] = defaultdict(list)
    rows = (
        Participant.objects.filter(chat__in=chat_ids, is_me=False)
        .exclude(status=Participant.Status.REMOVED)
        .select_related("handle__contact")
        .order_by("id")
    )
    for row in rows:
        people[row.chat_id].append(row.handle)
    ids, titles, words = [], [], []
    for chat in chats:
        title = title_of(chat.display_name, chat.is_group, people[chat.pk])
        ids.append(chat.pk)
        titles.append(title[:400])
        words.append(" ".join(_words(title, chat.display_name if chat.is_group else "", people[chat.pk])))
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE chats_chat SET title = fresh.title, search = to_tsvector('simple', fresh.words)
            FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS fresh(id, title, words)
            WHERE chats_chat.id = fresh.id
            """,
            [ids, titles, words],
        )


def lock(chat_ids: Collection[int]) -> list[Chat]:
    """Lock several chats, always in the order of their ids, so that two writers never wait for each other."""
    rows = Chat.objects.select_for_update(no_key=True).filter(pk__in=chat_ids).order_by("pk")
    return list(rows.only("pk", "line_id", "display_name", "is_group"))


def title_of(display_name: str, is_group: bool, people: Collection[Handle]) -> str:
    """A group's own name, or the names of the people in it.

    The remote fills `display_name` with the handles, separated by commas, when nobody chose a name
    (linq-v3, 1.1); our names for those handles read better.
    """
    names = ", ".join(str(handle) for handle in people)
    if is_group and display_name and not is_list_of_handles(display_name):
        return display_name
    return names or display_name


def is_list_of_handles(display_name: str) -> bool:
    """True for the name that the remote gives a group nobody named: its handles, separated by commas."""
    return all(piece.strip().startswith("+") or "@" in piece for piece in display_name.split(","))


def _words(title: str, display_name: str, people: Iterable[Handle]) -> Iterable[str]:
    names = [title, display_name, *(handle.contact.name for handle in people if handle.contact is not None)]
    for name in dict.fromkeys(names):
        yield name
        # PostgreSQL takes "24/7" for a path and keeps it whole; whoever searches may write any of its pieces.
        if "/" in name:
            yield name.replace("/", " ")
    for handle in people:
        yield handle.value
        if handle.value.startswith("+"):
            digits = handle.value[1:]
            yield from (digits[start:] for start in range(len(digits) - SHORTEST_NUMBER_PIECE + 1))
        else:
            yield handle.value.replace("@", " ").replace(".", " ")
