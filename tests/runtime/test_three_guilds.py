"""The example that the original gave for three guilds, line by line, by both of its cooldowns.

Its text said 5 minutes and its times fit only 10; whichever is configured holds to the second.
"""

from datetime import UTC, datetime, timedelta

import pytest

from multibot.clock import from_text, to_text
from multibot.conversation.activity import Act, ActivityRules, Level, Reading, consider, decide
from multibot.home import Home
from tests.fakes import FakeClock
from tests.runtime.hall import TALK, Hall, at, talker
from tests.runtime.world import rows
from tests.store.copies import change

NOON = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
# One channel in each guild.
TECH, GAME, ART = "10", "20", "30"
MOVE = "update channel_cooldowns set started_at = ?, expires_at = ? where channel_id = ?"


async def chain_ends_at(home: Home, hall: Hall, channel: str, moment: datetime) -> None:
    """Have two bots talk to their limit, a little before this moment, and cool down from it on."""
    await hall.until(moment - timedelta(minutes=4))
    await hall.say("sage", f"{at('spark')} hello", channel)
    assert hall.run(channel) == 5
    (row,) = rows(home, "select * from channel_cooldowns where channel_id = ?", channel)
    ended, free = from_text(row["started_at"]), from_text(row["expires_at"])
    assert ended <= moment
    later = moment - ended
    change(home.database, MOVE, to_text(moment), to_text(free + later), channel)


@pytest.mark.parametrize("minutes", [5, 10])
async def test_three_guilds(home: Home, minutes: int) -> None:
    clock = FakeClock(NOON - timedelta(minutes=5))
    hall = Hall(clock)
    talk = TALK.model_copy(update={"cooldown_minutes": minutes})
    bots = [talker(name, talk) for name in ("sage", "spark")]
    async with hall.open(home, *bots):
        # 12:00: the talk in the second guild has come to its end; 12:05: that in the first one.
        await chain_ends_at(home, hall, GAME, NOON)
        await chain_ends_at(home, hall, TECH, NOON + timedelta(minutes=5))

        # 12:10, the first guild: 5:00 after its end.
        await hall.until(NOON + timedelta(minutes=10, milliseconds=-1))
        said = await hall.say("sage", f"{at('spark')} are you there?", TECH)
        assert reason(home, said) == ("cooldown", "0:01 left" if minutes == 5 else "5:01 left")
        await hall.until(NOON + timedelta(minutes=10))
        said = await hall.say("sage", f"{at('spark')} and now?", TECH)
        assert (reason(home, said)[0] == "cooldown") is (minutes == 10)

        # 12:10, the second guild: 10:00 after its end, free by either.
        said = await hall.say("sage", f"{at('spark')} what about you?", GAME)
        assert reason(home, said)[0] == "answered"

        # 12:11, the first guild: 6:00 after its end.
        if minutes == 10:
            await hall.until(NOON + timedelta(minutes=11))
            said = await hall.say("sage", f"{at('spark')} anybody?", TECH)
            assert reason(home, said) == ("cooldown", "4:00 left")

        # A person who calls both of them there is answered by both, and by no bot's bot.
        before = len(hall.said)
        await hall.say("ada", f"{at('sage')} {at('spark')} hello both", TECH)
        assert sorted(each.author_name for each in hall.said[before + 1 :]) == ["Sage", "Spark"]

        # The third guild has no row, and is free.
        assert rows(home, "select * from chains where channel_id = ?", ART) == []
        said = await hall.say("sage", f"{at('spark')} hello", ART)
        assert reason(home, said)[0] == "answered"

    # Both processes end and start again: the cooldown of the first guild holds for both.
    async with hall.open(home, *bots):
        if minutes == 10:
            said = await hall.say("sage", f"{at('spark')} once more?", TECH)
            assert reason(home, said)[0] == "cooldown"


def reason(home: Home, message_id: str) -> tuple[str, str]:
    sql = "select reason, detail from inbox where bot_name = 'spark' and message_id = ?"
    (row,) = rows(home, sql, message_id)
    return row["reason"], row["detail"]


def test_a_guild_that_is_merely_quiet_has_no_conversation() -> None:
    """0.2 messages a minute and a roll of 0.8: nothing happens."""
    rules = ActivityRules(enabled=True)
    reading = Reading(messages=6, watched_since=NOON - timedelta(hours=1))

    assert consider(reading, rules, now=NOON) is None
    move = decide(reading, rules, roll=0.8)
    assert (move.level, move.rate, move.act) == (Level.QUIET, 0.2, Act.NOTHING)
