"""What is shown or asked within a chat beside messages: typing, our contact card, where people are."""

from __future__ import annotations

from functools import partial

from chats import clock
from chats.engine import locations
from chats.engine.kinds.base import Answer, Handler, Look, Sight
from chats.engine.kinds.messages import chat_id_of, chat_of
from chats.models import Chat, Operation
from chats.v3.client import Client
from chats.v3.errors import Refused


class _Typing(Handler):
    """Best effort: tried once, within seconds, and never again (linq-v3, 1.2)."""

    may_be_repeated = False
    is_confirmed = False
    most_attempts = 1

    def look(self, client: Client, operation: Operation) -> Look:
        return Look(Sight.NOT_YET)


class StartTyping(_Typing):
    """POST /v3/chats/{id}/typing."""

    def call(self, client: Client, operation: Operation) -> Answer:
        return Answer(client.typing.start(chat_id_of(operation)).trace_id)


class StopTyping(_Typing):
    """DELETE /v3/chats/{id}/typing."""

    def call(self, client: Client, operation: Operation) -> Answer:
        return Answer(client.typing.stop(chat_id_of(operation)).trace_id)


class ShareContactCard(Handler):
    """POST /v3/chats/{id}/share_contact_card. Nothing tells whether they saved it; twice prompts them once."""

    is_confirmed = False
    most_attempts = 5

    def call(self, client: Client, operation: Operation) -> Answer:
        answer = client.chats.share_contact_card(chat_id_of(operation))
        return Answer(answer.trace_id, partial(_note_card, chat_of(operation).pk))

    def look(self, client: Client, operation: Operation) -> Look:
        return Look(Sight.NOT_YET)


def _note_card(chat_id: int) -> None:
    Chat.objects.filter(pk=chat_id).update(card_shared_at=clock.now())


class RequestLocation(Handler):
    """POST /v3/chats/{id}/location/request. Whether they agree, location.sharing.started tells, or nothing does."""

    is_confirmed = False
    most_attempts = 5

    def call(self, client: Client, operation: Operation) -> Answer:
        return Answer(client.location.request(chat_id_of(operation)).trace_id)

    def look(self, client: Client, operation: Operation) -> Look:
        # They are not asked twice while they already answer.
        places = client.location.retrieve(chat_id_of(operation))
        write = partial(locations.put_places, chat_of(operation).pk, places)
        return Look(Sight.THERE if places else Sight.NOT_YET, write)


class ReadLocation(Handler):
    """GET /v3/chats/{id}/location: where those who share are. It asks them nothing."""

    is_confirmed = False
    most_attempts = 3

    def call(self, client: Client, operation: Operation) -> Answer:
        places = client.location.retrieve(chat_id_of(operation))
        return Answer(None, partial(locations.put_places, chat_of(operation).pk, places))

    def look(self, client: Client, operation: Operation) -> Look:
        return Look(Sight.NOT_YET)


class StopLocation(Handler):
    """DELETE /v3/chats/{id}/location. Confirmed by location.sharing.stopped."""

    def call(self, client: Client, operation: Operation) -> Answer:
        try:
            return Answer(client.location.stop(chat_id_of(operation), operation.payload["handle"]).trace_id)
        except Refused as problem:
            if problem.status != 404:
                raise
            # They do not share any more; the next look sees that.
            return Answer(problem.trace_id)

    def look(self, client: Client, operation: Operation) -> Look:
        places = client.location.retrieve(chat_id_of(operation))
        gone = all(one.handle != operation.payload["handle"] for one in places)
        write = partial(locations.put_places, chat_of(operation).pk, places)
        return Look(Sight.THERE if gone else Sight.NOT_YET, write)
