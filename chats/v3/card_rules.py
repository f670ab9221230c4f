"""The rules of what is always the whole message: a link, an iMessage app card, an App Clip, an experience."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import urlsplit

from chats.v3.limits import MAX_APP_DATA_URL_LENGTH, MAX_LINK_LENGTH
from chats.v3.violation import Code, Place, Violation

LINK_SCHEMES: Final = ("http", "https", "ftp")
_TEAM_ID: Final = re.compile(r"[A-Z0-9]{10}")
_VISIBLE_IN_LAYOUT: Final = ("caption", "subcaption", "trailing_caption", "trailing_subcaption", "image_url")


def is_url(value: object, *schemes: str) -> bool:
    """Whether the value is an absolute URL with one of the schemes, a host, and nothing that breaks a line."""
    if not isinstance(value, str) or re.search(r"[\s\x00-\x20\x7f\ud800-\udfff]", value):
        return False
    try:
        parts = urlsplit(value)
        return parts.scheme.lower() in schemes and bool(parts.hostname)
    except ValueError:
        return False


def check_link(part: Mapping[str, object], place: Place) -> Iterator[Violation]:
    """A link has an absolute URL of at most 2,048 characters."""
    value = part.get("value")
    if value is None:
        yield place.wrong(Code.MISSING, "the link is missing.", "value")
    elif not is_url(value, *LINK_SCHEMES):
        yield place.wrong(Code.VALUE, "a link must be a whole URL, such as https://example.com/page.", "value")
    elif len(str(value)) > MAX_LINK_LENGTH:
        yield place.wrong(Code.VALUE, f"a link may have at most {MAX_LINK_LENGTH:,} characters.", "value")


def check_app_clip(part: Mapping[str, object], place: Place) -> Iterator[Violation]:
    """An App Clip has an https URL; whether it is registered only the remote can tell."""
    value, caption = part.get("value"), part.get("caption")
    if value is None:
        yield place.wrong(Code.MISSING, "the App Clip's link is missing.", "value")
    elif not is_url(value, "https"):
        yield place.wrong(Code.VALUE, "the App Clip's link must begin with https://.", "value")
    elif len(str(value)) > MAX_LINK_LENGTH:
        yield place.wrong(Code.VALUE, f"a link may have at most {MAX_LINK_LENGTH:,} characters.", "value")
    if caption is not None and not isinstance(caption, str):
        yield place.wrong(Code.VALUE, "the caption must be a string.", "caption")


def check_app_card(part: Mapping[str, object], place: Place) -> Iterator[Violation]:
    """An iMessage app card names its app, shows something, and may carry a URL for the app."""
    app, layout, url = part.get("app"), part.get("layout"), part.get("url")
    if not isinstance(app, dict):
        yield place.wrong(Code.APP_CARD, "the app card does not say which app it belongs to.", "app")
    else:
        if not _is_text(app.get("name")):
            yield place.wrong(Code.APP_CARD, "the app card's app has no name.", "app.name")
        team = app.get("team_id")
        if not isinstance(team, str) or not _TEAM_ID.fullmatch(team):
            wrong = "the app card's team must be 10 capital letters and digits."
            yield place.wrong(Code.APP_CARD, wrong, "app.team_id")
        bundle = app.get("bundle_id")
        if not isinstance(bundle, str) or not bundle or ":" in bundle:
            yield place.wrong(Code.APP_CARD, "the app card's bundle must be a name without a colon.", "app.bundle_id")
    if not isinstance(layout, dict):
        yield place.wrong(Code.APP_CARD, "the app card has no layout.", "layout")
    else:
        if not any(_is_text(layout.get(name)) for name in _VISIBLE_IN_LAYOUT):
            yield place.wrong(Code.APP_CARD, "the app card needs a caption or an image.", "layout")
        over_image = any(layout.get(name) for name in ("image_title", "image_subtitle"))
        if over_image and not _is_text(layout.get("image_url")):
            yield place.wrong(Code.APP_CARD, "an image title or subtitle needs an image.", "layout.image_url")
    if url is not None:
        if isinstance(url, str) and url.startswith("data:"):
            allowed, longest = True, MAX_APP_DATA_URL_LENGTH
        else:
            allowed, longest = is_url(url, "https"), MAX_LINK_LENGTH
        if not allowed:
            yield place.wrong(Code.APP_CARD, "the app card's URL must begin with https:// or data:.", "url")
        elif len(str(url)) > longest:
            yield place.wrong(Code.APP_CARD, f"the app card's URL may have at most {longest:,} characters.", "url")


def check_experience(experience: object, *, is_group: bool | None) -> Iterator[Violation]:
    """An experience names a third party and one of its actions, and has one recipient."""
    if not isinstance(experience, dict):
        yield Violation(Code.STRUCTURE, "The experience must be an object.", field="experience")
        return
    for name in ("name", "action"):
        if experience.get(name) is None:
            yield Violation(Code.MISSING, f"The experience has no {name}.", field=f"experience.{name}")
        elif not _is_text(experience[name]):
            wrong = f"The experience's {name} must be a string that is not empty."
            yield Violation(Code.VALUE, wrong, field=f"experience.{name}")
    if not isinstance(experience.get("params"), dict | None):
        yield Violation(Code.VALUE, "The experience's params must be an object.", field="experience.params")
    if is_group:
        yield Violation(Code.NOT_IN_GROUPS, "An experience can be sent to one person only.", field="experience")


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)
