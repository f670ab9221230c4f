"""What can be done with a message: who may, what is asked, what is refused in place, what the bubble shows then."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from chats import clock
from chats.actions.touches import add_reaction, edit_message
from chats.models import AuditRecord, Chat, Message, Operation, Reaction
from chats.models.operation import Kind, State
from chats.queries import activity, home
from tests.console.inbox.words import HTMX, write
from tests.people import NOON, make_person, signed_in

pytestmark = pytest.mark.django_db

ASKS: dict[str, tuple[dict[str, str], Kind, dict[str, Any]]] = {
    "message_react": ({"type": "like"}, Kind.ADD_REACTION, {"part_index": 0, "type": "like", "custom_emoji": ""}),
    "message_edit": ({"text": "Hello"}, Kind.EDIT_MESSAGE, {"part_index": 0, "text": "Hello"}),
    "message_delete": ({}, Kind.DELETE_MESSAGE, {}),
}


@pytest.fixture
def ours(chat: Chat, agent: User) -> Message:
    now = clock.now()
    return write(chat, "Helo", ours=True, author=agent, service="iMessage", sent_at=now, at=now)


def post(user: User, name: str, message: Message, *more: Any, htmx: bool = True, **data: str) -> Any:
    address = reverse(f"admin:{name}", args=[message.chat_id, message.pk, *more])
    return signed_in(user).post(address, data, headers=HTMX if htmx else {})


def menu(user: User, message: Message, **headers: str) -> Any:
    address = reverse("admin:message_menu", args=[message.chat_id, message.pk])
    return signed_in(user).get(address, headers=headers or HTMX)


def nothing_happened() -> None:
    assert (Operation.objects.count(), AuditRecord.objects.count()) == (0, 0)


@pytest.mark.parametrize("name", ASKS)
@pytest.mark.parametrize("who", ["agent", "manager", "administrator"])
def test_it_is_asked_for_and_shows_as_pending(
    name: str, who: str, ours: Message, request: pytest.FixtureRequest
) -> None:
    data, kind, payload = ASKS[name]
    response = post(request.getfixturevalue(who), name, ours, **data)
    operation = Operation.objects.get()
    assert (operation.kind, operation.about, operation.payload) == (kind, ours, payload)
    html = response.content.decode()
    assert response.status_code == 200
    assert f'data-touch="{kind}"' in html
    assert "Helo" in html


@pytest.mark.parametrize("name", ASKS)
def test_without_htmx_it_goes_back_to_the_chat(name: str, ours: Message, agent: User) -> None:
    response = post(agent, name, ours, htmx=False, **ASKS[name][0])
    assert (response.status_code, response["Location"]) == (302, f"/inbox/{ours.chat_id}/")
    assert Operation.objects.get().kind == ASKS[name][1]


@pytest.mark.parametrize("name", [*ASKS, "message_menu"])
def test_for_an_outsider_the_message_does_not_exist(name: str, ours: Message, outsider: User) -> None:
    response = menu(outsider, ours) if name == "message_menu" else post(outsider, name, ours, **ASKS[name][0])
    assert response.status_code == 404
    nothing_happened()


@pytest.mark.parametrize("name", [*ASKS, "message_menu"])
def test_anonymous_and_those_without_a_role_do_nothing(name: str, ours: Message) -> None:
    address = reverse(f"admin:{name}", args=[ours.chat_id, ours.pk])
    ask = Client().get if name == "message_menu" else Client().post
    assert ask(address).status_code == 302
    nobody = signed_in(make_person("nobody", "", ours.chat.line))
    ask = nobody.get if name == "message_menu" else nobody.post
    assert ask(address).status_code == 403
    nothing_happened()


@pytest.mark.parametrize("name", ASKS)
def test_reading_an_address_of_a_change_changes_nothing(name: str, ours: Message, agent: User) -> None:
    assert signed_in(agent).get(reverse(f"admin:{name}", args=[ours.chat_id, ours.pk])).status_code == 405
    nothing_happened()


@pytest.mark.parametrize("name", ["message_edit", "message_delete"])
def test_a_colleagues_words_are_not_touched(name: str, ours: Message) -> None:
    colleague = make_person("colleague", "Agent", ours.chat.line)
    assert post(colleague, name, ours, **ASKS[name][0]).status_code == 403
    nothing_happened()


def test_a_message_of_another_chat_is_not_there(ours: Message, group: Chat, agent: User) -> None:
    address = reverse("admin:message_delete", args=[group.pk, ours.pk])
    assert signed_in(agent).post(address, headers=HTMX).status_code == 404
    nothing_happened()


@pytest.mark.parametrize(
    ("name", "data", "sentence", "field"),
    [
        ("message_edit", {"text": " "}, "Write something first.", 'id="message-edit-error"'),
        ("message_react", {"type": "custom", "emoji": "<b>"}, "Choose a single emoji.", 'value="&lt;b&gt;"'),
    ],
)
def test_a_refusal_stands_in_the_menu(
    name: str, data: dict[str, str], sentence: str, field: str, ours: Message, agent: User
) -> None:
    response = post(agent, name, ours, **data)
    html = response.content.decode()
    assert response.status_code == 422
    assert sentence in html
    assert field in html
    assert 'aria-invalid="true"' in html
    nothing_happened()


def test_without_htmx_a_refusal_is_a_message_on_the_chat(ours: Message, agent: User) -> None:
    address = reverse("admin:message_edit", args=[ours.chat_id, ours.pk])
    response = signed_in(agent).post(address, {"text": ""}, follow=True)
    assert [str(one) for one in response.context["messages"]] == ["Write something first."]


def test_the_menu_offers_what_can_be_done(ours: Message, agent: User) -> None:
    html = menu(agent, ours).content.decode()
    signs = re.findall(r'class="btn sign"[^>]*aria-label="([^"]+)"', html)
    assert signs == ["Love", "Like", "Dislike", "Laugh", "Emphasize", "Question"]
    for offered in ("Reply", 'data-copy="Helo"', "Save", "Delete this message"):
        assert offered in html
    Message.objects.filter(pk=ours.pk).update(sent_at=clock.now() - timedelta(minutes=16))
    html = menu(agent, ours).content.decode()
    assert "New words" not in html
    assert "Delete this message" in html


def test_what_others_wrote_offers_no_change_of_it(chat: Chat, agent: User, manager: User) -> None:
    theirs = write(chat, "Hi", service="SMS")
    html = menu(agent, theirs).content.decode()
    assert "There are no reactions on SMS." in html
    assert "New words" not in html
    assert "Delete this message" not in html
    assert "Delete this message" in menu(manager, theirs).content.decode()


def test_the_menu_is_a_page_where_no_script_runs(ours: Message, agent: User) -> None:
    html = menu(agent, ours, **{"Accept": "text/html"}).content.decode()
    assert "<title>Message | Chatdeck</title>" in html
    assert "data-reply=" not in html


def test_our_own_reaction_is_taken_back_from_the_menu(ours: Message, agent: User) -> None:
    Reaction.objects.create(message=ours, type="love", is_me=True)
    Reaction.objects.create(message=ours, type="custom", custom_emoji="🦄", is_me=True, part_index=0)
    html = menu(agent, ours).content.decode()
    assert re.findall(r'aria-pressed="true" aria-label="([^"]+)"', html) == ["Take back Love", "Take back Custom 🦄"]
    post(agent, "message_react", ours, type="custom", emoji="🦄", remove="1")
    assert Operation.objects.get().payload == {"part_index": 0, "type": "custom", "custom_emoji": "🦄"}
    assert Operation.objects.get().kind == Kind.REMOVE_REACTION


def test_hostile_words_are_words(chat: Chat, agent: User) -> None:
    hostile = "\"><script>alert('x')</script>"
    message = write(chat, hostile, ours=True, author=agent, service="iMessage", at=clock.now(), sent_at=clock.now())
    html = menu(agent, message).content.decode()
    assert "<script>alert" not in html
    edit_message(message=message, text=f"New {hostile}", by=agent)
    html = signed_in(agent).get(f"/inbox/{chat.pk}/", headers=HTMX).content.decode()
    assert "<script>alert" not in html
    assert "Edit to “New &quot;&gt;&lt;script&gt;" in html


def failed(ours: Message, agent: User, at: Any = None) -> Operation:
    operation = add_reaction(message=ours, type="love", by=agent)
    Operation.objects.update(
        state=State.FAILED, error="It did not work.", settled_at=at or clock.now(), due_at=None, trace_id="trace-9"
    )
    return operation


def test_a_failed_change_says_why_and_is_tried_again(ours: Message, agent: User) -> None:
    operation = failed(ours, agent)
    html = signed_in(agent).get(f"/inbox/{ours.chat_id}/").content.decode()
    assert "It did not work." in html
    assert "trace-9" in html
    response = post(agent, "touch_retry", ours, operation.pk)
    operation.refresh_from_db()
    assert (response.status_code, operation.state) == (200, State.QUEUED)
    again = post(agent, "touch_retry", ours, operation.pk)
    assert again.status_code == 422
    assert "Only what has failed can be tried again." in again.content.decode()


def test_a_failure_is_put_away(ours: Message, agent: User) -> None:
    operation = failed(ours, agent)
    response = post(agent, "touch_dismiss", ours, operation.pk)
    assert response.status_code == 200
    assert "It did not work." not in response.content.decode()
    operation.refresh_from_db()
    assert (operation.state, operation.dismissed_by) == (State.FAILED, agent)


def test_a_failure_that_is_old_or_overtaken_is_told_of_no_more(ours: Message, agent: User) -> None:
    failed(ours, agent, at=clock.now() - timedelta(hours=25))
    assert "It did not work." not in signed_in(agent).get(f"/inbox/{ours.chat_id}/").content.decode()
    Operation.objects.update(settled_at=clock.now())
    assert "It did not work." in signed_in(agent).get(f"/inbox/{ours.chat_id}/").content.decode()
    add_reaction(message=ours, type="like", by=agent)
    assert "It did not work." not in signed_in(agent).get(f"/inbox/{ours.chat_id}/").content.decode()


def test_a_change_is_taken_back_before_it_leaves(ours: Message, agent: User) -> None:
    operation = add_reaction(message=ours, type="love", by=agent)
    response = post(agent, "touch_cancel", ours, operation.pk)
    operation.refresh_from_db()
    assert (response.status_code, operation.state) == (200, State.CANCELLED)
    assert "data-touch" not in response.content.decode()


@pytest.mark.parametrize("name", ["touch_retry", "touch_cancel", "touch_dismiss"])
def test_somebody_elses_change_is_left_alone(name: str, ours: Message, agent: User, outsider: User) -> None:
    operation = failed(ours, agent)
    before = Operation.objects.values().get()
    colleague = make_person("colleague", "Agent", ours.chat.line)
    assert post(colleague, name, ours, operation.pk).status_code == 403
    assert post(outsider, name, ours, operation.pk).status_code == 404
    other = write(ours.chat)
    assert post(agent, name, other, operation.pk).status_code == 404
    assert Operation.objects.values().get() == before


def test_a_deleted_message_says_so_and_offers_nothing(ours: Message, agent: User) -> None:
    Message.objects.filter(pk=ours.pk).update(deleted_at=NOON, cleared_at=NOON, parts=[], text="")
    html = signed_in(agent).get(f"/inbox/{ours.chat_id}/").content.decode()
    assert "This message was deleted." in html
    assert "msg-menu" not in html
    assert menu(agent, ours).status_code == 404


def test_an_answer_names_its_message(ours: Message, group: Chat, agent: User) -> None:
    def send(pk: int) -> Message:
        data = {"text": "Yes", "key": str(uuid.uuid4()), "seen": ours.pk, "reply_to": str(pk)}
        signed_in(agent).post(f"/inbox/{ours.chat_id}/send/", data, headers=HTMX)
        return Message.objects.latest("pk")

    assert send(ours.pk).reply_to_remote_id == ours.remote_id
    # One that is gone, or of another chat, is no reason to hold back what was written.
    assert send(write(group).pk).reply_to_remote_id is None


def test_typing_is_told_of_and_answers_nothing(chat: Chat, agent: User, outsider: User, settings: Settings) -> None:
    address = f"/inbox/{chat.pk}/typing/"
    assert f'data-typing-url="{address}"' in signed_in(agent).get(f"/inbox/{chat.pk}/").content.decode()
    for data in ({}, {}, {"off": "1"}):
        response = signed_in(agent).post(address, data)
        assert (response.status_code, response.content) == (204, b"")
    assert list(Operation.objects.order_by("pk").values_list("kind", flat=True)) == ["start_typing", "stop_typing"]
    assert signed_in(outsider).post(address).status_code == 404
    assert Client().post(address).status_code == 302
    assert signed_in(make_person("nobody", "", chat.line)).post(address).status_code == 403
    assert signed_in(agent).get(address).status_code == 405
    assert Operation.objects.count() == 2
    settings.SHOW_TYPING = False
    assert "data-typing-url" not in signed_in(agent).get(f"/inbox/{chat.pk}/").content.decode()


def test_typing_shows_in_no_list(chat: Chat, manager: User) -> None:
    signed_in(manager).post(f"/inbox/{chat.pk}/typing/")
    operation = Operation.objects.get()
    assert activity.operations_page(manager, activity.OperationFilters()).rows == []
    wanted = activity.OperationFilters(kind=operation.kind)
    assert activity.operations_page(manager, wanted).rows == [operation]
    assert home.numbers(manager).waiting == 0
    Operation.objects.update(state=State.FAILED, error="No.", settled_at=clock.now(), due_at=None)
    assert home.numbers(manager).failed == 0
