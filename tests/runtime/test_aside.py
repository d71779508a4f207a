"""What takes long is done beside the loop, and no end of the process waits for it."""

import asyncio
import os
import subprocess
import sys
import threading

import pytest

from multibot.runtime.aside import LOWEST, aside, stand_back
from tests.fakes import settle


async def test_the_loop_goes_on_while_it_is_done() -> None:
    gate = threading.Event()
    waiting = asyncio.create_task(aside(lambda: gate.wait(10)))
    await settle()
    gate.set()

    assert await waiting is True


async def test_what_it_raises_is_raised_here() -> None:
    def fail() -> None:
        raise ZeroDivisionError("by zero")

    with pytest.raises(ZeroDivisionError, match="by zero"):
        await aside(fail)


async def test_whoever_stops_waiting_is_not_told() -> None:
    began, gate, ended = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        began.set()
        gate.wait(10)
        ended.set()

    waiting = asyncio.create_task(aside(work))
    await asyncio.to_thread(began.wait, 10)
    waiting.cancel()
    await asyncio.wait({waiting})
    gate.set()

    assert await asyncio.to_thread(ended.wait, 10)
    await settle()


async def test_work_outside_of_python_can_stand_back_behind_everybody() -> None:
    def work() -> int:
        stand_back()
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    before = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    assert await aside(work) == (LOWEST if sys.platform == "linux" else before)
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == before


def test_a_process_ends_without_waiting_for_it() -> None:
    """A copy of a large file must not keep a bot from stopping in time."""
    program = """
import asyncio, threading
from multibot.runtime.aside import LOWEST, aside, stand_back
async def main():
    asyncio.ensure_future(aside(threading.Event().wait))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
asyncio.run(main())
print("ended")
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=20, check=True
    )

    assert (done.stdout, done.stderr) == ("ended\n", "")
