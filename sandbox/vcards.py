"""vCards of lines (RFC 6350's older sister, version 3.0, which every phone reads)."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.models import ContactCard, Line


def write(line: Line, backups: Sequence[str]) -> str:
    """A line's contact card with its number first and the account's other lines after it."""
    card = ContactCard.objects.filter(line=line).first()
    first, last = (card.first_name, card.last_name or "") if card else ("", "")
    full = f"{first} {last}".strip() or line.phone_number
    rows = ["BEGIN:VCARD", "VERSION:3.0", f"N:{_escaped(last)};{_escaped(first)};;;", f"FN:{_escaped(full)}"]
    if card and card.image_url:
        rows.append(f"PHOTO;VALUE=URI:{card.image_url}")
    rows.append(f"TEL;TYPE=CELL,PREF:{line.phone_number}")
    rows += [f"TEL;TYPE=CELL:{number}" for number in backups]
    return "\r\n".join([*rows, "END:VCARD", ""])


def _escaped(text: str) -> str:
    for character in ("\\", ";", ","):
        text = text.replace(character, "\\" + character)
    return text.replace("\r", "").replace("\n", "\\n")
