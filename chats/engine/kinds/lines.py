"""What is set for a line, or asked about it. It sends nothing by the line, so it leaves by the account's lane."""

from __future__ import annotations

from functools import partial

from chats import clock, live
from chats.engine import store
from chats.engine.kinds.base import Answer, Handler, Look, Sight
from chats.models import Line, Operation, ReputationAudit
from chats.v3 import resources
from chats.v3.client import Client
from chats.v3.errors import Refused

NO_CARD, HAS_CARD = 2012, 2014
LOST_AUDIT = "The remote no longer has this audit. Start another one."


def _line(operation: Operation) -> Line:
    if operation.line is None:
        raise ValueError("an operation about a line says which")
    return operation.line


class SaveContactCard(Handler):
    """POST or PATCH /v3/contact_card. The answer is the card as it is now."""

    is_confirmed = False

    def call(self, client: Client, operation: Operation) -> Answer:
        line, is_new = _line(operation), not _line(operation).card_first_name
        try:
            card = self._save(client, operation, is_new=is_new)
        except Refused as problem:
            # What we knew of the card was old: the other way is the right one.
            if problem.code not in {NO_CARD, HAS_CARD}:
                raise
            card = self._save(client, operation, is_new=problem.code == NO_CARD)
        return Answer(None, partial(_keep_card, line, card))

    def _save(self, client: Client, operation: Operation, *, is_new: bool) -> resources.ContactCard:
        number, wanted = _line(operation).phone_number, operation.payload
        if is_new:
            return client.contact_cards.create(
                phone_number=number,
                first_name=wanted["first_name"],
                last_name=wanted["last_name"] or None,
                image_url=wanted["image_url"] or None,
            )
        # An empty text takes away what stood there.
        return client.contact_cards.update(
            phone_number=number,
            first_name=wanted["first_name"],
            last_name=wanted["last_name"],
            image_url=wanted["image_url"],
        )

    def look(self, client: Client, operation: Operation) -> Look:
        line, wanted = _line(operation), operation.payload
        try:
            cards = client.contact_cards.retrieve(phone_number=line.phone_number)
        except Refused as problem:
            if problem.code != NO_CARD:
                raise
            cards = []
        for card in cards:
            names = (card.first_name, card.last_name or "", bool(card.image_url))
            if card.is_active and names == (wanted["first_name"], wanted["last_name"], bool(wanted["image_url"])):
                return Look(Sight.THERE, partial(_keep_card, line, card))
        return Look(Sight.NOT_YET)


def _keep_card(line: Line, card: resources.ContactCard) -> None:
    store.save_card(
        line,
        first_name=card.first_name,
        last_name=card.last_name or "",
        image_url=card.image_url or "",
        at=clock.now(),
    )


class SetForwarding(Handler):
    """PUT /v3/phone_numbers/{id}. The answer is the number that calls go to now."""

    is_confirmed = False

    def call(self, client: Client, operation: Operation) -> Answer:
        line = _line(operation)
        wanted = operation.payload["forwarding_number"] or None
        told = client.phone_numbers.update(str(line.remote_id), forwarding_number=wanted)
        return Answer(None, partial(_keep_forwarding, line, told))

    def look(self, client: Client, operation: Operation) -> Look:
        line = _line(operation)
        for told in client.phone_numbers.list():
            if told.id == str(line.remote_id) and (told.forwarding_number or "") == (
                operation.payload["forwarding_number"] or ""
            ):
                return Look(Sight.THERE, partial(_keep_forwarding, line, told))
        return Look(Sight.NOT_YET)


def _keep_forwarding(line: Line, told: resources.PhoneNumber) -> None:
    store.save_forwarding(line, told.forwarding_number or "", at=clock.now())


class StartAudit(Handler):
    """POST /v3/phone_numbers/{number}/reputation_audit; done when its report can be read. One runs at a time."""

    def call(self, client: Client, operation: Operation) -> Answer:
        line = _line(operation)
        started = client.reputation_audits.start(line.phone_number)
        return Answer(started.trace_id, partial(_started, line, operation, started))

    def look(self, client: Client, operation: Operation) -> Look:
        audit = ReputationAudit.objects.filter(operation=operation).first()
        if audit is None:
            # Its start was never answered. Asking again names the one that runs.
            return Look(Sight.NOT_YET)
        try:
            told = client.reputation_audits.retrieve(_line(operation).phone_number, audit.remote_id)
        except Refused as problem:
            if problem.status != 404:
                raise
            return Look(Sight.NOT_YET, partial(_failed, audit, LOST_AUDIT), failure=LOST_AUDIT)
        if told.status == "error":
            # The remote's own words stay in the report's row; they may quote anything.
            sentence = "The remote could not finish the audit. Start another one."
            return Look(Sight.NOT_YET, partial(_failed, audit, told.error or sentence), failure=sentence)
        if told.status != "complete":
            return Look(Sight.NOT_YET)
        return Look(Sight.THERE, partial(_complete, audit, told))


def _started(line: Line, operation: Operation, told: resources.ReputationAudit) -> None:
    ReputationAudit.objects.update_or_create(
        line=line,
        remote_id=told.audit_id[:64],
        defaults={"operation": operation},
        create_defaults={"operation": operation, "started_at": clock.now()},
    )
    live.announce("line", line_id=line.pk)


def _complete(audit: ReputationAudit, told: resources.ReputationAudit) -> None:
    audit.status, audit.report = ReputationAudit.Status.COMPLETE, told.report or {}
    audit.generated_at = told.generated_at or clock.now()
    audit.save(update_fields=["status", "report", "generated_at"])
    live.announce("line", line_id=audit.line_id)


def _failed(audit: ReputationAudit, sentence: str) -> None:
    audit.status, audit.error = ReputationAudit.Status.ERROR, sentence[:500]
    audit.save(update_fields=["status", "error"])
    live.announce("line", line_id=audit.line_id)
