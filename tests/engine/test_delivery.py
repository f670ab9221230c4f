"""How far a message came: whatever order its events come in, it never goes back."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from chats.engine import delivery
from chats.models import Message
from chats.models.message import DeliveryStatus
from tests.people import NOON

Status = Message.Status
Step = tuple[DeliveryStatus, int | None, int | None]
# Furthest last. What failed may still arrive, and what arrived can no longer fail.
ORDER = [Status.PENDING, Status.QUEUED, Status.SENT, Status.FAILED, Status.DELIVERED, Status.READ]
TIMES = {Status.SENT: "sent_at", Status.DELIVERED: "delivered_at", Status.READ: "read_at", Status.FAILED: "failed_at"}

steps = st.lists(
    st.tuples(st.sampled_from(ORDER), st.one_of(st.none(), st.integers(0, 100)), st.one_of(st.none(), st.just(4001)))
)


def a_message() -> Message:
    return Message(direction=Message.Direction.OUTBOUND, happened_at=NOON)


@settings(max_examples=60, deadline=None)
@given(steps)
def test_it_stands_where_the_furthest_event_put_it(events: list[Step]) -> None:
    message = a_message()
    for status, second, code in events:
        before = ORDER.index(Status(message.delivery_status))
        at = None if second is None else NOON + timedelta(seconds=second)
        snapshot = dict(message.__dict__)
        if status == Status.FAILED:
            changed = delivery.fail(message, sentence="It did not arrive.", code=code, at=at or NOON)
        else:
            changed = delivery.advance(message, status, at=at)
        assert ORDER.index(Status(message.delivery_status)) >= before
        assert {name for name, value in message.__dict__.items() if snapshot[name] != value} <= set(changed)
    furthest = max((ORDER.index(status) for status, _, _ in events), default=0)
    assert message.delivery_status == ORDER[furthest]
    assert bool(message.error) == (message.delivery_status == Status.FAILED)
    assert (message.failed_at is not None) == (message.delivery_status == Status.FAILED)


@settings(max_examples=60, deadline=None)
@given(steps)
def test_the_first_time_told_of_a_stage_stays(events: list[Step]) -> None:
    message = a_message()
    first: dict[str, int] = {}
    for status, second, _ in events:
        if status == Status.FAILED:
            continue
        delivery.advance(message, status, at=None if second is None else NOON + timedelta(seconds=second))
        if second is not None and status in TIMES:
            first.setdefault(TIMES[status], second)
    for field in ("sent_at", "delivered_at", "read_at"):
        expected = NOON + timedelta(seconds=first[field]) if field in first else None
        assert getattr(message, field) == expected
    assert message.happened_at == (NOON + timedelta(seconds=first["sent_at"]) if "sent_at" in first else NOON)


@settings(max_examples=60, deadline=None)
@given(steps)
def test_saying_everything_twice_changes_nothing_more(
    events: list[Step],
) -> None:
    def say(message: Message) -> list[str]:
        changed = []
        for status, second, code in events:
            at = NOON + timedelta(seconds=second or 0)
            if status == Status.FAILED:
                changed += delivery.fail(message, sentence="It did not arrive.", code=code, at=at)
            else:
                changed += delivery.advance(message, status, at=at)
        return changed

    message = a_message()
    say(message)
    assert say(message) == []


def test_a_later_word_of_failure_that_names_a_code_says_more() -> None:
    message = a_message()
    delivery.fail(message, sentence="It did not arrive.", code=None, at=NOON)
    told_at = NOON + timedelta(hours=1)
    changed = delivery.fail(message, sentence="The line is offline.", code=4002, at=told_at)
    assert changed == ["error", "error_code", "failed_at"]
    assert (message.error, message.error_code, message.failed_at) == ("The line is offline.", 4002, told_at)
