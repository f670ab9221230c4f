"""The text of a campaign: what a template may do, and what it refuses to leave to chance."""

from __future__ import annotations

import pytest

from chats.campaigns.wording import CannotRender, MissingField, WrongTemplate, read, unknown_names


def test_fields_are_filled_in_and_defaults_stand_in() -> None:
    template = read('  Hi {{ first_name | default: "there" }}, how is {{ city }}? ')
    assert template.names == {"first_name", "city"}
    assert template.render({"first_name": "Ann", "city": "Rome"}) == "Hi Ann, how is Rome?"
    assert template.render({"first_name": " ", "city": "Rome"}) == "Hi there, how is Rome?"
    assert template.render({"first_name": None}, {"city": "town"}) == "Hi there, how is town?"


@pytest.mark.parametrize("blank", [{}, {"city": ""}, {"city": "  "}, {"city": None}])
def test_a_blank_field_is_a_missing_one(blank: dict[str, object]) -> None:
    with pytest.raises(MissingField) as missing:
        read("How is {{ city }}?").render(blank, {"city": " "})
    assert missing.value.name == "city"
    assert str(missing.value) == "The field “city” is empty, and the text has no words for that."


def test_a_template_can_have_words_for_what_is_missing() -> None:
    template = read("{% if city %}How is {{ city }}?{% else %}How are you?{% endif %}")
    assert template.render({}) == "How are you?"
    assert template.render({"city": "Rome"}) == "How is Rome?"


def test_what_people_wrote_is_not_read_as_a_template() -> None:
    assert read("{{ name }}").render({"name": "{{ city }} <b>"}) == "{{ city }} <b>"


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("", "Write something first."),
        (" \n ", "Write something first."),
        ("x" * 20_001, "The template is too long: 20,000 characters are the most."),
        ("Hi {{ name", "The template has a mistake: expected “}}”, found end of file."),
        ("Hi\n{% if %}", "The template has a mistake in line 2: missing expression."),
        ("{{ name | base64_encode }}", "There is no filter “base64_encode”."),
        ("{{ name | nope }}", "There is no filter “nope”."),
        ("{% for i in (1..10) %}x{% endfor %}", "The template has a mistake: unexpected tag “for”."),
        ("{% include 'secrets' %}", "The template has a mistake: unexpected tag “include”."),
        ("{% render 'secrets' %}", "The template has a mistake: unexpected tag “render”."),
    ],
)
def test_a_wrong_template_is_refused_with_a_sentence(source: str, sentence: str) -> None:
    with pytest.raises(WrongTemplate) as refused:
        read(source)
    assert str(refused.value) == sentence


def test_names_that_nobody_has_are_found_also_where_no_one_would_see_them() -> None:
    template = read("{{ name }}{% if vip %}{{ discount }}{% endif %}{% assign x = nmae %}{{ x }}")
    assert unknown_names(template, frozenset({"name", "vip"})) == ["discount", "nmae"]


def test_it_fails_for_one_person_without_telling_their_words() -> None:
    template = read("{{ 10 | divided_by: age }}")
    assert template.render({"age": "5"}) == "2"
    with pytest.raises(CannotRender) as failed:
        template.render({"age": "0"})
    assert str(failed.value) == "The text cannot be made from this person's fields."


def test_a_path_into_a_field_names_the_field() -> None:
    with pytest.raises(MissingField) as missing:
        read("{{ city.name }}").render({"city": "Rome"})
    assert missing.value.name == "city"
