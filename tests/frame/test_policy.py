"""Law 10 on every page: the strict policy in the header, and no page that would need it to be weaker."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.contrib.auth.models import Group
from django.test import Client

from tests.frame.pages import find, read

pytestmark = pytest.mark.django_db

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "media-src": "'self'",
    "font-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
    "manifest-src": "'self'",
}


def policy_of(response) -> dict[str, str]:
    parts = (part.strip().split(" ", 1) for part in response.headers["Content-Security-Policy"].split(";"))
    return dict(parts)


def assert_nothing_inline(response) -> None:
    elements = read(response)
    assert find(elements, "html"), "not a page"
    for element in elements:
        handlers = [name for name in element.attributes if name.startswith(("on", "hx-on"))]
        assert "style" not in element.attributes, element
        assert handlers == [], element
        assert element.tag not in {"style", "base", "iframe", "object", "embed"}, element
        if element.tag == "script":
            assert (element.attributes.get("src") or "").startswith("/"), element
            assert element.text.strip() == "", element
        for name in ("href", "src", "action"):
            assert not (element.attributes.get(name) or "").strip().lower().startswith("javascript:"), element


STOCK_PAGES = [
    "/",
    "/auth/",
    "/auth/user/",
    "/auth/user/?q=nobody",
    "/auth/user/?is_staff__exact=1&_facets=True",
    "/auth/user/add/",
    "/auth/user/{pk}/change/",
    "/auth/user/{pk}/delete/",
    "/auth/user/{pk}/history/",
    "/auth/user/{pk}/password/",
    "/auth/group/",
    "/auth/group/add/",
    "/auth/group/add/?_popup=1",
    "/password_change/",
    "/password_change/done/",
]


@pytest.mark.parametrize("address", STOCK_PAGES)
def test_each_page_of_djangos_admin_holds_to_the_policy(as_chief, newcomer, address):
    response = as_chief.get(address.format(pk=newcomer.pk))
    assert response.status_code == 200
    assert policy_of(response) == POLICY
    assert_nothing_inline(response)


def test_the_confirmation_of_deleting_several_holds_to_the_policy(as_chief, newcomer):
    response = as_chief.post("/auth/user/", {"action": "delete_selected", "_selected_action": newcomer.pk})
    assert response.status_code == 200
    assert find(read(response), "input", value="delete_selected") != []
    assert policy_of(response) == POLICY
    assert_nothing_inline(response)


def test_a_list_without_actions_holds_to_the_policy(as_chief, monkeypatch):
    """Django writes a style element there, and only there."""
    shown = admin.site.get_model_admin(Group)
    assert isinstance(shown, ModelAdmin)
    monkeypatch.setattr(shown, "actions_on_top", False)
    response = as_chief.get("/auth/group/")
    assert response.status_code == 200
    assert find(read(response), "link", href="/static/admin/css/changelists.css") != []
    assert_nothing_inline(response)


def test_a_form_with_mistakes_holds_to_the_policy(as_chief):
    response = as_chief.post("/auth/group/add/", {"name": ""})
    assert response.status_code == 200
    assert "This field is required." in response.content.decode()
    assert policy_of(response) == POLICY
    assert_nothing_inline(response)


def test_sign_in_and_signed_out_hold_to_the_policy(as_chief):
    for response in (Client().get("/login/"), Client().post("/login/", {}), as_chief.post("/logout/")):
        assert response.status_code == 200
        assert policy_of(response) == POLICY
        assert_nothing_inline(response)


@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        ("/nothing-here/", 404, "Page not found"),
        ("/refused/", 403, "Not allowed"),
        ("/unreadable/", 400, "The server could not read this request"),
        ("/broken/", 500, "Something went wrong here"),
        ("/inbox/", 200, "A room"),
    ],
)
def test_rooms_and_error_pages_hold_to_the_policy(as_chief, small_console, address, status, words):
    response = as_chief.get(address)
    assert response.status_code == status
    assert [" ".join(h.text.split()) for h in find(read(response), "h1")] == [words]
    assert policy_of(response) == POLICY
    assert_nothing_inline(response)


def test_a_form_sent_too_late_gets_a_sentence(newcomer):
    client = Client(enforce_csrf_checks=True)
    response = client.post("/login/", {"username": "newcomer", "password": "x"})
    assert response.status_code == 403
    assert "This page was open too long" in response.content.decode()
    assert policy_of(response) == POLICY
    assert_nothing_inline(response)


def test_htmx_is_told_to_stay_within_the_policy(as_chief):
    [meta] = find(read(as_chief.get("/")), "meta", name="htmx-config")
    content = meta.attributes["content"] or ""
    for setting in (
        '"includeIndicatorStyles":false',
        '"allowEval":false',
        '"allowScriptTags":false',
        '"selfRequestsOnly":true',
    ):
        assert setting in content
