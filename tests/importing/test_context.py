"""What a bot has in mind after an import: its own turns first, what was imported behind them."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from multibot.clock import SystemClock, to_text
from multibot.conversation.message import BotName
from multibot.conversation.session import SessionRules
from multibot.home import Home
from multibot.store.migrate import migrate
from multibot.store.stores import BotStore, open_store
from tests.importing.test_commands import legacy
from tests.store.material import RULES, SHARED, WEEK, message
from tests.unit.importing.reading import entry, write

NOW = SystemClock().now()
BOTH = pytest.mark.parametrize("rules", [RULES, SHARED], ids=["user", "channel"])


@pytest.fixture
async def bot(home: Home) -> AsyncIterator[BotStore]:
    migrate(home, SystemClock())
    store = open_store(home, BotName("sage"), SystemClock())
    yield store
    await store.close()


def ago(**time: float) -> datetime:
    return NOW - timedelta(**time)


def past(text: str, at: datetime) -> dict[str, Any]:
    return entry(text, timestamp=to_text(at))


async def say(store: BotStore, text: str, at: datetime) -> None:
    await store.ledger.begin(message(text, channel_id="123", created_at=at), RULES)


def shown(store: BotStore, rules: SessionRules = RULES, limit: int = 50) -> list[str]:
    return [turn.content for turn in store.history.context("123", "7", rules, limit, WEEK)]


@BOTH
async def test_an_import_does_not_push_out_what_was_just_said(
    home: Home, old: Path, bot: BotStore, rules: SessionRules
) -> None:
    await say(bot, "two days ago", ago(days=2))
    await say(bot, "just now", ago(minutes=1))
    long_ago = [past(f"old {n}", ago(days=30, minutes=-n)) for n in range(60)]
    write(old / "sage" / "123_7.json", [*long_ago, past("days ago", ago(days=3))])
    legacy(home, old)

    assert shown(bot, rules) == ["days ago", "two days ago", "just now"]
    assert shown(bot, rules, limit=1) == ["just now"]
    assert shown(bot, rules, limit=2) == ["two days ago", "just now"]


async def test_what_was_said_meanwhile_stands_in_its_place(
    home: Home, old: Path, bot: BotStore
) -> None:
    await say(bot, "before", ago(hours=3))
    await say(bot, "behind", ago(hours=1))
    write(old / "sage" / "123_7.json", [past("between", ago(hours=2))])
    legacy(home, old)

    assert shown(bot) == ["before", "between", "behind"]
    lately = bot.history.lately("123", "7", 5)
    assert [turn.content for turn in lately] == ["before", "between", "behind"]


async def test_an_import_brings_nothing_back_from_before_a_clear(
    home: Home, old: Path, bot: BotStore
) -> None:
    await say(bot, "before", ago(hours=3))
    await bot.history.clear("123", "7", RULES)
    write(old / "sage" / "123_7.json", [past("long before", ago(hours=4))])
    legacy(home, old)

    assert shown(bot) == []


async def test_after_an_import_into_an_empty_file_the_bot_knows_what_was_said(
    home: Home, old: Path, bot: BotStore
) -> None:
    write(old / "sage" / "123_7.json", [past("hello", ago(hours=4)), past("you?", ago(hours=3))])
    legacy(home, old)

    assert shown(bot) == ["hello", "you?"]
