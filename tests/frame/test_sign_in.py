"""Signing in and out, and what a page does when the session ended meanwhile."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.frame.conftest import PASSWORD
from tests.frame.pages import find, read

pytestmark = pytest.mark.django_db


def test_a_wrong_password_keeps_the_name_and_says_what_to_do(newcomer):
    response = Client().post("/login/", {"username": "newcomer", "password": "wrong", "next": "/auth/"})
    assert response.status_code == 200
    elements = read(response)
    [name] = find(elements, "input", name="username")
    [password] = find(elements, "input", name="password")
    [target] = find(elements, "input", name="next")
    [problem] = find(elements, "p", role="alert")
    assert name.attributes["value"] == "newcomer"
    assert "value" not in password.attributes
    assert target.attributes["value"] == "/auth/"
    assert "do not match an account of this console" in problem.text
    assert name.attributes["aria-describedby"] == problem.attributes["id"]


def test_what_was_typed_is_escaped():
    response = Client().post("/login/", {"username": '"><script>', "password": "x"})
    [name] = find(read(response), "input", name="username")
    assert name.attributes["value"] == '"><script>'
    assert '"><script>' not in response.content.decode()


def test_empty_fields_each_get_a_sentence():
    elements = read(Client().post("/login/", {"username": "", "password": ""}))
    errors = [" ".join(p.text.split()) for p in find(elements, "p", class_="field-error")]
    assert errors == ["Type your user name.", "Type your password."]
    assert len(find(elements, "input", aria_invalid="true")) == 2


def test_an_account_without_the_console_is_refused_like_a_wrong_password(stranger):
    response = Client().post("/login/", {"username": "stranger", "password": PASSWORD})
    [problem] = find(read(response), "p", role="alert")
    assert "do not match an account of this console" in problem.text
    assert "_auth_user_id" not in response.client.session


def test_the_right_password_leads_to_the_page_asked_for(newcomer):
    client = Client()
    response = client.post("/login/", {"username": "newcomer", "password": PASSWORD, "next": "/password_change/"})
    assert (response.status_code, response.headers["Location"]) == (302, "/password_change/")
    assert client.session["_auth_user_id"] == str(newcomer.pk)


def test_sign_out_is_a_post_only(as_newcomer):
    assert as_newcomer.get("/logout/").status_code == 405
    assert "_auth_user_id" in as_newcomer.session
    response = as_newcomer.post("/logout/")
    assert "You are signed out" in response.content.decode()
    assert "_auth_user_id" not in as_newcomer.session


def test_the_rail_signs_out_by_a_form_with_its_token(as_newcomer):
    elements = read(as_newcomer.get("/"))
    [form] = find(elements, "form", action="/logout/")
    assert form.attributes["method"] == "post"
    tokens = [e for e in find(elements, "input", name="csrfmiddlewaretoken") if form in e.ancestors]
    assert len(tokens) == 1


def test_a_part_of_a_page_reloads_the_whole_page_when_the_session_ended():
    response = Client().get("/login/?next=/inbox/", headers={"HX-Request": "true"})
    assert (response.status_code, response.headers["HX-Refresh"], response.content) == (200, "true", b"")
