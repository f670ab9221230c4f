"""Reading a list of people: a CSV file or a paste, in whatever encoding, separator and number writing it comes.

Nothing is repaired in silence. A number that is not certain becomes a rejected row with a sentence, since
a guess would send a message to somebody else.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

import phonenumbers
from charset_normalizer import from_bytes

from chats.v3.handles import InvalidHandle, clean_handle

MOST_ROWS: Final = 1_000_000
MOST_COLUMNS: Final = 60
MAX_CELL: Final = 2_000
SEPARATORS: Final = (",", ";", "\t", "|")
_SAMPLE_ROWS: Final = 50
_SAMPLE_BYTES: Final = 200_000
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SHORTENED: Final = re.compile(r"[0-9](?:[.,][0-9]+)?[eE]\+?[0-9]{1,2}")
_HANDLE_WORDS: Final = frozenset(
    {
        "phone",
        "phones",
        "phonenumber",
        "mobile",
        "mobilenumber",
        "cell",
        "number",
        "tel",
        "telephone",
        "handle",
        "msisdn",
    }
    | {"msisdn", "telefon", "handy", "nummer", "telefono", "telefone", "celular", "movil", "portable", "whatsapp"}
    | {"email", "mail", "emailaddress"}
)
_NOT_IN_NAMES: Final = re.compile(r"[^a-z0-9]+")


class UnreadableFile(ValueError):
    """A file that holds no list of people. `str()` is one sentence for a person."""


class WrongNumber(ValueError):
    """A cell that is no handle for certain. `str()` is one sentence for a person."""


@dataclass(frozen=True)
class Layout:
    """How a file is written: what was guessed, and may be changed by whoever knows better."""

    encoding: str
    separator: str
    has_header: bool
    columns: tuple[str, ...]
    """The names of the columns, in order: of the header, or column_1, column_2, …"""
    handle_column: int | None
    """Which column holds the number or address; None when none looks like it."""


@dataclass(frozen=True)
class Person:
    """One good row: `rows` are the numbers of the rows it was merged from, the header being row 1."""

    handle: str
    fields: Mapping[str, str]
    rows: tuple[int, ...]


@dataclass(frozen=True)
class Rejected:
    """One row that cannot be used, and why, as a sentence."""

    row: int
    reason: str
    cells: tuple[str, ...]


@dataclass
class Reading:
    """What a list came to."""

    people: dict[str, Person] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)
    duplicates: int = 0
    """Rows whose person was there already; what they add to blank fields was taken."""


def decode(data: bytes) -> tuple[str, str]:
    """The file's text and its encoding: by its mark, as UTF-8, else the likeliest of those in use.

    Raises `UnreadableFile` for what is no text.
    """
    for mark, name in _BOMS:
        if data.startswith(mark):
            try:
                return data.decode(name), name.removesuffix("-sig")
            except UnicodeDecodeError:
                raise UnreadableFile("The file is damaged: it is not all in the encoding that it names.") from None
    if b"\0" in data[:_SAMPLE_BYTES]:
        raise UnreadableFile("This is not a text file. Save the list as CSV first.")
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        best = from_bytes(data[:_SAMPLE_BYTES]).best()
    for name in [*([best.encoding] if best else []), "cp1252", "latin-1"]:
        try:
            return data.decode(name), name
        except (UnicodeDecodeError, LookupError):
            continue
    raise UnreadableFile("The file's encoding is not known. Save it as UTF-8.")


def guess(text: str, encoding: str = "utf-8", *, region: str = "") -> Layout:
    """How the text is laid out. Raises `UnreadableFile` when there is nothing in it."""
    separator = _separator(text)
    sample = list(islice(_rows(text, separator), _SAMPLE_ROWS))
    if not sample:
        raise UnreadableFile("There is nobody in this list.")
    first, body = sample[0], sample[1:]
    has_header = not any(_is_handle(cell, region) for cell in first) and bool(body)
    width = min(max(len(row) for row in sample), MOST_COLUMNS)
    columns = _names(first if has_header else [], width)
    return Layout(
        encoding, separator, has_header, columns, _handle_column(columns, body if has_header else sample, region)
    )


def read_people(text: str, layout: Layout, *, region: str = "", most: int = MOST_ROWS) -> Reading:
    """Read the list by its layout.

    `region` is the country (two letters) of numbers without a country code; "" refuses these. Rows of the
    same person are one: the first says who they are, later ones fill what it left blank. Raises
    `UnreadableFile` when the layout names no column of handles, or there are more than `most` rows.
    """
    if layout.handle_column is None or not 0 <= layout.handle_column < len(layout.columns):
        raise UnreadableFile("Say which column holds the phone number or e-mail address.")
    found = Reading()
    for number, cells in enumerate(_rows(text, layout.separator), start=1):
        if layout.has_header and number == 1:
            continue
        if number > most + layout.has_header:
            raise UnreadableFile(f"This list is too long: {most:,} rows are the most. Split it.")
        _take(found, number, cells, layout, region)
    return found


def read_handle(cell: str, *, region: str = "") -> str:
    """The handle in a cell, in the remote's writing. Raises `WrongNumber`."""
    value = cell.strip().strip("'\"").strip()
    if not value:
        raise WrongNumber("There is no number or address.")
    if "@" in value:
        try:
            return clean_handle(value)
        except InvalidHandle as problem:
            raise WrongNumber(str(problem)) from None
    if _SHORTENED.fullmatch(value):
        raise WrongNumber("A spreadsheet has shortened this number. Format the column as text and export it again.")
    if not any(character.isdigit() for character in value):
        raise WrongNumber("This is no phone number.")
    return _number(value, region)


def _number(value: str, region: str) -> str:
    value = f"+{value[2:]}" if value.startswith("00") else value
    if not value.startswith("+") and not region:
        raise WrongNumber("The country code is missing. Write the number like +12025550123, or choose a country.")
    try:
        number = phonenumbers.parse(value, region or None)
    except phonenumbers.NumberParseException:
        raise WrongNumber("This is no phone number.") from None
    if number.extension:
        raise WrongNumber("This number has an extension, so it cannot get messages.")
    if not phonenumbers.is_possible_number(number):
        wrong = phonenumbers.is_possible_number_with_reason(number)
        how = {
            phonenumbers.ValidationResult.TOO_SHORT: "too short",
            phonenumbers.ValidationResult.TOO_LONG: "too long",
        }.get(wrong, "not one of its country")
        raise WrongNumber(f"This number is {how}.")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _take(found: Reading, number: int, cells: Sequence[str], layout: Layout, region: str) -> None:
    if not any(cell.strip() for cell in cells):
        return
    assert layout.handle_column is not None  # noqa: S101
    if len(cells) > len(layout.columns) and any(cell.strip() for cell in cells[len(layout.columns) :]):
        reason = f"This row has {len(cells)} columns, and the list has {len(layout.columns)}."
        found.rejected.append(Rejected(number, reason, tuple(cells)))
        return
    cell = cells[layout.handle_column] if layout.handle_column < len(cells) else ""
    try:
        handle = read_handle(cell, region=region)
    except WrongNumber as problem:
        found.rejected.append(Rejected(number, str(problem), tuple(cells)))
        return
    fields = {
        name: value.strip()[:MAX_CELL]
        for index, (name, value) in enumerate(zip(layout.columns, cells, strict=False))
        if index != layout.handle_column and value.strip()
    }
    already = found.people.get(handle)
    if already is None:
        found.people[handle] = Person(handle, fields, (number,))
    else:
        found.duplicates += 1
        found.people[handle] = Person(handle, {**fields, **already.fields}, (*already.rows, number))


def _rows(text: str, separator: str) -> Iterator[list[str]]:
    """The rows of a text. A quote that is never closed must not swallow the rest, so it is taken as it stands."""
    lines = text.splitlines(keepends=True)
    quotes = text.count('"') % 2 == 0
    # A list of one column is read line by line: a separator in it would be part of a name.
    reader = csv.reader(lines, delimiter=separator, quoting=csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE)
    try:
        yield from reader
    except csv.Error:
        raise UnreadableFile("The file cannot be read as CSV: one of its cells is far too long.") from None


def _separator(text: str) -> str:
    """The separator that cuts the first rows into the most columns, as equally as can be."""

    def score(separator: str) -> tuple[float, int]:
        widths = [len(row) for row in islice(_rows(text, separator), _SAMPLE_ROWS) if any(row)]
        if not widths or max(widths) == 1:
            return (0.0, 0)
        usual = max(set(widths), key=widths.count)
        return (widths.count(usual) / len(widths) if usual > 1 else 0.0, usual)

    best = max(SEPARATORS, key=score)
    return best if score(best)[1] > 1 else ","


def _names(header: Sequence[str], width: int) -> tuple[str, ...]:
    """Names that a template can use: lower case, digits and underscores, each once."""
    names: list[str] = []
    for index in range(max(width, 1)):
        wanted = header[index] if index < len(header) else ""
        name = _plain(wanted).strip("_")
        if not name or name[0].isdigit():
            name = f"column_{index + 1}" if not name else f"field_{name}"
        unique, count = name, 2
        while unique in names:
            unique, count = f"{name}_{count}", count + 1
        names.append(unique)
    return tuple(names)


def _plain(text: str) -> str:
    words = text.strip().lower()
    for letter, plain in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss"), ("é", "e"), ("è", "e"), ("ó", "o")):
        words = words.replace(letter, plain)
    return _NOT_IN_NAMES.sub("_", words)


def _handle_column(columns: Sequence[str], rows: Iterable[Sequence[str]], region: str) -> int | None:
    """The column with the most cells that are handles; of equal ones that which is called so."""
    sample = [row for row in rows if any(row)]

    def score(index: int) -> tuple[int, bool]:
        cells = [row[index] for row in sample if index < len(row)]
        named = bool(set(columns[index].split("_")) & _HANDLE_WORDS)
        return sum(_is_handle(cell, region or ("US" if named else "")) for cell in cells), named

    best = max(range(len(columns)), key=score)
    hits, named = score(best)
    return best if hits or named else None


def _is_handle(cell: str, region: str) -> bool:
    try:
        read_handle(cell, region=region)
    except WrongNumber:
        return False
    return True
