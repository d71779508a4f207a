"""Files of a home that name a user and that are not the database: logs, old stores, settings."""

import mmap
import re
from collections.abc import Iterator
from pathlib import Path

from multibot.home import Home
from multibot.store import filesystem


def naming(home: Home, user_id: str) -> Iterator[Path]:
    """Find files whose name or text has this id; they are not changed.

    Call it with no connection to the database open, and none comes to harm.
    """
    whole = re.compile(rf"(?<!\d){re.escape(user_id)}(?!\d)")
    ours = {*filesystem.files_of(home.database), home.forgotten}
    for path in _files(home):
        if path not in ours and (whole.search(path.name) or _has(path, whole.pattern.encode())):
            yield path


def _files(home: Home) -> Iterator[Path]:
    for folder in (home.fleet_file.parent, home.data):
        for path in sorted(folder.rglob("*")):
            is_copy = path.is_relative_to(home.backups)
            if not is_copy and path.is_file() and not path.is_symlink():
                yield path


def _has(path: Path, pattern: bytes) -> bool:
    try:
        if path.stat().st_size == 0:
            return False
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
            return re.search(pattern, text) is not None
    except (OSError, ValueError):
        return False
