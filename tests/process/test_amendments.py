"""A real bot follows what people edit and delete on Discord, also over kill -9."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from multibot.clock import SystemClock
from multibot.home import Home
from multibot.sandbox import mentions, messages
from multibot.sandbox.world import Event, World
from tests.process.fleet import UNLIMITED, RunningFleet, until

TURNS = "SELECT * FROM conversations WHERE bot_name = 'sage' ORDER BY id"


class LateClock(SystemClock):
    """The machine's clock, some time ago: what happened then is settled now."""

    behind = timedelta(minutes=5)

    def now(self) -> datetime:
        return super().now().astimezone(UTC) - self.behind


@pytest.fixture
def clock() -> LateClock:
    return LateClock()


@pytest.fixture
async def fleet(home: Home, clock: LateClock) -> AsyncIterator[RunningFleet]:
    world = World(clock, message_limit=UNLIMITED, global_limit=UNLIMITED)
    async with RunningFleet(home, world=world) as running:
        yield running


def kept(fleet: RunningFleet) -> dict[str, dict[str, Any]]:
    """Every turn by the id of its message."""
    return {row["message_id"]: row for row in fleet.rows(TURNS)}


async def ask(fleet: RunningFleet, *contents: str) -> list[tuple[str, str]]:
    """Have messages answered; return the ids of each and of its answer."""
    pairs, before = [], fleet.turns()
    for content in contents:
        said = await fleet.say("#philosophy", "ada", content)
        [answer] = await fleet.answers_to(said["id"])
        pairs.append((said["id"], answer["message_id"]))
    await until(lambda: fleet.turns() == before + 2 * len(contents), "all turns stored")
    return pairs


async def test_live_edits_and_deletions_are_followed(fleet: RunningFleet) -> None:
    async with fleet.running("sage"):
        [one, two, three] = await ask(fleet, "What is tiem?", "What is space?", "And matter?")
        await fleet.edit(one[0], "ada", "What is time?")
        await until(lambda: kept(fleet)[one[0]]["content"] == "What is time?", "the edit")
        await fleet.delete(two[1])
        await until(lambda: kept(fleet)[two[1]]["deleted_at"], "one deletion")
        await fleet.delete(three[0], three[1])
        await until(lambda: kept(fleet)[three[1]]["deleted_at"], "a bulk deletion")

        now = kept(fleet)
        assert now[one[0]]["edited_at"] is not None
        assert [now[each]["content"] for each in (two[1], *three)] == ["", "", ""]
        assert now[two[0]]["content"] == "What is space?"
        copies = fleet.rows("SELECT sent_message_id, content FROM outbox WHERE content = ''")
        assert {row["sent_message_id"] for row in copies} == {two[1], three[1]}
        told = await fleet.command("sage", "history", "#philosophy", "ada")
        assert "What is time?" in told
        assert "matter" not in told


async def test_what_is_no_edit_by_a_person_changes_nothing(fleet: RunningFleet) -> None:
    """Discord tells of embeds and of the bot's own edits with the same event."""
    async with fleet.running("sage"):
        [(said, answer)] = await ask(fleet, "What is time?")
        before = kept(fleet)
        place = fleet.world.find_channel("philosophy")
        assert place is not None
        message = place.messages[said]
        message.embeds = [{"type": "link", "title": "a page"}]
        fleet.world.announce(Event("MESSAGE_UPDATE", place.guild, place, message, message.author))
        own = {"content": "grown further"}
        messages.edit(fleet.world, place.messages[answer], own, mentions.EVERYTHING)
        # Whatever came after these two has been dealt with.
        await ask(fleet, "What is space?")

        assert {each: kept(fleet)[each] for each in before} == before


async def test_what_changed_while_the_bot_was_killed_is_found(
    fleet: RunningFleet, clock: LateClock
) -> None:
    async with fleet.running("sage") as process:
        [one, two, three] = await ask(fleet, "What is tiem?", "What is space?", "And matter?")
        await fleet.edit(three[0], "ada", "And mind?")
        await until(lambda: kept(fleet)[three[0]]["content"] == "And mind?", "the edit")
        process.kill()
        await process.wait()
    await fleet.edit(one[0], "ada", "What is time?")
    await fleet.delete(two[0], two[1])
    clock.behind = timedelta()
    # Nobody listened while this was said, so the history is read.
    new = await fleet.say("#philosophy", "ada", "And now?")
    async with fleet.running("sage"):
        await fleet.answers_to(new["id"])
        await until(lambda: kept(fleet)[two[1]]["deleted_at"], "the deletions")

        now = kept(fleet)
        assert [now[each]["content"] for each in (one[0], two[0], two[1], three[0])] == [
            "What is time?",
            "",
            "",
            "And mind?",
        ]
        assert all(now[each]["content"] for each in (one[1], three[1], new["id"]))
        assert fleet.rows("PRAGMA integrity_check") == [{"integrity_check": "ok"}]
