"""The main of one bot process: everything is wired here, by hand, and nowhere else."""

import asyncio
import os
import random
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import structlog

from multibot.clock import Clock, SystemClock
from multibot.config.environment import read_environment
from multibot.config.fleet import Bot, Fleet
from multibot.config.load import load_bot
from multibot.errors import (
    ExitCode,
    LockHeldError,
    MultibotError,
    PermanentError,
    StoreUnavailableError,
)
from multibot.home import Home
from multibot.responder.script import Script
from multibot.responder.scripted import ScriptedResponder
from multibot.runtime import care, logs
from multibot.runtime.arbiter import Arbiter
from multibot.runtime.breaker import Breaker
from multibot.runtime.catchup import CatchUp
from multibot.runtime.client import BotClient
from multibot.runtime.commands import Commands
from multibot.runtime.delivery import DiscordDelivery
from multibot.runtime.engine import Engine
from multibot.runtime.gateway import Gateway
from multibot.runtime.pulse import PERIOD_SECONDS, Gauges, Pulse
from multibot.runtime.recovery import Recovery
from multibot.runtime.troubles import Troubles, record_end
from multibot.runtime.watchdog import LastWords, Watchdog
from multibot.store.status import read_statuses
from multibot.store.stores import BotStore, open_store

DRAIN_POLL_SECONDS = 0.05
# The drain and this together have to end before supervisord's patience (stopwaitsecs) does.
CLOSE_SECONDS = 3.0

log = structlog.get_logger(__name__)


def main(home: Home, bot_name: str, environ: Mapping[str, str]) -> ExitCode:
    """Run one bot until it is told to stop.

    Started by hand, a failure is raised as a MultibotError; under supervisord it is logged, left
    for `multibot status`, and becomes the exit code.
    """
    clock = SystemClock()
    started = clock.monotonic()
    supervised = care.is_supervised(environ)
    care.keep_secrets_in()
    os.umask(0o077)
    logs.configure(bot_name=bot_name, clock=clock)
    try:
        asyncio.run(_run(home, bot_name, environ, clock, supervised=supervised))
    except MultibotError as error:
        if not isinstance(error, LockHeldError):
            care.note_exit(home.bot_exit(bot_name), error)
        if not supervised:
            raise
        _log_end(error)
        asyncio.run(care.outlive(clock, started, error))
        return error.exit_code
    return ExitCode.OK


def _log_end(error: MultibotError) -> None:
    log.error("stopped", error=str(error), exit_code=int(error.exit_code))


async def _run(
    home: Home, bot_name: str, environ: Mapping[str, str], clock: Clock, *, supervised: bool
) -> None:
    stop = care.stop_signal()
    environment = read_environment(home, environ, bot_name if supervised else None)
    fleet = load_bot(home, environment, bot_name)
    bot = fleet.bot(bot_name)
    if not bot.enabled or bot.token is None:
        raise PermanentError(
            f"{bot_name} is disabled.",
            where=str(fleet.file),
            remedy="Set `enabled: true` for it, then run `multibot up`.",
        )
    token = bot.token.reveal()
    logs.configure(
        bot_name=bot_name,
        clock=clock,
        level=bot.log_level,
        log_format=fleet.settings.log_format,
        secrets=[token],
    )
    care.require_writable(home, bot_name)
    lock = care.LifeLock(home.bot_lock(bot_name))
    if not supervised:
        lock.take()
    store = open_store(home, bot.name, clock)
    watchdog = Watchdog(
        limit=bot.watchdog_timeout.total_seconds(),
        clock=clock,
        last_words=LastWords(bot_name=bot_name, clock=clock, note=home.bot_exit(bot_name)),
        writer_is_dead=lambda: store.writer.is_dead,
    )
    watchdog.start()
    try:
        process = BotProcess(
            bot=bot,
            fleet=fleet,
            store=store,
            clock=clock,
            stop=stop,
            loop_lag=watchdog.take_lag,
        )
        await process.run(lock, home, token)
    finally:
        await store.close()
        lock.release()
        watchdog.stop()


class BotProcess:
    """The parts of one bot, and the order in which they start and stop."""

    def __init__(
        self,
        *,
        bot: Bot,
        fleet: Fleet,
        store: BotStore,
        clock: Clock,
        stop: asyncio.Event,
        loop_lag: Callable[[], float],
    ) -> None:
        self._bot = bot
        self._store = store
        self._clock = clock
        self._stop = stop
        self._chance = random.Random()  # noqa: S311 - odds of speaking, not a secret
        self._pulse = Pulse(
            bot_name=bot.name,
            names=(bot.name, bot.persona.name),
            config_hash=bot.config_hash,
            clock=clock,
        )
        breaker = Breaker(ledger=store.gateway, pulse=self._pulse, clock=clock)
        self._client = BotClient(
            api=fleet.settings.discord_api, pulse=self._pulse, trace=breaker.trace()
        )
        self._pulse.measure(
            Gauges(
                latency=self._client.round_trip,
                ack_age=self._client.ack_age,
                loop_lag=loop_lag,
            )
        )
        self._responder = ScriptedResponder(
            Script.from_mapping(bot.scripted), persona_name=bot.persona.name
        )
        self._gateway = self._make_gateway(breaker)
        delivery = DiscordDelivery(self._client)
        self._engine = self._make_engine(fleet, delivery)
        self._recovery = Recovery(
            engine=self._engine,
            ledger=store.ledger,
            delivery=delivery,
            clock=self._pulse.world_time,
            max_age=bot.catchup.max_age,
        )
        self._client.serve(self._make_catchup(), self._make_commands())

    def _make_gateway(self, breaker: Breaker) -> Gateway:
        return Gateway(
            bot=self._bot,
            line=self._client,
            ledger=self._store.gateway,
            breaker=breaker,
            pulse=self._pulse,
            clock=self._clock,
            chance=self._chance,
        )

    def _make_engine(self, fleet: Fleet, delivery: DiscordDelivery) -> Engine:
        bot, store, clock, chance = self._bot, self._store, self._clock, self._chance
        return Engine(
            bot=bot,
            store=store,
            arbiter=Arbiter(bot=bot, fleet=fleet, store=store, clock=clock, chance=chance),
            responder=self._responder,
            delivery=delivery,
            pulse=self._pulse,
            clock=clock,
            chance=chance,
        )

    def _make_catchup(self) -> CatchUp:
        return CatchUp(
            bot=self._bot,
            store=self._store,
            engine=self._engine,
            source=self._client,
            pulse=self._pulse,
            clock=self._clock,
        )

    def _make_commands(self) -> Commands:
        return Commands(
            name=self._bot.persona.name,
            description=self._bot.persona.description,
            channels=self._bot.channels,
            history=self._store.history,
            rules=self._engine.session_rules,
        )

    async def run(self, lock: care.LifeLock, home: Home, token: str) -> None:
        """Serve until told to stop; leave a last row that says so."""
        note, ended = home.bot_exit(self._bot.name), "crashed"
        try:
            await self._unless_stopped(lock.wait(self._clock, note))
            if lock.held:
                await self._note_last_end(home)
                note.unlink(missing_ok=True)
                await self._engine.prepare()
                await self._while_beating(self._serve(token))
            ended = "stopped"
        except MultibotError:
            ended = "stopped"
            raise
        finally:
            await care.at_most(CLOSE_SECONDS, self._close())
            await self._responder.close()
            if lock.held:
                self._pulse.phase(ended)
                await self._pulse.write(self._store.fleet)

    async def _close(self) -> None:
        # First: a turn that still ran would take the closed connection for its own failure.
        await self._engine.abandon()
        await self._client.close()

    async def _note_last_end(self, home: Home) -> None:
        """Look at what the bot's process before this one left, while it is still there."""
        previous = read_statuses(home.database).get(self._bot.name)
        note, boot = home.bot_exit(self._bot.name), self._pulse.status.boot_id
        try:
            await record_end(self._store.incidents, previous, note, boot_id=boot)
        except StoreUnavailableError as error:
            self._pulse.store_failed(error)

    async def _while_beating(self, work: Coroutine[Any, Any, None]) -> None:
        """Serve until told to stop, then drain; this bot's row is kept true all the while."""
        troubles = Troubles(self._store.incidents, self._clock)
        beating = asyncio.create_task(self._pulse.run(self._store.fleet, troubles))
        tending = asyncio.create_task(self._tend_connection())
        try:
            await self._unless_stopped(work)
            await self._drain()
        finally:
            beating.cancel()
            tending.cancel()
            await asyncio.wait({beating, tending})

    async def _tend_connection(self) -> None:
        while True:
            await self._clock.sleep(PERIOD_SECONDS)
            await self._client.leave_if_deaf()

    async def _serve(self, token: str) -> None:
        await self._gateway.log_in(token)
        # Before the gateway: what was left takes its places ahead of anything newer.
        self._recovery.take_up()
        sweeping = asyncio.create_task(self._recovery.run())
        try:
            await self._gateway.stay_connected()
        finally:
            sweeping.cancel()

    async def _unless_stopped(self, work: Coroutine[Any, Any, None]) -> None:
        """Do the work until it ends or the stop signal comes; errors of the work are raised."""
        task = asyncio.ensure_future(work)
        stopped = asyncio.ensure_future(self._stop.wait())
        await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if task.done():
            task.result()
            return
        task.cancel()
        await asyncio.wait({task})

    async def _drain(self) -> None:
        """Finish running turns within the limit; take no new ones."""
        self._pulse.phase("draining")
        self._client.pause()
        deadline = self._clock.monotonic() + self._bot.drain_timeout.total_seconds()
        while self._engine.busy and self._clock.monotonic() < deadline:
            await self._clock.sleep(DRAIN_POLL_SECONDS)
        log.info("drained", unfinished=self._engine.busy)
