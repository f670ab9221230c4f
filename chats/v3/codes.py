"""Every error code of the remote: what it means, and what whoever gets it should do.

The source is the remote's list of codes (ranges: 1xxx the request, 2xxx a resource, 3xxx its servers,
4xxx delivery, 5xxx files). 2020 is assigned nowhere. Where the sources do not settle whether to try again
the choice is the careful one and is marked as an assumption.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Advice(StrEnum):
    """What to do after an error."""

    RETRY_LATER = "retry_later"  # nothing lasting is wrong: the same request, same key, after a growing pause
    WAIT = "wait"  # the same request after `retry_after` seconds
    GIVE_UP = "give_up"  # the same request will never work
    OPTED_OUT = "opted_out"  # the recipient said stop: never retry by machine
    LINE_NOT_ELIGIBLE = "line_not_eligible"  # this line cannot send now; another may, or this one later
    OUTCOME_UNKNOWN = "outcome_unknown"  # it may have happened: ask, or repeat with the same key, never blindly


REMEDIES: Final = {
    Advice.RETRY_LATER: "It will be tried again.",
    Advice.WAIT: "It will be tried again after a short wait.",
    Advice.GIVE_UP: "Trying again will not help.",
    Advice.OPTED_OUT: "Do not write to them until they write to you.",
    Advice.LINE_NOT_ELIGIBLE: "Use another line or wait until this one recovers.",
    Advice.OUTCOME_UNKNOWN: "It may have gone through, so it is checked before anything is repeated.",
}


@dataclass(frozen=True)
class Code:
    """One row of the remote's table of errors."""

    number: int
    status: int | None
    """The HTTP status it comes with; None where it is only ever part of a webhook."""
    meaning: str
    """What happened, for a person: a sentence without its full stop."""
    advice: Advice
    remedy: str = ""
    """What to do about it, a whole sentence, where that differs from what the advice says by itself."""
    wait: float | None = None
    """Seconds to wait before trying again where the answer names none."""

    @property
    def sentence(self) -> str:
        """What happened and what to do."""
        return f"{self.meaning}. {self.remedy or REMEDIES[self.advice]}"


_RETRY, _WAIT, _GIVE_UP = Advice.RETRY_LATER, Advice.WAIT, Advice.GIVE_UP
_FIX = "Correct it and send again."
_REPORT = "This is a fault of the console; report it with the trace id."

_TABLE: Final = (
    Code(1001, 400, "Something the request needs is missing", _GIVE_UP, _FIX),
    Code(
        1002,
        400,
        "A handle is not a phone number in international form",
        _GIVE_UP,
        "Write it like +12025550123, or use an e-mail address.",
    ),
    Code(1003, 400, "The request could not be read", _GIVE_UP, _REPORT),
    Code(1004, 400, "The parts of the message do not go together", _GIVE_UP, _FIX),
    Code(1005, 400, "A value in the request is not allowed", _GIVE_UP, _FIX),
    Code(1006, 409, "A direct chat has no name or icon of its own to change", _GIVE_UP),
    Code(1007, 429, "Too many requests in a short time", _WAIT),
    Code(1008, 400, "The iMessage app card is not valid", _GIVE_UP, _FIX),
    Code(2001, 404, "The chat does not exist or belongs to another account", _GIVE_UP),
    Code(2002, 404, "The message does not exist, was deleted or has expired", _GIVE_UP),
    Code(2003, 404, "The attachment does not exist", _GIVE_UP, "Upload the file again."),
    Code(2004, 401, "The API key is missing or was refused", _GIVE_UP, "Check the API key in the settings."),
    Code(2005, 403, "The account may not use this", _GIVE_UP),
    Code(2006, 403, "The account may not send from this number", _GIVE_UP, "Choose one of the account's own lines."),
    Code(2007, 404, "The attachment is still being processed", _WAIT, wait=5),
    Code(2008, 403, "This recipient has to write to the line first", _GIVE_UP, "Ask them to text the line."),
    Code(2009, 409, "The chat is still being created", _WAIT, wait=3),
    Code(2010, 404, "The webhook subscription does not exist", _GIVE_UP, "Create it again on the Setup page."),
    Code(2011, 403, "The account does not have this feature", _GIVE_UP, "Ask Linq to switch it on."),
    Code(2012, 404, "The line has no active contact card", _GIVE_UP, "Create a contact card for the line first."),
    Code(
        2013,
        409,
        "The line has left this chat, or the chat is gone",
        _GIVE_UP,
        "Someone in the group has to add the line again.",
    ),
    Code(2014, 409, "The line already has a contact card", _GIVE_UP, "Change the card it has instead."),
    Code(2015, 409, "It does not fit what the remote has now", _GIVE_UP, "Reload the chat and look again."),
    Code(2016, 409, "This does not work in groups", _GIVE_UP),
    Code(2017, 409, "The service of this chat cannot do this", _GIVE_UP),
    Code(2018, 409, "An iMessage app card cannot be sent by SMS or RCS", _GIVE_UP, "Send it by iMessage."),
    Code(2019, 404, "The phone number is unknown to the remote", _GIVE_UP, "Refresh the list of lines."),
    Code(2021, 404, "The payment request does not exist", _GIVE_UP),
    Code(2022, 500, "The contact card was stored but not put on the line", _RETRY),
    Code(2023, 409, "The person mentioned is not in this group", _GIVE_UP, "Mention only people who are in the group."),
    Code(2024, 403, "The recipient has opted out", Advice.OPTED_OUT),
    # Assumption: only a third party names it, and only near blocked handles.
    Code(2025, None, "A rule about blocked handles refused the request", _GIVE_UP),
    Code(2026, 403, "The recipient is on the blocklist", _GIVE_UP, "Unblock them first."),
    Code(2027, 403, "The line cannot send now", Advice.LINE_NOT_ELIGIBLE),
    # Assumption: 409, like its sibling 2018; no source states the status.
    Code(2028, 409, "An App Clip cannot be sent by SMS or RCS", _GIVE_UP, "Send it by iMessage."),
    Code(3001, 500, "The remote had a passing fault", _RETRY),
    Code(3002, 500, "The remote had a passing fault", _RETRY),
    Code(3003, 500, "The remote had a passing fault", _RETRY),
    Code(3004, 500, "The remote had a passing fault", _RETRY),
    Code(3005, 504, "The remote's own network was too slow", _RETRY),
    Code(3006, 500, "The remote had an internal error", _RETRY),
    Code(3007, 500, "The remote tried several times and could not deliver", _RETRY),
    Code(4001, 500, "Delivery failed", _RETRY),
    Code(4002, 500, "The line is offline", _RETRY),
    Code(4003, 500, "The remote could not deliver a webhook", _GIVE_UP, "Check the address of the subscription."),
    Code(4004, 503, "A service behind the remote does not answer", _RETRY, wait=30),
    Code(4005, 422, "The recipient cannot receive this kind of message", _GIVE_UP, "Send it as text instead."),
    # Assumption for 4006 to 4008, which no saved page explains: never repeat by machine.
    Code(4006, None, "The message could not be delivered", _GIVE_UP, "Look at the chat, then decide."),
    Code(4007, None, "The message could not be delivered", _GIVE_UP, "Look at the chat, then decide."),
    Code(4008, None, "The message could not be delivered", _GIVE_UP, "Look at the chat, then decide."),
    Code(4009, 503, "The line has no RCS account, so RCS could not be checked", _RETRY),
    Code(4010, 503, "The check could not be run", _RETRY),
    Code(5001, 500, "The file could not be uploaded", _RETRY),
    Code(5002, 500, "The file could not be downloaded from its URL", _RETRY),
    Code(5003, 500, "The remote could not make a URL for the file", _RETRY),
    Code(5004, 400, "Files of this type cannot be sent", _GIVE_UP, "Choose another file."),
    Code(5005, 400, "The file is too large", _GIVE_UP, "Choose a smaller file."),
    Code(5006, 400, "The file is not what its type says", _GIVE_UP, "Choose another file."),
    Code(5007, 400, "The image could not be fetched from its URL", _GIVE_UP, "Check that the URL is public."),
)

CODES: Final[dict[int, Code]] = {code.number: code for code in _TABLE}
