"""The document's rows for lines, cards, checks, the blocklist and webhooks (linq-v3, 1.8 to 1.12)."""

from __future__ import annotations

from chats.v3.envelope import EVENT_TYPES
from sandbox.schema.kinds import (
    BOOL,
    HANDLE,
    PHONE_NUMBER,
    UUID,
    WEB_ADDRESS,
    always,
    exactly,
    many,
    nullable,
    one_of,
    ref,
    text,
)
from sandbox.schema.operation import Operation, query

NUMBER = {"phoneNumber": PHONE_NUMBER}
SUBSCRIPTION = {"subscriptionId": UUID}

ACCOUNT: dict[tuple[str, str], Operation] = {
    ("phone_numbers", "GET"): Operation(
        id="listPhoneNumbers",
        summary="The lines of the account.",
        answers={200: exactly({"phone_numbers": many(ref("Line"))})},
    ),
    ("phone_numbers/{phoneNumberId}", "PUT"): Operation(
        id="updatePhoneNumber",
        summary="Forward calls to another number, or to none.",
        path={"phoneNumberId": UUID},
        body="Forwarding",
        answers={200: exactly({"id": UUID, "phone_number": PHONE_NUMBER, "forwarding_number": nullable(PHONE_NUMBER)})},
        errors=(1002, 2005, 2019),
    ),
    ("phonenumbers", "GET"): Operation(
        id="listPhonenumbers",
        summary="The lines in an older shape.",
        deprecated=True,
        answers={
            200: exactly(
                {
                    "phone_numbers": many(
                        exactly(
                            {
                                "id": UUID,
                                "phone_number": PHONE_NUMBER,
                                "capabilities": exactly({"sms": BOOL, "mms": BOOL, "voice": BOOL}),
                                "country_code": {"type": "null"},
                                "type": {"type": "null"},
                            }
                        )
                    )
                }
            )
        },
    ),
    ("available_number", "GET"): Operation(
        id="getAvailableNumber",
        summary="A line to write from, and its vCard.",
        query=(
            query("to", HANDLE, "The people it is for.", several=True),
            query("exclude_from", PHONE_NUMBER, "Lines that are no choice.", several=True),
            query("type", {"type": "string", "pattern": "^([Rr][Cc][Ss]|[iI][mM]essage)$"}),
        ),
        answers={200: exactly({"phone_number": PHONE_NUMBER, "vcf_url": WEB_ADDRESS})},
        errors=(1002, 1005, (4002, 503)),
    ),
    ("phone_numbers/{phoneNumber}/reputation_audit", "POST"): Operation(
        id="startReputationAudit",
        summary="Look into a line's reputation.",
        path=NUMBER,
        answers={202: exactly({"audit_id": UUID, "status": always("pending")})},
        errors=(1002, 2019),
    ),
    ("phone_numbers/{phoneNumber}/reputation_audit/{auditId}", "GET"): Operation(
        id="getReputationAudit",
        summary="What the audit found.",
        path={**NUMBER, "auditId": UUID},
        answers={200: ref("Audit")},
        errors=(1002, 2019),
    ),
    ("capability/check_imessage", "POST"): Operation(
        id="checkIMessage",
        summary="Whether somebody can be reached by iMessage.",
        body="CheckIMessage",
        answers={200: ref("Capability")},
        errors=(1002, 2006),
    ),
    ("capability/check_rcs", "POST"): Operation(
        id="checkRcs",
        summary="Whether somebody can be reached by RCS; every 503 means that nobody knows.",
        body="CheckRcs",
        answers={200: ref("Capability")},
        errors=(1002, 2006, (4004, 503), (4009, 503), (4010, 503)),
    ),
    ("contact_card", "GET"): Operation(
        id="getContactCards",
        summary="The cards of the lines, or of one.",
        query=(query("phone_number", PHONE_NUMBER),),
        answers={200: exactly({"contact_cards": many(ref("ContactCard"))})},
        errors=(1002, 2012),
    ),
    ("contact_card", "POST"): Operation(
        id="createContactCard",
        summary="Give a line its card.",
        body="CreateCard",
        answers={200: ref("ContactCard")},
        errors=(1002, 2005, 2014, 2022, (4004, 503), 5006, 5007),
    ),
    ("contact_card", "PATCH"): Operation(
        id="updateContactCard",
        summary="Change a line's card.",
        body="UpdateCardOfLine",
        query=(query("phone_number", PHONE_NUMBER, required=True),),
        answers={200: ref("ContactCard")},
        errors=(1002, 2012, 2022, (4004, 503), 5006, 5007),
    ),
    ("blocked_handles", "GET"): Operation(
        id="listBlockedHandles",
        summary="The blocklist, newest first.",
        answers={200: exactly({"blocked_handles": many(ref("BlockedHandle"))})},
    ),
    ("blocked_handles", "POST"): Operation(
        id="blockHandle",
        summary="Block somebody.",
        body="Block",
        answers={200: exactly({"blocked_handle": ref("BlockedHandle")})},
        errors=(1002,),
    ),
    ("blocked_handles", "DELETE"): Operation(
        id="unblockHandle",
        summary="Let somebody in again.",
        body="Unblock",
        answers={204: None},
        errors=(1002,),
    ),
    ("webhook-events", "GET"): Operation(
        id="listWebhookEvents",
        summary="The names of all events.",
        answers={
            200: exactly(
                {
                    "events": many(one_of(*sorted(EVENT_TYPES)), least=len(EVENT_TYPES), most=len(EVENT_TYPES)),
                    "doc_url": text(pattern=r"^https://docs\.linqapp\.com/"),
                }
            )
        },
    ),
    ("webhook-subscriptions", "GET"): Operation(
        id="listWebhookSubscriptions",
        summary="The subscriptions, without their secrets.",
        answers={200: exactly({"subscriptions": many(ref("Subscription"))})},
    ),
    ("webhook-subscriptions", "POST"): Operation(
        id="createWebhookSubscription",
        summary="Subscribe; only this answer has the signing secret.",
        body="Subscribe",
        answers={201: ref("NewSubscription")},
        errors=(1002,),
    ),
    ("webhook-subscriptions/{subscriptionId}", "GET"): Operation(
        id="getWebhookSubscription",
        summary="One subscription.",
        path=SUBSCRIPTION,
        answers={200: ref("Subscription")},
        errors=(2010,),
    ),
    ("webhook-subscriptions/{subscriptionId}", "PUT"): Operation(
        id="updateWebhookSubscription",
        summary="Change what is named.",
        path=SUBSCRIPTION,
        body="UpdateSubscription",
        answers={200: ref("Subscription")},
        errors=(1002, 2010),
    ),
    ("webhook-subscriptions/{subscriptionId}", "DELETE"): Operation(
        id="deleteWebhookSubscription",
        summary="Stop at once.",
        path=SUBSCRIPTION,
        answers={204: None},
        errors=(2010,),
    ),
}
