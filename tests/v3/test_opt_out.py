"""The words by which a person opts out."""

from __future__ import annotations

import pytest

from chats.v3.opt_out import is_opt_out


@pytest.mark.parametrize(
    "text",
    ["STOP", "UNSUBSCRIBE", "OPTOUT", "CANCEL", "END", "QUIT", " STOP\n", "opt out", "Opt-Out", "optout", "OPT OUT"],
)
def test_a_keyword_by_itself_opts_out(text: str) -> None:
    assert is_opt_out(text)


@pytest.mark.parametrize(
    "text",
    ["", "Stop", "stop", "stop.", "STOP.", "please STOP", "STOP NOW", "opt  out", "opt_out", "QUITE", "END\nEND"],
)
def test_other_words_do_not(text: str) -> None:
    assert not is_opt_out(text)
