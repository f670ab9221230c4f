"""Addresses and fields that no page of ours makes."""

from __future__ import annotations

import pytest
from django.urls import reverse

from tests.people import signed_in

pytestmark = pytest.mark.django_db

ODD = ["\x00", "'", "\\", "%00", "9" * 30, "-1", "٣", "²"]


@pytest.mark.parametrize("odd", ODD)
def test_a_list_opens_whatever_its_address_says(administrator, group, odd):
    client = signed_in(administrator)
    query = dict.fromkeys(["q", "line", "state", "kind", "type", "chat", "after"], odd)
    for name in ("groups", "activity", "events"):
        assert client.get(reverse(f"admin:{name}"), query).status_code == 200


@pytest.mark.parametrize("odd", ODD)
def test_odd_text_in_a_form_is_taken_or_refused(administrator, group, chat, odd):
    client = signed_in(administrator)
    forms = {
        reverse("admin:panel_rename", args=[group.pk]): {"name": odd},
        reverse("admin:panel_add", args=[group.pk]): {"handle": odd},
        reverse("admin:panel_remove", args=[group.pk]): {"handle": odd},
        reverse("admin:panel_picture", args=[group.pk]): {"url": odd},
        reverse("admin:panel_person", args=[chat.pk]): {"name": odd, "handle": "+14155550101"},
        reverse("admin:line_label", args=[chat.line_id]): {"label": odd},
    }
    for url, data in forms.items():
        response = client.post(url, data, headers={"HX-Request": "true"})
        assert response.status_code in {200, 302, 422}, url
