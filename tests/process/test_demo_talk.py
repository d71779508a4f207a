"""The demo's quiet guild wakes up: two of its bots talk until their limit, and then rest."""

import json
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from multibot.home import Home
from multibot.sandbox.remote import Remote
from tests.process.stand import eventually
from tests.process.test_demo import demo, folder, read_until

__all__ = ["folder"]

# What else takes more than a minute: what the demo says, and what is said here.
PACE = {
    "inter_bot_delay: 4": "inter_bot_delay: 0.3",
    "first_check: 20": "first_check: 1",
    "observation: 15": "observation: 1",
    "window: 1m": "window: 10",
    "interval: 30": "interval: 10",
    "jitter: 5": "jitter: 0",
    "conversation_chance: 0.75": "conversation_chance: 1",
    "post_chance: 0.25": "post_chance: 0",
}


def hurry(home: Home) -> None:
    """Shorten the demo's times, and let its bots begin anew."""
    text = home.fleet_file.read_text(encoding="utf-8")
    for usual, short in PACE.items():
        assert text.count(usual) == 1
        text = text.replace(usual, short)
    # The demo may be reading it.
    new = home.fleet_file.with_suffix(".new")
    new.write_text(text, encoding="utf-8")
    new.replace(home.fleet_file)
    restart = [sys.executable, "-m", "multibot", "--home", str(home.root), "restart"]
    subprocess.run([*restart, "sage", "spark", "logic"], check=True, capture_output=True)


def asked(url: str, what: str) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"{url}/sandbox/{what}") as answer:  # noqa: S310 - our own
        rows: list[dict[str, Any]] = next(iter(json.load(answer).values()))
        return rows


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_bots_of_the_demo_begin_to_talk_and_rest_after_five_messages(folder: Path) -> None:
    seen: list[dict[str, Any]] = []

    def rest(url: str) -> bool:
        try:
            seen.extend(asked(url, "talk"))
        except urllib.error.URLError:
            # It has ended, and says why.
            return True
        return bool(seen) and seen[-1]["state"] == "cooldown"

    with demo(folder) as process:
        try:
            url = re.findall(r"Page: (\S+)/", read_until(process, "Ctrl-C stops"))[0]
            (home,) = folder.iterdir()
            hurry(Home(home))
            # People who said a few things and left: the guild is quiet again soon.
            for line in ("hello everyone", "what a day it was", "I finished that book"):
                Remote(url).say("#general", "ada", line)
            assert eventually(lambda: rest(url), 60)
            said = asked(url, "received") if process.poll() is None else []
        finally:
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=60)
            # Whatever went wrong before this, it may say why.
            sys.stderr.write(errors)

    assert (process.returncode, errors) == (0, "")
    assert {each["state"] for each in seen} == {"chain", "cooldown"}
    assert max(each["count"] for each in seen) < seen[-1]["limit"] == 5
    assert 0 < seen[-1]["left_seconds"] <= 60
    first, second = said[0]["bot"], said[1]["bot"]
    assert [each["bot"] for each in said] == [first, second, first, second, first]
    assert [each["reply_to"] for each in said] == [
        None,
        *(each["message_id"] for each in said[:-1]),
    ]
    assert {each["channel_id"] for each in said} == {seen[-1]["channel_id"]}
