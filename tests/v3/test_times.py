"""Times of the remote: RFC 3339, 0 to 9 fraction digits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chats.v3.times import format_time, parse_optional_time, parse_time

NINE = datetime(2026, 11, 2, 9, 30, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-02T09:30:15Z", NINE),
        ("2026-11-02t09:30:15z", NINE),
        ("2026-11-02 09:30:15Z", NINE),
        ("2026-11-02T09:30:15.1Z", NINE.replace(microsecond=100_000)),
        ("2026-11-02T09:30:15.123Z", NINE.replace(microsecond=123_000)),
        ("2026-11-02T09:30:15.123456Z", NINE.replace(microsecond=123_456)),
        ("2026-11-02T09:30:15.123456999Z", NINE.replace(microsecond=123_456)),
        ("2026-11-02T09:30:15.000000001Z", NINE),
        ("2026-11-02T11:30:15+02:00", NINE),
        ("2026-11-02T03:45:15.5-05:45", NINE.replace(microsecond=500_000)),
        ("2026-11-02T09:30:15-00:00", NINE),
        ("2016-12-31T23:59:60Z", datetime(2017, 1, 1, tzinfo=UTC)),
    ],
)
def test_it_reads_what_the_remote_writes(text: str, moment: datetime) -> None:
    parsed = parse_time(text)
    assert parsed == moment
    assert parsed.tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-02",
        "2026-11-02T09:30Z",
        "2026-11-02T09:30:15",
        "2026-11-02T09:30:15.Z",
        "2026-11-02T09:30:15.1234567890Z",
        "2026-13-02T09:30:15Z",
        "2026-02-30T09:30:15Z",
        "2026-11-02T24:30:15Z",
        "2026-11-02T09:30:61Z",
        "2026-11-02T09:30:15+24:00",
        "2026-11-02T09:30:15+02:60",
        "2026-11-02T09:30:15Z\n",
        "٢٠٢٦-11-02T09:30:15Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:60Z",
    ],
)
def test_it_refuses_everything_else(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse_time(text)
    assert parse_optional_time(text) is None


def test_an_optional_time_may_be_missing() -> None:
    assert parse_optional_time(None) is None
    assert parse_optional_time(1_700_000_000) is None
    assert parse_optional_time("2026-11-02T09:30:15Z") == NINE


def test_it_writes_utc_and_no_empty_fraction() -> None:
    assert format_time(NINE) == "2026-11-02T09:30:15Z"
    assert format_time(NINE.replace(microsecond=5)) == "2026-11-02T09:30:15.000005Z"
    assert format_time(NINE.astimezone(timezone(timedelta(hours=-8)))) == "2026-11-02T09:30:15Z"


def test_a_time_without_a_zone_is_never_sent() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        format_time(datetime(2026, 11, 2, 9))  # noqa: DTZ001


@given(
    st.datetimes(
        min_value=datetime(2, 1, 1),  # noqa: DTZ001
        max_value=datetime(9998, 12, 31),  # noqa: DTZ001
        timezones=st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
    )
)
def test_what_is_written_is_read_back(moment: datetime) -> None:
    assert parse_time(format_time(moment)) == moment


@given(st.datetimes(min_value=datetime(2000, 1, 1)), st.text("0123456789", max_size=9))  # noqa: DTZ001
def test_any_number_of_fraction_digits_is_cut_never_rounded(naive: datetime, fraction: str) -> None:
    second = naive.replace(microsecond=0, tzinfo=UTC)
    text = second.replace(tzinfo=None).isoformat() + (f".{fraction}" if fraction else "") + "Z"
    expected = int(fraction.ljust(9, "0")) // 1000 if fraction else 0
    assert parse_time(text) == second + timedelta(microseconds=expected)


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    parsed = parse_optional_time(text)
    assert parsed is None or parsed.tzinfo is UTC
