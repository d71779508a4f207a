"""Transport compression of a gateway connection."""

import importlib
import zlib
from collections.abc import Callable
from typing import Any

Compress = Callable[[bytes], bytes]


def open_stream(name: str | None) -> Compress | None:
    """Return a compressor for one connection; None sends text, as for a kind that is not there."""
    if name == "zlib-stream":
        return _zlib_stream()
    if name == "zstd-stream":
        return _zstd_stream()
    return None


def _zlib_stream() -> Compress:
    stream = zlib.compressobj()

    def compress(data: bytes) -> bytes:
        return stream.compress(data) + stream.flush(zlib.Z_SYNC_FLUSH)

    return compress


def _zstd_stream() -> Compress | None:
    try:
        zstandard: Any = importlib.import_module("zstandard")
    except ModuleNotFoundError:
        return None
    stream = zstandard.ZstdCompressor().compressobj()

    def compress(data: bytes) -> bytes:
        head = bytes(stream.compress(data))
        return head + bytes(stream.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK))

    return compress
