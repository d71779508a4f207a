"""Rows that nobody needs any more: what goes, and when. No turn is among them, nor a session.

A rule's condition holds for rows that nobody can come back to. Ages are by the host's clock, which
wrote the times; `:before` is the moment before which a row is too old.
"""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from multibot.clock import to_text
from multibot.store.archive.sweep import Sweep

DAY = timedelta(days=1)
# A message that is not answered within its age is never answered: what the bots agreed on about it
# is kept a good while longer than that.
AGREED = DAY
AFTER_CATCHUP = timedelta(hours=2)
DECISIONS = timedelta(days=30)
INCIDENTS = timedelta(days=30)
# Discord counts the gateway starts of one day.
STARTS = timedelta(days=2)
LAPSED = timedelta(hours=1)
GONE = timedelta(days=7)
# A message that is under way for longer was left by a process that ended, or by a bot that is down.
UNDER_WAY = timedelta(hours=1)

_OPEN = "('received', 'claimed', 'generating', 'sending')"
_GONE = """bot_name NOT IN (SELECT value FROM json_each(:bots))
    AND bot_name NOT IN (SELECT bot_name FROM bot_status)"""


def _oldest(table: str) -> str:
    """Look at the oldest rows only: ids rise with time, and this table may be very long."""
    return f"(SELECT * FROM {table} ORDER BY id LIMIT 5000) AS {table}"  # noqa: S608 - constants


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What goes when it is older than this; `agreed` is what the configuration may lengthen."""

    what: str
    table: str
    key: str
    condition: str
    older_than: timedelta
    agreed: bool = False
    source: str = ""


RULES = (
    Rule(
        what="decisions",
        table="inbox",
        key="id",
        source=_oldest("inbox"),
        older_than=DECISIONS,
        condition=f"received_at < :before AND state NOT IN {_OPEN}",
    ),
    # While a message is unfinished, an answer that may have arrived unnoticed is told from the
    # bot's other ones by their rows; and nobody takes a message over of which a row is there.
    Rule(
        what="sent parts",
        table="outbox",
        key="id",
        source=_oldest("outbox"),
        older_than=AGREED,
        agreed=True,
        condition=f"""max(created_at, coalesce(sent_at, created_at)) < :before
            AND NOT EXISTS (
                SELECT 1 FROM inbox
                WHERE inbox.bot_name = outbox.bot_name AND inbox.state IN {_OPEN}
                    AND (inbox.message_id = outbox.message_id
                        OR inbox.received_at NOT BETWEEN :under_way AND :now))""",  # noqa: S608 - constants
    ),
    Rule(
        what="claims",
        table="message_claims",
        key="message_id, slot",
        older_than=AGREED,
        agreed=True,
        condition=f"""claimed_at < :before
            AND NOT EXISTS (
                SELECT 1 FROM inbox
                WHERE inbox.bot_name = message_claims.bot_name
                    AND inbox.message_id = message_claims.message_id
                    AND inbox.state IN {_OPEN})""",  # noqa: S608 - constants
    ),
    Rule(
        what="counted messages",
        table="accepted_messages",
        key="message_id",
        older_than=AGREED,
        agreed=True,
        condition="accepted_at < :before AND coalesce(answered_at, accepted_at) < :before",
    ),
    Rule(
        what="notices",
        table="notices",
        key="kind, subject",
        older_than=DAY,
        condition="noticed_at < :before",
    ),
    # One that ends far ahead was written before the clock went back; it counts for nobody either.
    Rule(
        what="lapsed places",
        table="channel_turns",
        key="turn_id",
        older_than=LAPSED,
        condition="expires_at < :before OR expires_at > :ahead",
    ),
    Rule(
        what="refusals",
        table="http_errors",
        key="minute, status",
        older_than=DAY,
        condition="minute < :before",
    ),
    Rule(
        what="gateway starts",
        table="gateway_starts",
        key="id",
        older_than=STARTS,
        condition="started_at < :before",
    ),
    Rule(
        what="incidents",
        table="incidents",
        key="id",
        older_than=INCIDENTS,
        condition="last_at < :before",
    ),
)

# Of bots that are not in the fleet file any more. What they said stays.
RULES_OF_GONE_BOTS = (
    Rule(
        what="removed bots",
        table="bot_status",
        key="bot_name",
        older_than=GONE,
        condition="""coalesce(heartbeat_at, started_at) < :before
            AND bot_name NOT IN (SELECT value FROM json_each(:bots))""",
    ),
    Rule(
        what="their profiles",
        table="bot_profiles",
        key="bot_name",
        older_than=GONE,
        condition=f"published_at < :before AND {_GONE}",
    ),
    Rule(
        what="their cursors",
        table="channel_cursors",
        key="bot_name, channel_id",
        older_than=GONE,
        condition=f"updated_at < :before AND {_GONE}",
    ),
    Rule(
        what="their unfinished messages",
        table="inbox",
        key="id",
        source=_oldest("inbox"),
        older_than=DECISIONS,
        condition=f"received_at < :before AND {_GONE}",
    ),
)


def sweeps(
    now: datetime, *, agreed: timedelta = AGREED, bots: Collection[str] = ()
) -> Iterator[Sweep]:
    """Say what is to go now.

    `agreed` is how long the longest of the fleet's settings needs what the bots agreed on; `bots`
    are those of the fleet file. Where they are not known, no bot counts as removed.
    """
    for rule in (*RULES, *(RULES_OF_GONE_BOTS if bots else ())):
        older_than = max(rule.older_than, agreed) if rule.agreed else rule.older_than
        values: dict[str, object] = {
            "before": to_text(now - older_than),
            "now": to_text(now),
            "ahead": to_text(now + LAPSED),
            "under_way": to_text(now - UNDER_WAY),
            "bots": json.dumps(sorted(bots)),
        }
        yield Sweep(
            what=rule.what,
            table=rule.table,
            key=tuple(rule.key.split(", ")),
            condition=rule.condition,
            values=values,
            source=rule.source,
        )
