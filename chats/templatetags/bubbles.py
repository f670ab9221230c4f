"""Message text as HTML. Whatever a message holds is hostile: it is escaped, and only http(s) becomes a link."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from django import template
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

# A link ends at a blank, at what may stand around it, and at characters that turn the direction of
# writing: those could show an address other than the one it leads to.
_ADDRESS = re.compile(
    r"https?://[^\s<>\"'`{}|\\^\u0000-\u001f\u007f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+", re.I
)
# Belongs to the sentence, not to the address.
_CLOSING = ".,:;!?…)]»”’*_"
MAX_LINK_LENGTH = 2_048


def safe_address(value: object) -> str:
    """The address when it is an http(s) one with a host, else an empty text."""
    if not isinstance(value, str) or len(value) > MAX_LINK_LENGTH or not _ADDRESS.fullmatch(value):
        return ""
    try:
        parts = urlsplit(value)
        port_is_sound = parts.port is None or parts.port > 0
    except ValueError:
        return ""
    return value if parts.hostname and port_is_sound else ""


@register.simple_tag
def outward_link(address: str, text: str = "") -> SafeString:
    """A link to the outside that tells the other side nothing; plain text when the address is not http(s)."""
    safe = safe_address(address)
    if not safe:
        return escape(text or address)
    return format_html(
        '<a href="{}" rel="noopener noreferrer nofollow" target="_blank" dir="ltr">{}</a>', safe, text or safe
    )


@register.filter
def with_links(text: str) -> SafeString:
    """The text, escaped, with its http(s) addresses as links."""
    pieces: list[str] = []
    end = 0
    for match in _ADDRESS.finditer(text):
        address = _without_closing(match.group())
        if not safe_address(address):
            continue
        pieces += [escape(text[end : match.start()]), outward_link(address)]
        end = match.start() + len(address)
    pieces.append(escape(text[end:]))
    # Every piece has been escaped above, by itself.
    return mark_safe("".join(pieces))  # noqa: S308


def _without_closing(address: str) -> str:
    """The address without the punctuation of its sentence; a bracket stays when it was opened inside."""
    while address and address[-1] in _CLOSING:
        if address[-1] == ")" and address.count("(") >= address.count(")"):
            break
        address = address[:-1]
    return address
