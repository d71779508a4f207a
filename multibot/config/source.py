"""Reading the text of a configuration file, whatever is lying there under its name."""

import codecs
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

MAX_BYTES = 1024 * 1024

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a file cannot be used."""

    message: str
    remedy: str
    line: int | None = None


def read(path: Path) -> str | Refusal:
    """Give the text with plain line ends, or the one reason why there is none."""
    raw = _bytes(path)
    if isinstance(raw, Refusal):
        return raw
    if len(raw) > MAX_BYTES:
        return Refusal("is larger than 1 MiB.", "Configuration is small; is this the right file?")
    return _text(raw)


def _bytes(path: Path) -> bytes | Refusal:
    try:
        # Not blocking: somebody may have put a named pipe there.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        return _unopened(error)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return Refusal("is not a regular file.", "Put the file itself there.")
        with os.fdopen(handle, "rb", closefd=False) as stream:
            return stream.read(MAX_BYTES + 1)
    except OSError as error:
        return Refusal(f"cannot be read ({error.strerror}).", "Check the disk.")
    finally:
        os.close(handle)


def _unopened(error: OSError | ValueError) -> Refusal:
    if isinstance(error, FileNotFoundError):
        return Refusal("does not exist.", "Create it, or correct the name.")
    if isinstance(error, PermissionError):
        return Refusal("may not be read.", "Give your user the right to read it.")
    reason = error.strerror if isinstance(error, OSError) else "not a file name"
    return Refusal(f"cannot be opened ({reason}).", "Put a regular file there.")


def _text(raw: bytes) -> str | Refusal:
    if raw.startswith(_UTF16):
        return Refusal("is UTF-16 text.", "Save it as UTF-8.", 1)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        return Refusal("is not UTF-8 text.", "Save it as UTF-8.", line)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    control = _CONTROL.search(text)
    if control:
        line = text.count("\n", 0, control.start()) + 1
        return Refusal("has a control character in it.", "Remove it.", line)
    return text
