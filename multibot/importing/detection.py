"""Whether files of the first store lie where a fleet keeps its data: a quick look, no more."""

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

from multibot.importing.tree import AGGREGATE, ids_of

# Of so many folders so many entries are looked at; whoever has old files has them everywhere.
_FOLDERS = 100
_ENTRIES = 100
_DEEPEST = 2
# The fleet's own, in which no old file can be.
_OWN = frozenset({"backups", "logs", "run"})


def holds_old_files(data: Path) -> bool:
    """Say whether there is a file with a name of the old store's in a folder, or just below it."""
    folders = [(data, 0)]
    for _ in range(_FOLDERS):
        if not folders:
            return False
        folder, depth = folders.pop(0)
        for entry in _listed(folder):
            if _is_old(entry):
                return True
            if depth < _DEEPEST and entry.name not in _OWN and _is_folder(entry):
                folders.append((Path(entry.path), depth + 1))
    return False


def _listed(folder: Path) -> Iterator["os.DirEntry[str]"]:
    try:
        with os.scandir(folder) as entries:
            yield from itertools.islice(entries, _ENTRIES)
    except OSError:
        return


def _is_old(entry: "os.DirEntry[str]") -> bool:
    stem, dot, suffix = entry.name.rpartition(".")
    return bool(dot) and suffix == "json" and (stem == AGGREGATE or ids_of(stem)[0] is not None)


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False
