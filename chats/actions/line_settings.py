"""What the remote keeps for a line: its contact card, where its calls go, why its reputation is what it is."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction

from chats.actions.operations import enqueue, is_pending
from chats.actions.rules import Refused, record, require
from chats.models import Line, Operation
from chats.models.operation import Kind
from chats.v3.card_rules import is_url
from chats.v3.handles import is_phone
from chats.v3.limits import MAX_LINK_LENGTH

MAX_NAME_LENGTH = 255
"""Ours: the remote publishes no limit (linq-v3, 8.2 item 10)."""


def save_contact_card(*, line: Line, first_name: str, last_name: str, image_url: str, by: User) -> Operation:
    """Ask the remote to make or change a line's contact card. It shows here once the remote has it.

    Raises `NotAllowed` without `manage_lines` on the line; `Refused` without a first name, for names that are too
    long, a picture that is not at an https address, while it is being saved, or when nothing would change.
    """
    require(by, "manage_lines", line)
    first_name, last_name, image_url = _words(first_name), _words(last_name), image_url.strip()
    if not first_name:
        raise Refused("Give the card a first name: a person's, or the team's.", field="first_name")
    for field, value in (("first_name", first_name), ("last_name", last_name)):
        if len(value) > MAX_NAME_LENGTH:
            raise Refused(f"A name can have {MAX_NAME_LENGTH} characters at the most.", field=field)
    if image_url and (not is_url(image_url, "https") or len(image_url) > MAX_LINK_LENGTH):
        raise Refused("Give the address of a picture that starts with https://.", field="image_url")
    with transaction.atomic():
        line = Line.objects.select_for_update(no_key=True).get(pk=line.pk)
        if is_pending([Kind.SAVE_CONTACT_CARD], line=line):
            raise Refused("The card is being saved already.")
        if (first_name, last_name, image_url) == (line.card_first_name, line.card_last_name, line.card_image_url):
            raise Refused("The card says this already.", field="first_name")
        after = f"{first_name} {last_name}".strip()
        record(by, "line.card", line=line, target=line.phone_number, before=line.card_name, after=after)
        payload = {"first_name": first_name, "last_name": last_name, "image_url": image_url}
        return enqueue(Kind.SAVE_CONTACT_CARD, line=line, chat=None, by=by, payload=payload)


def set_forwarding(*, line: Line, number: str, by: User) -> Operation:
    """Ask the remote to forward calls to a line to another number; an empty one ends that.

    Raises `NotAllowed` without `manage_lines` on the line; `Refused` for what is no phone number, the line's own,
    the same as now, or while it is being changed.
    """
    require(by, "manage_lines", line)
    if number and not is_phone(number):
        raise Refused("Write the number with its country code, such as +14155550123.", field="number")
    if number == line.phone_number:
        raise Refused("That is the line's own number.", field="number")
    with transaction.atomic():
        line = Line.objects.select_for_update(no_key=True).get(pk=line.pk)
        if is_pending([Kind.SET_FORWARDING], line=line):
            raise Refused("This is being changed already.")
        if number == line.forwarding_number:
            raise Refused("Calls go there already." if number else "Calls are not forwarded.", field="number")
        record(by, "line.forwarding", line=line, target=line.phone_number, before=line.forwarding_number, after=number)
        return enqueue(Kind.SET_FORWARDING, line=line, chat=None, by=by, payload={"forwarding_number": number})


def start_audit(*, line: Line, by: User) -> Operation:
    """Ask the remote to examine why a line's reputation is what it is. Its report comes some time later.

    Raises `NotAllowed` without `manage_lines` on the line, `Refused` while one is under way.
    """
    require(by, "manage_lines", line)
    with transaction.atomic():
        line = Line.objects.select_for_update(no_key=True).get(pk=line.pk)
        if is_pending([Kind.START_AUDIT], line=line):
            raise Refused("An audit of this line is under way already.")
        record(by, "line.audit", line=line, target=line.phone_number)
        return enqueue(Kind.START_AUDIT, line=line, chat=None, by=by)


def _words(text: str) -> str:
    return " ".join(text.replace("\0", "").split())
