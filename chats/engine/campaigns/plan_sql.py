"""The statements of planning, over all of a campaign's people at once.

They are SQL because a hundred thousand people must not pass through Python one by one. Each takes its values
by name; none is put together from anything that came from outside.
"""

from __future__ import annotations

from typing import Final

# Sorted, so that two plans with the same people take them in the same order and never wait for each other in turn.
HANDLES_OF_LIST: Final = """
    INSERT INTO chats_handle (value, service, created_at)
    SELECT handle, '', %(now)s FROM chats_listedperson
    WHERE people_list_id = %(list)s AND id BETWEEN %(first)s AND %(last)s
    ORDER BY handle
    ON CONFLICT (value) DO NOTHING
"""

_NEW_ROW: Final = """
    ON CONFLICT (campaign_id, handle_id) DO UPDATE SET
        plan = excluded.plan, state = 'planned', reason = '', line_id = NULL, chat_id = NULL, due_at = excluded.due_at,
        fields = CASE WHEN chats_recipient.plan = excluded.plan THEN excluded.fields || chats_recipient.fields
                 ELSE excluded.fields END
"""

RECIPIENTS_OF_LIST: Final = f"""
    INSERT INTO chats_recipient (campaign_id, handle_id, plan, fields, state, reason, step, due_at)
    SELECT %(campaign)s, handle.id, %(plan)s, listed.fields, 'planned', '', 0, %(now)s
    FROM chats_listedperson AS listed
    JOIN chats_handle AS handle ON handle.value = listed.handle
    WHERE listed.people_list_id = %(list)s AND listed.id BETWEEN %(first)s AND %(last)s
    {_NEW_ROW}
"""  # noqa: S608

RECIPIENTS_OF_HANDLES: Final = f"""
    INSERT INTO chats_recipient (campaign_id, handle_id, plan, fields, state, reason, step, due_at)
    SELECT %(campaign)s, handle.id, %(plan)s, '{{}}'::jsonb, 'planned', '', 0, %(now)s
    FROM chats_handle AS handle WHERE handle.id = ANY(%(handles)s)
    {_NEW_ROW}
"""  # noqa: S608

FORGET_OLDER_PLANS: Final = """
    DELETE FROM chats_recipient WHERE campaign_id = %(campaign)s AND plan <> %(plan)s
"""

_OURS: Final = "recipient.campaign_id = %(campaign)s AND recipient.state = 'planned'"


def _skip(reason: str, when: str, *, using: str = "") -> str:
    """The statement that skips those of whom `when` holds, with `reason` (an SQL expression)."""
    return f"""
    UPDATE chats_recipient AS recipient SET state = 'skipped', due_at = NULL, reason = {reason}
    {using}
    WHERE {_OURS} AND {when}
    """  # noqa: S608


SKIP_OPTED_OUT: Final = """
    UPDATE chats_recipient AS recipient SET state = 'opted_out', due_at = NULL, reason = 'Opted out.'
    FROM chats_handle AS handle
    WHERE recipient.campaign_id = %(campaign)s AND recipient.state = 'planned'
        AND handle.id = recipient.handle_id AND handle.opted_out_at IS NOT NULL
"""

SKIP_BLOCKED: Final = _skip(
    "'On the block list.'",
    "handle.id = recipient.handle_id AND handle.blocked_at IS NOT NULL",
    using="FROM chats_handle AS handle",
)

# A short code or a sender's name can write to us, but nothing can be sent to it; our own lines are nobody.
SKIP_SENDERS_WITHOUT_A_NUMBER: Final = _skip(
    "'Nothing can be sent to this address.'",
    """handle.id = recipient.handle_id AND (
        handle.value !~ '^[+]' AND handle.value !~ '@'
        OR EXISTS (SELECT 1 FROM chats_line AS line WHERE line.phone_number = handle.value)
    )""",
    using="FROM chats_handle AS handle",
)

# A person stays on the line that they know: of several chats the latest on a line of the campaign, and where
# there is none, the latest of all, which then says why they are left out.
TAKE_EXISTING_CHATS: Final = """
    UPDATE chats_recipient AS recipient SET chat_id = found.chat_id, line_id = found.line_id
    FROM (
        SELECT DISTINCT ON (them.handle_id) them.handle_id, chat.id AS chat_id, chat.line_id
        FROM chats_recipient AS ours
        JOIN chats_participant AS them ON them.handle_id = ours.handle_id AND NOT them.is_me
        JOIN chats_chat AS chat ON chat.id = them.chat_id AND NOT chat.is_group AND chat.remote_id IS NOT NULL
        JOIN chats_line AS line ON line.id = chat.line_id AND line.is_active
        WHERE ours.campaign_id = %(campaign)s AND ours.state = 'planned'
        ORDER BY them.handle_id, chat.line_id = ANY(%(lines)s) DESC, chat.sort_at DESC, chat.id
    ) AS found
    WHERE recipient.campaign_id = %(campaign)s AND recipient.handle_id = found.handle_id
"""

SKIP_SECOND_HANDLES: Final = _skip(
    "'Another number of the same person is in it.'",
    "ranked.id = recipient.id AND ranked.place > 1",
    using="""FROM (
        SELECT one.id, row_number() OVER (
            PARTITION BY handle.contact_id ORDER BY one.chat_id IS NULL, chat.sort_at DESC NULLS LAST, one.id
        ) AS place
        FROM chats_recipient AS one
        JOIN chats_handle AS handle ON handle.id = one.handle_id AND handle.contact_id IS NOT NULL
        LEFT JOIN chats_chat AS chat ON chat.id = one.chat_id
        WHERE one.campaign_id = %(campaign)s AND one.state = 'planned'
    ) AS ranked""",
)

SKIP_OTHER_LINES: Final = """
    UPDATE chats_recipient AS recipient
    SET state = 'skipped', due_at = NULL, line_id = NULL, chat_id = NULL,
        reason = 'No line of this campaign may write to them.'
    WHERE recipient.campaign_id = %(campaign)s AND recipient.state = 'planned'
        AND recipient.line_id IS NOT NULL AND recipient.line_id <> ALL(%(lines)s)
"""

SKIP_UNHEALTHY_CHATS: Final = _skip(
    "CASE chat.health_status WHEN 'OPTED_OUT' THEN 'Opted out.' ELSE 'The chat is in critical health.' END",
    "chat.id = recipient.chat_id AND chat.health_status IN ('CRITICAL', 'OPTED_OUT')",
    using="FROM chats_chat AS chat",
)

SKIP_SPOKEN_TO: Final = _skip(
    "'Written to in the last ' || %(days)s::int || ' days.'",
    """EXISTS (
        SELECT 1 FROM chats_message AS message
        WHERE message.chat_id = recipient.chat_id AND message.direction = 'outbound' AND message.happened_at > %(since)s
            AND message.delivery_status <> 'failed'
    )""",
)

# Silent: the last so many messages of the chat are all ours.
SKIP_SILENT: Final = _skip(
    "'Replied to none of our last ' || %(most)s::int || ' messages.'",
    """(
        SELECT count(*) = %(most)s AND bool_and(latest.direction = 'outbound') FROM (
            SELECT message.direction FROM chats_message AS message
            WHERE message.chat_id = recipient.chat_id ORDER BY message.happened_at DESC, message.id DESC LIMIT %(most)s
        ) AS latest
    )""",
)

SKIP_IN_OTHER_CAMPAIGNS: Final = _skip(
    "'Another campaign is writing to them.'",
    """EXISTS (
        SELECT 1 FROM chats_recipient AS other
        JOIN chats_campaign AS campaign ON campaign.id = other.campaign_id
        WHERE other.handle_id = recipient.handle_id AND other.campaign_id <> recipient.campaign_id
            AND campaign.state IN ('scheduled', 'running', 'paused')
            AND (other.due_at IS NOT NULL OR other.state = 'sending')
    )""",
)

SKIP_HAD_ENOUGH: Final = _skip(
    "'Had ' || %(most)s::int || ' campaign messages in the last ' || %(days)s::int || ' days.'",
    """(
        SELECT count(*) FROM chats_campaignmessage AS sent
        JOIN chats_recipient AS other ON other.id = sent.recipient_id
        WHERE other.handle_id = recipient.handle_id AND sent.created_at > %(since)s
    ) >= %(most)s""",
)

# Mixed by a hash of the campaign's seed, so that no line gets all of the people who stood together in a list.
SPREAD_NEW_PEOPLE: Final = """
    UPDATE chats_recipient AS recipient SET line_id = share.line_id
    FROM (
        SELECT one.id, row_number() OVER (ORDER BY md5(%(seed)s || one.handle_id::text), one.id) AS place
        FROM chats_recipient AS one
        WHERE one.campaign_id = %(campaign)s AND one.state = 'planned' AND one.line_id IS NULL
    ) AS mixed
    JOIN (
        SELECT line_id, bound, lag(bound, 1, 0::bigint) OVER (ORDER BY bound) AS above
        FROM unnest(%(shared)s::bigint[], %(bounds)s::bigint[]) AS share (line_id, bound)
    ) AS share ON mixed.place > share.above AND mixed.place <= share.bound
    WHERE recipient.id = mixed.id
"""

SKIP_WITHOUT_A_LINE: Final = _skip("'No line of this campaign may write to them.'", "recipient.line_id IS NULL")

COUNT: Final = """
    WITH gone AS (DELETE FROM chats_recipientcount WHERE campaign_id = %(campaign)s)
    INSERT INTO chats_recipientcount (campaign_id, line_id, step, variant, state, delta, is_summed)
    SELECT campaign_id, line_id, 0, 0, state, count(*), TRUE
    FROM chats_recipient WHERE campaign_id = %(campaign)s GROUP BY campaign_id, line_id, state
"""
