"""Starts the demo, uses it as a visitor would, presses Ctrl-C, and looks for anything left over."""

import ctypes
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from functools import partial
from typing import Any

PAGE = re.compile(r"^\s*Page: (http://\S+?)/?\s*$")
BOTS = ("sage", "spark", "logic")
START_SECONDS = 120.0
ANSWER_SECONDS = 30.0
STOP_SECONDS = 60.0
PR_SET_CHILD_SUBREAPER = 36


class SmokeError(Exception):
    """The demo does not do what the README promises."""


def say(text: str) -> None:
    """Write one line at once, in step with what the demo itself writes."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def call(url: str, body: dict[str, object] | None = None) -> Any:
    """Send one request to the demo's own address and return what it says."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})  # noqa: S310 - loopback
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - see above
        text = answer.read()
    return json.loads(text) if answer.headers.get_content_type() == "application/json" else text


def wait_for(what: str, seconds: float, probe: Callable[[], Any]) -> Any:
    """Ask again and again until the probe returns something true."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = probe()
        if found:
            return found
        time.sleep(0.2)
    raise SmokeError(f"{what}: not within {seconds:.0f} s")


class Demo:
    """The demo as a process of its own group, the way a terminal starts it."""

    def __init__(self, command: list[str]) -> None:
        # A shell that starts jobs in the background makes them ignore Ctrl-C; a terminal does not.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        self.process = subprocess.Popen(  # noqa: S603 - the caller's own command
            command, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        self.page = ""
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self.process.stdout or ():
            say(f"  | {line.rstrip()}")
            found = PAGE.match(line)
            if found:
                self.page = found[1]

    def address(self) -> str:
        """Return the page's address once it is printed; raises SmokeError if the demo has ended."""
        if self.process.poll() is not None:
            raise SmokeError(f"the demo ended with exit code {self.process.returncode}")
        return self.page

    def press_ctrl_c(self) -> int:
        """Interrupt the whole group, as a terminal does, and return the exit code."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(STOP_SECONDS)

    def end(self) -> None:
        """Make sure that a failed run leaves nothing behind either."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)


def converse(page: str) -> None:
    """Wait for all bots, and speak to each."""
    if b"<html" not in call(f"{page}/"):
        raise SmokeError("the page is no page")
    wait_for("all bots online", START_SECONDS, lambda: online(page) >= set(BOTS))
    for bot in BOTS:
        body: dict[str, object] = {"channel": f"@{bot}", "author": "visitor", "content": "Hello!"}
        call(f"{page}/sandbox/messages", body)
        answer = wait_for(f"{bot}'s answer", ANSWER_SECONDS, partial(answer_of, page, bot))
        say(f"{bot}: {answer}")


def online(page: str) -> set[str]:
    """Name the bots that are connected."""
    return {bot["name"].lower() for bot in call(f"{page}/sandbox/state")["bots"] if bot["online"]}


def answer_of(page: str, bot: str) -> str:
    """Return the first thing a bot said to the visitor, or nothing yet."""
    query = f"{page}/sandbox/messages?channel=@{bot}&user=visitor"
    said = [m["content"] for m in call(query)["messages"] if m["author"]["bot"]]
    return said[0] if said else ""


def adopt_orphans() -> None:
    """Make this process the parent of whatever the demo forgets to stop, so that it can be seen."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def nothing_left() -> bool:
    """Collect the processes that have ended; say whether none is still there."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return True
    return False


def main() -> None:
    """Run the whole visit; ends with an exit code that says how it went."""
    adopt_orphans()
    demo = Demo(sys.argv[1:])
    try:
        page = wait_for("the page's address", START_SECONDS, demo.address)
        converse(page)
        code = demo.press_ctrl_c()
        say(f"Ctrl-C: exit code {code}")
        wait_for("the end of every process", 5, nothing_left)
    except (SmokeError, OSError, subprocess.TimeoutExpired) as error:
        sys.exit(f"smoke: {error}")
    finally:
        demo.end()


if __name__ == "__main__":
    main()
