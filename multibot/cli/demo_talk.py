"""The demo's page shows how far the bots have talked with each other: read here, told to the sandbox."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from multibot.clock import SystemClock
from multibot.errors import MultibotError
from multibot.home import Home

if TYPE_CHECKING:
    from multibot.conversation.chain import ChainRules
    from multibot.store.exchanges import LiveChannel

EVERY_SECONDS = 1.0

# So short that the first minutes show what otherwise takes hours.
SETTINGS = """
# The demo's own: short times, so that a few minutes show what otherwise takes hours.
cross_bot:
  enabled: true
  max_chain: 5
  inter_bot_delay: 4
  response_chance: 1.0
  chain_expiry: 1m
  cooldown_minutes: 1
  pair_cooldown: 2m
  max_bot_turns: 60

activity:
  enabled: true
  first_check: 20
  observation: 15
  window: 1m
  interval: 30
  jitter: 5
  conversation_chance: 0.75
  post_chance: 0.25
"""


def settle(home: Home) -> None:
    """Let the bots of a new home talk with each other, and speak up when it is quiet."""
    with home.fleet_file.open("a", encoding="utf-8") as file:
        file.write(SETTINGS)


async def show(home: Home, url: str, rules: "ChainRules") -> None:
    """Tell the sandbox how it stands, until cancelled."""
    told: list[dict[str, object]] = []
    while True:
        told = await asyncio.to_thread(_tell, home, url, rules, told)
        await asyncio.sleep(EVERY_SECONDS)


def _tell(
    home: Home, url: str, rules: "ChainRules", before: list[dict[str, object]]
) -> list[dict[str, object]]:
    from multibot.sandbox.remote import Remote
    from multibot.store import exchanges
    from multibot.store.archive.shared import SharedFile

    now = SystemClock().now()
    try:
        with SharedFile(home) as shared:
            live = exchanges.live(shared.reader, rules, now)
        found = [note(each, rules, now) for each in live]
        if not is_same(before, found):
            Remote(url).tell_talk(found)
    except MultibotError:
        # The file is being brought up to date, or the demo ends: then nobody looks either.
        return before
    return found


def note(channel: "LiveChannel", rules: "ChainRules", now: datetime) -> dict[str, object]:
    """Write one channel as the page wants it."""
    exchange = channel.exchange
    ends_at = exchange.cooldown.expires_at if exchange.cooldown else None
    if ends_at is None:
        ends_at = (exchange.last_activity_at or now) + rules.expiry
    return {
        "channel_id": channel.place.channel_id,
        "state": "cooldown" if exchange.cooldown else "chain",
        "bots": list(exchange.participants),
        "count": exchange.message_count,
        "limit": rules.max_chain,
        "left_seconds": max(0.0, (ends_at - now).total_seconds()),
    }


def is_same(before: Sequence[dict[str, object]], now: Sequence[dict[str, object]]) -> bool:
    """Tell whether nothing has happened but that time went by."""
    return [_facts(each) for each in before] == [_facts(each) for each in now]


def _facts(one: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in one.items() if key != "left_seconds"}
