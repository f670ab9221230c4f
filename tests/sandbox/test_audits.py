"""Reputation audits: running, finished, cooling down, forgotten."""

from __future__ import annotations

from linq import LinqAPIV3

from tests.sandbox.conftest import LINES, open_chat, refused, text
from tests.sandbox_server import SandboxServer

UNKNOWN = "00000000-0000-4000-8000-000000000000"


def path(line: str, audit: str = "") -> str:
    return f"phone_numbers/{line}/reputation_audit" + (f"/{audit}" if audit else "")


def test_an_audit_runs_and_is_read(sandbox: SandboxServer, sdk: LinqAPIV3) -> None:
    sandbox.control("clock", {"step": True})  # so that nothing is finished before it was seen
    answer = sandbox.api("POST", path(LINES[0]))
    assert answer.status_code == 202
    started = sdk.phone_numbers.start_reputation_audit(LINES[0])
    assert answer.json() == {"audit_id": started.audit_id, "status": "pending"}  # the running one
    pending = sdk.phone_numbers.get_reputation_audit(started.audit_id, phone_number=LINES[0])
    assert (pending.status, pending.phone, pending.report, pending.generated_at) == ("pending", LINES[0], None, None)
    assert sdk.phone_numbers.start_reputation_audit(LINES[1]).audit_id != started.audit_id

    sandbox.control("clock", {"advance_seconds": 10})
    done = sdk.phone_numbers.get_reputation_audit(started.audit_id, phone_number=LINES[0])
    assert done.status == "complete"
    assert done.generated_at is not None
    assert done.report is not None
    assert (done.report.severity, done.report.primary_driver, done.report.drivers) == ("HEALTHY", "", [])
    assert done.report.summary_markdown is not None
    assert LINES[0] in done.report.summary_markdown


def test_a_line_cools_down_after_an_audit(sandbox: SandboxServer) -> None:
    first = sandbox.api("POST", path(LINES[0])).json()["audit_id"]
    sandbox.control("clock", {"advance_seconds": 10})
    error = refused(sandbox.api("POST", path(LINES[0])), 429, 1007)
    assert 580 <= error["retry_after"] <= 600
    assert sandbox.api("POST", path(LINES[1])).status_code == 202
    sandbox.control("clock", {"advance_seconds": error["retry_after"]})
    again = sandbox.api("POST", path(LINES[0]))
    assert again.status_code == 202
    assert again.json()["audit_id"] != first
    assert sandbox.api("GET", path(LINES[0], first)).json()["status"] == "complete"


def test_an_audit_is_of_its_line_and_of_its_day(sandbox: SandboxServer) -> None:
    audit = sandbox.api("POST", path(LINES[0])).json()["audit_id"]
    refused(sandbox.api("GET", path(LINES[1], audit)), 404, 2019)
    refused(sandbox.api("GET", path(LINES[0], UNKNOWN)), 404, 2019)
    refused(sandbox.api("GET", path(LINES[0], "none")), 400, 1005)
    refused(sandbox.api("POST", path("+13055550199")), 404, 2019)
    refused(sandbox.api("POST", path("12025550101")), 400, 1002)
    assert sandbox.api("GET", path(LINES[0], audit)).status_code == 200
    sandbox.control("clock", {"advance_seconds": 86_400})
    refused(sandbox.api("GET", path(LINES[0], audit)), 404, 2019)


def test_the_report_names_what_drags_the_line_down(sandbox: SandboxServer, sdk: LinqAPIV3) -> None:
    chats = {f"person{number}@example.com": "" for number in range(50)}
    for handle in chats:
        chats[handle] = open_chat(sandbox, handle)["id"]
    # somebody who will not answer the goodbye, and so not end the opt-out
    quiet = next(row["handle"] for row in sandbox.people() if row["habits"]["replies"] == 0)
    sandbox.say(quiet, "STOP", chat_id=chats[quiet])
    body = {"message": text("One last thing"), "override_optout": True}
    assert sandbox.api("POST", f"chats/{chats[quiet]}/messages", body).status_code == 202
    audit = sdk.phone_numbers.start_reputation_audit(LINES[0]).audit_id
    sandbox.control("clock", {"advance_seconds": 10})
    report = sandbox.api("GET", path(LINES[0], audit)).json()["report"]
    assert set(report) == {
        "severity", "primary_driver", "drivers", "action_items", "evidence", "summary_markdown",
    }  # fmt: skip
    assert (report["severity"], report["primary_driver"]) == ("AT_RISK", "new_conversation_rate")
    drivers = {driver["key"]: driver["metric"] for driver in report["drivers"]}
    assert drivers["new_conversation_rate"] == "50 new conversations in 24 hours"
    assert drivers["opt_out_handling"] == "1 messages after a stop, in 1 chats"
    assert [item["priority"] for item in report["action_items"]] == list(range(1, len(drivers) + 1))
    assert report["evidence"]["opt_out_chats"] == [{"chat_id": chats[quiet], "messages_after_stop": 1}]
    stopped = {"chat_id": chats[quiet], "status": "OPTED_OUT", "driver_keys": ["opt_out_handling"]}
    assert stopped in report["evidence"]["unhealthy_chats"]
