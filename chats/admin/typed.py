"""What people type, in the form that the actions take."""

from __future__ import annotations

import re


def as_handle(typed: str) -> str:
    """A handle as it was typed, without the blanks and marks that people write a number with.

    Only a number with its country code: any other could belong to two people. One with "(0)" in it is left
    as it is, because that zero is not dialled from abroad; the action then says what is wrong.
    """
    typed = typed.strip()
    if not typed.startswith("+") or "(0)" in typed:
        return typed
    return re.sub(r"[\s().\-/\u2010\u2011]", "", typed)
