"""Chains, cooldowns and rounds as people and programs are shown them."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from multibot.cli import paging, tables
from multibot.cli.history_lines import time
from multibot.cli.overview import NONE
from multibot.cli.printable import printable_line
from multibot.clock import to_text
from multibot.conversation.activity import Act
from multibot.conversation.chain import ChainRules
from multibot.conversation.ruling import minutes
from multibot.supervise.explanation import age

if TYPE_CHECKING:
    from multibot.store.activity import Round
    from multibot.store.exchanges import LiveChannel

# So many of the newest rounds are listed for people; JSON has all.
SHOWN = 15
CAUSES = {"limit": "the chain was complete", "silence": "the chain died of silence"}
COLUMNS = ("CHANNEL", "STATE", "BOTS", "MESSAGES", "LAST", "LEFT", "IN A ROW")
ROUNDS = ("WHEN", "GUILD", "BOT", "LEVEL", "ROLL", "DID")


@dataclass(frozen=True, slots=True)
class Watched:
    """A channel with a chain or a cooldown, and its name where a bot has seen it."""

    live: "LiveChannel"
    name: str

    def cells(self, rules: ChainRules, now: datetime) -> tuple[str, ...]:
        """Write it as a row."""
        exchange = self.live.exchange
        shown = printable_line(self.name)
        label = f"#{shown}" if shown else self.live.place.channel_id
        in_a_row = f"{exchange.bot_turns} of {rules.max_bot_turns}"
        last = exchange.last_activity_at or exchange.spoke_at
        ago = f"{age((now - last).total_seconds())} ago" if last else NONE
        if exchange.cooldown is not None:
            cause = CAUSES[exchange.cooldown.cause]
            left = f"{minutes(self.left(rules, now))} ({cause})"
            return label, "cooldown", NONE, NONE, ago, left, in_a_row
        sign = " ⇄ " if paging.can_show("⇄") else " <-> "
        return (
            label,
            "chain",
            sign.join(exchange.participants) or NONE,
            f"{exchange.message_count} of {rules.max_chain}",
            f"{ago} ({exchange.last_bot})" if exchange.last_bot else ago,
            f"{minutes(self.left(rules, now))} (if nobody speaks)",
            in_a_row,
        )

    def left(self, rules: ChainRules, now: datetime) -> timedelta:
        """Return how long the cooldown lasts, or the chain without another message."""
        exchange = self.live.exchange
        if exchange.cooldown is not None:
            return exchange.cooldown.expires_at - now
        last = exchange.last_activity_at or now
        return max(last + rules.expiry - now, timedelta())

    def as_object(self, rules: ChainRules, now: datetime) -> dict[str, object]:
        """Give it as JSON knows it."""
        exchange, place = self.live.exchange, self.live.place
        cooldown = exchange.cooldown
        return {
            "channel_id": place.channel_id,
            "channel_name": self.name or None,
            "guild_id": place.guild_id,
            "state": "chain" if cooldown is None else "cooldown",
            "cause": None if cooldown is None else cooldown.cause,
            "left_seconds": round(self.left(rules, now).total_seconds(), 3),
            "chain": exchange.chain,
            "participants": list(exchange.participants),
            "message_count": exchange.message_count,
            "pending": exchange.pending,
            "is_opened": exchange.is_opened,
            "started_at": _text(exchange.started_at),
            "last_activity_at": _text(exchange.last_activity_at),
            "last_bot": exchange.last_bot,
            "last_message_id": exchange.last_message_id or None,
            "bot_turns": exchange.bot_turns,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """All that is live at one moment, and what was done lately."""

    at: datetime
    rules: ChainRules
    channels: Sequence[Watched]
    since: datetime
    rounds: Sequence["Round"]

    def text(self) -> str:
        """Write it for people."""
        return "\n".join([*self._channels(), "", *self._rounds()])

    def as_object(self) -> dict[str, object]:
        """Give it as JSON knows it."""
        rules = self.rules
        return {
            "at": to_text(self.at),
            "enabled": rules.enabled,
            "max_chain": rules.max_chain,
            "max_bot_turns": rules.max_bot_turns,
            "chain_expiry_seconds": rules.expiry.total_seconds(),
            "cooldown_seconds": rules.cooldown.total_seconds(),
            "channels": [each.as_object(rules, self.at) for each in self.channels],
            "since": to_text(self.since),
            "rounds": [_round(each) for each in self.rounds],
        }

    def _channels(self) -> Iterator[str]:
        if not self.rules.enabled:
            yield "cross_bot.enabled is false: bots do not talk with each other."
        if self.channels:
            rows = [COLUMNS, *(each.cells(self.rules, self.at) for each in self.channels)]
            yield tables.shown(rows, shortened=["CHANNEL"], folded=["LEFT", "BOTS", "IN A ROW"])
        else:
            yield "no chain and no cooldown just now"

    def _rounds(self) -> Iterator[str]:
        since = f"since {time(to_text(self.since))}"
        if not self.rounds:
            yield f"no round of activity {since}"
            return
        acts = Counter(each.act for each in self.rounds)
        counts = ", ".join(f"{acts[act]} {act}" for act in Act if acts[act])
        yield f"rounds of activity {since}: {counts}"
        rows = [ROUNDS, *map(_cells, self.rounds[:SHOWN])]
        yield tables.shown(rows, dropped=["GUILD"], folded=["DID", "LEVEL", "WHEN"])
        if len(self.rounds) > SHOWN:
            yield f"... and {len(self.rounds) - SHOWN} earlier; `--json` has all"


def _cells(one: "Round") -> tuple[str, ...]:
    did = printable_line(one.outcome) or ("nothing" if one.act is Act.NOTHING else "at it")
    return (
        time(to_text(one.taken_at)),
        one.guild_id,
        one.bot_name,
        f"{one.level.replace('_', ' ')}, {one.rate:.2f}/min",
        f"{one.roll:.3f}",
        did,
    )


def _round(one: "Round") -> dict[str, object]:
    return {
        "guild_id": one.guild_id,
        "round": one.number,
        "bot": one.bot_name,
        "taken_at": to_text(one.taken_at),
        "level": one.level,
        "rate": one.rate,
        "roll": one.roll,
        "act": one.act.value,
        "outcome": one.outcome or None,
    }


def _text(at: datetime | None) -> str | None:
    return None if at is None else to_text(at)
