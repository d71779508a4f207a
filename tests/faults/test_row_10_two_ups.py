"""Row 10: two `multibot up` at once. One does it, the other says so; each bot starts once."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from multibot.home import Home
from tests.faults import book, crowd
from tests.faults.crowd import Crowd
from tests.process.fleet import until

PAIRS = book.times(100, 2)
BOT = "bot00"


async def up(home: Home) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "multibot", "--home", str(home.root), "up"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return process.returncode, output.decode()


def daemons_of(home: Home) -> int:
    """Count the supervisord processes of this home."""
    wanted = str(home.supervisord_conf).encode()
    lines = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            lines.append((process / "cmdline").read_bytes())
        except OSError:
            continue
    return sum(b"supervisor.supervisord" in line and wanted in line for line in lines)


def change(home: Home, number: int) -> None:
    """Give the bot another text, so that `up` has something to do."""
    path = home.root / "bots" / "whole.yaml"
    persona = yaml.safe_load(path.read_text(encoding="utf-8"))
    persona["system_prompt"] = f"You are brief, number {number}."
    path.write_text(yaml.safe_dump(persona), encoding="utf-8")


@pytest.mark.slow
@pytest.mark.timeout(book.times(3600, 120))
async def test_one_wins_and_the_other_says_so(home: Home) -> None:
    """Every other pair meets a fleet that is not running, the rest one whose files changed."""
    async with Crowd(home, world=crowd.world(), count=1) as fleet:
        for number in range(PAIRS):
            change(home, number)
            results = await asyncio.gather(up(home), up(home))

            assert sorted(code or 0 for code, _ in results) == [0, 75], results
            refused = next(output for code, output in results if code == 75)
            assert "another multibot command is changing this fleet" in refused
            assert f"{BOT} ready" in next(output for code, output in results if code == 0)
            assert daemons_of(home) == 1
            assert fleet.world.traffic.shown()["bots"][BOT]["identifies"] == number + 1
            if number % 2:
                await fleet.multibot("down")
                await until(lambda: daemons_of(home) == 0, "supervisord gone")

    book.note(
        book.Entry(
            row=10,
            fault="two `multibot up` at once",
            count=PAIRS,
            unit="pairs",
            result="exit 0 and 75 each time; 1 supervisord, 1 start of the bot",
        )
    )
