"""A fleet whose bots have decided about messages, for `multibot why` to tell."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from click.testing import CliRunner, Result

from multibot.cli.main import root
from multibot.clock import SystemClock
from multibot.conversation.addressing import Decision, Reason, Verdict
from multibot.conversation.chain import ChainRules
from multibot.conversation.message import BotName, ChannelId, InboundMessage
from multibot.conversation.overhearing import Heard
from multibot.conversation.ruling import How
from multibot.home import Home
from multibot.store.status import BotStatus
from multibot.store.stores import BotStore, open_store
from tests.fakes import FakeClock
from tests.store.material import ANSWER, RULES, START, message

SAGE, SPARK, LOGIC = (BotName(name) for name in ("sage", "spark", "logic"))
TALK = ChainRules(enabled=True, inter_bot_delay=timedelta())
NOT_IN_CHANNEL = Decision(Verdict.NO, Reason.PATTERN_MISMATCH, "channel general\x1b]0;owned\x07")


def snowflake(ago: timedelta) -> str:
    since = SystemClock().now() - ago - datetime(2015, 1, 1, tzinfo=UTC)
    return str(since // timedelta(milliseconds=1) << 22)


FRESH, UNSEEN = snowflake(timedelta(hours=1)), snowflake(timedelta(hours=2))
OLD = "1000000000000000000"
HERE = "190000000000000011"
LINK = f"https://discord.com/channels/1/{HERE}/{FRESH}"

Work = Callable[[BotStore], Awaitable[Any]]


@dataclass
class Fleet:
    home: Home
    clock: FakeClock

    def let(self, bot: BotName, *works: Work) -> Any:
        async def do() -> Any:
            store = open_store(self.home, bot, self.clock)
            try:
                return [await work(store) for work in works][-1]
            finally:
                await store.close()

        return asyncio.run(do())

    def start(self, *bots: BotName) -> None:
        for bot in bots:
            status = BotStatus(
                bot_name=bot,
                pid=1,
                boot_id="b",
                started_at=START,
                state="ready",
                gateway_state="ready",
                config_hash="",
                version="",
                user_id=f"90{len(bot)}",
            )
            self.let(bot, reported(status))

    def why(self, *arguments: str) -> Result:
        return CliRunner().invoke(
            root, ["--home", str(self.home.root), "why", *arguments], standalone_mode=False
        )

    def lines(self, *arguments: str) -> list[str]:
        result = self.why(*arguments)
        assert result.exception is None, result.exception
        return result.stdout.splitlines()

    def row(self, bot: str, *arguments: str) -> str:
        (line,) = [each for each in self.lines(*arguments)[1:] if each.split()[0] == bot]
        return line


def reported(status: BotStatus) -> Work:
    return lambda store: store.fleet.report(status)


def said(message_id: str = FRESH, **changes: Any) -> InboundMessage:
    return message(message_id=message_id, channel_id=ChannelId(HERE), **changes)


def answered(posted: InboundMessage, sent_id: str = "9001", *parts: str) -> Work:
    async def work(store: BotStore) -> None:
        await store.ledger.receive(posted, ANSWER, per_minute=1000)
        session = await store.ledger.begin(posted, RULES)
        staged = await store.outbox.stage(posted.message_id, parts or ["fine"])
        for number, part in enumerate(staged):
            told = str(int(sent_id) + number)
            await store.outbox.mark_sent(posted, session.session_id, part, told, "Sage")
        await store.ledger.finish(posted.message_id, "answered", "answered")

    return work


def spoken(author: BotName, to: BotName | None, how: How = How.MENTION) -> Heard:
    return Heard(author=author, how=None if to is None else how, others=() if to else (SPARK,))
