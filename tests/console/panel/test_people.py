"""Our contact card, where people are and the block list, from the panel of a chat."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from chats import clock
from chats.actions.touches import add_reaction
from chats.models import AuditRecord, Chat, Handle, Operation, SharedLocation
from chats.models.operation import Kind, State
from tests.console.inbox.words import write
from tests.people import NOON, make_person, signed_in

pytestmark = pytest.mark.django_db
ADA = "+14155550101"

ASKS = {
    "panel_card": ({}, Kind.SHARE_CONTACT_CARD, {}),
    "panel_ask_location": ({}, Kind.REQUEST_LOCATION, {}),
    "panel_see_location": ({}, Kind.READ_LOCATION, {}),
    "panel_stop_location": ({"handle": ADA}, Kind.STOP_LOCATION, {"handle": ADA}),
    "panel_block": ({"handle": ADA, "reason": "Spam"}, Kind.BLOCK_HANDLE, {"handle": ADA, "reason": "Spam"}),
    "panel_unblock": ({"handle": ADA}, Kind.UNBLOCK_HANDLE, {"handle": ADA}),
}


def post(user, name, chat, /, *, htmx=True, **data):
    headers = {"HX-Request": "true"} if htmx else {}
    return signed_in(user).post(reverse(f"admin:{name}", args=[chat.pk]), data, headers=headers)


def panel(user, chat) -> str:
    return signed_in(user).get(reverse("admin:chat_panel", args=[chat.pk])).content.decode()


@pytest.fixture
def ready(chat):
    """A chat in which every one of these can be asked; which of them makes sense depends on the name."""

    def prepare(name: str) -> Chat:
        write(chat, ours=True)
        handle = Handle.objects.get(value=ADA)
        if name in {"panel_see_location", "panel_stop_location"}:
            SharedLocation.objects.create(line=chat.line, handle=handle, began_at=NOON)
        if name == "panel_unblock":
            Handle.objects.filter(pk=handle.pk).update(blocked_at=NOON, block_reason="Spam")
        return chat

    return prepare


@pytest.mark.parametrize("name", ASKS)
@pytest.mark.parametrize("who", ["agent", "manager", "administrator"])
def test_it_is_asked_for_and_shows_as_pending(name, who, ready, request):
    data, kind, payload = ASKS[name]
    user = request.getfixturevalue(who)
    response = post(user, name, ready(name), **data)
    html = response.content.decode()
    assert response.status_code == 200
    assert f'data-pending="{kind}"' in html
    assert "Take back" in html
    operation = Operation.objects.get()
    assert (operation.kind, operation.payload, operation.requested_by) == (kind, payload, user)


@pytest.mark.parametrize("name", ASKS)
def test_without_htmx_it_goes_back_to_the_chat(name, ready, agent):
    chat = ready(name)
    response = post(agent, name, chat, htmx=False, **ASKS[name][0])
    assert (response.status_code, response["Location"]) == (302, reverse("admin:chat", args=[chat.pk]))
    assert Operation.objects.get().kind == ASKS[name][1]


@pytest.mark.parametrize("name", ASKS)
def test_others_ask_nothing(name, ready, outsider, django_capture_on_commit_callbacks):
    chat, data = ready(name), ASKS[name][0]
    address = reverse(f"admin:{name}", args=[chat.pk])
    with django_capture_on_commit_callbacks() as after:
        assert post(outsider, name, chat, **data).status_code == 404
        assert post(make_person("nobody", "", chat.line), name, chat, **data).status_code == 403
        assert Client().post(address, data).status_code == 302
        assert signed_in(outsider).get(address).status_code == 405
    assert (Operation.objects.count(), AuditRecord.objects.count(), after) == (0, 0, [])


@pytest.mark.parametrize("name", ["panel_stop_location", "panel_block", "panel_unblock"])
@pytest.mark.parametrize("handle", ["+12025550101", "+14155550199", "", "\0"])
def test_somebody_who_is_not_in_the_chat_is_not_there(name, handle, ready, agent):
    assert post(agent, name, ready(name), handle=handle, reason="Spam").status_code == 404
    assert Operation.objects.count() == 0


def test_a_block_without_a_reason_is_refused_in_place(chat, agent):
    response = post(agent, "panel_block", chat, handle=ADA, reason=" ")
    html = response.content.decode()
    assert response.status_code == 422
    assert "Say why: whoever wants to unblock them later has to know." in html
    assert Operation.objects.count() == 0


def test_a_card_too_soon_is_refused_in_place(chat, agent):
    response = post(agent, "panel_card", chat)
    assert response.status_code == 422
    assert 'id="panel-beside-error"' in response.content.decode()


def test_where_somebody_is_leads_to_a_map(chat, agent):
    SharedLocation.objects.create(
        line=chat.line,
        handle=Handle.objects.get(value=ADA),
        began_at=NOON,
        latitude=48.85,
        longitude=2.35,
        place="<b>1 Main Street</b>",
        seen_at=NOON,
    )
    html = panel(agent, chat)
    assert "Ada Example shares where they are with our line." in html
    assert "&lt;b&gt;1 Main Street&lt;/b&gt;" in html
    assert "https://www.openstreetmap.org/?mlat=48.85000&amp;mlon=2.35000#map=15/48.85000/2.35000" in html
    assert "Ask where they are" not in html
    SharedLocation.objects.update(ends_at=clock.now() - timedelta(seconds=1))
    html = panel(agent, chat)
    assert "shares where they are" not in html
    assert "Ask where they are" in html


def test_what_cannot_be_asked_is_not_offered(chat, group, agent):
    html = panel(agent, group)
    assert "Share our contact card" in html
    assert "Ask where they are" not in html
    assert "Block " not in html
    Chat.objects.filter(pk=chat.pk).update(service="SMS")
    html = panel(agent, chat)
    assert "Share our contact card" not in html
    assert "Ask where they are" not in html
    assert ">Block</button>" in html
    group.left_at = NOON
    group.save()
    assert "Share our contact card" not in panel(agent, group)


def test_a_blocked_person_is_unblocked_with_the_reason_in_sight(chat, agent):
    Handle.objects.filter(value=ADA).update(blocked_at=NOON, block_reason="Sent <i>spam</i>")
    html = panel(agent, chat)
    assert "They were blocked because: Sent &lt;i&gt;spam&lt;/i&gt;" in html
    assert "panel-unblock-" in html


def test_a_failed_one_is_shown_in_a_direct_chat_and_tried_again_by_who_asked(chat, agent):
    post(agent, "panel_block", chat, handle=ADA, reason="Spam")
    Operation.objects.update(state=State.FAILED, error="No.", settled_at=clock.now(), due_at=None)
    html = panel(agent, chat)
    assert "Block +1 415 555 0101</strong> failed. No." in html
    operation = Operation.objects.get()
    address = reverse("admin:panel_retry", args=[chat.pk, operation.pk])
    assert signed_in(agent).post(address, headers={"HX-Request": "true"}).status_code == 200
    operation.refresh_from_db()
    assert operation.state == State.QUEUED
    colleague = make_person("colleague", "Agent", chat.line)
    assert "Take back" not in panel(colleague, chat)
    address = reverse("admin:panel_cancel", args=[chat.pk, operation.pk])
    assert signed_in(colleague).post(address, headers={"HX-Request": "true"}).status_code == 403
    assert signed_in(agent).post(address, headers={"HX-Request": "true"}).status_code == 200
    operation.refresh_from_db()
    assert operation.state == State.CANCELLED


def test_a_message_is_no_change_of_the_panel(chat, agent):
    operation = add_reaction(message=write(chat), type="love", by=agent)
    address = reverse("admin:panel_cancel", args=[chat.pk, operation.pk])
    assert signed_in(agent).post(address, headers={"HX-Request": "true"}).status_code == 404
    assert 'data-pending="add_reaction"' not in panel(agent, chat)
