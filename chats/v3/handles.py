"""Handles: how the remote names a person. A phone number in E.164 form or an e-mail address.

Inbound messages and the blocklist know two more kinds of sender, a short code and an alphanumeric
name; `clean_sender` accepts those as well. Nothing can be sent to them.
"""

from __future__ import annotations

import re
from typing import Final

PHONE: Final = re.compile(r"\+[1-9][0-9]{1,14}")
# Deliberately plainer than RFC 5322: no quoted local part, no comments, no address literals. Nobody's
# Apple account has them, and each would be a way to smuggle odd characters into a page.
EMAIL: Final = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])"
)
MAX_EMAIL_LENGTH: Final = 254
SHORT_CODE: Final = re.compile(r"[0-9]{3,8}")
# Eleven characters is what the mobile networks allow; one must be a letter, or it would be a number.
ALPHANUMERIC_SENDER: Final = re.compile(r"(?=[^A-Za-z]*[A-Za-z])[A-Za-z0-9](?:[A-Za-z0-9 &._-]{0,9}[A-Za-z0-9])?")


class InvalidHandle(ValueError):
    """A handle the remote would refuse with code 1002. `str()` is one sentence for a person."""


def is_phone(value: object) -> bool:
    """Whether the value is a phone number in E.164 form, exactly as the remote wants it."""
    return isinstance(value, str) and PHONE.fullmatch(value) is not None


def is_email(value: object) -> bool:
    """Whether the value is an e-mail address, in any case of letters."""
    return isinstance(value, str) and len(value) <= MAX_EMAIL_LENGTH and EMAIL.fullmatch(value) is not None


def clean_handle(value: str) -> str:
    """The handle in the one form it is stored and compared in: E.164, or an e-mail in lower case.

    Raises `InvalidHandle` whose sentence says what is wrong. Nothing is repaired: a number without its
    country code could belong to two people, and guessing would send a message to the wrong one.
    """
    if is_phone(value):
        return value
    if is_email(value):
        return value.lower()
    raise InvalidHandle(_what_is_wrong(value))


def clean_sender(value: str) -> str:
    """Like `clean_handle`, but also accepts a short code (3 to 8 digits) and an alphanumeric sender.

    These can write to a line and can be blocked, so they appear in messages and on the blocklist.
    Raises `InvalidHandle`.
    """
    if isinstance(value, str) and (SHORT_CODE.fullmatch(value) or ALPHANUMERIC_SENDER.fullmatch(value)):
        return value
    return clean_handle(value)


def _what_is_wrong(value: object) -> str:
    example = "Use a number such as +12025550123 or an e-mail address such as ann@example.com"
    if not isinstance(value, str):
        return f"A handle must be text. {example}."
    if not value.strip():
        return f"The handle is empty. {example}."
    shown = _shown(value)
    if "@" in value:
        return f"{shown} is not an e-mail address. Write it like ann@example.com."
    if not any(character.isdigit() for character in value):
        return f"{shown} is neither a phone number nor an e-mail address. {example}."
    if re.search(r"[\s().\-/]", value):
        return f"{shown} has spaces or punctuation in it. Write the number like +12025550123."
    if not value.startswith("+"):
        return f"{shown} has no country code. Write the number like +12025550123."
    if re.fullmatch(r"\+[1-9][0-9]*", value):
        wrong = "long" if len(value) > 16 else "short"
        return f"{shown} is too {wrong} for a phone number. Write it like +12025550123, with 2 to 15 digits."
    return f"{shown} is not a phone number. Write it like +12025550123."


def _shown(value: str) -> str:
    """The value short enough for a sentence and without characters that would break its line."""
    printable = "".join(character if character.isprintable() else "�" for character in value)
    return f"“{printable if len(printable) <= 40 else printable[:39] + '…'}”"
