"""Checks of what an address can receive (linq-v3, 1.9)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from rest_framework.request import Request
from rest_framework.response import Response

from chats.v3.handles import is_email
from sandbox import limits, world
from sandbox.api import base
from sandbox.api.errors import ApiError
from sandbox.models import Line, Person
from sandbox.people import habits

# what stands in the way of a check for RCS, by what the control API set for the line
RCS_FAULTS = {
    "off": (4004, "RCS is switched off on this line"),
    "no_account": (4009, "This line has no RCS account"),
    "failing": (4010, "The check could not be carried out"),
}


class CheckIMessage(base.ApiView):
    """POST /v3/capability/check_imessage."""

    def post(self, request: Request) -> Response:
        """Whether a number or e-mail address can be reached by iMessage."""
        body = base.json_object(request)
        address = base.handle(body.get("address"), "address")
        _line(body)
        _count()
        person = _person(address)
        return Response(_answer(address, person, _reachable(person) and person.service == "iMessage"))


class CheckRcs(base.ApiView):
    """POST /v3/capability/check_rcs."""

    def post(self, request: Request) -> Response:
        """Whether a number can be reached by RCS. Every 503 means that it is not known."""
        body = base.json_object(request)
        if is_email(body.get("address")):
            # Assumption (8.2 3): the code of a handle that is no phone number.
            raise ApiError(1002, "address: RCS knows phone numbers only")
        address = base.phone(body.get("address"), "address")
        line = _line(body)
        _count()
        if line.rcs in RCS_FAULTS:
            code, message = RCS_FAULTS[line.rcs]
            raise ApiError(code, message, status=503)
        person = _person(address)
        # Whoever has iMessage here has a phone that also knows RCS, as in groups.
        return Response(_answer(address, person, _reachable(person) and person.service in {"iMessage", "RCS"}))


def _line(body: Mapping[str, Any]) -> Line:
    """The line to check from: the one named, or the first that can send."""
    if body.get("from") is None:
        line = Line.objects.order_by("status", "phone_number").first()
    else:
        line = Line.objects.filter(phone_number=base.phone(body["from"], "from")).first()
    if line is None:
        raise ApiError(2006, "You cannot send from this number")
    return line


def _count() -> None:
    # Assumption (8.2 8): both kinds of check share one allowance of the account.
    with transaction.atomic():
        limits.spend(limits.CAPABILITY, "account")


def _person(address: str) -> Person:
    """Who is behind an address; a stranger stays one, and is the same when they are met."""
    found = Person.objects.filter(handle=address).first()
    return found or habits.new_person(address, world.current().seed)


def _reachable(person: Person) -> bool:
    return habits.of(person).reachable


def _answer(address: str, person: Person, available: bool) -> dict[str, Any]:
    answer: dict[str, Any] = {"address": address, "available": available}
    if not available:
        answer["reason"] = "not_supported"
    if _reachable(person):
        answer["selected_service"] = person.service
    return answer
