"""The main of one bot process: how it begins, how it ends, and what that leaves behind."""

import asyncio
import contextlib
import os
from collections.abc import Coroutine, Iterator, Mapping
from typing import Any

import structlog

from multibot.clock import Clock, SystemClock
from multibot.config.environment import read_environment
from multibot.config.load import load_bot
from multibot.errors import (
    ExitCode,
    LockHeldError,
    MultibotError,
    PermanentError,
    StoreUnavailableError,
)
from multibot.home import Home
from multibot.runtime import care, heritage, logs
from multibot.runtime.duties import DutyError
from multibot.runtime.pulse import PERIOD_SECONDS
from multibot.runtime.troubles import Troubles, record_end, record_failure
from multibot.runtime.watchdog import LastWords, Watchdog
from multibot.runtime.wiring import Parts
from multibot.store.status import read_statuses
from multibot.store.stores import open_store

DRAIN_POLL_SECONDS = 0.05
# supervisord's patience (stopwaitsecs) ends 5 s after the drain's time. Before that all is closed:
# what talks to others within the first of these, counted from the drain's end, the rest within the
# second.
GOODBYE_SECONDS = 3.0
CLOSING_SECONDS = 4.5
LETTING_GO_SECONDS = 1.0

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
        if isinstance(error, PermanentError):
            asyncio.run(record_failure(home, bot_name, error, clock))
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
    heritage.mention(home, store.reader)
    watchdog = Watchdog(
        limit=bot.watchdog_timeout.total_seconds(),
        clock=clock,
        last_words=LastWords(bot_name=bot_name, clock=clock, note=home.bot_exit(bot_name)),
        writer_is_dead=lambda: store.writer.is_dead,
    )
    watchdog.start()
    try:
        loop_lag = watchdog.take_lag
        parts = Parts(bot=bot, fleet=fleet, store=store, clock=clock, loop_lag=loop_lag)
        care.look_for_garbage()
        await BotProcess(parts, stop).run(lock, home, token)
    finally:
        await store.close()
        lock.release()
        watchdog.stop()


class BotProcess:
    """The order in which the parts of one bot start and stop."""

    def __init__(self, parts: Parts, stop: asyncio.Event) -> None:
        self._parts = parts
        self._stop = stop
        self._clock = parts.clock
        self._drained_by = 0.0

    async def run(self, lock: care.LifeLock, home: Home, token: str) -> None:
        """Serve until told to stop; leave a last row that says so, and close everything."""
        note, ended = home.bot_exit(self._parts.bot.name), "crashed"
        try:
            await self._unless_stopped(lock.wait(self._clock, note))
            if lock.held:
                await self._note_last_end(home)
                note.unlink(missing_ok=True)
                await self._parts.engine.prepare()
                await self._while_beating(self._serve(token))
            ended = "stopped"
        except DutyError:
            raise
        except MultibotError:
            ended = "stopped"
            raise
        finally:
            await self._close(ended if lock.held else None)

    async def _note_last_end(self, home: Home) -> None:
        """Look at what the bot's process before this one left, while it is still there."""
        bot_name, pulse = self._parts.bot.name, self._parts.pulse
        previous = read_statuses(home.database).get(bot_name)
        note, boot = home.bot_exit(bot_name), pulse.status.boot_id
        try:
            await record_end(self._parts.store.incidents, previous, note, boot_id=boot)
        except StoreUnavailableError as error:
            pulse.store_failed(error)

    async def _while_beating(self, work: Coroutine[Any, Any, None]) -> None:
        """Serve until told to stop, then drain; this bot's row is kept true all the while."""
        for name, duty in self._duties():
            _ = self._parts.duties.begin(name, duty)
        try:
            await self._unless_stopped(work)
            await self._drain()
        finally:
            await self._parts.duties.end()

    def _duties(self) -> Iterator[tuple[str, Coroutine[Any, Any, None]]]:
        """Name what a bot does all the time, from its start to the end of its drain."""
        parts = self._parts
        troubles = Troubles(parts.store.incidents, self._clock)
        yield "heartbeat", parts.pulse.run(parts.store.fleet, troubles)
        yield "watch over the connection", self._tend_connection()
        yield "watch over the refusals", parts.gateway.watch_refusals()
        yield "count of the logins", parts.gateway.keep_count()
        yield "housekeeping", parts.housekeeper.run()
        yield "watch over the guilds", parts.rounds.watch()
        yield "rounds", parts.rounds.run()

    async def _tend_connection(self) -> None:
        while True:
            await self._clock.sleep(PERIOD_SECONDS)
            await self._parts.client.leave_if_deaf()

    async def _serve(self, token: str) -> None:
        parts = self._parts
        await parts.gateway.log_in(token)
        # Before the gateway: what was left takes its places ahead of anything newer.
        parts.recovery.take_up()
        sweeping = parts.duties.begin("recovery", parts.recovery.run())
        try:
            await parts.gateway.stay_connected()
        finally:
            sweeping.cancel()

    async def _unless_stopped(self, work: Coroutine[Any, Any, None]) -> None:
        """Do the work until it ends, the stop signal comes, or a duty fails.

        Errors of the work and DutyError are raised.
        """
        task = asyncio.ensure_future(work)
        ends = (self._stop, self._parts.duties.broken)
        waits = {asyncio.ensure_future(end.wait()) for end in ends}
        await asyncio.wait({task, *waits}, return_when=asyncio.FIRST_COMPLETED)
        self._drained_by = self._clock.monotonic() + self._parts.bot.drain_timeout.total_seconds()
        for wait in waits:
            wait.cancel()
        if task.done():
            task.result()
            return
        task.cancel()
        await asyncio.wait({task}, timeout=LETTING_GO_SECONDS)
        self._parts.duties.check()

    async def _drain(self) -> None:
        """Finish running turns within the limit; take no new ones."""
        parts = self._parts
        parts.pulse.phase("draining")
        parts.client.pause()
        parts.engine.wind_down()
        while parts.engine.busy and self._clock.monotonic() < self._drained_by:
            await self._clock.sleep(DRAIN_POLL_SECONDS)
        log.info("drained", unfinished=parts.engine.busy)

    async def _close(self, ended: str | None) -> None:
        """Take leave of everything, in this order, each for no longer than there is time left."""
        parts, now = self._parts, asyncio.get_running_loop().time()
        goodbye, end = now + GOODBYE_SECONDS, now + CLOSING_SECONDS
        parts.client.pause()
        async with contextlib.AsyncExitStack() as steps:
            # The last one in is the first one out, and a step that fails keeps none from its turn.
            steps.push_async_callback(self._close_store, end)
            if ended is not None:
                steps.push_async_callback(self._write_last_row, ended, end)
            steps.push_async_callback(care.until, goodbye, parts.responder.close)
            steps.push_async_callback(care.until, goodbye, parts.client.close)
            # A turn that still ran would take the closed connection for its own failure.
            steps.push_async_callback(care.until, goodbye, parts.engine.abandon)

    async def _write_last_row(self, ended: str, end: float) -> None:
        self._parts.pulse.phase(ended)
        await care.until(end, lambda: self._parts.pulse.write(self._parts.store.fleet))

    async def _close_store(self, end: float) -> None:
        left = max(0.0, end - asyncio.get_running_loop().time())
        try:
            await self._parts.store.close(left)
        except StoreUnavailableError as error:
            # Whatever ends the process is what it has to say.
            log.error("store_not_closed", error=str(error))  # noqa: TRY400 - the store is away
