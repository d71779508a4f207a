"""The folders of the old file store: which files there are, and what their places say of them."""

import os
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

from multibot.importing.entry import storable
from multibot.importing.identity import bot_name, discord_id
from multibot.importing.remark import Note, Skipped

_IDS = re.compile(r"(?:channel_)?([0-9]{1,20})_(?:user_)?([0-9]{1,20})", re.ASCII)
AGGREGATE = "shared_conversations"
# Folders of the old store that held several bots, or parts of one.
_SHARED = frozenset({"data", "multi_bot_conversations", "channels", "dms"})
_COORDINATOR = "coordinator"
# What a fleet keeps beside its database.
_OWN = frozenset({"backups", "logs", "run"})
_DATABASE = "conversations.db"


class Found(NamedTuple):
    """A file that may hold conversations. `bot` is whose folder it is in; the ids are its name's."""

    path: Path
    name: str
    bot: str | None = None
    channel_id: str | None = None
    user_id: str | None = None


class _Folder(NamedTuple):
    path: Path
    name: str
    bot: str | None


def ids_of(stem: str) -> tuple[str | None, str | None]:
    """Return the channel and the user that a file is named for."""
    match = _IDS.fullmatch(stem)
    return (discord_id(match[1]), discord_id(match[2])) if match else (None, None)


def one(path: Path, known: Collection[str]) -> Found:
    """Take a single file; its folder may be that of a bot of the fleet."""
    return _found(path, path.name, _owner(path.parent, known))


def find(root: Path, known: Collection[str]) -> Iterator[Found | Skipped | Note]:
    """Find the files below a folder, in the order of their names; links are not followed."""
    folders = [_Folder(root, "", _owner(root, known))]
    others = 0
    while folders:
        folder = folders.pop()
        deeper: list[_Folder] = []
        for entry in _listed(folder):
            item = _judge(entry, folder) if isinstance(entry, os.DirEntry) else entry
            if isinstance(item, _Folder):
                deeper.append(item)
            elif item is not None:
                yield item
            else:
                others += 1
        folders += reversed(deeper)
    if others:
        yield Note(str(root), f"files that are not .json and were not looked at: {others:,}")


def _judge(entry: "os.DirEntry[str]", folder: _Folder) -> _Folder | Found | Skipped | Note | None:
    name = storable(f"{folder.name}/{entry.name}" if folder.name else entry.name)
    if entry.is_symlink():
        return Skipped(name, "", "is a link, which is not followed")
    if entry.is_dir(follow_symlinks=False):
        if entry.name.endswith(".json"):
            return Skipped(name, "", "is a folder with the name of a file; it was not looked into")
        return _below(entry, name, folder.bot)
    if entry.name.endswith(".tmp"):
        return Skipped(name, "", "was never finished: what a save left when it was cut off")
    return _found(Path(entry.path), name, folder.bot) if entry.name.endswith(".json") else None


def _owner(folder: Path, known: Collection[str]) -> str | None:
    """Take the folder that somebody named for a bot's where the fleet has a bot of that name."""
    name = bot_name(folder.name)
    return name if name in known else None


def _listed(folder: _Folder) -> Iterator["os.DirEntry[str] | Skipped"]:
    try:
        with os.scandir(folder.path) as entries:
            seen = sorted((each for each in entries if each.name[:1] != "."), key=_by_name)
    except NotADirectoryError:
        yield Skipped(str(folder.path), "", "is neither a file nor a folder")
        return
    except OSError as error:
        yield Skipped(folder.name or str(folder.path), "", f"cannot be read ({error.strerror})")
        return
    yield from seen


def _by_name(entry: "os.DirEntry[str]") -> str:
    return entry.name


def _below(entry: "os.DirEntry[str]", name: str, bot: str | None) -> _Folder | Skipped | Note:
    path = Path(entry.path)
    if entry.name in _OWN and (path.parent / _DATABASE).exists():
        return Note(name, "is the fleet's own, and was not looked at")
    if bot is not None or entry.name.lower() in _SHARED:
        return _Folder(path, name, bot)
    owner = None if entry.name.lower() == _COORDINATOR else bot_name(entry.name)
    return _Folder(path, name, owner) if owner is not None else _nobodys(path, name)


def _nobodys(path: Path, name: str) -> Skipped | Note:
    """Say of a folder that is no bot's whether anything is lost with it."""
    is_coordinators = path.name.lower() == _COORDINATOR
    if not any(path.rglob("*.json")):
        what = "was made by the old program for itself" if is_coordinators else "is no bot's"
        return Note(name, f"{what}, and holds no .json file")
    if is_coordinators:
        return Skipped(name, "", "was made by the old program for itself; it is no bot's")
    return Skipped(name, "", "no bot can have this name; import the folder itself with --bot")


def _found(path: Path, name: str, bot: str | None) -> Found:
    return Found(path, name, bot, *ids_of(path.stem))
