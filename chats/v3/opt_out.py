"""The words by which a person opts out. Source: linq-v3, section 6.2."""

from __future__ import annotations

import re
from typing import Final

_KEYWORD: Final = re.compile(r"(STOP|UNSUBSCRIBE|OPTOUT|CANCEL|END|QUIT)|(?i:opt[ -]?out)")


def is_opt_out(text: str) -> bool:
    """Whether a whole message is one of the keywords: most in capitals only, "opt out" in any casing."""
    return _KEYWORD.fullmatch(text.strip()) is not None
