"""Whether a folder is on a disk of this machine, as WAL needs it, and whether it can be written."""

import os
from collections.abc import Callable
from pathlib import Path

from multibot.errors import PermanentError

# Says the kind of file system a folder is on; None where it cannot be told.
Probe = Callable[[Path], str | None]

NETWORK = frozenset(
    {"9p", "afs", "ceph", "cifs", "glusterfs", "lustre", "ncpfs", "nfs", "nfs4", "smb3", "smbfs"}
)
_MOUNTS = Path("/proc/self/mountinfo")


def kind_of(folder: Path, mounts: Path = _MOUNTS) -> str | None:
    """Name the file system a folder is on; None where the system does not say."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    place = folder.resolve()
    best: tuple[int, str | None] = (-1, None)
    for line in lines:
        point, kind = _mount(line)
        # A later mount hides an earlier one at the same place.
        if place.is_relative_to(point) and len(point.parts) >= best[0]:
            best = (len(point.parts), kind)
    return best[1]


def is_network(kind: str | None) -> bool:
    """Tell whether locks and shared memory on this kind of file system cannot be trusted."""
    return kind is not None and (kind in NETWORK or kind == "fuse" or kind.startswith("fuse."))


def require_local(folder: Path, probe: Probe = kind_of) -> None:
    """Refuse a folder on a network file system."""
    kind = probe(folder)
    if is_network(kind):
        raise PermanentError(
            f"This folder is on a network file system ({kind}), where SQLite's locks do not hold.",
            where=str(folder),
            remedy="Keep the fleet's home on a disk of this machine.",
        )


# A file that comes and goes is not caught at the wrong moment so often in a row.
LOOKS = 5


def require_access(path: Path, mode: int) -> None:
    """Refuse what this process may not use in this way (`os.W_OK` ...): no retry would help."""
    if not os.access(path, mode):
        raise PermanentError(
            "This cannot be written: it belongs to another user, or its disk is read-only.",
            where=str(path),
            remedy="Give it to the user who runs the fleet, or make the disk writable.",
        )


def require_access_if_there(path: Path, mode: int) -> None:
    """Refuse a file that is there and may not be used in this way.

    SQLite takes the files beside a database away with its last connection, and makes them again:
    one that comes and goes while it is looked at is no obstacle.
    """
    for _ in range(LOOKS):
        if os.access(path, mode) or not path.exists():
            return
    require_access(path, mode)


def files_of(database: Path) -> tuple[Path, ...]:
    """Name the files of a database; SQLite gives those beside it the mode of the first."""
    return (database, *(database.with_name(database.name + end) for end in ("-wal", "-shm")))


def _mount(line: str) -> tuple[Path, str]:
    before, _, after = line.partition(" - ")
    point = before.split(" ")[4]
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        point = point.replace(code, character)
    return Path(point), after.split(" ", 1)[0]
