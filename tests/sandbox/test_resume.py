"""What ends a gateway session, what a resume brings back, and what counts as a start."""

from multibot.sandbox.app import RunningSandbox
from multibot.sandbox.world import STARTS_A_DAY, World
from tests.sandbox.clients import Http
from tests.sandbox.conftest import TOKEN_ONE, TOKEN_TWO, Open

GUILDS = 1 << 0
GUILD_MESSAGES = 1 << 9
DIRECT_MESSAGES = 1 << 12
MESSAGE_CONTENT = 1 << 15
TALK = GUILDS | GUILD_MESSAGES | DIRECT_MESSAGES


async def test_resume_replays_what_came_after_the_last_number(
    open_gateway: Open, http: Http
) -> None:
    first = await open_gateway()
    ready = await first.identify(TOKEN_ONE, TALK | MESSAGE_CONTENT)
    await http.say("#general", "one")
    seen = (await first.event("MESSAGE_CREATE"))["s"]
    await first.socket.close(code=4000)
    await http.say("#general", "two")

    second = await open_gateway()
    said = {"token": TOKEN_ONE, "session_id": ready["session_id"], "seq": seen}
    await second.send(6, said)

    assert (await second.event("MESSAGE_CREATE"))["d"]["content"] == "two"
    assert (await second.next())["t"] == "RESUMED"
    await http.say("#general", "three")
    assert (await second.next())["d"]["content"] == "three"


async def test_client_that_says_goodbye_cannot_resume(open_gateway: Open) -> None:
    """Close codes 1000 and 1001 end the session, as Discord documents."""
    first = await open_gateway()
    ready = await first.identify(TOKEN_ONE)
    await first.socket.close(code=1000)

    second = await open_gateway()
    await second.send(6, {"token": TOKEN_ONE, "session_id": ready["session_id"], "seq": 1})
    answer = await second.op(9)

    assert answer["d"] is False
    await second.identify(TOKEN_ONE)


async def test_session_of_another_bot_cannot_be_resumed(open_gateway: Open) -> None:
    first = await open_gateway()
    ready = await first.identify(TOKEN_ONE)

    second = await open_gateway()
    await second.send(6, {"token": TOKEN_TWO, "session_id": ready["session_id"], "seq": 1})

    assert (await second.op(9))["d"] is False


async def test_number_from_the_future_closes_with_4007(open_gateway: Open) -> None:
    first = await open_gateway()
    ready = await first.identify(TOKEN_ONE)

    second = await open_gateway()
    await second.send(6, {"token": TOKEN_ONE, "session_id": ready["session_id"], "seq": 99})

    assert await second.close_code() == 4007


async def test_resume_takes_the_session_from_a_socket_that_is_still_open(
    open_gateway: Open, sandbox: RunningSandbox
) -> None:
    first = await open_gateway()
    ready = await first.identify(TOKEN_ONE)

    second = await open_gateway()
    await second.send(6, {"token": TOKEN_ONE, "session_id": ready["session_id"], "seq": 1})
    await second.event("RESUMED")

    assert await first.close_code() == 4000
    assert [s.connection is not None for s in sandbox.hub.sessions.values()] == [True]


async def test_heartbeat_confirms_what_arrived(open_gateway: Open, sandbox: RunningSandbox) -> None:
    """Confirmed events are forgotten, so a resume from before them is refused."""
    gateway = await open_gateway()
    ready = await gateway.identify(TOKEN_ONE)
    await gateway.event("GUILD_CREATE")
    await gateway.send(1, 2)
    await gateway.op(11)

    session = sandbox.hub.sessions[ready["session_id"]]

    assert not session.unconfirmed
    assert not session.can_replay(1)
    assert session.can_replay(2)


async def test_starts_are_counted_and_resumes_are_not(open_gateway: Open, http: Http) -> None:
    before = (await http.get("/gateway/bot"))["session_start_limit"]
    first = await open_gateway()
    ready = await first.identify(TOKEN_ONE)
    await first.socket.close(code=4000)
    second = await open_gateway()
    await second.send(6, {"token": TOKEN_ONE, "session_id": ready["session_id"], "seq": 1})
    await second.event("RESUMED")

    after = (await http.get("/gateway/bot"))["session_start_limit"]

    assert before["remaining"] == before["total"] == STARTS_A_DAY
    assert after["remaining"] == STARTS_A_DAY - 1
    assert 0 < after["reset_after"] <= 86_400_000


async def test_client_without_heartbeats_is_closed_with_4009(
    open_gateway: Open, world: World, sandbox: RunningSandbox
) -> None:
    """Its session stays: a client that only slept may resume."""
    world.heartbeat_interval = 0.05
    gateway = await open_gateway()
    assert (await gateway.next())["d"]["heartbeat_interval"] == 50
    ready = await gateway.identify(TOKEN_ONE)

    assert await gateway.close_code() == 4009
    assert ready["session_id"] in sandbox.hub.sessions
