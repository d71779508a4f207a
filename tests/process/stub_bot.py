"""A bot without Discord: writes its row, and behaves as a file in the home tells it to.

It stands in for `multibot` in a stand's bin folder, so it is started by `multibot run NAME`.
"""

import asyncio
import ctypes
import json
import os
import signal
import sys
from pathlib import Path

from multibot.clock import SystemClock
from multibot.config.environment import read_environment
from multibot.config.load import load_bot
from multibot.conversation.message import BotName
from multibot.home import Home
from multibot.store.status import BotStatus
from multibot.store.stores import open_store

HEARTBEAT_SECONDS = 0.5


def main(bot_name: str) -> int:
    home = Home(Path.cwd())
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    (home.root / "pids" / f"{os.getpid()}").write_text(bot_name)
    starts = home.root / "starts" / bot_name
    number = len(starts.read_text()) if starts.exists() else 0
    starts.write_text("x" * (number + 1))
    line = {"timestamp": _now(), "level": "info", "event": "started", "bot": bot_name}
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
    sys.stderr.write("a plain line\n")
    plan = json.loads((home.root / "plans" / f"{bot_name}.json").read_text())
    if number < plan.get("crashes", 0):
        return 1
    return asyncio.run(_live(home, BotName(bot_name), plan))


def _now() -> str:
    return SystemClock().now().isoformat()


async def _live(home: Home, bot_name: BotName, plan: dict[str, object]) -> int:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    environment = read_environment(home, os.environ, bot_name)
    bot = load_bot(home, environment, bot_name).bot(bot_name)
    if bot.token is not None:
        (home.root / "seen" / bot_name).write_text(bot.token.reveal())
    clock = SystemClock()
    store = open_store(home, bot_name, clock)
    started = clock.now()
    state = str(plan.get("state", "ready"))

    async def report(state: str) -> None:
        now = clock.now()
        error = plan.get("error")
        await store.fleet.report(
            BotStatus(
                bot_name=bot_name,
                pid=os.getpid(),
                boot_id="test",
                started_at=started,
                state=state,
                gateway_state="connected" if state == "ready" else "connecting",
                ready_at=started if state == "ready" else None,
                heartbeat_at=now,
                config_hash=bot.config_hash,
                version="test",
                last_error=str(error) if error else None,
            )
        )

    await report("starting")
    while not stop.is_set():
        await report(state)
        if "exit" in plan:
            home.bot_exit(bot_name).write_text(json.dumps({"error": plan["error"]}))
            await _pause(stop, 1.3)
            return int(str(plan["exit"]))
        await _pause(stop, HEARTBEAT_SECONDS)
    await _pause(asyncio.Event(), float(str(plan.get("drain", 0))))
    await store.close()
    return 0


async def _pause(event: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return


if __name__ == "__main__":
    sys.exit(main(sys.argv[2]))
