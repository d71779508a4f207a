"""Sessions are resumed without a count, and Discord is waited for for ever."""

import asyncio

import pytest

from multibot.errors import TokenError
from multibot.runtime.cures import RefusedError
from multibot.runtime.gateway import DiscordUnreachableError
from tests.runtime.stage import DAY_SECONDS, Stage, end, gaps


async def test_resuming_costs_nothing_and_happens_at_once(stage: Stage) -> None:
    async def live() -> bool:
        await stage.clock.sleep(5)
        return True

    stage.line.life = live
    task = asyncio.create_task(stage.gateway().stay_connected())
    await stage.pass_time(1000)

    assert len(stage.line.started) == 1
    assert len(stage.line.resumed) > 190
    assert max(gaps(stage.line.resumed)) == pytest.approx(5)
    await end(task)


async def test_a_session_that_drops_at_once_is_resumed_with_growing_waits(stage: Stage) -> None:
    async def drop() -> bool:
        return True

    stage.line.life = drop
    task = asyncio.create_task(stage.gateway().stay_connected())
    await stage.pass_time(600)

    assert len(stage.line.started) == 1
    assert 10 <= len(stage.line.resumed) <= 25
    assert 30 <= gaps(stage.line.resumed)[-1] <= 60
    await end(task)


async def test_a_network_that_is_gone_does_not_cost_the_session(stage: Stage) -> None:
    async def live() -> bool:
        stage.line.trouble = [DiscordUnreachableError("no route") for _ in range(30)]
        await stage.clock.sleep(5)
        return True

    stage.line.life = live
    task = asyncio.create_task(stage.gateway().stay_connected())
    await stage.pass_time(600)

    assert len(stage.line.started) == 1
    assert len(stage.line.resumed) > 10
    assert stage.pulse.status.last_error == "no route"
    await end(task)


async def test_a_session_that_cannot_be_resumed_is_followed_by_a_counted_one(stage: Stage) -> None:
    async def live() -> bool:
        await stage.clock.sleep(3600)
        return False

    stage.line.life = live
    task = asyncio.create_task(stage.gateway().stay_connected())
    await stage.pass_time(4 * 3600)

    assert len(stage.line.started) == 4
    assert all(3601 <= gap <= 3605 for gap in gaps(stage.line.started))
    assert stage.line.asked[1:] < stage.line.started[1:]
    await end(task)


async def test_row_50_discord_is_waited_for_for_ever(stage: Stage) -> None:
    stage.line.trouble = [DiscordUnreachableError("no such host") for _ in range(300)]
    task = asyncio.create_task(stage.gateway().log_in("sandbox-token-one"))
    await stage.pass_time(DAY_SECONDS)

    assert not task.done()
    assert gaps(stage.line.logins)[:6] == [10, 20, 40, 80, 160, 300]
    assert set(gaps(stage.line.logins)[6:]) == {300}
    assert (stage.pulse.status.state, stage.pulse.status.last_error) == (
        "backing_off",
        "no such host",
    )
    stage.line.trouble.clear()
    await stage.pass_time(300, task)
    assert task.done()
    assert stage.line.started == []


async def test_a_gateway_that_is_away_is_asked_less_and_less_often(stage: Stage) -> None:
    """Also then Discord's limit is asked for before each try, and nothing is counted."""
    stage.line.trouble = [DiscordUnreachableError("away") for _ in range(5)]
    task = asyncio.create_task(stage.gateway().stay_connected())
    await stage.pass_time(400)

    assert len(stage.line.started) == 1
    assert len(await stage.store.gateway.starts()) == 1
    assert [round(gap) for gap in gaps(stage.line.asked)] == [10, 20, 40, 80, 160]
    await end(task)


@pytest.mark.parametrize(
    ("code", "cure"),
    [
        (401, "into DISCORD_TOKEN_SAGE, then run `multibot restart sage`"),
        (4004, "into DISCORD_TOKEN_SAGE, then run `multibot restart sage`"),
        (4010, "upgrade multibot"),
        (4011, "take it out of some"),
        (4012, "upgrade multibot"),
        (4013, "upgrade multibot"),
        (4014, "switch on `Message Content Intent`"),
    ],
)
async def test_row_13_a_refusal_is_final_and_names_bot_and_cure(
    stage: Stage, code: int, cure: str
) -> None:
    stage.line.trouble = [RefusedError(code)]
    with pytest.raises(TokenError) as caught:
        await stage.gateway().log_in("sandbox-token-one")

    text = str(caught.value)
    assert text.startswith("sage: ")
    assert f"({code}): " in text
    assert cure in text
    assert "\n" not in text
    assert stage.pulse.status.last_error == text
    assert stage.line.logins == [0]


async def test_a_closed_line_ends_it(stage: Stage) -> None:
    async def close() -> bool:
        stage.line.closed = True
        return False

    stage.line.life = close
    task = asyncio.create_task(stage.gateway().stay_connected())
    await stage.pass_time(10, task)
    assert task.done()
    assert task.exception() is None
    assert len(stage.line.started) == 1
