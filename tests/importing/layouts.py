"""A conversation written down as the first store wrote it, in each of its layouts."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any, NamedTuple

from multibot.clock import from_text

ROOT_FOLDER = "multi_bot_conversations"


class Line(NamedTuple):
    """One turn of one bot's history, as it should be read back. `at` is UTC."""

    bot: str
    channel_id: str
    user_id: str
    role: str
    at: str
    content: str
    message_id: str = ""
    answers: str = ""
    username: str = ""
    channel_name: str = ""


# Writes lines below a folder; returns what should be read back.
Layout = Callable[[Path, Sequence[Line], tzinfo], list[Line]]


def lists(folder: Path, lines: Sequence[Line], zone: tzinfo) -> list[Line]:
    """F1: a list in the bot's own folder; neither ids nor names."""
    for (bot, *ids), some in _grouped(lines, lambda line: (line.bot, *_file(line))):
        entries = [_plain(line, zone) for line in some]
        _write(folder / bot / f"{'_'.join(ids)}.json", entries)
    return [line._replace(message_id="", answers="", **_nameless(line)) for line in lines]


def per_bot(folder: Path, lines: Sequence[Line], zone: tzinfo) -> list[Line]:
    """F3: a conversation in the bot's folder."""
    for (bot, *ids), some in _grouped(lines, lambda line: (line.bot, *_file(line))):
        _write(folder / ROOT_FOLDER / bot / f"{'_'.join(ids)}.json", _context(some, zone))
    return list(lines)


def documented(folder: Path, lines: Sequence[Line], zone: tzinfo) -> list[Line]:
    """F4: the same under the name that only the documents knew."""
    for (bot, channel, user), some in _grouped(lines, lambda line: (line.bot, *_file(line))):
        _write(folder / bot / f"channel_{channel}_user_{user}.json", _context(some, zone))
    return list(lines)


def shared(folder: Path, lines: Sequence[Line], zone: tzinfo) -> list[Line]:
    """F2: all bots in one file; what people said stands there once for each bot that answered."""
    expected = []
    for ids, some in _grouped(lines, _file):
        _write(folder / ROOT_FOLDER / f"{'_'.join(ids)}.json", _context(some, zone))
        expected += _mixed(some)
    return expected


def aggregate(folder: Path, lines: Sequence[Line], zone: tzinfo) -> list[Line]:
    """F5: everything in one file, by the names of the files that it would have been."""
    groups = _grouped(lines, _file)
    whole = {"_".join(ids): _context(some, zone) for ids, some in groups}
    _write(folder / "shared_conversations.json", whole)
    return [line for _, some in groups for line in _mixed(some)]


LAYOUTS: dict[str, Layout] = {
    "F1": lists,
    "F2": shared,
    "F3": per_bot,
    "F4": documented,
    "F5": aggregate,
}


def _mixed(lines: Sequence[Line]) -> list[Line]:
    """Give each message of a person to the bots that answered it; else to all of its file."""
    answered = defaultdict(set)
    for line in lines:
        if line.role == "assistant":
            answered[line.answers].add(line.bot)
    everybody = {line.bot for line in lines}
    said: dict[object, Line] = {}
    for number, line in enumerate(lines):
        if line.role == "assistant":
            said[number] = line
            continue
        for bot in sorted(answered[line.message_id] or everybody):
            said[line.message_id, bot] = line._replace(bot=bot)
    return list(said.values())


def _nameless(line: Line) -> dict[str, str]:
    name = line.bot if line.role == "assistant" else line.user_id
    return {"username": name, "channel_name": line.channel_id}


def _file(line: Line) -> tuple[str, ...]:
    return line.channel_id, line.user_id


def _grouped(
    lines: Iterable[Line], key: Callable[[Line], tuple[str, ...]]
) -> list[tuple[tuple[str, ...], list[Line]]]:
    found: dict[tuple[str, ...], list[Line]] = {}
    for line in lines:
        found.setdefault(key(line), []).append(line)
    return list(found.items())


def _plain(line: Line, zone: tzinfo) -> dict[str, Any]:
    return {"role": line.role, "content": line.content, "timestamp": local(line.at, zone)}


def _context(lines: Sequence[Line], zone: tzinfo) -> dict[str, Any]:
    first = lines[0]
    return {
        "channel_id": int(first.channel_id),
        "user_id": int(first.user_id),
        "messages": [_entry(line, zone) for line in lines],
        "last_updated": local(lines[-1].at, zone),
        "topic": None,
        "participants": sorted({line.bot for line in lines}),
    }


def _entry(line: Line, zone: tzinfo) -> dict[str, Any]:
    if line.role == "assistant":
        metadata: dict[str, Any] = {"response_to_message_id": int(line.answers)}
        return {**_plain(line, zone), "bot_name": line.bot, "metadata": metadata}
    metadata = {
        "username": line.username,
        "channel_name": line.channel_name,
        "message_id": int(line.message_id),
    }
    return {**_plain(line, zone), "bot_name": None, "metadata": metadata}


def local(at: str, zone: tzinfo) -> str:
    """Write a time as the old store did: that of the machine, without saying which."""
    moment: datetime = from_text(at).astimezone(zone).replace(tzinfo=None)
    return moment.isoformat()


def _write(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
