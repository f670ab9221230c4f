"""Tags of the console's pages: icons, badges, avatars and times.

Every badge carries an icon and a word, so that no state is told by colour alone. Every time is
written by the server relative to the one clock, and `time.js` keeps it true in the reader's zone.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple
from zlib import crc32

import phonenumbers
from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from chats import clock

register = template.Library()

AVATAR_COLOURS = 8


class Look(NamedTuple):
    """How a state is shown: the word, the icon's name in `icons.svg`, the tone of its colours."""

    word: str
    icon: str
    tone: str


# How far a message came. The words are the remote's (DeliveryStatus).
DELIVERY = {
    "pending": Look("Pending", "clock", "muted"),
    "queued": Look("Queued", "clock", "muted"),
    "sent": Look("Sent", "check", "info"),
    "delivered": Look("Delivered", "check-double", "ok"),
    "read": Look("Read", "eye", "ok"),
    "received": Look("Received", "arrow-in", "muted"),
    "failed": Look("Failed", "alert", "bad"),
}

# Where an operation stands.
OPERATION = {
    "queued": Look("Queued", "clock", "muted"),
    "sending": Look("Sending", "send", "info"),
    "accepted": Look("Accepted", "check", "info"),
    "confirmed": Look("Confirmed", "check-double", "ok"),
    "failed": Look("Failed", "alert", "bad"),
    "unknown": Look("Outcome unknown", "question", "warn"),
    "cancelled": Look("Cancelled", "ban", "muted"),
}

# What the remote says of a chat's health, or of a line's reputation. Empty: it has not said.
HEALTH = {
    "HEALTHY": Look("Healthy", "heart", "ok"),
    "AT_RISK": Look("At risk", "warning", "warn"),
    "CRITICAL": Look("Critical", "alert", "bad"),
    "OPTED_OUT": Look("Opted out", "ban", "bad"),
    "": Look("No health yet", "minus", "muted"),
}

# How a message travels. Empty: the remote has not decided.
SERVICE = {
    "iMessage": Look("iMessage", "bubble", "info"),
    "RCS": Look("RCS", "bubble", "ok"),
    "SMS": Look("SMS", "bubble", "muted"),
    "": Look("No service yet", "minus", "muted"),
}


# A phone number as the remote writes it, wherever it stands in a name or a sentence.
_E164 = re.compile(r"(?<![\w+])\+[1-9][0-9]{6,14}(?!\w)")


@register.filter
def readable(value: object) -> str:
    """The text with its phone numbers written for the eye: "+12025550101" becomes "+1 202 555 0101".

    For reading only. What is searched, copied or sent stays as the remote writes it.
    """
    return _E164.sub(lambda found: _spaced(found.group()), str(value))


@lru_cache(maxsize=4096)
def _spaced(number: str) -> str:
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:  # a country code that nobody has
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL).replace("-", " ")


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """An icon of the sprite. Without a label it is decoration, and screen readers skip it."""
    address = f"{static('chatdeck/icons.svg')}#{name}"
    if label:
        return format_html('<svg class="icon" role="img" aria-label="{}"><use href="{}"></use></svg>', label, address)
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}"></use></svg>', address)


def _badge(look: Look, state: str, quiet: bool) -> SafeString:
    return format_html(
        '<span class="badge badge-{}{}" data-state="{}">{}<span>{}</span></span>',
        look.tone,
        " badge-quiet" if quiet else "",
        state,
        icon(look.icon),
        look.word,
    )


@register.simple_tag
def badge(word: str, tone: str = "muted", icon: str = "dot", quiet: bool = False) -> SafeString:
    """A badge for anything else. Tones: ok, warn, bad, info, muted, accent. `quiet` leaves out the background."""
    return _badge(Look(word, icon, tone), "", quiet)


@register.simple_tag
def delivery_badge(state: str, quiet: bool = False) -> SafeString:
    """How far a message came: pending, queued, sent, delivered, read, received, failed."""
    return _badge(DELIVERY[state], state, quiet)


@register.simple_tag
def operation_badge(state: str, quiet: bool = False) -> SafeString:
    """Where an operation stands: queued, sending, accepted, confirmed, failed, unknown, cancelled."""
    return _badge(OPERATION[state], state, quiet)


@register.simple_tag
def health_badge(status: str | None, quiet: bool = False) -> SafeString:
    """A chat's health or a line's reputation; empty when the remote has not said.

    A value that the remote invents later is shown as it came.
    """
    status = status or ""
    return _badge(HEALTH.get(status) or Look(status, "question", "muted"), status, quiet)


@register.simple_tag
def service_badge(service: str | None, quiet: bool = False) -> SafeString:
    """iMessage, RCS, SMS; empty when not decided. An unknown one is shown as it came."""
    service = service or ""
    return _badge(SERVICE.get(service) or Look(service, "bubble", "muted"), service, quiet)


def initials(name: str) -> str:
    """One or two letters for an avatar: of the first and last word, or nothing for a bare number."""
    words = [word for word in name.split() if word[0].isalpha()]
    if not words:
        return ""
    letters = words[0][0] + (words[-1][0] if len(words) > 1 else "")
    return letters.upper()


@register.simple_tag
def avatar(name: str, seed: object = "", size: str = "", group: bool = False) -> SafeString:
    """A round sign for a person or a group. `seed` (an id or handle) keeps the colour when the name changes.

    Sizes: "sm" 24 px, "" 36 px, "lg" 56 px. The name stands beside it, so screen readers skip the sign.
    """
    letters = "" if group else initials(name)
    colour = crc32(str(seed or name).encode()) % AVATAR_COLOURS
    return format_html(
        '<span class="avatar avatar-{}{}" aria-hidden="true">{}</span>',
        colour,
        f" avatar-{size}" if size else "",
        letters or icon("groups" if group else "person"),
    )


def relative(moment: datetime, now: datetime) -> str:
    """A moment as people say it: "now", "5 min ago", "in 3 h", "2 d ago"; from a week on, the date."""
    seconds = (now - moment).total_seconds()
    distance = abs(seconds)
    if distance < 45:
        return "now"
    if distance < 3600:
        text = f"{max(1, int(distance // 60))} min"
    elif distance < 86400:
        text = f"{int(distance // 3600)} h"
    elif distance < 7 * 86400:
        text = f"{int(distance // 86400)} d"
    else:
        local = timezone.localtime(moment)
        return f"{local.day} {local:%b}" if local.year == timezone.localtime(now).year else f"{local.day} {local:%b %Y}"
    return f"{text} ago" if seconds > 0 else f"in {text}"


def _time(moment: datetime | None, form: str, text: str) -> SafeString:
    if moment is None:
        return format_html('<span class="none">{}</span>', "–")
    utc, local = moment.astimezone(UTC), timezone.localtime(moment)
    return format_html(
        '<time datetime="{}" title="{}" data-time="{}">{}</time>',
        utc.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        f"{local.day} {local:%b %Y, %H:%M:%S %Z}",
        form,
        text,
    )


@register.simple_tag
def ago(moment: datetime | None) -> SafeString:
    """A relative time, exact on hover. A dash for None."""
    return _time(moment, "ago", relative(moment, clock.now()) if moment else "")


@register.simple_tag
def at(moment: datetime | None, form: str = "exact") -> SafeString:
    """A fixed time: "time" (14:05), "day" (Friday 3 July), "exact" (3 Jul 2026, 14:05:09).

    The server writes it in the zone that the browser told before (`chats.admin.zones`), else in UTC; `time.js`
    turns it into the browser's.
    """
    if moment is None:
        return _time(None, form, "")
    local = timezone.localtime(moment)
    this_year = timezone.localtime(clock.now()).year
    texts = {
        "time": f"{local:%H:%M}",
        "day": f"{local:%A} {local.day} {local:%B}" + ("" if local.year == this_year else f" {local.year}"),
        "exact": f"{local.day} {local:%b %Y, %H:%M:%S}",
    }
    return _time(moment, form, texts[form])


@register.simple_tag
def moment_now() -> str:
    """The one clock's time, for `time.js`: the page counts from it, not from the reader's own clock."""
    return clock.now().astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
