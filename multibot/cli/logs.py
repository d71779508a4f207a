"""`multibot logs`: what all bots wrote, as one stream by time."""

import os
import re
import select
import sys
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

import click

from multibot.cli import bots, homes
from multibot.clock import SystemClock, from_text, to_text
from multibot.errors import UsageError
from multibot.home import Home
from multibot.supervise import conf
from multibot.supervise.logfile import Logs
from multibot.supervise.logline import Line

LINES = 100
FOLLOW_SECONDS = 0.25
SUPERVISORD = "supervisord"

_SPAN = re.compile(r"(\d{1,9})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_COLOURS = ("cyan", "green", "yellow", "magenta", "blue", "bright_red", "bright_cyan")
_LEVEL_COLOURS = {"warning": "yellow", "warn": "yellow", "error": "red", "critical": "red"}
# A log line must not be able to move the reader's cursor or colour the rest of the screen.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SHOWN_APART = frozenset({"timestamp", "level", "event", "bot", "exception", "logger"})

Show = Callable[[Line], str]


@click.command()
@click.option("-f", "--follow", is_flag=True, help="Go on as lines are written, until Ctrl-C.")
@click.option("--since", metavar="TIME", help="From 30s, 10m, 2h, 1d ago, or an ISO time, on.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line, as written.")
@click.argument("bot_names", metavar="[BOT]...", nargs=-1)
@click.pass_obj
def logs(
    home: Home, bot_names: tuple[str, ...], since: str | None, *, follow: bool, as_json: bool
) -> int:
    """Show the logs of all bots and of supervisord, merged by time.

    Without --since, the last 100 lines of each. Times are UTC.
    """
    moment = None if since is None else parse_since(since, SystemClock().now())
    written = {path.stem for path in home.logs.glob("*.log")}
    if not written:
        homes.require(home)
    bots.require_known(bot_names, {*written, *conf.known_programs(home), SUPERVISORD})
    stream = Logs(home.logs, bot_names)
    stream.open(since=moment, lines=LINES)
    if not stream.names and not follow:
        click.echo("There are no logs yet.", err=True)
        return 0
    show = Line.as_json if as_json else prose(coloured=_is_coloured())
    try:
        _write(stream, show, follow=follow)
    except BrokenPipeError:
        # The reader has gone (`| head`): not our failure, and no reason for a second complaint.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    finally:
        stream.close()
    return 0


def parse_since(text: str, now: datetime) -> str:
    """Read `10m`, `2h` or an ISO time (UTC where it does not say)."""
    span = _SPAN.fullmatch(text.strip())
    try:
        if span is not None:
            return to_text(now - timedelta(**{_UNITS[span[2]]: int(span[1])}))
        moment = from_text(text.strip())
        return to_text(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"{text!r} is no time to begin at.",
            remedy="Say 30s, 10m, 2h or 1d, or an ISO time such as 2026-01-31T12:00:00.",
        ) from error


def _write(stream: Logs, show: Show, *, follow: bool) -> None:
    _print(map(show, stream.lines(final=not follow)))
    while follow and not _reader_leaves(FOLLOW_SECONDS):
        stream.look()
        _print(map(show, stream.lines(final=False)))


def _reader_leaves(seconds: float) -> bool:
    """Wait so long, or until nobody reads stdout any more: quiet logs would not show it."""
    poll = select.poll()
    # Nothing is asked for: that the other end is gone is told unasked.
    poll.register(sys.stdout.fileno(), 0)
    told = [event for _, event in poll.poll(seconds * 1000)]
    if select.POLLNVAL in told:
        # A kernel that watches no such file.
        time.sleep(seconds)
    return any(event & (select.POLLHUP | select.POLLERR) for event in told)


def _print(texts: Iterable[str]) -> None:
    for text in texts:
        sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _is_coloured() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def prose(*, coloured: bool) -> Show:
    """Make the way to show lines to people; each program gets a colour of its own."""
    colours: dict[str, str] = {}

    def show(line: Line) -> str:
        colour = colours.setdefault(line.source, _COLOURS[len(colours) % len(_COLOURS)])
        source, level = f"{line.source:<12}", f"{line.level:<8}" if line.level else ""
        if coloured:
            source = click.style(source, fg=colour)
            level = click.style(level, fg=_LEVEL_COLOURS.get(line.level))
        return f"{line.at:<24} {source} {level}{_message(line)}".rstrip()

    return show


def _message(line: Line) -> str:
    if line.fields is None:
        return _printable(line.text)
    rest = [f"{k}={_value(v)}" for k, v in line.fields.items() if k not in _SHOWN_APART]
    words = [_printable(str(line.fields.get("event", ""))), *rest]
    exception = line.fields.get("exception")
    more = _printable(exception).splitlines() if isinstance(exception, str) else []
    return "\n    ".join([" ".join(words), *more])


def _value(value: object) -> str:
    text = _printable(str(value))
    return repr(text) if " " in text or not text else text


def _printable(text: str) -> str:
    return _UNPRINTABLE.sub(lambda match: f"\\x{ord(match[0]):02x}", text)
