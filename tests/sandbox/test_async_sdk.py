"""The official SDK's asynchronous client against lines, cards, location, blocked handles and subscriptions."""

from __future__ import annotations

import asyncio

from linq import AsyncLinqAPIV3

from tests.sandbox.conftest import LINES, open_chat
from tests.sandbox_server import TOKEN, SandboxServer

MAIL = "ana@example.com"


async def _use_everything(server: SandboxServer, chat: str) -> list[str]:
    """Call each method once and name what came back, in the order of the calls."""
    seen: list[str] = []
    async with AsyncLinqAPIV3(
        api_key=TOKEN, base_url=server.base_url, max_retries=0, _strict_response_validation=True
    ) as sdk:
        line = (await sdk.phone_numbers.list()).phone_numbers[0]
        updated = await sdk.phone_numbers.update(line.id, forwarding_number="+13055550123")
        seen.append(f"forwarded to {updated.forwarding_number}")
        seen.append((await sdk.available_number.retrieve(to=[MAIL])).phone_number)
        audit = await sdk.phone_numbers.start_reputation_audit(LINES[1])
        read = await sdk.phone_numbers.get_reputation_audit(audit.audit_id, phone_number=LINES[1])
        seen.append(f"audit of {read.phone}")
        card = await sdk.contact_card.create(phone_number=LINES[0], first_name="Shop")
        card = await sdk.contact_card.update(phone_number=LINES[0], last_name=f"of {card.first_name}")
        seen.append(f"{card.first_name} {card.last_name}")
        seen.append(str(len((await sdk.contact_card.retrieve()).contact_cards)))
        await sdk.chats.share_contact_card(chat)
        await sdk.chats.background.set(chat, type="color", variant="mango")
        await sdk.chats.background.remove(chat)
        await sdk.chats.typing.start(chat)
        await sdk.chats.typing.stop(chat)
        await sdk.chats.mark_as_read(chat)
        seen.append((await sdk.chats.location.request(chat)).message)
        seen.append(str((await sdk.chats.location.retrieve(chat)).success))
        seen.append(str((await sdk.capability.check_i_message(address=MAIL)).available))
        await sdk.blocked_handles.block(handle=MAIL, reason="Abuse")
        seen.append(str((await sdk.blocked_handles.list()).blocked_handles[0].reason))
        await sdk.blocked_handles.unblock(handle=MAIL)
        hook = await sdk.webhook_subscriptions.create(
            target_url="https://hooks.example.com/in", subscribed_events=["message.sent"]
        )
        changed = await sdk.webhook_subscriptions.update(hook.id, is_active=False)
        seen.append(f"active: {changed.is_active}")
        await sdk.webhook_subscriptions.delete(hook.id)
        seen.append(f"{len((await sdk.webhook_subscriptions.list()).subscriptions)} subscriptions")
    return seen


def test_the_asynchronous_client_works_unchanged(sandbox: SandboxServer) -> None:
    chat = open_chat(sandbox, MAIL)["id"]
    assert asyncio.run(_use_everything(sandbox, chat)) == [
        "forwarded to +13055550123",
        LINES[0],
        f"audit of {LINES[1]}",
        "Shop of Shop",
        "1",
        "Location request sent",
        "True",
        "True",
        "Abuse",
        "active: False",
        "0 subscriptions",
    ]
