"""People share their contact cards.

Assumption (8.2): the API has no names for people, so simulated people introduce themselves. Whoever has shared
their card with a line does so again, once, when a new webhook subscription that wants `contact_card.received`
is created; the events go to that subscription only.
"""

from __future__ import annotations

from collections.abc import Sequence

from sandbox import alarms, clock, happenings, ids
from sandbox.event_shapes import card_news
from sandbox.events import tell
from sandbox.happenings import Payload, handles, happening
from sandbox.models import CardShare, Subscription

EVENT = "contact_card.received"
DELAY = 0.5


def introduce_to(subscription: Subscription) -> None:
    """Plan the introductions to a new subscription."""
    if EVENT in subscription.subscribed_events:
        at = alarms.later(clock.now(), DELAY)
        happenings.plan([happening("people.introduce", at, subscription=str(subscription.id))])


@handles("people.introduce")
def _introduce(payloads: Sequence[Payload]) -> None:
    for payload in payloads:
        subscription = Subscription.objects.filter(id=payload["subscription"], is_active=True).first()
        if subscription is not None:
            # Who shared theirs since then was heard already.
            earlier = CardShare.objects.filter(shared_at__lte=subscription.created_at)
            shares = earlier.select_related("person", "line").order_by("id")
            tell(
                [card_news(share.person, share.line.phone_number, ids.trace()) for share in shares],
                only=subscription,
            )
