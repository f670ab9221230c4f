"""Answers that are errors: every code of the remote, and every way an answer can be badly formed."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chats.v3.errors import CODES, Advice, NoAnswer, NotReached, Refused, RemoteError, from_response

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
SECRET_TEXT = "see you at nine"

RETRY, WAIT, GIVE_UP = Advice.RETRY_LATER, Advice.WAIT, Advice.GIVE_UP
OPTED_OUT, NOT_ELIGIBLE, UNKNOWN = Advice.OPTED_OUT, Advice.LINE_NOT_ELIGIBLE, Advice.OUTCOME_UNKNOWN

# The remote's table of codes, written down a second time: number, status, what to do.
TABLE = [
    (1001, 400, GIVE_UP),
    (1002, 400, GIVE_UP),
    (1003, 400, GIVE_UP),
    (1004, 400, GIVE_UP),
    (1005, 400, GIVE_UP),
    (1006, 409, GIVE_UP),
    (1007, 429, WAIT),
    (1008, 400, GIVE_UP),
    (2001, 404, GIVE_UP),
    (2002, 404, GIVE_UP),
    (2003, 404, GIVE_UP),
    (2004, 401, GIVE_UP),
    (2005, 403, GIVE_UP),
    (2006, 403, GIVE_UP),
    (2007, 404, WAIT),
    (2008, 403, GIVE_UP),
    (2009, 409, WAIT),
    (2010, 404, GIVE_UP),
    (2011, 403, GIVE_UP),
    (2012, 404, GIVE_UP),
    (2013, 409, GIVE_UP),
    (2014, 409, GIVE_UP),
    (2015, 409, GIVE_UP),
    (2016, 409, GIVE_UP),
    (2017, 409, GIVE_UP),
    (2018, 409, GIVE_UP),
    (2019, 404, GIVE_UP),
    (2021, 404, GIVE_UP),
    (2022, 500, RETRY),
    (2023, 409, GIVE_UP),
    (2024, 403, OPTED_OUT),
    (2025, 403, GIVE_UP),
    (2026, 403, GIVE_UP),
    (2027, 403, NOT_ELIGIBLE),
    (2027, 409, NOT_ELIGIBLE),  # POST /v3/messages: no line at all can send
    (2028, 409, GIVE_UP),
    (3001, 500, RETRY),
    (3002, 500, RETRY),
    (3003, 500, RETRY),
    (3004, 500, RETRY),
    (3005, 504, RETRY),
    (3006, 500, RETRY),
    (3007, 500, RETRY),
    (4001, 500, RETRY),
    (4002, 500, RETRY),
    (4003, 500, GIVE_UP),
    (4004, 503, RETRY),
    (4005, 422, GIVE_UP),
    (4006, 500, GIVE_UP),
    (4007, 500, GIVE_UP),
    (4008, 500, GIVE_UP),
    (4009, 503, RETRY),
    (4010, 503, RETRY),
    (5001, 500, RETRY),
    (5001, 413, GIVE_UP),  # a voice memo that is too large
    (5002, 500, RETRY),
    (5003, 500, RETRY),
    (5004, 400, GIVE_UP),
    (5005, 400, GIVE_UP),
    (5006, 400, GIVE_UP),
    (5007, 400, GIVE_UP),
]


def envelope(code: object, status: int, **more: object) -> bytes:
    error = {"status": status, "code": code, "message": SECRET_TEXT, "doc_url": "https://docs.linqapp.com/", **more}
    return json.dumps({"success": False, "error": error, "trace_id": TRACE_ID}).encode()


@pytest.mark.parametrize(("code", "status", "advice"), TABLE)
def test_each_code_says_what_to_do(code: int, status: int, advice: Advice) -> None:
    refused = from_response(status, {"X-Trace-ID": "another"}, envelope(code, status), method="POST")
    assert (refused.code, refused.status, refused.advice) == (code, status, advice)
    assert refused.trace_id == TRACE_ID
    assert refused.message == SECRET_TEXT
    assert refused.sentence.startswith(CODES[code].meaning + ". ")
    assert refused.sentence.endswith(".")
    assert SECRET_TEXT not in refused.sentence + str(refused) + repr(refused)


def test_the_table_holds_every_code_and_no_other() -> None:
    assert CODES.keys() == {code for code, _, _ in TABLE}
    assert 2020 not in CODES


@pytest.mark.parametrize("code", CODES.values(), ids=lambda code: str(code.number))
def test_each_code_has_the_status_of_the_table_and_a_clean_sentence(code: object) -> None:
    row = CODES[code.number]  # type: ignore[attr-defined]
    statuses = {status for number, status, _ in TABLE if number == row.number}
    assert row.status in statuses | {None}
    assert not row.meaning.endswith(".")
    assert row.sentence.count("..") == 0
    assert row.remedy == "" or row.remedy.endswith(".")


@pytest.mark.parametrize(("code", "status", "seconds"), [(2007, 404, 5.0), (2009, 409, 3.0), (4004, 503, 30.0)])
def test_some_codes_name_a_wait_when_the_answer_does_not(code: int, status: int, seconds: float) -> None:
    assert from_response(status, {}, envelope(code, status), method="POST").retry_after == seconds
    asked = from_response(status, {"Retry-After": "9"}, envelope(code, status), method="POST")
    assert asked.retry_after == 9.0


@pytest.mark.parametrize(
    ("headers", "in_body", "seconds"),
    [
        ({"Retry-After": "45"}, None, 45.0),
        ({"retry-after": " 7 "}, None, 7.0),
        ({"RETRY-AFTER": "7"}, 45, 7.0),
        ({}, 45, 45.0),
        ({}, None, None),
        ({"Retry-After": "0"}, None, 0.0),
        ({"Retry-After": "soon"}, None, None),
        ({"Retry-After": "soon"}, 12, 12.0),
        ({"Retry-After": "-3"}, None, None),
        ({"Retry-After": "٣"}, None, None),
        ({"Retry-After": "999999999"}, None, 86400.0),
        ({"Retry-After": "9" * 5000}, None, None),
        (
            {"Date": "Mon, 02 Nov 2026 09:00:00 GMT", "Retry-After": "Mon, 02 Nov 2026 09:01:30 GMT"},
            None,
            90.0,
        ),
        ({"Date": "Mon, 02 Nov 2026 09:00:00 GMT", "Retry-After": "Mon, 02 Nov 2026 08:00:00 GMT"}, None, 0.0),
        ({"Retry-After": "Mon, 02 Nov 2026 09:01:30 GMT"}, None, None),
        ({"Date": "Mon, 02 Nov 2026 09:00:00 -0000", "Retry-After": "Mon, 02 Nov 2026 09:01:30 GMT"}, None, None),
    ],
)
def test_a_rate_limit_says_how_long_to_wait(
    headers: dict[str, str], in_body: int | None, seconds: float | None
) -> None:
    more = {} if in_body is None else {"retry_after": in_body}
    refused = from_response(429, headers, envelope(1007, 429, **more), method="POST")
    assert (refused.advice, refused.retry_after) == (WAIT, seconds)


@pytest.mark.parametrize(
    ("status", "method", "headers", "advice"),
    [
        (400, "POST", {}, GIVE_UP),
        (401, "GET", {}, GIVE_UP),
        (404, "GET", {}, GIVE_UP),
        (405, "POST", {}, GIVE_UP),
        (408, "POST", {}, RETRY),
        (413, "POST", {}, GIVE_UP),
        (418, "POST", {}, GIVE_UP),
        (429, "POST", {}, WAIT),
        (301, "GET", {}, GIVE_UP),
        (307, "POST", {}, GIVE_UP),
        (500, "POST", {}, UNKNOWN),
        (500, "GET", {}, RETRY),
        (501, "POST", {}, GIVE_UP),
        (502, "POST", {}, UNKNOWN),
        (502, "DELETE", {}, UNKNOWN),
        (502, "GET", {}, RETRY),
        (503, "POST", {}, UNKNOWN),
        (503, "POST", {"Retry-After": "30"}, RETRY),
        (504, "PUT", {}, UNKNOWN),
        (504, "get", {}, RETRY),
    ],
)
def test_without_a_code_the_status_decides(status: int, method: str, headers: dict[str, str], advice: Advice) -> None:
    for body in (b"", b"<html><body>Bad gateway</body></html>", envelope(9999, status)):
        refused = from_response(status, headers, body, method=method)
        assert (refused.advice, refused.status) == (advice, status)
        assert "html" not in refused.sentence


def test_a_missing_envelope_still_gives_the_trace_id_of_the_header() -> None:
    refused = from_response(502, {"x-trace-id": TRACE_ID}, b"<html>", method="GET")
    assert (refused.trace_id, refused.code, refused.message) == (TRACE_ID, None, "")


def test_a_code_written_as_text_counts_and_a_boolean_does_not() -> None:
    assert from_response(403, {}, envelope("2024", 403), method="POST").advice is OPTED_OUT
    assert from_response(403, {}, envelope(True, 403), method="POST").code is None


def test_the_remote_s_words_are_kept_apart_and_short() -> None:
    body = json.dumps({"error": {"code": 1004, "message": "x" * 5000}}).encode()
    refused = from_response(400, {}, body, method="POST")
    assert refused.message == "x" * 500
    assert "xx" not in refused.sentence
    assert from_response(400, {}, b'{"error": "nope"}', method="POST").message == "nope"


@given(
    status=st.integers(300, 599),
    body=st.binary(max_size=200)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["error", "code", "message", "trace_id", "retry_after"]) | st.text(max_size=5),
                inner,
                max_size=4,
            )
        ),
        max_leaves=8,
    ).map(lambda value: json.dumps(value).encode()),
    headers=st.dictionaries(st.sampled_from(["Retry-After", "Date", "X-Trace-ID"]), st.text(max_size=40), max_size=3),
    method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE"]),
)
def test_any_answer_becomes_an_error_that_says_what_to_do(
    status: int, body: bytes, headers: dict[str, str], method: str
) -> None:
    refused = from_response(status, headers, body, method=method)
    assert isinstance(refused, Refused)
    assert isinstance(refused.advice, Advice)
    assert refused.retry_after is None or 0 <= refused.retry_after <= 86400
    if method == "GET":
        assert refused.advice is not UNKNOWN


def test_a_deeply_nested_body_does_no_harm() -> None:
    assert from_response(400, {}, b"[" * 60_000, method="POST").advice is GIVE_UP


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_no_answer_to_a_write_leaves_its_outcome_unknown(method: str) -> None:
    error: RemoteError = NoAnswer("The remote did not answer in time", method=method)
    assert error.advice is UNKNOWN
    assert error.sentence == (
        "The remote did not answer in time. It may have gone through, so it is checked before anything is repeated."
    )


def test_no_answer_to_a_read_and_no_connection_are_simply_tried_again() -> None:
    assert NoAnswer("The remote did not answer in time", method="GET").advice is RETRY
    error = NotReached("The remote could not be reached")
    assert (error.advice, error.status, error.code, error.trace_id) == (RETRY, None, None, None)
    assert str(error) == "The remote could not be reached. It will be tried again."


def test_what_is_logged_of_an_error_is_its_sentence_status_and_code() -> None:
    refused = from_response(403, {}, envelope(2024, 403), method="POST")
    assert str(refused) == (
        "The recipient has opted out. Do not write to them until they write to you. (status 403, code 2024)"
    )
