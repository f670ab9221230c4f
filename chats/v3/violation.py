"""One broken rule of a message, in a shape that a form, an API and the sandbox can all show."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Violation:
    """A rule of the remote that a message breaks, found before the message is sent."""

    code: int
    """The code the remote would refuse it with."""
    message: str
    """One sentence for a person, naming the part where there is one: "Part 2: the text is empty."."""
    part: int | None = None
    """The part's number, counted from 1 as in the sentence; None when it is about the whole message."""
    field: str | None = None
    """Where in the message, written like `parts[1].value`, with indexes from 0 as in JSON."""


class Code:
    """The codes that broken content rules have, by what they mean."""

    MISSING = 1001
    HANDLE = 1002
    STRUCTURE = 1004
    VALUE = 1005
    APP_CARD = 1008
    NOT_IN_GROUPS = 2016
    APP_CARD_SERVICE = 2018
    MENTION = 2023
    APP_CLIP_SERVICE = 2028
    FILE_TYPE = 5004
    FILE_SIZE = 5005


@dataclass(frozen=True)
class Place:
    """A part of a message, able to say where it is."""

    index: int

    def wrong(self, code: int, sentence: str, field: str | None = None) -> Violation:
        """A violation in this part. `sentence` goes on after "Part N: "."""
        path = f"parts[{self.index}]" + (f".{field}" if field else "")
        return Violation(code, f"Part {self.index + 1}: {sentence}", part=self.index + 1, field=path)
