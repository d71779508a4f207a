"""The demo's settings, and how its page learns what goes on."""

import asyncio
from datetime import timedelta

from multibot.cli import demo_talk
from multibot.cli.demo import WELCOME
from multibot.cli.init import create
from multibot.clock import SystemClock
from multibot.config.load import check
from multibot.conversation.activity import Level, Reading, level, rate
from multibot.conversation.chain import ChainRules
from multibot.conversation.message import BotName
from multibot.home import Home
from multibot.sandbox import app
from multibot.sandbox.world import World
from multibot.store.chains import Opening, Sent
from multibot.store.exchanges import Place
from multibot.store.migrate import migrate
from multibot.store.stores import open_store

TOKENS = {f"DISCORD_TOKEN_{name}": f"sandbox-token-{name}" for name in ("SAGE", "SPARK", "LOGIC")}
RULES = ChainRules(enabled=True)


def test_the_demos_settings_are_valid_and_show_everything_within_minutes(home: Home) -> None:
    create(home)
    demo_talk.settle(home)
    report = check(home, TOKENS)

    assert report.faults == ()
    assert report.fleet is not None
    talk = report.fleet.bots[0].cross_bot
    activity = report.fleet.bots[0].activity.rules(talk.pair_cooldown)
    assert talk.enabled
    assert activity.enabled
    first = max(activity.first_check, activity.observation) + activity.interval
    chain = talk.max_chain * (talk.inter_bot_delay + timedelta(seconds=5))
    assert first + chain + talk.rules.cooldown < timedelta(minutes=4)
    one, none = (
        level(rate(Reading(messages=n, watched_since=None), activity), activity) for n in (1, 0)
    )
    assert (one, none) == (Level.ACTIVE, Level.DEAD)
    assert "nobody writes for a minute" in WELCOME
    assert activity.window == timedelta(minutes=1)


async def test_the_page_is_told_when_something_happens_and_only_then(home: Home) -> None:
    clock = SystemClock()
    migrate(home, clock)
    world = World(clock)
    world.add_guild("guild")
    channel = world.add_channel("general")
    told: list[str] = []
    world.subscribe(lambda event: told.append(event.name) if event.name == "TALK" else None)
    store = open_store(home, BotName("sage"), clock)
    running = await app.start(world)
    place = Place(channel.id, "1")
    opening = Opening(place=place, turn="round-1-1", partner=BotName("spark"))
    sent = Sent(place=place, turn="round-1-1", message_id="77", in_exchange=True)

    before: list[dict[str, object]] = []
    for act in (None, store.chains.open(opening, RULES), None, store.chains.sent(sent, RULES)):
        if act is not None:
            await act
        before = await asyncio.to_thread(demo_talk._tell, home, running.url, RULES, before)
    await running.close()
    gone = await asyncio.to_thread(demo_talk._tell, home, running.url, RULES, [])
    await store.close()

    assert len(told) == 2
    (shown,) = world.talk
    assert (shown.state, shown.bots, shown.count, shown.limit) == ("chain", ("sage",), 1, 5)
    assert gone == []
