"""Which line to use next, and its vCard."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from linq import LinqAPIV3

from tests.sandbox.conftest import ANA, BEN, LINES, open_chat, refused
from tests.sandbox_server import SandboxServer

PATH = "available_number"


def suggested(server: SandboxServer, **query: Any) -> str:
    answer = server.api("GET", PATH, params=query)
    assert answer.status_code == 200, answer.text
    assert sorted(answer.json()) == ["phone_number", "vcf_url"]
    return str(answer.json()["phone_number"])


def test_suggestions_go_round_all_lines(sandbox: SandboxServer) -> None:
    first = [suggested(sandbox) for _ in LINES]
    assert sorted(first) == LINES
    assert [suggested(sandbox) for _ in LINES] == first


def test_what_a_line_sends_counts_as_use(sandbox: SandboxServer) -> None:
    assert suggested(sandbox) == LINES[0]
    open_chat(sandbox, ANA, line=LINES[1])
    assert suggested(sandbox) == LINES[2]


def test_a_chat_keeps_its_line(sandbox: SandboxServer, sdk: LinqAPIV3) -> None:
    open_chat(sandbox, ANA, line=LINES[3])
    open_chat(sandbox, ANA, BEN, line=LINES[2])
    for _ in range(2):
        assert sdk.available_number.retrieve(to=[ANA]).phone_number == LINES[3]
        assert sdk.available_number.retrieve(to=[BEN, ANA]).phone_number == LINES[2]
    assert suggested(sandbox, to=[BEN, ANA]) == LINES[2]  # the parameter repeated, as documented
    assert sdk.available_number.retrieve(to=[ANA], exclude_from=[LINES[3]]).phone_number != LINES[3]


def test_the_chat_that_was_active_last_wins(sandbox: SandboxServer) -> None:
    for line in (LINES[3], LINES[1]):
        open_chat(sandbox, ANA, line=line)
    assert suggested(sandbox, to=ANA) == LINES[1]


def test_excluded_lines_are_left_out(sandbox: SandboxServer) -> None:
    excluded = [LINES[0], LINES[1], "+13055550199"]  # a number that is not ours is ignored
    assert suggested(sandbox, exclude_from=excluded) == LINES[2]
    assert suggested(sandbox, exclude_from=",".join(excluded)) == LINES[3]
    refused(sandbox.api("GET", PATH, params={"exclude_from": LINES}), 400, 1005)
    refused(sandbox.api("GET", PATH, params={"exclude_from": "4155551234"}), 400, 1002)
    refused(sandbox.api("GET", PATH, params={"to": "ana"}), 400, 1002)


def test_a_healthier_line_goes_first(demo: SandboxServer) -> None:
    worst = {
        row["phone_number"]
        for row in demo.api("GET", "phone_numbers").json()["phone_numbers"]
        if row["reputation"]["status"] != "HEALTHY"
    }
    assert len(worst) == 1
    healthy = len(LINES) - 1
    assert worst.isdisjoint({suggested(demo) for _ in range(healthy * 2)})


def test_a_type_of_line_can_be_asked_for(sandbox: SandboxServer, sdk: LinqAPIV3) -> None:
    refused(sandbox.api("GET", PATH, params={"type": "RCS"}), 503, 4002)
    refused(sandbox.api("GET", PATH, params={"type": "fax"}), 400, 1005)
    sandbox.control(f"lines/{LINES[4]}/settings", {"line_type": "RCS"})
    assert [suggested(sandbox, type=name) for name in ("rcs", "RCS")] == [LINES[4]] * 2
    assert sdk.available_number.retrieve(type="iMessage").phone_number != LINES[4]
    open_chat(sandbox, ANA, line=LINES[4])
    assert suggested(sandbox, to=ANA, type="imessage") != LINES[4]


def test_the_vcard_has_the_line_first_and_can_be_read_for_an_hour(sandbox: SandboxServer, sdk: LinqAPIV3) -> None:
    card = {"phone_number": LINES[0], "first_name": "Shop; North", "image_url": "https://images.example.com/shop.png"}
    assert sandbox.api("POST", "contact_card", card).status_code == 200
    url = sdk.available_number.retrieve(exclude_from=[LINES[4]]).vcf_url
    answer = requests.get(url, timeout=10)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/vcard")
    rows = answer.text.split("\r\n")
    assert (rows[0], rows[-2]) == ("BEGIN:VCARD", "END:VCARD")
    assert "FN:Shop\\; North" in rows
    assert [row.rpartition(":")[2] for row in rows if row.startswith("TEL")] == LINES[:4]
    assert rows[rows.index("PHOTO;VALUE=URI:https://images.example.com/shop.png") + 1].startswith("TEL;TYPE=CELL,PREF")
    assert requests.get(url.replace(".vcf", "x.vcf"), timeout=10).status_code == 404
    sandbox.control("clock", {"advance_seconds": 3601})
    assert requests.get(url, timeout=10).status_code == 404


@pytest.mark.parametrize("spelling", ["iMessage", "IMESSAGE"])
def test_the_type_is_read_in_any_case(sandbox: SandboxServer, spelling: str) -> None:
    assert suggested(sandbox, type=spelling) == LINES[0]
