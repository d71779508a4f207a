"""Gateway sessions, ids and events, without a socket."""

from datetime import UTC, datetime

import pytest

from multibot.sandbox import compression, messages
from multibot.sandbox.entities import Application, Json
from multibot.sandbox.gateway_session import GatewaySession, Hub
from multibot.sandbox.messages import Draft
from multibot.sandbox.snowflake import Snowflakes, time_of
from multibot.sandbox.world import MESSAGE_CONTENT, World
from tests.fakes import FakeClock

INTENTS = 1 << 0 | 1 << 9 | MESSAGE_CONTENT


class FakeConnection:
    def __init__(self) -> None:
        self.sent: list[Json] = []
        self.closed: list[int] = []

    def send(self, payload: Json) -> None:
        self.sent.append(payload)

    def abort(self) -> None: ...

    def silence(self, *ops: int) -> None: ...

    def hold(self) -> None: ...

    def release(self) -> None: ...

    def close(self, code: int, reason: str) -> None:
        self.closed.append(code)


@pytest.fixture
def world(clock: FakeClock) -> World:
    return World(clock, resume_window=60.0)


@pytest.fixture
def sage(world: World) -> Application:
    return world.add_application("sandbox-token-one", "sage")


def begun(hub: Hub, sage: Application, shard: tuple[int, int] = (0, 1)) -> GatewaySession:
    hub.count_start(sage)
    return hub.begin(sage, INTENTS, shard, FakeConnection())


def dropped(hub: Hub, session: GatewaySession) -> None:
    assert session.connection is not None
    hub.detach(session, session.connection)


def test_session_waits_for_its_client_only_so_long(
    world: World, sage: Application, clock: FakeClock
) -> None:
    hub = Hub(world)
    session = begun(hub, sage)
    dropped(hub, session)
    clock.tick(60.0)
    assert hub.find(session.id, sage) is session

    clock.tick(0.1)

    assert hub.find(session.id, sage) is None


def test_events_are_kept_while_the_socket_is_gone(world: World, sage: Application) -> None:
    world.add_guild("multibot")
    channel = world.add_channel("general")
    hub = Hub(world)
    session = begun(hub, sage)
    dropped(hub, session)
    messages.post(world, channel, world.owner, Draft("missed"))
    again = FakeConnection()

    hub.attach(session, again)
    session.replay(0)

    assert [payload["d"]["content"] for payload in again.sent] == ["missed"]


def test_session_on_another_shard_hears_nothing_of_a_guild(world: World, sage: Application) -> None:
    guild = world.add_guild("multibot")
    channel = world.add_channel("general")
    hub = Hub(world)
    mine = (int(guild.id) >> 22) % 2
    here, elsewhere = begun(hub, sage, (mine, 2)), begun(hub, sage, (1 - mine, 2))

    messages.post(world, channel, world.owner, Draft("hello"))

    assert (here.sequence, elsewhere.sequence) == (1, 0)


def test_starts_are_counted_for_a_day(world: World, sage: Application, clock: FakeClock) -> None:
    hub = Hub(world)
    begun(hub, sage)
    clock.tick(3600)
    begun(hub, sage)
    assert hub.starts_left(sage) == 998

    clock.tick(23 * 3600 + 1)

    assert hub.starts_left(sage) == 999


def test_ids_grow_even_when_the_clock_goes_back(clock: FakeClock) -> None:
    ids = Snowflakes(clock)
    first, second = ids.next(), ids.next()
    clock.set_wall(datetime(2020, 1, 1, tzinfo=UTC))
    third = ids.next()

    assert int(first) < int(second) < int(third)
    assert time_of(first) == datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("name", [None, "", "brotli"])
def test_unknown_compression_is_none(name: str | None) -> None:
    assert compression.open_stream(name) is None


def test_member_of_everything_unless_told_otherwise(world: World, sage: Application) -> None:
    first = world.add_guild("first")
    late = world.add_user("late")
    nowhere = world.add_user("nowhere", guilds=[])
    second = world.add_guild("second", members=[late])

    assert sage.id in first.members
    assert late.id in first.members
    assert nowhere.id not in first.members
    assert sage.id not in second.members
