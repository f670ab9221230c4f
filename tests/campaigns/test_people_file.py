"""Lists of people, as they really come."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chats.campaigns.people_file import (
    Layout,
    Person,
    Rejected,
    UnreadableFile,
    WrongNumber,
    decode,
    guess,
    read_handle,
    read_people,
)


@pytest.mark.parametrize(
    ("data", "text", "encoding"),
    [
        ("Zoë".encode(), "Zoë", "utf-8"),
        (b"\xef\xbb\xbfZo\xc3\xab", "Zoë", "utf-8"),
        ("Zoë".encode("utf-16"), "Zoë", "utf-16"),
        ("\ufeffZoë".encode("utf-16-be"), "Zoë", "utf-16"),
    ],
)
def test_an_encoding_is_known_by_its_mark_or_as_utf_8(data: bytes, text: str, encoding: str) -> None:
    assert decode(data) == (text, encoding)


def test_an_old_encoding_is_guessed() -> None:
    written = "Name;Telefon\r\nJürgen Müller;+4915112345678\r\nZoë Größe;+4915112345679\r\n" * 20
    assert decode(written.encode("cp1252"))[0] == written


@pytest.mark.parametrize("data", [b"PK\x03\x04\x00\x00", b"\xff\xfe\x00"])
def test_what_is_no_text_is_refused(data: bytes) -> None:
    with pytest.raises(UnreadableFile):
        decode(data)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_layout_is_guessed(separator: str) -> None:
    rows = [["First name", "Mobile", "City"], ["Ann", "+12025550123", "Rome"], ["Bob", "(202) 555-0124", "Bonn"]]
    text = "\r\n".join(separator.join(row) for row in rows)
    assert guess(text, region="US") == Layout("utf-8", separator, True, ("first_name", "mobile", "city"), 1)


def test_a_paste_of_numbers_needs_no_header() -> None:
    layout = guess("+12025550123\n+12025550124\n")
    assert layout == Layout("utf-8", ",", False, ("column_1",), 0)
    assert list(read_people("+12025550123\n+12025550124\n", layout).people) == ["+12025550123", "+12025550124"]


def test_columns_get_names_that_a_template_can_use() -> None:
    text = "Größe,2nd name,,Größe,Phone\nx,y,z,w,+12025550123\n"
    assert guess(text).columns == ("groesse", "field_2nd_name", "column_3", "groesse_2", "phone")


def test_rows_of_one_person_are_merged_and_the_first_wins() -> None:
    text = "phone,name,city\n+12025550123,Ann,\n202-555-0123,Anna,Rome\n,Bob,Bonn\n\n+1202555012345678,Eve,Oslo\n"
    read = read_people(text, guess(text, region="US"), region="US")
    assert read.people == {"+12025550123": Person("+12025550123", {"name": "Ann", "city": "Rome"}, (2, 3))}
    assert read.duplicates == 1
    assert read.rejected == [
        Rejected(4, "There is no number or address.", ("", "Bob", "Bonn")),
        Rejected(6, "This number is too long.", ("+1202555012345678", "Eve", "Oslo")),
    ]


def test_a_row_with_cells_too_many_is_rejected_and_not_shifted() -> None:
    text = "phone,name\n+12025550123,Ann,Rome\n+12025550124,Bob,\n+12025550125\n"
    read = read_people(text, Layout("utf-8", ",", True, ("phone", "name"), 0))
    assert [one.row for one in read.rejected] == [2]
    assert read.rejected[0].reason == "This row has 3 columns, and the list has 2."
    assert list(read.people) == ["+12025550124", "+12025550125"]


def test_quotes_hold_separators_and_lines() -> None:
    text = 'phone,note\n+12025550123,"one, two\nthree"\n'
    assert read_people(text, guess(text)).people["+12025550123"].fields == {"note": "one, two\nthree"}


def test_a_quote_that_is_never_closed_swallows_nobody() -> None:
    text = 'phone,note\n+12025550123,5" pipe\n+12025550124,none\n'
    assert list(read_people(text, guess(text)).people) == ["+12025550123", "+12025550124"]


def test_a_list_without_people_or_without_numbers_is_refused() -> None:
    with pytest.raises(UnreadableFile, match="There is nobody in this list."):
        guess("")
    text = "name,city\nAnn,Rome\n"
    assert guess(text).handle_column is None
    with pytest.raises(UnreadableFile, match="Say which column holds the phone number or e-mail address."):
        read_people(text, guess(text))


def test_a_list_that_is_too_long_is_refused() -> None:
    text = "+12025550123\n+12025550124\n+12025550125\n"
    assert len(read_people(text, guess(text), most=3).people) == 3
    with pytest.raises(UnreadableFile, match="This list is too long: 2 rows are the most. Split it."):
        read_people(text, guess(text), most=2)


@pytest.mark.parametrize(
    ("cell", "region", "handle"),
    [
        (" +1 (202) 555-0123 ", "", "+12025550123"),
        ("'+12025550123", "", "+12025550123"),
        ("0012025550123", "", "+12025550123"),
        ("(202) 555-0123", "US", "+12025550123"),
        ("0171 1234567", "DE", "+491711234567"),
        ("+44 7400 123456", "DE", "+447400123456"),
        ("Ann@Example.com", "", "ann@example.com"),
    ],
)
def test_a_number_is_read_in_local_writing(cell: str, region: str, handle: str) -> None:
    assert read_handle(cell, region=region) == handle


@pytest.mark.parametrize(
    ("cell", "sentence"),
    [
        ("", "There is no number or address."),
        ("n/a", "This is no phone number."),
        ("+", "This is no phone number."),
        ("4.91512E+12", "A spreadsheet has shortened this number. Format the column as text and export it again."),
        ("202 555 0123", "The country code is missing. Write the number like +12025550123, or choose a country."),
        ("+1202", "This number is too short."),
        ("+999123456789", "This is no phone number."),
        ("+12025550123 ext. 4", "This number has an extension, so it cannot get messages."),
        ("ann@", "“ann@” is not an e-mail address. Write it like ann@example.com."),
    ],
)
def test_what_is_not_certain_is_refused_with_a_sentence(cell: str, sentence: str) -> None:
    with pytest.raises(WrongNumber) as refused:
        read_handle(cell)
    assert str(refused.value) == sentence


@given(st.text(max_size=300))
def test_no_text_breaks_it(text: str) -> None:
    try:
        layout = guess(text, region="US")
        read = read_people(text, layout, region="US")
    except UnreadableFile:
        return
    rows = [row for person in read.people.values() for row in person.rows] + [one.row for one in read.rejected]
    assert len(rows) == len(set(rows))
