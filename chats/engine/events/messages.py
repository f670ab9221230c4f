"""Events of messages: on their way, arrived, read, failed, edited, reacted to."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q, QuerySet

from chats import clock, live
from chats.engine import breaker, delivery, inflow, media, news, pacing, settle, store
from chats.engine.events import confirm, find
from chats.models import Chat, Handle, LineFailure, Message, Operation, Reaction, WebhookEvent
from chats.models.common import Service
from chats.models.operation import Kind, State
from chats.v3 import content, events

Status = Message.Status
_STAGE = {"message.sent": Status.SENT, "message.delivered": Status.DELIVERED, "message.read": Status.READ}


def message_moved(event: WebhookEvent) -> None:
    """message.sent, .received, .delivered, .read: one row per message, whichever of these comes first."""
    envelope = find.envelope_of(event)
    told = events.read_message(envelope)
    chat = find.chat_of(event, told.chat_id)
    message = _find(chat, told)
    created = message is None
    if message is None:
        message = _create(chat, told, event)
        media.expect([message])
    if message.is_ours:
        _move(message, event.event_type, told)
        _confirm(message)
    elif told.trace_id and not message.trace_id:
        # One that was fetched before its event came: a reading tells no trace id.
        message.trace_id = told.trace_id[:64]
        message.save(update_fields=["trace_id"])
    if told.health_status is not None:
        changed = store.apply_health(chat, told.health_status)
        if changed:
            chat.save(update_fields=changed)
    inflow.show_as_latest(chat, message)
    if not message.is_ours and message.heard_at is None and (created or _is_first_word(event, told)):
        news.heard_from(chat, message)
    live.announce("message", line_id=chat.line_id, chat_id=chat.pk, message_id=message.pk)


def message_failed(event: WebhookEvent) -> None:
    """message.failed: the end of a message, unless it is delivered after all."""
    told = events.read_failed(find.envelope_of(event))
    message = _known(event, told.message_id, told.chat_id)
    at = told.failed_at or event.happened_at or clock.now()
    changed = delivery.fail(message, sentence=told.sentence, code=told.code, at=at)
    if changed:
        message.trace_id = (told.trace_id or message.trace_id)[:64]
        message.save(update_fields=[*changed, "trace_id"])
    if message.delivery_status != Status.FAILED:
        return
    operation = Operation.objects.select_for_update().filter(message=message).first()
    if operation is not None and operation.state not in {State.CANCELLED, State.FAILED}:
        breaker.failed(operation, kind=LineFailure.Kind.UNDELIVERED, code=told.code, sentence=told.sentence)
        settle.fail(operation, sentence=told.sentence, code=told.code, trace_id=told.trace_id)
    live.announce("message", line_id=message.chat.line_id, chat_id=message.chat_id, message_id=message.pk)


def message_edited(event: WebhookEvent) -> None:
    """message.edited: the new text of one part, unless a later edit is known already."""
    told = events.read_edited(find.envelope_of(event))
    message = _known(event, told.message_id, told.chat_id)
    at = told.edited_at or event.happened_at or clock.now()
    if message.is_ours:
        edits = Operation.objects.filter(about=message, kind=Kind.EDIT_MESSAGE, payload__part_index=told.part_index)
        # A line that keeps nothing does not say the words (linq-v3, 3.6).
        confirm.oldest(edits if told.zero_retention else edits.filter(payload__text=told.text))
    if message.edited_at is not None and at < message.edited_at:
        return
    if not told.zero_retention and told.part_index < len(message.parts):
        message.parts[told.part_index]["value"] = told.text
        message.text = content.plain_text(message.parts)
    message.edited_at = at
    message.save(update_fields=["parts", "text", "edited_at"])
    inflow.show_as_latest(message.chat, message)
    live.announce("message", line_id=message.chat.line_id, chat_id=message.chat_id, message_id=message.pk)


def reaction_added(event: WebhookEvent) -> None:
    told = events.read_reaction(find.envelope_of(event))
    message = _known(event, told.message_id, told.chat_id)
    wanted = _reaction(message, told)
    if not _is_taken_back(wanted, told):
        row = _same(wanted).first() or wanted
        row.reacted_at = max(filter(None, (row.reacted_at, wanted.reacted_at)), default=None)
        row.save()
    _confirm_reaction(Kind.ADD_REACTION, wanted)
    live.announce("message", line_id=message.chat.line_id, chat_id=message.chat_id, message_id=message.pk)


def reaction_removed(event: WebhookEvent) -> None:
    told = events.read_reaction(find.envelope_of(event))
    message = _known(event, told.message_id, told.chat_id)
    wanted = _reaction(message, told)
    rows = _same(wanted)
    if wanted.reacted_at is not None:
        # One that was put back since stays.
        rows = rows.filter(Q(reacted_at__isnull=True) | Q(reacted_at__lte=wanted.reacted_at))
    rows.delete()
    _confirm_reaction(Kind.REMOVE_REACTION, wanted)
    live.announce("message", line_id=message.chat.line_id, chat_id=message.chat_id, message_id=message.pk)


def _find(chat: Chat, told: events.MessageEvent) -> Message | None:
    """Our row of this message, by the remote's id or by the key it left with; the chat is locked by the caller."""
    if store.uuid_of(told.message_id) is None:
        raise find.Unusable("The event does not name a message.")
    rows = Message.objects.select_for_update(no_key=True)
    if told.idempotency_key:
        message = rows.filter(key=told.idempotency_key, chat=chat).first()
        if message is not None:
            # A reading of the chat may have made a second row of it already; the two are joined here.
            inflow.attach(message, told.message_id)
            return message
    return rows.filter(remote_id=told.message_id).first()


def _create(chat: Chat, told: events.MessageEvent, event: WebhookEvent) -> Message:
    """A message that we hear of first from the event: somebody wrote, or another program sent by this line."""
    ours = told.direction == "outbound"
    at = told.sent_at or event.happened_at or clock.now()
    if ours and not chat.is_group:
        note_first_contact(chat, at=at)
    return Message.objects.create(
        chat=chat,
        remote_id=told.message_id,
        direction=Message.Direction.OUTBOUND if ours else Message.Direction.INBOUND,
        sender=store.handle_of(told.sender_handle) if told.sender_handle else None,
        parts=told.parts,
        text=content.plain_text(told.parts),
        effect={"name": told.effect.name, "type": told.effect.type} if told.effect else None,
        reply_to_remote_id=store.uuid_of(told.reply_to.message_id) if told.reply_to else None,
        reply_to_part=told.reply_to.part_index if told.reply_to else 0,
        service=store.known(told.service, Service),
        preferred_service=(told.preferred_service or "")[:10],
        delivery_status=Status.PENDING if ours else Status.RECEIVED,
        happened_at=at,
        sent_at=told.sent_at,
        reconciled_at=told.reconciled_at,
        trace_id=(told.trace_id or "")[:64],
    )


def note_first_contact(chat: Chat, *, at: datetime) -> None:
    """Another program wrote in a direct chat: a person who is new to the line counts at the remote, so also here."""
    person = Handle.objects.filter(participations__chat=chat, participations__is_me=False).first()
    if person is None:
        return
    known = Message.objects.filter(chat=chat).values_list("direction", flat=True)
    if not known.exists() and chat.remote_created_at is not None:
        # The chat began with a word of ours; it may be an old one, whose messages have vanished.
        at = min(at, chat.remote_created_at)
    pacing.meet(chat.line, person, at=at)


def _move(message: Message, event_type: str, told: events.MessageEvent) -> None:
    changed = []
    for status, at in ((Status.SENT, told.sent_at), (Status.DELIVERED, told.delivered_at), (Status.READ, told.read_at)):
        if at is not None:
            changed += delivery.advance(message, status, at=at)
    changed += delivery.advance(message, _STAGE.get(event_type, Status.SENT))
    service = store.known(told.service, Service)
    if service and message.service != service:
        message.service = service
        changed.append("service")
    if told.trace_id and not message.trace_id:
        # That of the request which sent it, when its answer never came.
        message.trace_id = told.trace_id[:64]
        changed.append("trace_id")
    if changed:
        message.save(update_fields=sorted(set(changed)))


def _confirm(message: Message) -> None:
    """The remote speaks of this message, so it has it, whatever became of the answer to our call."""
    operation = (
        Operation.objects.select_for_update()
        .filter(message=message)
        .exclude(state__in=[State.CONFIRMED, State.CANCELLED])
        .first()
    )
    if operation is not None and message.delivery_status != Status.FAILED:
        operation.trace_id = operation.trace_id or message.trace_id
        settle.confirm(operation)


def _is_first_word(event: WebhookEvent, told: events.MessageEvent) -> bool:
    """Whether this is the first event to say that this message came in.

    The row may be older than its event: a sync, or an event about it that was faster, had it fetched.
    """
    if event.event_type != "message.received":
        return False
    heard = WebhookEvent.objects.filter(
        chat=event.chat, event_type="message.received", state=WebhookEvent.State.PROCESSED
    )
    names_it = Q(payload__data__id=told.message_id) | Q(payload__data__message__id=told.message_id)
    return not heard.filter(names_it).exists()


def _known(event: WebhookEvent, message_id: str, chat_id: str | None) -> Message:
    """The message that the event is about, its chat locked.

    Raises `UnknownMessage` for one that we do not have: its own event may still be on its way.
    """
    wanted = store.uuid_of(message_id)
    if wanted is None:
        raise find.Unusable("The event does not name a message.")
    if chat_id is not None:
        find.chat_of(event, chat_id)
    message = Message.objects.filter(remote_id=wanted).first()
    if message is None:
        raise find.UnknownMessage(message_id)
    find.chat_of(event, str(message.chat.remote_id))
    return Message.objects.select_for_update(no_key=True, of=("self",)).select_related("chat").get(pk=message.pk)


def _reaction(message: Message, told: events.ReactionEvent) -> Reaction:
    return Reaction(
        message=message,
        part_index=told.part_index,
        handle=store.handle_of(told.handle) if told.handle else None,
        is_me=told.is_from_me,
        type=told.type[:20],
        custom_emoji=(told.custom_emoji or "")[:40],
        remote_id=inflow.reaction_id(told.type, told.reaction_id),
        reacted_at=told.reacted_at,
    )


def _confirm_reaction(kind: Kind, told: Reaction) -> None:
    """Confirm our own wish for what an event of ours tells."""
    if told.is_me:
        confirm.oldest(
            Operation.objects.filter(
                about=told.message,
                kind=kind,
                payload__part_index=told.part_index,
                payload__type=told.type,
                payload__custom_emoji=told.custom_emoji,
            )
        )


def _same(wanted: Reaction) -> QuerySet[Reaction]:
    """The row of this reaction, whether or not it carries the same times."""
    return Reaction.objects.filter(
        message=wanted.message,
        part_index=wanted.part_index,
        handle=wanted.handle,
        type=wanted.type,
        custom_emoji=wanted.custom_emoji,
        remote_id=wanted.remote_id,
    )


def _is_taken_back(wanted: Reaction, told: events.ReactionEvent) -> bool:
    """Whether the event that takes this reaction back was faster than this one."""
    removals = WebhookEvent.objects.filter(
        chat=wanted.message.chat_id,
        event_type="reaction.removed",
        state=WebhookEvent.State.PROCESSED,
        payload__data__message_id=told.message_id,
    )
    for removal in removals:
        other = events.read_reaction(find.envelope_of(removal))
        same = (other.part_index, other.type, other.custom_emoji, other.handle) == (
            told.part_index,
            told.type,
            told.custom_emoji,
            told.handle,
        )
        if same and other.reacted_at and told.reacted_at and other.reacted_at >= told.reacted_at:
            return True
    return False
