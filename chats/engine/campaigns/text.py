"""The text of a step for one recipient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chats.campaigns import shares, wording
from chats.models import CampaignVariant, Handle, Recipient
from chats.v3 import content

OWN_FIELDS = frozenset({"name", "first_name", "phone", "email"})
"""The fields that everybody may have, whatever list they came from."""


class Unfit(ValueError):
    """This person cannot be sent this text. `str()` is the reason, one sentence."""


def fields_of(row: Recipient) -> dict[str, str]:
    """What a template knows of a recipient: what the team wrote down, then what the list says."""
    handle: Handle = row.handle
    known: dict[str, str] = {"email" if "@" in handle.value else "phone": handle.value}
    if handle.contact is not None:
        known |= {str(name): str(value) for name, value in handle.contact.attributes.items()}
        if handle.contact.name:
            known |= {"name": handle.contact.name, "first_name": handle.contact.name.split()[0]}
    return known | {name: value for name, value in row.fields.items() if str(value).strip()}


def choose(variants: Sequence[CampaignVariant], *, seed: str, handle: str) -> CampaignVariant:
    """The variant that this person gets, the same at every step."""
    return variants[shares.variant_of(seed, handle, [one.weight for one in variants])]


def compose(
    variant: CampaignVariant, row: Recipient, *, defaults: Mapping[str, str], opens_chat: bool
) -> list[dict[str, object]]:
    """The parts of the message. Raises `Unfit` with the reason when there can be none for this person."""
    try:
        text = wording.read(variant.text).render(fields_of(row), defaults)
    except (wording.MissingField, wording.CannotRender, wording.WrongTemplate) as problem:
        raise Unfit(str(problem)) from None
    if not text:
        raise Unfit("Nothing is left of the text for this person.")
    parts: list[dict[str, object]] = [{"type": "text", "value": text}]
    wrong = content.check_message({"parts": parts}, opens_chat=opens_chat)
    if wrong:
        raise Unfit(wrong[0].message)
    return parts
