"""Handles: what is one, what is wrong with what is none."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from chats.v3.handles import InvalidHandle, clean_handle, clean_sender, is_email, is_phone


@pytest.mark.parametrize("phone", ["+12025550123", "+442071234567", "+81312345678", "+12", "+123456789012345"])
def test_a_phone_number_stays_as_it_is(phone: str) -> None:
    assert clean_handle(phone) == phone
    assert is_phone(phone)
    assert not is_email(phone)


@pytest.mark.parametrize(
    ("given_", "cleaned"),
    [
        ("ann@example.com", "ann@example.com"),
        ("Ann.Lee+Work@Mail.Example.COM", "ann.lee+work@mail.example.com"),
        ("o'brien_1@xn--bcher-kva.example", "o'brien_1@xn--bcher-kva.example"),
    ],
)
def test_an_email_address_is_kept_in_small_letters(given_: str, cleaned: str) -> None:
    assert clean_handle(given_) == cleaned
    assert is_email(given_)
    assert not is_phone(given_)


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("", "The handle is empty. Use a number such as +12025550123 or an e-mail address such as ann@example.com."),
        ("2025550123", "“2025550123” has no country code. Write the number like +12025550123."),
        (
            "+1 (202) 555-0123",
            "“+1 (202) 555-0123” has spaces or punctuation in it. Write the number like +12025550123.",
        ),
        ("+0123456", "“+0123456” is not a phone number. Write it like +12025550123."),
        (
            "+1234567890123456",
            "“+1234567890123456” is too long for a phone number. Write it like +12025550123, with 2 to 15 digits.",
        ),
        ("+1", "“+1” is too short for a phone number. Write it like +12025550123, with 2 to 15 digits."),
        ("ann@", "“ann@” is not an e-mail address. Write it like ann@example.com."),
        ("ann@localhost", "“ann@localhost” is not an e-mail address. Write it like ann@example.com."),
        (
            "Ann",
            "“Ann” is neither a phone number nor an e-mail address. "
            "Use a number such as +12025550123 or an e-mail address such as ann@example.com.",
        ),
        ("+12025550123\n", "“+12025550123�” has spaces or punctuation in it. Write the number like +12025550123."),
    ],
)
def test_a_wrong_handle_is_refused_with_one_sentence_that_helps(value: str, sentence: str) -> None:
    with pytest.raises(InvalidHandle) as refused:
        clean_handle(value)
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    "value",
    [
        " +12025550123",
        "+١٢٣٤٥٦",
        "+12025550123\n",
        "a@b@example.com",
        "a..b@example.com",
        ".a@example.com",
        "a@-example.com",
        "ann@example.com\n",
        "ann @example.com",
        "a@example..com",
        "<a@example.com>",
        "ä@example.com",
        "a" * 250 + "@example.com",
        "tel:+12025550123",
        "72345",
        "ACME",
    ],
)
def test_nothing_is_repaired(value: str) -> None:
    assert not is_phone(value)
    assert not is_email(value)
    with pytest.raises(InvalidHandle):
        clean_handle(value)


@pytest.mark.parametrize("value", ["723", "72345678", "ACME", "Acme Shop", "A&B-1", "Ann@Example.com", "+12025550123"])
def test_a_sender_may_also_be_a_short_code_or_a_name(value: str) -> None:
    assert clean_sender(value) == (value.lower() if "@" in value else value)


@pytest.mark.parametrize("value", ["12", "123456789", "TWELVELETTER", " ACME", "ACME ", "<b>", "", "+1", "12 34"])
def test_a_sender_is_not_just_anything(value: str) -> None:
    with pytest.raises(InvalidHandle):
        clean_sender(value)


@pytest.mark.parametrize("value", [None, 12025550123, ["+12025550123"], b"+12025550123"])
def test_what_is_no_text_is_refused_the_same_way(value: object) -> None:
    for clean in (clean_handle, clean_sender):
        with pytest.raises(InvalidHandle, match=r"^A handle must be text\. "):
            clean(value)  # type: ignore[arg-type]


@given(st.from_regex(r"\+[1-9][0-9]{1,14}", fullmatch=True))
def test_every_e164_number_is_a_handle(phone: str) -> None:
    assert clean_handle(phone) == phone == clean_sender(phone)


@given(st.emails(domains=st.just("Example.com")))
def test_cleaning_twice_changes_nothing(email: str) -> None:
    assume(is_email(email))
    assert clean_handle(email) == email.lower()
    assert clean_handle(email.lower()) == email.lower()


def refusal_of(value: str) -> str | None:
    """The sentence with which a value is refused, or None for a good handle."""
    try:
        clean_handle(value)
    except InvalidHandle as refused:
        return str(refused)
    return None


@given(st.text(max_size=60))
def test_any_text_is_a_handle_or_refused_in_one_short_line(value: str) -> None:
    sentence = refusal_of(value)
    if sentence is None:
        assert clean_handle(value) in (value, value.lower())
    else:
        assert re.fullmatch(r"[^\n\r]+\.", sentence)
        assert len(sentence) < 250
