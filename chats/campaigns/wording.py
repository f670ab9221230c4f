"""Wording: the text of a campaign as a Liquid template, strict about what it does not know.

A template may choose and shape what is known of a person, and nothing else: it has no loops, loads no
files and marks nothing as safe. A field that is empty counts as missing, because "Hi ," is worse than
no message.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from liquid import BoundTemplate, Environment, FalsyStrictUndefined
from liquid.exceptions import LiquidError, LiquidSyntaxError, UndefinedError

MAX_TEMPLATE_LENGTH: Final = 20_000
_TAGS: Final = frozenset({"#", "assign", "capture", "case", "comment", "content", "if", "illegal", "output", "unless"})
FILTERS: Final = frozenset(
    {"at_least", "at_most", "ceil", "divided_by", "floor", "minus", "modulo", "plus", "round", "times"}
    | {"append", "capitalize", "date", "default", "downcase", "first", "last", "prepend", "size", "slice", "split"}
    | {"lstrip", "rstrip", "squish", "strip", "strip_newlines", "truncate", "truncatewords", "upcase"}
    | {"remove", "remove_first", "remove_last", "replace", "replace_first", "replace_last"}
)
"""What a template may do to a value."""


class WrongTemplate(ValueError):
    """A template that cannot be used. `str()` is one sentence for a person, `line` where it is wrong, from 1."""

    def __init__(self, sentence: str, line: int | None = None) -> None:
        super().__init__(sentence)
        self.line = line


class MissingField(ValueError):
    """Somebody lacks a field that the template needs. `str()` is one sentence for a person."""

    def __init__(self, name: str) -> None:
        super().__init__(f"The field “{name}” is empty, and the text has no words for that.")
        self.name = name


class CannotRender(ValueError):
    """The template fails for this person alone. `str()` is one sentence for a person."""


@dataclass(frozen=True)
class Template:
    """A template that has been read. Make one with `read`."""

    source: str
    names: frozenset[str]
    """The fields that it mentions."""
    _compiled: BoundTemplate

    def render(self, fields: Mapping[str, object], defaults: Mapping[str, str] | None = None) -> str:
        """The text for one person, without space around it.

        `defaults` stand in for fields that are missing or blank. Raises `MissingField` for one that is
        needed all the same, and `CannotRender` for whatever else goes wrong with this person's fields.
        """
        known = {name: value for name, value in (defaults or {}).items() if value.strip()}
        known |= {name: str(value) for name, value in fields.items() if value is not None and str(value).strip()}
        try:
            return self._compiled.render(known).strip()
        except UndefinedError as problem:
            raise MissingField(_name_in(problem, self.names)) from None
        except (LiquidError, ArithmeticError, TypeError, ValueError):
            # What Liquid says holds the person's own words; they have no place in an error.
            raise CannotRender("The text cannot be made from this person's fields.") from None


@lru_cache(maxsize=256)
def read(source: str) -> Template:
    """Read a template. Raises `WrongTemplate` for one that is empty, too long, or not in the language."""
    if not source.strip():
        raise WrongTemplate("Write something first.")
    if len(source) > MAX_TEMPLATE_LENGTH:
        raise WrongTemplate(f"The template is too long: {MAX_TEMPLATE_LENGTH:,} characters are the most.")
    try:
        compiled = _LIQUID.from_string(source)
        found = compiled.analyze()
    except LiquidSyntaxError as problem:
        line = _line_of(problem)
        where = f" in line {line}" if line and "\n" in source else ""
        raise WrongTemplate(f"The template has a mistake{where}: {_in_words(problem)}.", line) from None
    except LiquidError:
        raise WrongTemplate("The template cannot be read.") from None
    for name in sorted(found.filters):
        if name not in FILTERS:
            raise WrongTemplate(f"There is no filter “{name}”.")
    return Template(source, frozenset(found.globals), compiled)


def unknown_names(template: Template, known: frozenset[str]) -> list[str]:
    """The fields that the template mentions and nobody can have, in alphabetical order."""
    return sorted(template.names - known)


class _Liquid(Environment):
    """Liquid without what could run for ever, load anything, or grow without end."""

    local_namespace_limit = 100_000
    output_stream_limit = 100_000

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        super().setup_tags_and_filters(extra=extra)
        self.tags = {name: tag for name, tag in self.tags.items() if name in _TAGS}


def _name_in(problem: UndefinedError, names: frozenset[str]) -> str:
    """Which field was missing. The message begins with its path."""
    path = str(problem.message).partition(" is undefined")[0].strip("'\"")
    return next((name for name in names if path == name or path.startswith(f"{name}.")), path)


def _line_of(problem: LiquidSyntaxError) -> int | None:
    context = problem.context()
    return context[0] if context else None


def _in_words(problem: LiquidSyntaxError) -> str:
    message = str(problem.message).replace("'", "“", 1).replace("'", "”", 1)
    return message.partition("\n")[0].rstrip(".")


_LIQUID = _Liquid(undefined=FalsyStrictUndefined, autoescape=False)
