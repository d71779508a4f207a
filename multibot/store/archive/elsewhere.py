"""Files of a home that name a user and that are not the database: logs, old stores, settings."""

import mmap
import re
from collections.abc import Iterator
from pathlib import Path

from multibot.home import Home
from multibot.store import filesystem


def naming(home: Home, user_id: str) -> Iterator[Path]:
    """Find files whose name or text has this id; they are not changed.

    What killed runs left among the copies is found too, the copies themselves are not.

    Call it with no connection to the database open, and none comes to harm.
    """
    whole = re.compile(_whole(user_id))
    ours = {*filesystem.files_of(home.database), home.forgotten}
    for path in _files(home):
        if path not in ours and (whole.search(path.name) or has(path, user_id)):
            yield path


def _files(home: Home) -> Iterator[Path]:
    copies = {file for copy in home.backups.glob("*.db") for file in filesystem.files_of(copy)}
    for folder in (home.fleet_file.parent, home.data):
        for path in sorted(folder.rglob("*")):
            if path not in copies and path.is_file() and not path.is_symlink():
                yield path


def has(path: Path, user_id: str) -> bool:
    """Tell whether a file has this id; false where it cannot be read."""
    try:
        if path.stat().st_size == 0:
            return False
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
            return re.search(_whole(user_id).encode(), text) is not None
    except (OSError, ValueError):
        return False


def _whole(user_id: str) -> str:
    return rf"(?<!\d){re.escape(user_id)}(?!\d)"
