"""Which encoding a file is in: the old store wrote that of the machine, and said so nowhere."""

import codecs
import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# JSON begins with an ASCII character, so the place of the first zeros tells how wide they are.
_WIDE = (
    (re.compile(rb"[^\x00]\x00\x00\x00"), "utf-32-le"),
    (re.compile(rb"\x00\x00\x00[^\x00]"), "utf-32-be"),
    (re.compile(rb"[^\x00]\x00"), "utf-16-le"),
    (re.compile(rb"\x00[^\x00]"), "utf-16-be"),
)
_WHOLE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_HIGH = re.compile(rb"[\x80-\xff]")
# What cp1252 leaves unused.
_UNUSED = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")
# So many whole characters to a broken byte, and it is UTF-8 with a fault rather than cp1252.
_MOSTLY = 10
_SUSPECT = re.compile("[\u00c2\u00c3\u00e2]")


class Encoding(NamedTuple):
    """An encoding, and what to say of it where it is not plain UTF-8."""

    name: str
    remark: str = ""

    @property
    def errors(self) -> str:
        """What becomes of bytes that mean nothing: they are replaced, and that was said."""
        return "replace"


class Utf8Check:
    """Looks at bytes as they come: whether all of them are UTF-8."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("strict")
        self.head = b""
        self.is_broken = False

    def feed(self, data: bytes) -> None:
        """Look at the next bytes."""
        self.head = self.head or data[:4]
        if not self.is_broken:
            try:
                self._decoder.decode(data)
            except UnicodeDecodeError:
                self.is_broken = True

    @property
    def is_cut(self) -> bool:
        """Whether the end is in the middle of a character."""
        return not self.is_broken and bool(self._decoder.getstate()[0])


def detect(check: Utf8Check, again: Callable[[], Iterable[bytes]]) -> Encoding:
    """Name the encoding of a file; `again` gives its bytes once more, where they must be counted."""
    for mark, name in _BOMS:
        if check.head.startswith(mark):
            return Encoding(name, "" if name == "utf-8-sig" else f"read as {name.upper()}")
    for pattern, name in _WIDE:
        if pattern.match(check.head):
            return Encoding(name, f"read as {name.upper()}")
    if check.is_cut:
        return Encoding("utf-8", "ends in the middle of a character")
    return _counted(again()) if check.is_broken else Encoding("utf-8")


def is_garbled(text: str) -> bool:
    """Tell whether a text looks like UTF-8 that was read as cp1252 before it was written."""
    if text.isascii() or not _SUSPECT.search(text):
        return False
    try:
        text.encode("cp1252").decode("utf-8")
    except UnicodeError:
        return False
    return True


def _counted(chunks: Iterable[bytes]) -> Encoding:
    whole = broken = 0
    unused = False
    for chunk in chunks:
        found = _WHOLE.findall(chunk)
        whole += len(found)
        broken += len(_HIGH.findall(chunk)) - sum(map(len, found))
        unused = unused or _UNUSED.search(chunk) is not None
    if whole >= _MOSTLY * broken:
        return Encoding("utf-8", f"bytes that are not UTF-8 and were replaced: {broken:,}")
    name = "latin-1" if unused else "cp1252"
    return Encoding(name, f"is not UTF-8; read as {name}")
