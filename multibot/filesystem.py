"""Which file system a path is on, as far as SQLite's shared memory cares."""

import ctypes
import ctypes.util
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

# From statfs(2): the first field of Linux' struct statfs. WAL needs memory shared by one host.
NETWORK_FILE_SYSTEMS: Mapping[int, str] = MappingProxyType(
    {
        0x6969: "NFS",
        0xFF534D42: "CIFS",
        0xFE534D42: "SMB",
        0x65735546: "FUSE",
        0x01021997: "9p",
    }
)
_STATFS_BYTES = 512


def statfs_magic(path: Path) -> int | None:
    """Ask the kernel for the number of a path's file system; None where it cannot be asked."""
    if sys.platform != "linux":
        return None
    buffer = ctypes.create_string_buffer(_STATFS_BYTES)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.statfs(os.fsencode(path), buffer) != 0:
        return None
    return ctypes.c_long.from_buffer(buffer).value & 0xFFFFFFFF


def network_file_system(
    path: Path, probe: Callable[[Path], int | None] = statfs_magic
) -> str | None:
    """Name the network file system that holds a path, or None when it is on this machine."""
    magic = probe(nearest_existing(path))
    return None if magic is None else NETWORK_FILE_SYSTEMS.get(magic)


def nearest_existing(path: Path) -> Path:
    """Return the path, or its closest parent that is there already."""
    return next((place for place in (path, *path.parents) if place.exists()), Path("/"))
