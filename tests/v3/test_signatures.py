"""Webhook signatures, with the library of Standard Webhooks as the oracle."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from chats.v3.signatures import BadSignature, legacy_headers, new_secret, sign, verify

NOW = 1_793_608_200
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
OTHER = "whsec_" + base64.b64encode(b"another secret of thirty-two by.").decode()
BODY = b'{"event_type":"message.received","data":{"text":"h\xc3\xa9llo"}}'


def headers(secret: str = SECRET, *, at: int = NOW, body: bytes = BODY, **more: str) -> dict[str, str]:
    made = {"webhook-id": "evt-1", "webhook-timestamp": str(at), "webhook-signature": sign(secret, "evt-1", at, body)}
    return made | {name.replace("_", "-"): value for name, value in more.items()}


def refusal(given_headers: dict[str, str], *, secrets: tuple[str, ...] = (SECRET,), body: bytes = BODY) -> str:
    with pytest.raises(BadSignature) as refused:
        verify(secrets, given_headers, body, now=NOW)
    return str(refused.value)


def test_a_new_secret_is_32_random_bytes() -> None:
    secret = new_secret()
    assert secret.startswith("whsec_")
    assert len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) == 32
    assert new_secret() != secret


def test_what_is_signed_is_believed() -> None:
    verify([SECRET], headers(), BODY, now=NOW)


@given(message_id=st.from_regex(r"[a-z0-9-]{1,40}", fullmatch=True), body=st.text(max_size=200))
def test_the_oracle_believes_what_we_sign_and_we_what_it_signs(message_id: str, body: str) -> None:
    oracle = Webhook(SECRET)
    at = datetime.fromtimestamp(NOW, UTC)
    assert sign(SECRET, message_id, NOW, body.encode()) == oracle.sign(message_id, at, body)


@time_machine.travel(NOW, tick=False)
def test_the_oracle_verifies_our_headers() -> None:
    assert Webhook(SECRET).verify(BODY, headers()) == {"event_type": "message.received", "data": {"text": "héllo"}}
    with pytest.raises(WebhookVerificationError):
        Webhook(OTHER).verify(BODY, headers())


@pytest.mark.parametrize("at", [NOW - 300, NOW + 300])
def test_five_minutes_either_way_are_still_believed(at: int) -> None:
    verify([SECRET], headers(at=at), BODY, now=NOW)


@pytest.mark.parametrize("at", [NOW - 301, NOW + 301, 0, 999_999_999_999])
def test_an_old_or_future_delivery_is_not(at: int) -> None:
    assert refusal(headers(at=at)) == "The delivery was signed more than 300 seconds away from now."


def test_the_names_of_headers_match_in_any_case() -> None:
    verify([SECRET], {name.title(): value for name, value in headers().items()}, BODY, now=NOW)


def test_one_of_several_signatures_is_enough() -> None:
    several = " ".join([sign(OTHER, "evt-1", NOW, BODY), "v1a,abc", "v1,%%%", sign(SECRET, "evt-1", NOW, BODY)])
    verify([SECRET], headers(webhook_signature=several), BODY, now=NOW)


def test_one_of_several_secrets_is_enough() -> None:
    verify(["not base64!", OTHER, SECRET], headers(), BODY, now=NOW)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"webhook_id": "evt-2"}, "No signature of the delivery matches a stored secret."),
        ({"webhook_timestamp": str(NOW + 1)}, "No signature of the delivery matches a stored secret."),
        (
            {"webhook_signature": sign(OTHER, "evt-1", NOW, BODY)},
            "No signature of the delivery matches a stored secret.",
        ),
        ({"webhook_signature": "v1,YWJj"}, "No signature of the delivery matches a stored secret."),
        ({"webhook_signature": "v1,%%%"}, "The webhook-signature header holds no signature of version v1."),
        ({"webhook_signature": "v1,é"}, "The webhook-signature header holds no signature of version v1."),
        ({"webhook_signature": "v2,YWJj"}, "The webhook-signature header holds no signature of version v1."),
        ({"webhook_signature": "  "}, "The webhook-signature header holds no signature of version v1."),
        ({"webhook_timestamp": "yesterday"}, "The webhook-timestamp header is not a number of seconds."),
        ({"webhook_timestamp": "1e9"}, "The webhook-timestamp header is not a number of seconds."),
        ({"webhook_timestamp": "٣"}, "The webhook-timestamp header is not a number of seconds."),
        ({"webhook_timestamp": "9" * 400}, "The webhook-timestamp header is not a number of seconds."),
        (
            {"webhook_id": ""},
            "The delivery has no webhook-id, webhook-timestamp or webhook-signature header.",
        ),
    ],
)
def test_a_changed_header_is_refused_with_a_sentence(changed: dict[str, str], sentence: str) -> None:
    assert refusal(headers(**changed)) == sentence


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_missing_header_is_refused(name: str) -> None:
    left = {key: value for key, value in headers().items() if key != name}
    assert refusal(left) == "The delivery has no webhook-id, webhook-timestamp or webhook-signature header."


def test_a_changed_body_is_refused() -> None:
    assert refusal(headers(), body=BODY + b" ") == "No signature of the delivery matches a stored secret."


@pytest.mark.parametrize("secrets", [(), ("",), ("whsec_",), ("whsec_%%%",)])
def test_without_a_usable_secret_nothing_is_believed(secrets: tuple[str, ...]) -> None:
    assert refusal(headers(), secrets=secrets) == ("No usable signing secret is stored to check the delivery against.")


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_%%%", "whsec_é"])
def test_signing_needs_a_real_secret(secret: str) -> None:
    with pytest.raises(ValueError, match="whsec_ followed by base64"):
        sign(secret, "evt-1", NOW, BODY)


def test_a_refusal_never_tells_the_secret() -> None:
    assert SECRET.removeprefix("whsec_") not in refusal(headers(OTHER))


@given(
    st.dictionaries(
        st.sampled_from(["webhook-id", "Webhook-Timestamp", "webhook-signature", "x"]), st.text(max_size=60), max_size=4
    ),
    st.binary(max_size=50),
)
def test_nothing_unsigned_is_believed_and_nothing_crashes(made_up: dict[str, str], body: bytes) -> None:
    with pytest.raises(BadSignature):
        verify([SECRET], made_up, body, now=NOW)


@given(st.binary(max_size=200), st.integers(0, 199), st.integers(1, 255))
def test_one_changed_byte_breaks_the_signature(body: bytes, index: int, change: int) -> None:
    signed = headers(body=body)
    verify([SECRET], signed, body, now=NOW)
    if body:
        forged = bytearray(body)
        forged[index % len(body)] ^= change
        with pytest.raises(BadSignature):
            verify([SECRET], signed, bytes(forged), now=NOW)


def test_the_older_headers_are_keyed_by_the_whole_secret() -> None:
    digest = hmac.new(SECRET.encode(), f"{NOW}.".encode() + BODY, hashlib.sha256).hexdigest()
    assert legacy_headers(SECRET, "message.received", "sub-1", NOW, BODY) == {
        "X-Webhook-Event": "message.received",
        "X-Webhook-Subscription-ID": "sub-1",
        "X-Webhook-Timestamp": str(NOW),
        "X-Webhook-Signature": digest,
    }
