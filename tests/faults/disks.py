"""Small disks, full disks and disks that cannot be written, mounted for one test."""

import contextlib
import errno
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

FILLER = "filler"
_BLOCK = 4096


def mount(folder: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    """Mount a tmpfs; only root can."""
    command = ["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", str(folder)]
    return subprocess.run(command, check=False, capture_output=True, text=True)


@contextlib.contextmanager
def small(folder: Path, size: str) -> Iterator[Path]:
    """Make the folder a disk of its own of this size, for as long as the context lasts."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    done = mount(folder, f"size={size}", "mode=0700")
    assert done.returncode == 0, done.stderr
    try:
        yield folder
    finally:
        # Lazily: a process that is still going down must not keep the test's folder.
        subprocess.run(["umount", "--lazy", str(folder)], check=False, capture_output=True)


def remount(folder: Path, mode: str) -> None:
    """Make a mounted disk read-only (`ro`) or writable again (`rw`)."""
    subprocess.run(["mount", "-o", f"remount,{mode}", str(folder)], check=True, capture_output=True)


def fill(folder: Path) -> None:
    """Take all the room that is left, to the last block."""
    descriptor = os.open(folder / FILLER, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        while True:
            os.write(descriptor, b"\0" * _BLOCK)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
    finally:
        os.close(descriptor)


def empty(folder: Path) -> None:
    """Give the room back."""
    (folder / FILLER).unlink(missing_ok=True)
