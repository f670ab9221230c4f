"""The rules of a text part: its length, and the ranges of decorations, mentions and stickers inside it.

The remote measures ranges in UTF-16 code units, in which most characters count 1 and an emoji beyond the
Basic Multilingual Plane counts 2.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Generator, Iterator, Mapping
from itertools import combinations
from typing import Final

from chats.v3.handles import InvalidHandle, clean_handle
from chats.v3.limits import (
    ANIMATIONS,
    MAX_DECORATIONS,
    MAX_INLINE_STICKERS,
    MAX_STICKER_IMAGES,
    MAX_TEXT_LENGTH,
    STYLES,
)
from chats.v3.violation import Code, Place, Violation

Range = tuple[int, int]

# Assumption: the remote does not say what it takes for a URL. Anything with a scheme or www., and a bare
# name under one of the endings people really type; the part behind an @ is an e-mail address, not a link.
_LINK: Final = re.compile(
    r"(?:\b(?:https?|ftp)://|(?<![\w@.-])www\.)[^\s]"
    r"|(?<![\w@.-])(?:[a-z0-9-]+\.)+(?:com|net|org|io|co|app|dev|ai|me|info|biz|link|ly|gg|shop|store|xyz|us|uk|de|fr|ca)"
    r"(?![\w@-]|\.\w)",
    re.IGNORECASE,
)


def utf16_length(text: str) -> int:
    """How long the remote takes a text to be when it measures ranges: in UTF-16 code units."""
    return len(text) + sum(character > "\uffff" for character in text)


def has_link(text: str) -> bool:
    """Whether a text holds something the remote would take for a URL."""
    return _LINK.search(text) is not None


def check_text(
    part: Mapping[str, object], place: Place, *, is_group: bool | None, participants: Collection[str] | None
) -> Iterator[Violation]:
    """Every rule of a text part but the one about links in a first message."""
    value = part.get("value")
    if value is None:
        yield place.wrong(Code.MISSING, "the text is missing.", "value")
        return
    if not isinstance(value, str):
        yield place.wrong(Code.VALUE, "the text must be a string.", "value")
        return
    if not value:
        yield place.wrong(Code.VALUE, "the text is empty.", "value")
    if len(value) > MAX_TEXT_LENGTH:
        counts = f"{len(value):,} characters, and {MAX_TEXT_LENGTH:,} is the most"
        yield place.wrong(Code.VALUE, f"the text has {counts}.", "value")
        return  # a text of any size must not cost more than a look at its length
    if "\x00" in value or any("\ud800" <= character <= "\udfff" for character in value):
        yield place.wrong(Code.VALUE, "the text holds a character that cannot be sent.", "value")
    text = _Text(value)
    decorated = yield from _check_decorations(part.get("text_decorations"), text, place)
    yield from _check_stickers(part.get("inline_stickers"), decorated, text, place)
    yield from _check_mention(part, text, place, is_group=is_group, participants=participants)


class _Text:
    """A text as the remote measures it, with the places at which a range may not begin or end."""

    def __init__(self, value: str) -> None:
        self.length = utf16_length(value)
        self.inside_characters: set[int] = set()
        position = 0
        for character in value:
            if character > "\uffff":
                position += 1
                self.inside_characters.add(position)
            position += 1

    def read_range(self, given: object) -> Range | str:
        """The range, or what is wrong with it, to go on after "Part 1: the bold "."""
        if not isinstance(given, list) or len(given) != 2 or not all(type(end) is int for end in given):
            return "needs a range of two whole numbers, such as [0, 5]."
        start, end = given
        if not 0 <= start < end:
            return "has a range that ends before it begins."
        if end > self.length:
            return f"has a range that ends at {end}, after the end of the text at {self.length}."
        if {start, end} & self.inside_characters:
            return "has a range that splits a character in two."
        return start, end


def _overlap(one: Range, other: Range) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _check_decorations(given: object, text: _Text, place: Place) -> Generator[Violation, None, list[Range]]:
    """Check the decorations; the generator's own result is their ranges, as far as they are sound."""
    if given is None:
        return []
    if not isinstance(given, list):
        yield place.wrong(Code.VALUE, "the decorations must be a list.", "text_decorations")
        return []
    if len(given) > MAX_DECORATIONS:
        yield place.wrong(Code.VALUE, f"{MAX_DECORATIONS} decorations are the most.", "text_decorations")
        return []
    animated: list[Range] = []
    styled: list[Range] = []
    for number, decoration in enumerate(given):
        field = f"text_decorations[{number}]"
        if not isinstance(decoration, dict):
            yield place.wrong(Code.VALUE, f"decoration {number + 1} must be an object.", field)
            continue
        style, animation = decoration.get("style"), decoration.get("animation")
        if (style is None) == (animation is None):
            yield place.wrong(
                Code.STRUCTURE, f"decoration {number + 1} needs either a style or an animation, not both.", field
            )
        elif style is not None and style not in STYLES:
            yield place.wrong(Code.VALUE, f"the style of decoration {number + 1} is not known.", f"{field}.style")
        elif animation is not None and animation not in ANIMATIONS:
            wrong = f"the animation of decoration {number + 1} is not known."
            yield place.wrong(Code.VALUE, wrong, f"{field}.animation")
        found = text.read_range(decoration.get("range"))
        if isinstance(found, str):
            code = Code.MISSING if decoration.get("range") is None else Code.VALUE
            yield place.wrong(code, f"decoration {number + 1} {found}", f"{field}.range")
        else:
            (styled if animation is None else animated).append(found)
    if any(_overlap(one, other) for one, other in combinations(animated, 2)) or any(
        _overlap(one, other) for one in animated for other in styled
    ):
        wrong = "an animation may not overlap another animation or a style."
        yield place.wrong(Code.VALUE, wrong, "text_decorations")
    return animated + styled


def _check_stickers(given: object, decorated: list[Range], text: _Text, place: Place) -> Iterator[Violation]:
    if given is None:
        return
    if not isinstance(given, list):
        yield place.wrong(Code.VALUE, "the inline stickers must be a list.", "inline_stickers")
        return
    if len(given) > MAX_INLINE_STICKERS:
        yield place.wrong(Code.VALUE, f"{MAX_INLINE_STICKERS} inline stickers are the most.", "inline_stickers")
        return
    images: set[str] = set()
    ranges: list[Range] = []
    for number, sticker in enumerate(given):
        field, name = f"inline_stickers[{number}]", f"inline sticker {number + 1}"
        if not isinstance(sticker, dict):
            yield place.wrong(Code.VALUE, f"{name} must be an object.", field)
            continue
        sources = [sticker[key] for key in ("url", "attachment_id") if sticker.get(key) is not None]
        if len(sources) != 1:
            yield place.wrong(
                Code.STRUCTURE if sources else Code.MISSING,
                f"{name} needs either a URL or an attachment, and only one of them.",
                field,
            )
        elif not isinstance(sources[0], str) or not sources[0]:
            yield place.wrong(Code.VALUE, f"the image of {name} must be a string.", field)
        else:
            images.add(sources[0])
        found = text.read_range(sticker.get("range"))
        if isinstance(found, str):
            code = Code.MISSING if sticker.get("range") is None else Code.VALUE
            yield place.wrong(code, f"{name} {found}", f"{field}.range")
        else:
            ranges.append(found)
    if len(images) > MAX_STICKER_IMAGES:
        yield place.wrong(Code.VALUE, f"{MAX_STICKER_IMAGES} different sticker images are the most.", "inline_stickers")
    if any(_overlap(one, other) for one, other in combinations(ranges, 2)):
        yield place.wrong(Code.VALUE, "inline stickers may not overlap each other.", "inline_stickers")
    if any(_overlap(one, other) for one in ranges for other in decorated):
        yield place.wrong(Code.VALUE, "an inline sticker may not overlap a decoration.", "inline_stickers")


def _check_mention(
    part: Mapping[str, object],
    text: _Text,
    place: Place,
    *,
    is_group: bool | None,
    participants: Collection[str] | None,
) -> Iterator[Violation]:
    mention, highlighted = part.get("mention"), part.get("mention_range")
    if mention is None:
        if highlighted is not None:
            yield place.wrong(Code.STRUCTURE, "a range to highlight needs somebody to mention.", "mention_range")
        return
    if part.get("inline_stickers"):
        yield place.wrong(Code.STRUCTURE, "a mention and inline stickers cannot go together.", "mention")
    if highlighted is not None:
        found = text.read_range(highlighted)
        if isinstance(found, str):
            yield place.wrong(Code.VALUE, f"the mention {found}", "mention_range")
    try:
        handle = clean_handle(mention) if isinstance(mention, str) else None
    except InvalidHandle:
        handle = None
    if handle is None:
        yield place.wrong(Code.HANDLE, "the person mentioned must be a phone number or an e-mail address.", "mention")
    elif is_group is False:
        yield place.wrong(Code.MENTION, "people can be mentioned only in a group.", "mention")
    elif participants is not None and handle not in {person.lower() for person in participants}:
        yield place.wrong(Code.MENTION, "the person mentioned is not in this group.", "mention")
