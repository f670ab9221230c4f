"""Webhook events and subscriptions."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from copy import copy
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.db import IntegrityError, transaction
from rest_framework.request import Request
from rest_framework.response import Response

from chats.v3.envelope import EVENT_TYPES
from chats.v3.signatures import new_secret
from sandbox import account_events, clock
from sandbox.api import base, shapes
from sandbox.api.errors import ApiError
from sandbox.events import tell
from sandbox.fetching import is_loopback
from sandbox.models import RoutingToken, Subscription
from sandbox.people import cards
from sandbox.versions import NEW_VERSION, OLD_VERSION

DOC_URL = "https://docs.linqapp.com/channel/imessage/guides/webhooks/events"
HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")


class WebhookEvents(base.ApiView):
    """GET /v3/webhook-events."""

    def get(self, request: Request) -> Response:
        """The names of all events."""
        return Response({"events": sorted(EVENT_TYPES), "doc_url": DOC_URL})


class Subscriptions(base.ApiView):
    """GET and POST /v3/webhook-subscriptions."""

    def get(self, request: Request) -> Response:
        """All subscriptions, without their secrets."""
        rows = Subscription.objects.order_by("created_at", "id")
        return Response({"subscriptions": [shapes.subscription(row) for row in rows]})

    def post(self, request: Request) -> Response:
        """A new subscription; only this answer has its signing secret."""
        body = base.json_object(request)
        for name in ("target_url", "subscribed_events"):
            if body.get(name) is None:
                raise ApiError(1001, f"{name} is required")
        row = Subscription(secret=new_secret())
        _apply(row, {key: value for key, value in body.items() if key != "is_active"})
        with transaction.atomic():
            _save(row)
            cards.introduce_to(row)
            tell([account_events.subscription_created(row, base.trace_id(request))])
        return Response({**shapes.subscription(row), "signing_secret": row.secret}, status=201)


class OneSubscription(base.ApiView):
    """GET, PUT and DELETE /v3/webhook-subscriptions/{subscriptionId}."""

    def get(self, request: Request, subscription_id: str) -> Response:
        """One subscription, without its secret."""
        return Response(shapes.subscription(_find(subscription_id)))

    def put(self, request: Request, subscription_id: str) -> Response:
        """Change what is named; what is not named stays."""
        with transaction.atomic():
            row = _find(subscription_id, lock=True)
            before = copy(row)
            _apply(row, base.json_object(request))
            row.updated_at = clock.now()
            _save(row)
            if row.routing_key_header != before.routing_key_header:
                RoutingToken.objects.filter(subscription=row).delete()  # learnt under another name
            tell(account_events.subscription_changed(before, row, base.trace_id(request)))
        return Response(shapes.subscription(row))

    def delete(self, request: Request, subscription_id: str) -> Response:
        """Stop at once; the secret is gone."""
        with transaction.atomic():
            row = _find(subscription_id, lock=True)
            gone = account_events.subscription_deleted(row, base.trace_id(request))
            row.delete()
            tell([gone])
        return Response(status=204)


def _find(subscription_id: str, *, lock: bool = False) -> Subscription:
    rows = Subscription.objects.select_for_update() if lock else Subscription.objects.all()
    row = rows.filter(id=base.identifier(subscription_id, "subscriptionId")).first()
    if row is None:
        raise ApiError(2010, "Webhook subscription not found")
    return row


def _save(row: Subscription) -> None:
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        # Assumption (8.2 3): no code is documented for a target that is taken.
        raise ApiError(1005, "There is already a subscription for this target_url") from None


def _apply(row: Subscription, body: Mapping[str, Any]) -> None:
    for name, read in _FIELDS.items():
        if name in body:
            setattr(row, name, read(body[name]))
    if "target_url" in body:
        row.version = _version(row.target_url)


def _target(value: object) -> str:
    if not isinstance(value, str) or len(value) > 2048 or not value.isprintable():
        raise ApiError(1005, "target_url must be an address of at most 2048 characters")
    try:
        address = urlsplit(value)
        host, _ = address.hostname or "", address.port
    except ValueError:
        raise ApiError(1005, "target_url is not an address") from None
    # Loopback is where a sandbox's listeners are, so there plain http is taken too.
    if is_loopback(host):
        if address.scheme not in {"http", "https"}:
            raise ApiError(1005, "target_url must be http or https")
    elif address.scheme != "https" or not host:
        raise ApiError(1005, "target_url must be https")
    elif _is_private(host):
        raise ApiError(1005, "target_url must be public")
    return value


def _is_private(host: str) -> bool:
    if host.rstrip(".").endswith((".localhost", ".local", ".internal")):
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return False


def _version(target_url: str) -> str:
    named = parse_qs(urlsplit(target_url).query).get("version")
    if not named:
        return NEW_VERSION
    if named[-1] not in {OLD_VERSION, NEW_VERSION}:
        raise ApiError(1005, f"version must be {OLD_VERSION} or {NEW_VERSION}")
    return named[-1]


def _events(value: object) -> list[str]:
    if not isinstance(value, list) or not value:
        raise ApiError(1005, "subscribed_events must name at least one event")
    unknown = [each for each in value if not isinstance(each, str) or each not in EVENT_TYPES]
    if unknown:
        raise ApiError(1005, f"There is no event called {unknown[0]}")
    return list(dict.fromkeys(value))


def _phone_numbers(value: object) -> list[str] | None:
    if value is None or value == []:
        return None
    if not isinstance(value, list):
        raise ApiError(1003, "phone_numbers must be a list")
    return [base.phone(each, "phone_numbers") for each in value]


def _active(value: object) -> bool:
    if not isinstance(value, bool):
        raise ApiError(1003, "is_active must be true or false")
    return value


def _header(value: object) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not HEADER_NAME.fullmatch(value):
        raise ApiError(1005, "A routing header must be the name of an HTTP header")
    return value


_FIELDS: dict[str, Callable[[object], Any]] = {
    "target_url": _target,
    "subscribed_events": _events,
    "phone_numbers": _phone_numbers,
    "is_active": _active,
    "routing_key_header": _header,
    "routing_id_header": _header,
}
