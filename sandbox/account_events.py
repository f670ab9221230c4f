"""The `data` of account events: what was changed, by whom and from where (linq-v3, 4.5)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from chats.v3.times import format_time
from sandbox import clock
from sandbox.events import News
from sandbox.models import ContactCard, Line, Subscription


def _news(kind: str, summary: str, trace_id: str, *, phone_number: str = "", **about: Any) -> News:
    """An account event. Without a number it is of the account as a whole, and no filter by numbers holds it back."""
    return News(
        type=kind,
        phone_number=phone_number,
        trace_id=trace_id,
        data={
            "summary": summary,
            "occurred_at": format_time(clock.now()),
            "actor": {"type": "api"},
            "origin": "api",
            **({"phone_number": phone_number} if phone_number else {}),
            **about,
        },
    )


def forwarding_updated(line: Line, old: str | None, trace_id: str) -> News:
    """`phone_number.forwarding_updated`."""
    what = f"forwards to {line.forwarding_number}" if line.forwarding_number else "no longer forwards"
    return _news(
        "phone_number.forwarding_updated",
        f"{line.phone_number} {what}",
        trace_id,
        phone_number=line.phone_number,
        change={"from": old, "to": line.forwarding_number},
    )


def card_created(card: ContactCard, trace_id: str) -> News:
    """`contact_card.created`."""
    return _news(
        "contact_card.created",
        f"Contact card of {card.line.phone_number} created",
        trace_id,
        phone_number=card.line.phone_number,
        contact_card=_card(card),
    )


def card_updated(card: ContactCard, change: dict[str, dict[str, str | None]], trace_id: str) -> News:
    """`contact_card.updated`; `change` has a `from` and a `to` for each field that changed."""
    return _news(
        "contact_card.updated",
        f"Contact card of {card.line.phone_number} updated",
        trace_id,
        phone_number=card.line.phone_number,
        contact_card=_card(card),
        change=change,
    )


def card_deleted(card: ContactCard, trace_id: str) -> News:
    """`contact_card.deleted`: by the remote, together with its line, since the API has no way to do it."""
    news = _news(
        "contact_card.deleted",
        f"Contact card of {card.line.phone_number} deleted",
        trace_id,
        phone_number=card.line.phone_number,
        contact_card=_card(card),
    )
    return replace(news, data={**news.data, "actor": {"type": "system"}, "origin": "linq"})


def _card(card: ContactCard) -> dict[str, str | None]:
    return {
        "id": str(card.id),
        "first_name": card.first_name,
        "last_name": card.last_name,
        "image_url": card.image_url,
    }


def subscription_created(row: Subscription, trace_id: str) -> News:
    """`webhook_subscription.created`, with the events it listens for."""
    return _news(
        "webhook_subscription.created",
        f"Webhook subscription for {_bare(row.target_url)} created",
        trace_id,
        webhook_subscription={**_subscription(row), "events": row.subscribed_events},
    )


def subscription_deleted(row: Subscription, trace_id: str) -> News:
    """`webhook_subscription.deleted`. The subscription itself no longer hears of it."""
    return _news(
        "webhook_subscription.deleted",
        f"Webhook subscription for {_bare(row.target_url)} deleted",
        trace_id,
        webhook_subscription=_subscription(row),
    )


def subscription_changed(before: Subscription, row: Subscription, trace_id: str) -> list[News]:
    """One event for each thing about a subscription that is no longer as it was.

    Assumption (8.2): the value of a routing change is an object of both header names, null when routing is off.
    """
    found: list[News] = []

    def changed(what: str, verb: str, old: Any, new: Any) -> None:
        found.append(
            _news(
                f"webhook_subscription.{what}",
                f"Webhook subscription for {_bare(row.target_url)}: {verb}",
                trace_id,
                webhook_subscription=_subscription(row),
                change={"from": old, "to": new},
            )
        )

    if before.target_url != row.target_url:
        changed("target_url_changed", "address changed", _bare(before.target_url), _bare(row.target_url))
    if before.subscribed_events != row.subscribed_events:
        changed("events.updated", "events changed", before.subscribed_events, row.subscribed_events)
    if before.phone_numbers != row.phone_numbers:
        changed("phone_numbers.updated", "phone numbers changed", before.phone_numbers, row.phone_numbers)
    old, new = _routing(before), _routing(row)
    if old != new:
        what, verb = ("set", "set") if new else ("cleared", "cleared")
        changed(f"routing_headers_{what}", f"routing headers {verb}", old, new)
    if before.is_active != row.is_active:
        verb = "enabled" if row.is_active else "disabled"
        found.append(
            _news(
                f"webhook_subscription.{verb}",
                f"Webhook subscription for {_bare(row.target_url)} {verb}",
                trace_id,
                webhook_subscription=_subscription(row),
            )
        )
    return found


def _routing(row: Subscription) -> dict[str, str | None] | None:
    if row.routing_key_header is None:
        return None
    return {"routing_key_header": row.routing_key_header, "routing_id_header": row.routing_id_header}


def _subscription(row: Subscription) -> dict[str, Any]:
    return {"id": str(row.id), "target_url": _bare(row.target_url)}


def _bare(target_url: str) -> str:
    """An address without credentials, query and fragment, as the remote sends it."""
    address = urlsplit(target_url)
    return urlunsplit((address.scheme, address.netloc.rpartition("@")[2], address.path, "", ""))
